"""Pictures laid on one another by what both show."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision import register

CARD = np.array([(60, 50), (699, 50), (699, 449), (60, 449)], np.float32)
ELSEWHERE = np.array([(150, 20), (640, 130), (560, 470), (40, 330)], np.float32)


def seen_elsewhere(picture: np.ndarray, *, dark: float = 1.0) -> np.ndarray:
    """The card of ``picture`` from another side, in other light, with noise."""
    warped = cv2.warpPerspective(picture, quads.homography(CARD, ELSEWHERE), (720, 500), borderValue=(30, 60, 20))
    noise = np.random.default_rng(3).normal(0, 3, warped.shape)
    return np.clip(dark * warped + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("dark", [1.0, 0.4])
@pytest.mark.parametrize("within", [None, CARD])
def test_one_card_in_two_pictures(art, dark: float, within: np.ndarray | None):
    """Its corners in the one are taken to those in the other, within a pixel."""
    first, second = art(1), seen_elsewhere(art(1), dark=dark)

    here, there = register.features(first, within), register.features(second)
    found = register.register(here, there)

    assert found is not None
    assert np.abs(quads.project(ELSEWHERE, found.onto) - CARD).max() < 1.0
    assert register.likeness(first, CARD, here, second, there, found) > 1.5


@pytest.mark.parametrize("shrink", [0.5, 3.0])
def test_pictures_of_any_size(art, shrink: float):
    """Points are told in each picture's own pixels."""
    second = cv2.resize(seen_elsewhere(art(1)), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)

    found = register.register(register.features(art(1)), register.features(second))

    assert found is not None
    assert np.abs(quads.project((ELSEWHERE + 0.5) * shrink - 0.5, found.onto) - CARD).max() < 2.0


@pytest.mark.parametrize(
    "second",
    [
        lambda art: seen_elsewhere(art(2)),
        lambda _: np.full((500, 720, 3), 128, np.uint8),
        lambda _: np.zeros((1, 1, 3), np.uint8),
        lambda _: np.zeros((1, 3000, 3), np.uint8),
        lambda art: np.ascontiguousarray(seen_elsewhere(art(1))[:, ::-1]),
    ],
    ids=["another card", "nothing", "one pixel", "one row", "from behind"],
)
def test_other_pictures_are_not_laid_on_it(art, second):
    """Neither way round."""
    features = register.features(art(1)), register.features(second(art))

    assert (None, None) == (register.register(*features), register.register(*features[::-1]))


def test_what_lies_around_the_card_is_no_reason(art):
    """Two cards on one table: the table's features do not count."""
    table, other = art(5), art(6)
    first, second = (cv2.resize(table, (1520, 1000)) for _ in range(2))
    first[300:700, 400:1040], second[300:700, 400:1040] = art(1)[50:450, 60:700], other[50:450, 60:700]
    card = np.array([(400, 300), (1039, 300), (1039, 699), (400, 699)], np.float32)

    assert register.register(register.features(first), register.features(second)) is not None
    assert register.register(register.features(first, card), register.features(second)) is None


def test_the_mark_that_all_cards_bear_is_no_reason(art):
    """Two designs with one logo are laid on one another by it, and are not alike."""
    first, second = art(1), art(7)
    mark = art(9)[100:260, 100:300]
    first[60:220, 480:680], second[60:220, 480:680] = mark, mark
    here, there = register.features(first, CARD), register.features(second)

    found = register.register(here, there)

    assert found is not None
    assert register.likeness(first, CARD, here, second, there, found) < register.ONE_DESIGN


def test_a_half_covered_card_is_alike(art):
    """In other light, with a third of it under a hand."""
    second = seen_elsewhere(art(1), dark=0.6)
    cv2.rectangle(second, (0, 0), (260, 499), (200, 160, 130), -1)
    here, there = register.features(art(1), CARD), register.features(second)

    found = register.register(here, there)

    assert found is not None
    assert register.likeness(art(1), CARD, here, second, there, found) >= register.ONE_DESIGN


def test_a_pattern_has_no_more_features_than_others():
    """A row of dots over and over has hundreds of thousands, all equally strong."""
    tile = np.zeros((12, 12, 3), np.uint8)
    cv2.circle(tile, (6, 6), 3, (255, 255, 255), -1)

    found = register.features(np.tile(tile, (84, 84, 1)))

    assert (register.MOST, (register.MOST, 128)) == (len(found.points), found.descriptors.shape)


def test_matches_without_any_homography_lay_nothing(art, monkeypatch):
    """The fit may find none at all."""
    features = register.features(art(1))
    monkeypatch.setattr(cv2, "findHomography", lambda *_, **__: (None, None))

    assert register.register(features, features) is None


def test_a_card_is_like_itself_and_unlike_another(art):
    """In other light and not quite in place, too."""
    dimmed = (art(1) * 0.7).astype(np.uint8)
    one, same, other = (register.face(*each) for each in ((art(1), CARD), (dimmed, CARD + 6), (art(2), CARD)))

    assert register.alike(one, same) > 0.8
    assert register.alike(one, other) < 0.5
