"""Answers of a model to prompts, as records that AlpacaEval reads: instruction, output, generator."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.io.strictjson import loads
from curate.schema import ROLES, Message
from curate.train.chat import Chat
from curate.train.records import read_records


def read_prompts(path: Path) -> list[tuple[Message, ...]]:
    """What each record of a JSONL file or a JSON array asks: its turns up to the last answer.

    A record has `messages`, or `prompt` (text or messages), or `instruction` with or without `input`.

    Raises
    ------
    InputError : the file cannot be read, or a record asks nothing.
    """
    if path.suffix == ".json":
        try:
            records = loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise InputError(f"{path}: is no JSON array of prompts: {error}") from None
        if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
            raise InputError(f"{path}: must be a JSON array of records")
    else:
        records = list(read_records(path).records)
    return [_asked(record, f"{path}: record {number}") for number, record in enumerate(records, 1)]


def _asked(record: dict[str, Any], where: str) -> tuple[Message, ...]:
    turns = record.get("messages", record.get("prompt"))
    if isinstance(turns, list):
        asked = [Message(role=t["role"], content=t["content"]) for t in turns if _is_turn(t)]
        if len(asked) == len(turns):
            while asked and asked[-1]["role"] == "assistant":
                asked.pop()
            if asked and asked[-1]["role"] == "user":
                return tuple(asked)
    text = turns if isinstance(turns, str) else record.get("instruction")
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{where}: asks nothing; messages, prompt or instruction is needed")
    more = record.get("input")
    return (Message(role="user", content=f"{text}\n\n{more}" if isinstance(more, str) and more else text),)


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("content"), str) and turn.get("role") in ROLES


def generate(
    model: Any, chat: Chat, prompts: Sequence[Sequence[Message]], name: str, *, max_new_tokens: int = 512,
    temperature: float = 0.0, seed: int = 42, say: Callable[[str], None] = lambda _: None,
) -> list[dict[str, str]]:  # fmt: skip
    """One answer a prompt, each prompt by itself, so that no other has a part in it.

    Parameters
    ----------
    name : stands as `generator`. temperature : 0 takes the likeliest token each time.
    """
    import torch

    model.eval()
    device = next(model.parameters()).device
    how = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
    made = []
    for number, messages in enumerate(prompts):
        ids = torch.tensor([chat.prompt(messages)], device=device)
        torch.manual_seed(seed + number)
        with torch.inference_mode():
            out = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_new_tokens,
                eos_token_id=chat.stops, pad_token_id=chat.tokenizer.pad_token_id, **how,
            )  # fmt: skip
        text = chat.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        asked = messages[0] if len(messages) == 1 else None
        said = asked["content"] if asked else "\n\n".join(f"{m['role']}: {m['content']}" for m in messages)
        made.append({"instruction": said, "output": text.strip(), "generator": name})
        if (number + 1) % 50 == 0:
            say(f"{number + 1:,} of {len(prompts):,} answers")
    return made


def as_json(records: Sequence[dict[str, str]]) -> bytes:
    """The records as a JSON array, the form of AlpacaEval's `model_outputs`."""
    return (json.dumps(list(records), ensure_ascii=False, indent=1) + "\n").encode("utf-8")
