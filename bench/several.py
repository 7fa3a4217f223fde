"""Measures what several pictures of one card give, on cards drawn for it.

    .venv/bin/python bench/several.py bench/results/several.json --count 60

Each card is photographed twice, from elsewhere and in other light. ``halves``: the left half of the number is covered
in one picture, the right half in the other, so that no digit is seen twice; ``halves of one photograph``: the same of
one picture, twice. ``thirds``: the last third in one, the first in the other, so that some are. ``mixed halves``,
``mixed thirds``: the same of two cards, whose number must not be returned; ``mixed twins``: halves of two cards that
differ only in their number. ``mixed``: two whole cards: when one of them cannot be read at all, the number of the other
is returned, which is right. ``cut off``: two frames of a picture that ends one to three digits before the number does;
``covered alike``: two pictures with the same third covered.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bankcard_ocr.errors import Refused
from bankcard_ocr.numbers import iin, luhn
from bankcard_ocr.reader import Reader
from bankcard_ocr.synth import card, render, scene
from bankcard_ocr.vision import quad as quads

Pixels = NDArray[np.uint8]
SIZE = {"width": 1024, "height": 768}
BEGINNINGS = ("622848", "621700", "4", "510510", "622202", "35", "6217")


def numbered(rng: np.random.Generator) -> card.Card:
    """A card whose number is one line, begins as an issuer's numbers do, and has its check digit right."""
    while True:
        drawn = card.sample(rng)
        numbers = [line for line in drawn.lines if line.kind == "number"]
        if len(numbers) == 1 and len(numbers[0].text.replace(" ", "")) in {16, 19}:
            return with_number(drawn, number(rng, numbers[0].text))


def number(rng: np.random.Generator, pattern: str) -> str:
    """Random digits grouped as ``pattern`` is, as many as the issuer that they begin with prints."""
    length = len(pattern.replace(" ", ""))
    while True:
        start = BEGINNINGS[int(rng.integers(len(BEGINNINGS)))]
        digits = start + "".join(str(int(d)) for d in rng.integers(0, 10, length - len(start) - 1))
        if length in iin.lengths(digits):
            break
    left = iter(digits + luhn.check_digit(digits))
    return "".join(char if char == " " else next(left) for char in pattern)


def with_number(drawn: card.Card, text: str) -> card.Card:
    """``drawn`` with another number in the same places."""
    lines = tuple(replace(line, text=text) if line.kind == "number" else line for line in drawn.lines)
    return replace(drawn, lines=lines)


def shot(rng: np.random.Generator, drawn: card.Card) -> tuple[Pixels, quads.Quad]:
    """A photograph and where its number stands."""
    flat = render.flat(drawn, scale=9.0)
    while True:
        taken = scene.portrait(rng, flat, **SIZE)
        found = [thing for thing in taken.things if thing.kind == "number"]
        if found and quads.sides(found[0].quad)[0] > 0.3 * SIZE["width"]:
            return taken.pixels, found[0].quad


def covered(rng: np.random.Generator, taken: tuple[Pixels, quads.Quad], start: float, end: float) -> Pixels:
    """The photograph with its number covered from ``start`` to ``end`` of its length."""
    pixels, quad = taken
    part = np.array([(start, -0.4), (end, -0.4), (end, 1.4), (start, 1.4)], np.float32)
    corners = quads.project(part, quads.homography(quads.UNIT, quad))
    out = pixels.copy()
    colour = [int(c) for c in rng.integers(20, 230, 3)]
    cv2.fillConvexPoly(out, np.rint(corners).astype(np.int32), colour, cv2.LINE_AA)
    return out


def cut(rng: np.random.Generator, taken: tuple[Pixels, quads.Quad]) -> list[Pixels]:
    """Two frames of the photograph, turned level, that end one to three digits before its number does."""
    pixels, quad = taken
    wide, high = quads.sides(quad)
    level = quads.rectify(pixels, quads.grow(quad, 0.4 * high / wide, 2.0), round(1.4 * wide), round(5 * high))
    end = round(level.shape[1] * (1 - rng.uniform(0.06, 0.2)))
    frame = np.ascontiguousarray(level[:, :end])
    return [frame, np.ascontiguousarray(frame[4:, 3:])]


def jpeg(pixels: Pixels) -> bytes:
    """``pixels`` as a file."""
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]), (cv2.IMWRITE_JPEG_QUALITY, 90))[1])


def outcome(reader: Reader, pictures: Sequence[Pixels], truths: Sequence[str]) -> str:
    """What became of the call; of two cards, ``exact`` is the number of one of them."""
    try:
        found = reader.read_many([jpeg(each) for each in pictures]).number
    except Refused as error:
        return type(error).__name__
    return "exact" if found in truths else "wrong"


def measure(count: int, seed: int) -> dict[str, dict[str, int]]:
    """How often each outcome occurred, by the kind of call."""
    reader = Reader()
    found: dict[str, Counter[str]] = {}
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        one, other = numbered(rng), numbered(rng)
        line = next(line for line in one.lines if line.kind == "number")
        twin = with_number(one, number(rng, line.text))
        texts = [line.text, *(line.text for line in other.lines if line.kind == "number")]
        truth, another = (text.replace(" ", "") for text in texts)
        first, second, third, fourth = (shot(rng, drawn) for drawn in (one, one, other, twin))
        left, right = covered(rng, first, 0.5, 1.03), covered(rng, second, -0.03, 0.5)
        most, end, other_end = (
            covered(rng, taken, *part)
            for taken, part in ((first, (0.66, 1.03)), (second, (-0.03, 0.34)), (third, (-0.03, 0.34)))
        )
        calls: dict[str, tuple[list[Pixels], list[str]]] = {
            "one picture": ([first[0]], [truth]),
            "two pictures": ([first[0], second[0]], [truth]),
            "a whole and a half": ([first[0], right], [truth]),
            "halves": ([left, right], [truth]),
            "halves of one photograph": ([left, covered(rng, first, -0.03, 0.5)], [truth]),
            "thirds": ([most, end], [truth]),
            "mixed thirds": ([most, other_end], []),
            "mixed halves": ([left, covered(rng, third, -0.03, 0.5)], []),
            "mixed twins": ([left, covered(rng, fourth, -0.03, 0.5)], []),
            "mixed": ([first[0], third[0]], [truth, another]),
            "cut off": (cut(rng, first), [truth]),
            "covered alike": ([most, covered(rng, second, 0.66, 1.03)], [truth]),
        }
        for name, (pictures, truths) in calls.items():
            found.setdefault(name, Counter())[outcome(reader, pictures, truths)] += 1
    return {name: dict(sorted(counts.items())) for name, counts in found.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5)
    chosen = parser.parse_args()
    figures = {
        "command": f"python bench/several.py {chosen.out} --count {chosen.count} --seed {chosen.seed}",
        "cards": chosen.count,
        "calls": measure(chosen.count, chosen.seed),
    }
    chosen.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
