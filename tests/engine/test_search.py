"""Where the number may stand: lines located short are followed, what a harder look refutes is not offered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from said import Said, region, spelled

from bankcard_ocr.engine import look as looks
from bankcard_ocr.engine import search as module
from bankcard_ocr.engine.look import Look
from bankcard_ocr.engine.regions import Region, doubted_parts
from bankcard_ocr.engine.search import Search
from bankcard_ocr.engine.stacked import Stack
from bankcard_ocr.numbers import pan
from bankcard_ocr.reading import Options
from bankcard_ocr.synth import card, glyphs, render
from bankcard_ocr.synth import ink as ink_
from bankcard_ocr.synth.canvas import Canvas
from bankcard_ocr.vision import covers, locate
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.locate import Detection
from bankcard_ocr.vision.model import Model
from bankcard_ocr.vision.recognize import Character

NUMBER = "6200000000000005"  # a published test number
RED, GROUND = (235, 60, 50), (200, 210, 200)
TIGHT, TALL, WHOLE = slice(300, 356), slice(260, 396), slice(None)  # as high as a line, twice that, the picture
OTHER = "4111111111111111"  # another


class _NoRows(Stack):
    """Rows of a search that is told what stands in a line, so that none are read around it."""

    def of_rows(self, *_: object) -> None:
        return None


class _Told(Search):
    """A search that looks for no rows."""

    def _stack(self) -> Stack:
        return _NoRows(locator=None, look=self.look, cards=[])


class _Unfollowed(Look):
    """A look at a line of which a test says what stands there, so that nothing is read beside it."""

    def _followed(self, region: Region) -> Region:
        return region


class _Whole(Look):
    """A look that takes regions for what they are."""

    def to_its_ends(self, region: Region) -> Region:
        return region


def searching(pixels: np.ndarray, options: Options = Options()) -> Search:
    """A search whose models are never asked: the test says what is located and read."""
    return _Told(locator=None, look=_Unfollowed(recognizer=None, pixels=pixels, options=options))


@pytest.fixture(scope="module")
def search(look) -> Callable[..., Search]:
    """Makes a search in a picture with the shipped models."""
    locator = Model("locate")
    return lambda **picture: Search(locator=locator, look=look(**picture))


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.16, 1.0), (0.0, 0.85), (0.16, 0.85), (0.3, 1.0)])
def test_a_number_located_short_is_followed_to_its_ends(search, pixels, number, monkeypatch, start, end):
    """Digits beyond the ends of what was located are read, too, up to five on each side."""
    short = quads.part(number.quad, start, 0.0, end, 1.0)
    monkeypatch.setattr(locate, "locate", lambda *_, **__: [replace(number, quad=short)])

    read = next(search(pixels=pixels).regions())

    assert NUMBER == read.number
    assert read.confidence > 0.9


@pytest.mark.parametrize(("scale", "nats"), [(0.25, 0.0), (0.22, 2.0), (0.2, 2.0), (0.18, 3.5)])
@pytest.mark.parametrize("is_glance", [False, True])
def test_a_number_of_few_pixels_is_doubted(search, pixels, monkeypatch, scale: float, nats: float, is_glance: bool):
    """Of digits of 12, 11, 10 and 9 pixels the net is surer than it should be; at a glance there are more of them."""
    small = np.asarray(Image.fromarray(pixels).resize((round(1280 * scale), round(800 * scale)), Image.Resampling.BOX))
    doubted = next(search(pixels=small, is_glance=is_glance).regions())
    monkeypatch.setattr(looks, "SMALL", ())
    plain = next(search(pixels=small, is_glance=is_glance).regions())
    expected = plain.confidence * np.exp(-0.0 if is_glance else -nats)

    assert doubted.confidence == pytest.approx(expected / (expected + 1 - plain.confidence))


@pytest.mark.parametrize(
    ("long", "told"),
    [
        ("6200000000000000003", ["6200000000000000003"]),
        ("6200000000000005009", ["6200000000000005009"]),
        ("6200000000000005003", []),  # sixteen that pass the check, and three behind them
    ],
)
def test_a_last_group_that_was_not_located_is_not_left_out(search, monkeypatch, long: str, told: list[str]):
    """Of 19 digits set 4-4-4-4-3 the first sixteen were told where the locator saw no more, a number or not."""
    face = glyphs.Face(corner=0.17, stroke=0.145)
    ink = ink_.Ink(
        relief=True, foil=(0.88, 0.89, 0.92), cover=0.94, soft=0.1, diffuse=0.34, shine=0.3, dark=0.35, shadow=0.45
    )
    middles = np.stack([9 + 2.8 * np.arange(23), np.full(23, 31.0)], 1).astype(np.float32)
    line = card.Line(kind="number", text=pan.group(long), face=face, ink=ink, height=4.2, middles=middles)
    drawn = card.Card(seed=23, size=(card.WIDTH, card.HEIGHT), lines=(line,), chip=None, marks=())
    flat = render.flat(drawn, scale=11.0).pixels
    x, y = 11 * middles[[0, 18], 0], 11 * middles[0, 1]
    first = quads.rectangle(int(x[1] - x[0]) + 26, 50) + np.float32((x[0] - 13, y - 25))
    monkeypatch.setattr(locate, "locate", lambda *_, **__: [Detection(kind="number", quad=first, score=0.9)])

    sure = [each for each in search(pixels=flat).regions() if each.confidence > 0.5]

    assert set(told) == {each.candidates[0].number for each in sure}


@pytest.mark.parametrize(
    ("number", "cover", "believed"),
    [
        ("6200000000000000003", None, True),
        ("6200000000000000003", (235, 60, 50), False),
        ("6200000000000005009", (235, 60, 50), False),  # its first sixteen pass the check
        ("6200000000000005009", (250, 250, 250), False),
        ("6200000000000005009", (0, 0, 0), False),  # of the digits' own colour
        ("4111111111111111", None, True),  # where three more would be is nothing, on a card of one colour
        ("6200000000000005", None, True),
        ("6200000000000005", (235, 60, 50), False),  # what is under it cannot be told
    ],
)
@pytest.mark.parametrize("is_scan", [False, True])
def test_a_last_group_under_a_cover_is_not_left_out(
    search, number: str, cover: tuple[int, int, int] | None, believed: bool, is_scan: bool
):
    """Of 19 digits the first sixteen are no number: where three more would be the card looks otherwise.

    A scan is the card, though its number may be read before a card is looked for.
    """
    face = glyphs.Face(corner=0.17, stroke=0.145)
    middles = np.stack([7 + 2.8 * np.arange(23), np.full(23, 31.0)], 1).astype(np.float32)
    text = pan.group(number) if len(number) < pan.LONGEST else " ".join([number[i : i + 4] for i in range(0, 19, 4)])
    line = card.Line(
        kind="number", text=text, face=face, ink=ink_.Ink(relief=False), height=4.2, middles=middles[: len(text)]
    )
    flat = np.full((640, 1040, 3), 0.35, np.float32)
    flat[50:590, 92:948] = (0.7, 0.78, 0.7)
    shown = flat[50:590, 92:948]
    render.texts(Canvas(pixels=shown, scale=10.0), [line])
    pixels = np.asarray(np.clip(flat, 0, 1) * 255, np.uint8)
    if cover:
        left = 92 + round(10 * (middles[19, 0] + middles[20, 0]) / 2)
        pixels[330:400, left:930] = cover

    picture = {"pixels": pixels[50:590, 92:948], "options": Options(type="scan")} if is_scan else {"pixels": pixels}

    told = [each.candidates[0] for each in search(**picture).regions() if each.candidates]

    assert believed == any(each.number == number and each.confidence > 0.5 for each in told)
    assert not any(each.number != number and each.confidence > 0.5 for each in told)


@pytest.mark.parametrize(
    ("room", "start", "rows", "behind", "is_located", "believed"),
    [
        (3.4, 0.3, TIGHT, RED, True, False),  # over the last three of nineteen digits, which end near the card's edge
        (3.4, 0.3, TIGHT, (20, 20, 20), True, False),  # of the digits' own colour
        (3.4, 0.3, TIGHT, GROUND, True, True),  # nothing
        (3.4, 0.9, WHOLE, RED, True, False),  # higher than a sticker
        (6.0, 0.3, TIGHT, RED, True, False),
        (6.0, 0.9, WHOLE, RED, True, False),
        (6.0, 0.3, TIGHT, GROUND, True, True),
        (2.8, 0.3, TIGHT, RED, True, False),  # a sticker where the card ends as those of sixteen digits do
        (2.8, 0.9, TALL, RED, True, False),
        (2.8, 0.9, WHOLE, RED, True, True),  # what else is printed there may differ
        (2.8, 0.3, WHOLE, RED, True, False),  # but for what begins nearer than any card ends
        (2.8, 0.3, TIGHT, GROUND, True, True),
        (3.4, 0.3, TIGHT, RED, False, False),
        (3.4, 0.9, WHOLE, RED, False, True),  # which may be beyond the card's edge
    ],
)
def test_sixteen_digits_with_room_for_three_more_are_whole_where_nothing_covers_it(
    room: float, start: float, rows: slice, behind, is_located: bool, believed: bool
):
    """Whether there is room the card's edge tells, in pitches of digits; where nothing covers it the ground goes on.

    A sticker, which ends above and below the digits, is seen wherever that edge is located, if it is at all.
    """
    pitch = 40.0
    text = quads.rectangle(16 * pitch, 56) + np.float32([200, 300])
    pixels = np.full((800, 1280, 3), 90, np.uint8)
    right = round(200 + pitch * (16 + room))
    pixels[120:660, 160:right] = GROUND
    pixels[rows, 840 + round(pitch * start) : right] = behind
    for digit in range(16):  # ink takes a third of the line
        left = round(200 + pitch * digit) + 8
        pixels[306:350, left : left + 16] = (20, 20, 20)
    card_ = Detection(kind="card", quad=quads.rectangle(right - 160, 540) + np.float32([160, 120]), score=0.9)
    look = _Told(
        locator=None,
        look=_Whole(recognizer=None, pixels=pixels, options=Options()),
        detections=[card_] if is_located else [],
    )

    weighed = look._weighed(replace(region(NUMBER, 0.99), quad=text))

    assert believed == (weighed.confidence > 0.5)


def test_what_is_covered_in_one_framing_is_in_all_others(monkeypatch):
    """Where a line is looked at again its last digits are as little in view."""
    look = _Told(
        locator=None, look=_Whole(recognizer=None, pixels=np.zeros((800, 1280, 3), np.uint8), options=Options())
    )
    seen = iter((True, False, False))
    monkeypatch.setattr(covers, "is_covered", lambda *_: next(seen))
    numbers = (NUMBER, NUMBER, "6200000000000013")

    weighed = [
        look._weighed(replace(region(number, 0.99), quad=quads.rectangle(640, 56) + np.float32([200, 300])))
        for number in numbers
    ]

    assert [False, False, True] == [each.confidence > 0.5 for each in weighed]
    assert NUMBER not in repr(look)


def test_a_number_that_another_place_shows_as_a_part_is_doubted():
    """Whatever the other says: the longer line is there. What is proven, and begins no longer number, is believed."""
    part = spelled("620000000000000", 0.97)
    longer = spelled("62000000000000000", 0.2)
    proven, beyond = spelled(OTHER, 0.97), spelled(f"{OTHER}1", 0.2)
    sixteen, nineteen = spelled(NUMBER, 0.97), spelled(f"{NUMBER}000", 0.2)  # as UnionPay's in fours

    assert (True, 0.97) == (doubted_parts([part, longer])[0].confidence < 0.01, doubted_parts([part])[0].confidence)
    assert 0.97 == doubted_parts([proven, beyond])[0].confidence
    assert 0.01 > doubted_parts([sixteen, nineteen])[0].confidence


@pytest.mark.parametrize(
    ("before", "after", "said", "offered"),
    [
        (0.94, 0.004, NUMBER, [0.004]),
        (0.94, 0.099, NUMBER, [0.099]),
        (0.94, 0.1, NUMBER, [0.94, 0.1]),
        (0.6, 0.97, NUMBER, [0.6, 0.97]),
        (0.94, 0.3, OTHER, [0.3]),
        (0.96, None, NUMBER, [0.96]),  # sure at once
        (0.01, None, NUMBER, [0.01]),  # hopeless
    ],
)
def test_what_a_harder_look_refutes_is_not_offered(monkeypatch, before, after, said, offered):
    """A region that seemed likely and does not when looked at harder, or reads otherwise, counts as it did then."""
    monkeypatch.setattr(locate, "locate", lambda *_, **__: [Detection(kind="number", quad=PLACE, score=0.9)])
    monkeypatch.setattr(Look, "_look", lambda *_: region(NUMBER, before))
    monkeypatch.setattr(Look, "_harder", lambda *_: region(said, after))
    looking = searching(np.zeros((9, 9, 3), np.uint8)).regions()

    assert offered == [next(looking).confidence for _ in offered]


@pytest.mark.parametrize(("strips", "offered"), [(module.PATIENCE, 1), (module.PATIENCE - 1, 2)])
def test_no_other_line_is_begun_after_as_many_strips(monkeypatch, strips, offered):
    """A picture that cannot be read costs a bounded number of readings: one line more, of the picture on its head."""
    lines = [Detection(kind="number", quad=PLACE + step, score=0.9) for step in (0, 1, 2)]
    monkeypatch.setattr(locate, "locate", lambda *_, is_turned=False, **__: [] if is_turned else lines)
    monkeypatch.setattr(Look, "_look", lambda *_: region(NUMBER, 0.01, strips))
    monkeypatch.setattr(Stack, "of_short", lambda *_: None)
    looking = searching(np.zeros((9, 9, 3), np.uint8)).regions()

    assert len(list(looking)) == offered


def test_rows_are_tried_before_the_second_line(monkeypatch):
    """Lines between two rows cost what a picture may cost, and say nothing."""
    lines = [Detection(kind="number", quad=PLACE + step, score=0.9) for step in (0, 1)]
    monkeypatch.setattr(locate, "locate", lambda *_, is_turned=False, **__: [] if is_turned else lines)
    monkeypatch.setattr(Look, "_look", lambda *_: region(OTHER, 0.01, module.PATIENCE // 2))
    monkeypatch.setattr(Stack, "of_short", lambda *_: None)
    monkeypatch.setattr(_NoRows, "of_rows", lambda *_: region(NUMBER, 0.99))
    looking = searching(np.zeros((9, 9, 3), np.uint8)).regions()

    assert [OTHER, NUMBER] == [next(looking).candidates[0].number for _ in range(2)]


@pytest.mark.parametrize(("after", "first_and_second"), [(0.5, [3, 4]), (0.05, [6])])
def test_every_strip_counts(search, pixels, number, monkeypatch, after, first_and_second):
    """A line that is read twice, thrice more, and once beside what each says, costs as many strips."""
    monkeypatch.setattr(looks, "SURE", 2.0)
    monkeypatch.setattr(looks, "REFUTED", 1.5 if after < 0.1 else looks.REFUTED)
    monkeypatch.setattr(locate, "locate", lambda *_, **__: [number])
    read: list[int] = []
    lines = Look._lines
    monkeypatch.setattr(Look, "_lines", lambda self, strips: (read.append(len(strips)), lines(self, strips))[1])
    looking = search(pixels=pixels).regions()

    assert [next(looking).strips for _ in first_and_second] == first_and_second
    assert sum(read) == sum(first_and_second)


def test_a_date_does_not_count_as_digits_seen():
    """Of regions that say no number the one that shows most digits is the number's, dates left aside."""

    def seen(text: str) -> tuple[float, int]:
        characters = tuple(Character(text=c, probability=1.0, x=9, y=9, width=9, height=9) for c in text)
        line = Said(characters=characters)
        return Region(views=(line,), quad=PLACE, candidates=(), score=1.0).evidence

    assert seen("??621792?") > seen("09/33?06/2022")


PLACE = np.array([(1, 1), (8, 1), (8, 3), (1, 3)], np.float32)


@pytest.mark.parametrize(
    ("confidence", "upside_down"),
    [
        (module.UPRIGHT, []),
        (module.UPRIGHT - 0.01, [0.98]),
        (looks.PROMISING, [0.98]),
        (looks.PROMISING - 0.001, [0.999]),
    ],
)
def test_what_is_not_surely_upright_is_turned_round(monkeypatch, confidence, upside_down):
    """A best region below the threshold is read upside down once more, and doubted then where it says much as it is."""
    monkeypatch.setattr(locate, "locate", lambda *_, **__: [Detection(kind="number", quad=PLACE, score=0.9)])
    monkeypatch.setattr(Look, "_look", lambda *_: region(NUMBER, confidence))
    monkeypatch.setattr(Look, "turned", lambda *_: region(OTHER, 0.999))
    monkeypatch.setattr(Look, "_harder", lambda _search, before: before)
    found = list(searching(np.zeros((9, 9, 3), np.uint8)).regions())

    assert [one.confidence for one in found if one.number == OTHER] == pytest.approx(upside_down, abs=5e-4)


@pytest.mark.parametrize(("confidence", "upside_down"), [(0.0, 0.999), (looks.PROMISING, 0.98)])
def test_of_lines_that_are_no_number_the_fullest_is_turned_round_too(monkeypatch, confidence, upside_down):
    """The likeliest line says nothing either way; a card on its head shows most digits on another one."""
    lines = [Detection(kind="number", quad=PLACE + step, score=0.9) for step in (0, 1)]
    digits = [Character(text="4", probability=1.0, x=20.0 * i, y=24, width=12, height=20) for i in range(16)]

    def look(_search: object, quad: np.ndarray, *_: object) -> Region:
        seen = digits if quad is lines[1].quad else digits[:3]
        view = Said(characters=tuple(seen))
        return replace(region(NUMBER, confidence), quad=quad, views=(view,))

    turned: list[np.ndarray] = []
    monkeypatch.setattr(locate, "locate", lambda *_, **__: lines)
    monkeypatch.setattr(Look, "_look", look)
    monkeypatch.setattr(Stack, "of_short", lambda *_: None)
    monkeypatch.setattr(Look, "turned", lambda _, before: (turned.append(before.quad), region(OTHER, 0.999))[1])
    monkeypatch.setattr(Look, "_compared", lambda _search, before: before)
    monkeypatch.setattr(Look, "_harder", lambda _search, before: before)
    found = list(searching(np.zeros((9, 9, 3), np.uint8)).regions())

    assert [quad is line.quad for quad, line in zip(turned, lines, strict=True)] == [True, True]
    assert [one.confidence for one in found if one.number == OTHER] == pytest.approx([upside_down] * 2, abs=5e-4)


def test_a_picture_is_seen_on_its_head_before_it_is_refused(monkeypatch):
    """Even when patience has come to its end; what is found only so is doubted where no card is seen."""
    before, found = (Detection(kind="number", quad=PLACE + step, score=0.9) for step in (0, 1))
    monkeypatch.setattr(locate, "locate", lambda *_, is_turned=False, **__: [found] if is_turned else [before])
    seen = {id(before.quad): region(OTHER, 0.01, module.PATIENCE), id(found.quad): region(NUMBER, 0.99)}
    monkeypatch.setattr(Look, "_look", lambda _, quad, __: seen[id(quad)])
    _, late = searching(np.zeros((9, 9, 3), np.uint8)).regions()

    assert NUMBER == late.number
    assert 0.9 < late.confidence < 0.99


def test_a_picture_is_located_on_black_before_it_is_refused(monkeypatch):
    """What is found only when the picture lies apart is read, doubted; a scan is seen small at first."""
    ways: list[tuple[int | None, bool]] = []

    def located(*_, side=None, is_apart=False, is_turned=False, **__):
        if is_turned:
            return []
        ways.append((side, is_apart))
        return [Detection(kind="number", quad=PLACE, score=0.9)] if side or is_apart else []

    monkeypatch.setattr(locate, "locate", located)
    monkeypatch.setattr(Look, "_look", lambda *_: region(NUMBER, 0.99))
    pixels = np.zeros((9, 9, 3), np.uint8)

    (late,) = searching(pixels).regions()
    scanned, again = searching(pixels, Options(type="scan")).regions()

    assert (NUMBER, NUMBER) == (late.number, scanned.number)
    assert 0.9 < late.confidence == again.confidence < scanned.confidence == 0.99  # a last resort without any card
    assert ways == [(None, False), (None, True), (locate.FILLED, False), (None, False), (None, True)]


@pytest.mark.parametrize(
    ("turned", "expected"),
    [
        (("6250946000000016", 0.8), ("6250946000000016", 0.8)),
        (("6250946000000016", 0.49), ("9100000009460529", 0.6)),
    ],
)
def test_what_may_be_upside_down_is_read_the_other_way_up(monkeypatch, turned, expected):
    """A number that begins as few do and would begin as an issuer's when turned is turned, or else doubted."""
    monkeypatch.setattr(Look, "_read", lambda *_: region("9100000009460529", 0.97))
    monkeypatch.setattr(Look, "turned", lambda *_: region(*turned))
    monkeypatch.setattr(locate, "locate", lambda *_, **__: [Detection(kind="number", quad=PLACE, score=0.9)])
    monkeypatch.setattr(Look, "_harder", lambda _search, before: before)
    looking = searching(np.zeros((9, 9, 3), np.uint8)).regions()
    (best,) = next(looking).candidates

    assert (best.number, round(best.confidence, 1)) == expected


@pytest.mark.parametrize(("score", "confidence"), [(0.9, 0.99), (0.3, 0.9306)])  # the fainter is no card
def test_what_is_found_at_the_last_is_not_doubted_where_a_card_is_seen(monkeypatch, score: float, confidence: float):
    """With a card in view a number that only the picture on black or on its head shows is as likely as any."""
    card = Detection(kind="card", quad=np.array([(0, 0), (9, 0), (9, 6), (0, 6)], np.float32), score=score)
    number = Detection(kind="number", quad=PLACE, score=0.9)
    ways = {"is_apart": True}, {"is_turned": True}
    monkeypatch.setattr(
        locate, "locate", lambda *_, kinds, **way: [card] if "card" in kinds else [number] * (way in ways)
    )
    monkeypatch.setattr(Look, "_look", lambda *_: region(NUMBER, 0.99))
    apart, turned = searching(np.zeros((9, 9, 3), np.uint8)).regions()

    assert (apart.confidence, turned.confidence) == pytest.approx((confidence, confidence), abs=1e-4)


@pytest.mark.parametrize(
    ("number", "left", "width", "believed"),
    [
        ("6222001234567890", 60, 640, True),
        ("6222001234567890", 14, 640, False),  # half a digit's pitch from the left edge
        ("6222001234567890", 60, 560, False),  # and from the right one
        ("6222001234567890", 22, 640, True),
        ("6222001234567890", 60, 570, False),  # three digits more may have stood there
        (NUMBER, 14, 640, True),  # proven by its check digit and length
        (NUMBER, 60, 570, False),  # three digits more may have stood behind UnionPay's sixteen
        (NUMBER, 60, 590, True),
        (OTHER, 60, 570, True),  # and none behind Visa's
        ("675900000000", 14, 640, False),  # so is this, but by its check digit alone, as it is short
        ("675900000000", 60, 640, True),
    ],
)
@pytest.mark.parametrize("border", [0, 90])
def test_a_number_at_the_pictures_edge_must_be_proven(
    monkeypatch, number: str, left: int, width: int, believed: bool, border: int
):
    """More of it may have been cut off; borders of one colour, as letterboxing adds, are none of the picture."""
    left += border
    quad = np.array([(left, 100), (left + 480, 100), (left + 480, 130), (left, 130)], np.float32)
    characters = tuple(
        Character(text=char, probability=1.0, x=15 + 30 * i, y=24, width=20, height=28) for i, char in enumerate(number)
    )
    line = Said(characters=characters)
    seen = replace(region(number, 1.0), views=(line,), quad=quad)
    monkeypatch.setattr(locate, "locate", lambda *_, **__: [Detection(kind="number", quad=quad, score=0.9)])
    monkeypatch.setattr(Look, "_look", lambda *_: seen)
    monkeypatch.setattr(Look, "_compared", lambda _search, before: before)
    pixels = np.zeros((200, width + 2 * border, 3), np.uint8)
    pixels[:, border : border + width] = np.arange(100, 100 + width, dtype=np.int64)[None, :, None] % 7 * 20 + 100
    pixels[::2, border : border + width] += 20
    looking = searching(pixels).regions()

    assert believed == (next(looking).confidence > 0.9)


BLOCK = quads.rectangle(300, 300) + np.float32([250, 200])  # on a part of the card of the picture
CARD = Detection(kind="card", quad=quads.rectangle(856, 540) + np.float32([200, 130]), score=0.9)
ELSEWHERE = replace(CARD, quad=CARD.quad + np.float32([600, 0]))


def on_cards(*detections: Detection) -> Search:
    """A search that located ``detections``."""
    look = Look(recognizer=None, pixels=np.zeros((800, 1280, 3), np.uint8), options=Options())
    return Search(locator=None, look=look, detections=list(detections))


def test_a_number_on_another_card_is_weighed_as_the_first_is(monkeypatch):
    """Of one that may lack a group, or is cut off, nothing is told there either."""
    number = Detection(kind="number", quad=BLOCK, score=0.9)
    monkeypatch.setattr(Look, "at", lambda *_: [region(OTHER, 0.99)])
    monkeypatch.setattr(Search, "_weighed", lambda _, each: each.refused())
    monkeypatch.setattr(Search, "closer", lambda *_: [])

    assert [True] == [each.confidence < 0.01 for each in on_cards(CARD, number).elsewhere([])]
