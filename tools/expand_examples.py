"""Labelled examples for the classifier of task types: templates written for this project, with their slots filled.

`tools/task_examples/` has one file of templates for each type, one template a line; `{slot}` is filled from
`slots.txt`, `{passage}` from `passages.txt`, and what follows ` => ` is the response. `expand` is deterministic.
"""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).with_name("task_examples")
SEED: Final = 7
_SLOT: Final = re.compile(r"\{([a-z0-9]+)\}")


class Example(NamedTuple):
    """One labelled example; `family` is the template or generator it comes from."""

    task: str
    instruction: str
    response: str
    family: str


def slots() -> dict[str, list[str]]:
    """The values of each slot."""
    out = {"passage": (FOLDER / "passages.txt").read_text(encoding="utf-8").strip().split("\n")}
    for line in (FOLDER / "slots.txt").read_text(encoding="utf-8").strip().split("\n"):
        if not line.startswith("#"):
            name, values = line.split(": ", 1)
            out[name] = values.split(" | ")
    return out


def expand(copies: int) -> list[Example]:
    """`copies` examples of each template with slots, fewer where they come out the same."""
    values = slots()
    out: list[Example] = []
    for path in sorted(FOLDER.glob("*.txt")):
        if path.stem in {"slots", "passages"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").strip().split("\n")):
            random = Random(f"{SEED}:{path.stem}:{number}")
            made = {_fill(line, values, random) for _ in range(copies)}
            family = f"{path.stem}:{number}"
            out.extend(Example(path.stem, *pair, family) for pair in sorted(made))
    return out


def _fill(template: str, values: dict[str, list[str]], random: Random) -> tuple[str, str]:
    text = template.replace("\\n", "\n")
    filled = _SLOT.sub(lambda m: random.choice(values[m[1]]) if m[1] in values else m[0], text)
    asked, _, answered = filled.partition(" => ")
    # People leave out the full stop and the capital.
    if random.random() < 0.3:
        asked = asked.rstrip(".")
    if random.random() < 0.3:
        asked = asked[:1].lower() + asked[1:]
    return asked, answered
