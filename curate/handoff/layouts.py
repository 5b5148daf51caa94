"""One conversation as a record of each layout, and what a layout cannot say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from curate.train.records import Conversation, plain

#: A record of a layout, or the reason why it cannot hold this conversation.
Made = dict[str, Any] | str

#: The roles by the names that ShareGPT and LLaMA-Factory give them.
SPEAKERS: Final = {"system": "system", "user": "human", "assistant": "gpt"}


def messages(example: Conversation) -> Made:
    """`messages` with role and content: the lines of `train.jsonl` as they are."""
    return {"messages": plain(example.messages)}


def alpaca(example: Conversation) -> Made:
    """`instruction`, `input` (always empty) and `output`, for one question with one answer."""
    if why := _not_single(example):
        return why
    return {"instruction": example.messages[0]["content"], "input": "", "output": example.messages[1]["content"]}


def sharegpt(example: Conversation) -> Made:
    """`conversations` with from (system, human, gpt) and value."""
    return {"conversations": [{"from": SPEAKERS[m["role"]], "value": m["content"]} for m in example.messages]}


def prompt_completion(example: Conversation) -> Made:
    """`prompt` and `completion` as plain text, for one question with one answer."""
    if why := _not_single(example):
        return why
    return {"prompt": example.messages[0]["content"], "completion": example.messages[1]["content"]}


def openai(example: Conversation) -> Made:
    """`messages`, for OpenAI's fine-tuning, which wants text in each turn, and the last turn to be the assistant's."""
    if example.messages[-1]["role"] != "assistant":
        return "the last turn is not the assistant's"
    for number, message in enumerate(example.messages, 1):
        if not message["content"].strip():
            return f"turn {number} has no text"
    return messages(example)


def _not_single(example: Conversation) -> str | None:
    roles = [m["role"] for m in example.messages]
    if roles == ["user", "assistant"]:
        return None
    return "it has a system message" if roles[:1] == ["system"] else f"it has {len(roles)} turns"


#: Layouts of lines, by name.
LINES: Final[Mapping[str, Callable[[Conversation], Made]]] = {
    "messages": messages,
    "alpaca": alpaca,
    "sharegpt": sharegpt,
    "prompt_completion": prompt_completion,
    "openai": openai,
    "llama_factory": messages,
    "axolotl": messages,
    "torchtune": messages,
    "trl": messages,
}
