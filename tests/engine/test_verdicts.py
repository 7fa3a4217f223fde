"""Which cards of a picture are told, and what each says."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import verdicts
from bankcard_ocr.engine.regions import Region
from bankcard_ocr.reading import Candidate
from bankcard_ocr.vision.locate import Detection
from bankcard_ocr.vision.quad import Quad

NUMBER = "6200000000000005"  # a published test number
OTHER = "4111111111111111"  # another


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


LEFT, RIGHT, BELOW = box(0, 0, 160, 100), box(200, 0, 360, 100), box(0, 140, 160, 240)


def card(quad: Quad, score: float = 0.9) -> Detection:
    return Detection(kind="card", quad=quad, score=score)


def line(at: Quad, number: str = NUMBER, confidence: float = 0.9) -> Region:
    """A region that says ``number``, in the middle of ``at``."""
    (left, top), (right, _) = at[:2]
    said = (Candidate(number=number, confidence=confidence),)
    quad = box(left + 20, top + 50, right - 20, top + 60)
    return Region(views=(Said(),), quad=quad, candidates=said, score=1.0)


def told(detections: list[Detection], regions: list[Region]) -> list[str | None]:
    """The numbers of all cards of a picture, in their order."""
    shot = SimpleNamespace(
        detections=detections, regions=tuple(regions), outline=lambda quad: quad, as_sent=lambda quad: quad
    )
    return [found.number for found in verdicts.of(shot, least=0.85)]


def test_cards_are_told_in_reading_order():
    """Each with the number that is read on it, the surest of several."""
    found = told([card(BELOW), card(RIGHT), card(LEFT)], [line(RIGHT, OTHER), line(LEFT, OTHER, 0.2), line(LEFT)])

    assert [NUMBER, OTHER, None] == found


@pytest.mark.parametrize(("confidence", "number"), [(0.85, NUMBER), (0.84, None)])
def test_a_number_in_doubt_is_not_told(confidence: float, number: str | None):
    """Its card is, and why it has none."""
    shot = SimpleNamespace(
        detections=[card(LEFT)],
        regions=(line(LEFT, confidence=confidence),),
        outline=lambda quad: quad,
        as_sent=lambda quad: quad,
    )
    (found,) = verdicts.of(shot, least=0.85)

    assert (number, None if number else "number unreadable") == (found.number, found.refusal)


@pytest.mark.parametrize(
    ("quad", "score", "expected"),
    [
        (RIGHT, 0.6, [NUMBER, None]),
        (RIGHT, 0.59, [NUMBER]),  # hardly a card
        (box(100, 0, 260, 100), 0.9, [NUMBER]),  # lies on the one that was read
    ],
)
def test_a_card_without_a_number_is_told_when_it_surely_is_another(quad: Quad, score: float, expected):
    """It may have been located twice."""
    assert expected == told([card(LEFT), card(quad, score)], [line(LEFT)])


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (line(RIGHT, OTHER), [NUMBER, OTHER]),
        (line(RIGHT, OTHER, 0.84), [NUMBER]),  # in doubt
        (line(RIGHT), [NUMBER]),  # the same once more
        (line(LEFT, OTHER, 0.86), [NUMBER]),  # on the card
    ],
)
def test_a_number_on_no_card_is_told_when_it_is_sure_and_another(region: Region, expected):
    """A card may be too near to be located."""
    assert expected == told([card(LEFT)], [line(LEFT), region])


@pytest.mark.parametrize(
    ("quad", "expected"), [(RIGHT, [NUMBER, NUMBER]), (box(100, 0, 260, 100), [NUMBER])], ids=["beside", "over"]
)
def test_one_number_on_two_cards_is_told_twice_where_they_lie_apart(quad: Quad, expected):
    """Else it was located twice."""
    assert expected == told([card(LEFT), card(quad)], [line(LEFT), line(quad)])


def test_two_numbers_on_cards_that_overlap_are_told():
    """One lies on the other; of two on no card at one place the surer is told."""
    over = box(100, 0, 260, 100)

    assert [NUMBER, OTHER] == told([card(LEFT), card(over)], [line(LEFT), line(over, OTHER)])
    assert [NUMBER] == told([], [line(LEFT, OTHER, 0.86), line(LEFT)])


def test_cards_beside_one_another_are_counted():
    """Those that surely are some, each once."""
    shot = SimpleNamespace(detections=[card(LEFT), card(box(100, 0, 260, 100)), card(RIGHT), card(BELOW, 0.59)])

    assert 2 == verdicts.surely_cards(shot)
