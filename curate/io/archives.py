"""Members of zip and tar archives, each unpacked into a file of its own on this machine.

What a member is called decides nothing about where it is written: it goes into a temporary folder under a name of our
own, and its path is only a label. Links, devices and paths that lead out of the archive are passed over; archives
inside archives are not opened.
"""

from __future__ import annotations

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from curate.io.inputs import Found, label, passed_over, spool
from curate.io.model import Compression, UnknownFile
from curate.io.streams import CHUNK, MAX_RATIO, RATIO_AFTER, CorruptStreamError, chunks
from curate.io.tarmembers import TarError, TarStream

Kind = Literal["zip", "tar"]

#: An archive with more members, or whose members are larger together, is refused as a whole. Those of the largest
#: collections of instruction data (Natural Instructions: 1,600 tasks; StackExchange: 100 GB, but one file per site)
#: stay below.
MAX_MEMBERS: Final = 100_000
MAX_TOTAL: Final = 64 * 1024**3

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OFFICE: Final = {"[Content_Types].xml", "mimetype"}
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_ENCRYPTED: Final = 0x1
#: What the standard library raises over a zip file whose bytes were altered.
_ZIP_ERRORS: Final = (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, struct.error)


class ArchiveError(Exception):
    """The archive is refused as a whole; the message says why."""


@dataclass(slots=True)
class Members:
    """What is in an archive: its files, what no reader can take, and what is passed over by rule."""

    files: list[Found] = field(default_factory=list)
    unknown: list[UnknownFile] = field(default_factory=list)
    skipped: list[UnknownFile] = field(default_factory=list)


def kind_of(path: Path, compression: Compression | None, head: bytes) -> Kind | None:
    """The kind of archive that a file is, told by its first bytes (`head`, 512 or all of them); None if it is none.

    Raises
    ------
    InputError : as `streams.chunks`.
    """
    if head.startswith(_ZIP):
        return "zip"
    if compression is not None:
        head = b""
        try:
            for piece in chunks(path, compression):
                head += piece
                if len(head) >= 512:
                    break
        except CorruptStreamError:
            pass  # what there is of it tells; whoever reads on comes to the damage again
    return "tar" if head[257:262] == b"ustar" else None


def unpack(archive: Found, kind: Kind, compression: Compression | None) -> Members:
    """Unpack the members of an archive.

    Raises
    ------
    ArchiveError : the archive is refused: damaged from the start, encrypted as a whole, a bomb, or an Office document.
    InputError : there is no room for the members, or the archive cannot be opened.
    """
    unpacked = _Unpacked(archive)
    try:
        if kind == "zip":
            _unzip(unpacked)
        else:
            _untar(unpacked, compression)
    except ArchiveError:
        unpacked.discard()
        raise
    return unpacked.members


class _Unpacked:
    """The members of an archive so far."""

    def __init__(self, archive: Found) -> None:
        self.archive = archive
        self.members = Members()
        self.size = archive.path.stat().st_size
        self._total = self._count = 0
        self._taken: set[tuple[str, ...]] = set()

    def discard(self) -> None:
        """Delete what was unpacked."""
        for file in self.members.files:
            file.path.unlink()

    def parts(self, path: str) -> tuple[str, ...] | None:
        """The path of a member in parts, or None if the member is passed over (which is noted).

        Raises `ArchiveError` for one member too many.
        """
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise ArchiveError(f"an archive of more than {MAX_MEMBERS:,} members")
        slashed = path.replace("\\", "/")
        parts = tuple(part for part in slashed.split("/") if part not in {"", "."})
        if slashed.startswith("/") or _DRIVE.match(slashed) or ".." in parts or not parts:
            self.skip((path,), "its path leads out of the archive")
            return None
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts[:-1])
        why = "hidden" if hidden else passed_over(parts[-1])
        if why is not None:
            self.skip(parts, why)
            return None
        return parts

    def _name(self, parts: tuple[str, ...]) -> str:
        return label((*self.archive.parts[-self.archive.depth :], *parts))

    def skip(self, parts: tuple[str, ...], why: str) -> None:
        """Note a member that is passed over by rule."""
        self.members.skipped.append(UnknownFile(self._name(parts), why))

    def refuse(self, parts: tuple[str, ...], why: str) -> None:
        """Note a member that cannot be had."""
        self.members.unknown.append(UnknownFile(self._name(parts), why))

    def add(self, parts: tuple[str, ...], data: Iterator[bytes]) -> None:
        """Unpack a member; of several with one path the later ones get a number in front of their names."""
        folder, base, number = parts[:-1], parts[-1], 1
        while parts in self._taken:
            number += 1
            parts = (*folder, f"({number})", base)
        self._taken.add(parts)
        path = spool(self._counted(data), self._name(parts))
        self.members.files.append(
            Found(
                key=f"{self.archive.key}!{len(self.members.files):06}",
                parts=(*self.archive.parts, *parts),
                depth=self.archive.depth + len(parts),
                path=path,
                archive=self._name(()),
            )
        )

    def _counted(self, data: Iterator[bytes]) -> Iterator[bytes]:
        for piece in data:
            self._total += len(piece)
            if self._total > RATIO_AFTER and self._total > MAX_RATIO * self.size:
                raise ArchiveError(f"an archive that unpacks to more than {MAX_RATIO} times its size")
            if self._total > MAX_TOTAL:
                raise ArchiveError(f"an archive that unpacks to more than {MAX_TOTAL // 1024**3} GiB")
            yield piece


def _unzip(unpacked: _Unpacked) -> None:
    try:
        with zipfile.ZipFile(unpacked.archive.path) as archive:
            infos = archive.infolist()
            if infos and infos[0].filename in _OFFICE:
                raise ArchiveError("an Office document: save its tables as CSV first")
            for info in infos:
                if not info.filename.endswith(("/", "\\")) and (parts := unpacked.parts(info.filename)) is not None:
                    _unzip_one(unpacked, parts, archive, info)
    except _ZIP_ERRORS as error:
        raise ArchiveError(f"a damaged zip archive: {error}") from error


def _unzip_one(unpacked: _Unpacked, parts: tuple[str, ...], archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        unpacked.skip(parts, "a link" if stat.S_ISLNK(mode) else "a device")
        return
    if info.flag_bits & _ENCRYPTED:
        unpacked.refuse(parts, "encrypted")
        return
    try:
        unpacked.add(parts, _zip_data(archive, info))
    except NotImplementedError:
        unpacked.refuse(parts, f"packed by a method that is not supported (number {info.compress_type})")
    except (*_ZIP_ERRORS, zlib.error, lzma.LZMAError, EOFError) as error:
        unpacked.refuse(parts, f"damaged in its archive: {str(error) or 'cut off'}")


def _zip_data(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as stream:
        while piece := stream.read(CHUNK):
            yield piece


def _untar(unpacked: _Unpacked, compression: Compression | None) -> None:
    stream = TarStream(chunks(unpacked.archive.path, compression))
    last: tuple[str, ...] = ()
    try:
        for member in stream:
            if member.folder or (parts := unpacked.parts(member.name)) is None:
                continue
            last = parts
            if member.odd is not None:
                unpacked.skip(parts, member.odd)
            else:
                unpacked.add(parts, stream.data())
    except CorruptStreamError as error:
        if error.reason != "corrupt_stream":
            raise ArchiveError(f"an archive of which {error}") from error
        unpacked.refuse(last, f"the archive is damaged from here on: {error}")
    except TarError as error:
        unpacked.refuse(last, f"the archive is damaged from here on: {error}")
