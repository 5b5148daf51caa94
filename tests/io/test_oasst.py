from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curate.io import DUMPS, FORMATS, LEFT_REASONS, REJECT_REASONS, LeftOut, ReadOptions, Reject, discover, read
from curate.io.formats import oasst
from curate.io.model import Omit, RecordError
from tests.helpers import REAL_DATA, ROOT
from tests.io.taken import operations

RAW = REAL_DATA / "raw" / "oasst_trees.jsonl"
Message = dict[str, Any]


class Result:
    """A file read whole, with every line's one fate checked."""

    def __init__(self, path: Path, options: ReadOptions, batch_rows: int = 4) -> None:
        (self.file,) = discover([str(path)], format=options.format).files
        batches = list(read(self.file, options, batch_rows=batch_rows))
        self.frame = pl.concat([batch.frame for batch in batches])
        self.rejects: list[Reject] = [reject for batch in batches for reject in batch.rejects]
        self.left: list[LeftOut] = [left for batch in batches for left in batch.left]
        self.lines = sum(batch.lines for batch in batches)
        self.expanded = sum(batch.expanded for batch in batches)
        self.joined = sum(batch.joined for batch in batches)
        blank = sum(batch.blank for batch in batches)
        fates = blank + len(self.rejects) + self.joined + len(self.left) + self.frame.height
        assert self.lines + self.expanded == fates
        assert {reject.reason for reject in self.rejects} <= set(REJECT_REASONS)
        assert {left.reason for left in self.left} <= set(LEFT_REASONS)

    @property
    def texts(self) -> list[list[str]]:
        for turns in self.frame["messages"].to_list():
            assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
        return [[turn["content"] for turn in turns] for turns in self.frame["messages"].to_list()]

    @property
    def meta(self) -> list[dict[str, Any]]:
        return [json.loads(meta) for meta in self.frame["meta"]]


@pytest.fixture
def reading(tmp_path: Path) -> Callable[..., Result]:
    def readit(records: list[Any] | bytes, name: str = "dump.jsonl", batch_rows: int = 4, **options: Any) -> Result:
        if isinstance(records, list):
            records = "".join(json.dumps(record) + "\n" for record in records).encode()
        path = tmp_path / name
        path.write_bytes(records)
        return Result(path, ReadOptions(**options), batch_rows)

    return readit


def said(name: str, *replies: Message, user: bool = False, **fields: Any) -> Message:
    """A message that passed its review, and its replies, whose roles are set."""
    role = "prompter" if user else "assistant"
    for reply in replies:
        if "role" not in fields:
            _set_role(reply, user=not user)
    made = {"message_id": name, "text": f"text of {name}", "role": role, "review_result": True, "deleted": False}
    return {**made, **fields, "replies": list(replies)}


def _set_role(message: Message, *, user: bool) -> None:
    message["role"] = "prompter" if user else "assistant"
    for reply in message["replies"]:
        _set_role(reply, user=not user)


def tree(*replies: Message, **fields: Any) -> Message:
    prompt = said("p", *replies, user=True, **fields.pop("prompt", {}))
    return {"message_tree_id": "p", "tree_state": "ready_for_export", "prompt": prompt, **fields}


def flat(record: Message) -> list[Message]:
    """The messages of a tree, as the flat dumps have them."""
    out: list[Message] = []

    def walk(message: Message, parent: str | None) -> None:
        out.append(
            {
                **{key: value for key, value in message.items() if key != "replies"},
                "parent_id": parent,
                "message_tree_id": record["message_tree_id"],
                "tree_state": record["tree_state"],
            }
        )
        for reply in message["replies"]:
            walk(reply, message["message_id"])

    walk(record["prompt"], None)
    return out


# The oracle: plain recursion over a tree.


def fine(message: Message) -> bool:
    return not message.get("deleted") and message.get("review_result") is True


def order(message: Message) -> tuple[float, float, str]:
    rank = message.get("rank")
    quality = message.get("labels", {}).get("quality", {}).get("value", -1)
    return (float("inf") if rank is None else rank, -quality, message["message_id"])


def all_paths(message: Message, turns: int) -> list[list[Message]]:
    if not fine(message) or turns < (2 if message["role"] == "prompter" else 1):
        return []
    after = [path for reply in sorted(message["replies"], key=order) for path in all_paths(reply, turns - 1)]
    if not after and message["role"] == "assistant":
        return [[message]]
    return [[message, *path] for path in after]


def texts(paths: list[list[Message]]) -> list[list[str]]:
    return [[message["text"] for message in path] for path in paths]


def grown(seed: int) -> list[Message]:
    """Random trees, in which messages are cut and ranks and labels lack."""
    rng = random.Random(seed)
    count = iter(range(10**6))

    def message(depth: int) -> Message:
        made = said(f"{rng.randrange(10**4):04}-{next(count)}")
        made["deleted"] = rng.random() < 0.08
        made["review_result"] = rng.choice([True] * 12 + [False, None])
        if rng.random() < 0.5:
            made["rank"] = rng.randrange(4)
        if rng.random() < 0.5:
            made["labels"] = {"quality": {"value": rng.choice([0.25, 0.5, 1.0]), "count": 3}}
        made["replies"] = [message(depth + 1) for _ in range(rng.choice([0, 1, 2, 3]) if depth < 6 else 0)]
        return made

    trees = []
    for number in range(25):
        prompt = message(1)
        _set_role(prompt, user=True)
        prompt["review_result"] = prompt["review_result"] is not None  # some review is on record
        trees.append({"message_tree_id": f"t{number}", "tree_state": "ready_for_export", "prompt": prompt})
    return trees


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("turns", [None, 2, 3, 4])
def test_trees_give_what_plain_recursion_gives(reading: Callable[..., Result], seed: int, turns: int | None) -> None:
    trees = grown(seed)
    expected = [all_paths(record["prompt"], turns or 99) for record in trees]
    paths = reading(trees, tree="paths", max_turns=turns)
    assert paths.file.format == "oasst_trees"
    assert paths.texts == [path for found in expected for path in texts(found)]
    assert paths.expanded == sum(len(found) - 1 for found in expected if found)
    best = reading(trees, max_turns=turns)
    assert best.texts == [texts(found)[0] for found in expected if found]
    assert best.frame["line"].to_list() == [number for number, found in enumerate(expected, 1) if found]
    assert [left.line for left in best.left] == [number for number, found in enumerate(expected, 1) if not found]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mode", ["best", "paths"])
def test_messages_in_any_order_give_what_trees_give(reading: Callable[..., Result], seed: int, mode: str) -> None:
    trees = grown(seed)
    messages = [message for record in trees for message in flat(record)]
    random.Random(seed).shuffle(messages)
    of_trees = reading(trees, tree=mode)
    of_messages = reading(messages, tree=mode, batch_rows=3)
    assert of_messages.file.format == "oasst_messages"
    assert sorted(of_messages.texts) == sorted(of_trees.texts)
    assert not of_messages.rejects
    lines = of_messages.frame["line"].to_list()
    for line, turns in zip(lines, of_messages.texts, strict=True):
        assert messages[line - 1]["text"] == turns[-1]
    assert lines == sorted(lines)
    # Each line has one fate, and those that are none of these are on a path.
    left = {entry.line for entry in of_messages.left}
    assert len(left) == len(of_messages.left)
    assert not left & set(lines)
    shown = {text for turns in of_messages.texts for text in turns}
    for number, message in enumerate(messages, 1):
        assert (message["text"] in shown) == (number not in left)
    assert of_messages.joined == len(shown) - len(lines)
    meta = {one["_tree"]["path"][-1]: one for one in of_trees.meta}
    for one in of_messages.meta:
        same = meta[one["_tree"]["path"][-1]]
        assert one["_tree"] == same["_tree"]
        assert one["message_tree_id"] == same["message_tree_id"]


def test_the_best_reply(reading: Callable[..., Result]) -> None:
    quality = {"quality": {"value": 0.5, "count": 3}}
    better = {"quality": {"value": 0.75, "count": 3}, "spam": {"value": 0.0, "count": 3}}
    table = {"name": ["spam", "quality"], "value": [0.0, 0.9], "count": [3, 3]}
    trees = [
        tree(said("a", rank=2), said("b", rank=0), said("c", rank=1)),
        tree(said("a"), said("b", rank=5)),  # one with a rank comes before one without
        tree(said("a", labels=quality), said("b", labels=better), said("c")),
        tree(said("a", labels=better), said("b", labels=table)),
        tree(said("b"), said("a")),
        tree(said("b", rank=0.0), said("a", rank=0)),
        tree(said("a", rank=0, deleted=True), said("b", rank=1)),
        tree(said("a", said("u", said("d", rank=1), said("e", rank=0)), said("v"), rank=0), said("b", rank=1)),
    ]
    best = [path["_tree"]["path"][1:] for path in reading(trees).meta]
    assert best == [["b"], ["b"], ["b"], ["b"], ["a"], ["a"], ["b"], ["a", "u", "e"]]


def test_position_decides_nothing(reading: Callable[..., Result]) -> None:
    record = tree(said("a", text="one", message_id=None), said("b", text="two", message_id=None))
    turned = json.loads(json.dumps(record))
    turned["prompt"]["replies"].reverse()
    for mode in ("best", "paths"):
        first, second = reading([record], tree=mode).texts, reading([turned], tree=mode).texts
        assert first == second


def test_meta_of_a_path(reading: Callable[..., Result]) -> None:
    record = tree(
        said("a", said("u", said("b", rank=0, model_name="m")), rank=0, lang="de", emojis={"+1": 2}),
        said("x", said("y"), rank=1, deleted=True),
        said("z", review_result=None),
        prompt={"lang": "de", "created_date": "2023-02-05"},
        origin="test",
    )
    (meta,) = reading([record]).meta
    assert meta == {
        "message_tree_id": "p",
        "tree_state": "ready_for_export",
        "origin": "test",
        "_tree": {
            "path": ["p", "a", "u", "b"],
            "lang": "de",
            "ranks": [None, 0, None, 0],
            "messages": 7,
            "cut": {"deleted_message": 1, "reply_to_cut_message": 1, "unreviewed": 1},
        },
        "_turns": [
            {
                "message_id": "p",
                "review_result": True,
                "deleted": False,
                "lang": "de",
                "created_date": "2023-02-05",
            },
            {"message_id": "a", "review_result": True, "deleted": False, "rank": 0, "lang": "de", "emojis": {"+1": 2}},
            {"message_id": "u", "review_result": True, "deleted": False},
            {"message_id": "b", "review_result": True, "deleted": False, "rank": 0, "model_name": "m"},
        ],
    }


@pytest.mark.parametrize(
    ("record", "reason", "value"),
    [
        (tree(said("a"), tree_state="growing"), "tree_not_ready", "growing"),
        (tree(said("a"), prompt={"deleted": True}), "deleted_message", "reply_to_cut_message 1"),
        (tree(said("a"), prompt={"review_result": False}), "failed_review", "reply_to_cut_message 1"),
        (tree(said("a"), prompt={"review_result": None}), "unreviewed", "reply_to_cut_message 1"),
        (tree(), "no_reply", None),
        (
            tree(said("a", deleted=True), said("b", review_result=False), said("c", review_result=False)),
            "no_reply",
            "deleted_message 1, failed_review 2",
        ),
    ],
)
def test_trees_left_out(reading: Callable[..., Result], record: Message, reason: str, value: str | None) -> None:
    for mode in ("best", "paths"):
        got = reading([record], tree=mode)
        assert [(left.line, left.reason, left.value) for left in got.left] == [(1, reason, value)]
        assert got.frame.height == 0


def test_a_tree_without_any_review_on_record_is_taken(reading: Callable[..., Result]) -> None:
    def bare(message: Message) -> Message:
        kept = {key: message[key] for key in ("message_id", "text", "role")}
        return {**kept, "replies": [bare(reply) for reply in message["replies"]]}

    record = tree(said("a", said("u", said("b"))))
    record["prompt"] = bare(record["prompt"])
    del record["tree_state"]
    got = reading([record])
    assert got.texts == [["text of p", "text of a", "text of u", "text of b"]]


def test_a_path_ends_with_an_answer(reading: Callable[..., Result]) -> None:
    record = tree(said("a", said("u", said("b")), said("v"), said("w")))
    got = reading([record], tree="paths")
    assert [meta["_tree"]["path"] for meta in got.meta] == [["p", "a", "u", "b"]]
    assert [meta["_tree"]["cut"] for meta in got.meta] == [{"no_reply": 2}]


def test_an_odd_turn_more_is_beyond_what_was_asked_for(reading: Callable[..., Result]) -> None:
    record = tree(said("a", said("u", said("b", said("v")))))
    for turns in (2, 3):
        got = reading([record], max_turns=turns)
        assert [meta["_tree"]["path"] for meta in got.meta] == [["p", "a"]]
        assert [meta["_tree"]["cut"] for meta in got.meta] == [{"beyond_max_turns": 3}]


def thread(*names: str, **fields: Any) -> list[Message]:
    return [{"text": name, "role": "assistant" if at % 2 else "prompter", **fields} for at, name in enumerate(names)]


@pytest.mark.parametrize("field", ["messages", "thread"])
def test_threads(reading: Callable[..., Result], field: str) -> None:
    cut = thread("a", "b", "c", "d")
    cut[2]["deleted"] = True
    linked = thread("a", "b")
    linked[0]["message_id"], linked[1]["parent_id"] = "1", "2"
    records = [
        {field: thread("a", "b", "c", "d", lang="en"), "source": "s"},
        {field: thread("a", "b", "c")},
        {field: cut},
        {field: thread("a")},
        {field: thread("a", "b")[::-1]},
        {field: linked},
        {field: []},
    ]
    got = reading(records)
    assert got.file.format == "oasst_trees"
    assert got.texts == [["a", "b", "c", "d"], ["a", "b"], ["a", "b"]]
    assert got.meta[0]["source"] == "s"
    assert got.meta[0]["_turns"] == [{"lang": "en"}] * 4
    assert [left.reason for left in got.left] == ["no_reply"]
    reasons = [(reject.line, reject.reason) for reject in got.rejects]
    assert reasons == [(5, "bad_turn_order"), (6, "bad_turn_order"), (7, "no_messages")]


@pytest.mark.parametrize(
    ("record", "reason", "part"),
    [
        ({"prompt": None}, "null_field", "`prompt`"),
        ({"prompt": "text"}, "wrong_type", "not a message"),
        ({"promt": {}}, "missing_field", "`promt`"),
        ({"prompt": {"text": "x", "replies": []}}, "missing_field", "`role`"),
        (tree(said("a"), prompt={"text": None}), "null_field", "`p`"),
        (tree(said("a"), prompt={"role": "promter"}), "unknown_role", "did you mean `prompter`?"),
        (tree(said("a"), prompt={"role": "assistant"}), "bad_turn_order", "first message"),
        (tree(said("a", rank="first")), "wrong_type", "`rank`"),
        (tree(said("a", rank=1e300)), None, ""),
        (tree(said("a", deleted="no")), "wrong_type", "`deleted`"),
        (tree(said("a", review_result=1)), "wrong_type", "`review_result`"),
        (tree(said("a"), tree_state=3), "wrong_type", "`tree_state`"),
        (tree(said("a"), _tree={}), "reserved_field", "`_tree`"),
        ({"prompt": {"text": "x", "role": "prompter", "replies": {}}}, "wrong_type", "not a list"),
        ({"prompt": {"text": "x", "role": "prompter", "replies": [7]}}, "wrong_type", "Message 2 is a number"),
    ],
)
def test_rejected_trees(reading: Callable[..., Result], record: Message, reason: str | None, part: str) -> None:
    got = reading([record, tree(said("a"))], format="oasst_trees")
    assert [reject.reason for reject in got.rejects] == ([reason] if reason else [])
    assert all(part in reject.detail for reject in got.rejects)
    assert got.frame.height == (1 if reason else 2)


def test_a_reply_of_the_same_role(reading: Callable[..., Result]) -> None:
    record = tree(said("a", said("b")))
    record["prompt"]["replies"][0]["replies"][0]["role"] = "assistant"
    (reject,) = reading([record]).rejects
    assert reject.reason == "bad_turn_order"


def test_the_text_of_a_deleted_message_does_not_matter(reading: Callable[..., Result]) -> None:
    got = reading([tree(said("a"), said("b", deleted=True, text=None))])
    assert got.frame.height == 1


def test_what_paths_may_take(reading: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    wide = tree(*[said(f"{n:03}") for n in range(40)], prompt={"text": "x" * 10_000, "note": "y" * 10_000})
    monkeypatch.setattr(oasst, "MAX_PATHS_SIZE", 40 * 20_000)
    for records, lines in (([wide], 1), (flat(wide), 41)):
        got = reading(records, tree="paths")
        assert [(reject.line, reject.reason) for reject in got.rejects] == [(1, "too_many_paths")]
        assert (got.lines, len(got.left), got.frame.height) == (lines, lines - 1, 0)
        assert reading(records).frame.height == 1
    monkeypatch.setattr(oasst, "MAX_PATHS_SIZE", 45 * 20_000)
    assert reading([wide], tree="paths").frame.height == 40
    assert reading(flat(wide), tree="paths").frame.height == 40


def single(name: str, parent: str | None, **fields: Any) -> Message:
    role = "assistant" if len(name) % 2 == 0 else "prompter"
    return {"message_id": name, "parent_id": parent, "text": f"t {name}", "role": role, **fields}


def fates(got: Result) -> dict[int, str]:
    told = {left.line: left.reason for left in got.left} | {reject.line: reject.reason for reject in got.rejects}
    return told | dict.fromkeys(got.frame["line"].to_list(), "read")


def test_damaged_forests(reading: Callable[..., Result]) -> None:
    lines = [
        single("a", None),  # 1 joined
        single("ab", "a"),  # 2 read
        single("x", "yz"),  # 3 and 4: each answers the other
        single("yz", "x"),
        single("q", "q"),  # 5 answers itself
        single("nn", "gone"),  # 6
        single("nnn", "nn"),  # 7
        single("c", None),  # 8 and 10 differ
        single("cd", "c"),  # 9
        single("c", None, lang="en"),
        single("ab", "a"),  # 11 is 2 again
        single("rr", None),  # 12 an answer to nothing
        single("rrr", "rr"),
        single("e", None, role="prompter"),
        single("efg", "e", role="prompter"),  # 15 a prompt that answers a prompt
        7,  # 16
        single("h", None, text=None),
        {"message_id": None, "role": "prompter", "text": "x"},
        single("i", 5),  # type: ignore[arg-type]
        single("j", None, role="human"),
        single("kk", "h"),  # 21 answers a rejected message
        single("l", None, tree_state="growing"),
        single("ll", "l", tree_state="growing"),
    ]
    got = reading(lines)
    missing = "reply_to_missing_message"
    assert fates(got) == {
        2: "read",
        3: missing,
        4: missing,
        5: "bad_turn_order",
        6: missing,
        7: missing,
        8: "id_collision",
        9: missing,
        10: "id_collision",
        11: "repeated_message",
        12: "bad_turn_order",
        13: missing,
        14: "no_reply",
        15: "bad_turn_order",
        16: "not_an_object",
        17: "null_field",
        18: "null_field",
        19: "wrong_type",
        20: "unknown_role",
        21: missing,
        22: "tree_not_ready",
        23: "tree_not_ready",
    }
    assert got.joined == 1
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    for reject in got.rejects:
        assert reject.raw == json.dumps(lines[reject.line - 1])
        assert data[reject.offset :].startswith(reject.raw.encode())
    assert [reject.line for reject in got.rejects] == sorted(reject.line for reject in got.rejects)
    assert [left.line for left in got.left] == sorted(left.line for left in got.left)


def test_containers_of_messages(reading: Callable[..., Result], pack: Callable[..., bytes]) -> None:
    labels = {"name": ["quality"], "value": [0.5], "count": [3]}
    record = tree(said("a", rank=1, labels=labels), said("b", rank=0, labels=labels), prompt={"labels": labels})
    messages = [{"rank": None, **message} for message in flat(record)]
    messages.append({**messages[0], "text": "different"})
    expected = reading(messages[:-1])
    assert expected.texts == [["text of p", "text of b"]]
    for container, name in (("json", "x.json"), ("parquet", "x.parquet"), ("jsonl", "x.jsonl.gz")):
        packed = pack(messages[:-1], container, "gzip" if name.endswith("gz") else None)
        got = reading(packed, name)
        assert (got.file.format, got.texts) == ("oasst_messages", expected.texts)
        assert {**got.meta[0], "_turns": None} == {**expected.meta[0], "_turns": None}
        collided = reading(pack(messages, container, "gzip" if name.endswith("gz") else None), name)
        assert [reject.reason for reject in collided.rejects] == ["id_collision"] * 2
        assert [json.loads(reject.raw)["text"] for reject in collided.rejects] == ["text of p", "different"]


def test_messages_as_told(reading: Callable[..., Result]) -> None:
    got = reading(flat(tree(said("a"))), format="oasst_messages")
    assert got.frame.height == 1
    assert "as told" in got.file.detected


def test_bad_lines_among_messages(reading: Callable[..., Result]) -> None:
    good = [json.dumps(line).encode() for line in (single("ab", "a"), single("a", None))]
    data = b"\n".join([good[0], b"", b'{"message_id": "x"', b"\xff", good[1], b""])
    got = reading(data)
    assert got.texts == [["t a", "t ab"]]
    assert [reject.reason for reject in got.rejects] == ["malformed_json", "invalid_utf8"]
    assert (got.lines, got.joined) == (5, 1)


def test_a_message_too_long(reading: Callable[..., Result]) -> None:
    lines = [single("a", None), single("ab", "a", lang="x" * 2000), single("cd", "a")]
    assert reading(lines, max_record_bytes=1024).texts == [["t a", "t cd"]]
    assert fates(reading(lines, max_record_bytes=1024)) == {2: "record_too_long", 3: "read"}
    assert reading(lines).texts == [["t a", "t ab"]]


def chain(length: int) -> bytes:
    """One conversation, the last message first."""
    out = io.BytesIO()
    for number in reversed(range(length)):
        role = "assistant" if number % 2 else "prompter"
        parent = str(number - 1) if number else None
        record = {"message_id": str(number), "parent_id": parent, "text": "x", "role": role}
        out.write(json.dumps(record).encode() + b"\n")
    return out.getvalue()


@pytest.mark.parametrize("mode", ["best", "paths"])
def test_a_long_conversation_takes_linear_time(tmp_path: Path, mode: str) -> None:
    def count(length: int) -> int:
        path = tmp_path / f"{length}.jsonl"
        path.write_bytes(chain(length))
        (file,) = discover([str(path)]).files
        options = ReadOptions.model_validate({"tree": mode})
        frames: list[pl.DataFrame] = []
        done = operations(lambda: frames.extend(batch.frame for batch in read(file, options)))
        assert frames[-1]["messages"].list.len().to_list() == [length]
        return done

    assert count(4000) / count(2000) < 2.2


def test_deeper_than_any_stack(reading: Callable[..., Result]) -> None:
    got = reading(chain(60_001), tree="paths")
    assert [len(turns) for turns in got.texts] == [60_000]
    assert [left.reason for left in got.left] == ["no_reply"]


def test_formats_are_told(tmp_path: Path) -> None:
    assert FORMATS["oasst_trees"].fields
    assert DUMPS["oasst_messages"].fields
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(tree(said("a"))) + "\n" + json.dumps({"prompt": "p", "completion": "c"}) + "\n")
    (file,) = discover([str(path)]).files
    assert file.detected.startswith("oasst_trees: 1 of the first 2 records have `prompt`")


def test_the_converter_alone() -> None:
    convert = FORMATS["oasst_trees"].convert
    assert convert(tree(said("a")))[0] == ("text of p", "text of a")
    with pytest.raises(Omit, match="no_reply"):
        convert(tree())
    with pytest.raises(RecordError, match="missing_field"):
        convert({})


@pytest.mark.parametrize(("mode", "count"), [("best", 2), ("paths", 5)])
def test_the_sample(mode: str, count: int) -> None:
    folder = ROOT / "sample_data" / "dumps" / "open_assistant"
    options = ReadOptions.model_validate({"tree": mode})
    trees, messages = (Result(folder / f"{name}.jsonl", options) for name in ("trees", "messages"))
    assert len(trees.texts) == count
    assert sorted(trees.texts) == sorted(messages.texts)
    assert {"tree_not_ready", "no_reply", "deleted_message"} <= {left.reason for left in messages.left}


@pytest.mark.skipif(not RAW.is_file(), reason="the real dumps (../shared/data/raw) are not here")
class TestRealTrees:
    @pytest.fixture
    def trees(self) -> Iterator[list[Message]]:
        with RAW.open(encoding="utf-8") as stream:
            yield [json.loads(line) for line in stream]

    @pytest.mark.parametrize("turns", [None, 2])
    def test_both_ways(self, trees: list[Message], turns: int | None) -> None:
        expected = [all_paths(record["prompt"], turns or 99) for record in trees]
        best = Result(RAW, ReadOptions(max_turns=turns))
        assert best.texts == [texts(found)[0] for found in expected if found]
        paths = Result(RAW, ReadOptions(tree="paths", max_turns=turns))
        assert paths.texts == [path for found in expected for path in texts(found)]
        assert not best.rejects
        assert not paths.rejects

    def test_as_messages(self, trees: list[Message], reading: Callable[..., Result]) -> None:
        messages = [message for record in trees for message in flat(record)]
        random.Random(1).shuffle(messages)
        for mode in ("best", "paths"):
            got = reading(messages, tree=mode)
            assert Counter(map(tuple, got.texts)) == Counter(
                map(tuple, Result(RAW, ReadOptions.model_validate({"tree": mode})).texts)
            )
