"""A number line cut out of a photograph, as the recognizer gets it, with where each character stands.

A strip is uint8 RGB (48, W, 3), about one line of text wide; framing is as a locator frames: not quite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..vision import quad as quads
from . import art, camera, card, clutter, render

HEIGHT = 48
HIDDEN = "?"  # a character that is there and cannot be seen
Rng = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """``places`` float32 (N, 4): each character's middle x, middle y, width and height in pixels of the strip."""

    pixels: NDArray[np.uint8]
    text: str
    places: NDArray[np.float32]


def sample(rng: Rng, width: int = 480) -> Strip:
    """A strip at random: a whole number where ``width`` is large, else a date or a few digits."""
    return next(samples(rng, width))


def samples(rng: Rng, width: int = 480, *, lines: int = 1, shots: int = 1) -> Iterator[Strip]:
    """``lines`` texts on one art, each photographed ``shots`` times: cheaper than as many :func:`sample`."""
    scale = float(rng.uniform(5.5, 7.5))  # pixels a millimetre
    wide = (card.WIDTH + 22) if width >= 320 else 42.0
    art_rows, art_columns = int(30 * scale), int(wide * scale)
    paper = art.draw(rng, art_rows, art_columns, scale)
    for _ in range(lines):
        relief = bool(rng.random() < 0.64)
        text, kind = _text(rng, width)
        height = rng.uniform(3.6, 4.6) if relief else rng.uniform(2.6, 5.0)
        line = card.set_line(rng, kind, text, relief=relief, height=height, left=0.0, middle=0.0)
        right = float(line.middles[-1, 0] + height)
        margin = rng.uniform(1.0, 9.0, 2)
        above, below = rng.uniform(1.1, 2.2, 2) * height
        window = (-margin[0] - 2, -above - 1, right + margin[1] + 2, below + 1)
        columns, rows = int((window[2] - window[0]) * scale), int((window[3] - window[1]) * scale)
        left, top = int(rng.integers(max(1, art_columns - columns))), int(rng.integers(max(1, art_rows - rows)))
        picture = cv2.copyMakeBorder(
            paper[top : top + rows, left : left + columns],
            0, max(0, rows - (art_rows - top)), 0, max(0, columns - (art_columns - left)), cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        picture = clutter.around_line(rng, picture, window, scale, line)
        drawn = render.texts(picture, [line], window[:2], scale)[0]
        picture, text = _hide(rng, picture, drawn)
        pitch = (right - height) / max(1, len(line.text) - 1) * scale
        for _ in range(shots):
            yield _shot(rng, picture, drawn.quad, drawn.boxes, text, pitch, width)


def _shot(
    rng: Rng, picture: NDArray[np.float32], quad: NDArray[np.float32], boxes: NDArray[np.float32], text: str, pitch: float, width: int
) -> Strip:
    """One photograph of a drawn line, its digits ``pitch`` pixels apart, cut out and rectified."""
    rows, columns = picture.shape[:2]
    # The photograph's own resolution: digits 8.5 to 30 pixels apart.
    shrink = min(1.0, float(np.exp(rng.uniform(np.log(8.5 if rng.random() < 0.25 else 13), np.log(30)))) / pitch)
    size = (max(16, int(columns * shrink)), max(8, int(rows * shrink)))
    shrunk = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    lit = camera.light(rng, shrunk)
    pixels = camera.shoot(rng, camera.develop(rng, lit), blur=min(1.0, pitch * shrink / 22))
    ratio = (size[0] / columns, size[1] / rows)
    frame = _frame(rng, quad * np.array(ratio, np.float32))
    matrix = quads.homography(frame, quads.rectangle(width, HEIGHT))
    flags = cv2.INTER_LINEAR if rng.random() < 0.8 else cv2.INTER_CUBIC
    strip = cv2.warpPerspective(pixels, matrix, (width, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return Strip(pixels=np.asarray(strip, np.uint8), text=text, places=_places(boxes, matrix, ratio))


def _text(rng: Rng, width: int) -> tuple[str, card.Kind]:
    if width >= 320:
        return card.number(rng), "number"
    kind = rng.random()
    if kind < 0.5:
        return clutter.date(rng), "expiry"
    if kind < 0.6:
        return f"{clutter.date(rng)} {clutter.date(rng)}", "expiry"
    count = int(rng.integers(3, 7))
    text = card.digits(rng, count)
    gap = int(rng.integers(1, count)) if rng.random() < 0.35 else 0
    return (text[:gap] + " " + text[gap:]).strip(), "number"


def _frame(rng: Rng, quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """``quad`` framed as a locator would: too loose or too tight, shifted, tilted, sheared."""
    high = quads.sides(quad)[1]
    loose = rng.uniform(0.1, 0.6)
    y = rng.uniform(-0.2, 0.2) * (0.4 + loose) * 1.2
    ends = np.where(rng.random(2) < 0.75, rng.uniform(-0.12, 1.2, 2), rng.uniform(0, 3.5, 2)) * high  # in heights
    framed = quad.copy()
    framed[[0, 3], 0] -= ends[0]
    framed[[1, 2], 0] += ends[1]
    framed[:2, 1] -= (loose - y) * high
    framed[2:, 1] += (loose + y) * high
    long, high = quads.sides(framed)
    tilt = float(rng.normal(0, 0.13)) * high
    framed[[0, 3], 1] -= tilt
    framed[[1, 2], 1] += tilt
    lean = float(rng.normal(0, 0.12)) * high
    framed[:2, 0] += lean
    framed[2:, 0] -= lean
    return framed + rng.normal(0, 0.03 * high, (4, 2)).astype(np.float32)


def _places(boxes: NDArray[np.float32], matrix: NDArray[np.float64], shrink: tuple[float, float]) -> NDArray[np.float32]:
    scaled = boxes * np.array((*shrink, *shrink), np.float32)
    corners = scaled[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = quads.project(corners, matrix)
    middle = moved.mean(1)
    return np.stack([middle[:, 0], middle[:, 1], np.ptp(moved[:, :, 0], 1), np.ptp(moved[:, :, 1], 1)], 1).astype(np.float32)


def _hide(rng: Rng, picture: NDArray[np.float32], drawn: render.Text) -> tuple[NDArray[np.float32], str]:
    """Now and then covers a few characters; their label becomes HIDDEN."""
    text = drawn.text.replace("*", HIDDEN)
    if rng.random() > 0.09:
        return picture, text
    first = int(rng.integers(len(text)))
    last = min(len(text), first + int(rng.choice([1, 2, 3, 4, 8])))
    box = drawn.boxes[first:last]
    left, right = float(box[:, 0].min()), float(box[:, 2].max())
    top, bottom = float(box[:, 1].min()), float(box[:, 3].max())
    picture = clutter.cover(rng, picture, (left, top, right, bottom))
    return picture, text[:first] + HIDDEN * (last - first) + text[last:]
