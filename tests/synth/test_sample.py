"""The sample card that ships with the server."""

from __future__ import annotations

from importlib import resources

import cv2
import numpy as np
import pytest
import sample

from bankcard_ocr.numbers import pan


@pytest.fixture
def shipped() -> bytes:
    return resources.files("bankcard_ocr.server").joinpath("sample.jpg").read_bytes()


def test_the_shipped_picture_is_what_the_script_draws(shipped):
    """Anyone can draw the sample again: JPEG's loss is all that differs."""
    pixels = cv2.imdecode(np.frombuffer(shipped, np.uint8), cv2.IMREAD_COLOR_RGB)

    assert np.abs(pixels.astype(int) - sample.photograph().pixels).mean() < 2


def test_the_sample_is_small(shipped):
    """It travels with the package and over loopback, so it stays under 150 KB."""
    assert len(shipped) < 150_000


def test_the_sample_number_is_one_published_for_tests():
    """No card has it, though its check digit holds."""
    assert "6200000000000005" == pan.validate(sample.NUMBER)


def test_number_expiry_and_holder_are_whole_in_the_picture():
    """All that can be read of the card is in view."""
    things = sample.photograph().things
    corners = np.concatenate([thing.quad for thing in things])

    assert ["card", "number", "expiry", "holder"] == [thing.kind for thing in things]
    assert (corners > 0).all()
    assert (corners < np.array(sample.SIZE) - 1).all()
