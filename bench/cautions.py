"""Measures from which value on each warning is given: defects drawn on purpose against photographs without them.

    .venv/bin/python bench/cautions.py bench/results/cautions.json --count 80 [--real FOLDER]

For each measure: its quantiles without and with the defect, and how often the shipped threshold warns of either; with
``--real``, how often on the pictures of a folder (figures only) whose number was read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bankcard_ocr import caution
from bankcard_ocr.errors import BankcardError
from bankcard_ocr.reader import Reader
from bankcard_ocr.reading import Options
from bankcard_ocr.synth import camera, card, render, scene
from bankcard_ocr.synth.pixels import blurred
from bankcard_ocr.vision import quad as quads

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
WIDTH, HEIGHT = 1280, 960


def numbered(rng: Rng) -> render.Flat:
    """A card with its number on one line, drawn flat."""
    while True:
        drawn = card.sample(rng)
        if sum(line.kind == "number" for line in drawn.lines) == 1 and drawn.size[0] > drawn.size[1]:
            return render.flat(drawn, scale=11.0)


def plain(rng: Rng, flat: render.Flat) -> tuple[Pixels, scene.Scene]:
    """A photograph of one whole card, and what is in it."""
    while True:
        shot = scene.portrait(rng, flat, width=WIDTH, height=HEIGHT)
        corners = shot.things[0].quad if shot.things else None
        if corners is not None and (corners >= 0).all() and (corners < (WIDTH, HEIGHT)).all():
            return shot.pixels, shot


def clean(rng: Rng) -> Pixels:
    return plain(rng, numbered(rng))[0]


def blurred_(rng: Rng) -> Pixels:
    """Out of focus by a tenth to a quarter of the digits' height."""
    pixels, shot = plain(rng, numbered(rng))
    high = quads.sides(next(thing.quad for thing in shot.things if thing.kind == "number"))[1]
    return np.asarray(blurred(pixels.astype(np.float32), high * rng.uniform(0.1, 0.25)), np.uint8)


def glare(rng: Rng) -> Pixels:
    """A lamp's reflection over part of the card."""
    pixels, shot = plain(rng, numbered(rng))
    corners = shot.things[0].quad
    long, _ = quads.sides(corners)
    x, y = quads.project(rng.uniform(0.15, 0.85, (1, 2)).astype(np.float32), quads.homography(UNIT, corners))[0]
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    far = ((xs - x) ** 2 + (ys - y) ** 2) / (long * rng.uniform(0.06, 0.2)) ** 2
    light = 255 * rng.uniform(1.2, 2.5) * np.exp(-far)
    return np.clip(pixels + light[:, :, None], 0, 255).astype(np.uint8)


def occluded(rng: Rng) -> Pixels:
    """Fingers over an edge."""
    pixels, shot = plain(rng, numbered(rng))
    picture = pixels.astype(np.float32) / np.float32(255)
    scene._fingers(rng, picture, shot.things[0].quad)  # noqa: SLF001 (the generator's own fingers)
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def photocopy(rng: Rng) -> Pixels:
    """Copied in black and white, then photographed on the copy's paper."""
    pixels = clean(rng)
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gray = np.clip((gray - 128) * rng.uniform(1.0, 1.8) + 140, 0, 255)
    tint = rng.normal(1, 0.03, 3).astype(np.float32)
    return camera.compressed(np.clip(gray[:, :, None] * tint, 0, 255).astype(np.uint8), 88)


def screen(rng: Rng) -> Pixels:
    """Shown on a screen of red, green and blue stripes, and photographed from it."""
    pixels = clean(rng).astype(np.float32)
    pitch, angle = rng.uniform(2.2, 5.0), rng.normal(0, 0.06)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    across, down = xs * np.cos(angle) + ys * np.sin(angle), ys * np.cos(angle) - xs * np.sin(angle)
    depth = rng.uniform(0.15, 0.6)
    stripes = np.stack([1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * (across / pitch + i / 3))) for i in range(3)], 2)
    rows = 1 - depth * 0.7 * (0.5 + 0.5 * np.sin(2 * np.pi * down / pitch))[:, :, None]
    seen = blurred((pixels * stripes * rows).astype(np.float32), rng.uniform(0.3, 0.7))
    return camera.compressed(np.clip(seen * 1.25, 0, 255).astype(np.uint8), 90)


def border_incomplete(rng: Rng) -> Pixels:
    """Cut off by a tenth to a quarter at one edge that the number does not reach."""
    while True:
        pixels, shot = plain(rng, numbered(rng))
        corners = shot.things[0].quad
        number = next(thing.quad for thing in shot.things if thing.kind == "number")
        cut = quads.project(np.array([(0.5, rng.uniform(0.1, 0.25))], np.float32), quads.homography(UNIT, corners))[0]
        top = int(cut[1])
        if 0 < top < number[:, 1].min() - 10:
            return np.ascontiguousarray(pixels[top:])


def several_cards(rng: Rng) -> Pixels:
    """Two photographs side by side on one ground."""
    halves = []
    for _ in range(2):
        shot = scene.portrait(rng, numbered(rng), width=WIDTH, height=HEIGHT)
        halves.append(np.asarray(cv2.resize(shot.pixels, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)))
    return np.ascontiguousarray(np.concatenate(halves, 1))


UNIT = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
DEFECTS: dict[str, Callable[[Rng], Pixels]] = {
    "clean": clean, "blurred": blurred_, "glare": glare, "occluded": occluded, "photocopy": photocopy,
    "screen": screen, "border_incomplete": border_incomplete, "several_cards": several_cards,
}  # fmt: skip
OPTIONS = Options(threshold=0.0, detail=True)


def jpeg(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]), (cv2.IMWRITE_JPEG_QUALITY, 92))[1])


def measures(reader: Reader, pictures: Iterator[bytes], threshold: float) -> list[dict[str, float]]:
    """The measures of each picture whose number was read at ``threshold``."""
    found = []
    for data in pictures:
        try:
            found.append(reader.measured(data, Options(threshold=threshold)))
        except BankcardError:
            continue
    return found


def quantiles(rows: list[dict[str, float]], name: str) -> list[float]:
    values = [row[name] for row in rows]
    return (
        [round(float(v), 4) for v in np.quantile(values, (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99))] if values else []
    )


def measure(count: int, seed: int, real: Path | None) -> dict[str, object]:
    """Quantiles (1, 5, 25, 50, 75, 95, 99 %) of each measure on each set, and how often each set is warned of what."""
    reader = Reader()
    sets = {
        name: measures(
            reader, (jpeg(draw(np.random.default_rng((seed, place, i)))) for i in range(count)), threshold=0.0
        )
        for place, (name, draw) in enumerate(DEFECTS.items())
    }
    if real is not None:
        sets["real"] = measures(reader, (file.read_bytes() for file in sorted(real.glob("*.jpg"))), threshold=0.9)
    names = list(next(rows[0] for rows in sets.values() if rows))
    return {
        "pictures": {name: len(rows) for name, rows in sets.items()},
        "quantiles": {name: {which: quantiles(rows, name) for which, rows in sets.items()} for name in names},
        "warned": {
            which: {
                warning: round(float(np.mean([warning in caution.of_measures(row) for row in rows])), 3)
                for warning in caution.MEASURED
            }
            for which, rows in sets.items()
            if rows
        },
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--real", type=Path)
    chosen = parser.parse_args()
    figures = {
        "command": f"python bench/cautions.py {chosen.out} --count {chosen.count} --seed {chosen.seed}",
        **measure(chosen.count, chosen.seed, chosen.real),
    }
    chosen.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
