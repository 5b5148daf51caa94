"""A run that fails at any moment leaves each file old, absent or complete, and the next run ends as if nothing had been."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from curate.manifest import check_outputs, read_manifest
from curate.outputs import NAMES
from tests.helpers import ROOT
from tests.promises.faults import Machine, spread
from tests.runs import OUTPUTS, Dump, assert_fails, command, environment, process, snapshot


@dataclass(frozen=True)
class Scene:
    """An older result, the run that is to replace it, and what comes of that run where nothing fails."""

    old: Path
    before: Mapping[str, bytes]
    wanted: Mapping[str, bytes]
    args: tuple[object, ...]
    calls: int

    def stage(self, folder: Path, *, fresh: bool) -> Path:
        """A folder for the run: empty, or with the older result (and nothing of its cache)."""
        out = folder / "out"
        if fresh:
            out.mkdir()
        else:
            shutil.copytree(self.old, out, ignore=shutil.ignore_patterns(".curate"))
        return out


@pytest.fixture(scope="module")
def scene(machine: Machine, small: Path, dump: Dump, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    old, new = folder / "old", folder / "new"
    first = machine.run("run", small, *dump.files, "--out", old, "--threads", 1, "--size", 50, folder=folder)
    assert first.code == 0, first.err
    args = ("run", small, *dump.files, "--threads", 1, "--size", 30)
    new.mkdir()
    fresh = machine.run(*args, "--out", new, folder=folder)
    assert fresh.code == 0, fresh.err
    assert fresh.calls > 100
    assert set(snapshot(new)) == OUTPUTS == set(NAMES)
    assert check_outputs(new, read_manifest(new)) == []
    assert all(snapshot(old)[name] != snapshot(new)[name] for name in OUTPUTS - {"rejects.jsonl"})
    return Scene(old, snapshot(old), snapshot(new), args, fresh.calls)


def assert_whole(out: Path, before: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> None:
    """Each final name is absent or old, or complete; a mixture is one that its manifest tells."""
    found = {name: (out / name).read_bytes() for name in NAMES if (out / name).exists()}
    for name in NAMES:
        assert found.get(name) in (before.get(name), wanted[name]), name
    if found not in (before, wanted) and "manifest.json" in found:
        assert check_outputs(out, read_manifest(out)), "a mixture that verifies"


def fail_and_resume(machine: Machine, scene: Scene, folder: Path, kind: str, at: int, *, fresh: bool) -> None:
    folder.mkdir()
    out = scene.stage(folder, fresh=fresh)
    before: Mapping[str, bytes] = {} if fresh else scene.before
    failed = machine.run(*scene.args, "--out", out, folder=folder, kind=kind, at=at)
    where = (kind, at, fresh, failed)
    if kind == "full":
        # Nothing but tidying up comes after the last thing that needs room.
        assert failed.code == 4 or (failed.code == 0 and snapshot(out) == scene.wanted), where
        assert "Traceback" not in failed.err, where
        if failed.code == 4:
            assert sum(line.startswith("error: ") for line in failed.err.splitlines()) == 1, where
        assert not list(out.glob(".*.tmp")), where
    else:
        assert failed.code == -signal.SIGKILL, where
    assert_whole(out, before, scene.wanted)
    again = machine.run(*scene.args, "--out", out, folder=folder)
    assert again.code == 0, (where, again)
    assert snapshot(out) == scene.wanted, where
    assert {p.name for p in out.iterdir()} == OUTPUTS | {".curate"}, where
    private = {p.name for p in (out / ".curate").iterdir() if not p.name.startswith(".run.json.")}
    assert private == {"lock", "run.json", "steps"}, where
    shutil.rmtree(folder)


@pytest.mark.parametrize(("kind", "count"), [("kill", 5), ("cut", 7), ("full", 6)])
def test_a_fault_here_and_there(machine: Machine, scene: Scene, scratch: Path, kind: str, count: int) -> None:
    # As many again among the last, where the outputs are written.
    points = {*spread(scene.calls, count, seed=count), *(scene.calls - n for n in spread(50, count, seed=count))}
    for turn, at in enumerate(sorted(points)):
        fail_and_resume(machine, scene, scratch / str(at), kind, at, fresh=turn % 3 == 0)


@pytest.mark.soak
@pytest.mark.parametrize("fresh", [False, True], ids=["over an older result", "into nothing"])
@pytest.mark.parametrize("kind", ["kill", "cut", "full"])
def test_a_fault_everywhere(machine: Machine, scene: Scene, scratch: Path, kind: str, *, fresh: bool) -> None:
    for at in range(1, scene.calls + 1):
        fail_and_resume(machine, scene, scratch / str(at), kind, at, fresh=fresh)


def test_the_machine_tells_a_file_that_was_not_synced(tmp_path: Path) -> None:
    """The power cut is one: a file renamed without a sync is lost, and one that was synced is not."""
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom tests.promises import faults\n"
        "for name, f in faults._patched().items():\n    setattr(os, name, f)\n"
        "folder = Path(sys.argv[1])\nfaults.DISK.folder = folder\n"
        "def put(name, sync):\n"
        "    d = os.open(folder / (name + '.tmp'), os.O_WRONLY | os.O_CREAT)\n"
        "    with faults._File(d, 'w') as f:\n        f.write(b'0123456789')\n        sync and os.fsync(d)\n"
        "    os.replace(folder / (name + '.tmp'), folder / name)\n"
        "def sync():\n    d = os.open(folder, os.O_RDONLY)\n    os.fsync(d)\n    os.close(d)\n"
        "(folder / 'renamed').write_text('older')\n"
        "put('careless', False)\nput('careful', True)\nsync()\nput('renamed', True)\n"
        "faults.DISK.kind, faults.DISK.at = 'cut', faults.DISK.calls + 1\nos.mkdir(folder / 'never')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {
        "careless": b"01234", "careful": b"0123456789", "renamed": b"older", "renamed.tmp": b"0123456789"
    }  # fmt: skip


# --- a larger run, stopped again and again


def larger(folder: Path, copies: int = 4) -> list[Path]:
    """The sample dumps, some of them several times under other names."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    for path in sorted((ROOT / "sample_data" / "raw").iterdir()):
        for copy in range(copies if path.suffix == ".jsonl" else 1):
            shutil.copyfile(path, raw / f"copy{copy}-{path.name}")
    return sorted(raw.iterdir())


def test_three_kills_of_a_larger_run(machine: Machine, small: Path, scratch: Path) -> None:
    files = larger(scratch)
    whole = machine.run("run", small, *files, "--out", scratch / "whole", folder=scratch)
    assert whole.code == 0, whole.err
    wanted = snapshot(scratch / "whole")
    out, rng = scratch / "out", random.Random()
    for _ in range(3):  # each goes on where the one before was stopped, so that the last come late
        at = rng.randint(1, whole.calls // 3)
        failed = machine.run("run", small, *files, "--out", out, folder=scratch, kind="cut", at=at)
        assert failed.code == -signal.SIGKILL, (at, failed)
        assert_whole(out, {}, wanted)
    assert machine.run("run", small, *files, "--out", out, folder=scratch).code == 0
    assert snapshot(out) == wanted


@pytest.mark.soak
def test_fifty_kills_of_a_larger_run(scratch: Path) -> None:
    """Processes of their own, the default recipe with its model and all threads, killed by the clock."""
    args = ("run", "lima_1k", ROOT / "sample_data" / "raw")
    began = time.monotonic()
    assert process(*args, "--out", scratch / "whole").code == 0
    lasts = time.monotonic() - began
    wanted = snapshot(scratch / "whole")
    rng, killed = random.Random(), 0
    for number in range(50):
        out = scratch / f"out{number}"
        run = subprocess.Popen(
            command(*args, "--out", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
        )
        time.sleep(rng.uniform(0.1, lasts))
        run.kill()
        killed += run.wait() == -signal.SIGKILL
        if out.exists():
            assert_whole(out, {}, wanted)
        done = process(*args, "--out", out)
        assert done.code == 0, done.err
        assert snapshot(out) == wanted
        shutil.rmtree(out)
    assert killed > 30


# --- what changes between a kill and the resume


@pytest.mark.parametrize("late", [0.3, 0.9])
def test_input_changed_before_the_resume_is_read_again(
    machine: Machine, scene: Scene, dump: Dump, small: Path, scratch: Path, late: float
) -> None:
    """Neither the size nor the time of the file tells: its bytes do."""
    raw, out, other = scratch / "raw", scratch / "out", scratch / "other"
    shutil.copytree(dump.folder, raw)
    args = ("run", small, raw, "--threads", 1, "--size", 30)
    at = round(scene.calls * late)
    assert machine.run(*args, "--out", out, folder=scratch, kind="kill", at=at).code == -signal.SIGKILL
    for path in raw.iterdir():
        stat, data = path.stat(), path.read_bytes()
        path.write_bytes(data.replace(b"keeper", b"sleeps"))
        assert path.read_bytes() != data
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert machine.run(*args, "--out", out, folder=scratch).code == 0
    assert machine.run(*args, "--out", other, folder=scratch).code == 0
    assert snapshot(out) == snapshot(other)
    assert b"keeper every" not in (out / "train.jsonl").read_bytes()


# --- links in place of outputs


def test_links_in_place_of_outputs_are_replaced_and_not_followed(scene: Scene, machine: Machine, scratch: Path) -> None:
    out, precious = scratch / "out", scratch / "precious"
    (out / ".curate").mkdir(parents=True)
    precious.mkdir()
    for name in NAMES:
        (precious / name).write_bytes(b"precious")
        (out / name).symlink_to(precious / name)
    (precious / "run.json").write_bytes(b"precious")
    (out / ".curate" / "run.json").symlink_to(precious / "run.json")
    (out / "ledger.parquet").unlink()
    (out / "ledger.parquet").symlink_to(precious / "absent")
    assert machine.run(*scene.args, "--out", out, folder=scratch).code == 0
    assert {path.read_bytes() for path in precious.iterdir()} == {b"precious"}
    assert not (precious / "absent").exists()
    assert not any((out / name).is_symlink() for name in [*NAMES, ".curate/run.json"])
    assert snapshot(out) == scene.wanted


def test_nothing_is_left_of_a_run_that_was_killed_at_its_last_note(
    machine: Machine, scene: Scene, scratch: Path
) -> None:
    """`.curate/run.json` is written after the outputs."""
    out = scratch / "out"
    for at in range(scene.calls, scene.calls - 40, -1):
        if machine.run(*scene.args, "--out", out, folder=scratch, kind="kill", at=at).code == -signal.SIGKILL:
            if list((out / ".curate").glob(".run.json.*")):
                break
            shutil.rmtree(out)
    assert list((out / ".curate").glob(".run.json.*")), "the run was not killed there"
    assert machine.run(*scene.args, "--out", out, folder=scratch).code == 0
    assert {p.name for p in (out / ".curate").iterdir()} == {"lock", "run.json", "steps"}


def test_link_in_place_of_the_lock_is_not_followed(scene: Scene, machine: Machine, scratch: Path) -> None:
    out, precious = scratch / "out", scratch / "precious"
    (out / ".curate").mkdir(parents=True)
    precious.write_bytes(b"precious")
    (out / ".curate" / "lock").symlink_to(precious)
    done = machine.run(*scene.args, "--out", out, folder=scratch)
    assert precious.read_bytes() == b"precious"
    assert done.code == 4
    assert f"error: {out}" in done.err


def test_disk_that_is_full_from_the_start_is_told_by_its_place(scene: Scene, machine: Machine, scratch: Path) -> None:
    for at in range(1, 10):
        folder = scratch / str(at)
        done = machine.run(*scene.args, "--out", folder / "out", folder=scratch, kind="full", at=at)
        assert done.code == 4
        assert f"error: {folder}" in done.err, done.err


# --- a disk that is really full

_FILL = """
set -e
mount -t tmpfs -o size="$1" tmpfs "$2"
cp -a "$3/." "$2/"
shift 3
code=0
"$@" || code=$?
cp -a "$OUT/." "$KEEP/"
exit $code
"""


def on_small_disk(size: int, old: Path, folder: Path, *args: object) -> tuple[int, str, Path]:
    """Exit code, narration and folder of a run on a file system of its own, that holds `size` bytes."""
    out, keep = folder / "disk", folder / "keep"
    for path in (out, keep):
        path.mkdir(parents=True)
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _FILL, "sh", str(size), str(out), str(old),
         *command(*args, "--out", out)],
        capture_output=True, env={**environment(), "OUT": str(out), "KEEP": str(keep)}, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stderr.decode(), keep


@pytest.fixture(scope="module")
def small_disks() -> None:
    """Skips where no file system may be mounted; a limit on the size of files stands in for it in another test."""
    probe = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs -o size=65536 tmpfs /mnt"]
    try:
        done = subprocess.run(probe, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no `unshare` here to make a small disk with")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")


def full_disks(scene: Scene, tmp_path: Path, rooms: list[int]) -> list[int]:
    codes = []
    held = sum((len(data) + 4095) // 4096 * 4096 for data in scene.before.values())
    old = scene.stage(tmp_path, fresh=False)
    for room in rooms:
        code, narration, keep = on_small_disk(held + room * 4096, old, tmp_path / f"room{room}", *scene.args)
        assert "Traceback" not in narration, narration
        assert code in (0, 4), narration
        if code == 4:
            assert sum(line.startswith("error: ") for line in narration.splitlines()) == 1, narration
            assert "No space left" in narration
        assert_whole(keep, scene.before, scene.wanted)
        assert not list(keep.glob(".*.tmp"))
        codes.append(code)
    return codes


@pytest.mark.usefixtures("small_disks")
def test_full_disk_leaves_the_old_result_whole(scene: Scene, tmp_path: Path) -> None:
    assert full_disks(scene, tmp_path, [3, 30, 4000]) == [4, 4, 0]
    assert snapshot(tmp_path / "room3" / "keep") == scene.before


@pytest.mark.soak
@pytest.mark.usefixtures("small_disks")
def test_disks_of_every_size(scene: Scene, tmp_path: Path) -> None:
    codes = full_disks(scene, tmp_path, list(range(1, 200, 2)))
    assert codes == sorted(codes, reverse=True)


def test_second_run_into_one_folder_is_refused_and_the_first_ends_well(
    scene: Scene, small: Path, dump: Dump, tmp_path: Path
) -> None:
    from curate.io.atomic import OutputLock

    out = scene.stage(tmp_path, fresh=False)
    with OutputLock(out):
        assert_fails(process(*scene.args, "--out", out), 4, "another run", str(os.getpid()))
        assert snapshot(out) == scene.before
