"""Lines of text one below the other are found by the profile of their ink."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from bankcard_ocr.vision import profile
from bankcard_ocr.vision import quad as quads

SIDE = 320
MIDDLE = (SIDE - 1) / 2
STEP = 40  # pixels from one line to the next


def turned(quad: quads.Quad, degrees: float) -> quads.Quad:
    """``quad`` turned clockwise about the picture's middle."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.asarray((quad - MIDDLE) @ np.float32([(cosine, sine), (-sine, cosine)]) + MIDDLE, np.float32)


def block(count: int, digits: int, degrees: float) -> tuple[np.ndarray, quads.Quad, np.ndarray]:
    """A picture of ``count`` lines, turned by ``degrees``; the quad around all of them, and their middles (N, 2)."""
    level = np.full((SIDE, SIDE, 3), 60, np.uint8)
    wide, step = 18 * digits, STEP
    left, top = MIDDLE - wide / 2, MIDDLE - step * (count - 1) / 2
    for row in range(count):
        place = (round(left), round(top + step * row + 10))
        cv2.putText(level, "3" * digits, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, (235, 235, 235), 2, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), -degrees, 1.0)
    picture = cv2.warpAffine(level, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    around = quads.rectangle(wide + 8, step * count) + np.float32((left - 4, top - step / 2))
    middles = np.float32([(MIDDLE, top + step * row) for row in range(count)])
    return picture, turned(around, degrees), turned(middles, degrees)


def holds(line: quads.Quad, middle: np.ndarray) -> bool:
    """Whether the line goes over the middle of what stands there."""
    return cv2.pointPolygonTest(line, (float(middle[0]), float(middle[1])), measureDist=False) > 0


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 5), st.sampled_from([4, 8]), st.floats(-180, 180), st.floats(-10, 10))
def test_lines_are_where_they_stand(count: int, digits: int, degrees: float, off: float):
    """Of one of the ways they may run; the block may be turned by some degrees more than its lines."""
    picture, around, middles = block(count, digits, degrees)

    found = list(profile.lines(picture, turned(around, off)))

    right = [each for each in found if len(each) == count and all(map(holds, each, middles))]
    assert right
    assert all(24 * 0.5 < quads.sides(line)[1] < 24 * 1.7 for line in right[0])
    assert all(0.8 < quads.sides(line)[0] / (18 * digits) < 1.05 for line in right[0])


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_block_that_reads_across_its_lines_gives_them_too(quarters: int):
    """Four rows of four are as high as wide: how they vote may be a quarter turn off."""
    picture, around, middles = block(4, 4, 10.0)

    found = list(profile.lines(picture, quads.turn(around, quarters)))[-1]

    assert 4 == len(found)
    assert all(map(holds, found, middles)) or all(map(holds, found, middles[::-1]))


def test_where_nothing_stands_no_lines_are():
    """A picture of one colour, and one with one line."""
    empty = np.full((SIDE, SIDE, 3), 90, np.uint8)
    one, around, _ = block(1, 8, 0.0)

    assert [] == list(profile.lines(empty, around))
    assert [] == [found for found in profile.lines(one, around) if len(found) > 1 and quads.sides(found[0])[0] > 100]


corners = st.tuples(*[st.floats(-400, 800, width=32)] * 2)


@settings(deadline=None, max_examples=60)
@given(
    st_np.arrays(np.uint8, st_np.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40).map(lambda s: (*s, 3))),
    corners,
    st.floats(1, 500),
    st.floats(1, 500),
    st.floats(-180, 180),
)
def test_any_block_of_any_picture_gives_lines_or_none(picture, corner, wide: float, high: float, degrees: float):
    """It may lie beyond the picture's edge, and be as thin as a line."""
    around = turned(quads.rectangle(wide + 1, high + 1) + np.float32(corner), degrees)

    for found in profile.lines(picture, around):
        assert len(found) in profile.LINES
        assert all(np.isfinite(line).all() and line.shape == (4, 2) for line in found)
