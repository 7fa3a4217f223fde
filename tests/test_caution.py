"""What one is warned of, and when."""

from __future__ import annotations

import pytest

from bankcard_ocr import caution
from bankcard_ocr.numbers.iin import Match

GOOD = {
    "outside": 0.0, "sharpness": 0.6, "glare": 0.0, "covered": 0.0, "colour": 8.0, "moire": 3.0, "height": 30.0,
    "hidden": 0.0, "cards": 1.0,
}  # fmt: skip
QUAD = ((10.0, 20.4), (110.6, 20.0), (110.0, 40.0), (10.0, 40.0))


def test_a_good_picture_gives_no_warning():
    """Nothing measured is out of bounds."""
    assert () == caution.of_measures(GOOD)


@pytest.mark.parametrize(
    ("measure", "value", "warning"),
    [
        ("outside", 0.2, "border_incomplete"),
        ("sharpness", 0.02, "blurred"),
        ("glare", 0.3, "glare"),
        ("covered", 0.3, "occluded"),
        ("hidden", 1.0, "occluded"),
        ("height", 4.0, "too_small"),
        ("colour", 0.2, "photocopy"),
        ("moire", 9.0, "screen"),
        ("cards", 2.0, "several_cards"),
    ],
)
def test_each_measure_has_its_warning(measure: str, value: float, warning: str):
    """One thing out of bounds gives one warning."""
    assert (warning,) == caution.of_measures({**GOOD, measure: value})


def test_numbers_are_warned_of():
    """A check digit that fails, and a beginning that no table knows."""
    assert ((), ("luhn_failed",), ("unknown_iin",)) == (
        caution.of_number("4111111111111111"),
        caution.of_number("4111111111111112"),
        caution.of_number("4111111111111111", Match()),
    )


@pytest.mark.parametrize(("now", "expected"), [(1732982399.0, ()), (1732982400.0, ("expired",))])
def test_a_card_expires_when_its_month_ends_in_beijing(now: float, expected: tuple[str, ...]):
    """The last second of the month counts, the first of the next does not; no date, no warning."""
    assert (expected, ()) == (caution.of_date("11/24", now), caution.of_date(None, now))


@pytest.mark.parametrize(("turn", "expected"), [(0, ()), (1, ("not_upright",)), (2, ("not_upright",))])
def test_turned_numbers_are_warned_of(turn: int, expected: tuple[str, ...]):
    """A quarter or a half turn."""
    assert expected == caution.of_quad((*QUAD[turn:], *QUAD[:turn]))


def test_warnings_come_in_one_order_each_once():
    """The contract's, whatever order they were found in."""
    assert ("blurred", "expired") == caution.ordered(["expired", "blurred", "expired"])


def test_of_what_was_not_measured_nobody_is_warned():
    """Measures of a picture without a number line say nothing of digits."""
    assert () == caution.of_measures({"hidden": 0.0, "cards": 1.0})
    assert ("several_cards",) == caution.of_measures({"hidden": 0.0, "cards": 2.0})
