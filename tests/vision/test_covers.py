"""What lies over the end of a line, on a drawn card of sixteen digits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bankcard_ocr.numbers import pan
from bankcard_ocr.synth import card, glyphs, render
from bankcard_ocr.synth import ink as ink_
from bankcard_ocr.vision import covers
from bankcard_ocr.vision import quad as quads

SCALE, HEIGHT, MIDDLE = 10.0, 42, 310  # pixels
BEGIN, END = 58, 70 + 18 * 28 + 12  # of the digits
PITCH = (END - BEGIN) / 16
RED = (235, 60, 50)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A card with a pattern, on a grey table."""
    middles = np.stack([7 + 2.8 * np.arange(19), np.full(19, 31.0)], 1).astype(np.float32)
    line = card.Line(
        kind="number",
        text=pan.group("6200000000000005"),
        face=glyphs.Face(corner=0.17, stroke=0.145),
        ink=ink_.Ink(relief=False),
        height=HEIGHT / SCALE,
        middles=middles,
    )
    drawn = card.Card(seed=23, size=(card.WIDTH, card.HEIGHT), lines=(line,), chip=None, marks=())
    return cv2.copyMakeBorder(render.flat(drawn, SCALE).pixels, 40, 40, 0, 200, cv2.BORDER_CONSTANT, value=(90, 90, 90))


@pytest.fixture(scope="module")
def text() -> np.ndarray:
    """The quad of its digits."""
    return quads.rectangle(END - BEGIN, HEIGHT) + np.float32([BEGIN, 40 + MIDDLE - HEIGHT / 2])


def over(picture: np.ndarray, *, start: float, reach: float, high: float, lean: float = 0.0) -> np.ndarray:
    """``picture`` under a patch: it begins ``start`` and ends ``reach`` pitches behind the digits, ``high`` heights."""
    out, y = picture.copy(), 40 + MIDDLE
    half = high * HEIGHT / 2
    left, right = END + start * PITCH, END + reach * PITCH
    corners = [(left - lean * half, y - half), (right, y - half), (right, y + half), (left + lean * half, y + half)]
    cv2.fillPoly(out, [np.round(corners).astype(np.int32)], RED)
    return out


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize(
    ("start", "reach", "high", "lean", "expected"),
    [
        (0.4, 3.6, 1.3, 0.0, True),  # a sticker of the digits' height
        (0.4, 3.6, 4.0, 0.0, True),
        (0.4, 30.0, 1.5, 0.0, True),  # which goes on beyond the card
        (0.4, 30.0, 40.0, 0.0, True),  # a wallet's edge
        (0.15, 30.0, 40.0, 0.0, True),
        (0.6, 30.0, 40.0, 0.0, True),
        (0.4, 30.0, 40.0, 0.15, True),
        (0.4, 30.0, 40.0, -0.15, True),
        (1.0, 30.0, 40.0, 0.0, False),  # as near as some cards end
        (0.4, 3.6, 0.4, 0.0, False),  # lower than the digits
        (3.2, 6.0, 1.3, 0.0, False),  # farther off
        (9.0, 30.0, 40.0, 0.0, False),
    ],
)
def test_a_sticker_and_an_edge_cover_what_is_behind_a_line(
    picture, text, quarters: int, start: float, reach: float, high: float, lean: float, expected: bool
):
    """Whichever way the picture lies."""
    covered = over(picture, start=start, reach=reach, high=high, lean=lean)
    size = covered.shape[1::-1]
    turned = np.ascontiguousarray(np.rot90(covered, -quarters))
    place = quads.project(
        text,
        quads.homography(quads.turn(quads.rectangle(*size), -quarters), quads.rectangle(*turned.shape[1::-1])),
    )

    assert expected == covers.is_covered(turned, place, 16)
    assert not covers.is_covered(np.ascontiguousarray(np.rot90(picture, -quarters)), place, 16)


def test_where_the_picture_ends_nothing_is_seen_of_a_sticker(picture, text):
    """What it shows there is one row of pixels over and over."""
    covered = over(picture, start=0.8, reach=3.6, high=1.3)

    assert [True, False] == [
        covers.is_covered(np.ascontiguousarray(covered[:, : END + round(stop * PITCH)]), text, 16)
        for stop in (3.0, 2.4)
    ]


def test_what_is_printed_along_a_whole_line_is_no_sticker(text):
    """The ground between two stripes has one colour, too, but goes on under the digits."""
    y, high = 40 + MIDDLE, HEIGHT
    striped = np.full((620, 1050, 3), (200, 210, 200), np.uint8)
    striped[y - 2 * high : y - high, :850] = striped[y + high : y + 2 * high, :850] = RED
    patched = over(striped, start=0.4, reach=3.6, high=1.3)

    assert [False, True] == [covers.is_covered(each, text, 16) for each in (striped, patched)]


def test_what_has_many_colours_covers_nothing(picture, text):
    """As the art of a card has behind its number: neither a patch of them nor an edge before them is a cover."""
    patched, edged = over(picture, start=0.4, reach=3.6, high=1.3), over(picture, start=0.4, reach=30.0, high=40.0)
    stripes = (np.indices((640, 1100)).sum(0) // 12 % 2)[..., None] * np.array([200, 180, 160])
    rows = ((np.arange(640) - 40 - MIDDLE)[:, None, None] // 60 % 3) * np.array([100, 40, 20]) + np.array([20, 150, 20])
    found = []
    for covered, colours in ((patched, stripes), (edged, np.broadcast_to(rows, (640, 1100, 3)))):
        is_over = (covered == RED).all(2)
        covered[is_over] = colours[: covered.shape[0], : covered.shape[1]][is_over]
        found.append(covers.is_covered(covered, text, 16))

    assert [False, False] == found
