"""Measures from which value on each warning is given: defects drawn on purpose against photographs without them.

    .venv/bin/python bench/cautions.py bench/results/cautions.json --count 80 [--real FOLDER]

For each measure: its quantiles without and with the defect, and how often the shipped threshold warns of either; with
``--real``, how often on the pictures of a folder (figures only). Pictures without a number line in them do not count.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bankcard_ocr import caution
from bankcard_ocr.engine import cards
from bankcard_ocr.errors import Refused
from bankcard_ocr.reader import Reader
from bankcard_ocr.reading import Options, Seen
from bankcard_ocr.synth import camera, card, render, scene
from bankcard_ocr.synth.pixels import blurred
from bankcard_ocr.vision import image, locate, quality
from bankcard_ocr.vision import quad as quads

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
WIDTH, HEIGHT = 1024, 768
LIKELY = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A photograph of one whole card, uint8 RGB, and where card and number are."""

    pixels: Pixels
    card: quads.Quad
    number: quads.Quad


def shot(rng: Rng) -> Shot:
    """A photograph of one card that lies in the picture with all corners."""
    while True:
        drawn = card.sample(rng)
        if sum(line.kind == "number" for line in drawn.lines) != 1 or drawn.size[0] < drawn.size[1]:
            continue
        flat = render.flat(drawn, scale=9.0)
        for _ in range(6):
            taken = scene.portrait(rng, flat, width=WIDTH, height=HEIGHT)
            quad = {thing.kind: thing.quad for thing in taken.things}
            inside = "card" in quad and ((quad["card"] >= 0) & (quad["card"] < (WIDTH, HEIGHT))).all()
            if inside and "number" in quad:
                return Shot(pixels=taken.pixels, card=quad["card"], number=quad["number"])


def clean(_: Rng, taken: Shot) -> Pixels:
    """As it is."""
    return taken.pixels


def blurred_(rng: Rng, taken: Shot) -> Pixels:
    """Out of focus by a tenth to a quarter of the digits' height."""
    high = quads.sides(taken.number)[1]
    return np.asarray(blurred(taken.pixels.astype(np.float32), high * rng.uniform(0.1, 0.25)), np.uint8)


def glare(rng: Rng, taken: Shot) -> Pixels:
    """A lamp's reflection over part of the card."""
    long, _ = quads.sides(taken.card)
    x, y = quads.project(rng.uniform(0.15, 0.85, (1, 2)).astype(np.float32), quads.homography(quads.UNIT, taken.card))[
        0
    ]
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    far = ((xs - x) ** 2 + (ys - y) ** 2) / (long * rng.uniform(0.06, 0.2)) ** 2
    light = 255 * rng.uniform(1.2, 2.5) * np.exp(-far)
    return np.asarray(np.clip(taken.pixels + light[:, :, None], 0, 255), np.uint8)


def occluded(rng: Rng, taken: Shot) -> Pixels:
    """Fingers over an edge."""
    picture = taken.pixels.astype(np.float32) / np.float32(255)
    scene._fingers(rng, picture, taken.card)  # noqa: SLF001 (the generator's own fingers)
    return np.asarray(np.clip(picture, 0, 1) * 255, np.uint8)


def photocopy(rng: Rng, taken: Shot) -> Pixels:
    """Copied in black and white, then photographed on the copy's paper."""
    gray = cv2.cvtColor(taken.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gray = np.clip((gray - 128) * rng.uniform(1.0, 1.8) + 140, 0, 255)
    tint = rng.normal(1, 0.03, 3).astype(np.float32)
    return camera.compressed(np.clip(gray[:, :, None] * tint, 0, 255).astype(np.uint8), 88)


def screen(rng: Rng, taken: Shot) -> Pixels:
    """Shown on a screen of red, green and blue stripes, and photographed from it."""
    pixels = taken.pixels.astype(np.float32)
    pitch, angle = rng.uniform(2.2, 5.0), rng.normal(0, 0.06)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    across, down = xs * np.cos(angle) + ys * np.sin(angle), ys * np.cos(angle) - xs * np.sin(angle)
    depth = rng.uniform(0.15, 0.6)
    stripes = np.stack([1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * (across / pitch + i / 3))) for i in range(3)], 2)
    rows = 1 - depth * 0.7 * (0.5 + 0.5 * np.sin(2 * np.pi * down / pitch))[:, :, None]
    seen = blurred((pixels * stripes * rows).astype(np.float32), rng.uniform(0.3, 0.7))
    return camera.compressed(np.clip(seen * 1.25, 0, 255).astype(np.uint8), 90)


def border_incomplete(rng: Rng, taken: Shot) -> Pixels:
    """Cut off at one side of the picture by a tenth to a third of what is between the number and the card's edge."""
    above = taken.number[:, 1].min() - taken.card[:, 1].min()
    top = int(taken.card[:, 1].min() + rng.uniform(0.3, 0.9) * max(above, 10) / 1.0)
    return np.ascontiguousarray(taken.pixels[min(top, int(taken.number[:, 1].min())) :])


def too_small(_: Rng, taken: Shot) -> Pixels:
    """Seen so small that digits are eight to ten pixels high."""
    ratio = 9.0 / quads.sides(taken.number)[1]
    return np.asarray(cv2.resize(taken.pixels, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA), np.uint8)


def several_cards(_: Rng, taken: Shot) -> Pixels:
    """Two photographs side by side."""
    half = cv2.resize(taken.pixels, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.concatenate([half, half], 1))


DEFECTS: dict[str, Callable[[Rng, Shot], Pixels]] = {
    "clean": clean, "blurred": blurred_, "glare": glare, "occluded": occluded, "photocopy": photocopy,
    "screen": screen, "border_incomplete": border_incomplete, "too_small": too_small, "several_cards": several_cards,
}  # fmt: skip


def jpeg(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]), (cv2.IMWRITE_JPEG_QUALITY, 92))[1])


def are_several(reader: Reader, data: bytes) -> bool:
    """Whether the reader warns of several cards."""
    try:
        seen: Seen | None = reader.read(data, Options(detail=True))
    except Refused as error:
        seen = error.seen
    return seen is not None and "several_cards" in seen.warnings


def measures(reader: Reader, pictures: Iterator[bytes]) -> list[dict[str, float]]:
    """The measures of each picture on which a number line was located; digits are taken to be as high as the line."""
    found = []
    for data in pictures:
        pixels = image.decode(data).pixels
        detections = locate.locate(reader.locator, pixels)
        numbers = [one for one in detections if one.kind == "number" and one.score > LIKELY]
        if numbers:
            line = quads.grow(numbers[0].quad, 0.02, 0.3)
            outline = cards.around(numbers[0].quad, detections)
            height, count = quads.sides(numbers[0].quad)[1], 2.0 if are_several(reader, data) else 1.0
            others = {"height": height, "hidden": 0.0, "cards": count}
            found.append(quality.measures(pixels, outline, line) | others)
    return found


def quantiles(rows: list[dict[str, float]], name: str) -> list[float]:
    values = [row[name] for row in rows if name in row]
    return (
        [round(float(v), 4) for v in np.quantile(values, (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99))] if values else []
    )


def measure(count: int, seed: int, real: Path | None) -> dict[str, object]:
    """Quantiles (1, 5, 25, 50, 75, 95, 99 %) of each measure on each set, and how often each set is warned of what."""
    reader = Reader()
    shots = [shot(np.random.default_rng((seed, i))) for i in range(count)]
    sets = {}
    for place, (name, draw) in enumerate(DEFECTS.items()):
        pictures = (jpeg(draw(np.random.default_rng((seed, place, i)), taken)) for i, taken in enumerate(shots))
        sets[name] = measures(reader, pictures)
        print(name, len(sets[name]), file=sys.stderr, flush=True)
    if real is not None:
        sets["real"] = measures(reader, (file.read_bytes() for file in sorted(real.glob("*.jpg"))))
    names = [rule.measure for rule in caution.RULES]
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
