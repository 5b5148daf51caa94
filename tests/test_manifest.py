"""The manifest: what it says is so, and nothing in it is of this machine or moment."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

import curate
from curate.errors import InputError
from curate.io import ReadOptions
from curate.manifest import check_outputs, dump, seal, versions
from tests.conftest import Finished
from tests.runs import OUTPUTS, Dump, snapshot


@pytest.fixture
def manifest(finished: Finished) -> dict[str, object]:
    return json.loads((finished.out / "manifest.json").read_bytes())  # type: ignore[no-any-return]


def test_inputs_are_told_with_their_hashes_and_counts(finished: Finished, dump: Dump) -> None:
    found = json.loads((finished.out / "manifest.json").read_bytes())["inputs"]
    assert [i["file"] for i in found] == [p.name for p in dump.files]
    for path, told in zip(dump.files, found, strict=True):
        data = path.read_bytes()
        assert told["sha256"] == hashlib.sha256(data).hexdigest()
        assert told["bytes"] == len(data)
        mine = [r for r in dump.records if r.file == path.name]
        assert told["read"] == len(mine)
        assert told["rejected"] == sum(name == path.name for name, _ in dump.rejected)
        assert told["lines"] + told["expanded"] == told["blank"] + told["rejected"] + told["read"]
    assert [i["lines"] for i in found] == [100, 100, 105]
    assert [i["blank"] for i in found] == [0, 0, 2]


def test_outputs_are_told_with_their_hashes(finished: Finished) -> None:
    files = snapshot(finished.out)
    told = json.loads(files.pop("manifest.json"))["outputs"]
    assert told == {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in files.items()}
    assert set(told) == OUTPUTS - {"manifest.json"}


def test_selected_ids_are_those_of_the_lines(finished: Finished) -> None:
    told = json.loads((finished.out / "manifest.json").read_bytes())
    examples = pl.read_parquet(finished.out / "examples.parquet")
    assert told["selected"] == examples["id"].to_list()
    assert told["kept_by_source"] == dict(
        sorted(
            ((s, examples.filter(pl.col("source") == s).height) for s in set(examples["source"])),
            key=lambda x: (-x[1], x[0]),
        )
    )
    assert told["counts"]["kept"] == len(told["selected"]) == 40
    assert sum(told["rejects"].values()) == told["counts"]["rejected"] == 4


def test_every_parameter_of_every_stage_is_told(finished: Finished) -> None:
    from curate.registry import stage_class

    told = json.loads((finished.out / "manifest.json").read_bytes())
    assert told["seed"] == 42
    for step in told["steps"]:
        cls = stage_class(step["stage"])
        assert set(step["parameters"]) == set(cls.model_fields) - {"stage"}
        assert step["parameters"].get("seed", 42) == 42
        again = cls.model_validate_json(json.dumps({"stage": step["stage"], **step["parameters"]}))
        assert again.model_dump(mode="json", exclude={"stage"}) == step["parameters"]


def test_versions_are_those_installed() -> None:
    found = versions()
    assert found["curate"] == curate.__version__
    assert found["polars"] == version("polars")
    assert "pytest" not in found


def test_options_that_change_what_is_found_are_told(finished: Finished) -> None:
    told = json.loads((finished.out / "manifest.json").read_bytes())
    assert told["options"] == {"skip_unknown": False, "max_rejects": 0.05}
    assert ReadOptions.model_validate_json(json.dumps(told["read"])) == ReadOptions(seed=told["seed"])


def test_bytes_are_json_with_a_final_newline() -> None:
    data = dump({"b": "ü", "a": [1, None]})
    assert data.endswith(b"}\n")
    assert json.loads(data) == {"b": "ü", "a": [1, None]}
    assert data.index(b'"b"') < data.index(b'"a"')
    assert "ü".encode() in data


def test_seal_is_the_hash_of_the_rest(finished: Finished) -> None:
    told = json.loads((finished.out / "manifest.json").read_bytes())
    sealed = told.pop("seal")
    text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    assert sealed == hashlib.sha256(text.encode()).hexdigest() == seal({**told, "seal": "whatever"})


def test_check_finds_what_differs(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    told = {n: {"bytes": 3, "sha256": hashlib.sha256(d).hexdigest()} for n, d in (("a", b"one"), ("b", b"two"))}
    manifest = {"outputs": told}
    manifest = {**manifest, "seal": seal(manifest)}
    assert check_outputs(tmp_path, manifest) == []
    (tmp_path / "a").write_bytes(b"onE")
    (tmp_path / "b").write_bytes(b"three")
    assert check_outputs(tmp_path, manifest) == [
        "a has other bytes than the run wrote", "b has other bytes than the run wrote (5 instead of 3)",
    ]  # fmt: skip
    assert check_outputs(tmp_path, manifest, only=["b"])[0].startswith("b ")
    (tmp_path / "a").unlink()
    assert "a is missing" in check_outputs(tmp_path, manifest)
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="a"):
        check_outputs(tmp_path, manifest)
