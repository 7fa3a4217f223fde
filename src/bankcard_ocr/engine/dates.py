"""The dates on a card, each read with certainty or not told: until when it is valid, and since when.

Quads are in pixels of the picture that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ..numbers import expiry
from ..vision import quad as quads
from ..vision import recognize
from ..vision.locate import Detection
from ..vision.quad import Quad
from ..vision.recognize import Character, Line

SURE = 0.85  # the least probability of a date that is told
MOST = 6  # located dates that are looked at
# Where the date is on a line that was located with the date's caption, or half: left, top, right, bottom of quads.part
PARTS = ((0.35, 0, 1.05, 1), (0.3, 0.2, 1.1, 1.1), (0, 0.3, 1, 1.3), (0.15, 0, 0.95, 1), (-0.05, 0, 0.65, 1))
IN_PARTS = 2  # lines, the likeliest, that are looked at so
ENDS = 0.45  # of a date's height, by which it is framed longer when it is read
CLOSE = 0.1  # of its height, by which the place of a date is told longer: what stands behind it may be a security code
BESIDE = 1.2  # of a date's length, on either side: there the other date is, where a card has two on one line

# Where the caption of a date is: the lower of two lines before it, one line there, one above it
CAPTIONS = ((-0.75, 0.4, -0.02, 1.1), (-1.2, 0.0, -0.02, 0.8), (-0.1, -0.7, 1.1, 0.0))
BEGINNINGS = ("FROM", "SINCE", "ISSUE", "START")
SHAPES = ("00/00", "00/0000", "00/00/00")
WITH_CENTURY = len(SHAPES[1])
EVEN = 1.5  # times, that digits of one year may be farther apart than others
ALIKE = 1.8  # times, that the digits of a month may be farther apart than those of its year
NO_DIGIT = 0.9  # of the chance that a sign is none of the digits belongs to a slash, where a date has one
SLANTED = 0.85
CLEAR = 0.7  # the mean probability of characters that are surely there
YEARS = range(1990, 2050)  # others are misread: cards are valid for twenty years at most

ReadLine = Callable[[Quad], Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """A month, the probability that it is right, and where it stands; without a month, that none is there.

    ``read`` is the quad under which it was read, with something around it.
    """

    month: expiry.Month | None
    probability: float
    quad: Quad
    read: Quad

    @property
    def text(self) -> str:
        """The month as MM/YY; empty where none is there."""
        return str(self.month or "")


def dates(detections: Sequence[Detection], read: ReadLine) -> list[Date]:
    """The dates on the card as MM/YY, the earliest first; each once, and one for each place.

    A line whose date is not sure is looked at in parts, and what stands beside a sure one is looked at, too.
    """
    spots: list[Date] = []
    located = [detection for detection in detections if detection.kind == "expiry"]
    for rank, detection in enumerate(located[:MOST]):
        outer = quads.grow(detection.quad, 0.08, 0.3)
        found = _looked(outer, read)
        if rank < IN_PARTS and all(spot.probability < SURE for spot in found):
            for edges in PARTS:
                found += _looked(quads.part(outer, *edges), read)
        spots += found
    for spot in _certain(spots):
        spots += _looked(quads.grow(spot.read, BESIDE, 0.15), read)
    told = [(spot.month, spot) for spot in _certain(spots) if spot.month]
    return [spot for _, spot in sorted(told, key=itemgetter(0))]


def is_of_the_beginning(date: Date, spell: Callable[[Quad], str]) -> bool:
    """Whether the caption of ``date``, which ``spell`` reads, says that the card is valid from then on."""
    captions = (spell(quads.part(date.quad, *place)) for place in CAPTIONS)
    return any(word in caption for caption in captions for word in BEGINNINGS)


def _looked(outer: Quad, read: ReadLine) -> list[Date]:
    """The dates under ``outer``, read with what stands around each (captions look like digits), then each alone."""
    line = read(outer)
    found: list[Date] = []
    for first in _spots(line)[:2]:
        alone = replace(line, characters=first.characters)
        closer = recognize.framed(alone, outer, spare=0.0, ends=ENDS)
        quad = recognize.framed(alone, outer, spare=0.0, loose=CLOSE, ends=CLOSE)
        if closer is not None and quad is not None:
            again = _spots(read(closer), alone=True)[:1] if first.month else []
            seen = [first, *again] if not first.month or (again and again[0].month == first.month) else again
            found += [Date(month=spot.month, probability=spot.probability, quad=quad, read=closer) for spot in seen]
    return found


def _certain(spots: Sequence[Date]) -> list[Date]:
    """The sure ones of ``spots``, the surest first: each date once, and one for each place."""
    kept: list[Date] = []
    for spot in sorted(_pooled(spots), key=lambda spot: -spot.probability):
        known = any(spot.month == one.month or _one_place(spot.read, one.read) for one in kept)
        if spot.month and spot.probability >= SURE and not known:
            kept.append(spot)
    return kept


def _pooled(spots: Sequence[Date]) -> list[Date]:
    """``spots`` as sure as the surest look at their places, less what other looks there say.

    Looks that agree are no independent witnesses: they look at the same pixels.
    """
    pooled = []
    for spot in spots:
        here = [other for other in spots if _one_place(other.read, spot.read)]
        seen = max((other.probability for other in here if other.month == spot.month), default=spot.probability)
        doubt = max((other.probability for other in here if other.month != spot.month), default=0.0)
        pooled.append(replace(spot, probability=seen**2 / (seen + doubt) if seen else 0.0))
    return pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """A date among the characters of a line, without a month when it is no card's, and those it is made of."""

    month: expiry.Month | None
    probability: float
    characters: tuple[Character, ...]


def _spots(line: Line, *, alone: bool = False) -> list[_Spot]:
    """The dates that a line's characters may hold, the likeliest first, none sharing characters with a likelier one.

    ``alone``: the line was framed to a date, so that a raised stroke which looks like a 7 or a 1 is rather its slash.
    """
    rows = recognize.chances(line)
    slash = line.alphabet.index("/")
    found: list[tuple[int, int, _Spot]] = []
    for shape in SHAPES:
        for start in range(len(rows) - len(shape) + 1):
            likeness = SLANTED if alone and len(rows) == len(shape) else 0.0
            text, probability = _spelled(rows[start : start + len(shape)], shape, line.alphabet, likeness)
            month = expiry.parse(text)
            is_date = month is not None and month.year in YEARS
            stop = start + len(shape)
            has_century = len(shape) == WITH_CENTURY
            if has_century and not _even(recognize.steps(line.characters[stop - 4 : stop]), EVEN):
                continue  # a year of two digits, and what stands beside it
            pairs = [line.characters[place : place + 2] for place in range(start, stop - 1, 3)]
            if not _even([pair[1].x - pair[0].x for pair in pairs], ALIKE):
                continue  # letters of a longer text
            is_part = any(0 <= beside < len(rows) and rows[beside, slash] > 0.5 for beside in (start - 1, stop))
            is_part |= text.endswith("/20") and _goes_on(line.characters[stop - 2 : stop + 1])
            if is_date or (month is not None and has_century):
                # 12/2074 is misread, and no reason to tell 12/20; 06/15/29 is another month's date than 06/15
                told = month if is_date and not is_part else None
                spot = _Spot(month=told, probability=probability, characters=line.characters[start:stop])
                found.append((start, stop, spot))
    kept: list[tuple[int, int, _Spot]] = []
    for start, stop, spot in sorted(found, key=_rank, reverse=True):
        if not any(start < end and begin < stop for begin, end, _ in kept):
            kept.append((start, stop, spot))
    return [spot for _, _, spot in kept]


def _even(steps: Sequence[float], most: float) -> bool:
    """Whether no step is ``most`` times another."""
    return max(steps) < most * min(steps)


def _goes_on(digits: Sequence[Character]) -> bool:
    """Whether a third digit follows the two of a year as they follow one another, so that they are a century."""
    return len(digits) > 2 and digits[2].text.isdigit() and _even(recognize.steps(digits), EVEN)


def _rank(found: tuple[int, int, _Spot]) -> tuple[bool, int, float]:
    """Of dates whose characters are clear the longest comes first: 12/20 is a part of 12/2027."""
    start, stop, spot = found
    clear = spot.probability ** (1 / (stop - start)) >= CLEAR
    return clear, stop - start if clear else 0, spot.probability


def _spelled(rows: NDArray[np.float32], shape: str, alphabet: str, likeness: float) -> tuple[str, float]:
    """The likeliest text of ``shape`` (``0`` is any digit) that ``rows`` may say, and its probability.

    ``likeness`` is how much of the chances of 7 and 1 belongs to a slash.
    """
    text, probability = "", 1.0
    for row, wanted in zip(rows, shape, strict=True):
        columns = [alphabet.index(char) for char in ("0123456789" if wanted == "0" else wanted)]
        best = columns[int(row[columns].argmax())]
        text += alphabet[best]
        chance = float(row[best])
        if wanted == "/":
            chance += NO_DIGIT * float(row[alphabet.index(recognize.HIDDEN)])
            chance += likeness * float(row[alphabet.index("7")] + row[alphabet.index("1")])
        probability *= chance
    return text, probability


def _one_place(first: Quad, second: Quad) -> bool:
    """Whether the middle of one lies within half a width and a height of the middle of the other."""
    long, high = quads.sides(first)
    return float(np.linalg.norm(first.mean(0) - second.mean(0))) < max(0.5 * long, high)
