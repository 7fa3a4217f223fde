"""What seeds draw: a change here changes what models are trained on, so it is made on purpose or not at all.

Texts are hashed, the next number of the generator tells how many were drawn, and coarse means tell the pixels, which
may differ by a level or two from one build of OpenCV to the next.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from bankcard_ocr.synth import card, render, scene, strip

pytestmark = pytest.mark.usefixtures("bare")


def digest(*texts: str) -> str:
    return hashlib.sha256("|".join(texts).encode()).hexdigest()[:8]


def means(pixels: np.ndarray) -> np.ndarray:
    """The mean of each of 2 x 4 parts."""
    height, width = pixels.shape[:2]
    return pixels.reshape(2, height // 2, 4, width // 4, 3).mean((1, 3, 4))


@pytest.mark.parametrize(
    ("seed", "width", "text", "following", "levels"),
    [
        (0, 480, "cd9528bb", 735932, [[108, 101, 96, 87], [111, 103, 103, 97]]),
        (1, 480, "631f7ccd", 537955, [[157, 148, 118, 102], [150, 146, 116, 101]]),
        (2, 480, "7a5bf4fc", 602436, [[179, 173, 189, 186], [178, 174, 182, 191]]),
        (3, 480, "eda4fa6a", 653727, [[122, 146, 120, 120], [128, 153, 121, 113]]),
        (4, 480, "b73e5c3c", 45995, [[107, 104, 113, 65], [98, 114, 95, 68]]),
        (0, 160, "79f06f8f", 730749, [[132, 141, 145, 132], [132, 126, 138, 135]]),
        (1, 160, "5e779875", 359312, [[106, 69, 109, 144], [97, 87, 100, 143]]),
        (2, 160, "8c18ed9a", 200791, [[121, 105, 117, 160], [107, 130, 94, 137]]),
    ],
)
def test_strips_stay(seed, width, text, following, levels):
    """A seed's strip keeps its text, its number of draws and its looks."""
    rng = np.random.default_rng((seed, width))
    drawn = strip.sample(rng, width)

    assert (text, following) == (digest(drawn.text), int(rng.integers(10**6)))
    assert np.allclose(levels, means(drawn.pixels), atol=3)


@pytest.mark.parametrize(
    ("seed", "texts", "following", "levels"),
    [
        (0, "1793f5c0", 141055, [[172, 157, 182, 189], [191, 191, 210, 212]]),
        (1, "a33992f5", 540011, [[53, 82, 50, 52], [52, 61, 61, 47]]),
        (2, "4c7e9d02", 844803, [[40, 44, 45, 45], [43, 49, 52, 48]]),
        (3, "124d6d26", 126018, [[130, 138, 128, 127], [126, 124, 121, 126]]),
        (4, "50caa773", 341679, [[27, 28, 31, 32], [65, 87, 94, 89]]),
        (5, "36b79f5b", 19083, [[61, 100, 77, 97], [86, 107, 121, 118]]),
        (6, "7b6bdd0f", 397385, [[89, 98, 94, 84], [78, 72, 66, 64]]),
        (7, "4ff31e04", 609334, [[121, 117, 101, 110], [101, 91, 86, 105]]),
    ],
)
def test_cards_stay(seed, texts, following, levels):
    """A seed's card keeps its lines, its number of draws and its looks."""
    rng = np.random.default_rng(seed)
    drawn = card.sample(rng)
    flat = render.flat(drawn, scale=2.0)

    assert (texts, following) == (digest(*(line.kind + line.text for line in drawn.lines)), int(rng.integers(10**6)))
    assert np.allclose(levels, means(flat.pixels[:104, :104]), atol=3)


@pytest.mark.parametrize(
    ("seed", "kinds", "following", "levels"),
    [
        (0, ["card", "number", "expiry"], 756507, [[11, 18, 26, 15], [17, 31, 30, 21]]),
        (1, ["card", "number", "expiry"], 224666, [[93, 85, 97, 74], [90, 85, 88, 98]]),
        (2, ["card", "number", "expiry"], 694011, [[140, 139, 113, 107], [154, 156, 121, 126]]),
        (3, ["card", "number", "expiry"], 367430, [[7, 10, 10, 8], [7, 12, 11, 46]]),
        (4, ["card", "number", "expiry"], 916688, [[99, 99, 90, 91], [99, 98, 82, 86]]),
        (5, ["card", "number", "expiry"], 317298, [[138, 140, 157, 170], [116, 125, 151, 164]]),
    ],
)
def test_scenes_stay(seed, kinds, following, levels):
    """A seed's scene keeps its things, its number of draws and its looks."""
    flat = render.flat(card.sample(np.random.default_rng(2)), scale=4.0)
    rng = np.random.default_rng(seed)
    shot = scene.sample(rng, [flat], width=160, height=160)

    assert (kinds, following) == ([thing.kind for thing in shot.things], int(rng.integers(10**6)))
    assert np.allclose(levels, means(shot.pixels), atol=3)
