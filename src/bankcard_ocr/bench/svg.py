"""Plots as inline SVG text: no script, no font, no library, so that a report is one file that opens anywhere.

Colours are classes ``e0``, ``e1``, … that the page's style gives to engines. Every mark has a title that tells its
figures. Shares near 1 are drawn on a stretched axis, where 0.9, 0.99 and 0.999 stand equally far apart.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

STRETCH_TICKS = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999)
_FINEST = 1 - STRETCH_TICKS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A share with its interval, of the engine with this number; ``title`` is shown when pointed at."""

    engine: int
    value: float
    low: float
    high: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a chart of shares."""

    name: str
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve through points (x, y), drawn in the style of ``css``; ``name`` is written at its end."""

    name: str
    css: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Where values lie: ``place`` takes a value to [0, 1]; ``ticks`` are the values written."""

    name: str
    place: Callable[[float], float]
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The inner rectangle of a plot, in pixels."""

    left: float = 56
    top: float = 14
    width: float = 500
    height: float = 260

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of (x, y) in [0, 1] x [0, 1], y upwards."""
        return round(self.left + x * self.width, 2), round(self.top + (1 - y) * self.height, 2)


def stretched(share: float) -> float:
    """Where ``share`` stands on the stretched axis: 0 at 0, 1 at 0.9999 and above."""
    return math.log10(max(1 - share, _FINEST)) / math.log10(_FINEST)


STRETCHED = Axis(name="", place=stretched, ticks=[(tick, f"{tick:g}") for tick in STRETCH_TICKS])
PERCENT = Axis(name="", place=lambda share: share, ticks=[(tick / 100, f"{tick} %") for tick in range(0, 101, 20)])


def bars(rows: Sequence[Row], label: str) -> str:
    """A line for each row, on it a dot for each mark with its interval as a whisker; shares from 0 to 100 %."""
    step, names = 14, max(190, *(round(_text_width(row.name)) + 20 for row in rows))
    height = sum(step * max(1, len(row.marks)) + 8 for row in rows)
    frame = Frame(left=names, top=6, width=420, height=max(height, 1))
    parts = [_grid_x(frame, PERCENT)]
    y = frame.top
    for row in rows:
        span = step * max(1, len(row.marks))
        parts.append(_text(names - 8, y + span / 2 + 4, row.name, "end"))
        for place, mark in enumerate(row.marks):
            parts.append(_whisker(frame, mark, y + step * (place + 0.5)))
        y += span + 8
    return _svg(names + frame.width + 24, frame.top + frame.height + 34, label, parts)


def curves(lines: Sequence[Curve], x: Axis, y: Axis, label: str) -> str:
    """Curves over two axes."""
    frame = Frame()
    parts = [_grid_x(frame, x), _grid_y(frame, y)]
    for line in lines:
        pixels = [frame.at(x.place(px), y.place(py)) for px, py in line.points]
        parts.append(_path(pixels, f"curve {line.css}"))
        if line.name and pixels:
            parts.append(_text(pixels[-1][0] + 6, pixels[-1][1] + 4, line.name, "start"))
    return _svg(frame.left + frame.width + 90, frame.top + frame.height + 44, label, parts)


def dots(marks: Sequence[tuple[float, Mark]], x: Axis, y: Axis, label: str) -> str:
    """Shares with intervals over two axes, and the line between their ends: a reliability diagram."""
    frame = Frame(width=320, height=320)
    parts = [_grid_x(frame, x), _grid_y(frame, y), _path([frame.at(0, 0), frame.at(1, 1)], "ideal")]
    for at, mark in marks:
        (px, low), (_, high) = (frame.at(x.place(at), y.place(share)) for share in (mark.low, mark.high))
        _, middle = frame.at(0, y.place(mark.value))
        parts.append(
            f'<g class="e{mark.engine}"><title>{escape(mark.title)}</title>'
            f'<line x1="{px}" y1="{low}" x2="{px}" y2="{high}"/><circle cx="{px}" cy="{middle}" r="4"/></g>'
        )
    return _svg(frame.left + frame.width + 24, frame.top + frame.height + 44, label, parts)


def steps(histograms: Sequence[Sequence[tuple[float, float, int]]], label: str, *, unit: str) -> str:
    """Histograms (low, high, count) over one logarithmic axis, each scaled to its own highest span."""
    spans = [span for histogram in histograms for span in histogram]
    if not spans:
        return ""
    first, last = math.log10(min(low for low, _, _ in spans)), math.log10(max(high for _, high, _ in spans))
    width = max(last - first, 1e-9)
    ticks = [tick for power in range(-4, 7) for tick in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)]
    axis = Axis(
        name=unit,
        place=lambda value: (math.log10(value) - first) / width,
        ticks=[(tick, f"{tick:g}") for tick in ticks if first <= math.log10(tick) <= last],
    )
    frame = Frame(height=160)
    parts = [_grid_x(frame, axis)]
    for engine, histogram in enumerate(histograms):
        highest = max((count for _, _, count in histogram), default=1) or 1
        for low, high, count in histogram:
            left, top = frame.at(axis.place(low), count / highest)
            right, bottom = frame.at(axis.place(high), 0)
            parts.append(
                f'<rect class="e{engine}" x="{left}" y="{top}" width="{right - left:.2f}" height="{bottom - top:.2f}">'
                f"<title>{low:.3g} to {high:.3g} {escape(unit)}: {count}</title></rect>"
            )
    return _svg(frame.left + frame.width + 24, frame.top + frame.height + 44, label, parts)


def _text_width(text: str) -> float:
    """Pixels that ``text`` takes at 12 pixels a line, or less: a plot cannot measure the fonts that it will meet."""
    return sum(12 if unicodedata.east_asian_width(char) in "WF" else 7.5 for char in text)


def _whisker(frame: Frame, mark: Mark, y: float) -> str:
    (low, _), (high, _), (middle, _) = (frame.at(share, 0) for share in (mark.low, mark.high, mark.value))
    return (
        f'<g class="e{mark.engine}"><title>{escape(mark.title)}</title>'
        f'<line x1="{low}" y1="{y}" x2="{high}" y2="{y}"/><circle cx="{middle}" cy="{y}" r="4"/></g>'
    )


def _grid_x(frame: Frame, axis: Axis) -> str:
    parts = [_text(frame.left + frame.width / 2, frame.top + frame.height + 38, axis.name, "middle")]
    for value, name in axis.ticks:
        x, bottom = frame.at(axis.place(value), 0)
        parts.append(f'<line class="grid" x1="{x}" y1="{frame.top}" x2="{x}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 18, name, "middle"))
    return "".join(parts)


def _grid_y(frame: Frame, axis: Axis) -> str:
    x, y = 14, frame.top + frame.height / 2
    parts = [f'<text x="{x}" y="{y}" text-anchor="middle" transform="rotate(-90 {x} {y})">{escape(axis.name)}</text>']
    for value, name in axis.ticks:
        left, y = frame.at(0, axis.place(value))
        parts.append(f'<line class="grid" x1="{left}" y1="{y}" x2="{left + frame.width}" y2="{y}"/>')
        parts.append(_text(left - 6, y + 4, name, "end"))
    return "".join(parts)


def _path(pixels: Sequence[tuple[float, float]], css: str) -> str:
    points = " ".join(f"{x},{y}" for x, y in pixels)
    return f'<polyline class="{escape(css)}" points="{points}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}">{escape(text)}</text>' if text else ""


def _svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
