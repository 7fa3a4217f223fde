"""Cards from behind are told by stripe and panel, fronts are none. Cards are 10 pixels a millimetre."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bankcard_ocr.vision import back


def card(*, level: int = 90) -> np.ndarray:
    """An even front with a number on it."""
    out = np.full((540, 856, 3), (level, level + 20, level + 60), np.uint8)
    for i, char in enumerate("4111111111111111"):
        cv2.putText(out, char, (90 + 38 * i, 324), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (250, 250, 250), 3, cv2.LINE_AA)
    return out


def test_a_plain_front_is_no_back():
    """An even card with a number is a front."""
    assert not back.is_back(card())


@pytest.mark.parametrize("level", [12, 40])
def test_a_dark_card_is_no_back(level: int):
    """Its ground is as dark as a stripe, above and below as well."""
    dark = card(level=level)
    dark[:90] += 40
    dark[200:300] -= 8

    assert not back.is_back(dark)


@pytest.mark.parametrize("above", [0, 6, 40])
def test_a_stripe_at_the_edge_of_what_was_cut_out_tells_a_back(above: int):
    """Though little or nothing of the card is seen on its other side."""
    striped = card(level=110)
    striped[above : above + 110] = 20

    assert back.is_back(striped)


def test_a_signature_panel_tells_a_back_that_is_held_upright():
    """A bright strip without colour inside the card, whichever way that lies."""
    panelled = card(level=110)
    panelled[180:250, 40:600] = (240, 240, 235)

    assert back.is_back(np.ascontiguousarray(np.rot90(panelled)))


def test_what_shines_in_at_the_edge_is_no_panel():
    """A bright table beside a card that was located a little large is no signature panel."""
    lit = card()
    lit[:90, 40:600] = (240, 240, 235)

    assert not back.is_back(lit)
