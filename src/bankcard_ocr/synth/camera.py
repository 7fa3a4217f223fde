"""What stands between a card and its pixels: light, lens, sensor, compression.

``light`` and ``develop`` take float32 RGB (H, W, 3) in [0, 1]; ``shoot`` gives uint8.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from . import art

Picture = NDArray[np.float32]
Rng = np.random.Generator


def light(rng: Rng, picture: Picture) -> Picture:
    """``picture`` under a lamp: gradients, hard shadows, glare in spots and bands, rainbow foil."""
    rows, columns = picture.shape[:2]
    side = max(rows, columns)
    x, y = np.arange(columns, dtype=np.float32)[None] / side, np.arange(rows, dtype=np.float32)[:, None] / side
    across = columns / side
    if rng.random() < 0.5:
        angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.8)
        ramp = 1 + slope * ((x - across / 2) * np.cos(angle) + (y - rows / side / 2) * np.sin(angle))
        picture = picture * ramp.astype(np.float32)[:, :, None]
    if rng.random() < 0.14:  # the shadow of a hand or a phone
        angle, offset, soft = rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4), rng.uniform(0.004, 0.08)
        edge = (x - across / 2) * np.cos(angle) + (y - rows / side / 2) * np.sin(angle) - offset
        picture = picture * (1 - rng.uniform(0.15, 0.6) / (1 + np.exp(np.clip(-edge / soft, -30, 30)))).astype(np.float32)[:, :, None]
    if rng.random() < 0.22:  # glare
        angle, width = rng.uniform(0, np.pi), rng.uniform(0.02, 0.25)
        middle = rng.uniform((0, 0), (across, rows / side))
        along = (x - middle[0]) * np.cos(angle) + (y - middle[1]) * np.sin(angle)
        far = -(x - middle[0]) * np.sin(angle) + (y - middle[1]) * np.cos(angle)
        length = width * rng.uniform(1, 8)
        spot = np.exp(-((along / width) ** 2) - (far / length) ** 2).astype(np.float32)[:, :, None]
        tint = np.float32(1) if rng.random() < 0.75 else 0.4 + 0.6 * art.colour(rng)
        picture = picture + spot * np.float32(rng.uniform(0.1, 0.75)) * tint
    if rng.random() < 0.06:  # diffraction foil
        phase = (x * rng.uniform(2, 9) + y * rng.uniform(-6, 6))[:, :, None] + np.array([0, 0.33, 0.66], np.float32)
        patch = np.clip(art.noise(rng, rows, columns, 0.2 * side) + 0.1, 0, 0.7)[:, :, None]
        picture = picture + patch * (0.5 + 0.5 * np.sin(6.28 * phase).astype(np.float32)) * np.float32(rng.uniform(0.1, 0.6))
    return picture


def develop(rng: Rng, picture: Picture) -> Picture:
    """Exposure, white balance, contrast, and now and then no colour at all."""
    if rng.random() < 0.06:
        picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
    balance = rng.normal(1, 0.06, 3) * np.exp(rng.normal(0, 0.22))
    picture = np.clip(picture * balance.astype(np.float32), 0, 1)
    picture = picture ** np.float32(np.exp(rng.normal(0, 0.2)))
    if rng.random() < 0.5:
        contrast = np.float32(np.exp(rng.normal(0, 0.3)))
        picture = (picture - 0.5) * contrast + 0.5
    return picture * np.float32(rng.uniform(0.85, 1)) + np.float32(max(0, rng.normal(0, 0.05)))


def shoot(rng: Rng, picture: Picture, *, blur: float = 1.0) -> NDArray[np.uint8]:
    """``picture`` through lens, sensor and JPEG, as uint8; ``blur`` scales how unsharp it may be."""
    kind = rng.random()
    if kind < 0.55:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.25 + blur * rng.gamma(1.5, 0.35))
    elif kind < 0.68:  # the hand moved
        length = int(2 + blur * rng.gamma(1.5, 1.8))
        angle = rng.uniform(0, np.pi)
        kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
        end = (round(length + length / 2 * np.cos(angle)), round(length + length / 2 * np.sin(angle)))
        start = (round(length - length / 2 * np.cos(angle)), round(length - length / 2 * np.sin(angle)))
        cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    if rng.random() < 0.3:  # sharpened by the phone
        picture = picture + np.float32(rng.uniform(0.2, 1.8)) * (picture - cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 1.6)))
    if rng.random() < 0.6:
        grain = rng.standard_normal(picture.shape[:2] + ((3,) if rng.random() < 0.5 else (1,)), np.float32)
        if rng.random() < 0.4:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.5, 1.1)).reshape(grain.shape)
        picture = picture + grain * np.float32(rng.gamma(1.4, 0.016))
    pixels = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.02:  # salt and pepper
        spots = rng.random(pixels.shape[:2], np.float32) < rng.uniform(0.002, 0.03)
        pixels[spots] = int(rng.integers(2)) * 255
    if rng.random() < 0.7:
        _, data = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, int(np.clip(95 - rng.gamma(1.5, 14), 18, 98))))
        pixels = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return pixels
