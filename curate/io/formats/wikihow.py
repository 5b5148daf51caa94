"""wikiHow-like articles: the title is the question, the introduction, sections and steps are the answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from curate.io.formats.base import Example, Record, RecordFormat, field_error, kind_of
from curate.io.meta import READER, dump, meta_json
from curate.io.model import Omit, RecordError, show
from curate.io.strictjson import loads, record_error

_INTRO: Final = ("introduction", "intro", "overview", "abstract")
_SECTIONS: Final = ("sections", "methods", "parts")
_STEPS: Final = "steps"
_HEADING: Final = ("title", "heading", "name", "section")
_BODY: Final = ("text", "body", "content", "description")
_HEADLINE: Final = ("headline", "summary", "title", "heading", "step")
_DETAIL: Final = ("text", "description", "details", "detail", "body")
#: The table of Koupaee and Wang (2018) that has a row for each step names the step's section here.
_PART_OF: Final = "sectionLabel"

#: How an article speaks of itself at its start, and what stands there in an answer (LIMA, section 2.1; the forms
#: with the site's name are ours).
_OPENING: Final = re.compile(r"This (?:wikiHow article|wikiHow|article)\b")
_ANSWER: Final = "The following answer"

#: Sections about the page and not about its subject, by their headings in lower case.
_ABOUT_PAGE: Final = frozenset(
    {
        "about this article",
        "community q&a",
        "references",
        "related articles",
        "related wikihows",
        "sources",
        "sources and citations",
        "video",
        "videos",
    }
)


def matches(record: Record) -> bool:
    """Text in `title`, and a list of sections or steps, or the texts `headline` and `text`."""
    if type(record.get("title")) is not str:
        return False
    for name in (*_SECTIONS, _STEPS):
        value = record.get(name)
        if type(value) is list or (type(value) is str and value.lstrip().startswith("[")):
            return True
    return type(record.get("headline")) is str and type(record.get("text")) is str


def convert(record: Record) -> Example:
    """The title as the user's turn, the article as Markdown as the assistant's."""
    title = record.get("title")
    if type(title) is not str:
        raise field_error(record, "title")
    if _PART_OF in record:
        raise Omit("article_part", show(title))
    page = _Page()
    page.introduce(record)
    _fill(page, record)
    body, notes = page.finish()
    if not body:
        raise Omit("empty_article", show(title))
    extra = f'"{READER}":{dump(notes)}' if notes else ""
    return (title, body), False, meta_json(record, ("title", *page.used), extra)


def _fill(page: _Page, record: Record) -> None:
    for name in _SECTIONS:
        if record.get(name) is not None:
            page.sections(record, name)
            return
    if record.get(_STEPS) is not None:
        page.all_steps(record)
        return
    if type(record.get("text")) is str and type(record.get("headline")) is str:
        page.table(record)
        return
    raise field_error(record, *_SECTIONS, _STEPS, what="a list")


def _list(value: object) -> list[Any] | None:
    """A list, or one that a table keeps as JSON text."""
    if type(value) is str and value.lstrip().startswith("["):
        try:
            value = loads(value)
        except ValueError as error:
            raise record_error(error) from None
    return value if type(value) is list else None


class _Page:
    """An answer being written; `used` are the fields whose every text stands in it."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self._blocks: list[str] = []
        self._left_out: list[str] = []
        self._whole = True

    def finish(self) -> tuple[str, dict[str, Any]]:
        """The answer, and what was done to the article's text beyond its layout."""
        body = "\n\n".join(self._blocks)
        notes: dict[str, Any] = {}
        if opening := _OPENING.match(body):
            body = _ANSWER + body[opening.end() :]
            notes["opening"] = opening.group()
        if self._left_out:
            notes["sections_left_out"] = self._left_out
        return body, notes

    def introduce(self, record: Record) -> None:
        for name in _INTRO:
            value = record.get(name)
            if type(value) is str and value.strip():
                self._blocks.append(value.strip())
                self.used.append(name)
                return

    def sections(self, record: Record, name: str) -> None:
        given = _list(record[name])
        if given is None:
            raise field_error(record, name, what="a list")
        for number, section in enumerate(given, 1):
            place = f"Section {number} of {len(given)}"
            if not isinstance(section, dict):
                raise RecordError("wrong_type", f"{place} is {kind_of(section)}, not an object.")
            self._section(section, place)
        if self._whole:
            self.used.append(name)

    def _section(self, section: Mapping[str, Any], place: str) -> None:
        heading_name, heading = _text(section, _HEADING, place)
        if heading.casefold() in _ABOUT_PAGE:
            self._left_out.append(heading)
            self._whole = False
            return
        body_name, body = _text(section, _BODY, place)
        steps = _list(section.get(_STEPS))
        if section.get(_STEPS) is not None and steps is None:
            raise RecordError("wrong_type", f"{place}: `steps` is {kind_of(section[_STEPS])}, not a list.")
        if steps is None and body_name is None:
            error = field_error(section, _STEPS, *_BODY, what="a list")
            raise RecordError(error.reason, f"{place}: {error.detail}")
        self._note(section, (heading_name, body_name, _STEPS))
        blocks = [block for block in (body, self._steps(steps or [], place)) if block]
        if blocks:
            self._blocks += ([f"## {heading}"] if heading else []) + blocks
        elif heading:
            self._whole = False

    def all_steps(self, record: Record) -> None:
        steps = _list(record[_STEPS])
        if steps is None:
            raise field_error(record, _STEPS, what="a list")
        self._blocks += [block for block in [self._steps(steps, "The article")] if block]
        if self._whole:
            self.used.append(_STEPS)

    def table(self, record: Record) -> None:
        """The table of Koupaee and Wang (2018): one line of `headline` and one paragraph of `text` for each step.

        Where they are not equally many, the paragraphs cannot be told apart by step; the text stands alone.
        """
        headlines = [
            line for line in (part.strip().rstrip(",").rstrip() for part in record["headline"].split("\n")) if line
        ]
        paragraphs = [part.strip() for part in record["text"].split("\n") if part.strip()]
        if headlines and len(headlines) == len(paragraphs):
            self._blocks.append(_numbered([_joined(*pair) for pair in zip(headlines, paragraphs, strict=True)]))
            self.used += ["headline", "text"]
        elif paragraphs:
            self._blocks.append(record["text"].strip())
            self.used.append("text")
        elif headlines:
            self._blocks.append(_numbered(headlines))
            self.used.append("headline")

    def _steps(self, steps: Sequence[Any], place: str) -> str:
        items = []
        for number, step in enumerate(steps, 1):
            where = f"{place}, step {number}"
            if isinstance(step, str):
                item = step.strip()
            elif isinstance(step, dict):
                headline_name, headline = _text(step, _HEADLINE, where)
                detail_name, detail = _text(step, _DETAIL, where)
                if headline_name is None and detail_name is None:
                    error = field_error(step, *_HEADLINE[:1], *_DETAIL[:1])
                    raise RecordError(error.reason, f"{where}: {error.detail}")
                self._note(step, (headline_name, detail_name))
                item = _joined(headline, detail)
            else:
                raise RecordError("wrong_type", f"{where} is {kind_of(step)}, neither text nor an object.")
            if item:
                items.append(item)
        return _numbered(items)

    def _note(self, part: Mapping[str, Any], used: Collection[str | None]) -> None:
        if any(value is not None and key not in used for key, value in part.items()):
            self._whole = False


def _text(part: Mapping[str, Any], names: Sequence[str], place: str) -> tuple[str | None, str]:
    """The first of the fields `names` that is there, and its text without white space at the ends."""
    for name in names:
        value = part.get(name)
        if value is None:
            continue
        if type(value) is not str:
            raise RecordError("wrong_type", f"{place}: {show(name)} is {kind_of(value)}, not text.")
        return name, value.strip()
    return None, ""


def _joined(headline: str, detail: str) -> str:
    if not headline or not detail:
        return headline or detail
    return f"{headline}{'' if headline[-1] in '.!?:;,…。！？' else '.'} {detail}"


def _numbered(items: Sequence[str]) -> str:
    """A Markdown list; further lines of an item are indented under it."""
    lines = []
    for number, item in enumerate(items, 1):
        mark = f"{number}. "
        first, *rest = item.split("\n")
        lines.append(mark + first)
        lines += [(" " * len(mark) + line) if line.strip() else "" for line in rest]
    return "\n".join(lines)


FORMAT = RecordFormat(
    name="wikihow",
    summary="A how-to article with sections or steps, as on wikiHow; the answer is written as Markdown.",
    fields={
        "title": "the user's turn, unchanged",
        "introduction": "the answer's first paragraph; also `intro`, `overview` or `abstract`",
        "sections": "a list of objects: `title` becomes a heading, `text` a paragraph, `steps` a numbered list; also "
        "`methods` or `parts`; sections about the page itself (references, videos) are left out and named in `meta`",
        "steps": "a list of texts or of objects with `headline` and `text`, numbered; within sections, or for the "
        "whole article where it has none; in a table it may be JSON text",
        "headline": "in a table with `text`: one line for each step, joined to the paragraphs where they are equally "
        "many; else `text` alone is the answer",
        "category": "goes to `meta`, as do all other fields, and any list with a text that is not in the answer",
    },
    needs=("title", "sections", "steps", "headline"),
    matches=matches,
    convert=convert,
)
