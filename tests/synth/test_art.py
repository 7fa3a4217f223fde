"""What is printed behind digits, and what a camera makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from bankcard_ocr.synth import art, camera


@pytest.mark.parametrize("layer", art.LAYERS, ids=lambda layer: layer.__name__)
def test_every_layer_draws_on_a_ground_of_one_colour(layer):
    """A picture of the same size comes back, with something on it."""
    ground = np.broadcast_to(np.float32((0.4, 0.5, 0.6)), (120, 360, 3))
    drawn = [layer(np.random.default_rng(seed), ground, 6.0) for seed in range(4)]

    assert {(ground.shape, np.dtype(np.float32))} == {(each.shape, each.dtype) for each in drawn}
    assert np.isfinite(drawn).all()
    assert max(np.abs(each - ground).max() for each in drawn) > 0.02


@pytest.mark.parametrize("blur", [0.3, 1.0])
def test_a_photograph_has_the_size_of_what_it_shows(blur: float):
    """Whatever lens, web and compression do to it, shapes stay where they are."""
    scene = np.zeros((96, 160, 3), np.float32)
    scene[:, 80:] = 1
    shots = [camera.shoot(np.random.default_rng(seed), scene, blur=blur) for seed in range(60)]

    assert {(scene.shape, np.dtype(np.uint8))} == {(shot.shape, shot.dtype) for shot in shots}
    assert all(shot[:, 90:].mean() > 190 and shot[:, :70].mean() < 64 for shot in shots)
