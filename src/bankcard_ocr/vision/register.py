"""Whether two pictures show one card, and where each pixel of the one lies in the other.

Features that both pictures have (SIFT; Lowe, 2004, https://doi.org/10.1023/B:VISI.0000029664.99615.94) are matched, and
a card being flat, those that are its own agree on one homography. So do the logo, the chip and the captions that cards
of all banks share: therefore both must agree all over the card, in features and in light and dark. Two cards of one
design do so, too. Where they share too few features, cards are compared by their faces, which they are in coarse.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import quad as quads
from .quad import Image, Matrix, Quad

SIDE = 1000  # pixels of the longer side that features are looked for in
MOST = 2000  # features of a picture, the strongest
FAINT = 0.02  # contrast of a feature, half of the usual: dark cards have few
RATIO = 0.8  # of the distances to the nearest and the second nearest feature, at most; Lowe's
NEAR = 3.0  # pixels of that size by which matched features may miss one another
LEAST_DETERMINANT = 1e-6  # of a matrix: what is flatter cannot be taken back
AGREEING = 10  # places at which features agree, at least
CELLS = (8, 5)  # of a card, columns and rows, in which features are counted
FACE = (96, 64)  # pixels, columns and rows, in which cards are compared in coarse
SOFT = 1.2  # sigma of the low-pass, in those pixels
SHIFT = 8  # of them, by which two faces may be apart
BLOCK = 16  # of them, a side of what is compared at once
COARSE = 6.0  # sigma of the high-pass, in those pixels: what changes more slowly is light
SAME = 0.5  # correlation of a block that is the same
ONE_DESIGN = (
    0.7  # likeness: 74 of 80 drawn pairs of one card reach it, of 90 real pairs of two designs none has over 0.6
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """``points`` float32 (N, 2) in pixels of the picture, ``descriptors`` float32 (N, 128), ``scale`` of ``SIDE``."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """``onto`` takes the second picture's pixels to the first's; ``agreeing`` (N, 2) are features of the first."""

    onto: Matrix
    agreeing: NDArray[np.float32]


def features(image: Image, within: Quad | None = None) -> Features:
    """Those of ``image``, of the part ``within`` alone where it is given."""
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    mask = None
    if within is not None:
        mask = np.zeros(small.shape, np.uint8)
        cv2.fillConvexPoly(mask, np.rint(within * scale).astype(np.int32), 255)
    sift = cv2.SIFT.create(contrastThreshold=FAINT)
    strongest = sorted(sift.detect(small, mask), key=lambda point: -point.response)[:MOST]
    found, descriptors = sift.compute(small, strongest) if strongest else ((), None)
    points = np.array([point.pt for point in found], np.float32).reshape(-1, 2)
    rows = np.zeros((0, 128), np.float32) if descriptors is None else np.asarray(descriptors, np.float32)
    return Features(points=(points + 0.5) / scale - 0.5, descriptors=rows, scale=scale)


def register(first: Features, second: Features) -> Registration | None:
    """The second picture laid on the first; None where they have too little in common.

    No feature is matched twice, and features of one place count once: many at one place agree on anything.
    """
    if min(len(first.points), len(second.points)) < AGREEING:
        return None
    nearest: dict[int, cv2.DMatch] = {}
    for best, other in cv2.BFMatcher().knnMatch(second.descriptors, first.descriptors, k=2):
        if best.distance < RATIO * other.distance:
            rival = nearest.get(best.trainIdx)
            if rival is None or best.distance < rival.distance:
                nearest[best.trainIdx] = best
    if len(nearest) < AGREEING:
        return None
    here = first.points[[match.trainIdx for match in nearest.values()]]
    there = second.points[[match.queryIdx for match in nearest.values()]]
    matrix, mask = cv2.findHomography(there, here, cv2.USAC_MAGSAC, NEAR / first.scale, maxIters=5000)
    agreeing = here[mask.ravel() > 0] if matrix is not None else here[:0]
    if len(np.unique(np.rint(agreeing), axis=0)) < AGREEING:
        return None
    onto = np.asarray(matrix, np.float64)
    hull = np.asarray(cv2.convexHull(there[mask.ravel() > 0])[:, 0], np.float32)
    moved = quads.project(hull, onto)
    is_turned_over = cv2.contourArea(hull, oriented=True) * cv2.contourArea(moved, oriented=True) <= 0
    if is_turned_over or not cv2.isContourConvex(moved) or abs(np.linalg.det(onto)) < LEAST_DETERMINANT:
        return None
    return Registration(onto=onto, agreeing=agreeing)


def likeness(first: Image, card: Quad, here: Features, second: Image, there: Features, found: Registration) -> float:
    """How alike the ``card`` of the first picture is in the second, which is laid on it, from 0 to 2.

    The share of the card's cells with features of both in which some agree, and that of its blocks that look the same.
    """
    back = quads.project(card, np.asarray(np.linalg.inv(found.onto), np.float64))
    if not quads.is_convex(back):
        return 0.0
    to_cells = quads.homography(card, quads.UNIT)
    both = _cells(here.points, to_cells) & _cells(quads.project(there.points, found.onto), to_cells)
    agreeing = _cells(found.agreeing, to_cells) & both
    return len(agreeing) / max(1, len(both)) + _same(_relief(first, card), _relief(second, back))


def face(image: Image, card: Quad) -> NDArray[np.float32]:
    """The card's look in coarse: float32 (64, 96, 3), in L, a, b."""
    small = np.asarray(cv2.resize(_cut_out(image, card), FACE, interpolation=cv2.INTER_AREA), np.uint8)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(lab, (0, 0), SOFT), np.float32)


def alike(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """How alike two faces are: normalised correlation in [-1, 1] at the best shift, of lightness or of all channels."""
    part = first[SHIFT:-SHIFT, SHIFT:-SHIFT]
    weights = part.std((0, 1)) + 1e-3
    maps = np.stack(
        [
            cv2.matchTemplate(
                np.ascontiguousarray(second[:, :, c]), np.ascontiguousarray(part[:, :, c]), cv2.TM_CCOEFF_NORMED
            )
            for c in range(3)
        ]
    )
    return float(max(maps[0].max(), (maps * weights[:, None, None]).sum(0).max() / weights.sum()))


def _cut_out(image: Image, card: Quad) -> Image:
    """The inner part of the card, rectified."""
    return quads.rectify(image, quads.grow(card, -0.02, -0.03), 4 * FACE[0], 4 * FACE[1])


def _cells(points: NDArray[np.float32], to_cells: Matrix) -> set[tuple[int, int]]:
    """The cells of the card that have one of ``points``."""
    unit = quads.project(points, to_cells)
    inside = unit[((unit >= 0) & (unit < 1)).all(1)]
    return {(int(x), int(y)) for x, y in inside * CELLS}


def _relief(image: Image, card: Quad) -> NDArray[np.float32]:
    """The card in coarse, light and dark, without the light that falls on it: float32 (64, 96)."""
    gray = cv2.cvtColor(_cut_out(image, card), cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(cv2.resize(gray, FACE, interpolation=cv2.INTER_AREA).astype(np.float32), (0, 0), SOFT)
    return np.asarray(soft - cv2.GaussianBlur(soft, (0, 0), COARSE), np.float32)


def _same(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The share of blocks of two faces that look the same."""
    columns, rows = FACE[0] // BLOCK, FACE[1] // BLOCK
    one, other = (
        face.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(rows * columns, -1) for face in (first, second)
    )
    one, other = one - one.mean(1, keepdims=True), other - other.mean(1, keepdims=True)
    spread = np.sqrt((one * one).sum(1) * (other * other).sum(1))
    return float(((one * other).sum(1) > SAME * np.maximum(spread, 1e-6)).mean())
