from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curate.errors import OutputError
from curate.io import OutputLock, Reject, atomic_file, train_line, write_parquet, write_rejects, write_train
from curate.schema import MESSAGES


def run(program: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    old = os.umask(0o027)
    try:
        with atomic_file(path) as stream:
            stream.write(b"x" * 3_000_000)
            assert not path.exists()
        with atomic_file(tmp_path / "b.txt", "w") as text:
            text.write("é\r\n\n")
    finally:
        os.umask(old)
    assert path.stat().st_size == 3_000_000
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert (tmp_path / "b.txt").read_bytes() == "é\r\n\n".encode()
    assert listed(tmp_path) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), OSError(5, "of the block's own")])
def test_an_exception_leaves_the_old_file(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def write() -> None:
        with atomic_file(path) as stream:
            stream.write(b"new" * 1_000_000)
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    assert caught.value is error
    assert path.read_bytes() == b"old"
    assert listed(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("size", [100, 5_000_000])
def test_no_room(size: int, tmp_path: Path) -> None:
    """A real failure of the system, while the block writes (5 MB) and while the end of it is flushed (100 bytes)."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    program = """
        import resource, sys
        from pathlib import Path
        from curate.errors import OutputError
        from curate.io import atomic_file
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
        try:
            with atomic_file(Path(sys.argv[1])) as stream:
                stream.write(b"x" * int(sys.argv[2]))
        except OutputError as error:
            sys.exit(str(error))
    """
    done = run(program, path, size)
    assert done.returncode == 1
    assert done.stderr.strip() == f"{path}: cannot be written: File too large"
    assert path.read_bytes() == b"old"
    assert listed(tmp_path) == ["a.txt"]


def test_killed_while_writing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    program = """
        import os, signal, sys
        from pathlib import Path
        from curate.io import atomic_file
        with atomic_file(Path(sys.argv[1])) as stream:
            stream.write(b"x" * 5_000_000)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run(program, path).returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for path in [tmp_path / "none" / "a", tmp_path / "file" / "a", tmp_path / "folder"]:
        with pytest.raises(OutputError) as caught, atomic_file(path) as stream:
            stream.write(b"x")
        assert str(caught.value).startswith(f"{path}: cannot be written: ")
        assert caught.value.exit_code == 4
    assert listed(tmp_path) == ["file", "folder"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "link").symlink_to(target)
    with atomic_file(tmp_path / "link") as stream:
        stream.write(b"new")
    assert target.read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"new"


def test_one_run_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "deep"
    program = """
        import sys
        from pathlib import Path
        from curate.errors import OutputError
        from curate.io import OutputLock
        try:
            with OutputLock(Path(sys.argv[1])):
                print("held")
        except OutputError as error:
            print(error)
    """
    with OutputLock(folder):
        assert (folder / ".curate" / "lock").exists()
        out = run(program, folder).stdout
        assert f"another run (process {os.getpid()}) is writing here" in out
        assert str(folder) in out
        with pytest.raises(OutputError), OutputLock(folder):
            pass
    assert run(program, folder).stdout == "held\n"
    with OutputLock(folder):
        pass
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file: cannot be written"), OutputLock(tmp_path / "file"):
        pass


MESSAGES_ONE: list[Any] = [{"role": "user", "content": 'é "\u2028\n'}, {"role": "assistant", "content": "b"}]


def test_train_line() -> None:
    line = train_line(MESSAGES_ONE)
    assert line == (
        '{"messages": [{"role": "user", "content": "é \\"\u2028\\n"}, {"role": "assistant", "content": "b"}]}\n'.encode()
    )
    assert (
        train_line([{"content": "b", "role": "user", "more": 1}])
        == b'{"messages": [{"role": "user", "content": "b"}]}\n'
    )  # type: ignore[typeddict-unknown-key]


def test_write_train(tmp_path: Path) -> None:
    frame = pl.DataFrame({"messages": [MESSAGES_ONE] * 3}, schema={"messages": MESSAGES})
    write_train([frame, frame.clear(), frame.head(1)], tmp_path / "train.jsonl")
    assert (tmp_path / "train.jsonl").read_bytes() == train_line(MESSAGES_ONE) * 4


def test_parquet_bytes_depend_on_the_rows_alone(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"i": range(70_000), "text": [f"text {i % 977}" for i in range(70_000)], "m": [MESSAGES_ONE] * 70_000},
        schema={"i": pl.UInt64, "text": pl.String, "m": MESSAGES},
    )
    frame.write_ipc(tmp_path / "in.arrow")
    write_parquet(frame, tmp_path / "a")
    write_parquet((frame.slice(at, 7001) for at in range(0, 70_000, 7001)), tmp_path / "b")
    program = """
        import sys
        from pathlib import Path
        import polars as pl
        from curate.io import write_parquet
        frame = pl.read_ipc(sys.argv[1])
        write_parquet([frame.head(10), frame.slice(10)], Path(sys.argv[2]))
    """
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "in.arrow"), str(tmp_path / "c")]
    subprocess.run(command, env=environment, check=True)
    data = (tmp_path / "a").read_bytes()
    assert data == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()
    assert pl.read_parquet(tmp_path / "a").equals(frame)


def test_write_rejects(tmp_path: Path) -> None:
    rejects = [
        Reject("a.jsonl", 3, 120, "malformed_json", "It breaks.", "é\u2028\\x41\x1b", "00" * 32),
        Reject("a.jsonl", 4, 140, "invalid_utf8", "Byte 1.", "\\xff\\\\", "11" * 32, escaped=True, truncated=True),
    ]
    write_rejects(iter(rejects), tmp_path / "rejects.jsonl")
    lines = (tmp_path / "rejects.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [Reject(**json.loads(line)) for line in lines] == rejects


def test_the_lock_sweeps_what_a_killed_run_left(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom curate.io.atomic import atomic_file\n"
        "with atomic_file(Path(sys.argv[1]) / 'train.jsonl') as f:\n    f.write(b'half')\n    f.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (tmp_path / ".mine.tmp").write_text("not ours")
    assert len(list(tmp_path.iterdir())) == 2
    with OutputLock(tmp_path):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == [".curate", ".mine.tmp"]
