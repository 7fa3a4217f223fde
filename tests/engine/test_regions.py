"""Where a region shows its digits and how surely, and why its number is not told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import judge
from bankcard_ocr.engine.regions import Region
from bankcard_ocr.reading import Candidate
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.recognize import Character

GIFT_CARD = "7110917582036641"
NUMBER = "6200000000000005"  # a published test number


@pytest.mark.parametrize(
    ("texts", "is_cut", "cause"),
    [
        ([GIFT_CARD], False, "number unreadable: not as card numbers are"),
        (["352099001761481"], False, "number unreadable: not as card numbers are"),  # a telephone's
        ([GIFT_CARD], True, "number unreadable: at the edge, perhaps cut off"),
        ([GIFT_CARD, GIFT_CARD.replace("8", "3")], False, "number unreadable"),  # one as likely as the other
        (["4111111111111112"], False, "number unreadable"),  # an issuer's, whatever else speaks against it
        (["6202020202020202023"], False, "number unreadable"),
        ([f"{GIFT_CARD}001"], False, "number unreadable: not as card numbers are"),
    ],
)
def test_a_clear_number_that_is_no_card_s_is_told_apart(texts: list[str], is_cut: bool, cause: str):
    """Another picture would not help; of one that is not clear it may."""
    said = tuple((text, 1 / len(texts)) for text in texts)
    line = Said(said=said)
    region = Region(
        views=(line,), quad=np.zeros((4, 2), np.float32), candidates=judge.ranked([line]), score=1.0, is_cut=is_cut
    )

    assert cause == region.refusal().cause


def region(text: str) -> Region:
    """A region whose view surely shows ``text``, in fours."""
    return of(
        [
            Character(text=char, probability=0.99, x=40 + 20.0 * at + 16 * (at // 4), y=24.0, width=14.0, height=28.0)
            for at, char in enumerate(text)
        ]
    )


def of(characters: Sequence[Character]) -> Region:
    line = Said(characters=tuple(characters))
    return Region(views=(line,), quad=quads.rectangle(480, 48), candidates=(), score=1.0)


def changed(at: int, **how: float | str) -> Region:
    """A region of NUMBER, one of whose characters is otherwise."""
    characters = list(region(NUMBER).characters)
    characters[at] = replace(characters[at], **how)
    return of(characters)


@pytest.mark.parametrize(
    ("seen", "certain"),
    [
        (region(NUMBER), True),
        (changed(7, probability=0.79), False),
        (changed(7, text="1"), False),
        (changed(6, x=165.0), False),  # over the one before
        (changed(6, y=34.0), False),  # above the line
        (changed(15, x=450.0), False),  # far from the others
    ],
    ids=["even", "unsure", "another", "over another", "off the line", "far"],
)
def test_digits_are_certain_that_stand_each_in_its_own_place(seen: Region, certain: bool):
    """Those of others are not shown on a redacted card."""
    assert (16 if certain else 0) == len(seen.certain_digits(NUMBER))


def test_no_digit_has_a_place_where_characters_are_more_or_fewer():
    """Which is which is not known then, nor how surely each is seen."""
    assert ([], ()) == (region(NUMBER).digits(NUMBER[1:]), region(NUMBER).certainties(NUMBER[1:]))


def test_a_digit_seen_otherwise_is_as_sure_as_the_rest():
    """Another view said it."""
    assert [0.99, 0.01] == pytest.approx(changed(1, text="8").certainties(NUMBER)[:2])


def test_digits_in_doubt_are_told_by_their_places():
    """From 1: one that is unsure, one that was not seen, behind which all count one more, and one that is hidden."""
    characters = list(region(NUMBER).characters)
    characters[1] = replace(characters[1], probability=0.89)
    characters[13] = replace(characters[13], text="?")
    del characters[6]

    assert (2, 7, 14) == of(characters).doubtful


def test_a_number_is_whole_when_no_digit_left_a_gap():
    """Fifteen that stand as sixteen without one are none."""
    lacking = of([*region(NUMBER).characters[:6], *region(NUMBER).characters[7:]])

    assert (True, False) == (region(NUMBER).is_whole(16), lacking.is_whole(15))


def test_what_may_say_a_number_ranks_before_more_digits_that_say_none():
    """However little it is believed, from a fiftieth on."""
    few, many = region(NUMBER[:12]), region(NUMBER)
    likely, hopeless = (
        replace(few, candidates=(Candidate(number=NUMBER[:12], confidence=share),)) for share in (0.02, 0.019)
    )

    assert likely.evidence > many.evidence > hopeless.evidence
