"""A tiny model made on the spot from sample_data: a Llama with 250,000 parameters and a BPE of 2,000 tokens."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from tests.helpers import ROOT, kept_folder
from tools.tiny_model import make_model

Record = dict[str, list[dict[str, str]]]


@functools.cache
def sample() -> list[Record]:
    """Conversations of sample_data, a third of them of several turns, in a fixed order."""
    import random

    from curate.io import discover, read

    single, multi = [], []
    for file in discover([str(ROOT / "sample_data" / "raw")]).files:
        for batch in read(file):
            for messages in batch.frame["messages"].to_list():
                turns = [{"role": m["role"], "content": m["content"]} for m in messages]
                if not turns[-1]["content"].strip() or sum(len(t["content"]) for t in turns) > 700:
                    continue
                if turns[-1]["role"] == "assistant" and all(t["content"].strip() for t in turns):
                    (multi if sum(t["role"] == "assistant" for t in turns) > 1 else single).append({"messages": turns})
    chance = random.Random(1)
    chance.shuffle(single)
    chance.shuffle(multi)
    mixed = multi[:100] + single[:200]
    while sum(len(r["messages"]) > 3 for r in mixed) < 100:  # too few dialogues there: two questions in one
        one, two = single[len(mixed) * 2], single[len(mixed) * 2 + 1]
        mixed.insert(0, {"messages": one["messages"] + [m for m in two["messages"] if m["role"] != "system"]})
    chance.shuffle(mixed)
    return mixed


def write(records: list[Any], path: Path) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


@functools.cache
def model(template: str | None = "chatml") -> Path:
    """The model's folder; `template` None: no chat template and no tokens for one."""
    folder = kept_folder("curate-tiny-")
    make_model([m["content"] for r in sample() for m in r["messages"]], folder, template=template)
    return folder
