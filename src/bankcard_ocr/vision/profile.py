"""Lines of text one below the other, by the projection profile of their ink: which way they run, where each stands.

Summed along the lines of a block, ink rises and falls more than along any other direction. After the methods that
Likforman-Sulem et al., 2007, call projection-based, https://doi.org/10.1007/s10032-006-0023-z.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import quad as quads
from .quad import Image, Quad

LINES = range(2, 9)  # of a block
TILT = 20  # degrees by which a block's own direction may be off, or it is quite another one
STEP = 3  # degrees from one direction to the next
SPARE = 0.35  # of the block's shorter side that is looked at around it
THIN = 6  # pixels; what is no higher is no line
LEVELS = (0.45, 0.55, 0.65, 0.75, 0.85)  # of a profile's height, at which its lines may part
ALIKE = (0.6, 1.7)  # times as high as most lines
_SIDE = 208  # pixels of the square in which a block is looked at
_BINS = 2 * _SIDE  # of a profile: a pixel each, whichever way it runs
_FINE = _SIDE / 32  # pixels, within which ink stands out
_SMOOTH = 3  # pixels of a profile whose mean counts
_INKED, _PEAK, _INKIEST = 20, 90, 95  # percentiles: of a line where there is ink, of its peaks, of what counts
_THERE = 0.3  # of the longest, at least: shorter sums tell little

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ink:
    """The ink (N,) of pixels in and around a block, their places (N, 2) from its middle, and which are ``inside``."""

    ink: Floats
    places: Floats
    inside: NDArray[np.bool_]

    @property
    def core(self) -> tuple[Floats, Floats]:
        """Places and ink inside the block, of every other pixel in every other row, which tell a direction."""
        enough = self.inside & (np.floor(self.places) % 2 == 0).all(1)
        return self.places[enough], self.ink[enough]


def lines(image: Image, block: Quad) -> Iterator[list[Quad]]:
    """The lines in ``block`` of ``image`` (H, W, 3), from the first to the last, all as long.

    First as they run along the block, or nearly, where their profile is sharpest, then where it is widest spread; then,
    where it is sharper otherwise, as they run then.
    """
    middle = block.mean(0)
    spare = SPARE * min(quads.sides(block))
    scale = _SIDE / 2 / (float(np.linalg.norm(block - middle, axis=1).max()) + 1.5 * spare)
    seen = _ink(image, block, spare, scale)
    right = block[1] - block[0]
    along = float(np.degrees(np.arctan2(right[1], right[0])))
    turns = np.arange(-90, 90, STEP)
    places, ink = seen.core
    sharp, spread = np.array([_clearness(places, ink, along + turn) for turn in turns]).T
    level = np.abs(turns) <= TILT
    likely = [np.where(level, sharp, -1.0), np.where(level, spread, -1.0), sharp]
    for turn in dict.fromkeys(int(turns[each.argmax()]) for each in likely):
        found = _lines(seen, along + turn)
        if len(found) in LINES:
            yield [np.asarray(quad / scale + middle, np.float32) for quad in found]


def _ink(image: Image, block: Quad, spare: float, scale: float) -> _Ink:
    """What stands out in ``block`` and ``spare`` pixels around it, ``scale`` times as large."""
    half = _SIDE / 2 / scale
    corner = block.mean(0) - half
    square = corner + np.array([(0, 0), (2 * half, 0), (2 * half, 2 * half), (0, 2 * half)], np.float32)
    grey = cv2.cvtColor(quads.rectify(image, square, _SIDE, _SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    ink = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), _FINE))
    wide, high = quads.sides(block)
    inside, around = (
        cv2.fillConvexPoly(np.zeros(ink.shape, np.uint8), ((each - corner) * scale).round().astype(np.int32), 1) > 0
        for each in (block, quads.grow(block, spare / wide, spare / high))
    )
    rows, columns = np.nonzero(around)
    most = np.percentile(ink[inside], _INKIEST) if inside.any() else 0.0
    return _Ink(
        ink=np.minimum(ink[around], most).astype(np.float64),
        places=(np.stack([columns, rows], 1) - (_SIDE - 1) / 2).astype(np.float64),
        inside=inside[around],
    )


def _clearness(places: Floats, ink: Floats, angle: float) -> tuple[float, float]:
    """How sharply the profile of ``ink`` across lines that run at ``angle`` degrees rises and falls, and how far."""
    _, across = _ways(angle)
    profile, there = _profile(places @ across, ink, smooth=5)
    steps = np.diff(profile)[there[1:] & there[:-1]]
    return (float((steps * steps).mean()), float(profile[there].var())) if len(steps) else (0.0, 0.0)


def _lines(seen: _Ink, angle: float) -> list[Quad]:
    """The quads of lines that run at ``angle`` degrees, in pixels from the block's middle."""
    along, across = _ways(angle)
    x, y = seen.places @ along, seen.places @ across
    beside = np.abs(x) > np.abs(x[seen.inside]).max(initial=0.0)
    profile, there = _profile(y[~beside], seen.ink[~beside])
    found = _alike(np.where(there, profile, 0.0))
    ends = [end for top, bottom in found if (end := _ends(x, seen.ink, (y >= top) & (y < bottom), bottom - top))]
    if not ends:
        return []
    left, right = np.median(np.array(ends), axis=0).tolist()
    corners = [((left, top), (right, top), (right, bottom), (left, bottom)) for top, bottom in found]
    return [np.asarray(np.array(each) @ np.stack([along, across]), np.float32) for each in corners]


def _alike(profile: Floats) -> list[tuple[float, float]]:
    """Where rises of ``profile`` that are about as wide begin and end, at the level at which there are most of them."""
    best: list[tuple[float, float]] = []
    for level in LEVELS:
        runs = [run for run in _runs(profile > level * _height(profile)) if run[1] - run[0] >= THIN]
        usual = np.median([end - start for start, end in runs]) if runs else 0.0
        alike = [run for run in runs if ALIKE[0] * usual <= run[1] - run[0] <= ALIKE[1] * usual]
        best = alike if len(alike) > len(best) else best
    return best


def _ends(x: Floats, ink: Floats, of: NDArray[np.bool_], high: float) -> tuple[float, float] | None:
    """Where the ink of a line ``high`` pixels high begins and ends."""
    profile, there = _profile(x[of], ink[of], smooth=max(3, int(high) // 2))
    if not there.any():
        return None
    low, high = np.percentile(profile[there], (_INKED, _PEAK))
    inked = _runs(there & (profile > 0.4 * (low + high)))
    return (inked[0][0], inked[-1][1]) if inked else None


def _profile(places: Floats, ink: Floats, *, smooth: int = _SMOOTH) -> tuple[Floats, NDArray[np.bool_]]:
    """The mean ink at each pixel from -_SIDE on, of ``smooth`` each, and which of them have ``places`` enough."""
    at = np.floor(places).astype(int) + _SIDE
    counts = np.bincount(at, minlength=_BINS)
    means = np.bincount(at, ink, minlength=_BINS) / np.maximum(counts, 1)
    return np.convolve(means, np.full(smooth, 1 / smooth), "same"), counts > _THERE * counts.max(initial=1)


def _height(profile: Floats) -> float:
    """How high most peaks of ``profile`` are."""
    return float(np.percentile(profile[profile > 0], _PEAK)) if (profile > 0).any() else 0.0


def _runs(there: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Where runs of what is ``there`` begin and end, in pixels from the middle."""
    edges = (np.flatnonzero(np.diff(there, prepend=False, append=False)) - float(_SIDE)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _ways(angle: float) -> tuple[Floats, Floats]:
    """The unit vectors along lines that run at ``angle`` degrees, and across them, downwards."""
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array((cosine, sine)), np.array((-sine, cosine))
