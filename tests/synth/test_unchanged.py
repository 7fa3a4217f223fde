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
        (0, 480, "73a9c0cf", 947177, [[125, 125, 125, 112], [157, 148, 139, 126]]),
        (1, 480, "f1587bae", 574576, [[185, 145, 115, 108], [187, 142, 109, 88]]),
        (2, 480, "7342f438", 235, [[29, 25, 23, 20], [28, 29, 25, 49]]),
        (3, 480, "237825aa", 960172, [[177, 203, 199, 157], [168, 196, 194, 162]]),
        (4, 480, "39125376", 773965, [[32, 51, 44, 55], [33, 57, 65, 71]]),
        (0, 160, "79f06f8f", 252239, [[116, 110, 103, 101], [127, 116, 115, 106]]),
        (1, 160, "5e779875", 766307, [[136, 131, 125, 119], [135, 127, 119, 118]]),
        (2, 160, "8c18ed9a", 859655, [[156, 162, 151, 143], [148, 156, 122, 138]]),
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
        (1, "a33992f5", 540011, [[50, 81, 45, 43], [46, 52, 41, 36]]),
        (2, "9da85d22", 287983, [[62, 78, 45, 45], [44, 57, 54, 60]]),
        (3, "1bb1c734", 549868, [[130, 133, 128, 136], [126, 126, 126, 127]]),
        (4, "50caa773", 341679, [[27, 28, 31, 32], [65, 85, 84, 83]]),
        (5, "36b79f5b", 19083, [[61, 97, 77, 85], [75, 95, 101, 110]]),
        (6, "7b6bdd0f", 397385, [[76, 77, 63, 67], [78, 72, 66, 64]]),
        (7, "4ff31e04", 609334, [[115, 109, 98, 110], [98, 83, 79, 101]]),
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
        (0, ["card", "number", "expiry", "holder"], 756507, [[11, 19, 27, 15], [23, 39, 36, 20]]),
        (1, ["card", "number", "expiry", "holder"], 224666, [[97, 89, 101, 77], [94, 90, 92, 102]]),
        (2, ["card", "number", "expiry", "holder"], 694011, [[149, 147, 119, 115], [162, 164, 126, 131]]),
        (3, ["card", "number", "expiry", "holder"], 367430, [[68, 16, 16, 13], [16, 24, 37, 45]]),
        (4, ["card", "number", "expiry", "holder"], 265984, [[104, 104, 96, 95], [104, 103, 91, 92]]),
        (5, ["card", "number", "expiry", "holder"], 317298, [[139, 140, 158, 171], [118, 126, 152, 165]]),
    ],
)
def test_scenes_stay(seed, kinds, following, levels):
    """A seed's scene keeps its things, its number of draws and its looks."""
    flat = render.flat(card.sample(np.random.default_rng(2)), scale=4.0)
    rng = np.random.default_rng(seed)
    shot = scene.sample(rng, [flat], width=160, height=160)

    assert (kinds, following) == ([thing.kind for thing in shot.things], int(rng.integers(10**6)))
    assert np.allclose(levels, means(shot.pixels), atol=3)
