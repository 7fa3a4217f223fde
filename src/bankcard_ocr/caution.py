"""What a back end may want to know before it trusts a card: a word for each doubt, from measures of its picture.

``bench/cautions.py`` measures what the thresholds catch and how often they err, on cards with and without defects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from .beijing import BEIJING
from .numbers import expiry, iin, luhn
from .numbers.iin import Match
from .reading import WARNINGS, CardWarning, Reading


class Rule(NamedTuple):
    """One is warned when a measure is above the limit, or, where ``is_floor``, below it.

    Limits were chosen on cards with and without the defect; bench/results/cautions.json has what they catch.
    """

    warning: CardWarning
    measure: str  # of vision/quality.py, or of the reader: height, hidden, cards
    limit: float
    is_floor: bool = False

    def holds(self, value: float) -> bool:
        """Whether one is warned of ``value``."""
        return value < self.limit if self.is_floor else value > self.limit


RULES = (
    Rule("border_incomplete", "outside", 0.06),
    Rule("blurred", "sharpness", 0.2, is_floor=True),
    Rule("glare", "glare", 0.03),
    Rule("occluded", "covered", 0.02),
    Rule("occluded", "hidden", 0),
    Rule("too_small", "height", 12, is_floor=True),
    Rule("photocopy", "colour", 1.5, is_floor=True),
    Rule("screen", "moire", 4.2),
    Rule("several_cards", "cards", 1),
)
MEASURED = tuple(dict.fromkeys(rule.warning for rule in RULES))


def of_measures(seen: Mapping[str, float]) -> tuple[CardWarning, ...]:
    """The warnings that ``seen`` gives rise to; of what was not measured there is none."""
    return ordered(rule.warning for rule in RULES if rule.measure in seen and rule.holds(seen[rule.measure]))


def of_reading(reading: Reading, *, now: float, match: Match | None = None) -> tuple[CardWarning, ...]:
    """The warnings that number, date and position of ``reading`` give rise to at the Unix time ``now``.

    ``match`` is what a table knows of the number, else the shipped one. A card has ``expired`` when the last moment of
    its month has passed in Beijing; it is ``not_upright`` unless the number runs from left to right, within 45 degrees.
    """
    known = iin.lookup(reading.number) if match is None else match
    valid = expiry.parse(reading.valid_date.text) if reading.valid_date else None
    (left, top), (right, bottom) = reading.number_quad[:2]
    found: dict[CardWarning, bool] = {
        "expired": valid is not None and expiry.is_over(valid, month(now)),
        "luhn_failed": not luhn.is_valid(reading.number),
        "unknown_iin": not known.candidates,
        "not_upright": right - left <= abs(bottom - top),
    }
    return tuple(name for name, holds in found.items() if holds)


def month(now: float) -> expiry.Month:
    """The month in Beijing at the Unix time ``now``."""
    today = datetime.fromtimestamp(now, BEIJING)
    return expiry.Month(today.year, today.month)


def ordered(found: Iterable[CardWarning]) -> tuple[CardWarning, ...]:
    """Each of ``found`` once, in the order of WARNINGS."""
    names = set(found)
    return tuple(name for name in WARNINGS if name in names)
