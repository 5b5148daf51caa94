"""The documentation says what is: references are current, and what the guides show exists and is valid."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from curate.cli import cli
from curate.cli.console import shipped
from curate.config import load_config, parse_config
from curate.errors import ConfigError
from curate.ingest import COUNTS
from curate.io import DUMPS, FORMATS, LEFT_REASONS, REJECT_REASONS, ReadOptions
from curate.io.templates import shipped_templates
from curate.io.templates.model import TemplateFile, load_template
from curate.registry import stage_classes
from tests.helpers import ROOT
from tests.test_architecture import LAYERS

GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
STAGES = {name: cls for name, cls in stage_classes().items() if cls.__module__.startswith("curate.stages.")}
FOLDERS = ("curate", "tests", "docs", "tools", "pipelines", "sample_data", "benchmarks")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def make_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def guides(check: Callable[[str, Path], list[str]]) -> list[str]:
    """What `check` finds wrong in any page."""
    return [
        f"{path.relative_to(ROOT)}: {fault}" for path in GUIDES for fault in check(path.read_text("utf-8"), path.parent)
    ]


# The reference


def test_reference_is_current() -> None:
    docs = make_docs()
    assert docs.stale(ROOT, docs.pages()) == [], "run `make docs`"


def test_reference_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    docs = make_docs()
    before = docs.pages()
    monkeypatch.setenv("COLUMNS", "40")
    assert docs.pages() == before


def test_stale_pages_are_found_and_mended(tmp_path: Path) -> None:
    docs = make_docs()
    made = {"docs/reference/a.md": "a\n", "docs/reference/stages/b.md": "b\n", "docs/reference/stages/c.md": "c\n"}
    assert docs.write(tmp_path, made) == sorted(made)
    assert docs.stale(tmp_path, made) == []
    (tmp_path / "docs/reference/a.md").write_text("other\n")
    (tmp_path / "docs/reference/stages/b.md").unlink()
    (tmp_path / "docs/reference/stages/gone.md").write_text("no such stage\n")
    wrong = ["docs/reference/a.md", "docs/reference/stages/b.md", "docs/reference/stages/gone.md"]
    assert docs.stale(tmp_path, made) == wrong
    assert docs.write(tmp_path, made) == wrong
    assert docs.stale(tmp_path, made) == []


def test_check_names_stale_pages_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = make_docs()
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    page = tmp_path / "docs/reference/stages/exact_dedup.md"
    page.write_text(page.read_text("utf-8").replace("exact", "inexact"), "utf-8")
    capsys.readouterr()
    assert docs.main(["--check"]) == 1
    assert "stale: docs/reference/stages/exact_dedup.md\n" in capsys.readouterr().err


@pytest.mark.parametrize("name", STAGES)
def test_every_parameter_and_reason_is_documented(name: str) -> None:
    text = (ROOT / "docs" / "reference" / "stages" / f"{name}.md").read_text("utf-8")
    cls = STAGES[name]
    schema = cls.model_json_schema()
    models = [schema, *schema.get("$defs", {}).values()]
    for parameter in {p for model in models for p in model.get("properties", {})} - {"stage"}:
        assert f"\n| `{parameter}` | " in text
    for reason in cls.reasons:
        assert f"\n| `{reason}` | " in text
    for column in cls.writes:
        assert f"`{column}` (" in text
    assert "Annotated[" not in text
    assert "typing." not in text


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_and_option_is_documented(name: str) -> None:
    text = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    section = text.partition(f"\n## curate {name}\n")[2].partition("\n## ")[0]
    assert section, f"no section for {name}"
    for parameter in cli.commands[name].params:
        for word in parameter.opts if isinstance(parameter, click.Option) else [parameter.make_metavar(context(name))]:
            assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", section), f"{name}: {word}"


def context(name: str) -> click.Context:
    return click.Context(cli.commands[name], info_name=name)


def formats_section(heading: str) -> str:
    """One section of the page of formats; a name that stands in another one does not count."""
    text = (ROOT / "docs" / "reference" / "formats.md").read_text("utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert section, f"no section {heading}"
    return section


@pytest.mark.parametrize(
    ("heading", "row", "names"),
    [
        ("Record formats", "### {}\n", FORMATS),
        ("Dumps", "### {}\n", DUMPS),
        ("Read options", "| `{}` | ", ReadOptions.model_fields),
        ("Templates", "| `{}` | ", [*shipped_templates(), *TemplateFile.model_fields]),
        ("Reject reasons", "| `{}` | ", REJECT_REASONS),
        ("Reasons for leaving out", "| `{}` | ", LEFT_REASONS),
    ],
    ids=["formats", "dumps", "options", "templates", "rejects", "left"],
)
def test_the_page_of_formats_has_everything(heading: str, row: str, names: Collection[str]) -> None:
    section = formats_section(heading)
    assert names
    assert [name for name in names if "\n" + row.format(name) not in section] == []


def test_every_field_of_a_format_is_documented() -> None:
    page = re.sub(r"\s+", " ", formats_section("Record formats") + formats_section("Dumps"))
    for form in (*FORMATS.values(), *DUMPS.values()):
        assert re.sub(r"\s+", " ", form.summary) in page
        assert [text for text in form.fields.values() if re.sub(r"\s+", " ", text) not in page] == []


def test_every_read_option_has_a_description() -> None:
    assert [name for name, field in ReadOptions.model_fields.items() if not field.description] == []


def test_the_guide_to_inputs_has_every_format_and_template() -> None:
    text = (ROOT / "docs" / "inputs.md").read_text("utf-8")
    assert [name for name in (*FORMATS, *DUMPS) if f"\n| `{name}` | " not in text] == []
    assert [name for name in shipped_templates() if f"`{name}`" not in text] == []


def test_the_accounts_of_the_guides_are_those_that_are_checked() -> None:
    # COUNTS is lines and expanded on one side, and all fates on the other.
    identity = f"{' + '.join(COUNTS[:2])} = {' + '.join(COUNTS[2:])}"
    for name in ("docs/inputs.md", "docs/architecture.md"):
        assert identity in (ROOT / name).read_text("utf-8"), name


def test_the_stages_of_the_recipes_are_in_the_guide_to_choosing() -> None:
    text = (ROOT / "docs" / "choosing.md").read_text("utf-8")
    used = {stage.name for path in shipped().values() for stage in load_config(path).stages}
    assert [name for name in sorted(used) if f"(reference/stages/{name}.md)" not in text] == []
    assert [name for name in shipped() if f"`{name}`" not in text] == []


def test_the_architecture_page_has_every_module_in_its_layer() -> None:
    block = next(
        b for b in fences((ROOT / "docs" / "architecture.md").read_text("utf-8"), "text") if b.startswith("L0")
    )
    shown: dict[str, int] = {}
    level = -1
    for line in block.splitlines():
        level = int(line[1]) if line.startswith("L") else level
        shown |= {f"curate.{name}": level for name in re.findall(r"^(?:L\d)? +curate/(\w+)(?:\.py|/) ", line)}
    paths = {name: ROOT / name.replace(".", "/") for name in LAYERS}
    there = {name for name, path in paths.items() if path.is_dir() or path.with_suffix(".py").exists()}
    assert shown == {name: LAYERS[name] for name in there}


# What the guides show


def fences(text: str, *languages: str) -> Iterator[str]:
    yield from (body for language, body in FENCE.findall(text) if language in languages)


def template_faults(block: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.yaml"
        path.write_text(block, "utf-8")
        try:
            load_template(str(path))
        except ConfigError as error:
            return [str(error)]
    return []


def yaml_faults(text: str, _: Path) -> list[str]:
    """Pipelines, lists of stages and templates in fenced blocks that are not valid."""
    faults = []
    for block in fences(text, "yaml"):
        if re.search(r"^(?:extends|phrasings):", block, re.MULTILINE):
            faults += template_faults(block)
            continue
        if re.search(r"^name:", block, re.MULTILINE):
            whole = block
        elif re.search(r"^- stage:", block, re.MULTILINE):
            whole = "name: example\nstages:\n" + block
        else:
            continue
        try:
            parse_config(whole, name="example")
        except ConfigError as error:
            # A part of a pipeline may read what earlier stages write; a whole one may not.
            if whole is block or "reads the column" not in str(error):
                faults.append(str(error))
    return faults


def code(text: str) -> Iterator[tuple[str, bool]]:
    """Each line of shell and each piece of inline code; whether it is a whole command line."""
    for block in fences(text, "sh"):
        yield from ((line, True) for line in block.replace("\\\n", " ").splitlines())
    for block in fences(text, "console"):
        yield from ((line.removeprefix("$ "), True) for line in block.splitlines() if line.startswith("$ "))
    yield from ((piece, False) for piece in re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))


def split(line: str) -> list[str]:
    lexer = shlex.shlex(re.sub(r"\d>&\d", "", line), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    return list(lexer)


def command_lines(text: str) -> Iterator[tuple[list[str], bool]]:
    """The words after `curate` wherever it is called, and whether the call is whole."""
    for line, whole in code(text):
        words = split(line) if "curate" in line else []
        for at, word in enumerate(words):
            first = at == 0 or set(words[at - 1]) <= set("|&;")
            if first and word in ("curate", ".venv/bin/curate"):
                rest = words[at + 1 :]
                end = next((i for i, w in enumerate(rest) if set(w) <= set("|&;<>")), len(rest))
                yield rest[:end], whole


def command_faults(text: str, _: Path) -> list[str]:
    """Calls of `curate` that name a command, option or recipe which is not there, or could not be parsed."""
    faults = []
    for words, whole in command_lines(text):
        shown = " ".join(["curate", *words])
        names = [w for w in words if not w.startswith("-")]
        if not names:
            faults += [f"{shown}: no such option" for w in words if w not in ("--help", "-h", "--version", "--debug")]
            continue
        command = cli.commands.get(names[0])
        if command is None:
            faults.append(f"{shown}: no such command")
            continue
        rest = words[words.index(names[0]) + 1 :]
        known = {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)} | {"-h", "--help"}
        unknown = [w for w in rest if re.match(r"--?[a-z]", w) and w.split("=")[0] not in known]
        faults += [f"{shown}: no option {w}" for w in unknown]
        if whole and not unknown and "--help" not in rest:
            faults += parse_faults(command, names[0], rest, shown)
    return faults


def parse_faults(command: click.Command, name: str, rest: list[str], shown: str) -> list[str]:
    try:
        values = command.make_context(name, rest).params
    except click.ClickException as error:
        return [f"{shown}: {error.format_message()}"]
    given = [values["pipeline"]] if name == "run" else list(values["pipelines"]) if name == "validate" else []
    if name == "init":
        given = [values["name"]]
    return [f"{shown}: no recipe {g}" for g in given if not g.endswith(".yaml") and g not in shipped()]


def slug(heading: str) -> str:
    """The anchor that hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def link_faults(text: str, folder: Path) -> list[str]:
    """Relative links whose file, or whose heading in it, does not exist."""
    faults = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (folder / name).resolve() if name else None
        if path is not None and not path.exists():
            faults.append(f"no file {target}")
            continue
        if anchor:
            page = text if path is None else path.read_text("utf-8")
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.MULTILINE)
            if anchor not in {slug(heading) for heading in headings}:
                faults.append(f"no heading for {target}")
    return faults


def file_faults(text: str, _: Path) -> list[str]:
    """Files of the repository that are named and do not exist (`NAME` and `*` stand for any name)."""
    exampled = set(example_files((ROOT / "CONTRIBUTING.md").read_text("utf-8"))) | {
        "docs/reference/stages/link_filter.md"
    }
    faults = []
    for name in re.findall(rf"(?<![\w/.:-])((?:{'|'.join(FOLDERS)})/[\w./*-]*)", text):
        pattern = re.sub(r"\b[A-Z]+\b(?!\.json)", "*", name.rstrip("./"))
        if name not in exampled and not (ROOT / pattern).exists() and not any(ROOT.glob(pattern)):
            faults.append(f"no file {name}")
    return faults


def make_faults(text: str, _: Path) -> list[str]:
    """Targets of make that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = [m for line, _ in code(text) for m in re.findall(r"^make ([a-z-]+)", line)]
    return [f"no target {name}" for name in named if name not in targets]


@pytest.mark.parametrize("check", [yaml_faults, command_faults, link_faults, file_faults, make_faults])
def test_what_the_guides_show_exists(check: Callable[[str, Path], list[str]]) -> None:
    assert guides(check) == []


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (yaml_faults, "```yaml\n- stage: exact_dedup\n  on: both\n```\n", "```yaml\n- stage: exact_dupe\n```\n"),
        (yaml_faults, "```yaml\n- stage: k_center\n  size: 5\n```\n", "```yaml\n- stage: k_center\n```\n"),
        (
            yaml_faults,
            "```yaml\nname: a\nstages:\n  - stage: exact_dedup\n```\n",
            "```yaml\nname: a\nstages:\n  - {stage: k_center, size: 9}\n```\n",
        ),
        (
            yaml_faults,
            "```yaml\nname: a\nread:\n  tree: paths\nstages:\n  - stage: exact_dedup\n```\n",
            "```yaml\nname: a\nread:\n  tree: all\nstages:\n  - stage: exact_dedup\n```\n",
        ),
        (
            yaml_faults,
            "```yaml\nname: a\nextends: paraphrase\n```\n",
            "```yaml\nname: a\nextends: paraphrases\n```\n",
        ),
        (command_faults, "```sh\ncurate validate dedup_only\n```\n", "```sh\ncurate validate dedupe\n```\n"),
        (command_faults, "```sh\ncurate why out ab12  # a record\n```\n", "```sh\ncurate why out\n```\n"),
        (command_faults, "`curate run`", "`curate ran`"),
        (command_faults, "`curate run --size`", "`curate run --sizes`"),
        (
            command_faults,
            "```console\n$ xzcat a.xz | curate run dedup_only - -o out\n```\n",
            "```console\n$ xzcat a.xz | curate run dedup_only - -q out\n```\n",
        ),
        (link_faults, "[a](docs/architecture.md)", "[a](docs/architect.md)"),
        (link_faults, "# The one\n[a](#the-one)", "# The one\n[a](#the-other)"),
        (file_faults, "curate/stages/NAME/ and `curate/stage.py`", "`curate/stages.py`"),
        (make_faults, "`make demo`", "`make demos`"),
        (make_faults, "```sh\nmake test\n```\n", "```sh\nmake tests\n```\n"),
    ],
)
def test_the_checks_can_fail(check: Callable[[str, Path], list[str]], good: str, bad: str) -> None:
    assert check(good, ROOT) == []
    assert len(check(bad, ROOT)) == 1


def test_the_guides_show_something_of_each_kind() -> None:
    text = "\n".join(path.read_text("utf-8") for path in GUIDES)
    assert len([words for words, whole in command_lines(text) if whole]) >= 10
    assert len(list(fences(text, "yaml"))) > len(STAGES)
    assert {"demo", "test"} <= {m for line, _ in code(text) for m in re.findall(r"^make ([a-z-]+)", line)}


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder in which the sessions of the guides were run again, and their pages with what was printed."""
    docs, folder = make_docs(), tmp_path_factory.mktemp("session")
    return folder, docs.rehearse([(ROOT / name).read_text("utf-8") for name in docs.SESSIONS], folder)


@pytest.mark.slow
def test_the_sessions_print_what_the_guides_say(rehearsed: tuple[Path, list[str]]) -> None:
    for name, text in zip(make_docs().SESSIONS, rehearsed[1], strict=True):
        advice = f"run `python tools/make_docs.py --session` and read what has changed in {name}"
        assert (ROOT / name).read_text("utf-8").splitlines() == text.splitlines(), advice


def test_rehearsing_finds_other_output(tmp_path: Path) -> None:
    page = "# A\n\n```console\n$ echo a | curate --version\ncurate, version 0.0.0\n$ echo b; echo c · 0.1 s\nb\nc · 9.9 s\n```\n"
    from curate import __version__

    assert make_docs().rehearse([page], tmp_path) == [page.replace("0.0.0", __version__)]


PYTHON = [
    name for name in ("README.md", "docs/python.md", "docs/outputs.md", "docs/audit.md") if (ROOT / name).exists()
]


@pytest.mark.slow
@pytest.mark.parametrize("name", PYTHON)
def test_the_python_of_the_guides_runs(name: str, rehearsed: tuple[Path, list[str]]) -> None:
    blocks = list(fences((ROOT / name).read_text("utf-8"), "python"))
    assert blocks
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=rehearsed[0], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_all_python_of_the_guides_is_run() -> None:
    with_python = {str(path.relative_to(ROOT)) for path in GUIDES if list(fences(path.read_text("utf-8"), "python"))}
    assert with_python == {*PYTHON, "CONTRIBUTING.md"}


# The worked example of CONTRIBUTING


def example_files(text: str) -> dict[str, str]:
    """The files that a page spells out: a line that begins with the path in bold code, then a fenced block."""
    found = re.findall(r"^\*\*`([\w./]+)`\*\*[^\n]*\n\n```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the files of the worked example in it."""
    there = tmp_path_factory.mktemp("copy")
    for name in ("curate", "tests", "tools", "docs", "pipelines"):
        shutil.copytree(ROOT / name, there / name)
    for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile"):
        shutil.copy2(ROOT / name, there / name)
    in_copy(there, "tools/make_docs.py")
    for name, text in example_files((ROOT / "CONTRIBUTING.md").read_text("utf-8")).items():
        assert not (there / name).exists(), f"{name} is there already"
        (there / name).write_text(text, "utf-8")
    return there


def in_copy(there: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(there)}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=there, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_worked_example_works(copy: Path) -> None:
    assert sorted(example_files((copy / "CONTRIBUTING.md").read_text("utf-8"))) == [
        "curate/stages/filter/link_filter.py",
        "tests/stages/test_link_filter.py",
    ]
    out = in_copy(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "link_filter",
        "tests/stages/test_link_filter.py", "tests/test_conformance.py",
    )  # fmt: skip
    assert int(re.search(r"(\d+) passed", out)[1]) >= 3  # type: ignore[index]


def test_the_worked_example_touches_three_files(copy: Path) -> None:
    # The third file is the page that `make docs` writes; it writes no other.
    assert in_copy(copy, "tools/make_docs.py") == "wrote docs/reference/stages/link_filter.md\n"
    assert in_copy(copy, "tools/make_docs.py") == ""


def test_the_worked_example_passes_the_checks(copy: Path) -> None:
    names = sorted(example_files((copy / "CONTRIBUTING.md").read_text("utf-8")))
    in_copy(copy, "-m", "ruff", "check", "--no-cache", *names)
    in_copy(copy, "-m", "ruff", "format", "--no-cache", "--check", *names)
