"""Tables of tasks: each row put into words by one of a template's phrasings, as in FLAN.

References
----------
- Wei et al. (2022), *Finetuned Language Models Are Zero-Shot Learners*, section 2.1: several phrasings per task, one of
  them for each example; label words for classes. The shipped phrasings are this project's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from curate.errors import ConfigError
from curate.io.formats.base import Convert, Example, Record, RecordFormat, field_error, nearest
from curate.io.meta import READER, dump, meta_json
from curate.io.model import Omit, RecordError, show
from curate.io.options import ReadOptions
from curate.io.templates.model import LABEL_NAMES, LabelSpec, TemplateFile, load_template, spelled
from curate.io.templates.sandbox import Render, compile_text, text_of

_DEFAULT_SEED: Final = 42


@dataclass(frozen=True, slots=True)
class _Phrasing:
    input: Render
    output: Render
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Labels:
    """`meaning` of each spelling: the label, or None for a row without one; empty if every text is a label."""

    column: str
    meaning: Mapping[str, str | None]
    words: Mapping[str, str]

    def of(self, cell: Any) -> str:
        """The label in a cell.

        Raises
        ------
        RecordError : it is none that the template knows.
        Omit : it says that the row has no label.
        """
        whole = type(cell) is float and cell.is_integer()
        text = str(int(cell)) if whole else text_of(cell)
        if text in self.meaning:
            label = self.meaning[text]
            if label is None:
                raise Omit("unlabelled", show(text))
            return label
        if self.words:
            known = [one for one, label in self.meaning.items() if label is not None]
            near = nearest([text.strip().casefold()], known)
            hint = (
                f"did you mean {show(near)}?"
                if near
                else f"known are {', '.join(show(one, 20) for one in known[:12])}."
            )
            raise RecordError("unknown_label", f"The template has no label {show(text)}; {hint}")
        if type(cell) is not str:
            detail = f"The label {show(text)} is no text; a template of your own can say which word it stands for."
            raise RecordError("unknown_label", detail)
        return text


class _Task:
    """A template ready for rows."""

    def __init__(self, template: TemplateFile, where: str, seed: int) -> None:
        self._name, self._seed = template.name, seed
        self._columns = {n: [c] if isinstance(c, str) else c for n, c in template.columns.items()}
        self._optional = frozenset(template.optional)
        self._constants = dict(template.constants)
        self._labels = None if template.label is None else _labels(template.label)
        names = [*self._columns, *self._constants, *(LABEL_NAMES if self._labels else ())]
        self._phrasings = [
            _Phrasing(
                compile_text(one.input, names, f"{where}: phrasings.{at}.input"),
                compile_text(one.output, names, f"{where}: phrasings.{at}.output"),
                {**(self._labels.words if self._labels else {}), **one.words},
            )
            for at, one in enumerate(template.phrasings)
        ]

    def convert(self, record: Record) -> Example:
        """The example of a row."""
        values = {name: self._value(record, name, columns) for name, columns in self._columns.items()}
        label = None if self._labels is None else self._labels.of(values[self._labels.column])
        at = self._choice(values)
        phrasing = self._phrasings[at]
        notes: dict[str, Any] = {"template": self._name, "phrasing": at}
        values |= self._constants
        if label is not None:
            notes["label"] = label
            words = phrasing.words
            values |= {"label": label, "label_word": words.get(label, label), "options": list(words.values())}
        texts = phrasing.input(values), phrasing.output(values)
        return texts, False, meta_json(record, (), f'"{READER}":{dump(notes)}')

    def _value(self, record: Record, name: str, columns: Sequence[str]) -> Any:
        found = [value for column in columns for value in _lookup(record, column)]
        value = next((one for one in found if one is not None), None)
        if value is None and name not in self._optional:
            if _emptied(record, columns):
                raise Omit("empty_list", show(columns[0]))
            paths = [column for column in columns if record.get(column.partition(".")[0]) is not None]
            if paths:
                raise RecordError("missing_field", f"There is nothing at {' or '.join(map(show, paths))}.")
            raise field_error(record, *(column.partition(".")[0] for column in columns))
        return value

    def _choice(self, values: Mapping[str, Any]) -> int:
        """Which phrasing a row takes: by a hash of the seed and of what the template reads of the row."""
        told = [
            [name, value if isinstance(value, list | dict | None) else text_of(value)] for name, value in values.items()
        ]
        key = dump([self._seed, self._name, sorted(told, key=lambda pair: pair[0])])
        return int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:8], "big") % len(self._phrasings)


def _labels(label: LabelSpec) -> _Labels:
    meaning: dict[str, str | None] = {spelled(one): None for one in label.none}
    for name, values in label.values.items():
        meaning |= dict.fromkeys([name, *map(spelled, values)], name)
    return _Labels(label.column, meaning, {name: label.words.get(name, name) for name in label.values})


def _lookup(record: Record, column: str) -> list[Any]:
    """The value of a column, by its name or by a path into objects and lists; empty if there is none."""
    if column in record:
        return [record[column]]
    value: Any = record
    for part in column.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return []
    return [value]


def _emptied(record: Record, columns: Sequence[str]) -> bool:
    """Whether one of the paths leads to an element of a list that has none."""
    paths = [column.rpartition(".") for column in columns]
    return any(last.isdecimal() and [] in _lookup(record, path) for path, _, last in paths if path)


def bind(options: ReadOptions) -> Convert:
    """What makes an example of a row, under the template that the options name.

    Raises
    ------
    ConfigError : they name none, or one that is not valid.
    """
    if options.template is None:
        raise ConfigError("the record format task_table needs a template: a file, or the name of a shipped one")
    template, where = load_template(options.template, options.template_sha256)
    return _Task(template, where, _DEFAULT_SEED if options.seed is None else options.seed).convert


def convert(_: Record) -> Example:
    """Never called: `bind` gives what takes its place."""
    raise ConfigError("the record format task_table needs a template")


FORMAT = RecordFormat(
    name="task_table",
    summary="A table of a task (CSV, Parquet or JSON), each row put into words by one phrasing of a template file.",
    fields={
        "(the template's columns)": "stand in the user's turn and the assistant's, as the phrasing says that the seed "
        "and the row's content choose; `meta` has all columns, and under `_reader` the template, the number of the "
        "phrasing (from 0) and the label",
    },
    needs=(),
    matches=lambda _: False,
    convert=convert,
    bind=bind,
)
