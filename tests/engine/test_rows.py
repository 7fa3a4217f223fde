"""A number set in several rows, one below the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import rows
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.recognize import Character, Line

HIGH, LONG = 40.0, 160.0  # of a row, in pixels of the picture
STEP = 1.6  # heights from one row to the next


def line(text: str, probability: float = 0.99, tall: float = 24) -> Line:
    """What a strip says that shows ``text`` in its middle."""
    pitch = 160 / (len(text) + 2)
    characters = tuple(
        Character(text=char, probability=probability, x=pitch * (i + 1.5), y=24, width=12, height=tall)
        for i, char in enumerate(text)
    )
    return Said(
        said=((text, probability),), characters=characters, frames=np.ones((40, 12), np.float32), alphabet="0123456789?"
    )


def quad(rank: float) -> quads.Quad:
    """Where the row of this rank, from the first one's 0, stands."""
    return quads.rectangle(LONG, HIGH) + np.float32([100, 100 + rank * STEP * HIGH])


def reading(*texts: str, **last: float):
    """Reads what stands under a quad: the nearest of ``texts``, which stand in rows from 0 on, where it is near.

    ``last`` is how the last one is drawn.
    """

    def read(looks: Sequence[quads.Quad], _width: int) -> list[Line]:
        ranks = [(float(look[:, 1].mean()) - float(quad(0)[:, 1].mean())) / (STEP * HIGH) for look in looks]
        return [
            line(texts[round(rank)], **last if round(rank) == len(texts) - 1 else {})
            if 0 <= round(rank) < len(texts) and abs(rank - round(rank)) < 0.12
            else line("", 0.0)
            for rank in ranks
        ]

    return read


def text(found: Sequence[rows.Row] | None) -> str:
    return " ".join(row.line.text for row in found or ())


@pytest.mark.parametrize("first", range(4))
def test_four_rows_of_four_are_found_from_each_of_them(first: int):
    """Above and below the one that was read, in their order."""
    texts = ("6200", "0000", "0000", "0005")
    found = rows.all_of(rows.Row(quad=quad(first), line=line(texts[first])), reading(*texts))

    assert "6200 0000 0000 0005" == text(found)


def test_two_rows_of_eight_are_found():
    """As on other upright cards."""
    texts = ("62000000", "00000005")

    assert " ".join(texts) == text(rows.all_of(rows.Row(quad=quad(1), line=line(texts[1])), reading(*texts)))


@pytest.mark.parametrize(
    "texts",
    [("6200", "0000", "0000"), ("6200", "0000", "00", "0005"), ("6200", "0000", "0O00", "0005"), ("6200",)],
)
def test_what_makes_no_sixteen_digits_is_none(texts: tuple[str, ...]):
    """A row is missing, or one shows fewer digits or a letter."""
    assert None is rows.all_of(rows.Row(quad=quad(0), line=line("6200")), reading(*texts))


@pytest.mark.parametrize(
    ("first", "texts"),
    [
        (0, ("6200", "0000", "0000", "0005", "1234")),
        (1, ("1234", "6200", "0000", "0000", "0005")),
        (0, ("6200", "0000", "0000", "0005", "123")),
        (0, ("62000000", "00000005", "123456")),
    ],
)
def test_a_list_that_goes_on_holds_no_number(first: int, texts: tuple[str, ...]):
    """One in ten parts of it passes the check digit; a row more may be read in part only."""
    assert None is rows.all_of(rows.Row(quad=quad(first), line=line(texts[first])), reading(*texts))


@pytest.mark.parametrize("beyond", ["12/30", "12", "??"])
def test_what_stands_below_a_number_ends_it(beyond: str):
    """A date is no row, nor are two digits."""
    texts = ("6200", "0000", "0000", "0005", beyond)

    assert "6200 0000 0000 0005" == text(rows.all_of(rows.Row(quad=quad(0), line=line("6200")), reading(*texts)))


@pytest.mark.parametrize("tall", [15, 36])
def test_a_row_of_another_size_is_none_of_the_number(tall: float):
    """Neither the last one nor one beyond, as of a telephone number."""
    texts, first = ("6200", "0000", "0000", "0005"), rows.Row(quad=quad(0), line=line("6200"))

    assert "6200 0000 0000 0005" == text(rows.all_of(first, reading(*texts, "1234", tall=tall)))
    assert None is rows.all_of(first, reading(*texts, tall=tall))


@pytest.mark.parametrize(("sure", "ends"), [(0.49, True), (0.5, False)])
def test_what_is_hardly_seen_beyond_a_number_is_no_row(sure: float, ends: bool):
    """Art is read as digits, and none of them is likely."""
    read = reading("6200", "0000", "0000", "0005", "1234", probability=sure)

    assert ends == (rows.all_of(rows.Row(quad=quad(0), line=line("6200")), read) is not None)


def test_joined_rows_say_one_text():
    """In their order, under the quad around all."""
    parts = [rows.Row(quad=quad(rank), line=line("6200")) for rank in range(4)]
    whole = rows.joined(parts)

    assert (160, quad(0)[0].tolist(), quad(3)[2].tolist()) == (
        len(whole.line.frames),
        whole.quad[0].tolist(),
        whole.quad[2].tolist(),
    )


@pytest.mark.parametrize(
    ("seen", "sure", "expected"),
    [
        ("6200", 0.8, True),
        ("6200", 0.79, False),
        ("62000000", 0.9, True),
        ("620", 0.9, False),
        ("62?0", 0.9, False),
        ("620000", 0.9, False),
    ],
)
def test_a_row_is_four_or_eight_clear_digits(seen: str, sure: float, expected: bool):
    """And nothing else."""
    assert expected is rows.is_row(line(seen, sure))


def rows_of(*texts: str, sure: float = 0.99) -> list[rows.Row]:
    """Lines one below the other, as they were read."""
    return [rows.Row(quad=quad(rank), line=line(each, sure)) for rank, each in enumerate(texts)]


def told(texts: Sequence[str], *, sure: float = 0.99, there: Sequence[str] | None = None) -> list[str]:
    """The numbers among lines of ``texts``; ``there`` is what stands in their places, if it differs."""
    return [text(found) for found in rows.among(rows_of(*texts, sure=sure), reading(*(there or texts)))]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("6200", "0000", "0000", "0005"), {"6200 0000 0000 0005"}),
        (("62000000", "00000005"), {"62000000 00000005"}),
        (("6200", "0000", "0000", "0000", "003"), {"6200 0000 0000 0000 003"}),
        (("12/30", "6200", "0000", "0000", "0005", "12/30"), {"6200 0000 0000 0005"}),
        (("6200", "0000", "0000", "0005", "1234"), set()),
        (("62000000", "00000005", "123456"), set()),
        (("1234", "6200", "0000", "0000", "0000", "003"), set()),
        (("6200", "0000", "0O00", "0005"), set()),
        (("6200", "0000", "0005"), set()),
        ((), set()),
    ],
)
def test_numbers_among_lines(texts: tuple[str, ...], numbers: set[str]):
    """Sixteen digits, or nineteen of which the last three are a row of their own; none of a list that goes on."""
    assert numbers == set(told(texts))


@pytest.mark.parametrize(("sure", "count"), [(rows.SEEN, 1), (rows.SEEN - 0.01, 0)])
def test_rows_where_rows_are_need_not_be_as_clear(sure: float, count: int):
    """As one that is looked for beside another; all of them together are judged."""
    assert count == len(told(("6200", "0000", "0000", "0005"), sure=sure))


def test_a_row_between_that_was_not_found_is_looked_for():
    """The lines are two of four."""
    found = rows.among([rows_of("6200")[0]], reading("6200", "0000", "0000", "0005"))

    assert ["6200 0000 0000 0005"] == [text(each) for each in found]


def test_a_line_is_read_again_where_its_characters_are():
    """The clearer of both is kept, and its quad is around the characters."""
    asked: list[int] = []

    def read(looks: Sequence[quads.Quad], width: int) -> list[Line]:
        asked.append(len(looks))
        return [line("6200", 0.7 if len(asked) == 1 else 0.9) for _ in looks]

    found = rows.read_again([quad(0), quad(1)], read)

    assert [2, 1, 1] == asked
    assert [0.9, 0.9] == [rows.clearness(row.line) for row in found]
    assert all(0.5 * HIGH < quads.sides(row.quad)[1] < 2 * HIGH for row in found)


@pytest.mark.parametrize(
    ("seen", "sure", "expected"),
    [
        ("62000000000", 0.7, True),
        ("62000000000", 0.69, False),
        ("6200000000", 0.99, False),
        ("6200000000??", 0.9, False),
    ],
)
def test_what_shows_more_digits_than_a_row_is_in_a_line(seen: str, sure: float, expected: bool):
    """Whether all of a number is read or not."""
    assert expected is rows.is_in_a_line(line(seen, sure))
