"""The holder's name, read with certainty or not told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import names, spelled
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision import quality, recognize
from bankcard_ocr.vision.locate import Detection
from bankcard_ocr.vision.recognize import Character

PLACE = np.array([(100, 100), (260, 100), (260, 130), (100, 130)], np.float32)
FRAMES = np.zeros((120, 2), np.float32)


def beside(text: str, x: float, *, size: float = 1.0, y: float = 115.0, sure: float = 0.99) -> list[Character]:
    """``text`` as it stands in a picture, from ``x`` on, a character every 16 pixels."""
    places = [x + 16 * size * place for place in range(len(text))]
    return [
        Character(text=char, probability=sure, x=place, y=y, width=11 * size, height=20 * size)
        for char, place in zip(text, places, strict=True)
    ]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ([], "WANG XIAOMING"),
        (beside("GOLD", 400), "WANG XIAOMING"),  # too far away
        (beside("GOLD", 336), "WANG XIAOMING"),
        (beside("GOLD", 333, size=1.3), "WANG XIAOMING"),  # too large
        (beside("LI", 324, size=1.2), "WANG XIAOMINGLI"),
        (beside("LI", 324, size=0.83), "WANG XIAOMINGLI"),
        (beside("GOLD", 333, size=0.77), "WANG XIAOMING"),  # too small
        (beside("GOLD", 332, y=128), "WANG XIAOMING"),  # on another level
        (beside("GOLD", 333, sure=0.4), "WANG XIAOMING"),  # hardly there
        (beside("LI", 324), "WANG XIAOMINGLI"),
    ],
)
@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize(("left", "right"), [(110, 325), (110, 230), (190, 325), (175, 260)])
def test_a_name_located_short_is_followed_to_its_ends(monkeypatch, slope, others, told, left, right):
    """What stands beyond a line's ends belongs to it when it is as near, as large and as level as the line's own."""
    there = [replace(char, y=char.y + slope * (char.x - 212)) for char in beside("WANG XIAOMING", 116) + others]

    def natural(look, quad):
        assert look.model is None
        (x, top), (end, _) = quad[0], quad[1]
        scale = 480 / (end - x)
        seen = tuple(
            replace(char, x=(char.x - x) * scale, y=(char.y - top) * scale, height=char.height * scale)
            for char in there
            if x <= char.x <= end
        )
        text = "".join(char.text for char in seen)
        return Said(said=((text, 0.99),), characters=seen)

    monkeypatch.setattr(names.Letters, "read", natural)
    monkeypatch.setattr(
        recognize, "in_picture", lambda framed, outer, _: outer[0] + framed * (outer[1, 0] - outer[0, 0]) / 480
    )
    quad = np.array([(left, 105), (right, 105), (right, 125), (left, 125)], np.float32)
    found = names.name(
        [Detection(kind="holder", quad=quad, score=0.9)], np.zeros((200, 600, 3), np.uint8), None, prior=False
    )

    assert found is not None
    assert found.text == told
    assert found.probability == pytest.approx(0.99)


def set_wide(text: str, steps: list[int]) -> recognize.Line:
    """``text`` as a line whose characters, 10 wide and 30 high, are ``steps`` pixels apart."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ "
    frames = np.zeros((2 * len(text) + 1, 1 + len(alphabet)), np.float32)
    frames[::2, 0] = 1
    for place, char in enumerate(text):
        frames[2 * place + 1, [0, 1 + alphabet.index(char)]] = 0.1, 0.9
    characters = tuple(
        Character(text=char, probability=0.9, x=float(x), y=24.0, width=10.0, height=30.0)
        for char, x in zip(text, np.cumsum([20, *steps]), strict=True)
    )
    return recognize.Line(characters=characters, frames=frames, alphabet=alphabet)


@pytest.mark.parametrize(
    ("text", "steps", "told"),
    [
        ("M O N G", [20, 20, 20, 20, 20, 20], "MONG"),  # letters as far apart as what was read as spaces
        ("M ONG LI", [20, 20, 40, 40, 40, 40, 40], "MONG LI"),  # a word's space beside them stays
        ("L I M A", [20, 20, 40, 40, 20, 20], "LI MA"),
        ("MO NG", [20, 12, 12, 20], "MONG"),  # 14 pixels between letters that are 10 apart
        ("MO  NG", [20, 8, 8, 8, 20], "MONG"),
        ("MO NG", [20, 13, 13, 20], "MO NG"),
        ("LI MINGNA", [11, 11, 11, 11, 11, 11, 11, 11], "LI MINGNA"),  # set close: a narrow space is one
        ("LI MINGNA", [11, 8, 8, 11, 11, 11, 11, 11], "LI MINGNA"),
        ("LI MINGNA", [11, 6, 6, 11, 11, 11, 11, 11], "LIMINGNA"),  # but not a twentieth of their height
        ("WANG LI", [11, 11, 25, 8, 8, 11], "WANG LI"),  # one letter stands aside
        ("WANG LI", [11, 21, 21, 11, 12, 21], "WANGLI"),
        ("A B CHEN", [20, 20, 20, 20, 11, 11, 11], "A B CHEN"),  # initials
        ("A B C DE", [20, 20, 20, 20, 20, 20, 11], "A B C DE"),
        ("L I A", [20, 20, 20, 20], "L I A"),  # too few letters to tell
        ("WANG", [20, 20, 20], "WANG"),
    ],
)
def test_letters_set_wide_are_one_word(text: str, steps: list[int], told: str):
    """A space that is hardly wider than what is between the letters is none."""
    line = names._closed_up(set_wide(text, steps))

    assert (told, told) == (line.text, "".join(char.text for char in line.characters))
    assert np.allclose(line.frames.sum(1), 1)
    assert line.texts[0][1] == pytest.approx(0.9 ** len(told), rel=0.02)


@pytest.mark.parametrize("text", ["DSPK", "LI", "CCB", "DSPK VALID THRU"])
def test_one_short_word_is_not_told(monkeypatch, text: str):
    """It may be the abbreviation of a bank or a brand, however clear it is."""
    said = Said(said=((text, 0.99),), characters=tuple(beside(text, 110)))
    monkeypatch.setattr(names.Letters, "read", lambda look, quad: said)

    assert (
        names.name(
            [Detection(kind="holder", quad=PLACE, score=0.9)], np.zeros((200, 600, 3), np.uint8), None, prior=False
        )
        is None
    )


@pytest.mark.parametrize("high", [20, 30, 50])
def test_a_name_located_lower_than_its_letters_are_high_is_found(monkeypatch, high: int):
    """Letters that are cut above and below show one or two of them, which say how high the line is."""

    def read(look, quad):
        (x, top), (end, _), _, (_, bottom) = quad
        whole = bottom - top > 1.2 * 40
        shown = beside("SUN LI", 110, size=2) if whole else beside("S", 110, size=2)
        wide, tall = 480 / (end - x), recognize.HEIGHT / (bottom - top)
        seen = [replace(c, x=(c.x - x) * wide, y=(c.y - top) * tall, height=c.height * tall) for c in shown]
        return Said(said=(("".join(char.text for char in shown), 0.99),), characters=tuple(seen))

    monkeypatch.setattr(names.Letters, "read", read)
    quad = np.array(
        [(104, 115 - high / 2), (300, 115 - high / 2), (300, 115 + high / 2), (104, 115 + high / 2)], np.float32
    )
    name = names.name(
        [Detection(kind="holder", quad=quad, score=0.9)], np.zeros((200, 600, 3), np.uint8), None, prior=False
    )

    assert name is not None
    assert name.text == "SUN LI"


@pytest.mark.parametrize(("off", "found"), [(-30, False), (-17, True), (-9, True), (0, True), (9, True), (17, True)])
def test_a_name_located_too_high_or_too_low_is_found(monkeypatch, off: int, found: bool):
    """A line cut along its length shows nothing, or a few characters, which say where it is."""

    def read(look, quad):
        (x, top), (end, _), _, (_, bottom) = quad
        away = abs(115 - (top + bottom) / 2)
        shown = beside("LI WEI", 110) if away < 4 else beside("EI", 174) if away < 13 else []
        wide, high = 480 / (end - x), recognize.HEIGHT / (bottom - top)
        seen = [replace(c, x=(c.x - x) * wide, y=(c.y - top) * high, height=c.height * high) for c in shown]
        text = "".join(char.text for char in shown)
        return Said(said=((text, 0.99),), characters=tuple(seen))

    monkeypatch.setattr(names.Letters, "read", read)
    quad = np.array([(100, 105 + off), (220, 105 + off), (220, 125 + off), (100, 125 + off)], np.float32)
    text, _, _ = names.line_text(
        [Detection(kind="holder", quad=quad, score=0.9)], np.zeros((200, 400, 3), np.uint8), None, prior=False
    )

    assert ("LI WEI" if found else "") == text


@pytest.mark.parametrize(
    ("left", "text"), [(60, "TO LI WEI"), (140, "TO LI WEI"), (160, "LI WEI"), (None, "TO LI WEI")]
)
def test_what_stands_beside_the_card_is_no_part_of_a_name(monkeypatch, left: int | None, text: str):
    """As print on what it lies on, which goes on with the name; what is off by little may be on it."""
    characters = tuple(beside("TO LI WEI", 64, y=24))  # of a strip of 256 pixels for 128 of the picture, from 100 on
    line = Said(said=(("TO LI WEI", 0.99),), characters=characters, frames=FRAMES[:64])
    monkeypatch.setattr(recognize, "recognize", lambda model, strips: [line])
    quad = np.array([(100, 100), (228, 100), (228, 124), (100, 124)], np.float32)
    card = (
        None if left is None else np.array([(left, 20), (left + 160, 20), (left + 160, 120), (left, 120)], np.float32)
    )
    look = names.Letters(pixels=np.zeros((200, 400, 3), np.uint8), model=None, card=card)

    assert text == "".join(char.text for char in look.read(quad).characters).strip()


def test_a_name_s_probability_is_its_mean_over_three_framings_either_way(monkeypatch):
    """As it is and with even contrast. A text that one framing alone reads is a sixth as probable."""
    texts = ["LI WEI"] * 3 + ["LI WEI", "LI WFI"]  # framed, framed anew, beyond its ends; then twice once more
    looks = iter(texts + ["LI WO"] * 3 + ["LI WU", "LI WA"])

    high = []

    def natural(look, quad):
        high.append(quads.sides(quad)[1])
        text = next(looks)
        characters = tuple(beside(text, 150, y=24))
        return Said(said=((text, 0.9),), characters=characters)

    monkeypatch.setattr(names.Letters, "read", natural)
    text, probability, _ = names.line_text(
        [detection_of("holder")], np.zeros((200, 400, 3), np.uint8), None, prior=False
    )

    assert (text, round(probability, 3)) == ("LI WEI", 0.3)
    assert round(high[4] / high[3], 2) == 1.43  # its height and half of it above and below, after a fifth


def test_a_name_is_told_without_its_captions(monkeypatch):
    """Which were read with it."""
    says(monkeypatch, ("NAME LI WEI VALID THRU", 0.9))
    found = names.name([detection_of("holder")], np.zeros((200, 400, 3), np.uint8), None, prior=False)

    assert found is not None
    assert "LI WEI" == found.text


def test_the_line_of_the_number_is_no_name(monkeypatch):
    """Even when it reads like one."""
    says(monkeypatch, ("LI WEI", 0.9))
    line, pixels = [detection_of("number")], np.zeros((200, 400, 3), np.uint8)

    assert None is not names.name(line, pixels, None, prior=False)
    assert None is names.name(line, pixels, None, number=PLACE, prior=False)


@pytest.mark.parametrize(("at", "expected"), [(0, 0), (200, 1), (900, None)])
def test_a_line_is_bounded_by_the_card_on_which_it_lies(monkeypatch, at: int, expected: int | None):
    """Not by another; on none it is bounded by none."""
    seen: list[quads.Quad | None] = []
    monkeypatch.setattr(names.Letters, "read", lambda look, quad: seen.append(look.card) or Said(said=(("", 0.9),)))
    cards = [Detection(kind="card", quad=quads.rectangle(320, 200) + np.float32((20, y)), score=0.9) for y in (20, 220)]
    line, pixels = replace(detection_of("holder"), quad=PLACE + np.float32((0, at))), np.zeros((1200, 400, 3), np.uint8)
    names.name([line, *cards], pixels, None, prior=False)
    first = seen[0]
    names.line_text([line], pixels, None, [line, *cards], prior=False)

    assert {id(None if expected is None else cards[expected].quad)} == set(map(id, [first, *seen]))


@pytest.mark.parametrize(("long", "wide"), [(160, 256), (900, names.WIDEST), (20, 64)])
def test_a_line_is_read_in_its_own_proportions(monkeypatch, long: int, wide: int):
    """Within what the reader of names is used to: as it is, and with even contrast. One that says nothing may be so."""
    read: list[np.ndarray] = []
    nothing = Said(frames=FRAMES)
    monkeypatch.setattr(recognize, "recognize", lambda model, strips: read.extend(strips) or [nothing])
    pixels = np.random.default_rng(1).integers(0, 256, (200, 1000, 3), np.uint8)
    quad = quads.rectangle(long + 1, 31) + np.float32((20, 20))
    look = names.Letters(pixels=pixels, model=None, is_even=False, card=quads.rectangle(1000, 200))

    assert [nothing] * 2 == [look.read(quad), replace(look, is_even=True).read(quad)]
    assert [(recognize.HEIGHT, wide, 3)] * 2 == [strip.shape for strip in read]
    assert np.array_equal(read[0], recognize.strip(pixels, quad, wide))
    assert np.array_equal(read[1], recognize.evened(read[0]))


@pytest.mark.parametrize(("probability", "told"), [(names.SURE, True), (names.SURE - 0.01, False)])
def test_a_name_is_told_when_it_is_sure(monkeypatch, probability, told):
    """Less sure it is none."""
    says(monkeypatch, ("LI WEI", probability))

    assert told == (
        names.name([detection_of("holder")], np.zeros((200, 400, 3), np.uint8), None, prior=False) is not None
    )


@pytest.mark.parametrize(
    ("name", "chance", "told"),
    [
        ("LI WEI", names.SURE, True),
        ("XQZV KKJ", names.UNUSUAL - 0.01, False),  # as no name is spelled
        ("XQZV KKJ", names.UNUSUAL + 0.01, True),
        ("WANGWEI", names.UNUSUAL - 0.01, False),  # one word, as brands are
        ("WANGWEI", names.UNUSUAL + 0.01, True),
        ("WANG/WEI", names.SURE, True),
    ],
)
def test_what_is_unlike_names_is_told_when_it_is_surer(monkeypatch, name: str, chance: float, told: bool):
    """Where it does not matter what names are like, it is not asked for."""
    says(monkeypatch, (name, chance))
    monkeypatch.setattr(spelled, "texts", lambda line: line.texts)
    lines, blank = [detection_of("holder")], np.zeros((200, 400, 3), np.uint8)

    assert told == (names.name(lines, blank, None) is not None)
    assert names.name(lines, blank, None, prior=False) is not None


@pytest.mark.parametrize("prior", [True, False])
def test_how_names_are_spelled_counts_where_asked_for(monkeypatch, prior: bool):
    """The reader of names says what it sees."""
    says(monkeypatch, ("ZHAMG LI", 0.99))
    monkeypatch.setattr(spelled, "texts", lambda line: (("ZHANG LI", 0.98),))
    found = names.name([detection_of("holder")], np.zeros((200, 400, 3), np.uint8), None, prior=prior)
    text, _, _ = names.line_text([detection_of("holder")], np.zeros((200, 400, 3), np.uint8), None, prior=prior)

    assert found is not None
    assert found.text == text == ("ZHANG LI" if prior else "ZHAMG LI")


@pytest.mark.parametrize(("plain", "even", "told"), [(0.7, 0.5, True), (0.68, 0.5, False), (0.5, 0.7, True)])
def test_a_name_is_read_as_it_is_and_with_even_contrast(monkeypatch, plain: float, even: float, told: bool):
    """And told when it is sure in the mean."""

    def natural(look, quad):
        said = ("LI WEI", even if look.is_even else plain), ("LI WFI", 0.3)
        return Said(said=said, characters=tuple(beside("LI WEI", 150, y=24)))

    monkeypatch.setattr(names.Letters, "read", natural)
    pixels = np.zeros((200, 400, 3), np.uint8)
    found = names.name([detection_of("holder")], pixels, None, prior=False)
    text, probability, _ = names.line_text([detection_of("holder")], pixels, None, prior=False)

    assert (text, probability) == ("LI WEI", pytest.approx((plain + even) / 2))
    assert (found is not None) == told
    assert found is None or found.probability == probability


@pytest.mark.parametrize(("covered", "told"), [(0.6, True), (0.61, False)])
def test_a_name_beside_which_a_finger_lies_is_not_told(monkeypatch, covered: float, told: bool):
    """Within a letter and a half; nor with even contrast, nor located anew, where it may seem to lie elsewhere."""
    says(monkeypatch, ("LI WEI", 0.9))
    looked: list[float] = []
    seen = iter([covered, 0.0])
    monkeypatch.setattr(quality, "hand_beside", lambda pixels, quad, far: looked.append(far) or next(seen))
    holder, pixels = [detection_of("holder")], np.zeros((200, 400, 3), np.uint8)

    assert told == (names.name(holder, pixels, None, closest=lambda: holder, prior=False) is not None)
    assert [1.5 / 6] == looked


def test_lines_are_located_anew_where_none_is_a_name(monkeypatch):
    """On the cards that were located, and only where no line tells a name."""
    pixels, card = np.zeros((200, 400, 3), np.uint8), replace(detection_of("card"), quad=quads.grow(PLACE, 0.1, 2.0))
    beyond = replace(detection_of("holder"), quad=PLACE + 500)
    number, asked = PLACE + np.float32((0, 40)), list[str]()

    def closest(*located: Detection):
        return lambda: asked.append("closest") or located

    says(monkeypatch, ("LI WEI", 0.9))
    holder = detection_of("holder")
    told = [
        names.name([card, *first], pixels, None, closest=closest(*second), number=number, prior=False)
        for first, second in (((holder,), ()), ((), (holder,)), ((), (beyond,)), ((), ()))
    ]

    assert ["LI WEI", "LI WEI", None, None] == [found and found.text for found in told]
    assert 3 * ["closest"] == asked


@pytest.mark.parametrize("quarters", range(4))
def test_a_name_may_have_been_located_as_a_number(quarters: int):
    """Where most cards have theirs. The line on which the number was read is none, whichever way it runs."""
    above, number = detection_of("number"), Detection(kind="number", quad=PLACE + np.float32((0, 60)), score=0.95)
    coarse = replace(number, quad=number.quad + np.float32((30, 4)))
    long = replace(number, quad=quads.part(number.quad, 0.0, 0.0, 2.5, 1.0), score=0.94)
    holder, other = replace(detection_of("holder"), score=0.3, quad=PLACE + 90), detection_of("expiry")
    turn = np.linalg.matrix_power(np.array([(0, 1), (-1, 0)], np.float32), quarters)
    seen = [replace(each, quad=each.quad @ turn) for each in (number, coarse, long, holder, above, other)]
    number, coarse, long, holder, above, _ = seen

    assert [[above], [holder]] == names.may_be_names(seen, number=number.quad)
    assert [[number, coarse, long], [above], [holder]] == names.may_be_names(seen)


@pytest.mark.parametrize(("kind", "told"), [("number", False), ("holder", True)])
def test_digits_spelled_as_letters_are_no_name(monkeypatch, kind: str, told: bool):
    """A line that was located as a number's is one, when nearly all of its letters look like digits."""
    says(monkeypatch, ("BOBI LIZ", 0.99))

    assert told == (names.name([detection_of(kind)], np.zeros((200, 400, 3), np.uint8), None, prior=False) is not None)


@pytest.mark.parametrize(
    ("texts", "readings"),
    [
        ((("VALID THRU", 0.81), ("LI WEI", 0.19)), 1),  # hardly a name
        ((("VALID THRU", 0.79), ("LI WEI", 0.21)), 4),  # 2.84 of six at most, and 3.6 are sure
        ((("LI WEI", 0.39), ("LI WFI", 0.01)), 4),
        ((("LI WEI", 0.41), ("LI WFI", 0.01)), 5),
        ((("LI WEI", 0.51), ("LI WFI", 0.01)), 5),
        ((("LI WEI", 0.53), ("LI WFI", 0.01)), 6),
        ((("VALID THRU", 0.5), ("VAL1D THRU", 0.39)), 4),  # what is not listed may be 0.39
        ((("VALID THRU", 0.5), ("VAL1D THRU", 0.41)), 5),
    ],
)
def test_a_line_that_can_be_no_name_is_not_read_on(monkeypatch, texts, readings: int):
    """However surely what is left would say one."""
    counted: list[int] = []
    says(monkeypatch, *texts)
    given = names._readings
    monkeypatch.setattr(names, "_readings", lambda *of: (counted.append(each[-1]) or each for each in given(*of)))
    names.name([detection_of("holder")], np.zeros((200, 400, 3), np.uint8), None, prior=False)

    assert [5, 4, 3, 2, 1, 0][:readings] == counted


@pytest.mark.parametrize(
    ("turned", "looks"),
    [(0, 2), (10, 2), (19, 2), (170, 2), (21, 1), (90, 1)],
)
def test_a_line_is_read_as_it_is_located_and_as_the_number_lies(monkeypatch, turned: float, looks: int):
    """Whichever way up it is located. One that lies another way is read as it is located, twice."""
    read = says(monkeypatch, ("LI WEI", 0.9))
    line, number = detection_of("holder"), quads.along(PLACE, slanting(turned), most=180) + np.float32((0, 60))
    found = names.name([line], np.zeros((200, 400, 3), np.uint8), None, number=number, prior=False)

    assert found is not None
    assert found.probability == pytest.approx(0.9)
    first, second = read[0], read[len(read) // 4]
    assert np.allclose(first, quads.grow(line.quad, 0.03, 0.3))
    other = second if looks == 1 else quads.grow(quads.along(line.quad, number, most=180), 0.03, 0.3)
    assert np.allclose(second, other, atol=0.01)
    assert np.allclose(first, second) == (turned in {0, 21, 90})


def test_what_two_starts_say_is_the_mean(monkeypatch):
    """And the name stands where it was the likeliest first."""
    number = PLACE + np.float32((0, 60))
    line = replace(detection_of("holder"), quad=quads.along(PLACE, slanting(8), most=180))

    def natural(look, quad):
        (x, y), (end, there) = quads.ends(quad)
        level = abs(there - y) < 0.05 * abs(end - x)
        said = (("LI WEI", 0.9), ("LI WFI", 0.1)) if level else (("LI WFI", 0.4), ("LI WEI", 0.65))
        return Said(said=said, characters=tuple(beside("LI WEI", 150, y=24)))

    monkeypatch.setattr(names.Letters, "read", natural)
    text, probability, quad = names.line_text(
        [line], np.zeros((200, 400, 3), np.uint8), None, number=number, prior=False
    )

    assert (text, probability) == ("LI WEI", pytest.approx((0.9 + 0.65) / 2))
    (_, y), (_, there) = quads.ends(quad)
    assert abs(there - y) < 1


def slanting(degrees: float) -> quads.Quad:
    """A quad of unit length that is read so many degrees from the horizontal, clockwise."""
    along = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    across = np.array([-along[1], along[0]])
    return np.float32([along * 0, along, along + across, across])


@pytest.mark.parametrize(("off", "told"), [(0, True), (95, True), (125, False)])
def test_a_name_stands_on_the_card_of_the_number(off: float, told: bool):
    """Where that card is in view; 120 pixels below the line it ends."""
    number = PLACE + np.float32((0, -60))
    card = Detection(kind="card", quad=np.float32([(50, 0), (390, 0), (390, 235), (50, 235)]), score=0.9)
    line = replace(detection_of("holder"), quad=PLACE + np.float32((0, off)))

    assert [[line]] * told == names.may_be_names([line, card], number=number)
    assert [[line]] == names.may_be_names([line], number=number)
    assert [[line]] == names.may_be_names([line, replace(card, quad=card.quad + 2000)], number=number)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (PLACE, True),
        (PLACE + np.float32((79, 0)), True),
        (PLACE + np.float32((81, 0)), False),
        (PLACE + np.float32((0, 14)), True),
        (PLACE + np.float32((0, 16)), False),
        (quads.part(PLACE, 0.0, 0.0, 0.3, 1.0), True),  # the beginning of it
        (quads.turn(PLACE, 2), False),  # on its head
    ],
)
def test_a_line_may_be_located_twice(other: quads.Quad, is_same: bool):
    """As on the picture and on the card cut out."""
    first, second = detection_of("holder"), Detection(kind="holder", quad=other, score=0.5)

    assert ([[first, second]] if is_same else [[first], [second]]) == names.may_be_names([second, first])


def test_a_line_located_twice_is_read_from_both_places(monkeypatch):
    """And from the second as the number lies."""
    read = says(monkeypatch, ("LI WEI", 0.9))
    first = detection_of("holder")
    second = replace(first, quad=quads.along(PLACE + 5, slanting(8), most=180), score=0.5)
    third = replace(first, quad=PLACE + 9, score=0.4)
    names.line_text([first, second, third], np.zeros((200, 400, 3), np.uint8), None, number=PLACE + 60, prior=False)
    starts = read[:: len(read) // 4]

    for start, place in zip(starts, [PLACE, PLACE + 5] * 2, strict=True):
        assert np.allclose(start, quads.grow(place, 0.03, 0.3), atol=0.01)


def test_the_surest_of_several_names_is_told(monkeypatch):
    """Wherever it stands among the lines that may be names."""
    chances = {0.9: 0.8, 0.8: 0.95, 0.7: 0.85}  # of lines located so surely

    def read(detection):
        name = f"LI W{'EIX'[int(10 * detection.score) - 7]}"
        line = Said(said=((name, chances[detection.score]),))
        return line, detection.quad

    monkeypatch.setattr(names, "_followed", lambda quad, _: read(next(t for t in detections if t.quad is quad)))
    detections = [
        replace(detection_of("holder"), score=score, quad=PLACE + np.float32((0, 400 * score))) for score in chances
    ]
    found = names.name(detections, np.zeros((600, 400, 3), np.uint8), None, prior=False)

    assert found is not None
    assert ("LI WI", 0.95) == (found.text, found.probability)


def says(monkeypatch, *texts: tuple[str, float]) -> list[object]:
    """Lets every line say ``texts``, spelled as the first is; what is read is put on the list that is returned."""
    read: list[object] = []

    def natural(look, quad):
        read.append(quad)
        characters = tuple(beside(texts[0][0], 150, y=24))
        return Said(said=texts, characters=characters)

    monkeypatch.setattr(names.Letters, "read", natural)
    return read


def detection_of(kind: str) -> Detection:
    """A detection at the usual place."""
    return Detection(kind=kind, quad=PLACE, score=0.9)
