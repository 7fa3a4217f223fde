"""Regions of a picture that were looked at for the number, and what each says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from ..errors import NumberUnreadable
from ..lazy import cached_property
from ..reading import Candidate
from ..vision import quad as quads
from ..vision import recognize
from ..vision.recognize import Character, Line
from . import issued, judge, layout

CLEAR = 0.9  # the confidence without the prior of what is told to be no card's number
CLOSE = 0.05  # heights around characters that the place of a number is told with (docs/LOG.md)
SOME = 0.02  # the confidence of a region that may say a number; below it is not known which of two does
DATE = 5  # characters of a date, its slash among them
CORNERS = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))  # of a box, from its middle


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """One region: its views, the quad of the last one in pixels of the decoded picture, and the candidates.

    ``strips`` is how many strips of a number's line were read for it, which is what it cost but for small ones.
    ``is_cut``: it was doubted as the picture ends beside it.
    """

    views: tuple[Line, ...]
    quad: quads.Quad
    candidates: tuple[Candidate, ...]
    score: float
    strips: int = 1
    is_cut: bool = False

    @property
    def confidence(self) -> float:
        return self.candidates[0].confidence if self.candidates else 0.0

    @property
    def number(self) -> str:
        """What its best candidate is; empty where there is none."""
        return self.candidates[0].number if self.candidates else ""

    @property
    def evidence(self) -> tuple[float, int]:
        """What regions are ranked by: the confidence, where it is any, then the digits that are seen, but of dates."""
        seen = [char.text for char in self.characters if char.text != recognize.HIDDEN]
        return (self.confidence if self.confidence >= SOME else 0.0), len(seen) - DATE * seen.count("/")

    @property
    def is_unlike(self) -> bool:
        """Whether what stands there is clear, and no card's number or a part of one."""
        seen = judge.ranked(self.views, prior=False)
        is_clear = bool(seen) and seen[0].confidence >= CLEAR
        return is_clear and judge.is_unlike_numbers(seen[0].number, self.views)

    def doubted(self, nats: float) -> Region:
        """Itself with odds that are e**nats smaller."""
        return replace(self, candidates=judge.doubted(self.candidates, nats))

    def refused(self) -> Region:
        """Itself with candidates that are not to be told, however clear the pixels are."""
        return replace(self, candidates=judge.refused(self.candidates))

    def refusal(self) -> NumberUnreadable:
        """Why its number is not told."""
        return NumberUnreadable(
            digits=self.doubtful, confidence=self.confidence, is_cut=self.is_cut, is_unlike=self.is_unlike
        )

    def is_whole(self, count: int) -> bool:
        """Whether the last view shows ``count`` digits, none hidden or lacking, and the picture goes on beside them."""
        seen = [char.text for char in self.characters]
        return len(seen) == count and "".join(seen).isdigit() and not self.is_cut and not layout.lacks_one(self.line)

    @property
    def line(self) -> Line:
        """The last view."""
        return self.views[-1]

    @property
    def characters(self) -> tuple[Character, ...]:
        """The characters of the last view."""
        return self.line.characters

    @cached_property
    def text_quad(self) -> quads.Quad:
        """The quad closely around the characters of the last view; around all that was looked at where few are seen."""
        close = recognize.framed(self.line, self.quad, loose=CLOSE, ends=CLOSE, spare=0.0)
        return self.quad if close is None else close

    @property
    def doubtful(self) -> tuple[int, ...]:
        """The 1-based places of digits that the last view is unsure of, or did not see where one must be."""
        unseen = layout.unseen_index(self.line)
        gone = len(self.characters) if unseen is None else unseen
        seen = enumerate(self.characters)
        found = {i + (i >= gone) for i, char in seen if char.probability < 0.9 or char.text == recognize.HIDDEN}
        return tuple(sorted(i + 1 for i in (found if unseen is None else found | {unseen})))

    def digits(self, number: str) -> list[quads.Quad]:
        """A quad for each digit of the last view, in the picture's pixels; none when it has not as many of them."""
        if len(self.characters) != len(number):
            return []
        where = np.array([(c.x, c.y, c.width, c.height) for c in self.characters], np.float32)
        corners = where[:, None, :2] + where[:, None, 2:] * np.array(CORNERS, np.float32)
        return list(recognize.in_picture(corners, self.quad, self.line))

    def certain_digits(self, number: str) -> list[quads.Quad]:
        """These quads, when the last view read ``number`` and saw each digit in its own place; else none."""
        seen = self.characters
        if "".join(char.text for char in seen) != number or min(char.probability for char in seen) < 0.8:
            return []
        x, y = [char.x for char in seen], [char.y for char in seen]
        steps = recognize.steps(seen)
        pitch, high = median(steps), median([char.height for char in seen])
        slope, offset = recognize.straight(x, y)
        off = max(abs(b - slope * a - offset) for a, b in zip(x, y, strict=True))
        even = min(steps) > 0.6 * pitch and max(steps) < 3.5 * pitch and off < 0.3 * high
        return self.digits(number) if even else []

    def certainties(self, number: str) -> tuple[float, ...]:
        """How surely the last view shows each digit of ``number``; none when it has another count of characters."""
        seen = self.characters
        if len(seen) != len(number):
            return ()
        told = zip(seen, number, strict=True)
        return tuple([c.probability if c.text == digit else 1 - c.probability for c, digit in told])


def doubted_parts(regions: Sequence[Region]) -> list[Region]:
    """``regions``, those doubted whose number another shows as a part of a longer one, unless it is proven."""
    return [_doubted_part(region, regions) for region in regions]


def _doubted_part(region: Region, regions: Sequence[Region]) -> Region:
    if not region.number or issued.is_surely_whole(region.number):
        return region
    is_part = any(layout.shows_more_than(other.line, region.number) for other in regions)
    return region.refused() if is_part else region
