"""The whole way with the weights that ship: pictures in, numbers out or refusals."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import cv2
import numpy as np
import pytest
from PIL import Image

from bankcard_ocr.errors import NoCardFound, NotAPicture, NumberUnreadable, Refused
from bankcard_ocr.reader import Reader
from bankcard_ocr.reading import Options
from bankcard_ocr.vision import quad as quads

NUMBER = "6200000000000005"  # a published test number
SAMPLE = resources.files("bankcard_ocr.server").joinpath("sample.jpg").read_bytes()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(SAMPLE)).convert("RGB"))


def jpeg(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]))[1].tobytes()


def test_the_sample_card_is_read(reader):
    """The card that ships is read, with its number first among the candidates."""
    reading = reader.read(SAMPLE)

    assert (NUMBER, NUMBER) == (reading.number, reading.candidates[0].number)
    assert reading.confidence >= 0.9


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_picture_is_read(reader, pixels, quarters):
    """A picture turned by quarters gives the same number."""
    assert NUMBER == reader.read(jpeg(np.rot90(pixels, quarters))).number


def test_a_tilted_picture_is_read(reader, pixels):
    """A card lying at fifteen degrees gives the same number."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 15, 0.8)
    tilted = cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)

    assert NUMBER == reader.read(jpeg(tilted)).number


def test_a_cut_out_card_is_read_as_scan_and_as_photo(reader, pixels):
    """A picture that is the card gives its number, whichever type is named."""
    corners = np.array(reader.read(SAMPLE).card_quad, np.float32)
    cut = jpeg(quads.rectify(pixels, quads.grow(corners, 0.02, 0.03), 856, 540))

    assert (NUMBER, NUMBER) == (reader.read(cut, Options(type="scan")).number, reader.read(cut).number)


def test_digits_have_places_on_the_line(reader):
    """Every digit has a quad, from left to right within the picture."""
    reading = reader.read(SAMPLE)
    middles = np.array(reading.digit_quads).mean(1)

    assert (len(NUMBER), 2) == middles.shape
    assert (np.diff(middles[:, 0]) > 0).all()
    assert ((middles > 0) & (middles < reading.size)).all()


def test_digits_have_certainties(reader):
    """Each digit tells how surely it was seen."""
    sure = np.array(reader.read(SAMPLE).digit_confidences)

    assert (len(NUMBER),) == sure.shape
    assert ((sure > 0.5) & (sure <= 1)).all()


def test_a_covered_digit_yields_no_number(reader, pixels):
    """A digit under a patch yields a refusal, never a guess."""
    box = np.array(reader.read(SAMPLE).digit_quads[9])
    covered = pixels.copy()
    cv2.rectangle(
        covered, (box.min(0) - 6).astype(int).tolist(), (box.max(0) + 6).astype(int).tolist(), (90, 60, 30), -1
    )

    with pytest.raises(Refused):
        reader.read(jpeg(covered))


def test_nothing_is_no_card(reader):
    """An empty picture has no card."""
    with pytest.raises(NoCardFound):
        reader.read(jpeg(np.full((480, 640, 3), 128, np.uint8)))


def test_a_threshold_nobody_reaches_refuses(reader):
    """With a threshold over any confidence the number counts as unreadable, and the error says how sure it was."""
    with pytest.raises(NumberUnreadable) as caught:
        reader.read(SAMPLE, Options(threshold=1.1))

    assert caught.value.confidence >= 0.9


def test_no_picture_is_an_error(reader):
    """Bytes that are no picture are an error of their own."""
    with pytest.raises(NotAPicture):
        reader.read(b"not a picture")


def test_threads_share_a_reader(reader):
    """Calls side by side give what they give alone."""
    with ThreadPoolExecutor(4) as pool:
        numbers = {reading.number for reading in pool.map(reader.read, [SAMPLE] * 8)}

    assert {NUMBER} == numbers


def test_a_reading_s_repr_masks_its_number(reader):
    """No repr of a reading or its parts holds a whole number."""
    reading = reader.read(SAMPLE)

    assert NUMBER not in repr(reading) + repr(reading.candidates)
