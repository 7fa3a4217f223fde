"""Cards and lines in a picture: where they are and which way they read.

The model sees the picture at about 320 pixels. Every cell of its map that is on a thing votes for the thing's four
corners and says how far off either end may be; a thing's quad is the mean of its votes, weighed by that.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from .model import Model
from .quad import Image, Quad, ends, is_convex, overlap, sides

Kind = Literal["card", "number", "expiry", "holder"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FILLED = 224  # pixels of the longer side in which the line of a card that fills the picture is large enough
NEAR = 448  # pixels of the longer side in which the small print of such a card is large, too
STRIDE = 8  # pixels of the model's input in a cell
_MARGIN = 16  # pixels of the model's input around the picture
_APART = 48  # pixels of black around a picture that lies apart
MOST = 6  # detections of one kind
_SAME = 0.5  # of the smaller of two quads of one kind: with more in common they are one thing
_GOES_ON = 0.1  # score of cells that a line, once located, still covers
_JOINED = 0.2  # score of cells that are one block with their neighbours
_MOST_BLOCKS = 2
_LONGEST_BLOCK = 4.5  # times as long as high; what is longer is a line
UNIT = 32.0  # pixels of the model's input in one unit of a corner's offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """``kind`` is ``card``, ``number``, ``expiry`` or ``holder``; ``quad`` TL, TR, BR, BL as it reads.

    ``score`` is in [0, 1].
    """

    kind: Kind
    quad: Quad
    score: float


def locate(
    model: Model,
    image: Image,
    *,
    least: float = 0.25,
    kinds: Container[Kind] = KINDS,
    side: int | None = None,
    is_apart: bool = False,
    is_turned: bool = False,
) -> list[Detection]:
    """What is located of ``kinds`` in ``image`` (H, W, 3), the most certain first; scores below ``least`` are left out.

    ``side``: the pixels of the longer side that the model sees; by default as many as it was trained with.
    ``is_apart``: lies on black, and is seen smaller: a card that ends where the picture does has an edge then.
    ``is_turned``: is seen upside down, which shows other lines where few are clear.
    """
    side = int(model.metadata["side"]) if side is None else side
    margin = _APART if is_apart else _MARGIN
    small = fitted(image, side - 2 * margin)
    seen = on_black(small, margin) if is_apart else bordered(small)
    maps = model.run(np.ascontiguousarray(seen[::-1, ::-1] if is_turned else seen)[None])[0][0]
    last = np.array(seen.shape[1::-1], np.float32) - 1
    scale = np.array((image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]), np.float32)
    detections = []
    parts = dict(zip(model.metadata["kinds"].split(","), maps, strict=True))
    for kind in (each for each in KINDS if each in kinds):
        part = parts[kind]
        for quad, score in _voted(part, least):
            whole = quad if kind == "card" else _stretched(quad, part[0])
            whole = last - whole if is_turned else whole
            if is_convex(whole):
                detections.append(Detection(kind=kind, quad=(whole - margin + 0.5) * scale - 0.5, score=score))
    return sorted(detections, key=lambda detection: -detection.score)


def blocks(model: Model, image: Image, *, least: float = 0.25, side: int | None = None) -> list[Detection]:
    """Where in ``image`` (H, W, 3) a number may stand in rows one below the other, the most certain first.

    The corners of such a number are guessed as if it were a line, while the cells that are on it are told well. A quad
    is around neighbouring cells, and reads as most of their votes do, which may be off by a quarter or half turn.
    ``side``: as in :func:`locate`.
    """
    small = fitted(image, (int(model.metadata["side"]) if side is None else side) - 2 * _MARGIN)
    part = model.run(bordered(small)[None])[0][0][model.metadata["kinds"].split(",").index("number")]
    scale = np.array((image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]), np.float32)
    count, labels = cv2.connectedComponents((part[0] >= _JOINED).astype(np.uint8))
    found = []
    for there in (labels == label for label in range(1, count)):
        quad = _boxed(_middles(there))
        score = float(part[0, there].max())
        if score >= least and max(sides(quad)) <= _LONGEST_BLOCK * min(sides(quad)):
            votes = part[1:9, there].T.reshape(-1, 4, 2)
            right = ((votes[:, 1] - votes[:, 0]) * part[0, there, None]).sum(0)
            edges = np.roll(quad, -1, 0) - quad
            first = int((edges @ right / np.linalg.norm(edges, axis=1)).argmax())
            whole = (np.roll(quad, -first, 0) - _MARGIN + 0.5) * scale - 0.5
            found.append(Detection(kind="number", quad=np.asarray(whole, np.float32), score=score))
    return sorted(found, key=lambda block: -block.score)[:_MOST_BLOCKS]


def fitted(image: Image, side: int) -> Image:
    """``image`` with its longer side at ``side`` pixels and the other at the nearest multiple of 32."""
    height, width = image.shape[:2]
    longest = max(height, width)
    columns, rows = (max(32, round(side * length / longest / 32) * 32) for length in (width, height))
    while longest >= 2 * side and min(image.shape[:2]) >= 64:  # halving is many times faster than any other ratio
        image = np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        longest //= 2
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)


def bordered(image: Image) -> Image:
    """``image`` in a border of its edges' mean colour: lines at a picture's edge are found as well as others then."""
    edges = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    colour = edges.mean(0).tolist()
    return np.asarray(cv2.copyMakeBorder(image, *(_MARGIN,) * 4, cv2.BORDER_CONSTANT, value=colour), np.uint8)


def on_black(image: Image, margin: int) -> Image:
    """``image`` with ``margin`` pixels of black on all sides."""
    return np.asarray(cv2.copyMakeBorder(image, *(margin,) * 4, cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)


def _voted(part: NDArray[np.float32], least: float) -> list[tuple[Quad, float]]:
    """The quads of one kind from its map (11, h, w), in pixels of the model's input, with their scores."""
    score = part[0]
    if score.max() < least:
        return []
    there = score >= max(least, 0.15)
    cells, scores, logs = _middles(there), score[there], part[9:11, there].T
    votes = part[1:9, there].T.reshape(-1, 4, 2) * UNIT + cells[:, None]
    weights = np.exp(-1.5 * logs[:, [0, 1, 1, 0]]) * scores[:, None] ** 2
    free = np.ones(len(cells), bool)
    out: list[tuple[Quad, float]] = []
    while len(out) < MOST and free.any():
        top = int(np.where(free, scores, 0).argmax())
        lengths = np.linalg.norm(votes[top, [1, 3]] - votes[top, 0], axis=1)
        size = max(8.0, 0.25 * float(lengths.sum()))
        near = free & (np.abs(votes - votes[top]).max((1, 2)) < size)
        free &= ~near
        weight = weights[near] / weights[near].sum(0)
        quad = (votes[near] * weight[:, :, None]).sum(0).astype(np.float32)
        free &= ~_within(cells, quad)
        if all(overlap(quad, other) <= _SAME for other, _ in out):
            out.append((quad, float(scores[top])))
    return out


def _stretched(quad: Quad, score: NDArray[np.float32]) -> Quad:
    """``quad`` of a line, its ends moved out to where the map still says that the line goes on.

    Votes for a far end fall short; the cells at the end itself do not.
    """
    cells = _middles(score >= _GOES_ON)
    start, end = ends(quad)
    long = float(np.linalg.norm(end - start))
    along = (end - start) / max(long, 1e-3)
    high = sides(quad)[1]
    off = (cells - start) @ np.array([-along[1], along[0]], np.float32)
    places = np.sort(((cells - start) @ along)[np.abs(off) < max(0.7 * high, 0.75 * STRIDE)])
    first, last = 0.0, long
    for place in places[places >= long / 2]:
        last = max(last, float(place)) if place - last < 3 * STRIDE else last
    for place in places[places <= long / 2][::-1]:
        first = min(first, float(place)) if first - place < 3 * STRIDE else first
    shifts = np.array([first, last - long, last - long, first], np.float32)[:, None] * along
    return np.asarray(quad + shifts, np.float32)


def _boxed(cells: NDArray[np.float32]) -> Quad:
    """The smallest rectangle around ``cells`` (N, 2), which are STRIDE pixels wide and high."""
    middle, (width, height), angle = cv2.minAreaRect(cells)
    return np.asarray(cv2.boxPoints((middle, (width + STRIDE, height + STRIDE), angle)), np.float32)


def _middles(there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The middles (N, 2) of the cells of a map (h, w) that are ``there``, in pixels of the model's input."""
    return np.argwhere(there)[:, ::-1].astype(np.float32) * STRIDE + (STRIDE - 1) / 2


def _within(cells: NDArray[np.float32], quad: Quad) -> NDArray[np.bool_]:
    """Which of ``cells`` (N, 2) lie in ``quad``."""
    edges = quad[[1, 2, 3, 0]] - quad
    away = cells[:, None] - quad
    return np.asarray((edges[:, 0] * away[:, :, 1] - edges[:, 1] * away[:, :, 0] >= 0).all(1))
