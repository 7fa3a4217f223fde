"""Quads: four corners and what can be done with them."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.vision import quad

UNIT = quad.rectangle(2, 2)


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, width=32)


@st.composite
def quads(draw) -> quad.Quad:
    """A convex quad, some hundred pixels wide, seen in perspective and turned."""
    shift = np.array([[draw(floats(-25, 25)) for _ in range(2)] for _ in range(4)], np.float32)
    angle = draw(floats(0, 6.25))
    turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    return np.asarray((quad.rectangle(300, 190) - (150, 95) + shift) @ turned + (400, 400), np.float32)


def gradient(width: int, height: int) -> np.ndarray:
    """A picture without edges whose every part is different: red grows to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(20, 230, width), np.linspace(20, 230, height))
    return np.stack([x, y, np.full_like(x, 128)], axis=-1).astype(np.uint8)


def test_a_rectangle_is_its_outer_pixels():
    """Corners are pixel centres, TL, TR, BR, BL."""
    assert [[0, 0], [9, 0], [9, 4], [0, 4]] == quad.rectangle(10, 5).tolist()


@given(quads(), quads())
def test_a_homography_takes_corners_to_corners(source: quad.Quad, target: quad.Quad):
    """Each corner of one quad lands on the same corner of the other."""
    assert np.allclose(target, quad.project(source, quad.homography(source, target)), atol=0.01)


@given(quads())
def test_a_homography_and_its_reverse_undo_each_other(source: quad.Quad):
    """Going to a rectangle and back changes nothing."""
    there, back = quad.homography(source, UNIT), quad.homography(UNIT, source)

    assert np.allclose(source, quad.project(quad.project(source, there), back), atol=0.01)


@given(quads())
def test_rectify_of_a_projected_card_is_the_card(corners: quad.Quad):
    """A card drawn into a scene under any quad comes back as it was."""
    card = gradient(300, 190)
    scene = cv2.warpPerspective(card, quad.homography(quad.rectangle(300, 190), corners), (800, 800))
    back = quad.rectify(scene, corners, 300, 190)

    assert np.abs(back[4:-4, 4:-4].astype(int) - card[4:-4, 4:-4]).max() <= 4


def test_rectify_of_the_whole_picture_is_the_picture():
    """The outer quad gives the picture itself, pixel for pixel."""
    card = gradient(60, 40)

    assert np.array_equal(card, quad.rectify(card, quad.rectangle(60, 40), 60, 40))


def test_rectify_repeats_the_edge_outside():
    """What lies outside the picture is the colour of its edge, not black."""
    card = np.full((40, 60, 3), 77, np.uint8)

    assert np.all(quad.rectify(card, quad.rectangle(60, 40) + 500, 30, 20) == 77)


def test_rectify_takes_grey_pictures_too():
    """(H, W) in, (height, width) out."""
    assert (20, 30) == quad.rectify(np.zeros((40, 60), np.uint8), quad.rectangle(60, 40), 30, 20).shape


@given(quads(), st.integers(-8, 8))
def test_turning_keeps_the_corners_and_four_turns_are_none(corners: quad.Quad, quarters: int):
    """A turned quad has the same corners in another order, and turns add up."""
    turned = quad.turn(corners, quarters)

    assert sorted(corners.tolist()) == sorted(turned.tolist())
    assert np.array_equal(corners, quad.turn(turned, 4 - quarters % 4))


def test_one_quarter_turn_begins_at_the_top_right():
    """Read from its right side, a quad's first corner is the old second."""
    assert [[9, 0], [9, 4], [0, 4], [0, 0]] == quad.turn(quad.rectangle(10, 5), 1).tolist()


def test_sides_are_width_and_height():
    """The means of opposite sides, in pixels."""
    assert (9.0, 4.0) == quad.sides(quad.rectangle(10, 5))


@given(quads())
def test_growing_by_nothing_changes_nothing(corners: quad.Quad):
    """Margins of zero give the quad itself."""
    assert np.allclose(corners, quad.grow(corners, 0, 0), atol=0.01)


def test_growing_adds_its_share_on_every_side():
    """A tenth of the width left and right, half of the height above and below."""
    grown = quad.grow(quad.rectangle(101, 41), 0.1, 0.5)

    assert np.allclose([[-10, -20], [110, -20], [110, 60], [-10, 60]], grown, atol=0.01)


def test_a_part_lies_where_its_shares_say():
    """The left half, from the middle to half a height below."""
    half = quad.part(quad.rectangle(101, 41), 0, 0.5, 0.5, 1.5)

    assert np.allclose([[0, 20], [50, 20], [50, 60], [0, 60]], half, atol=0.01)


@given(quads())
def test_a_perspective_of_a_card_is_convex(corners: quad.Quad):
    """Every quad a camera could see is convex, whichever side it is read from."""
    assert [True] * 4 == [quad.is_convex(quad.turn(corners, quarters)) for quarters in range(4)]


@pytest.mark.parametrize(
    "corners",
    [
        [(0, 0), (0, 4), (9, 4), (9, 0)],  # counter-clockwise
        [(0, 0), (9, 4), (9, 0), (0, 4)],  # crossing itself
        [(0, 0), (9, 0), (9, 0), (0, 4)],  # two corners in one
        [(0, 0), (9, 0), (2, 1), (0, 4)],  # dented
        [(0, 0), (5, 0), (9, 0), (0, 4)],  # three in a line
        [(0, 0), (9, 0), (9, float("nan")), (0, 4)],
    ],
)
def test_what_no_camera_sees_is_not_convex(corners):
    """Mirrored, crossed, dented, degenerate and undefined quads are told apart."""
    assert not quad.is_convex(np.array(corners, np.float32))


def test_no_points_are_taken_nowhere():
    """None come out where none go in."""
    assert (0, 2) == quad.project(np.zeros((0, 2), np.float32), np.eye(3)).shape


@pytest.mark.parametrize(
    ("turns", "expected"),
    [(0, (10.0, 39.0)), (1, (20.0, 9.0)), (2, (39.0, 10.0)), (3, (9.0, 20.0))],
)
def test_room_is_what_the_picture_has_along_a_line(turns: int, expected: tuple[float, float]):
    """Before it and behind it, whichever way it reads."""
    line = np.array([(10, 20), (60, 20), (60, 30), (10, 30)], np.float32)

    assert expected == pytest.approx(quad.room(quad.turn(line, turns), 100, 40))


@given(quads(), st.integers(1, 2000), st.integers(1, 2000))
def test_room_is_never_less_than_nothing(corners: quad.Quad, width: int, height: int):
    """Also beyond the picture's edge."""
    assert min(quad.room(corners, width, height)) >= 0


def test_a_line_without_length_has_all_room():
    """It runs nowhere."""
    assert (np.inf, np.inf) == quad.room(np.zeros((4, 2), np.float32), 9, 9)


@given(quads(), quads())
def test_a_quad_along_another_is_as_large_and_lies_as_it_does(corners: quad.Quad, other: quad.Quad):
    """A rectangle, in the same place."""
    level = quad.along(corners, other, most=90)
    (start, end), (first, last) = quad.ends(level), quad.ends(other)

    assert np.allclose(level.mean(0), corners.mean(0), atol=0.01)
    assert quad.sides(level) == pytest.approx(quad.sides(corners), rel=1e-3)
    assert float((end - start) @ (last - first)) == pytest.approx(
        math.dist(start, end) * math.dist(first, last), rel=1e-3
    )
    assert quad.is_convex(level)


@pytest.mark.parametrize(("degrees", "is_level"), [(0, True), (19, True), (21, False), (159, False), (161, True)])
def test_a_quad_lies_along_another_only_where_it_nearly_does(degrees: float, is_level: bool):
    turned = np.radians(degrees)
    around = np.array([(np.cos(turned), np.sin(turned)), (-np.sin(turned), np.cos(turned))])
    corners = np.asarray((quad.rectangle(100, 20) - 50) @ around, np.float32)
    level = quad.along(corners, quad.rectangle(300, 30), most=20)

    assert (level is not corners) == is_level
    assert not is_level or np.allclose(level[0, 1], level[1, 1], atol=0.01)


@pytest.mark.parametrize(("shift", "expected"), [(0.0, 1.0), (5.0, 0.5), (10.0, 0.0), (50.0, 0.0)])
def test_overlap_is_a_share_of_the_smaller(shift: float, expected: float):
    """From all of it to nothing."""
    square = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], np.float32)

    assert expected == pytest.approx(quad.overlap(square, square + np.float32((shift, 0))))
