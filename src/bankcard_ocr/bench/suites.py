"""The pictures that are measured: those of a folder, and what can be made of them.

A derived suite is the same pictures turned, tilted or made smaller, so its loss against the pictures as they are says
what that alone costs. Nothing is random: sample i of a folder is the same on every machine.

=============== ===================================================================================================
suite           pictures
=============== ===================================================================================================
``pictures``    as they are
``turned90``    a quarter turn clockwise; ``turned180`` and ``turned270`` likewise
``tilted``      turned by 5 to 25 degrees to either side, the angle drawn from the file's name
``small``       made smaller until the number line is 320 pixels long, where ``number_quad`` says where it is and it
                is longer than that
``covered``     a patch over two to three digits, one of them covered whole; needs ``number_quad``. No number may be
                returned, not even one that the check digit gives away
``hidden``      the whole number line painted over; needs ``number_quad``. No number may be returned
``cut``         cut off through the number, so that one to four digits at one end are gone, which end and how many drawn
                from the file's name; needs ``number_quad``. No number may be returned
``1280x960``    fitted into a 1280 x 960 JPEG (960 x 1280 when upright), for latency
``4032x3024``   likewise a 12-megapixel JPEG with a sensor's noise, under 2 MiB as the contract allows
=============== ===================================================================================================
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..reading import Quad
from ..vision import image as images
from ..vision import quad as quads
from ..vision.image import MAX_BYTES
from .labels import Label

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

LINE_LENGTH = 320
SMALLEST_LINE = (40.0, 5.0)  # pixels; less has three to a digit at most
COVER_CELLS = 2.7  # wide enough to hold a whole digit even where it begins in the gap between two groups
COVERS = ((0, 0, 0), (255, 255, 255), (132, 160, 205), (128, 128, 128))  # tape, glare, a finger, a sticker (BGR)
MOST_GONE, GAPS = 4, 4  # digits cut off; gaps between the groups of a number, each as wide as a digit at most
TILT_DEGREES = (5.0, 25.0)
JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sample:
    """The bytes of one picture and what stands on it."""

    data: bytes
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A set of pictures: how each is made from the picture as it is. ``derive`` gives None for those it cannot use."""

    name: str
    summary: str
    derive: Callable[[Sample], Sample | None]


def read(folder: Path, labels: Iterable[Label]) -> Iterator[Sample]:
    """The labelled pictures of ``folder``, read one at a time; those that cannot be read are left out."""
    for label in labels:
        with suppress(OSError):
            yield Sample(data=(folder / label.file).read_bytes(), label=label)


def missing(folder: Path, labels: Iterable[Label]) -> list[str]:
    """The names of the labelled pictures that are not in ``folder``, or may not be read."""
    paths = {label.file: folder / label.file for label in labels}
    return [name for name, path in paths.items() if not (path.is_file() and os.access(path, os.R_OK))]


def undecodable(samples: Iterable[Sample], max_bytes: int = MAX_BYTES) -> dict[str, str]:
    """Why those of ``samples`` that the reader cannot decode are no pictures, in a few words, by their files' names."""
    causes = {}
    for sample in samples:
        try:
            images.decode(sample.data, enough=1, max_bytes=max_bytes)
        except PictureError as error:
            causes[sample.label.file] = error.cause
    return causes


def turned(sample: Sample, quarters: int) -> Sample | None:
    """``sample`` turned by ``quarters`` quarter turns clockwise; None when it is no picture."""
    image = decode(sample.data)
    if image is None:
        return None
    height, width = image.shape[:2]
    corners = quads.turn(quads.rectangle(width, height), -quarters)
    target = quads.rectangle(*((height, width) if quarters % 2 else (width, height)))
    return _made(sample, np.ascontiguousarray(np.rot90(image, -quarters)), quads.homography(corners, target))


def tilted(sample: Sample) -> Sample | None:
    """``sample`` turned by 5 to 25 degrees, whole, on its mean border colour; None when it is no picture."""
    image = decode(sample.data)
    if image is None:
        return None
    height, width = image.shape[:2]
    angle = tilt_degrees(sample.label.file)
    matrix = np.vstack([cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0), [0, 0, 1]])
    corners = quads.project(quads.rectangle(width, height), matrix)
    low, high = corners.min(axis=0), corners.max(axis=0)
    matrix = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ matrix
    right, bottom = (round(float(side)) + 1 for side in high - low)
    border = _border(image).tolist()
    drawn = cv2.warpAffine(image, matrix[:2], (right, bottom), flags=cv2.INTER_LINEAR, borderValue=border)
    return _made(sample, np.asarray(drawn, np.uint8), matrix)


def tilt_degrees(name: str) -> float:
    """The angle by which the picture of this name is tilted: counter-clockwise, in degrees."""
    rng = _rng(name)
    return float(rng.uniform(*TILT_DEGREES) * rng.choice((-1, 1)))


def small(sample: Sample) -> Sample | None:
    """``sample`` with a number line of 320 pixels; None without ``number_quad``, or where it is no longer than that."""
    image = decode(sample.data)
    line = None if image is None else line_of(sample.label, image)
    if image is None or line is None:
        return None
    length, _ = quads.sides(line)
    if length <= LINE_LENGTH:
        return None
    made = scaled(image, LINE_LENGTH / length)
    before, after = (quads.rectangle(each.shape[1], each.shape[0]) for each in (image, made))
    return _made(sample, made, quads.homography(before, after))


def covered(sample: Sample) -> Sample | None:
    """``sample`` with a patch over two to three digits and no number to be returned; None without ``number_quad``."""
    rng = _rng(sample.label.file)
    width = min(1.0, COVER_CELLS / (sample.label.length or 16))
    start = float(rng.uniform(0, 1 - width))
    return _painted(sample, (start, start + width), COVERS[int(rng.integers(len(COVERS)))])


def hidden(sample: Sample) -> Sample | None:
    """``sample`` without its number line and no number to be returned; None without ``number_quad``."""
    return _painted(sample, (-0.1, 1.1), COVERS[int(_rng(sample.label.file).integers(len(COVERS)))])


def cut(sample: Sample) -> Sample | None:
    """``sample`` cut off through its number and no number to be returned; None without ``number_quad``.

    One to four digits at either end are gone, and any fraction of the next one. What is gone is drawn so narrow that it
    is no more however the number is grouped.
    """
    image = decode(sample.data)
    line = None if image is None else line_of(sample.label, image)
    if image is None or line is None:
        return None
    rng, digits = _rng(sample.label.file), sample.label.length or 16
    gone = float(rng.uniform(1 / digits, (MOST_GONE + 1) / (digits + GAPS)))
    at_end = bool(rng.integers(2))
    left = quads.part(line, 0, 0, 1 - gone, 1) if at_end else quads.part(line, gone, 0, 1, 1)
    edge, other = quads.ends(left)[::-1] if at_end else quads.ends(left)
    axis = int(np.argmax(np.abs(edge - other)))  # a line runs along the picture or down it
    at = round(float(edge[axis]))
    low, high = [0, 0], [image.shape[1], image.shape[0]]
    if not 0 < at < high[axis]:
        return None
    (high if edge[axis] > other[axis] else low)[axis] = at
    rest = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]])
    label = replace(sample.label, number_sha256=None, number_quad=_moved(left, np.eye(3)))
    shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]])
    return _made(replace(sample, label=label), rest, shift)


def fitted(sample: Sample, long: int, short: int, *, noise: float = 0.0) -> Sample | None:
    """``sample`` fitted into ``long`` x ``short`` pixels, on its mean border colour; None when it is no picture.

    ``noise`` is the deviation of added sensor noise, which makes an enlarged picture as hard to decode as a real one.
    """
    image = decode(sample.data)
    if image is None:
        return None
    height, width = image.shape[:2]
    right, bottom = (long, short) if width >= height else (short, long)
    scale = min(right / width, bottom / height)
    matrix = np.array([[scale, 0, (right - scale * width) / 2], [0, scale, (bottom - scale * height) / 2], [0, 0, 1.0]])
    matrix[:2, 2] += (scale - 1) / 2  # pixel centres are at whole numbers
    whole = scaled(image, scale, cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    high, wide = whole.shape[:2]
    left, top = (right - wide) // 2, (bottom - high) // 2
    drawn = np.empty((bottom, right, 3), np.uint8)
    drawn[:] = np.rint(_border(image)).astype(np.uint8)
    drawn[top : top + high, left : left + wide] = whole
    if noise:
        grain = _rng(sample.label.file).standard_normal((bottom, right, 1), np.float32) * np.float32(noise)
        drawn = np.clip(drawn + grain, 0, 255).astype(np.uint8)
    return _made(sample, drawn, matrix)


SUITES: Sequence[Suite] = (
    Suite(name="pictures", summary="as they are", derive=lambda sample: sample),
    Suite(name="turned90", summary="turned by 90 degrees", derive=lambda sample: turned(sample, 1)),
    Suite(name="turned180", summary="turned by 180 degrees", derive=lambda sample: turned(sample, 2)),
    Suite(name="turned270", summary="turned by 270 degrees", derive=lambda sample: turned(sample, 3)),
    Suite(name="tilted", summary="turned by 5 to 25 degrees", derive=tilted),
    Suite(name="small", summary="number line made 320 pixels long", derive=small),
    Suite(name="covered", summary="two to three digits covered", derive=covered),
    Suite(name="hidden", summary="number line painted over", derive=hidden),
    Suite(name="cut", summary="one to four digits cut off by the picture's edge", derive=cut),
    Suite(name="1280x960", summary="fitted into 1280 x 960", derive=lambda sample: fitted(sample, 1280, 960)),
    Suite(
        name="4032x3024",
        summary="fitted into 12 megapixels",
        derive=lambda sample: fitted(sample, 4032, 3024, noise=3.0),
    ),
)


def decode(data: bytes) -> Image | None:
    """The picture as uint8 (H, W, 3) in the order of OpenCV, BGR, upright after its EXIF; None when it is none."""
    if not data:
        return None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def encode(image: Image, quality: int = JPEG_QUALITY, max_bytes: int = MAX_BYTES) -> bytes:
    """``image`` (BGR) as a JPEG without metadata, of at most this quality and size."""
    while True:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= max_bytes or quality <= 10:
            return data.tobytes()
        quality -= 5


def scaled(image: Image, scale: float, interpolation: int = cv2.INTER_AREA) -> Image:
    """``image`` with each side times ``scale``, a pixel at least."""
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def line_of(label: Label, image: Image) -> quads.Quad | None:
    """Where the number stands on ``image``, as ``label`` says; None where it does not, or no number can stand there.

    That is beside the picture, by more than the line is high, or smaller than any number that can be read.
    """
    if label.number_quad is None:
        return None
    line = np.array(label.number_quad, np.float32)
    length, height = quads.sides(line)
    low, high = line.min(axis=0) + height, line.max(axis=0) - height
    on_it = bool(np.all(low >= 0) and high[0] < image.shape[1] and high[1] < image.shape[0])
    large = length >= SMALLEST_LINE[0] and height >= SMALLEST_LINE[1]
    return line if on_it and large and quads.is_convex(line) else None


def _rng(name: str) -> np.random.Generator:
    """The random numbers of the picture of this name, the same everywhere."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")))


def _border(image: Image) -> NDArray[np.float64]:
    """The mean colour of the outermost pixels."""
    return np.asarray(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).mean(axis=0), np.float64)


def _painted(sample: Sample, span: tuple[float, float], colour: tuple[int, int, int]) -> Sample | None:
    """``sample`` with its number line painted over from ``span[0]`` to ``span[1]`` of its length: now a negative."""
    image = decode(sample.data)
    line = None if image is None else line_of(sample.label, image)
    if image is None or line is None:
        return None
    start, end = span
    corners = quads.part(line, start, -0.3, end, 1.3)
    cv2.fillConvexPoly(image, np.rint(corners).astype(np.int32), colour, lineType=cv2.LINE_AA)
    made = _made(sample, image, np.eye(3))
    return Sample(data=made.data, label=replace(made.label, number_sha256=None))


def _made(sample: Sample, image: Image, matrix: Matrix) -> Sample:
    """``sample`` with the picture ``image``, whose pixels ``matrix`` moved."""
    label = sample.label
    if label.number_quad is not None:
        label = replace(label, number_quad=_moved(label.number_quad, matrix))
    return Sample(data=encode(image), label=label)


def _moved(quad: Quad | quads.Quad, matrix: Matrix) -> Quad:
    points = quads.project(np.array(quad, np.float32), matrix)
    top_left, top_right, bottom_right, bottom_left = ((float(x), float(y)) for x, y in points)
    return top_left, top_right, bottom_right, bottom_left
