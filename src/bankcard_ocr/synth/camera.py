"""What stands between a card and its pixels: light, lens, sensor, compression."""

from __future__ import annotations

import cv2
import numpy as np

from . import art
from .pixels import Bytes, Mask, Picture, Rng, blurred, floats, noise_on, pick


def light(rng: Rng, picture: Picture) -> Picture:
    """``picture`` under a lamp: gradients, hard shadows, glare in spots and bands, rainbow foil."""
    rows, columns = picture.shape[:2]
    side = max(rows, columns)
    x, y = np.arange(columns, dtype=np.float32)[None] / side, np.arange(rows, dtype=np.float32)[:, None] / side
    middle = (columns / side / 2, rows / side / 2)
    if rng.random() < 0.5:
        picture = picture * _falloff(rng, x - middle[0], y - middle[1])[:, :, None]
    if rng.random() < 0.14:
        picture = picture * _shade(rng, x - middle[0], y - middle[1])[:, :, None]
    if rng.random() < 0.22:
        picture = picture + _glare(rng, x, y)
    if rng.random() < 0.06:
        picture = picture + _rainbow(rng, picture, x, y)
    return picture


def _falloff(rng: Rng, x: Mask, y: Mask) -> Mask:
    """A lamp nearer to one side; ``x`` (1, W) and ``y`` (H, 1) are counted from the middle."""
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.8)
    return floats(1 + slope * (x * np.cos(angle) + y * np.sin(angle)))


def _shade(rng: Rng, x: Mask, y: Mask) -> Mask:
    """The edge of a shadow, of a hand or a phone."""
    angle, offset, soft = rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4), rng.uniform(0.004, 0.08)
    edge = x * np.cos(angle) + y * np.sin(angle) - offset
    return floats(1 - rng.uniform(0.15, 0.6) / (1 + np.exp(np.clip(-edge / soft, -30, 30))))


def _glare(rng: Rng, x: Mask, y: Mask) -> Picture:
    """A spot or band of light, white or tinted."""
    angle, width = rng.uniform(0, np.pi), rng.uniform(0.02, 0.25)
    side = max(x.size, y.size)
    middle = rng.uniform((0, 0), (x.size / side, y.size / side))
    along = (x - middle[0]) * np.cos(angle) + (y - middle[1]) * np.sin(angle)
    far = -(x - middle[0]) * np.sin(angle) + (y - middle[1]) * np.cos(angle)
    length = width * rng.uniform(1, 8)
    spot = floats(np.exp(-((along / width) ** 2) - (far / length) ** 2))[:, :, None]
    tint = np.float32(1) if rng.random() < 0.75 else 0.4 + 0.6 * art.colour(rng)
    return spot * np.float32(rng.uniform(0.1, 0.5)) * tint


def _rainbow(rng: Rng, picture: Picture, x: Mask, y: Mask) -> Picture:
    """Diffraction foil, in patches."""
    phase = (x * rng.uniform(2, 9) + y * rng.uniform(-6, 6))[:, :, None] + np.array([0, 0.33, 0.66], np.float32)
    patch = np.clip(noise_on(rng, picture, 0.2 * max(x.size, y.size)) + 0.1, 0, 0.7)[:, :, None]
    return floats(patch * (0.5 + 0.5 * np.sin(6.28 * phase)) * np.float32(rng.uniform(0.1, 0.6)))


def develop(rng: Rng, picture: Picture) -> Picture:
    """Exposure, white balance, a tone curve that is mostly steep, as phones' are, and now and then no colour at all."""
    if rng.random() < 0.06:
        picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
    balance = rng.normal(1, 0.06, 3) * np.exp(rng.normal(-0.03, 0.18))
    picture = np.clip(picture * balance.astype(np.float32), 0, 1)
    picture = picture ** np.float32(np.exp(rng.normal(0, 0.2)))
    if rng.random() < 0.75:
        middle = np.float32(picture.mean())
        picture = (picture - middle) * np.float32(np.exp(rng.normal(0.25, 0.3))) + middle
    return picture * np.float32(rng.uniform(0.85, 1)) + np.float32(max(0, rng.normal(0, 0.05)))


def shoot(rng: Rng, picture: Picture, *, blur: float = 1.0) -> Bytes:
    """``picture`` through lens, sensor and JPEG, as uint8; ``blur`` scales how unsharp it may be."""
    kind = rng.random()
    if kind < 0.55:
        picture = blurred(picture, 0.25 + blur * rng.gamma(1.5, 0.2))
    elif kind < 0.63:
        picture = _shaken(rng, picture, blur)
    if rng.random() < 0.3:  # sharpened by the phone
        strength = np.float32(rng.uniform(0.2, 1.8))
        picture = picture + strength * (picture - blurred(picture, rng.uniform(0.7, 1.6)))
    if rng.random() < 0.6:
        picture = picture + _grain(rng, picture)
    if rng.random() < 0.08:
        picture = _enlarged(rng, picture, 1 + blur * rng.uniform(0.2, 1.2))
    pixels = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.04:  # salt and pepper
        spots = rng.random(pixels.shape[:2], np.float32) < rng.uniform(0.002, 0.03)
        pixels[spots] = int(rng.integers(2)) * 255
    if rng.random() < 0.7:
        pixels = compressed(pixels, int(np.clip(95 - rng.gamma(1.5, 14), 18, 98)))
    return pixels


def _shaken(rng: Rng, picture: Picture, blur: float) -> Picture:
    """The hand moved."""
    length = int(2 + blur * rng.gamma(1.5, 1.1))
    angle = rng.uniform(0, np.pi)
    x, y = length / 2 * np.cos(angle), length / 2 * np.sin(angle)
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    start, end = (round(length - x), round(length - y)), (round(length + x), round(length + y))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA)
    return floats(cv2.filter2D(picture, -1, kernel / kernel.sum()))


def _enlarged(rng: Rng, picture: Picture, times: float) -> Picture:
    """As if it had been stored smaller and made as large again, as pictures on the web are."""
    rows, columns = picture.shape[:2]
    size = (max(8, int(columns / times)), max(8, int(rows / times)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        small = compressed((np.clip(small, 0, 1) * 255).astype(np.uint8), int(rng.integers(40, 96))) / np.float32(255)
    ways = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
    return floats(cv2.resize(small, (columns, rows), interpolation=pick(rng, ways)))


def _grain(rng: Rng, picture: Picture) -> Picture:
    """The sensor's noise, coloured or grey, fine or smeared."""
    grain = rng.standard_normal((*picture.shape[:2], 3 if rng.random() < 0.5 else 1), np.float32)
    if rng.random() < 0.4:
        grain = blurred(grain, rng.uniform(0.5, 1.1)).reshape(grain.shape)
    return grain * np.float32(rng.gamma(1.4, 0.01))


def compressed(pixels: Bytes, quality: int) -> Bytes:
    """``pixels`` after JPEG of ``quality`` (18 to 98 here)."""
    _, data = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
