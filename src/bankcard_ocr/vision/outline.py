"""The outline of a card on its edges, from a quad that is roughly its own.

The locator sees a card coarsely: its corners are off by a twentieth of the card on the average. Here the card is cut
out with a margin, and along each side the straight line is sought across which the picture changes most. What counts
is the mean logarithm of the change along the line: print changes much in places, an edge all along (docs/LOG.md).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from . import quad as quads
from .quad import Image, Quad

LONG, SHORT = 428, 270  # pixels of the card cut out, 5 a millimetre
MARGIN = 80  # pixels around it: how far an edge may be from where it was located
SLANT = 60  # pixels by which an edge's ends may be off one another
TRIM = 0.08  # of a side at either end, where corners are round
SAMPLES = 32  # of a line
STRONG = 16.0  # times the usual change; more counts as much
BORDER = 5.0  # times the usual change, that the picture's border counts as: there ends a card that fills the picture
NEAR = 0.2  # penalty of a line that is as far from the located side as the margin allows
STEP = 4  # pixels between the ends of the lines that are tried first

Change = NDArray[np.float32]


def refined(image: Image, outline: Quad) -> Quad:
    """``outline`` (float32 (4, 2), of a card on ``image``, uint8 RGB) moved to the card's edges."""
    width, height = (LONG, SHORT) if np.greater_equal(*quads.sides(outline)) else (SHORT, LONG)
    outer = quads.grow(outline, MARGIN / width, MARGIN / height)
    size = (width + 2 * MARGIN, height + 2 * MARGIN)
    down, right = _changes(image, outer, size)
    above, below = (_edge(down, at, width) for at in (MARGIN, MARGIN + height))
    before, behind = (_edge(right.T, at, height)[:, ::-1] for at in (MARGIN, MARGIN + width))
    sides = ((above, before), (above, behind), (below, behind), (below, before))
    corners = np.array([_crossing(*pair) for pair in sides], np.float32)
    found = quads.project(corners, quads.homography(quads.rectangle(*size), outer))
    return found if quads.is_convex(found) else outline


def _changes(image: Image, outer: Quad, size: tuple[int, int]) -> tuple[Change, Change]:
    """How much the part of ``image`` under ``outer`` changes downwards and to the right, against what is usual there.

    The picture's border counts as a change of its own; beyond it there is none.
    """
    soft = cv2.GaussianBlur(quads.rectify(image, outer, *size), (0, 0), 1.0)
    inside = np.full(image.shape[:2], 255, np.uint8)
    seen = cv2.warpPerspective(inside, quads.homography(outer, quads.rectangle(*size)), size, flags=cv2.INTER_NEAREST)
    changes = []
    for x, y in ((0, 1), (1, 0)):
        red, green, blue = (np.abs(channel) for channel in cv2.split(cv2.Sobel(soft, cv2.CV_16S, x, y)))
        change = cv2.blur(cv2.max(cv2.max(red, green), blue).astype(np.float32), (1 + 2 * y, 1 + 2 * x))
        change = np.minimum(change / (float(np.median(change[::3, ::3][seen[::3, ::3] > 0])) + 2), STRONG)
        border = cv2.Sobel(seen, cv2.CV_16S, x, y) != 0
        change[border] = np.maximum(change[border], BORDER)
        changes.append(np.asarray(cv2.log(change + 1), np.float32))
    return changes[0], changes[1]


def _edge(change: Change, at: int, long: int) -> NDArray[np.float64]:
    """Two points (x, y) of the edge near row ``at`` of ``change``, which is ``long`` pixels long."""
    trim, reach = int(TRIM * long), MARGIN - 2
    first, last = MARGIN + trim, MARGIN + long - trim
    near = np.ascontiguousarray(change[at - reach : at + reach + 1, first:last])
    ends = (0, 0)
    for tried in (np.arange(-reach, reach + 1, STEP), np.arange(-STEP, STEP + 1)):
        ends = _best(near, *np.meshgrid(ends[0] + tried, ends[1] + tried))
    return np.array([(first, at + ends[0]), (last, at + ends[1])], np.float64)


def _best(near: Change, starts: NDArray[np.int_], stops: NDArray[np.int_]) -> tuple[int, int]:
    """Start and stop of the best line, in rows from the middle one of ``near``."""
    reach = len(near) // 2
    fit = (np.abs(starts - stops) <= SLANT) & (np.abs(starts) <= reach) & (np.abs(stops) <= reach)
    starts, stops = starts[fit], stops[fit]
    share = np.linspace(0, 1, SAMPLES)
    rows = np.rint(reach + starts[:, None] + (stops - starts)[:, None] * share).astype(int)
    worth = near[rows, np.rint(share * (near.shape[1] - 1)).astype(int)].mean(1)
    best = int((worth - NEAR * (starts**2 + stops**2) / reach**2).argmax())
    return int(starts[best]), int(stops[best])


def _crossing(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where two lines, each through two points, cross."""
    one, other = (np.cross((*line[0], 1.0), (*line[1], 1.0)) for line in (first, second))
    x, y, w = np.cross(one, other)
    return np.array((x / w, y / w))
