"""Every line of an input has exactly one fate, and the text that is kept is the input's, byte for byte."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.io import ReadOptions
from curate.pipeline import Options, Pipeline
from curate.stages.dedup.exact_dedup import ExactDedup
from curate.stages.filter.length_filter import LengthFilter
from curate.stages.select.random_sample import RandomSample
from tests.helpers import REAL_DATA, ROOT
from tests.promises.conftest import on_this_machine

#: A gate, repeats and a choice: with these a record may go at any of three stages, or stay.
STAGES = [LengthFilter(min_instruction_chars=1, min_response_chars=4), ExactDedup(), RandomSample(size=6)]
PLAN = Pipeline(STAGES, name="fates", seed=5)
#: The same, told what the lines are, so that even a file of damage alone is read.
TOLD = Pipeline(STAGES, name="fates", seed=5, read=ReadOptions(format="alpaca"))

texts = st.text(max_size=12) | st.sampled_from(
    [
        "café\u0301",
        "a\u2028b\x85c",
        "\ufeff",
        'tab\tquote"back\\slash',
        "null\u0000byte",
        "🪵 木 \U0010ffff",
        "  ",
        "\r\n",
    ]
)


def alpaca(record: Any) -> list[tuple[str, str]] | None:
    """The conversation of a record, by the rules of the documentation and nothing of the package."""
    if not isinstance(record, dict):
        return None
    asked, more, answered = record.get("instruction"), record.get("input", ""), record.get("output")
    if not isinstance(asked, str) or not isinstance(answered, str):
        return None
    return [("user", f"{asked}\n\n{more}" if more else asked), ("assistant", answered)]


@st.composite
def lines(draw: Any) -> bytes:
    """One line: a record that is well-formed, in one of JSON's many spellings."""
    record = {"instruction": draw(texts), "output": draw(texts | st.just("long enough to stay"))}
    if draw(st.booleans()):
        record["input"] = draw(texts)
    if draw(st.booleans()):
        record["tag"] = draw(st.none() | st.integers() | texts | st.lists(texts, max_size=2))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "  :")]))
    return json.dumps(record, ensure_ascii=draw(st.booleans()), separators=separators).encode()


@st.composite
def mutated(draw: Any) -> bytes:
    """A file of JSON lines, some of whose bytes are no longer what they were."""
    data = bytearray()
    for line in draw(st.lists(lines() | st.sampled_from([b"", b" \t", b"[1]", b"null"]), min_size=1, max_size=14)):
        data += line + draw(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"]))
    for _ in range(draw(st.integers(0, 5))):
        at, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        match draw(st.sampled_from(["flip", "insert", "cut", "repeat", "end"])):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                data[at:at] = draw(
                    st.binary(min_size=1, max_size=4)
                    | st.sampled_from([b"\n", b"\0", b'"', b"\xed\xa0\x80", b"\xc0\xaf", b"\\ud800", b"1e999", b"NaN"])
                )
            case "cut":
                del data[at : min(end, at + 30)]
            case "repeat":
                data[at:at] = data[at : min(end, at + 80)]
            case "end":
                del data[max(at, len(data) - 20) :]
    return bytes(data)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    yield from on_this_machine()


def fates(out: Path, name: str) -> tuple[list[int], list[int], list[int]]:
    """The lines of a file that are in the training file, the ledger and the rejects."""
    kept = pl.read_parquet(out / "examples.parquet").filter(pl.col("file") == name)["line"].to_list()
    dropped = pl.read_parquet(out / "ledger.parquet").filter(pl.col("file") == name)["line"].to_list()
    rejects = [json.loads(line) for line in (out / "rejects.jsonl").read_bytes().split(b"\n") if line]
    return kept, dropped, [one["line"] for one in rejects if one["file"] == name]


def split(data: bytes) -> list[bytes]:
    raws = data.split(b"\n")
    return raws if raws[-1] else raws[:-1]


def digest(messages: Any) -> str:
    return hashlib.sha256("\x1e".join(f"{role}\x1f{text}" for role, text in messages).encode()).hexdigest()


def assert_accounted(out: Path, name: str, raws: list[bytes]) -> Counter[str]:
    """Every line once and no other; what is kept equals an independent reading of its line."""
    kept, dropped, rejected = fates(out, name)
    everyone = Counter([*kept, *dropped, *rejected])
    assert set(everyone.values()) <= {1}, "two fates"
    if raws:  # a mark of byte order is one at the start of a file alone
        raws = [raws[0].removeprefix(b"\xef\xbb\xbf"), *raws[1:]]
    blank = {number for number, raw in enumerate(raws, 1) if not raw.strip()}
    assert set(everyone) | blank == set(range(1, len(raws) + 1)), "a line without a fate, or one that is not there"
    assert not blank & set(everyone)
    examples = pl.read_parquet(out / "examples.parquet")
    train = split((out / "train.jsonl").read_bytes())
    assert len(train) == examples.height
    for at, line, told in zip(train, examples["line"], examples["file"], strict=True):
        if told == name:
            wanted = alpaca(json.loads(raws[line - 1].decode("utf-8")))
            messages = json.loads(at)["messages"]
            assert wanted is not None
            assert digest(wanted) == digest((m["role"], m["content"]) for m in messages)
    return Counter(kept=len(kept), dropped=len(dropped), rejected=len(rejected), blank=len(blank))


LINE = b'{"instruction": "a", "output": "long enough"}\n'


def account_for(data: bytes, place: Path) -> None:
    shutil.rmtree(place / "out", ignore_errors=True)
    path = place / "mutated.jsonl"
    path.write_bytes(data)
    # A second file, so that there is something to read and repeats meet across files.
    (place / "whole.jsonl").write_bytes(LINE + LINE.replace(b"a", b"b"))
    try:
        result = TOLD.run([path, place / "whole.jsonl"], place / "out", options=Options(shard_rows=3))
    except InputError as error:
        assert "mutated.jsonl" in str(error)  # noqa: PT017 (most files raise nothing)
        event("the file is refused by name")
        return
    if unknown := [one["file"] for one in result.manifest["unknown"]]:
        assert unknown == ["mutated.jsonl"]
        assert "unknown_files" in [finding["code"] for finding in result.manifest["findings"]]
        event("the file is a finding")
        return
    (about,) = (one for one in result.manifest["inputs"] if one["file"] == "mutated.jsonl")
    assume(about["container"] == "jsonl")  # cut down to one value, the file may be a JSON array or table of its own
    assert about["sha256"] == hashlib.sha256(data).hexdigest()
    raws = split(data)
    found = assert_accounted(result.out, "mutated.jsonl", raws)
    assert about["lines"] == len(raws)
    assert (about["blank"], about["rejected"]) == (found["blank"], found["rejected"])
    assert about["read"] == found["kept"] + found["dropped"]
    assert about["joined"] == about["left"] == about["expanded"] == 0
    for what, number in found.items():
        if number:
            event(what)


checked = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)


@settings(checked, max_examples=40, derandomize=True)
@given(mutated())
@example(LINE * 3)
@example(b"\xef\xbb\xbf" + LINE + b"\r\n" + LINE[:-1])
@example(LINE + b'{"instruction": "\xff", "output": "x"}\n\n' + LINE.replace(b"a", b"\\u0000"))
def test_every_line_of_mutated_bytes_has_one_fate(place: Path, data: bytes) -> None:
    account_for(data, place)


@pytest.mark.soak
@settings(checked, max_examples=2000)
@given(mutated())
def test_every_line_of_many_mutated_bytes_has_one_fate(place: Path, data: bytes) -> None:
    account_for(data, place)


def test_the_account_finds_a_line_that_is_lost(place: Path) -> None:
    shutil.rmtree(place / "out", ignore_errors=True)
    path = place / "lines.jsonl"
    path.write_bytes(LINE + b"{\n" + LINE.replace(b"long", b"wide"))
    PLAN.run(path, place / "out")
    assert_accounted(place / "out", "lines.jsonl", split(path.read_bytes()))
    with pytest.raises(AssertionError, match="without a fate"):
        assert_accounted(place / "out", "lines.jsonl", [*split(path.read_bytes()), LINE])
    with pytest.raises(AssertionError):
        assert_accounted(place / "out", "lines.jsonl", split(path.read_bytes().replace(b" enough", b" Enough")))


DUMPS = sorted((ROOT / "sample_data" / "dumps").iterdir()) if (ROOT / "sample_data" / "dumps").is_dir() else []


@pytest.mark.parametrize("folder", [path for path in DUMPS if "task" not in path.name], ids=lambda path: path.name)
def test_every_record_of_a_dump_has_one_fate(folder: Path, tmp_path: Path) -> None:
    """Joined records are told by their number alone; all others by file and line."""
    result = PLAN.run(folder, tmp_path / "out")
    counts = result.manifest["counts"]
    rejects = [(one["file"], one["line"]) for one in result.rejects]
    told = [*result.kept.select("file", "line").rows(), *result.ledger.select("file", "line").rows(), *rejects]
    assert len(told) == counts["lines"] + counts["expanded"] - counts["blank"] - counts["joined"]
    assert len(told) - len(set(told)) <= counts["expanded"]
    for file in result.manifest["inputs"]:
        parts = ("blank", "rejected", "joined", "left", "read")
        assert file["lines"] + file["expanded"] == sum(file[part] for part in parts)
    left = result.ledger.filter(pl.col("step").is_null())
    assert left.height == counts["left"]
    assert left["id"].null_count() == left.height
    assert counts["read"] > 0


@pytest.mark.soak
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real dumps (../shared/data) are not here")
def test_text_of_the_real_alpaca_records_is_kept(tmp_path: Path) -> None:
    """Every record of a real dump, none dropped: each is its line's, or a reject."""
    found = 0
    for path in sorted((REAL_DATA / "raw").rglob("*.json")):
        values = json.loads(path.read_bytes()) if path.stat().st_size < 10**8 else None
        wanted = [alpaca(value) for value in values] if isinstance(values, list) else []
        if not wanted or None in wanted:
            continue
        result = Pipeline([LengthFilter(min_instruction_chars=1, min_response_chars=1, max_response_chars=None)]).run(
            path, tmp_path / path.stem
        )
        train = split((result.out / "train.jsonl").read_bytes())
        for line, at in zip(result.kept["line"], train, strict=True):
            made = [(m["role"], m["content"]) for m in json.loads(at)["messages"]]
            assert digest(made) == digest(wanted[line - 1])
        assert sorted(itertools.chain(*fates(result.out, path.name))) == list(range(1, len(values) + 1))
        found += len(values)
    assert found > 0, "no such dump among the real ones"
