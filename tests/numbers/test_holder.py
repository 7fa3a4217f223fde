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
        ("SMITH/JOHN MR", "SMITH/JOHN MR"),
        ("- LI MING.", "LI MING"),
        ("CARDHOLDER NAME LI MING", "LI MING"),
        ("NAME: LI MING", "LI MING"),
        ("LI VALID THRU MING", None),
        ("GOLDA MEIR", "GOLDA MEIR"),
        ("SUKARNO VALID THRU", "SUKARNO"),
        ("HAPPY SAVINGS", None),
        ("HAPPY SAVINGS:", None),
        ("TRAVEL REWARDS", None),
        ("CASHBACK", None),
        ("WORLD ELITE", None),
        ("NOT VALID UNLESS SIGNED", None),
        ("YOUR NAME", None),
        ("LI MING CARD", None),
        ("GIFT CARD", None),
        ("VALUED CUSTOMER", None),
        ("VALID THRU", None),
        ("MEMBER SINCE", None),
        ("DEBIT", None),
        ("GOLD", None),
        ("THRUPLATINUM", None),
        ("EXPDATE", None),
        ("CARDEXP", None),
        ("ANA CARDOSO", "ANA CARDOSO"),
        ("JOHN TOWNSEND", "JOHN TOWNSEND"),
        ("ANNA GOLDMAN", "ANNA GOLDMAN"),
        ("ANNA CLASSEN", "ANNA CLASSEN"),
        ("CARDHOEDER", None),
        ("EXPIRFS", None),
        ("NAME SURNAME", None),
        ("GOOT LI", "GOOT LI"),
        ("V MR LI MING", "MR LI MING"),
        ("V LI MING", "V LI MING"),
        ("BEIJING O", None),
        ("BEIJING I", None),
        ("LI MING A", "LI MING A"),
        ("CARDMEMBER", None),
        ("LI MING VALIDTHRU", "LI MING"),
        ("B VALUED", None),
        ("ANNA GOLD", None),
        ("GOLD ANNA", None),
        ("CHARLES GOODYEAR", None),
        ("ANNA STANNARD", None),
        ("CLASSIE SMITH", None),
        ("EVERBRIGHT BANK", None),
        ("ANNA MARIA GOLD", None),
        ("MARIA LUCA MAESTRI", None),
        ("FIRST UNITED BANK", None),
        ("AWARD", None),
        ("YOU MING", "YOU MING"),
        ("PLATINUM CARD", None),
        ("MR", None),
        ("AB", None),
        ("MR AB", None),
        ("A. B", None),
        ("OB/ZB", None),
        ("OA/ZI", None),
        ("OB/ZO OB/ZO", None),
        ("OB/ZOZB", None),
        ("OB/ZO-OB/ZO", None),
        ("LI MING OB/ZB", None),
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


@pytest.mark.parametrize(
    ("name", "expected"), [("OOBO LQTI SSAG", True), ("LLLL QQQQ TTTT", True), ("LI GUO", False), ("LI MING", False)]
)
def test_letters_may_be_digits(name: str, expected: bool):
    """More than four of five of them, as digits are spelled by who knows letters alone."""
    assert expected == holder.may_be_digits(name)


@given(st.text("ABMRDVLID THRU.-'/?0", max_size=40))
def test_a_cleaned_name_stays_as_it_is(text: str):
    """Cleaning twice is cleaning once, and a name has letters and the few signs that names have."""
    name = holder.clean(text)

    assert name is None or (holder.clean(name) == name and set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ .-'/"))
