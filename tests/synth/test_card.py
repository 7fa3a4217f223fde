"""Cards as data: numbers and how they are grouped, lines and where they stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankcard_ocr.numbers import luhn, pan
from bankcard_ocr.synth import card, words

seeds = st.integers(0, 2**32)
pytestmark = pytest.mark.usefixtures("bare")


@pytest.mark.parametrize("length", range(12, 20))
def test_groups_sum_to_their_length(length: int):
    """Every grouping of a length has as many digits."""
    assert {length} == {sum(sizes) for sizes in pan.GROUPINGS[length]}


def test_every_length_has_groups_and_a_share():
    """All lengths of card numbers are drawn, and their shares are all there is."""
    assert sorted(pan.GROUPINGS) == sorted(card.LENGTHS)
    assert 1.0 == pytest.approx(sum(card.LENGTHS.values()))


@given(seeds, st.sampled_from(sorted(pan.GROUPINGS)))
def test_a_number_is_grouped_as_real_cards_group_it(seed: int, length: int):
    """The spaces of a number stand where one of the groupings of its length puts them."""
    text = card.number(np.random.default_rng(seed), length)

    assert tuple(len(part) for part in text.split(" ")) in pan.GROUPINGS[length]
    assert text.replace(" ", "").isdigit()


def test_half_of_the_numbers_keep_the_check_digit(rng):
    """The nets see what is printed, so valid numbers are no rule: about half, and a tenth of the rest by chance."""
    valid = [luhn.is_valid(card.number(rng).replace(" ", "")) for _ in range(600)]

    assert 0.55 == pytest.approx(np.mean(valid), abs=0.07)


@given(seeds, st.integers(1, 19))
def test_digits_are_as_many_as_asked(seed: int, length: int):
    """Uniform, in runs or of a few: always ``length`` ASCII digits."""
    text = card.digits(np.random.default_rng(seed), length)

    assert (length, True) == (len(text), text.isascii() and text.isdigit())


@pytest.mark.parametrize("relief", [True, False])
@given(seeds)
def test_a_line_runs_from_left_to_right_within_its_length(relief: bool, seed: int):
    """Characters follow one another, and the last ends before ``longest``."""
    rng = np.random.default_rng(seed)
    style = card.Style(relief=relief)
    line = card.set_line(rng, "number", "4111 1111 1111 1111", style, height=4.3, left=5.0, middle=30.0, longest=60.0)
    x = line.middles[:, 0]

    assert (np.diff(x) > 0).all()
    assert 5.0 < x[0] < x[-1] < 65.0
    assert np.allclose(30.0, line.middles[:, 1], atol=0.5)


@given(seeds)
def test_a_style_s_face_and_ink_are_kept(seed: int):
    """Lines of one style look alike."""
    rng = np.random.default_rng(seed)
    style = card.sample_style(rng, relief=True)
    line = card.set_line(rng, "expiry", "12/30", style, height=3.0, left=5.0, middle=30.0)

    assert (style.face, style.ink) == (line.face, line.ink)


@settings(max_examples=30)
@given(seeds)
def test_a_card_lies_or_stands_and_what_is_read_is_on_it(seed: int):
    """A card has the size of ISO/IEC 7810 ID-1, and the middles of all characters that are labelled are on it."""
    drawn = card.sample(np.random.default_rng(seed))
    read = [line.middles for line in drawn.lines if line.kind in {"number", "expiry", "holder"}]
    middles = np.concatenate([np.full((1, 2), 1.0), *read])

    assert {card.WIDTH, card.HEIGHT} == set(drawn.size)
    assert ((middles > 0) & (middles < drawn.size)).all()


@given(seeds, st.floats(0, 30))
def test_small_print_is_left_out_where_it_would_cover_what_is_read(seed: int, away: float):
    """On the number's line small print is dropped, a line apart it stays; what is read always stays."""
    rng = np.random.default_rng(seed)
    number = card.set_line(rng, "number", card.number(rng), card.PRINTED, height=4.0, left=5.0, middle=20.0)
    small = card.set_line(rng, "other", "VALID THRU", card.PRINTED, height=1.5, left=20.0, middle=20.0 + away)

    kept = card.legible([small, number])

    assert kept == ((number,) if away < 1.1 * (number.height + 1.5) / 2 else (small, number))


@settings(max_examples=60)
@given(seeds)
def test_names_and_numbers_stand_apart(seed: int):
    """A holder's name is never set on the card's number."""
    lines = card.sample(np.random.default_rng(seed)).lines
    names, numbers = ([line for line in lines if line.kind == kind] for kind in ("holder", "number"))
    ways = [abs(name.middles[0, 1] - number.middles[0, 1]) for name in names for number in numbers]

    assert all(way > (names[0].height + numbers[0].height) / 2 for way in ways)


def test_all_kinds_of_cards_are_drawn(rng):
    """Embossed and printed, lying and upright, fronts and backs, with a number, without one, and in several lines."""
    cards = [card.sample(rng) for _ in range(160)]
    counts = {sum(line.kind == "number" for line in drawn.lines) for drawn in cards}

    assert {True, False} == {line.ink.relief for drawn in cards for line in drawn.lines if line.kind == "number"}
    assert {(card.WIDTH, card.HEIGHT), (card.HEIGHT, card.WIDTH)} == {drawn.size for drawn in cards}
    assert {True, False} == {drawn.back for drawn in cards}
    assert {0, 1, 4} <= counts


@given(seeds)
def test_a_date_is_digits_and_slashes(seed: int):
    """MM/YY, MM/YYYY or DD/MM/YY."""
    text = words.date(np.random.default_rng(seed))

    assert [len(part) for part in text.split("/")] in ([2, 2], [2, 4], [2, 2, 2])
    assert text.replace("/", "").isdigit()


@given(seeds)
def test_a_name_is_capitals(seed: int):
    """Holder names have capitals and spaces only, and are never empty."""
    text = words.name(np.random.default_rng(seed))

    assert text.replace(" ", "").isalpha()
    assert text == text.upper().strip()


@given(seeds)
def test_embossed_names_stand_ten_to_an_inch(seed: int):
    """Letters are equally far apart, further than digits of their height, and most spaces are one place."""
    rng = np.random.default_rng(seed)
    line = card.set_line(rng, "holder", "LI MIN", card.Style(relief=True), height=2.9, left=0.0, middle=0.0)
    steps = np.diff(line.middles[:, 0])
    pitch, space = float(steps[0]), float(steps[1:3].sum() - steps[0])

    assert 2.2 < pitch < 3.4
    assert np.allclose(steps[[0, 3, 4]], pitch, atol=1e-3)
    assert space == pytest.approx(pitch, abs=1e-3) or 0.4 * pitch - 1e-3 <= space <= 0.6 * pitch + 1e-3
