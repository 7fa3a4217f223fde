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
=============== ===================================================================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..reading import Quad
from ..vision import quad as quads
from .labels import Label

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]

LINE_LENGTH = 320
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
    """The labelled pictures of ``folder``, read one at a time. Raises OSError."""
    for label in labels:
        yield Sample(data=(folder / label.file).read_bytes(), label=label)


def missing(folder: Path, labels: Iterable[Label]) -> list[str]:
    """The names of the labelled pictures that are not in ``folder``."""
    return [label.file for label in labels if not (folder / label.file).is_file()]


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
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).mean(axis=0)
    drawn = cv2.warpAffine(image, matrix[:2], (right, bottom), flags=cv2.INTER_LINEAR, borderValue=border.tolist())
    return _made(sample, np.asarray(drawn, np.uint8), matrix)


def tilt_degrees(name: str) -> float:
    """The angle by which the picture of this name is tilted: counter-clockwise, in degrees."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    rng = np.random.Generator(np.random.PCG64(seed))
    return float(rng.uniform(*TILT_DEGREES) * rng.choice((-1, 1)))


def small(sample: Sample) -> Sample | None:
    """``sample`` with a number line of 320 pixels; None without ``number_quad``, or where it is no longer than that."""
    image = decode(sample.data)
    if image is None or sample.label.number_quad is None:
        return None
    length, _ = quads.sides(np.array(sample.label.number_quad, np.float32))
    if length <= LINE_LENGTH:
        return None
    height, width = image.shape[:2]
    scale = LINE_LENGTH / length
    size = max(1, round(width * scale)), max(1, round(height * scale))
    matrix = quads.homography(quads.rectangle(width, height), quads.rectangle(*size))
    return _made(sample, np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), matrix)


SUITES: Sequence[Suite] = (
    Suite(name="pictures", summary="as they are", derive=lambda sample: sample),
    Suite(name="turned90", summary="turned by 90 degrees", derive=lambda sample: turned(sample, 1)),
    Suite(name="turned180", summary="turned by 180 degrees", derive=lambda sample: turned(sample, 2)),
    Suite(name="turned270", summary="turned by 270 degrees", derive=lambda sample: turned(sample, 3)),
    Suite(name="tilted", summary="turned by 5 to 25 degrees", derive=tilted),
    Suite(name="small", summary="number line made 320 pixels long", derive=small),
)


def decode(data: bytes) -> Image | None:
    """The picture as uint8 (H, W, 3) in the order of OpenCV, BGR, upright after its EXIF; None when it is none."""
    if not data:
        return None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def encode(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """``image`` (BGR) as a JPEG, without metadata."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def _made(sample: Sample, image: Image, matrix: Matrix) -> Sample:
    """``sample`` with the picture ``image``, whose pixels ``matrix`` moved."""
    label = sample.label
    if label.number_quad is not None:
        label = replace(label, number_quad=_moved(label.number_quad, matrix))
    return Sample(data=encode(image), label=label)


def _moved(quad: Quad, matrix: Matrix) -> Quad:
    points = quads.project(np.array(quad, np.float32), matrix)
    top_left, top_right, bottom_right, bottom_left = ((float(x), float(y)) for x, y in points)
    return top_left, top_right, bottom_right, bottom_left
