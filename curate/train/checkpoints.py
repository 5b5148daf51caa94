"""What a killed run goes on from: checkpoints known to be complete, and the book that says what the run is."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from curate.errors import InputError, UsageError
from curate.io.atomic import atomic_file

BOOK: Final = "run.json"
CHECKPOINTS: Final = "checkpoints"
#: Written into a checkpoint last, with the size of every file in it.
MARK: Final = "complete.json"
_NAME: Final = re.compile(r"checkpoint-(\d+)")
#: Without any of these TRL goes on all the same, on a wrong schedule.
_NEEDED: Final = ("optimizer.pt", "scheduler.pt", "trainer_state.json")


def step_of(folder: Path) -> int | None:
    """The step that a folder's name is of; None where it is no checkpoint."""
    match = _NAME.fullmatch(folder.name)
    return int(match[1]) if match else None


def mark_complete(folder: Path, *, epoch_end: bool) -> None:
    """Say that all files of a checkpoint are written, and synced to the disk.

    Parameters
    ----------
    epoch_end : whether it is one to keep.
    """
    sizes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MARK:
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
            sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
    with atomic_file(folder / MARK) as handle:
        handle.write(json.dumps({"epoch_end": epoch_end, "files": sizes}, indent=1).encode())


def mark_of(folder: Path) -> dict[str, Any] | None:
    """The mark of a complete checkpoint; None where a file is missing, cut short, or there is no mark."""
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    files = mark.get("files") if isinstance(mark, dict) else None
    if not isinstance(files, dict) or any(name not in files for name in _NEEDED):
        return None
    whole = all((folder / name).is_file() and (folder / name).stat().st_size == size for name, size in files.items())
    return mark if whole else None


def last_complete(folder: Path) -> tuple[Path | None, list[Path]]:
    """The newest complete checkpoint in `folder`, and the broken ones, which are renamed to `broken-…`."""
    broken, best = [], None
    found = sorted((s, p) for p in folder.glob("checkpoint-*") if (s := step_of(p)) is not None)
    for _, path in found:
        if mark_of(path) is not None:
            best = path
            continue
        aside = path.with_name(f"broken-{path.name}")
        number = 2
        while aside.exists():
            aside = path.with_name(f"broken-{path.name}-{number}")
            number += 1
        path.rename(aside)
        broken.append(aside)
    return best, broken


def read_book(out: Path) -> dict[str, Any] | None:
    """`run.json` of a folder; None where there is none.

    Raises
    ------
    InputError : it cannot be read.
    """
    path = out / BOOK
    if not path.exists():
        return None
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if not isinstance(book, dict):
        raise InputError(f"{path}: is no run of curate")
    return book


def write_book(out: Path, book: Mapping[str, Any]) -> None:
    """Write `run.json`."""
    with atomic_file(out / BOOK) as handle:
        handle.write((json.dumps(book, ensure_ascii=False, indent=2) + "\n").encode())


def require_same(out: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse to go on with another run than the one that was begun.

    Raises
    ------
    UsageError : data, model or configuration differ.
    """
    for key, what in (("data", "other data"), ("model", "another model"), ("config", "another configuration")):
        if old.get(key) != new[key]:
            now, then = new[key], old.get(key) or {}
            changed = sorted(k for k in {*now, *then} if now.get(k) != then.get(k))
            told = ", ".join(f"{k} was {then.get(k)!r}, is {now.get(k)!r}" for k in changed)
            raise UsageError(f"{out}: this run was begun with {what} ({told}); give another --out, or delete it")


def weights_sha256(folder: Path) -> str:
    """SHA-256 over the safetensors files of a folder, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as handle:
            total.update(hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()
