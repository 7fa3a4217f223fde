"""How characters stand on a card: raised (with foil on top, worn, or bare) or printed.

``stamp`` changes a float32 RGB picture in [0, 1] in place; ``mask`` is the characters' coverage, float32 (H, W).
An ink is data: the same ink stamps the same picture again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import art

Picture = NDArray[np.float32]
Mask = NDArray[np.float32]
Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """Raised or printed characters; lengths in millimetres, weights from 0 (none) to about 1.

    ``relief`` False prints ``foil`` flat, and only ``foil``, ``cover``, ``wear``, ``soft``, ``outline`` and ``shadow`` count.
    """

    relief: bool
    foil: Rgb = (0.0, 0.0, 0.0)
    cover: float = 1.0
    wear: float = 0.0
    wear_cell: float = 0.5
    soft: float = 0.12
    light: float = -2.2
    diffuse: float = 0.0
    shine: float = 0.0
    sharp: float = 1.5
    dark: float = 0.0
    rim: float = 0.0
    halo: float = 0.0
    shadow: float = 0.0
    shift: float = 0.3
    metal: float = 0.0
    fade: float = 0.0
    outline: float = 0.0
    outline_colour: Rgb = (1.0, 1.0, 1.0)
    seed: int = 0


def _rgb(values: NDArray[np.float32]) -> Rgb:
    return float(values[0]), float(values[1]), float(values[2])


def sample(rng: np.random.Generator, *, relief: bool) -> Ink:
    """An ink at random; about two thirds of raised ones have foil."""
    if not relief:
        dark = rng.random() < 0.66
        level = rng.uniform(0, 0.22) if dark else rng.uniform(0.75, 1)
        foil = np.clip(level + rng.normal(0, 0.03, 3), 0, 1) if rng.random() < 0.8 else art.colour(rng)
        return Ink(
            relief=False, foil=_rgb(foil.astype(np.float32)), cover=rng.uniform(0.6, 1),
            wear=rng.uniform(0, 0.5) if rng.random() < 0.2 else 0.0, wear_cell=rng.uniform(0.1, 0.8),
            soft=rng.uniform(0.02, 0.12), shadow=rng.uniform(0, 0.6) if rng.random() < 0.15 else 0.0,
            shift=rng.uniform(0.1, 0.4), light=rng.uniform(-np.pi, np.pi), metal=rng.uniform(0, 0.5) if rng.random() < 0.25 else 0.0,
            outline=rng.uniform(0.3, 1) if rng.random() < 0.06 else 0.0, outline_colour=_rgb(art.colour(rng)),
            seed=int(rng.integers(2**31)),
        )  # fmt: skip
    tipped = rng.random() < 0.66
    metals = np.array([(0.8, 0.8, 0.82), (0.95, 0.95, 0.95), (0.82, 0.67, 0.36), (0.7, 0.55, 0.3), (0.1, 0.1, 0.1), (0.5, 0.5, 0.5)])
    foil = metals[int(rng.choice(6, p=(0.38, 0.2, 0.2, 0.07, 0.08, 0.07)))] * rng.uniform(0.7, 1.15) + rng.normal(0, 0.03, 3)
    if rng.random() < 0.08:
        foil = art.colour(rng)
    strength = rng.uniform(0.35, 1.25)
    return Ink(
        relief=True, foil=_rgb(np.clip(foil, 0, 1).astype(np.float32)),
        cover=rng.uniform(0.5, 1) if tipped else 0.0,
        wear=(rng.uniform(0.2, 0.95) if rng.random() < 0.45 else 0.0), wear_cell=float(np.exp(rng.uniform(np.log(0.1), np.log(3)))),
        soft=rng.uniform(0.07, 0.26), light=float(rng.normal(-2.0, 0.7) if rng.random() < 0.7 else rng.uniform(-np.pi, np.pi)),
        diffuse=strength * rng.uniform(0.1, 0.7), shine=strength * rng.uniform(0, 0.8) ** 1.3, sharp=rng.uniform(0.8, 4),
        dark=strength * rng.uniform(0, 0.6), rim=strength * rng.uniform(-0.3, 0.6) * (rng.random() < 0.6),
        halo=rng.uniform(0, 0.8) * (rng.random() < 0.5), shadow=rng.uniform(0, 0.7) * (rng.random() < 0.5), shift=rng.uniform(0.15, 0.7),
        metal=rng.uniform(0, 0.8) * (rng.random() < 0.6), fade=rng.uniform(0, 0.85) * (rng.random() < 0.45),
        seed=int(rng.integers(2**31)),
    )  # fmt: skip


def stamp(picture: Picture, mask: Mask, ink: Ink, scale: float) -> None:
    """Sets ``mask``'s characters onto ``picture`` in ``ink``; ``scale`` is pixels a millimetre."""
    rng = np.random.default_rng(ink.seed)
    shape = mask.shape
    if ink.relief:
        _raise(rng, picture, mask, ink, scale)
    else:
        _print(rng, picture, mask, ink, scale)
    assert picture.shape[:2] == shape
    np.clip(picture, 0, 1, out=picture)


def _blur(mask: Mask, sigma: float) -> Mask:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.3, sigma)), np.float32)


def _moved(mask: Mask, angle: float, distance: float) -> Mask:
    matrix = np.array([[1, 0, np.cos(angle) * distance], [0, 1, np.sin(angle) * distance]], np.float32)
    return np.asarray(cv2.warpAffine(mask, matrix, mask.shape[::-1]), np.float32)


def _worn(rng: np.random.Generator, shape: tuple[int, ...], ink: Ink, scale: float) -> Mask:
    """What is left of the foil: 1 where all, 0 where none."""
    if not ink.wear:
        return np.float32(1)  # type: ignore[return-value]
    field = art.noise(rng, shape[0], shape[1], max(1.0, ink.wear_cell * scale))
    return np.clip(2 * (field + 1.2 - 2 * ink.wear), 0, 1).astype(np.float32)


def _print(rng: np.random.Generator, picture: Picture, mask: Mask, ink: Ink, scale: float) -> None:
    body = _blur(mask, ink.soft * scale)
    if ink.shadow:
        cast = _blur(_moved(mask, ink.light, ink.shift * scale), ink.shift * scale * 0.4)
        picture *= 1 - np.float32(ink.shadow) * cast[:, :, None]
    if ink.outline:
        ring = np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=max(1, int(0.15 * scale))), np.float32)
        _lay(picture, _blur(ring, 0.5), ink.outline_colour, ink.outline)
    tone = 1 + ink.metal * art.noise(rng, mask.shape[0], mask.shape[1], 6 * scale)[:, :, None] if ink.metal else np.float32(1)
    weight = (body * _worn(rng, mask.shape, ink, scale) * np.float32(ink.cover))[:, :, None]
    picture += weight * (np.asarray(ink.foil, np.float32) * tone - picture)


def _lay(picture: Picture, weight: Mask, colour: Rgb, cover: float) -> None:
    picture += (weight * np.float32(cover))[:, :, None] * (np.asarray(colour, np.float32) - picture)


def _raise(rng: np.random.Generator, picture: Picture, mask: Mask, ink: Ink, scale: float) -> None:
    height = _blur(mask, ink.soft * scale)
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    facing = -(slope_x * np.float32(np.cos(ink.light)) + slope_y * np.float32(np.sin(ink.light)))
    steep = np.sqrt(slope_x**2 + slope_y**2)
    unit = np.float32(1 / (np.percentile(steep[height > 0.3], 90) + 1e-3)) if (height > 0.3).any() else np.float32(1)
    facing, steep = np.clip(-facing * unit, -1.5, 1.5), np.clip(steep * unit, 0, 1.5)

    level = np.float32(1)
    if ink.fade:  # the light changes along the line
        level = np.clip(1 - ink.fade * (0.5 + art.noise(rng, 4, mask.shape[1], 18 * scale)[:1]), 0.12, 1.5)
    if ink.halo:
        halo = np.clip(_blur(mask, (ink.soft + 0.35) * scale) - height, 0, 1)
        picture *= 1 - np.float32(ink.halo) * 1.6 * halo[:, :, None]
    if ink.shadow:
        cast = np.clip(_blur(_moved(mask, ink.light + np.pi, ink.shift * scale), ink.shift * scale * 0.5) - height, 0, 1)
        picture *= 1 - np.float32(ink.shadow) * (cast * level)[:, :, None]
    if ink.cover:
        top = np.clip((height - 0.35) * 3.5, 0, 1) * _worn(rng, mask.shape, ink, scale) * np.float32(ink.cover)
        tone = 1 + ink.metal * art.noise(rng, mask.shape[0], mask.shape[1], rng.uniform(1.5, 9) * scale) if ink.metal else np.float32(1)
        foil = np.asarray(ink.foil, np.float32) * np.asarray(tone, np.float32)[..., None]
        picture += top[:, :, None] * (foil - picture)

    lit, unlit = np.clip(facing, 0, None), np.clip(-facing, 0, None)
    picture *= (1 + level * (np.float32(ink.diffuse) * facing - np.float32(ink.dark) * unlit**np.float32(ink.sharp)))[:, :, None]
    gleam = level * (np.float32(ink.shine) * lit ** np.float32(ink.sharp) + np.float32(ink.rim) * steep**2)
    picture += gleam[:, :, None] * np.float32(0.75)
