"""What the recognizer learns from: strips, their codes, and what each frame of the net should say.

A batch maps ``pixels`` uint8 (N, 48, W, 3), ``codes`` int16 (N, MOST) (places in ALPHABET, 0 past the end) and
``places`` float32 (N, MOST, 4) (middle x, middle y, width, height of each character, in pixels).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ..synth import strip
from ..vision.recognize import LONG, SHORT, STRIDE
from .data import Batch, Sample, Shapes

ALPHABET = "\0" + "0123456789/" + strip.HIDDEN  # of numbers and dates; blank first
NAMES = "\0" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ .-'/" + strip.HIDDEN  # of holder names; blank first
MOST = 28  # characters on a strip, at most
UNIT = 24.0  # pixels in one unit of a place
SURE, UNSURE = 0.27, 0.36  # a frame this near to a middle, in pitches, says the character; between, it may say either


def shapes(width: int) -> Shapes:
    """The arrays of one sample."""
    return {
        "pixels": ("uint8", (strip.HEIGHT, width, 3)),
        "codes": ("int16", (MOST,)),
        "places": ("float32", (MOST, 4)),
    }


def render_long(rng: np.random.Generator) -> Iterator[Sample]:
    """Strips of whole numbers."""
    return (sample(drawn) for drawn in strip.samples(rng, LONG, lines=3, shots=2))


def render_short(rng: np.random.Generator) -> Iterator[Sample]:
    """Strips of dates and of a few digits."""
    return (sample(drawn) for drawn in strip.samples(rng, SHORT, lines=3, shots=2))


def render_holders(rng: np.random.Generator) -> Iterator[Sample]:
    """Strips of holder names."""
    return (sample(drawn, NAMES) for drawn in strip.holders(rng, LONG, lines=3, shots=2))


def sample(drawn: strip.Strip, alphabet: str = ALPHABET) -> Sample:
    """A strip as arrays."""
    codes, places = np.zeros(MOST, np.int16), np.zeros((MOST, 4), np.float32)
    count = min(MOST, len(drawn.text))
    codes[:count] = [alphabet.index(char) for char in drawn.text[:count]]
    places[:count] = drawn.places[:count]
    return {"pixels": drawn.pixels, "codes": codes, "places": places}


def augment(rng: np.random.Generator, batch: Batch) -> None:
    """Moves and recolours a batch in place, cheaper than drawing anew; no character is moved out of its strip."""
    pixels, places = batch["pixels"], batch["places"]
    for i in range(len(pixels)):
        left, right = _room_at_ends(places[i, : (batch["codes"][i] > 0).sum()], pixels.shape[2])
        x, y = int(rng.integers(-min(8, left), min(8, right) + 1)), int(rng.integers(-3, 4))
        pixels[i] = moved(pixels[i], x, y)
        places[i, :, :2] += (x, y)
    if rng.random() < 0.06:
        np.subtract(255, pixels, out=pixels)
    if rng.random() < 0.15:
        batch["pixels"] = np.ascontiguousarray(pixels[..., rng.permutation(3)])


def _room_at_ends(places: NDArray[np.float32], width: int) -> tuple[int, int]:
    """The pixels that characters at ``places`` may be moved left and right: at most a quarter of one is lost."""
    if not len(places):
        return width, width
    left, right = places[:, 0] - places[:, 2] / 4, width - places[:, 0] - places[:, 2] / 4
    return max(0, int(left.min())), max(0, int(right.min()))


def moved(pixels: NDArray[np.uint8], x: int, y: int) -> NDArray[np.uint8]:
    """``pixels`` (H, W, 3) shifted right by ``x`` and down by ``y``; edges are repeated."""
    high, wide = abs(y), abs(x)
    larger = cv2.copyMakeBorder(pixels, high, high, wide, wide, cv2.BORDER_REPLICATE)
    rows, columns = pixels.shape[:2]
    return np.asarray(larger[high - y : high - y + rows, wide - x : wide - x + columns], np.uint8)


def targets(
    codes: NDArray[np.int16], places: NDArray[np.float32], frames: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What each frame should say (N, T) (-1: nothing is asked of it) and where its character stands (N, T, 4)."""
    count = len(codes)
    wanted, where = np.zeros((count, frames), np.int64), np.zeros((count, frames, 4), np.float32)
    x = np.arange(frames) * STRIDE + (STRIDE - 1) / 2
    for i in range(count):
        size = int((codes[i] > 0).sum())
        if not size:
            continue  # nothing stands there: every frame is blank
        far = np.abs(x[:, None] - places[i, :size, 0]) / np.maximum(_room(places[i, :size, 0]), 8)
        near = far.argmin(1)
        least = far.min(1)
        wanted[i] = np.where(least < SURE, codes[i, near], np.where(least < UNSURE, -1, 0))
        place = places[i, near]
        where[i] = np.stack([place[:, 0] - x, place[:, 1] - strip.HEIGHT / 2, place[:, 2], place[:, 3]], 1) / UNIT
    return wanted, where


def _room(middles: NDArray[np.float32]) -> NDArray[np.float32]:
    """The pixels to each character's nearer neighbour, 30 at most for the outer ones."""
    pitch = np.diff(middles)
    return np.minimum(np.append(pitch, 30), np.insert(pitch, 0, 30)) if len(middles) > 1 else np.full(1, 30.0)
