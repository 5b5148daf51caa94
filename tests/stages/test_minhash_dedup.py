from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from curate.algorithms import minhash, plain
from curate.algorithms.banding import optimal_bands
from curate.errors import StageError
from curate.stages.dedup.minhash_dedup import MinhashDedup
from tests.helpers import MemoryShards, compared_with, shards, table

#: Whether the rows are those of other processes; the fixture `path` changes it.
APART = False


def run(stage: MinhashDedup, frame: pl.DataFrame, parts: int = 1) -> pl.DataFrame:
    selection = stage.apply(replace(shards(frame, parts), apart=APART))
    assert selection.frame["row"].equals(frame["row"].sort())
    return selection.frame


def kept_rows(frame: pl.DataFrame) -> list[int]:
    return frame.filter("keep")["row"].to_list()


VOCABULARY = [f"word{i}" for i in range(4000)]


def sentence(rng: np.random.Generator, words: int) -> list[str]:
    return [str(word) for word in rng.choice(VOCABULARY, words)]


def grams(pair: tuple[str, str], ngram: int, unit: str = "word") -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", f"{pair[0]} {pair[1]}".lower())
    tokens = words if unit == "word" else list(" ".join(words))
    return {tuple(tokens[i : i + ngram]) for i in range(len(tokens) - ngram + 1)}


def jaccard(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    return len(a & b) / len(a | b)


def corpus(seed: int, families: int = 16) -> list[tuple[str, str]]:
    """Texts and altered copies: case, punctuation, and up to a few words changed, added or cut at the end."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(families):
        question, answer = sentence(rng, int(rng.integers(3, 30))), sentence(rng, int(rng.integers(150, 250)))
        for _ in range(int(rng.integers(1, 6))):
            copy = list(answer)
            for _ in range(int(rng.choice([0, 0, 1, 100]))):
                copy[int(rng.integers(len(copy)))] = str(rng.choice(VOCABULARY))
            copy = copy[: len(copy) - int(rng.integers(0, 3))]
            joint = str(rng.choice([" ", ", ", "\n", " … "]))
            pairs.append((" ".join(question).capitalize() + "?", joint.join(copy)))
    return [pairs[i] for i in rng.permutation(len(pairs))]


def expected_clusters(pairs: list[tuple[str, str]], threshold: float, ngram: int, unit: str) -> list[set[int]]:
    sets = [grams(pair, ngram, unit) for pair in pairs]
    bands, rows = optimal_bands(threshold, 128)

    def clusters(least_chance: float) -> list[int]:
        edges = []
        for a, b in combinations(range(len(pairs)), 2):
            index = jaccard(sets[a], sets[b])
            if index >= threshold and 1 - (1 - index**rows) ** bands >= least_chance:
                edges.append((a, b))
        left, right = np.array(edges).T
        graph = coo_matrix((np.ones(left.size), (left, right)), shape=(len(pairs), len(pairs)))
        return connected_components(graph, directed=False)[1].tolist()

    labels = clusters(0.0)
    # Banding finds a pair with a known probability; the corpus must not hang on a pair that it may miss.
    assert labels == clusters(0.9999)
    return [{row for row, label in enumerate(labels) if label == one} for one in sorted(set(labels))]


@pytest.fixture(params=["numpy", "kernels", "apart"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ways to do the work: without a compiler for few texts, the one for many, and where the rows lie apart."""
    if request.param == "kernels":
        monkeypatch.setattr(plain, "FEW", -1)
    if request.param == "apart":
        monkeypatch.setattr(sys.modules[__name__], "APART", True)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(("ngram", "unit"), [(5, "word"), (3, "word"), (9, "char")])
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8])
def test_clusters_survivors_and_values_match_brute_force(threshold: float, ngram: int, unit: str) -> None:
    pairs = corpus(seed=ngram)
    out = run(MinhashDedup(threshold=threshold, ngram=ngram, unit=unit), table(pairs))
    clusters = expected_clusters(pairs, threshold, ngram, unit)
    assert 1 < len(clusters) < len(pairs)
    assert kept_rows(out) == sorted(min(members) for members in clusters)
    for members in clusters:
        for row in members - {min(members)}:
            verdict = out.row(row, named=True)
            index = jaccard(grams(pairs[row], ngram, unit), grams(pairs[min(members)], ngram, unit))
            assert verdict["reason"] == "near_duplicate"
            assert verdict["kept_id"] == f"id{min(members):05d}"
            assert float(verdict["value"]) == pytest.approx(index, abs=5.1e-5)


def test_members_may_be_linked_by_a_third() -> None:
    words = sentence(np.random.default_rng(0), 130)
    ends = [" ".join(words[0:100]), " ".join(words[14:114]), " ".join(words[28:128])]
    near, far = (jaccard(grams((ends[0], ""), 5), grams((ends[i], ""), 5)) for i in (1, 2))
    assert far < 0.6
    assert near > 0.74
    frame = table([(end, "") for end in ends])
    out = run(MinhashDedup(threshold=0.7), frame)
    assert kept_rows(out) == [0]
    assert float(out["value"][2]) == pytest.approx(far, abs=5.1e-5)
    assert kept_rows(run(MinhashDedup(threshold=0.7), frame[[0, 2]])) == [0, 2]


@pytest.mark.usefixtures("path")
def test_short_texts_are_duplicates_only_of_the_same_words() -> None:
    pairs = [
        ("Say hello", "hello"),
        ("say HELLO!", "“Hello”"),
        ("Say hello", "hello you"),
        ("Say", "hello hello"),
        ("2 + 2", "4"),
        ("2 + 3", "5"),
        ("你好", "你好"),
        ("你好!", "你好。"),
        ("你", "好你好"),
        ("Say hello", "hello"),
    ]
    out = run(MinhashDedup(), table(pairs))
    assert kept_rows(out) == [0, 2, 3, 4, 5, 6, 8]
    assert out["kept_id"][1] == out["kept_id"][9] == "id00000"
    assert out["value"].drop_nulls().to_list() == ["1.0"] * 3


@pytest.mark.usefixtures("path")
def test_a_text_without_words_is_a_duplicate_of_none() -> None:
    pairs = [("", ""), ("", ""), ("?!", "..."), (" ", "“”"), ("…", ""), ("", "()")]
    for unit in ("word", "char"):
        assert run(MinhashDedup(unit=unit), table(pairs))["keep"].all()
    answered = table([("one two three four five six", ""), ("seven eight nine ten eleven twelve", "")])
    assert run(MinhashDedup(on="response"), answered)["keep"].all()


@pytest.mark.usefixtures("path")
def test_unspaced_scripts() -> None:
    text = "機械学習とはデータから規則性を見つけ出し予測に役立てる技術のことです"
    other = "今日は天気がとても良いので近くの公園まで歩いて行こうと思っています"
    pairs = [(text, ""), (text + "。", ""), (other, ""), ("「" + text, "ね"), ("", text)]
    assert kept_rows(run(MinhashDedup(), table(pairs))) == [0, 2]


def test_case_and_accents_beyond_ascii() -> None:
    text = "Größe Ärger ÜBUNG façade naïve ΑΘΗΝΑ МОСКВА ELEVEN twelve"
    pairs = [(text, ""), (text.swapcase().replace("SS", "ß"), ""), (text.replace("ö", "o").replace("ï", "i"), "")]
    out = run(MinhashDedup(threshold=0.9), table(pairs))
    assert kept_rows(out) == [0, 2]


def test_one_side_alone() -> None:
    rng = np.random.default_rng(8)
    question, answers = " ".join(sentence(rng, 20)), [" ".join(sentence(rng, 60)) for _ in range(2)]
    frame = table(
        [(question, answers[0]), (question, answers[1]), ("Something else entirely, is it not so?", answers[0])]
    )
    assert kept_rows(run(MinhashDedup(on="instruction"), frame)) == [0, 2]
    assert kept_rows(run(MinhashDedup(on="response"), frame)) == [0, 1]
    assert kept_rows(run(MinhashDedup(on="both"), frame)) == [0, 1, 2]
    assert kept_rows(run(MinhashDedup(on="both", threshold=0.6), frame)) == [0, 1]


@pytest.mark.parametrize(
    ("score", "kept"),
    [
        ([1.0, 3.0, 2.0, 3.0], 3),
        ([None, None, 0.5, None], 2),
        ([None, float("nan"), None, None], 0),
        ([5, 7, 7, 7], 2),
    ],
)
def test_the_largest_score_stays_then_the_first_id(score: list[float | None], kept: int) -> None:
    rng = np.random.default_rng(1)
    words = sentence(rng, 200)
    pairs = [(" ".join([*words, extra]), "") for extra in ("one", "two", "three", "four")]
    frame = table(pairs, ids=["x", "x-10", "x-2", "x-3"], score=score)
    out = run(MinhashDedup(keep_by="score"), frame)
    assert kept_rows(out) == [kept]
    assert set(out["kept_id"].drop_nulls()) == {frame["id"][kept]}
    assert kept_rows(run(MinhashDedup(), frame)) == [0]
    assert kept_rows(run(MinhashDedup(), frame[1:])) == [2]


def test_the_score_column_is_read_and_must_be_numeric() -> None:
    assert MinhashDedup(keep_by="quality").needs() == ("instruction", "response", "quality")
    assert MinhashDedup(keep_by="response").needs() == ("instruction", "response")
    with pytest.raises(StageError, match="the column grade is String, not numeric"):
        run(MinhashDedup(keep_by="grade"), table([("q", "a")], grade=["A"]))


@pytest.mark.parametrize("keep_by", [None, "score"])
def test_neither_shards_nor_the_order_of_rows_matter(keep_by: str | None) -> None:
    pairs = [*corpus(seed=1), ("", ""), ("", ""), ("short", "one"), ("Short", "one")]
    scores = np.random.default_rng(0).integers(0, 3, len(pairs))
    frame = table(pairs, score=scores)
    stage = MinhashDedup(keep_by=keep_by)
    whole = run(stage, frame)
    for parts in (2, 7, len(pairs) + 3):
        assert run(stage, frame, parts).equals(whole)
    interleaved = MemoryShards((frame[1::3], frame[::3], frame[2::3]))
    assert stage.apply(interleaved).frame.equals(whole)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(pairs))
        shuffled = frame[order].with_columns(row=pl.Series(range(len(pairs)), dtype=pl.UInt64))
        assert run(stage, shuffled, 3).drop("row").equals(whole[order].drop("row"))


@pytest.mark.parametrize("keep_by", [None, "score"])
def test_many_candidates_are_compared_some_at_a_time(monkeypatch: pytest.MonkeyPatch, keep_by: str | None) -> None:
    """As far as no texts hang together, no more than a thousand shingles are in memory, and nothing changes."""
    pairs = [*corpus(21, 130), *[("Short.", "One two.")] * 3]
    frame = table(pairs, score=np.random.default_rng(1).random(len(pairs)))
    stage = MinhashDedup(keep_by=keep_by)
    known = compared_with(MinhashDedup(keep_by=keep_by, against=("x",)), pairs[:40:4])
    wanted = [run(one, frame) for one in (stage, known)]
    passes: list[int] = []
    cluster = minhash.cluster
    monkeypatch.setattr(minhash, "cluster", lambda *args: passes.append(1) or cluster(*args))
    monkeypatch.setattr("curate.stages.dedup.minhash_dedup._AT_ONCE", 1000)
    monkeypatch.setattr("curate.stages.dedup.minhash_dedup._EACH", 1)
    assert [run(one, frame).equals(before) for one, before in zip((stage, known), wanted, strict=True)] == [True, True]
    assert len(passes) > 20
    assert {"near_duplicate", "already_known"} <= set(wanted[1]["reason"].drop_nulls())


def test_no_rows_and_one_row() -> None:
    assert run(MinhashDedup(), table([]), 2).height == 0
    assert run(MinhashDedup(keep_by="score"), table([("", "")], score=[1])).select("keep", "kept_id").rows() == [
        (True, None)
    ]


def test_a_hundred_thousand_repeats() -> None:
    text = " ".join(sentence(np.random.default_rng(0), 30))
    out = run(MinhashDedup(), table([(text, "yes")] * 100_000), 4)
    assert kept_rows(out) == [0]
    assert set(out["value"].drop_nulls()) == {"1.0"}


def test_operators_tell_texts_apart() -> None:
    frame = table(
        [("What is 2+3?", "5"), ("What is 2-3?", "5"), ("What is 2 + 3", "5."), ("Sort a<b", ""), ("Sort a>b", "")]
    )
    assert kept_rows(run(MinhashDedup(), frame)) == [0, 1, 3, 4]
    code = "for i in range(n): total = total {} i; print(total)"
    same = table([(code.format(sign), "") for sign in ("+", "-", "*", "//", "<<", "+")])
    assert kept_rows(run(MinhashDedup(), same)) == [0, 1, 2, 3, 4]


def test_responses_that_differ_are_reported_where_instructions_alone_are_compared() -> None:
    rng = np.random.default_rng(2)
    question = " ".join(sentence(rng, 40))
    pairs = [
        (question, "Yes."),
        (question + " please", "No."),
        (question + "!", "Yes."),
        ("?", "Yes."),
        ("other", "Yes."),
    ]
    out = run(MinhashDedup(on="instruction"), table(pairs))
    assert kept_rows(out) == [0, 3, 4]
    assert out["also"].to_list() == [[], ["other_response"], [], [], []]
    out = run(MinhashDedup(on="response"), table(pairs))
    assert kept_rows(out) == [0, 1]
    assert out["also"].to_list() == [[], [], ["other_instruction"], ["other_instruction"], ["other_instruction"]]
    assert set(run(MinhashDedup(threshold=0.6), table(pairs))["reason"].drop_nulls()) == {"near_duplicate"}


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("keep_by", [None, "score"])
def test_what_is_near_an_earlier_dataset_goes_and_names_its_place_there(keep_by: str | None) -> None:
    pairs = corpus(seed=6, families=20)
    stays = np.random.default_rng(0).random(len(pairs)) < 0.3
    earlier, later = ([p for p, s in zip(pairs, stays, strict=True) if s == old] for old in (True, False))
    stage = compared_with(MinhashDedup(against=("earlier",), keep_by=keep_by), earlier)
    out = run(stage, table(later, score=np.arange(len(later))), 3)
    clusters = expected_clusters(earlier + later, 0.7, 5, "word")
    # `compared_with` calls the files dump0.jsonl, dump1.jsonl, dump2.jsonl in turn.
    names = [f"dump{row % 3}.jsonl:{row + 1}" for row in range(len(earlier))]
    sets = [grams(pair, 5) for pair in earlier + later]
    gone = 0
    for members in clusters:
        known = {row for row in members if row < len(earlier)}
        for row in members - known:
            verdict = out.row(row - len(earlier), named=True)
            if not known:
                assert verdict["reason"] in (None, "near_duplicate")
                continue
            gone += 1
            assert verdict["reason"] == "already_known"
            assert verdict["kept_id"] in {names[place] for place in known}
            index = jaccard(sets[row], sets[names.index(verdict["kept_id"])])
            assert float(verdict["value"]) == pytest.approx(index, abs=5.1e-5)
    assert gone > 5
    assert out.filter(pl.col("reason") == "near_duplicate").height > 3
    fresh = [row for row in range(len(later)) if out["reason"][row] != "already_known"]
    again = run(MinhashDedup(keep_by=keep_by), table([later[row] for row in fresh], [f"id{row:05d}" for row in fresh],
                                                     score=np.array(fresh, dtype=np.int64)))  # fmt: skip
    assert again["kept_id"].to_list() == out["kept_id"].gather(fresh).to_list()


def test_an_earlier_dataset_does_not_change_by_itself() -> None:
    rng = np.random.default_rng(5)
    text = " ".join(sentence(rng, 50))
    stage = compared_with(MinhashDedup(against=("earlier",)), [(text, ""), (text + " more", ""), ("", "")])
    out = run(stage, table([("nothing of the kind", "at all"), ("", "")]))
    assert out["keep"].all()
    assert run(compared_with(MinhashDedup(against=("earlier",)), []), table([(text, ""), (text, "")]))[
        "reason"
    ].to_list() == [
        None,
        "near_duplicate",
    ]


def test_the_same_text_in_an_earlier_dataset_stays_there() -> None:
    stage = compared_with(MinhashDedup(against=("earlier",)), [("Say hello", "Hello")])
    out = run(stage, table([("say hello!", "hello"), ("Say goodbye", "Hello")]))
    assert out["reason"].to_list() == ["already_known", None]
    assert out["value"].to_list() == ["1.0", None]


def test_parameters_out_of_bounds_are_refused() -> None:
    for wrong in (
        {"threshold": 0.0},
        {"threshold": 1.1},
        {"ngram": 0},
        {"num_perm": 1},
        {"unit": "byte"},
        {"keep_by": ""},
    ):
        with pytest.raises(ValidationError):
            MinhashDedup(**wrong)
