"""What a stage is: a frozen, strict pydantic model, in one of three bases with one method each.

========== ======== ========================================== =======================================
base       scope    the method you write                       what it says
========== ======== ========================================== =======================================
Annotator  row      `columns(frame) -> frame`                  new columns for each row
Filter     row      `rules() -> list[Rule]`                    keep, or drop with a reason
Selector   corpus   `verdict(shards) -> Selection`             keep, or drop with a reason, seeing all rows
========== ======== ========================================== =======================================

No stage removes rows: `apply` returns one output row per input row, and the pipeline alone drops.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self

import polars as pl
from pydantic import BaseModel, ConfigDict, PrivateAttr

from curate.errors import StageError
from curate.handles import FrameFn, Reference, Shards
from curate.schema import VERDICT, check_columns
from curate.verdict import Finding, Selection, verdict_frame

__all__ = [
    "KEYS",
    "Annotator",
    "Filter",
    "Finding",
    "FrameFn",
    "Reference",
    "Rule",
    "Selection",
    "Selector",
    "Shards",
    "Stage",
    "verdict_frame",
]

#: Columns that every frame handed to a stage carries beside the ones it reads.
KEYS: Final[tuple[str, ...]] = ("row", "id")


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to drop a row, as polars expressions over the stage's columns.

    Parameters
    ----------
    reason : a snake_case fact about the row (`too_short`), declared in the stage's `reasons`.
    drop_when : Boolean expression, one value per row; null means that it cannot be decided: the row
        is kept by this rule and counted as unknown. None: where `value` is not null.
    value : expression for the evidence, one value per row; stored as text.
    screen : a cheap Boolean expression that holds wherever the rule might drop a row. The rule looks at those rows
        alone, and at rows where it is null; it changes how long the rule takes and not what it says.
    """

    reason: str
    drop_when: pl.Expr | None
    value: pl.Expr
    screen: pl.Expr | None = None

    @classmethod
    def found(cls, reason: str, evidence: pl.Expr, screen: pl.Expr | None = None) -> Rule:
        """A rule that drops a row where there is evidence, that is where `evidence` is not null."""
        return cls(reason, None, evidence, screen)


class Stage(BaseModel, ABC):
    """One step of a pipeline. Fields are its parameters; the docstring is its manual page.

    A concrete class declares `stage: Literal["its_name"] = "its_name"`, the name used in YAML, and lives in
    the file of that name.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: ClassVar[Literal["annotator", "filter", "selector"]]
    scope: ClassVar[Literal["row", "corpus"]]
    #: Columns the stage always reads (`row` and `id` are always there).
    reads: ClassVar[tuple[str, ...]] = ()
    #: Columns the stage adds, with their dtypes.
    writes: ClassVar[Mapping[str, pl.DataType]] = {}
    #: Each reason the stage may give, with one sentence for a person.
    reasons: ClassVar[Mapping[str, str]] = {}
    #: Parameters (a path or several, or None) that name datasets to compare with, and how those are read: `examples`
    #: as inputs are, `records` whatever the fields, all texts of one as `instruction` with `schema.FIELD` between them.
    references: ClassVar[Mapping[str, Literal["examples", "records"]]] = {}
    #: Raised whenever the same parameters give other results than before; part of the cache address.
    version: ClassVar[int] = 1
    #: All shards must be worked on in one process, which counts what is spent (requests, tokens); an engine of many
    #: machines runs such a stage where the run was started.
    one_process: ClassVar[bool] = False

    _bound: dict[str, Reference] = PrivateAttr(default_factory=dict)

    @property
    def name(self) -> str:
        """The stage's name in YAML, the ledger and messages."""
        return str(type(self).model_fields["stage"].default)

    def needs(self) -> tuple[str, ...]:
        """Columns this instance reads: `reads`, and those that its parameters name."""
        return self.reads

    def reads_with(self, *named: str | None) -> tuple[str, ...]:
        """`reads` and the columns that parameters name, each once, without `row` and `id`, which are always there."""
        return tuple(dict.fromkeys(c for c in (*self.reads, *named) if c is not None and c not in KEYS))

    def numbers(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """A column as Float64; null becomes NaN.

        Raises
        ------
        StageError : the column holds neither numbers nor Booleans.
        """
        dtype = frame.schema[column]
        if not (dtype.is_numeric() or dtype == pl.Boolean):
            raise StageError(f"{self.name}: the column {column} is {dtype}, not numeric")
        return frame[column].cast(pl.Float64).fill_null(float("nan"))

    def content_key(self) -> Mapping[str, Any]:
        """All that decides the result beside the rows: name, version and parameters.

        A stage that depends on a file (a model) adds that file's hash.
        """
        key = {"stage": self.name, "version": self.version, **self.model_dump(mode="json")}
        digests = {name: reference.digest for name, reference in sorted(self._bound.items())}
        return {**key, "references": digests} if digests else key

    def with_references(self, found: Mapping[str, Reference]) -> Self:
        """This stage with the datasets that its parameters name, by parameter."""
        bound = self.model_copy()
        bound._bound = dict(found)  # noqa: SLF001 - a copy of itself
        return bound

    def bound(self) -> Mapping[str, Reference]:
        """The datasets that `with_references` gave, by parameter."""
        return self._bound

    def reference(self, parameter: str) -> Reference | None:
        """The dataset that `parameter` names; None where it names none.

        Raises
        ------
        StageError : it names one, and the stage was not given it.
        """
        if not getattr(self, parameter):
            return None
        if parameter not in self._bound:
            raise StageError(f"{self.name}: the dataset of `{parameter}` was not read; run the stage in a pipeline")
        return self._bound[parameter]


class Annotator(Stage):
    """A row stage that adds columns and drops nothing. Slow work (Python, models) lives here only."""

    kind: ClassVar[Literal["annotator", "filter", "selector"]] = "annotator"
    scope: ClassVar[Literal["row", "corpus"]] = "row"
    #: A column that is null where the stage could not tell (a model failed); the run counts these as unknown.
    unknown: ClassVar[str | None] = None

    @abstractmethod
    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns in `writes` (and no others), one row per row of `frame`, in its order."""

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`row` and the columns in `writes`, one row per input row.

        Raises
        ------
        StageError : another height than the input, or another set of columns or dtypes than declared.
        """
        out = self.columns(frame)
        if out.height != frame.height:
            raise StageError(f"{self.name}: {out.height} rows for {frame.height}")
        check_columns(out, self.writes, what=self.name)
        return out.select(frame["row"], *self.writes)


class Filter(Stage):
    """A row stage that says of each row: keep, or drop for the first of its rules that holds."""

    kind: ClassVar[Literal["annotator", "filter", "selector"]] = "filter"
    scope: ClassVar[Literal["row", "corpus"]] = "row"

    @abstractmethod
    def rules(self) -> list[Rule]:
        """The rules in order; a row's reason is the first that holds, the rest go to `also`."""

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A verdict (`schema.VERDICT`) per input row.

        Raises
        ------
        StageError : a rule gives a reason that the stage does not declare, or is not Boolean.
        """
        rules = self.rules()
        for rule in rules:
            if rule.reason not in self.reasons:
                raise StageError(f"{self.name}: undeclared reason {rule.reason}")
        if not rules:
            return verdict_frame(frame["row"])
        facts = self._facts(frame, rules)
        for i, rule in enumerate(rules):
            if facts.schema[f"drop{i}"] != pl.Boolean:
                raise StageError(f"{self.name}: rule {rule.reason} is {facts.schema[f'drop{i}']}, not Boolean")
        return self._decide(facts, rules)

    def _facts(self, frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
        """`row`, and of each rule whether it drops (`drop0`, …) and its evidence (`value0`, …)."""
        screens = {i: rule.screen for i, rule in enumerate(rules) if rule.screen is not None}
        plain = {i: rule for i, rule in enumerate(rules) if i not in screens}
        out = self._said(frame, plain, [pl.col("row"), *(look.alias(f"look{i}") for i, look in screens.items())])
        columns = [out]
        for i in screens:
            look = out[f"look{i}"].fill_null(value=True)
            # One chunk, since polars fails on a frame of which a chunk is left empty.
            seen = self._said(frame.filter(look).rechunk(), {i: rules[i]})
            place = _place(look)
            unseen_stays = pl.when(look).then(f"drop{i}").otherwise(False).alias(f"drop{i}")
            columns.append(seen.select(pl.all().gather(place)).with_columns(unseen_stays))
        return pl.concat(columns, how="horizontal")

    def _said(self, frame: pl.DataFrame, rules: Mapping[int, Rule], besides: Sequence[pl.Expr] = ()) -> pl.DataFrame:
        """What `rules` say of the rows of `frame`, and the columns `besides`."""
        # One lazy select, so that polars computes sub-expressions shared by rules once; and where a rule drops by its
        # evidence alone in a second one, since within a shared expression polars shares nothing further.
        out = (
            frame.lazy()
            .select(
                *besides,
                *(r.drop_when.alias(f"drop{i}") for i, r in rules.items() if r.drop_when is not None),
                *(r.value.cast(pl.String).alias(f"value{i}") for i, r in rules.items()),
            )
            .with_columns(
                pl.col(f"value{i}").is_not_null().alias(f"drop{i}") for i, r in rules.items() if r.drop_when is None
            )
            .collect()
        )
        if out.height != frame.height:
            raise StageError(f"{self.name}: {out.height} rows for {frame.height}")
        return out

    @staticmethod
    def _decide(facts: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
        drops = [pl.col(f"drop{i}").fill_null(value=False) for i in range(len(rules))]
        reason: Any = pl
        value: Any = pl
        for i, rule in enumerate(rules):
            reason = reason.when(drops[i]).then(pl.lit(rule.reason))
            value = value.when(drops[i]).then(pl.col(f"value{i}"))
        first = reason.otherwise(pl.lit(None, dtype=pl.String))
        named = pl.concat_list(
            [pl.when(d).then(pl.lit(r.reason)) for d, r in zip(drops, rules, strict=True)]
        ).list.drop_nulls()
        out = facts.select(
            "row",
            keep=~pl.any_horizontal(drops),
            unknown=pl.any_horizontal([pl.col(f"drop{i}").is_null() for i in range(len(rules))]),
            several=pl.sum_horizontal(d.cast(pl.UInt32) for d in drops) > 1,
        )
        # Text is made for rows that are dropped, and lists for those that more than one rule drops: few, as a rule.
        said = {"reason": first, "value": value.otherwise(pl.lit(None, dtype=pl.String))}
        dropped, several = ~out["keep"], out["several"]
        why = facts.filter(dropped).rechunk().select(**said).select(pl.all().gather(_place(dropped)))
        also = facts.filter(several).rechunk().select(also=named.list.slice(1)).to_series().gather(_place(several))
        return out.select(
            "row",
            "keep",
            *why,
            pl.lit(None, dtype=pl.String).alias("kept_id"),
            pl.when(several).then(also).otherwise(pl.lit([], dtype=pl.List(pl.String))).alias("also"),
            "unknown",
        )


def _place(where: pl.Series) -> pl.Series:
    """The place of each row among those where `where` holds, and null elsewhere."""
    return pl.select(pl.when(where).then(where.cum_sum() - 1)).to_series()


class Selector(Stage):
    """A corpus stage (dedup, sampling, quotas): sees all rows, keeps some.

    Ties are broken by a declared column, then by id, never by position.
    """

    kind: ClassVar[Literal["annotator", "filter", "selector"]] = "selector"
    scope: ClassVar[Literal["row", "corpus"]] = "corpus"

    @abstractmethod
    def verdict(self, shards: Shards) -> Selection:
        """A verdict and the columns in `writes` for every row of `shards`."""

    def apply(self, shards: Shards) -> Selection:
        """`verdict`, checked and sorted by row.

        Raises
        ------
        StageError : undeclared columns or reasons, or a drop without a reason. The runner checks that
            there is exactly one row for each row handed in.
        """
        selection = self.verdict(shards)
        frame = selection.frame
        check_columns(frame, {**VERDICT, **self.writes}, what=self.name)
        given = set(frame["reason"].drop_nulls().unique().to_list())
        if undeclared := sorted(given - set(self.reasons)):
            raise StageError(f"{self.name}: undeclared reason {', '.join(undeclared)}")
        if frame["keep"].has_nulls() or (frame["keep"] == frame["reason"].is_not_null()).any():
            raise StageError(f"{self.name}: a reason must be given for each dropped row, and for no other")
        frame = frame.select(*VERDICT, *self.writes)
        return Selection(frame if frame["row"].is_sorted() else frame.sort("row"), selection.findings)
