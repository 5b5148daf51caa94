from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from curate.errors import InputError, UsageError
from curate.io import discover, read

LINE = b'{"prompt": "a", "completion": "b"}\n'
XML = b"\xef\xbb\xbf<?xml version='1.0'?><feed/>"
OTHER = b'{"title": "a", "x": 1}\n'


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    files = {
        "b.jsonl": LINE,
        "a.json": b"[" + LINE + b"]",
        "sub/c.v2.jsonl": LINE,
        "sub/deep/Posts.xml": XML,
        "trees.jsonl": OTHER,
        "README.md": b"notes",
        "LICENSE": b"terms",
        "sub/readme.txt": b"notes",
        ".hidden.jsonl": LINE,
        ".git/config.jsonl": LINE,
        "empty.jsonl": b"",
        "blank.json": b" \n\n",
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_folder(raw: Path) -> None:
    found = discover([str(raw)])
    names = ["raw/a.json", "raw/b.jsonl", "raw/blank.json", "raw/empty.jsonl", "raw/sub/c.v2.jsonl"]
    assert [file.name for file in found.files] == names
    assert [file.source for file in found.files] == ["a", "b", "blank", "empty", "c.v2"]
    assert {file.name: file.why.split(";")[0] for file in found.unknown} == {
        "raw/sub/deep/Posts.xml": "XML: no reader takes this format",
        "raw/trees.jsonl": "no record format has its fields (`title`, `x`)",
    }
    assert {file.name: file.why for file in found.skipped} == {
        "raw/.git/": "hidden",
        "raw/.hidden.jsonl": "hidden",
        "raw/LICENSE": "a note about the data",
        "raw/README.md": "a note about the data",
        "raw/sub/readme.txt": "a note about the data",
    }
    b = found.files[1]
    assert (b.size, b.sha256, b.path) == (len(LINE), hashlib.sha256(LINE).hexdigest(), raw / "b.jsonl")
    assert b.detected == "prompt_completion: 1 of the first 1 records have `prompt` and `completion` (JSON lines)"


def test_files_without_records(raw: Path) -> None:
    files = {file.name: file for file in discover([str(raw)]).files}
    assert files["raw/empty.jsonl"].format == "none"
    (batch,) = read(files["raw/empty.jsonl"])
    assert (batch.lines, batch.blank, batch.frame.height, batch.rejects) == (0, 0, 0, [])
    (batch,) = read(files["raw/blank.json"])
    assert (batch.lines, batch.blank, batch.frame.height) == (2, 2, 0)


@pytest.mark.parametrize("tail", ["", "/", "/.", "/sub/.."])
def test_the_way_a_folder_is_written_does_not_matter(raw: Path, tail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [file.name for file in discover([str(raw)]).files]
    assert [file.name for file in discover([str(raw) + tail]).files] == expected
    monkeypatch.chdir(raw / "sub")
    assert [file.name for file in discover([".."]).files] == expected


def test_patterns(raw: Path) -> None:
    assert [f.name for f in discover([str(raw / "*.json*")]).files] == [
        "a.json",
        "b.jsonl",
        "blank.json",
        "empty.jsonl",
    ]
    assert [f.name for f in discover([str(raw / "**" / "*.v2.jsonl")]).files] == ["c.v2.jsonl"]
    everything = discover([str(raw / "*")])
    assert [f.name for f in everything.files] == ["a.json", "b.jsonl", "blank.json", "empty.jsonl", "sub/c.v2.jsonl"]
    assert "README.md" in [f.name for f in everything.skipped]
    (raw / "odd[1].jsonl").write_bytes(LINE)
    assert [f.name for f in discover([str(raw / "odd[1].jsonl")]).files] == ["odd[1].jsonl"]


def test_the_order_of_inputs_does_not_matter(raw: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "raw"
    other.mkdir(parents=True)
    (other / "b.jsonl").write_bytes(LINE * 2)
    (tmp_path / "b.jsonl").write_bytes(LINE * 3)
    inputs = [str(raw), str(raw / "b.jsonl"), str(other), str(tmp_path / "b.jsonl")]
    first = discover(inputs)
    for order in itertools.permutations(inputs):
        assert discover(order) == first
    names = {file.name: file.size for file in first.files if file.source == "b"}
    parent = tmp_path.name
    assert names == {f"{parent}/raw/b.jsonl": len(LINE), "other/raw/b.jsonl": len(LINE) * 2, "b.jsonl": len(LINE) * 3}
    assert len({file.name for file in first.files}) == len(first.files) == 7


def test_names_grow_until_they_differ(tmp_path: Path) -> None:
    paths = [tmp_path / "x" / "a" / "d.jsonl", tmp_path / "y" / "a" / "d.jsonl", tmp_path / "y" / "b" / "d.jsonl"]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_bytes(LINE)
    random.Random(1).shuffle(paths)
    assert [f.name for f in discover([str(p) for p in paths]).files] == ["b/d.jsonl", "x/a/d.jsonl", "y/a/d.jsonl"]


def test_links(raw: Path) -> None:
    (raw / "link.jsonl").symlink_to("b.jsonl")
    (raw / "loop").symlink_to(raw)
    found = discover([str(raw)])
    assert [file.name for file in found.files if file.size == len(LINE)] == ["raw/b.jsonl", "raw/sub/c.v2.jsonl"]
    skipped = {file.name: file.why for file in found.skipped}
    assert skipped["raw/link.jsonl"] == "the same file as raw/b.jsonl"
    assert skipped["raw/loop/"] == "a link to a folder"


def test_missing(raw: Path, tmp_path: Path) -> None:
    for given, part in [
        (raw / "nothing.jsonl", "no such file or folder"),
        (raw / "*.parquet", "the pattern matches nothing"),
        (raw / "b.jsonl" / "x", "no such file or folder"),
    ]:
        with pytest.raises(InputError, match=part) as caught:
            discover([str(given)])
        assert str(given) in str(caught.value)
        assert caught.value.exit_code == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file to read"):
        discover([str(raw), str(tmp_path / "empty")])
    (raw / "gone.jsonl").symlink_to("nowhere")
    with pytest.raises(InputError, match="a broken link"):
        discover([str(raw / "gone.jsonl")])


def test_special_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for given, kind in [
            (tmp_path / "pipe", "a FIFO"),
            (tmp_path / "socket", "a socket"),
            ("/dev/null", "a device"),
        ]:
            with pytest.raises(InputError, match=kind):
                discover([str(given)])
        (tmp_path / "a.jsonl").write_bytes(LINE)
        found = discover([str(tmp_path)])
    assert [file.source for file in found.files] == ["a"]
    assert [file.why for file in found.skipped] == ["a FIFO", "a socket"]


def test_nothing_readable(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(XML)
    (tmp_path / "b.jsonl").write_bytes(b"")
    with pytest.raises(InputError, match=r"nothing to read: .*a\.xml: XML.*; .*b\.jsonl: empty"):
        discover([str(tmp_path)])
    with pytest.raises(InputError, match="empty"):
        discover([str(tmp_path / "b.jsonl")])


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.xml", XML, "XML"),
        ("a", b"<!doctype html><html></html>", "HTML"),
        ("a.jsonl", '{"prompt": "a", "completion": "b"}\n'.encode("utf-16"), "UTF-16"),
        ("a.bin", bytes(range(256)) * 20, "binary data"),
        ("a.txt", b"some words\nand more\n", "neither JSON, nor Parquet, nor CSV"),
        ("a.jsonl", b"some words\nand more\n", "Expecting value at character 1"),
        ("a.json", b"{}", "its records have no fields"),
        ("a.jsonl", b'{"instuction": "a", "output": "b"}', r"did you mean `instruction` \(alpaca\) by `instuction`\?"),
        (
            "a.jsonl",
            b'{"title": "a", "x": 1}',
            r"no record format has its fields \(`title`, `x`\); name one with --format \(.*--template",
        ),
        ("a.csv", b"title,x\n1,2\n", r"no record format has its fields \(`title`, `x`\)"),
        ("a.csv", b"x,x\n1,2\n", "names a column twice"),
        ("a.csv", b"prompt,completion\n", "none there"),
        ("a.json", b"[1, 2]", "not an object"),
        ("a.json", b"[]", "none there"),
        ("a.gz", b"\x1f\x8b" + bytes(100), "gzip data is damaged"),
    ],
)
def test_unknown(name: str, data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.jsonl").write_bytes(LINE)
    with pytest.raises(InputError, match=why):
        discover([str(tmp_path / name)])
    (unknown,) = discover([str(tmp_path)]).unknown
    assert unknown.name == f"{tmp_path.name}/{name}"


def test_format_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"prompt": "a", "completion": "b", "instruction": "c", "output": "d"}\n')
    (file,) = discover([str(path)]).files
    assert file.format == "alpaca"  # the earlier of two that match
    (file,) = discover([str(path)], format="prompt_completion").files
    assert file.format == "prompt_completion"
    assert file.detected == "prompt_completion, as told (JSON lines)"
    (batch,) = read(file)
    assert json.loads(batch.frame["meta"][0]) == {"instruction": "c", "output": "d"}
    with pytest.raises(UsageError, match=r"no record format named `alpacca`; did you mean `alpaca`\?") as caught:
        discover([str(path)], format="alpacca")
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match="known are preference, messages"):
        discover([str(path)], format="zzz")


def test_most_records_decide(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"instruction": "a", "output": "b"}\nbroken\n' + LINE * 2)
    (file,) = discover([str(path)]).files
    assert file.format == "prompt_completion"
    assert file.detected.startswith("prompt_completion: 2 of the first 4 records")


def test_no_inputs() -> None:
    with pytest.raises(UsageError):
        discover([])
    with pytest.raises(UsageError):
        discover(["-", "-"])


def test_standard_input() -> None:
    program = (
        "from curate.io import discover, read\n"
        "(f,) = discover(['-']).files\n"
        "(b,) = read(f)\n"
        "print(f.name, f.source, f.compression, f.size, b.frame['response'].to_list())\n"
    )
    import gzip

    data = gzip.compress(LINE * 2)
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    assert done.stdout.decode().strip() == f"stdin stdin gzip {len(data)} ['b', 'b']"


def test_urls() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    files = {"raw/a.jsonl": LINE, "raw/sub/a.jsonl": LINE * 2, "raw/README.md": b"notes", "raw/.h/x.jsonl": LINE}
    for name, data in files.items():
        memory.pipe(f"/bucket/{name}", data)
    found = discover(["memory://bucket/raw"])
    assert [(file.name, file.size) for file in found.files] == [
        ("raw/a.jsonl", len(LINE)),
        ("raw/sub/a.jsonl", len(LINE) * 2),
    ]
    assert [(file.name, file.why) for file in found.skipped] == [
        ("raw/.h/x.jsonl", "hidden"),
        ("raw/README.md", "a note about the data"),
    ]
    (batch,) = read(found.files[1])
    assert batch.frame["file"].to_list() == ["raw/sub/a.jsonl"] * 2
    assert [f.name for f in discover(["memory://bucket/raw/a.jsonl"]).files] == ["a.jsonl"]
    assert [f.name for f in discover(["memory://bucket/*/*/*.jsonl", "memory://bucket/raw/a.jsonl"]).files] == [
        "raw/a.jsonl",
        "sub/a.jsonl",
    ]
    for url, part in [
        ("memory://bucket/none.jsonl", "no such file"),
        ("memory://bucket/*.csv", "matches nothing"),
        ("nosuch://x/y", "cannot be opened"),
    ]:
        with pytest.raises(InputError, match=part):
            discover([url])


def test_a_file_that_changes_after_it_was_found(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)
    (file,) = discover([str(path)]).files
    path.write_bytes(LINE * 2)
    with pytest.raises(InputError, match="changed from"):
        list(read(file))
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        list(read(file))


def test_a_longer_limit_for_records_holds_for_the_detection_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"prompt": "p", "completion": "c" * 3_000}) + "\n")
    with pytest.raises(InputError, match="longer than 1000 bytes"):
        discover([str(path)], max_record_bytes=1_000)
    (file,) = discover([str(path)], max_record_bytes=4_000).files
    assert (file.format, file.container) == ("prompt_completion", "jsonl")
