"""The stage `task_type`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

import polars as pl

from curate.algorithms.task_rules import CONTEXT_CHARS, POLITE, TABLE, TASKS, Evidence
from curate.stage import Annotator
from curate.text import plain_quotes

_LINE_CHARS: Final = 400
_TEXT_CHARS: Final = 2000


class TaskType(Annotator):
    """Tells what kind of task each record is, one of thirteen, by rules with weights.

    The types are `coding`, `math`, `translation`, `summarization`, `rewriting`, `extraction`, `classification`,
    `roleplay`, `creative_writing` (functional writing too: letters, posts, contracts), `brainstorming`, `open_qa`
    (answered from knowledge), `closed_qa` (answered from a text that comes along) and `advice` (plans, how-tos,
    what to do). Each rule looks for cue words of six languages in the instruction (its first words, its first and
    last line), for a text to work on, or at the form of the response (code, list, sums, a label), and adds its
    weight to one type. The highest sum becomes `task_type`; a tie goes to the type named first above. Where no rule
    speaks, it is `open_qa`.

    `task_confidence`, 0 to 1, is the winner's share of the exponentials of all sums (a softmax): near 1 if one type
    has all the evidence, 0.18 if there is none. On the labelled sets we developed with (8,683 records from five
    sources), 96% of the types above 0.97 were right, 84% of all, and 23% of those below 0.3. On Dolly, whose own
    labels mix open questions, lists and extraction, 77% of all were.

    Why: a small set needs all kinds of task, and the balance of a dump is that of its loudest source. Use the column
    for quotas, or to look at what a selection left out. Not a fact about a record: many an instruction is two types at
    once ("imagine you are a poet and write a haiku").

    Example
    -------
    ```yaml
    - stage: task_type
    ```

    References
    ----------
    - Conover et al. (2023), *Free Dolly*: the categories brainstorming, classification, closed QA, creative writing,
      extraction, open QA, summarization.
    - Ouyang et al. (2022), *Training language models to follow instructions with human feedback*, table 1: the
      use cases generation, open and closed QA, brainstorming, rewriting, summarization, classification, extraction.
    """

    stage: Literal["task_type"] = "task_type"
    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    writes: ClassVar[Mapping[str, pl.DataType]] = {"task_type": pl.String(), "task_confidence": pl.Float64()}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`task_type` and `task_confidence` of each row."""
        best = pl.max_horizontal(TASKS)
        winner = pl.coalesce(pl.when(pl.col(task) == best).then(pl.lit(task)) for task in TASKS)
        weight = pl.sum_horizontal((pl.col(task) - best).exp() for task in TASKS)
        return (
            frame.lazy()
            .select(**_views(pl.col("instruction"), pl.col("response")))
            .select(_score(task).alias(task) for task in TASKS)
            .select(task_type=winner, task_confidence=1.0 / weight)
            .collect()
        )


def _views(instruction: pl.Expr, response: pl.Expr) -> dict[str, pl.Expr]:
    """What rules look at; see `curate.algorithms.task_rules`."""
    text = plain_quotes(instruction).str.to_lowercase().str.strip_chars().str.replace(POLITE, "").str.strip_chars()
    first = text.str.extract(r"^([^\n]*)").str.strip_chars()
    last = text.str.extract(r"([^\n]*)$")
    return {
        "opening": first.str.head(_LINE_CHARS),
        "request": first.str.head(_LINE_CHARS) + "\n" + last.str.tail(_LINE_CHARS),
        "text": text.str.head(_TEXT_CHARS),
        "response": response.str.strip_chars().str.head(_TEXT_CHARS).str.to_lowercase(),
        "context": (text.str.len_chars() >= first.str.len_chars() + CONTEXT_CHARS)
        | (
            (first.str.len_chars() >= CONTEXT_CHARS)
            & last.str.contains(r"\?\s*$")
            & text.str.contains("\n", literal=True)
        ),
    }


def _score(task: str) -> pl.Expr:
    """The sum of the weights of a task's entries that match; Float64."""
    return pl.sum_horizontal(
        pl.when(_holds(entry)).then(entry.weight).otherwise(0.0) for entry in TABLE if entry.task == task
    )


def _holds(entry: Evidence) -> pl.Expr:
    matches = pl.col(entry.view).str.contains(entry.pattern)
    if entry.given == "anything":
        return matches
    return matches & (pl.col("context") if entry.given == "context" else ~pl.col("context"))
