"""Writes a set for another program: every record, or a list of those that its layout cannot hold."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.errors import InputError, OutputError
from curate.handoff.layouts import LINES
from curate.handoff.pairs import own_pairs, pairs_of, ranking
from curate.handoff.sidecars import SIDECARS
from curate.io.atomic import atomic_file
from curate.io.writers import write_parquet
from curate.schema import MESSAGES
from curate.train.records import Conversation, conversations, plain, read_records

#: Layouts of pairs: how a record of `preference` is written.
PAIRED: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "preference": dict,
    "llama_factory_ranking": ranking,
}
#: What `--to` takes.
LAYOUTS: Final = (*LINES, "text", "parquet", "huggingface", *PAIRED)
SPLITS: Final = ("train", "test")
#: Records that a layout cannot hold, with the reason.
LEFT_OUT: Final = "left_out.json"


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    files : names in the folder. written : records by split. left_out : (file, line, why) of records not written.
    """

    files: tuple[str, ...]
    written: dict[str, int]
    left_out: tuple[tuple[str, int, str], ...]


def export(
    source: Path,
    out: Path,
    layout: str,
    *,
    leave_out: bool = False,
    template: Any = None,
    pair_file: Path | None = None,
) -> Exported:
    """Write the `train.jsonl` (and `test.jsonl`) in `source` into `out`.

    Parameters
    ----------
    layout : one of `LAYOUTS`.
    leave_out : go on without records that the layout cannot hold; they are listed in `left_out.json`.
    template : makes text of messages, for layout `text`; `curate.train.chat.Chat` has one.
    pair_file : for the layouts of pairs: pairs in a file or the folder of a run, of which those are written whose
        prompt is in the set; None: the pairs that the set was made of.

    Raises
    ------
    InputError : nothing to read, or a record that the layout cannot hold (unless `leave_out`).
    OutputError : the folder cannot be written.
    """
    splits = _splits(source, out)
    read = {name: conversations(read_records(path)) for name, path in splits.items()}
    if layout in {"parquet", "huggingface"}:
        return _tables(read, out, layout)
    if layout in PAIRED:
        paired, without = own_pairs(source, read) if pair_file is None else pairs_of(pair_file, read)
        if not paired["train"]:
            raise InputError(f"{pair_file or source}: none of its {len(without):,} pairs can be written for train.jsonl"
                             f"{': ' + without[0][2] if without else ''}")  # fmt: skip
        written = {name: list(map(PAIRED[layout], some)) for name, some in paired.items() if some}
        return _write(written, without, out, layout)
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in read}
    left: list[tuple[str, int, str]] = []
    for name, examples in read.items():
        for example in examples:
            record = {"text": template(plain(example.messages))} if layout == "text" else LINES[layout](example)
            if isinstance(record, str):
                left.append((splits[name].name, example.line, record))
            else:
                made[name].append(record)
    if left and not leave_out:
        file, line, why = left[0]
        raise InputError(
            f"{layout} cannot hold {len(left):,} of the records, the first {source / file}:{line}: {why}. "
            "Take another layout, or `--leave-out` to write the others and a list of these"
        )
    return _write(made, left, out, layout)


def _splits(source: Path, out: Path) -> dict[str, Path]:
    """The files to read."""
    splits = {name: source / f"{name}.jsonl" for name in SPLITS if (source / f"{name}.jsonl").is_file()}
    if "train" not in splits:
        raise InputError(f"{source}: has no train.jsonl")
    if out.resolve() == source.resolve():
        raise OutputError(f"{out}: is the folder that is exported; give another one")
    return splits


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}") from None


def _write(
    made: dict[str, list[dict[str, Any]]], left: Sequence[tuple[str, int, str]], out: Path, layout: str
) -> Exported:
    """The lines, what stands beside them, and the list of what was left out."""
    _make(out)
    files = [f"{name}.jsonl" for name in made]
    for name, records in made.items():
        _lines(records, out / f"{name}.jsonl")
    beside = SIDECARS[layout](files) if layout in SIDECARS else {}
    for name, text in beside.items():
        with atomic_file(out / name) as handle:
            handle.write(text.encode("utf-8"))
    (out / LEFT_OUT).unlink(missing_ok=True)  # of an earlier export into the same folder
    if left:
        with atomic_file(out / LEFT_OUT) as handle:
            told = [{"file": file, "line": line, "why": why} for file, line, why in left]
            handle.write((json.dumps(told, indent=1) + "\n").encode())
    return Exported((*files, *beside), {name: len(records) for name, records in made.items()}, tuple(left))


def _lines(records: Iterable[dict[str, Any]], path: Path) -> None:
    with atomic_file(path) as handle:
        handle.writelines((json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8") for record in records)


def _tables(read: dict[str, list[Conversation]], out: Path, layout: str) -> Exported:
    """Parquet with the one column `messages`; for the hub in `data/`, with a card that names the files."""
    folder = out / "data" if layout == "huggingface" else out
    _make(folder)
    names = {}
    for name, examples in read.items():
        frame = pl.DataFrame({"messages": [plain(e.messages) for e in examples]}, schema={"messages": MESSAGES})
        path = folder / (f"{name}-00000-of-00001.parquet" if layout == "huggingface" else f"{name}.parquet")
        write_parquet(frame, path)
        names[name] = path.relative_to(out).as_posix()
    files = list(names.values())
    if layout == "huggingface":
        text = io.StringIO("---\nconfigs:\n- config_name: default\n  data_files:\n")
        text.seek(0, io.SEEK_END)
        for name, file in names.items():
            text.write(f"  - split: {name}\n    path: {file}\n")
        counts = ", ".join(f"{len(read[name]):,} in {name}" for name in names)
        text.write(f"---\n\nConversations with `messages` (role, content): {counts}.\n")
        with atomic_file(out / "README.md") as handle:
            handle.write(text.getvalue().encode())
        files.append("README.md")
    return Exported(tuple(files), {name: len(examples) for name, examples in read.items()}, ())
