"""The ledger and the path of one record, against what the verdicts say."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from curate.errors import InputError, UsageError
from curate.ledger import LEDGER, find_id, read_run, trace
from curate.pipeline import Pipeline
from curate.stages.annotate.text_stats import TextStats
from curate.stages.filter.length_filter import LengthFilter
from curate.stages.select.longest_sample import LongestSample
from tests.conftest import Finished
from tests.runs import Dump


def test_ledger_has_its_columns(light_run: Finished) -> None:
    ledger = pl.read_parquet(light_run.out / "ledger.parquet")
    assert dict(ledger.schema) == LEDGER
    assert ledger.columns == list(LEDGER)
    for column in ("id", "step", "stage", "reason", "also", "source", "file", "line"):
        assert not ledger[column].has_nulls(), column


def test_drops_of_each_stage_against_python(dump: Dump, tmp_path: Path) -> None:
    """Two stages whose verdicts are easily told by hand."""
    Pipeline([LengthFilter(max_response_chars=250, min_turns=1, max_turns=1), LongestSample(size=50)]).run(
        dump.files, tmp_path
    )
    ledger = {r["id"]: r for r in pl.read_parquet(tmp_path / "ledger.parquet").iter_rows(named=True)}
    left = []
    for id_, record in zip(dump.ids(), dump.records, strict=True):
        answers = "\n\n".join(m["content"] for m in record.messages if m["role"] == "assistant")
        turns = sum(m["role"] == "user" for m in record.messages)
        faults = [r for r, bad in (("response_too_long", len(answers) > 250), ("too_many_turns", turns > 1)) if bad]
        if not faults:
            left.append((-len(answers), id_))
            continue
        row = ledger[id_]
        assert (row["step"], row["stage"], row["reason"], row["also"]) == (0, "length_filter", faults[0], faults[1:])
        assert (row["source"], row["file"], row["line"]) == (record.file.split(".")[0], record.file, record.line)
        assert str(len(answers) if faults[0] == "response_too_long" else turns) in row["value"].replace(",", "")
    chosen = {id_ for _, id_ in sorted(left)[:50]}
    assert {i for i in (i for _, i in left) if i in ledger} == {i for _, i in left} - chosen
    assert all(ledger[i]["stage"] == "longest_sample" for _, i in left if i not in chosen)


def test_counts_of_each_step_add_up(light_run: Finished) -> None:
    manifest, ledger, examples = read_run(light_run.out)
    rows = manifest["counts"]["read"]
    for step in manifest["steps"]:
        assert step["rows"] == rows
        assert step["kept"] + sum(step["dropped"].values()) == rows
        mine = ledger.filter(pl.col("step") == step["step"])
        counted = {r: mine.filter(pl.col("reason") == r).height for r in step["dropped"]}
        assert step["dropped"] == counted
        assert mine.height == sum(counted.values())
        assert set(mine["stage"]) <= {step["stage"]}
        rows = step["kept"]
    assert rows == examples.height == manifest["counts"]["kept"]


def test_path_of_every_record(light_run: Finished, dump: Dump) -> None:
    """Each record's path ends where the books say, and shows its own text."""
    _, ledger, examples = read_run(light_run.out)
    texts = dict(zip(dump.ids(), (r.messages for r in dump.records), strict=True))
    for row in [*examples.head(4).iter_rows(named=True), *ledger.gather_every(23).iter_rows(named=True)]:
        path = trace(light_run.out, row["id"])
        assert (path.id, path.file, path.line, path.source) == (row["id"], row["file"], row["line"], row["source"])
        assert path.messages == texts[row["id"]]
        assert path.rank == row.get("rank")
        assert path.size == 40
        fates = [visit.fate for visit in path.visits]
        if "rank" in row:
            assert "dropped" not in fates
            assert len(fates) == 5
        else:
            assert fates.index("dropped") == len(fates) - 1 == row["step"]
            assert path.visits[-1].reason == row["reason"]
        if len(path.visits) > 1:
            response = "\n\n".join(m["content"] for m in texts[row["id"]] if m["role"] == "assistant")
            assert path.visits[1].columns["response_chars"] == len(response)


def test_step_that_comes_twice(dump: Dump, tmp_path: Path) -> None:
    """Two stages of one name are told apart by their place."""
    Pipeline([LongestSample(size=60), TextStats(), LongestSample(size=20)]).run(dump.files, tmp_path)
    ledger = pl.read_parquet(tmp_path / "ledger.parquet")
    assert ledger.group_by("step").len().sort("step").rows() == [(0, len(dump.records) - 60), (2, 40)]
    late = ledger.filter(pl.col("step") == 2)["id"][0]
    assert [v.fate for v in trace(tmp_path, late).visits] == ["kept", "annotated", "dropped"]


_IDS = pl.DataFrame({"id": ["aa11", "ab22", "ab22-2", "ac33"]}), pl.DataFrame({"id": ["ad44"]})


@pytest.mark.parametrize(
    ("wanted", "found"), [("aa", "aa11"), ("ab22", "ab22"), ("ab22-", "ab22-2"), ("ad44", "ad44"), ("ad", "ad44")]
)
def test_id_by_its_beginning(wanted: str, found: str) -> None:
    assert find_id(wanted, *_IDS) == found


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("ab", "2 ids begin with ab: ab22, ab22-2"),
        ("a", "5 ids"),
        ("b", "no record"),
        ("", "no record"),
        ("a.11", "no record"),
        ("aa11-2", "no record"),
    ],
)
def test_id_that_is_none_or_several(wanted: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_id(wanted, *_IDS)


def test_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has no manifest\.json"):
        read_run(tmp_path)
