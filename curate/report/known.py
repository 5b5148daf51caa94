"""What the stages of a run said of its records, so that its audit need not ask them once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from curate.ledger import Ran
from curate.registry import stage_classes
from curate.schema import CANONICAL, VERDICT
from curate.stage import Annotator, Filter


@dataclass(frozen=True)
class Known:
    """The stages that ran, in their order; none where an audit is of files or of an earlier run."""

    steps: tuple[Ran, ...] = ()

    def of(self, stage: Annotator | Filter, ids: pl.Series) -> pl.DataFrame:
        """`id` and what `stage` says, of those records of `ids` that the run asked the very same stage of."""
        columns: Mapping[str, pl.DataType] = stage.writes if isinstance(stage, Annotator) else VERDICT
        said = [pl.DataFrame(schema={"id": pl.String(), **columns}).select("id", *(c for c in columns if c != "row"))]
        for ran in self.steps:
            if ran.stage.content_key() == stage.content_key() and self._reads_the_same(ran):
                wanted = ids.to_frame("id")
                for index in range(len(ran.before.parts)):
                    here = ran.before.load(index, ()).join(wanted, on="id", how="semi")
                    told = here.join(ran.step.read(index, ["row", *(c for c in columns if c != "row")]), on="row")
                    said.append(told.select(said[0].columns))
                break
        return pl.concat(said)

    def _reads_the_same(self, ran: Ran) -> bool:
        """Whether all that the stage read is as it was read from the input, or as an audit would have it written."""
        for column in ran.stage.needs():
            step = ran.before.added.get(column)
            if step is None:
                continue
            maker = next(other for other in self.steps if other.step.key == step.key)
            own = writer(column)
            if column in CANONICAL or own is None or own.content_key() != maker.stage.content_key():
                return False
            if not self._reads_the_same(maker):
                return False
        return True


def writer(column: str) -> Annotator | None:
    """The first registered annotator that can be made without parameters and writes `column`."""
    for cls in stage_classes().values():
        if issubclass(cls, Annotator) and column in cls.writes and not requires(cls):
            return cls()
    return None


def requires(cls: type[Annotator] | type[Filter]) -> bool:
    """Whether a stage cannot be made without parameters."""
    return any(info.is_required() for info in cls.model_fields.values())
