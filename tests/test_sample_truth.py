"""The gates against the planted truth of the sample dumps, and the default recipe over all of them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any, NamedTuple

import pytest

from curate.config import load_config, parse_config
from curate.pipeline import Pipeline, Result
from tests.helpers import ROOT

DATA = ROOT / "sample_data"
GATES = """
name: gates
stages:
  - stage: length_filter
  - stage: damage
  - stage: damage_filter
  - stage: refusal_filter
  - stage: repetition_filter
  - stage: language
  - stage: language_filter
    keep: [en, de, fr, es, pt]
  - stage: exact_dedup
  - stage: minhash_dedup
    on: instruction
"""
TASKS = {
    "open_qa", "closed_qa", "summarization", "classification", "extraction", "brainstorming", "creative_writing",
    "rewriting", "translation", "coding", "math", "roleplay", "advice",
}  # fmt: skip
DUPLICATES = {"exact_duplicate", "near_duplicate"}

#: The least share of each planted kind that must go.
SHARES = {
    "mojibake": 1.0, "prompt_echo": 1.0, "template_tokens": 1.0, "unclosed_fence": 1.0, "wrong_language": 1.0, "empty": 1.0,
    "repetition": 1.0, "refusal": 0.9, "disclaimer": 0.9, "provider": 0.9, "html": 0.9, "placeholder": 0.9, "truncated": 0.4,
}  # fmt: skip

#: The reasons that fit a kind. A record may be a duplicate besides.
REASONS = {
    "mojibake": {"mojibake"},
    "prompt_echo": {"prompt_echo"},
    "template_tokens": {"template_tokens"},
    "unclosed_fence": {"truncated"},
    "wrong_language": {"wrong_language", "other_language"},
    "empty": {"empty_response", "response_too_short"},
    # A loop stops at its limit, in the middle of a sentence.
    "repetition": {
        "loop",
        "duplicate_lines",
        "duplicate_paragraphs",
        "frequent_ngram",
        "duplicate_ngrams",
        "repeated_tail",
        "copied_sentences",
        "truncated",
    },
    # "I cannot, as an AI" declines and presents itself.
    "refusal": {"refusal", "ai_disclaimer"},
    "disclaimer": {"ai_disclaimer", "refusal", "provider_identity"},
    "provider": {"provider_identity", "ai_disclaimer"},
    "html": {"html_residue"},
    "placeholder": {"placeholder", "response_too_short"},
    "truncated": {"truncated", "unpunctuated", "response_too_short", "damaged"},
}

Place = tuple[str, int]


class Run(NamedTuple):
    """A run of the gates: how each dropped record went, and which stayed, by file and line."""

    result: Result
    dropped: dict[Place, tuple[str, str]]
    kept: set[Place]


def place(file: str, line: int) -> Place:
    return file.rpartition("/")[2], line


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DATA / "TRUTH.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def gates() -> Run:
    result = Pipeline.from_config(parse_config(GATES, name="gates")).run(DATA / "raw")
    dropped = {
        place(file, line): (stage, reason)
        for file, line, stage, reason in result.ledger.select("file", "line", "stage", "reason").iter_rows()
    }
    return Run(result, dropped, {place(*row) for row in result.kept.select("file", "line").iter_rows()})


def faults(truth: dict[str, Any], kind: str) -> list[Place]:
    return [place(f["file"], f["line"]) for f in truth["faults"] if f["kind"] == kind]


def test_rejects_are_the_malformed_records(truth: dict[str, Any], gates: Run) -> None:
    planted = Counter(place(m["file"], m["line"]) for m in truth["malformed"])
    assert len(planted) >= 20
    assert Counter(place(r["file"], r["line"]) for r in gates.result.rejects) == planted


def test_every_record_is_kept_or_dropped_once(truth: dict[str, Any], gates: Run) -> None:
    assert not gates.kept & set(gates.dropped)
    assert gates.result.kept.height == len(gates.kept)
    assert gates.result.ledger.height == len(gates.dropped)
    for file, facts in truth["files"].items():
        kept, dropped = (sum(at[0] == file for at in places) for places in (gates.kept, gates.dropped))
        rejects = sum(place(r["file"], r["line"])[0] == file for r in gates.result.rejects)
        assert kept + dropped == facts["examples"]
        assert kept + dropped + rejects + facts["blank"] == facts["lines"]
    planted = {place(f["file"], f["line"]) for f in truth["faults"]}
    clean = {(file, row[0]) for file, rows in truth["clean"].items() for row in rows}
    assert planted | clean == gates.kept | set(gates.dropped)
    assert not planted & clean


@pytest.mark.parametrize("kind", sorted(SHARES))
def test_planted_faults_go_for_a_reason_that_fits(truth: dict[str, Any], gates: Run, kind: str) -> None:
    planted = faults(truth, kind)
    assert len(planted) >= 40
    gone = {at: gates.dropped[at] for at in planted if at in gates.dropped}
    wrong = {at: why for at, why in gone.items() if why[1] not in REASONS[kind]}
    assert not wrong
    assert len(gone) >= SHARES[kind] * len(planted), [at for at in planted if at not in gone]


def test_every_kind_has_a_share(truth: dict[str, Any]) -> None:
    assert set(truth["kinds"]) == set(SHARES) | DUPLICATES


@pytest.mark.parametrize(("kind", "least"), [("exact_duplicate", 0.0), ("near_duplicate", 0.7)])
def test_never_both_of_a_pair(truth: dict[str, Any], gates: Run, kind: str, least: float) -> None:
    pairs = [
        (place(f["file"], f["line"]), place(f["of"]["file"], f["of"]["line"]))
        for f in truth["faults"]
        if f["kind"] == kind and f.get("jaccard", 1.0) >= least
    ]
    assert len(pairs) >= 30
    both = [pair for pair in pairs if pair[0] in gates.kept and pair[1] in gates.kept]
    assert not both
    # Not by dropping all: one of nearly every pair is still there.
    assert sum(a in gates.kept or b in gates.kept for a, b in pairs) >= 0.9 * len(pairs)


def test_clean_records_stay(truth: dict[str, Any], gates: Run) -> None:
    clean = [(file, row[0]) for file, rows in truth["clean"].items() for row in rows]
    lost = {at: gates.dropped[at] for at in clean if at in gates.dropped and gates.dropped[at][1] not in DUPLICATES}
    by_stage: dict[str, list[Place]] = defaultdict(list)
    for at, (stage, _) in lost.items():
        by_stage[stage].append(at)
    assert len(lost) <= 0.005 * len(clean), dict(by_stage)


def test_clean_records_are_duplicates_only_of_planted_ones(truth: dict[str, Any], gates: Run) -> None:
    clean = {(file, row[0]) for file, rows in truth["clean"].items() for row in rows}
    originals = {place(f["of"]["file"], f["of"]["line"]) for f in truth["faults"] if f["kind"] in DUPLICATES}
    lost = {at for at in clean if at in gates.dropped and gates.dropped[at][1] in DUPLICATES}
    assert not lost - originals


def test_odd_but_sound_records_stay(truth: dict[str, Any], gates: Run) -> None:
    odd = [place(o["file"], o["line"]) for o in truth["odd"]]
    assert len(odd) == 40
    assert not {at: gates.dropped[at] for at in odd if at in gates.dropped}


def test_the_default_recipe_yields_a_thousand_of_all_tasks() -> None:
    result = Pipeline.from_config(load_config(ROOT / "pipelines/lima_1k.yaml")).run(DATA / "raw")
    assert result.kept.height == 1000
    assert result.kept["id"].n_unique() == 1000
    assert set(result.kept["task_type"]) >= TASKS
