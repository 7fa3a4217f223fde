"""A sheet of what the generator draws, to be looked at.

python -m bankcard_ocr.synth.sheet OUT.png --seed 1 --kind strip|scene|card
"""

from __future__ import annotations

import argparse
import pathlib
from typing import Literal

import cv2
import numpy as np

from . import card, dataset, render, scene, strip
from .pixels import Bytes, Rng

Kind = Literal["strip", "scene", "card"]
GRIDS = {"strip": (12, 2), "scene": (4, 5), "card": (5, 4)}  # rows, columns
SIZES = {"strip": (480, 48), "scene": (320, 320), "card": (300, 190)}  # width, height
GAP = 4


def sheet(seed: int, kind: Kind) -> Bytes:
    """Pictures of one kind side by side, uint8 RGB; sample i of seed s is the same whatever the sheet's size."""
    rows, columns = GRIDS[kind]
    width, height = SIZES[kind]
    out = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), 255, np.uint8)
    for i in range(rows * columns):
        y, x = GAP + i // columns * (height + GAP), GAP + i % columns * (width + GAP)
        out[y : y + height, x : x + width] = _picture(np.random.default_rng((seed, i)), kind)
    return out


def _picture(rng: Rng, kind: Kind) -> Bytes:
    width, height = SIZES[kind]
    if kind == "strip":
        return strip.sample(rng, width).pixels
    flats = [render.flat(card.sample(rng), 7.5) for _ in range(3 if kind == "scene" else 1)]
    if kind == "scene":
        return scene.sample(rng, flats, width=width, height=height).pixels
    pixels = flats[0].pixels
    lying = np.rot90(pixels) if pixels.shape[0] > pixels.shape[1] else pixels
    return np.asarray(cv2.resize(lying, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=tuple(GRIDS), default="strip")
    options = parser.parse_args()
    if options.seed < 0:
        parser.error("the seed must be 0 or more")
    try:
        dataset.save(options.out, sheet(options.seed, options.kind))
    except OSError as error:
        parser.exit(1, f"{options.out} cannot be written: {error.strerror}; choose another OUT\n")


if __name__ == "__main__":
    main()
