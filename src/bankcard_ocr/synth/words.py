"""The texts beside a number: dates, holder names, captions. All made up."""

from __future__ import annotations

import string

from .pixels import Rng, pick

LABELS = (
    "VALID THRU", "MONTH/YEAR", "GOOD THRU", "EXPIRES END", "VALID FROM", "MEMBER SINCE", "ATM", "DEBIT", "CREDIT",
    "ELECTRONIC USE ONLY", "CARDHOLDER NAME", "AUTHORIZED SIGNATURE", "NOT TRANSFERABLE", "PLATINUM", "GOLD", "95588",
)  # fmt: skip
CAPTIONS = (
    "MONTH/YEAR", "MONTH / YEAR", "MM/YY", "VALID THRU", "GOOD THRU", "VALID DATES", "EXPIRES END", "VALID FROM",
)  # fmt: skip
STACKS = ("VALID THRU", "GOOD THRU", "VALID FROM", "EXPIRES END", "MEMBER SINCE", "UNTIL END", "MONTH YEAR")
FIRST = (
    "LI", "WANG", "ZHANG", "CHEN", "YANG", "JOHN", "MARIA", "ANNA", "DAVID", "XIAO", "HUI", "MING", "TARO", "ALI",
    "C F",
)  # fmt: skip
LAST = (
    "WEI", "FANG", "NA", "XIUYING", "QIANG", "SMITH", "GARCIA", "MUELLER", "HANAKO", "FROST", "JIANGUO", "ROSSI", "KIM",
)  # fmt: skip
STARTS = (
    "B", "P", "M", "F", "D", "T", "N", "L", "G", "K", "H", "J", "Q", "X", "ZH", "CH", "SH", "R", "Z", "C", "S", "Y",
    "W",
)  # fmt: skip
ENDS = (
    "A", "O", "E", "I", "U", "AI", "EI", "AO", "OU", "AN", "EN", "ANG", "ENG", "ONG", "IAO", "IN", "ING", "UO", "UAN",
)  # fmt: skip


def date(rng: Rng) -> str:
    """A month and year as cards print them, now and then with a day; month 00 occurs, as it does on specimens."""
    month, year = int(rng.integers(0, 13)), int(rng.integers(0, 100))
    kind = rng.random()
    if kind < 0.8:
        return f"{month:02d}/{year:02d}"
    return f"{month:02d}/20{year:02d}" if kind < 0.93 else f"{int(rng.integers(0, 32)):02d}/{month:02d}/{year:02d}"


def name(rng: Rng) -> str:
    """A holder name in capitals: of real names' parts, or of random letters."""
    if rng.random() < 0.4:
        return " ".join(letters(rng, int(rng.integers(2, 9))) for _ in range(int(rng.integers(1, 4))))
    first = pick(rng, FIRST)
    return f"{first} {pick(rng, LAST)}"


def holder(rng: Rng) -> str:
    """A holder's name to learn letters from, so that any name is as likely as another: 2 to 26 characters.

    Random letters, syllables as pinyin has them, or known names; titles, initials, hyphens; now and then lower case.
    """
    parts = [_part(rng) for _ in range(int(rng.choice((1, 2, 3, 4), p=(0.08, 0.57, 0.28, 0.07))))]
    if rng.random() < 0.1:
        parts.insert(0 if rng.random() < 0.7 else len(parts), pick(rng, ("MR", "MRS", "MS", "MR.", "DR")))
    joint = "/" if rng.random() < 0.06 and len(parts) == 2 else " "
    text = joint.join(parts)[:26].strip(" -'./")
    if len(text) < 2:
        text += letters(rng, 2)
    return text.title() if rng.random() < 0.06 else text


def _part(rng: Rng) -> str:
    kind = rng.random()
    if kind < 0.45:
        return letters(rng, int(rng.integers(2, 11)))
    if kind < 0.8:
        return "".join(pick(rng, STARTS) + pick(rng, ENDS) for _ in range(int(rng.integers(1, 4))))
    if kind < 0.87:
        return letters(rng, 1) + ("." if rng.random() < 0.4 else "")
    if kind < 0.93:
        return letters(rng, int(rng.integers(1, 5))) + pick(rng, "-'") + letters(rng, int(rng.integers(2, 7)))
    return pick(rng, FIRST + LAST)


def letters(rng: Rng, count: int) -> str:
    """Random capitals."""
    return spelled(rng, string.ascii_uppercase, count)


def spelled(rng: Rng, alphabet: str, count: int) -> str:
    """``count`` characters of ``alphabet`` at random."""
    return "".join(alphabet[int(i)] for i in rng.integers(0, len(alphabet), count))


def label(rng: Rng) -> str:
    """A caption as small print has it."""
    return pick(rng, LABELS)
