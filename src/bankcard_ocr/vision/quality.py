"""What is wrong with a picture of a card, measured: blur, glare, fingers, copies, screens.

Pictures are uint8 RGB (H, W, 3), quads of their pixels. Measures know no thresholds.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from . import quad as quads
from .quad import Image, Quad

BURNT = 250  # levels from which a pixel is white
TINT = 14.0  # of grey paper under warm light, in CIELAB; a card of one hue has more
MOST_COVERED = 0.5  # of a card, by a hand
SOME_SKIN = 0.25  # of a text, whose ink may have that colour
EVEN = 6  # levels by which a border of one colour varies, as JPEG keeps it
LEAP = 8  # lines from one that is looked at to the next
NEAR = 14.0  # in CIELAB, of colours that may be one in other light
PALE = 225  # the median of a card that is white itself


def measures(image: Image, card: Quad | None, line: Quad | None) -> dict[str, float]:
    """All that is measured of a card's picture.

    ``card`` and ``line`` are in pixels of ``image``; without a card its measures are taken of the line, without a line
    the card's alone, and there are fewer the less was located.
    """
    found: dict[str, float] = {}
    if line is not None:
        found["sharpness"] = sharpness(image, line)
    if card is not None:
        found |= {"outside": outside(card, image.shape[1], image.shape[0]), "covered": covered(image, card)}
    area = card if card is not None else quads.grow(line, 0.02, 0.5) if line is not None else None
    if area is not None:
        shown = [glare(image, each) for each in (area, line) if each is not None]
        found |= {"glare": max(shown), "colour": colour(image, area), "moire": moire(image, area)}
    return found


def content(image: Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is in ``image`` but for borders of one colour, as letterboxing adds.

    All of it where nothing else is in it. A border is rows or columns whose pixels are within EVEN levels of one
    another; several may lie around one another, each of its own colour.
    """
    left, top, (right, bottom) = 0, 0, image.shape[1::-1]
    while left < right and top < bottom:
        rows = image[top:bottom, left:right]
        columns = rows.swapaxes(0, 1)
        above, below, before, behind = map(_border, (rows, rows[::-1], columns, columns[::-1]))
        if not (above or below or before or behind):
            return left, top, right, bottom
        left, top, right, bottom = left + before, top + above, right - behind, bottom - below
    return 0, 0, *image.shape[1::-1]


def _border(lines: Image) -> int:
    """How many ``lines`` (N, M, 3) from the first are each of one colour, as every third pixel and LEAP lines tell."""
    uneven = (at for at in range(0, len(lines), LEAP) if np.ptp(lines[at, ::3], axis=0).max() > EVEN)
    end = next(uneven, len(lines))
    near = (at for at in range(max(0, end - LEAP + 1), end) if np.ptp(lines[at, ::3], axis=0).max() > EVEN)
    return next(near, end)


def outside(card: Quad, width: int, height: int) -> float:
    """How far the card's corners are out of the picture, in widths of the card."""
    out = np.maximum(np.maximum(-card, card - (width - 1, height - 1)), 0)
    return float(out.max() / max(1.0, *quads.sides(card)))


def sharpness(image: Image, line: Quad) -> float:
    """How much of the contrast of a line of text is in its finest detail: strokes' edges against strokes."""
    gray = _gray(quads.rectify(image, line, 960, 96))
    fine, middle, coarse = (cv2.GaussianBlur(gray, (0, 0), sigma) for sigma in (1.0, 2.5, 8.0))
    return float((fine - middle).std() / ((middle - coarse).std() + 1))


def glare(image: Image, area: Quad) -> float:
    """The share of ``area`` that is burnt out to white, where the rest of it is not white."""
    cut = quads.rectify(image, area, 320, 200)
    red, green, blue = cv2.split(cut)
    least = cv2.min(cv2.min(red, green), blue)
    burnt = cv2.erode((least >= BURNT).astype(np.uint8), np.ones((5, 5), np.uint8))
    return float(burnt.mean()) if np.median(least) < PALE else 0.0


def covered(image: Image, card: Quad) -> float:
    """The share of the card under something of the colour of skin that reaches in from outside.

    0 on such a ground, and where over half of the card has that colour: gold and wood do.
    """
    cut = quads.rectify(image, quads.grow(card, 0.15, 0.2), 364, 210)
    skin = _skin(cut)
    inside = np.zeros(skin.shape, np.uint8)
    inside[30:-30, 42:-42] = 1
    if skin[inside == 0].mean() > 0.5:
        return 0.0
    count, labels = cv2.connectedComponents(skin)
    crossing = [label for label in range(1, count) if _crosses(labels == label, inside)]
    share = float(np.isin(labels, crossing)[inside == 1].mean()) if crossing else 0.0
    return share if share <= MOST_COVERED else 0.0


def hand_beside(image: Image, text: Quad, reach: float) -> float:
    """The larger share of something of the colour of skin at either end of ``text``, within ``reach`` of its length.

    0 where the text itself stands on that colour.
    """
    cut = quads.rectify(image, quads.grow(text, reach, 0.0), 480, 48)
    skin, end = _skin(cut), round(480 * reach / (1 + 2 * reach))
    if skin[:, end:-end].mean() > SOME_SKIN:
        return 0.0
    return float(max(skin[:, :end].mean(), skin[:, -end:].mean()))


def same_ground(image: Image, text: Quad, start: float, stop: float) -> float:
    """The share of ``text`` that has the colour of what is behind it, from ``start`` to ``stop`` in its lengths.

    Ink takes up to two thirds of a line; a sticker behind it has a colour of its own.
    """
    whole = quads.rectify(image, quads.part(text, 0.0, 0.0, 1.0 + stop, 1.0), round(256 * (1.0 + stop)), 32)
    lab = cv2.cvtColor(whole, cv2.COLOR_RGB2LAB).astype(np.float64)
    behind = np.median(lab[:, round(256 * (1.0 + start)) :], (0, 1))
    return float((np.linalg.norm(lab[:, :256] - behind, axis=2) < NEAR).mean())


def ground_goes_on(image: Image, text: Quad, start: float, stop: float) -> bool:
    """Whether what is behind ``text``, from ``start`` to ``stop`` in its lengths, has the colour of its ground."""
    around = (quads.part(text, 0.0, top, 1.0, bottom) for top, bottom in ((-0.6, -0.2), (1.2, 1.6)))
    ground = np.concatenate([quads.rectify(image, part, 256, 8) for part in around])
    behind = quads.rectify(image, quads.part(text, 1.0 + start, 0.0, 1.0 + stop, 1.0), 16, 16)
    first, second = (
        np.median(cv2.cvtColor(each, cv2.COLOR_RGB2LAB).astype(float), (0, 1)) for each in (ground, behind)
    )
    return float(np.linalg.norm(first - second)) < NEAR


def colour(image: Image, card: Quad) -> float:
    """How much colour the card has that neither its brightness nor tinted light explains: near 0 for copies in grey."""
    cut = quads.rectify(image, quads.grow(card, -0.04, -0.06), 428, 270)
    small = np.asarray(cv2.resize(cut, (54, 34), interpolation=cv2.INTER_AREA), np.uint8)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    light = np.stack([np.ones(len(lab)), lab[:, 0], lab[:, 0] ** 2], 1)
    rest = lab[:, 1:] - light @ np.linalg.lstsq(light, lab[:, 1:], rcond=None)[0]
    hue = np.hypot(*(lab[:, 1:].mean(0) - 128))
    return float(max(np.sqrt((rest**2).sum(1).mean()), hue - TINT))


def moire(image: Image, card: Quad) -> float:
    """How far the strongest fine period stands out of the card's spectrum, as a logarithm: screens have a grid."""
    x, y = (int(v) for v in card.mean(0))
    side = 256 if min(image.shape[:2]) >= 256 else 128
    left, top = (
        int(np.clip(v - side // 2, 0, max(0, room - side))) for v, room in ((x, image.shape[1]), (y, image.shape[0]))
    )
    part = _gray(image[top : top + side, left : left + side])
    if part.shape != (side, side):
        return 0.0
    window = np.hanning(side)[:, None] * np.hanning(side)[None]
    power = np.log(np.abs(np.fft.fftshift(np.fft.fft2((part - part.mean()) * window))) + 1).ravel()
    above = (power[ring] - np.median(power[whole]) for whole, ring in _rings(side))
    return max(0.0, *(float(each.max(initial=0.0)) for each in above))


@functools.cache
def _rings(side: int) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]:
    """The places in a spectrum (side, side), as one row, of each period: all, and those where a screen may show."""
    v, u = (np.indices((side, side)) - side // 2).reshape(2, -1)
    radius = np.hypot(u, v) / side
    blocks = np.minimum(np.abs(u), np.abs(v)) <= 2  # JPEG's, and the window's
    rings, counted = (radius * 40).astype(int), (radius > 0.12) & ~blocks
    found = ((np.flatnonzero(rings == ring), np.flatnonzero((rings == ring) & counted)) for ring in np.unique(rings))
    return tuple((whole, ring) for whole, ring in found if len(ring))


def _crosses(part: NDArray[np.bool_], inside: NDArray[np.uint8]) -> bool:
    return bool(part[inside == 1].any() and part[inside == 0].any())


def _skin(image: Image) -> NDArray[np.uint8]:
    """Where the colour is that of skin, in Cr and Cb (Chai and Ngan, IEEE CSVT 9, 1999), in pieces of some size."""
    _, red, blue = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))
    found = ((red >= 135) & (red <= 173) & (blue >= 77) & (blue <= 127)).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)), np.uint8)


def _gray(image: Image) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)
