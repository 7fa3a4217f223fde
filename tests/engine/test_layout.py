"""Characters off a number's grid are left out; numbers that stand evenly, and those nobody can tell, stay."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from said import Said

from bankcard_ocr.engine import layout
from bankcard_ocr.numbers import pan
from bankcard_ocr.vision.recognize import Character, Line

ALPHABET = "0123456789/?"
LAYOUTS = [(count, sizes) for count, all_sizes in pan.GROUPINGS.items() for sizes in sorted(set(all_sizes))]


def middles(sizes: tuple[int, ...], *, gap: float = 1.0, bend: float = 0.0) -> np.ndarray:
    """Where the digits of groups stand, 16 pixels apart; ``bend`` is what the pitch grows by along the line."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    x = np.arange(sum(sizes)) + gap * groups
    return 30 + 16 * (x + bend * x**2 / x.max())


def line(text: str, x: np.ndarray) -> Line:
    """A line that reads as ``text``, each character in one frame."""
    frames = np.zeros((max(120, int(x.max() / 4) + 3), 13), np.float32)
    frames[:, 0] = 1.0
    for char, at in zip(text, x, strict=True):
        frames[round(at / 4)] = np.eye(13, dtype=np.float32)[1 + ALPHABET.index(char)]
    characters = tuple(
        Character(text=char, probability=1.0, x=float(at), y=24.0, width=12.0, height=20.0)
        for char, at in zip(text, x, strict=True)
    )
    return Said(said=((text, 1.0),), characters=characters, frames=frames)


@pytest.mark.parametrize(("count", "sizes"), LAYOUTS)
@settings(max_examples=15)  # of each of 28
@given(wide=st.floats(0.0, 1.0), bend=st.floats(-0.1, 0.1), jitter=st.integers(0, 2**32))
def test_a_number_in_any_of_its_groupings_is_even(count: int, sizes, wide: float, bend: float, jitter: int):
    """Seen from the side and with digits a little off their places, it stays as it is."""
    gap = wide * (1.8 if len(sizes) > 2 else 1.3)
    off = np.random.default_rng(jitter).uniform(-0.05, 0.05, count) * 16
    read = line("4" * count, middles(sizes, gap=gap, bend=bend) + off)

    assert layout.unevenness(np.array([char.x for char in read.characters])) < layout.EVEN
    assert layout.without_strays(read) is read
    assert not layout.lacks_one(read)


@pytest.mark.parametrize(
    ("sizes", "unseen"),
    [
        ((4, 4, 4, 4), 5),
        ((4, 4, 4, 4), 10),
        ((6, 13), 9),
        ((4, 4, 4, 4, 3), 2),
        ((16,), 8),
    ],
)
@given(gap=st.floats(0.3, 1.3), bend=st.floats(-0.1, 0.1), jitter=st.integers(0, 2**32))
def test_a_line_that_stands_evenly_with_one_more_digit_lacks_it(
    sizes, unseen: int, gap: float, bend: float, jitter: int
):
    """What was covered leaves a place on the grid, in the middle of a group or at its end."""
    off = np.random.default_rng(jitter).uniform(-0.03, 0.03, sum(sizes)) * 16
    seen = np.delete(middles(sizes, gap=gap, bend=bend) + off, unseen)

    index = layout.unseen_index(line("4" * len(seen), seen))
    assert index is not None
    assert len(sizes) == 1 or index == unseen  # without groups a bent line is as even with another one unseen


@pytest.mark.parametrize(("sizes", "unseen"), [((6, 13), 6), ((6, 13), 5), ((6, 11), 6)])
@pytest.mark.parametrize("gap", [0.7, 1.0, 1.3])
def test_a_digit_unseen_beside_the_only_gap_is_noticed(sizes, unseen: int, gap: float):
    """The gap is not that wide; two or more may be, since they would have to be alike."""
    seen = np.delete(middles(sizes, gap=gap), unseen)

    assert layout.lacks_one(line("4" * len(seen), seen))


def test_few_characters_lack_nothing():
    """Parts of a line are no number, so that nothing is missing."""
    assert not layout.lacks_one(line("4" * 11, np.delete(middles((4, 4, 4)), 5)))


@pytest.mark.parametrize(
    ("text", "expected", "sizes", "strays"),
    [
        ("4111?111111111111", "4111111111111111", (4, 4, 4, 4), {4: 4.0}),  # read in a gap
        ("74111111111111111", "4111111111111111", (4, 4, 4, 4), {0: -1.4}),  # the end of the card
        ("41111111111111117", "4111111111111111", (4, 4, 4, 4), {16: 20.4}),
        ("620550?0000000000004", "6205500000000000004", (6, 13), {6: 6.0}),  # twenty characters are no number
        ("?4111?111111111111", "4111111111111111", (4, 4, 4, 4), {0: -1.5, 5: 3.85}),
    ],
)
def test_one_that_stands_elsewhere_is_left_out(text: str, expected: str, sizes, strays: dict[int, float]):
    """What was read in a gap or beyond the ends is gone from texts, characters and frames."""
    x = list(middles(sizes, gap=1.0 if sizes == (6, 13) else 0.7))
    for place, pitches in strays.items():
        x.insert(place, 30 + 16 * pitches)
    found = layout.without_strays(line(text, np.array(x)))

    assert expected == found.texts[0][0]
    assert expected == "".join(char.text for char in found.characters)
    assert len(expected) == int((found.frames.argmax(1) > 0).sum())


def test_a_date_behind_a_number_is_no_part_of_it():
    """A line that goes on with a date ends before it."""
    x = np.concatenate([middles((4, 6, 5)), 380 + 9 * np.arange(5)])
    found = layout.without_strays(line("37828224631000503/24", x))

    assert "378282246310005" == found.texts[0][0]


@pytest.mark.parametrize("sizes", [(4, 4, 4, 4), (6, 13), (4, 6, 5), (19,)])
def test_a_covered_digit_is_never_taken_for_a_stray(sizes):
    """A '?' where a digit stands stays, at every place of the number."""
    count = sum(sizes)
    x = middles(sizes)
    for place in range(count):
        text = "12345678901234567890"[:count]
        read = line(text[:place] + "?" + text[place + 1 :], x)
        assert layout.without_strays(read) is read


@pytest.mark.parametrize(("sizes", "covered"), [((19,), 10), ((19,), 16), ((4, 4, 4, 4, 3), 16)])
def test_clear_digits_beside_a_covered_one_are_no_strays(sizes, covered: int):
    """Without two of them the rest may stand evenly, too: two numbers are possible, and the shorter one is wrong."""
    seen = np.delete(middles(sizes), covered)
    read = line("4" * len(seen), seen)

    assert layout.without_strays(read) is read
    assert layout.lacks_one(read)


def test_hidden_characters_in_two_gaps_are_left_out_though_a_third_gap_might_hold_one():
    """Eighteen characters, which stand as nineteen with one unseen: but what is too much are no digits."""
    x = middles((4, 4, 4, 4))
    gaps = [(x[3] + x[4]) / 2, (x[7] + x[8]) / 2]
    read = line("4444?4444?44444444", np.sort([*x, *gaps]))

    assert layout.lacks_one(read)
    assert len(layout.without_strays(read).characters) == 16


def test_what_is_one_too_many_and_may_be_either_end_stays():
    """Twenty digits in one row have two ends, and nothing says which is wrong."""
    read = line("12345678901234567890", 20 + 16.0 * np.arange(20))

    assert layout.without_strays(read) is read


@given(st.lists(st.tuples(st.sampled_from(ALPHABET), st.floats(8, 24)), min_size=1, max_size=24))
def test_any_line_keeps_its_order(parts):
    """Whatever stands where, characters are left out or kept, never moved or made."""
    text = "".join(char for char, _ in parts)
    x = np.array(list(itertools.accumulate(step for _, step in parts)), float)
    found = layout.without_strays(line(text, x) if len(x) else Said())
    kept = iter(text)

    assert all(char.text in kept for char in found.characters)


def test_a_faint_character_in_a_gap_is_no_reason_for_doubt():
    """Sixteen digits stand evenly; what one frame of a gap half says is left out. Beyond the ends nothing changes."""
    read = line("4111111111111111", middles((4, 4, 4, 4)))
    left, right = (char.x for char in read.characters[3:5])
    for at in ((left + right) / 2, read.characters[-1].x + 24):
        read.frames[round(at / 4), [0, 12]] = 0.6, 0.4
    found = layout.without_strays(read)

    assert ["4111111111111111", "4111111111111111?"] == [text for text, chance in found.texts if chance > 0.1]
    assert found.characters == read.characters


def test_a_digit_half_seen_in_the_gap_of_an_unusual_number_stays():
    """Eighteen characters may be a number of nineteen, one of them covered."""
    read = line("411111111111111111", middles((6, 12)))
    left, right = (char.x for char in read.characters[5:7])
    read.frames[round((left + right) / 2 / 4), [0, 12]] = 0.6, 0.4

    assert layout.without_strays(read) is read


def test_what_was_left_out_may_be_a_digit_after_all():
    """A tenth of what a line says as it is stays among its texts, enough against a number that nobody issues."""
    x = np.insert(middles((4, 4, 4, 4), gap=0.7), 4, 30 + 16 * 4.0)
    found = layout.without_strays(line("4111?111111111111", x))

    assert [("4111111111111111", 0.9), ("4111?111111111111", 0.1)] == [
        (t, pytest.approx(p, abs=0.01)) for t, p in found.texts[:2]
    ]


@pytest.mark.parametrize("count", [20, 21])
@pytest.mark.parametrize(("likely", "kept"), [(1.0, True), (0.5, True), (0.4, False)])
def test_more_digits_than_any_number_has_are_none_with_a_stray(count: int, likely: float, kept: bool):
    """A key has five groups of four, and a SIM card's number; what is no likely digit is a stray all the same."""
    x = np.array([30 + 16 * (i + 0.6 * (i // 4)) for i in range(count)])
    x[19:] += 10  # off the grid, so that it is what would be left out
    whole = line("620000000000000512345"[:count], x)
    last = tuple(replace(char, probability=likely) for char in whole.characters[19:])
    found = layout.without_strays(replace(whole, characters=(*whole.characters[:19], *last)))

    assert kept == (count == len(found.characters))
