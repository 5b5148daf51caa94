"""The manual page of a stage, made from its class; `curate stages NAME` and the reference show the same."""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from curate.registry import stage_name
from curate.stage import Stage

_HEADINGS = ("Example", "References", "Notes")
_PLAIN: Mapping[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    type(None): "null",
    Any: "anything",
}
#: How a kind of value is called where there are many of them.
_PLURAL = {
    "text": "texts",
    "integer": "integers",
    "number": "numbers",
    "mapping (see below)": "mappings (see below)",
}
_KINDS = {
    "annotator": "An annotator: it adds columns to each row and drops none.",
    "filter": "A filter: it judges each row by itself.",
    "selector": "A selector: it judges rows by seeing all of them.",
}


def summary(cls: type[Stage]) -> str:
    """The first line of the stage's docstring."""
    return inspect.getdoc(cls).splitlines()[0] if cls.__doc__ else ""  # type: ignore[union-attr]  # has a docstring


def facts(cls: type[Stage]) -> dict[str, Any]:
    """All that is to know of a stage, as JSON: name, kind, columns, reasons, parameters."""
    schema = cls.model_json_schema()
    return {
        "stage": stage_name(cls),
        "kind": cls.kind,
        "summary": summary(cls),
        "reads": list(cls.reads),
        "writes": {name: str(dtype) for name, dtype in cls.writes.items()},
        "reasons": dict(cls.reasons),
        "parameters": schema["properties"],
        **({"$defs": schema["$defs"]} if "$defs" in schema else {}),
    }


def page(cls: type[Stage]) -> str:
    """The stage's manual page as Markdown."""
    parts = [
        f"# {stage_name(cls)}\n",
        _prose(cls),
        "## Parameters\n",
        parameters(cls),
        "## Columns and reasons\n",
        _contract(cls),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _prose(cls: type[Stage]) -> str:
    """The docstring, with underlined headings turned into Markdown ones."""
    out: list[str] = []
    fenced = False
    for line in (inspect.getdoc(cls) or "").splitlines():
        fenced ^= line.startswith("```")
        if not fenced and out and out[-1].strip() in _HEADINGS and line.strip() and set(line.strip()) == {"-"}:
            out[-1] = f"## {out[-1].strip()}\n"
            continue
        out.append(line)
    return "\n".join(out) + "\n"


def parameters(cls: type[BaseModel]) -> str:
    """A table of a model's fields, as Markdown; one more for each model that is the value of one."""
    fields = {name: info for name, info in cls.model_fields.items() if name != "stage"}
    if not fields:
        return "None.\n"
    rows = ["| parameter | type | default | meaning |", "|---|---|---|---|"]
    nested: list[str] = []
    for name, info in fields.items():
        rows.append(f"| `{name}` | {_type(info)} | {_default(info)} | {_cell(info.description or '')} |")
        for model in _models(info.annotation):
            nested += [f"\n### Inside `{name}`\n", inspect.getdoc(model) or "", "", parameters(model).rstrip()]
    return "\n".join(rows + nested) + "\n"


def _type(info: FieldInfo) -> str:
    return _cell(_named(info.annotation, info.metadata))


def _named(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """A type in words: `integer, at least 1`, `list of texts`, or the values that are allowed."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _named(args[0], [*args[1:], *metadata])
    if origin is Literal:
        return _or([f"`{value}`" for value in args])
    if origin in (typing.Union, types.UnionType):
        return _union(args, metadata)
    return _container(origin, args) if origin is not None else _simple(annotation) + _bounds(metadata)


def _union(kinds: Sequence[Any], metadata: Sequence[Any]) -> str:
    ordered = sorted(kinds, key=lambda kind: kind is type(None))
    names = [_named(kind, metadata if kind in (int, float) else ()) for kind in ordered]
    return f"{_or(names[:-1])}, or {names[-1]}" if any("," in name for name in names) else _or(names)


def _container(origin: Any, args: Sequence[Any]) -> str:
    if origin is dict or origin is Mapping:
        return f"mapping from {_named(args[0])} to {_named(args[1])}"
    if origin is tuple and Ellipsis not in args:
        return f"list of {len(args)}: {', '.join(map(_named, args))}"
    return "list of " + _many(args[0])


def _simple(annotation: Any) -> str:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "mapping (see below)"
    return _PLAIN.get(annotation) or str(getattr(annotation, "__name__", annotation))


def _many(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return f"any of {', '.join(f'`{value}`' for value in typing.get_args(kind))}"
    name = _named(kind)
    return _PLURAL.get(name, name)


def _or(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _bounds(metadata: Sequence[Any]) -> str:
    """`, 0 to 1`, `, at least 1 and below 5` or nothing, from what limits a number."""
    words: dict[str, Callable[[Any], str]] = {
        "ge": lambda v: f"at least {v:,}",
        "gt": lambda v: f"above {v:,}",
        "le": lambda v: f"at most {v:,}",
        "lt": lambda v: f"below {v:,}",
    }
    found = {key: getattr(m, key) for m in metadata for key in words if getattr(m, key, None) is not None}
    whole = {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in found.items()}
    if whole.get("lt") == 2**63:
        del whole["lt"]  # the size of a machine's integer, which nobody asks for
    if set(whole) == {"ge", "le"}:
        return f", {whole['ge']:,} to {whole['le']:,}"
    return f", {' and '.join(words[key](value) for key, value in whole.items())}" if whole else ""


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models in a type, in order."""
    if inspect.isclass(annotation) and typing.get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for arg in typing.get_args(annotation) for model in _models(arg)]


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, list | tuple) and len(value) > 1 and _all_of(info.annotation) == list(value):
        return "all of them"
    return f"`{_cell(json.dumps(value, ensure_ascii=False, default=_plain))}`"


def _all_of(annotation: Any) -> list[Any] | None:
    """The values of a list of literals."""
    args = typing.get_args(annotation)
    return list(typing.get_args(args[0])) if args and typing.get_origin(args[0]) is Literal else None


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else list(value)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _contract(cls: type[Stage]) -> str:
    """What the stage reads, writes and answers."""
    lines = [_KINDS[cls.kind], ""]
    if cls.reads:
        lines.append(f"- Reads {', '.join(f'`{c}`' for c in cls.reads)}.")
    if cls.needs is not Stage.needs:
        lines.append("- Reads also the columns that its parameters name." if cls.reads else
                     "- Reads the columns that its parameters name.")  # fmt: skip
    if cls.writes:
        lines.append(f"- Writes {', '.join(f'`{c}` ({d})' for c, d in cls.writes.items())}.")
    if cls.reasons:
        lines += ["", "| reason | what it says of a dropped row |", "|---|---|"]
        lines += [f"| `{reason}` | {_cell(text)} |" for reason, text in cls.reasons.items()]
    return "\n".join(lines) + "\n"
