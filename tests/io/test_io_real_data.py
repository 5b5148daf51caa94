"""The real dumps, counted against a plain `json.load` of each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from curate.io import discover, read

RAW = Path(__file__).resolve().parents[3] / "shared" / "data" / "raw"
pytestmark = pytest.mark.skipif(not RAW.is_dir(), reason="the real dumps (../shared/data/raw) are not here")

FORMATS = {
    "raw/alpaca_9k.json": "alpaca",
    "raw/alpaca_eval_outputs.jsonl.gz": "alpaca",
    "raw/code_alpaca.json": "alpaca",
    "raw/dolly_1k5.jsonl": "dolly",
    "raw/gpteacher_roleplay.json": "alpaca",
    "raw/gsm8k_train.json": "alpaca",
    "raw/self_instruct_seed_tasks.jsonl": "self_instruct",
    "raw/t0_prompted.jsonl.gz": "prompt_completion",
}
#: Dumps with tests of their own.
DUMPS = {"raw/beer.stackexchange.com/Posts.xml": "stackexchange", "raw/oasst_trees.jsonl": "oasst_trees"}


def plainly(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if ".jsonl" in path.name:
        return [json.loads(line) for line in data.split(b"\n") if line.strip()]
    return list(json.loads(data))


def test_what_is_found() -> None:
    found = discover([str(RAW)])
    assert {file.name: file.format for file in found.files} == FORMATS | DUMPS
    assert found.unknown == []


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_record(name: str) -> None:
    path = RAW.parent / name
    (file,) = discover([str(path)]).files
    records = plainly(path)
    at = 0
    for batch in read(file):
        assert (batch.rejects, batch.blank, batch.expanded) == ([], 0, 0)  # its tasks have one instance each
        assert batch.lines == batch.frame.height
        for line, messages, meta in batch.frame.select("line", "messages", "meta").iter_rows():
            assert line == at + 1
            record, kept = records[at], json.loads(meta)
            at += 1
            if file.format == "self_instruct":
                assert messages[1]["content"] == record["instances"][0]["output"]
                continue
            shown = [message["content"] for message in messages] + list(kept.values())
            for key, value in record.items():
                if "_parts" in kept and key in {"instruction", "input", "context"}:
                    assert value in messages[0]["content"]
                else:
                    assert value in shown
    assert at == len(records)
