"""A number line cut out of a photograph, as the recognizer gets it, with where each character stands.

A strip is uint8 RGB (48, W, 3), about one line of text wide; framing is as a locator frames: not quite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..vision import quad as quads
from . import art, beside, camera, card, clutter, glyphs, render, words
from .canvas import Canvas
from .pixels import Bytes, Picture, Rng, floats, log_uniform, pick, shrunk

HEIGHT = 48
HIDDEN = "?"  # a character that is there and cannot be seen
GOTHIC = ("Mono", "Sans", "Arimo", "Cousine", "Inter", "Lato", "Cabin", "Play", "Kaffeesatz")  # in names of fonts
WHOLE = 320  # strips at least this wide hold a whole number, narrower ones a date or a few digits
LETTERS = "ACEFHJKLMNPRTUVWXY"  # those that are no digit in any face
TURNED = {"3": HIDDEN, "4": HIDDEN, "7": HIDDEN, "6": "9", "9": "6"}  # what a digit upside down is; others stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """``places`` float32 (N, 4): each character's middle x, middle y, width and height in pixels of the strip."""

    pixels: Bytes
    text: str
    places: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A line drawn flat: ``text`` is what can be seen of it, ``pitch`` the pixels from one character to the next.

    ``turned``: it is to be photographed upside down. ``natural``: a short line does not fill its strip.
    """

    picture: Picture
    line: render.Text
    text: str
    pitch: float
    turned: bool = False
    natural: bool = False


def sample(rng: Rng, width: int = 480) -> Strip:
    """A strip at random: a whole number where ``width`` is large, else a date or a few digits."""
    return next(samples(rng, width))


def holders(rng: Rng, width: int = 480, *, lines: int = 1, shots: int = 1) -> Iterator[Strip]:
    """Strips of holder names; spaces are characters, each in the middle of its gap."""
    scale = float(rng.uniform(7.0, 10.0))
    paper = Canvas(pixels=art.draw(rng, int(24 * scale), int(90 * scale), scale), scale=scale)
    for _ in range(lines):
        relief = bool(rng.random() < 0.6)
        height = rng.uniform(2.4, 3.2) if relief else rng.uniform(1.7, 3.4)
        style = card.Style(relief=relief, face=_gothic(rng) if relief else None)
        line = card.set_line(rng, "holder", words.holder(rng), style, height=height, left=0.0, middle=0.0)
        right = float(line.middles[-1, 0] + height)
        ends = rng.uniform(1.0, 7.0, 2)
        above, below = rng.uniform(1.1, 2.2, 2) * height
        room = max(right, 14 * height)  # what a strip holds of it at its natural width
        window = (-ends[0] - 2, -above - 1, room + ends[1] + 2, below + 1)
        canvas = _cut(rng, paper, window)
        clutter.around_line(rng, canvas, line)
        drawn = render.texts(canvas, [line])[0]
        spaced = _Drawn(
            picture=canvas.pixels,
            line=replace(drawn, boxes=_with_spaces(line.text, drawn.boxes)),
            text=line.text.upper(),
            pitch=(right - height) / max(1, len(line.text) - 1) * scale,
            natural=True,
        )
        for _ in range(shots):
            yield _shot(rng, spaced, width)


def _gothic(rng: Rng) -> glyphs.Face | None:
    """A face of print for embossed letters, which are a gothic's as often as the digits'; None where they are those."""
    files = [file for file in glyphs.fonts() if any(word in file for word in GOTHIC)]
    if not files or rng.random() < 0.5:
        return None
    return glyphs.Face(font=pick(rng, files), stretch=float(rng.uniform(0.75, 1.1)), slant=float(rng.normal(0, 0.02)))


def _with_spaces(text: str, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """``boxes`` of the characters of ``text`` with one in each gap between two of them."""
    rest = iter(boxes)
    whole = [None if char == " " else next(rest) for char in text]
    out = []
    for i, box in enumerate(whole):
        before, after = whole[i - 1], whole[(i + 1) % len(whole)]
        if box is None and before is not None and after is not None:
            box = np.array((before[2], before[1], max(after[0], before[2] + 1), before[3]), np.float32)  # noqa: PLW2901
        if box is not None:
            out.append(box)
    return np.stack(out)


def samples(rng: Rng, width: int = 480, *, lines: int = 1, shots: int = 1) -> Iterator[Strip]:
    """``lines`` texts on one art, each photographed ``shots`` times: cheaper than as many :func:`sample`."""
    scale = float(rng.uniform(5.5, 7.5))  # pixels a millimetre
    wide = card.WIDTH + 22 if width >= WHOLE else 42.0
    paper = Canvas(pixels=art.draw(rng, int(30 * scale), int(wide * scale), scale), scale=scale)
    for _ in range(lines):
        drawn = _draw(rng, paper, width)
        for _ in range(shots):
            yield _shot(rng, drawn, width)


def _draw(rng: Rng, paper: Canvas, width: int) -> _Drawn:
    """A line at random on a part of ``paper``, with what stands around and over it."""
    relief = bool(rng.random() < 0.64)
    other = rng.random() if width >= WHOLE else 1.0  # what is no number: nothing, letters, digits upside down
    text, kind = _text(rng, width)
    if 0.02 <= other < 0.07:
        text, kind = _words(rng), "holder"
    height = rng.uniform(3.6, 4.6) if relief else rng.uniform(2.6, 5.0)
    line = card.set_line(rng, kind, text, card.Style(relief=relief), height=height, left=0.0, middle=0.0)
    right = float(line.middles[-1, 0] + height)
    ends = rng.uniform(1.0, 12.0, 2)
    above, below = rng.uniform(1.1, 2.2, 2) * height
    window = (-ends[0] - 2, -above - 1, right + ends[1] + 2, below + 1)
    canvas = _cut(rng, paper, window)
    clutter.around_line(rng, canvas, line)
    beside.through(rng, canvas, line)
    (beside.line if width >= WHOLE else beside.date)(rng, canvas, line)
    stamped = replace(canvas, pixels=canvas.pixels.copy()) if other < 0.02 else canvas
    drawn = render.texts(stamped, [line])[0]
    pitch = (right - height) / max(1, len(line.text) - 1) * canvas.scale
    if other < 0.02:
        return _Drawn(picture=canvas.pixels, line=drawn, text="", pitch=pitch)
    text = _hide(rng, canvas.pixels, drawn)
    if kind == "holder":
        text = HIDDEN * len(text)
    return _Drawn(picture=canvas.pixels, line=drawn, text=text, pitch=pitch, turned=0.07 <= other < 0.11)


def _words(rng: Rng) -> str:
    """Words about as long as a number."""
    parts = [words.spelled(rng, LETTERS, int(rng.integers(2, 9))) for _ in range(int(rng.integers(2, 4)))]
    return " ".join(parts)[:20].strip()


def _cut(rng: Rng, paper: Canvas, window: tuple[float, float, float, float]) -> Canvas:
    """A copy of a random part of ``paper``, mirrored at its edges where it is too small.

    ``window`` says what it is to be a part of: left, top, right, bottom in millimetres.
    """
    columns, rows = int((window[2] - window[0]) * paper.scale), int((window[3] - window[1]) * paper.scale)
    high, wide = paper.pixels.shape[:2]
    left, top = int(rng.integers(max(1, wide - columns))), int(rng.integers(max(1, high - rows)))
    part = paper.pixels[top : top + rows, left : left + columns]
    below, beside = rows - part.shape[0], columns - part.shape[1]
    pixels = floats(cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REFLECT_101))
    return Canvas(pixels=pixels, scale=paper.scale, origin=window[:2])


def _shot(rng: Rng, drawn: _Drawn, width: int) -> Strip:
    """One photograph of a drawn line, cut out and rectified."""
    rows, columns = drawn.picture.shape[:2]
    coarsest = 10 if rng.random() < 0.12 else 15  # the photograph's own resolution: digits so many to 30 pixels apart
    shrink = min(1.0, log_uniform(rng, coarsest, 30) / drawn.pitch)
    size = (max(16, int(columns * shrink)), max(8, int(rows * shrink)))
    lit = camera.light(rng, shrunk(drawn.picture, *size))
    pixels = camera.shoot(rng, camera.develop(rng, lit), blur=min(1.0, drawn.pitch * shrink / 22))
    ratio = (size[0] / columns, size[1] / rows)
    frame = _frame(rng, drawn.line.quad * np.array(ratio, np.float32))
    if drawn.natural:
        frame = _widened(rng, frame, width)
    text, boxes = (drawn.text, drawn.line.boxes) if drawn.text else ("", drawn.line.boxes[:0])
    if drawn.turned:
        frame = quads.turn(frame, 2)
        text, boxes = "".join(TURNED.get(char, char) for char in reversed(text)), boxes[::-1]
    matrix = quads.homography(frame, quads.rectangle(width, HEIGHT))
    flags = cv2.INTER_LINEAR if rng.random() < 0.8 else cv2.INTER_CUBIC
    strip = cv2.warpPerspective(pixels, matrix, (width, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    places = _places(boxes, matrix, ratio)
    return Strip(pixels=np.asarray(strip, np.uint8), text=text, places=places)


def _text(rng: Rng, width: int) -> tuple[str, card.Kind]:
    if width >= WHOLE:
        return card.number(rng), "number"
    kind = rng.random()
    if kind < 0.42:
        return words.date(rng), "expiry"
    if kind < 0.5:
        return f"{words.date(rng)} {words.date(rng)}", "expiry"
    count = int(rng.integers(3, 7))
    text = card.digits(rng, count)
    gap = int(rng.integers(1, count)) if rng.random() < 0.35 else 0
    return (text[:gap] + " " + text[gap:]).strip(), "number"


def _frame(rng: Rng, quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """``quad`` framed as a locator would: too loose or too tight, shifted, tilted, sheared."""
    high = quads.sides(quad)[1]
    loose = rng.uniform(0.1, 0.6)
    y = rng.uniform(-0.2, 0.2) * (0.4 + loose) * 1.2
    ends = np.where(rng.random(2) < 0.6, rng.uniform(-0.12, 1.2, 2), rng.uniform(0, 3.5, 2)) * high
    framed = quad.copy()
    framed[[0, 3], 0] -= ends[0]
    framed[[1, 2], 0] += ends[1]
    framed[:2, 1] -= (loose - y) * high
    framed[2:, 1] += (loose + y) * high
    high = quads.sides(framed)[1]
    tilt = float(rng.normal(0, 0.1)) * high
    framed[[0, 3], 1] -= tilt
    framed[[1, 2], 1] += tilt
    lean = float(rng.normal(0, 0.12 if rng.random() < 0.3 else 0.05)) * high
    framed[:2, 0] += lean
    framed[2:, 0] -= lean
    return framed + rng.normal(0, 0.03 * high, (4, 2)).astype(np.float32)


def _widened(rng: Rng, quad: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """``quad`` with its end moved out until what stands in it is about as wide on the strip as on the card."""
    long, high = quads.sides(quad)
    wanted = width / HEIGHT * high * float(np.exp(rng.uniform(-0.3, 0.3)))
    along = (quad[[1, 2]] - quad[[0, 3]]) / long * max(0.0, wanted - long)
    return np.asarray(quad + np.stack([0 * along[0], along[0], along[1], 0 * along[1]]), np.float32)


def _places(boxes: NDArray[np.float32], matrix: NDArray[np.float64], ratio: tuple[float, float]) -> NDArray[np.float32]:
    """Where ``boxes`` are after shrinking by ``ratio`` (x, y) and rectifying: middle x, y, width, height."""
    if not len(boxes):
        return np.zeros((0, 4), np.float32)
    scaled = boxes * np.array((*ratio, *ratio), np.float32)
    corners = scaled[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    there = quads.project(corners, matrix)
    middle = there.mean(1)
    return floats(np.stack([middle[:, 0], middle[:, 1], np.ptp(there[:, :, 0], 1), np.ptp(there[:, :, 1], 1)], 1))


def _hide(rng: Rng, picture: Picture, line: render.Text) -> str:
    """The text of ``line``; now and then a few characters are covered on ``picture``, in the text they are HIDDEN."""
    if rng.random() > 0.06:
        return line.text
    count = int(rng.choice([1, 2, 3, 4, 8]))
    first = int(rng.choice((0, max(0, len(line.text) - count)) if rng.random() < 0.35 else len(line.text)))
    last = min(len(line.text), first + count)
    boxes = line.boxes[first:last]
    left, top = boxes[:, :2].min(0).tolist()
    right, bottom = boxes[:, 2:].max(0).tolist()
    clutter.cover(rng, picture, (left, top, right, bottom))
    return line.text[:first] + HIDDEN * (last - first) + line.text[last:]
