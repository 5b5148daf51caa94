"""Frames and shards made by hand, for tests of stages without a pipeline."""

from __future__ import annotations

import atexit
import hashlib
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curate.schema import CANONICAL, example_id, sides
from curate.stage import Reference, Selector, Stage

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = ROOT.parent / "shared" / "data"

#: Varied in language, shape and length; all clean.
TEXTS: tuple[tuple[str, str], ...] = (
    ("Name three rivers of Africa.", "The Nile, the Congo and the Niger."),
    ("Wie spät ist es in Tokio, wenn es in Berlin neun Uhr ist?", "In Tokio ist es dann siebzehn Uhr (Winterzeit)."),
    ("Write a function that doubles a number.", "```python\ndef double(x):\n    return 2 * x\n```"),
    ("Classify: 'The soup was cold and the waiter rude.'", "negative"),
    ("What is 17 times 6?", "17 times 6 is 102."),
    ("Summarize the text.\n\nThe library will close early on Friday because the heating is being repaired.",
     "The library closes early on Friday for heating repairs."),
    ("Translate 'good morning' to French.", "Bonjour"),
    ("Write a haiku about rust.", "Old gate in the rain\norange flakes on my fingers\nsummer wears away"),
    ("¿Por qué flota el hielo?", "Porque el agua se dilata al congelarse y el hielo es menos denso que el agua líquida."),
    ("给我推荐两种适合阳台的植物。", "薄荷和天竺葵都很适合阳台，它们喜欢阳光，也不难照料。"),
    ("Give me five ideas for a rainy afternoon with children.",
     "- build a fort of blankets\n- bake bread rolls\n- a treasure hunt by riddles\n- paper boats in the tub\n- a shadow theatre"),
    ("You are a lighthouse keeper in 1890. Describe your evening.",
     "I trim the wick at dusk, wind the clockwork, and write the weather into the log before the first watch begins."),
    ("Should I repot my fern in winter?", "Better wait for spring: ferns rest in winter and mend broken roots slowly."),
    ("Extract the date: 'The meeting moved from 3 May to 9 June 2024.'", "9 June 2024"),
)  # fmt: skip


def kept_folder(prefix: str) -> Path:
    """An empty folder that lasts until the tests of this process end: for what several of them are made with."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def corpus(copies: int = 4) -> list[tuple[str, str]]:
    """`copies` variants of `TEXTS`, some of them near each other, and one exact repeat."""
    out = []
    for copy in range(copies):
        for question, answer in TEXTS:
            mark = f" ({copy} of {copies}, please.)" if copy else ""
            out.append((question + mark, answer + (" And so on, as said before." * copy)))
    return [*out, TEXTS[0]]


def frame(pairs: Sequence[tuple[str, str]], **columns: Any) -> pl.DataFrame:
    """A canonical frame of single-turn conversations, with unique ids, and further columns."""
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for number, (question, answer) in enumerate(pairs):
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        base = example_id(messages)  # type: ignore[arg-type]
        seen[base] = seen.get(base, 0) + 1
        instruction, response = sides(messages)  # type: ignore[arg-type]
        rows.append(
            {
                "row": number,
                "id": base if seen[base] == 1 else f"{base}-{seen[base]}",
                "messages": messages,
                "instruction": instruction,
                "response": response,
                "source": f"dump{number % 3}",
                "file": f"dump{number % 3}.jsonl",
                "line": number + 1,
                "meta": "{}",
            }
        )
    out = pl.DataFrame(rows, schema=CANONICAL)
    return out.with_columns(**{k: v if isinstance(v, pl.Series) else pl.Series(v) for k, v in columns.items()})


def table(pairs: list[tuple[str, str]], ids: list[str] | None = None, **columns: object) -> pl.DataFrame:
    """The text columns of a frame, with ids of your own choice."""
    return pl.DataFrame(
        {
            "row": range(len(pairs)),
            "id": ids or [f"id{i:05d}" for i in range(len(pairs))],
            "instruction": [p[0] for p in pairs],
            "response": [p[1] for p in pairs],
            **columns,
        },
        schema_overrides={"row": pl.UInt64, "id": pl.String, "instruction": pl.String, "response": pl.String},
    )


@dataclass(frozen=True)
class MemoryShards:
    """Shards in memory, run one after the other; `group` makes several frames of whole groups."""

    frames: tuple[pl.DataFrame, ...]
    apart: bool = False

    def rows(self) -> pl.Series:
        return pl.concat([f["row"] for f in self.frames]).sort()

    def map(self, fn: Callable[[pl.DataFrame], pl.DataFrame]) -> MemoryShards:
        return MemoryShards(tuple(fn(f) for f in self.frames), self.apart)

    def group(self, key: str, fn: Callable[[pl.DataFrame], pl.DataFrame]) -> MemoryShards:
        every = pl.concat(self.frames)

        at = every[key].hash(seed=7) % 3
        return MemoryShards(tuple(fn(every.filter(at == n)) for n in range(3)), self.apart)

    def collect(self) -> pl.DataFrame:
        return pl.concat(self.frames).sort("row")

    def share(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class MemoryReference:
    """A dataset in memory for a stage to compare with, in two parts."""

    frame: pl.DataFrame

    @property
    def digest(self) -> str:
        return hashlib.sha256("".join(self.frame["id"]).encode()).hexdigest()

    @property
    def files(self) -> Sequence[Mapping[str, Any]]:
        return [{"file": name} for name in self.frame["file"].unique().sort()]

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        half = self.frame.height // 2
        return (part.select("row", "id", *columns) for part in (self.frame[:half], self.frame[half:]))


def compared_with(stage: Stage, pairs: Sequence[tuple[str, str]]) -> Any:
    """`stage` with `pairs` as the dataset of each parameter that names one."""
    reference: Reference = MemoryReference(frame(pairs))
    return stage.with_references({name: reference for name in stage.references if getattr(stage, name)})


def shards(whole: pl.DataFrame, count: int = 1, columns: Sequence[str] | None = None) -> MemoryShards:
    """`whole` in `count` shards of about equal height (empty ones among them, where rows are few)."""
    part = whole if columns is None else whole.select(columns)
    bounds = [round(i * part.height / count) for i in range(count + 1)]
    return MemoryShards(tuple(part.slice(a, b - a) for a, b in itertools.pairwise(bounds)))


def run_stage(stage: Stage, whole: pl.DataFrame, count: int = 1) -> pl.DataFrame:
    """`stage.apply` over `whole` split into `count` shards, given only the columns it says it needs."""
    columns = list(dict.fromkeys(["row", "id", *stage.needs()]))
    parts = shards(whole, count, columns)
    if isinstance(stage, Selector):
        return stage.apply(parts).frame
    return pl.concat([stage.apply(f) for f in parts.frames])  # type: ignore[attr-defined]
