"""A card located roughly is told by its edges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bankcard_ocr.vision import outline
from bankcard_ocr.vision import quad as quads

CARD = np.array([(140, 120), (760, 160), (730, 560), (110, 500)], np.float32)


@pytest.fixture
def picture() -> np.ndarray:
    """A card in perspective on a table, with print that changes more than its edges do."""
    made = np.random.default_rng(1).normal(150, 4, (640, 860, 3)).clip(0, 255).astype(np.uint8)
    cv2.fillConvexPoly(made, CARD.round().astype(np.int32), (70, 90, 160))
    cv2.rectangle(made, (220, 220), (420, 250), (255, 255, 255), -1)
    cv2.putText(made, "BANK OF SOMEWHERE", (180, 400), cv2.FONT_HERSHEY_DUPLEX, 1.4, (255, 255, 255), 4)
    return cv2.GaussianBlur(made, (0, 0), 1.0)


def off(found: np.ndarray, card: np.ndarray) -> float:
    """How far the corners are off, in pixels."""
    return float(np.linalg.norm(found - card, axis=1).max())


@pytest.mark.parametrize("seed", range(6))
def test_corners_move_to_the_edges(picture, seed: int):
    """Wherever within a margin the card was located, in whatever order its corners are."""
    moved = CARD + np.random.default_rng(seed).uniform(-40, 40, (4, 2)).astype(np.float32)

    assert off(outline.refined(picture, quads.turn(moved, seed % 4)), quads.turn(CARD, seed % 4)) < 8


def test_a_card_that_fills_the_picture_ends_at_its_border(picture):
    """Where there is nothing beyond the card there is no edge to see."""
    inner = np.array([(40, 30), (800, 20), (820, 600), (30, 610)], np.float32)
    even = np.full_like(picture, 120)

    assert off(outline.refined(even, inner), quads.rectangle(860, 640)) < 6


def test_small_and_tall_cards(picture):
    """A standing card in a small picture, too."""
    small = np.ascontiguousarray(np.rot90(cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)))
    card = quads.turn(np.stack([CARD[:, 1] / 4, (860 - CARD[:, 0]) / 4], 1), 1)

    assert off(outline.refined(small, quads.grow(card, 0.06, -0.04)), card) < 3
