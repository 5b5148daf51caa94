"""`minhash_dedup` against an exact comparison of all pairs: by scipy, with tokens from a regular expression."""

from __future__ import annotations

import gzip
import json
import re

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from curate.stages.dedup.minhash_dedup import MinhashDedup
from tests.helpers import REAL_DATA, shards, table

NGRAM = 5
THRESHOLD = 0.7


def gram_matrix(texts: list[str]) -> csr_matrix:
    """A line for each text, a column for each distinct 5-gram; codes are exact, not hashes."""
    words: dict[str, int] = {}
    tokens = [re.findall(r"[^\W_]+|[-#$%&*+/<=>@^|~]+", text.lower()) for text in texts]
    flat = np.array([words.setdefault(word, len(words)) for text in tokens for word in text], dtype=np.int64)
    lengths = np.array([len(text) for text in tokens])
    text_of = np.repeat(np.arange(len(texts)), lengths)
    two = np.unique(flat[:-1] * len(words) + flat[1:], return_inverse=True)[1].astype(np.int64)
    four = np.unique(two[:-2] * (two.max() + 1) + two[2:], return_inverse=True)[1].astype(np.int64)
    five = np.unique(four[:-1] * len(words) + flat[4:], return_inverse=True)[1].astype(np.int64)
    whole = text_of[: five.size] == text_of[NGRAM - 1 :]
    lines, columns = text_of[: five.size][whole], five[whole]
    matrix = coo_matrix(
        (np.ones(lines.size, np.int32), (lines, columns)), shape=(len(texts), int(five.max()) + 1)
    ).tocsr()
    matrix.data[:] = 1
    return matrix


def true_pairs(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """All pairs with a Jaccard index of the threshold or more."""
    matrix = gram_matrix(texts)
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    found = []
    for start in range(0, len(texts), 500):
        shared = (matrix[start : start + 500] @ matrix[start:].T).tocoo()
        left, right = shared.row + start, shared.col + start
        close = (shared.data >= THRESHOLD * (sizes[left] + sizes[right] - shared.data)) & (left < right)
        found.append(np.stack([left[close], right[close]]))
    left, right = np.concatenate(found, axis=1)
    return left, right


def check(pairs: list[tuple[str, str]], recall: float) -> int:
    """Precision 1 and the recall asked for; the number of near-duplicates that an exact comparison removes."""
    size = len(pairs)
    left, right = true_pairs([f"{question}\n{answer}" for question, answer in pairs])
    graph = coo_matrix((np.ones(left.size), (left, right)), shape=(size, size))
    count, labels = connected_components(graph, directed=False)
    out = MinhashDedup(threshold=THRESHOLD).apply(shards(table(pairs), 3)).frame
    place = {name: row for row, name in enumerate(table(pairs)["id"])}
    kept = np.array([row if name is None else place[name] for row, name in enumerate(out["kept_id"])])
    assert (labels == labels[kept]).all(), "an example was dropped in favour of one outside its exact component"
    assert (kept[left] == kept[right]).mean() >= recall
    removed = (kept != np.arange(size)).sum()
    assert 0.999 * (size - count) <= removed <= size - count
    return size - count


def test_planted_near_duplicates() -> None:
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"w{i}" for i in range(3000)] + ["+", "->", "=="])
    pairs = []
    for _ in range(900):
        words = rng.choice(vocabulary, int(rng.integers(20, 150)))
        for _ in range(int(rng.integers(1, 4))):
            copy = words.copy()
            changed = rng.random(copy.size) < rng.choice([0.0, 0.01, 0.02, 0.3])
            copy[changed] = rng.choice(vocabulary, int(changed.sum()))
            pairs.append((" ".join(copy[:12]), " ".join(copy[12:])))
    assert check([pairs[i] for i in rng.permutation(len(pairs))], recall=0.999) > 400


@pytest.mark.slow
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="../shared/data is not there: no real dumps to compare all pairs of")
def test_real_dumps() -> None:
    pairs = []
    for name, (question, answer) in {
        "t0_prompted.jsonl.gz": ("prompt", "completion"),
        "alpaca_eval_outputs.jsonl.gz": ("instruction", "output"),
    }.items():
        with gzip.open(REAL_DATA / "raw" / name, "rt", encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        found = [(record[question], record[answer]) for record in records[:: len(records) // 12_000]]
        plain = [pair for pair in found if "".join(pair).isascii() and len(re.findall(r"[^\W_]+", " ".join(pair))) >= 5]
        pairs += plain[:10_000]
    assert len(pairs) == 20_000
    assert check(pairs, recall=0.9999) > 1000
