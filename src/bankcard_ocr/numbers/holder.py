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

import operator
import re

from . import spelling
from .captions import CAPTIONS

SHORTEST = 3  # letters in a name
LONG = 7  # letters of a caption, one of which may be misread
ABBREVIATED = 4  # letters of a bank's or a brand's initials, at most
LONGEST = 26  # characters, the most of ISO/IEC 7813's track 1

PRODUCTS = frozenset(  # a single word before these is their kind, no name
    ("ACCOUNT", "CARD", "CASHBACK", "CHECKING", "CUSTOMER", "HOLDER", "REWARDS", "SAVINGS")
)
SURNAMES = frozenset((  # captions, and what is a letter off, that are also somebody's name: ANNA GOLD, ANNA STANNARD
    "BANK", "CARD", "CARTE", "CASH", "CLASSIE", "CREDIT", "DATE", "END", "FROM", "GOLD", "GOOD", "GOODYEAR", "MAESTRE",
    "MAESTRI", "SILVER", "STANDARD", "STANNARD", "WORLD",
))  # fmt: skip
TITLES = frozenset(("MR", "MRS", "MS", "MISS", "DR", "MR.", "MRS.", "MS.", "DR."))
BANKS = frozenset((
    "ABC", "BOC", "BOCOM", "CCB", "CEB", "CGB", "CIB", "CITIC", "CMB", "CMBC", "HSBC", "ICBC", "PING AN", "PSBC",
    "SPDB",
))  # fmt: skip
LIKE_DIGITS = frozenset(("I", "O"))  # letters that are hardly a name's last word, and look like digits
_FORM = re.compile(r"[A-Z][A-Z .'/-]*")
_PATTERN = re.compile(r"([A-Z])\1{3}")  # a letter four times
_DIGITS = "BGILOQSTZ"  # what the reader of names, which knows letters alone, makes of digits
_DATE = re.compile(rf"[A{_DIGITS}]{{2}}(/[A{_DIGITS}]{{2,4}})+")


def clean(text: str) -> str | None:
    """The name that ``text`` holds, spaces collapsed and captions at either end left out; None when it holds none."""
    words = " ".join(text.upper().split()).strip(" -'/.").split(" ")
    before, behind = [], []
    while words and _is_caption(words[0]):
        before.append(words.pop(0))
    while words and _is_caption(words[-1]):
        behind.append(words.pop().strip(".:"))
    if len(words) > 1 and len(words[0]) == 1 and words[1] in TITLES:
        words.pop(0)  # part of a picture: nothing stands before a title
    if len(words) > 1 and words[-1] in LIKE_DIGITS:
        return None  # BEIJING 08
    if not SURNAMES.isdisjoint(behind):
        return None  # ANNA GOLD, MARIA LUCA MAESTRI; FIRST UNITED BANK, GIFT CARD
    if len(words) < 2 and not (PRODUCTS.isdisjoint(behind) and SURNAMES.isdisjoint(before)):
        return None  # VALUED CUSTOMER, HAPPY SAVINGS; GOLD ANNA
    name = " ".join(words)
    letters = sum(char.isalpha() for word in words if word not in TITLES for char in word)
    if not letters >= SHORTEST or len(name) > LONGEST or not _FORM.fullmatch(name) or _PATTERN.search(name):
        return None
    if sum(_is_caption(word) for word in words) * 2 >= len(words):
        return None
    if not BANKS.isdisjoint((words[0], name)) or any(map(_DATE.fullmatch, re.split("[ -]", name))):
        return None
    return name


def _is_caption(word: str) -> bool:
    """Whether ``word`` is a caption, a long one of which a letter was misread, or two without a space between them."""
    bare = word.strip(".:")
    if bare in CAPTIONS or any(bare[:at] in CAPTIONS and bare[at:] in CAPTIONS for at in range(3, len(bare) - 2)):
        return True
    alike = [caption for caption in CAPTIONS if len(caption) == len(bare) >= LONG]
    return any(sum(map(operator.ne, bare, caption)) == 1 for caption in alike)


def may_be_initials(name: str) -> bool:
    """Whether ``name`` is one short word, as banks and brands abbreviate theirs; holders have two, or a longer one.

    >>> may_be_initials("USAA"), may_be_initials("LI NA")
    (True, False)
    """
    return len(name) <= ABBREVIATED and name.isalpha()


def is_unusual(name: str) -> bool:
    """Whether ``name`` is one word alone, or is spelled as names hardly are.

    >>> is_unusual("LI NA"), is_unusual("UNIONA"), is_unusual("XQZV KKJ")
    (False, True, True)
    """
    return not {" ", "/"} & set(name) or spelling.likeness(name) < 0


def may_be_digits(name: str) -> bool:
    """Whether nearly all letters of ``name`` are what digits are read as by who knows letters alone.

    >>> may_be_digits("GZOO OOOO OOOO OOOS")
    True
    """
    letters = [char for char in name if char.isalpha()]
    return sum(char in _DIGITS for char in letters) > 0.8 * len(letters)
