"""How well what is drawn on a card shows in its photograph."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from bankcard_ocr.synth import card, dataset, render, scene, visible
from bankcard_ocr.vision import quad as quads

pytestmark = pytest.mark.usefixtures("bare")

SIZE = {"width": 320, "height": 240}


def drawn_first(seed: int, index: int) -> tuple[np.random.Generator, card.Card]:
    """The first card that a data set tries for a sample, and the generator after it."""
    rng = np.random.default_rng((seed, index, 0))
    return rng, card.sample(rng)


def number_of(drawn: card.Card) -> card.Line:
    (line,) = (line for line in drawn.lines if line.kind == "number")
    return line


@pytest.fixture
def patched(monkeypatch):
    """Every photograph has a white patch where a card that lies so has its first digits."""
    portrait = scene.portrait

    def covered(rng: np.random.Generator, flat: render.Flat, *, width: int, height: int) -> scene.Scene:
        taken = portrait(rng, flat, width=width, height=height)
        card_quad, *_ = (thing.quad for thing in taken.things)
        (line,) = (text for text in render.flat(drawn_first(7, 21)[1], 5.0).texts if text.kind == "number")
        rows, columns = flat.pixels.shape[:2]
        first = quads.project(
            quads.part(line.quad, -0.02, -0.2, 0.08, 1.2), quads.homography(quads.rectangle(columns, rows), card_quad)
        )
        pixels = taken.pixels.copy()
        cv2.fillConvexPoly(pixels, first.astype(np.int32), (255, 255, 255))
        return replace(taken, pixels=pixels)

    monkeypatch.setattr(scene, "portrait", covered)


def test_a_number_that_a_person_can_read_shows():
    """All of its characters differ from the card without them, though not as black from white."""
    rng, drawn = drawn_first(7, 21)

    assert visible.LEAST <= visible.portrait(rng, drawn, "number", scale=5.0, **SIZE)[1] < 128


@pytest.mark.usefixtures("patched")
def test_one_character_that_is_covered_decides():
    """The faintest character counts, not the line: 0 where its photograph is the same without it."""
    rng, drawn = drawn_first(7, 21)

    assert 0.0 == visible.portrait(rng, drawn, "number", scale=5.0, **SIZE)[1]


def test_what_is_not_on_the_card_does_not_show():
    """No line of that kind: 0."""
    rng, drawn = drawn_first(7, 21)
    blank = replace(drawn, lines=tuple([line for line in drawn.lines if line.kind != "number"]))

    assert 0.0 == visible.portrait(rng, blank, "number", scale=5.0, **SIZE)[1]


def test_the_photograph_is_the_one_without_the_measure():
    """The second photograph takes nothing from the generator: two of the same state are the same, and go on alike."""
    pictures, following = [], []
    for kind in ("number", "holder"):
        rng, drawn = drawn_first(7, 21)
        pictures.append(visible.portrait(rng, drawn, kind, scale=5.0, **SIZE)[0].pixels)
        following.append(rng.integers(10**6))

    assert (True, True) == (np.array_equal(*pictures), following[0] == following[1])


def test_a_data_set_draws_anew_what_cannot_be_seen():
    """Each sample's number shows, though the first card for it did not."""
    _, drawn = drawn_first(7, 14)
    sample = dataset.sample(7, 14, **SIZE)

    assert sample.number != number_of(drawn).text.replace(" ", "")
