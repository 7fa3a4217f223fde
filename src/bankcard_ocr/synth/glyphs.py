"""The shapes of characters as cards carry them: coverage masks of a text set in a face.

Two kinds of faces. *Strokes* are drawn here as rounded polylines (strokes.py): the characters of Farrington 7B after
ISO 7811-1 (height 4.33 mm, width 2.55 mm, stroke 0.51 mm, pitch 3.63 mm), which no package carries, and which every
embossed card uses. *Fonts* are files that the machine happens to have; without any, strokes alone are drawn.
Masks are float32 (H, W) in [0, 1]. Lengths are pixels.
"""

from __future__ import annotations

import functools
import pathlib
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from . import strokes
from .pixels import Mask, Rng, floats, pick

ASPECT = 2.55 / 4.33  # width over height of an embossed digit, ISO 7811-1
_SUPER = 3  # strokes are drawn this much larger and averaged down
_STEPS = np.linspace(0, 1, 6, dtype=np.float32)[None, :, None]
_ARC = ((1 - _STEPS) ** 2, 2 * _STEPS * (1 - _STEPS), _STEPS**2)  # the weights of a quadratic Bezier curve

# Faces that print flat numbers, and faces with Chinese characters: file names begin so.
_PRINT = (
    "LiberationSerif-Bold", "LiberationSans-Bold", "LiberationSans-Regular", "LiberationSerif-Regular",
    "LiberationMono-Bold", "LiberationSansNarrow-Bold", "Arimo-Bold", "Tinos-Bold", "Cousine-Bold", "Arimo-Regular",
    "Lato-Regular", "Lato-Bold", "Lato-Heavy", "Inter-Regular", "Inter-Bold", "OpenSans-Regular", "OpenSans-Bold",
    "OpenSans-Semibold", "Jura-Medium", "Jura-Bold", "Jura-DemiBold", "B612-Bold", "B612Mono-Bold", "B612Mono-Regular",
    "OCRA", "ocrb10", "OCRB", "opendin", "Play-Regular", "Play-Bold", "DejaVuSans-Bold", "DejaVuSansMono",
    "NotoSansCJK-Bold", "Cabin-Medium", "Cabin-Bold", "Dosis-Medium", "Dosis-Bold", "YanoneKaffeesatz-Regular",
    "YanoneKaffeesatz-Bold", "JetBrainsMono-Medium", "JetBrainsMono-Bold", "Quattrocento-Regular",
)  # fmt: skip
# Faces that no training draws, to measure with: bench/holders.py.
HELD_OUT = (
    "Roboto-Regular", "Roboto-Bold", "Roboto-Medium", "RobotoCondensed-Bold", "RobotoCondensed-Regular", "Hack-Bold",
    "Hack-Regular", "Karla-Regular", "Karla-Bold", "Cantarell-Regular", "Cantarell-Bold", "FiraCode-Bold",
)  # fmt: skip
_HAN = ("NotoSansCJK-Bold", "NotoSansCJK-Regular", "NotoSerifCJK-Bold", "NotoSerifCJK-Regular")
_USELESS = ("OCRBE", "OCRBF", "OCRBX")  # boxed and outlined faces
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """How characters look. ``font`` is a file, or empty for strokes.

    ``aspect``, ``stroke``, ``corner`` (fractions of the height), ``shape`` (which variant of each digit) are for
    strokes; ``stretch`` widens a font's characters; ``slant`` is the tangent of the slope, for both.
    """

    font: str = ""
    aspect: float = ASPECT
    stroke: float = 0.118
    corner: float = 0.2
    shape: int = 0
    slant: float = 0.0
    stretch: float = 1.0


@functools.cache
def fonts(kind: Literal["print", "han", "held out"] = "print") -> tuple[str, ...]:
    """The files of this machine's usable fonts, sorted: for Latin digits and capitals, or for Chinese.

    Those held out are for Latin, too, and are drawn by no training.
    """
    wanted = {"print": _PRINT, "han": _HAN, "held out": HELD_OUT}[kind]
    found = [path for folder in _FOLDERS for path in pathlib.Path(folder).rglob("*.[to]t[fc]")]
    return tuple(
        sorted(
            str(path)
            for path in found
            if path.stem.startswith(wanted)
            and path.stem not in _USELESS
            and not path.stem.endswith(("Italic", "Oblique"))
        )
    )


def any_font(rng: Rng) -> str:
    """One of the machine's fonts, empty (and nothing drawn from ``rng``) without any."""
    files = fonts()
    return pick(rng, files) if files else ""


def advances(text: str, face: Face, height: float) -> list[float]:
    """The natural advance of each character of ``text``, in the unit of ``height``."""
    scale = height / 24.0
    return [0.5 * height if char == " " else glyph(char, face, 24.0)[1] * scale for char in text]


def paint(mask: Mask, text: str, face: Face, middles: NDArray[np.float32], height: float) -> NDArray[np.float32]:
    """Adds ``text`` to ``mask`` and returns each character's box (N, 4) as left, top, right, bottom in pixels.

    ``middles`` (N, 2) are the (x, y) middles of the characters in pixels. Spaces have empty boxes.
    """
    boxes = np.zeros((len(text), 4), np.float32)
    for i, char in enumerate(text):
        if char == " ":
            continue
        drawn, _ = glyph(char, face, height)
        if face.slant:
            drawn = _slanted(drawn, face.slant)
        columns = np.flatnonzero(drawn.max(0) > 0.2)
        x, y = middles[i]
        _blend(mask, drawn, x - drawn.shape[1] / 2, y - drawn.shape[0] / 2)
        width = (columns[-1] - columns[0] + 1) if len(columns) else 1
        boxes[i] = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return boxes


def glyph(char: str, face: Face, height: float) -> tuple[Mask, float]:
    """One character's mask at ``height`` pixels (of a digit), and its advance in pixels.

    The mask's vertical middle is the digit's vertical middle.
    """
    if face.font and char != " ":
        drawn, advance = _font_glyph(char, face.font, round(height * 4) / 4)
        return _stretched(drawn, face.stretch), advance * face.stretch
    return _stroke_glyph(char, face, height)


def _stretched(drawn: Mask, stretch: float) -> Mask:
    if stretch == 1.0:
        return drawn
    size = (max(2, round(drawn.shape[1] * stretch)), drawn.shape[0])
    return floats(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA if stretch < 1 else cv2.INTER_LINEAR))


def _stroke_glyph(char: str, face: Face, height: float) -> tuple[Mask, float]:
    shapes = strokes.SHAPES.get(char.upper()) or strokes.SHAPES["*"]  # embossers have capitals alone
    stroke = max(1.0, face.stroke * height)
    width = face.aspect * height
    pad = stroke / 2 + 2
    size = (int(np.ceil(width + 2 * pad)), int(np.ceil(height + 2 * pad)))
    large = np.zeros((size[1] * _SUPER, size[0] * _SUPER), np.uint8)
    inner = np.array([width - stroke, height - stroke], np.float32)
    origin = np.array([(size[0] - inner[0]) / 2, (size[1] - inner[1]) / 2], np.float32)
    thick = max(1, round(stroke * _SUPER))
    for line in shapes[face.shape % len(shapes)]:
        points = _rounded(np.array(line, np.float32) * inner, face.corner * height) + origin
        sixteenths = np.round(points * _SUPER * 16).astype(np.int32)
        cv2.polylines(large, [sixteenths], False, 255, thick, cv2.LINE_AA, 4)
    return floats(cv2.resize(large, size, interpolation=cv2.INTER_AREA)) / np.float32(255), width


def _rounded(points: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """A polyline with its corners cut into arcs of at most ``radius`` (quadratic curves)."""
    if len(points) < 3:
        return points
    corner = points[1:-1]
    to_before, to_after = points[:-2] - corner, points[2:] - corner
    start = corner + to_before * np.minimum(0.5, radius / (np.hypot(*to_before.T) + 1e-6))[:, None]
    end = corner + to_after * np.minimum(0.5, radius / (np.hypot(*to_after.T) + 1e-6))[:, None]
    arcs = _ARC[0] * start[:, None] + _ARC[1] * corner[:, None] + _ARC[2] * end[:, None]
    return floats(np.concatenate([points[:1], arcs.reshape(-1, 2), points[-1:]]))


@functools.lru_cache(maxsize=4096)
def _font_glyph(char: str, font: str, height: float) -> tuple[Mask, float]:
    loaded, digit_height, middle = _loaded(font, height)
    left, top, right, bottom = loaded.getbbox(char)
    half = int(np.ceil(max(abs(top - middle), abs(bottom - middle), digit_height / 2))) + 2
    size = (int(np.ceil(right - left)) + 4, 2 * half)
    image = Image.new("L", size)
    ImageDraw.Draw(image).text((2 - left, half - middle), char, 255, font=loaded)
    return floats(np.asarray(image)) / np.float32(255), float(loaded.getlength(char))


@functools.lru_cache(maxsize=512)
def _loaded(font: str, height: float) -> tuple[ImageFont.FreeTypeFont, float, float]:
    """The font at the size that makes an 8 ``height`` pixels high, the height it got, and the 8's vertical middle."""
    probe = ImageFont.truetype(font, 100)
    top, bottom = probe.getbbox("8")[1], probe.getbbox("8")[3]
    loaded = ImageFont.truetype(font, 100 * height / max(1, bottom - top))
    box = loaded.getbbox("8")
    return loaded, box[3] - box[1], (box[1] + box[3]) / 2


def _slanted(drawn: Mask, slant: float) -> Mask:
    rows, columns = drawn.shape
    extra = int(np.ceil(abs(slant) * rows / 2)) + 1
    padded = np.pad(drawn, ((0, 0), (extra, extra)))
    matrix = np.array([[1, -slant, slant * rows / 2], [0, 1, 0]], np.float32)
    return floats(cv2.warpAffine(padded, matrix, (columns + 2 * extra, rows)))


def _blend(mask: Mask, drawn: Mask, left: float, top: float) -> None:
    """Writes the maximum of ``drawn`` and what is there, at a place given to a fraction of a pixel."""
    x, y = int(np.floor(left)), int(np.floor(top))
    shift = np.array([[1, 0, left - x], [0, 1, top - y]], np.float32)
    rows, columns = drawn.shape[0] + 1, drawn.shape[1] + 1
    fine = cv2.warpAffine(drawn, shift, (columns, rows))
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(mask.shape[1], x + columns), min(mask.shape[0], y + rows)
    if x1 > x0 and y1 > y0:
        part = mask[y0:y1, x0:x1]
        np.maximum(part, fine[y0 - y : y1 - y, x0 - x : x1 - x], out=part)
