"""Holds out a part of a finished set, or of a set of pairs: stratified, without near-duplicates across the cut."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.errors import InputError, OutputError, UsageError
from curate.handoff.pairs import BESIDE, Both, kept_pairs, write_beside
from curate.io.atomic import atomic_file
from curate.io.writers import train_line
from curate.schema import canonical_json, example_id, sides
from curate.train.records import Conversation, are_pairs, conversations, pairs, read_records

_NGRAM: Final = 5
_PERMUTATIONS: Final = 128


@dataclass(frozen=True)
class Split:
    """Places of a set's records, ascending, by part; and records held out a stratum."""

    train: list[int]
    test: list[int]
    by_stratum: dict[str, int]


def split_file(source: Path, out: Path, size: int | float, *, by: str | None, threshold: float, seed: int) -> Split:
    """Write `train.jsonl` and `test.jsonl` in `out` from the `train.jsonl` in `source`.

    A pair is on the side of its prompt. The pairs of a run over preference records go to `pairs.parquet`, from where
    `curate export --to preference` takes them; a set of pairs itself is split into two such sets.

    Parameters
    ----------
    size : records to hold out, or their share (a float below 1).
    by : column of `examples.parquet` to stratify by; None: no strata.
    threshold : least Jaccard index of word 5-grams of two near-duplicates.

    Raises
    ------
    InputError : the set cannot be read. UsageError : no such column, or a size the set does not have.
    OutputError : `out` cannot be made or written.
    """
    examples, paired, lines = _read(source)
    count = round(size * len(examples)) if isinstance(size, float) else size
    if not 0 < count < len(examples):
        raise UsageError(f"cannot hold out {count:,} of {len(examples):,} records; some must stay on either side")
    strata = _strata(source, by, len(examples))
    parts = choose(examples, strata, count, threshold=threshold, seed=seed, paired=paired)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot be made: {error.strerror}") from None
    (out / BESIDE).unlink(missing_ok=True)  # of an earlier split into the same folder
    rows = {"train": parts.train, "test": parts.test}
    for name, some in rows.items():
        with atomic_file(out / f"{name}.jsonl") as handle:
            handle.writelines(train_line(examples[row].messages) if lines is None else lines[row] for row in some)
    if paired is not None and lines is None:
        write_beside(out, {name: [(examples[row], paired[row]) for row in some] for name, some in rows.items()})
    return parts


def _read(source: Path) -> tuple[list[Conversation], list[Both | None] | None, list[bytes] | None]:
    """The examples; each with the other answer where there are such; and the lines of a set that is one of pairs."""
    file = read_records(source / "train.jsonl")
    if not are_pairs(file):
        examples = conversations(file)
        return examples, kept_pairs(source, "train", examples), None
    both = [Both(p.line, (*p.prompt, *p.chosen), len(p.prompt), p.rejected) for p in pairs(file)]
    lines = [(json.dumps(one.record(), ensure_ascii=False) + "\n").encode() for one in both]
    return [Conversation(one.line, one.messages) for one in both], [*both], lines


def _strata(source: Path, by: str | None, count: int) -> list[str]:
    if by is None:
        return [""] * count
    path = source / "examples.parquet"
    if not path.is_file():
        raise InputError(f"{source}: has no examples.parquet, whose column `{by}` the parts are balanced by")
    names = pl.read_parquet_schema(path)
    if by not in names:
        raise UsageError(f"{path}: has no column `{by}`; it has {', '.join(names)}")
    values = pl.scan_parquet(path).select(pl.col(by).cast(pl.String).fill_null("")).collect().to_series().to_list()
    if len(values) != count:
        raise InputError(f"{source}: examples.parquet has {len(values):,} rows, train.jsonl {count:,}")
    return values


def choose(
    examples: Sequence[Conversation], strata: Sequence[str], size: int, *, threshold: float, seed: int,
    paired: Sequence[Both | None] | None = None,
) -> Split:  # fmt: skip
    """Which of the examples are held out.

    Near-duplicates (by instruction, or by response) go to one part together. Each stratum gives records in proportion
    to its size (largest remainder); groups are tried in the order of a hash of seed and id, so the choice depends on
    neither the order of records nor on the machine. A group that no longer fits stays; singles fill the rest.
    """
    groups = near_duplicates(examples, threshold, paired)
    ids = [example_id(example.messages) for example in examples]
    members: dict[int, list[int]] = {}
    for row, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(row)
    left = _shares(Counter(strata), size)
    order = sorted(members.values(), key=lambda rows: min((_chance(seed, ids[row]), ids[row]) for row in rows))
    test: list[int] = []
    for rows in order:
        need = Counter(strata[row] for row in rows)
        if all(left[name] >= number for name, number in need.items()):
            test.extend(rows)
            left.subtract(need)
    held = set(test)
    taken = Counter(strata[row] for row in test)
    return Split([row for row in range(len(examples)) if row not in held], sorted(test), dict(sorted(taken.items())))


def _chance(seed: int, id_: str) -> bytes:
    return hashlib.sha256(f"{seed}:{id_}".encode()).digest()


def _shares(counts: Counter[str], size: int) -> Counter[str]:
    """Places a stratum, in proportion, by largest remainder; ties by name."""
    total = counts.total()
    places = Counter({name: size * number // total for name, number in counts.items()})
    rest = sorted(counts, key=lambda name: (-(size * counts[name] % total), name))
    for name in rest[: size - places.total()]:
        places[name] += 1
    return places


def near_duplicates(
    examples: Sequence[Conversation], threshold: float, paired: Sequence[Both | None] | None = None
) -> NDArray[np.int64]:
    """The group of each example, int64 `(n,)`: those linked by near-duplicate instructions or responses share one.

    Of a pair both answers count as responses, so that none is preferred on one side and rejected on the other; pairs
    with one prompt share a group, whatever its words.

    Parameters
    ----------
    threshold : least Jaccard index of the sets of word 5-grams, compared exactly. Texts of fewer words are near
        only if their words are the same, and then on the side of instructions alone: many answers are "Yes".
    """
    from curate.algorithms.components import unite

    parent = np.arange(len(examples), dtype=np.int64)
    others = {row: both for row, both in enumerate(paired or []) if both is not None}
    texts = [sides(example.messages) for example in examples]
    unite(parent, *_alike([instruction for instruction, _ in texts], threshold, short=True))
    rejected = [sides((*both.messages[: both.turns], *both.rejected))[1] for both in others.values()]
    owner = np.array([*range(len(examples)), *others], dtype=np.int64)
    left, right = _alike([*(response for _, response in texts), *rejected], threshold, short=False)
    unite(parent, owner[left], owner[right])
    prompts: dict[str, int] = {}
    first = [prompts.setdefault(canonical_json(both.messages[: both.turns]), row) for row, both in others.items()]
    unite(parent, np.array(first, dtype=np.int64), np.array(list(others), dtype=np.int64))
    return parent


def _alike(texts: Sequence[str], threshold: float, *, short: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of places that link all near-duplicates among `texts`."""
    from curate.algorithms import banding, sketch
    from curate.algorithms.minhash import ShingleSets
    from curate.algorithms.shingles import Room
    from curate.algorithms.texts import texts as in_memory

    column = pl.Series(texts, dtype=pl.String)
    bands = banding.optimal_bands(threshold, _PERMUTATIONS)
    found = sketch.sketches([in_memory(column)], ngram=_NGRAM, unit="word", num_perm=_PERMUTATIONS, bands=bands)
    nodes = np.arange(len(texts), dtype=np.int64)
    parent = nodes.copy()

    def sets_of(some: NDArray[np.int64]) -> ShingleSets:
        room = Room.of(found.tokens[some], _NGRAM)
        sizes = sketch.fill_sets([in_memory(column.gather(some))], room, ngram=_NGRAM, unit="word")
        return ShingleSets(some, room.values, room.begins, sizes)

    long, every = nodes[found.tokens >= _NGRAM], int(found.tokens.sum())
    list(sketch.cluster(found.keys, long, threshold, parent, sets_of, sizes=found.tokens, at_once=every))
    if short:
        first: dict[bytes, int] = {}
        for row in np.flatnonzero((found.tokens < _NGRAM) & (found.tokens > 0)).tolist():
            parent[row] = first.setdefault(found.digests[row].tobytes(), row)
    return nodes, parent
