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
from ..vision.locate import KINDS, STRIDE, UNIT
from .data import Batch, Sample, Shapes

SIDE = 320  # of a picture
MOST = 12  # things in a scene, at most
FLATS = 120  # cards a renderer keeps at hand
FEW = 12  # and how many it draws before the first scene
SHAPES: Shapes = {
    "pixels": ("uint8", (SIDE, SIDE, 3)),
    "kinds": ("int8", (MOST,)),
    "quads": ("float32", (MOST, 4, 2)),
}


class SceneRenderer:
    """Draws scenes of a stock of cards, which every call renews by one.

    A card is dear and a scene is cheap, so calls share cards: what a renderer draws follows from all the generators
    that it was called with, and from nothing else.
    """

    def __init__(self) -> None:
        self._stock: list[render.Flat] = []

    def __call__(self, rng: np.random.Generator) -> Iterator[Sample]:
        """Five scenes."""
        for _ in range(1 if self._stock else FEW):
            self._renew(rng)
        for _ in range(5):
            yield sample(scene.sample(rng, self._stock, width=SIDE, height=SIDE))

    def _renew(self, rng: np.random.Generator) -> None:
        """Draws a card into the stock, in place of another once that is full."""
        drawn = render.flat(card.sample(rng), scale=float(rng.uniform(5.0, 7.0)))
        if len(self._stock) < FLATS:
            self._stock.append(drawn)
        else:
            self._stock[int(rng.integers(FLATS))] = drawn


def sample(shot: scene.Scene) -> Sample:
    """A scene as arrays; the topmost things when there are too many."""
    kinds, quads = np.full(MOST, -1, np.int8), np.zeros((MOST, 4, 2), np.float32)
    for i, thing in enumerate(shot.things[-MOST:]):
        kinds[i] = KINDS.index(thing.kind)
        quads[i] = thing.quad
    return {"pixels": shot.pixels, "kinds": kinds, "quads": quads}


def augment(rng: np.random.Generator, batch: Batch) -> None:
    """Turns, scales, shifts and recolours a batch in place."""
    for i in range(len(batch["pixels"])):
        if rng.random() < 0.6:
            batch["pixels"][i], batch["quads"][i], batch["kinds"][i] = _held_otherwise(
                rng, batch["pixels"][i], batch["quads"][i], batch["kinds"][i]
            )
    quarters = int(rng.choice(4, p=(0.76, 0.08, 0.08, 0.08)))
    pixels, quads = batch["pixels"], batch["quads"]
    for _ in range(quarters):  # counter-clockwise: (x, y) -> (y, side - 1 - x)
        pixels = np.rot90(pixels, 1, (1, 2))
        quads = np.stack([quads[..., 1], SIDE - 1 - quads[..., 0]], -1)
    if rng.random() < 0.15:
        pixels = pixels[..., rng.permutation(3)]
    if rng.random() < 0.05:
        pixels = np.subtract(255, pixels)
    batch["pixels"], batch["quads"] = np.ascontiguousarray(pixels), np.ascontiguousarray(quads)


def _held_otherwise(
    rng: np.random.Generator, pixels: NDArray[np.uint8], quads: NDArray[np.float32], kinds: NDArray[np.int8]
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int8]]:
    """One scene turned, scaled and shifted; what leaves the picture leaves the labels."""
    angle = rng.normal(0, 8) if rng.random() < 0.9 else rng.uniform(-180, 180)
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(angle), float(np.exp(rng.normal(-0.05, 0.15))))
    matrix = matrix + np.pad(rng.normal(0, 0.05 * SIDE, (2, 1)), ((0, 0), (2, 0)))
    edge = cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT
    fill = tuple(float(v) for v in rng.integers(0, 256, 3)) if rng.random() < 0.5 else tuple(pixels[2, 2].tolist())
    moved = cv2.warpAffine(pixels, matrix, (SIDE, SIDE), borderMode=edge, borderValue=fill)
    there = np.asarray(quads @ matrix[:, :2].T + matrix[:, 2], np.float32)
    kept = [i for i in range(int((kinds >= 0).sum())) if scene.is_in_view(KINDS[kinds[i]], there[i], SIDE, SIDE)]
    new_kinds, new_quads = np.full_like(kinds, -1), np.zeros_like(quads)
    new_kinds[: len(kept)], new_quads[: len(kept)] = kinds[kept], there[kept]
    return np.asarray(moved, np.uint8), new_quads, new_kinds


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
