"""What is made of a folder's pictures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.bench import suites
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.suites import SUITES, Sample, decode, encode
from bankcard_ocr.numbers.pan import digest
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


def test_undecodable() -> None:
    """Told by name with the reader's cause: a cut-off picture is none, though other decoders fill it up with grey."""
    whole = picture()
    cut = replace(whole, data=whole.data[: len(whole.data) // 2], label=replace(whole.label, file="cut.jpg"))
    assert {"cut.jpg": "truncated JPEG"} == suites.undecodable([whole, cut])


HARMED = {"covered", "hidden", "cut"}


@pytest.mark.parametrize("suite", [one for one in SUITES if one.name not in HARMED], ids=lambda suite: suite.name)
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


def test_pictures_that_may_not_be_read_are_absent(tmp_path, monkeypatch) -> None:
    """A picture that its owner keeps from us is named before anything is measured, and left out when it is read."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "b.jpg").mkdir()
    labels = [Label(file=name, number_sha256=None, group=name) for name in ("a.jpg", "b.jpg")]
    monkeypatch.setattr(suites.os, "access", lambda path, mode: False)
    assert (["a.jpg", "b.jpg"], [b"a"]) == (
        suites.missing(tmp_path, labels),
        [sample.data for sample in suites.read(tmp_path, labels)],
    )


def test_opencv_is_bgr() -> None:
    """Colours come in OpenCV's order and survive encoding."""
    blue = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    np.testing.assert_allclose(decode(cv2.imencode(".png", blue)[1].tobytes()), blue)


def digits(groups, pitch=20) -> tuple[Sample, list[int]]:
    """A white line of green digit cells in ``groups`` on grey, and the left edges of the cells."""
    places = [start + i for start, size in groups for i in range(size)]
    image = np.full((200, 100 + pitch * (places[-1] + 1), 3), 60, np.uint8)
    lefts = [50 + pitch * place + 3 for place in places]
    for left in lefts:
        image[80:110, left : left + 14] = (0, 200, 0)
    right = 50.0 + pitch * (places[-1] + 1)
    quad = ((50.0, 80.0), (right, 80.0), (right, 110.0), (50.0, 110.0))
    label = Label(file="", number_sha256=digest("4111111111111111"), group="g", length=len(places), number_quad=quad)
    return Sample(data=encode(image), label=label), lefts


@given(
    st.text(max_size=8),
    st.sampled_from([[(0, 4), (5, 4), (10, 4), (15, 4)], [(0, 6), (7, 13)], [(0, 19)], [(0, 4), (5, 6), (12, 5)]]),
)
def test_a_digit_is_covered(name, groups) -> None:
    """Whatever the grouping and the name, at least one digit is covered whole, and not more than four are touched."""
    sample, lefts = digits(groups)
    made = suites.covered(Sample(data=sample.data, label=replace(sample.label, file=name)))
    image = decode(made.data).astype(int)
    green = [np.abs(image[88:102, left : left + 14] - (0, 200, 0)).max(axis=2) < 60 for left in lefts]
    whole = sum(not cell.any() for cell in green)
    touched = sum(not cell.all() for cell in green)
    assert (True, True) == (whole >= 1, touched <= 4)


@given(
    st.text(max_size=8),
    st.sampled_from(
        [
            [(0, 4), (5, 4), (10, 4), (15, 4)],
            [(0, 4), (5, 4), (10, 4), (15, 4), (20, 3)],
            [(0, 6), (7, 13)],
            [(0, 19)],
            [(0, 16)],
            [(0, 12)],
            [(0, 4), (5, 6), (12, 5)],
        ]
    ),
    st.integers(0, 3),
)
def test_one_to_four_digits_are_cut_off(name, groups, quarters) -> None:
    """Whatever the grouping, the name and the way the line runs, one to four digits are gone whole, all at one end."""
    sample, lefts = digits(groups)
    turned = suites.turned(sample, quarters)
    made = suites.cut(Sample(data=turned.data, label=replace(turned.label, file=name)))
    back = suites.turned(made, -quarters)
    width, before = (decode(data).shape[1] for data in (back.data, sample.data))
    at_end = back.label.number_quad[0][0] > 40
    gone = [left + 14 > width if at_end else left < before - width for left in lefts]
    whole = [left >= width if at_end else left + 14 <= before - width for left in lefts]
    ends = whole[::-1] if at_end else whole
    assert (True, sorted(ends, reverse=True), True) == (1 <= sum(whole) <= 4, ends, sum(gone) - sum(whole) <= 1)


def test_cuts_are_at_both_ends() -> None:
    """Some pictures lose the number's start, some its end, and always the same of one name."""
    sample, _ = digits([(0, 16)])
    named = [Sample(data=sample.data, label=replace(sample.label, file=f"{place}.jpg")) for place in range(20)]
    lefts = [suites.cut(one).label.number_quad[0][0] for one in named]
    assert ({0.0, 50.0}, lefts) == (
        {max(0.0, round(left, -1)) for left in lefts},
        [suites.cut(one).label.number_quad[0][0] for one in named],
    )


def test_a_cut_beyond_the_picture_is_none() -> None:
    """A line whose end lies beside the picture is not cut off there once more."""
    quad = ((100.0, 100.0), (660.0, 100.0), (660.0, 299.0), (100.0, 299.0))
    beside = tuple((x + 140, y) for x, y in quad)
    found = [suites.cut(picture(quad=beside, file=f"{place}.jpg")) for place in range(20)]
    assert None in found


@pytest.mark.parametrize("suite", [suites.covered, suites.hidden, suites.cut])
def test_covered_is_a_negative(suite) -> None:
    """Of a picture whose number is covered no number may be returned."""
    sample, _ = digits([(0, 16)])
    assert suite(sample).label.number_sha256 is None


@pytest.mark.parametrize("suite", [suites.covered, suites.hidden, suites.cut, suites.small])
def test_an_impossible_place_is_left_out(suite) -> None:
    """A place that is not on the picture, or a point, is no number's: nothing can be covered there."""
    beside = tuple((x + 2000, y) for x, y in QUAD)
    assert (None, None) == (suite(picture(quad=beside)), suite(picture(quad=((5.0, 5.0),) * 4)))


def test_hidden_leaves_no_digit() -> None:
    """Nothing is left of a hidden number."""
    sample, lefts = digits([(0, 16)])
    image = decode(suites.hidden(sample).data).astype(int)
    line = image[80:110, lefts[0] : lefts[-1] + 14]
    assert np.abs(line - line[0, 0]).max() < 12


@pytest.mark.parametrize("suite", [suites.covered, suites.hidden, suites.cut])
def test_covering_needs_the_place(suite) -> None:
    """Without a labelled place of the number nothing can be covered."""
    assert suite(picture(quad=None)) is None


@pytest.mark.parametrize(
    ("name", "shape", "turned"),
    [
        ("1280x960", (960, 1280), 0),
        ("1280x960", (1280, 960), 1),
        ("4032x3024", (3024, 4032), 0),
    ],
)
def test_fitted(name, shape, turned) -> None:
    """A fitted picture has the very size, lying or upright as it was, and at most 2 MiB."""
    (suite,) = (one for one in SUITES if one.name == name)
    made = suite.derive(suites.turned(picture(), turned))
    assert (shape, True) == (decode(made.data).shape[:2], len(made.data) <= 2 * 1024 * 1024)


def test_encode_keeps_to_its_bytes() -> None:
    """A picture that would be too large is encoded at a lower quality."""
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    assert (True, True) == (len(encode(noise)) > 40_000, len(encode(noise, max_bytes=40_000)) <= 40_000)
