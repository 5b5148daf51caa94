"""The report as one HTML page: nothing is fetched, records are text and never markup, and only our script may run."""

from __future__ import annotations

import base64
import difflib
import hashlib
import json
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

import curate
from curate.report import svg
from curate.report.model import Map, Metric, Report
from curate.report.verdict import compare

if TYPE_CHECKING:
    from curate.report.compare import Comparison

_FOLDER: Final = Path(__file__).parent / "templates"

#: The sections of a page, in order.
SECTIONS: Final = (
    ("accounts", "Where the records went"),
    ("lengths", "Lengths"),
    ("kinds", "Tasks, sources, languages"),
    ("duplicates", "Near-duplicates"),
    ("map-of", "Map"),
    ("coverage", "Coverage"),
    ("diversity", "Diversity"),
    ("findings", "Contamination and damage"),
    ("style", "Style"),
    ("samples", "Records at random"),
    ("how", "How this was made"),
)
_COMPARED: Final = (
    ("sizes", "Sizes and lengths"),
    ("diversity", "Diversity"),
    ("only", "What one has and another has not"),
    ("kinds", "Tasks, sources, languages"),
    ("faults", "Near-duplicates, faults and style"),
)
STYLE_NAMES: Final = (
    ("same_openers", "begin with one of the ten most frequent openers"),
    ("first_person", "speak in the first person"),
    ("lists", "are lists for the most part"),
    ("code", "hold a block of code"),
    ("headings", "have headings"),
)
#: Fields of the map's table, each way.
_FIELDS: Final = 4
#: Joiners that belong to how a script or an emoji is written.
_JOINERS: Final = "\u200c\u200d"
_WORD: Final = re.compile(r"\s+|[^\s]+")


def visible(text: Any) -> str:
    """`text` with every character that hides, moves or acts written out, as ⟨U+202E⟩; line ends and tabs stay."""
    return "".join(c if _plain(c) else f"⟨U+{ord(c):04X}⟩" for c in str(text).replace("\r\n", "\n"))


def _plain(char: str) -> bool:
    if char in "\n\t" or char in _JOINERS:
        return True
    return unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029"


def differing(text: str, first: str) -> Markup:
    """`text` as HTML: words that `first` has not at that place in `<mark>`, those it has instead in `<del>`."""
    left, right = _WORD.findall(first), _WORD.findall(text)
    out: list[Markup | str] = []
    for kind, start, end, low, high in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        part = visible("".join(right[low:high]))
        gone = visible("".join(left[start:end])).strip()
        if kind == "delete" and gone:
            out.append(Markup(" <del>{}</del> ").format(gone))
        plain = kind == "equal" or not part.strip()
        body = part.rstrip()
        marked = Markup("<mark>{}</mark>{}").format(body, part[len(body) :])
        out.append(escape(part) if plain else marked)
    return Markup("").join(out)


def script_json(value: Any) -> Markup:
    """`value` as JSON that can stand in a script element: nothing in it ends one, or begins a comment."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    # ASCII without <, > and &: there is no character left that HTML could act on.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def significant(value: float, digits: int = 3) -> str:
    """`value` to some significant digits, without an exponent, with thousands separators."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - int(f"{value:e}".split("e")[1]))
    return f"{value:,.{places}f}"


def percent(share: float) -> str:
    """A share as a percentage: one decimal place, two below 1%."""
    if share in {0, 1}:
        return f"{share:.0%}"
    if share < 0.0001:
        return "<0.01%"
    return f"{share:.2%}" if share < 0.01 else f"{share:.1%}"


def standing(metric: Metric, other: str) -> str:
    """How the set stands to a column, in a word with a sign."""
    mine, theirs = metric.values.get("set"), metric.values.get(other)
    if mine is None or theirs is None or mine.value is None or theirs.value is None:
        return "–"
    return {1: "▲ better", 0: "= alike", -1: "▼ worse"}[compare(metric, other)]


def fields(found: Map) -> list[dict[str, Any]]:
    """The map cut into equal fields: how many marks of each kind, and one instruction; empty fields are left out."""
    counts: Counter[tuple[int, int, bool]] = Counter()
    texts: dict[tuple[int, int], str] = {}
    for p in found.points:
        column, row = (min(_FIELDS - 1, v * _FIELDS // 1001) for v in (p.x, p.y))
        counts[column, row, p.kept] += 1
        texts.setdefault((column, row), p.text)
    return [
        {
            "name": f"{'ABCD'[column]}{_FIELDS - row}",
            "kept": counts[column, row, True],
            "others": counts[column, row, False],
            "text": texts[column, row],
        }
        for row in reversed(range(_FIELDS))
        for column in range(_FIELDS)
        if (column, row) in texts
    ]


@cache
def environment() -> Environment:
    """Templates of this folder, escaping everything that is not marked as safe by the code."""
    made = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True)  # fmt: skip
    made.filters |= {
        "n": lambda number: f"{number:,}",
        "whole": lambda number: f"{number:,.0f}",
        "pct": percent,
        "sig": significant,
        "sig2": lambda value: significant(value, 2),
        "words": lambda reason: str(reason).replace("_", " "),
        "visible": visible,
        "differing": differing,
        "standing": standing,
        "key": svg.key,
        "histogram_svg": svg.histogram,
        "coverage_svg": svg.coverage,
        "tojson_text": lambda value: json.dumps(value, ensure_ascii=False),
    }
    return made


def page(template: str, **values: Any) -> str:
    """A template with the shared style and script, and a policy that lets nothing else in."""
    css, js = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("style.css", "page.js"))
    policy = f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(js)}; base-uri 'none'; form-action 'none'"
    made = environment().get_template(template)
    # Style and script are files of this package.
    return made.render(csp=policy, css=Markup(css), js=Markup(js), version=curate.__version__, **values)  # noqa: S704


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def render_comparison(found: Comparison) -> str:
    """The page of a comparison."""
    keys = [member.key for member in found.members]
    wins: dict[str, list[str]] = {key: [] for key in keys}
    for metric in found.diversity.metrics:
        known = {key: value for key in keys if (value := metric.values[key].value) is not None}
        best = (max if metric.better == "higher" else min)(known.values())
        for key, value in known.items():
            if value == best:
                wins[key].append(metric.name)
    most = max(len(names) for names in wins.values())
    leaders = [m.name for m in found.members if len(wins[m.key]) == most]
    measures = len(found.diversity.metrics)
    headline = (
        f"Most diverse: {leaders[0]}, best in {most} of {measures} measures."
        if len(leaders) == 1
        else f"No set leads: {' and '.join(leaders)} are each best in {most} of {measures} measures."
    )
    return page("compare.html", c=found, wins=wins, headline=visible(headline), sections=_COMPARED,
                style_names=STYLE_NAMES)  # fmt: skip


def render(report: Report) -> str:
    """The page of an audit."""
    points = [[p.x, p.y, int(p.kept), visible(p.text)] for p in report.map.points]
    return page(
        "report.html",
        r=report,
        sections=SECTIONS,
        style_names=STYLE_NAMES,
        fields=fields(report.map),
        points=script_json(points),
    )
