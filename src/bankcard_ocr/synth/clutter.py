"""What else stands on and over a card: chip, marks, holograms, small print, other lines, stickers, fingers.

Places and sizes are pixels, but where a docstring says millimetres.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from . import art, card, glyphs, words, write
from .canvas import Canvas
from .pixels import Box, Picture, Rng, blurred, lay, noise, noise_on, pick, subpixel

CHIPS = ((0.86, 0.72, 0.4), (0.8, 0.8, 0.82), (0.9, 0.82, 0.6))  # gold, silver, pale gold
SKIN = (0.85, 0.65, 0.53)


def around_line(rng: Rng, canvas: Canvas, line: card.Line) -> None:
    """Draws what may stand near the number: a chip or mark cutting in, small print, lines above and below, an arrow."""
    high = line.height
    if rng.random() < 0.25:
        chip(rng, canvas, (rng.uniform(2, 12), -high * rng.uniform(1.4, 2.4)))
    if rng.random() < 0.3:
        right = float(line.middles[-1, 0])
        mark(rng, canvas, (right - rng.uniform(-4, 14), high * rng.uniform(-1.5, 2.5)))
    near = _near(rng, line)
    if rng.random() < 0.12:  # the arrow that shows which end goes in
        tip = np.array([(-3.2, 0), (-1.6, -1), (-1.6, 1)]) * rng.uniform(0.8, 1.4) + (rng.uniform(-1.5, 0.8), 0)
        points = subpixel(canvas.in_pixels(tip))
        cv2.fillPoly(canvas.pixels, [points], art.colour(rng).tolist(), cv2.LINE_AA, 3)
    for other in near:
        write.line(canvas, other)


def _near(rng: Rng, line: card.Line) -> list[card.Line]:
    """Small print and another line around ``line``, whose middle is at 0."""
    near, high = [], line.height
    if rng.random() < 0.35:
        near.append(_small_print(rng, rng.uniform(-3, 3), high * rng.uniform(0.75, 1.3), card.digits(rng, 4)))
    if rng.random() < 0.35:
        near.append(_small_print(rng, rng.uniform(0, 50), high * rng.uniform(-1.6, -0.9)))
    if rng.random() < 0.35:
        near.append(_small_print(rng, rng.uniform(0, 50), high * rng.uniform(0.8, 1.5)))
    if rng.random() < 0.3:
        text = words.name(rng) if rng.random() < 0.5 else words.date(rng)
        height = high * rng.uniform(0.6, 0.9)
        style = card.Style(relief=line.ink.relief, ink=line.ink if rng.random() < 0.7 else None)
        left, middle = rng.uniform(-2, 40), high * rng.uniform(1.3, 2.4)
        near.append(card.set_line(rng, "other", text, style, height=height, left=left, middle=middle))
    return near


def _small_print(rng: Rng, left: float, middle: float, text: str = "") -> card.Line:
    """A short printed text in a small size."""
    text = text or (words.label(rng) if rng.random() < 0.7 else card.digits(rng, 4))
    return card.set_line(rng, "other", text, card.PRINTED, height=rng.uniform(1.0, 2.0), left=left, middle=middle)


def back(rng: Rng, canvas: Canvas) -> None:
    """The magnetic stripe and the signature panel of a whole card; its security code is never read."""
    picture, scale = canvas.pixels, canvas.scale
    columns = picture.shape[1]
    top = int(rng.uniform(3, 7) * scale)
    picture[top : top + int(rng.uniform(9, 13) * scale)] = rng.uniform(0.02, 0.15)
    y, x = int(rng.uniform(20, 26) * scale), int(rng.uniform(2, 8) * scale)
    corner = (int(columns * rng.uniform(0.6, 0.75)), y + int(7 * scale))
    cv2.rectangle(picture, (x, y), corner, (0.93, 0.93, 0.9), -1)


def chip(rng: Rng, canvas: Canvas, bottom_left: tuple[float, float]) -> None:
    """A contact chip, gold or silver, its bottom-left corner given in millimetres."""
    picture, scale = canvas.pixels, canvas.scale
    left, bottom = bottom_left
    width, height = rng.uniform(11, 13.5), rng.uniform(9.5, 12.5)
    metal = np.array(pick(rng, CHIPS)) * rng.uniform(0.75, 1.1)
    corners = np.array([(left, bottom - height), (left + width, bottom)])
    x0, y0, x1, y1 = canvas.in_pixels(corners).astype(int).ravel().tolist()
    dark = (metal * rng.uniform(0.25, 0.6)).tolist()
    rounded(picture, (x0, y0, x1, y1), 1.6 * scale, metal.tolist())
    thick = max(1, int(0.22 * scale))
    third, quarter = (x1 - x0) // 3, (y1 - y0) // 4
    for part in (0.33, 0.67):
        y = int(y0 + (y1 - y0) * part)
        cv2.line(picture, (x0, y), (x0 + third, y), dark, thick, cv2.LINE_AA)
        cv2.line(picture, (x1, y), (x1 - third, y), dark, thick, cv2.LINE_AA)
    cv2.rectangle(picture, (x0 + third, y0 + quarter), (x1 - third, y1 - quarter), dark, thick, cv2.LINE_AA)
    cv2.line(picture, ((x0 + x1) // 2, y0), ((x0 + x1) // 2, y0 + quarter), dark, thick, cv2.LINE_AA)


def rounded(picture: NDArray[np.float32], box: Box, radius: float, colour: list[float]) -> None:
    """A filled rectangle with round corners."""
    x0, y0, x1, y1 = box
    r = max(1, int(min(radius, (x1 - x0) / 2 - 1, (y1 - y0) / 2 - 1)))
    cv2.rectangle(picture, (x0 + r, y0), (x1 - r, y1), colour, -1)
    cv2.rectangle(picture, (x0, y0 + r), (x1, y1 - r), colour, -1)
    for x in (x0 + r, x1 - r):
        for y in (y0 + r, y1 - r):
            cv2.circle(picture, (x, y), r, colour, -1, cv2.LINE_AA)


def mark(rng: Rng, canvas: Canvas, top_left: tuple[float, float]) -> None:
    """A network's or bank's mark: two discs, a striped plate, a word, or a hologram. Made up, no one's own.

    Its top-left corner is given in millimetres.
    """
    picture, scale = canvas.pixels, canvas.scale
    x, y = canvas.in_pixels(np.array(top_left)).tolist()
    width, height = rng.uniform(11, 19) * scale, rng.uniform(7, 12) * scale
    box = (int(x), int(y), int(x + width), int(y + height))
    kind = rng.random()
    if kind < 0.25:
        radius = int(height / 2)
        for middle in (int(x + radius), int(x + width * 0.75)):
            cv2.circle(picture, (middle, int(y + radius)), radius, art.colour(rng).tolist(), -1, cv2.LINE_AA)
    elif kind < 0.65:
        rounded(picture, box, 1.2 * scale, [1.0, 1.0, 1.0])
        _stripes(rng, canvas, (x, y), (width, height))
        _word(rng, picture, (x + width / 2, y + height * 0.6), width * 0.16, "UNION")
    elif kind < 0.85:
        word = words.spelled(rng, "ABCDEFGIKLMNOPRSTUVWXYZ", 4)
        if rng.random() < 0.5:
            rounded(picture, box, 0.8 * scale, [1.0, 1.0, 1.0])
        _word(rng, picture, (x + width / 2, y + height / 2), width * 0.22, word)
    else:
        _hologram(rng, picture, box)


def _stripes(rng: Rng, canvas: Canvas, top_left: tuple[float, float], size: tuple[float, float]) -> None:
    """Three slanted stripes within a plate."""
    (x, y), (width, height) = top_left, size
    inner, lean = 0.5 * canvas.scale, 1.5 * canvas.scale
    room = width - 2 * inner - lean
    high, low = y + inner, y + height - inner
    for i in range(3):
        a, b = x + inner + room * i / 3, x + inner + room * (i + 1.15) / 3
        points = subpixel(np.array([(a + lean, high), (b + lean, high), (b, low), (a, low)]))
        cv2.fillPoly(canvas.pixels, [points], art.colour(rng).tolist(), cv2.LINE_AA, 3)


def _word(rng: Rng, picture: Picture, middle: tuple[float, float], height: float, word: str) -> None:
    mask = np.zeros(picture.shape[:2], np.float32)
    face = glyphs.Face(font=glyphs.any_font(rng), slant=rng.uniform(0, 0.3), stroke=0.16)
    height = min(max(height, 4.0), 90.0)
    x = middle[0] + (np.arange(len(word)) - (len(word) - 1) / 2) * height * 0.85
    glyphs.paint(mask, word, face, np.stack([x, np.full(len(word), middle[1])], 1).astype(np.float32), height)
    lay(picture, mask, art.colour(rng))


def _hologram(rng: Rng, picture: Picture, box: Box) -> None:
    x0, y0 = max(0, box[0]), max(0, box[1])
    part = picture[y0 : box[3], x0 : box[2]] if box[2] > 0 and box[3] > 0 else picture[:0]
    if part.size == 0:
        return
    rows, columns = part.shape[:2]
    field = noise(rng, rows, columns, max(2.0, rows / 3)) + noise(rng, rows, columns, 2.0) * 0.5
    phase = field[:, :, None] * 3 + np.array([0, 2.1, 4.2], np.float32)
    part[:] = 0.55 + 0.4 * np.sin(phase + rng.uniform(0, 6)) * rng.uniform(0.3, 1)


def cover(rng: Rng, picture: Picture, box: tuple[float, float, float, float]) -> None:
    """Hides the box (left, top, right, bottom) of ``picture``: paper, a brush, a finger, glare or mosaic.

    What stands beside the box stays to be seen, since its label says that it can be.
    """
    left, top, right, bottom = box
    high = bottom - top
    pad = rng.uniform(0.1, 0.6) * high
    outer = (int(left - pad * 0.4), int(top - pad), int(right + pad * 0.4), int(bottom + pad))
    kind = rng.random()
    for share, drawn in COVERS:
        if kind < share:
            drawn(rng, picture, outer, high)
            return


def _paper(rng: Rng, picture: Picture, box: Box, _: float) -> None:
    cv2.rectangle(picture, box[:2], box[2:], art.colour(rng).tolist(), -1)


def _brush(rng: Rng, picture: Picture, box: Box, _: float) -> None:
    """A stroke along the longer side; its ends are round."""
    x0, y0, x1, y1 = box
    x, y, width, height = (x0 + x1) // 2, (y0 + y1) // 2, x1 - x0, y1 - y0
    ends = ((x0 + height // 2, y), (x1 - height // 2, y)) if width > height else ((x, y0), (x, y1))
    cv2.line(picture, *ends, art.colour(rng).tolist(), max(3, min(width, height)), cv2.LINE_AA)


def _finger(rng: Rng, picture: Picture, box: Box, high: float) -> None:
    """From above or below, so tall that its sides are steep beside the box."""
    x0, y0, x1, y1 = box
    skin = np.array(SKIN) * rng.uniform(0.4, 1.1)
    middle = (int((x0 + x1) / 2), y1 if rng.random() < 0.5 else y0)
    axes = (max(4, int((x1 - x0) * 0.53)), max(4, (y1 - y0) * 3))
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(mask, middle, axes, float(rng.normal(0, 12)), 0, 360, 1.0, -1, cv2.LINE_AA)
    lay(picture, blurred(mask, 1.2), skin * (1 + 0.15 * noise_on(rng, picture, high)[:, :, None]))


def _blind(_: Rng, picture: Picture, box: Box, high: float) -> None:
    """Glare that leaves nothing."""
    x0, y0, x1, y1 = box
    middle = (int((x0 + x1) / 2), int((y0 + y1) / 2))
    axes = (max(3, int((x1 - x0) * 0.53)), max(3, int((y1 - y0) * 1.6)))
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(mask, middle, axes, 0, 0, 360, 1.0, -1)
    picture += blurred(mask, max(1.0, high * 0.12))[:, :, None] * 2.5


def _mosaic(_: Rng, picture: Picture, box: Box, high: float) -> None:
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(picture.shape[1], box[2]), min(picture.shape[0], box[3])
    cell = max(4, int(high * 0.45))
    part = picture[y0:y1, x0:x1]
    if part.size:
        cells = (max(1, (x1 - x0) // cell), max(1, (y1 - y0) // cell))
        small = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
        part[:] = cv2.resize(small, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)


# What covers, each with the share of covers up to it.
COVERS = ((0.3, _paper), (0.5, _brush), (0.7, _finger), (0.85, _blind), (1.0, _mosaic))
