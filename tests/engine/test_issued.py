"""What numbers that issuers give out are like, by their digits alone."""

from __future__ import annotations

import pytest

from bankcard_ocr.engine import issued


@pytest.mark.parametrize("number", ["30521111111111118", "22000000000000004"])
def test_seventeen_digits_of_no_bank_are_a_rest(number: str):
    """A network's range alone is known, as Diners', or a bank behind 62 as well."""
    assert issued.is_rest_of_nineteen(number)


def test_seventeen_digits_with_their_62_are_no_rest():
    """They lack nothing that adds ten to the sum."""
    assert not issued.is_rest_of_nineteen("62000000000000000")


def test_nineteen_digits_lack_no_group():
    """Of sixteen three may be covered."""
    assert [True, False] == [issued.may_lack_a_group("62" + "0" * count) for count in (14, 17)]


@pytest.mark.parametrize(("digits", "expected"), [("1234567895294173", True), ("1234567852941736", False)])
def test_what_counts_on_goes_to_the_same_or_the_next_digit_eight_times(digits: str, expected: bool):
    """Seven times of fifteen it may by chance."""
    assert issued.counts_on(digits) is expected


@pytest.mark.parametrize(
    ("digits", "nats"),
    [
        ("411111111111111", 4.0),  # a length that Visa does not use
        ("0111111111113337", 3.0),  # nobody's, whichever way up
        ("6759000000000", 4.0),  # all but extinct, though Maestro's may have it
    ],
)
def test_odd_lengths_and_beginnings_are_less_likely(digits: str, nats: float):
    """Than sixteen digits of an issuer that uses as many, whatever the check digit says."""
    assert issued.fitting("4111111111111111") - issued.fitting(digits) > nats


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("9100000009460529", True),  # turned: a published test number
        ("0000000000000029", True),  # turned: 62...
        ("6200000000000005", False),  # begins as an issuer's does
        ("6200000000000029", False),  # whichever way up
        ("8000000000000110", False),  # turned: 0111...
        ("0000000000333029", True),
        ("0000000003474029", False),  # four digits that are none upside down
    ],
)
def test_what_begins_as_few_numbers_do_and_as_many_when_turned_may_be_upside_down(digits, expected):
    """Only what the line turned round would begin with makes an odd beginning suspect."""
    assert issued.may_be_upside_down(digits) is expected
