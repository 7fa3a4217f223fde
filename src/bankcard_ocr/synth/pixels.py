"""Pictures of floats, OpenCV's filters on them with the types that its stubs leave open, and what chance chooses.

A picture is float32 RGB (H, W, 3), a mask float32 (H, W), both in [0, 1] but where light has just been added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Picture = NDArray[np.float32]
Mask = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # left, top, right, bottom
Rng = np.random.Generator
Option = TypeVar("Option")


def pick(rng: Rng, options: Sequence[Option]) -> Option:
    """One of ``options``, each as likely as another."""
    return options[int(rng.integers(len(options)))]


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, as likely within a factor of two here as there."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def floats(values: ArrayLike) -> NDArray[np.float32]:
    """``values`` as float32, uncopied where they are."""
    return np.asarray(values, np.float32)


def blurred(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """``picture`` or mask through a Gaussian of ``sigma`` pixels."""
    return floats(cv2.GaussianBlur(picture, (0, 0), sigma))


def shrunk(picture: NDArray[np.float32], columns: int, rows: int) -> NDArray[np.float32]:
    """``picture`` or mask averaged down to ``columns`` x ``rows``."""
    return floats(cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA))


def moved(mask: Mask, x: float, y: float) -> Mask:
    """``mask`` shifted by a fraction of pixels or many; what comes in is 0."""
    return floats(cv2.warpAffine(mask, np.array([[1, 0, x], [0, 1, y]], np.float32), mask.shape[::-1]))


def subpixel(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """``points`` in eighths of pixels, for OpenCV's drawing with ``shift`` 3."""
    return np.round(points * 8).astype(np.int32)


def lay(picture: Picture, weight: Mask, colour: ArrayLike) -> None:
    """Lays ``colour`` (RGB, or a picture) over ``picture`` in place, where and as much as ``weight`` says."""
    picture += weight[:, :, None] * (floats(colour) - picture)


def noise(rng: Rng, rows: int, columns: int, cell: float) -> Mask:
    """Smooth noise (rows, columns) in about [-1, 1], its features ``cell`` pixels large."""
    small = rng.normal(0, 0.6, (max(2, int(rows / cell) + 2), max(2, int(columns / cell) + 2))).astype(np.float32)
    return floats(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC))


def noise_on(rng: Rng, picture: NDArray[np.float32], cell: float) -> Mask:
    """Smooth noise as high and wide as ``picture`` or mask."""
    return noise(rng, picture.shape[0], picture.shape[1], cell)
