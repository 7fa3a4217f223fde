"""A card drawn flat: the art, the texts, and where each character stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import art, card, clutter, write
from .canvas import Canvas
from .pixels import Bytes

CORNER = 3.18  # the radius of a card's corners in millimetres, ISO/IEC 7810


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A drawn line: ``boxes`` float32 (N, 4) are its characters' left, top, right, bottom in pixels, without spaces."""

    kind: card.Kind
    text: str
    boxes: NDArray[np.float32]

    @property
    def quad(self) -> NDArray[np.float32]:
        """The four corners TL, TR, BR, BL around all characters."""
        left, top = self.boxes[:, 0].min(), self.boxes[:, 1].min()
        right, bottom = self.boxes[:, 2].max(), self.boxes[:, 3].max()
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """A whole card drawn flat: uint8 RGB (H, W, 3), its coverage uint8 (H, W) (round corners), its texts."""

    pixels: Bytes
    cover: Bytes
    texts: tuple[Text, ...]


def flat(drawn: card.Card, scale: float = 7.5) -> Flat:
    """``drawn`` as a picture of ``scale`` pixels a millimetre."""
    rng = np.random.default_rng(drawn.seed)
    columns, rows = int(drawn.size[0] * scale), int(drawn.size[1] * scale)
    canvas = Canvas(pixels=art.draw(rng, rows, columns, scale), scale=scale)
    for place in drawn.marks:
        clutter.mark(rng, canvas, place)
    if drawn.chip:
        clutter.chip(rng, canvas, drawn.chip)
    if drawn.back:
        clutter.back(rng, canvas)
    lines = texts(canvas, drawn.lines)
    cover = np.zeros((rows, columns, 1), np.float32)
    corner = CORNER if rng.random() < 0.9 else 0.5
    clutter.rounded(cover, (0, 0, columns - 1, rows - 1), corner * scale, [255.0])
    return Flat(
        pixels=(canvas.pixels * 255).astype(np.uint8), cover=cover[:, :, 0].astype(np.uint8), texts=tuple(lines)
    )


def texts(canvas: Canvas, lines: Sequence[card.Line]) -> list[Text]:
    """Stamps ``lines`` onto ``canvas``; tells those in view."""
    drawn = []
    for line in lines:
        boxes = write.line(canvas, line)
        if len(boxes):
            drawn.append(Text(kind=line.kind, text=line.text.replace(" ", ""), boxes=boxes))
    return drawn
