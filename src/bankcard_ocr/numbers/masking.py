"""Card numbers in texts that are shown: in logs and replies, and in names of files, which people call after cards.

>>> masked("at 12 4111 1111 1111 1111")
'at 12 411111******1111'
>>> masked_name("scans/4111 - 1111 - 1111 - 1111 front.png")
'scans/411111******1111 front.png'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, partial

from . import luhn, pan

_BETWEEN = "[ -]"  # what people write between the groups of a number
_BETWEEN_IN_NAMES = r"(?:[^\w/\\]|_){1,3}"  # of files; in other texts such signs stand between numbers that are none


def masked(text: str) -> str:
    """``text`` with every 12 to 19 digits that pass Luhn shown as first 6 and last 4: the second net of all logs.

    The digits may be grouped by a space or a hyphen, and other numbers may stand before and after.
    """
    return _masked(text, _BETWEEN)


def masked_name(name: str, numbers: Iterable[str] = ()) -> str:
    """``name``, of a file, with whatever in it is one of ``numbers`` or passes Luhn shown as first 6 and last 4.

    Up to three signs may stand between two groups, and digits of any script count: full-width ones, for instance.
    """
    plain = shown = "".join(str(int(char)) if char.isdecimal() else char for char in name)
    for number in numbers:  # not all of them pass Luhn
        shown = re.sub(f"(?:{_BETWEEN_IN_NAMES})?".join(number), pan.mask(number), shown)
    shown = _masked(shown, _BETWEEN_IN_NAMES)
    return name if shown == plain else shown


def _masked(text: str, between: str) -> str:
    return _digit_groups(between).sub(partial(_mask_groups, between), text)


@cache
def _digit_groups(between: str) -> re.Pattern[str]:
    return re.compile(f"[0-9](?:(?:{between})?[0-9]){{11,}}")


def _mask_groups(between: str, match: re.Match[str]) -> str:
    pieces = re.split(f"({between})", match[0])  # groups at even places, what separates them at odd ones
    shown: list[str] = []
    place = 0
    while place < len(pieces):
        end, digits = _number_from(pieces, place)
        shown.append(pan.mask(digits) if end else pieces[place])
        place = end or place + 1
    return "".join(shown)


def _number_from(pieces: list[str], place: int) -> tuple[int, str]:
    """Where the longest card number that begins with this group ends, and its digits; 0 when none does."""
    found, digits = (0, ""), ""
    for end in range(place, len(pieces), 2) if place % 2 == 0 else ():
        digits += pieces[end]
        if len(digits) > pan.LONGEST:
            break
        if len(digits) >= pan.SHORTEST and luhn.is_valid(digits):
            found = (end + 1, digits)
    return found
