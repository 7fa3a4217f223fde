"""Dates among captions, read with certainty or not told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bankcard_ocr import fields
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision import recognize
from bankcard_ocr.vision.locate import Thing
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
        frames[at] = (1 - sure) / 12
        frames[at, 1 + ALPHABET.index(char)] = sure
        characters.append(Character(text=char, probability=sure, x=4.0 * at, y=24, width=9, height=22))
    return Line(say=lambda: ((text, sure),), characters=tuple(characters), frames=frames)


def thing(shift: float = 0.0, score: float = 0.9) -> Thing:
    return Thing(kind="expiry", quad=PLACE + np.float32(shift), score=score)


def told(*reads: Line, things: tuple[Thing, ...] = (thing(),)) -> list[str]:
    """The dates told when the lines read, one after another, are ``reads``, the last of them again and again."""
    waiting = list(reads)

    def read(_: quads.Quad) -> Line:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return [date.text for date in fields.dates(things, read, ALPHABET)]


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
        ("12?27", "12?27", ["12/27"]),
        ("1?/27", "1?/27", []),
        ("06/15/29", "06/15", []),  # the 15th of June, not June of 2015
        ("12/27/", "12/27", []),
        ("/12/27", "12/27", []),
        ("", "", []),
    ],
)
def test_dates_are_told_when_read(around: str, alone: str, expected: list[str]):
    """Captions around it do no harm, the look at the date alone counts, and what is no date of a card is none."""
    assert expected == told(line(around), line(alone))


def test_a_date_s_place_ends_where_it_does():
    """What stands behind it may be a security code: a tenth of its height is left around it."""
    seen = line("12/27")
    (date,) = fields.dates((thing(),), lambda _: seen, ALPHABET)
    inner = recognize.framed(seen, spare=0.0, loose=0.1, ends=0.1)

    assert fields.back(inner, quads.grow(PLACE, 0.08, 0.3), seen) == pytest.approx(date.quad)
    assert quads.sides(date.quad)[0] < 0.8 * quads.sides(date.read)[0]


def test_a_date_in_doubt_is_not_told():
    """Refused rather than guessed."""
    assert [] == told(line("12/27", 0.9), line("12/27", 0.8))


def test_two_dates_are_told_the_earlier_first():
    """Of a line with both, and of two places."""
    far = (thing(), thing(shift=300))

    assert ["03/22", "03/27"] == told(line("03/22"), line("03/22"), line("03/27"), line("03/27"), things=far)


def test_a_date_is_found_in_a_part_of_its_line():
    """What cannot be read with its caption is read in the line's parts."""
    assert ["12/27"] == told(line("4?"), line(""), line("12/27"), line("12/27"))


def test_the_date_beside_a_sure_one_is_found():
    """Two dates on one line, of which one was located."""
    one, other = line("06/21"), line("05/26")

    assert ["06/21", "05/26"] == told(one, one, line("06/21??05/26"), one, other)


def test_one_place_has_one_date():
    """Looks at one place that contradict one another give none."""
    near = (thing(), thing(shift=4))

    assert [] == told(line("12/24"), line("12/24"), line("12/14"), line("12/14"), things=near)


def test_looks_that_agree_make_sure():
    """Two looks that are unsure alone are sure together."""
    assert ["12/27"] == told(line("12/27", 0.97), line("12/27", 0.96))


def test_dates_that_nobody_sees_have_no_probability():
    """Looks whose probability is nought, alone or contradicted, neither count nor divide by nought."""
    quad = np.array([(0, 0), (40, 0), (40, 10), (0, 10)], np.float32)
    spots = [fields.Found(text=text, probability=0.0, quad=quad, read=quad) for text in ("01/30", "01/30", "02/30")]

    assert [0.0, 0.0, 0.0] == [spot.probability for spot in fields._pooled(spots)]
    assert [0.0] == [spot.probability for spot in fields._pooled(spots[:1])]


def beside(text: str, x: float, *, size: float = 1.0, y: float = 115.0) -> list[Character]:
    """``text`` as it stands in a picture, from ``x`` on, a character every 16 pixels."""
    places = [x + 16 * size * place for place in range(len(text))]
    return [
        Character(text=char, probability=0.99, x=place, y=y, width=11 * size, height=20 * size)
        for char, place in zip(text, places, strict=True)
    ]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ([], "WANG XIAOMING"),
        (beside("GOLD", 400), "WANG XIAOMING"),  # too far away
        (beside("GOLD", 344, size=2), "WANG XIAOMING"),  # too large
        (beside("GOLD", 332, y=128), "WANG XIAOMING"),  # on another level
        (beside("LI", 324), "WANG XIAOMINGLI"),
    ],
)
@pytest.mark.parametrize(("left", "right"), [(110, 325), (110, 230), (190, 325), (175, 260)])
def test_a_name_located_short_is_followed_to_its_ends(monkeypatch, others, told, left, right):
    """What stands beyond a line's ends belongs to it when it is as near, as large and as level as the line's own."""
    there = beside("WANG XIAOMING", 116) + others

    def natural(pixels, quad, model):
        assert model is None
        (x, top), (end, _) = quad[0], quad[1]
        scale = 480 / (end - x)
        seen = tuple(
            replace(char, x=(char.x - x) * scale, y=(char.y - top) * scale, height=char.height * scale)
            for char in there
            if x <= char.x <= end
        )
        text = "".join(char.text for char in seen)
        return Line(say=lambda: ((text, 0.99),), characters=seen, frames=np.zeros((120, 2), np.float32))

    monkeypatch.setattr(fields, "_natural", natural)
    monkeypatch.setattr(fields, "back", lambda framed, outer, _: outer[0] + framed * (outer[1, 0] - outer[0, 0]) / 480)
    quad = np.array([(left, 105), (right, 105), (right, 125), (left, 125)], np.float32)
    found = fields.name([Thing(kind="holder", quad=quad, score=0.9)], np.zeros((200, 600, 3), np.uint8), None)

    assert found is not None
    assert found.text == told
    assert found.probability == pytest.approx(0.99)


def test_a_name_s_probability_is_its_mean_over_three_framings(monkeypatch):
    """A text that one framing alone reads is a third as probable."""
    texts = ["LI WEI"] * 3 + ["LI WEI", "LI WFI"]  # framed, framed anew, beyond its ends; then twice once more
    looks = iter(texts)

    def natural(pixels, quad, model):
        text = next(looks)
        characters = tuple(beside(text, 150, y=24))
        return Line(say=lambda: ((text, 0.9),), characters=characters, frames=np.zeros((120, 2), np.float32))

    monkeypatch.setattr(fields, "_natural", natural)
    text, probability, _ = fields.named(thing_of("holder"), np.zeros((200, 400, 3), np.uint8), None)

    assert (text, round(probability, 3)) == ("LI WEI", 0.6)


@pytest.mark.parametrize(("probability", "told"), [(fields.SURE_NAME, True), (fields.SURE_NAME - 0.01, False)])
def test_a_name_is_told_when_it_is_sure(monkeypatch, probability, told):
    """Less sure it is none."""
    says(monkeypatch, ("LI WEI", probability))

    assert told == (fields.name([thing_of("holder")], np.zeros((200, 400, 3), np.uint8), None) is not None)


def test_a_name_may_have_been_located_as_a_number():
    """Where most cards have theirs. The line on which the number was read is none."""
    above, number = thing_of("number"), Thing(kind="number", quad=PLACE + np.float32((0, 60)), score=0.95)
    coarse = replace(number, quad=number.quad + np.float32((30, 4)))
    holder, other = replace(thing_of("holder"), score=0.3, quad=PLACE + 90), thing_of("expiry")

    found = fields.may_be_names([number, coarse, holder, above, other], number=number.quad)

    assert [above, holder] == found
    assert [number, coarse, above, holder] == fields.may_be_names([number, coarse, holder, above, other])


@pytest.mark.parametrize(("kind", "told"), [("number", False), ("holder", True)])
def test_digits_spelled_as_letters_are_no_name(monkeypatch, kind: str, told: bool):
    """A line that was located as a number's is one, when nearly all of its letters look like digits."""
    says(monkeypatch, ("BOBI LIZ", 0.99))

    assert told == (fields.name([thing_of(kind)], np.zeros((200, 400, 3), np.uint8), None) is not None)


@pytest.mark.parametrize(
    ("texts", "once"),
    [
        ((("VALID THRU", 0.95), ("LI WEI", 0.04)), True),  # the mean cannot reach 0.7 any more
        ((("LI WEI", 0.09), ("LI WFI", 0.01)), True),
        ((("LI WEI", 0.11), ("LI WFI", 0.01)), False),
        ((("VALID THRU", 0.2), ("VAL1D THRU", 0.15)), False),  # what is not listed may be 0.15
    ],
)
def test_a_line_that_can_be_no_name_is_not_read_in_other_framings(monkeypatch, texts, once: bool):
    """However surely they would say one."""
    read = says(monkeypatch, *texts)
    fields.name([thing_of("holder")], np.zeros((200, 400, 3), np.uint8), None)

    assert len(read) == (3 if once else 3 + len(fields.LOOSE))


def test_the_surest_of_several_names_is_told(monkeypatch):
    """Wherever it stands among the lines that may be names."""
    chances = {0.9: 0.8, 0.8: 0.95, 0.7: 0.85}  # of lines located so surely

    def read(thing, pixels, model):
        name = f"LI W{'EIX'[int(10 * thing.score) - 7]}"
        line = Line(say=lambda: ((name, chances[thing.score]),), characters=(), frames=np.zeros((120, 2), np.float32))
        return line, thing.quad

    monkeypatch.setattr(fields, "_followed", lambda quad, *_: read(next(t for t in things if t.quad is quad), *_))
    things = [replace(thing_of("holder"), score=score, quad=PLACE + 90 * score) for score in chances]
    found = fields.name(things, np.zeros((200, 400, 3), np.uint8), None)

    assert found is not None
    assert ("LI WI", 0.95) == (found.text, found.probability)


def says(monkeypatch, *texts: tuple[str, float]) -> list[object]:
    """Lets every line say ``texts``, spelled as the first is; what is read is put on the list that is returned."""
    read: list[object] = []

    def natural(pixels, quad, model):
        read.append(quad)
        characters = tuple(beside(texts[0][0], 150, y=24))
        return Line(say=lambda: texts, characters=characters, frames=np.zeros((120, 2), np.float32))

    monkeypatch.setattr(fields, "_natural", natural)
    return read


def thing_of(kind: str) -> Thing:
    """A thing at the usual place."""
    return Thing(kind=kind, quad=PLACE, score=0.9)
