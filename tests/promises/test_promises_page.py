"""The page of promises names tests that exist, for every promise, and every test of the promises stands on it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.helpers import ROOT

PAGE = (ROOT / "docs" / "promises.md").read_text("utf-8")
NAMED = re.compile(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")


def _tests_of(path: Path) -> dict[str, bool]:
    """The tests of a file, and whether each is one of the long ones."""
    functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    return {
        one.name: any("soak" in ast.unparse(mark) for mark in one.decorator_list)
        for one in functions
        if one.name.startswith("test_")
    }


def promises() -> dict[str, list[tuple[str, str]]]:
    """Each promise of the page, with the tests that hold it."""
    parts = re.split(r"^## ", PAGE.partition("\n## ")[1] + PAGE.partition("\n## ")[2], flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: NAMED.findall(part) for part in parts}


def test_every_promise_names_tests_that_exist() -> None:
    assert len(promises()) >= 9
    for promise, named in promises().items():
        assert named, promise
        for name, path in named:
            assert name in _tests_of(ROOT / path), f"{promise}: there is no {name} in {path}"


def test_every_promise_is_held_by_a_test_that_always_runs() -> None:
    for promise, named in promises().items():
        assert not all(_tests_of(ROOT / path)[name] for name, path in named), promise


def test_every_test_of_the_promises_is_on_the_page() -> None:
    named = {name for tests in promises().values() for name, _ in tests}
    mine = Path(__file__)
    for path in sorted(mine.parent.glob("test_*.py")):
        if path.name != mine.name:
            assert set(_tests_of(path)) - named == set(), path.name


def test_the_long_sweeps_are_marked_as_such_on_the_page() -> None:
    for line in PAGE.splitlines():
        for name, path in NAMED.findall(line):
            assert _tests_of(ROOT / path)[name] == ("`make soak`" in line), name
