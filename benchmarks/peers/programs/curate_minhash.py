"""`minhash_dedup` through the stage, on shards as a pipeline would hand them over.

Run in the toolkit's own environment.
"""

from __future__ import annotations

from functools import partial

import polars as pl
from work import Work

from curate.algorithms.parallel import set_threads
from curate.engine.local import LocalShards
from curate.ingest import SHARD_ROWS
from curate.stages.dedup.minhash_dedup import MinhashDedup


def main() -> None:
    """The first round loads the compiled kernels from their cache, the others are warm."""
    work = Work("curate-sft")
    threads = int(work.options.get("threads", "2"))
    set_threads(threads)
    stage = MinhashDedup(on="response", unit="word", ngram=5, num_perm=128, threshold=0.7)
    work.settings = {**stage.model_dump(exclude_none=True), "threads": threads, "shard_rows": SHARD_ROWS}
    frame = (
        pl.read_ndjson(work.documents, schema={"id": pl.Int64, "text": pl.String})
        .select(
            row=pl.col("id").cast(pl.UInt64),
            id=pl.col("id").cast(pl.String).str.zfill(16),
            instruction=pl.lit(""),
            response=pl.col("text"),
        )
        .rechunk()
    )  # a pipeline's shards are read from parquet, of one chunk each; this reader gives a thousand
    columns = list(dict.fromkeys(["row", "id", *stage.needs()]))
    starts = range(0, frame.height, SHARD_ROWS)
    shards = LocalShards(tuple(partial(frame.select(columns).slice, start, SHARD_ROWS) for start in starts))
    for _ in range(6 if frame.height <= 200_000 else 3):
        verdict = work.round(lambda: stage.apply(shards).frame)
    kept = verdict["kept_id"].fill_null(frame["id"]).cast(pl.Int64)
    work.finish(verdict.filter(~pl.col("keep"))["row"], kept.to_list())


if __name__ == "__main__":
    main()
