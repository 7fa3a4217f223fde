"""Pictures to give back, as JPEG without any metadata: the card, its number line, and the card redacted.

Security codes are blanked: on fronts where an issuer is known to print one, and of what is seen to be a back all but
the number line.

The redacted picture shows that a card was there without showing what is secret on it: of the number the first six and
last four digits remain (PCI DSS 3.4.1), and of everything else that may be text only the dates. In doubt more is
blanked: the whole line when its digits' places are not certain, and all of a card's back (magnetic stripe, signature
panel), where the security code is. Blanked pixels have one grey and are blanked before the picture is compressed. What
is neither blanked nor known to be harmless is coarsened to ``COARSE`` millimetres: its colours stay, and print that
passed for a part of the design, faint ink over busy art for instance, is not to be read.

Pictures are uint8 RGB, quads float32 (4, 2) in their pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ..numbers import iin, pan
from ..vision import back
from ..vision import quad as quads
from ..vision.quad import Image, Quad

LONGEST = 1284  # pixels of the card's longer side, 15 a millimetre
GREY = 128
# Of a number's line: left, top, right, bottom of where these networks have a security code on fronts.
CODES = {"amex": (0.65, -3.2, 1.35, -0.1), "shetab": (-0.2, 1.0, 1.2, 7.0)}
QUALITY = 88
SQUARE = 1.5  # millimetres, in which text is blanked
COARSE = 3.0  # millimetres: digits are 1.3 to 4.5 high
LEVELS = 16  # of 256 that count as one in what is coarse, so that faint print leaves nothing to compute with
CELL = 6  # millimetres, of what edges are compared with
LONG_MM, SHORT_MM = quads.ID1_MM
_NEAR = 0.42  # of the way to a blanked neighbour, to which a digit that remains is shown

Mask = NDArray[np.bool_]


def card(image: Image, outline: Quad, line: Quad | None = None, number: str = "") -> bytes:
    """The card under ``outline``, which reads from its first corner, cut out and rectified, without a security code.

    ``line`` is where its ``number`` stands, None where it was not found; one that was not read may be any issuer's.
    """
    whole, matrix = rectified(image, outline)
    blank = np.zeros(whole.shape[:2], bool)
    if back.is_back(whole):
        blank = ~blank
        if line is not None and number:
            blank &= ~_filled(whole, quads.project(quads.grow(line, 0.02, 0.1), matrix))
    elif line is not None:
        for code in codes_on_front(number, line):
            blank |= _filled(whole, quads.project(code, matrix))
    return _jpeg(np.where(blank[:, :, None], np.uint8(GREY), whole))


def number(image: Image, line: Quad) -> bytes:
    """The number line under ``line``, cut out and rectified."""
    long, high = quads.sides(line)
    scale = min(1.0, LONGEST / max(long, high, 1.0))
    return _jpeg(quads.rectify(image, line, max(8, round(long * scale)), max(8, round(high * scale))))


def redacted(
    image: Image,
    outline: Quad,
    line: Quad | None,
    digits: Sequence[Quad],
    secret: Iterable[Quad],
    dates: Iterable[Quad],
) -> bytes:
    """The card under ``outline`` with nothing secret on it.

    ``line`` is where the number stands, None where it was not found; ``digits`` are the quads of all the number's
    digits in order, none when they are not certain; ``secret`` other places to blank (holder, other lines that may be
    numbers); ``dates`` places that may remain.
    """
    whole, matrix = rectified(image, outline)
    lines = [line] if line is not None else []
    is_back = back.is_back(whole)
    blank = np.ones(whole.shape[:2], bool) if is_back else texts(whole)
    for quad in (*(quads.grow(quad, 0.04, 0.4) for quad in lines), *(quads.grow(quad, 0.1, 0.5) for quad in secret)):
        blank |= _filled(whole, quads.project(quad, matrix))
    shown = np.zeros_like(blank)
    for quad in () if is_back else dates:
        shown |= _filled(whole, quads.project(quad, matrix))
    for quad in lines:  # whatever was taken for a date there
        shown &= ~_filled(whole, quads.project(quads.grow(quad, 0.04, 0.1), matrix))
    for quad in _remaining(digits):
        shown |= _filled(whole, quads.project(quad, matrix))
    told = np.where(blank[:, :, None], np.uint8(GREY), whole)  # nothing blank shines through what is coarse
    told = np.where(blank[:, :, None], np.uint8(GREY), _coarse(told))
    return _jpeg(np.where(shown[:, :, None], whole, told))


def codes_on_front(number: str, line: Quad) -> list[Quad]:
    """Where a card whose ``number`` stands under ``line`` may have a security code on its front.

    American Express prints four digits above the number's end, Iran's banks a CVV2 below the number. The first six
    digits of ``number`` suffice; without them it may be either.
    """
    begins = number[: len(number) - len(number.lstrip("0123456789"))][:8]
    network = iin.lookup(begins).network if begins else None
    return [quads.part(line, *place) for name, place in CODES.items() if not begins or name == network]


def rectified(image: Image, outline: Quad) -> tuple[Image, NDArray[np.float64]]:
    """The card cut out, its sides in a card's ratio, and the homography that took it there."""
    long, high = quads.sides(outline)
    size = np.array((LONG_MM, SHORT_MM) if long >= high else (SHORT_MM, LONG_MM))
    width, height = (size / LONG_MM * min(LONGEST, max(320.0, long, high))).round().astype(int).tolist()
    matrix = quads.homography(outline, quads.rectangle(width, height))
    return quads.rectify(image, outline, width, height), matrix


def texts(whole: Image) -> Mask:
    """What may be text on the front of a rectified card, whatever it says.

    In squares of ``SQUARE`` millimetres, so that no outline says what stood there.
    """
    mm = max(whole.shape[:2]) / LONG_MM
    gray = cv2.GaussianBlur(cv2.cvtColor(whole, cv2.COLOR_RGB2GRAY), (0, 0), max(0.3, 0.06 * mm))
    around = max(3.0, 0.35 * mm)  # of one pixel a gradient is 0
    edges = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, _kernel(around, around))
    strokes = (edges > np.maximum(14, 2 * _usual(edges, CELL * mm))).astype(np.uint8)
    text = np.zeros(whole.shape[:2], np.uint8)
    for turned in (False, True):  # print runs along either side
        long, high = (0.6, 2.2) if turned else (2.2, 0.6)
        joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, _kernel(long * mm, high * mm))
        long, high = (0.7, 0.8) if turned else (0.8, 0.7)
        joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, _kernel(long * mm, high * mm))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(joined, np.uint8))
        along, across = stats[:, [3, 2] if turned else [2, 3]].T
        is_text = (along > 2 * mm) & (across > 0.7 * mm)
        is_text[0] = False  # what is around them all
        text |= is_text[labels].astype(np.uint8)
    wider = cv2.dilate(text, _kernel(1.2 * mm, 1.2 * mm))
    squares = (np.asarray(_small(255 * wider, SQUARE)) > 0).astype(np.uint8)
    squares = np.asarray(cv2.morphologyEx(squares, cv2.MORPH_CLOSE, _kernel(3, 3)), np.uint8)  # a jagged rim tells
    return np.asarray(cv2.resize(squares, whole.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0)


def _usual(edges: cv2.typing.MatLike, cell: float) -> NDArray[np.float32]:
    """How strong edges usually are about each pixel, in cells of so many pixels; no more than on the whole card."""
    height, width = edges.shape
    size = round(cell)
    padded = np.pad(edges, ((0, -height % size), (0, -width % size)), mode="reflect")
    cells = padded.reshape(padded.shape[0] // size, size, -1, size)
    usual = np.minimum(np.median(cells, axis=(1, 3)), np.median(edges)).astype(np.float32)
    return np.asarray(cv2.resize(usual, (width, height)), np.float32)


def _coarse(whole: Image) -> Image:
    """A rectified card without anything smaller than ``COARSE`` millimetres or fainter than ``LEVELS``."""
    small = _small(whole, COARSE) // LEVELS * LEVELS + LEVELS // 2
    return np.asarray(cv2.resize(np.asarray(small, np.uint8), whole.shape[1::-1]), np.uint8)


def _small(whole: cv2.typing.MatLike, cell: float) -> cv2.typing.MatLike:
    """A rectified card, a pixel for each ``cell`` millimetres."""
    height, width = whole.shape[:2]
    step = cell * max(height, width) / LONG_MM
    return cv2.resize(whole, (round(width / step), round(height / step)), interpolation=cv2.INTER_AREA)


def _remaining(digits: Sequence[Quad]) -> list[Quad]:
    """The quads of those ``digits`` that may be shown, cut back from their blanked neighbours."""
    first, last = pan.visible_digits(len(digits))
    if not first:
        return []
    shown = [quads.grow(digit, 0.06, 0.1) for digit in digits]
    shown[first - 1] = _cut_back(digits[first - 1], digits[first], right=True)
    shown[-last] = _cut_back(digits[-last], digits[-last - 1], right=False)
    return [*shown[:first], *shown[-last:]]


def _cut_back(digit: Quad, neighbour: Quad, *, right: bool) -> Quad:
    """``digit`` shown no further than most of the way to its blanked ``neighbour``."""
    half = _NEAR * float(np.linalg.norm(neighbour.mean(0) - digit.mean(0))) / max(1.0, quads.sides(digit)[0])
    inner, outer = min(0.56, half), 0.56
    left, end = (0.5 - outer, 0.5 + inner) if right else (0.5 - inner, 0.5 + outer)
    return quads.part(digit, left, -0.1, end, 1.1)


def _filled(whole: Image, quad: Quad) -> Mask:
    mask = np.zeros(whole.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.rint(np.clip(quad, -20000, 20000)).astype(np.int32), 1)
    return mask.astype(bool)


def _kernel(width: float, height: float) -> NDArray[np.uint8]:
    return np.ones((max(1, round(height)), max(1, round(width))), np.uint8)


def _jpeg(pixels: Image) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=QUALITY, colorspace="RGB"))
