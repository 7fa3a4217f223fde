"""Drawn characters stand where their labels say, and inks do what they are called after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bankcard_ocr.synth import art, beside, camera, card, glyphs, ink, render, strip, write
from bankcard_ocr.synth.canvas import Canvas
from bankcard_ocr.vision import quad as quads


def grey(rows: int, columns: int, *, scale: float, origin: tuple[float, float]) -> Canvas:
    return Canvas(pixels=np.full((rows, columns, 3), 0.5, np.float32), scale=scale, origin=origin)


@pytest.fixture
def still(monkeypatch):
    """A camera that changes nothing, so that what differs between two strips is what was drawn."""
    monkeypatch.setattr(camera, "light", lambda rng, picture: picture)
    monkeypatch.setattr(camera, "develop", lambda rng, picture: picture)
    monkeypatch.setattr(camera, "shoot", lambda rng, picture, blur: (np.clip(picture, 0, 1) * 255).astype(np.uint8))


@pytest.fixture
def plain(monkeypatch):
    """Characters are black on white, with nothing dark behind them, and nothing covers them."""
    black = ink.Ink(relief=False, soft=0.02)
    monkeypatch.setattr(card, "sample_ink", lambda rng, *, relief: black)
    monkeypatch.setattr(art, "draw", lambda rng, rows, columns, scale: np.ones((rows, columns, 3), np.float32))
    monkeypatch.setattr(beside, "through", lambda rng, canvas, text: None)
    monkeypatch.setattr(beside, "line", lambda rng, canvas, text: None)
    monkeypatch.setattr(beside, "date", lambda rng, canvas, text: None)
    monkeypatch.setattr(strip, "_hide", lambda rng, picture, line: line.text)


def copied(canvas: Canvas) -> Canvas:
    return replace(canvas, pixels=canvas.pixels.copy())


def inked(seed: int, width: int, monkeypatch) -> tuple[strip.Strip, np.ndarray]:
    """A strip, and how much each of its pixels changed when the line was stamped."""
    with_text = strip.sample(np.random.default_rng(seed), width)
    texts = render.texts
    monkeypatch.setattr(render, "texts", lambda canvas, lines: texts(copied(canvas), lines))
    without = strip.sample(np.random.default_rng(seed), width)
    assert with_text.text == without.text
    return with_text, np.abs(with_text.pixels.astype(int) - without.pixels).max(2)


@pytest.mark.usefixtures("bare", "still", "plain")
@pytest.mark.parametrize("width", [480, 160])
@pytest.mark.parametrize("seed", range(10))
def test_the_places_of_a_strip_are_where_its_ink_is(seed: int, width: int, monkeypatch):
    """Drawn with and without its text, a strip differs inside its characters' boxes and hardly anywhere else."""
    drawn, change = inked(seed, width, monkeypatch)
    rows, columns = np.mgrid[0 : change.shape[0], 0 : change.shape[1]]
    x, y, wide, high = drawn.places.T[:, :, None, None]
    inside = (np.abs(columns - x) <= wide / 2 + 2.5) & (np.abs(rows - y) <= high / 2 + 2.5)

    assert len(drawn.text) == len(drawn.places)
    assert change[~inside.any(0)].sum() <= 0.03 * change.sum()


@pytest.mark.usefixtures("bare", "still", "plain")
@pytest.mark.parametrize("seed", range(10))
def test_the_ink_of_a_character_is_around_its_place(seed: int, monkeypatch):
    """The ink of a line framed squarely begins and ends where its first and last labels do, to a few pixels.

    Of a leaning line a label is the hull of what leans: ink in round corners ends before it.
    """
    monkeypatch.setattr(strip, "_frame", lambda _rng, quad: quads.grow(quad, 0.03, 0.3))
    drawn, change = inked(seed, 480, monkeypatch)
    seen = np.flatnonzero(change.max(0) > 30)
    first, last = drawn.places[0], drawn.places[-1]
    shown = [first[0] - first[2] / 2 > 3, last[0] + last[2] / 2 < 476]
    expected = np.array([first[0] - first[2] / 2, last[0] + last[2] / 2])[shown]

    assert np.allclose(expected, np.array([seen[0], seen[-1]])[shown], atol=4)


@pytest.mark.usefixtures("bare")
def test_covered_characters_are_hidden_in_the_label(rng):
    """About one strip in eleven has characters that cannot be seen; their label says so and keeps their places."""
    drawn = [strip.sample(rng, 160) for _ in range(150)]
    hidden = [one for one in drawn if strip.HIDDEN in one.text]

    assert 4 < len(hidden) < 30
    assert [len(one.text) for one in drawn] == [len(one.places) for one in drawn]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("width", "longest"), [(480, 19), (160, 21)])
def test_strips_are_bytes_of_one_height(width: int, longest: int, rng):
    """uint8 (48, W, 3), as many places as characters, all of them digits, slashes or hidden."""
    drawn = strip.sample(rng, width)

    assert (np.uint8, (48, width, 3)) == (drawn.pixels.dtype, drawn.pixels.shape)
    assert (len(drawn.text), 4) == drawn.places.shape
    assert set(drawn.text) <= set("0123456789/" + strip.HIDDEN)
    assert len(drawn.text) <= longest


@pytest.mark.usefixtures("bare")
def test_lines_and_shots_multiply(rng):
    """Three lines shot twice are six strips; the shots of a line say the same."""
    texts = [drawn.text for drawn in strip.samples(rng, 160, lines=3, shots=2)]

    assert texts[::2] == texts[1::2]
    assert 6 == len(texts)


@pytest.mark.usefixtures("bare")
def test_a_card_drawn_twice_is_the_same(rng):
    """A sampled card is data: drawing changes nothing and uses no chance of its own."""
    drawn = card.sample(rng)

    assert np.array_equal(render.flat(drawn, 3.0).pixels, render.flat(drawn, 3.0).pixels)


@pytest.mark.usefixtures("bare")
def test_a_flat_card_has_round_corners():
    """Its coverage is whole in the middle and nothing in the corners."""
    blank = card.Card(seed=1, size=(card.WIDTH, card.HEIGHT), lines=(), chip=None, marks=())
    cover = render.flat(blank, 4.0).cover

    assert (255, [0, 0, 0, 0]) == (cover[100, 170], cover[[0, 0, -1, -1], [0, -1, 0, -1]].tolist())


@pytest.mark.usefixtures("bare")
def test_a_text_s_quad_bounds_its_boxes():
    """The quad's corners are the outer edges of all boxes, TL, TR, BR, BL, and convex."""
    text = render.Text(kind="number", text="12", boxes=np.array([(1, 2, 3, 8), (4, 1, 6, 7)], np.float32))

    assert [[1, 1], [6, 1], [6, 8], [1, 8]] == text.quad.tolist()
    assert quads.is_convex(text.quad)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_place_on_the_card_is_a_place_on_its_canvas(kind):
    """Millimetres from the canvas's own corner, times its scale, as precise as they were told."""
    canvas = grey(80, 160, scale=5.0, origin=(-4.0, 8.0))
    found = canvas.in_pixels(np.array([(-4, 8), (6, 10)], kind))

    assert ([[0, 0], [50, 10]], kind) == (found.tolist(), found.dtype)
    assert 50.0 == canvas.column(6.0)


@pytest.mark.usefixtures("bare")
def test_a_line_outside_the_picture_has_no_boxes(rng):
    """What is not in view is neither drawn nor labelled."""
    line = card.set_line(rng, "number", "4111", card.PRINTED, height=4.0, left=5.0, middle=30.0)
    canvas = grey(40, 40, scale=4.0, origin=(500.0, 500.0))

    assert (0, 4) == write.line(canvas, line).shape
    assert [] == render.texts(canvas, [line])
    assert np.all(canvas.pixels == 0.5)


@pytest.mark.parametrize("relief", [True, False])
def test_an_ink_stamps_the_same_again(relief: bool, rng):
    """An ink is data: the same ink on the same picture gives the same."""
    sampled = ink.sample(rng, relief=relief)
    mask = np.zeros((30, 60), np.float32)
    mask[8:22, 20:40] = 1
    first, second = np.full((2, 30, 60, 3), 0.4, np.float32)
    ink.stamp(first, mask, sampled, 6.0)
    ink.stamp(second, mask, sampled, 6.0)

    assert np.array_equal(first, second)
    assert (0.0 <= first.min(), first.max() <= 1.0) == (True, True)


def test_bare_relief_is_shaded_and_foil_is_seen():
    """Without foil only edges change, bright towards the light and dark away; with foil the top does too."""
    mask = np.zeros((40, 60), np.float32)
    mask[10:30, 20:40] = 1
    bare, tipped = np.full((2, 40, 60, 3), 0.4, np.float32)
    ink.stamp(bare, mask, ink.Ink(relief=True, cover=0.0, light=0.0, diffuse=0.8), 6.0)
    ink.stamp(tipped, mask, ink.Ink(relief=True, foil=(0.9, 0.9, 0.9)), 6.0)

    assert (True, True) == (bool(bare[20, 38:42].max() > 0.5), bool(bare[20, 18:22].min() < 0.3))
    assert (pytest.approx(0.4, abs=0.02), pytest.approx(0.9, abs=0.02)) == (bare[20, 30, 0], tipped[20, 30, 0])


@pytest.mark.parametrize("char", "0123456789/")
@pytest.mark.parametrize("shape", range(4))
def test_every_character_of_embossers_fills_its_box(char: str, shape: int):
    """Strokes reach from the top to the bottom of a digit's height, whichever shape."""
    mask = np.zeros((60, 60), np.float32)
    boxes = glyphs.paint(mask, char, glyphs.Face(shape=shape), np.array([(30, 30)], np.float32), 40.0)
    rows = np.flatnonzero(mask.max(1) > 0.4)

    assert ([10.0, 50.0], True) == (boxes[0, [1, 3]].tolist(), 37 <= rows[-1] - rows[0] <= 43)


@pytest.mark.skipif(not glyphs.fonts(), reason="this machine has no fonts that the generator uses")
@pytest.mark.parametrize("font", glyphs.fonts()[:6])
def test_digits_of_fonts_have_the_height_asked_for(font: str):
    """A font's 8 is as high as a stroked one."""
    mask = np.zeros((80, 80), np.float32)
    glyphs.paint(mask, "8", glyphs.Face(font=font), np.array([(40, 40)], np.float32), 40.0)
    rows = np.flatnonzero(mask.max(1) > 0.4)

    assert (40, 40) == (pytest.approx(rows[-1] - rows[0], abs=3), pytest.approx((rows[-1] + rows[0]) / 2, abs=2))


@pytest.mark.usefixtures("bare", "still")
@pytest.mark.parametrize(("width", "drawn"), [(480, "line"), (160, "date")])
def test_a_strip_shows_what_stands_beside(width: int, drawn: str, monkeypatch):
    """Many strips of numbers and dates differ from those drawn without it."""
    whole = [strip.sample(np.random.default_rng(seed), width).pixels for seed in range(12)]
    monkeypatch.setattr(beside, drawn, lambda rng, canvas, text: None)
    bare = [strip.sample(np.random.default_rng(seed), width).pixels for seed in range(12)]

    assert sum(not np.array_equal(a, b) for a, b in zip(whole, bare, strict=True)) > 6


@pytest.mark.parametrize("drawn", beside.NEIGHBOURS)
@pytest.mark.parametrize("way", [-1, 1])
def test_what_stands_beside_stays_beside(drawn, way: int):
    """A neighbour changes the picture on its own side of the number only."""
    canvas = grey(120, 400, scale=5.0, origin=(-40.0, -12.0))
    for seed in range(6):
        drawn(np.random.default_rng(seed), canvas, beside.Spot(height_mm=4.0, near_mm=way * 6.0, way=way))
    touched = np.flatnonzero((np.abs(canvas.pixels - 0.5) > 0.02).any((0, 2)))
    near = touched.min() if way > 0 else 400 - touched.max()

    assert len(touched)
    assert near > 200


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("way", [-1, 1])
def test_a_caption_beside_a_date_stays_beside(way: int):
    """Every row of it begins or ends where it was told to."""
    for seed in range(8):
        rows = card.caption_beside(np.random.default_rng(seed), 3.0, 0.0, near=way * 20.0, way=way)
        ends = [float(row.middles[0 if way > 0 else -1, 0]) for row in rows]
        heights = [row.height for row in rows]

        assert all(0 <= way * end - 20 <= height for end, height in zip(ends, heights, strict=True))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("drawn", beside.THROUGH)
def test_art_runs_through_the_digits(drawn):
    """Each kind of art changes pixels between the digits' tops and bottoms."""
    line = card.set_line(
        np.random.default_rng(1), "number", "4111", card.Style(relief=True), height=4.0, left=0.0, middle=0.0
    )
    touched = 0
    for seed in range(8):
        canvas = grey(80, 160, scale=5.0, origin=(-4.0, -8.0))
        drawn(np.random.default_rng(seed), canvas, line)
        touched += bool((np.abs(canvas.pixels[30:50, 20:100] - 0.5) > 0.02).any())

    assert touched >= 6


@pytest.mark.usefixtures("bare")
def test_bare_relief_has_art_through_it_most_often():
    """What only light and shadow tell from the art under it is met more often than what foil tells."""

    def share(cover: float) -> float:
        style = card.Style(relief=True, ink=ink.Ink(relief=True, cover=cover))
        line = card.set_line(np.random.default_rng(1), "number", "4111", style, height=4.0, left=0.0, middle=0.0)
        changed = 0
        for seed in range(200):
            canvas = grey(80, 160, scale=5.0, origin=(-4.0, -8.0))
            beside.through(np.random.default_rng(seed), canvas, line)
            changed += bool((canvas.pixels != 0.5).any())
        return changed / 200

    assert (0.45 < share(0.0) < 0.7, 0.2 < share(1.0) < 0.45) == (True, True)
