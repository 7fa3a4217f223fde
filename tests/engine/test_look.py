"""One line, read as hard as it takes: one view is enough where it is certain, more where they may settle it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import look as module
from bankcard_ocr.engine.look import Look
from bankcard_ocr.engine.regions import Region
from bankcard_ocr.reading import Candidate, Options
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision import recognize
from bankcard_ocr.vision.locate import Detection
from bankcard_ocr.vision.recognize import Character

NUMBER = "6200000000000005"  # a published test number
OTHER = "4111111111111111"  # another
PLACE = np.array([(1, 1), (8, 1), (8, 3), (1, 3)], np.float32)


def test_a_harder_look_stands_where_its_last_view_was_taken(look, pixels, number, monkeypatch):
    """Digits are told, and covered, by where the last view saw them."""
    region = look(pixels=pixels)._look(number.quad, number.score)
    strips: list[quads.Image] = []
    lines = Look._lines
    monkeypatch.setattr(Look, "_lines", lambda self, read: (strips.extend(read), lines(self, read))[1])
    harder = look(pixels=pixels)._harder(region)

    assert len(strips) == 3
    assert (recognize.strip(pixels, harder.quad) == strips[-1]).all()


@pytest.mark.parametrize(("number", "expected"), [("9100000009460529", 0.617), ("6250946000000016", 0.97)])
def test_what_may_be_upside_down_stays_doubted_when_looked_at_harder(look, monkeypatch, number: str, expected):
    """More views of a line that reads as numbers do upside down do not make it upright."""
    found = (Candidate(number=number, confidence=0.97),)
    monkeypatch.setattr(module.judge, "ranked", lambda *_, **__: found)
    line = Said(said=((number, 0.9),))
    candidates = (Candidate(number=number, confidence=0.5),)
    before = Region(views=(line,), quad=PLACE, candidates=candidates, score=1.0)
    (harder,) = look(pixels=np.zeros((99, 99, 3), np.uint8))._harder(before).candidates

    assert expected == pytest.approx(harder.confidence, abs=1e-3)
    assert harder.number == number


@pytest.mark.parametrize(
    ("confidence", "is_brief", "strips"),
    [
        (0.991, True, 1),
        (0.989, True, 2),
        (0.999, False, 2),  # more is asked for than the number
    ],
)
def test_a_line_certain_at_first_sight_is_read_once(look, pixels, number, monkeypatch, confidence, is_brief, strips):
    """What one view says certainly needs no second one, when nothing but the number is asked for."""
    monkeypatch.setattr(module.judge, "ranked", lambda *_, **__: (Candidate(number=NUMBER, confidence=confidence),))

    assert strips == look(pixels=pixels, is_brief=is_brief)._read(number.quad, 1.0).strips


@pytest.mark.parametrize(("pitches", "strips"), [(0.65, 2), (0.85, 1)])
def test_one_view_is_not_enough_where_the_picture_ends(look, pixels, number, monkeypatch, pitches, strips):
    """Of a digit that is cut through one view may be certain, and the next one sees that it is none."""
    first = look(pixels=pixels)._read(number.quad, 1.0)
    left, right = first.text_quad[:, 0].min(), first.text_quad[:, 0].max()
    start = int(left - pitches * (right - left) / len(first.characters))
    part = np.ascontiguousarray(pixels[:, start:])
    monkeypatch.setattr(module.judge, "ranked", lambda *_, **__: (Candidate(number=NUMBER, confidence=0.999),))

    read = look(pixels=part, is_brief=True)._read(number.quad - np.array((start, 0), np.float32), 1.0)
    assert strips == read.strips


@pytest.mark.parametrize(("pitches", "strips"), [(0.9, 2), (1.1, 1)])
def test_one_view_is_not_enough_where_its_strip_ends(look, pixels, number, monkeypatch, pitches, strips):
    """A line located short may go on beyond its strip: what shows of it is certain, and not the number."""
    looking = look(pixels=pixels, is_brief=True)
    line = looking._read(number.quad, 1.0).line
    x = [char.x for char in line.characters]
    room = pitches * float(np.median(np.diff(x)))
    shift = x[0] - room
    moved = [replace(char, x=char.x - shift) for char in line.characters]
    monkeypatch.setattr(Look, "line", lambda *_: replace(line, characters=tuple(moved)))
    monkeypatch.setattr(Look, "_reframed", lambda _search, quad: (quad, line, 1))

    assert strips == looking._read(number.quad, 1.0).strips


@pytest.mark.parametrize(("seen", "confidence", "strips"), [(NUMBER, 0.89, 2), (NUMBER, 0.91, 1), (OTHER, 0.91, 2)])
def test_one_view_is_enough_when_the_pixels_alone_say_it(look, pixels, number, monkeypatch, seen, confidence, strips):
    """What real numbers are like may choose between numbers that two views see, and not make one view certain."""

    def ranked(_views, *, prior=True, printed=None):
        return (Candidate(number=NUMBER, confidence=0.999) if prior else Candidate(number=seen, confidence=confidence),)

    monkeypatch.setattr(module.judge, "ranked", ranked)

    assert strips == look(pixels=pixels, is_brief=True)._read(number.quad, 1.0).strips


@pytest.mark.parametrize(("threshold", "strips"), [(None, 1), (0.994, 1), (0.996, 2)])
def test_one_view_is_as_certain_as_is_asked_for(look, pixels, number, monkeypatch, threshold, strips):
    """Who asks for more than 0.99 is not refused for want of a second view."""
    monkeypatch.setattr(module.judge, "ranked", lambda *_, **__: (Candidate(number=NUMBER, confidence=0.995),))
    looking = look(pixels=pixels, is_brief=True, options=Options(threshold=threshold))

    assert strips == looking._read(number.quad, 1.0).strips


@pytest.mark.parametrize("confidence", [0.5, 0.94, 0.98])
def test_at_a_glance_a_line_of_few_pixels_is_not_looked_at_harder(look, pixels, monkeypatch, confidence):
    """It is looked at anew when all pixels are there."""
    seen = Region(views=(), quad=PLACE, candidates=(Candidate(number=NUMBER, confidence=confidence),), score=1.0)
    monkeypatch.setattr(Look, "_look", lambda *_: seen)
    monkeypatch.setattr(Look, "_harder", lambda *_: pytest.fail("looked at harder"))
    detection = Detection(kind="number", quad=PLACE, score=0.9)

    assert 1 == len(look(pixels=pixels, is_glance=True).at(detection))


def test_a_line_turned_round_that_says_nothing_is_read_once(look, pixels, number):
    """Turning costs one strip where it says nothing, and more only where the line was upside down."""
    upright = look(pixels=pixels)._read(number.quad, 1.0)
    upside_down = replace(upright, quad=quads.turn(upright.quad, 2))

    read = look(pixels=pixels).turned(upside_down)
    nothing = look(pixels=np.full_like(pixels, 200)).turned(upside_down)

    assert (NUMBER, "") == (read.number, nothing.number)
    assert (read.strips, nothing.strips) == (3, 1)


@pytest.mark.parametrize(
    ("texts", "candidates", "left", "is_cut"),
    [
        (0, 0, 0, False),  # nothing was read: a line near the edge is no number that ends there
        (3, 0, 0, False),
        (12, 0, 0, True),
        (12, 0, 60, False),
        (0, 1, 0, True),  # in several lines of four
        (0, 1, 130, False),
    ],
)
def test_only_what_was_read_is_cut_off(texts: int, candidates: int, left: int, is_cut: bool):
    """How far digits are apart is told by four or more of them, or by a number that stands in several lines."""
    quad = np.array([(left, 100), (left + 480, 100), (left + 480, 130), (left, 130)], np.float32)
    characters = tuple(
        Character(text="?", probability=1.0, x=15 + 30 * i, y=24, width=20, height=28) for i in range(texts)
    )
    line = Said(characters=characters)
    said = (Candidate(number="6222001234567890", confidence=0.9),)[:candidates]
    seen = Region(views=(line,), quad=quad, candidates=said, score=1.0)
    looking = Look(recognizer=None, pixels=np.zeros((200, 800, 3), np.uint8), options=Options())

    assert is_cut == looking._doubted_at_the_edge(seen).is_cut
