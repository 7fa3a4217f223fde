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
        (0, 480, "cd9528bb", 33359, [[99, 102, 85, 71], [116, 96, 85, 69]]),
        (1, 480, "2616b5d7", 879872, [[106, 120, 124, 105], [111, 121, 116, 102]]),
        (2, 480, "f051f524", 186184, [[130, 132, 129, 120], [129, 138, 141, 134]]),
        (3, 480, "eda4fa6a", 322646, [[117, 112, 112, 125], [123, 120, 115, 109]]),
        (4, 480, "b73e5c3c", 659895, [[38, 57, 77, 93], [49, 48, 60, 71]]),
        (0, 160, "79f06f8f", 581560, [[63, 64, 74, 59], [61, 55, 57, 61]]),
        (1, 160, "5e779875", 359312, [[122, 85, 92, 155], [100, 99, 68, 147]]),
        (2, 160, "8c18ed9a", 958679, [[55, 77, 73, 59], [52, 57, 74, 43]]),
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
        (0, "1793f5c0", 141055, [[231, 169, 182, 155], [223, 203, 219, 214]]),
        (1, "00dfe601", 540011, [[98, 94, 47, 50], [56, 64, 67, 91]]),
        (2, "18d5c7b6", 295420, [[60, 85, 62, 61], [56, 64, 67, 63]]),
        (3, "fea47d13", 927183, [[122, 122, 74, 61], [119, 115, 115, 117]]),
        (4, "50caa773", 341679, [[58, 61, 62, 62], [115, 130, 111, 97]]),
        (5, "95b820f7", 838448, [[66, 100, 78, 100], [81, 104, 121, 118]]),
        (6, "7b6bdd0f", 397385, [[89, 97, 94, 84], [78, 72, 66, 64]]),
        (7, "5338fcc8", 841882, [[139, 132, 138, 140], [113, 110, 127, 131]]),
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
        (0, ["card", "number", "expiry", "holder"], 986696, [[15, 24, 36, 74], [16, 39, 36, 36]]),
        (1, ["card", "number", "expiry", "holder"], 637624, [[207, 205, 141, 182], [207, 207, 207, 207]]),
        (2, ["card", "number", "expiry", "holder"], 433836, [[149, 136, 145, 143], [129, 118, 133, 134]]),
        (3, ["card", "number", "expiry", "holder"], 586798, [[113, 113, 106, 108], [109, 103, 102, 110]]),
        (4, ["card", "number", "expiry", "holder"], 572374, [[76, 60, 55, 50], [92, 80, 64, 63]]),
        (5, ["card", "number", "expiry", "holder"], 317298, [[143, 145, 167, 184], [117, 129, 160, 177]]),
    ],
)
def test_scenes_stay(seed, kinds, following, levels):
    """A seed's scene keeps its things, its number of draws and its looks."""
    flat = render.flat(card.sample(np.random.default_rng(2)), scale=4.0)
    rng = np.random.default_rng(seed)
    shot = scene.sample(rng, [flat], width=160, height=160)

    assert (kinds, following) == ([thing.kind for thing in shot.things], int(rng.integers(10**6)))
    assert np.allclose(levels, means(shot.pixels), atol=3)
