"""Near-duplicate clusters of instructions, as `minhash_dedup` finds them, with examples."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal

import polars as pl

from curate.engine.local import LocalShards
from curate.registry import stage_class
from curate.report.material import Side
from curate.report.model import Cluster, Duplicates, Text
from curate.stage import Selector

#: The stage that finds them, and how an audit asks it.
_STAGE: Final = "minhash_dedup"
_ON: Final = "instruction"

_SHARD: Final = 16_384
_CLUSTERS: Final = 6
_EXAMPLES: Final = 3

#: Characters of an instruction and a response that a page shows.
EXCERPT: Final = (600, 600)


def excerpt(row: dict[str, Any], *, chars: tuple[int, int] = EXCERPT) -> Text:
    """A record with its texts cut; `stage`, `reason` and `value` where the row has them."""
    texts = [_cut(row[column], limit) for column, limit in zip(("instruction", "response"), chars, strict=True)]
    why = {key: row.get(key) for key in ("stage", "reason")}
    value = row.get("value")
    return Text(id=row["id"], source=row["source"], instruction=texts[0], response=texts[1], **why,
                value=None if value is None else _cut(value, 200))  # fmt: skip


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def duplicates(side: Side, which: Literal["set", "pool"]) -> Duplicates:
    """How many records have a near-duplicate instruction, and the largest clusters that are not mere repeats."""
    stage = stage_class(_STAGE).model_validate({"on": _ON})
    assert isinstance(stage, Selector)
    numbered = side.texts.drop("row", strict=False).with_row_index("row").with_columns(pl.col("row").cast(pl.UInt64))
    read = numbered.select("row", "id", *stage.needs())
    parts = [read.slice(at, _SHARD) for at in range(0, max(1, read.height), _SHARD)]
    verdicts = stage.apply(LocalShards(tuple(partial(_same, part) for part in parts))).frame
    dropped = verdicts.filter(~pl.col("keep")).select("row", "kept_id")
    sizes = dropped.group_by("kept_id").len("others").sort("others", "kept_id", descending=[True, False])
    return Duplicates(
        side=which,
        records=read.height,
        clusters=sizes.height,
        clustered=dropped.height + sizes.height,
        redundant=dropped.height,
        threshold=float(stage.model_dump()["threshold"]),
        examples=_examples(numbered, dropped, sizes),
    )


def _same(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def _examples(numbered: pl.DataFrame, dropped: pl.DataFrame, sizes: pl.DataFrame) -> list[Cluster]:
    """The largest clusters; first those whose instructions differ, since exact repeats show nothing."""
    found: list[tuple[bool, Cluster]] = []
    for kept_id, others in sizes.head(4 * _CLUSTERS).iter_rows():
        rows = dropped.filter(pl.col("kept_id") == kept_id)["row"]
        first = numbered.filter(pl.col("id") == kept_id).head(1)
        members = pl.concat([first, numbered[rows.to_numpy()]]).unique("instruction", keep="first", maintain_order=True)
        shown = members if members.height > 1 else pl.concat([first, numbered[rows.head(1).to_numpy()]])
        texts = [excerpt(row) for row in shown.head(_EXAMPLES).iter_rows(named=True)]
        found.append((members.height == 1, Cluster(records=others + 1, examples=texts)))
    return [cluster for _, cluster in sorted(found, key=lambda pair: pair[0])[:_CLUSTERS]]
