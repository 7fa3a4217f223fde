"""What a picture said: frozen values, whose ``repr`` masks every card number.

Coordinates are pixels (x, y) of the picture as sent, after its EXIF orientation; origin top-left, pixel centres.
Quads are four points TL, TR, BR, BL *of the text*, so a quad also says which way the text reads.
Confidences are calibrated probabilities in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal, Protocol, get_args

from .numbers import pan

Bytes = bytes | bytearray | memoryview
MOST_PICTURES = 8  # of one card, that are read together
Type = Literal["photo", "scan"]
TYPES: tuple[Type, ...] = get_args(Type)
Returned = Literal["card", "number", "redacted"]
RETURNED: tuple[Returned, ...] = get_args(Returned)
Quad = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
CardWarning = Literal[
    "border_incomplete", "blurred", "glare", "occluded", "too_small", "photocopy", "screen",
    "expired", "luhn_failed", "unknown_iin", "several_cards", "not_upright",
]  # fmt: skip
WARNINGS: tuple[CardWarning, ...] = get_args(CardWarning)
THRESHOLD = 0.85  # the least confidence of a number that is returned, where nobody says another


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one picture is to be read.

    ``type``: ``photo`` (a card with background, any rotation) or ``scan`` (the picture is the card, upright).
    ``threshold``: a number is returned when its confidence is at least this; None takes the model's own.
    ``prior``: weigh candidates by Luhn and the lengths of their IIN, and names by how they are spelled; off, only what
    is seen counts.
    ``detail``: read what else the card says (dates, holder), every other card, and what to be warned of, which costs
    some milliseconds more.
    ``returns``: pictures to give back, out of ``card`` (rectified), ``number`` (the line) and ``redacted`` (the card
    without the middle digits, the holder and any other text).
    ``now``: the Unix time at which ``detail`` judges dates as past; None is the time of the reading.

    Raises ValueError for any other value.
    """

    type: Type = "photo"
    threshold: float | None = None
    prior: bool = True
    detail: bool = False
    returns: AbstractSet[Returned] = frozenset()
    now: float | None = None

    def __post_init__(self) -> None:
        """Freezes ``returns``, which may be a list or tuple, too. Raises ValueError for a value that means nothing."""
        if self.type not in TYPES:
            raise ValueError(f"type is {' or '.join(map(repr, TYPES))}, not {self.type!r}")
        threshold: object = self.threshold
        is_fit = threshold is None or (isinstance(threshold, Real) and 0 <= float(threshold) <= 1)
        if isinstance(threshold, bool) or not is_fit:
            raise ValueError(f"threshold is a probability from 0 to 1, or None for the model's own, not {threshold!r}")
        for name in ("prior", "detail"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} is True or False, not {getattr(self, name)!r}")  # noqa: TRY004
        now: object = self.now
        if isinstance(now, bool) or not isinstance(now, Real | None):
            raise ValueError(f"now is a Unix time in seconds, or None for the clock's, not {now!r}")  # noqa: TRY004
        given: Any = self.returns
        if not isinstance(given, AbstractSet | list | tuple) or any(each not in RETURNED for each in given):
            raise ValueError(f"returns is a set out of {', '.join(map(repr, RETURNED))}, not {given!r}")
        object.__setattr__(self, "returns", frozenset(given))

    @property
    def least_confidence(self) -> float:
        """The confidence from which on a number is returned."""
        return THRESHOLD if self.threshold is None else self.threshold

    @property
    def wants_more(self) -> bool:
        """Whether more than the number is asked for."""
        return self.detail or bool(self.returns)


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
class FoundCard:
    """One of the cards in a picture: its number, or why there is none (``refusal``, as an error's ``cause``).

    ``card_quad`` is None where a number stands without a card around it, ``number_quad`` where none was found.
    """

    number: str | None
    confidence: float
    refusal: str | None = None
    card_quad: Quad | None = None
    number_quad: Quad | None = None

    def __repr__(self) -> str:
        shown = pan.mask(self.number) if self.number else None
        return f"FoundCard(number={shown!r}, confidence={self.confidence:.4f}, refusal={self.refusal!r})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Seen:
    """Where everything stands on a picture and what there is to say of it, whether or not its number is told.

    ``size`` is the picture's (width, height). ``number_quad`` is the number's line, None where none was found;
    ``card_quad`` is on the card's edges with ``detail`` or ``returns``, else as coarse as the locator's.
    ``picture`` is which of several pictures all positions are of, from 0. ``timings_ms`` maps each stage to its
    milliseconds.

    With ``detail``: ``cards`` is every card in reading order, ``warnings`` are in the order of WARNINGS. ``pictures``
    maps what ``returns`` asked for to JPEG bytes; what cannot be cut out is not in it.
    """

    size: tuple[int, int]
    number_quad: Quad | None = None
    card_quad: Quad | None = None
    cards: tuple[FoundCard, ...] = ()
    warnings: tuple[CardWarning, ...] = ()
    pictures: Mapping[Returned, bytes] = field(default_factory=dict, hash=False)
    picture: int = 0
    timings_ms: dict[str, float] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return f"Seen(size={self.size}, warnings={self.warnings})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reading(Seen):
    """A card number read with certainty, and what else the picture said.

    ``number`` has digits only. ``candidates`` are ranked, the first is ``number``. ``digit_quads`` has one quad for
    each digit, ``digit_confidences`` how surely the last look showed it.

    With ``detail``: ``valid_date`` and ``issue_date`` are ``MM/YY``, ``holder_name`` Latin capitals, None when less
    probable than docs/http.md says; the card is among ``cards``.
    """

    number: str
    confidence: float
    candidates: tuple[Candidate, ...]
    number_quad: Quad
    digit_quads: tuple[Quad, ...] = ()
    digit_confidences: tuple[float, ...] = ()
    valid_date: Field | None = None
    issue_date: Field | None = None
    holder_name: Field | None = None

    def __repr__(self) -> str:
        return f"Reading(number={pan.mask(self.number)!r}, confidence={self.confidence:.4f}, size={self.size})"


class PictureReader(Protocol):
    """What reads pictures: :class:`bankcard_ocr.Reader`, or a stand-in."""

    def read(self, data: bytes, options: Options = ...) -> Reading:
        """The reading of the picture in ``data``. Raises PictureError or Refused."""
        ...

    def read_many(self, pictures: Sequence[bytes], options: Options = ...) -> Reading:
        """The reading of several pictures of one card. Raises PictureError or Refused."""
        ...
