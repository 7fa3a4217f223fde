"""What a back end may want to know before it trusts a card: a word for each doubt, from measures of its picture.

``bench/cautions.py`` measures what the thresholds catch and how often they err, on cards with and without defects.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone

from .numbers import expiry, iin, luhn
from .numbers.iin import Match
from .reading import WARNINGS, CardWarning
from .reading import Quad as Points

Measures = Mapping[str, float]
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving since 1991

MEASURED: dict[CardWarning, Callable[[Measures], bool]] = {
    "border_incomplete": lambda seen: seen["outside"] > 0.06,
    "blurred": lambda seen: seen["sharpness"] < 0.2,
    "glare": lambda seen: seen["glare"] > 0.03,
    "occluded": lambda seen: seen["covered"] > 0.02 or seen["hidden"] > 0,
    "too_small": lambda seen: seen["height"] < 12,
    "photocopy": lambda seen: seen["colour"] < 1.5,
    "screen": lambda seen: seen["moire"] > 4.2,
    "several_cards": lambda seen: seen["cards"] > 1,
}  # fmt: skip
UNMEASURED: Measures = {
    "outside": 0.0, "sharpness": math.inf, "glare": 0.0, "covered": 0.0,
    "height": math.inf, "colour": math.inf, "moire": 0.0,
}  # fmt: skip


def of_measures(seen: Measures) -> tuple[CardWarning, ...]:
    """The warnings that ``seen`` gives rise to; of what was not measured there is none."""
    return tuple(name for name, holds in MEASURED.items() if holds({**UNMEASURED, **seen}))


def of_number(number: str, match: Match | None = None) -> tuple[CardWarning, ...]:
    """The warnings that a card number gives rise to; ``match`` is what a table knows of it, else the shipped one."""
    known = iin.lookup(number) if match is None else match
    found: dict[CardWarning, bool] = {"luhn_failed": not luhn.is_valid(number), "unknown_iin": not known.candidates}
    return tuple(name for name, holds in found.items() if holds)


def of_date(valid_date: str | None, now: float) -> tuple[CardWarning, ...]:
    """``expired`` when the last moment of the month ``MM/YY`` has passed in Beijing at the Unix time ``now``."""
    valid = expiry.parse(valid_date) if valid_date else None
    today = datetime.fromtimestamp(now, BEIJING)
    return ("expired",) if valid and expiry.is_over(valid, expiry.Month(today.year, today.month)) else ()


def of_quad(number_quad: Points) -> tuple[CardWarning, ...]:
    """``not_upright`` unless the number runs from left to right, within 45 degrees."""
    (left, top), (right, bottom) = number_quad[0], number_quad[1]
    return () if right - left > abs(bottom - top) else ("not_upright",)


def ordered(found: Iterable[CardWarning]) -> tuple[CardWarning, ...]:
    """Each of ``found`` once, in the order of WARNINGS."""
    names = set(found)
    return tuple(name for name in WARNINGS if name in names)
