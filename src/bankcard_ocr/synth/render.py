"""A window of a card, drawn: the art, the texts, and where each character stands.

Windows are (left, top, right, bottom) in millimetres on the card; ``scale`` is pixels a millimetre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import art, card, clutter, write
from .pixels import Bytes, Picture

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
    picture = art.draw(rng, rows, columns, scale)
    window = (0.0, 0.0, *drawn.size)
    for place in drawn.marks:
        clutter.mark(rng, picture, window, scale, place)
    if drawn.chip:
        clutter.chip(rng, picture, window, scale, drawn.chip)
    if drawn.back:
        clutter.back(rng, picture, scale)
    lines = texts(picture, drawn.lines, (0.0, 0.0), scale)
    cover = np.zeros((rows, columns, 1), np.float32)
    corner = CORNER if rng.random() < 0.9 else 0.5
    clutter.rounded(cover, (0, 0, columns - 1, rows - 1), corner * scale, [255.0])
    return Flat(pixels=(picture * 255).astype(np.uint8), cover=cover[:, :, 0].astype(np.uint8), texts=tuple(lines))


def texts(picture: Picture, lines: Sequence[card.Line], origin: tuple[float, float], scale: float) -> list[Text]:
    """Stamps ``lines`` onto ``picture`` in place, whose top-left is ``origin`` on the card; tells those in view."""
    drawn = []
    for line in lines:
        boxes = write.line(picture, line, origin, scale)
        if len(boxes):
            drawn.append(Text(kind=line.kind, text=line.text.replace(" ", ""), boxes=boxes))
    return drawn
