"""A machine that fails at the n-th thing a run asks of the disk.

`python -m tests.promises.faults` is the machine: it puts itself between `curate` and the functions that change a
disk, loads `curate`, and then runs one command line for each request, each in a forked process of its own, so that
none pays for the imports again. `Machine` is the test's end of it.

What counts as one thing asked: to make a file or a folder, to write, to sync, to cut, to rename, to delete. The kinds of fault:

- `kill`: the process ends there, with half of a write done.
- `cut`: the power goes. As `kill`; then what was written and not synced since is cut in half, and renames in a
  folder that was not synced since are undone.
- `full`: from there on nothing that needs room succeeds (ENOSPC), and a write takes half of what it was given.
"""

from __future__ import annotations

import builtins
import errno
import io
import itertools
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What fails on a full disk; deleting does not.
_NEEDS_ROOM = {"open", "mkdir", "write", "fsync", "rename"}
#: The functions themselves, for the machine's own use once `os` has others under these names.
_io_open, _open, _mkdir, _fsync, _rename = open, os.open, os.mkdir, os.fsync, os.rename
_replace, _unlink, _rmdir, _pwrite, _ftruncate = os.replace, os.unlink, os.rmdir, os.pwrite, os.ftruncate


class _Disk:
    """Counts what is asked of the disk, fails where it is told to, and knows what a power cut would take."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.at = 0
        self.calls = 0
        self.folder = Path("/nowhere")
        self._unsynced: set[int] = set()
        self._renames: list[tuple[str, str, str | None]] = []
        self._lock = threading.Lock()

    def ask(self, what: str, of: Any, half: Callable[[], object] | None = None, *, within: int | None = None) -> None:
        """Note one thing asked of a path (that may be `within` an open folder) or of an open file.

        Only the disk that the test's folder lies on fails. `half` does half of what is asked, where that can be.
        """
        if isinstance(of, int):
            place = os.readlink(f"/proc/self/fd/{of}")  # noqa: PTH115 (patched functions are not to be asked)
        else:
            start = os.readlink(f"/proc/self/fd/{within}") if within is not None else os.getcwd()  # noqa: PTH109, PTH115
            place = os.path.join(start, os.fspath(of))  # noqa: PTH118
        if not place.startswith(f"{self.folder}/"):
            return
        with self._lock:
            self.calls += 1
            now, after = self.calls == self.at, self.at and self.calls >= self.at
        if self.kind == "full" and after and what in _NEEDS_ROOM:
            if now and half:
                half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.kind in ("kill", "cut") and now:
            if half:
                half()
            if self.kind == "cut":
                self._lose()
            os.kill(os.getpid(), signal.SIGKILL)

    def wrote(self, descriptor: int) -> None:
        """Something went into the file that only a sync makes last."""
        self._unsynced.add(os.fstat(descriptor).st_ino)

    def synced(self, descriptor: int) -> None:
        """The file, or the names in the folder, are on the disk."""
        self._unsynced.discard(os.fstat(descriptor).st_ino)
        place = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        self._renames = [one for one in self._renames if str(Path(one[1]).parent) != place]

    def renaming(self, old: Any, new: Any) -> None:
        """A name is about to change; what it stood for is kept, for a power cut to bring back."""
        kept = None
        if os.path.isfile(new):  # noqa: PTH113 (patched functions are not to be asked)
            kept = f"{self.folder}/kept-{self.calls}"
            os.link(new, kept, follow_symlinks=False)
        self._renames.append((os.path.abspath(old), os.path.abspath(new), kept))  # noqa: PTH100

    def _lose(self) -> None:
        for old, new, kept in reversed(self._renames):
            _rename(new, old)
            if kept:
                _rename(kept, new)
        for path in self.folder.rglob("*"):
            stat = path.lstat()
            if path.is_file() and not path.is_symlink() and stat.st_ino in self._unsynced:
                os.truncate(path, stat.st_size // 2)


DISK = _Disk()


class _File(io.FileIO):
    """A file whose writes are counted."""

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        DISK.ask(
            "write",
            self.fileno(),
            lambda: (super(_File, self).write(view[: len(view) // 2]), DISK.wrote(self.fileno())),
        )
        done = super().write(data)
        DISK.wrote(self.fileno())
        return done


def _patched() -> dict[str, Callable[..., Any]]:
    def opening(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if flags & os.O_CREAT:
            DISK.ask("open", path, within=more.get("dir_fd"))
        descriptor = _open(path, flags, mode, **more)
        if flags & os.O_CREAT:
            DISK.wrote(descriptor)
        return descriptor

    def syncing(descriptor: int) -> None:
        DISK.ask("fsync", descriptor)
        _fsync(descriptor)
        DISK.synced(descriptor)

    def moving(real: Callable[..., None]) -> Callable[..., None]:
        def move(old: Any, new: Any, **more: Any) -> None:
            DISK.ask("rename", new)
            DISK.renaming(old, new)
            real(old, new, **more)

        return move

    def plain(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(of: Any, *args: Any, **more: Any) -> Any:
            DISK.ask(what, of, within=more.get("dir_fd"))
            return real(of, *args, **more)

        return call

    return {
        "open": opening, "fsync": syncing, "rename": moving(_rename), "replace": moving(_replace),
        "mkdir": plain("mkdir", _mkdir), "unlink": plain("unlink", _unlink), "remove": plain("unlink", _unlink),
        "rmdir": plain("unlink", _rmdir), "pwrite": plain("write", _pwrite), "ftruncate": plain("truncate", _ftruncate),
    }  # fmt: skip


def _wrapped_fdopen(descriptor: int, mode: str = "r", *args: Any, **more: Any) -> Any:
    if "w" in mode and "b" in mode:
        return io.BufferedWriter(_File(descriptor, "w"))
    return _io_open(descriptor, mode, *args, **more)


def _wrapped_open(real: Callable[..., Any]) -> Callable[..., Any]:
    """`open`: a file that is made or changed by it alone is one that nobody syncs."""

    def opening(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if not set(mode) & set("wax+") or isinstance(file, int):
            return real(file, mode, *args, **more)
        DISK.ask("open", file)
        stream = real(file, mode, *args, **more)
        DISK.wrote(stream.fileno())
        return stream

    return opening


def _child(request: dict[str, Any]) -> None:
    """Run one command line with its fault, and never come back."""
    from curate.cli import main

    for number, path in ((1, os.devnull), (2, request["narration"])):
        os.dup2(_open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = ["curate", *request["args"]]
    DISK.kind, DISK.at, DISK.folder = request["kind"], request["at"], Path(request["folder"])
    code = 0
    try:
        main()
    except SystemExit as done:
        code = int(done.code or 0)
    except BaseException:  # noqa: BLE001 (whatever it is, the test is to see it)
        import traceback

        traceback.print_exc()
        code = 99
    sys.stderr.flush()
    with _io_open(request["narration"] + ".calls", "w", encoding="ascii") as file:
        file.write(str(DISK.calls))
    os._exit(code)


def serve() -> None:
    """The machine's own loop: a request a line, an answer a line."""
    io.FileIO = _File  # type: ignore[misc]
    for name, function in _patched().items():
        setattr(os, name, function)
    os.fdopen = _wrapped_fdopen
    io.open = builtins.open = _wrapped_open(_io_open)
    # All that a run loads, so that a forked one finds it there; nothing here may start a thread pool.
    import numba  # noqa: F401
    import polars as pl  # noqa: F401
    import rich.progress  # noqa: F401

    import curate.cli
    import curate.pipeline
    import curate.registry

    curate.registry.stage_classes()
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _child(request)
        deadline = request["seconds"]
        signal.signal(signal.SIGALRM, lambda *_, child=child: os.kill(child, signal.SIGKILL))
        signal.alarm(deadline)
        status = os.waitpid(child, 0)[1]
        left = signal.alarm(0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "late": left == 0}), flush=True)


@dataclass(frozen=True)
class Outcome:
    """How a command line ended on the machine: its exit code (negative: the signal), narration, and things asked."""

    code: int
    err: str
    calls: int


class Machine:
    """The test's end of the machine."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.faults"], cwd=root, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._answer() == "ready\n"

    def run(self, *args: object, folder: Path, kind: str | None = None, at: int = 0, seconds: int = 60) -> Outcome:
        """Run a command line whose files all lie under `folder`; it fails as `kind` says at the `at`-th thing asked."""
        from tests.runs import arguments  # not at the top, which the machine's own process reads too

        with tempfile.TemporaryDirectory() as place:
            narration = Path(place, "narration")
            request = {
                "args": arguments(args), "kind": kind, "at": at, "folder": str(folder),
                "narration": str(narration), "seconds": seconds,
            }  # fmt: skip
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._answer(seconds + 30))
            assert not answer["late"], "the run hangs"
            calls = Path(f"{narration}.calls")
            for kept in folder.glob("kept-*"):
                kept.unlink()
            number = int(calls.read_text()) if calls.exists() else 0
            return Outcome(answer["code"], narration.read_text(), number)

    def _answer(self, seconds: int = 60) -> str:
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], seconds)[0], "the machine does not answer"
        return self._process.stdout.readline()

    def close(self) -> None:
        """Switch it off."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def spread(calls: int, count: int, seed: int) -> list[int]:
    """`count` numbers over 1 to `calls`, one in each of as many equal stretches; all of them where `count` is 0."""
    if count == 0 or count >= calls:
        return list(range(1, calls + 1))
    rng = random.Random(seed)
    edges = [round(i * calls / count) for i in range(count + 1)]
    return [rng.randint(low + 1, high) for low, high in itertools.pairwise(edges)]


if __name__ == "__main__":
    serve()
