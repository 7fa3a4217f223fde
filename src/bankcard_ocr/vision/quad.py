"""Four corners: TL, TR, BR, BL of the thing they bound, so a quad also says which way is up.

Arrays are float32 (4, 2) of (x, y) in pixels, pixel centres at whole numbers, origin top-left; in batches (N, 4, 2).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Quad = NDArray[np.float32]
Matrix = NDArray[np.float64]
Image = NDArray[np.uint8]

UNIT: Quad = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
ID1_MM = (85.6, 53.98)  # width and height of a payment card: ISO/IEC 7810, ID-1


def rectangle(width: float, height: float) -> Quad:
    """The quad whose corners are the outer pixels of a picture of this size."""
    return np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float32)


def homography(source: Quad, target: Quad) -> Matrix:
    """The 3 x 3 matrix that takes the corners of ``source`` to those of ``target``."""
    matrix = cv2.getPerspectiveTransform(np.asarray(source, np.float32), np.asarray(target, np.float32))
    return np.asarray(matrix, np.float64)


def project(points: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """``points`` (..., 2), of which there may be none, taken through ``matrix``."""
    if not np.size(points):
        return np.asarray(points, np.float32)
    flat = np.asarray(points, np.float32).reshape(-1, 1, 2)
    return np.asarray(cv2.perspectiveTransform(flat, matrix), np.float32).reshape(np.shape(points))


def sides(quad: Quad) -> tuple[float, float]:
    """The (width, height) of ``quad``: means of its opposite sides, in pixels."""
    first, second, third, fourth = quad.tolist()
    return (
        (math.dist(first, second) + math.dist(third, fourth)) / 2,
        (math.dist(second, third) + math.dist(fourth, first)) / 2,
    )


def ends(quad: Quad) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The middles of the sides at which a text under ``quad`` begins and ends."""
    return quad[[0, 3]].mean(0), quad[[1, 2]].mean(0)


def grow(quad: Quad, x: float, y: float) -> Quad:
    """``quad`` with each end moved out by ``x`` widths and each edge by ``y`` heights, in its own perspective."""
    return part(quad, -x, -y, 1 + x, 1 + y)


def part(quad: Quad, left: float, top: float, right: float, bottom: float) -> Quad:
    """The quad between these places in ``quad``, as shares of its widths and heights: it is (0, 0, 1, 1) itself."""
    inner = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    return project(inner, homography(UNIT, quad))


def along(quad: Quad, other: Quad, *, most: float) -> Quad:
    """A rectangle as large as ``quad`` and in its place that is read as ``other`` is.

    That is ``quad`` itself where the two are more than ``most`` degrees from lying side by side, whichever way up.
    """
    (start, end), (first, last) = ends(quad), ends(other)
    own, way = (end - start) / math.dist(start, end), (last - first) / math.dist(first, last)
    if abs(float(own @ way)) < math.cos(math.radians(most)):
        return quad
    width, height = sides(quad)
    x, y = way * width / 2, np.array([-way[1], way[0]]) * height / 2
    return np.asarray(quad.mean(0) + np.stack([-x - y, x - y, x + y, y - x]), np.float32)


def overlap(first: Quad, second: Quad) -> float:
    """The share of the smaller of two convex quads that lies in the larger, in [0, 1]."""
    area, _ = cv2.intersectConvexConvex(first, second)
    return float(area) / max(1e-3, min(cv2.contourArea(first), cv2.contourArea(second)))


def room(quad: Quad, width: float, height: float) -> tuple[float, float]:
    """How far a picture of this size goes on before and behind ``quad``, along it, in pixels; 0 where it ends first."""
    left, right = ends(quad)
    along = (right - left) / max(1e-6, float(np.linalg.norm(right - left)))
    return _to_the_edge(left, -along, width, height), _to_the_edge(right, along, width, height)


def _to_the_edge(start: NDArray[np.float32], along: NDArray[np.float32], width: float, height: float) -> float:
    x, y = ((end if way > 0 else 0.0) for way, end in zip(along, (width - 1, height - 1), strict=True))
    ways = [(edge - at) / way for edge, at, way in zip((x, y), start, along, strict=True) if abs(way) > 1e-6]
    return max(0.0, float(min(ways, default=np.inf)))


def turn(quad: Quad, quarters: int) -> Quad:
    """The same corners read from another side: ``quarters`` quarter turns clockwise."""
    return np.roll(quad, -quarters, axis=0)


def is_convex(quad: Quad) -> bool:
    """Whether ``quad`` runs clockwise (as seen, y down) without crossing itself or touching."""
    corners = quad.tolist()
    for (ax, ay), (bx, by), (cx, cy) in zip(corners, corners[1:] + corners[:1], corners[2:] + corners[:2], strict=True):
        cross = (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
        if not 0 < cross < math.inf:  # nor where a corner is nowhere
            return False
    return True


def rectify(image: Image, quad: Quad, width: int, height: int) -> Image:
    """The part of ``image`` (H, W[, C]) under ``quad``, ``height`` x ``width`` pixels; outside repeats the edge."""
    matrix = homography(quad, rectangle(width, height))
    warped = cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)
