"""What lies over a card behind the end of a line of digits, where more of them may be: stickers, the edge of a wallet.

Pictures are uint8 RGB, ``text`` is closely around ``count`` digits. Sizes are in digits' pitches along the line and in
its heights across it; colours are compared in CIELAB.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from . import quad as quads
from .quad import Image, Quad

PITCH, HEIGHT = 30, 24  # pixels
PATCH = (1.4, 2.6)  # pitches behind a line, amid what covers a group of three
REACH = 2  # heights that a patch is at most higher than the line, above and below
EDGE = (0.1, 0.65)  # pitches behind a line: of 896 readings of 207 real cards none ends as near
ACROSS, BANDS = 3.5, 5  # heights above and below the line that an edge is looked for, and the parts of that
LEANING = 12  # pixels by which an edge may go aside from one part to the next
NARROW, BLURRED, BROAD = 6, 2, 12  # pixels on either side of an edge; of itself; and beyond, where all has one colour
NEAR = 14.0  # between colours that may be one in other light
PLAIN = 0.95  # of a patch, at least, has one colour

Floats = NDArray[np.float64]


def is_covered(image: Image, text: Quad, count: int) -> bool:
    """Whether something that is no part of the card, plainly, is just behind ``text``."""
    return _is_patched(image, text, count) or _is_under_an_edge(image, text, count)


def _is_patched(image: Image, text: Quad, count: int) -> bool:
    """Whether a patch of one colour is behind it: with sharp ends towards it, above and below, as no card's edge has.

    Not where the picture ends before that.
    """
    area, lab = _seen(image, text, count, (0.0, PATCH[1]), REACH)
    if (area < 0).any() or (area > np.array(image.shape[1::-1]) - 1).any():
        return False
    top, bottom = (round((REACH + share) * HEIGHT) for share in (0.2, 0.8))
    left = round(PATCH[0] * PITCH)
    inside = lab[top:bottom, left:]
    tone = np.median(inside, (0, 1))
    if (np.linalg.norm(inside - tone, axis=2) < NEAR / 2).mean() < PLAIN:
        return False
    rows, columns = np.median(lab[:, left:], 1), np.median(lab[top:bottom], 0)
    return all(_leaps(way, tone) for way in (columns[left::-1], rows[top::-1], rows[bottom:]))


def _leaps(rows: Floats, tone: Floats) -> bool:
    """Whether ``rows`` (N, 3), or columns, which begin with the colour ``tone``, sharply go over into another one."""
    off = np.linalg.norm(rows - tone, axis=1) > NEAR / 2
    at, near = int(off.argmax()), HEIGHT // 4
    leap = rows[max(0, at - near)] - rows[min(len(rows) - 1, at + near)]
    return bool(off[at]) and float(np.linalg.norm(leap)) > NEAR


def _is_under_an_edge(image: Image, text: Quad, count: int) -> bool:
    """Whether a straight edge runs across just behind it, nearer than a card's, beyond which all has one colour."""
    aside = BANDS // 2 * LEANING
    span = EDGE[0] - (NARROW + aside) / PITCH, EDGE[1] + (BROAD + BLURRED + aside) / PITCH
    _, lab = _seen(image, text, count, span, ACROSS)
    bands = np.stack([_median(band) for band in np.array_split(lab, BANDS)])
    near, far = (np.lib.stride_tricks.sliding_window_view(bands, each, 1).mean(-1) for each in (NARROW, BROAD))
    leaps = np.linalg.norm(near[:, NARROW:] - near[:, :-NARROW], axis=2)
    beyond = far[:, NARROW + BLURRED :]
    ways = _leaning(beyond.shape[1] - 2 * aside) + aside
    each = np.arange(BANDS)
    leaning, at = np.nonzero((leaps[each[:, None], ways] > NEAR).all(1))
    colours = beyond[each, ways[leaning, :, at]]  # (N, BANDS, 3)
    unlike = np.linalg.norm(colours - _median(colours, 1)[:, None], axis=2)
    return bool((unlike < NEAR).all(1).any())


@cache
def _leaning(places: int) -> NDArray[np.intp]:
    """Where straight lines through ``places`` columns, each leaning more than the one before, cross the bands.

    (2 LEANING + 1, BANDS, places), in columns from the first in which the middle band is crossed.
    """
    aside = np.arange(-LEANING, LEANING + 1)[:, None] * (np.arange(BANDS) - BANDS // 2)
    return aside[:, :, None] + np.arange(places)


def _median(values: Floats, axis: int = 0) -> Floats:
    """As NumPy's, a third of its time for so few."""
    ordered, count = np.sort(values, axis), values.shape[axis]
    low, high = ordered.take((count - 1) // 2, axis), ordered.take(count // 2, axis)
    return np.asarray((low + high) / 2, np.float64)


def _seen(image: Image, text: Quad, count: int, span: tuple[float, float], reach: float) -> tuple[Quad, Floats]:
    """The area behind ``text`` that is a ``span`` of pitches long and ``reach`` heights higher, and its colours."""
    start, stop = span
    area = quads.part(text, 1.0 + start / count, -reach, 1.0 + stop / count, 1.0 + reach)
    cut = quads.rectify(image, area, round((stop - start) * PITCH), round((1 + 2 * reach) * HEIGHT))
    return area, cv2.cvtColor(cv2.GaussianBlur(cut, (0, 0), 1.0), cv2.COLOR_RGB2LAB).astype(np.float64)
