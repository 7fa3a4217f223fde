"""Cards on tables, in hands, among other things, as a camera sees them, with where each card and line is.

Pictures are uint8 RGB, quads float32 (4, 2) TL, TR, BR, BL of the thing or text, in pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..vision import quad as quads
from . import art, camera, glyphs, material, render

Picture = NDArray[np.float32]
Quad = NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A thing in a scene: ``kind`` is ``card``, ``number``, ``expiry`` or ``holder``; texts have their characters."""

    kind: str
    quad: Quad
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """``things`` from the lowest to the topmost."""

    pixels: NDArray[np.uint8]
    things: tuple[Found, ...]


def sample(rng: Rng, flats: Sequence[render.Flat], *, width: int, height: int) -> Scene:
    """A photograph of no, one or several of ``flats``."""
    if rng.random() < 0.1:
        return _cut_out(rng, flats[int(rng.integers(len(flats)))], width, height)
    picture = background(rng, height, width)
    things: list[Found] = []
    count = int(rng.choice(4, p=(0.1, 0.68, 0.15, 0.07)))
    sizes = np.sort(_size(rng, count))
    angle = _angle(rng)
    for i in range(count):
        other = angle + float(rng.normal(0, 0.25)) if rng.random() < 0.8 else _angle(rng)
        place = _placed(rng, width, height, float(sizes[i]), angle if i == count - 1 else other, centred=count == 1)
        picture, seen = lay(rng, picture, flats[int(rng.integers(len(flats)))], place)
        things = [thing for thing in things if not _hidden(thing.quad, seen[0].quad)] + seen
    if count and rng.random() < 0.25:
        picture = _fingers(rng, picture, things[0].quad if count == 1 else things[-1].quad)
    picture = camera.develop(rng, camera.light(rng, picture))
    pixels = camera.shoot(rng, picture, blur=0.5 * min(width, height) / 320)
    return Scene(pixels=pixels, things=tuple(thing for thing in things if _inside(thing, width, height)))


def portrait(rng: Rng, flat: render.Flat, *, width: int, height: int) -> Scene:
    """A photograph of one card alone, large and whole."""
    size = float(rng.uniform(0.55, 0.9))
    angle = _angle(rng) if rng.random() < 0.3 else float(rng.normal(0, 0.06))
    place = _placed(rng, width, height, size, angle, centred=True)
    picture, things = lay(rng, background(rng, height, width), flat, place)
    picture = camera.develop(rng, camera.light(rng, picture))
    return Scene(pixels=camera.shoot(rng, picture), things=tuple(thing for thing in things if _inside(thing, width, height)))


def _cut_out(rng: Rng, flat: render.Flat, width: int, height: int) -> Scene:
    """The card is the picture, but for a margin of a few per cent, negative at times."""
    edge = rng.normal(0.005, 0.012, (4, 2)) * (width, height)
    place = (quads.rectangle(width, height) + edge * ((1, 1), (-1, 1), (-1, -1), (1, -1))).astype(np.float32)
    upright = flat.pixels.shape[0] > flat.pixels.shape[1]
    place = quads.turn(place, int(rng.choice((0, 1, 2, 3), p=(0.85, 0.05, 0.05, 0.05))))
    picture, things = lay(rng, background(rng, height, width), flat, place, shadow=False)
    picture = camera.develop(rng, camera.light(rng, picture))
    return Scene(
        pixels=camera.shoot(rng, picture, blur=0.5),
        things=tuple(thing for thing in things if _inside(thing, width, height) and (not upright or thing.kind != "holder")),
    )


def _size(rng: Rng, count: int) -> NDArray[np.float64]:
    """The card's longer side over the picture's."""
    close = rng.random(count) < 0.55
    return np.where(close, rng.uniform(0.68, 1.02, count), np.exp(rng.uniform(np.log(0.26), np.log(0.7), count)))


def _angle(rng: Rng) -> float:
    kind = rng.random()
    if kind < 0.55:
        return float(rng.normal(0, 0.09))
    if kind < 0.72:
        return float(rng.integers(1, 4) * np.pi / 2 + rng.normal(0, 0.09))
    return float(rng.uniform(-np.pi, np.pi))


def _placed(rng: Rng, width: int, height: int, size: float, angle: float, *, centred: bool) -> Quad:
    """The four corners of a card held at ``angle`` (radians, clockwise), tilted in space, seen by a pinhole camera."""
    ratio = 53.98 / 85.6
    corners = np.array([(-1, -ratio, 0), (1, -ratio, 0), (1, ratio, 0), (-1, ratio, 0)]) / 2
    tilt_x, tilt_y = rng.normal(0, 0.22, 2) * (rng.random() < 0.75)
    turn_x = np.array([[1, 0, 0], [0, np.cos(tilt_x), -np.sin(tilt_x)], [0, np.sin(tilt_x), np.cos(tilt_x)]])
    turn_y = np.array([[np.cos(tilt_y), 0, np.sin(tilt_y)], [0, 1, 0], [-np.sin(tilt_y), 0, np.cos(tilt_y)]])
    turn_z = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    seen = corners @ turn_z.T @ turn_y.T @ turn_x.T
    distance = rng.uniform(1.5, 5)
    flat = seen[:, :2] * (distance / (distance + seen[:, 2:]))
    long = size * max(width, height)
    flat *= long / max(np.linalg.norm(flat[1] - flat[0]), np.linalg.norm(flat[2] - flat[3]))
    extent = np.ptp(flat, 0)
    fit = np.min(np.array((width, height)) * rng.uniform(0.92, 1.06) / np.maximum(extent, 1))
    flat *= min(1.0, fit)
    room = np.maximum(np.array((width, height)) - np.ptp(flat, 0), 0)
    spread = 0.5 if centred else 0.75
    middle = np.array((width, height)) / 2 + rng.uniform(-0.5, 0.5, 2) * room * spread / 0.5 * (1 if centred else 1.2)
    flat = flat - (flat.min(0) + flat.max(0)) / 2 + middle
    stretch = np.array([rng.uniform(0.93, 1.07), 1.0])  # sides are rounded to multiples of 32 before locating
    return ((flat - middle) * stretch + middle).astype(np.float32)


def lay(rng: Rng, picture: Picture, flat: render.Flat, place: Quad, *, shadow: bool = True) -> tuple[Picture, list[Found]]:
    """``picture`` with ``flat`` lying at ``place``, and what is there: the card, then its lines.

    ``place`` is where the corners of the card's picture go; an upright card is turned to fit it.
    """
    rows, columns = flat.pixels.shape[:2]
    if rows > columns:
        place = quads.turn(place, int(rng.choice((1, 3))))
    long, _ = quads.sides(place)
    shrink = min(1.0, 1.25 * long / columns)
    card, cover = flat.pixels, flat.cover
    if shrink < 0.9:
        size = (max(8, int(columns * shrink)), max(8, int(rows * shrink)))
        card, cover = cv2.resize(card, size, interpolation=cv2.INTER_AREA), cv2.resize(cover, size, interpolation=cv2.INTER_AREA)
    height, width = picture.shape[:2]
    matrix = quads.homography(quads.rectangle(card.shape[1], card.shape[0]), place)
    flags = cv2.INTER_LINEAR
    weight = cv2.warpPerspective(cover, matrix, (width, height), flags=flags).astype(np.float32)[:, :, None] / 255
    if shadow and rng.random() < 0.7:
        move = np.array([[1, 0, rng.normal(0, 0.012) * long], [0, 1, rng.normal(0.006, 0.01) * long]], np.float32)
        cast = cv2.GaussianBlur(cv2.warpAffine(weight[:, :, 0], move, (width, height)), (0, 0), rng.uniform(0.004, 0.03) * long)
        picture = picture * (1 - np.float32(rng.uniform(0.1, 0.6)) * cast[:, :, None])
    warped = np.float32(cv2.warpPerspective(card, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)) / 255
    if rng.random() < 0.3:
        warped = camera.light(rng, warped)
    picture = picture + weight * (warped - picture)
    full = quads.homography(quads.rectangle(columns, rows), place)
    found = [Found(kind="card", quad=place)]
    found += [Found(kind=text.kind, quad=quads.project(text.quad, full), text=text.text) for text in flat.texts if text.kind in ("number", "expiry", "holder")]
    return picture.astype(np.float32), found


def background(rng: Rng, rows: int, columns: int) -> Picture:
    """A table, a photograph, paper with print, a dark or bright nothing."""
    kind = rng.random()
    if kind < 0.35 and (photo := material.crop(rng, rows, columns)) is not None:
        return photo if rng.random() < 0.7 else cv2.GaussianBlur(photo, (0, 0), rng.uniform(1, 8))
    if kind < 0.6:  # wood, cloth, stone
        base = art.colour(rng) * np.ones((rows, columns, 1), np.float32)
        stretch = (1, int(rng.integers(2, 12))) if rng.random() < 0.5 else (1, 1)
        field = art.noise(rng, rows // stretch[0], columns // stretch[1] + 1, rng.uniform(1, 20))
        field = cv2.resize(field, (columns, rows)) * rng.uniform(0.02, 0.4)
        if rng.random() < 0.5:
            field = field.T if rows == columns else field
        return np.clip(base * (1 + field[:, :, None]), 0, 1).astype(np.float32)
    if kind < 0.8:
        return art.draw(rng, rows, columns, max(rows, columns) / rng.uniform(60, 300))
    if kind < 0.9:
        return _page(rng, rows, columns)
    level = art.colour(rng) * np.ones((rows, columns, 1), np.float32)
    return np.clip(level * (1 + 0.1 * art.noise(rng, rows, columns, columns / 3)[:, :, None]), 0, 1).astype(np.float32)


def _page(rng: Rng, rows: int, columns: int) -> Picture:
    """Lines of print, digits among them: what is no card number though it looks like one."""
    page = np.ones((rows, columns, 3), np.float32) * np.float32(rng.uniform(0.6, 1))
    mask = np.zeros((rows, columns), np.float32)
    files = glyphs.fonts()
    height = rng.uniform(0.015, 0.06) * rows
    letters = "0123456789" if rng.random() < 0.4 else "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789    "
    y = rng.uniform(0, 3) * height
    while y < rows:
        face = glyphs.Face(font=files[int(rng.integers(len(files)))] if files else "")
        count = int(rng.integers(4, 40))
        x = rng.uniform(0, 0.3) * columns + np.arange(count) * height * rng.uniform(0.6, 0.9)
        text = "".join(letters[int(i)] for i in rng.integers(0, len(letters), count))
        glyphs.paint(mask, text, face, np.stack([x, np.full(count, y)], 1).astype(np.float32), max(4.0, height))
        y += height * rng.uniform(1.3, 4)
    ink = art.colour(rng) * 0.5
    page += mask[:, :, None] * (ink - page)
    return page


def _fingers(rng: Rng, picture: Picture, quad: Quad) -> Picture:
    """Fingers that hold the card at one edge."""
    rows, columns = picture.shape[:2]
    skin = (np.array((0.85, 0.65, 0.53)) * rng.uniform(0.35, 1.1)).astype(np.float32)
    a = int(rng.integers(4))
    start, end = quad[a], quad[(a + 1) % 4]
    inward = quad.mean(0) - (start + end) / 2
    high = float(np.linalg.norm(inward)) * 2
    inward = inward / (np.linalg.norm(inward) + 1e-6)
    mask = np.zeros((rows, columns), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        root = start + (end - start) * rng.uniform(0, 1)
        tip = root + inward * high * rng.uniform(0.0, 0.28)
        root = root - inward * high * rng.uniform(0.5, 1.5) + rng.normal(0, 0.1 * high, 2)
        thick = max(3, int(high * rng.uniform(0.1, 0.22)))
        cv2.line(mask, [int(v) for v in root], [int(v) for v in tip], 1.0, thick, cv2.LINE_AA)  # type: ignore[call-overload]
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.8, high * 0.015))
    tone = skin * (0.75 + 0.35 * cv2.GaussianBlur(mask, (0, 0), high * 0.06)[:, :, None]) * (1 + 0.06 * art.noise(rng, rows, columns, 6)[:, :, None])
    return (picture + soft[:, :, None] * (tone - picture)).astype(np.float32)


def _hidden(quad: Quad, above: Quad) -> bool:
    """Whether a card laid on top covers a good part of ``quad``."""
    common, _ = cv2.intersectConvexConvex(quad, above)
    return bool(common > 0.2 * cv2.contourArea(quad))


def _inside(thing: Found, width: int, height: int) -> bool:
    """Whether enough of a thing is in the picture: half of a card, nearly all of a text."""
    common, _ = cv2.intersectConvexConvex(thing.quad, quads.rectangle(width, height))
    return bool(common > (0.5 if thing.kind == "card" else 0.93) * cv2.contourArea(thing.quad))
