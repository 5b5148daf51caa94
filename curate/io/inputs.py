"""From what was given on the command line to files that can be opened."""

from __future__ import annotations

import atexit
import glob
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from curate.errors import InputError, UsageError
from curate.io.model import UnknownFile

STDIN: Final = "-"
_STDIN_NAME: Final = "stdin"
#: What of an address is no part of a file's name and may be a secret: the user (`ann:password@`) before the first
#: folder, and a query (`?token=…`) at the end. A lone `?` may be a pattern's.
_USER: Final = re.compile(r"^((?:[a-z0-9+.-]+://)?/?)[^/]*@(?=[^/]+/)", re.IGNORECASE)
_QUERY: Final = re.compile(r"\?[^/?]*=.*$", re.DOTALL)
_PASSED_OVER: Final = ("readme", "license", "licence")
#: What the library `datasets` writes beside its files.
_METADATA: Final = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json"}
_COPY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A file among the inputs.

    Parameters
    ----------
    key : what it is, however it was named: two with one key are one file.
    parts : its path from the root on (for a URL, the protocol), folders first.
    depth : how many of the last parts are its name, unless another file would have the same.
    path : where its bytes lie on this machine.
    archive : the name of the archive that it is a member of, if it is one.
    """

    key: str
    parts: tuple[str, ...]
    depth: int
    path: Path
    archive: str | None = None


def label(parts: Iterable[str]) -> str:
    """A path as a name to print: what is no printable character is escaped."""
    return "/".join(part if part.isprintable() else _escaped(part) for part in parts)


def _escaped(part: str) -> str:
    # Bytes that are no text come as surrogates, and go out as bytes.
    text = part.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def resolve(inputs: Sequence[str]) -> tuple[list[Found], list[UnknownFile]]:
    """Every file that the inputs stand for, and those passed over by rule; in no particular order.

    Raises
    ------
    InputError : an input that does not exist, matches nothing, holds no file, or is not a regular file.
    UsageError : standard input given twice.
    """
    found: list[Found] = []
    skipped: list[UnknownFile] = []
    if inputs.count(STDIN) > 1:
        raise UsageError("standard input (-) can be given once only")
    for given in inputs:
        if given == STDIN:
            found.append(Found(STDIN, (_STDIN_NAME,), 1, spool(_pieces(sys.stdin.buffer), _STDIN_NAME)))
            continue
        before = len(found)
        _add(_remote(given) if "://" in given else _local(given), found, skipped)
        if len(found) == before:
            raise InputError(f"{given}: there is no file to read in it")
    return found, skipped


def _add(items: Iterable[Found | UnknownFile], found: list[Found], skipped: list[UnknownFile]) -> None:
    for item in items:
        if isinstance(item, Found):
            found.append(item)
        else:
            skipped.append(item)


def passed_over(name: str) -> str | None:
    """Why a file of this base name is passed over in a folder; None if it is not."""
    if name.startswith("."):
        return "hidden"
    if name.lower().startswith(_PASSED_OVER) or name in _METADATA:
        return "a note about the data"
    return None


def _local(given: str) -> Iterator[Found | UnknownFile]:
    path = Path(given)
    if _mode(path) is not None or path.is_symlink():
        yield from _path(path, given)
        return
    matches = []
    if glob.has_magic(given):
        matches = [Path(match) for match in sorted(glob.glob(given, recursive=True))]  # noqa: PTH207 (takes any path)
    if not matches:
        what = "the pattern matches nothing" if glob.has_magic(given) else "no such file or folder"
        raise InputError(f"{given}: {what}")
    folders = {match for match in matches if match.is_dir()}
    for match in matches:
        if not folders.isdisjoint(match.parents):
            continue  # found again when that folder is searched
        why = None if match in folders else passed_over(match.name)
        if why is None:
            yield from _path(match, str(match))
        else:
            yield UnknownFile(label([match.name]), why)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _path(path: Path, given: str) -> Iterator[Found | UnknownFile]:
    mode = _mode(path)
    full = Path(os.path.abspath(path))  # noqa: PTH100 (`resolve` would replace a link's name by its target's)
    if mode is not None and stat.S_ISDIR(mode):
        yield from _folder(full)
        return
    if mode is None or not stat.S_ISREG(mode):
        raise InputError(f"{given}: {_kind(mode)}, not a regular file (a stream can be piped in as -)")
    yield Found(str(full.resolve()), full.parts, 1, full)


def _kind(mode: int | None) -> str:
    if mode is None:
        return "a broken link"
    names = (
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for test, name in names if test(mode)), "a special file")


def _folder(folder: Path) -> Iterator[Found | UnknownFile]:
    outside = len(folder.parts) - 1 if folder.name else len(folder.parts)

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be listed: {error.strerror}") from error

    for root, folders, names in os.walk(folder, onerror=refuse):
        base = Path(root)
        for name in sorted(folders):
            link = (base / name).is_symlink()
            if name.startswith(".") or link:
                folders.remove(name)
                shown = label((base / name).parts[outside:]) + "/"
                yield UnknownFile(shown, "a link to a folder" if link else "hidden")
        folders.sort()
        for name in sorted(names):
            path = base / name
            parts = path.parts
            shown = label(parts[outside:])
            why = passed_over(name)
            mode = _mode(path)
            if why is None and (mode is None or not stat.S_ISREG(mode)):
                why = _kind(mode)
            if why is not None:
                yield UnknownFile(shown, why)
                continue
            yield Found(str(path.resolve()), parts, len(parts) - outside, path)


def _public(address: str) -> str:
    """A URL, or the path in it, without what may be a secret: what people and outputs are told of it."""
    return _QUERY.sub("", _USER.sub(r"\1", address))


def _remote(url: str) -> Iterator[Found | UnknownFile]:
    import fsspec

    shown = _public(url)
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise InputError(f"{shown}: cannot be opened: {str(error).replace(url, shown)}") from error
    except OSError as error:
        raise InputError(f"{shown}: cannot be opened: {error.strerror or type(error).__name__}") from error
    try:
        yield from _remote_files(filesystem, str(path), shown)
    except OSError as error:
        raise InputError(f"{shown}: cannot be read: {error.strerror or type(error).__name__}") from error


def _remote_files(filesystem: Any, path: str, url: str) -> Iterator[Found | UnknownFile]:
    protocol = url.partition("://")[0]
    for name, depth, judged in _listing(filesystem, path, url):
        parts = _parts(_public(name))
        why = "hidden" if any(part.startswith(".") for part in parts[judged:-1]) else None
        if judged < len(parts):
            why = why or passed_over(parts[-1])
        if why is not None:
            yield UnknownFile(label(parts[-depth:]), why)
            continue
        with filesystem.open(name, "rb") as stream:
            local = spool(_pieces(stream), url)
        yield Found(f"{protocol}://{name}", (f"{protocol}:", *parts), depth, local)


def _listing(filesystem: Any, path: str, url: str) -> Iterator[tuple[str, int, int]]:
    """Each file's path, how many of its last parts are its name, and from which part on rules may pass it over."""
    base = len(_parts(path))
    # Asked first: some file systems can only tell a folder by fetching it.
    if filesystem.isfile(path):
        yield path, 1, base
    elif filesystem.isdir(path):
        for name in sorted(map(str, filesystem.find(path))):
            yield name, len(_parts(name)) - max(base - 1, 0), base
    elif not glob.has_magic(path):
        raise InputError(f"{url}: no such file or folder")
    else:
        names = sorted(str(name) for name in filesystem.glob(path) if filesystem.isfile(name))
        if not names:
            raise InputError(f"{url}: the pattern matches nothing")
        judged = next(i for i, part in enumerate(_parts(path)) if glob.has_magic(part))
        for name in names:
            yield name, 1, judged


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


_spools: list[Path] = []


def spool(pieces: Iterable[bytes], name: str) -> Path:
    """A file on this machine with the bytes in `pieces`, kept until the program ends.

    Parameters
    ----------
    name : what it is a copy of, for the message.

    Raises
    ------
    InputError : it cannot be written.
    """
    if not _spools:
        _spools.append(Path(tempfile.mkdtemp(prefix="curate-")))
        atexit.register(shutil.rmtree, _spools[0], ignore_errors=True)
    handle, path = tempfile.mkstemp(dir=_spools[0])
    copy = Path(path)
    try:
        with os.fdopen(handle, "wb", buffering=0) as stream:
            for piece in pieces:
                _write(stream, piece, name)
    except BaseException:
        copy.unlink()
        raise
    return copy


def _write(stream: IO[bytes], piece: bytes, name: str) -> None:
    rest = memoryview(piece)
    try:
        while rest:
            rest = rest[stream.write(rest) :]
    except OSError as error:
        raise InputError(f"{name}: cannot be copied to {_spools[0]}: {error.strerror or error}") from error


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_COPY):
        yield piece
