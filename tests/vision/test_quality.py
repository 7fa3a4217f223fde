"""Measures of what is wrong with a picture, on pictures made for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision import quality

CARD = np.array([(60, 50), (699, 50), (699, 449), (60, 449)], np.float32)
LINE = np.array([(100, 240), (660, 240), (660, 300), (100, 300)], np.float32)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A blue card with gradients and a white number on a grey ground."""
    out = np.full((500, 760, 3), 140, np.uint8)
    x, y = np.meshgrid(np.linspace(0, 1, 640), np.linspace(0, 1, 400))
    out[50:450, 60:700] = np.stack([40 + 40 * x, 60 + 80 * y, 150 + 60 * x * y], 2)
    cv2.circle(out, (560, 150), 60, (200, 60, 40), -1)
    cv2.putText(out, "4111 1111 1111 1111", (110, 290), cv2.FONT_HERSHEY_SIMPLEX, 1.7, (235, 235, 235), 3, cv2.LINE_AA)
    return out


def test_blur_takes_the_edges(picture):
    """The more it is blurred the less is in the finest detail."""
    found = [quality.sharpness(cv2.GaussianBlur(picture, (0, 0), sigma), LINE) for sigma in (0.5, 2, 5)]

    assert sorted(found, reverse=True) == found
    assert found[2] < 0.5 * found[0]


def test_the_line_alone_is_sharp_or_not(picture):
    """However sharp the rest of the picture is."""
    blurred = cv2.GaussianBlur(picture, (0, 0), 5)
    beside = blurred.copy()
    beside[360:] = np.random.default_rng(1).integers(0, 256, beside[360:].shape, np.uint8)

    assert quality.sharpness(beside, LINE) == quality.sharpness(blurred, LINE)


@pytest.mark.parametrize("noise", [0, 3, 9])
def test_borders_of_one_colour_are_no_content(picture, noise: int):
    """As letterboxing adds them, a colour each; up to what JPEG makes of one, no further, and none of a blank one."""
    rng = np.random.default_rng(1)
    boxed = cv2.copyMakeBorder(picture, 40, 0, 0, 25, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    boxed = cv2.copyMakeBorder(boxed, 0, 10, 70, 0, cv2.BORDER_CONSTANT, value=(250, 250, 250))
    if noise:
        boxed = np.clip(boxed + rng.integers(-noise, noise + 1, boxed.shape), 0, 255).astype(np.uint8)
    height, width = boxed.shape[:2]
    inner = (70 + 60, 40 + 50, width - 25 - 60, height - 10 - 50)  # the picture has an even border of its own

    assert quality.content(boxed) == (inner if noise <= 3 else (0, 0, width, height))
    assert quality.content(np.full((30, 40, 3), 7, np.uint8)) == (0, 0, 40, 30)


@pytest.mark.parametrize(
    ("colour", "goes_on"),
    [((60, 90, 160), True), ((70, 95, 165), True), ((60, 90, 125), False), ((140, 140, 140), False)],
)
def test_the_ground_goes_on_in_its_colour(picture, colour: tuple[int, int, int], goes_on: bool):
    """What is behind the line is a part of the card, or none."""
    behind = picture.copy()
    behind[:, 660:] = colour
    around = behind[180:360].copy()
    around[:, :660] = np.where(around[:, :660] > 200, around[:, :660], (60, 90, 160))

    assert quality.ground_goes_on(around, LINE - np.float32((0, 180)), 0.01, 0.05) is goes_on


def test_glare_is_the_share_that_is_burnt_out(picture):
    """A white spot counts by its size; on a white card white is no glare."""
    lit = picture.copy()
    cv2.circle(lit, (300, 200), 80, (255, 255, 255), -1)

    assert quality.glare(picture, CARD) == 0.0
    assert quality.glare(lit, CARD) == pytest.approx(np.pi * 80**2 / (640 * 400), rel=0.15)
    assert quality.glare(np.full_like(picture, 255), CARD) == 0.0


def test_what_is_pale_is_no_glare(picture):
    """On a pale card it is: what is burnt out is white."""
    bright, pale, white = picture.copy(), np.full_like(picture, 200), np.full_like(picture, 235)
    cv2.circle(bright, (300, 200), 80, (240, 240, 240), -1)
    for each in (pale, white):
        cv2.circle(each, (300, 200), 80, (255, 255, 255), -1)

    assert [0.0, 0.0] == [quality.glare(each, CARD) for each in (bright, white)]
    assert quality.glare(pale, CARD) > 0.05


def test_white_print_is_no_glare(picture):
    """Its strokes are thin."""
    printed = picture.copy()
    cv2.putText(printed, "4111 1111 1111 1111", (110, 390), cv2.FONT_HERSHEY_SIMPLEX, 1.7, (255, 255, 255), 3)

    assert quality.glare(printed, CARD) == 0.0


def test_fingers_reach_in_from_outside(picture):
    """Skin over the edge counts; the same colour within the card, or all around it, does not."""
    held, printed = picture.copy(), picture.copy()
    cv2.line(held, (400, 499), (400, 380), (200, 150, 125), 70)
    cv2.circle(printed, (400, 350), 35, (200, 150, 125), -1)
    ground = picture.copy()
    ground[(picture == 140).all(2)] = (200, 150, 125)

    assert quality.covered(held, CARD) > 0.01
    assert [0.0, 0.0, 0.0] == [quality.covered(one, CARD) for one in (picture, printed, ground)]


def test_a_hand_covers_up_to_half_of_a_card(picture):
    """What has its colour all over, or lies on it, is under none."""
    hand, gold, ground = picture.copy(), picture.copy(), picture.copy()
    gold[50:450, 60:700] = (200, 150, 125)
    for held, wide in ((hand, 240), (gold, 70)):
        cv2.line(held, (400, 499), (400, 300), (200, 150, 125), wide)
    ground[(picture == 140).all(2)] = (200, 150, 125)
    ground[50:450, 60:160] = (200, 150, 125)  # a stripe of it on the card

    assert 0.2 < quality.covered(hand, CARD) < 0.5
    assert [0.0, 0.0] == [quality.covered(each, CARD) for each in (gold, ground)]


@pytest.mark.parametrize(("left", "share"), [(660, 1.0), (670, 0.8), (740, 0.0), (760, 0.0)])
def test_a_finger_beside_a_line_is_seen(picture, left: int, share: float):
    """By how much of the end, a tenth of the line's length long, it covers; wherever the line ends."""
    touched = picture.copy()
    touched[:, left:] = (210, 150, 120)

    assert quality.hand_beside(touched, LINE, 0.1) == pytest.approx(share, abs=0.15)
    assert quality.hand_beside(touched[:, ::-1], mirrored(LINE), 0.1) == pytest.approx(share, abs=0.15)


def mirrored(quad: np.ndarray) -> np.ndarray:
    return np.float32((759, 0)) + quad[[1, 0, 3, 2]] * np.float32((-1, 1))


def test_what_stands_on_skins_colour_is_under_no_finger(picture):
    """Gold cards have it all over, others in part."""
    partly = picture.copy()
    partly[:, 380:] = (210, 150, 120)

    assert quality.hand_beside(np.full_like(picture, (210, 150, 120)), LINE, 0.1) == 0.0
    assert quality.hand_beside(partly, LINE, 0.1) == 0.0


def test_a_sticker_behind_a_line_is_another_ground(picture):
    """A card goes on in nearly the same colour."""
    covered = picture.copy()
    covered[200:340, 560:700] = (235, 60, 50)
    line = quads.part(LINE, 0.0, 0.0, 0.75, 1.0)

    plain, other = (quality.same_ground(each, line, 0.05, 0.25) for each in (picture, covered))

    assert (True, 0.0) == (plain > 0.2, other)


def test_a_copy_has_no_colour(picture):
    """Grey and evenly tinted cards have none, whatever their brightness does."""
    gray = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    tinted = (gray * np.array([1.0, 0.97, 0.92])).astype(np.uint8)

    assert quality.colour(gray, CARD) < 0.3
    assert quality.colour(tinted, CARD) < 1.0
    assert quality.colour(picture, CARD) > 5


@pytest.mark.parametrize(
    ("hue", "is_copy"),
    [((40, 80, 150), False), ((200, 60, 60), False), ((150, 150, 150), True), ((220, 205, 185), True)],
    ids=["blue", "red", "grey", "paper under a lamp"],
)
def test_a_card_of_one_hue_is_no_copy(hue: tuple[int, int, int], is_copy: bool):
    """Its brightness explains all of its colours; those of a copy have next to none."""
    shades = np.linspace(0.7, 1.0, 480)[:, None, None]
    picture = np.tile((shades * np.array(hue)).astype(np.uint8), (1, 640, 1))

    assert is_copy == (quality.colour(picture, CARD) < 1.5)


def test_a_grid_stands_out(picture):
    """A screen's fine period is a peak in the spectrum."""
    grid = 1 - 0.3 * (0.5 + 0.5 * np.sin(2 * np.pi * (np.arange(760)[None] + 0.3 * np.arange(500)[:, None]) / 3.3))
    shown = (picture * grid[:, :, None]).astype(np.uint8)

    assert quality.moire(shown, CARD) > quality.moire(picture, CARD) + 1


def test_the_blocks_of_a_jpeg_are_no_grid():
    """They run along rows and columns, as no screen lies in a picture."""
    blocks = np.full((500, 760, 3), 120, np.uint8)
    blocks[:, np.arange(760) // 8 % 2 == 0] += 12

    assert quality.moire(blocks, CARD) < 4.2


def test_corners_outside_are_measured_in_card_widths():
    """Nothing for a card within the picture; a quarter for one cut off by a quarter."""
    assert quality.outside(CARD, 760, 500) == 0.0
    assert quality.outside(CARD - (220, 0), 760, 500) == pytest.approx(160 / 639, abs=0.01)


def test_each_measure_is_told_by_its_name(picture):
    """Glare where there is more of it, on the card or on its line."""
    lit = picture.copy()
    cv2.circle(lit, (300, 150), 60, (255, 255, 255), -1)
    found = {name: getattr(quality, name)(lit, CARD) for name in ("covered", "glare", "colour", "moire")}

    assert quality.measures(lit, CARD, LINE) == {
        **found,
        "sharpness": quality.sharpness(lit, LINE),
        "outside": quality.outside(CARD, 760, 500),
    }
    assert found["glare"] > quality.glare(lit, LINE)


def test_without_a_card_the_line_is_measured(picture):
    """Nothing is told of what only a card can be: covered, outside."""
    assert {"sharpness", "glare", "colour", "moire"} == set(quality.measures(picture, None, LINE))


def test_without_a_line_the_card_is_measured(picture):
    """Nothing is told of the digits; without either, of nothing."""
    assert {"outside", "covered", "glare", "colour", "moire"} == set(quality.measures(picture, CARD, None))
    assert {} == quality.measures(picture, None, None)
