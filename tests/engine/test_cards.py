"""Which cards are in a picture, and which line stands on which."""

from __future__ import annotations

import numpy as np
import pytest

from bankcard_ocr.engine import cards
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.locate import Detection


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def detection(quad: np.ndarray, *, kind: str = "card", score: float = 0.9) -> Detection:
    return Detection(kind=kind, quad=quad, score=score)


def test_a_card_found_twice_is_one():
    """Of two quads that lie on one another the likelier stays; another card is another."""
    first, again, other = box(0, 0, 160, 100), box(5, 5, 150, 95), box(200, 0, 360, 100)

    found = cards.distinct([detection(first), detection(again, score=0.8), detection(other, score=0.7)])

    assert [first.tolist(), other.tolist()] == [card.quad.tolist() for card in found]


def test_faint_cards_and_other_things_are_no_cards():
    """A score below the least, and a number line, are left out."""
    assert [] == cards.distinct(
        [detection(box(0, 0, 160, 100), score=0.3), detection(box(0, 0, 160, 20), kind="number")]
    )


def test_a_line_belongs_to_the_card_it_stands_on():
    """The likeliest card that holds the whole line; none when it sticks out or the detection has no card's shape."""
    card, strip = box(0, 0, 160, 100), box(0, 0, 160, 20)

    assert card.tolist() == cards.around(box(20, 40, 140, 50), [detection(strip), detection(card)]).tolist()
    assert cards.around(box(20, 40, 168, 50), [detection(card)]) is card  # nearly on it
    assert cards.around(box(20, 40, 180, 50), [detection(card)]) is None
    assert cards.around(box(20, 5, 140, 15), [detection(strip)]) is None
    assert cards.around(box(20, 40, 90, 50), [detection(box(0, 0, 100, 100))]) is None


@pytest.mark.parametrize("turns", range(4))
def test_how_far_a_card_goes_on_behind_a_line(turns: int):
    """In lengths of the line, whichever way the card was located."""
    card = np.array([(0, 0), (100, 0), (100, 60), (0, 60)], np.float32)
    line = np.array([(10, 30), (60, 30), (60, 40), (10, 40)], np.float32)

    assert 0.8 == pytest.approx(cards.room_behind(line, quads.turn(card, turns)), abs=1e-4)
    assert 0.2 == pytest.approx(cards.room_behind(quads.turn(line, 2), card), abs=1e-4)


@pytest.mark.parametrize("turns", range(4))
def test_a_card_is_read_from_the_corner_at_which_its_line_begins(turns: int):
    """Whichever way it was located."""
    card, line = box(0, 0, 160, 100), box(20, 40, 140, 50)

    assert card.tolist() == cards.as_read(quads.turn(card, turns), line).tolist()


def test_what_lies_on_another_is_not_distinct():
    """Most of the smaller lies in the larger."""
    line, other = box(20, 40, 140, 50), box(20, 80, 140, 90)

    assert (True, False) == (cards.is_distinct(line, [other]), cards.is_distinct(line, [other, box(0, 30, 160, 60)]))


def test_what_is_on_another_card_is_not_this_ones():
    """With two cards in view only what stands on the line's own counts, and nothing where it stands on none."""
    line, mine = detection(box(20, 40, 140, 50), kind="number"), detection(box(20, 60, 60, 70), kind="expiry")
    first, other, theirs = (
        detection(box(0, 0, 160, 100)),
        detection(box(200, 0, 360, 100)),
        detection(box(220, 60, 260, 70), kind="expiry"),
    )

    assert [first, line, mine] == cards.on_one_card(line.quad, [first, other, line, mine, theirs])
    assert [first, line, mine, theirs] == cards.on_one_card(line.quad, [first, line, mine, theirs])
    assert [] == cards.on_one_card(box(20, 140, 140, 150), [first, other, mine, theirs])


def test_cards_are_told_row_by_row():
    """From the top, and in a row from the left, though a row is not quite straight."""
    quads = [box(200, 110, 300, 170), box(200, 10, 300, 70), box(0, 20, 100, 80), box(0, 120, 100, 180)]

    assert [2, 1, 3, 0] == cards.reading_order(quads)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, 0.5), (1, 0.6)], (0, True)),
        ([(1, 0.5), (0, 0.4)], (0, False)),
        ([(0.5, 0.9), (0.4, 0.1)], (1, False)),
    ],
)
def test_a_line_runs_along_an_axis(points, expected):
    """Along x or y of the card, forward or back."""
    assert expected == cards.runs(np.array(points, np.float32))


@pytest.mark.parametrize(
    ("quad", "expected"),
    [
        (box(420, 0, 820, 250), True),  # beside
        (box(370, 0, 770, 250), True),  # a little over its edge
        (box(320, 0, 720, 250), False),  # on it
        (box(420, 0, 520, 60), False),  # tiny
    ],
)
def test_a_card_nobody_read_stands_apart(quad, expected):
    """What lies on another card or is tiny beside it was located for nothing."""
    assert expected is cards.lies_beside(quad, [box(0, 0, 400, 250)])
    assert cards.lies_beside(quad, [])
