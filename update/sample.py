"""Draws the sample card that ships with the server: src/bankcard_ocr/server/sample.jpg.

    python update/sample.py src/bankcard_ocr/server/sample.jpg

The card never existed: its number is published for tests, its bank and marks are made up. Nothing is sampled but the
grain of table and foil, from fixed seeds, and no font or picture of the machine takes part, so everyone draws the same.
"""

from __future__ import annotations

import argparse
import itertools
import pathlib

import cv2
import numpy as np

from bankcard_ocr.synth import card, clutter, dataset, glyphs, render, scene
from bankcard_ocr.synth.canvas import Canvas
from bankcard_ocr.synth.ink import Ink
from bankcard_ocr.synth.pixels import Picture, noise
from bankcard_ocr.vision import quad as quads

NUMBER, EXPIRY, HOLDER = "6200 0000 0000 0005", "12/30", "LI MING"
SIZE = (1280, 800)  # of the photograph
SCALE = 16.0  # pixels a millimetre of the flat card
PLACE = np.array([(158, 122), (1102, 96), (1138, 690), (132, 706)], np.float32)  # the card's corners on the photograph

RAISED = Ink(
    relief=True, foil=(0.88, 0.89, 0.92), cover=0.94, soft=0.1, light=-2.2, diffuse=0.34, shine=0.3, sharp=1.6,
    dark=0.35, rim=0.1, halo=0.25, shadow=0.45, shift=0.34, metal=0.12, seed=5,
)  # fmt: skip
PRINTED = Ink(relief=False, foil=(0.93, 0.95, 1.0), cover=0.9, soft=0.03)
THIN = glyphs.Face(stroke=0.11, corner=0.3, aspect=0.62)
EMBOSSED = glyphs.Face(stroke=0.145, corner=0.17)


def text(kind: card.Kind, value: str, *, left: float, middle: float, height: float, pitch: float = 0.0) -> card.Line:
    """``value`` from ``left`` along ``middle``, in millimetres; raised where it has a ``pitch``, else printed."""
    steps = np.full(len(value), pitch or 0.84 * height)
    middles = np.stack([left + np.cumsum(steps) - steps / 2, np.full(len(value), middle)], 1).astype(np.float32)
    face, ink = (EMBOSSED, RAISED) if pitch else (THIN, PRINTED)
    return card.Line(kind=kind, text=value, face=face, ink=ink, height=height, middles=middles)


LINES = (
    text("other", "SAMPLE BANK", left=15.5, middle=7.6, height=3.3),
    text("other", "DEBIT", left=70.0, middle=7.6, height=2.1),
    text("number", NUMBER, left=7.2, middle=31.0, height=4.33, pitch=card.PITCH),
    text("other", NUMBER[:4], left=7.6, middle=35.6, height=1.3),
    text("other", "VALID", left=28.2, middle=39.3, height=1.15),
    text("other", "THRU", left=28.2, middle=41.1, height=1.15),
    text("expiry", EXPIRY, left=34.4, middle=40.2, height=2.9, pitch=2.54),
    text("holder", HOLDER, left=7.2, middle=47.0, height=2.9, pitch=2.54),
)


def front() -> render.Flat:
    """The card, drawn flat."""
    columns, rows = int(card.WIDTH * SCALE), int(card.HEIGHT * SCALE)
    picture = _paper(rows, columns)
    rng = np.random.default_rng(8)
    canvas = Canvas(pixels=picture, scale=SCALE)
    clutter.chip(rng, canvas, (9.0, 26.5))
    _emblem(picture)
    _plate(picture)
    texts = render.texts(canvas, LINES)
    cover = np.zeros((rows, columns, 1), np.float32)
    clutter.rounded(cover, (0, 0, columns - 1, rows - 1), render.CORNER * SCALE, [255.0])
    pixels = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return render.Flat(pixels=pixels, cover=cover[:, :, 0].astype(np.uint8), texts=tuple(texts))


def _paper(rows: int, columns: int) -> Picture:
    """Deep blue into teal, under a family of waves."""
    x, y = np.linspace(0, 1, columns, dtype=np.float32)[None], np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    weight = np.clip(0.65 * x + 0.45 * y, 0, 1)[:, :, None]
    picture = (1 - weight) * np.array((0.05, 0.13, 0.36), np.float32) + weight * np.array((0.02, 0.42, 0.5), np.float32)
    waves = np.zeros((rows, columns), np.uint8)
    across = np.linspace(-20, columns + 20, 120)
    for i in range(26):
        swell = np.sin(across / columns * 5 + i * 0.13)
        down = rows * (0.5 + 0.035 * i - 0.28 * across / columns) + 3.2 * SCALE * swell
        points = np.round(np.stack([across, down], 1) * 8).astype(np.int32)
        cv2.polylines(waves, [points], False, 255, 2, cv2.LINE_AA, 3)
    picture += waves[:, :, None] / np.float32(255) * np.float32(0.12)
    return np.ascontiguousarray(picture, np.float32)


def _emblem(picture: Picture) -> None:
    """The made-up bank's sign: a ring around a bar."""
    x, y, bar = int(9.8 * SCALE), int(7.6 * SCALE), int(1.3 * SCALE)
    cv2.circle(picture, (x, y), int(2.7 * SCALE), (0.93, 0.95, 1.0), int(0.6 * SCALE), cv2.LINE_AA)
    cv2.line(picture, (x - bar, y), (x + bar, y), (0.96, 0.76, 0.3), int(0.8 * SCALE), cv2.LINE_AA)


def _plate(picture: Picture) -> None:
    """A made-up network's sign: three slanted stripes on a light plate."""
    left, top, right, bottom, lean = 64.5, 38.5, 79.5, 48.1, 1.9
    box = (int(left * SCALE), int(top * SCALE), int(right * SCALE), int(bottom * SCALE))
    clutter.rounded(picture, box, 1.2 * SCALE, [0.95, 0.96, 0.97])
    high, low = top + 1.2, bottom - 1.2
    for i, colour in enumerate(((0.95, 0.62, 0.16), (0.36, 0.2, 0.55), (0.1, 0.6, 0.5))):
        a, b = left + 1.0 + i * 3.9, left + 4.5 + i * 3.9
        corners = np.array([(a + lean, high), (b + lean, high), (b, low), (a, low)]) * SCALE
        cv2.fillPoly(picture, [np.round(corners * 8).astype(np.int32)], colour, cv2.LINE_AA, 3)


def table(rng: np.random.Generator) -> Picture:
    """Boards of light wood."""
    width, height = SIZE
    picture = np.empty((height, width, 3), np.float32)
    edges = np.linspace(0, height, 5).astype(int)
    for top, bottom in itertools.pairwise(edges):
        rows = bottom - top
        fibres = cv2.resize(noise(rng, rows, 12, 2.2), (width, rows), interpolation=cv2.INTER_CUBIC)
        bands = cv2.resize(noise(rng, rows, 8, 16.0), (width, rows), interpolation=cv2.INTER_CUBIC)
        tone = np.array((0.73, 0.57, 0.4), np.float32) * np.float32(rng.uniform(0.93, 1.05))
        picture[top:bottom] = tone * (1 + 0.05 * fibres + 0.09 * bands)[:, :, None]
        picture[top : top + 3] *= np.float32(0.62)
    return picture


def photograph() -> scene.Scene:
    """The card on the table, under one lamp from the top left."""
    rng = np.random.default_rng(3)
    flat = front()
    picture: Picture = np.asarray(cv2.GaussianBlur(table(rng), (0, 0), 1.0), np.float32)
    cover = cv2.warpPerspective(flat.cover, quads.homography(quads.rectangle(*flat.cover.shape[::-1]), PLACE), SIZE)
    fall = cv2.GaussianBlur(cv2.warpAffine(cover, np.array([[1, 0, 9], [0, 1, 16]], np.float32), SIZE), (0, 0), 13)
    picture *= 1 - np.asarray(fall[:, :, None], np.float32) * np.float32(0.5 / 255)
    picture, things = scene.laid(rng, picture, flat, PLACE, shadow=False)
    x, y = np.linspace(0, 1, SIZE[0], dtype=np.float32)[None], np.linspace(0, 1, SIZE[1], dtype=np.float32)[:, None]
    picture *= (1.12 - 0.2 * x - 0.14 * y)[:, :, None]
    return scene.Scene(pixels=(np.clip(picture, 0, 1) * 255).astype(np.uint8), things=tuple(things))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path)
    out: pathlib.Path = parser.parse_args().out
    try:
        dataset.save(out, photograph().pixels)
    except OSError as error:
        parser.exit(1, f"{out} cannot be written: {error.strerror}; choose another OUT\n")
    print(f"{out}: {out.stat().st_size / 1e3:.0f} KB")


if __name__ == "__main__":
    main()
