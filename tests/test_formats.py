"""Pictures are known by their first bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bankcard_ocr.formats import HEAD, format_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF89a", "GIF"),
        (b"RIFF\0\0\0\0WEBP", "WEBP"),
        (b"RIFF\0\0\0\0WAVE", ""),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftyphevc", "HEIC"),
        (b"\0\0\0\x18ftypavif", "AVIF"),
        (b"\0\0\0\x18ftypisom", ""),
        (b"%PDF-1.7", "PDF"),
        (b"BMW is a car, and no bitmap", ""),
        (b"photo", ""),
        (b"", ""),
    ],
)
def test_first_bytes_tell_the_format(data: bytes, expected: str):
    """The formats a client may send begin as these do."""
    assert expected == format_of(data)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_what_pillow_writes_is_known_by_its_head(name: str):
    """The first bytes suffice, as a download has no more when it is judged."""
    written = io.BytesIO()
    Image.new("RGB", (20, 10)).save(written, name)

    assert name == format_of(written.getvalue()[:HEAD])


@given(st.binary(max_size=64))
def test_no_more_than_the_head_is_looked_at(data: bytes):
    """What follows the head changes nothing."""
    assert format_of(data[:HEAD]) == format_of(data)
