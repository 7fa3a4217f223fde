"""What the locator learns from: scenes, their things, and what each cell of the net's map should say.

A batch maps ``pixels`` uint8 (N, SIDE, SIDE, 3), ``kinds`` int8 (N, MOST) (places in KINDS, -1 past the end) and
``quads`` float32 (N, MOST, 4, 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..synth import card, render, scene
from .data import Batch, Sample, Shapes

KINDS: tuple[scene.Kind, ...] = ("card", "number", "expiry", "holder")
SIDE = 320  # of a picture
STRIDE = 8  # pixels from one cell to the next
UNIT = 32.0  # pixels in one unit of a corner's offset
MOST = 12  # things in a scene, at most
FLATS = 120  # cards a renderer keeps at hand
FEW = 12  # and how many it draws before the first scene
SHAPES: Shapes = {
    "pixels": ("uint8", (SIDE, SIDE, 3)),
    "kinds": ("int8", (MOST,)),
    "quads": ("float32", (MOST, 4, 2)),
}

_flats: list[render.Flat] = []  # of this renderer's process


def render_scenes(rng: np.random.Generator) -> Iterator[Sample]:
    """Scenes; every call draws a new card into the renderer's stock."""
    for _ in range(1 if len(_flats) >= FEW else FEW):
        drawn = render.flat(card.sample(rng), scale=float(rng.uniform(5.0, 7.0)))
        if len(_flats) < FLATS:
            _flats.append(drawn)
        else:
            _flats[int(rng.integers(FLATS))] = drawn
    for _ in range(5):
        yield sample(scene.sample(rng, _flats, width=SIDE, height=SIDE))


def sample(shot: scene.Scene) -> Sample:
    """A scene as arrays; the topmost things when there are too many."""
    kinds, quads = np.full(MOST, -1, np.int8), np.zeros((MOST, 4, 2), np.float32)
    for i, thing in enumerate(shot.things[-MOST:]):
        kinds[i] = KINDS.index(thing.kind)
        quads[i] = thing.quad
    return {"pixels": shot.pixels, "kinds": kinds, "quads": quads}


def augment(rng: np.random.Generator, batch: Batch) -> None:
    """Turns by quarters and recolours a batch in place."""
    quarters = int(rng.choice(4, p=(0.7, 0.1, 0.1, 0.1)))
    pixels, quads = batch["pixels"], batch["quads"]
    for _ in range(quarters):  # counter-clockwise: (x, y) -> (y, side - 1 - x)
        pixels = np.rot90(pixels, 1, (1, 2))
        quads = np.stack([quads[..., 1], SIDE - 1 - quads[..., 0]], -1)
    if rng.random() < 0.15:
        pixels = pixels[..., rng.permutation(3)]
    if rng.random() < 0.05:
        pixels = np.subtract(255, pixels)
    batch["pixels"], batch["quads"] = np.ascontiguousarray(pixels), np.ascontiguousarray(quads)


def targets(kinds: NDArray[np.int8], quads: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores (N, K, C, C): 1 on a thing's inner part, 0 off it, -1 between; and its corners (N, K, 8, C, C)."""
    cells = SIDE // STRIDE
    score = np.zeros((len(kinds), len(KINDS), cells, cells), np.float32)
    corner = np.zeros((len(kinds), len(KINDS), 8, cells, cells), np.float32)
    y, x = np.mgrid[0:cells, 0:cells].astype(np.float32) * STRIDE + (STRIDE - 1) / 2
    middles = np.stack([x, y] * 4)
    for n in range(len(kinds)):
        for kind, quad in zip(kinds[n], quads[n], strict=True):
            if kind < 0:
                break
            inner, outer = _parts(KINDS[kind], quad, cells)
            around = outer & (score[n, kind] <= 0)
            score[n, kind] = np.where(inner, 1, np.where(around, -1, score[n, kind]))
            corner[n, kind] = np.where(inner, (quad.reshape(8, 1, 1) - middles) / UNIT, corner[n, kind])
    return score, corner


def _parts(kind: scene.Kind, quad: NDArray[np.float32], cells: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The cells of a thing's inner part, and all that it touches: a card shrinks to its middle, a line to its axis."""
    at = (quad - (STRIDE - 1) / 2) / STRIDE
    axis = (at + at[[3, 2, 1, 0]]) / 2
    core = at.mean(0) + (at - at.mean(0)) * 0.6 if kind == "card" else axis + (at - axis) * 0.5
    return _filled(core, cells, 1), _filled(at, cells, 3)


def _filled(quad: NDArray[np.floating], cells: int, thick: int) -> NDArray[np.bool_]:
    mask = np.zeros((cells, cells), np.uint8)
    cv2.fillPoly(mask, [np.round(quad * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    start, end, _, _ = np.round((quad + quad[[3, 2, 1, 0]]) / 2 * 16).astype(np.int32).tolist()
    cv2.line(mask, cast("tuple[int, int]", start), cast("tuple[int, int]", end), 1, thick, cv2.LINE_8, 4)
    return mask > 0
