"""Draws pictures on which no number may be returned: 2,000 of them are a suite of the project's own.

    python -m bankcard_ocr.bench.unreadable OUT --count 2000 --seed 1      OUT/*.jpg and OUT/labels.csv

Four kinds take turns: no card at all, a card that bears no number, one digit of the number covered, the whole number
covered (by paper, a brush, a finger, glare or a mosaic). Sample i of seed s is the same however many are drawn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..synth import camera, card, clutter, dataset, render, scene

KINDS = ("no card", "no number", "digit covered", "number covered")
COLUMNS = ("file", "number", "category")


def sample(seed: int, index: int, *, width: int = 1280, height: int = 960) -> tuple[NDArray[np.uint8], str]:
    """Picture ``index`` of ``seed``, uint8 RGB (H, W, 3), and its kind."""
    rng = np.random.default_rng((seed, index))
    kind = KINDS[index % len(KINDS)]
    if kind == "no card":
        picture = camera.develop(rng, camera.light(rng, scene.background(rng, height, width)))
        return camera.shoot(rng, picture), kind
    drawn = _numbered(rng)
    if kind == "no number":
        flat = render.flat(
            replace(drawn, lines=tuple(line for line in drawn.lines if line.kind != "number")), scale=11.0
        )
    else:
        flat = covered(rng, render.flat(drawn, scale=11.0), whole=kind == "number covered")
    return scene.portrait(rng, flat, width=width, height=height).pixels, kind


def covered(rng: np.random.Generator, flat: render.Flat, *, whole: bool) -> render.Flat:
    """``flat`` with its number covered: one digit, or with ``whole`` every one."""
    (boxes,) = (text.boxes for text in flat.texts if text.kind == "number")
    if not whole:
        boxes = boxes[[int(rng.integers(len(boxes)))]]
    left, top = (float(edge) for edge in boxes[:, :2].min(axis=0))
    right, bottom = (float(edge) for edge in boxes[:, 2:].max(axis=0))
    picture = flat.pixels.astype(np.float32) / np.float32(255)
    clutter.cover(rng, picture, (left, top, right, bottom))
    return replace(flat, pixels=(np.clip(picture, 0, 1) * 255).astype(np.uint8))


def write(out: Path, count: int, seed: int) -> None:
    """Writes ``count`` pictures and their labels into ``out``, which is made when missing.

    Raises OSError, FileExistsError where ``out`` has labels already: they are another set's. Raises ValueError, before
    anything is written, when ``count`` is less than 1 or ``seed`` less than 0.
    """
    if count < 1 or seed < 0:
        raise ValueError("the count must be 1 or more, the seed 0 or more")
    dataset.write_labelled(out, COLUMNS, _labelled(count, seed))


def _labelled(count: int, seed: int) -> Iterator[tuple[NDArray[np.uint8], dict[str, object]]]:
    """Pictures, one at a time, and what is said of them."""
    for index in range(count):
        pixels, kind = sample(seed, index)
        yield pixels, {"file": f"u{seed}_{index:06d}.jpg", "number": "", "category": kind}


def _numbered(rng: np.random.Generator) -> card.Card:
    """A card whose number is one line within the card."""
    while True:
        drawn = card.sample(rng)
        if sum(line.kind == "number" for line in drawn.lines) == 1:
            return drawn


def main(arguments: Sequence[str]) -> None:
    """Draws what ``arguments`` ask for."""
    parser = argparse.ArgumentParser(prog="python -m bankcard_ocr.bench.unreadable")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    try:
        write(chosen.out, chosen.count, chosen.seed)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.exit(1, f"{chosen.out} cannot be written: {error.strerror}; choose another OUT\n")


if __name__ == "__main__":
    main(sys.argv[1:])
