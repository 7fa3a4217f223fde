"""Names, and what stands in their place and is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.numbers import holder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LI MING", "LI MING"),
        ("  li   ming ", "LI MING"),
        ("MR A B SMITH", "MR A B SMITH"),
        ("MS. ANNA-MARIA O'NEIL", "MS. ANNA-MARIA O'NEIL"),
        ("SMITH/JOHN", "SMITH/JOHN"),
        ("CARDHOLDER NAME LI MING", "LI MING"),
        ("GOLDA MEIR", "GOLDA MEIR"),
        ("SUKARNO VALID THRU", "SUKARNO"),
        ("HAPPY SAVINGS", None),
        ("TRAVEL REWARDS", None),
        ("CASHBACK", None),
        ("WORLD ELITE", None),
        ("NOT VALID UNLESS SIGNED", None),
        ("YOUR NAME", None),
        ("LI MING CARD", "LI MING"),
        ("GIFT CARD", None),
        ("VALUED CUSTOMER", None),
        ("VALID THRU", None),
        ("MEMBER SINCE", None),
        ("DEBIT", None),
        ("GOLD", None),
        ("THRUPLATINUM", None),
        ("CARDHOEDER", None),
        ("EXPIRFS", None),
        ("NAME SURNAME", None),
        ("GOOT LI", "GOOT LI"),
        ("V MR LI MING", "MR LI MING"),
        ("V LI MING", "V LI MING"),
        ("BEIJING O", None),
        ("LI MING A", "LI MING A"),
        ("CARDMEMBER", None),
        ("LI MING VALIDTHRU", "LI MING"),
        ("B VALUED", None),
        ("ANNA GOLD", None),
        ("CHARLES GOODYEAR", None),
        ("ANNA MARIA GOLD", "ANNA MARIA"),
        ("YOU MING", "YOU MING"),
        ("PLATINUM CARD", None),
        ("MR", None),
        ("AB", None),
        ("OB/ZB", None),
        ("OA/ZI", None),
        ("OB/ZO OB/ZO", None),
        ("CCB SQ", None),
        ("MARIE BOC", "MARIE BOC"),
        ("", None),
        (" - ", None),
        ("4111 1111", None),
        ("A" * 27, None),
    ],
)
def test_names_are_told_from_captions(text: str, expected: str | None):
    """Titles stay, captions at the ends go, spaces collapse; what is no name is none."""
    assert expected == holder.clean(text)


@pytest.mark.parametrize(
    ("name", "expected"), [("USAA", True), ("NG", True), ("CHASE", False), ("LI NA", False), ("A.B", False)]
)
def test_one_short_word_may_be_initials(name: str, expected: bool):
    """Up to four letters may be a bank's abbreviation, which no list has all of."""
    assert expected == holder.may_be_initials(name)


@given(st.text("ABMRDVLID THRU.-'/?0", max_size=40))
def test_a_cleaned_name_stays_as_it_is(text: str):
    """Cleaning twice is cleaning once, and a name has letters and the few signs that names have."""
    name = holder.clean(text)

    assert name is None or (holder.clean(name) == name and set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ .-'/"))
