"""Archives, whose members become files; and the folders of data sets, whose parts share a source."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import random
import stat
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from curate.errors import InputError
from curate.io import Discovery, archives, discover, read
from curate.io.streams import RATIO_AFTER
from curate.io.tarmembers import TarError, TarStream
from tests.runs import assert_fails, curate

LINE = b'{"prompt": "a", "completion": "b"}\n'


def lines(word: str, count: int = 3) -> bytes:
    return b"".join(
        json.dumps({"prompt": f"{word} {i}?", "completion": f"{word} {i}!"}).encode() + b"\n" for i in range(count)
    )


def make_zip(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def make_tar(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


MAKE: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "zip": make_zip,
    "stored.zip": lambda files: make_zip(files, zipfile.ZIP_STORED),
    "bz2.zip": lambda files: make_zip(files, zipfile.ZIP_BZIP2),
    "lzma.zip": lambda files: make_zip(files, zipfile.ZIP_LZMA),
    "tar": make_tar,
    "gnu.tar": lambda files: make_tar(files, tarfile.GNU_FORMAT),
    "old.tar": lambda files: make_tar(files, tarfile.USTAR_FORMAT),
    "tar.gz": lambda files: gzip.compress(make_tar(files)),
    "tgz": lambda files: gzip.compress(make_tar(files)),
    "tar.bz2": lambda files: bz2.compress(make_tar(files)),
    "tar.xz": lambda files: lzma.compress(make_tar(files)),
    "tar.zst": lambda files: zstandard.ZstdCompressor().compress(make_tar(files)),
}
LONG = "/".join(["a-rather-long-name-of-a-folder"] * 6)
FILES = {
    "b.jsonl": lines("b"),
    "sub/a.json": b"[" + b",".join(lines("a").splitlines()) + b"]",
    "sub/deeper/c.jsonl.gz": gzip.compress(lines("c")),
    "sub/ünï 😀.csv": b"prompt,completion\nq,a\n",
    f"{LONG}/d.jsonl": lines("d"),
    "empty.jsonl": b"",
}


def names(found: list[Any]) -> list[str]:
    return [file.name for file in found]


def whys(found: list[Any]) -> dict[str, str]:
    return {file.name: file.why for file in found}


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("plain_name", [False, True])
def test_members_become_files(kind: str, plain_name: bool, tmp_path: Path) -> None:
    files = {name: data for name, data in FILES.items() if kind != "old.tar" or len(name) < 100}
    path = tmp_path / ("archive" if plain_name else f"dump.{kind}")
    path.write_bytes(MAKE[kind](files))
    found = discover([str(path)])
    assert names(found.files) == sorted(f"{path.name}/{name}" for name in files)
    for file in found.files:
        data = files[file.name.removeprefix(f"{path.name}/")]
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert tmp_path not in file.path.parents
        rows = sum(batch.frame.height for batch in read(file))
        assert rows == {"csv": 1}.get(file.name[-3:], 3 if data else 0)
    assert [file.source for file in found.files if file.name.endswith(".gz")] == ["c"]
    assert (found.unknown, found.skipped) == ([], [])


def test_an_archive_among_files(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    (folder / "deep").mkdir(parents=True)
    (folder / "x.jsonl").write_bytes(LINE)
    (folder / "deep" / "x.zip").write_bytes(make_zip({"x.jsonl": LINE * 2}))
    whole = discover([str(folder)])
    assert names(whole.files) == ["raw/deep/x.zip/x.jsonl", "raw/x.jsonl"]
    # Given twice it is one archive, and its members are there once.
    again = discover([str(folder / "deep" / "x.zip"), str(folder)])
    assert [(f.name, f.sha256) for f in again.files] == [(f.name, f.sha256) for f in whole.files]
    frame = next(iter(read(whole.files[0]))).frame
    assert frame["file"].to_list() == ["raw/deep/x.zip/x.jsonl"] * 2


def add(
    archive: tarfile.TarFile, name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", target: str = ""
) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(data), target
    archive.addfile(info, io.BytesIO(data))


def test_what_a_tar_may_hold_and_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        add(archive, "folder", tarfile.DIRTYPE)
        add(archive, "good.jsonl", data=LINE)
        add(archive, "soft.jsonl", tarfile.SYMTYPE, target="/etc/passwd")
        add(archive, "hard.jsonl", tarfile.LNKTYPE, target="good.jsonl")
        add(archive, "pipe.jsonl", tarfile.FIFOTYPE)
        add(archive, "dev.jsonl", tarfile.CHRTYPE)
        add(archive, "../up.jsonl", data=LINE)
        add(archive, "a/../../up.jsonl", data=LINE)
        add(archive, "/abs.jsonl", data=LINE)
        add(archive, "C:\\drive.jsonl", data=LINE)
        add(archive, "..\\up.jsonl", data=LINE)
        add(archive, ".hidden/x.jsonl", data=LINE)
        add(archive, "__MACOSX/x.jsonl", data=LINE)
        add(archive, "README.md", data=b"notes")
        add(archive, "./dot/./x.jsonl", data=LINE * 2)
    before = sorted(tmp_path.parent.rglob("*up.jsonl")) + sorted(Path("/").glob("abs.jsonl"))
    found = discover([str(path)])
    assert names(found.files) == ["a.tar/dot/x.jsonl", "a.tar/good.jsonl"]
    out = "its path leads out of the archive"
    assert whys(found.skipped) == {
        "a.tar/soft.jsonl": "a link",
        "a.tar/hard.jsonl": "a link",
        "a.tar/pipe.jsonl": "a FIFO",
        "a.tar/dev.jsonl": "a device",
        "a.tar/../up.jsonl": out,
        "a.tar/a/../../up.jsonl": out,
        "a.tar//abs.jsonl": out,
        "a.tar/C:\\drive.jsonl": out,
        "a.tar/..\\up.jsonl": out,
        "a.tar/.hidden/x.jsonl": "hidden",
        "a.tar/__MACOSX/x.jsonl": "hidden",
        "a.tar/README.md": "a note about the data",
    }
    assert found.unknown == []
    assert sorted(tmp_path.parent.rglob("*up.jsonl")) + sorted(Path("/").glob("abs.jsonl")) == before


def test_what_a_zip_may_hold_and_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.jsonl", LINE)
        archive.writestr("folder/", b"")
        for name in ("../up.jsonl", "/abs.jsonl", "x/../../up.jsonl", "..\\up.jsonl"):
            archive.writestr(name, LINE)
        link = zipfile.ZipInfo("soft.jsonl")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", make_zip({"x.jsonl": LINE}))
        archive.writestr("inner.tgz", gzip.compress(make_tar({"x.jsonl": LINE})))
        archive.writestr("page.html", b"<html></html>")
    found = discover([str(path)])
    assert names(found.files) == ["a.zip/good.jsonl"]
    nested = "an archive inside an archive, which is not opened"
    assert whys(found.unknown) == {
        "a.zip/inner.zip": nested,
        "a.zip/inner.tgz": nested,
        "a.zip/page.html": "HTML: no reader takes this format",
    }
    assert whys(found.skipped)["a.zip/soft.jsonl"] == "a link"
    assert sum(why == "its path leads out of the archive" for why in whys(found.skipped).values()) == 4


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_kept_apart(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    contents = [lines("x", n) for n in (1, 2, 3)]
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for data in contents:
                archive.writestr("d/x.jsonl", data)
    else:
        with tarfile.open(path, "w") as tar:
            for data in contents:
                add(tar, "d/x.jsonl", data=data)
    found = discover([str(path)])
    assert names(found.files) == [f"a.{kind}/d/(2)/x.jsonl", f"a.{kind}/d/(3)/x.jsonl", f"a.{kind}/d/x.jsonl"]
    assert [file.sha256 for file in found.files] == [hashlib.sha256(contents[i]).hexdigest() for i in (1, 2, 0)]
    assert {file.source for file in found.files} == {"x"}


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    data = bytearray(make_zip({"a.jsonl": LINE, "b.jsonl": LINE}, zipfile.ZIP_STORED))
    first = data.index(b"PK\x01\x02")
    data[6] |= 1  # the flag in the member's own header, and in the directory
    data[first + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    found = discover([str(tmp_path / "a.zip")])
    assert names(found.files) == ["a.zip/b.jsonl"]
    assert whys(found.unknown) == {"a.zip/a.jsonl": "encrypted"}


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    data = bytearray(make_zip({"a.jsonl": LINE * 100, "b.jsonl": LINE}, zipfile.ZIP_STORED))
    data[200] ^= 0x20
    (tmp_path / "a.zip").write_bytes(data)
    found = discover([str(tmp_path / "a.zip")])
    assert names(found.files) == ["a.zip/b.jsonl"]
    assert "damaged in its archive: Bad CRC-32" in whys(found.unknown)["a.zip/a.jsonl"]


def test_an_unknown_method_is_told(tmp_path: Path) -> None:
    data = bytearray(make_zip({"a.jsonl": LINE, "b.jsonl": LINE}, zipfile.ZIP_STORED))
    first = data.index(b"PK\x01\x02")
    data[8], data[first + 10] = 97, 97
    (tmp_path / "a.zip").write_bytes(data)
    assert "not supported (number 97)" in whys(discover([str(tmp_path / "a.zip")]).unknown)["a.zip/a.jsonl"]


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_a_cut_tar_gives_the_members_before_the_cut(kind: str, tmp_path: Path) -> None:
    files = {f"{i}.jsonl": lines(str(i), 4000) for i in range(4)}
    whole = MAKE[kind](files)
    (tmp_path / f"a.{kind}").write_bytes(whole[: len(whole) * 5 // 8])
    found = discover([str(tmp_path / f"a.{kind}")])
    assert names(found.files) == [f"a.{kind}/0.jsonl", f"a.{kind}/1.jsonl"]
    ((name, why),) = whys(found.unknown).items()
    assert name == f"a.{kind}/2.jsonl"
    assert "damaged from here on" in why


def test_a_tar_with_a_damaged_header(tmp_path: Path) -> None:
    data = bytearray(make_tar({"0.jsonl": LINE, "1.jsonl": LINE, "2.jsonl": LINE}, tarfile.USTAR_FORMAT))
    data[1024 + 5] ^= 0x10
    (tmp_path / "a.tar").write_bytes(data)
    found = discover([str(tmp_path / "a.tar")])
    assert names(found.files) == ["a.tar/0.jsonl"]
    assert "a header is damaged" in whys(found.unknown)["a.tar/0.jsonl"]


@pytest.mark.parametrize("data", [b"PK\x03\x04" + bytes(100), make_zip(FILES)[:-30], b"PK\x05\x06" + b"x" * 30])
def test_a_damaged_zip_is_refused_as_a_whole(data: bytes, tmp_path: Path, light: Path) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    done = curate("run", light, tmp_path / "a.zip", "--out", tmp_path / "out")
    assert_fails(done, 3, "a.zip: a damaged zip archive")


def test_an_office_document_is_no_archive_of_records(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(make_zip({"[Content_Types].xml": b"<x/>", "xl/a.xml": b"<x/>"}))
    with pytest.raises(InputError, match=r"a\.xlsx: an Office document: save its tables as CSV"):
        discover([str(tmp_path / "a.xlsx")])


def test_an_empty_archive(tmp_path: Path) -> None:
    for name, data in (("a.zip", make_zip({})), ("a.tar", make_tar({"README": b"x"}))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match="an archive without files to read"):
            discover([str(tmp_path / name)])


# Bounds


def spools() -> list[Path]:
    from curate.io.inputs import _spools

    return sorted(p for folder in _spools for p in folder.iterdir())


def bomb(kind: str, path: Path) -> None:
    size = RATIO_AFTER * 2
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("good.jsonl", LINE)
            with archive.open("bomb.jsonl", "w") as stream:
                for _ in range(size // 2**20):
                    stream.write(b" " * 2**20)
        return
    with tarfile.open(path, "w:gz") as tar, tempfile.TemporaryFile() as hole:
        add(tar, "good.jsonl", data=LINE)
        hole.truncate(size)
        info = tarfile.TarInfo("bomb.jsonl")
        info.size = size
        tar.addfile(info, hole)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_refused_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    bomb(kind, path)
    assert path.stat().st_size < RATIO_AFTER // 200
    before = spools()
    with pytest.raises(InputError, match="more than 200 times its size"):
        discover([str(path)])
    assert spools() == before


def test_overlapping_members_are_a_bomb(tmp_path: Path) -> None:
    """Many names for the same packed bytes, as in Fifield (2019), A better zip bomb."""
    data = make_zip({"a.jsonl": b" " * 2**20})
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"a.jsonl", b"%07d" % i) for i in range(300))
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 300, 300, len(entries), start, 0)
    (tmp_path / "a.zip").write_bytes(data[:start] + entries + tail)
    before = spools()
    with pytest.raises(InputError, match="nothing to read"):
        discover([str(tmp_path / "a.zip")])
    assert spools() == before


def test_total_size_and_count_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(make_zip({f"{i}.jsonl": LINE * 30 for i in range(10)}, zipfile.ZIP_STORED))
    monkeypatch.setattr(archives, "MAX_TOTAL", 9 * 30 * len(LINE))
    with pytest.raises(InputError, match="an archive that unpacks to more than"):
        discover([str(tmp_path / "a.zip")])
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MAX_MEMBERS", 9)
    with pytest.raises(InputError, match="more than 9 members"):
        discover([str(tmp_path / "a.zip")])


def test_a_tar_header_of_any_size_is_not_taken_into_memory() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**40
    header = info.tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(TarError, match="a header of"):
        list(TarStream([header, b"x" * 10_000]))


@pytest.mark.parametrize("size", [1, 7, 512, 100_000])
def test_tar_members_in_pieces_of_any_size(size: int) -> None:
    data = make_tar(FILES)
    stream = TarStream(data[at : at + size] for at in range(0, len(data), size))
    seen = {member.name: b"".join(stream.data()) for member in stream}
    assert seen == FILES


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_mutated_archives_end_in_one_of_the_known_ways(kind: str, tmp_path: Path) -> None:
    """Whatever the bytes: members that are right, or a message; never another exception."""
    rng = random.Random(11)
    whole = MAKE[kind]({name: data for name, data in FILES.items() if data})
    digests = {hashlib.sha256(data).hexdigest() for data in FILES.values()}
    path = tmp_path / f"a.{kind}"
    right = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.randint(1, len(data))] if rng.random() < 0.2 else data)
        try:
            found: Discovery = discover([str(path)])
        except InputError:
            continue
        right += sum(file.sha256 in digests for file in found.files)
    assert right > 0


# Folders of data sets

CARD = """\
---
license: mit
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: test
    path: data/test-*
---
# A data set
"""


def parquet(path: Path, rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"prompt": [f"{path.name} {i}" for i in range(rows)], "completion": ["c"] * rows}).write_parquet(path)


def test_the_parts_of_a_data_set_share_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "my_set"
    for number in range(3):
        parquet(folder / "data" / f"train-{number:05}-of-00003.parquet", number + 1)
    parquet(folder / "data" / "test-00000-of-00001-a09b74b3ef9c3b56.parquet", 4)
    parquet(folder / "data" / "extra-00000-of-00002.parquet", 1)
    (folder / "README.md").write_text(CARD)
    (folder / "dataset_infos.json").write_text("{}")
    (folder / ".gitattributes").write_text("x")
    found = discover([str(folder)])
    assert len(found.files) == 5
    assert {file.source for file in found.files} == {"my_set"}
    assert found.unknown == []
    assert whys(found.skipped) == {
        "my_set/README.md": "a note about the data",
        "my_set/dataset_infos.json": "a note about the data",
        "my_set/.gitattributes": "hidden",
    }
    told = {file.name.rpartition("/")[2]: file.detected.partition("; ")[2] for file in found.files}
    assert (
        told["train-00001-of-00003.parquet"]
        == "part 2 of 3 of split `train` of the data set `my_set` (`default`/`train` in its card)"
    )
    assert told["extra-00000-of-00002.parquet"] == (
        "part 1 of 2 of split `extra`, 1 of them not here of the data set `my_set` (in none of the configurations of its card)"
    )
    assert sum(batch.frame.height for file in found.files for batch in read(file)) == 1 + 2 + 3 + 4 + 1
    (batch,) = read(found.files[-1])
    assert batch.frame["source"].to_list() == ["my_set"] * 3
    # The same for a part given by itself.
    (one,) = discover([str(folder / "data" / "train-00000-of-00003.parquet")]).files
    assert (one.source, one.name) == ("my_set", "train-00000-of-00003.parquet")


@pytest.mark.parametrize(
    ("path", "card", "source"),
    [
        ("some_set/train-00000-of-00001.parquet", None, "some_set"),
        ("some_set/data/train-00000-of-00001.jsonl", None, "some_set"),
        ("some_set/en/train-00000-of-00001.parquet", None, "en"),
        ("some_set/en/train-00000-of-00001.parquet", "some_set", "some_set"),
        ("some_set/train.jsonl", "some_set", "some_set"),
        ("some_set/train.jsonl", None, "train"),
        ("some_set/other.jsonl", "some_set", "other"),
        (
            "datasets--org--name/snapshots/0a1b/data/train-00000-of-00001.parquet",
            "datasets--org--name/snapshots/0a1b",
            "org/name",
        ),
    ],
)
def test_the_name_of_a_data_set(path: str, card: str | None, source: str, tmp_path: Path) -> None:
    file = tmp_path / path
    if path.endswith(".parquet"):
        parquet(file, 2)
    else:
        file.parent.mkdir(parents=True)
        file.write_bytes(LINE)
    if card is not None:
        (tmp_path / card / "README.md").write_text(CARD)
    else:
        (tmp_path / "some_set" / "README.md").write_text("Only a note.\n")
    assert discover([str(file)]).files[0].source == source


@pytest.mark.parametrize(
    "card", ["---\na: [\n---\n", "---\n" + "[" * 5000 + "\n---\n", "---\nconfigs: 7\n---\n", "---\n- x\n---\n"]
)
def test_a_card_that_says_nothing_is_no_obstacle(card: str, tmp_path: Path) -> None:
    parquet(tmp_path / "set" / "train-00000-of-00001.parquet", 1)
    (tmp_path / "set" / "README.md").write_text(card)
    (file,) = discover([str(tmp_path / "set")]).files
    assert file.source == "set"


def test_a_data_set_in_an_archive(tmp_path: Path) -> None:
    files = {}
    for number in range(2):
        buffer = io.BytesIO()
        pl.DataFrame({"prompt": ["p"], "completion": [str(number)]}).write_parquet(buffer)
        files[f"packed_set/data/train-{number:05}-of-00002.parquet"] = buffer.getvalue()
    (tmp_path / "a.zip").write_bytes(make_zip(files))
    assert {file.source for file in discover([str(tmp_path / "a.zip")]).files} == {"packed_set"}


def test_nothing_is_left_behind(tmp_path: Path, light: Path) -> None:
    """The temporary folder with the members is gone when the command is."""
    from tests.runs import process

    (tmp_path / "a.zip").write_bytes(make_zip({"a.jsonl": lines("long enough an answer", 50)}))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = process("run", light, tmp_path / "a.zip", "--out", tmp_path / "out", TMPDIR=str(scratch))
    assert done.code == 0, done.err
    assert list(Path(scratch).iterdir()) == []
