"""How the card number is picked out of another engine's lines."""

from __future__ import annotations

import importlib.util

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.bench import peers
from bankcard_ocr.bench.peers import PeerMissing, RapidOCR, TextLine, choose

VISA = "4111111111111111"
UNIONPAY19 = "6205500000000000004"
needs_rapidocr = pytest.mark.skipif(importlib.util.find_spec("rapidocr") is None, reason="the extra bench")


def digits_of(text, sure=1.0, instead=None) -> tuple:
    """Each digit of ``text``, sure, but for the places that ``instead`` maps to another digit and its score."""
    found = [((digit, sure),) for digit in text]
    for place, (digit, score) in (instead or {}).items():
        found[place] = ((text[place], 1 - score), (digit, score))
    return tuple(found)


def line(text, digits=None, *, score=0.9, left=0.0, top=0.0, width=200.0, height=20.0) -> TextLine:
    right, bottom = left + width, top + height
    quad = ((left, top), (right, top), (right, bottom), (left, bottom))
    seen = "".join(char for char in text if char.isdigit()) if digits is None else digits
    return TextLine(text=text, digits=digits_of(seen) if isinstance(seen, str) else seen, score=score, quad=quad)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ([line("Some Bank"), line("4111 1111 1111 1111"), line("12/29", top=50)], VISA),
        ([line("4111111111111l11", VISA)], VISA),
        ([line("4111 1111 1111 1112"), line("4111 1111 1111 1111", score=0.5, top=50)], VISA),
        ([line("6205500000000000004")], UNIONPAY19),
        ([line("411111111111")], None),
        ([line("41111111111111111111")], None),
        ([line("JOHN DOE MEMBER", "411111111111111")], None),
        ([], None),
    ],
    ids=[
        "among others",
        "a letter read as digit",
        "check digit",
        "19 digits",
        "too short",
        "too long",
        "letters",
        "none",
    ],
)
def test_choose(lines, number) -> None:
    """The card number is the run of 13 to 19 digits whose check digit holds, if any."""
    found = choose(lines)
    assert number == (found and found[0])


@pytest.mark.parametrize("length", [13, 19])
def test_limits(length) -> None:
    """Runs of 13 and of 19 digits can be card numbers."""
    assert "1" * length == choose([line("1" * length)])[0]


def test_boxes_side_by_side_are_joined() -> None:
    """Four boxes on one level, in any order, are one number with the weakest score."""
    lines = [
        line("1111", score=0.8, left=220, width=100),
        line("4111", score=0.9, left=0, width=100),
        line("1111", score=0.7, left=330, width=100),
        line("1111", score=0.9, left=110, width=100),
    ]
    assert (VISA, 0.7) == choose(lines)


@pytest.mark.parametrize(
    "second",
    [
        line("11111111", left=210, top=15),
        line("11111111", left=300),
        line("11111111", left=210, height=50),
    ],
    ids=["another level", "far away", "another height"],
)
def test_strangers_are_not_joined(second) -> None:
    """Boxes of another level or height, or far apart, are no part of the number."""
    assert choose([line("41111111"), second]) is None


digits = st.text("0123456789", max_size=25)


@given(st.lists(st.builds(line, digits, score=st.floats(0, 1), left=st.floats(0, 500)), max_size=5))
def test_a_choice_is_always_a_possible_number(lines) -> None:
    """Whatever the lines, the choice has 13 to 19 digits or there is none."""
    found = choose(lines)
    assert found is None or 13 <= len(found[0]) <= 19


def test_missing_peer_says_what_to_do() -> None:
    """A peer that is not installed is named with the command that installs it."""
    error = PeerMissing("rapidocr", "install it with pip install 'bankcard-ocr[bench]'")
    assert "pip install 'bankcard-ocr[bench]'" in str(error)


@pytest.mark.parametrize(
    ("score", "number"),
    [(0.11, VISA), (0.09, "4111111111111117")],
)
def test_an_unsure_digit_is_replaced(score, number) -> None:
    """A digit scored below 0.9 gives way to its next best when the check digit then holds, a surer one does not."""
    wrong = "4111111111111117"
    assert number == choose([line(wrong, digits_of(wrong, instead={15: ("1", score)}))])[0]


def test_one_digit_too_many_is_left_out() -> None:
    """Of 17 digits an unsure one is left out when the check digit of the others holds."""
    long = VISA[:6] + "7" + VISA[6:]
    unsure = tuple(((digit, 0.4 if place == 6 else 1.0),) for place, digit in enumerate(long))
    assert VISA == choose([line(long, unsure)])[0]


def test_a_valid_number_is_left_alone() -> None:
    """A number whose check digit holds is taken as it is, however unsure."""
    assert VISA == choose([line(VISA, digits_of(VISA, instead={0: ("5", 0.45), 1: ("3", 0.45)}))])[0]


class Decoder:
    """Decodes each frame's best class; class 0 is blank."""

    character = ("blank", "A", *"0123456789", " ")

    def __call__(self, scores, **options):
        texts = ["".join(self.character[best] for best in line.argmax(axis=1) if best) for line in scores]
        return [(text, 1.0) for text in texts], None


def test_digits_are_decoded_beside_the_text() -> None:
    """A frame that is rather an A than a 4 reads as A in the text and as 4 in the digits."""
    scores = np.zeros((1, 3, 13), np.float32)
    scores[0, 0, [0, 1, 6, 7]] = 0.1, 0.5, 0.3, 0.1  # blank, A, 4, 5
    scores[0, 1, 0] = 1.0
    scores[0, 2, 6] = 1.0
    ((both, _),) = peers._DecodeTwice(Decoder())(scores)[0]
    text, digits = peers._unpacked(both)
    assert ("A4", [("4", pytest.approx(0.3)), ("4", 1.0)]) == (text, [digit[0] for digit in digits])


@pytest.fixture(scope="module")
def rapidocr() -> RapidOCR:
    return RapidOCR()


def written(text: str) -> bytes:
    image = np.full((120, 900, 3), 255, np.uint8)
    cv2.putText(image, text, (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (0, 0, 0), 4, cv2.LINE_AA)
    return cv2.imencode(".png", image)[1].tobytes()


@needs_rapidocr
def test_rapidocr_reads(rapidocr) -> None:
    """RapidOCR reads a printed number, from the models of its wheel."""
    assert VISA == rapidocr.answer(written("4111 1111 1111 1111")).number


@needs_rapidocr
def test_rapidocr_reads_a_crop(rapidocr) -> None:
    """RapidOCR reads a crop of a few digits without looking for lines."""
    assert "5500" == rapidocr.crop(written("5500"))


@needs_rapidocr
@pytest.mark.parametrize("data", [b"", b"no picture", written("hello")], ids=["empty", "text", "no number"])
def test_rapidocr_refuses(rapidocr, data) -> None:
    """Bytes that are no picture, and pictures without a number, are answered with none."""
    assert rapidocr.answer(data).number is None


@needs_rapidocr
def test_rapidocr_names_its_models(rapidocr) -> None:
    """The facts name the three models and their hashes."""
    assert {"PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx", "ch_ppocr_mobile_v2.0_cls_mobile.onnx"} == set(
        rapidocr.facts()["models"]
    )
