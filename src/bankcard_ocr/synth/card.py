"""A card as data: which texts stand where, in which face and ink. Sampling only; render.py draws.

Places are millimetres on the card, x right and y down from the top-left corner; a card is 85.6 x 53.98 mm
(ISO/IEC 7810, ID-1).
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..numbers import luhn, pan
from ..vision.quad import ID1_MM
from . import glyphs, words
from .ink import Ink
from .ink import sample as sample_ink
from .pixels import Rng, log_uniform, pick

WIDTH, HEIGHT = ID1_MM
PITCH = 3.63  # of embossed digits, ISO 7811-1
HIGH = 4.33  # of embossed digits, ISO 7811-1
PITCHES = (0.9, 1.12)  # of that for digits so high, as real ones are set, and...
NAME_PITCHES = (0.92, 1.38)  # ... of letters: ten to an inch, of any height
NARROW = 0.6  # of a pitch, up to which a space between embossed words is one that is not a whole place
Kind = Literal["number", "expiry", "issue", "holder", "other"]

LENGTHS = {16: 0.5, 19: 0.3, 15: 0.07, 17: 0.05, 18: 0.04, 13: 0.02, 14: 0.01, 12: 0.01}  # how often each is drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One text on the card. ``middles`` float32 (N, 2): the middle of each character, spaces included."""

    kind: Kind
    text: str
    face: glyphs.Face
    ink: Ink
    height: float
    middles: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a line is made. Without ``face`` or ``ink`` each line gets one of its own."""

    relief: bool
    face: glyphs.Face | None = None
    ink: Ink | None = None


PRINTED = Style(relief=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A whole card. ``seed`` draws its art and marks; ``size`` is (width, height), upright or lying.

    ``chip`` is the chip's bottom-left corner, or None; ``back`` has a magnetic stripe and a signature panel.
    """

    seed: int
    size: tuple[float, float]
    lines: tuple[Line, ...]
    chip: tuple[float, float] | None
    marks: tuple[tuple[float, float], ...]
    back: bool = False


def sample(rng: Rng) -> Card:
    """A card at random: embossed, printed, upright, its back, and now and then without a number."""
    kind = rng.random()
    seed = int(rng.integers(2**31))
    if kind < 0.5:
        lines = _embossed(rng)
    elif kind < 0.86:
        lines = _printed(rng)
    elif kind < 0.93:
        lines = _upright(rng)
        chip = (rng.uniform(15, 28), rng.uniform(14, 40)) if rng.random() < 0.7 else None
        mark = (rng.uniform(2, 36), rng.uniform(2, 74))
        return Card(seed=seed, size=(HEIGHT, WIDTH), lines=legible(lines), chip=chip, marks=(mark,))
    else:
        return Card(seed=seed, size=(WIDTH, HEIGHT), lines=legible(_behind(rng)), chip=None, marks=(), back=True)
    if rng.random() < 0.07:  # no number in view
        lines = [line for line in lines if line.kind != "number"]
    marks = [(rng.uniform(62, 72), rng.uniform(34, 44))] if rng.random() < 0.75 else []
    marks += [(rng.uniform(2, 70), rng.uniform(2, 12))] if rng.random() < 0.5 else []
    chip = (rng.uniform(7, 13), rng.uniform(24, 30)) if rng.random() < 0.7 else None
    return Card(seed=seed, size=(WIDTH, HEIGHT), lines=legible(lines), chip=chip, marks=tuple(marks))


def legible(lines: Sequence[Line]) -> tuple[Line, ...]:
    """``lines`` without small print on top of what a card is read for: no issuer prints so."""
    kept = [line for line in lines if line.kind != "other"]
    return tuple(line for line in lines if line.kind != "other" or not any(_overlap(line, other) for other in kept))


def _overlap(first: Line, second: Line) -> bool:
    """Whether two level lines stand on one another, with a tenth of their heights to spare."""
    ways = np.abs(first.middles[[0, -1]].mean(0) - second.middles[[0, -1]].mean(0))
    sizes = [np.array((np.ptp(line.middles[:, 0]) + 0.8 * line.height, 1.1 * line.height)) for line in (first, second)]
    return bool((ways < (sizes[0] + sizes[1]) / 2).all())


def digits(rng: Rng, length: int) -> str:
    """Digits a net should see, not guess: uniform, or with long repeats as specimens have them."""
    kind = rng.random()
    if kind < 0.62:
        return words.spelled(rng, string.digits, length)
    if kind < 0.88:  # runs
        out = ""
        while len(out) < length:
            out += str(int(rng.integers(10))) * int(rng.choice([1, 1, 1, 2, 3, 4, 8]))
        return out[:length]
    few = rng.integers(0, 10, int(rng.integers(1, 4)))
    return "".join(str(d) for d in rng.choice(few, length))


def number(rng: Rng, length: int | None = None) -> str:
    """A number grouped by spaces; half of them with the check digit right."""
    size = length or int(rng.choice(list(LENGTHS), p=list(LENGTHS.values())))
    value = digits(rng, size)
    if rng.random() < 0.5:
        value = value[:-1] + luhn.check_digit(value[:-1])
    layouts = pan.GROUPINGS[size]
    sizes = pick(rng, layouts)
    edges = itertools.accumulate(sizes, initial=0)
    return " ".join(value[start:stop] for start, stop in itertools.pairwise(edges))


def sample_style(rng: Rng, *, relief: bool) -> Style:
    """An ink, then a face, for several lines of one card."""
    ink = sample_ink(rng, relief=relief)
    return Style(relief=relief, ink=ink, face=sample_face(rng, relief=relief))


def sample_face(rng: Rng, *, relief: bool) -> glyphs.Face:
    """A face for digits: the embossers' for raised ones (OCR faces now and then), any print face for flat ones."""
    files = glyphs.fonts()
    if (relief and rng.random() < 0.9) or not files or rng.random() < 0.25:
        return glyphs.Face(
            aspect=glyphs.ASPECT * rng.uniform(0.82, 1.2),
            stroke=rng.uniform(0.085 if relief else 0.06, 0.18),
            corner=rng.uniform(0.06, 0.33),
            shape=int(rng.integers(12)),
            slant=float(rng.normal(0, 0.02)),
        )
    wanted = ("OCR", "B612Mono", "Mono", "Jura") if relief else ("Serif-Bold", "Tinos-Bold", "Sans-Bold", "Arimo-Bold")
    chosen = [file for file in files if any(word in file for word in wanted)] if rng.random() < 0.45 else []
    pool = chosen or files
    font = pick(rng, pool)
    slant = float(rng.uniform(0, 0.3)) if rng.random() < 0.08 else 0.0
    stretch = log_uniform(rng, 0.7, 1.45) if rng.random() < 0.3 else 1.0
    return glyphs.Face(font=font, slant=slant, stretch=stretch)


def set_line(
    rng: Rng, kind: Kind, text: str, style: Style, *,
    height: float, left: float, middle: float, longest: float = WIDTH - 4.0,
) -> Line:  # fmt: skip
    """``text`` set from ``left`` along ``middle``, condensed where it would be longer than ``longest``."""
    face = style.face or sample_face(rng, relief=style.relief)
    ink = style.ink or sample_ink(rng, relief=style.relief)
    longest = min(longest, WIDTH - 1.5 - left) if longest > HEIGHT else longest
    steps = _steps(rng, kind, text, face, height, relief=style.relief)
    squeeze = min(1.0, longest / float(steps.sum()))
    steps, height = steps * squeeze, height * max(squeeze, 0.8)
    x = left + np.cumsum(steps) - steps / 2
    jitter = rng.normal(0, 0.012 * height, len(text)) if style.relief else np.zeros(len(text))
    middles = np.stack([x, middle + jitter], 1).astype(np.float32)
    return Line(kind=kind, text=text, face=face, ink=ink, height=height, middles=middles)


def _steps(rng: Rng, kind: Kind, text: str, face: glyphs.Face, height: float, *, relief: bool) -> NDArray[np.float32]:
    """How far each character of ``text`` is from the next: one pitch for all, or as the face would print them."""
    natural = np.array(glyphs.advances(text, face, height), np.float32)
    spaces = np.array([char == " " for char in text])
    if relief or rng.random() < 0.2:
        widest = float(natural.max())
        least, most = NAME_PITCHES if kind == "holder" else PITCHES
        pitch = PITCH * height / HIGH * rng.uniform(least, most) if relief else widest * rng.uniform(1.0, 1.5)
        gap = rng.uniform(0.4, 1.25)
        if relief and kind == "holder" and gap > NARROW:
            gap = 1.0  # an empty place, as embossers leave one
        return np.where(spaces, pitch * gap, pitch).astype(np.float32)
    tracking = float(rng.normal(0.03, 0.05) if rng.random() < 0.8 else rng.uniform(0.1, 0.6)) * height
    gaps = np.where(spaces, rng.uniform(-0.2, 0.9) * height, max(tracking, -0.04 * height))
    return natural + gaps.astype(np.float32)


def _small(rng: Rng, text: str, left: float, middle: float, *, low: float = 1.0, high: float = 2.0) -> Line:
    """Small print, ``low`` to ``high`` millimetres high."""
    return set_line(rng, "other", text, PRINTED, height=rng.uniform(low, high), left=left, middle=middle)


def _headline(rng: Rng) -> list[Line]:
    """The bank's name, in Chinese or Latin letters, and its small companions."""
    lines = []
    han = glyphs.fonts("han")
    style, text = PRINTED, ""
    if han and rng.random() < 0.6:
        text = "".join(chr(int(rng.integers(0x4E00, 0x9FA0))) for _ in range(int(rng.integers(3, 8))))
        style = Style(relief=False, face=glyphs.Face(font=pick(rng, han)))
    elif rng.random() < 0.7:
        text = words.name(rng)
    if text:
        height, left, middle = rng.uniform(2.5, 5), rng.uniform(3, 40), rng.uniform(5, 10)
        lines.append(set_line(rng, "other", text, style, height=height, left=left, middle=middle))
    for _ in range(int(rng.integers(0, 4))):
        text, left = words.label(rng), rng.uniform(3, 60)
        middle = float(rng.choice([rng.uniform(9, 20), rng.uniform(36, 52)]))
        lines.append(_small(rng, text, left, middle))
    return lines


def _embossed(rng: Rng) -> list[Line]:
    lines = _headline(rng)
    style = sample_style(rng, relief=True)
    middle = rng.uniform(28.5, 34.5)
    text, height, left = number(rng), rng.uniform(3.8, 4.5), rng.uniform(3.5, 10)
    lines.append(set_line(rng, "number", text, style, height=height, left=left, middle=middle))
    if rng.random() < 0.5:  # the first digits once more, printed
        from_left, below = left + rng.uniform(-1, 3), middle + rng.uniform(3.2, 4.8)
        lines.append(_small(rng, text[:4], from_left, below, low=1.4, high=2.6))
    small = rng.uniform(2.6, 3.1)
    middle += rng.uniform(6.5, 10)
    second = Style(relief=True, face=style.face, ink=style.ink if rng.random() < 0.85 else sample_ink(rng, relief=True))
    if rng.random() < 0.85:
        lines += _dates(rng, second, height=small, left=rng.uniform(18, 45), middle=middle)
    if rng.random() < 0.75:
        middle = min(middle + rng.uniform(4.5, 6.5), 50)
        text, left = words.name(rng), rng.uniform(3.5, 9)
        lines.append(set_line(rng, "holder", text, second, height=small, left=left, middle=middle, longest=58))
    return lines


def _dates(rng: Rng, style: Style, *, height: float, left: float, middle: float, longest: float = 40.0) -> list[Line]:
    """The date of expiry with what says so, at times the date of issue before it."""
    expiry = set_line(rng, "expiry", words.date(rng), style, height=height, left=left, middle=middle, longest=longest)
    lines = [expiry]
    if rng.random() < 0.45:
        lines.append(caption_above(rng, expiry))
    start, end = float(expiry.middles[0, 0]) - 0.4 * height, float(expiry.middles[-1, 0]) + 0.4 * height
    if rng.random() < 0.5:
        lines += caption_beside(rng, height, middle, near=start - height * rng.uniform(0.1, 0.9), way=-1)
    elif rng.random() < 0.15:
        lines += caption_beside(rng, height, middle, near=end + height * rng.uniform(0.1, 0.9), way=1)
    if rng.random() < 0.22:
        issue = set_line(rng, "issue", words.date(rng), style, height=height, left=0.0, middle=middle)
        start = min(float(line.middles[0, 0]) for line in lines)
        issue = shifted(issue, start - height * rng.uniform(0.6, 2.5) - float(issue.middles[-1, 0]))
        if issue.middles[0, 0] > 0.5 * height:
            lines.append(issue)
            if rng.random() < 0.6:
                near = float(issue.middles[0, 0]) - height * rng.uniform(0.5, 1.2)
                lines += caption_beside(rng, height, middle, near=near, way=-1)
    return lines


def caption_above(rng: Rng, date: Line) -> Line:
    """What says above ``date`` how to read it."""
    height = date.height
    size, left = rng.uniform(0.25, 0.5) * height, float(date.middles[0, 0]) + rng.uniform(-6, 6)
    middle = float(date.middles[0, 1]) - height * 0.5 - size * rng.uniform(0.7, 1.5)
    said = pick(rng, words.CAPTIONS)
    return set_line(rng, "other", said, PRINTED, height=size, left=left, middle=middle)


def caption_beside(rng: Rng, height: float, middle: float, *, near: float, way: Literal[-1, 1]) -> list[Line]:
    """What says beside a date of ``height`` which one it is: two words on one row, or one above the other.

    It ends (``way`` -1) or begins (1) at ``near``.
    """
    size = height * rng.uniform(0.25, 0.45)
    said = pick(rng, words.STACKS)
    rows = said.split() if rng.random() < 0.7 else [said]
    style = Style(relief=False, face=sample_face(rng, relief=False))
    middle += rng.normal(0, 0.15) * height - 0.6 * size * (len(rows) - 1)
    lines = []
    for i, row in enumerate(rows):
        line = set_line(rng, "other", row, style, height=size, left=0.0, middle=middle + 1.2 * size * i)
        lines.append(shifted(line, near if way > 0 else near - float(line.middles[-1, 0] + size * 0.5)))
    return lines


def shifted(line: Line, x: float) -> Line:
    """``line`` moved right by ``x``."""
    return replace(line, middles=line.middles + np.array((x, 0), np.float32))


def _printed(rng: Rng) -> list[Line]:
    lines = _headline(rng)
    style = sample_style(rng, relief=False)
    low = rng.random() < 0.25
    middle = rng.uniform(36, 48) if low else rng.uniform(22, 36)
    height = rng.uniform(2.4, 3.4) if rng.random() < 0.35 else rng.uniform(3.4, 5.2)
    text, left, longest = number(rng), rng.uniform(3, 14), rng.uniform(60, 81)
    lines.append(set_line(rng, "number", text, style, height=height, left=left, middle=middle, longest=longest))
    if rng.random() < 0.3:  # a branch's or an account's number
        text, left = digits(rng, int(rng.integers(3, 9))), rng.uniform(3, 60)
        lines.append(_small(rng, text, left, middle + rng.uniform(3.5, 7)))
    above = low and rng.random() < 0.5  # the rest goes away from the number, up or down
    middle = middle - rng.uniform(6, 9) if above else middle + rng.uniform(5, 9)
    ink = style.ink if rng.random() < 0.6 else sample_ink(rng, relief=False)
    face = style.face if rng.random() < 0.5 else sample_face(rng, relief=False)
    second = Style(relief=False, face=face, ink=ink)
    if rng.random() < 0.6 and middle < 51:
        lines += _dates(rng, second, height=rng.uniform(1.8, 3.4), left=rng.uniform(5, 60), middle=middle)
    middle += -rng.uniform(4, 7) if above else rng.uniform(4, 7)
    if rng.random() < 0.5 and middle < 51:
        text, height, left = words.name(rng), rng.uniform(1.8, 3.2), rng.uniform(3, 10)
        lines.append(set_line(rng, "holder", text, second, height=height, left=left, middle=middle, longest=60))
    return lines


def _upright(rng: Rng) -> list[Line]:
    """A card held like a telephone; the number on one line, or on four."""
    style = sample_style(rng, relief=bool(rng.random() < 0.25))
    text, left, middle = words.name(rng), rng.uniform(3, 20), rng.uniform(4, 9)
    lines = [_small(rng, text, left, middle, low=2, high=4)]
    text = number(rng, 16)
    middle = rng.uniform(40, 66)
    if rng.random() < 0.4:
        height, left = rng.uniform(3.0, 4.4), rng.uniform(4, 26)
        for i, part in enumerate(text.split()):
            below = middle + (i - 2) * height * 1.5
            room = HEIGHT - 2 - left
            lines.append(set_line(rng, "number", part, style, height=height, left=left, middle=below, longest=room))
    else:
        height, left, longest = rng.uniform(2.4, 3.6), rng.uniform(2.5, 6), HEIGHT - 6
        lines.append(set_line(rng, "number", text, style, height=height, left=left, middle=middle, longest=longest))
    height, left, below = rng.uniform(2, 2.8), rng.uniform(4, 28), middle + rng.uniform(12, 15)
    lines += _dates(rng, style, height=height, left=left, middle=below, longest=HEIGHT - 2 - left)
    if rng.random() < 0.6:
        text, height, left = words.name(rng), rng.uniform(2, 2.8), rng.uniform(3, 8)
        below = min(83.0, middle + rng.uniform(16, 20))
        lines.append(
            set_line(rng, "holder", text, style, height=height, left=left, middle=below, longest=HEIGHT - 2 - left)
        )
    return lines


def _behind(rng: Rng) -> list[Line]:
    """A card's back: small print, and often the number."""
    lines = [
        _small(rng, words.label(rng), rng.uniform(3, 55), rng.uniform(18, 52)) for _ in range(int(rng.integers(2, 7)))
    ]
    if rng.random() < 0.6:
        style = sample_style(rng, relief=False)
        middle = rng.uniform(32, 44)
        text, height, left = number(rng), rng.uniform(2.4, 4), rng.uniform(3, 12)
        lines.append(set_line(rng, "number", text, style, height=height, left=left, middle=middle, longest=70))
        lines += _dates(rng, style, height=rng.uniform(1.8, 2.8), left=rng.uniform(5, 40), middle=middle + 6)
    return lines
