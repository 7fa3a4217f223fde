"""The pictures that engines did not read right, and how a report shows one: with no whole card number.

* Where the label says where the number stands (``number_quad``), all of the number line but its first and last digits
  is painted over, in the derived suites too, and so is what an engine took for it: a label may point elsewhere.
* Where it does not, or names a place where no number can stand, the picture is shown so small (96 pixels) that no digit
  can be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np

from ..reading import Quad
from ..vision import quad as quads
from .metrics import Case
from .suites import Image, Sample, decode, encode, line_of, scaled

BLANK = (0.27, 0.83)  # holds every middle digit of 13 to 19, in every grouping; see tests/bench/test_report.py
SHOWN_WIDTH = 420
UNREADABLE_SIDE = 96


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Failure:
    """One picture of suite ``suite`` that ``engine`` did not read right, and its picture when it is to be shown.

    ``numbers`` are all that any engine read on it: its name may hold one. ``lines`` are where they read them.
    """

    suite: str
    engine: str
    case: Case
    numbers: frozenset[str] = frozenset()
    lines: Sequence[Quad] = ()
    sample: Sample | None = None


def failures_of(suite: str, cases: Mapping[str, Sequence[Case]]) -> list[Failure]:
    """Each engine's cases that went wrong: wrong numbers first, the surest foremost, then refusals of numbered ones."""
    numbers: dict[str, set[str]] = defaultdict(set)
    lines: dict[str, list[Quad]] = defaultdict(list)
    for case in chain(*cases.values()):
        numbers[case.label.file].update(filter(None, (case.answer.number, case.answer.guess)))
        lines[case.label.file].extend(filter(None, (case.answer.number_quad,)))
    return [
        Failure(
            suite=suite,
            engine=engine,
            case=case,
            numbers=frozenset(numbers[case.label.file]),
            lines=lines[case.label.file],
        )
        for engine, some in cases.items()
        for case in _bad(some)
    ]


def masked_picture(sample: Sample, lines: Sequence[Quad] = ()) -> bytes | None:
    """A JPEG of ``sample`` in which no whole number can be read, see above; None when it is no picture.

    ``lines`` are where engines saw a number.
    """
    image = decode(sample.data)
    if image is None:
        return None
    line = line_of(sample.label, image)
    if line is None:
        return encode(_shrunk(image, UNREADABLE_SIDE / max(image.shape[:2])), 80)
    for quad in (line, *(np.array(seen, np.float32) for seen in lines)):
        image = blanked(image, quad)
    return encode(_shrunk(image, SHOWN_WIDTH / image.shape[1]), 80)


def blanked(image: Image, line: quads.Quad) -> Image:
    """``image`` with all but the ends of its number line painted grey, half a line height above and below too.

    A line less than four times as long as high is painted whole: its digits do not stand in one row.
    """
    width, height = quads.sides(line)
    start, end = BLANK if width >= 4 * height else (-0.5, 1.5)
    left, right = (1 - 2 * start) / 2, (2 * end - 1) / 2  # from the middle, in line lengths
    corners = quads.part(line, 0.5 - left, -0.5, 0.5 + right, 1.5)
    painted = image.copy()
    cv2.fillConvexPoly(painted, np.rint(corners).astype(np.int32), (128, 128, 128))
    return painted


def _bad(cases: Sequence[Case]) -> list[Case]:
    wrong = [case for case in cases if case.outcome == "wrong"]
    wrong.sort(key=lambda case: -(case.answer.confidence or 0.0))
    refused = [case for case in cases if case.outcome == "refused" and case.label.number_sha256 is not None]
    refused.sort(key=lambda case: -(case.answer.guess_confidence or 0.0))
    return [*wrong, *refused]


def _shrunk(image: Image, scale: float) -> Image:
    return image if scale >= 1 else scaled(image, scale)
