from __future__ import annotations

import html
import json
import random
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import InputError
from curate.io import ReadOptions, discover, read
from curate.io.formats.reddit_rules import _without_tags, unescape
from tests.helpers import ROOT
from tests.io.taken import Taken, jsonl, take

SAMPLE = ROOT / "sample_data" / "dumps" / "writing_prompts"
POSTS, REPLIES = "WritingPrompts_submissions.jsonl", "WritingPrompts_comments.jsonl"


def post(name: str, title: str = "[WP] A prompt.", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "subreddit": "WritingPrompts",
        "title": title,
        "selftext": "",
        "author": "pen",
        "score": 1,
        **more,
    }


def reply(name: str, link: str, score: Any = 1, body: str = "A story.", **more: Any) -> dict[str, Any]:
    return {
        "id": name, "link_id": f"t3_{link}", "parent_id": f"t3_{link}", "body": body, "score": score, "author": "ink", **more
    }  # fmt: skip


def dump(folder: Path, posts: list[Any], replies: list[Any], **options: Any) -> Taken:
    (folder / POSTS).write_bytes(jsonl(posts))
    (folder / REPLIES).write_bytes(jsonl(replies))
    return take(folder, **options)


def only(folder: Path, one: dict[str, Any], *replies: dict[str, Any], **options: Any) -> Taken:
    return dump(folder, [one], list(replies) or [reply("r", one["id"])], **options)


def test_the_sample() -> None:
    taken = take(SAMPLE)
    (file,) = taken.files
    assert file.format == "writing_prompts"
    assert [one.name for one in file.companions] == ["writing_prompts/WritingPrompts_comments.zst"]
    assert (taken.lines, len(taken.rows), taken.joined, len(taken.left)) == (25, 4, 4, 17)
    assert [meta["_reader"]["comment"]["id"] for meta in taken.metas] == ["c3", "c6", "c8", "ca"]
    assert [meta["_reader"]["tags"] for meta in taken.metas] == [["WP"], ["EU", "WP"], ["SP"], []]
    assert taken.pairs[1][0] == "The giant from the beanstalk writes a letter of complaint to the king."
    reasons = {(one.file.rpartition("_")[2], one.line): one.reason for one in taken.left}
    assert reasons == {
        ("submissions.jsonl", 4): "no_prompt", ("submissions.jsonl", 5): "needs_media",
        ("submissions.jsonl", 6): "deleted_post", ("submissions.jsonl", 8): "nsfw",
        ("submissions.jsonl", 9): "stickied", ("submissions.jsonl", 10): "no_comment",
        ("submissions.jsonl", 11): "other_subreddit", ("submissions.jsonl", 12): "deleted_post",
        ("comments.zst", 1): "stickied", ("comments.zst", 2): "lower_score", ("comments.zst", 4): "not_top_level",
        ("comments.zst", 5): "deleted_post", ("comments.zst", 7): "lower_score", ("comments.zst", 9): "bot_post",
        ("comments.zst", 11): "prompt_left_out", ("comments.zst", 12): "no_submission",
        ("comments.zst", 13): "prompt_left_out",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_the_best_comment_against_brute_force(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    posts = [post(f"p{n}", f"[WP] Prompt {n}.") for n in range(12)]
    names = rng.sample(range(36, 36**3), 90)
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"

    def base36(number: int) -> str:
        return (base36(number // 36) if number >= 36 else "") + digits[number % 36]

    replies = []
    for number in names:
        link = f"p{rng.randrange(14)}"  # two of them are not in the dump
        # As text, 9 comes after 10 and "-1" before "0".
        score = rng.choice([-1, 0, 9, 10, 100])
        top = rng.random() < 0.8
        replies.append(
            reply(
                base36(number),
                link,
                rng.choice([score, str(score)]),
                f"Story {number}.",
                parent_id=f"t3_{link}" if top else "t1_zz",
            )
        )
    rng.shuffle(replies)
    expected = []
    for one in posts:
        mine = [r for r in replies if r["link_id"] == f"t3_{one['id']}" and r["parent_id"] == r["link_id"]]
        if mine:
            best = min(mine, key=lambda r: (-int(r["score"]), int(r["id"], 36)))
            expected.append((one["title"][5:], best["body"]))
    taken = dump(tmp_path, posts, replies)
    assert taken.pairs == expected
    assert taken.lines == len(posts) + len(replies)
    rng.shuffle(replies)
    assert dump(tmp_path, posts, replies, batch_rows=1000).pairs == expected, "in any order of the comments"


@pytest.mark.parametrize(
    ("title", "text", "tags"),
    [
        ("[WP] A prompt.", "A prompt.", ["WP"]),
        ("[wp]A prompt.", "A prompt.", ["WP"]),
        ("(WP) A prompt.", "A prompt.", ["WP"]),
        (" [EU]: [ CW ] - A prompt. ", "A prompt. ", ["EU", "CW"]),
        ("A prompt. [WP]", "A prompt.", ["WP"]),
        ("[RF] [Redacted] is at the door.", "[Redacted] is at the door.", ["RF"]),
        ("[SP] Write [WP] in it.", "Write [WP] in it.", ["SP"]),
    ],
)
def test_tags_are_stripped_and_noted(title: str, text: str, tags: list[str], tmp_path: Path) -> None:
    taken = only(tmp_path, post("a", title))
    assert taken.pairs == [(text, "A story.")]
    (meta,) = taken.metas
    assert (meta["title"], meta["_reader"]["tags"]) == (title, tags)


TAG = r"[\[({]\s*(?i:WP|EU|CW)\s*[\])}]"


@given(
    st.lists(st.sampled_from(["[WP]", "( eu )", "[CW}", "[XX]", "[", "]", " ", "\n", "a", ":", "- "]), max_size=9).map(
        "".join
    )
)
def test_tags_at_both_ends(title: str) -> None:
    """Against two searches through the whole title."""
    title = f"[WP] {title}"
    rest = re.sub(rf"\A(?:\s*{TAG}\s*(?:[:|–—-]\s*)?)+", "", title)
    ended = re.search(rf"(?:\s*{TAG})+\s*\Z", rest)
    assert _without_tags(title, None)[0] == (rest[: ended.start()] if ended else rest)


@pytest.mark.parametrize(
    "title", [f"[WP]a{' ' * 300_000}b", "[WP] " * 100_000, f"[WP]a{'[WP] ' * 100_000}", "[WP]" + "[" * 300_000]
)
def test_titles_that_a_search_would_hang_on(title: str) -> None:
    """Where each space or bracket is a place to begin anew, these would take minutes."""
    text, tags = _without_tags(title, None)
    assert title.strip().startswith(text.strip()) or text in title
    assert set(tags) == {"WP"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": "[OT] Hello"}, "no_prompt"),
        ({"title": "[PI] A story of mine"}, "no_prompt"),
        ({"title": "[WP][META] Tags"}, "no_prompt"),
        ({"title": "[IP] Harbour"}, "needs_media"),
        ({"title": "Harbour", "link_flair_text": "Image Prompt"}, "needs_media"),
        ({"title": "A prompt without a tag"}, "untagged"),
        ({"title": "[Foo] A prompt", "link_flair_text": "whatever"}, "untagged"),
        ({"title": "[WP]"}, "empty_text"),
        ({"stickied": True}, "stickied"),
        ({"author": "AutoModerator"}, "bot_post"),
        ({"selftext": "[removed]"}, "deleted_post"),
        ({"selftext": "[deleted]"}, "deleted_post"),
        ({"title": "[deleted by user]"}, "deleted_post"),
        ({"removed_by_category": "moderator"}, "deleted_post"),
        ({"over_18": True}, "nsfw"),
        ({"subreddit": "AskReddit"}, "other_subreddit"),
        ({"link_flair_text": "Off Topic"}, None),  # the title's own tag counts
        ({"author": "[deleted]"}, None),
        ({"author": "Talbot"}, None),
        ({"author": None, "stickied": None, "over_18": None}, None),
    ],
)
def test_submissions_left_out(change: dict[str, Any], reason: str | None, tmp_path: Path) -> None:
    taken = only(tmp_path, post("a") | change)
    assert [one.reason for one in taken.left] == ([reason, "prompt_left_out"][::-1] if reason else [])
    assert len(taken.rows) == (reason is None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"body": "[deleted]"}, "deleted_post"),
        ({"body": "[removed]"}, "deleted_post"),
        ({"author": "AutoModerator"}, "bot_post"),
        ({"author": "WritingPromptsBot"}, "bot_post"),
        ({"author": "some_bot"}, "bot_post"),
        ({"author": "haiku-bot2"}, "bot_post"),
        ({"stickied": True}, "stickied"),
        ({"parent_id": "t1_x"}, "not_top_level"),
        ({"link_id": "t3_b", "parent_id": "t3_b"}, "no_submission"),
        ({"body": " \n"}, "empty_text"),
        ({"score": 1}, "lower_score"),
        ({"author": "abbot"}, None),
        ({"author": "[deleted]"}, None),
    ],
)
def test_comments_left_out(change: dict[str, Any], reason: str | None, tmp_path: Path) -> None:
    taken = only(tmp_path, post("a"), reply("r1", "a", 2, "Small."), reply("r2", "a", 900, "Great.") | change)
    assert taken.pairs == [("A prompt.", "Great." if reason is None else "Small.")]
    (left,) = taken.left
    assert (left.reason, left.line) == ((reason, 2) if reason else ("lower_score", 1))


def test_options(tmp_path: Path) -> None:
    posts = [post("a", over_18=True), post("b", "What is it?", subreddit="AskReddit"), post("c", "Why?")]
    replies = [reply(f"r{name}", name) for name in "abc"]
    assert dump(tmp_path, posts, replies).pairs == []
    assert dump(tmp_path, posts, replies, nsfw=True).pairs == [("A prompt.", "A story.")]
    # Other subreddits know no tags; the title is the question.
    assert dump(tmp_path, posts, replies, subreddits=("askreddit",)).pairs == [("What is it?", "A story.")]
    both = dump(tmp_path, posts, replies, subreddits=("AskReddit", "writingprompts"), nsfw=True)
    assert [row["line"] for row in both.rows] == [1, 2]


def test_entities_of_the_api_are_undone_and_noted(tmp_path: Path) -> None:
    body = "&gt; &lt;b&gt; &amp;amp; &quot;Tom &amp; Ann&quot; &nbsp;"
    taken = only(tmp_path, post("a", "[WP] Salt &amp; pepper"), reply("r", "a", 1, body))
    assert taken.pairs == [("Salt & pepper", "> <b> &amp; &quot;Tom & Ann&quot; &nbsp;")]
    assert taken.metas[0]["_reader"]["entities_undone"] == ["title", "body"]
    for text in ["a &lt; b", "&amp;lt;", "plain & simple", "&gt;&gt;"]:
        assert unescape(html.escape(text, quote=False)) == text
    assert "entities_undone" not in only(tmp_path, post("a")).metas[0]["_reader"]


def test_everything_else_goes_to_meta(tmp_path: Path) -> None:
    submission = post("a", selftext="Some more.", permalink="/r/x", gilded=2)
    taken = only(tmp_path, submission, reply("r", "a", 5, gildings={"gid_1": 1}))
    (meta,) = taken.metas
    notes = meta.pop("_reader")
    assert meta == submission
    assert notes["comment"] == {k: v for k, v in reply("r", "a", 5, gildings={"gid_1": 1}).items() if k != "body"}


def test_bad_records(tmp_path: Path) -> None:
    posts = [
        post("a"),
        b"{",
        {"id": "b", "subreddit": "WritingPrompts"},
        [1],
        post("c", _reader=1),
        post("a", "[WP] Again."),
    ]
    no_score = {k: v for k, v in reply("r3", "a").items() if k != "score"}
    replies = [
        reply("r1", "a", 3), b'{"id": "\xff"}', b"", reply("r2", "a", "many"), no_score, reply("r4", "a", 3.5),
        reply("r5", "a", None), reply("r6", "a") | {"body": None}, reply("r1", "a", 3), reply("r7", "c"),
    ]  # fmt: skip
    taken = dump(tmp_path, posts, replies)
    folder = tmp_path.name
    assert taken.fates() == {
        (f"{folder}/{POSTS}", 1): "read", (f"{folder}/{POSTS}", 2): "malformed_json", (f"{folder}/{POSTS}", 3): "missing_field",
        (f"{folder}/{POSTS}", 4): "not_an_object", (f"{folder}/{POSTS}", 5): "reserved_field",
        (f"{folder}/{POSTS}", 6): "duplicate_id",
        (f"{folder}/{REPLIES}", 2): "invalid_utf8", (f"{folder}/{REPLIES}", 4): "wrong_type",
        (f"{folder}/{REPLIES}", 5): "missing_field", (f"{folder}/{REPLIES}", 6): "wrong_type",
        (f"{folder}/{REPLIES}", 7): "null_field", (f"{folder}/{REPLIES}", 8): "null_field",
        (f"{folder}/{REPLIES}", 9): "duplicate_id", (f"{folder}/{REPLIES}", 10): "no_submission",
    }  # fmt: skip
    assert (taken.blank, taken.joined) == (1, 1)
    data = jsonl(replies)
    bad = next(one for one in taken.rejects if one.reason == "invalid_utf8")
    assert data[bad.offset :].startswith(b'{"id": "\xff"}')


@pytest.mark.parametrize(
    "joined",
    [
        {"RS_2019-01": ["RC_2019-01"], "RS_2019-02": ["RC_2019-02"]},
        {"a_submissions": ["a_comments"], "b_submissions": ["b_comments"]},
        {"posts": ["replies1", "replies2"]},
    ],
)
def test_pairs_of_files(joined: dict[str, list[str]], tmp_path: Path) -> None:
    for mine, theirs in joined.items():
        (tmp_path / f"{mine}.jsonl").write_bytes(jsonl([post("a")]))
        for name in theirs:
            (tmp_path / f"{name}.jsonl").write_bytes(jsonl([reply(f"r{name[-1]}", "a")]))
    taken = take(tmp_path)
    assert {f.source: [one.source for one in f.companions] for f in taken.files} == joined
    assert len(taken.rows) == taken.joined == len(joined)


def test_comments_need_their_submissions(tmp_path: Path) -> None:
    (tmp_path / "RC_1.jsonl").write_bytes(jsonl([reply("r", "a")]))
    with pytest.raises(InputError, match="Reddit comments, and no file of submissions"):
        discover([str(tmp_path)])
    for name in ("x_submissions.jsonl", "y_submissions.jsonl"):
        (tmp_path / name).write_bytes(jsonl([post("a")]))
    found = discover([str(tmp_path)])
    assert [(one.name, one.why) for one in found.unknown] == [
        (f"{tmp_path.name}/RC_1.jsonl", "Reddit comments, and several files of submissions beside them")
    ]
    taken = take(tmp_path / "x_submissions.jsonl")
    assert [one.reason for one in taken.left] == ["no_comment"]


def test_files_given_one_by_one(tmp_path: Path) -> None:
    (tmp_path / POSTS).write_bytes(jsonl([post("a")]))
    (tmp_path / REPLIES).write_bytes(jsonl([reply("r", "a")]))
    for form in (None, "writing_prompts"):
        assert len(take(tmp_path / REPLIES, tmp_path / POSTS, form=form).rows) == 1


def test_a_cut_dump_gives_its_complete_lines(tmp_path: Path) -> None:
    (tmp_path / POSTS).write_bytes(jsonl([post("a")]))
    noise = random.Random(0)
    replies = [reply("r0", "a", 7)] + [
        reply(f"r{n}", "a", 1, "".join(noise.choices("abcdefgh ", k=3000))) for n in range(1, 300)
    ]
    (tmp_path / "WritingPrompts_comments.zst").write_bytes(zstandard.compress(jsonl(replies))[:-5000])
    taken = take(tmp_path)
    assert len(taken.rows) == 1
    assert [one.reason for one in taken.rejects] == ["corrupt_stream"]
    assert {one.reason for one in taken.left} == {"lower_score"}


def test_memory_follows_the_records_and_not_their_texts(tmp_path: Path) -> None:
    def peak(length: int) -> int:
        text = "word " * (length // 5)
        (tmp_path / POSTS).write_bytes(jsonl([post("a")]))
        (tmp_path / REPLIES).write_bytes(jsonl([reply(f"r{n}", "a", n, text) for n in range(2000)]))
        (file,) = discover([str(tmp_path)]).files
        tracemalloc.start()
        rows = sum(batch.frame.height for batch in read(file, ReadOptions()))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows == 1
        return top

    peak(100)
    assert peak(20_000) < 12_000_000, "of 40 MB of texts"


def test_an_empty_file_of_comments(tmp_path: Path) -> None:
    taken = dump(tmp_path, [post("a"), b"  "], [])
    assert [one.reason for one in taken.left] == ["no_comment"]
    assert (taken.lines, taken.blank) == (2, 1)


def test_meta_is_json_with_each_name_once(tmp_path: Path) -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    for row in only(tmp_path, post("a"), reply("r", "a", tags=["x"])).rows:
        json.loads(row["meta"], object_pairs_hook=once)
