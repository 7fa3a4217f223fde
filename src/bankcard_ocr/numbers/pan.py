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

import hmac

from ..errors import InvalidFormat, InvalidLength, NumberError
from . import luhn

SHORTEST = 12
LONGEST = 19


def compact(text: str) -> str:
    """``text`` without its spaces and hyphens. Raises InvalidFormat when anything but digits is left."""
    digits = "".join(text.split()).replace("-", "")
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidFormat
    return digits


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


def mask(digits: str) -> str:
    """The first 6 and last 4 of ``digits``, stars between: the most PCI DSS 3.4.1 lets be shown.

    Texts too short to hide six digits that way are hidden whole.
    """
    if len(digits) < SHORTEST:
        return "*" * len(digits)
    return digits[:6] + "*" * (len(digits) - 10) + digits[-4:]


def fingerprint(digits: str, key: bytes) -> str:
    """HMAC-SHA256 of ``digits``, in hex: the same card gives the same text, and only who has ``key`` can try cards out.

    >>> fingerprint("4111111111111111", bytes(32))[:16]
    '3acce036e24fa90a'
    """
    return hmac.digest(key, digits.encode(), "sha256").hex()
