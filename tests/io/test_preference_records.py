"""Preference records in the shapes that they are shared in: the chosen conversation is the example, nothing is lost."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.io import FORMATS, ReadOptions
from curate.io.formats.preference import rejected_answer
from curate.io.model import RecordError
from curate.schema import SEPARATOR

PAIRS = FORMATS["preference"]
Json = dict[str, Any]
U, A, S = "user", "assistant", "system"


def turns(*said: tuple[str, str]) -> list[Json]:
    return [{"role": role, "content": text} for role, text in said]


def read(record: Json) -> tuple[list[Json], list[Json], list[Json], Json]:
    """Prompt, chosen and rejected as messages, and the rest of `meta`."""
    assert PAIRS.matches(record)
    made = PAIRS.convert(record)
    assert isinstance(made, tuple)
    texts, system, meta = made
    roles = [*([S] if system else []), *[U, A] * len(texts)]
    messages = turns(*zip(roles, texts, strict=False))
    at, rejected = rejected_answer(meta)
    rest = json.loads(meta)
    return messages[:at], messages[at:], rejected, rest


QUESTION, GOOD, BAD = turns((U, "Why?")), turns((A, "So.")), turns((A, "No."))
SHAPES: dict[str, Json] = {
    "text": {"prompt": "Why?", "chosen": "So.", "rejected": "No."},
    "question": {"question": "Why?", "chosen": "So.", "rejected": "No."},
    "messages": {"prompt": QUESTION, "chosen": GOOD, "rejected": BAD},
    "prompt_text": {"prompt": "Why?", "chosen": GOOD, "rejected": BAD},
    "prompt_messages": {"prompt": QUESTION, "chosen": "So.", "rejected": "No."},
    "conversations": {"chosen": QUESTION + GOOD, "rejected": QUESTION + BAD},
    "ultrafeedback": {"prompt": "Why?", "prompt_id": "7f", "chosen": QUESTION + GOOD, "rejected": QUESTION + BAD,
                      "messages": QUESTION + GOOD, "score_chosen": 8.0, "score_rejected": 6.5},
    "hh_rlhf": {"chosen": "\n\nHuman: Why?\n\nAssistant: So.", "rejected": "\n\nHuman: Why?\n\nAssistant: No."},
    "hh_prompt": {"prompt": "\n\nHuman: Why?\n\nAssistant:", "chosen": " So.", "rejected": " No."},
    "instruction": {"instruction": "Why?", "input": "", "chosen": "So.", "rejected": "No."},
    "llama_factory": {"conversations": [{"from": "human", "value": "Why?"}], "chosen": {"from": "gpt", "value": "So."},
                      "rejected": {"from": "gpt", "value": "No."}},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_one_pair(shape: str) -> None:
    prompt, chosen, rejected, rest = read(SHAPES[shape])
    assert (prompt, chosen, rejected) == (QUESTION, GOOD, BAD)
    kept = {key: value for key, value in rest.items() if key != "_pair"}
    unused = SHAPES[shape].keys() - {"chosen", "rejected", "instruction", "question", "conversations"}
    if shape != "ultrafeedback":
        unused -= {"prompt"}
    assert kept == {key: SHAPES[shape][key] for key in unused}


def test_system_and_input_are_part_of_the_prompt() -> None:
    record = {"system": "Be brief.", "instruction": "Sum up.", "input": "A long text", "chosen": "A", "rejected": "B"}
    prompt, chosen, rejected, rest = read(record)
    assert prompt == turns((S, "Be brief."), (U, "Sum up." + SEPARATOR + "A long text"))
    assert (chosen, rejected) == (turns((A, "A")), turns((A, "B")))
    assert rest["_parts"] == {"instruction": 7, "input": 11}


def test_a_prompt_of_several_turns_and_answers_that_go_on() -> None:
    start = turns((U, "1"), (A, "2"), (U, "3"))
    prompt, chosen, rejected, _ = read({"prompt": start, "chosen": GOOD, "rejected": BAD})
    assert (prompt, chosen, rejected) == (start, GOOD, BAD)
    long = turns((A, "4"), (U, "5"), (A, "6"))
    other = turns((A, "7"))
    prompt, chosen, rejected, _ = read({"chosen": start + long, "rejected": start + other})
    assert (prompt, chosen, rejected) == (start, long, other)
    same = read({"chosen": start + GOOD, "rejected": start + GOOD})
    assert same[:3] == (start, GOOD, GOOD)


NO_PAIRS: list[Json] = [
    {"chosen": "a", "rejected": "b"},
    {"prompt": "a", "chosen": "b"},
    {"prompt": "a", "chosen": "b", "rejected": None},
    {"prompt": "a", "chosen": ["b"], "rejected": ["c"]},
    {"prompt": "a", "chosen": True, "rejected": False},
    {"chosen": GOOD, "rejected": BAD},
    {"messages": QUESTION + GOOD},
    {"prompt": {"role": "prompter", "text": "a", "replies": []}, "chosen": "b", "rejected": "c"},
    {"prompt": "a", "completion": "b"},
    {"conversations": [{"from": "human", "value": "a"}], "chosen": {"from": "gpt", "value": "b"}},
    {"conversations": [{"from": "human", "value": "a"}], "chosen": {"text": "b"}, "rejected": {"text": "c"}},
    {"prompt": "a", "chosen": {"from": "gpt", "value": "b"}, "rejected": {"from": "gpt", "value": "c"}},
]


@pytest.mark.parametrize("record", NO_PAIRS)
def test_other_records_are_none(record: Json) -> None:
    assert not PAIRS.matches(record)


def test_no_other_format_is_taken_for_it(read_file: Any) -> None:
    """A label called `chosen` beside a conversation; and the other way round, a pair that has `messages`, too."""
    for record, form in (({"messages": QUESTION + GOOD, "chosen": 1, "rejected": 0}, "messages"),
                         ({"prompt": "a", "completion": "b", "chosen": "x"}, "prompt_completion"),
                         (SHAPES["ultrafeedback"], "preference"),
                         ({**SHAPES["text"], "response": "So."}, "preference")):  # fmt: skip
        assert read_file((json.dumps(record) + "\n").encode()).file.format == form


def test_repair_puts_both_sides_in_order() -> None:
    convert = PAIRS.bind(ReadOptions(roles="repair")) if PAIRS.bind else None
    assert convert is not None
    record = {"chosen": "\n\nHuman: a\n\nHuman: b\n\nAssistant: c",
              "rejected": "\n\nHuman: a\n\nHuman: b\n\nAssistant: d\n\nHuman: thanks"}  # fmt: skip
    made = convert(record)
    assert isinstance(made, tuple)
    texts, _, meta = made
    assert texts == ("a" + SEPARATOR + "b", "c")
    assert rejected_answer(meta) == (1, turns((A, "d")))
    told = json.loads(meta)
    assert told["_repaired"] == ["merged_turns"]
    assert told["_pair"]["notes"]["_repaired"] == ["cut_trailing_user", "merged_turns"]


plain = st.text(max_size=12).filter(lambda text: "\n\nHuman:" not in text and "\n\nAssistant:" not in text)


def tagged(messages: list[Json]) -> list[Json]:
    names = {S: "system", U: "human", A: "gpt"}
    return [{"from": names[message["role"]], "value": message["content"]} for message in messages]


@st.composite
def any_pair(draw: Any) -> Json:
    """A record of any shape, with its other fields, in any order."""
    count = draw(st.integers(0, 2)) * 2
    said = [draw(plain) for _ in range(count + 1)]
    prompt = turns(*zip([U, A] * 3, said, strict=False))
    chosen, rejected = turns((A, draw(plain))), turns((A, draw(plain)))
    shape = draw(st.sampled_from(["text", "messages", "conversation", "transcript", "cue", "instruction", "ranking"]))
    record: Json = {"chosen": prompt + chosen, "rejected": prompt + rejected}
    if shape == "messages":
        record = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    if shape == "ranking":
        first = draw(st.sampled_from([[], turns((S, "s"))]))
        record = {"conversations": tagged(first + prompt), "chosen": tagged(chosen)[0], "rejected": tagged(rejected)[0]}
    if shape in {"text", "instruction"}:
        record = {"chosen": chosen[0]["content"], "rejected": rejected[0]["content"]}
        record |= {"prompt": said[0]} if shape == "text" else {"instruction": said[0], "input": draw(st.none() | plain)}
        record |= draw(st.sampled_from([{}, {"system": None}, {"system": ""}, {"system": "s"}]))
    if shape in {"transcript", "cue"}:
        space = [draw(st.sampled_from([" ", "" if not text.startswith(" ") else " "])) for text in said]
        text = "".join(f"\n\n{who}:{gap}{what}"
                       for who, gap, what in zip(["Human", "Assistant"] * 3, space, said, strict=False))  # fmt: skip
        ends = [side[0]["content"] for side in (chosen, rejected)]
        gap = draw(st.sampled_from([" ", ""])) if not any(end.startswith(" ") for end in ends) else " "
        record = {"chosen": f"{text}\n\nAssistant:{gap}{ends[0]}", "rejected": f"{text}\n\nAssistant:{gap}{ends[1]}"}
        if shape == "cue":
            record = {"prompt": f"{text}\n\nAssistant:", "chosen": gap + ends[0], "rejected": gap + ends[1]}
    record |= draw(st.dictionaries(st.sampled_from(["id", "score", "ü"]), st.integers() | plain, max_size=2))
    keys = draw(st.permutations(list(record)))
    return {key: record[key] for key in keys}


def undo_ranking(record: Json, fields: Json, prompt: list[Json], answers: dict[str, str]) -> None:
    if fields.get("conversations") == "turns":
        record["conversations"] = tagged(prompt)
        record |= {side: tagged(turns((A, answers[side])))[0] for side in answers if fields[side] == "turn"}


def undo(texts: tuple[str, ...], system: bool, meta: str) -> Json:
    """The record from its conversation and `meta`, by what `meta` says of how its fields were written."""
    record = json.loads(meta)
    pair, parts = record.pop("_pair"), record.pop("_parts", None)
    fields, at = pair["fields"], pair["turns"]
    roles = [*([S] if system else []), *[U, A] * len(texts)]
    both = {"chosen": list(texts), "rejected": [*texts[:at], *pair["rejected"]]}

    def transcript(side: str) -> str:
        bare = pair.get("unspaced", {}).get(side, [])
        return "".join(f"\n\n{'Human' if role == U else 'Assistant'}:{'' if number in bare else ' '}{text}"
                       for number, (role, text) in enumerate(zip(roles, both[side], strict=False), 1))  # fmt: skip

    undo_ranking(
        record, fields, turns(*zip(roles, texts[:at], strict=False)), {k: said[-1] for k, said in both.items()}
    )
    for side, said in both.items():
        form = fields[side]
        if form == "text":
            record[side] = said[-1]
        if form in {"messages", "conversation"}:
            record[side] = turns(*zip(roles, said, strict=False))[at if form == "messages" else 0 :]
        if form == "transcript":
            record[side] = transcript(side)
    if fields.get("prompt") == "transcript":
        cut = transcript("chosen").rindex("\n\nAssistant:") + len("\n\nAssistant:")
        record["prompt"] = transcript("chosen")[:cut]
        record |= {side: transcript(side)[cut:] for side in both}
    if fields.get("prompt") == "messages":
        record["prompt"] = turns(*zip(roles, texts[:at], strict=False))
    for name in ("prompt", "question", "instruction"):
        if fields.get(name) == "text":
            record[name] = texts[system] if parts is None else texts[system][: parts["instruction"]]
    if parts is not None:
        record["input"] = texts[system][len(texts[system]) - parts["input"] :]
    if "system" in fields:
        record["system"] = texts[0]
    return record


@settings(max_examples=400, deadline=None)
@given(any_pair())
def test_records_come_back(record: Json) -> None:
    assert PAIRS.matches(record)
    made = PAIRS.convert(record)
    assert isinstance(made, tuple)
    texts, system, meta = made
    assert undo(texts, system, meta) == record


def test_tables_hold_texts_that_look_like_lists(pack: Any, read_file: Any) -> None:
    """In CSV messages are JSON in a cell; an answer that is a JSON list of numbers is an answer."""
    records = [{"prompt": "[1", "chosen": "[1, 2]", "rejected": "[]"}, {"prompt": "[]", "chosen": "a", "rejected": "b"}]
    whole = read_file(pack(records, "csv", None), "data.csv")
    assert not whole.rejects
    assert [[m["content"] for m in row] for row in whole.frame["messages"].to_list()] == [["[1", "[1, 2]"], ["[]", "a"]]
    whole = read_file(pack([SHAPES["messages"]], "csv", None), "data.csv")
    assert whole.frame["messages"].to_list() == [QUESTION + GOOD]


def test_lines_add_up_with_rejects_among_them(read_file: Any) -> None:
    good = [json.dumps(shape) for shape in SHAPES.values()]
    bad = ['{"prompt": "a", "chosen": "b"}', "{", json.dumps({"chosen": QUESTION + GOOD, "rejected": BAD})]
    lines = [line for both in zip_longest(good, ["", *bad]) for line in both if line is not None]
    whole = read_file("\n".join(lines).encode() + b"\n")
    assert whole.file.format == "preference"
    assert [(r.line, r.reason) for r in whole.rejects] == [
        (4, "missing_field"), (6, "malformed_json"), (8, "bad_turn_order"),
    ]  # fmt: skip
    assert (whole.lines, whole.blank, whole.frame.height) == (len(good) + 4, 1, len(good))
    assert set(whole.frame["id"]) == {whole.frame["id"][0]}


RANKING = SHAPES["llama_factory"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"conversations": []}, "bad_turn_order"),
        ({"conversations": [*tagged(QUESTION), *tagged(GOOD)]}, "bad_turn_order"),
        ({"chosen": {"from": "human", "value": "a"}}, "bad_turn_order"),
        ({"rejected": {"from": "function_call", "value": "a"}}, "unsupported_content"),
        ({"rejected": "a"}, "wrong_type"),
        ({"conversations": "a"}, "wrong_type"),
    ],
)
def test_ranking_records_that_are_wrong_are_rejected(change: Json, reason: str) -> None:
    with pytest.raises(RecordError) as error:
        PAIRS.convert(RANKING | change)
    assert error.value.reason == reason
