"""What is printed on a card behind its digits: gradients, photographs, curves, shapes, glyphs, grain.

``scale`` is pixels a millimetre, so that a stripe is as wide on a strip as on a whole card.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from . import glyphs, material
from .pixels import Mask, Picture, Rng, blurred, floats, noise, pick, subpixel

METALS = ((1, 1, 1), (1, 0.84, 0.5), (0.85, 0.6, 0.4), (1, 0.93, 0.78))  # silver, gold, bronze, champagne


def colour(rng: Rng) -> NDArray[np.float32]:
    """A colour as card designers choose them: near black or white, metal, or any."""
    kind = rng.random()
    if kind < 0.22:  # dark
        value = rng.uniform(0.02, 0.25) + rng.normal(0, 0.03, 3)
    elif kind < 0.34:  # light
        value = rng.uniform(0.75, 1.0) + rng.normal(0, 0.03, 3)
    elif kind < 0.5:
        value = np.array(pick(rng, METALS)) * rng.uniform(0.35, 0.9)
    else:
        hsv = np.array([[[rng.uniform(0, 180), rng.uniform(60, 255), rng.uniform(60, 250)]]], np.uint8)
        value = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] / 255
    return floats(np.clip(value, 0, 1))


def draw(rng: Rng, rows: int, columns: int, scale: float) -> Picture:
    """A card's art, all layers."""
    picture = _base(rng, rows, columns)
    if rng.random() < 0.3 and (photograph := material.crop(rng, rows, columns)) is not None:
        if rng.random() < 0.3:
            photograph = photograph.mean(2, keepdims=True) * (0.4 + 0.6 * colour(rng))
        weight = np.float32(rng.uniform(0.25, 1.0))
        picture = picture * (1 - weight) + photograph * weight
    for _ in range(int(rng.choice(6, p=(0.18, 0.26, 0.24, 0.16, 0.1, 0.06)))):
        picture = pick(rng, LAYERS)(rng, picture, scale)
    if rng.random() < 0.5:
        picture = _grain(rng, picture, scale)
    if rng.random() < 0.25:  # printed soft
        picture = picture * np.float32(rng.uniform(0.5, 1)) + np.float32(rng.uniform(0, 0.3))
    return np.ascontiguousarray(np.clip(picture, 0, 1), np.float32)


def _base(rng: Rng, rows: int, columns: int) -> Picture:
    """One colour, or two that run into each other."""
    first = colour(rng)
    if rng.random() < 0.3:
        return np.broadcast_to(first, (rows, columns, 3)).astype(np.float32)
    second = colour(rng) if rng.random() < 0.5 else floats(np.clip(first * rng.uniform(0.4, 1.7), 0, 1))
    x, y = np.linspace(-1, 1, columns, dtype=np.float32)[None], np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    if rng.random() < 0.6:
        angle = rng.uniform(0, 2 * np.pi)
        ramp = (x * np.cos(angle) + y * np.sin(angle) * rows / columns) * rng.uniform(0.3, 2) + rng.uniform(-0.5, 0.5)
    else:
        ramp = np.hypot(x - rng.uniform(-1, 1), (y - rng.uniform(-1, 1)) * rows / columns) * rng.uniform(0.5, 2.5) - 1
    if rng.random() < 0.2:
        ramp = np.sin(ramp * rng.uniform(2, 6))  # brushed metal shimmers in bands
    weight = np.clip(ramp * 0.5 + 0.5, 0, 1).astype(np.float32)[:, :, None]
    return floats(first * (1 - weight) + second * weight)


def _over(
    rng: Rng, picture: Picture, mask: NDArray[np.uint8] | Mask, *, strength: tuple[float, float] = (0.15, 1.0)
) -> Picture:
    """``picture`` with a colour laid over it, or darkened or lightened, where ``mask`` (0 to 255) is set."""
    weight = mask.astype(np.float32)[:, :, None] * np.float32(rng.uniform(*strength) / 255)
    if rng.random() < 0.3:
        return picture * (1 + weight * np.float32(rng.uniform(-0.7, 0.9)))
    return picture * (1 - weight) + colour(rng) * weight


def _curves(rng: Rng, picture: Picture, scale: float) -> Picture:
    """A family of waves, as on security paper and in most bank designs."""
    rows, columns = picture.shape[:2]
    mask = np.zeros((rows, columns), np.uint8)
    x = np.linspace(-20, columns + 20, 40)
    count = int(rng.integers(3, 30))
    step = rng.uniform(0.4, 4) * scale
    amplitude, period = rng.uniform(0, 10) * scale, rng.uniform(15, 120) * scale
    slope, phase, drift = rng.normal(0, 0.5), rng.uniform(0, 7), rng.normal(0, 0.12)
    top = rng.uniform(-count * step, rows)
    thick = max(1, int(rng.uniform(0.08, 0.9) * scale))
    for i in range(count):
        y = top + i * step + slope * x + amplitude * np.sin(x / period * 6.28 + phase + i * drift)
        points = np.stack([x, y], 1)
        cv2.polylines(mask, [subpixel(points)], False, 255, thick, cv2.LINE_AA, 3)
    return _over(rng, picture, mask)


def _polygons(rng: Rng, picture: Picture, scale: float) -> Picture:
    rows, columns = picture.shape[:2]
    for _ in range(int(rng.integers(1, 5))):
        mask = np.zeros((rows, columns), np.uint8)
        middle = rng.uniform((-5, -5), (columns, rows))
        points = middle + rng.normal(0, rng.uniform(3, 18) * scale, (int(rng.integers(3, 7)), 2))
        cv2.fillPoly(mask, [subpixel(points)], 255, cv2.LINE_AA, 3)
        picture = _over(rng, picture, mask)
    return picture


def _rings(rng: Rng, picture: Picture, scale: float) -> Picture:
    rows, columns = picture.shape[:2]
    mask = np.zeros((rows, columns), np.uint8)
    middle = tuple(int(v) for v in rng.uniform((0, -rows), (columns, 2 * rows)))
    radius, step = rng.uniform(3, 25) * scale, rng.uniform(0.8, 4) * scale
    squash = rng.uniform(0.5, 1)
    thick = max(1, int(rng.uniform(0.1, 1.5) * scale))
    for i in range(int(rng.integers(1, 14))):
        size = (max(1, int(radius + i * step)), max(1, int((radius + i * step) * squash)))
        cv2.ellipse(mask, middle, size, 0, 0, 360, 255, thick if rng.random() < 0.9 else -1, cv2.LINE_AA)
    return _over(rng, picture, mask)


def _stripes(rng: Rng, picture: Picture, scale: float) -> Picture:
    rows, columns = picture.shape[:2]
    angle = rng.choice([0, np.pi / 2, np.pi / 4, rng.uniform(0, np.pi)])
    x, y = np.arange(columns, dtype=np.float32)[None], np.arange(rows, dtype=np.float32)[:, None]
    phase = (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) / np.float32(rng.uniform(0.6, 12) * scale)
    mask = np.float32(255) * (np.mod(phase, 1) < rng.uniform(0.1, 0.6))
    if rng.random() < 0.5:  # only a part of the card
        cut = rng.uniform(0, columns)
        mask = mask * ((x + y * np.float32(rng.normal(0, 1)) > cut) if rng.random() < 0.5 else (x < cut))
    return _over(rng, picture, mask, strength=(0.1, 0.8))


def _dots(rng: Rng, picture: Picture, scale: float) -> Picture:
    """A halftone, as world maps are printed."""
    rows, columns = picture.shape[:2]
    step = np.float32(rng.uniform(0.6, 2.5) * scale)
    x, y = np.arange(columns, dtype=np.float32)[None] / step, np.arange(rows, dtype=np.float32)[:, None] / step
    spots = (np.mod(x, 1) - 0.5) ** 2 + (np.mod(y, 1) - 0.5) ** 2 < rng.uniform(0.05, 0.2)
    field = noise(rng, rows, columns, rng.uniform(4, 20) * scale) > rng.uniform(-0.5, 0.4)
    return _over(rng, picture, (spots & field).astype(np.uint8) * 255)


def _clouds(rng: Rng, picture: Picture, scale: float) -> Picture:
    rows, columns = picture.shape[:2]
    field = noise(rng, rows, columns, rng.uniform(1.0, 20) * scale)
    if rng.random() < 0.5:  # hard-edged, like a map or paint
        field = np.clip((field - rng.uniform(-0.3, 0.4)) * scale * 2, 0, 1)
    return _over(rng, picture, np.clip(field, 0, 1) * 255, strength=(0.2, 1.0))


def _glyphs(rng: Rng, picture: Picture, scale: float) -> Picture:
    """Large characters or marks that cross the number line."""
    rows, columns = picture.shape[:2]
    mask = np.zeros((rows, columns), np.float32)
    han = glyphs.fonts("han")
    for _ in range(int(rng.integers(1, 5))):
        height = rng.uniform(5, 30) * scale
        use_han = bool(han) and rng.random() < 0.6
        font = pick(rng, han) if use_han else ""
        face = glyphs.Face(font=font, stroke=rng.uniform(0.08, 0.3), slant=rng.normal(0, 0.15))
        char = chr(int(rng.integers(0x4E00, 0x9FA0))) if use_han else pick(rng, "ABCDEFGHKLMNPRSTUVWXYZ")
        middle = np.array([rng.uniform((0, 0), (columns, rows))], np.float32)
        glyphs.paint(mask, char, face, middle, min(height, 160))
    return _over(rng, picture, mask * 255)


def _microtext(rng: Rng, picture: Picture, scale: float) -> Picture:
    """A pattern of the same small mark all over."""
    rows, columns = picture.shape[:2]
    side = max(6, int(rng.uniform(1.5, 7) * scale))
    tile = np.zeros((side, side), np.float32)
    face = glyphs.Face(stroke=rng.uniform(0.08, 0.25), slant=rng.normal(0, 0.3), shape=int(rng.integers(3)))
    char = pick(rng, "ABCEHKMORSUX08*")
    glyphs.paint(tile, char, face, np.array([(side / 2, side / 2)], np.float32), side * 0.8)
    tiled = np.tile(tile, (rows // side + 1, columns // side + 1))[:rows, :columns]
    return _over(rng, picture, tiled * 255, strength=(0.05, 0.5))


def _strokes(rng: Rng, picture: Picture, scale: float) -> Picture:
    """Hard-edged free lines: drawings, calligraphy, scribbles."""
    rows, columns = picture.shape[:2]
    mask = np.zeros((rows, columns), np.uint8)
    for _ in range(int(rng.integers(1, 9))):
        steps = rng.normal(0, rng.uniform(1, 6) * scale, (int(rng.integers(3, 12)), 2))
        points = rng.uniform((0, 0), (columns, rows)) + np.cumsum(steps, 0)
        points = np.stack([np.convolve(np.repeat(axis, 4), np.ones(4) / 4, "valid") for axis in points.T], 1)
        thick = max(1, int(rng.uniform(0.15, 2.2) * scale))
        cv2.polylines(mask, [subpixel(points)], False, 255, thick, cv2.LINE_AA, 3)
    return _over(rng, picture, mask)


def _cartoon(rng: Rng, picture: Picture, scale: float) -> Picture:
    """Round shapes in even colours with outlines as heavy as a digit's strokes, mostly black: comic figures."""
    rows, columns = picture.shape[:2]
    picture = np.ascontiguousarray(picture)  # a base of one colour is broadcast
    line = np.zeros(3, np.float32) if rng.random() < 0.6 else colour(rng)
    thick = max(1, int(rng.uniform(0.2, 0.9) * scale))
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    for _ in range(int(rng.integers(3, 12))):
        middle = rng.uniform((-5, -5), (columns + 5, rows + 5))
        waves = sum(rng.normal(0, 0.25 / k) * np.sin(k * around + rng.uniform(0, 7)) for k in (2, 3, 4))
        radius = rng.uniform(1.5, 14) * scale * (1 + 0.6 * waves)
        squash = rng.uniform(0.4, 1.0)
        points = middle + np.stack([radius * np.cos(around), squash * radius * np.sin(around)], 1)
        if rng.random() < 0.75:
            cv2.fillPoly(picture, [subpixel(points)], colour(rng).tolist(), cv2.LINE_AA, 3)
        cv2.polylines(picture, [subpixel(points)], True, line.tolist(), thick, cv2.LINE_AA, 3)
    return picture


def _grain(rng: Rng, picture: Picture, scale: float) -> Picture:
    """Metallic flakes, brushed metal or paper texture."""
    rows, columns = picture.shape[:2]
    field = rng.standard_normal((rows, columns), np.float32)
    kind = rng.random()
    if kind < 0.3:
        length = max(3, int(rng.uniform(1, 6) * scale))
        field = floats(cv2.blur(field, (length, 1) if rng.random() < 0.6 else (1, length))) * np.float32(length**0.5)
    elif kind < 0.6:
        field = blurred(field, rng.uniform(0.5, 0.25 * scale + 0.6)) * 2
    return picture * (1 + np.float32(rng.uniform(0.02, 0.22)) * field[:, :, None])


LAYERS = (_curves, _polygons, _rings, _stripes, _dots, _glyphs, _clouds, _microtext, _strokes, _cartoon)
