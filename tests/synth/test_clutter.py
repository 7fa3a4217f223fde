"""What covers a character covers it, and nothing that its label calls visible."""

from __future__ import annotations

import numpy as np
import pytest

from bankcard_ocr.synth import clutter

HIGH, WIDE, PITCH = 30, 18, 26  # of characters, in pixels
FIRST = 6  # covered
BOXES = [(200 + i * PITCH, 60, 200 + i * PITCH + WIDE, 60 + HIGH) for i in range(-6, 20)]

pytestmark = pytest.mark.usefixtures("bare")


def changed(drawn, count: int) -> list[float]:
    """The share of each character's pixels that differ after ``count`` of them, from FIRST on, are covered."""
    rng = np.random.default_rng(4)
    before = rng.uniform(0.2, 0.8, (150, 800, 3)).astype(np.float32)
    after = before.copy()
    pad = round(0.3 * HIGH)
    left, right = BOXES[FIRST][0], BOXES[FIRST + count - 1][2]
    drawn(rng, after, (int(left - pad * 0.4), 60 - pad, int(right + pad * 0.4), 60 + HIGH + pad), HIGH)
    far = np.abs(after - before).max(2) > 0.15
    return [float(far[top:bottom, left:right].mean()) for left, top, right, bottom in BOXES]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("drawn", [drawn for _, drawn in clutter.COVERS])
def test_what_is_covered_cannot_be_seen(drawn, count: int):
    """Of every covered character hardly a pixel is left."""
    assert min(changed(drawn, count)[FIRST : FIRST + count]) > 0.6


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("drawn", [drawn for _, drawn in clutter.COVERS])
def test_what_is_beside_can_be_seen(drawn, count: int):
    """Characters beside the cover keep most of their pixels."""
    shares = changed(drawn, count)

    assert max(shares[:FIRST] + shares[FIRST + count :]) < 0.45


def test_covers_have_shares_up_to_one():
    """One kind of cover is always chosen."""
    shares = [share for share, _ in clutter.COVERS]

    assert (sorted(shares), 1.0) == (shares, shares[-1])
