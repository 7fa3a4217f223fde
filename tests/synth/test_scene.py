"""Photographs of flat cards, and what they say about where things are."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from bankcard_ocr.numbers import luhn, pan
from bankcard_ocr.synth import camera, card, dataset, glyphs, material, render, scene
from bankcard_ocr.vision import quad as quads

SMALL = {"width": 320, "height": 240}


@pytest.fixture
def flat() -> render.Flat:
    """A grey card with a black number near its middle."""
    black = card.Style(relief=False, face=glyphs.Face(), ink=card.Ink(relief=False))
    line = card.set_line(
        np.random.default_rng(1), "number", "6200 0000 0000 0005", black, height=4.0, left=8.0, middle=30.0
    )
    drawn = card.Card(seed=1, size=(card.WIDTH, card.HEIGHT), lines=(line,), chip=None, marks=())
    return render.flat(drawn, scale=5.0)


@pytest.fixture
def still(monkeypatch):
    """A camera that changes nothing."""
    monkeypatch.setattr(camera, "light", lambda rng, picture: picture)
    monkeypatch.setattr(camera, "develop", lambda rng, picture: picture)
    monkeypatch.setattr(camera, "shoot", lambda rng, picture, blur: (np.clip(picture, 0, 1) * 255).astype(np.uint8))


def inverted(flat: render.Flat) -> render.Flat:
    """The card with the pixels of its number changed and no others."""
    pixels = flat.pixels.copy()
    (left, top), _, (right, bottom), _ = flat.texts[0].quad.astype(int)
    pixels[top : bottom + 1, left : right + 1] ^= 128
    return replace(flat, pixels=pixels)


@pytest.mark.usefixtures("bare", "still")
@pytest.mark.parametrize("seed", range(8))
def test_the_quad_of_a_number_encloses_it(seed: int, flat: render.Flat):
    """Photographed with other pixels in its number's box, a card differs inside the number's quad and nowhere else."""
    first, second = (
        scene.portrait(np.random.default_rng(seed), one, width=320, height=240) for one in (flat, inverted(flat))
    )
    number = first.things[-1]
    changed = np.abs(first.pixels.astype(int) - second.pixels).max(2)
    inside = cv2.fillPoly(np.zeros((240, 320), np.uint8), [np.round(number.quad).astype(np.int32)], 1)
    around = cv2.dilate(inside, np.ones((7, 7), np.uint8))

    assert ("number", "6200000000000005") == (number.kind, number.text)
    assert changed[around == 0].max() <= 3
    assert np.median(changed[cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0]) > 20


@pytest.mark.usefixtures("bare")
def test_things_are_convex_and_in_view(rng, flat: render.Flat):
    """Texts are whole in the picture, cards at least half; every quad is one that a camera can see."""
    shots = [scene.sample(rng, [flat], width=96, height=96) for _ in range(60)]
    things = [thing for shot in shots for thing in shot.things]
    areas = [cv2.intersectConvexConvex(thing.quad, quads.rectangle(96, 96))[0] for thing in things]
    least = [0.5 if thing.kind == "card" else 0.93 for thing in things]

    assert {"card", "number"} == {thing.kind for thing in things}
    assert all(quads.is_convex(thing.quad) for thing in things)
    assert all(a > b * cv2.contourArea(t.quad) for a, b, t in zip(areas, least, things, strict=True))


@pytest.mark.usefixtures("bare")
def test_some_scenes_have_no_card_and_some_several(rng, flat: render.Flat):
    """What is no card is drawn too, and cards on cards."""
    counts = [
        [thing.kind for thing in scene.sample(rng, [flat], width=64, height=64).things].count("card")
        for _ in range(100)
    ]

    assert {0, 1, 2} <= set(counts)


@pytest.mark.usefixtures("bare", "still")
@pytest.mark.parametrize(
    ("size", "kind"), [((card.WIDTH, card.HEIGHT), "lying"), ((card.HEIGHT, card.WIDTH), "upright")]
)
def test_cards_are_mostly_held_so_that_they_can_be_read(rng, size, kind: str):
    """Upright ones, too, alone in the picture or on a table; a card that is the picture keeps its shape."""
    black = card.Style(relief=False, face=glyphs.Face(), ink=card.Ink(relief=False))
    line = card.set_line(rng, "number", "4111 1111 1111 1111", black, height=3.0, left=4.0, middle=30.0, longest=46)
    flat = render.flat(card.Card(seed=1, size=size, lines=(line,), chip=None, marks=()), scale=5.0)
    numbers = [t.quad for _ in range(80) for t in scene.sample(rng, [flat], **SMALL).things if t.kind == "number"]
    to_the_right = np.mean([(quad[1] - quad[0])[0] > abs((quad[1] - quad[0])[1]) for quad in numbers])
    wholes = [scene._cut_out(rng, flat, 320, 320).things[0].quad for _ in range(20)]
    wide, high = np.median([np.ptp(quad, 0) for quad in wholes], 0)

    assert (0.4, kind) < (to_the_right, kind)
    assert abs(wide / high - size[0] / size[1]) < 0.08 * size[0] / size[1]


def test_a_card_may_run_into_the_page(rng, flat: render.Flat):
    """Its edge has the ground's colour all around, what is in the middle stays, and so do its texts."""
    borderless, ground = scene._on_its_ground(rng, flat, 90, 160)
    edge = np.concatenate(
        [borderless.pixels[0], borderless.pixels[-1], borderless.pixels[:, 0], borderless.pixels[:, -1]]
    )
    middle = tuple(slice(size * 2 // 5, size * 3 // 5) for size in flat.pixels.shape[:2])

    assert ground.shape == (90, 160, 3)
    assert np.abs(edge - ground.reshape(-1, 3)[0] * 255).max() <= 1
    assert np.abs(borderless.pixels[middle].astype(int) - flat.pixels[middle]).max() <= 1
    assert borderless.texts == flat.texts


@pytest.mark.usefixtures("bare")
def test_everything_is_drawn_without_fonts_and_pictures(rng):
    """A machine with neither draws cards, scenes and backgrounds of every kind."""
    flats = [render.flat(card.sample(rng), 2.0) for _ in range(25)]
    shots = [scene.sample(rng, flats, width=64, height=64) for _ in range(50)]

    assert (None, ()) == (material.crop(rng, 8, 8), glyphs.fonts())
    assert {(64, 64, 3)} == {shot.pixels.shape for shot in shots}


def digest(index: int) -> str:
    """What tells a sample's pixels and labels apart from any other's."""
    drawn = dataset.sample(5, index, **SMALL)
    return f"{drawn.pixels.sum()} {drawn.number} {drawn.valid_thru} {drawn.quad.sum():.3f}"


def test_a_sample_is_the_same_in_any_order_and_process():
    """Sample i of seed s does not know what was drawn before it, or where."""
    code = f"from bankcard_ocr.synth import dataset as d; s = d.sample(5, 1, **{SMALL})"
    shown = "print(f'{s.pixels.sum()} {s.number} {s.valid_thru} {s.quad.sum():.3f}')"
    done = subprocess.run([sys.executable, "-c", f"{code}; {shown}"], capture_output=True, text=True, check=True)
    forwards, backwards = [digest(0), digest(1)], [digest(1), digest(0)]

    assert forwards == backwards[::-1]
    assert forwards[1] == done.stdout.strip()
    assert forwards[0] != forwards[1]


@pytest.mark.usefixtures("bare")
def test_a_sample_s_number_is_whole_and_in_view():
    """One number of 12 to 19 digits, its quad within the picture."""
    drawn = [dataset.sample(1, index, **SMALL) for index in range(6)]
    corners = np.concatenate([one.quad for one in drawn])

    assert all(pan.SHORTEST <= len(one.number) <= pan.LONGEST and one.number.isdigit() for one in drawn)
    assert ((corners > -12) & (corners < np.array([332, 252]))).all()


def test_labels_have_the_columns_of_the_bench():
    """The labels of a drawn picture are those of a measured one, complete and consistent."""
    number = "6200000000000005"
    drawn = dataset.Sample(
        pixels=np.zeros((40, 60, 3), np.uint8), number=number, valid_thru="12/30", relief=True,
        quad=quads.rectangle(50, 10),
    )  # fmt: skip
    row = dataset._label(drawn, "a.jpg")

    assert dataset.COLUMNS == tuple(row)
    assert ("620000******0005", 16, int(luhn.is_valid(number))) == (row["masked"], row["length"], row["luhn"])
    assert ("unionpay", "embossed", "12/30") == (row["network"], row["relief"], row["valid_thru"])
    assert "[[0.0, 0.0], [49.0, 0.0], [49.0, 9.0], [0.0, 9.0]]" == row["number_quad"]
