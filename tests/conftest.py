"""The dump and the finished run that tests of the runner share; none of them may change either."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.runs import LIGHT, Done, Dump, curate, make_dump, process


@dataclass(frozen=True)
class Finished:
    """A run of the default recipe over the dump, made by a process of its own."""

    out: Path
    done: Done


@pytest.fixture(scope="session")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Dump:
    return make_dump(tmp_path_factory.mktemp("dump") / "raw")


@pytest.fixture(scope="session")
def finished(dump: Dump, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("finished") / "out"
    return Finished(out, process("run", "lima_1k", *dump.files, "--out", out, "--size", 40))


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline file of most tests."""
    path = tmp_path_factory.mktemp("light") / "light.yaml"
    path.write_text(LIGHT)
    return path


@pytest.fixture(scope="session")
def light_run(dump: Dump, light: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("light_run") / "out"
    return Finished(out, curate("run", light, *dump.files, "--out", out))
