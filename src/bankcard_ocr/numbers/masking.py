"""Card numbers in texts that are shown: in logs and replies, and in names of files, which people call after cards.

>>> masked("at 12 4111 1111 1111 1111")
'at 12 411111******1111'
>>> masked_name("scans/4111 - 1111 - 1111 - 1111 front.png")
'scans/411111******1111 front.png'
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from urllib.parse import unquote

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

    Up to three signs may stand between two groups, and digits of any script count: full-width ones, for instance. Signs
    may be percent-encoded, as in names of files that were addresses.
    """
    plain = shown = in_ascii(unquoted(name))
    for number in numbers:  # not all of them pass Luhn
        shown = re.sub(f"(?:{_BETWEEN_IN_NAMES})?".join(number), pan.mask(number), shown)
    shown = _masked(shown, _BETWEEN_IN_NAMES)
    return name if shown == plain else shown


def unquoted(text: str) -> str:
    """``text`` without percent-encoding, though it be encoded three times."""
    for _ in range(3):
        text = unquote(text)
    return text


def in_ascii(text: str) -> str:
    """``text`` with the decimal digits of every script as 0 to 9."""
    return text if text.isascii() else "".join(str(int(char)) if char.isdecimal() else char for char in text)


def _masked(text: str, between: str) -> str:
    return _digit_groups(between).sub(partial(_mask_groups, between), text)


@cache
def _digit_groups(between: str) -> re.Pattern[str]:
    return re.compile(f"[0-9](?:(?:{between})?[0-9]){{11,}}")


def _mask_groups(between: str, match: re.Match[str]) -> str:
    """Every card number that whole groups make is masked, where two overlap both; what parts their groups is left out.

    Which of two is one cannot be known: 20260103 4111 is a number, and 4111 1111 1111 1111 behind it.
    """
    pieces = re.split(f"({between})", match[0])
    groups, signs = pieces[::2], ["", *pieces[1::2]]
    digits, edges = "".join(groups), [0, *itertools.accumulate(map(len, groups))]
    shown, joined = list(digits), set[int]()
    for first, last in _numbers(digits, edges):
        start, end = edges[first], edges[last]
        mask = pan.mask(digits[start:end])
        shown[start:end] = [min(pair) for pair in zip(shown[start:end], mask, strict=True)]  # a star is below digits
        joined.update(range(first + 1, last))
    return "".join(
        ("" if place in joined else sign) + "".join(shown[start:end])
        for place, (sign, start, end) in enumerate(zip(signs, edges, edges[1:], strict=False))
    )


def _numbers(digits: str, edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All pairs of ``edges`` between which ``digits`` are a card number."""
    sums = luhn.prefix_sums(digits)
    for first, start in enumerate(edges):
        for last in range(first + 1, len(edges)):
            end = edges[last]
            if end - start > pan.LONGEST:
                break
            if end - start >= pan.SHORTEST and (sums[end % 2][end] - sums[end % 2][start]) % 10 == 0:
                yield first, last
