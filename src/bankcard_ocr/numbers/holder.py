"""The holder's name as cards have it: Latin capitals, titles stay; what stands in its place and is none is told apart.

>>> clean("MR  LI   MING")
'MR LI MING'
>>> clean("VALID THRU") is None
True
>>> clean("CARDHOLDER ANNA ROSSI")
'ANNA ROSSI'
>>> clean("OB/ZB") is None  # a date, 08/28
True
"""

from __future__ import annotations

import re

SHORTEST = 3  # letters in a name
LONGEST = 26  # characters, the most of ISO/IEC 7813's track 1

CAPTIONS = frozenset((
    "ACCOUNT", "ATM", "AUTHORISED", "AUTHORIZED", "BANK", "BUSINESS", "CARD", "CARDHOLDER", "CARTE", "CASH",
    "CASHBACK", "CHECKING", "CLASSIC", "CONTACTLESS", "CORPORATE", "CREDIT", "CUSTOMER", "DATE", "DEBIT",
    "DEBIT/CREDIT", "DEBITO", "ELECTRON", "ELECTRONIC", "ELITE", "END", "EXP", "EXPIRES", "EXPIRY", "FROM", "GOLD",
    "GOOD", "HOLDER", "INFINITE", "INTERNATIONAL", "MAESTRO", "MASTERCARD", "MEMBER", "MONTH", "MONTH/YEAR", "NAME",
    "NATIONAL", "NOT", "ONLY", "PLATINUM", "PREMIUM", "PREPAID", "PRIVATE", "REWARDS", "SAVINGS", "SELECT",
    "SIGNATURE", "SIGNED", "SILVER", "SINCE", "STANDARD", "THANK", "THRU", "TITANIUM", "TRANSFERABLE", "TRAVEL",
    "UNIONPAY", "UNLESS", "UNTIL", "USE", "VALID", "VALID/THRU", "VISA", "WORLD", "YEAR", "YOUR",
))  # fmt: skip
PRODUCTS = frozenset(  # a single word before these is their kind, no name
    ("ACCOUNT", "CARD", "CASHBACK", "CHECKING", "CUSTOMER", "HOLDER", "REWARDS", "SAVINGS")
)
TITLES = frozenset(("MR", "MRS", "MS", "MISS", "DR", "MR.", "MRS.", "MS.", "DR."))
BANKS = frozenset(
    ("ABC", "BOC", "BOCOM", "CCB", "CEB", "CGB", "CIB", "CITIC", "CMB", "CMBC", "HSBC", "ICBC", "PSBC", "SPDB")
)
_FORM = re.compile(r"[A-Z][A-Z .'/-]*")
_DIGITS = "BGILOQSTZ"  # what the reader of names, which knows letters alone, makes of digits
_DATE = re.compile(rf"[A{_DIGITS}]{{2}}(/[A{_DIGITS}]{{2,4}})+")


def clean(text: str) -> str | None:
    """The name that ``text`` holds, spaces collapsed and captions at either end left out; None when it holds none."""
    words = " ".join(text.upper().split()).strip(" -'/.").split(" ")
    while words and words[0].strip(".:") in CAPTIONS:
        words = words[1:]
    behind = []
    while words and words[-1].strip(".:") in CAPTIONS:
        behind.append(words.pop().strip(".:"))
    if len(words) < 2 and not PRODUCTS.isdisjoint(behind):
        return None  # GIFT CARD, VALUED CUSTOMER, HAPPY SAVINGS
    name = " ".join(words)
    letters = sum(char.isalpha() for word in words if word not in TITLES for char in word)
    if not letters >= SHORTEST or len(name) > LONGEST or not _FORM.fullmatch(name):
        return None
    if sum(word.strip(".:") in CAPTIONS for word in words) * 2 >= len(words):
        return None
    if words[0] in BANKS or any(_DATE.fullmatch(word) for word in words):
        return None
    return name


def may_be_digits(name: str) -> bool:
    """Whether nearly all letters of ``name`` are what digits are read as by who knows letters alone.

    >>> may_be_digits("GZOO OOOO OOOO OOOS")
    True
    """
    letters = [char for char in name if char.isalpha()]
    return sum(char in _DIGITS for char in letters) > 0.8 * len(letters)
