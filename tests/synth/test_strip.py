"""Strips that are no number, and strips of names."""

from __future__ import annotations

import numpy as np
import pytest

from bankcard_ocr.synth import strip

pytestmark = pytest.mark.usefixtures("bare")


@pytest.fixture(scope="module")
def drawn() -> list[strip.Strip]:
    """Enough strips for every kind to be among them."""
    return [one for seed in range(150) for one in strip.samples(np.random.default_rng((9, seed)), lines=3)]


def test_every_character_has_a_place(drawn):
    """Hidden and upside-down ones too; a strip of nothing has none."""
    assert all((len(one.text), 4) == one.places.shape for one in drawn)


def test_some_strips_are_no_number(drawn):
    """Nothing at all, and letters, whose characters are there and are no digits: a few in a hundred each."""
    nothing = sum(one.text == "" for one in drawn) / len(drawn)
    letters = sum(set(one.text) == {strip.HIDDEN} for one in drawn) / len(drawn)

    assert 0.005 < nothing < 0.05
    assert 0.02 < letters < 0.1


def test_a_line_upside_down_reads_from_its_other_end():
    """Its digits stand in reverse; 3, 4 and 7 are none, 6 and 9 each other."""
    assert "0?9?" == "".join(strip.TURNED.get(char, char) for char in reversed("7630"))


def test_places_run_from_left_to_right(drawn):
    """Upside down as well."""
    assert all((np.diff(one.places[:, 0]) > 0).all() for one in drawn)


def test_names_have_a_place_for_every_space():
    """A space stands between its neighbours; names are in capitals, whatever is drawn."""
    names = [one for seed in range(40) for one in strip.holders(np.random.default_rng((3, seed)))]

    assert all((len(one.text), 4) == one.places.shape for one in names)
    assert all((np.diff(one.places[:, 0]) > 0).all() for one in names)
    assert any(" " in one.text for one in names)
    assert all(one.text == one.text.upper() for one in names)
