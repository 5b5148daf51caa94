"""What a template file says: the columns it needs, the labels it knows, and the phrasings of its task."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from curate.errors import ConfigError
from curate.io.formats.base import nearest
from curate.io.model import show
from curate.io.templates import shipped_templates, template_bytes, template_digest
from curate.yamltext import Loc, YamlText

#: Names that a phrasing may use beside its columns and constants, where there is a label.
LABEL_NAMES: Final = ("label", "label_word", "options")
_RESERVED: Final = frozenset({"label_word", "options", "loop"})

#: A label as a file spells it; numbers and truth values stand for their JSON text.
Spelling = str | int | bool


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class LabelSpec(_Part):
    """The labels of a task: how tables spell them, and the words that answers use."""

    column: str = Field("label", description="The column (one of `columns`) with the label.")
    values: dict[str, list[Spelling]] = Field(
        {}, description="Each label with the cell values that mean it; none: every text is a label and its own word."
    )
    none: list[Spelling] = Field([], description="Cell values that mean that the row has no label; it is left out.")
    words: dict[str, str] = Field({}, description="Each label's word in answers; default: the label itself.")


class Phrasing(_Part):
    """One way to put the task."""

    input: str = Field(min_length=1, description="The user's turn, a template text.")
    output: str = Field(min_length=1, description="The assistant's turn, a template text.")
    words: dict[str, str] = Field({}, description="Label words of this phrasing, in place of the label's own.")


class TemplateFile(_Part):
    """A template file, as it is written."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the template; `meta` has it.")
    description: str = Field("", description="What the task is, in a sentence.")
    extends: str | None = Field(None, description="A shipped template; what this file does not say is taken from it.")
    columns: dict[str, str | list[str]] = Field(
        {},
        description="Each variable with the column it stands for, or several of which the first that a row has is "
        "taken. Dots lead into objects and lists: `answers.text.0`.",
    )
    optional: list[str] = Field([], description="Variables whose column may be missing or null; they are then none.")
    constants: dict[str, str] = Field({}, description="Variables with one value for the whole table.")
    label: LabelSpec | None = Field(None, description="The labels, for tasks that have some.")
    phrasings: list[Phrasing] = Field([], description="The ways to put the task; each row takes one of them.")


def spelled(value: Spelling) -> str:
    """The text of a label as it stands in a cell."""
    return ("true" if value else "false") if type(value) is bool else str(value)


@lru_cache(maxsize=16)
def load_template(name: str, sha256: str | None = None) -> tuple[TemplateFile, str]:
    """The checked template, what it extends put in, and the name of its file for messages.

    Parameters
    ----------
    name : of a shipped template, or a path.
    sha256 : what the file must hash to.

    Raises
    ------
    ConfigError : no such file, not a template, or no longer the same; all faults of its fields in one message.
    """
    data = template_bytes(name)
    if sha256 is not None and template_digest(name) != sha256:
        raise ConfigError(f"{name}: the template has changed since the options were made")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: a template file must be UTF-8 text") from None
    parsed = YamlText(text, name, shape="a template file is a mapping with `name`, `columns` and `phrasings`")
    try:
        template = TemplateFile.model_validate_json(parsed.as_json(), strict=True)
    except ValidationError as error:
        faults = [_fault(parsed, one) for one in error.errors(include_url=False)]
        raise ConfigError("\n".join(dict.fromkeys(faults))) from None
    if template.extends is not None:
        if template.extends not in shipped_templates():
            near = nearest([template.extends], shipped_templates())
            hint = f"did you mean `{near}`?" if near else f"shipped are {', '.join(shipped_templates())}"
            raise ConfigError(f"{parsed.where(('extends',))}: no shipped template {show(template.extends)}; {hint}")
        template = _extended(load_template(template.extends)[0], template)
    if faults := [f"{parsed.where(loc)}: {fault}" for loc, fault in _faults(template)]:
        raise ConfigError("\n".join(dict.fromkeys(faults)))
    return template, name


def _fault(parsed: YamlText, error: ErrorDetails) -> str:
    loc = tuple(error["loc"])
    place = ".".join(map(str, loc))
    if error["type"] == "extra_forbidden":
        owners: dict[str, type[_Part]] = {"label": LabelSpec, "phrasings": Phrasing}
        owner = owners.get(str(loc[0]), TemplateFile) if len(loc) > 1 else TemplateFile
        near = nearest([str(loc[-1])], list(owner.model_fields))
        return f"{parsed.where(loc)}: no key `{place}`" + (f"; did you mean `{near}`?" if near else "")
    if error["type"] == "missing":
        return f"{parsed.where(loc)}: `{place}` is required"
    return f"{parsed.where(loc)}: `{place}`: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _extended(base: TemplateFile, own: TemplateFile) -> TemplateFile:
    columns = {name: column for name, column in base.columns.items() if name not in own.constants} | own.columns
    label = own.label or base.label
    if own.label is not None and base.label is not None:
        label = base.label.model_copy(update={name: getattr(own.label, name) for name in own.label.model_fields_set})
    return TemplateFile(
        name=own.name,
        description=own.description or base.description,
        columns=columns,
        optional=[name for name in (own.optional or base.optional) if name in columns],
        constants={name: text for name, text in base.constants.items() if name not in own.columns} | own.constants,
        label=label,
        phrasings=own.phrasings or base.phrasings,
    )


def _faults(template: TemplateFile) -> Iterator[tuple[Loc, str]]:
    """What is wrong with a template beyond its fields' types, with where."""
    if not template.columns:
        yield ("columns",), "`columns` names no column"
    if not template.phrasings:
        yield ("phrasings",), "`phrasings` has none"
    yield from _name_faults(template)
    for at, name in enumerate(template.optional):
        if name not in template.columns:
            yield ("optional", at), _unknown("`optional`", name, template.columns)
    if template.label is not None:
        yield from _label_faults(template, template.label)
    elif any(phrasing.words for phrasing in template.phrasings):
        yield ("phrasings",), "label words need a `label`"


def _name_faults(template: TemplateFile) -> Iterator[tuple[Loc, str]]:
    for part, names in (("columns", template.columns), ("constants", template.constants)):
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name) or name in _RESERVED or name.startswith("_"):
                yield (part, name), f"`{part}`: {show(name)} cannot be the name of a variable"
    for name, column in template.columns.items():
        if not column:
            yield ("columns", name), f"`columns.{name}` names no column"
        if name in template.constants:
            yield ("constants", name), f"`constants.{name}` is a column as well"


def _label_faults(template: TemplateFile, label: LabelSpec) -> Iterator[tuple[Loc, str]]:
    if label.column not in template.columns or label.column in template.optional:
        yield ("label", "column"), _unknown("`label.column`", label.column, template.columns)
    if label.column != "label" and {"label"} & {*template.columns, *template.constants}:
        yield ("columns", "label"), "`label` is the name of the label, and not of another column or constant"
    spellings = [(name, {name, *map(spelled, values)}) for name, values in label.values.items()]
    owner: dict[str, str] = {}
    for name, texts in [*spellings, ("none", set(map(spelled, label.none)))]:
        for text in sorted(texts):
            if text in owner:
                yield ("label", "values"), f"`label`: {show(text)} means both {owner[text]} and {name}"
            owner[text] = name
    places: list[tuple[Loc, dict[str, str]]] = [(("label", "words"), label.words)]
    places += [(("phrasings", at, "words"), phrasing.words) for at, phrasing in enumerate(template.phrasings)]
    for loc, words in places:
        for name in words:
            if name not in label.values:
                yield loc, _unknown("`words`", name, label.values)


def _unknown(where: str, name: str, known: Mapping[str, Any]) -> str:
    near = nearest([name], known)
    hint = f"did you mean `{near}`?" if near else f"known are {', '.join(known) or 'none'}"
    return f"{where}: there is no {show(name)}; {hint}"
