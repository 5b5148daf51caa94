"""`Posts.xml`: joins against plain Python, fates that add up, faults by line and offset, memory that does not grow."""

from __future__ import annotations

import gzip
import hashlib
import html
import itertools
import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.io import Batch, LeftOut, ReadOptions, Reject, discover, read
from curate.io.formats.posts import Fate, join
from curate.io.model import LEFT_REASONS, REJECT_REASONS
from tests.helpers import REAL_DATA, ROOT

BEER = REAL_DATA / "raw" / "beer.stackexchange.com"
SITE = "tea.stackexchange.com"

Post = dict[str, object]


def question(number: int, **more: object) -> Post:
    post: Post = {
        "Id": number,
        "PostTypeId": 1,
        "Score": 1,
        "Title": f"title {number}",
        "Body": f"<p>body {number}</p>",
    }
    return {**post, **more}


def answer(number: int, parent: int, score: object, **more: object) -> Post:
    return {
        "Id": number,
        "PostTypeId": 2,
        "ParentId": parent,
        "Score": score,
        "Body": f"<p>answer {number}</p>",
        **more,
    }


def row(post: Post) -> bytes:
    pairs = (f"{name}={quoteattr(str(value), {chr(10): '&#xA;'})}" for name, value in post.items())
    return f"  <row {' '.join(pairs)} />".encode()


def dump(*rows: Post | bytes, head: bytes = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>') -> bytes:
    lines = [one if isinstance(one, bytes) else row(one) for one in rows]
    return b"\n".join([head, b"<posts>", *lines, b"</posts>", b""])


@dataclass
class Seen:
    """What came of a file."""

    frame: pl.DataFrame
    data: bytes
    rejects: list[Reject] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def meta(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.frame["meta"]]

    def chosen(self) -> dict[int, int]:
        return {meta["question_id"]: meta["answer_id"] for meta in self.meta}

    def reasons(self) -> dict[int, str]:
        return {one.line: one.reason for one in [*self.left, *self.rejects]}


def collect(batches: list[Batch], data: bytes) -> Seen:
    seen = Seen(pl.concat([batch.frame for batch in batches]), data)
    for batch in batches:
        seen.rejects += batch.rejects
        seen.left += batch.left
        seen.counts.update(lines=batch.lines, joined=batch.joined)
        assert batch.blank == batch.expanded == 0
        assert batch.lines == batch.joined + batch.frame.height + len(batch.rejects) + len(batch.left)
    assert seen.counts["joined"] == seen.frame.height
    assert {one.reason for one in seen.left} <= set(LEFT_REASONS)
    for one in seen.rejects:
        assert one.reason in REJECT_REASONS
        assert data[one.offset :].startswith(one.raw.encode()) or one.escaped
    # Each line has one fate: the answers that were joined are those named in `meta`.
    lines = [*seen.frame["line"], *seen.reasons(), *(meta["_reader"]["answer_line"] for meta in seen.meta)]
    assert sorted(lines) == list(range(1, seen.counts["lines"] + 1))
    return seen


def load(tmp_path: Path, data: bytes, *, batch_rows: int = 3, packed: bytes | None = None, **options: Any) -> Seen:
    folder = tmp_path / SITE
    folder.mkdir(exist_ok=True)
    (folder / "Posts.xml").write_bytes(data if packed is None else packed)
    (file,) = discover([str(folder)]).files
    assert (file.format, file.container, file.source) == ("stackexchange", "xml", SITE)
    return collect(list(read(file, ReadOptions(**options), batch_rows=batch_rows)), data)


# Joining


@st.composite
def sites(draw: st.DrawFn) -> list[Post]:
    """Questions, answers and others in any order; orphans, equal scores, accepted answers."""
    count = draw(st.integers(1, 14))
    ids = draw(st.permutations(range(1, count + 1)))
    asked = [n for n in ids if draw(st.booleans())]
    posts = []
    for number in ids:
        if number in asked:
            accepted = draw(st.sampled_from([0, *ids]))
            posts.append(question(number, **({"AcceptedAnswerId": accepted} if accepted else {})))
        elif draw(st.integers(0, 9)) == 0:
            posts.append({"Id": number, "PostTypeId": draw(st.sampled_from([4, 5, 7])), "Score": 0, "Body": ""})
        else:
            posts.append(
                answer(number, draw(st.integers(1, count + 1)), draw(st.sampled_from([-11, -2, 0, 9, 10, 100])))
            )
    return posts


def best_by_hand(posts: list[Post]) -> dict[Any, Any]:
    best: dict[Any, Any] = {}
    for asked in (post for post in posts if post["PostTypeId"] == 1):
        mine = [post for post in posts if post["PostTypeId"] == 2 and post["ParentId"] == asked["Id"]]
        ranked = sorted(mine, key=lambda a: (-a["Score"], a["Id"] != asked.get("AcceptedAnswerId"), a["Id"]))  # type: ignore[operator]
        if ranked:
            best[asked["Id"]] = ranked[0]["Id"]
    return best


@given(sites(), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_every_question_gets_its_best_answer(
    tmp_path_factory: pytest.TempPathFactory, posts: list[Post], batch_rows: int
) -> None:
    seen = load(tmp_path_factory.mktemp("site"), dump(*posts), batch_rows=batch_rows)
    best = best_by_hand(posts)
    assert seen.chosen() == best
    assert seen.frame["line"].is_sorted()
    asked = {post["Id"] for post in posts if post["PostTypeId"] == 1}
    for line, post in enumerate(posts, 1):
        if post["PostTypeId"] == 1:
            expected = None if post["Id"] in best else "unanswered"
        elif post["PostTypeId"] != 2:
            expected = "not_a_question_or_answer"
        elif post["ParentId"] not in asked:
            expected = "no_question"
        else:
            expected = None if post["Id"] in best.values() else "lower_ranked_answer"
        assert seen.reasons().get(line) == expected


def test_scores_are_numbers() -> None:
    kind, ids, link = np.array([1, 2, 2, 2]), np.array([1, 2, 3, 4]), np.array([0, 1, 1, 1])
    _, best, _ = join(kind, ids, link, np.array([0, 9, 10, -20]))  # as text, 9 would be the most
    assert best.tolist() == [2, -1, -1, -1]


def test_ties_go_to_the_accepted_then_to_the_smaller_id(tmp_path: Path) -> None:
    answers = [answer(30, 1, 5), answer(10, 1, 5), answer(20, 1, 5), answer(40, 1, 4)]
    assert load(tmp_path, dump(question(1), *answers)).chosen() == {1: 10}
    assert load(tmp_path, dump(question(1, AcceptedAnswerId=20), *answers)).chosen() == {1: 20}
    assert load(tmp_path, dump(question(1, AcceptedAnswerId=40), *answers)).chosen() == {1: 10}


def test_a_repeated_id_is_rejected_and_the_first_stays(tmp_path: Path) -> None:
    seen = load(tmp_path, dump(question(1), answer(2, 1, 5), answer(2, 1, 9), question(1), answer(3, 1, 1)))
    assert seen.chosen() == {1: 2}
    assert seen.meta[0]["answer_score"] == 5
    assert seen.reasons() == {3: "duplicate_id", 4: "duplicate_id", 5: "lower_ranked_answer"}
    assert [reject.detail for reject in seen.rejects] == [f"An earlier row has the `Id` {n} too." for n in (2, 1)]


def test_values_say_what_was_weighed(tmp_path: Path) -> None:
    posts = [question(1), answer(2, 1, 5), answer(3, 1, -4), answer(4, 99, 1), {"Id": 5, "PostTypeId": 4}, question(6)]
    values = {one.line: one.value for one in load(tmp_path, dump(*posts)).left}
    assert values == {3: "score -4", 4: "ParentId 99", 5: "PostTypeId 4", 6: None}


# What an example holds


def test_meta_holds_all_that_the_rows_did(tmp_path: Path) -> None:
    asked = question(
        7, Score=12, Tags="<oolong><water-heat>", OwnerUserId=3, ViewCount=90, CreationDate="2012-03-04T05:06:07.890",
        AcceptedAnswerId=9, Body='<p>Why <b>so</b> <a href="x">hot</a>?</p>',
    )  # fmt: skip
    told = answer(
        9, 7, 21, OwnerDisplayName="user <17>", LastEditDate="2019-01-01T00:00:00.000", CommentCount=0,
        CreationDate="2012-03-05T00:00:00.000", Body='<p>Steep <img src="y"> it.</p>',
    )  # fmt: skip
    seen = load(tmp_path, dump(asked, told), prompt="body")
    assert seen.frame["messages"].to_list() == [
        [{"role": "user", "content": "Why **so** hot?"}, {"role": "assistant", "content": "Steep it."}]
    ]
    base = "https://tea.stackexchange.com"
    assert seen.meta[0] == {
        "site": SITE,
        "title": "title 7",
        "body": "Why **so** hot?",
        "tags": ["oolong", "water-heat"],
        "question_id": 7,
        "question_score": 12,
        "question_url": f"{base}/questions/7",
        "question_author": {"id": "3", "name": None, "url": f"{base}/users/3"},
        "question_licence": "CC BY-SA 3.0",
        "question_created": "2012-03-04T05:06:07.890",
        "question_fields": {"ViewCount": "90"},
        "answer_id": 9,
        "answer_score": 21,
        "answer_url": f"{base}/a/9",
        "answer_author": {"id": None, "name": "user <17>", "url": None},
        "answer_licence": "CC BY-SA 4.0",
        "answer_created": "2012-03-05T00:00:00.000",
        "answer_fields": {"LastEditDate": "2019-01-01T00:00:00.000", "CommentCount": "0"},
        "accepted": True,
        "_reader": {"prompt": "body", "answer_line": 2, "markdown_of": "html", "links": 1, "images": 1},
    }


@pytest.mark.parametrize(
    ("more", "licence"),
    [
        ({"CreationDate": "2011-04-07T23:59:59.999"}, "CC BY-SA 2.5"),
        ({"CreationDate": "2011-04-08T00:00:00.000"}, "CC BY-SA 3.0"),
        ({"CreationDate": "2018-05-01T23:59:59.999"}, "CC BY-SA 3.0"),
        ({"CreationDate": "2018-05-02T00:00:00.000"}, "CC BY-SA 4.0"),
        ({"CreationDate": "2010-01-01T00:00:00.000", "LastEditDate": "2018-05-02T00:00:00.000"}, "CC BY-SA 4.0"),
        ({"CreationDate": "2010-01-01T00:00:00.000", "ContentLicense": "CC BY-SA 9"}, "CC BY-SA 9"),
        ({}, None),
    ],
)
def test_licence(tmp_path: Path, more: Post, licence: str | None) -> None:
    assert load(tmp_path, dump(question(1, **more), answer(2, 1, 3))).meta[0]["question_licence"] == licence


def test_newer_dumps_part_tags_with_bars(tmp_path: Path) -> None:
    assert load(tmp_path, dump(question(1, Tags="|a|b-c|"), answer(2, 1, 3))).meta[0]["tags"] == ["a", "b-c"]


def test_a_folder_that_is_no_site_gives_no_addresses(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "Posts.xml"
    path.write_bytes(dump(question(1), answer(2, 1, 3)))
    (file,) = discover([str(path)]).files
    (batch,) = read(file)
    assert batch.frame["source"].to_list() == ["mine"]
    assert json.loads(batch.frame["meta"][0])["question_url"] is None


# The prompt


def test_the_prompt_is_chosen_by_seed_and_id(tmp_path: Path) -> None:
    posts = [post for n in range(1, 601, 2) for post in (question(n), answer(n + 1, n, 1))]

    def prompts(posts: list[Post], **options: Any) -> dict[int, str]:
        seen = load(tmp_path, dump(*posts), **options)
        for meta, instruction in zip(seen.meta, seen.frame["instruction"], strict=True):
            assert instruction == meta[meta["_reader"]["prompt"]]
        return {meta["question_id"]: meta["_reader"]["prompt"] for meta in seen.meta}

    assert set(prompts(posts, prompt="title").values()) == {"title"}
    assert set(prompts(posts, prompt="body").values()) == {"body"}
    drawn = prompts(posts, seed=5)
    # 300 fair coins: mean 150, standard deviation 8.7.
    assert abs(Counter(drawn.values())["title"] - 150) < 4.5 * 8.7
    shuffled = random.Random(1).sample(posts, len(posts))
    assert prompts(shuffled, seed=5) == drawn
    assert {n: drawn[n] for n in range(1, 101, 2)} == prompts(posts[:100], seed=5)
    assert prompts(posts, seed=6) != drawn
    assert prompts(posts) == prompts(posts, seed=42)
    last = hashlib.blake2b(b"5:17", digest_size=8).digest()[-1]
    assert drawn[17] == ("body" if last % 2 else "title")


def test_a_body_of_nothing_but_an_image_leaves_the_title(tmp_path: Path) -> None:
    seen = load(tmp_path, dump(question(1, Body='<p><img src="x"></p>'), answer(2, 1, 3)), prompt="body")
    assert seen.frame["instruction"].to_list() == ["title 1"]
    assert seen.meta[0]["_reader"]["prompt"] == "title"


# Bad input


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(answer(8, 1, "x")), "wrong_type"),
        (row(answer(8, 1, "1.5")), "wrong_type"),
        (row(answer(8, 1, "１")), "wrong_type"),
        (row(answer(8, 1, "9" * 19)), "wrong_type"),
        (row({"Id": 8, "PostTypeId": 2, "ParentId": 1, "Body": "b"}), "missing_field"),
        (row({"Id": 8, "PostTypeId": 2, "Score": 1, "Body": "b"}), "missing_field"),
        (row({"Id": 8, "PostTypeId": 2, "ParentId": 1, "Score": 99}), "missing_field"),
        (row({"Id": 8, "PostTypeId": 1, "Score": 99, "Body": "b"}), "missing_field"),
        (row({"PostTypeId": 1, "Score": 99, "Body": "b", "Title": "c"}), "missing_field"),
        (row({"Id": 8, "PostTypeId": "one"}), "wrong_type"),
        (row({"Id": 8}), "missing_field"),
        (row(answer(8, 1, 99, Body="<div>" * 200)), "too_deep"),
        (row(answer(8, 1, 99, Body="x" * 9000)), "record_too_long"),
        (b'  <row Id="8" Body="a & b" />', "malformed_xml"),
        (b'  <row Id="8" Body="\xff" />', "invalid_utf8"),
        (b'  <row Id="8" Body="cut', "malformed_xml"),
    ],
)
def test_a_bad_row_is_rejected_with_its_place(tmp_path: Path, bad: bytes, reason: str) -> None:
    data = dump(question(1), bad, answer(3, 1, 2))
    seen = load(tmp_path, data, max_record_bytes=8192)
    assert seen.chosen() == {1: 3}
    (reject,) = seen.rejects
    assert (reject.line, reject.reason) == (2, reason)
    assert reject.offset == data.index(bad.lstrip())
    assert reject.sha256 == hashlib.sha256(bad.strip()).hexdigest()


def test_an_answer_to_a_rejected_question_has_none(tmp_path: Path) -> None:
    seen = load(tmp_path, dump({"Id": 1, "PostTypeId": 1, "Score": 3, "Title": "t"}, answer(2, 1, 9)))
    assert seen.reasons() == {1: "missing_field", 2: "no_question"}
    assert seen.frame.height == 0


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.99])
def test_a_truncated_file_gives_what_is_whole(tmp_path: Path, keep: float) -> None:
    posts = [post for n in range(1, 201, 2) for post in (question(n), answer(n + 1, n, 1))]
    data = dump(*posts)[: int(len(dump(*posts)) * keep)]
    seen = load(tmp_path, data)
    whole = data.count(b" />\n")
    assert seen.counts["lines"] == whole + 1
    assert [(one.line, one.reason) for one in seen.rejects] == [(whole + 1, "malformed_xml")]


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_packed(tmp_path: Path, pack: str) -> None:
    import zstandard

    data = dump(question(1), b"<row />", answer(2, 1, 3))
    packed = gzip.compress(data) if pack == "gzip" else zstandard.ZstdCompressor().compress(data)
    seen = load(tmp_path, data, packed=packed)
    assert seen.chosen() == {1: 2}
    assert seen.reasons() == {2: "missing_field"}


def test_damaged_compression_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    rng = random.Random(3)
    posts = [question(n, Body=f"<p>{rng.random()}</p>" * 40) for n in range(1, 400)]
    data = dump(*posts)
    packed = gzip.compress(data)
    seen = load(tmp_path, data, packed=packed[: len(packed) // 2])
    assert 100 < seen.counts["lines"] < 300
    assert [one.reason for one in seen.rejects] == ["corrupt_stream"]
    assert seen.rejects[0].line == seen.counts["lines"]


def test_no_room_to_unpack_is_one_message(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of a process are a matter of Unix")
    folder = tmp_path / SITE
    folder.mkdir()
    (folder / "Posts.xml").write_bytes(gzip.compress(dump(*(question(n, Body="x" * 9000) for n in range(1, 400)))))
    (file,) = discover([str(folder)]).files
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(InputError, match=r"Posts\.xml: cannot be unpacked in .*: File too large"):
            list(read(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dump(question(1), head=b"<!DOCTYPE posts [<!ENTITY lol 'lol'>]>"), "document type declaration"),
        (dump(question(1), head=b'<!DOCTYPE posts SYSTEM "http://a.example/x.dtd">'), "document type declaration"),
        (dump(question(1), head=b'<?xml version="1.0" encoding="windows-1252"?>'), "convert it to UTF-8"),
    ],
)
def test_entities_and_other_encodings_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, data)


def test_a_billion_laughs_expand_to_nothing(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE posts [<!ENTITY a0 "ha">{entities}]>'.encode()
    with pytest.raises(InputError, match="document type declaration"):
        load(tmp_path, dump(b'<row Id="&a11;" />', head=head))


def test_the_other_tables_of_a_dump_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / SITE
    folder.mkdir()
    (folder / "Posts.xml").write_bytes(dump(question(1), answer(2, 1, 3)))
    (folder / "Users.xml").write_bytes(b"<users></users>")
    (folder / "Other.xml").write_bytes(b"<other></other>")
    (tmp_path / "Users.xml").write_bytes(b"<users></users>")
    found = discover([str(tmp_path)])
    assert [file.name.split("/")[-2:] for file in found.files] == [[SITE, "Posts.xml"]]
    assert [file.name.split("/")[-2:] for file in found.skipped] == [[SITE, "Users.xml"]]
    assert [file.name.split("/")[-1] for file in found.unknown] == ["Users.xml", "Other.xml"]


def test_other_xml_is_not_taken_for_posts(tmp_path: Path) -> None:
    (tmp_path / "Comments.xml").write_bytes(b'<?xml version="1.0"?><comments><row Id="1" /></comments>')
    with pytest.raises(InputError, match="no reader takes this format"):
        discover([str(tmp_path / "Comments.xml")])


def test_an_empty_dump_has_no_rows(tmp_path: Path) -> None:
    seen = load(tmp_path, dump())
    assert (seen.counts["lines"], seen.frame.height) == (0, 0)


# Memory


SCRIPT = """
import sys
from pathlib import Path
from curate.io import ReadOptions, discover, read
(file,) = discover([sys.argv[1]]).files
text = 0
for batch in read(file, ReadOptions(), batch_rows=100):
    text += batch.frame["response"].str.len_bytes().sum()
# Not `ru_maxrss`, which a process takes over from the one that started it.
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(text, int(peak.split()[1]) * 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    def peak(count: int) -> tuple[int, int]:
        folder = tmp_path / f"{count}.stackexchange.com"
        folder.mkdir()
        rng = random.Random(count)
        words = [f"w{n}" for n in range(5000)]
        with (folder / "Posts.xml").open("wb") as out:
            out.write(b"<posts>\n")
            for number in range(1, count, 2):
                body = html.escape("<p>" + " ".join(rng.choices(words, k=1000)) + "</p>")
                out.write(row(question(number, Body="")).replace(b'Body=""', f'Body="{body}"'.encode()) + b"\n")
                out.write(
                    row(answer(number + 1, number, 3, Body="")).replace(b'Body=""', f'Body="{body}"'.encode()) + b"\n"
                )
            out.write(b"</posts>\n")
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        text, peak = map(int, done.stdout.split())
        return text, peak

    (small_text, small), (large_text, large) = peak(400), peak(4000)
    assert large_text > 9 * small_text > 10_000_000
    # Besides the reader's own 41 bytes a post, joining holds a few numbers of each.
    assert large < 1.1 * small + 4000 * 200


# The sample, and the real dump


def test_the_sample_shows_what_its_readme_says() -> None:
    folder = ROOT / "sample_data" / "dumps" / "stackexchange" / "kites.stackexchange.example"
    (file,) = discover([str(folder)]).files
    seen = collect(list(read(file, ReadOptions(prompt="title"))), (folder / "Posts.xml").read_bytes())
    assert file.source == "kites.stackexchange.example"
    assert seen.chosen() == {1: 3, 5: 7}
    assert Counter(seen.reasons().values()) == {
        "lower_ranked_answer": 2, "unanswered": 1, "no_question": 1, "not_a_question_or_answer": 1, "malformed_xml": 1,
    }  # fmt: skip
    first, second = seen.frame["response"]
    assert "\n2. Add a tail of five times the spine's length.\n" in first
    assert "\n\n```py\nfrom math import radians, sin\n\ndef height(line_m, angle_deg):\n    return" in second
    assert "30°" in second


@pytest.mark.skipif(not BEER.exists(), reason="the real dumps are not there (../shared/data)")
def test_the_real_dump() -> None:
    (file,) = discover([str(BEER)]).files
    assert file.source == "beer.stackexchange.com"
    data = (BEER / "Posts.xml").read_bytes()
    seen = collect(list(read(file, ReadOptions(), batch_rows=100)), data)
    posts = [dict(element.attrib) for element in ET.fromstring(data)]
    for post in posts:
        for name in ("Id", "PostTypeId", "ParentId", "Score", "AcceptedAnswerId"):
            if name in post:
                post[name] = int(post[name])  # type: ignore[assignment]
    assert seen.counts["lines"] == len(posts)
    assert seen.rejects == []
    assert seen.chosen() == best_by_hand(posts)  # type: ignore[arg-type]
    for text in itertools.chain(seen.frame["instruction"], seen.frame["response"]):
        prose = "".join(text.split("```")[::2])
        assert "\r" not in text
        assert not any(tag in prose for tag in ("<p>", "</", "<br", "<li>", "<a ", "&lt;", "&amp;", "&#"))
    # No word of the text that a browser would show is lost or added.
    from bs4 import BeautifulSoup

    bodies = {post["Id"]: post["Body"] for post in posts}
    for meta, response in zip(seen.meta, seen.frame["response"], strict=True):
        assert letters(BeautifulSoup(bodies[meta["answer_id"]], "html.parser").get_text()) == letters(response)


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def test_every_fate_is_a_reason_or_a_count() -> None:
    assert {fate.name.lower() for fate in Fate} - {"rejected", "read", "joined"} <= set(LEFT_REASONS)
