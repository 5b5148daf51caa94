"""Rows of XML: against ElementTree on what is well-formed, by planted faults on what is not."""

from __future__ import annotations

import hashlib
import io
import itertools
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.io import xmlrows
from curate.io.model import RecordError
from curate.io.xmlrows import Place, XmlRows, attributes_of, raw_record

HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<posts>\n'
LIMIT = 1 << 20


def rows(data: bytes, limit: int = LIMIT) -> list[Place]:
    """The rows, the same in whatever pieces the file is read."""
    found = list(XmlRows(io.BytesIO(data), "Posts.xml", root="posts", row="row", limit=limit))
    if len(data) < 2000:
        for size in (1, 7, 64):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(xmlrows, "FIRST", size)
                patch.setattr(xmlrows, "CHUNK", size)
                again = list(XmlRows(io.BytesIO(data), "Posts.xml", root="posts", row="row", limit=limit))
            assert list(map(str, again)) == list(map(str, found)), f"in pieces of {size} bytes"
    return found


def told(data: bytes, limit: int = LIMIT) -> list[tuple[bytes, object]]:
    """The bytes of each place, with its attributes or its reason."""
    found = rows(data, limit)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(found)), "places overlap"
    return [(data[a:b], made.reason if isinstance(made, RecordError) else made) for a, b, made in found]


# Every character that XML 1.0 allows; those of the last group survive in attributes only as references.
TEXT = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff").filter(
        lambda c: ord(c) >= 32 or c in "\t\n\r"
    ),
    max_size=30,
)


def attribute(value: str) -> str:
    return quoteattr(value, {"\n": "&#xA;", "\r": "&#xD;", "\t": "&#9;"})


@given(
    st.lists(st.dictionaries(st.sampled_from(["Id", "Body", "Score", "x-y"]), TEXT, max_size=4), max_size=6),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\n  ", b"\xef\xbb\xbf\r\n"]),
    st.sampled_from(["\n  ", "", "\r\n", "\n<!-- <row Id='no'/> -->", "<?note?> "]),
    st.sampled_from(["/>", " />", "></row>", "> \n </row >"]),
)
@settings(max_examples=200, deadline=None)
def test_agrees_with_elementtree(records: list[dict[str, str]], front: bytes, between: str, end: str) -> None:
    body = "".join(
        between + "<row" + "".join(f" {name}={attribute(value)}" for name, value in record.items()) + end
        for record in records
    )
    data = front + HEAD + body.encode() + b"\n</posts>\n"
    expected = [dict(element.attrib) for element in ET.fromstring(data.decode("utf-8-sig").strip())]
    assert expected == records
    found = rows(data)
    assert [made for _, _, made in found] == expected
    for start, stop, made in found:
        raw = data[start:stop]
        assert raw.startswith(b"<row")
        assert attributes_of(raw) == made


FAULTS: Sequence[tuple[bytes, str]] = [
    (b'<row Id="2" Body="a & b"/>', "malformed_xml"),
    (b'<row Id="2" Body="a &nbsp; b"/>', "malformed_xml"),
    (b'<row Id="2" Body="a < b"/>', "malformed_xml"),
    (b'<row Id="2" Body="a <row Id="9" b"/>', "malformed_xml"),
    (b'<row Id="2" Body="cut', "malformed_xml"),
    (b'<row Id="2" Body=cut/>', "malformed_xml"),
    (b'<row Id="2"', "malformed_xml"),
    (b'<row Id="2" Body="\x01"/>', "malformed_xml"),
    (b'<row Id="2" Body="&#1;"/>', "malformed_xml"),
    (b'<row Id="2" Body="a\x00b"/>', "malformed_xml"),
    (b'<row Id="2" Body="&#xD800;"/>', "malformed_xml"),
    (b'<row Id="2" Body="caf\xe9"/>', "invalid_utf8"),
    (b'<row Id="2" Body="\xc0\xaf"/>', "invalid_utf8"),
    (b'<row Id="2" Body="\xed\xa0\x80"/>', "invalid_utf8"),
    (b'<row Id="2" Id="3"/>', "duplicate_key"),
    (b"<other Id='2'/>", "malformed_xml"),
    (b"</wrong>", "malformed_xml"),
    (b"<row Id='2'></rows>", "malformed_xml"),
    (b"]]>", "malformed_xml"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_fault_costs_its_row_alone(fault: bytes, reason: str, end: bytes) -> None:
    data = end.join([HEAD.rstrip(), b'  <row Id="1"/>', b"  " + fault, b'  <row Id="3"/>', b"</posts>", b""])
    assert told(data) == [(b'<row Id="1"/>', {"Id": "1"}), (fault, reason), (b'<row Id="3"/>', {"Id": "3"})]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_a_fault_at_the_front_and_many_of_them(fault: bytes, reason: str) -> None:
    lines = [fault, b'<row Id="1"/>', fault, b'<row Id="2"/>', fault]
    if fault.startswith(b"<row"):  # what is no row at all is one stretch, up to the next row
        lines.insert(3, fault)
    found = told(HEAD + b"\n".join(lines) + b"\n</posts>")
    assert [raw for raw, _ in found] == lines
    assert all(made == reason for raw, made in found if raw == fault)
    assert [made for raw, made in found if raw != fault] == [{"Id": "1"}, {"Id": "2"}]


def test_rows_of_one_line_go_on_at_the_next_row() -> None:
    for front, between in ((HEAD, b""), (HEAD.replace(b"\n", b""), b""), (HEAD, b" \t"), (HEAD, b"\n\n")):
        lines = [b'<row B="&x;"/>', b'<row Id="1"/>', b'<row Id="2" B="&x;"></row>', b'<row Id="3"/>', b"<row B=&x;/>"]
        found = told(front + between.join(lines) + b"</posts>")
        assert [raw for raw, _ in found] == lines
        assert [made for _, made in found] == [
            "malformed_xml",
            {"Id": "1"},
            "malformed_xml",
            {"Id": "3"},
            "malformed_xml",
        ]


def test_what_a_row_holds_inside_is_not_dropped_in_silence() -> None:
    data = (
        HEAD
        + b'<row Id="1">text</row>\n<row Id="2"><a/></row>\n<row Id="3"> <!-- x --> </row>\nstray\n<row Id="4"/></posts>'
    )
    assert [made for _, made in told(data)] == [
        "unsupported_content", "unsupported_content", {"Id": "3"}, "malformed_xml", {"Id": "4"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tail", "last"),
    [
        (b"", (b"", "malformed_xml")),
        (b"</pos", (b"</pos", "malformed_xml")),
        (b'<row Id="2" Bo', (b'<row Id="2" Bo', "malformed_xml")),
        (b"<row Id='2'>", (b"<row Id='2'>", "malformed_xml")),
        (b"</posts><posts/>", (b"<posts/>", "trailing_data")),
        (b"</posts>\nmore\n", (b"more\n", "trailing_data")),
    ],
)
def test_an_end_that_is_none(tail: bytes, last: tuple[bytes, str]) -> None:
    assert told(HEAD + b'<row Id="1"/>\n' + tail) == [(b'<row Id="1"/>', {"Id": "1"}), last]


@pytest.mark.parametrize(
    "data", [b"<posts/>", b"<posts></posts>", HEAD + b"</posts>\n\n", b"<posts a='&lt;'>\n</posts>"]
)
def test_no_rows(data: bytes) -> None:
    assert rows(data) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<!DOCTYPE posts><posts/>", "document type declaration"),
        (b'<!DOCTYPE posts SYSTEM "file:///etc/passwd"><posts/>', "document type declaration"),
        (
            b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "b">]><posts><row Id="&a;"/></posts>',
            "document type declaration",
        ),
        (b'<?xml version="1.0" encoding="iso-8859-1"?><posts/>', "convert it to UTF-8"),
        (b"<comments/>", "the outer element is `comments`"),
        (b"<\x1b[31m/>", "no well-formed XML"),
        (b"", "no well-formed XML"),
    ],
)
def test_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        rows(data)
    assert str(caught.value).startswith("Posts.xml: ")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("size", [1025, 3_000_000])
def test_a_long_row_is_not_held(size: int) -> None:
    long = b'<row Id="2" Body="' + b"x" * size + b'"/>'
    data = HEAD + b'<row Id="1"/>\n' + long + b'\n<row Id="3"/>\n</posts>'
    (a, b), (c, d), (e, f) = told(data, limit=1024)
    assert (a, b, c, d, e, f) == (b'<row Id="1"/>', {"Id": "1"}, long, "record_too_long", b'<row Id="3"/>', {"Id": "3"})
    exact = HEAD + long + b"</posts>"
    assert isinstance(rows(exact, limit=len(long))[0][2], dict)
    raw = raw_record(io.BytesIO(data), *rows(data, limit=1024)[1][:2])
    assert raw.sha256 == (hashlib.sha256(long).hexdigest() if size > 2000 else None)
    assert long.startswith(raw.head)


@given(st.binary(max_size=60), st.integers(0, 200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_in_the_middle_leave_the_rest(noise: bytes, at: int) -> None:
    good = [b'<row Id="%d" Body="some text &lt;p&gt; here"/>' % n for n in range(8)]
    data = HEAD + b"\n".join(good) + b"\n</posts>"
    at += len(HEAD)
    torn = data[:at] + noise + data[at:]
    try:
        found = told(torn)
    except InputError as error:
        assert "document type" in str(error)  # noqa: PT017 (the one message that noise inside can bring about)
        return
    # Rows before the damage, and after the line in which it is, are read as if nothing had been.
    before = [row for row in good if data.index(row) + len(row) <= at]
    after = [row for row in good if data.index(row) > at]
    texts = [raw for raw, made in found if isinstance(made, dict)]
    assert texts[: len(before)] == before
    if b"<" not in noise and b">" not in noise:
        assert texts[len(texts) - len(after) :] == after
