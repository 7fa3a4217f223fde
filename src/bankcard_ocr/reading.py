"""What a picture said: frozen values, whose ``repr`` masks every card number.

Coordinates are pixels (x, y) of the picture as sent, after its EXIF orientation; origin top-left, pixel centres.
Quads are four points TL, TR, BR, BL *of the text*, so a quad also says which way the text reads.
Confidences are calibrated probabilities in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from .numbers import pan

Returned = Literal["card", "number", "redacted"]
RETURNED: tuple[Returned, ...] = get_args(Returned)
Quad = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one picture is to be read.

    ``type``: ``photo`` (a card with background, any rotation) or ``scan`` (the picture is the card, upright).
    ``threshold``: a number is returned when its confidence is at least this; None takes the model's own.
    ``prior``: weigh candidates by Luhn and the lengths of their IIN; off, only what is seen counts.
    ``detail``: read what else the card says (its dates), which costs a few milliseconds more.
    ``returns``: pictures to give back, out of ``card`` (rectified), ``number`` (the line) and ``redacted`` (the card
    without the middle digits, the holder and any other text).
    """

    type: Literal["photo", "scan"] = "photo"
    threshold: float | None = None
    prior: bool = True
    detail: bool = False
    returns: frozenset[Returned] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Candidate:
    """One possible number and the probability that it is the card's."""

    number: str
    confidence: float

    def __repr__(self) -> str:
        return f"Candidate(number={pan.mask(self.number)!r}, confidence={self.confidence:.4f})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Field:
    """A text on the card, where it stands, and the probability that it is right."""

    text: str
    confidence: float
    quad: Quad | None = None

    def __repr__(self) -> str:
        return f"Field(confidence={self.confidence:.4f}, quad={self.quad})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reading:
    """A card number read with certainty, and what else the picture said.

    ``number`` has digits only. ``candidates`` are ranked, the first is ``number``. ``digit_quads`` has one quad for
    each digit, ``digit_confidences`` how surely the last look showed it. ``valid_date`` and ``issue_date`` are
    ``MM/YY``, None unless asked for and read with certainty.
    ``pictures`` maps what ``returns`` asked for to JPEG bytes; what cannot be cut out is not in it.
    ``size`` is the picture's (width, height). ``timings_ms`` maps each stage to its milliseconds.
    """

    number: str
    confidence: float
    candidates: tuple[Candidate, ...]
    size: tuple[int, int]
    number_quad: Quad
    digit_quads: tuple[Quad, ...] = ()
    digit_confidences: tuple[float, ...] = ()
    card_quad: Quad | None = None
    valid_date: Field | None = None
    issue_date: Field | None = None
    pictures: Mapping[Returned, bytes] = field(default_factory=dict)
    timings_ms: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Reading(number={pan.mask(self.number)!r}, confidence={self.confidence:.4f}, size={self.size})"
