"""From a pipeline file to checked stages. Reads no data.

YAML is parsed by a safe loader that refuses what YAML lets through in silence: duplicate keys, aliases
(a few lines can expand to gigabytes), and values that JSON does not have. The result is validated as JSON in
strict mode, so that YAML's `no` is never taken for 0; each message names file, line, place and the nearest right name.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from curate.errors import ConfigError
from curate.registry import did_you_mean, stage_classes
from curate.schema import CANONICAL
from curate.stage import Stage

DEFAULT_SEED = 42
Loc = tuple[str | int, ...]

_DEPTH = 50
_OPENING = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


class PipelineConfig(BaseModel):
    """An ordered list of stages with a seed."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="Name of the pipeline and of the set it makes."
    )
    description: str = Field("", description="What the pipeline is for, in a sentence or more.")
    seed: int = Field(DEFAULT_SEED, ge=0, lt=2**63, description="Seed of every random choice that sets no other.")
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


class _Parsed:
    """A YAML document as plain values, with the line each value stands on."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.lines: dict[Loc, int] = {}
        try:
            depth = 0
            for token in yaml.scan(text, Loader=yaml.SafeLoader):
                if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
                    raise ConfigError(f"{name}:{token.start_mark.line + 1}: anchors and aliases are not accepted")
                depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
                if depth > _DEPTH:
                    raise ConfigError(f"{name}:{token.start_mark.line + 1}: nested more than {_DEPTH} levels deep")
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ConfigError(f"{name}:{line}: not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise ConfigError(f"{name}: not valid YAML: {error}") from None
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{name}: a pipeline file is a mapping with `name` and `stages`")
        self.loader = yaml.SafeLoader("")
        self.value = self._build(node, ())

    def _build(self, node: yaml.Node, loc: Loc) -> Any:
        self.lines[loc] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            out: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = key_node.value
                line = key_node.start_mark.line + 1
                if not isinstance(key_node, yaml.ScalarNode):
                    raise ConfigError(f"{self.name}:{line}: a key must be a word")
                if key in out:
                    raise ConfigError(f"{self.name}:{line}: `{key}` is given twice")
                out[key] = self._build(value_node, (*loc, key))
                self.lines[(*loc, key)] = line
            return out
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*loc, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, f"{self.name}:{self.lines[loc]}")

    def _scalar(self, node: yaml.Node, where: str) -> Any:
        try:
            value = self.loader.construct_object(node)
        except yaml.MarkedYAMLError as error:
            raise ConfigError(f"{where}: {error.problem}") from None
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from None
        if isinstance(value, int) and abs(value) >= 2**63:
            raise ConfigError(f"{where}: {value} is too large a number")
        return value

    def where(self, loc: Loc) -> str:
        """`file:line`, of the nearest enclosing place that has one."""
        while loc not in self.lines:
            loc = loc[:-1]
        return f"{self.name}:{self.lines[loc]}"


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
    parsed = _Parsed(text, name)
    try:
        as_json = json.dumps(parsed.value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name}: only what JSON can hold is accepted: {error}") from None
    try:
        config = config_model().model_validate_json(as_json, strict=True)
    except ValidationError as error:
        # Where a stage is wrong, pydantic counts it as missing from the list too.
        found = [e for e in error.errors(include_url=False) if not (e["type"] == "too_short" and e["input"])]
        faults = [_fault(parsed, e) for e in found]
        raise ConfigError("\n".join(dict.fromkeys(faults))) from None
    check_chain(config.stages, where=lambda i: f"{parsed.where(('stages', i))}: ")
    return config


def _fault(parsed: _Parsed, error: ErrorDetails) -> str:
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
            fields = list(stage_classes()[stage].model_fields) if stage in known else list(PipelineConfig.model_fields)
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
