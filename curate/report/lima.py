"""LIMA's profile: what the measures of an audit are for the 1,000 examples of LIMA, as aggregates alone."""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from curate.registry import stage_classes

FILE: Final = Path(__file__).parents[1] / "assets" / "lima" / "profile.json"


@cache
def profile() -> dict[str, Any]:
    """The shipped profile, made by `tools/make_lima_profile.py`."""
    loaded: dict[str, Any] = json.loads(FILE.read_bytes())
    return loaded


def value(metric: str, size: int) -> float | None:
    """A metric of a random `size` of LIMA's examples, between the sizes measured by the logarithm of size.

    None where it was not measured, or not so small a set; for more than all of them, the value of all.
    """
    known = sorted((int(n), v) for n, v in profile()["metrics"].get(metric, {}).items())
    if not known or size < known[0][0]:
        return None
    for (low, below), (high, above) in pairwise(known):
        if low <= size < high:
            at = math.log(size / low) / math.log(high / low)
            return float(f"{below + at * (above - below):.6g}")
    return float(known[-1][1])


def shares(column: str) -> dict[str, float] | None:
    """LIMA's share of each value of `column`; None where the stage that tells them is now another version."""
    made_by = profile()["stages"].get(column)
    stage = next((cls for cls in stage_classes().values() if column in cls.writes), None)
    if made_by is None or stage is None or stage.version != made_by["version"]:
        return None
    found: dict[str, float] = profile()["shares"][column]
    return found


def style() -> dict[str, float]:
    """LIMA's rates of style, each from 0 to 1."""
    found: dict[str, float] = profile()["style"]
    return found
