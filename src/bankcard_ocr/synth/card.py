"""A card as data: which texts stand where, in which face and ink. Sampling only; render.py draws.

Places are millimetres on the card, x right and y down from the top-left corner; a card is 85.6 x 53.98 mm
(ISO/IEC 7810, ID-1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..numbers import luhn
from . import glyphs
from .ink import Ink
from .ink import sample as sample_ink

WIDTH, HEIGHT = 85.6, 53.98
PITCH = 3.63  # of embossed digits, ISO 7811-1
Kind = Literal["number", "expiry", "issue", "holder", "other"]
Rng = np.random.Generator

# Digits between gaps, as real cards print them; the first of a length are the common ones.
GROUPS: dict[int, tuple[tuple[int, ...], ...]] = {
    12: ((4, 4, 4), (12,)),
    13: ((4, 3, 3, 3), (4, 4, 5), (13,)),
    14: ((4, 6, 4), (14,)),
    15: ((4, 6, 5), (4, 6, 5), (5, 5, 5), (15,)),
    16: ((4, 4, 4, 4), (4, 4, 4, 4), (4, 4, 4, 4), (4, 4, 4, 4), (6, 10), (8, 8), (16,)),
    17: ((6, 11), (4, 4, 4, 5), (4, 4, 4, 4, 1), (17,)),
    18: ((6, 12), (6, 6, 6), (4, 4, 4, 6), (18,)),
    19: ((6, 13), (6, 13), (4, 4, 4, 4, 3), (4, 4, 4, 4, 3), (5, 4, 5, 5), (6, 3, 3, 7), (4, 4, 4, 7), (19,)),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One text on the card. ``middles`` float32 (N, 2): the middle of each character, spaces included."""

    kind: Kind
    text: str
    face: glyphs.Face
    ink: Ink
    height: float
    middles: NDArray[np.float32]


def digits(rng: Rng, length: int) -> str:
    """Digits a net should see, not guess: uniform, or with long repeats as specimens have them."""
    kind = rng.random()
    if kind < 0.62:
        return "".join(str(d) for d in rng.integers(0, 10, length))
    if kind < 0.88:  # runs
        out = ""
        while len(out) < length:
            out += str(int(rng.integers(10))) * int(rng.choice([1, 1, 1, 2, 3, 4, 8]))
        return out[:length]
    few = rng.integers(0, 10, int(rng.integers(1, 4)))
    return "".join(str(d) for d in rng.choice(few, length))


def number(rng: Rng, length: int | None = None) -> str:
    """A number grouped by spaces; half of them with the check digit right."""
    size = length or int(rng.choice([16, 19, 15, 17, 18, 13, 14, 12], p=(0.5, 0.3, 0.07, 0.05, 0.04, 0.02, 0.01, 0.01)))
    value = digits(rng, size)
    if rng.random() < 0.5:
        value = value[:-1] + luhn.check_digit(value[:-1])
    layouts = GROUPS[size]
    sizes = layouts[int(rng.integers(len(layouts)))]
    starts = np.cumsum((0, *sizes))
    return " ".join(value[a:b] for a, b in zip(starts[:-1], starts[1:], strict=True))


def sample_face(rng: Rng, *, relief: bool) -> glyphs.Face:
    """A face for digits: the embossers' for raised ones (OCR faces now and then), any print face for flat ones."""
    files = glyphs.fonts()
    if relief and rng.random() < 0.9 or not files or rng.random() < 0.12:
        return glyphs.Face(
            aspect=glyphs.ASPECT * rng.uniform(0.82, 1.2), stroke=rng.uniform(0.085, 0.18), corner=rng.uniform(0.06, 0.33),
            shape=int(rng.integers(12)), slant=float(rng.normal(0, 0.02)),
        )  # fmt: skip
    wanted = ("OCR", "B612Mono", "Mono", "Jura") if relief else ("Serif-Bold", "Tinos-Bold", "Sans-Bold", "Arimo-Bold")
    chosen = [file for file in files if any(word in file for word in wanted)] if rng.random() < 0.45 else []
    pool = chosen or files
    return glyphs.Face(font=pool[int(rng.integers(len(pool)))], slant=float(rng.uniform(0, 0.3)) if rng.random() < 0.08 else 0.0)


def set_line(
    rng: Rng, kind: Kind, text: str, *, relief: bool, height: float, left: float, middle: float,
    face: glyphs.Face | None = None, ink: Ink | None = None, longest: float = WIDTH - 4.0,
) -> Line:  # fmt: skip
    """``text`` set from ``left`` along ``middle``, condensed where it would be longer than ``longest``."""
    face = face or sample_face(rng, relief=relief)
    ink = ink or sample_ink(rng, relief=relief)
    longest = min(longest, WIDTH - 1.5 - left) if longest > HEIGHT else longest
    natural = np.array(glyphs.advances(text, face, height), np.float32)
    spaces = np.array([char == " " for char in text])
    if relief or rng.random() < 0.2:  # one pitch for all
        pitch = PITCH * height / 4.33 * rng.uniform(0.9, 1.12) if relief else float(natural.max()) * rng.uniform(1.0, 1.5)
        steps = np.where(spaces, pitch * rng.uniform(0.4, 1.25), pitch).astype(np.float32)
    else:
        tracking = float(rng.normal(0.03, 0.05) if rng.random() < 0.8 else rng.uniform(0.1, 0.6)) * height
        steps = natural + np.where(spaces, rng.uniform(-0.2, 0.9) * height, max(tracking, -0.04 * height)).astype(np.float32)
    squeeze = min(1.0, longest / float(steps.sum()))
    steps, height = steps * squeeze, height * max(squeeze, 0.8)
    x = left + np.cumsum(steps) - steps / 2
    jitter = rng.normal(0, 0.012 * height, len(text)) if relief else np.zeros(len(text))
    middles = np.stack([x, middle + jitter], 1).astype(np.float32)
    return Line(kind=kind, text=text, face=face, ink=ink, height=height, middles=middles)


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


def sample(rng: Rng, *, words: "Words") -> Card:
    """A card at random: embossed, printed, upright, its back, and now and then without a number."""
    kind = rng.random()
    seed = int(rng.integers(2**31))
    if kind < 0.5:
        lines = _embossed(rng, words)
    elif kind < 0.86:
        lines = _printed(rng, words)
    elif kind < 0.93:
        return Card(
            seed=seed, size=(HEIGHT, WIDTH), lines=tuple(_upright(rng, words)), back=False,
            chip=(rng.uniform(15, 28), rng.uniform(14, 40)) if rng.random() < 0.7 else None,
            marks=((rng.uniform(2, 36), rng.uniform(2, 74)),),
        )  # fmt: skip
    else:
        lines = _behind(rng, words)
        return Card(seed=seed, size=(WIDTH, HEIGHT), lines=tuple(lines), chip=None, marks=(), back=True)
    if rng.random() < 0.07:  # no number in view
        lines = [line for line in lines if line.kind != "number"]
    marks = [(rng.uniform(62, 72), rng.uniform(34, 44))] if rng.random() < 0.75 else []
    marks += [(rng.uniform(2, 70), rng.uniform(2, 12))] if rng.random() < 0.5 else []
    chip = (rng.uniform(7, 13), rng.uniform(24, 30)) if rng.random() < 0.7 else None
    return Card(seed=seed, size=(WIDTH, HEIGHT), lines=tuple(lines), chip=chip, marks=tuple(marks))


@dataclass(frozen=True, slots=True)
class Words:
    """Makers of the texts beside the number, each a function of the generator."""

    date: Callable[[Rng], str]
    name: Callable[[Rng], str]
    label: Callable[[Rng], str]


def _print_small(rng: Rng, text: str, left: float, middle: float, kind: Kind = "other", high: float = 0.0) -> Line:
    return set_line(rng, kind, text, relief=False, height=high or rng.uniform(1.0, 2.0), left=left, middle=middle)


def _headline(rng: Rng, words: Words) -> list[Line]:
    """The bank's name, in Chinese or Latin letters, and its small companions."""
    lines = []
    han = glyphs.fonts("han")
    if han and rng.random() < 0.6:
        text = "".join(chr(int(rng.integers(0x4E00, 0x9FA0))) for _ in range(int(rng.integers(3, 8))))
        face = glyphs.Face(font=han[int(rng.integers(len(han)))])
        lines.append(set_line(rng, "other", text, relief=False, height=rng.uniform(2.5, 5), left=rng.uniform(3, 40), middle=rng.uniform(5, 10), face=face))
    elif rng.random() < 0.7:
        lines.append(set_line(rng, "other", words.name(rng), relief=False, height=rng.uniform(2.5, 5), left=rng.uniform(3, 40), middle=rng.uniform(5, 10)))
    for _ in range(int(rng.integers(0, 4))):
        lines.append(_print_small(rng, words.label(rng), rng.uniform(3, 60), float(rng.choice([rng.uniform(9, 20), rng.uniform(36, 52)]))))
    return lines


def _embossed(rng: Rng, words: Words) -> list[Line]:
    lines = _headline(rng, words)
    ink = sample_ink(rng, relief=True)
    face = sample_face(rng, relief=True)
    middle = rng.uniform(28.5, 34.5)
    text = number(rng)
    lines.append(set_line(rng, "number", text, relief=True, height=rng.uniform(3.8, 4.5), left=rng.uniform(3.5, 10), middle=middle, face=face, ink=ink))
    if rng.random() < 0.5:
        lines.append(_print_small(rng, text[:4], rng.uniform(6, 11), middle + rng.uniform(3, 4.5)))
    small = rng.uniform(2.6, 3.1)
    y = middle + rng.uniform(6.5, 10)
    second = ink if rng.random() < 0.85 else sample_ink(rng, relief=True)
    if rng.random() < 0.85:
        left = rng.uniform(18, 45)
        if rng.random() < 0.6:
            lines.append(_print_small(rng, words.label(rng), left + rng.uniform(-8, 2), y - rng.uniform(1.5, 3), high=rng.uniform(0.9, 1.4)))
        if rng.random() < 0.2:
            lines.append(set_line(rng, "issue", words.date(rng), relief=True, height=small, left=left - rng.uniform(16, 20), middle=y, face=face, ink=second))
        lines.append(set_line(rng, "expiry", words.date(rng), relief=True, height=small, left=left, middle=y, face=face, ink=second))
    if rng.random() < 0.75:
        y += rng.uniform(4.5, 6.5)
        lines.append(set_line(rng, "holder", words.name(rng), relief=True, height=small, left=rng.uniform(3.5, 9), middle=min(y, 50), face=face, ink=second, longest=58))
    return lines


def _printed(rng: Rng, words: Words) -> list[Line]:
    lines = _headline(rng, words)
    ink = sample_ink(rng, relief=False)
    face = sample_face(rng, relief=False)
    low = rng.random() < 0.25
    middle = rng.uniform(36, 48) if low else rng.uniform(22, 36)
    height = float(rng.uniform(2.4, 3.4) if rng.random() < 0.35 else rng.uniform(3.4, 5.2))
    text = number(rng)
    lines.append(set_line(rng, "number", text, relief=False, height=height, left=rng.uniform(3, 14), middle=middle, face=face, ink=ink, longest=rng.uniform(60, 81)))
    if rng.random() < 0.3:
        lines.append(_print_small(rng, digits(rng, int(rng.integers(3, 9))), rng.uniform(3, 60), middle + rng.uniform(3.5, 7)))
    y = middle - rng.uniform(6, 9) if low and rng.random() < 0.5 else middle + rng.uniform(5, 9)
    other = ink if rng.random() < 0.6 else sample_ink(rng, relief=False)
    other_face = face if rng.random() < 0.5 else sample_face(rng, relief=False)
    if rng.random() < 0.6 and y < 51:
        left = rng.uniform(5, 50)
        if rng.random() < 0.4:
            lines.append(_print_small(rng, words.label(rng), left - rng.uniform(8, 16), y, high=rng.uniform(0.9, 1.6)))
        lines.append(set_line(rng, "expiry", words.date(rng), relief=False, height=rng.uniform(1.8, 3.4), left=left, middle=y, face=other_face, ink=other))
    y += rng.uniform(4, 7)
    if rng.random() < 0.5 and y < 51:
        lines.append(set_line(rng, "holder", words.name(rng), relief=False, height=rng.uniform(1.8, 3.2), left=rng.uniform(3, 10), middle=y, face=other_face, ink=other, longest=60))
    return lines


def _upright(rng: Rng, words: Words) -> list[Line]:
    """A card held like a telephone; the number on one line, or on four."""
    relief = bool(rng.random() < 0.25)
    ink, face = sample_ink(rng, relief=relief), sample_face(rng, relief=relief)
    lines: list[Line] = [_print_small(rng, words.name(rng), rng.uniform(3, 20), rng.uniform(4, 9), high=rng.uniform(2, 4))]
    text = number(rng, 16)
    y = rng.uniform(40, 66)
    if rng.random() < 0.4:
        height = rng.uniform(3.0, 4.4)
        left = rng.uniform(4, 26)
        for i, part in enumerate(text.split()):
            lines.append(set_line(rng, "number", part, relief=relief, height=height, left=left, middle=y + (i - 2) * height * 1.5, face=face, ink=ink))
    else:
        lines.append(set_line(rng, "number", text, relief=relief, height=rng.uniform(2.4, 3.6), left=rng.uniform(2.5, 6), middle=y, face=face, ink=ink, longest=HEIGHT - 6))
    lines.append(set_line(rng, "expiry", words.date(rng), relief=relief, height=rng.uniform(2, 2.8), left=rng.uniform(4, 28), middle=y + rng.uniform(12, 15), ink=ink, face=face))
    if rng.random() < 0.6:
        lines.append(set_line(rng, "holder", words.name(rng), relief=relief, height=rng.uniform(2, 2.8), left=rng.uniform(3, 8), middle=min(83.0, y + rng.uniform(16, 20)), ink=ink, face=face, longest=46))
    return lines


def _behind(rng: Rng, words: Words) -> list[Line]:
    lines = [_print_small(rng, words.label(rng), rng.uniform(3, 55), rng.uniform(18, 52)) for _ in range(int(rng.integers(2, 7)))]
    if rng.random() < 0.6:
        ink, face = sample_ink(rng, relief=False), sample_face(rng, relief=False)
        y = rng.uniform(32, 44)
        lines.append(set_line(rng, "number", number(rng), relief=False, height=rng.uniform(2.4, 4), left=rng.uniform(3, 12), middle=y, face=face, ink=ink, longest=70))
        lines.append(set_line(rng, "expiry", words.date(rng), relief=False, height=rng.uniform(1.8, 2.8), left=rng.uniform(5, 40), middle=y + 6, face=face, ink=ink))
    return lines
