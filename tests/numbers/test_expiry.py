"""Months as cards print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.numbers import expiry
from bankcard_ocr.numbers.expiry import Month


@given(st.integers(1970, 2069), st.integers(1, 12))
def test_what_is_printed_is_read(year: int, month: int) -> None:
    """A month's own text names that month."""
    assert expiry.parse(str(Month(year, month))) == Month(year, month)


@given(st.text(max_size=12))
def test_any_text_is_a_month_or_none(text: str) -> None:
    """Whatever the text, the answer is a month of the calendar or None."""
    month = expiry.parse(text)
    assert month is None or 1 <= month.month <= 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01/30", Month(2030, 1)),
        ("12/2069", Month(2069, 12)),
        ("31/12/30", Month(2030, 12)),
        ("01/70", Month(1970, 1)),
        ("12/1930", Month(1930, 12)),
        ("03/2075", Month(2075, 3)),
        ("01/01/1965", Month(1965, 1)),
        ("12/1830", None),
        ("00/30", None),
        ("13/30", None),
        ("32/12/30", None),
        ("1/30", None),
        ("12-30", None),
        ("12/303", None),
        ("١٢/٣٠", None),
    ],
)
def test_forms(text: str, expected: Month | None) -> None:
    """MM/YY, MM/YYYY and a day before either are months, anything else is none."""
    assert expiry.parse(text) == expected


def test_a_card_is_valid_through_its_month() -> None:
    """A card expires when its month has passed, not within it."""
    assert [expiry.is_over(Month(2030, 6), Month(2030, month)) for month in (5, 6, 7)] == [False, False, True]
