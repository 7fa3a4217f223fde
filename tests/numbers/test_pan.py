"""The primary account number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import InvalidChecksum, InvalidFormat, InvalidLength, NumberError
from bankcard_ocr.numbers import iin, luhn, pan

digits = st.text("0123456789", min_size=12, max_size=19)
numbers = st.text("0123456789", min_size=11, max_size=18).map(lambda payload: payload + luhn.check_digit(payload))


@given(digits)
def test_grouping_loses_no_digit(number: str):
    """``compact(group(n))`` is n, for every length."""
    assert number == pan.compact(pan.group(number))


@given(numbers)
def test_a_grouped_number_is_as_valid_as_a_bare_one(number: str):
    """Spaces do not matter to ``validate``."""
    assert number == pan.validate(pan.group(number))


@pytest.mark.parametrize(
    ("number", "grouped"),
    [
        ("4111111111111111", "4111 1111 1111 1111"),
        ("378282246310005", "3782 822463 10005"),
        ("30569309025904", "3056 930902 5904"),
        ("6205500000000000004", "6205 5000 0000 0000 004"),
        ("", ""),
    ],
)
def test_numbers_are_grouped_as_cards_print_them(number: str, grouped: str):
    """15 digits as 4-6-5, 14 as 4-6-4, others in fours."""
    assert grouped == pan.group(number)


@pytest.mark.parametrize(
    ("payload", "good"), [("1" * 10, False), ("1" * 11, True), ("1" * 18, True), ("1" * 19, False)]
)
def test_a_number_has_12_to_19_digits(payload: str, good: bool):
    """11 and 20 digits are too few and too many."""
    assert good == pan.is_valid(payload + luhn.check_digit(payload))


def test_a_wrong_length_says_what_is_allowed():
    """InvalidLength carries the length and the limits."""
    with pytest.raises(InvalidLength) as caught:
        pan.validate("4111")

    assert (4, 12, 19) == (caught.value.got, caught.value.shortest, caught.value.longest)


def test_a_wrong_check_digit_is_an_error_of_its_own():
    """Length right, check digit wrong: InvalidChecksum."""
    with pytest.raises(InvalidChecksum):
        pan.validate("4111 1111 1111 1112")


@pytest.mark.parametrize("text", ["", "4111_1111", "4111.1111", "４１１１", "card"])
def test_letters_and_signs_are_no_number(text: str):
    """Only digits, spaces and hyphens may stand in a number."""
    with pytest.raises(InvalidFormat):
        pan.compact(text)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("4111111111111111", "411111******1111"),
        ("6205500000000000004", "620550*********0004"),
        ("378282246310005", "378282*****0005"),
        ("30569309025904", "30569*****5904"),
        ("411111111111", "411*****1111"),
        ("41111111111", "***********"),
        ("", ""),
    ],
)
def test_a_mask_shows_first_six_and_last_four(number: str, masked: str):
    """More than that PCI DSS 3.4.1 does not allow; five digits are hidden at least, all of what is no number."""
    assert masked == pan.mask(number)


@given(digits)
def test_a_mask_hides_all_between(number: str):
    """Every masked number keeps its length, and at most ten of its digits; at least five are hidden."""
    masked = pan.mask(number)

    assert (len(number), max(5, len(number) - 10)) == (len(masked), masked.count("*"))


@pytest.mark.parametrize("call", [pan.mask, pan.compact, pan.is_valid, iin.lookup])
def test_digits_are_text(call):
    """A number, which would lose zeros that it begins with, is a TypeError that says so and does not show it."""
    with pytest.raises(TypeError, match=r"^digits are given as text, in quotes, not as int$"):
        call(4111111111111111)


@given(st.text())
def test_any_text_is_a_number_or_a_number_error(text: str):
    """``validate`` raises nothing but NumberError."""
    try:
        assert luhn.is_valid(pan.validate(text))
    except NumberError:
        assert not pan.is_valid(text)
