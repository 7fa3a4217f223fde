"""How holders' names are spelled: how likely a letter is after the two before it in its word.

The table ``spelling.dat`` beside this file was counted in names of some sixty countries, half of it in China's. Each
line has two letters, ``^`` where the word begins, then a sign for each letter and for the word's end: the nats by which
it is likelier there than one of as many at random, in steps of a tenth.

>>> nats("ZH", "A") > 1 > -1 > nats("ZH", "X")
True
>>> likeness("ZHANG WEI") > 1 > 0 > likeness("XQZV KKJ")
True
"""

from __future__ import annotations

import string
from functools import cache
from importlib import resources

LETTERS = string.ascii_uppercase
END = "$"
START = "^^"  # before the first letter of a word
STEP = 0.1  # nats
ZERO = 90  # the code of the sign for as likely as at random
_PLACES = {letter: place for place, letter in enumerate(LETTERS)}


def nats(word: str, sign: str) -> float:
    """How much likelier than at random ``sign``, a letter or what ends a word, is behind the letters of a ``word``."""
    return _table()[(START + word)[-2:]][_PLACES.get(sign, -1)]


def likeness(name: str) -> float:
    """The mean of :func:`nats` over the characters of ``name``: above zero, where it is spelled as names are."""
    whole, word = 0.0, ""
    for char in f"{name} ":
        whole += nats(word, char)
        word = word + char if char in LETTERS else ""
    return whole / max(1, len(name))


@cache
def _table() -> dict[str, tuple[float, ...]]:
    text = resources.files(__package__).joinpath("spelling.dat").read_text(encoding="ascii")
    lines = (line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    return {before: tuple([(ord(sign) - ZERO) * STEP for sign in signs]) for before, signs in lines}
