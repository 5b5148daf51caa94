"""`curate why`: a record's whole path, from the ledger and, while it is there, the cache."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import Finished
from tests.runs import Dump, assert_fails, curate

STAGES = ["length_filter", "text_stats", "exact_dedup", "minhash_dedup", "random_sample"]


def ledger(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "ledger.parquet")


def five_grams(messages: list[dict[str, str]]) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", messages[0]["content"].lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def why(out: Path, id_: str) -> str:
    done = curate("why", out, id_)
    assert (done.code, done.err) == (0, "")
    return done.out


@pytest.fixture
def alone(light_run: Finished, tmp_path: Path) -> Path:
    """The finished run without its cache."""
    out = tmp_path / "alone"
    shutil.copytree(light_run.out, out)
    shutil.rmtree(out / ".curate")
    return out


@pytest.fixture(params=["with the cache", "without"])
def out(request: pytest.FixtureRequest, light_run: Finished, alone: Path) -> Path:
    return light_run.out if request.param == "with the cache" else alone


def test_kept(out: Path, dump: Dump) -> None:
    examples = pl.read_parquet(out / "examples.parquet")
    for row in (examples.row(0, named=True), examples.row(17, named=True)):
        text = why(out, row["id"])
        assert text.startswith(f"{row['id']}  {row['file']}:{row['line']}")
        assert f"Kept: line {row['rank']} of 40 in train.jsonl" in text
        assert [line.split()[1] for line in text.splitlines() if re.match(r" +\d+  ", line)] == STAGES
        assert "DROPPED" not in text


def test_kept_with_the_cache_tells_text_and_numbers(light_run: Finished, dump: Dump) -> None:
    row = pl.read_parquet(light_run.out / "examples.parquet").row(3, named=True)
    messages = dict(zip(dump.ids(), (r.messages for r in dump.records), strict=True))[row["id"]]
    text = why(light_run.out, row["id"])
    for message in messages:
        assert f"{message['role']}: {' '.join(message['content'].split())[:80]}" in text
    assert f"response_chars={row['response_chars']}" in text
    assert "chosen by random_sample as number 4" in text


def test_dropped_by_a_filter(out: Path, dump: Dump) -> None:
    text = why(out, dump.id_at("short"))
    assert "DROPPED response_too_short" in text
    assert "Dropped by length_filter: response_too_short." in text
    assert "6" in text.split("value")[1]  # the length of `Twice.`
    assert "exact_dedup" not in text  # it never got there


def test_exact_duplicate(out: Path, dump: Dump) -> None:
    rows = ledger(out).filter(pl.col("reason") == "exact_duplicate")
    assert rows.height == 3
    for row in rows.iter_rows(named=True):
        text = why(out, row["id"])
        assert f"in favour of {row['kept_id']}" in text
        assert f"Kept in its place: {row['kept_id']}, which " in text


def test_near_duplicate_and_the_fate_of_the_one_kept(out: Path, dump: Dump) -> None:
    text = why(out, dump.id_at("near_short"))
    other = dump.id_at("near_long")
    one, two = (
        five_grams(next(r.messages for r in dump.records if (r.file, r.line) == dump.planted[w]))
        for w in ("near_short", "near_long")
    )
    jaccard = len(one & two) / len(one | two)
    assert f"DROPPED near_duplicate · value {jaccard:.4g}" in text
    assert f"in favour of {other}" in text
    kept = set(pl.read_parquet(out / "examples.parquet")["id"])
    fate = "is line" if other in kept else "was dropped later by random_sample: not_selected"
    assert f"Kept in its place: {other}, which {fate}" in text


def test_chain_of_records_kept_for_another(dump: Dump, tmp_path: Path) -> None:
    """A repeat of a record that is itself a near-duplicate of a third."""
    rows = [
        ("a" * 3 + " " + " ".join(f"word{i}" for i in range(40)), "short"),
        ("a" * 3 + "  " + " ".join(f"word{i}" for i in range(40)), "short"),
        ("b" * 3 + " " + " ".join(f"word{i}" for i in range(40)), "a far longer answer than the others have"),
        ("what else is there?", "nothing at all, they say"),
    ]
    lines = [json.dumps({"instruction": q, "input": "", "output": a}) for q, a in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "p.yaml").write_text(
        "name: p\nstages:\n  - stage: text_stats\n  - stage: exact_dedup\n  - stage: minhash_dedup\n"
        "    on: instruction\n    keep_by: length_score\n"
    )
    out = tmp_path / "out"
    done = curate("run", tmp_path / "p.yaml", tmp_path / "a.jsonl", "--out", out)
    assert done.code == 0, done.err
    gone = {r["reason"]: r for r in ledger(out).iter_rows(named=True)}
    assert set(gone) == {"exact_duplicate", "near_duplicate"}
    text = why(out, gone["exact_duplicate"]["id"])
    middle, last = gone["near_duplicate"]["id"], gone["near_duplicate"]["kept_id"]
    assert gone["exact_duplicate"]["kept_id"] == middle
    places = [text.index(f"Kept in its place: {middle}, which was dropped later by minhash_dedup"),
              text.index(f"Kept in its place: {last}, which is line ")]  # fmt: skip
    assert places == sorted(places)


def test_not_selected(out: Path) -> None:
    row = ledger(out).filter(pl.col("reason") == "not_selected").row(5, named=True)
    text = why(out, row["id"])
    assert "DROPPED not_selected" in text
    assert "Dropped by random_sample: not_selected. Other examples were drawn." in text


def test_without_the_cache_it_says_what_is_missing(alone: Path, dump: Dump) -> None:
    text = why(alone, dump.id_at("twin"))
    assert "no longer cached" in text
    assert "rubber band" not in text


def test_default_recipe_explains_its_choice(finished: Finished) -> None:
    examples = pl.read_parquet(finished.out / "examples.parquet")
    text = why(finished.out, examples["id"][0])
    assert "chosen by facility_location as number 1" in text
    dropped = ledger(finished.out).filter(pl.col("stage") == "facility_location")["id"][0]
    assert "DROPPED not_selected" in why(finished.out, dropped)


def test_beginning_of_an_id_is_enough(light_run: Finished, dump: Dump) -> None:
    ids = dump.ids()
    id_ = next(i for i in ids if "-" not in i and sum(other.startswith(i[:6]) for other in ids) == 1)
    assert why(light_run.out, id_[:6]) == why(light_run.out, id_)


def test_id_of_a_repeat_is_not_that_of_the_first(light_run: Finished, dump: Dump) -> None:
    first, again = dump.id_at("twin"), dump.id_at("twin_again")
    assert why(light_run.out, first).startswith(f"{first}  chats.json:12 ")
    assert why(light_run.out, again).startswith(f"{again}  notes.csv:22 ")


@pytest.mark.parametrize("wanted", ["", "zzzz", "*", "\x1b[31m", "0" * 17])
def test_unknown_id(light_run: Finished, wanted: str) -> None:
    done = curate("why", light_run.out, wanted)
    assert_fails(done, 2, "no record of this run has the id")
    assert "\x1b" not in done.err


def test_ambiguous_beginning(light_run: Finished, dump: Dump) -> None:
    first = dump.id_at("twin")
    done = curate("why", light_run.out, first[:15])
    assert_fails(done, 2, "3 ids begin with", first, f"{first}-2", f"{first}-3")
    letter = next(c for c in "0123456789abcdef" if sum(i.startswith(c) for i in dump.ids()) > 5)
    assert "…" in curate("why", light_run.out, letter).err


def test_folder_that_is_no_run(tmp_path: Path, light_run: Finished, dump: Dump) -> None:
    assert_fails(curate("why", tmp_path / "gone", "abc"), 3, "gone")
    assert_fails(curate("why", tmp_path, "abc"), 3, "manifest.json")
    (tmp_path / "half").mkdir()
    shutil.copy(light_run.out / "manifest.json", tmp_path / "half")
    assert_fails(curate("why", tmp_path / "half", "abc"), 3, "half")
    assert_fails(curate("why", dump.folder, "abc"), 3, "manifest.json")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{", '{"schema": 1}', '{"schema": 2}', "\udcff"])
def test_manifest_that_is_none(light_run: Finished, tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    (out / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    for args in (("why", out, "abc"), ("verify", out)):
        assert_fails(curate(*args), 3, str(out))


@pytest.mark.parametrize("name", ["ledger.parquet", "examples.parquet"])
@pytest.mark.parametrize("place", [0, 4, 0.3, 0.6, 0.9, -9, -1])
def test_damaged_table_is_no_answer(light_run: Finished, tmp_path: Path, name: str, place: float) -> None:
    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    data = bytearray((out / name).read_bytes())
    at = int(place * len(data)) if 0 < place < 1 else int(place)
    data[at] ^= 0x55
    (out / name).write_bytes(bytes(data))
    assert_fails(curate("why", out, "abc"), 3, name)


@pytest.mark.parametrize("text", ["{}", "[]", "null", "{", '{"fingerprint": 3}'])
def test_damaged_cache_is_as_none(light_run: Finished, dump: Dump, tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    (out / ".curate" / "run.json").write_text(text)
    assert "no longer cached" in why(out, dump.id_at("twin"))


def test_damaged_run_file_of_the_same_run(light_run: Finished, dump: Dump, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    run = json.loads((out / ".curate" / "run.json").read_bytes())
    for key in run:
        if key == "fingerprint":
            continue
        (out / ".curate" / "run.json").write_text(json.dumps({k: v for k, v in run.items() if k != key}))
        text = why(out, dump.id_at("short"))
        assert "DROPPED response_too_short" in text


def test_part_of_the_cache_that_is_damaged_tells_no_lies(light_run: Finished, dump: Dump, tmp_path: Path) -> None:
    for number in range(9):
        out = tmp_path / f"out{number}"
        shutil.copytree(light_run.out, out)
        folder = sorted((out / ".curate" / "steps").iterdir())[number]
        for part in folder.glob("*.parquet"):
            data = part.read_bytes()
            part.write_bytes(data[: len(data) // 2])
        assert "no longer cached" in why(out, dump.id_at("twin"))


def test_json(light_run: Finished, dump: Dump) -> None:
    done = curate("why", light_run.out, dump.id_at("near_short"), "--json")
    assert (done.code, done.err) == (0, "")
    path = json.loads(done.out)
    assert path["schema"] == 1
    assert path["id"] == dump.id_at("near_short")
    assert (path["file"], path["line"]) == dump.planted["near_short"]
    assert path["messages"] == next(r.messages for r in dump.records if (r.file, r.line) == dump.planted["near_short"])
    assert [v["stage"] for v in path["visits"]] == STAGES[:4]
    assert [v["fate"] for v in path["visits"]] == ["kept", "annotated", "kept", "dropped"]
    assert path["visits"][-1]["kept_id"] == dump.id_at("near_long")
    assert path["rank"] is None


_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_record_text_never_controls_the_terminal(light_run: Finished, dump: Dump, extra: tuple[str, ...]) -> None:
    id_ = dump.id_at("terminal")
    text = next(r.messages for r in dump.records if (r.file, r.line) == dump.planted["terminal"])[0]["content"]
    assert len(_CONTROL.findall(text)) >= 4
    done = curate("why", light_run.out, id_, *extra)
    assert done.code == 0
    assert not _CONTROL.search(done.out), done.out.encode()
    assert "木の看板 🪵" in done.out
    if extra:
        assert json.loads(done.out)["messages"][0]["content"] == text
    else:
        assert "\\x1b[31mred" in done.out


def test_a_line_is_asked_for_by_its_place(dump: Dump, light_run: Finished) -> None:
    ledger = pl.read_parquet(light_run.out / "ledger.parquet")
    row = ledger.row(0, named=True)
    short = row["file"].rpartition("/")[2]
    by_place, by_id = (curate("why", light_run.out, what) for what in (f"{short}:{row['line']}", row["id"]))
    assert by_place.code == 0, by_place.err
    assert by_place.out == by_id.out
    reject = json.loads((light_run.out / "rejects.jsonl").read_bytes().split(b"\n")[0])
    rejected = curate("why", light_run.out, f"{reject['file']}:{reject['line']}")
    assert rejected.code == 0
    assert reject["reason"] in rejected.out
    nowhere = curate("why", light_run.out, f"{short}:999999")
    assert nowhere.code == 2
    assert "999999" in nowhere.err
