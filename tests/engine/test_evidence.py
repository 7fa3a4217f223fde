"""Pictures that are given back, and that nothing secret is on the redacted one."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from bankcard_ocr.engine import evidence

WIDTH, HEIGHT = 856, 540  # of the card on the picture, 10 pixels a millimetre
LEFT, TOP = 60, 50  # where it lies
PITCH, HIGH = 38, 46


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


CARD = box(LEFT, TOP, LEFT + WIDTH - 1, TOP + HEIGHT - 1)
DIGITS = [box(LEFT + 90 + i * PITCH, 330, LEFT + 90 + i * PITCH + 27, 330 + HIGH) for i in range(16)]
LINE = box(LEFT + 80, 325, LEFT + 90 + 16 * PITCH, 330 + HIGH + 5)


def plain(*, level: int = 90) -> np.ndarray:
    """A picture with an even card on it."""
    picture = np.full((640, 980, 3), 200, np.uint8)
    picture[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = (level, level + 20, level + 60)
    return picture


def written(picture: np.ndarray, text: str, left: int, bottom: int, scale: float = 1.0) -> np.ndarray:
    cv2.putText(picture, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, (250, 250, 250), 3, cv2.LINE_AA)
    return picture


def numbered(text: str, *, level: int = 90) -> np.ndarray:
    picture = plain(level=level)
    for char, quad in zip(text, DIGITS, strict=True):
        written(picture, char, int(quad[0, 0]), int(quad[2, 1]) - 2, 1.6)
    return picture


def redacted(picture: np.ndarray, digits=DIGITS, secret=(), dates=()) -> np.ndarray:
    data = evidence.redacted(picture, CARD, LINE, digits, secret, dates)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def part(whole: np.ndarray, quad: np.ndarray, margin: int = 2) -> np.ndarray:
    """The pixels of ``whole`` well within ``quad`` of the picture."""
    (left, top), (right, bottom) = quad[0] - (LEFT, TOP), quad[2] - (LEFT, TOP)
    return whole[int(top) + margin : int(bottom) - margin, int(left) + margin : int(right) - margin]


def is_blank(pixels: np.ndarray) -> bool:
    return bool(np.abs(pixels - evidence.GREY).max() <= 4)


def test_six_and_four_digits_remain():
    """The first six and last four are seen, nothing of those between."""
    whole = redacted(numbered("4111111111111111"))

    assert [False] * 6 + [True] * 6 + [False] * 4 == [is_blank(part(whole, quad)) for quad in DIGITS]


def test_blanked_pixels_say_nothing_of_the_digits():
    """Two cards that differ in the middle digits alone give the same picture to the bit."""
    first, second = (
        evidence.redacted(numbered(text), CARD, LINE, DIGITS, [], [])
        for text in ("4000001234560000", "4000009876540000")
    )

    assert first == second


def test_nothing_blank_shines_through_what_is_coarse():
    """Two cards that differ where a name was located give the same picture to the bit, around it too."""
    name = box(LEFT + 90, 480, LEFT + 400, 510)
    dark, light = (cv2.rectangle(plain(), (LEFT + 90, 480), (LEFT + 400, 510), (level,) * 3, -1) for level in (0, 255))

    assert evidence.redacted(dark, CARD, None, [], [name], []) == evidence.redacted(light, CARD, None, [], [name], [])


def test_what_is_taken_for_a_date_on_the_number_s_line_is_blanked():
    """Digits of it may look like one."""
    assert is_blank(part(redacted(numbered("4111111111111111"), digits=[], dates=[LINE]), LINE))


def test_digits_in_doubt_blank_the_whole_line():
    """Without certain places nothing of the line remains."""
    assert is_blank(part(redacted(numbered("4111111111111111"), digits=[]), LINE))


def test_digits_that_lean_over_stay_blanked():
    """The sixth and the 13th digit are cut back from those between, however wide their places were said to be."""
    sixth, thirteenth = DIGITS[5].copy(), DIGITS[12].copy()
    sixth[[1, 2], 0] = DIGITS[6][2, 0] + 10
    thirteenth[[0, 3], 0] = DIGITS[11][0, 0] - 10
    whole = redacted(numbered("4111111111111111"), digits=[*DIGITS[:5], sixth, *DIGITS[6:12], thirteenth, *DIGITS[13:]])

    assert all(is_blank(part(whole, DIGITS[place], margin=12)) for place in (6, 11))


def test_short_numbers_are_blanked_whole():
    """Of eleven digits ten would remain."""
    assert is_blank(part(redacted(numbered("4111111111111111"), digits=DIGITS[:11]), LINE))


def test_the_holder_is_blanked():
    """Where a name was located nothing is seen, though it looks like no text."""
    name = box(LEFT + 90, 480, LEFT + 400, 510)

    assert is_blank(part(redacted(numbered("4111111111111111"), secret=[name]), name))


@pytest.mark.parametrize(("left", "bottom", "scale"), [(500, 560, 1.0), (120, 520, 0.6), (700, 140, 0.5)])
def test_any_other_text_is_blanked(left: int, bottom: int, scale: float):
    """A name, a security code or another number that nobody located."""
    bare = numbered("4111111111111111")
    picture = written(bare.copy(), "LI MING 123", left, bottom, scale)
    changed = (picture != bare).any(2)[TOP : TOP + HEIGHT - 1, LEFT : LEFT + WIDTH - 1]

    assert is_blank(redacted(picture)[changed])


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_text_at_right_angles_is_blanked(scale: float):
    """Some cards have their number, name or code along the short side, in letters of any size."""
    bare = numbered("4111111111111111")
    picture = bare.copy()
    text = written(np.full((40, 260, 3), bare[TOP + 60, LEFT + 800]), "LI MING 123", 4, 30, scale)
    picture[TOP + 40 : TOP + 300, LEFT + 790 : LEFT + 830] = np.rot90(text)
    changed = (picture != bare).any(2)[TOP : TOP + HEIGHT - 1, LEFT : LEFT + WIDTH - 1]

    assert is_blank(redacted(picture)[changed])


def test_text_over_busy_art_is_blanked():
    """Its edges need not be much stronger than usual ones."""
    bare = plain(level=60)
    bare += np.random.default_rng(1).integers(0, 60, bare.shape, np.uint8)
    text = cv2.putText(np.zeros(bare.shape[:2], np.uint8), "LI MING 123", (480, 500), 0, 1.0, 1, 3)
    picture = bare + 30 * text[:, :, None]

    assert is_blank(redacted(picture)[text[TOP : TOP + HEIGHT - 1, LEFT : LEFT + WIDTH - 1] > 0])


def test_the_rim_of_what_is_blank_says_nothing_of_the_text():
    """It has no notches, as between two letters."""
    picture = written(plain(), "HTTH", LEFT + 107, 300, 3.0)
    blank = evidence.texts(evidence.rectified(picture, CARD)[0]).astype(np.uint8)

    assert (blank == cv2.morphologyEx(blank, cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8))).all()


@pytest.mark.parametrize("text", ["123", "471"])
def test_print_too_faint_to_be_found_is_not_to_be_read(text: str):
    """What passes for art is so coarse that nothing of it is left to compute with."""
    bare = numbered("4111111111111111", level=88)
    ink = cv2.putText(np.zeros(bare.shape[:2], np.uint8), text, (LEFT + 500, TOP + 100), 0, 1.0, 255, 3, cv2.LINE_AA)
    picture = bare + (ink[:, :, None] // 20).astype(np.uint8)
    there = ink[TOP : TOP + HEIGHT - 1, LEFT : LEFT + WIDTH - 1] > 200

    assert 12 == int((picture - bare).max())
    assert not is_blank(redacted(picture)[there])
    assert 4 > np.abs(redacted(picture) - redacted(bare)).max()


def test_a_code_on_the_front_is_blanked_where_the_issuer_prints_one():
    """American Express has it above the number's end, where faint ink may pass for art."""
    line = box(LEFT + 60, 300, LEFT + 560, 340)
    (code,) = evidence.codes_on_front("378282246310005", line)

    assert (0, 1, 2) == tuple(
        len(evidence.codes_on_front(text, line)) for text in ("4111111111111111", "378282*****0005", "")
    )
    assert code[:, 0].max() > LEFT + 640
    assert code[:, 1].max() < 300


def test_a_date_remains():
    """What is known to be a date is shown."""
    date = box(LEFT + 400, 430, LEFT + 520, 470)
    picture = written(numbered("4111111111111111"), "12/30", LEFT + 410, 465, 1.1)

    assert (True, False) == (
        is_blank(part(redacted(picture), date, margin=8)),
        is_blank(part(redacted(picture, dates=[date]), date, margin=8)),
    )


@pytest.mark.parametrize("kind", ["stripe", "panel"])
def test_of_a_back_only_the_digits_remain(kind: str):
    """A magnetic stripe or a signature panel tells a back: all but ten digits is blank, the security code too.

    Though it be taken for a date.
    """
    picture = numbered("4111111111111111", level=110)
    if kind == "stripe":
        picture[TOP + 50 : TOP + 160, LEFT : LEFT + WIDTH] = 20
    else:
        picture[TOP + 180 : TOP + 250, LEFT + 40 : LEFT + 600] = (240, 240, 235)
    written(picture, "123", LEFT + 620, TOP + 230, 1.0)
    whole = redacted(picture, dates=[box(LEFT + 610, TOP + 200, LEFT + 690, TOP + 240)])
    shown = np.zeros(whole.shape[:2], bool)
    for quad in (*DIGITS[:6], *DIGITS[-4:]):
        (left, top), (right, bottom) = quad[0] - (LEFT + 20, TOP + 20), quad[2] - (LEFT - 20, TOP - 20)
        shown[int(top) : int(bottom), int(left) : int(right)] = True

    assert is_blank(whole[~shown])


def cut_out(picture: np.ndarray, number: str, line: np.ndarray | None = LINE) -> np.ndarray:
    data = evidence.card(picture, CARD, line, number)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_of_a_back_cut_out_only_the_number_is_seen():
    """The security code stands beside it; without a number nothing is seen."""
    picture = numbered("4111111111111111", level=110)
    picture[TOP + 50 : TOP + 160, LEFT : LEFT + WIDTH] = 20
    code = written(picture, "123", LEFT + 620, TOP + 230, 1.0)
    shown, hidden = cut_out(code, "4111111111111111"), cut_out(code, "")

    assert (True, False, True) == (is_blank(shown[200:250]), is_blank(part(shown, LINE, 8)), is_blank(hidden))


@pytest.mark.parametrize(
    ("number", "above", "below"),
    [
        ("378282246310005", True, False),  # American Express
        ("6037700000000001", False, True),  # Shetab, Iran
        ("4111111111111111", False, False),
        ("", True, True),  # not read: it may be either's
    ],
)
def test_a_code_on_the_front_is_not_cut_out(number: str, above: bool, below: bool):
    """American Express prints it above the number's end, Iran's banks below the number."""
    whole = cut_out(written(written(plain(), "1234", LEFT + 600, 300), "CVV2 567", LEFT + 300, 460), number)

    assert (above, below) == (
        is_blank(part(whole, box(LEFT + 600, 275, LEFT + 680, 300))),
        is_blank(part(whole, box(LEFT + 300, 430, LEFT + 450, 470))),
    )


@pytest.mark.parametrize("width", [220, 320, 366, 500, 856])
def test_text_is_blanked_at_every_size(width: int):
    """A second number on the card is, on a picture of a few hundred pixels, too."""
    picture = plain()
    for i, char in enumerate("4000001234560000"):
        written(picture, char, LEFT + 90 + i * PITCH, 250, 1.6)
    scale = width / WIDTH
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    outline = (CARD + 0.5) * scale - 0.5
    blank = evidence.texts(evidence.rectified(small, outline)[0])
    high, wide = blank.shape
    line = blank[int(high * 165 / HEIGHT) : int(high * 195 / HEIGHT), int(wide * 95 / WIDTH) : int(wide * 690 / WIDTH)]

    assert line.all()


def test_pictures_have_a_card_s_shape_and_no_metadata():
    """Card and redacted card are rectified to the ratio of a card, and nothing but pixels is in the files."""
    picture = numbered("4111111111111111")
    files = [
        evidence.card(picture, CARD),
        evidence.number(picture, LINE),
        evidence.redacted(picture, CARD, LINE, DIGITS, [], []),
    ]
    opened = [Image.open(io.BytesIO(data)) for data in files]

    assert [1.585, 1.586] == pytest.approx([opened[i].width / opened[i].height for i in (0, 2)], abs=0.01)
    assert [{}] * 3 == [dict(image.getexif()) for image in opened]
    assert all(not {"exif", "icc_profile", "comment", "xmp"} & set(image.info) for image in opened)


def test_an_upright_card_stays_upright():
    """A card held like a telephone is cut out so."""
    tall = evidence.rectified(plain(), box(100, 20, 440, 560))[0]

    assert tall.shape[0] > tall.shape[1]
