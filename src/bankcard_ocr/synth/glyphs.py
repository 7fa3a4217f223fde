"""The shapes of characters as cards carry them: coverage masks of a text set in a face.

Two kinds of faces. *Strokes* are drawn here as rounded polylines: the digits of Farrington 7B after ISO 7811-1
(height 4.33 mm, width 2.55 mm, stroke 0.51 mm, pitch 3.63 mm), which no package carries, and which every embossed
card uses. *Fonts* are files that the machine happens to have; without any, strokes alone are drawn.
Masks are float32 (H, W) in [0, 1]. Lengths are millimetres on the card unless a name says pixels.
"""

from __future__ import annotations

import functools
import pathlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]

ASPECT = 2.55 / 4.33  # width over height of an embossed digit, ISO 7811-1
_SUPER = 3  # strokes are drawn this much larger and averaged down
_STEPS = np.linspace(0, 1, 6, dtype=np.float32)[None, :, None]
_ARC = ((1 - _STEPS) ** 2, 2 * _STEPS * (1 - _STEPS), _STEPS**2)  # the weights of a quadratic Bezier curve

# Farrington 7B: polylines in a unit box (x right, y down), several shapes a digit where real embossers differ.
STROKES: dict[str, tuple[tuple[tuple[tuple[float, float], ...], ...], ...]] = {
    "0": ((((0.5, 0), (1, 0), (1, 1), (0, 1), (0, 0), (0.5, 0)),),),
    "1": (
        (((0.2, 0.06), (0.55, 0), (0.55, 1)), ((0.1, 1), (1, 1))),
        (((0.25, 0), (0.55, 0), (0.55, 1)), ((0.15, 1), (0.95, 1))),
        (((0.2, 0.12), (0.5, 0), (0.5, 1)), ((0.5, 1), (1, 1))),
        (((0.3, 0), (0.6, 0), (0.6, 1)), ((0.2, 1), (1, 1), (1, 0.88))),
    ),
    "2": (
        (((0, 0), (1, 0), (1, 0.42), (0, 0.72), (0, 1), (1, 1)),),
        (((0, 0.05), (0.1, 0), (1, 0), (1, 0.45), (0, 0.95), (0, 1), (1, 1)),),
        (((0, 0), (1, 0), (1, 0.5), (0, 0.5), (0, 1), (1, 1)),),
    ),
    "3": (
        (((0, 0), (1, 0), (1, 0.46), (0.4, 0.46)), ((0.4, 0.46), (1, 0.46), (1, 1), (0, 1))),
        (((0, 0), (0.92, 0), (0.92, 0.46), (0.35, 0.46)), ((0.35, 0.46), (1, 0.46), (1, 1), (0, 1))),
        (((0.05, 0), (0.95, 0), (0.5, 0.42), (1, 0.5), (1, 1), (0, 1)),),
    ),
    "4": (
        (((0.18, 0), (0.1, 0.62), (1, 0.62)), ((0.72, 0.32), (0.72, 1))),
        (((0.1, 0), (0.1, 0.6), (1, 0.6)), ((0.68, 0.0), (0.68, 1))),
        (((0.3, 0), (0, 0.66), (1, 0.66)), ((0.75, 0.38), (0.75, 1))),
        (((0, 0), (0, 0.55), (0.95, 0.55)), ((0.75, 0.25), (0.75, 1))),
    ),
    "5": (
        (((1, 0), (0.08, 0), (0.08, 0.44), (1, 0.44), (1, 1), (0, 1)),),
        (((0.92, 0), (0, 0), (0, 0.42), (1, 0.42), (1, 1), (0, 1)),),
    ),
    "6": (
        (((0.1, 0), (0, 0.12), (0, 1), (1, 1), (1, 0.46), (0, 0.46)),),
        (((0.35, 0), (0, 0.0), (0, 1), (1, 1), (1, 0.46), (0, 0.46)),),
        (((0, 0), (0, 1), (1, 1), (1, 0.5), (0, 0.5)),),
    ),
    "7": (
        (((0, 0), (1, 0), (1, 0.3), (0.85, 0.5), (0.85, 1)),),
        (((0, 0), (0.95, 0), (0.95, 1)),),
        (((0, 0.1), (0, 0), (1, 0), (1, 0.25), (0.7, 0.5), (0.7, 1)),),
    ),
    "8": (
        (((0.5, 0), (0.88, 0), (0.88, 0.44), (0.12, 0.44), (0.12, 0), (0.5, 0)),
         ((0.5, 0.44), (1, 0.44), (1, 1), (0, 1), (0, 0.44), (0.5, 0.44))),
        (((0.5, 0), (0.95, 0), (0.9, 0.4), (0.5, 0.45), (0, 0.55), (0, 1), (1, 1), (1, 0.55), (0.5, 0.45),
          (0.1, 0.4), (0.05, 0), (0.5, 0)),),
        (((0.5, 0), (1, 0), (1, 0.47), (0, 0.47), (0, 0), (0.5, 0)),
         ((0.5, 0.47), (1, 0.47), (1, 1), (0, 1), (0, 0.47), (0.5, 0.47))),
    ),
    "9": (
        (((0.9, 1), (1, 0.88), (1, 0), (0, 0), (0, 0.54), (1, 0.54)),),
        (((0.7, 1), (1, 1), (1, 0), (0, 0), (0, 0.52), (1, 0.52)),),
        (((0.85, 1), (0.95, 0.8), (0.95, 0), (0, 0), (0, 0.54), (0.95, 0.54)),),
    ),
    "/": ((((1, 0), (0, 1)),),),
    "-": ((((0.1, 0.5), (0.9, 0.5)),),),
    "*": ((((0.5, 0.15), (0.5, 0.65)), ((0.15, 0.25), (0.85, 0.55)), ((0.85, 0.25), (0.15, 0.55))),),
    "A": ((((0, 1), (0, 0.3), (0.3, 0), (0.7, 0), (1, 0.3), (1, 1)), ((0, 0.6), (1, 0.6))),
          (((0, 1), (0.5, 0), (1, 1)), ((0.2, 0.65), (0.8, 0.65)))),
    "B": ((((0, 0), (0.9, 0), (0.9, 0.45), (0, 0.45)), ((0, 0), (0, 1), (1, 1), (1, 0.45), (0, 0.45))),),
    "C": ((((1, 0.1), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0.9)),),),
    "D": ((((0, 0), (0.7, 0), (1, 0.3), (1, 0.7), (0.7, 1), (0, 1), (0, 0)),),),
    "E": ((((1, 0), (0, 0), (0, 1), (1, 1)), ((0, 0.48), (0.8, 0.48))),),
    "F": ((((1, 0), (0, 0), (0, 1)), ((0, 0.48), (0.8, 0.48))),),
    "G": ((((1, 0.15), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0.55), (0.55, 0.55)),),),
    "H": ((((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0.48), (1, 0.48))),),
    "I": ((((0.2, 0), (0.8, 0)), ((0.5, 0), (0.5, 1)), ((0.2, 1), (0.8, 1))), (((0.5, 0), (0.5, 1)),)),
    "J": ((((0.4, 0), (1, 0), (1, 1), (0, 1), (0, 0.75)),), (((0.9, 0), (0.9, 1), (0, 1), (0, 0.8)),)),
    "K": ((((0, 0), (0, 1)), ((1, 0), (0, 0.55)), ((0.3, 0.42), (1, 1))),),
    "L": ((((0, 0), (0, 1), (1, 1)),),),
    "M": ((((0, 1), (0, 0), (0.5, 0.5), (1, 0), (1, 1)),), (((0, 1), (0, 0), (1, 0), (1, 1)), ((0.5, 0), (0.5, 0.6)))),
    "N": ((((0, 1), (0, 0), (1, 1), (1, 0)),),),
    "O": ((((0.5, 0), (1, 0), (1, 1), (0, 1), (0, 0), (0.5, 0)),),),
    "P": ((((0, 1), (0, 0), (1, 0), (1, 0.52), (0, 0.52)),),),
    "Q": ((((0.5, 0), (1, 0), (1, 1), (0, 1), (0, 0), (0.5, 0)), ((0.6, 0.7), (1.05, 1.08))),),
    "R": ((((0, 1), (0, 0), (1, 0), (1, 0.5), (0, 0.5)), ((0.45, 0.5), (1, 1))),),
    "S": ((((1, 0.1), (1, 0), (0, 0), (0, 0.46), (1, 0.5), (1, 1), (0, 1), (0, 0.9)),),),
    "T": ((((0, 0), (1, 0)), ((0.5, 0), (0.5, 1))),),
    "U": ((((0, 0), (0, 1), (1, 1), (1, 0)),),),
    "V": ((((0, 0), (0.5, 1), (1, 0)),),),
    "W": ((((0, 0), (0.25, 1), (0.5, 0.4), (0.75, 1), (1, 0)),), (((0, 0), (0, 1), (1, 1), (1, 0)), ((0.5, 0.4), (0.5, 1)))),
    "X": ((((0, 0), (1, 1)), ((1, 0), (0, 1))),),
    "Y": ((((0, 0), (0.5, 0.5), (1, 0)), ((0.5, 0.5), (0.5, 1))),),
    "Z": ((((0, 0), (1, 0), (0, 1), (1, 1)),),),
    ".": ((((0.45, 0.95), (0.5, 1)),),),
}  # fmt: skip

# Digits of fonts that print flat numbers; the words are looked for in file names.
_PRINT = (
    "LiberationSerif-Bold", "LiberationSans-Bold", "LiberationSans-Regular", "LiberationSerif-Regular",
    "LiberationMono-Bold", "LiberationSansNarrow-Bold", "Arimo-Bold", "Tinos-Bold", "Cousine-Bold", "Arimo-Regular",
    "Roboto-Regular", "Roboto-Bold", "Roboto-Medium", "RobotoCondensed-Bold", "RobotoCondensed-Regular", "Lato-Regular",
    "Lato-Bold", "Lato-Heavy", "Inter-Regular", "Inter-Bold", "OpenSans-Regular", "OpenSans-Bold", "OpenSans-Semibold",
    "Jura-Medium", "Jura-Bold", "Jura-DemiBold", "B612-Bold", "B612Mono-Bold", "B612Mono-Regular", "OCRA", "ocrb10",
    "OCRB", "opendin", "Play-Regular", "Play-Bold", "DejaVuSans-Bold", "DejaVuSansMono", "NotoSansCJK-Bold",
)  # fmt: skip
_USELESS = ("OCRBE", "OCRBF", "OCRBX")  # boxed and outlined faces
_HAN = ("NotoSansCJK-Bold", "NotoSansCJK-Regular", "NotoSerifCJK-Bold", "NotoSerifCJK-Regular")
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """How characters look. ``font`` is a file, or empty for strokes.

    ``aspect``, ``stroke``, ``corner`` (fractions of the height), ``shape`` (which variant of each digit) are for
    strokes; ``slant`` is the tangent of the slope, for both.
    """

    font: str = ""
    aspect: float = ASPECT
    stroke: float = 0.118
    corner: float = 0.2
    shape: int = 0
    slant: float = 0.0


@functools.cache
def fonts(kind: str = "print") -> tuple[str, ...]:
    """The files of this machine's usable fonts, sorted; ``kind`` is ``print`` (Latin digits and capitals) or ``han``."""
    wanted = _PRINT if kind == "print" else _HAN
    found = [path for folder in _FOLDERS for path in pathlib.Path(folder).rglob("*.[to]t[fc]")]
    return tuple(
        sorted(
            str(path)
            for path in found
            if any(path.stem.startswith(word) for word in wanted)
            and path.stem not in _USELESS
            and not path.stem.endswith(("Italic", "Oblique"))
        )
    )


def glyph(char: str, face: Face, height: float) -> tuple[Mask, float, float]:
    """One character's mask at ``height`` pixels (of a digit), its left bearing and its advance in pixels.

    The mask's vertical middle is the digit's vertical middle.
    """
    if face.font and char != " ":
        return _font_glyph(char, face.font, round(height * 4) / 4)
    return _stroke_glyph(char, face, height)


def _stroke_glyph(char: str, face: Face, height: float) -> tuple[Mask, float, float]:
    variants = STROKES.get(char) or STROKES["*"]
    lines = variants[face.shape % len(variants)]
    stroke = max(1.0, face.stroke * height)
    width = face.aspect * height
    pad = stroke / 2 + 2
    size = (int(np.ceil(width + 2 * pad)), int(np.ceil(height + 2 * pad)))
    canvas = np.zeros((size[1] * _SUPER, size[0] * _SUPER), np.uint8)
    inner = np.array([width - stroke, height - stroke], np.float32)
    origin = np.array([(size[0] - inner[0]) / 2, (size[1] - inner[1]) / 2], np.float32)
    for line in lines:
        points = _rounded(np.array(line, np.float32) * inner, face.corner * height) + origin
        cv2.polylines(
            canvas, [np.round(points * _SUPER * 16).astype(np.int32)], False, 255,
            max(1, round(stroke * _SUPER)), cv2.LINE_AA, 4,
        )  # fmt: skip
    mask = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return mask, (width - size[0]) / 2, width


def _rounded(points: Mask, radius: float) -> Mask:
    """A polyline with its corners cut into arcs of at most ``radius`` (quadratic curves)."""
    if len(points) < 3:
        return points
    corner = points[1:-1]
    to_before, to_after = points[:-2] - corner, points[2:] - corner
    start = corner + to_before * np.minimum(0.5, radius / (np.hypot(*to_before.T) + 1e-6))[:, None]
    end = corner + to_after * np.minimum(0.5, radius / (np.hypot(*to_after.T) + 1e-6))[:, None]
    arcs = _ARC[0] * start[:, None] + _ARC[1] * corner[:, None] + _ARC[2] * end[:, None]
    return np.concatenate([points[:1], arcs.reshape(-1, 2), points[-1:]]).astype(np.float32)


@functools.lru_cache(maxsize=4096)
def _font_glyph(char: str, font: str, height: float) -> tuple[Mask, float, float]:
    from PIL import Image, ImageDraw

    loaded, digit_height, middle = _loaded(font, height)
    left, top, right, bottom = loaded.getbbox(char)
    half = int(np.ceil(max(abs(top - middle), abs(bottom - middle), digit_height / 2))) + 2
    size = (int(np.ceil(right - left)) + 4, 2 * half)
    image = Image.new("L", size)
    ImageDraw.Draw(image).text((2 - left, half - middle), char, 255, font=loaded)
    mask = np.asarray(image, np.float32) / 255
    return mask, left - 2.0, float(loaded.getlength(char))


@functools.lru_cache(maxsize=512)
def _loaded(font: str, height: float):  # type: ignore[no-untyped-def]  # Pillow's FreeTypeFont
    from PIL import ImageFont

    probe = ImageFont.truetype(font, 100)
    top, bottom = probe.getbbox("8")[1], probe.getbbox("8")[3]
    loaded = ImageFont.truetype(font, 100 * height / max(1, bottom - top))
    box = loaded.getbbox("8")
    return loaded, box[3] - box[1], (box[1] + box[3]) / 2


def advances(text: str, face: Face, height: float) -> list[float]:
    """The natural advance of each character of ``text``, in the unit of ``height``."""
    scale = height / 24.0
    return [0.5 * height if char == " " else glyph(char, face, 24.0)[2] * scale for char in text]


def paint(mask: Mask, text: str, face: Face, middles: NDArray[np.float32], height: float) -> NDArray[np.float32]:
    """Adds ``text`` to ``mask`` and returns each character's box (N, 4) as left, top, right, bottom in pixels.

    ``middles`` (N, 2) are the (x, y) middles of the characters in pixels. Spaces have empty boxes.
    """
    boxes = np.zeros((len(text), 4), np.float32)
    for i, char in enumerate(text):
        if char == " ":
            continue
        drawn, _, _ = glyph(char, face, height)
        if face.slant:
            drawn = _slanted(drawn, face.slant)
        columns = np.flatnonzero(drawn.max(0) > 0.2)
        _blend(mask, drawn, middles[i, 0] - drawn.shape[1] / 2, middles[i, 1] - drawn.shape[0] / 2)
        width = (columns[-1] - columns[0] + 1) if len(columns) else 1
        boxes[i] = (middles[i, 0] - width / 2, middles[i, 1] - height / 2, middles[i, 0] + width / 2, middles[i, 1] + height / 2)
    return boxes


def _slanted(drawn: Mask, slant: float) -> Mask:
    rows, columns = drawn.shape
    extra = int(np.ceil(abs(slant) * rows / 2)) + 1
    padded = np.pad(drawn, ((0, 0), (extra, extra)))
    matrix = np.array([[1, -slant, slant * rows / 2], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(padded, matrix, (columns + 2 * extra, rows)), np.float32)


def _blend(mask: Mask, drawn: Mask, left: float, top: float) -> None:
    """Writes the maximum of ``drawn`` and what is there, at a place given to a fraction of a pixel."""
    x, y = int(np.floor(left)), int(np.floor(top))
    shift = np.array([[1, 0, left - x], [0, 1, top - y]], np.float32)
    rows, columns = drawn.shape[0] + 1, drawn.shape[1] + 1
    moved = cv2.warpAffine(drawn, shift, (columns, rows))
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(mask.shape[1], x + columns), min(mask.shape[0], y + rows)
    if x1 > x0 and y1 > y0:
        part = mask[y0:y1, x0:x1]
        np.maximum(part, moved[y0 - y : y1 - y, x0 - x : x1 - x], out=part)
