"""Several pictures of one card, laid on one another."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import align
from bankcard_ocr.engine.regions import Region
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.recognize import Character, Line

ALPHABET = "0123456789/?"
NUMBER = "6200000000000005"  # a published test number
FRAME = np.array([(100, 200), (579, 200), (579, 247), (100, 247)], np.float32)  # where a strip was cut out
CARD = np.array([(60, 50), (699, 50), (699, 449), (60, 449)], np.float32)


def line_of(text: str, *, sure: float = 0.998, shift: float = 0.0, pitch: float = 22.0) -> Line:
    """A strip 480 wide that says ``text``, evenly but for its sixth sign, which stands ``shift`` pitches off."""
    places = [24 + pitch * (i + (shift if i == 5 else 0)) for i in range(len(text))]
    frames = np.zeros((120, 13), np.float32)
    frames[:, 0] = 1.0
    for x, char in zip(places, text, strict=True):
        frames[round(x / 4)] = (1 - sure) / 12
        frames[round(x / 4), 1 + ALPHABET.index(char)] = sure
    characters = tuple(
        Character(text=char, probability=sure, x=x, y=24, width=14, height=24)
        for x, char in zip(places, text, strict=True)
    )
    return Line(characters=characters, frames=frames, alphabet=ALPHABET)


def picture(
    text: str, pixels: np.ndarray | None = None, card: np.ndarray | None = None, quad: np.ndarray = FRAME
) -> align.AlignedPicture:
    """A picture on whose ``quad`` the text was read."""
    region = Region(views=(line_of(text),), quad=quad, candidates=(), score=0.9)
    nothing = np.full((500, 760, 3), 140, np.uint8)
    return align.AlignedPicture(pixels=nothing if pixels is None else pixels, region=region, card=card)


def test_without_characters_there_is_nothing_to_lay():
    """No pictures, or pictures of nothing."""
    assert (None, None) == (align.align([]), align.align([picture(""), picture("")]))


@pytest.mark.parametrize(("card", "pitch"), [(CARD, 22 / 639), (None, 1 / align.WIDTH)])
def test_digits_are_told_where_the_first_picture_s_card_has_them(art, card: np.ndarray | None, pitch: float):
    """The second picture was taken from elsewhere, and no card was located in it."""
    elsewhere = np.array([(150, 20), (640, 130), (560, 470), (40, 330)], np.float32)
    matrix = quads.homography(CARD, elsewhere)
    second = np.asarray(cv2.warpPerspective(art(1), matrix, (760, 500)), np.uint8)
    pictures = [picture(NUMBER, art(1), card), picture(NUMBER, second, quad=quads.project(FRAME, matrix))]

    aligned = align.align(pictures)
    one, other = aligned.observations() if aligned else (None, None)

    assert [True, True] == [one.is_registered, other.is_registered]
    assert (one.along, one.across) == (pytest.approx(other.along, abs=0.002), pytest.approx(other.across, abs=0.01))
    assert pitch == pytest.approx(float(np.diff(one.along).mean()), rel=0.1)


def test_pictures_with_too_little_in_common_keep_to_their_own_cards(art):
    """So does everyone when only their cards are asked for; without a card digits stand nowhere."""
    pictures = [picture(NUMBER, art(1), CARD), picture(NUMBER, art(2), CARD), picture(NUMBER, art(1))]

    looks = align.align(pictures[:2]).observations()
    apart = align.align(pictures, closely=False).observations()

    assert [(False, True)] * 2 == [(look.is_registered, look.face is not None) for look in looks]
    assert [True, True, False] == [look.along is not None for look in apart]
    assert not any(look.is_registered for look in apart)


def test_a_number_in_several_lines_is_a_look_too(art):
    """It has no characters that stand anywhere, and may contradict another picture all the same."""
    stacked = picture(NUMBER)
    line = replace(stacked.line, characters=())
    stacked = replace(stacked, region=replace(stacked.region, views=(line,)))

    for pictures in ([stacked, stacked], [stacked, picture(NUMBER, art(1), CARD)]):
        looks = align.align(pictures).observations()
        assert [NUMBER] * 2 == [look.digits for look in looks]


def test_a_text_that_no_frame_shows_is_no_look(art):
    """As one is listed now and then where nothing is seen."""
    nothing = picture("")
    nothing = replace(nothing, region=replace(nothing.region, views=(Said(said=(("5", 0.1),)),)), card=CARD)

    for pictures in ([nothing], [picture(NUMBER, art(1), CARD), replace(nothing, pixels=art(1))]):
        aligned = align.align(pictures)
        assert [16] * (len(pictures) - 1) == [len(look.chances) for look in aligned.observations()]
        assert () == aligned.read(Saying(line_of("1")))


def test_a_place_where_a_digit_was_not_seen_is_kept(art):
    """Whether the picture is laid on another, stands alone, or shows no card."""
    seen = [char for place, char in enumerate(line_of(NUMBER).characters) if place != 7]
    holed = picture(NUMBER, art(1), CARD)
    whole = line_of(NUMBER[:7] + NUMBER[8:])
    moved = replace(
        whole, characters=tuple(replace(new, x=old.x) for new, old in zip(whole.characters, seen, strict=True))
    )
    holed = replace(holed, region=replace(holed.region, views=(moved,)))
    bare = replace(holed, card=None, pixels=art(2))

    together = align.align([picture(NUMBER, art(1), CARD), holed]).observations()
    alone = align.align([holed, bare], closely=False).observations()

    assert [16, 16, 16, 16] == [len(look.chances) for look in together + alone]
    assert [False] * 3 == [bool(look.seen[7]) for look in [together[1], *alone]]


def test_nothing_is_read_together_where_one_picture_stands_alone(art):
    """Nor is the model asked."""
    aligned = align.align([picture(NUMBER, art(1), CARD), picture(NUMBER, art(2), CARD)])

    assert () == aligned.read(None)


class Saying:
    """A model that reads a text in whatever it is shown."""

    def __init__(self, line: Line) -> None:
        self.metadata = {"alphabet": ALPHABET}
        places = np.array([(char.x, char.y, char.width, char.height) for char in line.characters], np.float32)
        self.frames, self.places = line.frames, np.zeros((len(line.frames), 4), np.float32)
        self.places[np.rint(places[:, 0] / 4).astype(int)] = places

    def run(self, strips: np.ndarray) -> list[np.ndarray]:
        return [np.stack([self.frames] * len(strips)), np.stack([self.places] * len(strips))]


@pytest.mark.parametrize(
    ("text", "shift", "told"),
    [
        (NUMBER, 0.0, True),
        (NUMBER[:-1] + "6", 0.0, False),  # the check digit does not hold
        (NUMBER, 0.45, False),  # it is not evenly set
        ("4111111111111111110", 0.0, True),
        ("411111111111111", 0.0, False),  # the issuer prints more
    ],
)
def test_what_is_read_together_is_proven_and_even(art, text: str, shift: float, told: bool):
    """Halves of two cards of one design would be put together else."""
    aligned = align.align([picture(text[:8] + "????????", art(1), CARD), picture(text, art(1))])

    found = aligned.read(Saying(line_of(text, shift=shift)))

    assert told == (bool(found) and found[0].number == text)
    assert not found or told
