"""What a card says beside its number: its dates and its holder, each read with certainty or not told.

Quads are in pixels of the picture that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .numbers import expiry, holder
from .vision import quad as quads
from .vision import recognize
from .vision.locate import Thing
from .vision.model import Model
from .vision.quad import Image, Quad
from .vision.recognize import Line

SURE_DATE = 0.8  # the least probability of a date that is told
SURE_NAME = 0.6  # the least probability of a name that is told
FAINT = 0.35  # things that score less are not looked at
MOST = 3  # things of a kind that are looked at

Reads = Callable[[Quad], Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A text, the probability that it is right, and where it stands."""

    text: str
    probability: float
    quad: Quad


def dates(things: Sequence[Thing], read: Reads) -> list[Found]:
    """The dates on the card as MM/YY, the earliest first; each once."""
    found: dict[expiry.Month, Found] = {}
    for thing in _likely(things, "expiry"):
        outer = quads.grow(thing.quad, 0.08, 0.3)
        line = read(outer)
        framed = recognize.framed(line, spare=0.8)
        if framed is not None:
            outer = back(framed, outer, line)
            line = read(outer)
        text, probability = line.texts[0]
        month = expiry.parse(text)
        if month and probability >= SURE_DATE:
            found[month] = Found(text=str(month), probability=probability, quad=outer)
    return [found[month] for month in sorted(found)]


def name(things: Sequence[Thing], pixels: Image, model: Model) -> Found | None:
    """The holder's name, the surest of the lines that may be one."""
    names = [_name(thing, pixels, model) for thing in _likely(things, "holder")]
    return max((one for one in names if one is not None), key=lambda one: one.probability, default=None)


def _name(thing: Thing, pixels: Image, model: Model) -> Found | None:
    """The name on a line: read, framed anew by where its characters stand, and read again."""
    outer = quads.grow(thing.quad, 0.03, 0.3)
    line = _natural(pixels, outer, model)
    framed = recognize.framed(line, spare=0.8)
    if framed is not None:
        outer = back(framed, outer, line)
        line = _natural(pixels, outer, model)
    if not line.texts:
        return None
    text, probability = line.texts[0]
    cleaned = holder.clean(text)
    if cleaned is None or recognize.HIDDEN in text or probability < SURE_NAME:
        return None
    return Found(text=cleaned, probability=probability, quad=outer)


def _natural(pixels: Image, quad: Quad, model: Model) -> Line:
    """A line read in its own proportions, as the reader of names is trained."""
    long, high = quads.sides(quad)
    width = int(np.clip(round(recognize.HEIGHT * long / max(high, 1.0) / 4) * 4, 64, recognize.LONG))
    return recognize.recognize(model, [recognize.strip(pixels, quad, width)])[0]


def back(framed: Quad, outer: Quad, line: Line) -> Quad:
    """Points of the strip of ``outer`` in the picture's pixels."""
    width = 4 * len(line.frames)
    return quads.project(framed, quads.homography(quads.rectangle(width, recognize.HEIGHT), outer))


def _likely(things: Sequence[Thing], kind: str) -> list[Thing]:
    return [thing for thing in things if thing.kind == kind and thing.score > FAINT][:MOST]
