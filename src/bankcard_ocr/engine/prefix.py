"""The first four digits once more, as cards with a raised number print them small below it.

They are another witness for the digits that say who issued the card: other ink, another place, no relief. Where they
are read, a number that begins otherwise is doubted, and one that begins so is preferred. What else may stand there (a
date, a designer's 0123) is no witness: it is told by beginning unlike everything that was read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from ..vision import recognize
from ..vision.quad import Quad
from ..vision.recognize import HIDDEN, Line

DIGITS = 4
LEVELS = (1.0, 1.1, 1.2)  # how far below the number's middle the looks are, in heights of its digits
TALL = 0.75  # of such a height is seen in each
ENDS = (-0.7, 1.9)  # from the middle of the number's first digit, in pitches of its digits
CLEAR = 0.5  # the least probability of four digits that count as read
MISREAD_SHARE = 0.02  # of prints read surely, at most: one digit of them is wrong (none of 252, docs/LOG.md)
NEIGHBOURS = 36  # texts that differ from one of four digits in one
AGREEING = 0.1  # of the numbers that are not listed: they begin as the print says
OTHERWISE = 1e-4  # of the chance that the print is another text than the number's beginning, whichever it is


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prefix:
    """What is printed there: texts of four digits and their chances."""

    chances: dict[str, float]

    def nats(self, text: str) -> float:
        """How well the number ``text`` agrees with it, as a logarithm; hidden characters agree with any digit."""
        printed = max(self.chances, key=self.chances.__getitem__)
        agreeing = sum(chance for four, chance in self.chances.items() if _differing(four, text) == 0)
        is_near = _differing(printed, text) == 1
        misread = (MISREAD_SHARE + 1 - self.chances[printed]) / NEIGHBOURS if is_near else 0.0
        return math.log(agreeing + misread + OTHERWISE)

    def unlisted(self, best: str) -> float:
        """How well the numbers that no view lists agree with it on the whole, as a logarithm.

        ``best`` is the likeliest number that is listed. Where it differs from the print in one digit, which may have
        been misread, some of the others agree better.
        """
        printed = max(self.chances, key=self.chances.__getitem__)
        here = self.nats(best)
        if _differing(printed, best) != 1:
            return here
        return math.log(AGREEING * math.exp(self.nats(printed)) + (1 - AGREEING) * math.exp(here))


def _differing(four: str, text: str) -> int:
    """In how many of its digits ``four`` is not what ``text`` begins with; a digit that is hidden may be any."""
    return sum(b not in (a, HIDDEN) for a, b in zip(four, text.ljust(DIGITS), strict=False))


def looks(line: Line) -> list[Quad]:
    """Where to look for it below the number ``line``, in pixels of the line's strip."""
    characters = line.characters
    x, y = [char.x for char in characters], [char.y for char in characters]
    slope, offset = recognize.straight(x, y)
    high = median(char.height for char in characters)
    pitch = (x[DIGITS - 1] - x[0]) / (DIGITS - 1)
    left, right = (x[0] + end * pitch for end in ENDS)
    quads = []
    for level in LEVELS:
        top, bottom = offset + (level - TALL / 2) * high, offset + (level + TALL / 2) * high
        first, last = slope * left, slope * right
        corners = (left, first + top), (right, last + top), (right, last + bottom), (left, first + bottom)
        quads.append(np.array(corners, np.float32))
    return quads


def read(lines: Sequence[Line]) -> Prefix | None:
    """What ``lines``, the looks, say together; None when it is no four digits."""
    clear = [line for line in lines if _is_four(line.text) and line.texts[0][1] >= CLEAR]
    if not clear:
        return None
    chances: dict[str, float] = {}
    for line in clear:
        for text, chance in line.texts:
            if _is_four(text):
                chances[text] = chances.get(text, 0.0) + chance / len(clear)
    return Prefix(chances=chances)


def _is_four(text: str) -> bool:
    return len(text) == DIGITS and text.isdigit()
