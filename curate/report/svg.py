"""Charts as SVG, drawn here and not in the browser; colours come from the page's style by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from curate.report.model import Coverage, Histogram

#: Size of a chart in its own units, and the room left of and below the plot.
_W: Final = 360
_H: Final = 200
_LEFT: Final = 40
_BOTTOM: Final = 30
_TOP: Final = 10
_RIGHT: Final = 18

_SHAPES: Final = {
    "pool": '<rect class="pool" x="1" y="1" width="20" height="12"/>',
    "set-bar": '<rect class="set" x="1" y="1" width="20" height="12"/>',
    "set-line": '<path class="line" d="M1 10 8 4 14 8 21 3"/>',
    "set-spot": '<path class="set" d="M11 1 17 12H5Z"/>',
    "pool-spot": '<circle class="axis" cx="11" cy="7" r="4"/>',
}
_NAMES: Final = {
    "pool": "pool",
    "set-bar": "set",
    "set-line": "set",
    "set-spot": "set",
    "pool-spot": "others of the pool",
}


def key(name: str) -> Markup:
    """An entry of a legend: the shape and its name."""
    return Markup('<span><svg viewBox="0 0 22 14" aria-hidden="true">{}</svg>{}</span>').format(
        Markup(_SHAPES[name]),  # noqa: S704 - a constant of this module
        _NAMES[name],
    )


def nice_step(top: float, parts: int) -> float:
    """The step of 1, 2, 2.5 or 5 times a power of ten that cuts 0 … `top` into `parts` parts or fewer."""
    if top <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(top / parts))
    return next((f * power for f in (1.0, 2.0, 2.5, 5.0, 10.0) if top / (f * power) <= parts), 10 * power)


def _ticks(top: float, parts: int, *, whole: bool = False) -> list[float]:
    step = nice_step(top, parts)
    step = max(1.0, math.ceil(step)) if whole else step
    return [i * step for i in range(int(top / step + 1e-9) + 1)]


def _x(share: float) -> str:
    return f"{_LEFT + share * (_W - _LEFT - _RIGHT):.1f}"


def _y(share: float) -> str:
    return f"{_H - _BOTTOM - share * (_H - _BOTTOM - _TOP):.1f}"


def _frame(
    title: str, x: Sequence[tuple[float, str]], y: Sequence[tuple[float, str]], name: str, inside: list[str]
) -> Markup:
    lines = [f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(at)}" y2="{_y(at)}"/>' for at, _ in y]
    labels = [f'<text x="{_LEFT - 5}" y="{_y(at)}" dy="3.5" text-anchor="end">{escape(t)}</text>' for at, t in y]
    labels += [f'<text x="{_x(at)}" y="{_H - _BOTTOM + 13}" text-anchor="middle">{escape(t)}</text>' for at, t in x]
    labels += [f'<line class="axis" x1="{_x(at)}" x2="{_x(at)}" y1="{_y(0)}" y2="{_H - _BOTTOM + 3}"/>' for at, _ in x]
    foot = (
        f'<text class="quiet" x="{(_LEFT + _W - _RIGHT) / 2}" y="{_H - 3}" text-anchor="middle">{escape(name)}</text>'
    )
    axis = f'<line class="axis" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(0)}" y2="{_y(0)}"/>'
    body = "".join([*lines, *inside, axis, *labels, foot])
    # Everything in it is a number, a constant, or was escaped above.
    return Markup(  # noqa: S704
        f'<svg class="chart" viewBox="0 0 {_W} {_H}" role="img" aria-label="{escape(title)}">{body}</svg>'
    )


def histogram(h: Histogram, title: str) -> Markup:
    """Shares by length: the pool's (or else the set's) as bars, the set's as a line over them."""
    back = h.set if h.pool is None else h.pool
    back_all = sum(back) + ((h.above_set if h.pool is None else h.above_pool) or 0)
    front_all = sum(h.set) + h.above_set
    bars = [n / back_all if back_all else 0.0 for n in back]
    line = [n / front_all if front_all else 0.0 for n in h.set] if h.pool is not None else []
    top = max([*bars, *line, 1e-9])
    wide = 1 / len(bars)
    css = "set" if h.pool is None else "pool"
    # Edges are shared to the tenth, so that no gap shows between two bars.
    inside = [_bar(css, i * wide, (i + 1) * wide, b / top) for i, b in enumerate(bars) if b]
    if line:
        spots = " ".join(f"{_x((i + 0.5) * wide)} {_y(v / top)}" for i, v in enumerate(line))
        inside.append(f'<polyline class="line" points="{spots}"/>')
    end = h.edges[-1]
    x = [(t / end, f"{t:,.0f}") for t in _ticks(end, 5, whole=True)]
    y = [(t / top, f"{t:.{_places(top)}%}") for t in _ticks(top, 4)]
    return _frame(title, x, y, "words", inside)


def _bar(css: str, left: float, right: float, height: float) -> str:
    width, tall = float(_x(right)) - float(_x(left)), float(_y(0)) - float(_y(height))
    return f'<rect class="{css}" x="{_x(left)}" y="{_y(height)}" width="{width:.1f}" height="{tall:.1f}"/>'


def _places(top: float) -> int:
    return 0 if top >= 0.04 else 1 if top >= 0.004 else 2


def coverage(c: Coverage) -> Markup:
    """Coverage by the number of records, with the marks of 80, 95 and 98%."""
    if not c.sizes:
        return Markup("")
    end, top = c.sizes[-1], max(*c.values, 1e-9)
    ceiling = nice_step(top, 4) * math.ceil(top / nice_step(top, 4) - 1e-9)
    spots = " ".join(f"{_x(s / end)} {_y(v / ceiling)}" for s, v in zip(c.sizes, c.values, strict=True))
    inside = [f'<polyline class="line" points="{_x(0)} {_y(0)} {spots}"/>']
    shown = [mark for mark in c.marks if mark.share in {0.8, 0.95, 0.98}]
    for row, mark in enumerate(reversed(shown)):
        spot = f'cx="{_x(mark.records / end)}" cy="{_y(mark.share * top / ceiling)}"'
        inside.append(f'<circle class="set" {spot} r="3"/>')
        # In the lower right corner, where a rising curve never is.
        at = f'x="{_x(0.98)}" y="{_y(0.06 + 0.11 * row)}" text-anchor="end"'
        inside.append(f"<text {at}>{mark.share:.0%} at {mark.records:,} records</text>")
    x_ticks = [(t / end, f"{t:,.0f}") for t in _ticks(end, 5, whole=True)]
    y_ticks = [(t / ceiling, f"{t:.2g}") for t in _ticks(ceiling, 4)]
    return _frame("Coverage against size", x_ticks, y_ticks, "records, in greedy order", inside)
