"""What holds for every stage, whoever wrote it.

`check_stage(cls)` is what the suite runs on each registered stage; a package that adds stages may call it on its own.
A stage is tried with the parameters of the example in its manual page, on a small corpus that earlier stages annotate.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import pickle
import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
import yaml

from curate.config import with_seed
from curate.registry import stage_class, stage_classes, stage_name
from curate.schema import CANONICAL, VERDICT
from curate.stage import Filter, Selector, Stage
from tests.helpers import TEXTS, compared_with, corpus, frame, run_stage
from tests.local_models import lacking, local

#: Sizes in examples are those of real sets; the corpus here is smaller.
SIZE = 9


def example_config(cls: type[Stage]) -> dict[str, Any]:
    """The parameters in the YAML block of the stage's manual page."""
    text = inspect.getdoc(cls) or ""
    blocks = text.split("```yaml\n")[1:]
    assert blocks, f"{cls.__name__}: the manual page has no yaml example"
    items = yaml.load(blocks[0].split("```")[0], Loader=yaml.BaseLoader)
    mine = [item for item in items if item["stage"] == stage_name(cls)]
    assert mine, f"{cls.__name__}: the example does not show the stage"
    parsed = yaml.safe_load(blocks[0].split("```")[0])
    found = next(item for item in parsed if item.get("stage") == stage_name(cls))
    # YAML 1.1 reads the key `on` as true; pipeline files are read without that surprise.
    return {("on" if key is True else key): value for key, value in found.items()}


def example(cls: type[Stage]) -> Stage:
    """The stage of the manual page's example, made small, with a seed."""
    config = example_config(cls)
    if "size" in config:
        config["size"] = SIZE
    import json

    return with_seed(cls.model_validate_json(json.dumps(local(config))), 42)


def ready(stage: Stage) -> Stage:
    """`stage` with a few examples of the corpus, and one of none, as each dataset that it compares with."""
    given: Stage = compared_with(stage, [*TEXTS[3:7], ("Of no example here.", "None.")]) if stage.references else stage
    return given


@functools.cache
def annotated() -> pl.DataFrame:
    """The corpus with the columns of every annotator that can run on it."""
    whole = frame(corpus())
    for cls in stage_classes().values():
        if cls.kind == "annotator" and lacking(stage_name(cls)) is None:
            stage = ready(example(cls))
            if set(stage.needs()) <= set(whole.columns):
                whole = whole.join(run_stage(stage, whole), on="row", maintain_order="left")
    return whole


#: Runs a stage over a frame in some shards, as `tests.helpers.run_stage`.
Run = Callable[..., pl.DataFrame]


def check_stage(cls: type[Stage], run: Run = run_stage) -> None:
    """Every check below, with `run` to run the stage."""
    if (package := lacking(stage_name(cls))) is not None:
        pytest.skip(f"{stage_name(cls)} needs the package {package}")
    stage = example(cls)
    whole = annotated()
    check_round_trip(stage)
    check_documented(cls)
    stage = ready(stage)
    missing = set(stage.needs()) - set(whole.columns)
    assert not missing, f"{stage.name} reads {missing}, which no stage writes"
    check_heights(stage, whole, run)
    check_deterministic(stage, whole, run)
    check_shards(stage, whole, run)
    check_row_order(stage, whole, run)
    check_screens(stage, whole)


def check_round_trip(stage: Stage) -> None:
    """A stage survives JSON and pickle, and cannot be changed."""
    again = type(stage).model_validate_json(stage.model_dump_json())
    assert again == stage
    assert pickle.loads(pickle.dumps(stage)) == stage
    assert again.content_key() == stage.content_key()
    assert stage_class(stage.name) is type(stage)
    assert type(stage).model_config.get("frozen")
    assert type(stage).model_config.get("strict")
    assert type(stage).model_config.get("extra") == "forbid"


def check_documented(cls: type[Stage]) -> None:
    """The manual page has its sections, and every parameter and reason its sentence."""
    text = inspect.getdoc(cls) or ""
    first, _, rest = text.partition("\n")
    assert first.endswith("."), f"{cls.__name__}: the first line is one sentence"
    for heading in ("Example\n-------", "References\n----------"):
        assert heading in rest, f"{cls.__name__}: no section {heading.split()[0]}"
    for name, info in cls.model_fields.items():
        assert name == "stage" or info.description, f"{cls.__name__}.{name} has no description"
    for reason, sentence in cls.reasons.items():
        assert reason == reason.lower().replace(" ", "_"), reason
        assert sentence.endswith("."), f"{cls.__name__}: {reason} needs a sentence"
    if cls.kind == "annotator":
        assert cls.writes
        assert not cls.reasons
    else:
        assert cls.reasons
    if cls.kind == "filter":
        assert not cls.writes
    assert not set(cls.writes) & set(CANONICAL), "a stage may not overwrite a canonical column"


def check_heights(stage: Stage, whole: pl.DataFrame, run: Run = run_stage) -> None:
    """One row per row, for none, one and many, with the declared columns."""
    for n in (0, 1, whole.height):
        out = run(stage, whole.head(n))
        assert out["row"].to_list() == whole.head(n)["row"].to_list()
        base = VERDICT if stage.kind != "annotator" else {"row": pl.UInt64()}
        assert dict(out.schema) == {**base, **stage.writes}


def check_deterministic(stage: Stage, whole: pl.DataFrame, run: Run = run_stage) -> None:
    """Twice the same."""
    assert run(stage, whole).equals(run(stage, whole))


def check_shards(stage: Stage, whole: pl.DataFrame, run: Run = run_stage) -> None:
    """The same with 1, 2 and 7 shards."""
    one = run(stage, whole, 1)
    for count in (2, 7):
        assert run(stage, whole, count).equals(one), f"{stage.name}: {count} shards differ from one"


def check_row_order(stage: Stage, whole: pl.DataFrame, run: Run = run_stage) -> None:
    """Records keep their fate when they are read in another order."""
    order = list(range(whole.height))
    random.Random(7).shuffle(order)
    shuffled = whole[order].with_columns(row=pl.int_range(whole.height, dtype=pl.UInt64, eager=True))
    before = run(stage, whole).drop("row").with_columns(whole["id"]).sort("id")
    after = run(stage, shuffled).drop("row").with_columns(shuffled["id"]).sort("id")
    assert after.equals(before), f"{stage.name}: depends on the order of rows"
    if isinstance(stage, Selector):
        assert before["keep"].any()


def check_screens(stage: Stage, whole: pl.DataFrame) -> None:
    """The screens of a filter's rules keep nothing from the rules that they would drop."""
    if not isinstance(stage, Filter):
        return
    rules = stage.rules()
    if any(rule.screen is not None for rule in rules):
        bare = [dataclasses.replace(rule, screen=None) for rule in rules]
        unscreened = type("Unscreened", (type(stage),), {"rules": lambda self: bare, "__doc__": "Every row."})
        other = unscreened.model_validate_json(stage.model_dump_json())
        assert stage.apply(whole).equals(other.apply(whole)), f"{stage.name}: a screen hides what a rule would drop"
