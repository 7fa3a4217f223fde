"""The whole way with the weights that ship: pictures in, numbers out or refusals."""

from __future__ import annotations

import dataclasses
import gc
import io
import pickle
import re
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from bankcard_ocr.engine import evidence, together, verdicts
from bankcard_ocr.engine.look import Look
from bankcard_ocr.engine.search import Search
from bankcard_ocr.errors import CardsDiffer, NoCardFound, NotAPicture, NumberUnreadable, PictureTooLarge, Refused
from bankcard_ocr.numbers import pan
from bankcard_ocr.reader import Reader, _looked, _measures, _returned
from bankcard_ocr.reading import Candidate, Options, Seen
from bankcard_ocr.synth import card, glyphs, render
from bankcard_ocr.synth import ink as ink_
from bankcard_ocr.synth.canvas import Canvas
from bankcard_ocr.vision import image, locate, quality, recognize
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.image import MAX_BYTES, MAX_PIXELS

NUMBER = "6200000000000005"  # a published test number
OTHER = "4111111111111111"  # another
SAMPLE = resources.files("bankcard_ocr.server").joinpath("sample.jpg").read_bytes()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(SAMPLE)).convert("RGB"))


@pytest.fixture(scope="module")
def other_card() -> bytes:
    """The sample with another number of the published ranges, on art of other colours."""
    face = glyphs.Face(corner=0.17, stroke=0.145)
    ink = ink_.Ink(
        relief=True, foil=(0.88, 0.89, 0.92), cover=0.94, soft=0.1, diffuse=0.34, shine=0.3, dark=0.35, shadow=0.45
    )
    middles = np.stack([9 + card.PITCH * np.arange(19), np.full(19, 31.0)], 1).astype(np.float32)
    text = pan.group(OTHER)
    line = card.Line(kind="number", text=text, face=face, ink=ink, height=4.2, middles=middles)
    drawn = card.Card(seed=23, size=(card.WIDTH, card.HEIGHT), lines=(line,), chip=None, marks=())
    flat = render.flat(drawn, scale=11.0)
    ground = np.full((800, 1280, 3), 120, np.uint8)
    ground[100 : 100 + flat.pixels.shape[0], 150 : 150 + flat.pixels.shape[1]] = flat.pixels
    return jpeg(ground)


def jpeg(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]))[1].tobytes()


@pytest.mark.parametrize("number", ["4111111111111111", "6200000000000005", "3530111333300000", "6011000990139424"])
def test_a_number_in_four_rows_is_read(reader, number: str):
    """As it stands on many upright cards; all of them are published test numbers."""
    picture = np.full((1100, 1100, 3), 150, np.uint8)
    picture[120:980, 280:820] = (40, 60, 110)
    for row in range(4):
        digits, place = number[4 * row : 4 * row + 4], (330, 465 + 87 * row)
        cv2.putText(picture, digits, place, cv2.FONT_HERSHEY_SIMPLEX, 2.0, (245, 245, 245), 4, cv2.LINE_AA)

    assert number == reader.read_pixels(picture).number


@pytest.mark.parametrize("digits", ["4111111111111112", "4111111111111111" + "1234", "41111111111"])
def test_rows_that_make_no_proven_number_tell_none(reader, digits: str):
    """The check digit fails, the list goes on, or there are too few."""
    picture = np.full((1100, 1100, 3), 150, np.uint8)
    picture[120:980, 280:820] = (40, 60, 110)
    for row in range(0, len(digits), 4):
        place = (330, 465 + 87 * row // 4)
        cv2.putText(
            picture, digits[row : row + 4], place, cv2.FONT_HERSHEY_SIMPLEX, 2.0, (245, 245, 245), 4, cv2.LINE_AA
        )

    with pytest.raises(Refused):
        reader.read_pixels(picture)


@pytest.mark.parametrize("cover", [(230, 60, 50), (245, 245, 245)])
@pytest.mark.parametrize("digits", [4, 8])
def test_the_first_rows_of_nineteen_digits_are_no_number(reader, digits: int, cover: tuple[int, int, int]):
    """Where the last three may be is a sticker, be it of the digits' colour: one in ten of such sixteen is proven."""
    picture = np.full((1100, 1100, 3), 150, np.uint8)
    picture[120:980, 200:900] = (40, 60, 110)
    text, size = "6200000000000005", 2.0 if digits == 4 else 1.6
    for row in range(16 // digits):
        place, shown = (270, 465 + 87 * row), text[digits * row : digits * row + digits]
        cv2.putText(picture, shown, place, cv2.FONT_HERSHEY_SIMPLEX, size, (245, 245, 245), 4, cv2.LINE_AA)
    whole = reader.read_pixels(picture).number
    below = 465 + 87 * (16 // digits)
    picture[below - 58 : below + 12, 262 : 262 + 150] = cover

    assert text == whole
    with pytest.raises(Refused):
        reader.read_pixels(picture)


def test_a_picture_that_is_the_card_is_cut_out_whole(reader, pixels, monkeypatch):
    """Where no card was located, by its sides and its line; not one whose sides are no card's."""
    corners = np.array(reader.read(SAMPLE).card_quad, np.float32)
    cut = quads.rectify(pixels, corners, 856, 540)
    located = locate.locate
    monkeypatch.setattr(
        locate, "locate", lambda *args, **options: [one for one in located(*args, **options) if one.kind != "card"]
    )
    options = Options(returns=frozenset({"card", "redacted"}))
    whole, square = (reader.read_pixels(each, options) for each in (cut, np.vstack([cut, cut[:200]])))

    assert ({"card", "redacted"}, {}) == (set(whole.pictures), square.pictures)


def test_the_sample_card_is_read(reader):
    """The card that ships is read, with its number first among the candidates."""
    reading = reader.read(SAMPLE)

    assert (NUMBER, NUMBER) == (reading.number, reading.candidates[0].number)
    assert reading.confidence >= 0.9


class Coming:
    """What an upload's ``read`` of asynchronous frameworks returns."""

    def __await__(self) -> Iterator[None]:
        yield


@pytest.mark.parametrize(
    ("picture", "advice"),
    [
        ("card.jpg", r"bankcard_ocr\.read\(path\) opens a file"),
        (Path("card.jpg"), r"bankcard_ocr\.read\(path\) opens a file"),
        (None, r"bankcard_ocr\.read\(path\) opens a file"),
        ("/9j/4AAQSkZJRgAB", r"bankcard_ocr\.read\(path\) opens a file, base64 is decoded first"),
        (Coming(), "await it"),
        (io.BytesIO(SAMPLE), r"give what its read\(\) returns"),
        (np.zeros((9, 9, 3), np.uint8), r"Reader\.read_pixels reads numpy\.asarray of it"),
        (Image.new("RGB", (9, 9)), r"Reader\.read_pixels reads numpy\.asarray of it"),
    ],
)
def test_what_is_not_bytes_is_no_picture(reader, picture, advice: str):
    """It is a TypeError that says what reads it, alone and among several."""
    with pytest.raises(TypeError, match=rf"as its bytes, not \w+; {advice}"):
        reader.read(picture)
    with pytest.raises(TypeError, match="as its bytes"):
        reader.read_many([SAMPLE, picture])


@pytest.mark.parametrize("pictures", ["card.jpg", SAMPLE])
def test_one_picture_is_no_list_of_them(reader, pictures):
    """A text or the bytes of one picture is not taken for a sequence of eight."""
    with pytest.raises(TypeError, match="read_many takes a list of pictures"):
        reader.read_many(pictures)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_may_be_any_buffer(reader, kind):
    """A buffer that was filled from a socket is as good as bytes."""
    assert NUMBER == reader.read(kind(SAMPLE)).number


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_picture_is_read(reader, pixels, quarters):
    """A picture turned by quarters gives the same number."""
    assert NUMBER == reader.read(jpeg(np.rot90(pixels, quarters))).number


def test_a_tilted_picture_is_read(reader, pixels):
    """A card lying at fifteen degrees gives the same number."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 15, 0.8)
    tilted = cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)

    assert NUMBER == reader.read(jpeg(tilted)).number


def test_a_cut_out_card_is_read_as_scan_and_as_photo(reader, pixels):
    """A picture that is the card gives its number, whichever type is named."""
    corners = np.array(reader.read(SAMPLE).card_quad, np.float32)
    cut = jpeg(quads.rectify(pixels, quads.grow(corners, 0.02, 0.03), 856, 540))

    assert (NUMBER, NUMBER) == (reader.read(cut, Options(type="scan")).number, reader.read(cut).number)


def test_a_scan_is_located_in_a_smaller_picture(reader, pixels, monkeypatch):
    """What fills the picture needs fewer pixels to be found; where that fails, the way is that of a photograph."""
    sides = []
    find = locate.locate
    monkeypatch.setattr(locate, "locate", lambda *a, **k: sides.append(k.get("side")) or find(*a, **k))
    cut = jpeg(pixels[60:-60, 120:-120])
    scanned = reader.read(cut, Options(type="scan"))
    turned = reader.read(jpeg(np.rot90(pixels, 2)), Options(type="scan"))

    assert (NUMBER, NUMBER) == (scanned.number, turned.number)
    assert [224] == sides[:1]
    assert set(sides) <= {224, None}


@pytest.fixture
def looks(monkeypatch) -> list[Look]:
    """The looks at pictures that are taken."""
    taken: list[Look] = []

    def look(**given: object) -> Look:
        taken.append(Look(**given))
        return taken[-1]

    monkeypatch.setattr("bankcard_ocr.reader.Look", look)
    return taken


def test_a_line_is_read_again_where_more_is_asked_for(reader, looks):
    """Of one picture alone a number that is certain will do; of several, or with what stands beside it, not."""
    reader.read(SAMPLE)
    reader.read_many([SAMPLE])
    reader.read(SAMPLE, Options(detail=True))
    reader.read(SAMPLE, Options(returns=frozenset({"number"})))

    assert [True, False, False, False] == [look.is_brief for look in looks]


@pytest.mark.parametrize(
    ("side", "covered", "kind", "options", "reduced"),
    [
        (3200, False, ".jpg", Options(), [4]),  # sure at a glance
        (3200, True, ".jpg", Options(), [4, 2]),  # in vain, and again
        (1600, True, ".jpg", Options(), [2, 1]),
        (1280, True, ".jpg", Options(), [2, 1]),
        (1278, True, ".jpg", Options(), [1]),  # half of it would be too small
        (3200, True, ".jpg", Options(detail=True), [2]),  # details are told of all that there is
        (3200, True, ".png", Options(), [2]),  # smaller is no faster to decode
    ],
)
def test_a_large_picture_is_glanced_at_first(reader, pixels, monkeypatch, looks, side, covered, kind, options, reduced):
    """As few pixels as will do are decoded, and more only where the number has too few of them; these are no glance."""
    decoded: list[int] = []

    def decode(*args, **keywords):
        picture = image.decode(*args, **keywords)
        decoded.append(picture.reduced)
        return picture

    monkeypatch.setattr("bankcard_ocr.reader.image", SimpleNamespace(**{**vars(image), "decode": decode}))
    small = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)  # its line is short of a strip
    ground = np.full((2 * small.shape[0], 2 * small.shape[1], 3), 120, np.uint8)
    ground[: small.shape[0], : small.shape[1]] = small
    if covered:
        quad = np.array(reader.read(jpeg(ground)).digit_quads[5])
        cv2.fillPoly(ground, [(quad + (quad - quad.mean(0)) * 0.5).astype(np.int32)], (40, 40, 40))
        decoded.clear()
        looks.clear()
    whole = cv2.resize(ground, (side, side * ground.shape[0] // ground.shape[1]))
    data = cv2.imencode(kind, whole[:, :, ::-1])[1].tobytes()
    try:
        number = reader.read(data, options).number
    except NumberUnreadable:
        number = None

    is_quick = kind == ".jpg" and options == Options() and side >= 1280
    assert ((None if covered else NUMBER), reduced) == (number, decoded)
    assert [is_quick, False][: len(reduced)] == [look.is_glance for look in looks]


@pytest.mark.parametrize(
    ("is_small", "confidence", "threshold", "reduced"),
    [
        (True, 0.991, None, [2]),  # a line of few pixels
        (True, 0.989, None, [2, 1]),
        (True, 0.5, None, [2, 1]),
        (False, 0.991, None, [2]),  # of many
        (False, 0.989, None, [2, 1]),  # would be told
        (False, 0.84, None, [2]),  # more pixels would not make it readable
        (False, 0.84, 0.8, [2, 1]),  # would be told, as less is asked for
        (False, 0.5, 0.4, [2, 1]),
        (False, 0.995, 0.994, [2]),
        (False, 0.995, 0.996, [2, 1]),
    ],
)
def test_a_glance_must_be_certain(reader, pixels, monkeypatch, is_small, confidence, threshold, reduced):
    """What a glance says stands from 0.99 on, or from what is asked for; else the whole picture is looked at."""
    seen = []

    def regions(search):
        seen.append(round(1280 / search.look.pixels.shape[1]))
        line = next(detection for detection in search._located(("number",)))
        region = search.look._read(line.quad, 1.0)
        yield dataclasses.replace(region, candidates=(Candidate(number=NUMBER, confidence=confidence),))

    monkeypatch.setattr(Search, "regions", regions)
    ground = pixels[60:-60, 120:-120]  # the card, whose line has more pixels than a strip then
    if is_small:
        card = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        ground = np.full(pixels.shape, 120, np.uint8)
        ground[: card.shape[0], : card.shape[1]] = card
    whole = cv2.resize(ground, (1280, 1280 * ground.shape[0] // ground.shape[1]))
    try:
        reader.read(jpeg(whole), Options(threshold=threshold))
    except NumberUnreadable:
        assert confidence < (0.85 if threshold is None else threshold)

    assert reduced == seen


@pytest.mark.parametrize(
    ("is_glance", "confidences", "lacks", "is_located", "seen", "is_clear"),
    [
        (True, [0.99], False, True, 1, True),
        (True, [0.98, 0.99], False, True, 1, False),  # more pixels may tell another
        (True, [0.3, 0.99], False, True, 2, True),
        (True, [0.3, 0.99], True, True, 1, False),
        (True, [0.3, 0.2], False, True, 2, True),
        (True, [], False, True, 0, False),
        (True, [], False, False, 0, True),  # what has no card far off has none
        (False, [0.3, 0.9, 0.95, 0.99], False, True, 3, True),
        (False, [0.9, 0.3], False, True, 2, True),
    ],
)
def test_regions_are_looked_at_until_one_is_sure(
    is_glance: bool, confidences: list[float], lacks: bool, is_located: bool, seen: int, is_clear: bool
):
    """Those before it stay: one may show that its number is a part of a longer one."""
    regions = [
        SimpleNamespace(confidence=sure, candidates=(Candidate(number=NUMBER, confidence=sure),), quad=None)
        for sure in confidences
    ]
    look = SimpleNamespace(is_glance=is_glance, options=Options(), lacks_pixels=lambda _: lacks)
    search = SimpleNamespace(look=look, regions=lambda: iter(regions), detections=["a card"] * is_located)

    assert (regions[:seen], is_clear) == _looked(search)


@pytest.mark.parametrize(
    ("confidence", "line", "error"),
    [(0.85, "", None), (0.84, "", NumberUnreadable), (0.84, None, NoCardFound), (0.0, None, NoCardFound)],
)
def test_a_number_is_returned_from_the_threshold_on(confidence: float, line: str | None, error: type | None):
    """Below it there is none where nothing looks like one."""
    found = (Candidate(number=NUMBER, confidence=confidence),)
    best = SimpleNamespace(confidence=confidence, candidates=found, refusal=lambda: NumberUnreadable(confidence=0.0))
    shot = SimpleNamespace(regions=(best,), best=best, line=line)
    if error is None:
        assert found == _returned(shot, Options())
    else:
        with pytest.raises(error):
            _returned(shot, Options())


@pytest.mark.parametrize(("told", "sure", "cards"), [(0, 2, 2), (2, 1, 2)])
def test_what_is_measured_is_of_the_picture_as_sent(monkeypatch, told: int, sure: int, cards: int):
    """Of which half was decoded here; a card counts that is told, or surely is one."""
    heights = dict.fromkeys("12", 12.0) | {"3": 30.0}
    seen = [SimpleNamespace(text=text, height=high) for text, high in [*heights.items(), ("?", 12.0)]]
    best = SimpleNamespace(characters=seen, is_cut=True)
    picture = image.Picture(pixels=np.zeros((60, 80, 3), np.uint8), size=(160, 120), reduced=2)
    shot = SimpleNamespace(picture=picture, line=quads.rectangle(61, 21), card=None, regions=(best,), best=best)
    monkeypatch.setattr(verdicts, "surely_cards", lambda _: sure)
    monkeypatch.setattr(quality, "measures", lambda *_: {"outside": 0.0})

    assert {"cards": cards, "height": 12 / recognize.HEIGHT * 20 * 2, "hidden": 1, "outside": np.inf} == _measures(
        shot, ["a card"] * told
    )


@pytest.mark.parametrize("number", [NUMBER, OTHER])
def test_places_are_told_of_the_picture_that_shows_the_number(reader, monkeypatch, pixels, other_card, number: str):
    """Of those that do, the one that shows it best."""
    blurred = jpeg(cv2.GaussianBlur(pixels, (0, 0), 3))
    monkeypatch.setattr(together, "read", lambda *_: (Candidate(number=number, confidence=0.99),))

    assert {NUMBER: 2, OTHER: 1}[number] == reader.read_many([blurred, other_card, SAMPLE]).picture


def test_positions_told_at_a_glance_are_those_of_the_picture(reader, pixels):
    """They are in pixels of the picture as sent, whatever was decoded of it."""
    large = jpeg(cv2.resize(pixels, None, fx=2.5, fy=2.5))
    glance, detail = reader.read(large), reader.read(large, Options(detail=True))
    wide = float(np.ptp(np.array(detail.number_quad)[:, 0]))

    assert glance.size == detail.size == (pixels.shape[1] * 5 // 2, pixels.shape[0] * 5 // 2)
    assert np.abs(np.array(glance.number_quad) - np.array(detail.number_quad)).max() < 0.02 * wide


def test_digits_have_places_on_the_line(reader):
    """Every digit has a quad, from left to right within the picture."""
    reading = reader.read(SAMPLE)
    middles = np.array(reading.digit_quads).mean(1)

    assert (len(NUMBER), 2) == middles.shape
    assert (np.diff(middles[:, 0]) > 0).all()
    assert ((middles > 0) & (middles < reading.size)).all()


def test_digits_have_certainties(reader):
    """Each digit tells how surely it was seen."""
    sure = np.array(reader.read(SAMPLE).digit_confidences)

    assert (len(NUMBER),) == sure.shape
    assert ((sure > 0.5) & (sure <= 1)).all()


def test_a_covered_digit_yields_no_number(reader, pixels):
    """A digit under a patch yields a refusal, never a guess."""
    box = np.array(reader.read(SAMPLE).digit_quads[9])
    covered = pixels.copy()
    cv2.rectangle(
        covered, (box.min(0) - 6).astype(int).tolist(), (box.max(0) + 6).astype(int).tolist(), (90, 60, 30), -1
    )

    with pytest.raises(Refused):
        reader.read(jpeg(covered))


@pytest.mark.parametrize("place", range(1, 17))
def test_the_digit_that_is_covered_is_named(reader, pixels, place: int):
    """And not one of the line turned round, which says as little."""
    box = np.array(reader.read(SAMPLE).digit_quads[place - 1])
    covered = pixels.copy()
    cv2.rectangle(
        covered, (box.min(0) - 6).astype(int).tolist(), (box.max(0) + 6).astype(int).tolist(), (90, 60, 30), -1
    )
    with pytest.raises(NumberUnreadable) as caught:
        reader.read(jpeg(covered))

    assert place in caught.value.digits


def test_a_refusal_says_what_was_seen(reader, pixels):
    """Where card and number are, what to be warned of and the pictures that were asked for; no digit is shown."""
    box = np.array(reader.read(SAMPLE).digit_quads[9])
    covered = pixels.copy()
    cv2.rectangle(
        covered, (box.min(0) - 6).astype(int).tolist(), (box.max(0) + 6).astype(int).tolist(), (90, 60, 30), -1
    )
    whole = reader.read(SAMPLE)

    with pytest.raises(Refused) as plain:
        reader.read(jpeg(covered))
    with pytest.raises(Refused) as caught:
        reader.read(jpeg(covered), Options(detail=True, returns=frozenset({"card", "number", "redacted"})))
    seen = caught.value.seen

    assert plain.value.seen is None
    assert 10 in caught.value.digits
    assert ((1280, 800), {"card", "number", "redacted"}) == (seen.size, set(seen.pictures))
    assert [None] == [card.number for card in seen.cards]
    for found, expected in ((seen.number_quad, whole.number_quad), (seen.card_quad, whole.card_quad)):
        assert np.abs(np.array(found) - expected).max() < 40
    with pytest.raises(Refused):
        reader.read(seen.pictures["redacted"], Options(threshold=0.0, prior=False))


def test_a_number_in_doubt_is_told_nowhere(reader):
    """Neither among the cards of a refusal nor by a digit on the picture that hides the number."""
    options = Options(detail=True, threshold=1.0, returns=frozenset({"redacted"}))
    with pytest.raises(NumberUnreadable) as caught:
        reader.read(SAMPLE, options)
    seen = caught.value.seen
    shown = image.decode(seen.pictures["redacted"]).pixels
    there = quads.homography(np.float32(seen.card_quad), quads.rectangle(shown.shape[1], shown.shape[0]))
    corners = np.float32(reader.read(SAMPLE).digit_quads).reshape(-1, 2)
    (left, top), (right, bottom) = (
        end(quads.project(corners, there), 0).round().astype(int) for end in (np.min, np.max)
    )

    assert [None] == [card.number for card in seen.cards]
    assert 12 > np.abs(shown[top:bottom, left:right].astype(int) - evidence.GREY).max()


@pytest.mark.parametrize(("doubted", "told", "date"), [(OTHER, [None, NUMBER], "12/30"), (NUMBER, [OTHER, None], None)])
def test_a_card_beside_one_that_is_in_doubt_is_told_alone(
    reader, pixels, other_card, monkeypatch, doubted: str, told: list[str | None], date: str | None
):
    """The number in doubt is told nowhere, and the date and the name of one card are not the other's."""
    other = np.asarray(Image.open(io.BytesIO(other_card)).convert("RGB").resize(pixels.shape[1::-1]))
    monkeypatch.setattr(
        "bankcard_ocr.reader.doubted_parts",
        lambda regions: [region.doubted(20) if region.number == doubted else region for region in regions],
    )
    reading = reader.read(jpeg(np.concatenate([other, pixels], 1)), Options(detail=True))

    assert told == [card.number for card in reading.cards]
    assert [date, date and "LI MING"] == [each and each.text for each in (reading.valid_date, reading.holder_name)]


@pytest.mark.parametrize("pictures", [1, 2])
def test_a_picture_of_nothing_has_no_places(reader, pictures: int):
    """What was not found has no position, no warning and no picture."""
    nothing = jpeg(np.full((480, 640, 3), 128, np.uint8))

    with pytest.raises(NoCardFound) as caught:
        reader.read_many([nothing] * pictures, Options(detail=True, returns=frozenset({"card", "redacted"})))

    assert Seen(size=(640, 480), timings_ms=caught.value.seen.timings_ms) == caught.value.seen


def test_nothing_is_no_card(reader):
    """An empty picture has no card."""
    with pytest.raises(NoCardFound):
        reader.read(jpeg(np.full((480, 640, 3), 128, np.uint8)))


def test_a_threshold_nobody_reaches_refuses(reader):
    """At the highest threshold a number counts as unreadable, and the error says how sure it was."""
    with pytest.raises(NumberUnreadable) as caught:
        reader.read(SAMPLE, Options(threshold=1.0))

    assert caught.value.confidence >= 0.9


def test_no_picture_is_an_error(reader):
    """Bytes that are no picture are an error of their own."""
    with pytest.raises(NotAPicture):
        reader.read(b"not a picture")


def test_threads_share_a_reader(reader):
    """Calls side by side give what they give alone."""
    with ThreadPoolExecutor(4) as pool:
        numbers = {reading.number for reading in pool.map(reader.read, [SAMPLE] * 8)}

    assert {NUMBER} == numbers


@pytest.mark.parametrize(
    ("room", "name"), [(quality, "content"), (recognize, "_spelled"), (recognize, "framed"), (Search, "closer")]
)
def test_no_thread_waits_for_another_s_picture(reader, monkeypatch, room, name: str):
    """What one computes when it is first asked for, another computes of its own picture at the same time."""
    both, computed = threading.Barrier(2, timeout=60), getattr(room, name)

    def meeting(*args, **named):
        both.wait()
        return computed(*args, **named)

    monkeypatch.setattr(room, name, meeting)
    with ThreadPoolExecutor(2) as pool:
        readings = list(pool.map(partial(reader.read, options=Options(detail=True)), [SAMPLE, SAMPLE]))
    assert [NUMBER, NUMBER] == [reading.number for reading in readings]


def test_a_reading_s_repr_masks_its_number(reader):
    """No repr of a reading or its parts holds a whole number."""
    reading = reader.read(SAMPLE)

    assert NUMBER not in repr(reading) + repr(reading.candidates)


def halves(pixels: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture with the left half of its number covered, and with the right half."""
    out = []
    for part in (boxes[:8], boxes[8:]):
        corners = part.reshape(-1, 2)
        covered = pixels.copy()
        first, last = (corners.min(0) - 5).astype(int).tolist(), (corners.max(0) + 5).astype(int).tolist()
        cv2.rectangle(covered, first, last, (90, 60, 30), -1)
        out.append(covered)
    return out[0], out[1]


def test_two_half_blinded_pictures_give_one_number(reader, pixels):
    """The left half covered in one, the right half in the other, which was taken from elsewhere."""
    left, right = halves(pixels, np.array(reader.read(SAMPLE).digit_quads))
    height, width = pixels.shape[:2]
    tilted = cv2.warpAffine(
        right, cv2.getRotationMatrix2D((width / 2, height / 2), 8, 0.85), (width, height),
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip

    reading = reader.read_many([jpeg(left), jpeg(tilted)])

    assert (NUMBER, reading.candidates[0].confidence) == (reading.number, reading.confidence)
    assert reading.confidence == reader.read_many([jpeg(left), jpeg(tilted), jpeg(tilted)]).confidence


def test_halves_seen_too_close_for_a_card_give_one_number(reader, pixels):
    """No edge of the card is in either picture: what both show of it lays them on one another."""
    boxes = np.array(reader.read(SAMPLE).digit_quads)
    (left, top), (right, bottom) = (int(v) for v in boxes.min((0, 1))), (int(v) for v in boxes.max((0, 1)))
    near = slice(top - 230, bottom + 110), slice(left - 40, right + 40)
    first, second = (jpeg(half[near]) for half in halves(pixels, boxes))

    assert NUMBER == reader.read_many([first, second]).number


def test_a_half_blinded_picture_alone_gives_no_number(reader, pixels):
    """What is not seen is not made up, in one picture or in the same twice."""
    left, _ = halves(pixels, np.array(reader.read(SAMPLE).digit_quads))

    with pytest.raises(Refused):
        reader.read_many([jpeg(left), jpeg(left)])


def test_pictures_that_cannot_be_read_do_no_harm(reader):
    """One picture that can suffices, and says which it was."""
    nothing = jpeg(np.full((480, 640, 3), 128, np.uint8))

    reading = reader.read_many([b"not a picture", nothing, SAMPLE])

    assert (NUMBER, 2) == (reading.number, reading.picture)


def test_without_any_picture_the_first_fault_is_told(reader):
    """Nothing to read is an error of the picture, nothing on the pictures a refusal."""
    with pytest.raises(NotAPicture):
        reader.read_many([b"not a picture", b""])
    with pytest.raises(NoCardFound):
        reader.read_many([jpeg(np.full((480, 640, 3), 128, np.uint8))] * 2)


def test_pictures_of_different_cards_are_refused(reader, pixels, other_card):
    """Two numbers, each read with certainty, are not one card's, whichever picture shows the other."""
    for pictures in ([SAMPLE, other_card], [SAMPLE, jpeg(pixels), other_card]):
        with pytest.raises(CardsDiffer):
            reader.read_many(pictures)


def test_the_same_picture_again_is_no_second_witness(reader):
    """It is read once, and told as it is alone."""
    alone = reader.read_many([SAMPLE])

    assert alone.confidence == reader.read_many([SAMPLE, bytearray(SAMPLE), SAMPLE]).confidence


@pytest.mark.parametrize("name", ["threads", "max_bytes"])
@pytest.mark.parametrize("number", [0, -1, 1.5, "2", None])
def test_a_reader_needs_a_thread_and_a_byte(name: str, number):
    """Fewer, or no whole number, are wrong usage, told before a model is loaded."""
    with pytest.raises(ValueError, match="1 or more"):
        Reader(**{name: number})


def test_any_whole_number_of_threads_will_do():
    """NumPy's, too, as arithmetic with arrays gives them."""
    assert Reader(threads=np.int64(1), max_bytes=np.int64(1_000_000)).read(SAMPLE).number


def test_a_reader_takes_pictures_as_large_as_it_is_told():
    """One byte over is refused, with the limit; the limit itself is read."""
    padded = SAMPLE + bytes(MAX_BYTES)
    with pytest.raises(PictureTooLarge) as caught:
        Reader(max_bytes=len(padded) - 1).read(padded)

    assert (len(padded) - 1, NUMBER) == (caught.value.limit, Reader(max_bytes=len(padded)).read(padded).number)


def test_pixels_are_read_as_a_file_with_them(reader, pixels):
    """RGB and grey, whatever their order in memory; positions are in their pixels, also where they are many."""
    turned = np.asfortranarray(pixels)[:, :, ::-1][:, :, ::-1]
    large = cv2.resize(pixels, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    lossless = cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes()
    readings = [reader.read_pixels(each) for each in (pixels, turned, grey, large)]

    assert [NUMBER] * 4 == [reading.number for reading in readings]
    assert reader.read(lossless).number_quad == readings[0].number_quad == readings[1].number_quad
    assert (4 * pixels.shape[1], 4 * pixels.shape[0]) == readings[3].size
    assert np.abs(np.array(readings[3].number_quad) / 4 - np.array(readings[0].number_quad)).max() < 4


def test_pixels_may_be_read_in_detail(reader, pixels):
    """With all that is told of a file."""
    reading = reader.read_pixels(pixels, Options(detail=True, returns={"redacted"}))

    assert (1, {"redacted"}) == (len(reading.cards), set(reading.pictures))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((9, 9, 3)),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 1), np.uint8),
        np.zeros(9, np.uint8),
        np.zeros((1, 9, 9, 3), np.uint8),
        np.zeros((9, 9, 3), np.int8),
        SAMPLE,
        None,
    ],
    ids=lambda wrong: f"{wrong.dtype}{wrong.shape}" if isinstance(wrong, np.ndarray) else type(wrong).__name__,
)
def test_other_arrays_are_no_pixels(reader, wrong):
    """What is wrong with them is told."""
    with pytest.raises(TypeError, match="pixels"):
        reader.read_pixels(wrong)


def test_an_encoded_picture_in_an_array_is_no_pixels(reader):
    """As OpenCV's imencode gives it: the error says what reads it."""
    with pytest.raises(TypeError, match=r"Reader\.read takes the tobytes\(\) of an encoded picture"):
        reader.read_pixels(np.frombuffer(SAMPLE, np.uint8))


def test_a_reader_stays_in_its_process(reader):
    """What would send it to another says what to do instead."""
    with pytest.raises(TypeError, match=r"make one in each, or call bankcard_ocr\.read there"):
        pickle.dumps(reader.read)


def test_pixels_have_the_limits_of_pictures(reader):
    """None are no picture, and too many are too many."""
    with pytest.raises(NotAPicture, match="no pixels"):
        reader.read_pixels(np.zeros((0, 9, 3), np.uint8))
    with pytest.raises(PictureTooLarge):
        reader.read_pixels(np.broadcast_to(np.uint8(7), (MAX_PIXELS // 1000 + 1, 1000)))
    with pytest.raises(NoCardFound):
        reader.read_pixels(np.full((480, 640, 3), 90, np.uint8))


def test_pictures_come_in_a_list(reader):
    """What can be gone through but once is none."""
    with pytest.raises(TypeError, match="list of pictures, each as its bytes, not generator"):
        reader.read_many(data for data in [SAMPLE])


@pytest.mark.parametrize("count", [0, 9])
def test_one_to_eight_pictures_are_read_together(reader, count):
    """None and nine are wrong usage."""
    with pytest.raises(ValueError, match="1 to 8"):
        reader.read_many([SAMPLE] * count)


def test_every_card_is_told_in_reading_order(reader, pixels, other_card):
    """Two cards side by side, each with its number; the reading's is the surer one's, and one is warned."""
    other = np.asarray(Image.open(io.BytesIO(other_card)).convert("RGB").resize(pixels.shape[1::-1]))
    both = jpeg(np.concatenate([other, pixels], 1))

    reading = reader.read(both, Options(detail=True))

    assert [OTHER, NUMBER] == [card.number for card in reading.cards]
    assert max(reading.cards, key=lambda card: card.confidence).number == reading.number
    assert "several_cards" in reading.warnings


def test_a_further_card_whose_line_is_located_askew_is_looked_at_closely(reader, pixels, other_card, monkeypatch):
    """As happens to one seen smaller than another: each card is located on alone until its number is read."""
    high, wide = pixels.shape[:2]
    small = np.asarray(Image.open(io.BytesIO(other_card)).convert("RGB").resize((wide // 2, high // 2)))
    both = np.full((high, wide + wide // 2, 3), (90, 110, 100), np.uint8)
    both[:, :wide], both[: high // 2, wide:] = pixels, small
    located = locate.locate

    def askew(model, image, **options):
        found = located(model, image, **options)
        is_far = image.shape[1] > wide
        return [
            dataclasses.replace(detection, quad=detection.quad + np.float32((0, 60)))
            if is_far and detection.kind == "number" and detection.quad[:, 0].min() > wide
            else detection
            for detection in found
        ]

    monkeypatch.setattr(locate, "locate", askew)

    assert {NUMBER, OTHER} == {card.number for card in reader.read(jpeg(both), Options(detail=True)).cards}


@pytest.mark.parametrize("axis", [0, 1])
def test_a_card_above_or_beside_itself_is_told_twice(reader, pixels, axis: int):
    """Each has its place: what covers the numbers of all cards covers both."""
    both = jpeg(np.concatenate([pixels, pixels], axis))
    first, second = reader.read(both, Options(detail=True)).cards

    assert (NUMBER, NUMBER) == (first.number, second.number)
    assert np.subtract(second.number_quad, first.number_quad)[:, 1 - axis].min() > 0.8 * pixels.shape[axis]


@pytest.mark.parametrize(
    ("unseen", "around", "expected"),
    [({"expiry"}, 0, "12/30"), ({"expiry", "card"}, 0, "12/30"), ({"expiry", "card"}, 400, None)],
)
def test_a_date_not_located_from_afar_is_found_on_the_card_cut_out(
    reader, monkeypatch, pixels, unseen, around, expected
):
    """Where the card itself was located, or is the picture; else the date is not told."""
    located = locate.locate

    def far_sighted(model, image, **options):
        found = located(model, image, **options)
        return [detection for detection in found if detection.kind not in unseen or "card" not in options["kinds"]]

    monkeypatch.setattr(locate, "locate", far_sighted)

    ground = np.pad(pixels, ((around, 0), (0, around), (0, 0)), constant_values=120)
    found = reader.read_pixels(ground, Options(detail=True)).valid_date

    assert expected == (found and found.text)


@pytest.mark.parametrize(("now", "expected"), [(0.0, set()), (1_924_963_199.0, set()), (1_924_963_200.0, {"expired"})])
def test_dates_are_judged_at_the_time_given(reader, now, expected):
    """The sample card's 12/30 is over with the end of that month in Beijing, whatever the machine's clock says."""
    assert expected == {"expired"} & set(reader.read(SAMPLE, Options(detail=True, now=now)).warnings)


def test_details_cost_nothing_unasked(reader):
    """Without detail there are no cards and no warnings."""
    reading = reader.read(SAMPLE)

    assert ((), (), None) == (reading.cards, reading.warnings, reading.holder_name)


class Writes:
    """A reader of names that reads ``text`` on every strip, what fits of it, each character as surely as ``sure``."""

    def __init__(self, text: str, sure: float = 0.995) -> None:
        self.metadata = {"alphabet": "ABCDEFGHIJKLMNOPQRSTUVWXYZ .-'/?"}
        self._text, self._sure = text, sure

    def run(self, strips: np.ndarray) -> list[np.ndarray]:
        frames = np.full((len(strips), strips.shape[2] // 4, 33), (1 - self._sure) / 32, np.float32)
        frames[:, :, 0] = self._sure
        places = np.zeros((*frames.shape[:2], 4), np.float32)
        fitting = self._text[: frames.shape[1] // 2 - 1]
        for i, char in enumerate(fitting):
            at = 2 + i * 2
            frames[:, at] = (1 - self._sure) / 32
            frames[:, at, 1 + self.metadata["alphabet"].index(char)] = self._sure
            places[:, at] = (4 * at, 24, 6, 20)
        return [frames, places]


@pytest.mark.parametrize(
    ("text", "sure", "prior", "expected"),
    [
        ("LI MING", 0.995, True, "LI MING"),
        ("LI MING", 0.8, True, "LI MING"),  # letters that may be any are what names have there
        ("LI MING", 0.8, False, None),
        ("VALID THRU", 0.995, True, None),
        ("LI M?NG", 0.995, True, None),
    ],
)
def test_the_holder_is_told_when_sure(monkeypatch, text, sure, prior, expected):
    """A name read surely; not one in doubt, a caption, or one with a hidden letter."""
    reader = Reader()
    monkeypatch.setattr(reader, "_namer", Writes(text, sure))
    name = reader.read(SAMPLE, Options(detail=True, prior=prior)).holder_name

    assert expected == (name.text if name else None)


@pytest.mark.parametrize(
    ("is_near", "is_far", "told"),
    [(True, True, "LI MING"), (True, False, "LI MING"), (False, True, "LI MING"), (False, False, None)],
)
def test_a_name_is_located_from_afar_or_on_the_card_cut_out(monkeypatch, is_near: bool, is_far: bool, told: str | None):
    """The line of the number is none, whatever is read there."""
    located = locate.locate

    def sighted(model, image, **options):
        sees = is_far if "card" in options["kinds"] else is_near
        found = located(model, image, **options)
        return [each for each in found if sees or (each.kind != "holder" and each.score > 0.5)]

    reader = Reader()
    monkeypatch.setattr(locate, "locate", sighted)
    monkeypatch.setattr(reader, "_namer", Writes("LI MING"))
    name = reader.read(SAMPLE, Options(detail=True)).holder_name

    assert told == (name and name.text)


@pytest.mark.parametrize(("there", "told"), [("everywhere", "LI MING"), ("larger", "LI MING"), ("nowhere", None)])
def test_a_name_that_is_not_told_is_looked_for_on_the_card_seen_larger(monkeypatch, there: str, told: str | None):
    """Each line that may be one is located anew there; where a name is told, the card is not looked at so."""
    located, larger = locate.locate, list[bool]()

    def sighted(model, image, **options):
        is_larger = options.get("side") == locate.NEAR
        larger.extend([True] if is_larger else [])
        sees = there == "everywhere" or (there == "larger" and is_larger)
        found = located(model, image, **options)
        return [each for each in found if sees or (each.kind != "holder" and each.score > 0.5)]

    reader = Reader()
    monkeypatch.setattr(locate, "locate", sighted)
    monkeypatch.setattr(reader, "_namer", Writes("LI MING"))
    name = reader.read(SAMPLE, Options(detail=True)).holder_name

    assert told == (name and name.text)
    assert larger == ([] if there == "everywhere" else [True])


def test_without_its_model_there_is_no_name(monkeypatch):
    """The reader of names is optional."""
    monkeypatch.setattr("bankcard_ocr.reader.is_shipped", lambda _name: False)

    assert Reader().read(SAMPLE, Options(detail=True)).holder_name is None


def test_threads_load_the_reader_of_names_once():
    """However many ask for it first, one of them loads it."""
    reader = Reader()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: id(reader.namer), range(8)))

    assert 1 == len(found)


def test_pictures_are_given_back_when_asked_for(reader):
    """Those asked for, as JPEG, and no others."""
    some = reader.read(SAMPLE, Options(returns=frozenset({"number", "redacted"}))).pictures

    assert ({"number", "redacted"}, {b"\xff\xd8"}) == (set(some), {data[:2] for data in some.values()})
    assert {} == reader.read(SAMPLE).pictures


@pytest.mark.parametrize("gap", [2, 6, 12])
def test_the_redacted_picture_shows_nothing_of_a_code_behind_the_date(reader, pixels, gap: int):
    """On some cards the security code stands on the front, a space after the date, which stays."""
    (left, top), high, drawn = (678 + gap, 521), 40, pixels.copy()
    cv2.putText(drawn, "731", (left, top + high - 4), cv2.FONT_HERSHEY_SIMPLEX, high / 30, (250, 250, 250), 2)
    found = reader.read(jpeg(drawn), Options(detail=True, returns=frozenset({"redacted"})))
    shown = np.asarray(Image.open(io.BytesIO(found.pictures["redacted"])).convert("L"))
    there = quads.homography(np.float32(found.card_quad), quads.rectangle(shown.shape[1], shown.shape[0]))
    code = np.float32([(left, top), (left + 2 * high, top), (left + 2 * high, top + high), (left, top + high)])
    x, y = quads.project(code, there).round().astype(int).T

    assert "12/30" == found.valid_date.text
    assert 12 > np.abs(shown[y.min() : y.max(), x.min() + 3 : x.max()].astype(int) - evidence.GREY).max()


def test_all_that_is_secret_is_named_to_what_hides_it(reader, monkeypatch):
    """Number, name and the code on a front, the name also where it is not located from afar; the date stays."""
    lines, named = reader.read(SAMPLE, Options(detail=True)), []
    located, code = locate.locate, quads.rectangle(1, 1)

    def far_sighted(model, image, **options):
        found = located(model, image, **options)
        return [one for one in found if one.kind in {"card", "number"} or "card" not in options["kinds"]]

    monkeypatch.setattr(evidence, "codes_on_front", lambda *_: [code])
    monkeypatch.setattr(evidence, "redacted", lambda *_, **given: named.append(given) or b"")
    for locates in (located, far_sighted):
        monkeypatch.setattr(locate, "locate", locates)
        reader.read(SAMPLE, Options(returns=frozenset({"redacted"})))
        secret, dates = (np.mean(named[-1][name], 1) for name in ("secret", "dates"))

        for found, quad in (
            (secret, lines.number_quad),
            (secret, lines.holder_name.quad),
            (secret, code),
            (dates, lines.valid_date.quad),
        ):
            assert np.abs(found - np.mean(quad, 0)).max(1).min() < 40


def test_the_redacted_picture_cannot_be_read(reader):
    """What is given back as evidence gives no number."""
    redacted = reader.read(SAMPLE, Options(returns=frozenset({"redacted"}))).pictures["redacted"]

    with pytest.raises(Refused):
        reader.read(redacted, Options(threshold=0.0, prior=False))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("at", [0, 1700, 3900])
def test_a_card_in_a_long_screenshot_is_read(reader, turned: bool, at: int):
    """Wherever in it: the whole, seen as small as the locator sees pictures, would show nothing of it."""
    sample = cv2.resize(image.decode(SAMPLE).pixels, (900, 675))
    long = np.full((4600, 900, 3), 244, np.uint8)
    long[at : at + 675] = sample
    pixels = np.ascontiguousarray(np.rot90(long)) if turned else long
    reading = reader.read(simplejpeg.encode_jpeg(pixels, quality=92), Options(detail=True))
    (card,) = reading.cards

    assert ("6200000000000005", reading.number) == (card.number, card.number)
    assert reading.card_quad is not None


def searching(reader: Reader, pixels: np.ndarray) -> Search:
    return Search(locator=reader.locator, look=Look(recognizer=reader.recognizer, pixels=pixels, options=Options()))


def test_a_part_of_a_picture_tells_no_card_twice(reader, monkeypatch):
    """Parts overlap; what lies in two of them is one detection."""
    asked: list[tuple[int, ...]] = []

    def located(_model, pixels, **_):
        asked.append(pixels.shape[:2])
        return (
            [locate.Detection(kind="card", quad=quads.rectangle(90, 60) + np.float32(5), score=0.9)]
            if len(asked) == 2
            else []
        )

    monkeypatch.setattr(locate, "locate", located)
    (detection,) = searching(reader, np.zeros((100, 450, 3), np.uint8))._located(("card",))

    assert ([(100, 150)] * 5, (80.0, 5.0)) == (asked, tuple(detection.quad[0].tolist()))


@pytest.mark.parametrize(("width", "parts"), [(249, 1), (250, 3), (900, 11), (100_000, 11)])
def test_an_ordinary_picture_is_located_on_as_a_whole(reader, monkeypatch, width: int, parts: int):
    """Two and a half times as long as wide is ordinary no more; however long it is, it has no more than 11 parts."""
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(locate, "locate", lambda _model, pixels, **_: asked.append(pixels.shape) or [])
    searching(reader, np.zeros((100, width, 3), np.uint8))._located(("card",))

    assert parts == len(asked)


def test_a_number_cut_off_by_the_edge_is_said_to_be(reader):
    """The rest of a card whose first digits are out of the picture, whatever it reads."""
    pixels = image.decode(SAMPLE).pixels
    digits = reader.read(SAMPLE).digit_quads
    left = round((digits[1][1][0] + digits[2][0][0]) / 2)
    with pytest.raises(NumberUnreadable, match="at the edge, perhaps cut off") as caught:
        reader.read(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels[:, left:]), quality=92), Options(detail=True))

    assert caught.value.is_cut
    assert "border_incomplete" in caught.value.seen.warnings


@pytest.mark.parametrize(("x", "told"), [(None, "LI MING"), (420, None), (380, None), (200, None), (620, "LI MING")])
def test_a_finger_beside_a_name_may_cover_more_of_it(reader, x: int | None, told: str | None):
    """The name ends at 451: what a finger within a letter and a half leaves is not told as if it were all."""
    pixels = np.ascontiguousarray(image.decode(SAMPLE).pixels)
    if x is not None:
        cv2.ellipse(pixels, (x, pixels.shape[0]), (60, pixels.shape[0] // 3), 0, 0, 360, (210, 150, 120), -1)
    name = reader.read(simplejpeg.encode_jpeg(pixels, quality=92), Options(detail=True)).holder_name

    assert told == (name and name.text)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((("expiry", "03/21", 48), ("other", "VALID FROM", 30)), (None, "03/21", False)),
        ((("expiry", "03/21", 48), ("other", "VALID THRU", 30)), ("03/21", None, True)),
        ((("expiry", "12/38", 48), ("other", "VALID FROM", 30)), ("12/38", None, False)),  # no month begins that late
        ((("expiry", "03/21", 20), ("expiry", "12/30", 48)), ("12/30", "03/21", False)),
    ],
)
def test_a_date_is_what_its_caption_or_another_says(
    reader, lines: tuple[tuple[str, str, float], ...], told: tuple[str | None, str | None, bool]
):
    """A card that is valid from a month on is not expired by it; of two dates the later is its end."""
    rng = np.random.default_rng(3)
    style = card.Style(relief=False, face=glyphs.Face(), ink=ink_.Ink(relief=False))
    drawn = [card.set_line(rng, "number", "6200 0000 0000 0005", style, height=4.3, left=6, middle=30)]
    for kind, text, left in lines:
        height = 2.8 if kind == "expiry" else 1.5
        drawn.append(card.set_line(rng, kind, text, style, height=height, left=left, middle=38))
    picture = np.full((540, 856, 3), 0.7, np.float32)
    render.texts(Canvas(pixels=picture, scale=10.0), drawn)
    framed = cv2.copyMakeBorder(
        np.asarray(np.clip(picture, 0, 1) * 255, np.uint8), 80, 80, 80, 80, cv2.BORDER_CONSTANT, value=(60, 60, 60)
    )
    found = reader.read_pixels(framed, Options(detail=True, now=1_800_000_000.0))
    dates = (each and each.text for each in (found.valid_date, found.issue_date))

    assert told == (*dates, "expired" in found.warnings)


def test_a_plain_picture_has_no_warning(reader):
    """Nothing of the sample is hidden, small, cut off or past."""
    assert () == reader.read(SAMPLE, Options(detail=True, now=1_800_000_000.0)).warnings


def test_readings_of_one_picture_are_equal(reader):
    """However long each took; and they may be members of a set."""
    options = Options(detail=True, returns={"card"})
    first, second = reader.read(SAMPLE, options), reader.read(SAMPLE, options)

    assert (first, {first}) == (second, {second})


def test_parts_tell_no_more_things_than_a_picture(reader, monkeypatch):
    """Each part shows other cards here, and each card costs."""
    places = [quads.rectangle(9, 6) + np.float32((20 * i, 9)) for i in range(6)]
    detections = [locate.Detection(kind="card", quad=quad, score=0.9) for quad in places]
    monkeypatch.setattr(locate, "locate", lambda *_, **__: detections)

    assert locate.MOST == len(searching(reader, np.zeros((100, 900, 3), np.uint8))._located(("card",)))


@pytest.mark.parametrize("size", [(65_000, 2), (2, 65_000), (250_000, 20)])
def test_a_thread_of_a_picture_costs_little(reader, size: tuple[int, int]):
    """A few hundred bytes may be a picture of any length."""
    file = io.BytesIO()
    Image.new("L", size).save(file, "PNG")
    started = time.process_time()
    with pytest.raises(Refused):
        reader.read(file.getvalue())

    assert time.process_time() - started < 3


@pytest.mark.parametrize("options", [Options(), Options(detail=True, returns=frozenset({"card", "redacted"}))])
def test_no_freed_tuples_pile_up(reader: Reader, capfd, options: Options):
    """Of each size up to 20 Python keeps 2,000: one more for each that a generator, of unknown length, was made into.

    Of one and two values libraries leave some; they weigh little.
    """

    def kept() -> int:
        sys._debugmallocstats()
        told = re.findall(r"(\d+) free (\d+)-sized PyTuple", capfd.readouterr().err)
        return sum(int(count) for count, size in told if int(size) > 2)

    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            reader.read(SAMPLE, options)
        before = kept()
        for _ in range(20):
            reader.read(SAMPLE, options)
        assert kept() - before < 20
    finally:
        gc.enable()
