"""Sets one line of text onto a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import glyphs, ink
from .canvas import Canvas
from .card import Line
from .pixels import floats


def line(canvas: Canvas, text: Line) -> NDArray[np.float32]:
    """Stamps ``text`` onto ``canvas`` and returns its characters' boxes.

    Boxes are float32 (N, 4): left, top, right, bottom in pixels, spaces left out; none when the line is outside the
    canvas.
    """
    picture, middles = canvas.pixels, canvas.in_pixels(text.middles)
    height = text.height * canvas.scale
    top, bottom = float(middles[:, 1].min() - 1.2 * height), float(middles[:, 1].max() + 1.2 * height)
    left, right = float(middles[0, 0] - 2 * height), float(middles[-1, 0] + 2 * height)
    y0, y1 = max(0, int(top)), min(picture.shape[0], int(bottom) + 1)
    x0, x1 = max(0, int(left)), min(picture.shape[1], int(right) + 1)
    if y1 - y0 < 4 or x1 - x0 < 4:
        return np.zeros((0, 4), np.float32)
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    boxes = glyphs.paint(mask, text.text, text.face, middles - np.array((x0, y0), np.float32), height)
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    ink.stamp(part, mask, text.ink, canvas.scale)
    picture[y0:y1, x0:x1] = part
    seen = np.array([char != " " for char in text.text])
    return floats(boxes[seen] + np.array((x0, y0, x0, y0), np.float32))
