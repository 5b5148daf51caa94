"""`curate verify`: whatever was altered is found, and a second run gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path

import pytest

from tests.conftest import Finished
from tests.runs import OUTPUTS, Dump, assert_fails, curate, snapshot


@pytest.fixture
def out(light_run: Finished, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    shutil.copytree(light_run.out, folder)
    return folder


def flip(path: Path, at: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(at * (len(data) - 1))] ^= 1
    path.write_bytes(bytes(data))


def test_result_as_it_was_written(light_run: Finished, dump: Dump) -> None:
    before = snapshot(light_run.out)
    done = curate("verify", light_run.out)
    assert (done.code, done.out) == (0, "")
    assert "differs" not in done.err
    assert snapshot(light_run.out) == before


def test_second_run_gives_the_same(light_run: Finished, dump: Dump) -> None:
    before = snapshot(light_run.out)
    done = curate("verify", light_run.out, *reversed(dump.files), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"schema": 1, "directory": str(light_run.out), "faults": []}
    assert "the same bytes" in done.err
    assert snapshot(light_run.out) == before


def test_default_recipe_repeats_itself(finished: Finished, dump: Dump) -> None:
    done = curate("verify", finished.out, *dump.files)
    assert done.code == 0, done.err


@pytest.mark.parametrize("name", sorted(OUTPUTS - {"manifest.json"}))
@pytest.mark.parametrize("at", [0, 0.5, 1])
def test_one_byte_of_an_output(out: Path, name: str, at: float) -> None:
    flip(out / name, at)
    done = curate("verify", out, "--json")
    assert done.code == 1, done.err
    assert "Traceback" not in done.err
    assert [fault for fault in json.loads(done.out)["faults"] if fault.startswith(name)]


@pytest.mark.parametrize("name", sorted(OUTPUTS - {"manifest.json"}))
def test_missing_or_longer_output(out: Path, name: str) -> None:
    data = (out / name).read_bytes()
    (out / name).write_bytes(data + b"\n")
    done = curate("verify", out)
    assert done.code == 1
    assert f"differs: {name}" in done.err
    (out / name).unlink()
    done = curate("verify", out)
    assert done.code == 1
    assert f"differs: {name} is missing" in done.err


_ALTERED = {
    "name": lambda m: m.update(name="other"),
    "description": lambda m: m.update(description="Altered."),
    "seed": lambda m: m.update(seed=4),
    "counts": lambda m: m["counts"].update(lines=m["counts"]["lines"] + 1),
    "kept": lambda m: m["counts"].update(kept=m["counts"]["kept"] + 1),
    "selected": lambda m: m["selected"].reverse(),
    "one of selected": lambda m: m["selected"].__setitem__(3, "0" * 16),
    "fingerprint": lambda m: m.update(fingerprint="0" * 32),
    "parameter": lambda m: m["steps"][0]["parameters"].update(min_response_chars=13),
    "count of a step": lambda m: m["steps"][0].update(kept=1),
    "input hash": lambda m: m["inputs"][0].update(sha256="0" * 64),
    "input count": lambda m: m["inputs"][0].update(read=1),
    "output hash": lambda m: m["outputs"]["train.jsonl"].update(sha256="0" * 64),
    "finding": lambda m: m["findings"].append({"code": "x", "message": "y"}),
    "rejects": lambda m: m["rejects"].update(malformed_json=9),
    "sources": lambda m: m["kept_by_source"].update(tasks=1),
    "unknown file": lambda m: m["unknown"].append({"file": "a", "why": "b"}),
}  # fmt: skip


@pytest.mark.parametrize("what", _ALTERED)
def test_altered_manifest(out: Path, dump: Dump, what: str) -> None:
    """Found at once by its seal; and where somebody made that anew, by a second run."""
    manifest = json.loads((out / "manifest.json").read_bytes())
    _ALTERED[what](manifest)
    (out / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    done = curate("verify", out)
    assert done.code == 1, done.err
    assert "differs: manifest.json" in done.err
    del manifest["seal"]
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    manifest["seal"] = hashlib.sha256(text.encode()).hexdigest()
    (out / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    done = curate("verify", out, *dump.files)
    assert done.code == 1, done.err
    assert "differs: " in done.err


def test_any_byte_of_the_manifest(out: Path) -> None:
    path = out / "manifest.json"
    data = path.read_bytes()
    rng = random.Random(5)
    for at in rng.sample(range(len(data)), 60):
        path.write_bytes(data[:at] + bytes([data[at] ^ rng.choice([1, 2, 16, 128])]) + data[at + 1 :])
        changed = _loaded(path) != json.loads(data)
        done = curate("verify", out)
        assert "Traceback" not in done.err
        assert done.code == (0 if not changed else 3 if done.errors else 1), (at, done.err)


def _loaded(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def test_other_versions_of_packages_are_told(out: Path, dump: Dump) -> None:
    manifest = json.loads((out / "manifest.json").read_bytes())
    manifest["versions"]["polars"] = "0.1"
    del manifest["seal"]
    manifest["seal"] = hashlib.sha256((json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()).hexdigest()
    (out / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    done = curate("verify", out, *dump.files)
    assert done.code == 0, done.err
    assert "made with polars 0.1" in done.err


def test_another_input(light_run: Finished, dump: Dump, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for path in dump.files:
        shutil.copy(path, raw)
    flip(raw / "notes.csv", 0.7)
    files = [raw / path.name for path in dump.files]
    done = curate("verify", light_run.out, *files)
    assert done.code == 1
    assert "differs: notes.csv is another file" in done.err
    done = curate("verify", light_run.out, *dump.files[:2])
    assert done.code == 1
    assert "tasks.jsonl is not among the inputs" in done.err
    (raw / "more.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    done = curate("verify", light_run.out, *dump.files, raw / "more.jsonl")
    assert done.code == 1
    assert "more.jsonl" in done.err


def test_result_of_other_options_repeats_itself(dump: Dump, light: Path, tmp_path: Path) -> None:
    """What was asked of the run is asked of its repetition."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    shutil.copytree(dump.folder, raw)
    (raw / "posts.xml").write_text("<a/>")
    for options in (
        ("--skip-unknown",), (), ("--size", 35, "--seed", 9, "--skip-unknown"), ("--max-rejects", 0.0, "--skip-unknown"),
    ):  # fmt: skip
        assert curate("run", light, raw, "--out", out, *options).code in (0, 1)
        done = curate("verify", out, raw)
        assert done.code == 0, (options, done.err)


def test_result_of_a_given_format_repeats_itself(light: Path, tmp_path: Path) -> None:
    rows = [{"prompt": f"Question {i} of many?", "completion": f"It has the number {i} in it.", "instruction": f"x {i}",
             "input": "", "output": f"It is not this one, says {i}."} for i in range(60)]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    for form in ("alpaca", "prompt_completion"):
        assert curate("run", light, tmp_path / "a.jsonl", "--out", tmp_path / form, "--format", form).code == 0
        done = curate("verify", tmp_path / form, tmp_path / "a.jsonl")
        assert done.code == 0, (form, done.err)


def test_folder_that_is_no_run(tmp_path: Path, dump: Dump, light_run: Finished) -> None:
    assert_fails(curate("verify", tmp_path / "gone"), 3, "gone")
    assert_fails(curate("verify", dump.folder), 3, "manifest.json")
    assert_fails(curate("verify", light_run.out, tmp_path / "gone.jsonl"), 3, "gone.jsonl")
