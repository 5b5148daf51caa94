"""A pair follows its prompt through a whole run: read in any shape, kept or dropped, split, exported, trained on."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from curate.cli import cli
from curate.errors import InputError, StageError
from curate.handoff import export
from curate.pipeline import Options, Pipeline
from curate.split import split_file
from curate.stages.annotate.text_stats import TextStats
from curate.stages.dedup.exact_dedup import ExactDedup
from curate.stages.filter.length_filter import LengthFilter
from curate.stages.select.random_sample import RandomSample
from curate.train.records import pairs, read_records
from tests.helpers import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")
Json = dict[str, Any]


def turns(*said: str) -> list[Json]:
    return [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(said)]


def answer(text: str) -> list[Json]:
    return [{"role": "assistant", "content": text}]


def pair(number: int) -> Json:
    """The truth: what must come out, whatever shape it goes in by."""
    prompt = turns(f"Question {number}: what is {number} plus one?\u2028 ")
    if number % 3 == 0:
        prompt = turns("Hello.", "Hi, ask away.", f"And {number} plus one?")
    good, bad = f" It is exactly {number + 1}.\n", f"I would say {number + 2}, or so."
    return {"prompt": prompt, "chosen": answer(good), "rejected": answer(bad)}


def shaped(number: int) -> Json:
    """The same in one of the shapes that pairs are shared in."""
    made = pair(number)
    prompt, chosen, rejected = made["prompt"], made["chosen"], made["rejected"]
    shape = number % 4
    if shape == 0 and len(prompt) == 1:
        return {"prompt": prompt[0]["content"], "chosen": chosen[0]["content"], "rejected": rejected[0]["content"]}
    if shape == 1:
        whole = prompt + chosen
        return {"prompt": "x", "chosen": whole, "rejected": prompt + rejected, "messages": whole, "score_chosen": 9}
    if shape == 2:
        text = "".join(f"\n\n{('Human', 'Assistant')[at % 2]}: {t['content']}" for at, t in enumerate(prompt))
        return {side: f"{text}\n\nAssistant: {made[side][0]['content']}" for side in ("chosen", "rejected")}
    return made


SHORT = {"prompt": "Say yes.", "chosen": "Yes", "rejected": "No, I would rather not say that at all."}


def write(path: Path, records: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def lines(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


STAGES = (LengthFilter(min_response_chars=10), TextStats(), ExactDedup(), RandomSample(size=30))


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of all shapes in two files, one too short, one repeated, one broken; and a file of something else."""
    folder = tmp_path_factory.mktemp("dump")
    write(folder / "a.jsonl", [*map(shaped, range(20)), SHORT, {"prompt": "a", "chosen": "b"}])
    write(folder / "b.jsonl", [*map(shaped, range(20, 40)), shaped(5)])
    write(
        folder / "c.jsonl", [{"instruction": f"Name {n} trees.", "output": "Oak, ash, elm and so on."} for n in (2, 3)]
    )
    return folder


@pytest.fixture(scope="module")
def run(dump: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    result = Pipeline(STAGES).run(sorted(dump.iterdir()), out)
    assert [reject["reason"] for reject in result.rejects] == ["missing_field"]
    return out


def test_pairs_come_out_as_they_went_in(run: Path, tmp_path: Path) -> None:
    done = export(run, tmp_path / "out", "preference")
    kept = [record["messages"] for record in lines(run / "train.jsonl")]
    truth = {json.dumps(made["prompt"] + made["chosen"]): made for made in map(pair, range(40))}
    expected = [truth[json.dumps(messages)] for messages in kept if json.dumps(messages) in truth]
    assert len(expected) >= 28  # of 30 kept, two may be of the other file
    assert lines(tmp_path / "out" / "train.jsonl") == expected
    assert [why for *_, why in done.left_out] == ["it has no rejected answer"] * (30 - len(expected))
    columns = pl.read_parquet(run / "examples.parquet")
    assert columns.columns[-2:] == ["prompt_turns", "rejected"]
    assert columns["rejected"].null_count() == 30 - len(expected)


def test_splits_of_shards_and_order_of_files_change_no_byte(run: Path, dump: Path, tmp_path: Path) -> None:
    files = sorted(dump.iterdir(), reverse=True)
    Pipeline(STAGES).run(files, tmp_path / "again", options=Options(threads=1, shard_rows=3))
    for name in ("train.jsonl", "examples.parquet", "ledger.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes()


def test_a_set_without_pairs_has_no_such_columns(dump: Path, tmp_path: Path) -> None:
    Pipeline([ExactDedup()]).run(dump / "c.jsonl", tmp_path / "plain")
    assert "rejected" not in pl.read_parquet_schema(tmp_path / "plain" / "examples.parquet")
    with pytest.raises(InputError, match="was not made of preference records; give the pairs by `--pairs`"):
        export(tmp_path / "plain", tmp_path / "out", "preference")
    assert not (tmp_path / "out").exists()


def test_a_split_finds_its_pairs_in_the_run_or_in_the_file(run: Path, dump: Path, tmp_path: Path) -> None:
    parts = split_file(run, tmp_path / "split", 6, by=None, threshold=0.9, seed=1)
    assert len(parts.test) == 6
    export(run, tmp_path / "whole", "preference")
    whole = {json.dumps(record): record for record in lines(tmp_path / "whole" / "train.jsonl")}
    broken = dump / "a.jsonl"
    with pytest.raises(InputError, match=r"a\.jsonl:22: not a pair: There is no field `rejected`"):
        export(tmp_path / "split", tmp_path / "out", "preference", pair_file=broken)
    assert not (tmp_path / "out").exists()
    file = write(tmp_path / "pairs.jsonl", [*map(shaped, range(40)), SHORT])
    for source in (run, file):
        out = tmp_path / f"out_{source.name}"
        done = export(tmp_path / "split", out, "preference", pair_file=source)
        written = {name: lines(out / f"{name}.jsonl") for name in ("train", "test") if (out / f"{name}.jsonl").exists()}
        for name, records in written.items():
            prompts = [record["messages"][:-1] for record in lines(tmp_path / "split" / f"{name}.jsonl")]
            assert all(record["prompt"] in prompts for record in records)
        found = [json.dumps(record) for records in written.values() for record in records]
        assert sorted(found) == sorted(whole)
    assert [why for *_, why in done.left_out] == ["its prompt is not in the set"] * (41 - len(whole))
    listed = json.loads((out / "left_out.json").read_text())
    assert [entry["line"] for entry in listed] == [line for _, line, _ in done.left_out]


def grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def near(a: str, b: str) -> bool:
    one, two = grams(a), grams(b)
    return bool(one | two) and len(one & two) / len(one | two) >= 0.5


def planted(count: int) -> list[Json]:
    """Random pairs: each third has the prompt of another; of others one answer is another's, rejected or chosen."""
    chance = random.Random(7)

    def text() -> str:
        return " ".join(chance.choice("abcdefghijklmnopqrstuvwxyz") * chance.randint(1, 4) for _ in range(20))

    made: list[Json] = []
    for number in range(count):
        record: Json = {"prompt": "Go on." if number in (1, 5) else text(), "chosen": text(), "rejected": text()}
        if number > 8 and number % 3 == 0:
            record["prompt"] = chance.choice(made)["prompt"]
        if number > 8 and number % 3 == 1:
            side, other = chance.sample(["chosen", "rejected"], 2) if number % 2 else ["rejected", "rejected"]
            record[side] = chance.choice(made)[other] + " again"
        made.append(record)
    return made


def parts_of(folder: Path) -> dict[str, list[Json]]:
    return {name: lines(folder / f"{name}.jsonl") for name in ("train", "test")}


def leaks(parts: dict[str, list[list[str]]]) -> list[tuple[list[str], list[str]]]:
    """Pairs on either side of the cut, as (prompt, chosen, rejected), with the same or a like prompt, or like answers."""
    return [
        (kept, held)
        for kept, held in itertools.product(parts["train"], parts["test"])
        if kept[0] == held[0] or near(kept[0], held[0]) or any(near(a, b) for a in kept[1:] for b in held[1:])
    ]


def test_a_split_carries_its_pairs_and_nothing_leaks(tmp_path: Path) -> None:
    """A pair goes with its prompt; no prompt, chosen or rejected answer has a near-duplicate beyond the cut."""
    records = planted(150)
    write(tmp_path / "in.jsonl", records)
    Pipeline([ExactDedup()]).run(tmp_path / "in.jsonl", tmp_path / "run")
    write(tmp_path / "other" / "train.jsonl", lines(tmp_path / "run" / "train.jsonl"))
    parts = split_file(tmp_path / "run", tmp_path / "split", 30, by="source", threshold=0.5, seed=1)
    assert len(parts.test) == 30
    done = export(tmp_path / "split", tmp_path / "out", "preference")
    assert done.left_out == ()
    assert done.written == {"train": 120, "test": 30}
    written = parts_of(tmp_path / "out")
    truth = sorted([r["prompt"], r["chosen"], r["rejected"]] for r in records)
    found = {name: [[r[key][-1]["content"] for key in ("prompt", "chosen", "rejected")] for r in some]
             for name, some in written.items()}  # fmt: skip
    assert sorted(found["train"] + found["test"]) == truth
    for name, some in parts_of(tmp_path / "split").items():
        assert [r["messages"] for r in some] == [r["prompt"] + r["chosen"] for r in written[name]]
    assert leaks(found) == []
    # Chosen answers alone do not show all of this.
    split_file(tmp_path / "other", tmp_path / "blind", 30, by=None, threshold=0.5, seed=1)
    of = {record["chosen"]: [record[key] for key in ("prompt", "chosen", "rejected")] for record in records}
    blind = {
        name: [of[r["messages"][-1]["content"]] for r in some] for name, some in parts_of(tmp_path / "blind").items()
    }
    assert leaks(blind)
    # What was exported is a set of pairs, and can be split itself, to the same parts.
    both = write(tmp_path / "pairs" / "train.jsonl", [
        {key: r[key] for key in ("prompt", "chosen", "rejected")} for name in ("train", "test") for r in written[name]
    ])  # fmt: skip
    again = split_file(both.parent, tmp_path / "again", 30, by=None, threshold=0.5, seed=1)
    assert len(again.test) == 30
    assert {name: sorted(map(json.dumps, some)) for name, some in parts_of(tmp_path / "again").items()} == {
        name: sorted(map(json.dumps, some)) for name, some in written.items()
    }
    assert not (tmp_path / "again" / "pairs.parquet").exists()


def test_pairs_of_other_lines_are_never_taken(run: Path, tmp_path: Path) -> None:
    """A file that was changed by hand would give answers to other prompts."""
    split_file(run, tmp_path / "split", 6, by=None, threshold=0.9, seed=1)
    path = tmp_path / "split" / "test.jsonl"
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(InputError, match=r"pairs\.parquet: its rows are not those of test\.jsonl"):
        export(tmp_path / "split", tmp_path / "out", "preference")
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "train.jsonl").write_bytes((run / "train.jsonl").read_bytes().split(b"\n", 1)[1])
    with pytest.raises(InputError, match=r"examples\.parquet: its rows are not those of train\.jsonl"):
        split_file(copy, tmp_path / "refused", 6, by=None, threshold=0.9, seed=1)
    assert not (tmp_path / "refused").exists()


def test_load_dataset_reads_a_split_with_pairs_beside_it(run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the extra `train`")
    split_file(run, tmp_path / "split", 6, by=None, threshold=0.9, seed=1)
    assert (tmp_path / "split" / "pairs.parquet").is_file()
    loaded = datasets.load_dataset(str(tmp_path / "split"), cache_dir=str(tmp_path / "cache"))
    assert {name: part.to_list() for name, part in loaded.items()} == parts_of(tmp_path / "split")


def test_ranking_records_come_back(run: Path, tmp_path: Path) -> None:
    """LLaMA-Factory's shape, read by curate's own reader, gives the same pairs; the small file names what is there."""
    split_file(run, tmp_path / "split", 6, by=None, threshold=0.9, seed=1)
    export(tmp_path / "split", tmp_path / "out", "llama_factory_ranking")
    export(tmp_path / "split", tmp_path / "plain", "preference")
    for name, expected in parts_of(tmp_path / "plain").items():
        back = pairs(read_records(tmp_path / "out" / f"{name}.jsonl"))
        assert [
            {"prompt": list(p.prompt), "chosen": list(p.chosen), "rejected": list(p.rejected)} for p in back
        ] == expected
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert {entry["file_name"] for entry in info.values()} == {"train.jsonl", "test.jsonl"}
    assert all(entry["ranking"] is True for entry in info.values())


ODD = {
    "the same": ({"prompt": "a", "chosen": "Quite so.", "rejected": "Quite so."}, "chosen and rejected are the same"),
    "empty": ({"prompt": "b", "chosen": "Quite so.", "rejected": " "}, "one of its answers is empty"),
    "longer": ({"chosen": turns("c", "d", "e", "f"), "rejected": turns("c", "g", "e", "f")}, "part before the last"),
}


def test_pairs_that_nothing_can_be_learnt_of_are_listed(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [shaped(1), *(record for record, _ in ODD.values())])
    Pipeline([ExactDedup()]).run(tmp_path / "in.jsonl", tmp_path / "run")
    done = CliRunner().invoke(cli, ["export", str(tmp_path / "run"), "--to", "preference", "-o", str(tmp_path / "out")])
    assert done.exit_code == 1, done.output
    assert lines(tmp_path / "out" / "train.jsonl") == [pair(1)]
    told = json.loads((tmp_path / "out" / "left_out.json").read_text())
    assert [entry["line"] for entry in told] == [2, 3, 4]
    for entry, (_, why) in zip(told, ODD.values(), strict=True):
        assert why in entry["why"]
        assert why in done.stderr


def test_the_sample_shows_what_it_says(tmp_path: Path) -> None:
    result = Pipeline([ExactDedup()]).run(ROOT / "sample_data" / "dumps" / "preference", tmp_path / "run")
    assert [(reject["line"], reject["reason"]) for reject in result.rejects] == [(7, "prompt_differs")]
    done = export(tmp_path / "run", tmp_path / "out", "preference")
    assert done.left_out == (("train.jsonl", 6, "chosen and rejected are the same"),)
    made = lines(tmp_path / "out" / "train.jsonl")
    assert [[turn["role"] for turn in record["prompt"]] for record in made] == [
        ["user"], ["system", "user"], ["user", "assistant", "user"], ["user"], ["user", "assistant", "user"],
    ]  # fmt: skip
    assert [record["rejected"][0]["content"][-6:] for record in made] == [
        "litre.",
        "roots.",
        " tent.",
        "ke it.",
        "aaash.",
    ]


def test_load_dataset_reads_the_pairs(run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the extra `train`")
    export(run, tmp_path / "out", "preference")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"]
    assert loaded["train"].to_list() == lines(tmp_path / "out" / "train.jsonl")


def test_a_stage_may_not_write_the_pairs_columns(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.outputs.PAIRED", {"instruction_chars": pl.UInt32()})
    with pytest.raises(StageError, match="column instruction_chars is that of the pairs"):
        Pipeline([TextStats()]).run(dump / "a.jsonl", tmp_path / "out")


def test_training_takes_what_the_run_kept(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="needs the extra `train`")
    from tests.train import tiny

    export(run, tmp_path / "pairs", "preference")
    words = ["train", tmp_path / "pairs", "-m", tiny.model(), "-o", tmp_path / "dpo", "--method", "dpo", "--json",
             "--set", "max_steps=2", "--batch-size", 4, "--micro-batch", 4, "--set", "learning_rate=0.003"]  # fmt: skip
    done = CliRunner().invoke(cli, list(map(str, words)))
    assert done.exit_code == 0, done.output
    book = json.loads(done.stdout)
    assert book["checks"]["examples"] == len(lines(tmp_path / "pairs" / "train.jsonl"))
    # Before the first step the model is its own reference, so that the loss is that of a coin: ln 2.
    assert book["losses"]["1"] == pytest.approx(0.6931, abs=1e-4)
    refused = CliRunner().invoke(cli, ["train", str(run), *map(str, words[2:])])
    assert isinstance(refused.exception, InputError)
    assert "curate export --to preference" in str(refused.exception)
