"""`curate run`: what it prints and where, and its exit codes."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import shutil
import subprocess
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import Finished
from tests.runs import OUTPUTS, Dump, assert_fails, command, curate, environment, process, snapshot


def test_json_is_the_manifest_and_all_of_stdout(dump: Dump, light: Path, light_run: Finished, tmp_path: Path) -> None:
    color = {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}
    done = process("run", light, *dump.files, "--out", tmp_path / "out", "--json", **color)
    assert done.code == 0, done.err
    assert not re.search(r"\x1b\[[0-9;]*[13]", done.out + done.err)
    assert json.loads(done.out) == json.loads((light_run.out / "manifest.json").read_bytes())
    assert json.loads(done.out)["schema"] == 1


def test_without_json_nothing_goes_to_stdout(light_run: Finished) -> None:
    assert light_run.done.code == 0, light_run.done.err
    assert light_run.done.out == ""


def test_each_file_and_stage_gets_one_line(light_run: Finished, dump: Dump) -> None:
    lines = light_run.done.err.splitlines()
    for path in dump.files:
        assert sum(line.startswith(f"read {path.name}: ") for line in lines) == 1
    stages = ["length_filter", "text_stats", "exact_dedup", "minhash_dedup", "random_sample"]
    for number, stage in enumerate(stages, 1):
        assert sum(line.startswith(f"{number}/5 {stage}: ") for line in lines) == 1
    assert lines[-1].endswith("train.jsonl")


def test_dry_run_checks_all_and_writes_nothing(dump: Dump, light: Path, tmp_path: Path) -> None:
    for extra in ((), ("--out", tmp_path / "out")):
        done = curate("run", light, *dump.files, "--dry-run", *extra)
        assert done.code == 0, done.err
        assert done.out == ""
        assert "Nothing was written." in done.err
        assert all(name in done.err for name in ("chats.json", "notes.csv", "tasks.jsonl", "random_sample"))
    assert list(tmp_path.iterdir()) == []


def test_dry_run_as_json(dump: Dump, light: Path, tmp_path: Path) -> None:
    done = curate("run", light, *dump.files, "--dry-run", "--json", "--size", 7, "--seed", 5)
    plan = json.loads(done.out)
    assert plan["schema"] == 1
    assert plan["seed"] == 5
    assert [(f["file"], f["format"], f["bytes"]) for f in plan["files"]] == [
        ("chats.json", "messages", dump.files[0].stat().st_size),
        ("notes.csv", "prompt_completion", dump.files[1].stat().st_size),
        ("tasks.jsonl", "alpaca", dump.files[2].stat().st_size),
    ]
    assert plan["stages"][-1] == {"stage": "random_sample", "parameters": {"size": 7, "seed": 5}}


def test_standard_input(dump: Dump, light: Path, tmp_path: Path) -> None:
    done = process("run", light, "-", "--out", tmp_path, stdin=gzip.compress(dump.files[2].read_bytes()))
    assert done.code == 0, done.err
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert [i["file"] for i in manifest["inputs"]] == ["stdin"]
    assert manifest["counts"]["read"] == 100


def test_format_by_name(tmp_path: Path, light: Path) -> None:
    rows = [{"prompt": f"Question {i} of many?", "completion": f"It has the number {i} in it.", "instruction": "x y z",
             "input": "", "output": "It is not this one."} for i in range(9)]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    ends = {}
    for form in ("alpaca", "prompt_completion"):
        done = curate("run", light, tmp_path / "a.jsonl", "--out", tmp_path / form, "--format", form, "--size", 9)
        assert done.code in (0, 1), done.err
        ends[form] = (tmp_path / form / "train.jsonl").read_text()
    assert "It has the number" in ends["prompt_completion"]
    assert "It has the number" not in ends["alpaca"]


def test_size_above_what_is_left_keeps_all_that_is_left(dump: Dump, light: Path, tmp_path: Path) -> None:
    done = curate("run", light, *dump.files, "--out", tmp_path / "out", "--size", 5000)
    assert done.code == 1
    left = len(dump.records) - 1 - 3 - 1  # short, exact and near repeats
    finding = [line for line in done.err.splitlines() if line.startswith("finding: ")]
    assert len(finding) == 1
    assert f"{left:,}" in finding[0]
    assert "5,000" in finding[0]
    assert (tmp_path / "out" / "train.jsonl").read_bytes().count(b"\n") == left
    assert set(snapshot(tmp_path / "out")) == OUTPUTS


def test_size_above_what_is_left_in_the_default_recipe(dump: Dump, tmp_path: Path) -> None:
    done = curate("run", "lima_1k", *dump.files, "--out", tmp_path / "out")
    assert done.code == 1
    finding = "\n".join(line for line in done.err.splitlines() if line.startswith("finding: "))
    kept = (tmp_path / "out" / "train.jsonl").read_bytes().count(b"\n")
    assert re.search(r"\b1,?000\b", finding)
    assert str(kept) in finding
    gone = pl.read_parquet(tmp_path / "out" / "ledger.parquet")["reason"].value_counts()
    assert "not_selected" not in gone["reason"].to_list()


def test_files_passed_over_are_named(dump: Dump, light: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(dump.folder, raw)
    (raw / "README.md").write_text("About the data.")
    (raw / ".hidden.jsonl").write_text('{"prompt": "p", "completion": "c"}')
    with zipfile.ZipFile(raw / "more.zip", "w") as archive:
        archive.writestr("../out.jsonl", '{"prompt": "p", "completion": "c"}')
        archive.writestr("in.jsonl", '{"prompt": "p", "completion": "c"}')
    done = curate("run", light, raw, "--out", tmp_path / "out")
    over = {"raw/README.md", "raw/.hidden.jsonl", "raw/more.zip/../out.jsonl"}
    line = next(line for line in done.err.splitlines() if line.startswith("passed over 3 "))
    assert all(name in line for name in over)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert {one["file"] for one in manifest["passed_over"]} == over
    assert "raw/more.zip/in.jsonl" in {one["file"] for one in manifest["inputs"]}


def test_unknown_file_is_a_finding_unless_skipped(dump: Dump, light: Path, light_run: Finished, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(dump.folder, raw)
    (raw / "notes.xml").write_text("<notes><row Id='1'/></notes>")
    done = curate("run", light, raw, "--out", tmp_path / "one")
    assert done.code == 1
    assert "notes.xml" in next(line for line in done.err.splitlines() if line.startswith("finding: "))
    skipped = curate("run", light, raw, "--out", tmp_path / "two", "--skip-unknown")
    assert skipped.code == 0, skipped.err
    assert "finding:" not in skipped.err
    for out in ("one", "two"):
        assert snapshot(tmp_path / out)["train.jsonl"].splitlines().__len__() == 40


def test_too_many_rejects_is_a_finding(tmp_path: Path, light: Path) -> None:
    good = [f'{{"instruction": "Say the number {i}.", "input": "", "output": "The number is {i}."}}' for i in range(90)]
    (tmp_path / "a.jsonl").write_text("\n".join(good + ["{"] * 10))
    done = curate("run", light, tmp_path / "a.jsonl", "--out", tmp_path / "out")
    assert done.code == 1
    assert "10 of 100 lines" in done.err
    assert (tmp_path / "out" / "rejects.jsonl").read_text().count("\n") == 10
    assert curate("run", light, tmp_path / "a.jsonl", "--out", tmp_path / "out", "--max-rejects", 0.1).code == 0


def test_help_and_version_come_on_stdout() -> None:
    from curate import __version__

    assert curate("--version").out == f"curate, version {__version__}\n"
    for args in (("--help",), ("run", "--help"), ("why", "-h")):
        done = curate(*args)
        assert done.code == 0
        assert done.out.startswith("Usage: curate")
        assert done.err == ""


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from curate.cli import cli\ntry:\n cli(['run', '--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('polars', 'numpy', 'torch', 'numba', 'sentence_transformers') if m in sys.modules])"
    )
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout.splitlines()[-1] == "[]"


_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def test_control_characters_of_names_never_reach_the_terminal(dump: Dump, light: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    name = "a\x1b[31m\x07b\nc\u202ed.jsonl"
    (raw / name).write_bytes(dump.files[2].read_bytes())
    (raw / "x\x1b]0;t\x07.xml").write_text("<a/>")
    for done in (
        curate("run", light, raw, "--out", tmp_path / "out"),
        curate("run", light, raw, "--out", tmp_path / "out", "--json"),
        curate("run", light, raw, "--dry-run"),
        curate("run", light, raw, "--dry-run", "--json"),
        curate("run", light, raw / "\x1b[31mnone", "--out", tmp_path / "other"),
        curate("run", tmp_path / "\x1b[31mnone.yaml", raw, "--out", tmp_path / "other"),
        curate("run", light, raw, "--out", tmp_path / "out", "--format", "\x1b[31m"),
        curate("run", light, raw, "--out", tmp_path / "out", "--size", "\x1b[31m"),
        curate("run", light, raw, "--\x1b[31m"),
        curate("\x9b31m"),
    ):
        assert not _CONTROL.search(done.out + done.err), (done.out + done.err).encode()
        assert "Traceback" not in done.err
    manifest = json.loads(curate("run", light, raw, "--out", tmp_path / "out", "--json").out)
    # A name is escaped where it is written down, too: it goes to tables and cards that people open.
    assert manifest["inputs"][0]["file"] == "raw/" + name.encode("unicode_escape").decode()
    card = (tmp_path / "out" / "README.md").read_text()
    assert not _CONTROL.search(card)


def test_name_that_is_not_unicode(dump: Dump, light: Path, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.jsonl"
    try:
        with open(path, "wb") as handle:  # noqa: PTH123 - a path of bytes
            handle.write(dump.files[2].read_bytes())
    except OSError:
        pytest.skip("this file system takes only names in Unicode")
    done = process("run", light, os.fsdecode(path), "--out", tmp_path / "out")
    assert "Traceback" not in done.err, done.err
    assert done.code in (0, 3)
    if done.code == 0:
        assert (
            process(
                "why", tmp_path / "out", json.loads((tmp_path / "out" / "manifest.json").read_bytes())["selected"][0]
            ).code
            == 0
        )
    else:
        assert done.errors
        assert not (tmp_path / "out").exists()


def test_on_a_terminal_there_is_a_bar_and_no_color_is_honoured(dump: Dump, light: Path, tmp_path: Path) -> None:
    import pty

    main, other = pty.openpty()
    run = subprocess.Popen(
        command("run", light, *dump.files, "--out", tmp_path / "out"), stdout=subprocess.PIPE, stderr=other,
        env=environment(NO_COLOR="1", TERM="xterm"),
    )  # fmt: skip
    os.close(other)
    seen = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(main)
    assert run.wait(60) == 0
    assert run.stdout is not None
    assert run.stdout.read() == b""
    run.stdout.close()
    assert "━".encode() in seen
    assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", seen)
    assert b"40 examples in" in seen


def test_reader_of_stdout_that_goes_away(dump: Dump, light: Path, tmp_path: Path) -> None:
    run = subprocess.Popen(
        command("run", light, *dump.files, "--out", tmp_path / "out", "--json"), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert run.stdout is not None
    run.stdout.close()
    assert run.stderr is not None
    narration = run.stderr.read().decode()
    run.stderr.close()
    code = run.wait(60)
    assert "Traceback" not in narration
    assert "Exception ignored" not in narration
    assert code in (0, 1)
    assert set(snapshot(tmp_path / "out")) == OUTPUTS


def test_disk_full_while_writing_leaves_the_old_result_whole(
    dump: Dump, light: Path, light_run: Finished, tmp_path: Path
) -> None:
    """A limit on the size of files stands in for a full disk: the write fails in the same place."""
    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    before = snapshot(out)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    done = subprocess.run(
        command("run", light, *dump.files, "--out", out, "--size", "30"), capture_output=True, env=environment(),
        preexec_fn=limit, check=False, timeout=60,
    )  # fmt: skip
    narration = done.stderr.decode()
    assert done.returncode == 4, narration
    assert "Traceback" not in narration
    errors = [line for line in narration.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    after = snapshot(out)
    assert set(after) == OUTPUTS
    changed = [name for name in after if after[name] != before[name]]
    again = curate("run", light, *dump.files, "--out", tmp_path / "whole", "--size", 30)
    assert again.code == 0
    for name in changed:
        assert after[name] == snapshot(tmp_path / "whole")[name]  # old or new, never between


def test_out_is_needed(dump: Dump, light: Path) -> None:
    assert_fails(curate("run", light, *dump.files), 2, "--out")
