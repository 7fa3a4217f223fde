"""The months a card is valid from and to, as ISO/IEC 7813 orders them and cards print them.

>>> parse("12/30")
Month(year=2030, month=12)
>>> parse("13/30") is None
True
>>> str(parse("03/2027"))
'03/27'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"(?:(?:0[1-9]|[12][0-9]|3[01])/)?(0[1-9]|1[0-2])/((?:19|20)?)([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a year, ordered by time."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.month:02d}/{self.year % 100:02d}"


def parse(text: str) -> Month | None:
    """The month that ``text`` names as MM/YY, MM/YYYY, DD/MM/YY or DD/MM/YYYY; None when it names none.

    Two digits are years from 1970 to 2069; four are what they say.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    month, century, year = found.groups()
    return Month(year=int((century or ("19" if year >= "70" else "20")) + year), month=int(month))


def is_over(month: Month, today: Month) -> bool:
    """Whether a card valid through ``month`` has expired in the month ``today``."""
    return month < today
