"""What all tests share: how hypothesis searches, and a card with much on it."""

from __future__ import annotations

import os
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "bankcard-ocr",
    deadline=None,  # a busy machine is no failure
    derandomize="CI"
    in os.environ,  # the same examples every time, so that a red run is about the change; new ones at home
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("bankcard-ocr")


@pytest.fixture(scope="session")
def art() -> Callable[[int], np.ndarray]:
    """Pictures (500, 760, 3) of shapes and signs, by a seed, on a card whose corners are (60, 50) and (699, 449)."""

    def drawn(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        out = np.full((500, 760, 3), 140, np.uint8)
        for _ in range(60):
            (x, y), colour = rng.integers((60, 50), (640, 420)).tolist(), rng.integers(0, 255, 3).tolist()
            cv2.circle(out, (x, y), int(rng.integers(4, 30)), colour, -1, cv2.LINE_AA)
            cv2.putText(out, chr(65 + int(rng.integers(26))), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour[::-1], 2)
        return out

    return drawn
