"""What one is warned of, and when."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from bankcard_ocr import caution
from bankcard_ocr.numbers.iin import Match
from bankcard_ocr.reading import WARNINGS, Field, Quad, Reading

CAUTIONS = Path(__file__).parents[1] / "bench/results/cautions.json"
GOOD = {
    "outside": 0.0, "sharpness": 0.6, "glare": 0.0, "covered": 0.0, "colour": 8.0, "moire": 3.0, "height": 30.0,
    "hidden": 0.0, "cards": 1.0,
}  # fmt: skip
QUAD = ((10.0, 20.4), (110.6, 20.0), (110.0, 40.0), (10.0, 40.0))


def test_a_good_picture_gives_no_warning():
    """Nothing measured is out of bounds."""
    assert () == caution.of_measures(GOOD)


@pytest.mark.parametrize("rule", caution.RULES, ids=lambda rule: rule.measure)
def test_each_measure_has_its_limit(rule: caution.Rule):
    """At the limit there is no warning, just beyond it there is one."""
    beyond = math.nextafter(rule.limit, -math.inf if rule.is_floor else math.inf)

    assert ((), (rule.warning,)) == (
        caution.of_measures({**GOOD, rule.measure: rule.limit}),
        caution.of_measures({**GOOD, rule.measure: beyond}),
    )


@pytest.mark.parametrize(
    "rule", [rule for rule in caution.RULES if rule.measure != "hidden"], ids=lambda rule: rule.measure
)
def test_limits_lie_between_what_was_measured_with_and_without_the_defect(rule: caution.Rule):
    """A quarter of the cards with it, at least, is warned of, and of the others no more than a quarter."""
    measured = json.loads(CAUTIONS.read_text())["quantiles"][rule.measure]
    quarter = 2 if rule.is_floor else 4  # of the quantiles 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99

    assert (False, True) == tuple(rule.holds(measured[cards][quarter]) for cards in ("clean", rule.warning))


def test_one_hidden_character_is_warned_of():
    """A digit that a finger or a sticker covers."""
    assert ("occluded",) == caution.of_measures({**GOOD, "hidden": 1.0})


def test_every_measure_of_a_picture_has_a_limit():
    """And every warning that does not come of the number, the date or their position."""
    assert GOOD.keys() == {rule.measure for rule in caution.RULES}
    assert set(WARNINGS) - set(caution.MEASURED) == {"expired", "luhn_failed", "unknown_iin", "not_upright"}


def reading(number: str = "4111111111111111", *, date: str | None = None, quad: Quad = QUAD) -> Reading:
    """A reading that says so."""
    return Reading(
        number=number,
        confidence=0.99,
        candidates=(),
        size=(640, 480),
        number_quad=quad,
        valid_date=Field(text=date, confidence=0.9) if date else None,
    )


def test_numbers_are_warned_of():
    """A check digit that fails, and a beginning that no table knows."""
    assert ((), ("luhn_failed",), ("unknown_iin",)) == (
        caution.of_reading(reading(), now=0),
        caution.of_reading(reading("4111111111111112"), now=0),
        caution.of_reading(reading(), now=0, match=Match()),
    )
    assert () == caution.of_reading(reading("3530111333300000"), now=0)  # of a network, though of no bank that is known


@pytest.mark.parametrize(("now", "expected"), [(1732982399.0, ()), (1732982400.0, ("expired",))])
def test_a_card_expires_when_its_month_ends_in_beijing(now: float, expected: tuple[str, ...]):
    """The last second of the month counts, the first of the next does not; no date, no warning."""
    assert (expected, ()) == (
        caution.of_reading(reading(date="11/24"), now=now),
        caution.of_reading(reading(), now=now),
    )


@pytest.mark.parametrize(("turn", "expected"), [(0, ()), (1, ("not_upright",)), (2, ("not_upright",))])
def test_turned_numbers_are_warned_of(turn: int, expected: tuple[str, ...]):
    """A quarter or a half turn."""
    assert expected == caution.of_reading(reading(quad=(*QUAD[turn:], *QUAD[:turn])), now=0)


@pytest.mark.parametrize(("down", "expected"), [(99.0, ()), (101.0, ("not_upright",)), (-101.0, ("not_upright",))])
def test_a_number_is_upright_within_45_degrees(down: float, expected: tuple[str, ...]):
    """Whichever way it leans."""
    slanted = ((0.0, 0.0), (100.0, down), (80.0, down + 20), (-20.0, 20.0))

    assert expected == caution.of_reading(reading(quad=slanted), now=0)


def test_warnings_come_in_one_order_each_once():
    """The contract's, whatever order they were found in."""
    assert ("blurred", "expired") == caution.ordered(["expired", "blurred", "expired"])


def test_of_what_was_not_measured_nobody_is_warned():
    """Measures of a picture without a number line say nothing of digits."""
    assert () == caution.of_measures({"hidden": 0.0, "cards": 1.0})
    assert ("several_cards",) == caution.of_measures({"hidden": 0.0, "cards": 2.0})
