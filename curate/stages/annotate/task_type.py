"""The stage `task_type`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from curate.algorithms.task_rules import CONTEXT_CHARS, POLITE, TABLE, TASKS
from curate.algorithms.task_twins import NAMED, SORTS, TWINS, screens_of, twin_of
from curate.stage import Annotator
from curate.text import Twins, plain_quotes

_LINE_CHARS: Final = 400
_TEXT_CHARS: Final = 2000
#: What is said of a record whose most probable type is not probable enough.
OTHER: Final = "other"


class TaskType(Annotator):
    """Tells what kind of task each record is, one of thirteen, with a probability.

    The types are `coding`, `math`, `translation`, `summarization`, `rewriting`, `extraction`, `classification`,
    `roleplay`, `creative_writing` (functional writing too: letters, posts, contracts), `brainstorming` (ideas and
    possibilities), `open_qa` (answered from knowledge; lists of facts too), `closed_qa` (answered from a text that
    comes along) and `advice` (plans, how-tos, what to do). A linear model adds up three kinds of evidence: rules with
    cue words of six languages, marks of form (does a text come along, how long is the answer, is it a list), and the
    words, word pairs and letters of the request's first and last line, above all its first four words. Words it has not
    seen count nothing, so in languages beyond the six only code, numbers and form speak.

    `task_confidence`, 0 to 1, is the probability of the most probable type; below `min_confidence` the type is `other`.
    The weights (0.3 MB, `curate/assets/task_type/`, see the card there) are fitted on examples written for this project
    and on five openly licensed sources. One of them, Dolly, is under CC BY-SA 3.0, and so is the file of weights. On
    667 further records of Dolly, none of which was fitted on or read, they name the set's own type for 85%; on sets
    that nothing was fitted on for 76% (Auto-J, without answers) and 90% (Code Alpaca). Fitted without Dolly, they name
    80% of its records as it does; one in six of those errors is plain, the others are open to dispute. Of the types
    above 0.9 on those further records, 96% are right (`python benchmarks/task_types.py`).

    Why: a small set needs all kinds of task, and the balance of a dump is that of its loudest source. Use the column
    for quotas, or to look at what a selection left out. Not a fact about a record: many an instruction is two types at
    once ("imagine you are a poet and write a haiku"), and data sets draw the lines differently.

    Example
    -------
    ```yaml
    - stage: task_type
      min_confidence: 0.2
    ```

    References
    ----------
    - Conover et al. (2023), *Free Dolly*: records to fit on, and the categories brainstorming, classification,
      closed QA, creative writing, extraction, open QA, summarization.
    - Ouyang et al. (2022), *Training language models to follow instructions with human feedback*, table 1: the
      use cases generation, open and closed QA, brainstorming, rewriting, summarization, classification, extraction.
    - Weinberger et al. (2009), *Feature Hashing for Large Scale Multitask Learning*, ICML.
    - Guo et al. (2017), *On Calibration of Modern Neural Networks*, ICML: temperature scaling.
    """

    stage: Literal["task_type"] = "task_type"
    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    writes: ClassVar[Mapping[str, pl.DataType]] = {"task_type": pl.String(), "task_confidence": pl.Float64()}
    version: ClassVar[int] = 4

    min_confidence: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Below this probability of its most probable type a record is `other`; 0 names a type for each.",
    )

    def content_key(self) -> Mapping[str, Any]:
        """Adds the hash of the weights."""
        from curate.algorithms.task_model import shipped

        return {**super().content_key(), "model": shipped().sha256}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`task_type` and `task_confidence` of each row."""
        from curate.algorithms.task_features import hashed
        from curate.algorithms.task_model import shipped

        seen = evidence(frame["instruction"], frame["response"])
        features = hashed(seen.requests, seen.openings, seen.context)
        # Six digits: the last ones of an exponential differ from one C library to another.
        probability = shipped().probabilities(features, seen.signs, seen.rules).round(6)
        confidence = probability.max(axis=1, initial=0.0)
        # The first of equal ones, in the order of TASKS.
        best = np.array([*TASKS, OTHER])[
            np.where(confidence < self.min_confidence, len(TASKS), probability.argmax(axis=1))
        ]
        return pl.DataFrame({"task_type": best.tolist(), "task_confidence": confidence}, schema=dict(self.writes))


class Seen(NamedTuple):
    """What the classifier sees of n records: texts, marks of form (n, s) and the sums of the rules (n, 13)."""

    requests: list[str]
    openings: list[str]
    context: npt.NDArray[np.bool_]
    signs: npt.NDArray[np.bool_]
    rules: npt.NDArray[np.float64]


def evidence(instruction: pl.Series, response: pl.Series) -> Seen:
    """The views, rules and marks of form of each record."""
    views = _views(instruction, response)
    names = ("opening", "request", "text", "response")
    twins = {name: _COMPILED.of(views[name]) for name in names}
    twins["exchange"] = pl.select(pl.concat_str(twins["opening"], twins["response"], separator="\n")).to_series()
    context = views["context"].to_numpy()
    held = _held(twins, context)
    sums = np.zeros((views.height, len(TASKS)), dtype=np.float64)
    for column, entry in enumerate(TABLE):
        sums[:, TASKS.index(entry.task)] += held[:, column] * entry.weight
    marks = views.with_columns(opening_twin=twins["opening"], response_twin=twins["response"]).select(
        mark.alias(str(i)) for i, mark in enumerate(_marks())
    )
    signs = np.empty((views.height, len(TABLE) + marks.width), dtype=np.bool_)
    signs[:, : len(TABLE)] = held
    for i, mark in enumerate(marks, start=len(TABLE)):
        signs[:, i] = mark.to_numpy()
    return Seen(views["request"].to_list(), views["opening"].to_list(), context, signs, sums)


def _held(twins: Mapping[str, pl.Series], context: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which entries of the table hold, Boolean of shape (n, entries)."""
    held = np.zeros((len(context), len(TABLE)), dtype=np.bool_)
    given = {"context": np.flatnonzero(context), "bare": np.flatnonzero(~context), "anything": None}
    some: dict[tuple[str, str], pl.Series] = {}
    for column, (entry, pattern) in enumerate(zip(TABLE, TWINS, strict=True)):
        rows = given[entry.given]
        key = entry.view, entry.given
        if key not in some:
            some[key] = twins[entry.view] if rows is None else twins[entry.view].gather(rows)
        texts = some[key]
        for screen in screens_of(entry):
            left = np.flatnonzero(texts.str.contains(screen).to_numpy())
            rows, texts = left if rows is None else rows[left], texts.gather(left)
        found = texts.str.contains(pattern).to_numpy()
        held[slice(None) if rows is None else rows, column] = found
    return held


def twin(view: pl.Expr) -> pl.Expr:
    """See `curate.algorithms.task_twins`."""
    out = view.str.replace_many(list(NAMED), list(NAMED.values()))
    for pattern, instead in SORTS:
        out = out.str.replace_all(pattern, instead)
    return out


_COMPILED: Final = Twins(twin)


def _views(instruction: pl.Series, response: pl.Series) -> pl.DataFrame:
    """What rules look at; see `curate.algorithms.task_rules`."""
    text, first, last = pl.col("text"), pl.col("first"), pl.col("last")
    whole = plain_quotes(pl.col("instruction")).str.to_lowercase().str.strip_chars()
    return (
        pl.DataFrame({"instruction": instruction, "response": response})
        # One after another: within one expression polars works out again what its parts share.
        .select("response", text=whole.str.replace(POLITE, "").str.strip_chars())
        .with_columns(first=text.str.extract(r"^([^\n]*)").str.strip_chars(), last=text.str.extract(r"([^\n]*)$"))
        .select(
            opening=first.str.head(_LINE_CHARS),
            request=first.str.head(_LINE_CHARS) + "\n" + last.str.tail(_LINE_CHARS),
            text=text.str.head(_TEXT_CHARS),
            response=pl.col("response").str.strip_chars().str.head(_TEXT_CHARS).str.to_lowercase(),
            context=(text.str.len_chars() >= first.str.len_chars() + CONTEXT_CHARS)
            | (
                (first.str.len_chars() >= CONTEXT_CHARS)
                & last.str.contains(r"\?\s*$")
                & text.str.contains("\n", literal=True)
            ),
        )
    )


def _marks() -> list[pl.Expr]:
    """Marks of form, each Boolean: what comes along, how the request ends, how long and laid out the answer is."""
    opening, text, response = pl.col("opening"), pl.col("text"), pl.col("response")
    chars, asked = response.str.len_chars(), text.str.len_chars()
    answered = chars > 0
    return [
        pl.col("context"),
        *(answered & (chars < bound) for bound in (15, 40, 100, 300)),
        *(chars >= bound for bound in (300, 1000)),
        *(asked > bound for bound in (200, 600, 1500)),
        opening.str.ends_with("?"),
        opening.str.ends_with(":"),
        pl.col("opening_twin").str.contains(twin_of(r"\d")),
        pl.col("response_twin").str.contains(twin_of(r"(?m)^\s*(?:[-*•]|\d+[.)])")),
        answered & ~response.str.contains("\n", literal=True),
        response.str.count_matches(",", literal=True) > 2,
    ]
