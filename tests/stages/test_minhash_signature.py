from __future__ import annotations

import numpy as np
import pytest
from datasketch import LeanMinHash, MinHash, MinHashLSH

from curate.algorithms import plain
from curate.stages.annotate.minhash_signature import MinhashSignature
from tests.helpers import frame, run_stage

VOCABULARY = [f"word{i}" for i in range(500)]


def texts(count: int) -> list[str]:
    rng = np.random.default_rng(1)
    return [" ".join(rng.choice(VOCABULARY, int(rng.integers(20, 80)))) for _ in range(count)]


@pytest.mark.parametrize("few", [plain.FEW, -1])
@pytest.mark.parametrize("num_perm", [16, 128])
def test_datasketch_reads_the_signatures_and_writes_the_same_bytes(
    few: int, num_perm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "FEW", few)
    pairs = [(text, "") for text in ["", "one two", *texts(5)]]
    for data in run_stage(MinhashSignature(num_perm=num_perm), frame(pairs), 2)["minhash"]:
        read = LeanMinHash.deserialize(data)
        assert (read.seed, len(read), read.scheme) == (1, num_perm, "affine32")
        again = bytearray(read.bytesize())
        read.serialize(again)
        assert bytes(again) == data
    assert read.jaccard(MinHash(num_perm=num_perm, seed=1, scheme="affine32")) == 0


def test_the_estimate_is_near_the_jaccard_index_of_the_ngrams() -> None:
    base = texts(30)
    changed = [" ".join(text.split()[:-8]) for text in base]
    found = run_stage(MinhashSignature(num_perm=256), frame([(text, "") for text in [*base, *changed]]))["minhash"]
    for i, (one, other) in enumerate(zip(base, changed, strict=True)):
        sets = [{tuple(t.split()[j : j + 5]) for j in range(len(t.split()) - 4)} for t in (one, other)]
        index = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        sketches = [LeanMinHash.deserialize(found[row]) for row in (i, i + 30)]
        # Five standard deviations of a mean of 256 coin tosses.
        assert abs(sketches[0].jaccard(sketches[1]) - index) < 5 * 0.5 / 16


def test_a_store_finds_what_it_has_seen_by_datasketch() -> None:
    seen, new = texts(40)[:20], texts(40)[20:]
    store = frame([(text, "yes") for text in seen])
    lsh = MinHashLSH(threshold=0.7, num_perm=128)
    for name, data in zip(store["id"], run_stage(MinhashSignature(), store)["minhash"], strict=True):
        lsh.insert(name, LeanMinHash.deserialize(data))
    later = run_stage(MinhashSignature(), frame([(text + "!", "Yes.") for text in seen] + [(text, "") for text in new]))
    matches = [lsh.query(LeanMinHash.deserialize(data)) for data in later["minhash"]]
    assert matches == [[name] for name in store["id"]] + [[]] * 20
