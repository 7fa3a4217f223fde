"""How characters stand on a card: raised (with foil on top, worn, or bare) or printed.

``stamp`` changes a picture in place; ``mask`` is the characters' coverage. An ink is data: the same ink stamps the same
picture again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from . import art
from .pixels import Mask, Picture, Rng, blurred, floats, lay, log_uniform, moved, noise, noise_on

Rgb = tuple[float, float, float]
LEGIBLE = 0.22  # of brightness between print and what is under it, at least

# What embossed characters are tipped with, and how often.
FOILS: tuple[tuple[float, Rgb], ...] = (
    (0.38, (0.8, 0.8, 0.82)),  # silver
    (0.2, (0.95, 0.95, 0.95)),  # white
    (0.2, (0.82, 0.67, 0.36)),  # gold
    (0.07, (0.7, 0.55, 0.3)),  # bronze
    (0.08, (0.1, 0.1, 0.1)),  # black
    (0.07, (0.5, 0.5, 0.5)),  # grey
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """Raised or printed characters; lengths in millimetres, weights from 0 (none) to about 1.

    ``relief`` False prints ``foil`` flat, and only ``foil``, ``cover``, ``wear``, ``soft``, ``outline``, ``metal`` and
    ``shadow`` count. ``light`` is an angle in radians: edges that rise along it are lit, shadows of raised characters
    fall against it. ``round`` makes of a bevel a tube, as embossers leave it: ``gloss`` is how narrow its gleam is (an
    exponent), ``contour`` darkens its foot on both sides, ``sky`` is how much its foil mirrors. ``seed`` draws wear and
    gleam.
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
    round: bool = False
    gloss: float = 20.0
    contour: float = 0.0
    sky: float = 0.0
    outline: float = 0.0
    outline_colour: Rgb = (1.0, 1.0, 1.0)
    seed: int = 0


def sample(rng: Rng, *, relief: bool) -> Ink:
    """An ink at random; more than half of raised ones have foil."""
    return _sample_raised(rng) if relief else _sample_printed(rng)


def _sample_printed(rng: Rng) -> Ink:
    dark = rng.random() < 0.66
    level = rng.uniform(0, 0.22) if dark else rng.uniform(0.75, 1)
    colour = np.clip(level + rng.normal(0, 0.03, 3), 0, 1) if rng.random() < 0.8 else art.colour(rng)
    return Ink(
        relief=False,
        foil=_rgb(colour),
        cover=rng.uniform(0.6, 1),
        wear=rng.uniform(0, 0.5) if rng.random() < 0.2 else 0.0,
        wear_cell=rng.uniform(0.1, 0.8),
        soft=rng.uniform(0.02, 0.12),
        shadow=rng.uniform(0, 0.6) if rng.random() < 0.15 else 0.0,
        shift=rng.uniform(0.1, 0.4),
        light=rng.uniform(-np.pi, np.pi),
        metal=rng.uniform(0, 0.5) if rng.random() < 0.25 else 0.0,
        outline=rng.uniform(0.3, 1) if rng.random() < 0.06 else 0.0,
        outline_colour=_rgb(art.colour(rng)),
        seed=int(rng.integers(2**31)),
    )


def _sample_raised(rng: Rng) -> Ink:
    tipped = rng.random() < 0.58
    foil = np.array(FOILS[int(rng.choice(len(FOILS), p=[share for share, _ in FOILS]))][1])
    foil = foil * rng.uniform(0.7, 1.15) + rng.normal(0, 0.03, 3)
    if rng.random() < 0.08:
        foil = art.colour(rng)
    strength = rng.uniform(0.6, 1.4)
    return Ink(
        relief=True,
        foil=_rgb(np.clip(foil, 0, 1)),
        cover=rng.uniform(0.5, 1) if tipped else 0.0,
        wear=rng.uniform(0.2, 0.9) if rng.random() < 0.4 else 0.0,
        wear_cell=log_uniform(rng, 0.1, 3),
        soft=rng.uniform(0.07, 0.26),
        light=float(rng.normal(-2.0, 0.7) if rng.random() < 0.7 else rng.uniform(-np.pi, np.pi)),
        diffuse=strength * rng.uniform(0.1, 0.7),
        shine=strength * rng.uniform(0, 0.8) ** 1.3,
        sharp=rng.uniform(0.8, 4),
        dark=strength * rng.uniform(0, 0.6),
        rim=strength * rng.uniform(-0.3, 0.6) * (rng.random() < 0.6),
        halo=rng.uniform(0, 0.8) * (rng.random() < 0.5),
        shadow=rng.uniform(0, 0.7) * (rng.random() < 0.5),
        shift=rng.uniform(0.15, 0.7),
        metal=rng.uniform(0, 0.8) * (rng.random() < 0.6),
        fade=rng.uniform(0, 0.8) * (rng.random() < 0.4),
        round=bool(rng.random() < 0.6),
        gloss=log_uniform(rng, 4, 60),
        contour=rng.uniform(0.15, 1.1) * (rng.random() < 0.8),
        sky=rng.uniform(0.3, 1.3) * (rng.random() < 0.5),
        seed=int(rng.integers(2**31)),
    )


def _rgb(values: NDArray[np.floating]) -> Rgb:
    red, green, blue = (float(value) for value in np.asarray(values, np.float32))
    return red, green, blue


def contrasted(ink: Ink, picture: Picture, mask: Mask) -> Ink:
    """``ink``, or one that can be seen where ``mask`` lies on ``picture``: nobody issues cards that nobody can read.

    Print of the art's own brightness becomes dark or light, relief whose foil does not stand out gets more shading.
    """
    weight = float(mask.sum())
    if not weight:
        return ink
    under = float((picture.mean(2) * mask).sum()) / weight
    apart = abs(float(np.mean(ink.foil)) - under) * ink.cover * (1 - 0.5 * ink.wear)
    if not ink.relief:
        if apart >= LEGIBLE:
            return ink
        level = 0.06 if under > 0.45 else 0.94
        return replace(ink, foil=(level, level, level), cover=max(ink.cover, 0.8))
    shaded = ink.diffuse + 0.5 * ink.dark + 0.5 * ink.contour * ink.round
    shading = shaded * min(1.0, 2 * under) + 0.4 * (ink.shine + max(ink.rim, 0.0))
    more = 2 * LEGIBLE - apart - shading
    return ink if more <= 0 else replace(ink, diffuse=ink.diffuse + more, shine=ink.shine + more)


def stamp(picture: Picture, mask: Mask, ink: Ink, scale: float) -> None:
    """Sets ``mask``'s characters onto ``picture`` in ``ink``; ``scale`` is pixels a millimetre."""
    ink = contrasted(ink, picture, mask)
    rng = np.random.default_rng(ink.seed)
    if ink.relief:
        _raise(rng, picture, mask, ink, scale)
    else:
        _print(rng, picture, mask, ink, scale)
    np.clip(picture, 0, 1, out=picture)


def _print(rng: Rng, picture: Picture, mask: Mask, ink: Ink, scale: float) -> None:
    body = _soft(mask, ink.soft * scale)
    if ink.shadow:
        cast = _soft(_thrown(mask, ink.light, ink.shift * scale), ink.shift * scale * 0.4)
        picture *= 1 - np.float32(ink.shadow) * cast[:, :, None]
    if ink.outline:
        ring = floats(cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=max(1, int(0.15 * scale))))
        lay(picture, _soft(ring, 0.5) * np.float32(ink.outline), ink.outline_colour)
    tone = 1 + ink.metal * noise_on(rng, mask, 6 * scale)[:, :, None] if ink.metal else np.float32(1)
    lay(picture, body * _worn(rng, mask, ink, scale) * np.float32(ink.cover), floats(ink.foil) * tone)


def _raise(rng: Rng, picture: Picture, mask: Mask, ink: Ink, scale: float) -> None:
    height = _soft(mask, ink.soft * scale)
    level: Mask | np.float32 = np.float32(1)
    if ink.fade:  # the light changes along the line
        level = np.clip(1 - ink.fade * (0.5 + noise(rng, 4, mask.shape[1], 18 * scale)[:1]), 0.12, 1.5)
    if ink.halo:
        halo = np.clip(_soft(mask, (ink.soft + 0.35) * scale) - height, 0, 1)
        picture *= 1 - np.float32(ink.halo) * 1.6 * halo[:, :, None]
    if ink.shadow:
        thrown = _thrown(mask, ink.light + np.pi, ink.shift * scale)
        cast = np.clip(_soft(thrown, ink.shift * scale * 0.5) - height, 0, 1)
        picture *= 1 - np.float32(ink.shadow) * (cast * level)[:, :, None]
    shade, gleam, sheen = _tube(mask, ink) if ink.round else _bevel(height, ink)
    if ink.cover:
        top = np.clip((height - 0.35) * 3.5, 0, 1) * _worn(rng, mask, ink, scale) * np.float32(ink.cover)
        tone = 1 + ink.metal * noise_on(rng, mask, rng.uniform(1.5, 9) * scale) if ink.metal else np.float32(1)
        lay(picture, top, floats(ink.foil) * floats(tone * (1 + sheen))[..., None])
    picture *= (1 + level * shade)[:, :, None]
    picture += (level * gleam)[:, :, None] * np.float32(0.75)


def _bevel(height: Mask, ink: Ink) -> tuple[Mask, Mask, Mask | np.float32]:
    """Flat tops with slanted edges: how much darker or lighter, what gleams, and no mirror."""
    facing, steep = _slopes(height, ink.light)
    lit, unlit = np.clip(facing, 0, None), np.clip(-facing, 0, None)
    shade = np.float32(ink.diffuse) * facing - np.float32(ink.dark) * unlit ** np.float32(ink.sharp)
    gleam = np.float32(ink.shine) * lit ** np.float32(ink.sharp) + np.float32(ink.rim) * steep**2
    return floats(shade), floats(gleam), np.float32(0)


def _tube(mask: Mask, ink: Ink) -> tuple[Mask, Mask, Mask]:
    """Round strokes, lit by their normals (Lambert, Blinn-Phong): shade, gleam, and what their foil mirrors."""
    fine = floats(cv2.resize(mask, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR))
    inward = floats(cv2.distanceTransform((fine > 0.5).astype(np.uint8), cv2.DIST_L2, 3))
    there = inward[inward > 0]
    radius = max(1.0, float(np.percentile(there, 95))) if there.size else 1.0
    height = np.sqrt(1 - (1 - np.clip(inward / radius, 0, 1)) ** 2) * np.float32(radius * 0.8)
    height = blurred(floats(height), 0.5 + 4 * ink.soft)
    x, y = (cv2.Sobel(height, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    slope = np.sqrt(x * x + y * y)
    up = 1 / np.sqrt(1 + slope * slope)
    high = np.float32(0.35 + 0.1 * ink.sharp)  # of the lamp over the card, in radians
    along = -(x * np.float32(np.cos(ink.light)) + y * np.float32(np.sin(ink.light))) * up
    lambert = along * np.cos(high) + (up - 1) * np.sin(high)
    half = np.float32(np.pi / 4) + high / 2
    gleam = np.clip(along * np.cos(half) + up * np.sin(half), 0, 1) ** np.float32(ink.gloss)
    gleam = np.clip(gleam - np.sin(half) ** np.float32(ink.gloss), 0, 1)
    foot = np.clip(slope, 0, 1.2) ** 1.5
    sheen = np.sin(y * up * (3 + ink.gloss / 12) + ink.light) * np.clip(2 * slope, 0, 1) * np.float32(ink.sky)
    shade = np.float32(1.6 * ink.diffuse) * lambert - np.float32(ink.contour) * foot
    size = (mask.shape[1], mask.shape[0])
    shade, gleam, sheen = (
        floats(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
        for part in (shade, np.float32(1.5 * (ink.shine + max(0.0, ink.rim))) * gleam, sheen)
    )
    return shade, gleam, sheen


def _slopes(height: Mask, light: float) -> tuple[Mask, Mask]:
    """How much every point of a relief faces the light, in [-1.5, 1.5], and how steep it is, in [0, 1.5]."""
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    facing = -(slope_x * np.float32(np.cos(light)) + slope_y * np.float32(np.sin(light)))
    steep = np.sqrt(slope_x**2 + slope_y**2)
    body = height > 0.3
    unit = np.float32(1 / (np.percentile(steep[body], 90) + 1e-3)) if body.any() else np.float32(1)
    return floats(np.clip(facing * unit, -1.5, 1.5)), floats(np.clip(steep * unit, 0, 1.5))


def _soft(mask: Mask, sigma: float) -> Mask:
    return blurred(mask, max(0.3, sigma))


def _thrown(mask: Mask, angle: float, distance: float) -> Mask:
    return moved(mask, np.cos(angle) * distance, np.sin(angle) * distance)


def _worn(rng: Rng, mask: Mask, ink: Ink, scale: float) -> Mask | np.float32:
    """What is left of the foil: 1 where all, 0 where none."""
    if not ink.wear:
        return np.float32(1)
    field = noise_on(rng, mask, max(1.0, ink.wear_cell * scale))
    return floats(np.clip(2 * (field + 1.2 - 2 * ink.wear), 0, 1))
