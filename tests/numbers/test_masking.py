"""Card numbers in texts and in names of files."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.numbers import luhn
from bankcard_ocr.numbers.masking import masked, masked_name


@pytest.mark.parametrize(
    "name",
    [
        "4111111111111111.jpg",
        "4111  1111  1111  1111.jpg",
        "4111 - 1111 - 1111 - 1111.jpg",
        "4111_1111.1111-1111.jpg",
        "4111%201111%20%201111%2D1111.jpg",
        "4111%252C1111%252C1111%252C1111.jpg",
        "4111\u20131111\u20131111\u20131111.jpg",
        "\uff14\uff11\uff11\uff11\u3000" + "\uff11" * 4 + "\u3000" + "\uff11" * 4 + "\u3000" + "\uff11" * 4 + ".jpg",
    ],
)
def test_names_of_files(name: str):
    """However a number is grouped in a name, by up to three signs, and in full-width digits, it is masked."""
    assert masked_name(name) == "411111******1111.jpg"


@given(
    st.from_regex(r"\A[1-9][0-9]{10,17}\Z"),
    st.lists(st.text(" -_.+,", min_size=0, max_size=3), min_size=18, max_size=18),
)
def test_no_number_survives_in_a_name(payload: str, signs: list[str]):
    """Whatever stands between its digits, more than the first six and last four of a number are never shown."""
    number = payload + luhn.check_digit(payload)
    name = number[0] + "".join(sign + digit for sign, digit in zip(signs, number[1:], strict=False))

    assert 10 >= sum(char.isdigit() for char in masked_name(f"{name}.jpg"))


def test_a_number_that_was_read_is_masked_without_its_check_digit():
    """What is known to be a number need not pass Luhn."""
    number = "4111111111111112"

    assert ("411111******1112", "4111 1111 1111 1112") == (
        masked_name("4111 - 1111 - 1111 - 1112", [number]),
        masked_name("4111 1111 1111 1112"),
    )


GROUPED = ("4111 1111 1111 1111", "5500 0055 5555 5559", "6011 0000 0000 0004", "3782 822463 10005", "3056 930902 5904")


@pytest.mark.parametrize("grouped", GROUPED)
@pytest.mark.parametrize("between", [" ", "-"])
@pytest.mark.parametrize("order", ["before", "behind", "both"])
def test_no_date_beside_a_number_uncovers_it(grouped: str, between: str, order: str):
    """A date and the number's first groups may pass Luhn together: the number's own middle is masked all the same."""
    number = grouped.replace(" ", "")
    middle = len(number) - 10
    for days in range(0, 3650, 3):
        day = (date(2020, 1, 1) + timedelta(days)).strftime("%Y%m%d")
        parts = [day] * (order != "behind") + [grouped] + [day] * (order != "before")
        for shown in (masked(between.join(parts)), masked_name(f"{between.join(parts)}.jpg")):
            flat = shown.removesuffix(".jpg").replace(" ", "").replace("-", "")
            at = len(day) * (order != "behind")
            assert flat[at : at + len(number)][-4 - middle : -4] == "*" * middle, shown


def test_overlapping_numbers_are_masked_both():
    """Which of them is one cannot be known."""
    assert luhn.is_valid("202601034111")
    assert "202*****41111111****1111" != (shown := masked("20260103 4111 1111 1111 1111"))
    assert "202*****" == shown[:8]
    assert "******1111" == shown[-10:]


def test_long_rows_of_digits_are_masked_in_time():
    """A hundred kilobytes of digits, each a group of its own, take a tenth of what is allowed."""
    started = time.process_time()
    masked("1 2 3 4 5 6 7 8 9 0 " * 5_000)

    assert time.process_time() - started < 5


@pytest.mark.parametrize("name", ["20240131-095959.jpg", "2024/0131/0959/59.jpg", "\uff11\uff12.jpg", "a/b.jpg", ""])
def test_names_without_a_number_stay(name: str):
    """Dates, folders and digits that are no number stay as they are."""
    assert masked_name(name) == name


def test_other_texts_are_masked_as_people_write():
    """In other texts groups are parted by one space or hyphen: other signs stand between numbers that are none."""
    assert ("411111******1111", "4111  1111  1111  1111", "4111.1111.1111.1111") == (
        masked("4111 1111-1111 1111"),
        masked("4111  1111  1111  1111"),
        masked("4111.1111.1111.1111"),
    )
