"""What the inputs are: their names, their formats, and what no reader takes."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from curate.errors import InputError, UsageError
from curate.io.archives import ArchiveError, kind_of, unpack
from curate.io.detect import Detected, UnknownFileError, detect, split_name
from curate.io.formats import DUMPS, FORMATS, RECORD
from curate.io.inputs import Found, label, resolve
from curate.io.model import NO_FORMAT, Discovery, InputFile, UnknownFile
from curate.io.shards import Shard, shards
from curate.io.streams import CHUNK, compression_of, open_raw

_SHOWN: Final = 5


def discover(inputs: Sequence[str], *, format: str | None = None) -> Discovery:  # noqa: A002 (the option's name)
    """Find every file that the inputs stand for, and how to read each.

    Parameters
    ----------
    inputs : files, folders (searched through; hidden files, README* and LICENSE* are passed over), patterns,
        `-` for standard input, and URLs of any protocol that fsspec knows.
    format : the record format of all files, a key of `FORMATS`; None to detect each file's own; `record` for any
        records that are only compared with (dumps in several records are still told).

    Raises
    ------
    InputError : an input does not exist, matches nothing, is not a regular file or cannot be opened; or
        nothing in all of them can be read.
    UsageError : an unknown format, or no inputs.
    """
    known = [*FORMATS, *DUMPS]
    if format is not None and format not in (*known, RECORD.name):
        near = difflib.get_close_matches(format, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
        raise UsageError(f"--format: no record format named `{format}`; {hint}")
    if isinstance(inputs, str) or not inputs:
        raise UsageError("no input given: name a file, a folder, a pattern, a URL, or - for standard input")
    found, skipped = resolve(inputs)
    unique, repeated = _once(found)
    files: list[InputFile] = []
    unknown: list[UnknownFile] = []
    items: dict[str, Found] = {}
    unique = _opened(unique, unknown, skipped)
    parts = shards(unique, [split_name(item.parts[-1])[0] for item in unique])
    for name, item in zip(_names(unique), unique, strict=True):
        items[name] = item
        one = _input_file(item, name, format, parts.get(item.key))
        if isinstance(one, InputFile):
            files.append(one)
        else:
            unknown.append(one)
    files = _paired(files, unknown)
    _require_something(files, unknown)
    for file in files:
        beside = _beside(file, unknown, items)
        skipped.extend(UnknownFile(one.name, f"part of the dump of {file.name}, without examples") for one in beside)
        unknown = [one for one in unknown if one not in beside]
    return Discovery(
        files=sorted(files, key=lambda file: file.name),
        unknown=sorted(unknown, key=lambda file: file.name),
        skipped=sorted({*skipped, *repeated}, key=lambda file: (file.name, file.why)),
    )


def _opened(items: Sequence[Found], unknown: list[UnknownFile], skipped: list[UnknownFile]) -> list[Found]:
    """The files of `items`, archives replaced by their members; what those hold else is added to the lists."""
    files: list[Found] = []
    for item in items:
        with open_raw(item.path) as stream:
            head = stream.read(512)
        compression = compression_of(head)
        kind = kind_of(item.path, compression, head)
        name = _name(item, item.depth)
        if kind is None:
            files.append(item)
        elif item.archive is not None:
            unknown.append(UnknownFile(name, "an archive inside an archive, which is not opened"))
        else:
            try:
                members = unpack(item, kind, compression)
            except ArchiveError as error:
                unknown.append(UnknownFile(name, str(error)))
                continue
            if not (members.files or members.unknown):
                unknown.append(UnknownFile(name, "an archive without files to read"))
            files += _opened(members.files, unknown, skipped)
            unknown += members.unknown
            skipped += members.skipped
    return files


def _input_file(item: Found, name: str, format_name: str | None, shard: Shard | None) -> InputFile | UnknownFile:
    digest = hashlib.sha256()
    size = 0
    with open_raw(item.path) as stream:
        head = stream.read(CHUNK)
        compression = compression_of(head)
        while head:
            digest.update(head)
            size += len(head)
            head = stream.read(CHUNK)
    try:
        detected: Detected = detect(item.path, item.parts[-1], compression, format_name)
    except UnknownFileError as error:
        return UnknownFile(name, str(error))
    return InputFile(
        name=name,
        path=item.path,
        source=shard.source if shard else _source(item, detected.format),
        container=detected.container,
        compression=compression,
        format=detected.format,
        size=size,
        sha256=digest.hexdigest(),
        detected=f"{detected.line}; {shard.note}" if shard else detected.line,
    )


def _source(item: Found, format_name: str) -> str:
    by_folder = format_name in DUMPS and DUMPS[format_name].source_is_folder
    name = item.parts[-2].strip("/") if by_folder and len(item.parts) > 1 else split_name(item.parts[-1])[0]
    return label([name])


def _beside(file: InputFile, unknown: Sequence[UnknownFile], items: Mapping[str, Found]) -> list[UnknownFile]:
    """The files of `unknown` that lie in the folder of a dump's file and belong to that dump."""
    names = DUMPS[file.format].beside if file.format in DUMPS else ()
    folder = items[file.name].parts[:-1]
    there = {one.name: items[one.name].parts for one in unknown if one.name in items}
    return [o for o in unknown if o.name in there and there[o.name][:-1] == folder and there[o.name][-1] in names]


def _paired(files: Sequence[InputFile], unknown: list[UnknownFile]) -> list[InputFile]:
    """The files, those of a dump in several files put together; what belongs to no other goes to `unknown`."""
    paired = [file for file in files if file.format not in DUMPS or DUMPS[file.format].pair is None]
    for name, dump in DUMPS.items():
        if dump.pair is not None:
            whole, strays = dump.pair([file for file in files if file.format == name])
            paired += whole
            unknown += strays
    return paired


def _require_something(files: Sequence[InputFile], unknown: Sequence[UnknownFile]) -> None:
    if any(file.format != NO_FORMAT for file in files):
        return
    reasons = [f"{file.name}: {file.why}" for file in unknown] + [f"{file.name}: empty" for file in files]
    more = f" (and {len(reasons) - _SHOWN} more)" if len(reasons) > _SHOWN else ""
    raise InputError("nothing to read: " + "; ".join(reasons[:_SHOWN]) + more)


def _once(found: Sequence[Found]) -> tuple[list[Found], list[UnknownFile]]:
    """Each file once, under the longest of the names it was given by; in the order of their keys."""
    groups: dict[str, list[Found]] = {}
    for item in found:
        groups.setdefault(item.key, []).append(item)
    unique: list[Found] = []
    repeated: list[UnknownFile] = []
    for key in sorted(groups):
        ways = sorted(groups[key], key=lambda item: (-item.depth, item.parts))
        unique.append(ways[0])
        kept = _name(ways[0], ways[0].depth)
        # The same path given twice is one file, plainly; two paths to one file are worth a word.
        others = {way.parts: way for way in ways if way.parts != ways[0].parts}
        repeated.extend(UnknownFile(_name(way, way.depth), f"the same file as {kept}") for way in others.values())
    return unique, repeated


def _name(item: Found, depth: int) -> str:
    return label(part.strip("/") for part in item.parts[-depth:])


def _names(items: Sequence[Found]) -> list[str]:
    """A name for each file, none twice: those that would share one get more of their paths, until they differ."""
    depths = [item.depth for item in items]
    while True:
        names = [_name(item, depth) for item, depth in zip(items, depths, strict=True)]
        groups: dict[str, list[int]] = {}
        for i, name in enumerate(names):
            groups.setdefault(name, []).append(i)
        longer = [i for group in groups.values() if len(group) > 1 for i in group if depths[i] < len(items[i].parts)]
        if not longer:
            return names
        for i in longer:
            depths[i] += 1
