"""The digits printed small below a raised number bear witness to its first four, and nothing else does."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from said import Said

from bankcard_ocr.engine import judge, look, prefix
from bankcard_ocr.engine.look import Look
from bankcard_ocr.engine.prefix import Prefix
from bankcard_ocr.engine.regions import Region
from bankcard_ocr.reading import Candidate, Options
from bankcard_ocr.synth import card, glyphs, render
from bankcard_ocr.synth.canvas import Canvas
from bankcard_ocr.synth.ink import Ink
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.model import Model
from bankcard_ocr.vision.recognize import Character, Line

NUMBER = "6200000000000005"  # a published test number
MISREAD = "6280" + NUMBER[4:]
SHOWN = "6200 0000 0000 0005"
fours = st.text("0123456789", min_size=4, max_size=4)
chances = st.dictionaries(fours, st.floats(1e-9, 0.2), min_size=1, max_size=5)


def said(*texts: tuple[str, float]) -> Line:
    """A line that says ``texts``."""
    return Said(said=texts)


@given(chances, st.text("0123456789?", max_size=19))
def test_no_print_makes_anything_certain_or_impossible(found, text):
    """Agreement is a probability, whatever is compared."""
    nats = Prefix(chances=found).nats(text)

    assert math.log(prefix.OTHERWISE) <= nats <= math.log(1.2)
    assert math.log(prefix.OTHERWISE) <= Prefix(chances=found).unlisted(text) <= math.log(1.2)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        (NUMBER, -0.1, 0.0),
        ("62?0" + NUMBER[4:], -0.1, 0.0),  # what is hidden may agree
        (MISREAD, -7.0, -5.0),  # one digit of the print may be misread
        ("1234" + NUMBER[4:], -10.0, -9.0),
        ("620", -7.0, -5.0),
    ],
)
def test_a_number_that_begins_otherwise_is_less_likely(text, least, most):
    """The more digits differ, the less; a print that was read less surely says less."""
    sure = Prefix(chances={"6200": 0.98})
    unsure = Prefix(chances={"6200": 0.6})

    assert least < sure.nats(text) < most
    assert abs(unsure.nats(NUMBER) - unsure.nats(text)) <= abs(sure.nats(NUMBER) - sure.nats(text))


def test_a_digit_misread_at_the_beginning_is_noticed():
    """What looks surely like one number and is printed like another is the other, or refused."""
    view = said((MISREAD, 0.97), (NUMBER, 0.02))
    before = judge.ranked([view], prior=False)
    after = judge.ranked([view], prior=False, printed=Prefix(chances={"6200": 0.98}))

    assert [before[0].number, after[0].number] == [MISREAD, NUMBER]
    assert before[0].confidence > 0.95
    assert after[0].confidence < 0.95


def test_what_begins_unlike_all_that_was_read_is_no_witness():
    """A designer's 0123, a date or a branch's number below the digits changes nothing."""
    view = said((NUMBER, 0.95), (MISREAD, 0.02))
    other = Prefix(chances={"1234": 0.99})

    assert judge.ranked([view], printed=other)[0].confidence == pytest.approx(judge.ranked([view])[0].confidence)


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        ([said(("6200", prefix.CLEAR))], {"6200": prefix.CLEAR}),
        ([said(("6200", prefix.CLEAR - 0.01))], None),
        ([said(("620", 0.9)), said(("62000", 0.9)), said(("62/0", 0.9)), said()], None),
        ([said(("6200", 0.9), ("6208", 0.1)), said(("6208", 0.7), ("628", 0.3))], {"6200": 0.45, "6208": 0.4}),
    ],
)
def test_only_four_digits_read_clearly_count(lines, read):
    """The mean of the looks that say four digits."""
    found = prefix.read(lines)

    assert (found and found.chances) == (pytest.approx(read) if read else None)


@pytest.fixture(scope="module")
def recognizer() -> Model:
    return Model("recognize")


def drawn(printed: str) -> tuple[quads.Image, quads.Quad]:
    """A card of one colour with SHOWN and ``printed`` small below it, and where the number is."""
    rng = np.random.default_rng(3)
    style = card.Style(relief=False, face=glyphs.Face(), ink=Ink(relief=False))
    number = card.set_line(rng, "number", SHOWN, style, height=4.3, left=6, middle=30)
    lines = [number]
    if printed:
        lines.append(card.set_line(rng, "other", printed, style, height=2.1, left=5.5, middle=34.6))
    picture = np.full((540, 856, 3), 0.7, np.float32)
    found = render.texts(Canvas(pixels=picture, scale=10.0), lines)
    return np.asarray(np.clip(picture, 0, 1) * 255, np.uint8), found[0].quad


def looked(recognizer: Model, pixels: quads.Image, quad: quads.Quad, confidence: float) -> tuple[Region, Region]:
    """The region of the number as if it were read with ``confidence``, and the same compared with what is below it."""
    looking = Look(recognizer=recognizer, pixels=pixels, options=Options())
    region = looking._look(quad, 0.9)
    assert NUMBER == region.number
    doubted = replace(region, candidates=(Candidate(number=NUMBER, confidence=confidence),))
    return doubted, looking._compared(doubted)


@pytest.mark.parametrize(("printed", "times"), [("6200", 1.1), ("6208", 1000.0), ("0123", 1.1)])
def test_print_is_read_where_it_stands(recognizer, printed, times):
    """A number is doubted many times more when a digit of the print differs, and no more when it agrees."""
    pixels, quad = drawn(printed)
    region = Look(recognizer=recognizer, pixels=pixels, options=Options())._look(quad, 0.9)
    _, after = looked(recognizer, pixels, quad, 0.98)

    assert NUMBER == after.number
    doubt = (1 - after.confidence) / (1 - region.confidence)
    assert times / 100 < doubt < times


@pytest.mark.parametrize(
    ("confidence", "compared"),
    [(look.CERTAIN, 0), (look.CERTAIN - 0.01, 1), (look.PROMISING, 1), (look.PROMISING - 0.001, 0)],
)
def test_what_is_certain_or_hopeless_is_not_compared(recognizer, monkeypatch, confidence, compared):
    """Nothing is read for it then; where nothing is printed, nothing changes."""
    pixels, quad = drawn("")
    read: list[int] = []
    there = prefix.read
    monkeypatch.setattr(prefix, "read", lambda lines: (read.append(len(lines)), there(lines))[1])
    before, after = looked(recognizer, pixels, quad, confidence)

    assert read == [len(prefix.LEVELS)] * compared
    assert after == before


def test_print_below_a_leaning_line_is_looked_for_along_it():
    """The looks follow the line's slope; each is three quarters of the digits' height tall."""
    characters = tuple(
        Character(text="6", probability=1.0, x=40 + 24.0 * i, y=10 + 2.4 * i, width=14, height=20) for i in range(16)
    )
    looks = prefix.looks(Said(characters=characters))

    assert len(looks) == len(prefix.LEVELS)
    for level, place in zip(prefix.LEVELS, looks, strict=True):
        left, top = place[0].tolist()
        assert left == pytest.approx(40 - 0.7 * 24)
        assert top == pytest.approx(10 - 0.7 * 2.4 + (level - prefix.TALL / 2) * 20)
        assert (place[1] - place[0])[1] == pytest.approx(2.6 * 2.4, abs=1e-4)
