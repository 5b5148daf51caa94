"""The good answers that the damage model is fitted on: only data whose licence allows shipping the weights."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from damage_kinds import Pair
from make_sample_data import all_entries

#: What each source is, and under which licence.
LICENCES = {
    "sample": "records written for this project (tools/sample_source, tools/sample), Apache-2.0",
    "self_instruct": "Self-Instruct's 175 seed tasks (Wang et al. 2023), Apache-2.0",
    "gpteacher": "GPTeacher role play (teknium1/GPTeacher), MIT",
    "gsm8k": "GSM8K training split (Cobbe et al. 2021), MIT",
}
#: Records of one family of templates, and of one outside source, that are used at most.
PER_FAMILY, PER_SOURCE = 12, 1200


def _join(instruction: str, context: str) -> str:
    return f"{instruction}\n\n{context}" if context else instruction


def _sample() -> list[Pair]:
    seen: Counter[str] = Counter()
    pairs = []
    for entry in all_entries():
        record = entry.record
        seen[record.family] += 1
        if entry.kind or entry.odd or (not record.family.startswith("hand") and seen[record.family] > PER_FAMILY):
            continue
        pairs.append(Pair(record.instruction, record.response, "sample", record.language))
    return pairs


def _self_instruct(path: Path) -> list[Pair]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        Pair(_join(row["instruction"], one["input"]), one["output"], "self_instruct")
        for row in rows
        for one in row["instances"][:3]
    ]


def _alpaca(path: Path, source: str, seed: int) -> list[Pair]:
    rows = json.loads(path.read_text("utf-8"))
    Random(f"{seed}:{source}").shuffle(rows)
    return [Pair(_join(row["instruction"], row["input"]), row["output"], source) for row in rows[:PER_SOURCE]]


def good_pairs(raw: Path, seed: int) -> list[Pair]:
    """Good answers from `raw` (shared/data/raw) and from this repository, in a fixed order.

    Raises
    ------
    FileNotFoundError : a source is not in `raw`.
    """
    pairs: Sequence[Pair] = [
        *_sample(),
        *_self_instruct(raw / "self_instruct_seed_tasks.jsonl"),
        *_alpaca(raw / "gpteacher_roleplay.json", "gpteacher", seed),
        *_alpaca(raw / "gsm8k_train.json", "gsm8k", seed),
    ]
    return [pair for pair in pairs if pair.response.strip() and pair.instruction.strip()]
