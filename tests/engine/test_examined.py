"""What of a picture that was looked at is the number, the card and what stands beside them, whatever was read."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bankcard_ocr.engine.examined import ExaminedPicture
from bankcard_ocr.engine.regions import SOME
from bankcard_ocr.vision import image, locate, outline
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.locate import Detection

CARD = quads.rectangle(300, 190) + 50  # in a picture of 800 x 600 pixels
OTHER = CARD + np.float32((330, 200))
LINE = quads.rectangle(200, 20) + np.float32((100, 150))  # on the first of them


def region(*, score: float = 0.9, confidence: float = 0.9, digits: int = 16, quad: quads.Quad = LINE):
    evidence = confidence if confidence >= SOME else 0.0, digits
    return SimpleNamespace(score=score, confidence=confidence, evidence=evidence, quad=quad)


def seen(*regions, detections: tuple[Detection, ...] = (), size: tuple[int, int] = (800, 600), **search):
    """A picture of this ``size``, of which half was decoded, with what was found in it."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    return ExaminedPicture(
        picture=image.Picture(pixels=pixels, size=(2 * size[0], 2 * size[1]), reduced=2),
        search=SimpleNamespace(detections=detections, **search),
        regions=regions,
        timings_ms={},
    )


def card(quad: quads.Quad = CARD, score: float = 0.9) -> Detection:
    return Detection(kind="card", quad=quad, score=score)


@pytest.fixture
def edges(monkeypatch) -> list[quads.Quad]:
    """Lets the edges of every card be 5 pixels farther right than it was located; the cards they were looked for."""
    asked: list[quads.Quad] = []
    monkeypatch.setattr(outline, "refined", lambda _, quad: asked.append(quad) or quad + np.float32((5, 0)))
    return asked


def test_what_tells_most_is_the_number():
    """Not what was located most surely; of several pictures the one that has it counts."""
    faint, sure = region(score=0.2), region(score=0.95, confidence=0.0, digits=5)

    short, long = (region(confidence=confidence, digits=digits) for confidence, digits in ((0.01, 4), (0.0, 16)))

    assert [faint, long] == [seen(sure, faint).best, seen(short, long).best]
    assert [(0.9, 16), (0.0, 0)] == [seen(sure, faint).evidence, seen().evidence]


@pytest.mark.parametrize(
    ("score", "confidence", "is_one"), [(0.34, 0.09, False), (0.35, 0.0, True), (0.0, 0.1, True), (0.9, 0.9, True)]
)
def test_a_line_is_located_or_read(score: float, confidence: float, is_one: bool):
    """What is neither, with some certainty, is no number."""
    assert is_one == (seen(region(score=score, confidence=confidence)).line is not None)


def test_without_a_region_there_is_no_line_and_no_card():
    """Nor one to be cut out."""
    shot = seen()

    assert [None] * 3 == [shot.line, shot.card, shot.cut_out]


def test_the_card_is_the_one_on_which_the_number_stands():
    """Not a surer one beside it; where there is no number, the surest, when it is sure."""
    both = (card(OTHER, 0.95), card(CARD, 0.4), card(CARD + 3, 0.39))
    faint = region(score=0.0, confidence=0.0)

    assert CARD is seen(region(), detections=both).card
    assert None is seen(region(), detections=both[:1]).card
    assert OTHER is seen(detections=(Detection(kind="number", quad=LINE, score=0.95), *both)).card
    assert OTHER is seen(faint, detections=both).card
    assert [None, CARD] == [seen(detections=(card(CARD, score),)).card for score in (0.59, 0.6)]


@pytest.mark.parametrize(
    ("size", "line", "is_whole"),
    [
        ((856, 540), (400, 30), True),
        ((856, 540), (330, 30), False),  # a short line, of a card amid the picture
        ((856, 540), None, False),
        ((856, 500), (400, 30), True),  # cut with little beside it
        ((856, 490), (400, 30), False),
        ((856, 590), (400, 30), False),
        ((540, 856), (400, 30), True),
    ],
)
def test_a_picture_is_the_card_by_its_sides_and_its_line(
    size: tuple[int, int], line: tuple[int, int] | None, is_whole: bool
):
    """Where no card was located. The number then reads along the top of what is cut out."""
    place = None if line is None else quads.rectangle(*line) + np.float32((60, 60))
    if place is not None and size[0] < size[1]:  # the card lies on its side, and the line runs down
        place = np.float32((540, 0)) + place[:, ::-1] * np.float32((-1, 1))
    found = seen(*([] if place is None else [region(quad=place)]), size=size).cut_out

    assert is_whole == (found is not None)
    if found is not None:
        assert quads.sides(found)[0] > quads.sides(found)[1]
        assert np.ptp(quads.project(place, quads.homography(found, quads.UNIT))[:, 0]) > 0.4


@pytest.mark.usefixtures("edges")
def test_a_card_is_cut_out_the_way_up_that_it_is_read():
    """On its edges, as is what is laid on other pictures of it."""
    shot = seen(region(quad=quads.turn(LINE, 2)), detections=(card(),))

    assert np.array_equal(quads.turn(CARD + np.float32((5, 0)), 2), shot.cut_out)
    assert np.array_equal(CARD + np.float32((5, 0)), shot.as_aligned.card)
    assert None is seen(region()).as_aligned.card


def test_edges_are_looked_for_once(edges):
    """Of each card."""
    shot = seen(region(), detections=(card(), card(OTHER)))
    found = [shot.outline(each) for each in (CARD, OTHER, CARD.copy(), OTHER)]

    assert [CARD[0, 0] + 5, OTHER[0, 0] + 5] * 2 == [each[0, 0] for each in found]
    assert 2 == len(edges)


def test_edges_off_which_the_number_would_be_are_others(monkeypatch):
    """Then the card is where it was located; of one that the number is not on they may be."""
    monkeypatch.setattr(outline, "refined", lambda _, quad: quads.part(quad, 0.5, 0.5, 1.0, 1.0))
    shot = seen(region(), detections=(card(), card(OTHER)))

    assert np.array_equal(CARD, shot.outline(CARD))
    assert not np.array_equal(OTHER, shot.outline(OTHER))
    assert not np.array_equal(CARD, seen(detections=(card(),)).outline(CARD))


@pytest.mark.usefixtures("edges")
def test_lines_are_looked_for_on_the_card_cut_out():
    """Of every kind, also such as were hardly seen; and once."""
    asked: list[tuple[quads.Quad, dict]] = []
    shot = seen(region(), detections=(card(),), closer=lambda quad, **told: asked.append((quad, told)) or ["a line"])

    assert [["a line"]] * 2 == [shot.closer, shot.closer]
    ((place, told),) = asked
    assert np.array_equal(shot.cut_out, place)
    assert {"kinds": ("number", "holder", "expiry"), "least": 0.1, "most": 3} == told
    assert [] == seen(region()).closer


@pytest.mark.usefixtures("edges")
def test_names_are_looked_for_on_the_card_seen_larger():
    """On the same card, in more pixels of the locator's; and once."""
    asked: list[tuple[quads.Quad, dict]] = []
    shot = seen(region(), detections=(card(),), closer=lambda quad, **told: asked.append((quad, told)) or ["a line"])

    assert [["a line"]] * 2 == [shot.closest, shot.closest]
    ((place, told),) = asked
    assert np.array_equal(shot.cut_out, place)
    assert {"kinds": ("number", "holder"), "least": 0.1, "most": 3, "side": locate.NEAR} == told
    assert [] == seen(region()).closest


def test_a_line_is_read_once():
    """Each line."""
    read: list[quads.Quad] = []
    shot = seen(look=SimpleNamespace(line=lambda quad: read.append(quad) or len(read)))

    assert [1, 2, 1] == [shot.read(quad) for quad in (LINE, LINE + 1, LINE.copy())]


def test_places_are_told_in_the_picture_as_sent():
    """Of which half was decoded."""
    assert ((0.5, 0.5), (4.5, 0.5), (4.5, 2.5), (0.5, 2.5)) == seen().as_sent(quads.rectangle(3, 2))
