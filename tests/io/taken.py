"""Reading dumps whole, with the identity of their records checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from curate.io import InputFile, LeftOut, ReadOptions, Reject, discover, read


@dataclass
class Taken:
    """All that was read of some files."""

    files: list[InputFile]
    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    blank: int = 0
    joined: int = 0

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(row["instruction"], row["response"]) for row in self.rows]

    @property
    def metas(self) -> list[dict[str, Any]]:
        return [json.loads(row["meta"]) for row in self.rows]

    def fates(self) -> dict[tuple[str, int], str]:
        """What became of each record that was not joined: `read`, or the reason."""
        found = {(row["file"], row["line"]): "read" for row in self.rows}
        for one in [*self.left, *self.rejects]:
            assert (one.file, one.line) not in found, "two fates"
            found[one.file, one.line] = one.reason
        return found


def take(*paths: Path, form: str | None = None, batch_rows: int = 3, **options: Any) -> Taken:
    """Find and read `paths`; each batch has to add up."""
    taken = Taken(discover([str(path) for path in paths], format=form).files)
    for file in taken.files:
        for batch in read(file, ReadOptions(**options), batch_rows=batch_rows):
            fates = batch.blank + len(batch.rejects) + batch.joined + len(batch.left) + batch.frame.height
            assert batch.lines + batch.expanded == fates
            taken.rows += batch.frame.to_dicts()
            taken.left += batch.left
            taken.rejects += batch.rejects
            taken.lines += batch.lines
            taken.blank += batch.blank
            taken.joined += batch.joined
    return taken


def jsonl(records: Sequence[Any]) -> bytes:
    """A line of JSON for each record; bytes stand for themselves."""
    lines = [r if isinstance(r, bytes) else json.dumps(r, ensure_ascii=False).encode() for r in records]
    return b"".join(line + b"\n" for line in lines)


def operations(work: Callable[[], object]) -> int:
    """Lines of this package that `work` executes."""
    count = 0

    def step(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if "curate" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return step

    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(None)
    return count
