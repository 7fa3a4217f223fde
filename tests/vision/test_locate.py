"""Votes of a map's cells become quads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.vision import locate
from bankcard_ocr.vision import quad as quads

LINE = np.array([(60, 100), (260, 110), (258, 134), (58, 124)], np.float32)
CARD = np.array([(40, 40), (280, 50), (276, 200), (36, 190)], np.float32)


class Fake:
    """A model that sees 288 x 224 pixels in a frame; cells on ``things`` (kind, quad) vote for them, ``noise`` off."""

    def __init__(self, *things: tuple[str, np.ndarray], noise: float = 0.0) -> None:
        self.metadata = {"kinds": "card,number,expiry,holder", "side": "320", "stride": "8"}
        self.things, self.noise, self.sizes = things, noise, []

    def run(self, pictures: np.ndarray) -> list[np.ndarray]:
        self.sizes.append(pictures.shape)
        rng = np.random.default_rng(1)
        rows, columns = pictures.shape[1] // 8, pictures.shape[2] // 8
        maps = np.zeros((1, 4, 11, rows, columns), np.float32)
        y, x = np.mgrid[0:rows, 0:columns] * 8 + 3.5
        cells = np.stack([x, y], -1) - locate._MARGIN
        for kind, quad in self.things:
            part = maps[0, self.metadata["kinds"].split(",").index(kind)]
            edges = np.roll(quad, -1, 0) - quad
            away = cells[:, :, None] - quad
            on = (edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0] >= 0).all(-1)
            votes = (quad - cells[:, :, None] + rng.normal(0, self.noise, (rows, columns, 4, 2))) / 32
            part[0][on] = 0.9
            part[1:9, on] = votes[on].reshape(-1, 8).T
            part[9:11, on] = -2.0
        return [maps]


def picture(width: int = 288, height: int = 224) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def test_a_thing_is_where_its_cells_vote():
    """One card, one number, at the corners that their cells agree on."""
    found = locate.locate(Fake(("card", CARD), ("number", LINE)), picture())

    assert {"card", "number"} == {each.kind for each in found}
    assert [0.9, 0.9] == pytest.approx([each.score for each in found])
    assert np.allclose(CARD, next(t.quad for t in found if t.kind == "card"), atol=0.1)


def test_votes_that_differ_are_averaged():
    """Noise of eight pixels in every vote is less than four in the quad."""
    (card,) = locate.locate(Fake(("card", CARD), noise=8.0), picture())

    assert np.abs(card.quad - CARD).max() < 4


def test_two_cards_are_two():
    """Cells of one kind that vote for different corners are different things."""
    left, right = CARD * (0.5, 1) + (-10, 0), CARD * (0.5, 1) + (150, 0)
    found = locate.locate(Fake(("card", left), ("card", right)), picture())

    assert 2 == len(found)
    assert sorted([left[0, 0], right[0, 0]]) == pytest.approx(sorted(each.quad[0, 0] for each in found), abs=0.5)


@pytest.mark.parametrize("quarters", range(4))
def test_a_quad_says_which_way_its_line_reads(quarters: int):
    """The first corner is the first corner of the text, however the card lies."""
    turned = quads.turn(CARD, quarters)

    assert np.allclose(turned, locate.locate(Fake(("card", turned)), picture())[0].quad, atol=0.1)


def test_quads_are_in_pixels_of_the_picture():
    """A picture four times as large has corners four times as far, pixel centres counted."""
    (card,) = locate.locate(Fake(("card", CARD)), picture(1152, 896))

    assert np.allclose((CARD + 0.5) * 4 - 0.5, card.quad, atol=0.4)


def test_quads_are_in_pixels_of_a_picture_that_lies_apart():
    """The black around it, 48 of the model's 320 pixels on each side, is no part of it."""
    (card,) = locate.locate(Fake(("card", CARD)), picture(448, 320), is_apart=True)

    assert np.allclose((CARD - 48 + 16 + 0.5) * 2 - 0.5, card.quad, atol=0.4)


def test_quads_are_in_pixels_of_a_picture_that_is_turned():
    """What the model sees upside down is told where it is, and which way it reads."""
    (card,) = locate.locate(Fake(("card", CARD)), picture(), is_turned=True)

    assert np.allclose((287, 223) - CARD, card.quad, atol=0.1)


def test_a_picture_that_is_turned_is_seen_upside_down():
    """The model's first pixels are the picture's last."""
    rows: list[np.ndarray] = []
    pixels = picture()
    pixels[:112] = 200
    fake = Fake(("card", CARD))
    run = fake.run
    fake.run = lambda pictures: (rows.append(pictures[0, [20, -20], 100, 0]), run(pictures))[1]
    locate.locate(fake, pixels)
    locate.locate(fake, pixels, is_turned=True)

    assert [row.tolist() for row in rows] == [[200, 0], [0, 200]]


def test_a_picture_that_lies_apart_is_seen_on_black():
    """Nothing else is changed."""
    seen = locate.on_black(np.full((64, 96, 3), 200, np.uint8), 48)

    assert (160, 192, 3) == seen.shape
    assert (seen.sum(), (seen[48:-48, 48:-48] == 200).all()) == (64 * 96 * 3 * 200, True)


def test_the_border_has_the_colour_of_the_edges():
    """What is around a picture looks like its edge goes on."""
    bordered = locate.bordered(np.full((64, 96, 3), (10, 200, 90), np.uint8))

    assert (96, 128, 3) == bordered.shape
    assert (bordered == (10, 200, 90)).all()


def test_nothing_is_nothing():
    """A map without scores has no things."""
    assert [] == locate.locate(Fake(), picture())


def test_what_scores_little_is_left_out():
    """Scores below ``least`` are no things."""
    assert [] == locate.locate(Fake(("card", CARD)), picture(), least=0.95)


def test_only_the_kinds_asked_for_are_told():
    """Who wants the number alone does not pay for the rest."""
    found = locate.locate(Fake(("card", CARD), ("number", LINE)), picture(), kinds=("number",))

    assert ["number"] == [each.kind for each in found]


def test_crossed_votes_are_no_thing():
    """A quad that no camera could see is left out."""
    crossed = CARD[[0, 2, 1, 3]]
    model = Fake(("card", CARD))
    maps = model.run(picture()[None])[0]
    maps[0, 0, 1:9] = maps[0, 0, 1:9].reshape(4, 2, *maps.shape[3:])[[0, 2, 1, 3]].reshape(8, *maps.shape[3:])
    model.run = lambda pictures: [maps]

    assert not quads.is_convex(crossed)
    assert [] == locate.locate(model, picture())


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_the_model_sees_multiples_of_32(width: int, height: int):
    """The longer side is 320, the other the nearest multiple of 32 and never nothing."""
    rows, columns = locate.fitted(np.zeros((height, width, 3), np.uint8), 320).shape[:2]

    assert (320, 0, 0) == (max(rows, columns), rows % 32, columns % 32)
    assert min(rows, columns) == max(32, round(320 * min(width, height) / max(width, height) / 32) * 32)


def rows_of(count: int, *, left: float = 100, top: float = 60, wide: float = 60) -> list[tuple[str, np.ndarray]]:
    """``count`` rows of a number, each of which votes for itself."""
    return [("number", quads.rectangle(wide, 17) + np.float32((left, top + 16 * row))) for row in range(count)]


@pytest.mark.parametrize("quarters", range(4))
def test_rows_of_a_number_are_one_block(quarters: int):
    """Around all their cells, and read as most of them vote."""
    things = [(kind, quads.turn(quad, quarters)) for kind, quad in rows_of(4)]
    (block,) = locate.blocks(Fake(*things), picture())
    around = quads.turn(quads.rectangle(60, 65) + np.float32((100, 60)), quarters)

    assert ("number", pytest.approx(0.9)) == (block.kind, block.score)
    assert np.abs(block.quad - around).max() < 2 * locate.STRIDE


@pytest.mark.parametrize(("things", "blocks"), [(rows_of(2, wide=120), 1), ([("number", LINE)], 0)])
def test_a_line_is_no_block(things: list[tuple[str, np.ndarray]], blocks: int):
    """Two rows of eight digits are four times as long as high, a line of sixteen digits more."""
    assert blocks == len(locate.blocks(Fake(*things), picture()))


def test_blocks_are_few_and_none_is_faint():
    """The most certain two; what scores less than a line would need is none."""
    things = [*rows_of(2, left=10, top=10), *rows_of(2, left=110, top=80), *rows_of(2, left=200, top=160)]

    assert 2 == len(locate.blocks(Fake(*things), picture()))
    assert [] == locate.blocks(Fake(*things), picture(), least=0.95)
    assert [] == locate.blocks(Fake(), picture())


@given(st.integers(1, 900), st.integers(1, 900))
def test_blocks_of_pictures_of_any_size(width: int, height: int):
    """Their quads are in pixels of the picture."""
    whole = quads.rectangle(288, 224)

    for block in locate.blocks(Fake(("number", whole)), picture(width, height)):
        assert np.isfinite(block.quad).all()
        assert (np.abs(block.quad) < 2 * max(width, height) + 64).all()
