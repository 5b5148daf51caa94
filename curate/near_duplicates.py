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
    from curate.algorithms.sketch import Sketches

Index = NDArray[np.int64]
Hashes = NDArray[np.uint64]
#: The sketches of the texts of a frame.
Sketch = Callable[[pl.DataFrame], "Sketches"]
#: Writes the distinct shingles of the chosen texts of a frame; how many each has (`sketch.fill_sets`).
Grams = Callable[[pl.DataFrame, NDArray[np.bool_], "Room"], Index]
#: What is said of the rows of a frame, where those of another one are known before.
Compare = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
#: Gives texts that are known before, part by part, as often as it is called.
Known = Callable[[], Iterator[pl.DataFrame]]


def compared_apart(
    shards: Shards, about: FrameFn, sketch: Sketch, grams: Grams, compare: Compare, known: Known, *, ngram: int
) -> pl.DataFrame:
    """What `compare` says of each component of rows that hang together by shared bands; sorted by `row`.

    Parameters
    ----------
    about : gives for each row `row` and what else `compare` needs.
    sketch : gives the sketches, with bands.
    grams : gives the sets of n-grams.
    compare : is called with all rows of some components, in the order of `row`: with what `about` gives, the columns
        that `sketches_in` reads, and in `shingles` the set of each that is the first one with its digest. Then the
        same of those known before that hang together with them.
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
        _chosen,
        about=about,
        sketch=sketch,
        grams=grams,
        rows=shards.share(rows),
        components=shards.share(components),
        ngram=ngram,
    )
    beside = pl.concat([part for part in map(chosen, texts()) if part.height] or [pl.DataFrame()])
    return shards.map(chosen).group("component", partial(_both, compare=compare, known=shards.share(beside))).collect()


def _both(frame: pl.DataFrame, compare: Compare, known: pl.DataFrame) -> pl.DataFrame:
    """`compare` of some components, with those of `known` that are in them."""
    if known.is_empty():
        return compare(frame, frame.clear())
    return compare(frame, known.filter(pl.col("component").is_in(frame["component"].unique().implode())))


def _lines(frame: pl.DataFrame, sketch: Sketch, ngram: int) -> pl.DataFrame:
    """`row` and `key` of each line of a shard."""
    from curate.algorithms.candidates import lines

    found = sketch(frame)
    numbers = frame["row"].to_numpy().astype(np.int64)
    rows, keys = lines(numbers, found.keys, found.digests[:, 0].copy(), found.tokens, ngram)
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
    frame: pl.DataFrame, about: FrameFn, sketch: Sketch, grams: Grams, rows: Index, components: Index, ngram: int
) -> pl.DataFrame:
    """`about` those of `rows` that are in a shard, with its sketch, the `component` of each and its `shingles`."""
    from curate.algorithms.shingles import Room
    from curate.algorithms.sketch import first_equal

    at = np.searchsorted(rows, frame["row"].to_numpy().astype(np.int64))
    at[at == rows.size] = 0
    here = rows[at] == frame["row"].to_numpy() if rows.size else np.zeros(frame.height, dtype=np.bool_)
    frame = frame.filter(pl.Series(here, dtype=pl.Boolean))
    found = sketch(frame)
    # A repeat needs no set of its own: it stands and falls with the first one, which is in the same component.
    first = first_equal(found.digests) == np.arange(frame.height)
    room = Room.of(np.where(first, found.tokens, 0), ngram)
    sizes = np.zeros(frame.height, dtype=np.int64)
    sizes[first] = grams(frame, first, room.part(first))
    return about(frame).with_columns(
        words=found.tokens,
        one=found.digests[:, 0],
        two=found.digests[:, 1],
        bands=pl.Series(found.keys, dtype=pl.Array(pl.UInt32, found.keys.shape[1])),
        component=pl.Series(components[at[here]], dtype=pl.UInt64),
        shingles=_lists(room, sizes),
    )


def sketches_in(frame: pl.DataFrame) -> Sketches:
    """The sketches in `words`, `one`, `two` and `bands`."""
    from curate.algorithms.sketch import Sketches

    return Sketches(frame["bands"].to_numpy(), frame.select("one", "two").to_numpy(), frame["words"].to_numpy())


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


def sketches_here(
    shards: Shards, known: Known, about: FrameFn, sketch: Sketch, bands: int
) -> tuple[pl.DataFrame, Sketches]:
    """`about` and the sketches of all rows, for rows in this process, and after them of all that are known before.

    The sketches of each shard are written where they stay, so that those of all are in memory once.
    """
    from curate.algorithms.sketch import Sketches

    rows = shards.rows().to_numpy()
    before = [(about(part), sketch(part)) for part in known()]
    ends = rows.size + np.cumsum([part.height for part, _ in before])
    every = Sketches.room(int(ends[-1]) if before else rows.size, bands)

    def fill(frame: pl.DataFrame) -> pl.DataFrame:
        at = np.searchsorted(rows, frame["row"].to_numpy())
        low, high = (int(at[0]), int(at[-1]) + 1) if at.size else (0, 0)
        # One copy of a range is quicker than one of each row.
        every.put(slice(low, high) if high - low == at.size else at, sketch(frame))
        return about(frame)

    frame = shards.map(fill).collect()
    for (part, found), end in zip(before, ends.tolist(), strict=True):
        every.put(slice(end - part.height, end), found)
    return pl.concat([frame, *(part for part, _ in before)]), every


class SetsHere:
    """Gives the sets of nodes, for rows in this process: whichever thread has a text writes its set into one array.

    Each call writes over what the last one gave: memory that is new to the process costs as much as filling it.

    Parameters
    ----------
    rows, tokens : of the `size` rows of `shards`, in order, and then of those of `known`.
    """

    def __init__(
        self, shards: Shards, known: Known, grams: Grams, rows: pl.Series, tokens: Index, *, size: int, ngram: int
    ) -> None:
        """No sets yet."""
        self._shards, self._known, self._grams, self._size, self._ngram = shards, known, grams, size, ngram
        self._rows, self._tokens = rows.to_numpy(), tokens
        self._values = np.empty(0, dtype=np.uint64)

    def __call__(self, nodes: Index) -> ShingleSets:
        """The sets of `nodes`, int64, ascending, places in `rows`."""
        from curate.algorithms.minhash import ShingleSets
        from curate.algorithms.shingles import Room

        room = Room.of(self._tokens[nodes], self._ngram, self._values)
        self._values = room.values
        sizes = np.zeros(nodes.size, dtype=np.int64)
        fill = partial(self._fill, rows=self._rows[nodes], room=room, sizes=sizes)
        ours = int(np.searchsorted(nodes, self._size))
        self._shards.map(partial(fill, low=0, high=ours)).collect()
        if ours < nodes.size:
            for part in self._known():
                fill(part, low=ours, high=nodes.size)
        return ShingleSets(nodes, room.values, room.begins, sizes)

    def _fill(self, part: pl.DataFrame, rows: Index, room: Room, sizes: Index, low: int, high: int) -> pl.DataFrame:
        """Write the sets of those texts of `part` whose `row`, ascending, is in `rows[low:high]`, and their `sizes`."""
        there = part["row"].to_numpy()
        if there.size:
            first, last = np.searchsorted(rows[low:high], [there[0], there[-1]], "left")
            wanted = rows[low + first : min(low + last + 1, high)]
            at = np.searchsorted(there, wanted)
            found = there[np.minimum(at, there.size - 1)] == wanted
            places, at = low + first + np.flatnonzero(found), at[found]
            here = np.zeros(there.size, dtype=np.bool_)
            here[at] = True
            sizes[places] = self._grams(part, here, room.part(places))
        return part.clear()
