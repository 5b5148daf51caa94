"""From a pipeline file to checked stages. Reads no data.

YAML is parsed by `YamlText`, which refuses what YAML lets through in silence. The result is validated as JSON in
strict mode, so that YAML's `no` is never taken for 0; each message names file, line, place and the nearest right name.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from curate.errors import ConfigError
from curate.io.options import ReadOptions
from curate.registry import did_you_mean, stage_classes
from curate.schema import CANONICAL
from curate.stage import Stage
from curate.yamltext import Loc, YamlText

DEFAULT_SEED = 42


class PipelineConfig(BaseModel):
    """An ordered list of stages with a seed."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="Name of the pipeline and of the set it makes."
    )
    description: str = Field("", description="What the pipeline is for, in a sentence or more.")
    seed: int = Field(DEFAULT_SEED, ge=0, lt=2**63, description="Seed of every random choice that sets no other.")
    read: ReadOptions = Field(default_factory=ReadOptions, description="How the inputs are read.")
    stages: tuple[Any, ...] = Field(min_length=1, description="The stages, in the order in which they run.")


@functools.cache
def config_model() -> type[PipelineConfig]:
    """`PipelineConfig` with `stages` typed as the union, by `stage`, of all registered stages."""
    union = functools.reduce(operator.or_, stage_classes().values())
    member: Any = Annotated[union, Field(discriminator="stage")]
    return create_model(
        "PipelineConfig",
        __base__=PipelineConfig,
        stages=(tuple[member, ...], Field(min_length=1, description="The stages, in the order in which they run.")),
    )


def load_config(path: str | Path) -> PipelineConfig:
    """The checked pipeline in the YAML file at `path`.

    Raises
    ------
    ConfigError : no such file, not YAML, or not a valid chain of stages; all faults in one message.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: a pipeline file must be UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_config(text, name=str(path))


def parse_config(text: str, *, name: str) -> PipelineConfig:
    """The checked pipeline in the YAML `text`; `name` stands for it in messages.

    Raises
    ------
    ConfigError : as `load_config`.
    """
    parsed = YamlText(text, name, shape="a pipeline file is a mapping with `name` and `stages`")
    as_json = parsed.as_json()
    try:
        config = config_model().model_validate_json(as_json, strict=True)
    except ValidationError as error:
        # Where a stage is wrong, pydantic counts it as missing from the list too.
        found = [e for e in error.errors(include_url=False) if not (e["type"] == "too_short" and e["input"])]
        faults = [_fault(parsed, e) for e in found]
        raise ConfigError("\n".join(dict.fromkeys(faults))) from None
    check_chain(config.stages, where=lambda i: f"{parsed.where(('stages', i))}: ")
    return config


def _fault(parsed: YamlText, error: ErrorDetails) -> str:
    """One line for a person about one validation error: where, what, and the nearest right name."""
    loc = tuple(error["loc"])
    stage: str | None = None
    if len(loc) > 2 and loc[0] == "stages":  # pydantic puts the union's tag third
        stage, loc = str(loc[2]), loc[:2] + loc[3:]
    place = ".".join(map(str, loc[:2] if loc[:1] == ("stages",) else loc[:1]))
    if stage:
        place += f" ({stage})"
    return f"{parsed.where(loc)}: {place}: {_what(error, loc, stage)}"


def _what(error: ErrorDetails, loc: Loc, stage: str | None) -> str:
    known = list(stage_classes())
    match error["type"]:
        case "union_tag_invalid":
            tag = str(error.get("ctx", {}).get("tag"))
            return f"no stage named `{tag}`{did_you_mean(tag, known)}"
        case "union_tag_not_found" | "model_attributes_type" if len(loc) == 2:
            return "each stage is a mapping with the key `stage`"
        case "extra_forbidden":
            key = str(loc[-1])
            model = stage_classes().get(str(stage), ReadOptions if loc[0] == "read" else PipelineConfig)
            fields = list(model.model_fields)
            return f"no {'parameter' if stage else 'key'} `{key}`{did_you_mean(key, fields)}"
        case "missing":
            return f"`{loc[-1]}` is required"
        case _:
            field = f"`{'.'.join(map(str, loc[2:] if stage else loc[1:]))}`: " if len(loc) > (2 if stage else 1) else ""
            message = error["msg"].removeprefix("Value error, ")
            return f"{field}{message[:1].lower()}{message[1:]}, got {_short(error['input'])}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def check_chain(stages: Sequence[Stage], *, where: Any = None) -> None:
    """Raise `ConfigError` unless each stage reads only canonical columns and those of earlier stages.

    Parameters
    ----------
    where : function from a stage's index to a prefix for the message (`file:line: `), or None.
    """
    have = set(CANONICAL)
    for index, stage in enumerate(stages):
        prefix = where(index) if where else ""
        for column in stage.needs():
            if column in have:
                continue
            later = next((i for i, s in enumerate(stages) if i > index and column in s.writes), None)
            writers = [name for name, cls in stage_classes().items() if column in cls.writes]
            if later is not None:
                hint = f"it is written by stages.{later} ({stages[later].name}): move that before this one"
            elif writers:
                hint = f"no earlier stage writes it: add `{' or `'.join(f'{w}`' for w in writers)} before it"
            else:
                hint = f"no stage writes it{did_you_mean(column, sorted(have))}"
            raise ConfigError(f"{prefix}stages.{index} ({stage.name}): reads the column `{column}`, but {hint}")
        have |= set(stage.writes)


def with_seed(stage: Stage, seed: int) -> Stage:
    """`stage` with its `seed` filled in by the pipeline's, where it has one and set none."""
    if "seed" in type(stage).model_fields and getattr(stage, "seed") is None:  # noqa: B009 - not every stage has it
        return stage.model_copy(update={"seed": seed})
    return stage


def with_size(stages: Sequence[Stage], size: int) -> tuple[Stage, ...]:
    """`stages` with the `size` of the last one that has it set to `size`.

    Raises
    ------
    ConfigError : no stage has a size, or that stage refuses this one.
    """
    for index in range(len(stages) - 1, -1, -1):
        stage = stages[index]
        if "size" in type(stage).model_fields:
            try:
                changed = type(stage).model_validate_json(json.dumps({**stage.model_dump(mode="json"), "size": size}))
            except ValidationError as error:
                raise ConfigError(f"stages.{index} ({stage.name}): size {size}: {error.errors()[0]['msg']}") from None
            return (*stages[:index], changed, *stages[index + 1 :])
    raise ConfigError("no stage of this pipeline has a `size`")


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a pipeline file, for editors and validators."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **config_model().model_json_schema()}
