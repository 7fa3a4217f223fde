"""A PDF of one page is read like a picture, within the same limits."""

from __future__ import annotations

import io
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from bankcard_ocr.errors import NotAPicture, PictureTooLarge
from bankcard_ocr.vision import image, pdf

pytestmark = pytest.mark.skipif(find_spec("pypdfium2") is None, reason="the extra pdf is not installed")


def document(*pages: Image.Image) -> bytes:
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=72)
    return file.getvalue()


def halves(width: int = 400, height: int = 200) -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


def test_a_page_is_drawn_at_the_size_that_recognition_needs():
    """Upright, in colour, its longer side 1600 pixels whatever the page measures."""
    picture = image.decode(document(halves()))

    assert ((1600, 800), (800, 1600, 3), 1) == (picture.size, picture.pixels.shape, picture.reduced)
    assert np.abs(picture.pixels[400, [100, 1500]].astype(int) - ((255, 0, 0), (0, 0, 255))).max() < 12


def test_several_pages_are_refused():
    """Nobody knows which one has the card."""
    with pytest.raises(NotAPicture, match="2 pages"):
        image.decode(document(halves(), halves()))


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\0" * 999], ids=["head", "zeros"])
def test_damage_is_an_error(data: bytes):
    """Of the picture, not of the program."""
    with pytest.raises(NotAPicture, match="damaged PDF"):
        image.decode(data)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
def test_a_cut_off_document_is_an_error(share: float):
    """Half a page is no page."""
    whole = document(halves())
    with pytest.raises(NotAPicture):
        image.decode(whole[: int(share * len(whole))])


def test_pictures_in_it_have_the_limit_of_pictures():
    """A picture larger than the limit is not unpacked, however small the page."""
    with pytest.raises(PictureTooLarge) as caught:
        image.decode(document(Image.new("1", (3000, 2000))), max_pixels=5_000_000)

    assert (6_000_000, 5_000_000, "pixels") == (caught.value.got, caught.value.limit, caught.value.unit)


def test_a_strip_of_a_page_is_refused():
    """No card is on a page many times as long as wide."""
    with pytest.raises(NotAPicture, match="room"):
        image.decode(document(Image.new("RGB", (4000, 20))))


def test_drawing_has_a_deadline(monkeypatch):
    """A page that takes too long is given up."""
    monkeypatch.setattr(pdf, "DEADLINE_S", -1.0)
    with pytest.raises(NotAPicture, match="too long"):
        image.decode(document(halves()))


def test_without_the_extra_the_error_names_it(monkeypatch):
    """A server without it says what to send instead."""
    monkeypatch.setattr(image, "find_spec", lambda _name: None)
    with pytest.raises(NotAPicture, match=r"bankcard-ocr\[pdf\]"):
        image.decode(document(halves()))
