"""What numbers that issuers give out are like, by their digits alone."""

from __future__ import annotations

import pytest

from bankcard_ocr.engine import issued


@pytest.mark.parametrize("number", ["30521111111111118", "22000000000000004"])
def test_seventeen_digits_of_no_bank_are_a_rest(number: str):
    """A network's range alone is known, as Diners', or a bank behind 62 as well."""
    assert issued.is_rest_of_nineteen(number)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("9100000009460529", True),  # turned: a published test number
        ("0000000000000029", True),  # turned: 62...
        ("6200000000000005", False),  # begins as an issuer's does
        ("8000000000000110", False),  # turned: 0111...
        ("0000000000333029", True),
        ("0000000003474029", False),  # four digits that are none upside down
    ],
)
def test_what_begins_as_few_numbers_do_and_as_many_when_turned_may_be_upside_down(digits, expected):
    """Only what the line turned round would begin with makes an odd beginning suspect."""
    assert issued.may_be_upside_down(digits) is expected
