"""Wrong commands, wrong files, wrong places: one clear message, the right exit code, nothing half written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Finished
from tests.runs import LIGHT, Dump, assert_fails, command, curate, environment, make_plugin, process, snapshot

PROLOGUE = "name: p\nstages:\n"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


# --- inputs (3)


def test_missing_file(dump: Dump, light: Path, out: Path, tmp_path: Path) -> None:
    assert_fails(
        curate("run", light, dump.files[0], tmp_path / "gone.jsonl", "--out", out), 3, "gone.jsonl", "no such file"
    )
    assert not out.exists()


def test_empty_folder(light: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_fails(curate("run", light, tmp_path / "empty", "--out", out), 3, "empty")
    assert not out.exists()


def test_folder_of_empty_files(light: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.jsonl").write_bytes(b"")
    assert_fails(curate("run", light, tmp_path / "raw", "--out", out), 3, "a.jsonl")
    assert not out.exists()


def test_pattern_without_a_match(light: Path, out: Path, tmp_path: Path) -> None:
    assert_fails(curate("run", light, tmp_path / "*.jsonl", "--out", out), 3, "*.jsonl", "matches nothing")
    assert not out.exists()


def test_folder_of_files_that_no_reader_takes(light: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "x.xml").write_text("<a/>")
    assert_fails(curate("run", light, tmp_path / "raw", "--out", out), 3, "x.xml")
    assert_fails(curate("run", light, tmp_path / "raw", "--out", out, "--skip-unknown"), 3, "x.xml")
    assert not out.exists()


def test_standard_input_that_is_empty(light: Path, out: Path) -> None:
    assert_fails(process("run", light, "-", "--out", out), 3, "stdin")
    assert not out.exists()


def test_standard_input_twice(light: Path, out: Path) -> None:
    assert_fails(curate("run", light, "-", "-", "--out", out), 2, "once")


# --- pipeline files (2)

_BAD = {
    "unknown stage": ("  - stage: lenght_filter\n", ["stages.0", "no stage named `lenght_filter`", "did you mean `length_filter`?", ":3:"]),
    "typo in a parameter": (
        "  - stage: length_filter\n    min_respons_chars: 3\n",
        ["stages.0 (length_filter)", "no parameter `min_respons_chars`", "did you mean `min_response_chars`?", ":4:"],
    ),
    "key twice": ("  - stage: random_sample\n    size: 5\n    size: 6\n", ["`size` is given twice", ":5:"]),
    "alias": ("  - &a\n    stage: exact_dedup\n  - *a\n", ["aliases are not accepted", ":3:"]),
    "no for a number": ("  - stage: random_sample\n    size: no\n", ["`size`", "integer", "got false", ":4:"]),
    "text for a number": ("  - stage: random_sample\n    size: '12'\n", ["`size`", 'got "12"', ":4:"]),
    "fraction for a whole number": ("  - stage: random_sample\n    size: 1.5\n", ["`size`", "got 1.5", ":4:"]),
    "too small": ("  - stage: random_sample\n    size: 0\n", ["`size`", "got 0", ":4:"]),
    "out of order": (
        "  - stage: score_filter\n    by: length_score\n  - stage: text_stats\n",
        ["stages.0 (score_filter)", "`length_score`", "stages.1 (text_stats)", "before this one", ":3:"],
    ),
    "column of a stage that is not there": (
        "  - stage: score_filter\n    by: length_score\n",
        ["`length_score`", "add `text_stats` before it", ":3:"],
    ),
    "column nobody writes": ("  - stage: score_filter\n    by: lenght_score\n", ["`lenght_score`", "no stage writes it", ":3:"]),
    "no stage key": ("  - random_sample\n", ["stages.0", ":3:"]),
    "stage without a name": ("  - size: 3\n", ["stages.0", "key `stage`", ":3:"]),
    "not a list": ("  exact_dedup: {}\n", ["stages"]),
    "empty list": ("  []\n", ["stages"]),
    "a tag": ("  - stage: !!python/name:os.system x\n", ["python/name", ":3:"]),
    "a date": ("  - stage: 2024-02-30\n", [":3:"]),
    "too large": ("  - stage: random_sample\n    size: 10000000000000000000000\n", ["too large", ":4:"]),
    "not a number": ("  - stage: random_sample\n    size: .nan\n", ["p.yaml"]),
    "tab": ("\t- stage: exact_dedup\n", [":3:", "not valid YAML"]),
    "two documents": ("  - stage: exact_dedup\n---\nname: q\n", ["not valid YAML"]),
    "unclosed": ("  - {stage: exact_dedup\n", ["not valid YAML"]),
    "key of the file": ("  - stage: exact_dedup\nseeds: 3\n", ["no key `seeds`", "did you mean `seed`?", ":4:"]),
    "seed that is negative": ("  - stage: exact_dedup\nseed: -1\n", ["seed", ":4:"]),
}  # fmt: skip


@pytest.mark.parametrize("what", _BAD)
def test_pipeline_file_with_a_fault(what: str, dump: Dump, out: Path, tmp_path: Path) -> None:
    text, words = _BAD[what]
    path = tmp_path / "p.yaml"
    path.write_text(PROLOGUE + text)
    done = curate("run", path, *dump.files, "--out", out)
    assert_fails(done, 2, str(path), *words)
    assert len(done.errors) == 1, done.err
    assert not out.exists()
    checked = curate("validate", path)
    assert (checked.code, checked.err) == (2, done.err)


def test_all_faults_of_a_file_in_one_go(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: 'a b'\nstages:\n  - stage: exact\n  - stage: random_sample\n    size: no\n    sead: 1\n")
    done = curate("validate", path)
    assert_fails(done, 2, ":1: name", ":3: stages.0", ":5: stages.1", ":6: stages.1")
    assert len(done.errors) == 4


def test_pipeline_file_that_is_none(tmp_path: Path, dump: Dump, out: Path) -> None:
    (tmp_path / "empty.yaml").write_bytes(b"")
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "nul.yaml").write_bytes(b"name: \x00\n")
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "deep.yaml").write_text("a: " + "[" * 5000 + "]" * 5000)
    (tmp_path / "deep2.yaml").write_text("a: " + "[" * 300 + "]" * 300)
    (tmp_path / "folder.yaml").mkdir()
    for name in ("empty", "binary", "nul", "list", "deep", "deep2", "folder", "gone"):
        done = curate("run", tmp_path / f"{name}.yaml", *dump.files, "--out", out)
        assert_fails(done, 2, f"{name}.yaml")
        assert not out.exists()


def test_name_of_a_recipe_that_is_none(dump: Dump, out: Path) -> None:
    assert_fails(curate("run", "lima1k", *dump.files, "--out", out), 2, "lima1k", "lima_1k")


# --- options (2)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--size", "0", ["--size", "0"]),
        ("--size", "many", ["--size", "many"]),
        ("--size", "-3", ["--size"]),
        ("--seed", "-1", ["--seed"]),
        ("--seed", str(2**63), ["--seed"]),
        ("--threads", "0", ["--threads"]),
        ("--max-rejects", "1.5", ["--max-rejects"]),
        ("--format", "alpacca", ["alpacca", "did you mean `alpaca`?"]),
        ("--sise", "3", ["--sise", "--size"]),
    ],
)
def test_option_with_a_wrong_value(
    option: str, value: str, words: list[str], dump: Dump, light: Path, out: Path
) -> None:
    done = curate("run", light, *dump.files, "--out", out, option, value)
    assert_fails(done, 2, *words)
    assert not out.exists()


@pytest.mark.parametrize("recipe", ["light", "longest_1k", "deita_like", "lima_1k"])
def test_size_that_no_machine_can_hold(recipe: str, dump: Dump, light: Path, out: Path) -> None:
    path = light if recipe == "light" else recipe
    assert_fails(curate("run", path, *dump.files, "--out", out, "--size", 2**63), 2, "--size")
    largest = curate("run", path, *dump.files, "--out", out, "--size", 2**63 - 1)
    assert largest.code == 1, largest.err
    assert "finding: " in largest.err


def test_size_for_a_pipeline_that_has_none(dump: Dump, out: Path) -> None:
    assert_fails(curate("run", "dedup_only", *dump.files, "--out", out, "--size", 5), 2, "size")
    assert not out.exists()


def test_unknown_command_and_no_command() -> None:
    assert_fails(curate("rnu"), 2, "rnu")
    done = curate()
    assert done.code == 2
    assert "run" in done.err
    assert done.out == ""


def test_no_inputs(light: Path, out: Path) -> None:
    assert_fails(curate("run", light, "--out", out), 2, "INPUTS")


# --- the place of the result (4)


def test_result_below_a_file(dump: Dump, light: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        done = curate("run", light, *dump.files, "--out", place)
        assert_fails(done, 4, str(place))
        assert len(done.errors) == 1
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_result_or_cache_where_nothing_can_be_made(dump: Dump, light: Path, out: Path) -> None:
    assert_fails(curate("run", light, *dump.files, "--out", "/proc/curate"), 4, "/proc/curate")
    done = curate("run", light, *dump.files, "--out", out, "--cache", "/proc/curate")
    assert_fails(done, 4, "/proc/curate")
    assert len(done.errors) == 1
    assert snapshot(out) == {}


def test_result_whose_name_is_taken_by_a_folder(dump: Dump, light: Path, out: Path) -> None:
    (out / "ledger.parquet").mkdir(parents=True)
    done = curate("run", light, *dump.files, "--out", out)
    assert_fails(done, 4, "ledger.parquet")
    assert "manifest.json" not in snapshot(out)
    assert not [name for name in snapshot(out) if name.endswith(".tmp")]


def test_result_inside_the_input_folder(light: Path, tmp_path: Path, dump: Dump) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "tasks.jsonl").write_bytes(dump.files[2].read_bytes())
    assert_fails(curate("run", light, raw, "--out", raw / "out"), 2, "inside")
    assert_fails(curate("run", light, raw, "--out", raw), 2, "inside")
    assert [p.name for p in raw.iterdir()] == ["tasks.jsonl"]


def test_result_over_its_own_input(light: Path, light_run: Finished, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "train.jsonl").write_bytes((light_run.out / "train.jsonl").read_bytes())
    assert_fails(curate("run", light, out / "train.jsonl", "--out", out), 2, "train.jsonl")
    assert snapshot(out)["train.jsonl"] == snapshot(light_run.out)["train.jsonl"]


def test_old_result_stays_whole_when_the_new_run_fails(
    dump: Dump, light: Path, light_run: Finished, tmp_path: Path
) -> None:
    import shutil

    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    for args in (
        ("run", light, "gone.jsonl"),
        ("run", tmp_path / "gone.yaml", *dump.files),
        ("run", light, *dump.files, "--size", "0"),
    ):
        assert curate(*args, "--out", out).code in (2, 3)
        assert snapshot(out) == snapshot(light_run.out)


# --- stages of other packages

_FAILING = """
from typing import ClassVar, Literal
import polars as pl
from curate.stage import Filter, Rule

class Failing(Filter):
    stage: Literal["failing"] = "failing"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    reasons: ClassVar = {"never": "It never happens."}
    def rules(self):
        raise ValueError("a \\x1b[31mred\\x1b[0m fault\\nof two lines")

class Twice(Failing):
    stage: Literal["exact_dedup"] = "exact_dedup"

not_a_stage = 3
"""


def test_stage_that_raises(dump: Dump, out: Path, tmp_path: Path) -> None:
    plug = make_plugin(tmp_path / "plug", {"failing": "plugged:Failing"}, _FAILING)
    (tmp_path / "p.yaml").write_text(LIGHT.replace("exact_dedup", "failing"))
    args = ("run", tmp_path / "p.yaml", *dump.files, "--out", out)
    done = process(*args, FIRST=str(plug))
    assert_fails(done, 5, "failing failed", "ValueError")
    assert "\x1b" not in done.err
    assert snapshot(out) == {}
    debug = process("--debug", *args, FIRST=str(plug))
    assert debug.code != 0
    assert "Traceback" in debug.err


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("plugged:Twice", ["two stages are named exact_dedup", "plugged.Twice"]),
        ("plugged:not_a_stage", ["plugged:not_a_stage", "not a curate stage"]),
        ("plugged:Gone", ["plugged:Gone"]),
        ("no_such_module:X", ["no_such_module:X"]),
    ],
)
def test_package_with_a_wrong_stage(
    target: str, words: list[str], dump: Dump, light: Path, out: Path, tmp_path: Path
) -> None:
    plug = make_plugin(tmp_path / "plug", {"mine": target}, _FAILING)
    assert_fails(process("run", light, *dump.files, "--out", out, FIRST=str(plug)), 2, *words)
    assert not out.exists()


# --- the other ends of pipes


@pytest.mark.parametrize("args", [("stages",), ("schema",), ("stages", "--json"), ("--help",)])
def test_reader_that_goes_away(args: tuple[str, ...]) -> None:
    run = subprocess.Popen(command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert run.stdout is not None
    run.stdout.close()
    assert run.stderr is not None
    narration = run.stderr.read().decode()
    run.stderr.close()
    assert run.wait(30) in (0, 1)
    assert narration == ""


def test_terminal_that_cannot_show_a_character(light_run: Finished, dump: Dump) -> None:
    done = process("why", light_run.out, dump.id_at("terminal"), PYTHONIOENCODING="ascii")
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert "letters" in done.out


@pytest.mark.skipif(sys.platform == "win32" or not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_stdout_that_is_full(light_run: Finished, dump: Dump) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("why", light_run.out, dump.id_at("twin"), "--json"), stdout=full, stderr=subprocess.PIPE,
            env=environment(), check=False, timeout=60,
        )  # fmt: skip
    narration = os.fsdecode(done.stderr)
    assert "Traceback" not in narration
    assert done.returncode == 4, narration
    assert narration.startswith("error: ")
