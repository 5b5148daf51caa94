"""The held-out part: in proportion, the same for any order, and nothing alike across the cut (by brute force)."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import polars as pl
import pytest

from curate.errors import OutputError, UsageError
from curate.split import choose, split_file
from curate.train.records import Conversation


def grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def jaccard(a: str, b: str) -> float:
    one, two = grams(a), grams(b)
    return len(one & two) / len(one | two) if one | two else 0.0


def planted(count: int) -> tuple[list[Conversation], list[str]]:
    """Random texts; a third are copies of another with a word changed, on the side of the question or the answer."""
    chance = random.Random(4)

    def text() -> list[str]:
        return [chance.choice("abcdefghijklmnopqrstuvwxyz") * chance.randint(1, 4) for _ in range(20)]

    rows: list[tuple[list[str], list[str]]] = []
    for number in range(count):
        question, answer = text(), text()
        if number % 3 == 1:
            old = chance.choice(rows)
            question, answer = ([*old[0][:-1], "new"], answer) if number % 2 else (question, [*old[1][:-1], "new"])
        rows.append((question, answer))
    made = [
        Conversation(n + 1, ({"role": "user", "content": " ".join(q)}, {"role": "assistant", "content": " ".join(a)}))
        for n, (q, a) in enumerate(rows)
    ]
    return made, [("large", "large", "small")[n % 3] for n in range(count)]


def test_nothing_alike_across_the_cut() -> None:
    examples, strata = planted(240)
    parts = choose(examples, strata, 30, threshold=0.5, seed=1)
    assert sorted(parts.train + parts.test) == list(range(240))
    assert parts.by_stratum == {"large": 20, "small": 10}
    across = [
        (i, j) for i in parts.test for j in parts.train for side in (0, 1)
        if jaccard(examples[i].messages[side]["content"], examples[j].messages[side]["content"]) >= 0.5
    ]  # fmt: skip
    assert across == []
    alike = sum(jaccard(a.messages[0]["content"], b.messages[0]["content"]) >= 0.5
                for n, a in enumerate(examples) for b in examples[:n])  # fmt: skip
    assert alike > 20


def test_order_of_records_does_not_matter() -> None:
    examples, strata = planted(120)
    parts = choose(examples, strata, 20, threshold=0.5, seed=3)
    order = random.Random(1).sample(range(120), 120)
    again = choose([examples[i] for i in order], [strata[i] for i in order], 20, threshold=0.5, seed=3)
    assert sorted(order[i] for i in again.test) == parts.test
    other = choose(examples, strata, 20, threshold=0.5, seed=4)
    assert other.test != parts.test


def test_files(tmp_path: Path) -> None:
    examples, strata = planted(60)
    lines = [json.dumps({"messages": list(e.messages)}) for e in examples]
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.jsonl").write_text("\n".join(lines) + "\n")
    pl.DataFrame({"source": strata}).write_parquet(tmp_path / "set" / "examples.parquet")
    split_file(tmp_path / "set", tmp_path / "out", 0.1, by="source", threshold=0.5, seed=1)
    parts = [(tmp_path / "out" / name).read_text().splitlines() for name in ("train.jsonl", "test.jsonl")]
    assert [len(part) for part in parts] == [54, 6]
    assert sorted(parts[0] + parts[1]) == sorted(lines)
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        split_file(tmp_path / "set", tmp_path / "taken" / "out", 6, by=None, threshold=0.5, seed=1)
    with pytest.raises(UsageError, match="no column `task`; it has source"):
        split_file(tmp_path / "set", tmp_path / "out", 6, by="task", threshold=0.5, seed=1)
    with pytest.raises(UsageError, match="cannot hold out 60 of 60"):
        split_file(tmp_path / "set", tmp_path / "out", 60, by=None, threshold=0.5, seed=1)
