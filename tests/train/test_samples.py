"""What the nets learn from: samples, targets, augmentation, and the ring between renderers and trainer. No torch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankcard_ocr.synth import scene, strip
from bankcard_ocr.train import data, scenes, strips

X, Y, WIDE, HIGH = range(4)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def batch_of(*samples: data.Sample) -> data.Batch:
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}


def numbered(text: str, pitch: float = 24.0) -> data.Sample:
    """A strip whose characters stand ``pitch`` pixels apart from 40 on."""
    places = np.array([(40 + i * pitch, 22, 14, 26) for i in range(len(text))], np.float32).reshape(-1, 4)
    pixels = np.arange(48 * 480 * 3, dtype=np.uint32).reshape(48, 480, 3).astype(np.uint8)
    return strips.sample(strip.Strip(pixels=pixels, text=text, places=places))


def test_a_strip_s_codes_are_its_text():
    """The alphabet has the blank first, then digits, slash and the hidden character."""
    codes = numbered("12/3?")["codes"]

    assert "12/3?" == "".join(strips.ALPHABET[code] for code in codes if code)
    assert "\0" == strips.ALPHABET[0]


@pytest.mark.parametrize("render", [strips.render_long, strips.render_short, strips.render_holders])
def test_rendered_strips_fit_the_ring(render, rng):
    """Six strips a call, each of the shapes that the ring was made for."""
    width = strips.SHORT if render is strips.render_short else strips.LONG
    samples = list(render(rng))
    shapes = {name: (str(array.dtype), array.shape) for name, array in samples[0].items()}

    assert (6, strips.shapes(width)) == (len(samples), shapes)


def test_frames_at_a_character_say_it_and_frames_between_say_blank():
    """The frame nearest to each middle has its code, and the frames half-way the blank."""
    sample = batch_of(numbered("120"))
    wanted, _ = strips.targets(sample["codes"], sample["places"], 120)

    assert [2, 3, 1] == [wanted[0, round((40 + 24 * i - 1.5) / 4)] for i in range(3)]
    assert [0, 0, 0, 0] == [wanted[0, round((x - 1.5) / 4)] for x in (20, 52, 76, 102)]


def test_a_strip_without_text_is_blank_everywhere():
    """What stands on no line is nothing, in every frame."""
    sample = batch_of(numbered(""))
    wanted, where = strips.targets(sample["codes"], sample["places"], 120)

    assert (0, 0.0) == (int(np.abs(wanted).sum()), float(np.abs(where).sum()))


def test_repeated_digits_have_a_blank_between():
    """Without one, two equal digits would read as one."""
    sample = batch_of(numbered("8888", pitch=18.0))
    wanted, _ = strips.targets(sample["codes"], sample["places"], 120)
    said = wanted[0][wanted[0] >= 0]

    assert 4 == int(((said[1:] > 0) & (said[:-1] == 0)).sum())


def test_a_frame_s_place_leads_to_its_character():
    """Frame x and 24 plus the place in units of 24 pixels give the character's middle, and its size."""
    sample = batch_of(numbered("12"))
    _, where = strips.targets(sample["codes"], sample["places"], 120)
    frame = round((64 - 1.5) / 4)
    x, y, wide, high = where[0, frame] * 24 + (frame * 4 + 1.5, 24, 0, 0)

    assert (64, 22, 14, 26) == pytest.approx((x, y, wide, high), abs=1e-4)


@given(st.integers(-8, 8), st.integers(-3, 3))
def test_moving_moves_pixels_and_repeats_edges(x: int, y: int):
    """What was at (c, r) is at (c + x, r + y); beyond the edge is the edge."""
    pixels = np.arange(20 * 40 * 3).reshape(20, 40, 3).astype(np.uint8)
    shifted = strips.moved(pixels, x, y)

    assert np.array_equal(pixels[8:12, 10:30], shifted[8 + y : 12 + y, 10 + x : 30 + x])
    assert pixels.shape == shifted.shape
    assert np.array_equal(
        pixels[0 if y >= 0 else -1, 0 if x >= 0 else -1], shifted[0 if y >= 0 else -1, 0 if x >= 0 else -1]
    )


@given(st.integers(0, 2**32))
@settings(max_examples=20)
def test_augmented_strips_keep_their_labels(seed: int):
    """Codes stay, places move by whole pixels, sizes stay."""
    before, after = batch_of(numbered("123"), numbered("45")), batch_of(numbered("123"), numbered("45"))
    strips.augment(np.random.default_rng(seed), after)
    moved = (after["places"] - before["places"])[:, :2]

    assert np.array_equal(before["codes"], after["codes"])
    assert np.array_equal(moved[..., [WIDE, HIGH]], np.zeros((2, 2, 2)))
    assert np.abs(moved[..., X]).max() <= 8
    assert np.abs(moved[..., Y]).max() <= 3


@given(st.integers(0, 2**32))
@settings(max_examples=20)
def test_no_character_is_moved_out_of_its_strip(seed: int):
    """What can no longer be seen would be asked for all the same."""
    batch = batch_of(numbered("123"), numbered("45"))
    batch["places"][0, :3] = [(6, 24, 20, 30), (60, 24, 20, 30), (90, 24, 20, 30)]  # its first is nearly half outside
    width = batch["pixels"].shape[2]
    batch["places"][1, :2] = [(width - 60, 24, 20, 30), (width - 10, 24, 20, 30)]
    strips.augment(np.random.default_rng(seed), batch)

    assert batch["places"][0, 0, 0] >= 5
    assert batch["places"][1, 1, 0] <= width - 5


QUAD = np.array([(60, 100), (260, 110), (258, 134), (58, 124)], np.float32)


def scened(kind: str, quad: np.ndarray = QUAD) -> data.Batch:
    """A batch of one dark scene with one bright thing in it."""
    kinds, quads = np.full((1, scenes.MOST), -1, np.int8), np.zeros((1, scenes.MOST, 4, 2), np.float32)
    kinds[0, 0], quads[0, 0] = scenes.KINDS.index(kind), quad
    pixels = np.zeros((1, scenes.SIDE, scenes.SIDE, 3), np.uint8)
    x, y = quad[0].astype(int)
    pixels[0, y - 3 : y + 4, x - 3 : x + 4] = 255
    return {"pixels": pixels, "kinds": kinds, "quads": quads}


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_the_cells_of_a_thing_know_its_corners(kind: str):
    """Every cell that scores 1 leads, by its offsets in units of 32 pixels, to the thing's own corners."""
    batch = scened(kind)
    score, corner = scenes.targets(batch["kinds"], batch["quads"])
    part = scenes.KINDS.index(kind)
    rows, columns = np.nonzero(score[0, part] == 1)
    cells = np.stack([columns, rows], 1) * 8 + 3.5
    votes = corner[0, part][:, rows, columns].T.reshape(-1, 4, 2) * 32 + cells[:, None]

    assert len(cells) > 5
    assert np.allclose(QUAD, votes, atol=1e-2)
    assert 0 == np.abs(np.delete(score[0], part, 0)).sum()


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_cells_around_a_thing_s_middle_are_not_asked(kind: str):
    """Between what is a thing and what is none, cells may say either."""
    score, _ = scenes.targets(scened(kind)["kinds"], scened(kind)["quads"])

    assert {-1.0, 0.0, 1.0} == set(np.unique(score[0, scenes.KINDS.index(kind)]).tolist())


def test_an_empty_scene_scores_nowhere():
    """A scene without things is a lesson too."""
    score, corner = scenes.targets(np.full((1, 12), -1, np.int8), np.zeros((1, 12, 4, 2), np.float32))

    assert (0.0, 0.0) == (float(np.abs(score).sum()), float(np.abs(corner).sum()))


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_moved_scenes_keep_their_corners(seed: int):
    """After any turn, scale and shift, the first corner of the quad is where the spot went; or the card has left."""
    batch = scened("card")
    scenes.augment(np.random.default_rng(seed), batch)
    if batch["kinds"][0, 0] < 0:
        return
    quad, pixels = batch["quads"][0, 0], batch["pixels"][0].astype(int)
    x, y = np.round(quad[0]).astype(int)
    inside_x, inside_y = np.round(quad.mean(0)).astype(int)
    if min(x, y) < 0 or max(x, y) >= scenes.SIDE:
        return  # a card may stick out by its half

    assert np.abs(pixels[y, x] - pixels[inside_y, inside_x]).sum() > 3 * 150


def test_lines_that_leave_the_scene_leave_its_labels():
    """A number of which a tenth is cut off is no number to find."""
    beyond = QUAD + np.float32((100, 0))
    kept = [scene.is_in_view("number", quad, scenes.SIDE, scenes.SIDE) for quad in (QUAD, beyond)]

    assert [True, False] == kept


def test_rendered_scenes_fit_the_ring(rng, monkeypatch):
    """Five scenes a call, each of the shapes that the ring was made for."""
    monkeypatch.setattr(scenes, "FEW", 2)
    samples = list(scenes.SceneRenderer()(rng))
    shapes = {name: (str(array.dtype), array.shape) for name, array in samples[0].items()}

    assert (5, scenes.SHAPES) == (len(samples), shapes)


def test_a_renderer_draws_the_same_whatever_others_drew(monkeypatch):
    """Two renderers of one process, called with the same seeds, draw the same: neither sees the other's cards."""
    monkeypatch.setattr(scenes, "FEW", 2)
    first, second = (
        [sample for seed in range(2) for sample in renderer(np.random.default_rng(seed))]
        for renderer in (scenes.SceneRenderer(), scenes.SceneRenderer())
    )

    assert all(np.array_equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in scenes.SHAPES)


SHAPES: data.Shapes = {"value": ("int64", (2,))}


@pytest.fixture
def place(tmp_path) -> data.RingLayout:
    return data.RingLayout(folder=tmp_path / "ring", size=6, shapes=SHAPES)


def test_a_ring_gives_what_was_put(place, rng):
    """What one Ring puts, another on the same files draws."""
    writer, reader = data.Ring(place), data.Ring(place)
    [writer.put(0, 1, {"value": np.array([i, i * i])}) for i in range(3)]
    drawn = reader.draw(rng, 50)["value"]

    assert (3, {0, 1, 2}) == (reader.filled, set(drawn[:, 0].tolist()))
    assert np.array_equal(drawn[:, 0] ** 2, drawn[:, 1])


def test_the_oldest_samples_make_room(place, rng):
    """A full ring keeps the newest."""
    ring = data.Ring(place)
    [ring.put(0, 1, {"value": np.array([i, 0])}) for i in range(10)]

    assert (6, {4, 5, 6, 7, 8, 9}) == (ring.filled, set(ring.draw(rng, 200)["value"][:, 0].tolist()))


def test_two_renderers_have_their_own_slots(place):
    """Neither overwrites the other's newest."""
    ring = data.Ring(place)
    [ring.put(worker, 2, {"value": np.array([worker, i])}) for i in range(3) for worker in range(2)]

    assert sorted([worker, i] for i in range(3) for worker in range(2)) == sorted(ring.arrays["value"].tolist())


@pytest.mark.parametrize(("workers", "owners"), [(4, [0, 1, 2, 3, 0, 1]), (5, [0, 1, 2, 3, 4, 0])])
def test_renderers_keep_to_their_slots_where_the_ring_is_no_multiple_of_them(place, workers: int, owners: list[int]):
    """However often it came round, a slot has the samples of one renderer alone; two would tear them."""
    ring = data.Ring(place)
    found = []
    for i in range(5):
        [ring.put(worker, workers, {"value": np.array([worker, i])}) for worker in range(workers)]
        found.append(ring.arrays["value"][:, 0].tolist())

    assert [owners] * 3 == found[-3:]


def test_renderers_rest_while_samples_are_fresh(place, rng):
    """Beyond a full ring, a new sample is drawn when the last was used often enough."""
    ring = data.Ring(place)
    [ring.put(0, 1, {"value": np.zeros(2, np.int64)}) for _ in range(8)]
    fresh = ring.fresh
    ring.draw(rng, 2 * data.REUSE)

    assert (True, False) == (fresh, ring.fresh)


def test_a_drawn_sample_is_a_copy(place, rng):
    """Augmenting a batch does not change what is in the ring."""
    ring = data.Ring(place)
    ring.put(0, 1, {"value": np.array([7, 7])})
    ring.draw(rng, 1)["value"][:] = 0

    assert [7, 7] == ring.arrays["value"][0].tolist()


def test_a_ring_of_other_samples_is_refused(place):
    """Files made for another size are no silent mistake."""
    data.Ring(place)

    with pytest.raises(ValueError, match="made for other samples"):
        data.Ring(data.RingLayout(folder=place.folder, size=7, shapes=SHAPES))


class Ended:
    def is_alive(self) -> bool:
        return False


def test_waiting_for_a_renderer_that_ended_is_an_error(place):
    """A renderer's failure stops the training instead of leaving it waiting."""
    with pytest.raises(RuntimeError, match="a renderer ended"):
        data.wait([data.Ring(place)], 1, [Ended()])


def test_waiting_ends_when_a_small_ring_is_full(place):
    """A ring that cannot hold as many is waited for until it is full."""
    ring = data.Ring(place)
    [ring.put(0, 1, {"value": np.zeros(2, np.int64)}) for _ in range(6)]

    assert data.wait([ring], 400, [Ended()]) is None
