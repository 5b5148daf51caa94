"""`python -m curate.algorithms.warm`: compile the kernels now, not in the first run.

Numba keeps compiled kernels in `__pycache__` beside their source; where that cannot be written, in the user's cache
folder (`~/.cache/numba`, or what `NUMBA_CACHE_DIR` names); where neither can, each process compiles them again. The
code is made for the processor at hand, so it cannot be shipped, only made once after an installation.
"""

from __future__ import annotations

import numpy as np

from curate.algorithms import (
    components,
    coverage,
    damage_marks,
    damage_measures,
    diversity,
    facility_location,
    folded,
    k_center,
    language,
    language_screens,
    leaders,
    ngrams,
    plain,
    preference_counts,
    repetition,
    sketch,
    task_features,
    task_model,
    twins,
)
from curate.algorithms.minhash import ShingleSets
from curate.algorithms.shingles import Room
from curate.algorithms.texts import Texts
from curate.algorithms.wording import Wording


def _texts(data: list[bytes]) -> Texts:
    memory = np.frombuffer(b"".join(data), dtype=np.uint8)
    size = np.array([len(text) for text in data], dtype=np.int64)
    return Texts(memory.ctypes.data + np.cumsum(size) - size, size, memory)


def warm_rows() -> None:
    """Run the kernels of the stages that look at each row, and those of the encoder, once."""
    from curate.damage.model import load
    from curate.damage.raw import lexicon
    from curate.encoders.static import shipped

    asked, said = "What is the depth of the lake?", "The lake is deep. It is 湖 deep."
    table, known = lexicon()
    encoded = said.encode()
    damage_measures.measure(_texts([asked.encode()]), _texts([encoded]), table, load().order, known, few=(0, 0))
    folded.folded([_texts([asked.encode()]), _texts([encoded])])
    damage_marks.counted(_texts([encoded]))
    twins.twins(_texts([encoded]), np.zeros(1 << 16, np.uint8))
    whole = np.frombuffer(encoded, np.uint8), np.array([0, len(encoded)], dtype=np.int64)
    repetition.measure(*whole)
    language.score(*whole)
    language_screens.look(_texts([encoded]))
    preference_counts.counted(_texts([asked.encode()]), _texts([encoded]))
    features = task_features.hashed([asked], [asked], np.zeros(1, dtype=np.bool_))
    model = task_model.shipped()
    model.logits(features, np.zeros((1, len(model.signs)), dtype=np.bool_), np.zeros((1, len(model.bias))))
    shipped().encode([said] * (plain.FEW + 1))
    shipped().counted(_texts([encoded]), 0, 1)
    shipped().pooled_halves(_texts([encoded]), 0, 1)


def warm() -> None:
    """Run the kernels of near-duplicate search once, on texts round a template: a crowded bucket, one near pair."""
    count = plain.FEW + 1
    bodies = [
        f"a template of many words that all have {' '.join(f'own{i}x{j}' for j in range(4))}" for i in range(count)
    ]
    data = [f"{body} é {body}".encode() for body in [*bodies, bodies[-1] + " more"]]
    sides = [_texts(data)]
    for unit in ("char", "word"):
        found = sketch.sketches(sides, ngram=3, unit=unit, num_perm=128, bands=(128, 1))
    sketch.first_equal(found.digests)
    room = Room.of(found.tokens, 3)
    nodes = np.arange(len(data))
    sets = ShingleSets(nodes, room.values, room.begins, sketch.fill_sets(sides, room, ngram=3, unit="word"))

    def sets_of(some: np.typing.NDArray[np.int64]) -> ShingleSets:
        if some.size != nodes.size:
            raise AssertionError("texts around a template must share a band")
        return sets

    for at_once in (1 << 20, 1):  # at once, and in parts
        list(sketch.cluster(found.keys, nodes, 0.7, nodes.copy(), sets_of, sizes=found.tokens, at_once=at_once))


def warm_choosing() -> None:
    """Run the kernels of `semantic_dedup`, `k_center` and `facility_location` once."""
    vectors = np.arange(64, dtype=np.int8).reshape(8, 8)
    vectors.setflags(write=False)  # as those of a column are: to a kernel that is another type
    many = np.tile(vectors, (257, 1))  # more rows than are looked at in one go
    many.setflags(write=False)
    leaders.leaders(many, np.arange(len(many)), 0.9)
    chosen = k_center.k_center(vectors, 3, first=0)
    k_center.farthest_points(vectors, vectors[:2], np.zeros(8, dtype=np.bool_), 2)
    wording = Wording(np.minimum(np.arange(len(many) + 1), 1), np.zeros(1, dtype=np.int64), 1)
    facility_location.facility_location(many, 3, wording=(wording, 0.5))
    coverage.standing(vectors, chosen.order)
    components.connected_components(2, np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64))


def warm_report() -> None:
    """Run the kernels of an audit's measures of diversity once."""
    vectors = np.arange(24, dtype=np.int8).reshape(12, 2)
    diversity.local_density(vectors, vectors)
    diversity.nearest_cosines(vectors, np.arange(2), vectors)
    tokens, offsets = np.array([1, 2, 1, 2], dtype=np.int64), np.array([0, 2, 4], dtype=np.int64)
    ngrams.self_bleu(tokens, offsets)


if __name__ == "__main__":
    warm()
    warm_rows()
    warm_choosing()
    warm_report()
