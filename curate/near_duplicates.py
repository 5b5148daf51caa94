"""Sets of n-grams of the rows that need them; and near-duplicates among rows that lie in many processes.

`compared_apart` finds what one process finds that has all sketches, and no process holds more than a part of them:

1. Each shard tells the lines of its texts (`curate.algorithms.candidates`): some keys each, and whose they are.
2. The lines are grouped by key. Of each group of keys come back the few that are shared, as links.
3. Here the links are put together: rows that hang together by shared bands have one component. Most rows have none.
4. The sets of n-grams of the others are grouped by component, and compared there as on one machine. What comes back
   is said of the dropped rows alone.

A pair of rows is compared only where both share a band, and then both are in one component: nothing is missed.

Texts that are known before, of which no process has a shard, are put beside: this process tells their lines to the
groups of keys, and the sets of those that hang together with a row to the groups of components.

Broder (1997), *On the resemblance and containment of documents*; Leskovec, Rajaraman and Ullman (2014), *Mining of
Massive Datasets*, section 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.handles import FrameFn, Shards

if TYPE_CHECKING:
    from curate.algorithms.minhash import ShingleSets
    from curate.algorithms.shingles import Room

Index = NDArray[np.int64]
Hashes = NDArray[np.uint64]
#: Writes the distinct shingles of the chosen texts of a frame; how many each has (`sketch.fill_sets`).
Grams = Callable[[pl.DataFrame, NDArray[np.bool_], "Room"], Index]
#: What is said of the rows of a frame, where those of another one are known before.
Compare = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
#: Gives texts that are known before, part by part, as often as it is called.
Known = Callable[[], Iterator[pl.DataFrame]]


def compared_apart(
    shards: Shards, sketch: FrameFn, grams: Grams, compare: Compare, known: Known, *, ngram: int
) -> pl.DataFrame:
    """What `compare` says of each component of rows that hang together by shared bands; sorted by `row`.

    Parameters
    ----------
    sketch : gives for each row `row`, `words` Int64 (tokens), a digest of them (`one`, `two` UInt64), `bands`
        Array(UInt32), and what else `compare` needs.
    grams : gives the sets of n-grams.
    compare : is called with all rows of some components, in the order of `row`: with what `sketch` gives, and in
        `shingles` the set of each that is the first one with its digest. Then the same of those known before that hang
        together with them.
    known : gives the texts known before, with a `row` among themselves.
    ngram : words of an n-gram. Rows with fewer hang together by their digest, those without any by nothing.
    """
    from curate.algorithms.candidates import forest

    least = int(shards.rows().max() or 0) + 1  # type: ignore[arg-type]

    def texts() -> Iterator[pl.DataFrame]:
        return (part.with_columns(pl.col("row") + least) for part in known())

    lines = partial(_lines, sketch=sketch, ngram=ngram)
    told = pl.concat([_NO_LINES, *map(lines, texts())]).sort("key", "row")
    sorted_lines = told["row"].to_numpy(), told["key"].to_numpy()
    found = shards.map(lines).group("key", partial(_links, known=shards.share(sorted_lines))).collect()
    links = pl.concat([found, _links(told, (sorted_lines[0][:0], sorted_lines[1][:0]))])
    rows, components = forest(links["row"].to_numpy().astype(np.int64), links["to"].to_numpy().astype(np.int64))
    del told, sorted_lines, found, links
    ours = components < least  # a component has the number of its first text
    rows, components = rows[ours], components[ours]
    chosen = partial(
        _chosen, sketch=sketch, grams=grams, rows=shards.share(rows), components=shards.share(components), ngram=ngram
    )
    beside = pl.concat([part for part in map(chosen, texts()) if part.height] or [pl.DataFrame()])
    return shards.map(chosen).group("component", partial(_both, compare=compare, known=shards.share(beside))).collect()


def _both(frame: pl.DataFrame, compare: Compare, known: pl.DataFrame) -> pl.DataFrame:
    """`compare` of some components, with those of `known` that are in them."""
    if known.is_empty():
        return compare(frame, frame.clear())
    return compare(frame, known.filter(pl.col("component").is_in(frame["component"].unique().implode())))


def _lines(frame: pl.DataFrame, sketch: FrameFn, ngram: int) -> pl.DataFrame:
    """`row` and `key` of each line of a shard."""
    from curate.algorithms.candidates import lines

    found = sketch(frame)
    rows, keys = lines(
        found["row"].to_numpy().astype(np.int64),
        found["bands"].to_numpy(),
        found["one"].to_numpy(),
        found["words"].to_numpy(),
        ngram,
    )
    return pl.DataFrame({"row": pl.Series(rows, dtype=pl.UInt64), "key": keys})


_NO_LINES: Final = pl.DataFrame(schema={"row": pl.UInt64, "key": pl.UInt64})


def _links(frame: pl.DataFrame, known: tuple[Hashes, Hashes]) -> pl.DataFrame:
    """`row` and `to` of each link that the keys of `frame` make; `known` are more rows and keys, in their order."""
    from curate.algorithms.candidates import links

    keys = frame["key"].unique().to_numpy()
    first, last = (np.searchsorted(known[1], keys, side) for side in ("left", "right"))
    many = last - first
    places = np.repeat(last - np.cumsum(many), many) + np.arange(many.sum())
    rows, roots = links(
        np.concatenate([frame["row"].to_numpy(), known[0][places]]).astype(np.int64),
        np.concatenate([frame["key"].to_numpy(), known[1][places]]),
    )
    linked = rows != roots
    return pl.DataFrame(
        {"row": pl.Series(rows[linked], dtype=pl.UInt64), "to": pl.Series(roots[linked], dtype=pl.UInt64)}
    )


def _chosen(
    frame: pl.DataFrame, sketch: FrameFn, grams: Grams, rows: Index, components: Index, ngram: int
) -> pl.DataFrame:
    """`sketch` of those of `rows` that are in a shard, with the `component` of each and its `shingles`."""
    from curate.algorithms.shingles import Room
    from curate.algorithms.sketch import first_equal

    at = np.searchsorted(rows, frame["row"].to_numpy().astype(np.int64))
    at[at == rows.size] = 0
    here = rows[at] == frame["row"].to_numpy() if rows.size else np.zeros(frame.height, dtype=np.bool_)
    frame = frame.filter(pl.Series(here, dtype=pl.Boolean))
    found = sketch(frame)
    # A repeat needs no set of its own: it stands and falls with the first one, which is in the same component.
    first = first_equal(found.select("one", "two").to_numpy()) == np.arange(found.height)
    room = Room.of(np.where(first, found["words"].to_numpy(), 0), ngram)
    sizes = np.zeros(found.height, dtype=np.int64)
    sizes[first] = grams(frame, first, room.part(first))
    return found.with_columns(component=pl.Series(components[at[here]], dtype=pl.UInt64), shingles=_lists(room, sizes))


def _lists(room: Room, sizes: Index) -> pl.Series:
    """The sets in `room`, of `sizes` int64 `(n,)`, as lists, List(UInt64) `(n,)`."""
    owner = pl.Series("at", np.repeat(np.arange(sizes.size), sizes)).set_sorted()
    places = np.repeat(room.begins - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
    lists = (
        pl.DataFrame({"at": owner, "shingles": room.values[places]}).group_by("at", maintain_order=True).agg("shingles")
    )
    every = pl.DataFrame({"at": np.arange(sizes.size)}).join(lists, on="at", how="left", maintain_order="left")
    return every["shingles"].fill_null([])


def listed_sets(lists: pl.Series, nodes: Index) -> ShingleSets:
    """The sets of `nodes`, which are places in `lists`, List(UInt64)."""
    from curate.algorithms.minhash import ShingleSets

    chosen = lists.gather(nodes)
    sizes = chosen.list.len().to_numpy().astype(np.int64)
    return ShingleSets(nodes, chosen.explode(empty_as_null=False).to_numpy(), np.cumsum(sizes) - sizes, sizes)


def sets_here(
    shards: Shards, known: Known, nodes: Index, *, told: pl.DataFrame, size: int, grams: Grams, ngram: int
) -> ShingleSets:
    """The sets of `nodes`, for rows in this process: whichever thread has a text writes its set into one array.

    Parameters
    ----------
    nodes : int64, ascending, places in `told`.
    told : `row` and `words` of the `size` rows of `shards`, in order, and then those of `known`.
    """
    from curate.algorithms.minhash import ShingleSets
    from curate.algorithms.shingles import Room

    room = Room.of(told["words"].to_numpy()[nodes], ngram)
    sizes = np.zeros(nodes.size, dtype=np.int64)
    rows = told["row"].to_numpy()[nodes]

    def fill(part: pl.DataFrame, low: int, high: int) -> pl.DataFrame:
        there = part["row"].to_numpy()
        at = np.searchsorted(rows[low:high], there)
        here = at < high - low
        here[here] = rows[low:high][at[here]] == there[here]
        places = low + at[here]
        sizes[places] = grams(part, here, room.part(places))
        return part.select("row").clear()

    ours = int(np.searchsorted(nodes, size))
    shards.map(partial(fill, low=0, high=ours)).collect()
    if ours < nodes.size:
        for part in known():
            fill(part, ours, nodes.size)
    return ShingleSets(nodes, room.values, room.begins, sizes)
