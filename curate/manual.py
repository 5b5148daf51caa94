"""The manual page of a stage, made from its class; `curate stages NAME` and the reference show the same."""

from __future__ import annotations

import inspect
import json
from typing import Any

from pydantic.fields import FieldInfo

from curate.registry import stage_name
from curate.stage import Stage

_HEADINGS = ("Example", "References", "Notes")


def summary(cls: type[Stage]) -> str:
    """The first line of the stage's docstring."""
    return inspect.getdoc(cls).splitlines()[0] if cls.__doc__ else ""  # type: ignore[union-attr]  # has a docstring


def facts(cls: type[Stage]) -> dict[str, Any]:
    """All that is to know of a stage, as JSON: name, kind, columns, reasons, parameters."""
    return {
        "stage": stage_name(cls),
        "kind": cls.kind,
        "summary": summary(cls),
        "reads": list(cls.reads),
        "writes": {name: str(dtype) for name, dtype in cls.writes.items()},
        "reasons": dict(cls.reasons),
        "parameters": cls.model_json_schema()["properties"],
    }


def page(cls: type[Stage]) -> str:
    """The stage's manual page as Markdown."""
    name = stage_name(cls)
    title, contract = f"# {name}\n", "## Columns and reasons\n"
    parts = [title, _prose(cls), "## Parameters\n", _parameters(cls), contract, _contract(cls)]
    return "\n".join(parts).rstrip() + "\n"


def _prose(cls: type[Stage]) -> str:
    """The docstring, with underlined headings turned into Markdown ones."""
    lines = (inspect.getdoc(cls) or "").splitlines()
    out: list[str] = []
    for line in lines:
        if out and out[-1].strip() in _HEADINGS and set(line.strip()) == {"-"}:
            out[-1] = f"## {out[-1].strip()}\n"
            continue
        out.append(line)
    return "\n".join(out) + "\n"


def _parameters(cls: type[Stage]) -> str:
    rows = ["| parameter | type | default | meaning |", "|---|---|---|---|"]
    for field, info in cls.model_fields.items():
        if field == "stage":
            continue
        rows.append(f"| `{field}` | {_type(info)} | {_default(info)} | {_cell(info.description or '')} |")
    return "\n".join(rows) + "\n" if len(rows) > 2 else "None.\n"


def _type(info: FieldInfo) -> str:
    annotation = info.annotation
    text = annotation.__name__ if inspect.isclass(annotation) else str(annotation).replace("typing.", "")
    bounds = [str(m) for m in info.metadata if type(m).__name__ in {"Ge", "Gt", "Le", "Lt"}]
    signs = {"Ge": ">=", "Gt": ">", "Le": "<=", "Lt": "<"}
    shown = [f"{signs[b.partition('(')[0]]} {b.partition('=')[2].rstrip(')')}" for b in bounds]
    return _cell(text.replace("NoneType", "None") + (f", {', '.join(shown)}" if shown else ""))


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    return f"`{_cell(json.dumps(value, default=lambda v: v.model_dump() if hasattr(v, 'model_dump') else list(v)))}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _contract(cls: type[Stage]) -> str:
    kinds = {
        "annotator": "An annotator: it adds columns to each row and drops none.",
        "filter": "A filter: it judges each row by itself.",
        "selector": "A selector: it judges rows by seeing all of them.",
    }
    lines = [kinds[cls.kind], ""]
    if cls.reads:
        lines.append(f"- reads {', '.join(f'`{c}`' for c in cls.reads)}")
    if cls.writes:
        lines.append(f"- writes {', '.join(f'`{c}` ({d})' for c, d in cls.writes.items())}")
    lines += [f"- reason `{reason}`: {text}" for reason, text in cls.reasons.items()]
    return "\n".join(lines) + "\n"
