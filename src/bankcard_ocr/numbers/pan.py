"""The primary account number (PAN) of ISO/IEC 7812-1: 12 to 19 digits, the last the Luhn check digit.

Some UnionPay numbers in use break the check digit, and specimens do: :func:`validate` is for input that claims to be
right, not for judging what was seen.

>>> compact("4111 1111-1111 1111")
'4111111111111111'
>>> mask("4111111111111111")
'411111******1111'
>>> group("378282246310005")
'3782 822463 10005'
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Collection

from ..errors import InvalidFormat, InvalidLength, NumberError
from . import luhn

SHORTEST = 12
LONGEST = 19

# Digits between gaps, as real cards print them; those of a length that are common stand more than once.
GROUPINGS: dict[int, tuple[tuple[int, ...], ...]] = {
    12: ((4, 4, 4), (12,)),
    13: ((4, 3, 3, 3), (4, 4, 5), (13,)),
    14: ((4, 6, 4), (14,)),
    15: ((4, 6, 5), (4, 6, 5), (5, 5, 5), (15,)),
    16: ((4, 4, 4, 4), (4, 4, 4, 4), (4, 4, 4, 4), (4, 4, 4, 4), (6, 10), (8, 8), (16,)),
    17: ((6, 11), (4, 4, 4, 5), (4, 4, 4, 4, 1), (17,)),
    18: ((6, 12), (6, 6, 6), (4, 4, 4, 6), (18,)),
    19: ((6, 13), (6, 13), (4, 4, 4, 4, 3), (4, 4, 4, 4, 3), (5, 4, 5, 5), (6, 3, 3, 7), (4, 4, 4, 7), (19,)),
}  # fmt: skip


def compact(text: str) -> str:
    """``text`` without its spaces and hyphens. Raises InvalidFormat when anything but digits is left."""
    _insist_on_text(text)
    digits = "".join(text.split()).replace("-", "")
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidFormat
    return digits


def _insist_on_text(digits: object) -> None:
    """Raises TypeError, which does not show what was given."""
    if not isinstance(digits, str):
        raise TypeError(f"digits are given as text, in quotes, not as {type(digits).__name__}")


def validate(text: str) -> str:
    """The compact number, when its length and check digit hold. Raises NumberError."""
    digits = compact(text)
    if not SHORTEST <= len(digits) <= LONGEST:
        raise InvalidLength(len(digits), shortest=SHORTEST, longest=LONGEST)
    return luhn.validate(digits)


def is_valid(text: str) -> bool:
    """Whether ``text`` is a card number."""
    try:
        return bool(validate(text))
    except NumberError:
        return False


def group(digits: str) -> str:
    """``digits`` spaced as cards print them: 4-6-5 for 15, 4-6-4 for 14, else fours from the left."""
    sizes = {14: (4, 6, 4), 15: (4, 6, 5)}.get(len(digits), (4,) * 5)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return " ".join(digits[start : start + size] for start, size in zip(starts, sizes, strict=True)).strip()


def allows_gaps(length: int, gaps: Collection[int]) -> bool:
    """Whether a card may print wide gaps after these counts of digits; some of a grouping's gaps may be narrow.

    >>> allows_gaps(16, (4, 8, 12)), allows_gaps(16, (4,)), allows_gaps(15, (4, 8, 9, 11))
    (True, True, False)
    """
    return any(set(gaps) <= set(itertools.accumulate(sizes)) for sizes in GROUPINGS.get(length, ()))


def visible_digits(count: int) -> tuple[int, int]:
    """How many of ``count`` digits may be shown, first and last: 6 and 4, the most that PCI DSS 3.4.1 lets be.

    Five digits are hidden at least, as fewer could be tried out: of 14 and fewer the first 5, 4 or 3 are shown. Of
    what is shorter than numbers nothing is.
    """
    return (min(6, count - 9), 4) if count >= SHORTEST else (0, 0)


def shown_bin(prefix: str, number: str) -> str:
    """As much of ``prefix``, the digits of ``number`` that tell its issuer, as a mask of ``number`` shows.

    >>> shown_bin("41111111", "4111111111111111"), shown_bin("300000", "30000000000004")
    ('411111', '30000')
    """
    return prefix[: visible_digits(len(number))[0]]


def mask(digits: str) -> str:
    """``digits`` with stars between the :func:`visible_digits` that may be shown."""
    _insist_on_text(digits)
    first, last = visible_digits(len(digits))
    hidden = len(digits) - first - last
    return digits[:first] + "*" * hidden + digits[first + hidden :]


def fingerprint(digits: str, key: bytes) -> str:
    """HMAC-SHA256 of ``digits``, in hex: the same card gives the same text, and only who has ``key`` can try cards out.

    >>> fingerprint("4111111111111111", bytes(32))[:16]
    '3acce036e24fa90a'
    """
    return hmac.digest(key, digits.encode(), "sha256").hex()


def digest(number: str) -> str:
    """The hex SHA-256 by which labels name a number of digits only.

    It keeps numbers from sight, not from a search: sixteen digits can be tried through.
    """
    return hashlib.sha256(b"bankcard:" + number.encode()).hexdigest()
