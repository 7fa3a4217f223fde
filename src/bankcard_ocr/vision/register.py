"""Whether two pictures show one card, and where each pixel of the one lies in the other.

Features that both pictures have (SIFT; Lowe, 2004, https://doi.org/10.1023/B:VISI.0000029664.99615.94) are matched, and
a card being flat, those that are its own agree on one homography. Two cards of one design do so, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import quad as quads
from .quad import Image, Matrix, Quad

SIDE = 1000  # pixels of the longer side that features are looked for in
MOST = 2000  # features of a picture
RATIO = 0.8  # of the distances to the nearest and the second nearest feature, at most; Lowe's
NEAR = 3.0  # pixels of that size by which matched features may miss one another
FAINT = 0.02  # contrast of a feature, half of the usual: dark cards have few
AGREEING = 12  # matches at least: 80 of 80 drawn pairs of one card have as many, none of 80 of two cards over 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """``points`` float32 (N, 2) in pixels of the picture, ``descriptors`` float32 (N, 128), ``scale`` of ``SIDE``."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    scale: float


def features(image: Image, within: Quad | None = None) -> Features:
    """Those of ``image``, of the part ``within`` alone where it is given."""
    scale = min(1.0, SIDE / max(image.shape[:2]))
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    mask = None
    if within is not None:
        mask = np.zeros(small.shape, np.uint8)
        cv2.fillConvexPoly(mask, np.rint(within * scale).astype(np.int32), 255)
    found, descriptors = cv2.SIFT.create(MOST, contrastThreshold=FAINT).detectAndCompute(small, mask)
    points = np.array([point.pt for point in found], np.float32).reshape(-1, 2)
    rows = np.zeros((0, 128), np.float32) if descriptors is None else np.asarray(descriptors, np.float32)
    return Features(points=(points + 0.5) / scale - 0.5, descriptors=rows, scale=scale)


def registered(first: Features, second: Features) -> Matrix | None:
    """The 3 x 3 matrix that takes pixels of the second picture to those of the first; None where they have too little.

    No feature is matched twice: many at one point agree on anything.
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
    matrix, agreeing = cv2.findHomography(there, here, cv2.USAC_MAGSAC, NEAR / first.scale, maxIters=5000)
    if matrix is None or int(agreeing.sum()) < AGREEING:
        return None
    onto = np.asarray(matrix, np.float64)
    hull = np.asarray(cv2.convexHull(there[agreeing.ravel() > 0])[:, 0], np.float32)
    laid = quads.project(hull, onto)
    is_turned_over = cv2.contourArea(hull, oriented=True) * cv2.contourArea(laid, oriented=True) <= 0
    return None if is_turned_over or not cv2.isContourConvex(laid) else onto
