"""The characters of embossers: what tells one digit from another is there in every variant that is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from bankcard_ocr.synth import glyphs, strokes

WAIST = slice(0.36, 0.56)  # of the height


def outline(char: str, shape: int, corner: float) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last inked column of each row between the digit's ends, in widths from its left side."""
    mask, _ = glyphs.glyph(char, glyphs.Face(shape=shape, corner=corner), 96.0)
    inked = mask > 0.5
    rows = np.flatnonzero(inked.any(1))
    columns = np.flatnonzero(inked.any(0))
    body = inked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return body.argmax(1) / body.shape[1], 1 - body[:, ::-1].argmax(1) / body.shape[1]


def waist(side: np.ndarray) -> np.ndarray:
    """The part of ``side`` where an 8 or a 3 is drawn in."""
    return side[round(WAIST.start * len(side)) : round(WAIST.stop * len(side))]


@pytest.mark.parametrize("corner", [0.06, 0.2, 0.33])
@pytest.mark.parametrize("shape", range(len(strokes.SHAPES["8"])))
def test_an_8_has_a_waist(shape: int, corner: float):
    """Its sides are drawn in by a sixth or more, so that no 0 with a line of art through its middle is like one."""
    left, right = outline("8", shape, corner)

    assert waist(left).max() > 1 / 6
    assert waist(right).min() < 5 / 6


@pytest.mark.parametrize("corner", [0.06, 0.2, 0.33])
@pytest.mark.parametrize("shape", range(len(strokes.SHAPES["3"])))
def test_a_3_has_a_waist(shape: int, corner: float):
    """Its right side is drawn in, too."""
    _, right = outline("3", shape, corner)

    assert waist(right).min() < 5 / 6


@pytest.mark.parametrize("corner", [0.06, 0.2, 0.33])
def test_a_0_has_none(corner: float):
    """Its sides are straight or bent outwards."""
    left, right = outline("0", 0, corner)

    assert waist(left).max() < 0.02
    assert waist(right).min() > 0.98


@pytest.mark.parametrize("char", "abcdefghijklmnopqrstuvwxyz")
def test_embossers_have_capitals_alone(char: str):
    """A name in small letters is embossed in capitals, as nets learn to read it."""
    face = glyphs.Face()

    assert np.array_equal(glyphs.glyph(char, face, 40.0)[0], glyphs.glyph(char.upper(), face, 40.0)[0])


@pytest.mark.parametrize("char", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-'/")
def test_every_character_of_a_name_has_a_shape(char: str):
    """None is drawn as the asterisk that stands for what embossers do not have."""
    assert char in strokes.SHAPES
