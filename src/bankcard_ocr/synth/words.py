"""The texts beside a number: dates, holder names, captions. All made up."""

from __future__ import annotations

from .pixels import Rng

LABELS = (
    "VALID THRU", "MONTH/YEAR", "GOOD THRU", "EXPIRES END", "VALID FROM", "MEMBER SINCE", "ATM", "DEBIT", "CREDIT",
    "ELECTRONIC USE ONLY", "CARDHOLDER NAME", "AUTHORIZED SIGNATURE", "NOT TRANSFERABLE", "PLATINUM", "GOLD", "95588",
)  # fmt: skip
FIRST = (
    "LI", "WANG", "ZHANG", "CHEN", "YANG", "JOHN", "MARIA", "ANNA", "DAVID", "XIAO", "HUI", "MING", "TARO", "ALI",
    "C F",
)  # fmt: skip
LAST = (
    "WEI", "FANG", "NA", "XIUYING", "QIANG", "SMITH", "GARCIA", "MUELLER", "HANAKO", "FROST", "JIANGUO", "ROSSI", "KIM",
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
    first = FIRST[int(rng.integers(len(FIRST)))]
    return f"{first} {LAST[int(rng.integers(len(LAST)))]}"


def letters(rng: Rng, count: int) -> str:
    """Random capitals."""
    return "".join(chr(65 + int(i)) for i in rng.integers(0, 26, count))


def label(rng: Rng) -> str:
    """A caption as small print has it."""
    return LABELS[int(rng.integers(len(LABELS)))]
