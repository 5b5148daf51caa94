"""`minhash_dedup` where the rows lie apart says, byte for byte, what it says where one process holds them all."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from curate import near_duplicates
from curate.stages.dedup.minhash_dedup import MinhashDedup
from tests.helpers import MemoryShards, compared_with, shards, table

WORDS = [f"word{i}" for i in range(4000)]


def sentence(rng: np.random.Generator, words: int) -> list[str]:
    return [str(word) for word in rng.choice(WORDS, words)]


def giant(rng: np.random.Generator) -> list[str]:
    """One cluster of texts of which each has one word changed; a third of them are the same text."""
    base = sentence(rng, 120)
    out = [" ".join(base)] * 250
    for _ in range(500):
        copy = list(base)
        copy[int(rng.integers(120))] = str(rng.choice(WORDS))
        out.append(" ".join(copy))
    return out


def chain(rng: np.random.Generator) -> list[str]:
    """Each text is near the next one alone, and the ends have nothing in common; no two neighbours share a shard."""
    words = sentence(rng, 60 * 6 + 100)
    links = [" ".join(words[6 * at : 6 * at + 100]) for at in range(60)]
    return [links[at] for start in range(7) for at in range(start, 60, 7)]


def template(rng: np.random.Generator) -> list[str]:
    """Around one template, each with so much of its own that it shares bands with others and is near none."""
    base = " ".join(sentence(rng, 90))
    return [f"{base} {' '.join(sentence(rng, 55))}" for _ in range(300)]


def short(_: np.random.Generator) -> list[str]:
    """Fewer words than an n-gram has, and none."""
    return ["Say hello", "say HELLO!", "Say hello you", "2 + 2", "2 + 3", "", "?!", "…", "", "“Say hello”", "2+2"]


def unspaced(rng: np.random.Generator) -> list[str]:
    """Chinese and Japanese, where each character is a word; with some changed, and some short."""
    signs = [chr(0x4E00 + int(at)) for at in rng.integers(0, 3000, 150)]
    out = []
    for _ in range(120):
        copy = list(signs)
        for _ in range(int(rng.integers(0, 12))):
            copy[int(rng.integers(150))] = chr(0x4E00 + int(rng.integers(3000)))
        out.append("".join(copy))
    return [
        *out,
        "你好",
        "你好。",
        "今日は",
        "「今日は」",
        "機械学習とはデータから規則性を見つけ出し",
        "機械学習とはデータから規則性を見つけ出し！",
    ]


CORPORA = {"giant": giant, "chain": chain, "template": template, "short": short, "unspaced": unspaced}


@cache
def frame(name: str) -> pl.DataFrame:
    """The corpus, or all of them mixed, with some texts of no likeness and a column to choose by."""
    rng = np.random.default_rng(sorted([*CORPORA, "all"]).index(name))
    texts = [text for one in ([name] if name in CORPORA else CORPORA) for text in CORPORA[one](rng)]
    texts += [" ".join(sentence(rng, int(rng.integers(1, 80)))) for _ in range(60)]
    order = rng.permutation(len(texts)) if name == "all" else range(len(texts))
    pairs = [(texts[at], str(rng.choice(["Yes.", "No."]))) for at in order]
    ids = [f"{number:04x}" for number in rng.permutation(len(pairs))]
    return table(pairs, ids, score=pl.Series(rng.integers(0, 4, len(pairs))).replace(3, None))


def said(stage: MinhashDedup, rows: MemoryShards) -> bytes:
    buffer = io.BytesIO()
    stage.apply(rows).frame.write_parquet(buffer, compression="lz4", statistics=False)
    return buffer.getvalue()


@pytest.mark.parametrize("name", [*CORPORA, "all"])
def test_the_same_bytes_as_in_one_process(name: str) -> None:
    whole = frame(name)
    stages = [MinhashDedup(on="instruction", keep_by="score"), MinhashDedup()]
    for stage in stages if name != "all" else [*stages, MinhashDedup(threshold=0.5, unit="char", ngram=9)]:
        wanted = said(stage, shards(whole))
        for count in (1, 3, 7) if name != "all" else (7,):
            assert said(stage, replace(shards(whole, count), apart=True)) == wanted, count
        # Any split of the rows, not only one in their order.
        assert said(stage, MemoryShards((whole[1::3], whole[::3], whole[2::3]), apart=True)) == wanted


def test_the_corpora_are_what_they_are_meant_to_be() -> None:
    kept = {name: MinhashDedup().apply(shards(frame(name))).frame["keep"].sum() for name in CORPORA}
    assert kept["giant"] == 61
    assert kept["chain"] == 61
    assert kept["template"] == 360


@pytest.mark.parametrize(("name", "least"), [("all", 300), ("template", 200)])
def test_what_is_compared_is_what_hangs_together(monkeypatch: pytest.MonkeyPatch, name: str, least: int) -> None:
    """Of texts that share no band with another, no process is given the sets; of the others, one has all of a cluster."""
    whole, seen = frame(name), []
    compare = MinhashDedup._compared
    monkeypatch.setattr(
        MinhashDedup, "_compared", lambda stage, *parts: seen.append(parts[0].height) or compare(stage, *parts)
    )
    monkeypatch.setattr(near_duplicates, "SetsHere", None)  # what one process does with all of them
    MinhashDedup().apply(replace(shards(whole, 5), apart=True))
    assert least < max(seen) <= sum(seen) <= whole.height - 50


@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows_and_one_row(rows: int) -> None:
    out = MinhashDedup().apply(replace(shards(frame("short")[:rows], 2), apart=True)).frame
    assert out["keep"].to_list() == [True] * rows


@pytest.mark.parametrize("name", [*CORPORA, "all"])
def test_an_earlier_dataset_says_the_same_as_in_one_process(name: str) -> None:
    """Every ninth text is known, some twice; so that there are clusters with none, with one and with many of these."""
    whole = frame(name)
    known = whole.select("instruction", "response").rows()[::9]
    for stage in (MinhashDedup(against=("old",), on="instruction", keep_by="score"), MinhashDedup(against=("old",))):
        compared = compared_with(stage, [*known, *known[::3], ("Nobody asks this", "but it is known"), ("", "")])
        wanted = said(compared, shards(whole))
        assert {"already_known", None} <= set(compared.apply(shards(whole)).frame["reason"])
        assert said(compared, replace(shards(whole, 3), apart=True)) == wanted
        assert said(compared, MemoryShards((whole[1::3], whole[::3], whole[2::3]), apart=True)) == wanted


def test_texts_hang_together_by_what_is_known() -> None:
    """Of a chain of known texts the ends alone are rows, which have nothing in common."""
    links = chain(np.random.default_rng(3))
    texts = [links[0], links[59], " ".join(sentence(np.random.default_rng(4), 50))]
    stage = compared_with(MinhashDedup(against=("old",)), [(link, "Yes.") for link in links[1:59]])
    whole = table([(text, "Yes.") for text in texts], list("abc"))
    wanted = said(stage, shards(whole))
    assert stage.apply(shards(whole)).frame["reason"].to_list() == ["already_known", "already_known", None]
    assert said(stage, replace(shards(whole, 2), apart=True)) == wanted


def test_of_what_is_known_only_what_hangs_together_with_a_row_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, told = frame("template"), []
    both = near_duplicates._both

    def watched(part: pl.DataFrame, compare: near_duplicates.Compare, known: pl.DataFrame) -> pl.DataFrame:
        told.append(known.height)
        return both(part, compare, known)

    monkeypatch.setattr(near_duplicates, "_both", watched)
    rng = np.random.default_rng(8)
    others = [" ".join(sentence(rng, 40)) for _ in range(30)]
    known = [*whole["instruction"].to_list()[:4], *others, *others]  # near each other, and near no row
    stage = compared_with(MinhashDedup(against=("old",), on="instruction"), [(text, "") for text in known])
    dropped = stage.apply(replace(shards(whole, 3), apart=True)).frame.filter(~pl.col("keep"))
    assert dropped["reason"].to_list() == ["already_known"] * 4
    assert set(told) == {4}


@pytest.mark.parametrize("rows", [0, 1])
def test_known_texts_and_no_rows_or_one(rows: int) -> None:
    stage = compared_with(MinhashDedup(against=("old",)), [("Say hello", "No."), ("Say hello", "Yes.")])
    whole = frame("short")[:rows]
    assert said(stage, replace(shards(whole, 2), apart=True)) == said(stage, shards(whole))
