"""What is looked at before the first step, so that nothing is dropped, cut or learnt in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from curate.errors import InputError
from curate.schema import Message
from curate.train.chat import Chat, Encoded
from curate.train.records import Conversation, Pair

#: Templates of models that reason put an empty thought before an answer, which is learnt with it.
_NO_THOUGHT: Final = re.compile(r"\A<think>\s*</think>\s*")
_NAMED: Final = 5
_ADVICE: Final = "Raise max_length, or choose `--too-long drop` or `truncate`"


@dataclass(frozen=True)
class Checked:
    """Examples that may be trained on.

    Parameters
    ----------
    rows : each as tokens.
    lines : the line of each in the data file.
    dropped, truncated : lines of those that were too long, by what became of them.
    """

    rows: list[Encoded]
    lines: list[int]
    dropped: list[int]
    truncated: list[int]

    def facts(self) -> dict[str, Any]:
        """The counts, for `run.json`."""
        lengths = [len(row.ids) for row in self.rows]
        return {
            "examples": len(self.rows),
            "tokens": sum(lengths),
            "learnt_tokens": sum(sum(row.learnt) for row in self.rows),
            "longest": max(lengths),
            "dropped": self.dropped,
            "truncated": self.truncated,
        }


def check_conversations(
    chat: Chat,
    data: Sequence[Conversation],
    path: Path,
    max_length: int,
    too_long: Literal["error", "drop", "truncate"],
    advice: str = _ADVICE,
) -> Checked:
    """Make tokens of every conversation, and refuse what could not be learnt as it is meant.

    Parameters
    ----------
    advice : what can be done about examples that are too long.

    Raises
    ------
    InputError : a special token inside a message; a supervised span that is not the assistant's text with an end of
        turn; a prompt that is not how the example begins; an example over `max_length` (unless asked otherwise), or
        one of which nothing is left.
    """
    rows, lines, dropped, truncated, over = [], [], [], [], []
    for example in data:
        where = f"{path}:{example.line}"
        _no_special(chat, example.messages, where)
        row = chat.encode(example.messages)
        _spans(chat, example.messages, row, where)
        _header(chat, example.messages, row, where)
        if len(row.ids) > max_length:
            over.append((example.line, len(row.ids)))
            if too_long == "drop" or (too_long == "truncate" and not any(row.learnt[:max_length])):
                dropped.append(example.line)
                continue
            if too_long == "truncate":
                truncated.append(example.line)
                row = Encoded(row.ids[:max_length], row.learnt[:max_length])
        rows.append(row)
        lines.append(example.line)
    if over and too_long == "error":
        raise InputError(_too_long(over, path, max_length, advice))
    if not rows:
        raise InputError(f"{path}: no example has a learnt token within max_length {max_length}; nothing is left")
    return Checked(rows, lines, dropped, truncated)


def check_pairs(
    chat: Chat, data: Sequence[Pair], path: Path, max_length: int, too_long: Literal["error", "drop", "truncate"]
) -> tuple[list[Pair], dict[str, Any]]:
    """The pairs that may be trained on, and the counts for `run.json`, with the lines dropped as too long.

    Raises
    ------
    InputError : as `check_conversations`; `truncate` is refused, as the cut end would decide the preference.
    """
    if too_long == "truncate":
        raise InputError("too_long: truncate is not for pairs: which answer is better may depend on what is cut")
    kept, dropped, over, tokens, most = [], [], [], 0, 0
    for pair in data:
        where = f"{path}:{pair.line}"
        lengths = []
        for side in (pair.chosen, pair.rejected):
            messages = (*pair.prompt, *side)
            _no_special(chat, messages, where)
            row = chat.encode(messages)
            _header(chat, messages, row, where)
            lengths.append(len(row.ids))
        if max(lengths) > max_length:
            over.append((pair.line, max(lengths)))
            dropped.append(pair.line)
        else:
            kept.append(pair)
            tokens += sum(lengths)
            most = max(most, *lengths)
    if over and too_long == "error":
        raise InputError(_too_long(over, path, max_length, "Raise max_length, or choose `--too-long drop`"))
    if not kept:
        raise InputError(f"{path}: no pair fits max_length {max_length}; nothing is left")
    return kept, {"examples": len(kept), "tokens": tokens, "longest": most, "dropped": dropped, "truncated": []}


def _too_long(over: Sequence[tuple[int, int]], path: Path, max_length: int, advice: str) -> str:
    named = ", ".join(f"line {line} ({tokens:,} tokens)" for line, tokens in over[:_NAMED])
    return (
        f"{path}: {len(over):,} examples are longer than max_length {max_length:,}: {named}"
        f"{', …' if len(over) > _NAMED else ''}; the longest has {max(t for _, t in over):,}. {advice}"
    )


def _no_special(chat: Chat, messages: Iterable[Message], where: str) -> None:
    for message in messages:
        for token in chat.reserved:
            if token in message["content"]:
                raise InputError(
                    f"{where}: the {message['role']} turn has the special token {token!r} in its text, "
                    "which would be taken for the end of a turn or the like"
                )


def _spans(chat: Chat, messages: Sequence[Message], row: Encoded, where: str) -> None:
    """Each learnt run must be one assistant turn, whole, and a special token after it."""
    texts = [m["content"].strip() for m in messages if m["role"] == "assistant"]
    spans = row.spans()
    if len(spans) != len(texts):
        raise InputError(f"{where}: {len(texts)} assistant turns, but {len(spans)} learnt spans by the chat template")
    for text, span in zip(texts, spans, strict=True):
        learnt = _NO_THOUGHT.sub("", chat.text(span).strip(), count=1)
        rest = learnt.removeprefix(text).strip()
        if not learnt.startswith(text) or not rest:
            what = "the assistant's text" if not learnt.startswith(text) else "the end of the turn"
            raise InputError(f"{where}: what would be learnt lacks {what}; the chat template marks it wrongly")
        if rest not in chat.reserved:
            raise InputError(f"{where}: after the assistant's text comes {rest!r}, which is no end-of-turn token")


def _header(chat: Chat, messages: Sequence[Message], row: Encoded, where: str) -> None:
    """The prompt of each assistant turn, as it is given when text is generated, must begin the sequence."""
    for turn, message in enumerate(messages):
        if message["role"] == "assistant" and turn:
            prompt = chat.prompt(messages[:turn])
            if row.ids[: len(prompt)] != prompt:
                raise InputError(
                    f"{where}: the prompt of turn {turn + 1} is not how the example begins, so the model would be "
                    "asked otherwise than it was trained; the chat template is at fault"
                )
