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
        (0, 480, "cd9528bb", 735932, [[121, 99, 87, 69], [140, 101, 93, 94]]),
        (1, 480, "2616b5d7", 116638, [[103, 103, 116, 96], [107, 112, 121, 102]]),
        (2, 480, "7a5bf4fc", 335875, [[131, 121, 122, 110], [129, 116, 117, 117]]),
        (3, 480, "eda4fa6a", 322646, [[127, 122, 111, 110], [121, 122, 119, 123]]),
        (4, 480, "b73e5c3c", 659895, [[83, 66, 100, 109], [30, 38, 53, 76]]),
        (0, 160, "79f06f8f", 741209, [[63, 58, 65, 61], [72, 60, 53, 55]]),
        (1, 160, "5e779875", 681038, [[111, 69, 106, 157], [94, 88, 90, 152]]),
        (2, 160, "8c18ed9a", 623064, [[88, 65, 86, 100], [70, 57, 87, 106]]),
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
        (0, "1793f5c0", 141055, [[172, 157, 181, 187], [191, 191, 210, 212]]),
        (1, "00dfe601", 540011, [[53, 82, 50, 52], [52, 59, 60, 48]]),
        (2, "18d5c7b6", 295420, [[48, 91, 45, 45], [40, 50, 52, 48]]),
        (3, "fea47d13", 927183, [[130, 133, 128, 127], [126, 122, 122, 126]]),
        (4, "50caa773", 341679, [[27, 28, 31, 32], [65, 87, 94, 89]]),
        (5, "95b820f7", 838448, [[66, 100, 78, 100], [81, 104, 121, 118]]),
        (6, "7b6bdd0f", 397385, [[89, 97, 94, 84], [78, 72, 66, 64]]),
        (7, "5338fcc8", 841882, [[124, 125, 101, 115], [100, 87, 85, 105]]),
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
        (0, ["card", "number", "expiry", "holder"], 756507, [[11, 18, 26, 15], [20, 37, 30, 22]]),
        (1, ["card", "number", "expiry", "holder"], 657210, [[95, 80, 103, 59], [90, 81, 86, 105]]),
        (2, ["card", "number", "expiry", "holder"], 694011, [[146, 144, 111, 106], [164, 166, 120, 128]]),
        (3, ["card", "number", "expiry", "holder"], 367430, [[83, 48, 41, 36], [24, 38, 41, 76]]),
        (4, ["card", "number", "expiry", "holder"], 265984, [[90, 89, 80, 79], [90, 88, 71, 72]]),
        (5, ["card", "number", "expiry", "holder"], 317298, [[143, 145, 167, 184], [115, 127, 160, 177]]),
    ],
)
def test_scenes_stay(seed, kinds, following, levels):
    """A seed's scene keeps its things, its number of draws and its looks."""
    flat = render.flat(card.sample(np.random.default_rng(2)), scale=4.0)
    rng = np.random.default_rng(seed)
    shot = scene.sample(rng, [flat], width=160, height=160)

    assert (kinds, following) == ([thing.kind for thing in shot.things], int(rng.integers(10**6)))
    assert np.allclose(levels, means(shot.pixels), atol=3)
