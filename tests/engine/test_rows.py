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


def line(text: str, probability: float = 0.99) -> Line:
    """What a strip says that shows ``text`` in its middle."""
    pitch = 160 / (len(text) + 2)
    characters = tuple(
        Character(text=char, probability=probability, x=pitch * (i + 1.5), y=24, width=12, height=24)
        for i, char in enumerate(text)
    )
    return Said(
        said=((text, probability),), characters=characters, frames=np.ones((40, 12), np.float32), alphabet="0123456789?"
    )


def quad(rank: float) -> quads.Quad:
    """Where the row of this rank, from the first one's 0, stands."""
    return quads.rectangle(LONG, HIGH) + np.float32([100, 100 + rank * STEP * HIGH])


def reading(*texts: str):
    """Reads what stands under a quad: the nearest of ``texts``, which stand in rows from 0 on, where it is near."""

    def read(looks: Sequence[quads.Quad], _width: int) -> list[Line]:
        ranks = [(float(look[:, 1].mean()) - float(quad(0)[:, 1].mean())) / (STEP * HIGH) for look in looks]
        return [
            line(texts[round(rank)])
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
    [("6200", 0.8, True), ("6200", 0.79, False), ("62000000", 0.9, True), ("620", 0.9, False), ("62?0", 0.9, False)],
)
def test_a_row_is_four_or_eight_clear_digits(seen: str, sure: float, expected: bool):
    """And nothing else."""
    assert expected is rows.is_row(line(seen, sure))
