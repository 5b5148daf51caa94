"""Output that is absent, old or complete, and a lock so that one run at a time writes it."""

from __future__ import annotations

import io
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Literal

from curate.errors import OutputError

#: The folder inside an output folder that belongs to curate.
PRIVATE: Final = ".curate"

#: Names that `atomic_file` gives to what is not yet complete.
_TEMPORARY: Final = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.tmp", re.DOTALL)


def _cannot(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {error.strerror or error}")


class _Checked(io.FileIO):
    """A file whose write errors name the path that is being made, so that no other OSError is taken for one."""

    def __init__(self, descriptor: int, target: Path) -> None:
        super().__init__(descriptor, "w")
        self._target = target

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise _cannot(self._target, error) from error


@contextmanager
def atomic_file(path: Path, mode: Literal["wb", "w"] = "wb", *, lasting: bool = True) -> Iterator[IO[Any]]:
    """A file that takes its name only when it is complete and on the disk.

    It is written under a temporary name in the same folder; at the end of the block it is flushed and
    synced, renamed over `path`, and the folder is synced. If the block raises, the temporary file is
    removed and an older `path` stays as it was. A `path` that is a symbolic link is replaced, not followed.

    Parameters
    ----------
    path : the final name; its folder must exist.
    mode : bytes, or text (UTF-8, line ends as written).
    lasting : wait until it is on the disk. Without that, what a power failure leaves under the name may be anything;
        it is for files whose readers compare a hash.

    Raises
    ------
    OutputError : the file cannot be made, written, synced or renamed; an `OSError` of the block's own
        passes as it is.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError as error:
        raise _cannot(path, error) from error
    stream: IO[Any] = io.BufferedWriter(_Checked(descriptor, path), 1024 * 1024)
    if mode == "w":
        stream = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    try:
        yield stream
        stream.flush()
        _finish(stream, temporary, path, lasting=lasting)
    except BaseException:
        # Closing flushes once more, and fails as the write before it did: that error is on its way already.
        with suppress(OSError, OutputError, ValueError):
            stream.close()
        temporary.unlink(missing_ok=True)
        raise


def _finish(stream: IO[Any], temporary: Path, path: Path, *, lasting: bool) -> None:
    try:
        if lasting:
            os.fsync(stream.fileno())
        stream.close()
        temporary.replace(path)
        if not lasting:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _cannot(path, error) from error


class OutputLock:
    """Holds an output folder for one run: an exclusive lock on `DIR/.curate/lock`, made where it is missing.

    The system drops the lock when the process ends, however it ends; the file stays.

    Raises
    ------
    OutputError : on entry, if another run holds the folder or it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._descriptor: int | None = None

    def __enter__(self) -> OutputLock:
        import fcntl

        path = self.folder / PRIVATE / "lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A link in its place is not followed: what it points at would be cut.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise _cannot(self.folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                who = f" (process {holder})" if holder.isdigit() else ""
                raise OutputError(
                    f"{self.folder}: another run{who} is writing here; wait for it or choose another --out"
                ) from error
            raise _cannot(self.folder, error) from error
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        except OSError as error:
            os.close(descriptor)
            raise _cannot(path, error) from error
        self._descriptor = descriptor
        self._sweep()
        return self

    def _sweep(self) -> None:
        """Remove what a killed run left half-written beside the final names."""
        for folder in (self.folder, self.folder / PRIVATE):
            for path in folder.iterdir():
                if _TEMPORARY.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
