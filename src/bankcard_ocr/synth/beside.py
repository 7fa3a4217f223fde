"""What stands beside a number or a date and in its gaps, and is none of its digits: a net that counts has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from . import art, card, clutter, glyphs, material, words, write
from .canvas import Canvas
from .pixels import Rng, blurred, floats, lay, log_uniform, noise_on, pick, subpixel

NO_DIGITS = "ACEFHJKLMNPRTUVWXY#*%&"  # in any face
LEFT: Literal[-1] = -1
RIGHT: Literal[1] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where something stands beside digits of ``height_mm``: from ``near_mm`` on to that ``way``, or around it (0)."""

    height_mm: float
    near_mm: float
    way: Literal[-1, 0, 1]


def line(rng: Rng, canvas: Canvas, text: card.Line) -> None:
    """Draws what is beside and between the digits of ``text``, before they are stamped: they stand on top of it."""
    middles = text.middles[:, 0]
    for way, last in _ends(text):
        if rng.random() < 0.35:
            drawn = pick(rng, NEIGHBOURS)
            near = last + way * text.height * rng.uniform(0.45, 1.6)
            drawn(rng, canvas, Spot(height_mm=text.height, near_mm=near, way=way))
    gaps = [float(x) for x, char in zip(middles, text.text, strict=True) if char == " "]
    if gaps and rng.random() < 0.3:
        spot = Spot(height_mm=text.height, near_mm=pick(rng, gaps), way=0)
        (_figure if rng.random() < 0.5 else _sign)(rng, canvas, spot)
    for way, last in _ends(text):
        if rng.random() < 0.16:
            _edge(rng, canvas, last + way * (text.height * 0.4 + rng.uniform(0.4, 7)), way)


def _ends(text: card.Line) -> tuple[tuple[Literal[-1], float], tuple[Literal[1], float]]:
    """The ways that lead away from ``text``, each with the middle of its last character there, in millimetres."""
    return (LEFT, float(text.middles[0, 0])), (RIGHT, float(text.middles[-1, 0]))


def date(rng: Rng, canvas: Canvas, text: card.Line) -> None:
    """Draws what says which date it is, to its left, right and above, and the dash between two dates."""
    middles, height = text.middles[:, 0], text.height
    for way, last in _ends(text):
        near = last + way * height * rng.uniform(0.4, 1.2)
        if rng.random() < (0.6 if way == LEFT else 0.15):
            for row in card.caption_beside(rng, height, 0.0, near=near, way=way):
                write.line(canvas, row)
        elif rng.random() < 0.15:
            pick(rng, NEIGHBOURS)(rng, canvas, Spot(height_mm=height, near_mm=near, way=way))
    if rng.random() < 0.5:
        write.line(canvas, card.caption_above(rng, text))
    for x, char in zip(middles, text.text, strict=True):
        if char == " " and rng.random() < 0.5:
            half = rng.uniform(0.12, 0.3) * height
            ends = canvas.in_pixels(np.array([(x - half, 0.0), (x + half, 0.0)]))
            thick = max(1, int(rng.uniform(0.06, 0.16) * height * canvas.scale))
            cv2.polylines(canvas.pixels, [subpixel(ends)], False, art.colour(rng).tolist(), thick, cv2.LINE_AA, 3)


def through(rng: Rng, canvas: Canvas, text: card.Line) -> None:
    """Draws hard-edged art across the digits of ``text``: a 0 with a line in its middle is no 8.

    Bare relief, which only light and shadow tell from what is printed under it, has it most often.
    """
    bare = text.ink.relief and not text.ink.cover
    if rng.random() > (0.6 if bare else 0.35):
        return
    for _ in range(1 + int(rng.random() < 0.25)):
        pick(rng, THROUGH)(rng, canvas, text)


def _lines(rng: Rng, canvas: Canvas, text: card.Line) -> None:
    """Single lines, mostly level, some with a knee."""
    first, last, height = float(text.middles[0, 0]), float(text.middles[-1, 0]), text.height
    colour = art.colour(rng).tolist()
    for _ in range(int(rng.integers(1, 6))):
        start = np.array((rng.uniform(first - height, last), rng.uniform(-0.6, 0.6) * height))
        reach = log_uniform(rng, 0.7, 12) * height
        level = rng.random() < 0.6
        lean = float(rng.normal(0, 0.08) if level else rng.normal(0, 1.2))
        points = [start, start + np.array((reach, lean * reach))]
        if rng.random() < 0.4:  # and on, up or down
            points.append(
                points[-1] + (rng.normal(0, 0.3) * height, rng.choice((-1, 1)) * rng.uniform(0.3, 1.5) * height)
            )
        thick = max(1, int(log_uniform(rng, 0.04, 0.45) * height * canvas.scale))
        if rng.random() < 0.2:
            colour = art.colour(rng).tolist()
        drawn = subpixel(canvas.in_pixels(np.array(points)))
        cv2.polylines(canvas.pixels, [drawn], False, colour, thick, cv2.LINE_AA, 3)


def _bars(rng: Rng, canvas: Canvas, text: card.Line) -> None:
    """Stacks of level bars, as circuit boards and pixel art have them: they begin and end where they like."""
    first, last, height = float(text.middles[0, 0]), float(text.middles[-1, 0]), text.height
    colour = art.colour(rng).tolist()
    step = height * rng.uniform(0.14, 0.4)
    thick = max(1, int(step * rng.uniform(0.25, 0.6) * canvas.scale))
    for _ in range(int(rng.integers(2, 9))):
        left, top = rng.uniform(first - height, last), rng.uniform(-0.7, 0.6) * height
        wide = height * log_uniform(rng, 0.25, 3)
        for row in range(int(rng.integers(1, 6))):
            ends = np.array([(left, top + row * step), (left + wide, top + row * step)])
            ends[:, 0] += rng.normal(0, 0.15 * height, 2) * (rng.random() < 0.6)
            cv2.polylines(canvas.pixels, [subpixel(canvas.in_pixels(ends))], False, colour, thick, cv2.LINE_8, 3)


def _contours(rng: Rng, canvas: Canvas, text: card.Line) -> None:
    """The outlines of a drawing, dark as a rule: they bend, branch and swell."""
    first, last, height = float(text.middles[0, 0]), float(text.middles[-1, 0]), text.height
    colour = (art.colour(rng) * (0.25 if rng.random() < 0.7 else 1.0)).tolist()
    for _ in range(int(rng.integers(2, 8))):
        steps = rng.normal(0, rng.uniform(0.2, 0.8) * height, (int(rng.integers(3, 8)), 2))
        points = np.array((rng.uniform(first - height, last + height), rng.uniform(-0.8, 0.8) * height))
        points = points + np.cumsum(steps, 0)
        points = np.stack([np.convolve(np.repeat(axis, 4), np.ones(4) / 4, "valid") for axis in points.T], 1)
        widest = log_uniform(rng, 0.03, 0.2) * height * canvas.scale
        swell = np.abs(np.sin(np.linspace(rng.uniform(0, 3), rng.uniform(3, 9), len(points) - 1)))
        for i, share in enumerate(swell):
            part = subpixel(canvas.in_pixels(points[i : i + 2]))
            thick = max(1, int(widest * (0.4 + share)))
            cv2.polylines(canvas.pixels, [part], False, colour, thick, cv2.LINE_AA, 3)


def _patches(rng: Rng, canvas: Canvas, text: card.Line) -> None:
    """Hard-edged patches of another colour, some as small as what a digit encloses."""
    picture = canvas.pixels
    cell = log_uniform(rng, 0.25, 3) * text.height * canvas.scale
    field = (noise_on(rng, picture, max(2.0, cell)) - np.float32(rng.uniform(-0.3, 0.5))) * np.float32(cell)
    lay(picture, floats(np.clip(field * rng.uniform(1, 4), 0, 1)) * np.float32(rng.uniform(0.3, 1)), art.colour(rng))


THROUGH = (_lines, _lines, _bars, _contours, _patches)


def _sign(rng: Rng, canvas: Canvas, spot: Spot) -> None:
    """A letter, a Chinese character or a mark, smaller or larger than the digits."""
    height, near, way = spot.height_mm, spot.near_mm, spot.way
    size = height * rng.uniform(0.5, 2.2)
    han = glyphs.fonts("han")
    is_han = bool(han) and rng.random() < 0.5
    font = pick(rng, han) if is_han else glyphs.any_font(rng)
    char = chr(int(rng.integers(0x4E00, 0x9FA0))) if is_han else pick(rng, NO_DIGITS)
    if not font and char in "#*%&":
        char = "X"
    face = glyphs.Face(font=font, stroke=rng.uniform(0.08, 0.25), slant=float(rng.normal(0, 0.1)))
    middle = canvas.in_pixels(np.array([(near + way * size * 0.4, rng.normal(0, 0.3) * height)]))
    mask = np.zeros(canvas.pixels.shape[:2], np.float32)
    glyphs.paint(mask, char, face, floats(middle), min(160.0, max(4.0, size * canvas.scale)))
    lay(canvas.pixels, mask * np.float32(rng.uniform(0.4, 1.0)), art.colour(rng))


def _figure(rng: Rng, canvas: Canvas, spot: Spot) -> None:
    """A few hard-edged shapes about as large as a digit: an arrow, a crest, a flower, a piece of a chip."""
    height, near, way = spot.height_mm, spot.near_mm, spot.way
    picture, scale = canvas.pixels, canvas.scale
    for _ in range(int(rng.integers(1, 4))):
        size = height * rng.uniform(0.25, 0.8)
        middle = canvas.in_pixels(np.array((near + way * size, rng.normal(0, 0.3) * height)))
        colour = art.colour(rng).tolist()
        kind = rng.random()
        if kind < 0.4:
            turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 6))))
            points = middle + np.stack([np.cos(turns), np.sin(turns)], 1) * size * scale
            cv2.fillPoly(picture, [subpixel(points)], colour, cv2.LINE_AA, 3)
        elif kind < 0.7:
            thick = -1 if rng.random() < 0.5 else max(1, int(rng.uniform(0.1, 0.5) * scale))
            axes = (max(1, int(size * scale * rng.uniform(0.3, 1))), max(1, int(size * scale)))
            spin, end = float(rng.uniform(0, 180)), float(rng.choice((360.0, 180.0, 250.0)))
            at = (int(middle[0]), int(middle[1]))
            cv2.ellipse(picture, at, axes, spin, 0, end, colour, thick, cv2.LINE_AA)
        else:
            steps = rng.normal(0, 0.6 * size * scale, (int(rng.integers(2, 5)), 2))
            points = middle + np.cumsum(steps, 0) - steps.mean(0)
            thick = max(1, int(rng.uniform(0.1, 0.7) * scale))
            cv2.polylines(picture, [subpixel(points)], bool(rng.random() < 0.4), colour, thick, cv2.LINE_AA, 3)


def _print(rng: Rng, canvas: Canvas, spot: Spot) -> None:
    """A caption, a date or a few digits on the same line, much smaller than the number."""
    height, near, way = spot.height_mm, spot.near_mm, spot.way
    kind = rng.random()
    text = words.label(rng) if kind < 0.5 else words.date(rng) if kind < 0.75 else card.digits(rng, 4)
    style = card.Style(relief=bool(rng.random() < 0.15))
    small = height * rng.uniform(0.25, 0.58)
    drawn = card.set_line(rng, "other", text, style, height=small, left=0.0, middle=rng.normal(0, 0.2) * height)
    left = near + height * 0.3 if way > 0 else near - height * 0.3 - float(drawn.middles[-1, 0] + small * 0.5)
    write.line(canvas, card.shifted(drawn, left))


def _upright(rng: Rng, canvas: Canvas, spot: Spot) -> None:
    """Small print that runs along the card's short side, across the line."""
    height, near, way = spot.height_mm, spot.near_mm, spot.way
    small = height * rng.uniform(0.25, 0.55)
    picture, scale = canvas.pixels, canvas.scale
    x = canvas.column(near + way * small)
    half = small * scale
    left, right = max(0, int(x - half)), min(picture.shape[1], int(x + half) + 1)
    if right - left < 4:
        return
    turn = 1 if rng.random() < 0.5 else 3
    part = np.ascontiguousarray(np.rot90(picture[:, left:right], turn))
    text = f"{words.label(rng)} {words.label(rng)}"
    along = float(rng.uniform(-30, 0))
    drawn = card.set_line(rng, "other", text, card.PRINTED, height=small, left=along, middle=0.0, longest=200.0)
    write.line(Canvas(pixels=part, scale=scale, origin=(0.0, -(right - left) / 2 / scale)), drawn)
    picture[:, left:right] = np.rot90(part, -turn)


def _contact(rng: Rng, canvas: Canvas, spot: Spot) -> None:
    """A chip at the line's own height."""
    height, near, way = spot.height_mm, spot.near_mm, spot.way
    left = near + height * 0.3 if way > 0 else near - height * 0.3 - 13.0
    clutter.chip(rng, canvas, (left, rng.uniform(2, 11)))


def _edge(rng: Rng, canvas: Canvas, end_mm: float, way: Literal[-1, 1]) -> None:
    """The end of the card at ``end_mm``, and what it lies on beyond that."""
    picture, x = canvas.pixels, canvas.column(end_mm)
    rows, columns = picture.shape[:2]
    lean = float(rng.normal(0, 0.04))
    across = np.arange(rows, dtype=np.float32)[:, None] - rows / 2
    beyond = np.clip((np.arange(columns, dtype=np.float32)[None] - x - lean * across) * way + 0.5, 0, 1)
    ground = material.crop(rng, rows, columns) if rng.random() < 0.3 else None
    if ground is None:
        shade = noise_on(rng, picture, rng.uniform(6, 80))[:, :, None] * np.float32(rng.uniform(0, 0.12))
        ground = floats(np.clip(art.colour(rng) * (1 + shade), 0, 1))
    if rng.random() < 0.6:  # the card's shadow, or the light on its rim
        width = float(rng.uniform(1, 12))
        rim = blurred(beyond, width) * (1 - beyond) if rng.random() < 0.4 else blurred(1 - beyond, width) * beyond
        picture *= (1 - rim * np.float32(rng.uniform(-0.8, 0.9)))[:, :, None]
        if rng.random() < 0.5:
            ground = ground * (1 - (blurred(1 - beyond, width) * beyond)[:, :, None] * np.float32(rng.uniform(0, 1)))
    lay(picture, floats(beyond), ground)
    np.clip(picture, 0, 1, out=picture)


NEIGHBOURS = (_sign, _figure, _figure, _print, _upright, _contact)
