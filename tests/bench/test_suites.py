"""What is made of a folder's pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.bench import suites
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.suites import SUITES, Sample, decode, encode
from bankcard_ocr.vision import quad as quads

QUAD = ((100.0, 200.0), (579.0, 200.0), (579.0, 239.0), (100.0, 239.0))  # a line of 479 x 39


def picture(quad=QUAD, file="a.jpg") -> Sample:
    """A grey picture of 640 x 400 with a white line, its left third red."""
    image = np.full((400, 640, 3), 90, np.uint8)
    image[200:240, 100:580] = 255
    image[200:240, 100:260] = (0, 0, 255)
    return Sample(data=encode(image), label=Label(file=file, number_sha256=None, group="g", number_quad=quad))


def line_of(sample: Sample) -> np.ndarray:
    """The mean colours (BGR) of the line's left and right halves, cut along the label's quad."""
    strip = quads.rectify(decode(sample.data), np.array(sample.label.number_quad, np.float32), 120, 10)
    return np.array([strip[2:8, 4:30].mean(axis=(0, 1)), strip[2:8, 60:116].mean(axis=(0, 1))])


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_label_follows_the_picture(suite) -> None:
    """In every suite the label's quad still holds the number line, read from its first digit."""
    made = suite.derive(picture())
    np.testing.assert_allclose(line_of(made), [(0, 0, 255), (255, 255, 255)], atol=25)


@pytest.mark.parametrize(
    ("quarters", "size", "corner"),
    [(1, (400, 640), (199, 100)), (2, (640, 400), (539, 199)), (3, (400, 640), (200, 539))],
)
def test_turned(quarters, size, corner) -> None:
    """A quarter turn is clockwise, and swaps width and height."""
    made = suites.turned(picture(), quarters)
    height, width = decode(made.data).shape[:2]
    assert (size, pytest.approx(corner, abs=0.01)) == ((width, height), made.label.number_quad[0])


@given(st.text())
def test_tilt_is_between_5_and_25_degrees(name) -> None:
    """Every tilt is of 5 to 25 degrees and always the same for one name."""
    angle = suites.tilt_degrees(name)
    assert (True, angle) == (5 <= abs(angle) <= 25, suites.tilt_degrees(name))


def test_tilts_go_both_ways() -> None:
    """Some pictures are tilted to the left, some to the right."""
    angles = [suites.tilt_degrees(f"{i}.jpg") for i in range(50)]
    assert min(angles) < 0 < max(angles)


def test_tilted_keeps_the_whole_picture() -> None:
    """A tilted picture grows so that no corner is lost."""
    height, width = decode(suites.tilted(picture()).data).shape[:2]
    assert (True, True) == (width > 640, height > 400)


def test_small_line_is_320_long() -> None:
    """The number line of a small picture is 320 pixels long."""
    quad = np.array(suites.small(picture()).label.number_quad, np.float32)
    assert quads.sides(quad)[0] == pytest.approx(320, abs=1)


@pytest.mark.parametrize(("right", "used"), [(420.0, False), (421.0, True)])
def test_small_never_enlarges(right, used) -> None:
    """A line of 320 pixels or fewer is left out, a longer one is made smaller."""
    made = suites.small(picture(quad=((100.0, 200.0), (right, 200.0), (right, 239.0), (100.0, 239.0))))
    assert used == (made is not None)


def test_small_needs_the_place() -> None:
    """Without a labelled place of the number a picture is left out of the small ones."""
    assert suites.small(picture(quad=None)) is None


@pytest.mark.parametrize("suite", SUITES[1:], ids=lambda suite: suite.name)
@pytest.mark.parametrize("data", [b"", b"no picture"], ids=["empty", "text"])
def test_no_picture(suite, data) -> None:
    """Bytes that are no picture are left out of the derived suites."""
    assert suite.derive(Sample(data=data, label=picture().label)) is None


def test_as_they_are() -> None:
    """The pictures as they are are the very bytes."""
    assert picture().data == SUITES[0].derive(picture()).data


def test_derived_pictures_carry_no_metadata() -> None:
    """EXIF is applied and then gone: a picture stored sideways is measured upright."""
    tags = b"MM\x00*\x00\x00\x00\x08" + b"\x00\x01" + b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + bytes(4)
    exif = b"\xff\xe1\x00\x22Exif\x00\x00" + tags
    data = picture().data
    sideways = Sample(data=data[:2] + exif + data[2:], label=picture().label)
    made = suites.turned(sideways, 0)
    assert ((640, 400), False) == (decode(made.data).shape[:2], b"Exif" in made.data)


def test_folder(tmp_path) -> None:
    """A folder's pictures come in the order of the labels, and absent ones are named."""
    (tmp_path / "b.jpg").write_bytes(b"b")
    (tmp_path / "a.jpg").write_bytes(b"a")
    labels = [Label(file=name, number_sha256=None, group=name) for name in ("b.jpg", "a.jpg", "c.jpg")]
    assert (["c.jpg"], [b"b", b"a"]) == (
        suites.missing(tmp_path, labels),
        [sample.data for sample in suites.read(tmp_path, labels[:2])],
    )


def test_opencv_is_bgr() -> None:
    """Colours come in OpenCV's order and survive encoding."""
    blue = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    np.testing.assert_allclose(decode(cv2.imencode(".png", blue)[1].tobytes()), blue)
