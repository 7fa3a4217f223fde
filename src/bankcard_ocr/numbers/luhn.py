"""The Luhn checksum (mod 10) of ISO/IEC 7812-1, annex B.

Doubling every second digit from the right and summing the digits of the results gives a multiple of ten. The
checksum detects every error of a single digit and every swap of two neighbours except 09 and 90.

>>> validate("4111111111111111")
'4111111111111111'
>>> is_valid("4111111111111112")
False
>>> check_digit("411111111111111")
'1'
"""

from __future__ import annotations

import itertools

from ..errors import InvalidChecksum, InvalidFormat

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # the digit sum of 2 * d


def checksum(digits: str) -> int:
    """The Luhn sum of ``digits`` modulo ten; 0 for a valid number.

    Raises InvalidFormat when ``digits`` is empty or has anything but ASCII digits.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidFormat
    values = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[value] for value in values[1::2])) % 10


def prefix_sums(digits: str) -> tuple[list[int], list[int]]:
    """Running sums that tell of each part of ``digits`` whether it is valid, for parts with even ends and odd ones.

    ``digits[start:end]`` is valid when ``sums[end % 2]`` has grown by a multiple of ten from ``start`` to ``end``.
    """
    values = [ord(digit) - 48 for digit in digits]
    even = (value if place % 2 else _DOUBLED[value] for place, value in enumerate(values))
    odd = (_DOUBLED[value] if place % 2 else value for place, value in enumerate(values))
    return [0, *itertools.accumulate(even)], [0, *itertools.accumulate(odd)]


def check_digit(payload: str) -> str:
    """The digit that makes ``payload`` valid when appended."""
    return str((10 - checksum(payload + "0")) % 10)


def validate(digits: str) -> str:
    """``digits`` itself, when its check digit holds. Raises InvalidChecksum or InvalidFormat."""
    if checksum(digits):
        raise InvalidChecksum
    return digits


def is_valid(digits: str) -> bool:
    """Whether the check digit of ``digits`` holds."""
    try:
        return bool(validate(digits))
    except (InvalidChecksum, InvalidFormat):
        return False
