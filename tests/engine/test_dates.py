"""Dates among captions, read with certainty or not told."""

from __future__ import annotations

import numpy as np
import pytest

from bankcard_ocr.engine import dates
from bankcard_ocr.numbers.expiry import Month
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision import recognize
from bankcard_ocr.vision.locate import Detection
from bankcard_ocr.vision.recognize import Character, Line

ALPHABET = "0123456789/?"
PLACE = np.array([(100, 100), (260, 100), (260, 130), (100, 130)], np.float32)


def line(text: str, sure: float = 0.99) -> Line:
    """A line that says ``text``, each character as surely as ``sure``; the strip is as wide as 24 characters."""
    frames = np.full((40, 13), (1 - sure) / 12, np.float32)
    frames[:, 0] = sure
    characters = []
    for place, char in enumerate(text):
        at = 2 + 3 * place
        if char == " ":
            continue
        frames[at] = (1 - sure) / 12
        frames[at, 1 + ALPHABET.index(char)] = sure
        characters.append(Character(text=char, probability=sure, x=4.0 * at, y=24, width=9, height=22))
    return Line(characters=tuple(characters), frames=frames, alphabet=ALPHABET)


def detection(shift: float = 0.0, score: float = 0.9) -> Detection:
    return Detection(kind="expiry", quad=PLACE + np.float32(shift), score=score)


def told(*reads: Line, detections: tuple[Detection, ...] = (detection(),)) -> list[str]:
    """The dates told when the lines read, one after another, are ``reads``, the last of them again and again."""
    waiting = list(reads)

    def read(_: quads.Quad) -> Line:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return [date.text for date in dates.dates(detections, read)]


@pytest.mark.parametrize(
    ("around", "alone", "expected"),
    [
        ("12/27", "12/27", ["12/27"]),
        ("4912/27", "12/27", ["12/27"]),
        ("?12/2744", "12/27", ["12/27"]),
        ("12/2027", "12/2027", ["12/27"]),
        ("01/12/27", "01/12/27", ["12/27"]),
        ("12/27", "12727", ["12/27"]),
        ("12/27", "11/27", ["11/27"]),
        ("13/27", "13/27", []),
        ("00/00", "00/00", []),
        ("12/70", "12/70", []),
        ("1227", "1227", []),
        ("12727", "12727", []),
        ("1277", "1277", []),
        ("12/2074", "12/20", []),
        ("12/1974", "12/19", []),
        ("12?27", "12?27", ["12/27"]),
        ("1?/27", "1?/27", []),
        ("06/15/29", "06/15", []),  # the 15th of June, not June of 2015
        ("12/204", "12/204", []),  # the first three digits of a year
        ("12/20 4", "12/20", ["12/20"]),
        ("12/20 27", "12/20 27", ["12/20"]),  # not 2027: two digits of something else
        ("12?0 5", "12?0 5", []),  # letters
        ("12/27/", "12/27", []),
        ("/12/27", "12/27", []),
        ("", "", []),
    ],
)
def test_dates_are_told_when_read(around: str, alone: str, expected: list[str]):
    """Captions around it do no harm, the look at the date alone counts, and what is no date of a card is none."""
    assert expected == told(line(around), line(alone))


@pytest.mark.parametrize(("text", "expected"), [("12/27", ["12/27"]), ("4912/27", [])])
def test_what_may_be_a_slash_or_a_7_is_a_slash_where_a_date_stands_alone(text: str, expected: list[str]):
    """As a raised stroke may; among other characters it is as likely a digit."""
    stroke = line(text)
    stroke.frames[2 + 3 * text.index("/"), [1 + ALPHABET.index("/"), 1 + ALPHABET.index("7")]] = 0.4, 0.58

    assert expected == told(stroke)


def test_a_date_s_place_ends_where_it_does():
    """What stands behind it may be a security code: a tenth of its height is left around it."""
    seen = line("12/27")
    (date,) = dates.dates((detection(),), lambda _: seen)
    inner = recognize.framed(seen, quads.grow(PLACE, 0.08, 0.3), spare=0.0, loose=0.1, ends=0.1)

    assert inner == pytest.approx(date.quad)
    assert quads.sides(date.quad)[0] < 0.8 * quads.sides(date.read)[0]


@pytest.mark.parametrize(
    ("captions", "begins"),
    [(["FROM"], True), (["", "VALID FROM"], True), (["", "", "MEMBER SINCE"], True), (["THRU"], False), ([""], False)],
)
def test_a_caption_says_that_a_date_is_of_the_beginning(captions: list[str], begins: bool):
    """It stands before the date, or above it."""
    (date,) = dates.dates((detection(),), lambda _: line("12/17"))
    spelled = iter(captions)

    assert begins == dates.is_of_the_beginning(date, lambda _: next(spelled, ""))


def test_a_date_in_doubt_is_not_told():
    """Refused rather than guessed."""
    assert [] == told(line("12/27", 0.9), line("12/27", 0.8))


def test_two_dates_are_told_the_earlier_first():
    """Of a line with both, and of two places."""
    far = (detection(), detection(shift=300))

    assert ["03/22", "03/27"] == told(line("03/27"), line("03/27"), line("03/22"), line("03/22"), detections=far)


def test_a_date_is_found_in_a_part_of_its_line():
    """What cannot be read with its caption is read in the line's parts."""
    assert ["12/27"] == told(line("4?"), line(""), line("12/27"), line("12/27"))


def test_the_date_beside_a_sure_one_is_found():
    """Two dates on one line, of which one was located."""
    one, other = line("06/21"), line("05/26")

    assert ["06/21", "05/26"] == told(one, one, line("06/21??05/26"), one, other)


def test_one_place_has_one_date():
    """Looks at one place that contradict one another give none."""
    near = (detection(), detection(shift=4))

    assert [] == told(line("12/24"), line("12/24"), line("12/14"), line("12/14"), detections=near)


def test_looks_that_agree_make_sure():
    """Two looks that are unsure alone are sure together."""
    assert ["12/27"] == told(line("12/27", 0.97), line("12/27", 0.96))


def test_dates_that_nobody_sees_have_no_probability():
    """Looks whose probability is nought, alone or contradicted, neither count nor divide by nought."""
    quad = np.array([(0, 0), (40, 0), (40, 10), (0, 10)], np.float32)
    spots = [dates.Date(month=Month(2030, month), probability=0.0, quad=quad, read=quad) for month in (1, 1, 2)]

    assert [0.0, 0.0, 0.0] == [spot.probability for spot in dates._pooled(spots)]
    assert [0.0] == [spot.probability for spot in dates._pooled(spots[:1])]
