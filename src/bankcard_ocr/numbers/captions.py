"""The words that cards have beside what is said of their holders: captions, and kinds of cards.

>>> nats("VALI", "D") > nats("", "V") > 0 > nats("VAL", "X")
True
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache

from . import spelling

CAPTIONS = frozenset((
    "ACCOUNT", "ATM", "AUTHORISED", "AUTHORIZED", "AWARD", "AWARDS", "BANK", "BONUS", "BUSINESS", "CARD", "CARDHOLDER",
    "CARTE", "CASH", "CASHBACK", "CHECKING", "CLASSIC", "CONTACTLESS", "CORPORATE", "CREDIT", "CUSTOMER", "DATE",
    "DEBIT", "DEBIT/CREDIT", "DEBITO", "ELECTRON", "ELECTRONIC", "ELITE", "END", "EXP", "EXPIRES", "EXPIRY", "FROM",
    "GOLD", "GOOD", "HOLDER", "INFINITE", "INTERNATIONAL", "LOYALTY", "MAESTRO", "MASTERCARD", "MEMBER", "MONTH",
    "MONTH/YEAR", "NAME", "NATIONAL", "NOT", "ONLY", "PLATINUM", "PREMIUM", "PREPAID", "PRIVATE", "REWARDS", "SAVINGS",
    "SELECT", "SIGNATURE", "SIGNED", "SILVER", "SINCE", "STANDARD", "SURNAME", "THANK", "THRU", "TITANIUM",
    "TRANSFERABLE", "TRAVEL", "UNION", "UNIONPAY", "UNLESS", "UNTIL", "USE", "VALID", "VALID/THRU", "VALUED", "VISA",
    "WORLD", "YEAR", "YOUR",
))  # fmt: skip
NEVER = -30.0  # nats of what no caption has there


def nats(word: str, sign: str) -> float:
    """How much likelier than at random ``sign``, a letter or what ends a word, is behind the letters of a caption."""
    begun = _begun()
    count = begun[word + (sign if sign in spelling.LETTERS else spelling.END)]
    if count:
        return math.log(count / begun[word] * (len(spelling.LETTERS) + 1))
    return NEVER if word or sign in spelling.LETTERS else 0.0


@cache
def _begun() -> Counter[str]:
    """How many words of captions begin with the same letters, all of them with none, or are the same to their end."""
    words = {word for caption in CAPTIONS for word in re.findall("[A-Z]+", caption)}
    ended = [word + spelling.END for word in words]
    return Counter(word[:size] for word in ended for size in range(len(word) + 1))
