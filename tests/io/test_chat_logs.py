from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curate.io import FORMATS, ReadOptions, Reject, discover, read
from curate.io.formats import repair
from curate.io.model import RecordError
from curate.schema import SEPARATOR, example_id
from tests.helpers import ROOT
from tests.io.taken import operations

Turn = dict[str, Any]
STRICT, REPAIR = ReadOptions(), ReadOptions(roles="repair")


class Result:
    """A file read whole."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        (self.file,) = discover([str(path)], format=options.format).files
        batches = list(read(self.file, options, batch_rows=3))
        self.frame = pl.concat([batch.frame for batch in batches])
        self.rejects: list[Reject] = [reject for batch in batches for reject in batch.rejects]
        lines = sum(batch.lines for batch in batches)
        assert lines == len(self.rejects) + self.frame.height + sum(batch.blank for batch in batches)
        for identity, turns in self.frame.select("id", "messages").iter_rows():
            assert identity == example_id(turns)

    @property
    def turns(self) -> list[list[tuple[str, str]]]:
        return [[(turn["role"], turn["content"]) for turn in turns] for turns in self.frame["messages"].to_list()]

    @property
    def meta(self) -> list[dict[str, Any]]:
        return [json.loads(meta) for meta in self.frame["meta"]]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(reject.line, reject.reason) for reject in self.rejects]


@pytest.fixture
def reading(tmp_path: Path) -> Callable[..., Result]:
    def readit(records: list[Any] | bytes, options: ReadOptions = STRICT, name: str = "log.jsonl") -> Result:
        if isinstance(records, list):
            records = "".join(json.dumps(record) + "\n" for record in records).encode()
        path = tmp_path / name
        path.write_bytes(records)
        return Result(path, options)

    return readit


def chat(*turns: tuple[str, Any] | Turn, field: str = "messages", **fields: Any) -> dict[str, Any]:
    listed = [turn if isinstance(turn, dict) else {"role": turn[0], "content": turn[1]} for turn in turns]
    return {field: listed, **fields}


def shared(*turns: tuple[Any, Any], **fields: Any) -> dict[str, Any]:
    return {"conversations": [{"from": who, "value": text} for who, text in turns], **fields}


def part(text: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **fields}


IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


# OpenAI messages


def test_a_single_text_part_is_its_text(reading: Callable[..., Result]) -> None:
    text = "  as it is\r\n\u2028 \U0001f600 "
    record = chat(("system", [part("s")]), ("user", [part(text, cache_control=None)]), ("assistant", "a"), tags=[1])
    got = reading([record])
    assert got.turns == [[("system", "s"), ("user", text), ("assistant", "a")]]
    assert got.meta == [{"tags": [1], "_content_parts": [1, 2]}]


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (("user", []), "not of a single text part"),
        (("user", [part("a"), part("b")]), "`text`, `text`"),
        (("user", [part("look"), IMAGE]), "`text`, `image_url`"),
        (("user", [IMAGE]), "`image_url`"),
        (("user", [part(None)]), "`text`"),
        (("user", ["bare"]), "`text`"),
        (("user", [part("a", annotations=[1])]), "`annotations`"),
        (("user", [{"type": "input_audio", "input_audio": {}}] * 7), "…"),
        (("user", {"text": "a"}), "an object"),
        ({"role": "user", "content": "a", "name": "ann"}, "`name`"),
        ({"role": "user", "content": "a", "weight": 0}, "`weight` (0)"),
        ({"role": "user", "content": None, "tool_calls": [CALL]}, "`tool_calls`"),
        ({"role": "user", "content": "", "function_call": {"name": "f"}}, "`function_call`"),
        ({"role": "user", "content": None, "refusal": "no"}, "`refusal`"),
        ({"role": "tool", "content": "7", "tool_call_id": "c1"}, "`tool`"),
        ({"role": "function", "content": "7", "name": "f"}, "`function`"),
    ],
)
def test_what_is_more_than_text_is_out_with_a_reason(reading: Callable[..., Result], turn: Any, told: str) -> None:
    good = chat(("user", "u"), ("assistant", "a"))
    bad = chat(("user", "u"), ("assistant", "a"), turn, ("assistant", "a"))
    for options in (STRICT, REPAIR):
        got = reading([good, bad], options)
        assert got.reasons == [(2, "unsupported_content")]
        assert got.rejects[0].detail.startswith("Turn 3: ")
        assert told in got.rejects[0].detail
        assert json.loads(got.rejects[0].raw) == bad


def test_tools_that_nobody_called_go_to_meta(reading: Callable[..., Result]) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    got = reading([chat(("user", "u"), ("assistant", "a"), tools=tools, parallel_tool_calls=False)])
    assert got.meta == [{"tools": tools, "parallel_tool_calls": False}]


def test_null_fields_say_nothing(reading: Callable[..., Result]) -> None:
    turns = [{"role": "user", "content": "u", "name": None}, {"role": "assistant", "content": "a", "tool_calls": None}]
    got = reading([chat(*turns)])
    assert got.turns == [[("user", "u"), ("assistant", "a")]]
    assert got.meta == [{}]


# The order of turns

U, A, S = ("user", "u"), ("assistant", "a"), ("system", "s")
OUT_OF_ORDER = [
    # turns, reason when strict, turns when repaired, rules
    ([("developer", "d"), U, A], "unknown_role", [("system", "d"), U, A], ["developer_as_system"]),
    ([A, U, A], "bad_turn_order", [U, A], ["dropped_leading_assistant"]),
    ([S, A, A, U, A], "bad_turn_order", [S, U, A], ["dropped_leading_assistant"]),
    ([U, U, A], "bad_turn_order", [("user", "u\n\nu"), A], ["merged_turns"]),
    ([U, A, A, A], "bad_turn_order", [U, ("assistant", "a\n\na\n\na")], ["merged_turns"]),
    ([S, ("developer", "d"), U, A], "unknown_role", [("system", "s\n\nd"), U, A], ["developer_as_system", "merged_turns"]),
    ([U, A, U], "no_response", [U, A], ["cut_trailing_user"]),
    ([U, A, U, U], "bad_turn_order", [U, A], ["cut_trailing_user"]),
    ([U, ("assistant", ""), U, A], None, [("user", "u\n\nu"), A], ["dropped_empty_turns", "merged_turns"]),
    ([("system", " \n"), U, A], None, [U, A], ["dropped_empty_turns"]),
    (
        [("developer", "d"), A, U, ("user", "\t"), U, A, U],
        "unknown_role",
        [("system", "d"), ("user", "u\n\nu"), A],
        list(repair.RULES),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "reason", "repaired", "rules"), OUT_OF_ORDER)
@pytest.mark.parametrize("form", ["messages", "sharegpt", "wildchat"])
def test_order_is_strict_unless_repair_is_asked_for(
    reading: Callable[..., Result], form: str, turns: Any, reason: str | None, repaired: Any, rules: list[str]
) -> None:
    if form == "sharegpt":
        record = shared(*turns, id="7")
    else:
        record = chat(*turns, field="messages" if form == "messages" else "conversation", id="7")
    strict = reading([record])
    assert strict.file.format == form
    assert strict.reasons == ([] if reason is None else [(1, reason)])
    got = reading([record], REPAIR)
    assert got.turns == [repaired]
    (meta,) = got.meta
    assert (meta["id"], meta["_repaired"]) == ("7", rules)
    assert undone(repaired, meta) == turns


def undone(kept: list[tuple[str, str]], meta: dict[str, Any]) -> list[tuple[str, str]]:
    """The turns before the repair, from those after it and what `meta` says: nothing is lost."""
    given = {turn["turn"]: (turn["role"], turn["content"]) for turn in meta.get("_dropped_turns", [])}
    merged = {one["turns"][0]: one for one in meta.get("_merged_turns", [])}
    taken = {number for one in merged.values() for number in one["turns"]} | set(given)
    number = 0
    for role, text in kept:
        number += 1
        while number in given or (number in taken and number not in merged):
            number += 1
        if number not in merged:
            given[number] = (role, text)
            continue
        at = 0
        for one, length in zip(merged[number]["turns"], merged[number]["lengths"], strict=True):
            given[one] = (role, text[at : at + length])
            at += length + len(SEPARATOR)
    said = [given[number] for number in sorted(given)]
    developer = "developer_as_system" in meta["_repaired"]
    return [("developer", text) if developer and text == "d" else (role, text) for role, text in said]


def test_repair_leaves_good_order_alone(reading: Callable[..., Result]) -> None:
    record = chat(S, U, A, ("user", " v "), A, id=1)
    strict, repaired = reading([record]), reading([record], REPAIR)
    assert strict.frame.equals(repaired.frame)
    assert repaired.meta == [{"id": 1}]


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([U], "no_response"),
        ([A], "no_response"),
        ([S], "no_response"),
        ([A, U], "no_response"),
        ([("user", ""), A], "no_response"),
        ([U, ("assistant", " ")], "no_response"),
        ([U, A, S, U, A], "bad_turn_order"),
        ([U, S, A], "bad_turn_order"),
        ([U, A, S], "bad_turn_order"),
        ([("usr", "u"), A], "unknown_role"),
        ([U, ("assistant", None)], "null_field"),
        ([], "no_messages"),
    ],
)
def test_what_no_rule_repairs(reading: Callable[..., Result], turns: Any, reason: str) -> None:
    got = reading([chat(U, A), chat(*turns)], REPAIR)
    assert got.reasons == [(2, reason)]


def test_a_developer_is_told_how_to_be_taken(reading: Callable[..., Result]) -> None:
    (reject,) = reading([chat(("developer", "d"), U, A)]).rejects
    assert "`roles: repair`" in reject.detail


# ShareGPT

PAGE = '<div class="markdown prose w-full break-words dark:prose-invert light">'
CODE = (
    '<pre><div class="bg-black mb-4 rounded-md"><div class="flex items-center"><span>python</span>'
    '<button class="flex ml-auto">Copy code</button></div><div class="p-4 overflow-y-auto">'
    '<code class="!whitespace-pre hljs language-python"><span class="hljs-keyword">if</span> a &lt; b:\n    go()\n'
    "</code></div></div></pre>"
)


def test_html_becomes_markdown(reading: Callable[..., Result]) -> None:
    asked = "Plain, with <b>tags</b> &amp; all\r\n"
    record = shared(
        ("human", asked),
        ("gpt", f"{PAGE}<p>It is <strong>so</strong>:</p><ol><li>one</li><li>two &amp; more</li></ol></div>"),
        ("human", "And code?"),
        ("gpt", f"{PAGE}<p>Here:</p>{CODE}</div>"),
        ("human", "Thanks"),
        ("gpt", "Plain *text* <here> "),
        id="x",
    )
    got = reading([record])
    assert got.turns == [
        [
            ("user", asked),
            ("assistant", "It is **so**:\n\n1. one\n2. two & more"),
            ("user", "And code?"),
            ("assistant", "Here:\n\n```python\nif a < b:\n    go()\n```"),
            ("user", "Thanks"),
            ("assistant", "Plain *text* <here> "),
        ]
    ]
    assert got.meta == [{"id": "x", "_converted": "html"}]


@pytest.mark.parametrize(
    ("asked", "answered", "converted"),
    [
        ("Say hello", f"{PAGE}<p>Hello</p></div>", "Hello"),
        ("Say hello", "\n<div>\n<div class='x prose'><p>Hello</p></div></div>", "Hello"),
        ("Say hello", "<p>Hello</p><p>there</p>", "Hello\n\nthere"),
        ("Write some HTML", "<p>Hello</p>", None),
        ("What does <p> do?", "<p>Hello</p>", None),
        ("Say hello", "<p>Hello</p> and more", None),
        ("Say hello", "<ul><li>Hello</li></ul>", None),
        ("Say hello", '<div class="container"><p>Hello</p></div>', None),
        ("Say hello", '<div class="markdown-body-prose"><p>Hello</p></div>', None),
        ("Say hello", '<div id="markdown prose"><p>Hello</p></div>', None),
        ("Say hello", "Hello <p>there</p>", None),
        ("Say hello", "1 < 2 &amp; 3 > 2", None),
        ("Say hello", "```html\n<p>Hello</p>\n```", None),
        (f"{PAGE}<p>quoted</p></div>", "plain", None),
    ],
)
def test_what_is_taken_for_html(
    reading: Callable[..., Result], asked: str, answered: str, converted: str | None
) -> None:
    record = shared(("human", asked), ("gpt", answered))
    got = reading([record])
    assert got.turns == [[("user", asked), ("assistant", answered if converted is None else converted)]]
    assert got.meta == [{} if converted is None else {"_converted": "html"}]
    kept = reading([record], ReadOptions(html="keep"))
    assert kept.turns == [[("user", asked), ("assistant", answered)]]
    assert kept.meta == [{}]


@pytest.mark.parametrize(
    "text",
    ["<div" * 60_000, "<div " * 60_000, "<div>" * 60_000, f"{PAGE}{'<pre>' * 60_000}", f"{PAGE}{'<pre><code' * 9_000}",
     "<div class='" + "prose " * 20_000, '<div class="' * 20_000, PAGE * 3_000, "<p>" + "</p " * 60_000],
)  # fmt: skip
def test_hostile_html_has_one_fate(reading: Callable[..., Result], text: str) -> None:
    got = reading([shared(("human", "u"), ("gpt", text))])
    assert len(got.rejects) + got.frame.height == 1
    assert got.reasons in ([], [(1, "too_deep")])


@pytest.mark.parametrize(
    ("turns", "reason", "told"),
    [
        ([("human", ["a"]), ("gpt", "b")], "unsupported_content", "Turn 1"),
        ([("human", {"a": 1}), ("gpt", "b")], "unsupported_content", "an object"),
        ([("human", 7), ("gpt", "b")], "wrong_type", "`value`"),
        ([("human", None), ("gpt", "b")], "null_field", "`value`"),
        ([("human", "a"), (None, "b")], "null_field", "`from`"),
        ([("human", "a"), ("assistent", "b")], "unknown_role", "did you mean `assistant`?"),
        ([("human", "a"), ("function_call", "b"), ("observation", "c"), ("gpt", "d")], "unsupported_content", "Turn 2"),
        ([("gpt", "a"), ("human", "b"), ("gpt", "c")], "bad_turn_order", "Turn 1"),
        ([], "no_messages", "no turns"),
    ],
)
def test_sharegpt_rejects(reading: Callable[..., Result], turns: Any, reason: str, told: str) -> None:
    got = reading([shared(("human", "a"), ("gpt", "b")), shared(*turns)])
    assert got.reasons == [(2, reason)]
    assert told in got.rejects[0].detail


def test_a_missing_speaker_and_a_foreign_turn() -> None:
    convert = FORMATS["sharegpt"].convert
    for turns, reason in (
        ([{"value": "a"}], "missing_field"),
        ([{"form": "human", "value": "a"}], "missing_field"),
        (["a"], "wrong_type"),
        ([None], "wrong_type"),
        ("a", "wrong_type"),
        (None, "null_field"),
    ):
        with pytest.raises(RecordError, match=reason):
            convert({"conversations": turns})


# WildChat


def wild(**fields: Any) -> dict[str, Any]:
    told = {"language": "English", "redacted": False, "toxic": False, "timestamp": None, "turn_identifier": 5}
    turns = [
        {"role": "user", "content": "u\u2028", "country": "Chile", "header": {"accept-language": "es"}, **told},
        {"role": "assistant", "content": "a", "country": None, "header": None, **told, "timestamp": "2023-04-09"},
    ]
    return {"conversation_hash": "h", "model": "m", "conversation": turns, "turn": 1, **fields}


def test_wildchat_notes_go_to_meta(reading: Callable[..., Result]) -> None:
    record = wild(language="English", toxic=True, redacted=True, openai_moderation=[{"flagged": True}])
    got = reading([record])
    assert got.file.format == "wildchat"
    assert got.turns == [[("user", "u\u2028"), ("assistant", "a")]]
    (meta,) = got.meta
    turns = meta.pop("_turns")
    assert meta == {key: value for key, value in record.items() if key != "conversation"}
    for said, noted in zip(record["conversation"], turns, strict=True):
        assert {"role": said["role"], "content": said["content"], **noted} == said


def test_wildchat_in_parquet(reading: Callable[..., Result], pack: Callable[..., bytes]) -> None:
    got = reading(pack([wild(toxic=True), wild(toxic=False)], "parquet"), name="x.parquet")
    assert got.file.format == "wildchat"
    assert [meta["toxic"] for meta in got.meta] == [True, False]
    assert got.meta[0]["_turns"][1]["timestamp"] == "2023-04-09"


def test_lmsys_turns_have_no_notes(reading: Callable[..., Result]) -> None:
    got = reading([chat(U, A, field="conversation", conversation_id="i", redacted=False)])
    assert got.meta == [{"conversation_id": "i", "redacted": False}]


def test_a_single_record_of_pretty_json(reading: Callable[..., Result]) -> None:
    got = reading(json.dumps(wild(), indent=1).encode(), name="x.json")
    assert (got.file.format, got.file.container, got.frame.height) == ("wildchat", "json", 1)


@pytest.mark.parametrize("name", ["tool_calls", "name", "images", "weight"])
def test_a_noted_turn_may_not_say_more(reading: Callable[..., Result], name: str) -> None:
    record = wild()
    record["conversation"][1][name] = [1]
    (reject,) = reading([wild(), record]).rejects
    assert (reject.reason, reject.line) == ("unsupported_content", 2)
    assert f"`{name}`" in reject.detail
    assert "`country`" not in reject.detail


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        ({"role": "user", "content": None, "toxic": False}, "null_field"),
        ({"role": "user", "toxic": False}, "missing_field"),
        ({"content": "x", "toxic": False}, "missing_field"),
        ({"role": "user", "contents": "x"}, "missing_field"),
    ],
)
def test_wildchat_rejects(reading: Callable[..., Result], turn: Turn, reason: str) -> None:
    assert reading([wild(), chat(turn, A, field="conversation")]).reasons == [(2, reason)]


# All of them


@pytest.mark.parametrize("name", ["_repaired", "_turns", "_converted", "_content_parts", "_dropped_turns", "_parts"])
def test_reserved_names(reading: Callable[..., Result], name: str) -> None:
    records = [chat(U, A), chat(U, A) | {name: 1}, chat(U, A, field="conversation") | {name: 1}]
    got = reading(records[:2])
    assert got.reasons == [(2, "reserved_field")]
    assert reading([records[2], wild()]).reasons == [(1, "reserved_field")]


def test_odd_keys_and_ids_of_the_users_own(reading: Callable[..., Result]) -> None:
    odd = {"id": "same", "": 1, "role": "user", "row": 3, "ключ": [None], "a\x00b": {"id": "x"}, "messages ": []}
    got = reading([chat(U, A) | odd, chat(U, ("assistant", "b")) | odd])
    assert got.meta == [odd, odd]
    assert got.frame["id"].n_unique() == 2


def test_the_samples() -> None:
    folder = ROOT / "sample_data" / "dumps" / "chat_logs"
    strict = {name: Result(folder / f"{name}.jsonl", STRICT) for name in ("openai", "sharegpt", "wildchat")}
    assert {name: got.frame.height for name, got in strict.items()} == {"openai": 1, "sharegpt": 2, "wildchat": 2}
    assert strict["openai"].reasons == [(2, "unsupported_content"), (3, "unsupported_content"), (4, "unknown_role")]
    assert [meta.get("_converted") for meta in strict["sharegpt"].meta] == ["html", None]
    repaired = Result(folder / "openai.jsonl", REPAIR)
    assert repaired.frame["line"].to_list() == [1, 4]


@pytest.mark.parametrize("options", [STRICT, REPAIR])
@pytest.mark.parametrize("kind", ["plain", "parts", "one role", "empty", "wild"])
def test_long_conversations_take_linear_time(options: ReadOptions, kind: str) -> None:
    form = FORMATS["wildchat" if kind == "wild" else "messages"]
    assert form.bind is not None
    convert = form.bind(options)

    def record(length: int) -> dict[str, Any]:
        turns: list[Turn] = [{"role": ("user", "assistant")[n % 2], "content": "x"} for n in range(length)]
        for n, turn in enumerate(turns):
            if kind == "parts":
                turn["content"] = [part("x")]
            elif kind == "one role" and 0 < n < length - 1:
                turn["role"] = "user"
            elif kind == "empty" and 0 < n < length - 1:
                turn["content"] = " "
            elif kind == "wild":
                turn["toxic"] = False
        return chat(*turns, field="conversation" if kind == "wild" else "messages")

    def work(length: int) -> Callable[[], object]:
        made = record(length)

        def go() -> None:
            try:
                convert(made)
            except RecordError as error:
                assert (kind, options.roles, error.reason) == ("one role", "strict", "bad_turn_order")  # noqa: PT017

        return go

    assert operations(work(4000)) <= 2.2 * operations(work(2000))


def test_a_hundred_thousand_turns(reading: Callable[..., Result]) -> None:
    turns = [{"role": ("user", "assistant")[n % 2], "content": str(n)} for n in range(100_000)]
    got = reading([chat(*turns), chat(*turns[:-1]), chat(*turns[1:])])
    assert got.frame["messages"].list.len().to_list() == [100_000]
    assert got.reasons == [(2, "no_response"), (3, "bad_turn_order")]
