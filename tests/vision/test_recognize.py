"""Strips: cut out of pictures, read by a model, and framed anew by what was seen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision import recognize

ALPHABET = "0123456789/?"
STRIP = quads.rectangle(recognize.LONG, recognize.HEIGHT)  # a picture that is one


class Fake:
    """A model that says a text, its characters ``pitch`` pixels apart from ``left`` on, ``slope`` down a pixel."""

    def __init__(self, text: str, *, left: float = 40.0, pitch: float = 24.0, slope: float = 0.0) -> None:
        self.metadata = {"alphabet": ALPHABET}
        self.text, self.left, self.pitch, self.slope = text, left, pitch, slope

    def run(self, pictures: np.ndarray) -> list[np.ndarray]:
        frames = pictures.shape[2] // 4
        said = np.full((frames, len(ALPHABET) + 1), 0.002, np.float32)
        said[:, 0] = 0.976
        places = np.zeros((frames, 4), np.float32)
        for i, char in enumerate(self.text):
            x = self.left + i * self.pitch
            said[round(x / 4), [0, 1 + ALPHABET.index(char)]] = (0.002, 0.976)
            places[round(x / 4)] = (x, 24 + self.slope * (x - self.left), 14, 24)
        return [np.stack([said] * len(pictures)), np.stack([places] * len(pictures))]


def blank(width: int = recognize.LONG) -> np.ndarray:
    return np.zeros((recognize.HEIGHT, width, 3), np.uint8)


def read(model: Fake, width: int = recognize.LONG) -> recognize.Line:
    return recognize.recognize(model, [blank(width)])[0]


@pytest.mark.parametrize(("text", "width"), [("6200000000000005", 480), ("12/30", 160), ("62?0", 160), ("", 160)])
def test_a_line_says_what_its_frames_say(text: str, width: int):
    """Texts in the model's own alphabet, and one character for each."""
    line = read(Fake(text), width)

    assert (text, text) == (line.text, "".join(char.text for char in line.characters))
    assert [pytest.approx(40 + 24 * i) for i in range(len(text))] == [char.x for char in line.characters]


def test_every_strip_gets_its_line():
    """As many lines as strips, all read in one call."""
    assert ["12", "12", "12"] == [line.text for line in recognize.recognize(Fake("12"), [blank(160)] * 3)]


class Blinded:
    """A model that sees of each strip another part of a text."""

    def __init__(self, *texts: str) -> None:
        self.metadata = {"alphabet": ALPHABET}
        self.said = [Fake(text).run(blank()[None]) for text in texts]

    def run(self, pictures: np.ndarray) -> list[np.ndarray]:
        assert len(self.said) == len(pictures)
        return [np.concatenate(parts) for parts in zip(*self.said, strict=True)]


@pytest.mark.parametrize(
    ("texts", "together"),
    [
        (["????8888", "5555????"], "55558888"),
        (["55??", "55??"], "55??"),
        (["5555", "5?55", "?555"], "5555"),
    ],
)
def test_what_one_strip_shows_is_there(texts: list[str], together: str):
    """Whatever is hidden in another; what is hidden in all stays so."""
    line = recognize.together(Blinded(*texts), [blank()] * len(texts))

    assert (together, together) == (line.text, "".join(char.text for char in line.characters))


def test_where_strips_differ_nothing_is_certain():
    """Each is as likely as the other."""
    (one, first), (other, second) = recognize.together(Blinded("56", "58"), [blank()] * 2).texts[:2]

    assert ({"56", "58"}, pytest.approx(first)) == ({one, other}, second)


def test_nothing_of_a_number_is_in_a_repr():
    """Lines and characters do not show what they say."""
    line = read(Fake("6200000000000005"))

    assert "62000000" not in repr(line) + repr(line.characters)  # fewer digits may be in an address


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_strip_is_the_part_of_the_picture_under_the_quad(times: int):
    """Left is left and top is top, whatever the picture's resolution."""
    picture = np.zeros((200 * times, 600 * times, 3), np.uint8)
    corners = np.array([(50, 60), (530, 60), (530, 108), (50, 108)], np.float32) * times
    picture[60 * times : 84 * times, 50 * times : 290 * times] = 200
    cut = recognize.strip(picture, corners)

    assert (48, 480, 3) == cut.shape
    assert (200, 0, 0) == (cut[8, 40, 0], cut[8, 400, 0], cut[40, 40, 0])


def test_a_turned_quad_gives_an_upright_strip():
    """A line that reads downwards in the picture reads from left to right on the strip."""
    picture = np.zeros((600, 200, 3), np.uint8)
    picture[20:60, 76:124] = 200  # the line's start
    downwards = np.array([(124, 20), (124, 500), (76, 500), (76, 20)], np.float32)
    cut = recognize.strip(picture, downwards)

    assert (True, True) == (bool(cut[:, :30].mean() > 150), bool(cut[:, 100:].mean() < 10))


@given(st.floats(50, 120), st.floats(18, 22), st.floats(-0.03, 0.03))
def test_a_frame_goes_around_its_characters_along_their_slope(left: float, pitch: float, slope: float):
    """The quad leans as the line does, holds every character, and is as high as asked for."""
    line = read(Fake("6200000000000005", left=left, pitch=pitch, slope=slope))
    corners = recognize.framed(line, STRIP, loose=0.35, ends=0.55, spare=0)
    matrix = quads.homography(corners, quads.rectangle(2, 2))
    boxes = np.array(
        [(c.x + a * c.width / 2, c.y + b * c.height / 2) for c in line.characters for a in (-1, 1) for b in (-1, 1)]
    )
    inside = quads.project(boxes.astype(np.float32), matrix)

    assert quads.is_convex(corners)
    assert ((inside > -0.01) & (inside < 1.01)).all()
    assert 24 * 1.7 == pytest.approx(quads.sides(corners)[1], abs=0.1)


def test_a_frame_keeps_room_for_an_unseen_first_digit():
    """Where the strip goes on, some of it stays; where it ends, nothing is added."""
    line = read(Fake("6200000000000005", left=100.0, pitch=20.0))
    roomy, tight = recognize.framed(line, STRIP), recognize.framed(line, STRIP, spare=0)

    assert (pytest.approx(32), pytest.approx(0)) == (tight[0, 0] - roomy[0, 0], tight[0, 1] - roomy[0, 1])


@given(st.floats(60, 110), st.floats(18, 21))
def test_a_second_look_sees_the_characters_in_the_middle(left: float, pitch: float):
    """The frame of a frame: characters mapped into the new strip are centred, whatever the first framing was."""
    line = read(Fake("6200000000000005", left=left, pitch=pitch))
    corners = recognize.framed(line, STRIP, spare=0)
    matrix = quads.homography(corners, quads.rectangle(recognize.LONG, recognize.HEIGHT))
    middles = quads.project(np.array([(c.x, c.y) for c in line.characters], np.float32), matrix)

    assert 479 == pytest.approx(middles[0, 0] + middles[-1, 0], abs=1)
    assert np.allclose(23.5, middles[:, 1], atol=0.5)


@pytest.mark.parametrize(("text", "framed"), [("", False), ("123", False), ("1234", True)])
def test_fewer_than_four_characters_frame_nothing(text: str, framed: bool):
    """Three characters may be anything; four make a line."""
    assert framed == (recognize.framed(read(Fake(text)), STRIP) is not None)


@given(
    times=st.integers(2, 4),
    left=st.integers(-400, 300),
    top=st.integers(-60, 80),
    long=st.integers(480, 700),
    lean=st.floats(-0.1, 0.1),
)
def test_a_finer_picture_gives_the_same_strip(times: int, left: int, top: int, long: int, lean: float):
    """What is averaged before it is cut out lies where it lay, also where the line leaves the picture."""
    y, x = np.mgrid[:120, :800].astype(np.float32)
    coarse = np.repeat((127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7 + x / 60)).astype(np.uint8)[..., None], 3, 2)
    fine = cv2.resize(coarse, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR)
    quad = np.array([(left, top), (left + long, top + lean * long), (left + long, top + 48 + lean * long),
                     (left, top + 48)], np.float32)  # fmt: skip

    one = recognize.strip(coarse, quad).astype(int)
    other = recognize.strip(fine, np.asarray((quad + 0.5) * times - 0.5, np.float32)).astype(int)

    assert np.abs(one - other).mean() < 4


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3, 2), (900, 1)])
def test_a_line_is_cut_out_of_the_smallest_picture(size: tuple[int, int]):
    """However far it reaches beyond it."""
    quad = np.array([(-2000, -100), (4000, -100), (4000, 300), (-2000, 300)], np.float32)

    assert recognize.strip(np.full((*size, 3), 7, np.uint8), quad).max() == 7


def test_an_evened_strip_shows_faint_print_as_clearly_as_the_rest():
    """Half of the strip has a twentieth of the other half's contrast, on another ground."""
    bars = np.tile(np.where(np.arange(480) % 16 < 8, 100.0, -100.0)[None, :, None], (recognize.HEIGHT, 1, 3))
    bars[:, 240:] /= 20
    strip = (128 + bars * np.float64(0.9) + np.where(np.arange(480) < 240, 0, 60)[None, :, None]).astype(np.uint8)
    before, after = (np.std(each[:, 300:440]) / np.std(each[:, 40:200]) for each in (strip, recognize.evened(strip)))

    assert before < 0.06
    assert after > 0.4
