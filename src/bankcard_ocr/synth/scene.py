"""Cards on tables, in hands, among other things, as a camera sees them, with where each card and line is.

Pictures are uint8 RGB, quads float32 (4, 2) TL, TR, BR, BL of the thing or text, in pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..vision import quad as quads
from ..vision.quad import Quad
from . import art, camera, card, clutter, glyphs, material, render, words
from .pixels import Bytes, Mask, Picture, Rng, blurred, floats, lay, moved, noise, noise_on, pick

Kind = Literal["card", "number", "expiry", "holder"]
FRAME = 16  # pixels around a picture that is located (vision/locate.py)
_TEXTS: dict[card.Kind, Kind] = {"number": "number", "expiry": "expiry", "holder": "holder"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A thing in a scene; texts have their characters."""

    kind: Kind
    quad: Quad
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """``things`` from the lowest to the topmost."""

    pixels: Bytes
    things: tuple[Found, ...]


def sample(rng: Rng, flats: Sequence[render.Flat], *, width: int, height: int) -> Scene:
    """A photograph of no, one or several of ``flats``."""
    if rng.random() < 0.15:
        return _cut_out(rng, pick(rng, flats), width, height)
    picture = background(rng, height, width)
    things: list[Found] = []
    count = int(rng.choice(4, p=(0.1, 0.68, 0.15, 0.07)))
    sizes = np.sort(_size(rng, count))
    angle = _angle(rng)
    is_borderless = count == 1 and rng.random() < 0.12
    for i in range(count):
        other = angle + float(rng.normal(0, 0.25)) if rng.random() < 0.8 else _angle(rng)
        flat = pick(rng, flats)
        stands = np.pi / 2 if _is_upright(flat) and rng.random() < 0.75 else 0.0  # held so that it can be read
        pose = _Pose(size=float(sizes[i]), angle=(angle if i == count - 1 else other) + stands, centred=count == 1)
        place = _placed(rng, width, height, pose)
        if is_borderless:
            flat, picture = _on_its_ground(rng, flat, height, width)
        picture, seen = laid(rng, picture, flat, place, shadow=not is_borderless)
        things = [thing for thing in things if not _hidden(thing.quad, seen[0].quad)] + seen
    if count and rng.random() < 0.25:
        _fingers(rng, picture, things[0].quad if count == 1 else things[-1].quad)
    return _taken(rng, picture, things, blur=0.5 * min(width, height) / 320)


def portrait(rng: Rng, flat: render.Flat, *, width: int, height: int) -> Scene:
    """A photograph of one card alone, large and whole."""
    size = float(rng.uniform(0.55, 0.9))
    angle = _angle(rng) if rng.random() < 0.3 else float(rng.normal(0, 0.06))
    place = _placed(rng, width, height, _Pose(size=size, angle=angle, centred=True))
    picture, things = laid(rng, background(rng, height, width), flat, place)
    return _taken(rng, picture, things, blur=1.0)


def _on_its_ground(rng: Rng, flat: render.Flat, rows: int, columns: int) -> tuple[render.Flat, Picture]:
    """A card as pages show it without its outline: it runs into a ground of its edges' colour, or of white, and that.

    The texts stay where they are. The ground is (``rows``, ``columns``, 3).
    """
    high, wide = flat.pixels.shape[:2]
    edges = (flat.pixels[0], flat.pixels[-1], flat.pixels[:, 0], flat.pixels[:, -1])
    colour = np.concatenate(edges).mean(0) if rng.random() < 0.6 else np.full(3, rng.uniform(235, 255))
    x, y = np.arange(wide)[None], np.arange(high)[:, None]
    inside = np.minimum(np.minimum(x, wide - 1 - x), np.minimum(y, high - 1 - y))
    weight = np.clip(inside / (rng.uniform(0.005, 0.08) * max(wide, high)), 0, 1)[:, :, None]
    pixels = np.asarray(colour + weight * (flat.pixels - colour), np.uint8)
    borderless = replace(flat, pixels=pixels, cover=np.full((high, wide), 255, np.uint8))
    return borderless, floats(np.broadcast_to(colour / 255, (rows, columns, 3)))


def _cut_out(rng: Rng, flat: render.Flat, width: int, height: int) -> Scene:
    """The card is the picture, but for a margin of a few per cent, negative at times; framed as the locator frames."""
    ratio = card.HEIGHT / card.WIDTH * rng.uniform(0.93, 1.07)
    quarters = int(rng.choice((0, 1, 2, 3), p=(0.85, 0.05, 0.05, 0.05)))
    sides = np.array((ratio, 1.0) if _is_upright(flat) != (quarters % 2 == 1) else (1.0, ratio))
    sides *= np.min((np.array((width, height)) - 2 * FRAME) / sides)
    wide, high = np.round(sides).astype(int).tolist()
    edge = rng.normal(0.005, 0.012, (4, 2)) * (wide, high)
    place = (quads.rectangle(wide, high) + edge * ((1, 1), (-1, 1), (-1, -1), (1, -1))).astype(np.float32)
    picture, things = laid(rng, background(rng, high, wide), flat, quads.turn(place, quarters), shadow=False)
    shot = _taken(rng, picture, things, blur=0.5)
    left, top = (width - wide) // 2, (height - high) // 2
    edges = (shot.pixels[0], shot.pixels[-1], shot.pixels[:, 0], shot.pixels[:, -1])
    colour = np.concatenate(edges).mean(0).tolist()
    around = (top, height - high - top, left, width - wide - left)
    pixels = np.asarray(cv2.copyMakeBorder(shot.pixels, *around, cv2.BORDER_CONSTANT, value=colour), np.uint8)
    moved_ = tuple(replace(thing, quad=thing.quad + np.array((left, top), np.float32)) for thing in shot.things)
    return Scene(pixels=pixels, things=moved_)


def _is_upright(flat: render.Flat) -> bool:
    rows, columns = flat.pixels.shape[:2]
    return bool(rows > columns)


def _taken(rng: Rng, picture: Picture, things: Sequence[Found], *, blur: float) -> Scene:
    """The photograph of what lies there, and the things that are in it."""
    height, width = picture.shape[:2]
    pixels = camera.shoot(rng, camera.develop(rng, camera.light(rng, picture)), blur=blur)
    return Scene(
        pixels=pixels, things=tuple(thing for thing in things if is_in_view(thing.kind, thing.quad, width, height))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pose:
    """How a card is held: its longer side over the picture's, clockwise radians, and whether in the middle."""

    size: float
    angle: float
    centred: bool


def _size(rng: Rng, count: int) -> NDArray[np.float64]:
    """The card's longer side over the picture's."""
    close = rng.random(count) < 0.55
    return np.where(close, rng.uniform(0.68, 1.02, count), np.exp(rng.uniform(np.log(0.26), np.log(0.7), count)))


def _angle(rng: Rng) -> float:
    """Nearly upright, nearly on one of the other sides, or any."""
    kind = rng.random()
    if kind < 0.55:
        return float(rng.normal(0, 0.09))
    if kind < 0.72:
        return float(rng.integers(1, 4) * np.pi / 2 + rng.normal(0, 0.09))
    return float(rng.uniform(-np.pi, np.pi))


def _placed(rng: Rng, width: int, height: int, pose: _Pose) -> Quad:
    """The four corners of a card so held, tilted in space, seen by a pinhole camera."""
    room = np.array((width, height))
    flat = _tilted(rng, pose.angle)
    longest = max(np.linalg.norm(flat[1] - flat[0]), np.linalg.norm(flat[2] - flat[3]))
    flat *= pose.size * max(width, height) / longest
    fit = np.min(room * rng.uniform(0.92, 1.06) / np.maximum(np.ptp(flat, 0), 1))
    flat *= min(1.0, fit)
    free = np.maximum(room - np.ptp(flat, 0), 0)
    spread = 0.5 if pose.centred else 0.75
    middle = room / 2 + rng.uniform(-0.5, 0.5, 2) * free * spread / 0.5 * (1 if pose.centred else 1.2)
    flat = flat - (flat.min(0) + flat.max(0)) / 2 + middle
    stretch = np.array([rng.uniform(0.93, 1.07), 1.0])  # sides are rounded to multiples of 32 before locating
    return floats((flat - middle) * stretch + middle)


def _tilted(rng: Rng, angle: float) -> NDArray[np.float64]:
    """The corners (4, 2) of a card of width 1 around (0, 0), turned by ``angle`` and away from the camera."""
    ratio = card.HEIGHT / card.WIDTH
    corners = np.array([(-1, -ratio, 0), (1, -ratio, 0), (1, ratio, 0), (-1, ratio, 0)]) / 2
    x, y = rng.normal(0, 0.22, 2) * (rng.random() < 0.75)
    turn_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    turn_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    turn_z = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    seen = corners @ turn_z.T @ turn_y.T @ turn_x.T
    distance = rng.uniform(1.5, 5)
    return np.asarray(seen[:, :2] * (distance / (distance + seen[:, 2:])), np.float64)


def laid(
    rng: Rng, picture: Picture, flat: render.Flat, place: Quad, *, shadow: bool = True
) -> tuple[Picture, list[Found]]:
    """``picture`` with ``flat`` lying at ``place``, and what is there: the card, then its lines.

    ``place`` is where the corners of the card's picture go; an upright card is turned to fit it, mostly so that it is
    not on its head.
    """
    columns = flat.pixels.shape[1]
    long, high = quads.sides(place)
    if _is_upright(flat) and long > high:
        ways = [quads.turn(place, quarters) for quarters in (1, 3)]
        ways.sort(key=lambda way: float(way[0, 0] - way[1, 0]))  # the one that reads to the right comes first
        place = ways[int(rng.random() < 0.15)]
    long, _ = quads.sides(place)
    pixels, cover = _fitted(flat, 1.25 * long / columns)
    size = (picture.shape[1], picture.shape[0])
    matrix = quads.homography(quads.rectangle(pixels.shape[1], pixels.shape[0]), place)
    weight = floats(cv2.warpPerspective(cover, matrix, size)) / np.float32(255)
    if shadow and rng.random() < 0.7:
        cast = moved(weight, rng.normal(0, 0.012) * long, rng.normal(0.006, 0.01) * long)
        cast = blurred(cast, rng.uniform(0.004, 0.03) * long)
        picture = picture * (1 - np.float32(rng.uniform(0.1, 0.6)) * cast[:, :, None])
    warped = floats(cv2.warpPerspective(pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE)) / np.float32(255)
    if rng.random() < 0.3:
        warped = camera.light(rng, warped)
    picture = floats(picture + weight[:, :, None] * (warped - picture))
    return picture, _found(flat, place)


def _fitted(flat: render.Flat, shrink: float) -> tuple[Bytes, Bytes]:
    """The card's pixels and coverage, averaged down when they are to be seen much smaller."""
    if shrink >= 0.9:
        return flat.pixels, flat.cover
    rows, columns = flat.pixels.shape[:2]
    size = (max(8, int(columns * shrink)), max(8, int(rows * shrink)))
    pixels, cover = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (flat.pixels, flat.cover))
    return np.asarray(pixels, np.uint8), np.asarray(cover, np.uint8)


def _found(flat: render.Flat, place: Quad) -> list[Found]:
    """The card at ``place`` and its lines."""
    matrix = quads.homography(quads.rectangle(flat.pixels.shape[1], flat.pixels.shape[0]), place)
    lines = [
        Found(kind=_TEXTS[text.kind], quad=quads.project(text.quad, matrix), text=text.text)
        for text in flat.texts
        if text.kind in _TEXTS
    ]
    return [Found(kind="card", quad=place), *lines]


def background(rng: Rng, rows: int, columns: int) -> Picture:
    """A table, a photograph, paper with print, a dark or bright nothing."""
    kind = rng.random()
    if kind < 0.35 and (photo := material.crop(rng, rows, columns)) is not None:
        return photo if rng.random() < 0.7 else blurred(photo, rng.uniform(1, 8))
    if kind < 0.6:
        return _table(rng, rows, columns)
    if kind < 0.8:
        return art.draw(rng, rows, columns, max(rows, columns) / rng.uniform(60, 300))
    if kind < 0.9:
        return _page(rng, rows, columns)
    level = art.colour(rng) * np.ones((rows, columns, 1), np.float32)
    return floats(np.clip(level * (1 + 0.1 * noise(rng, rows, columns, columns / 3)[:, :, None]), 0, 1))


def _table(rng: Rng, rows: int, columns: int) -> Picture:
    """Wood, cloth or stone."""
    base = art.colour(rng) * np.ones((rows, columns, 1), np.float32)
    stretch = int(rng.integers(2, 12)) if rng.random() < 0.5 else 1
    field = noise(rng, rows, columns // stretch + 1, rng.uniform(1, 20))
    field = floats(cv2.resize(field, (columns, rows))) * np.float32(rng.uniform(0.02, 0.4))
    if rng.random() < 0.5 and rows == columns:
        field = field.T
    return floats(np.clip(base * (1 + field[:, :, None]), 0, 1))


def _page(rng: Rng, rows: int, columns: int) -> Picture:
    """Lines of print, digits among them: what is no card number though it looks like one."""
    page = np.ones((rows, columns, 3), np.float32) * np.float32(rng.uniform(0.6, 1))
    mask = np.zeros((rows, columns), np.float32)
    height = rng.uniform(0.015, 0.06) * rows
    letters = "0123456789" if rng.random() < 0.4 else "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789    "
    y = rng.uniform(0, 3) * height
    while y < rows:
        face = glyphs.Face(font=glyphs.any_font(rng))
        count = int(rng.integers(4, 40))
        x = rng.uniform(0, 0.3) * columns + np.arange(count) * height * rng.uniform(0.6, 0.9)
        text = words.spelled(rng, letters, count)
        glyphs.paint(mask, text, face, np.stack([x, np.full(count, y)], 1).astype(np.float32), max(4.0, height))
        y += height * rng.uniform(1.3, 4)
    lay(page, mask, art.colour(rng) * 0.5)
    return page


def _fingers(rng: Rng, picture: Picture, quad: Quad) -> None:
    """Draws fingers that hold the card at one edge."""
    skin = floats(np.array(clutter.SKIN) * rng.uniform(0.35, 1.1))
    edge = int(rng.integers(4))
    start, end = quad[edge], quad[(edge + 1) % 4]
    inward = quad.mean(0) - (start + end) / 2
    high = float(np.linalg.norm(inward)) * 2
    inward = inward / (np.linalg.norm(inward) + 1e-6)
    mask: Mask = np.zeros(picture.shape[:2], np.float32)
    for _ in range(int(rng.integers(1, 5))):
        root = start + (end - start) * rng.uniform(0, 1)
        tip = root + inward * high * rng.uniform(0.0, 0.28)
        root = root - inward * high * rng.uniform(0.5, 1.5) + rng.normal(0, 0.1 * high, 2)
        thick = max(3, int(high * rng.uniform(0.1, 0.22)))
        cv2.line(mask, (int(root[0]), int(root[1])), (int(tip[0]), int(tip[1])), 1.0, thick, cv2.LINE_AA)
    shade = 0.75 + 0.35 * blurred(mask, high * 0.06)[:, :, None]
    tone = skin * shade * (1 + 0.06 * noise_on(rng, picture, 6)[:, :, None])
    lay(picture, blurred(mask, max(0.8, high * 0.015)), tone)


def _hidden(quad: Quad, above: Quad) -> bool:
    """Whether a card laid on top covers a good part of ``quad``."""
    return _common(quad, above) > 0.2 * cv2.contourArea(quad)


def is_in_view(kind: Kind, quad: Quad, width: int, height: int) -> bool:
    """Whether enough of a thing is in a picture of this size: half of a card, nearly all of a text."""
    least = 0.5 if kind == "card" else 0.93
    return _common(quad, quads.rectangle(width, height)) > least * cv2.contourArea(quad)


def _common(first: Quad, second: Quad) -> float:
    """The area that lies in both."""
    area, _ = cv2.intersectConvexConvex(first, second)
    return float(area)
