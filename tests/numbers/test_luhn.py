"""The Luhn checksum."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bankcard_ocr.errors import InvalidChecksum, InvalidFormat
from bankcard_ocr.numbers import luhn

payloads = st.text("0123456789", min_size=1, max_size=18)
valid = payloads.map(lambda payload: payload + luhn.check_digit(payload))


@pytest.mark.parametrize(
    "number",
    ["4111111111111111", "5555555555554444", "378282246310005", "6200000000000005", "6205500000000000004", "0"],
)
def test_published_test_numbers_are_valid(number: str):
    """The networks' own test numbers hold."""
    assert number == luhn.validate(number)


@given(valid)
def test_a_number_with_its_check_digit_is_valid(number: str):
    """Whatever the payload, appending its check digit makes it valid."""
    assert luhn.is_valid(number)


@given(valid, st.integers(0, 18), st.integers(1, 9))
def test_every_change_of_one_digit_is_caught(number: str, place: int, change: int):
    """A valid number with any one digit changed is invalid."""
    place %= len(number)
    digit = str((int(number[place]) + change) % 10)

    assert not luhn.is_valid(number[:place] + digit + number[place + 1 :])


@given(valid, st.integers(0, 17))
def test_every_swap_of_neighbours_is_caught_but_09(number: str, place: int):
    """A valid number with two different neighbours swapped is invalid, unless they are 0 and 9."""
    place %= len(number) - 1
    pair = number[place : place + 2]
    assume(pair[0] != pair[1] and set(pair) != {"0", "9"})

    assert not luhn.is_valid(number[:place] + pair[::-1] + number[place + 2 :])


@given(payloads, payloads)
def test_a_swap_of_09_goes_unseen(before: str, after: str):
    """09 and 90 have one checksum: the known blind spot."""
    assert luhn.checksum(before + "09" + after) == luhn.checksum(before + "90" + after)


@pytest.mark.parametrize("text", ["", " ", "4111 1111", "4111-1", "abc", "٤١١١", "１２３", "-1", "4.0"])
def test_only_ascii_digits_have_a_checksum(text: str):
    """Anything but ASCII digits is InvalidFormat, other scripts' digits included."""
    with pytest.raises(InvalidFormat):
        luhn.checksum(text)


def test_validate_raises_on_a_wrong_check_digit():
    """A wrong check digit is InvalidChecksum, whose message has no digit of the number."""
    with pytest.raises(InvalidChecksum) as caught:
        luhn.validate("4111111111111112")

    assert not any(character.isdigit() for character in str(caught.value))


@given(st.text())
def test_is_valid_answers_anything(text: str):
    """``is_valid`` never raises."""
    assert luhn.is_valid(text) in {True, False}


@given(st.from_regex(r"\A[0-9]{1,40}\Z"), st.data())
def test_running_sums_tell_which_parts_are_valid(digits: str, data):
    """Of any part, without adding it up anew."""
    end = data.draw(st.integers(1, len(digits)))
    start = data.draw(st.integers(0, end - 1))
    running = luhn.prefix_sums(digits)[end % 2]

    assert luhn.is_valid(digits[start:end]) == ((running[end] - running[start]) % 10 == 0)
