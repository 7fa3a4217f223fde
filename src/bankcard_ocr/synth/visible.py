"""How well what is drawn on a card shows in its photograph: ink may have its ground's colour, or be in the dark."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..vision import quad as quads
from . import card, render, scene
from .pixels import Rng

LEAST = 8.0  # levels of 255 by which a character changes the photograph where a person can see it
INK = 85  # the percentile of the changes in a character's box: strokes fill more than the rest of it


def portrait(
    rng: Rng, drawn: card.Card, kind: scene.Kind, *, scale: float, width: int, height: int
) -> tuple[scene.Scene, float]:
    """A photograph of ``drawn`` alone, and by how many levels the faintest character of its line of ``kind`` shows.

    It is what the character changes of the photograph: the card is photographed once more in the same light, without
    that line. 0.0 where there is no such line in the photograph, or several.
    """
    again = copy.deepcopy(rng)
    flat = render.flat(drawn, scale)
    taken = scene.portrait(rng, flat, width=width, height=height)
    found = [thing.quad for thing in taken.things if thing.kind == kind]
    texts = [text for text in flat.texts if text.kind == kind]
    if len(found) != 1 or len(texts) != 1:
        return taken, 0.0
    blank = replace(drawn, lines=tuple([line for line in drawn.lines if line.kind != kind]))
    bare = scene.portrait(again, render.flat(blank, scale), width=width, height=height)
    return taken, _faintest(np.abs(taken.pixels.astype(np.int16) - bare.pixels).max(2), texts[0], found[0])


def _faintest(change: NDArray[np.int16], text: render.Text, quad: quads.Quad) -> float:
    """The least of what the characters of ``text``, which is seen at ``quad``, show of ``change`` (H, W)."""
    height, width = change.shape
    corners = text.boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    seen = quads.project(corners, quads.homography(text.quad, quad))
    first = np.clip(np.floor(seen.min(1)), 0, (width - 1, height - 1)).astype(int)
    last = np.maximum(np.ceil(seen.max(1)).astype(int), first) + 1
    parts = [change[top:bottom, left:right] for (left, top), (right, bottom) in zip(first, last, strict=True)]
    return min([float(np.percentile(part, INK)) for part in parts])
