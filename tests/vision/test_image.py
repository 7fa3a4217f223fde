"""Bytes to an upright RGB picture; every picture here is drawn by its test."""

from __future__ import annotations

import base64
import io
import os
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import pillow_heif
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from bankcard_ocr.errors import NotAPicture, PictureError, PictureTooLarge
from bankcard_ocr.vision import image, jpeg

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 30), (30, 30, 200), (250, 250, 250)
LOSSLESS = ["PNG", "BMP", "TIFF", "GIF"]


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """A picture that shows how it was turned: red, green, blue and white quarters, TL, TR, BR, BL."""
    drawn = Image.new("RGB", (width, height))
    drawn.paste(RED, (0, 0, width // 2, height // 2))
    drawn.paste(GREEN, (width // 2, 0, width, height // 2))
    drawn.paste(BLUE, (width // 2, height // 2, width, height))
    drawn.paste(WHITE, (0, height // 2, width // 2, height))
    return drawn


def corners(picture: image.Picture) -> np.ndarray:
    """The colours in the middle of the picture's quarters, TL, TR, BR, BL."""
    height, width = picture.pixels.shape[:2]
    y, x = height // 4, width // 4
    return picture.pixels[[y, y, -y - 1, -y - 1], [x, -x - 1, -x - 1, x]].astype(int)


def encoded(drawn: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    drawn.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, rows: bytes = b"", depth: int = 8, colour: int = 0) -> bytes:
    """A PNG of this header, whatever ``rows`` hold."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def test_the_filters_of_warnings_stay_the_hosts():
    """Decoding leaves the process's filters of warnings as they were."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        image.decode(encoded(quarters(), "PNG"))

        assert [] == warnings.filters


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_keep_every_pixel(kind: str):
    """PNG, BMP, TIFF and GIF give back the pixels that were drawn."""
    drawn = quarters()

    assert np.array_equal(np.asarray(drawn), image.decode(encoded(drawn, kind)).pixels)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_keep_the_colours(kind: str):
    """JPEG and WebP give RGB, in this order, near to what was drawn."""
    got = image.decode(encoded(quarters(), kind, quality=95))

    assert np.abs(np.array([RED, GREEN, BLUE, WHITE]) - corners(got)).max() < 8


def test_heic_is_read_where_its_library_is():
    """With pillow-heif installed a HEIC picture is a picture."""
    pillow_heif.register_heif_opener()
    got = image.decode(encoded(quarters(), "HEIF", quality=95))

    assert np.abs(np.array([RED, GREEN, BLUE, WHITE]) - corners(got)).max() < 12


def test_heic_without_its_library_says_so(monkeypatch):
    """Without pillow-heif the refusal names HEIC, what to send and what to install."""
    monkeypatch.setattr(image, "find_spec", lambda name: None)
    with pytest.raises(NotAPicture, match=r'send a JPEG, or pip install "bankcard-ocr\[heic\]"') as caught:
        image.decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")

    assert "HEIC, which is not accepted here without the extra heic; send a JPEG" == caught.value.cause


@pytest.mark.parametrize("given", ["", "/opt/a:/opt/b", ":/opt/a"])
def test_programs_started_from_here_load_no_library_of_the_working_folder(given: str):
    """OpenCV, once imported, would have them look there; what the user set stays."""
    program = "import os, bankcard_ocr.vision.image; print(os.environ.get('LD_LIBRARY_PATH', 'none'), end='')"
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"LD_LIBRARY_PATH": given},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "" not in told.split(":")
    assert told.endswith(given.strip(":"))


def test_pixels_are_what_the_rest_relies_on():
    """Pixels are uint8 (H, W, 3) in one contiguous block, and size is (width, height)."""
    got = image.decode(encoded(quarters(64, 48), "JPEG"))

    assert ((48, 64, 3), np.uint8, True, (64, 48), 1) == (
        got.pixels.shape,
        got.pixels.dtype,
        got.pixels.flags.c_contiguous,
        got.size,
        got.reduced,
    )


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_pixel_kinds_become_rgb(mode: str):
    """Grey, bilevel, palette and CMYK TIFFs are RGB once decoded."""
    assert np.all(image.decode(encoded(Image.new("RGB", (8, 8), "white").convert(mode), "TIFF")).pixels == 255)


def test_a_cmyk_jpeg_has_its_colours():
    """A CMYK JPEG, inverted as Adobe writes it, looks as it did."""
    got = image.decode(encoded(quarters().convert("CMYK"), "JPEG", quality=95))

    assert np.abs(np.array([RED, GREEN, BLUE, WHITE]) - corners(got)).max() < 8


@pytest.mark.parametrize(("value", "want"), [(0, 0), (0x7FFF, 0x7F), (0x8000, 0x80), (0xFFFF, 0xFF)])
def test_sixteen_bits_keep_the_high_ones(value: int, want: int):
    """A grey PNG of 16 bits is scaled to 8, not clipped."""
    got = image.decode(png(2, 1, b"\0" + struct.pack(">HH", value, value), depth=16))

    assert [[[want] * 3] * 2] == got.pixels.tolist()


def test_sixteen_bits_of_colour_keep_the_high_ones():
    """An RGB PNG of 16 bits is scaled to 8."""
    got = image.decode(png(1, 1, b"\0" + struct.pack(">HHH", 0xFFFF, 0x8000, 0), depth=16, colour=2))

    assert [[[0xFF, 0x80, 0]]] == got.pixels.tolist()


def test_floating_point_pixels_are_refused():
    """A TIFF of floats has no agreed range, so it is refused."""
    with pytest.raises(NotAPicture, match="floating-point"):
        image.decode(encoded(Image.new("F", (8, 8)), "TIFF"))


@pytest.mark.parametrize(
    ("mode", "colour", "options"),
    [
        ("RGBA", (0, 0, 0, 0), {}),
        ("LA", (0, 0), {}),
        ("P", 0, {"transparency": 0}),
        ("RGB", (1, 2, 3), {"transparency": (1, 2, 3)}),
    ],
)
def test_transparency_lies_on_white(mode: str, colour, options):
    """What is transparent is white, however transparency is written."""
    got = image.decode(encoded(Image.new(mode, (4, 4), colour), "PNG", **options))

    assert np.all(got.pixels == 255)


def test_half_transparent_is_half_white():
    """Alpha mixes with white in proportion."""
    got = image.decode(encoded(Image.new("RGBA", (1, 1), (0, 0, 0, 51)), "PNG"))

    assert [[[204, 204, 204]]] == got.pixels.tolist()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_counts(kind: str):
    """Later frames are not looked at."""
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black", "red")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    got = image.decode(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **lossless))

    assert np.all(got.pixels == 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int):
    """A picture of every orientation comes out upright, its size that of the upright picture."""
    stored = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]
    drawn = quarters(64, 48)
    drawn = drawn.transpose(stored[0]) if stored else drawn
    tag = {"tiffinfo": {0x0112: orientation}} if kind == "TIFF" else {"exif": exif(orientation), "quality": 95}
    got = image.decode(encoded(drawn, kind, **tag))

    assert (64, 48) == got.size
    assert np.abs(np.array([RED, GREEN, BLUE, WHITE]) - corners(got)).max() < 8


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int):
    """An EXIF value outside 1 to 8 is ignored."""
    assert (64, 48) == image.decode(encoded(quarters(64, 48), "JPEG", exif=exif(orientation))).size


@given(st.binary(max_size=64), st.sampled_from([b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0"]))
def test_any_exif_has_an_orientation(block: bytes, start: bytes):
    """Damaged EXIF never fails a picture."""
    assert image._orientation(start + block) in range(1, 9)


@pytest.mark.parametrize(
    ("side", "reduced"), [(1600, 1), (3199, 1), (3200, 2), (6399, 2), (6400, 4), (12799, 4), (12800, 8), (30000, 8)]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_is_reduced_while_enough_is_left(kind: str, side: int, reduced: int):
    """The longer side is divided by 2, 4 or 8 while at least ``enough`` pixels stay."""
    got = image.decode(encoded(Image.new("L", (side, 40), 7), kind))

    assert (reduced, (side, 40), (-(-40 // reduced), -(-side // reduced), 3)) == (
        got.reduced,
        got.size,
        got.pixels.shape,
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_a_reduced_picture_shows_the_same(kind: str):
    """A reduced picture has the colours of the whole one in the same places, turned as it should be."""
    drawn = quarters(600, 780).transpose(Image.Transpose.ROTATE_90)
    options = {} if kind in {"BMP", "TIFF"} else {"exif": exif(6), "quality": 95}
    got = image.decode(encoded(drawn if options else quarters(600, 780), kind, **options), enough=180)

    assert ((600, 780), 4, (195, 150, 3)) == (got.size, got.reduced, got.pixels.shape)
    assert np.abs(np.array([RED, GREEN, BLUE, WHITE]) - corners(got)).max() < 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_points_are_found_again_in_the_picture_as_sent(kind: str):
    """``as_sent`` takes the edge between two reduced colours to the edge as drawn, within half a reduced pixel."""
    got = image.decode(encoded(quarters(1600, 1200), kind), enough=400)
    edge = int(np.argmax(got.pixels[100, :, 1] > 100)) - 0.5

    assert abs(got.as_sent(np.array([[edge, 0]], np.float32))[0, 0] - 799.5) <= got.reduced / 2


def test_a_pixel_s_middle_is_that_of_those_it_was_made_of():
    """Pixel centres are whole: four pixels from 0 on have theirs at 1.5."""
    picture = image.Picture(pixels=np.zeros((2, 2, 3), np.uint8), size=(8, 8), reduced=4)

    assert [[1.5, 5.5]] == picture.as_sent(np.float32([(0, 1)])).tolist()


def test_exactly_the_limit_of_bytes_is_read():
    """``max_bytes`` itself is allowed."""
    data = encoded(quarters(), "PNG")

    assert (64, 48) == image.decode(data, max_bytes=len(data)).size


def test_one_byte_over_the_limit_is_refused():
    """One byte more than ``max_bytes`` is too large, and the error says how large."""
    data = encoded(quarters(), "PNG")
    with pytest.raises(PictureTooLarge) as caught:
        image.decode(data, max_bytes=len(data) - 1)

    assert (len(data), len(data) - 1, "bytes") == (caught.value.got, caught.value.limit, caught.value.unit)


def test_the_limit_of_bytes_is_two_mebibytes():
    """By default 2 MiB may be sent."""
    assert 2 * 2**20 == image.MAX_BYTES


def test_the_limits_of_pixels_are_those_that_memory_and_time_were_measured_with():
    """50 megapixels, 64 scans, of so many pixels 12; over 8 megapixels one picture at a time."""
    assert (50_000_000, 64) == (image.MAX_PIXELS, image.MOST_SCANS)
    assert (600_000_000, 8_000_000) == (image.MOST_SCANNED, image.LARGE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_exactly_the_limit_of_pixels_is_read(kind: str):
    """``max_pixels`` itself is allowed."""
    assert (64, 48) == image.decode(encoded(quarters(64, 48), kind), max_pixels=64 * 48).size


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": exif(1)}])
def test_every_kind_of_webp_header_is_measured(options):
    """Lossy, lossless and extended WebP tell their size before they are decoded."""
    with pytest.raises(PictureTooLarge) as caught:
        image.decode(encoded(quarters(64, 48), "WEBP", **options), max_pixels=64 * 48 - 1)

    assert 64 * 48 == caught.value.got


@pytest.mark.parametrize(
    ("kind", "place", "largest", "pixels"),
    [
        (b"VP8 ", 26, struct.pack("<HH", 0x3FFF, 0x3FFF), 16383**2),
        (b"VP8L", 21, struct.pack("<I", 0x0FFFFFFF), 16384**2),
        (b"VP8X", 24, b"\xff" * 6, 2**48),
    ],
)
def test_all_bits_of_a_webp_header_s_size_count(kind: bytes, place: int, largest: bytes, pixels: int):
    """Its decoder would make room for as many pixels."""
    head = b"RIFF".ljust(8, b"\0") + b"WEBP" + kind
    with pytest.raises(PictureTooLarge) as caught:
        image.decode(head.ljust(place, b"\0") + largest)

    assert pixels == caught.value.got


def test_a_tile_larger_than_its_picture_is_over_the_limit():
    """It would be allocated whole."""
    tiff = encoded(quarters(64, 48), "TIFF", tiffinfo={65_322: 20_000, 65_323: 20_000})
    for tag in (322, 323):  # which Pillow does not write for others
        tiff = tiff.replace(struct.pack("<HH", 65_000 + tag, 3), struct.pack("<HH", tag, 3))
    with pytest.raises(PictureTooLarge) as caught:
        image.decode(tiff)

    assert 20_000**2 == caught.value.got


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF"])
def test_one_pixel_over_the_limit_is_refused(kind: str):
    """One pixel more than ``max_pixels`` is too large."""
    with pytest.raises(PictureTooLarge):
        image.decode(encoded(quarters(64, 48), kind), max_pixels=64 * 48 - 1)


def bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def transparent_bmp(alpha: int) -> bytes:
    """2 x 1 red pixels with a BITMAPV5HEADER, whose mask says that there is alpha."""
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 124, 2, 1, 1, 32, 3, 8, 0, 0, 0, 0) + masks + b"BGRs" + bytes(64)
    return b"BM" + struct.pack("<IHHI", 146, 0, 0, 138) + header + bytes((0, 0, 200, alpha)) * 2


@pytest.mark.parametrize(("alpha", "seen"), [(0, (200, 0, 0)), (255, (200, 0, 0)), (128, (227, 127, 127))])
def test_a_bitmap_whose_alpha_is_empty_is_opaque(alpha: int, seen: tuple[int, int, int]):
    """Windows leaves the bytes 0 where it has none; other transparency shows white."""
    assert np.abs(image.decode(transparent_bmp(alpha)).pixels[0, 0].astype(int) - seen).max() <= 1


UNUSUAL = (  # 24 x 16 pixels of one colour, its colours sampled at a third of the width
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxO"
    "UlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09P"
    "T09PT09PT0//wAARCAAQABgDATEAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
    "FgEBAQEAAAAAAAAAAAAAAAAAAAEG/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AlAjVgA//2Q=="
)


def test_a_jpeg_of_an_unusual_subsampling_is_read():
    """Which one decoder has no name for, another takes."""
    pixels = image.decode(base64.b64decode(UNUSUAL)).pixels

    assert (16, 24, 3) == pixels.shape
    assert np.abs(pixels.astype(int) - (200, 40, 90)).max() <= 8


def test_a_jpeg_of_an_unusual_subsampling_has_few_scans():
    """Its size is not known before it is decoded, and each scan may be a pass over all of it."""
    data = base64.b64decode(UNUSUAL).replace(b"\xff\xc0", b"\xff\xc2")  # which says that it is progressive
    scan = data[data.index(b"\xff\xda") : -2]

    with pytest.raises(NotAPicture, match="damaged"):  # the decoder saw it; no such JPEG has two whole scans
        image.decode(data[:-2] + scan * (image.FEW_SCANS - 1) + b"\xff\xd9")
    with pytest.raises(NotAPicture, match="too many scans: 13"):
        image.decode(data[:-2] + scan * image.FEW_SCANS + b"\xff\xd9")


@pytest.mark.parametrize("name", ["PLAIN", "UNUSUAL"])
def test_a_whole_scan_is_the_only_one(name: str):
    """What decodes it ends at a second, however many there are, so that they need not be counted."""
    data = PLAIN if name == "PLAIN" else base64.b64decode(UNUSUAL)
    scan = data[data.index(b"\xff\xda") : -2]
    started = time.process_time()

    with pytest.raises(NotAPicture, match="damaged"):
        image.decode(data[:-2] + scan * 3000 + b"\xff\xd9")
    assert time.process_time() - started < 0.2


def gif(width: int, height: int) -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame + b"\x3b"


def jpeg_of(width: int, height: int) -> bytes:
    data = encoded(Image.new("L", (8, 8)), "JPEG")
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def webp(width: int, height: int) -> bytes:
    data = encoded(Image.new("L", (8, 8)), "WEBP", lossless=True)
    bits = int.from_bytes(data[21:25], "little") & ~0xFFFFFFF | (height - 1) << 14 | (width - 1)
    return data[:21] + bits.to_bytes(4, "little") + data[25:]


BOMBS = {
    "png": png(20000, 20000),
    "bmp": bmp(20000, 20000),
    "gif": gif(20000, 20000),
    "jpeg": jpeg_of(20000, 20000),
    "webp": webp(16383, 16383),
    "jpeg 65500": jpeg_of(65500, 65500),
    "gif 65535": gif(65535, 65535),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_by_its_header(bomb: str):
    """A small file that claims hundreds of megapixels is too large, and is not decoded to find out."""
    tracemalloc.start()
    try:
        with pytest.raises(PictureTooLarge) as caught:
            image.decode(BOMBS[bomb])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert ("pixels", True) == (caught.value.unit, peak < 5_000_000)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_of_one_pixel_is_a_picture(kind: str):
    """1 x 1 is decoded; that no card is on it is found later."""
    assert (1, 1, 3) == image.decode(encoded(Image.new("RGB", (1, 1)), kind)).pixels.shape


@pytest.mark.parametrize("size", [(65535, 1), (1, 65535)])
def test_the_thinnest_picture_is_a_picture(size: tuple[int, int]):
    """65535 x 1 is within the limits and is decoded."""
    assert size == image.decode(png(*size, rows=bytes((size[0] + 1) * size[1]))).size


def test_no_pixels_are_no_picture():
    """A size of zero is damage."""
    with pytest.raises(NotAPicture):
        image.decode(png(0, 10))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_truncated_picture_is_an_error(kind: str, kept: float):
    """A picture cut off anywhere is refused, never half grey."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(NotAPicture):
        image.decode(data[: int(kept * len(data))])


def photo() -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    return encoded(Image.fromarray(noise), "JPEG")


@pytest.mark.parametrize("tail", [b"", b"\xff\xd9", bytes(5000), b"\xff"])
def test_a_truncated_jpeg_is_an_error_whatever_follows(tail: bytes):
    """A cut JPEG padded with zeros, or given an end marker, is still damaged."""
    data = photo()
    with pytest.raises(NotAPicture):
        image.decode(data[: len(data) // 2] + tail)


@st.composite
def one_scan(draw, least: int = 1) -> bytes:
    """A small JPEG of noise in one scan, of ``least`` pixels and more each way."""
    width, height, seed = draw(st.integers(least, 40)), draw(st.integers(least, 40)), draw(st.integers(0, 2**32))
    noise = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))
    options = draw(st.sampled_from([{}, {"restart_marker_rows": 1}, {"optimize": True, "subsampling": 0}]))
    return encoded(noise.convert(draw(st.sampled_from(["RGB", "L"]))), "JPEG", **options)


@given(one_scan(), st.integers(1, 2))
def test_a_jpeg_that_lacks_its_end_marker_alone_is_whole(data: bytes, lost: int):
    """One or two bytes less, and every pixel is there."""
    assert np.array_equal(image.decode(data).pixels, image.decode(data[:-lost]).pixels)


@given(one_scan(least=8), st.integers(3, 20))  # of which there are more than twenty bytes of pixels
def test_a_jpeg_that_lacks_more_is_truncated(data: bytes, lost: int):
    """A single byte of its pixels less, and it is refused."""
    with pytest.raises(NotAPicture, match="truncated"):
        image.decode(data[:-lost])


def test_a_photograph_with_a_thumbnail_may_lack_its_end_marker():
    """The thumbnail's scan is none of the picture's."""
    data = PLAIN[:2] + segment(0xE1, b"Exif\0\0" + MANY) + PLAIN[2:]

    assert np.array_equal(image.decode(data).pixels, image.decode(data[:-2]).pixels)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_jpeg_of_many_scans_without_its_end_marker_is_truncated(lost: int):
    """Whether a scan more was to come only that marker tells."""
    with pytest.raises(NotAPicture, match="truncated"):
        image.decode(MANY[:-lost])
    with pytest.raises(NotAPicture, match="truncated"):
        image.decode(MANY[: MANY.rindex(b"\xff\xc4")])  # cut between two scans


def test_a_jpeg_with_a_scan_for_each_colour_without_its_end_marker_is_truncated():
    """The scan that came last may not be the last."""
    start = PLAIN.index(b"\xff\xda")
    scan = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"

    assert [True, False] == [jpeg.is_one_scan(data) for data in (PLAIN[:-2], PLAIN[:start] + scan + PLAIN[-40:-2])]


def test_stray_bytes_before_a_marker_harm_nothing():
    """Some cameras leave bytes between two JPEG segments: the picture is read."""
    data = photo()

    assert (64, 64) == image.decode(data[:-2] + bytes(7) + data[-2:]).size


def test_what_follows_a_whole_picture_is_ignored():
    """A polyglot, a ZIP behind a JPEG, is the JPEG and nothing else."""
    data = photo()

    assert np.array_equal(image.decode(data).pixels, image.decode(data + b"PK\x03\x04" + bytes(100)).pixels)


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


PLAIN = encoded(quarters(64, 48), "JPEG", quality=90)
MANY = encoded(quarters(64, 48), "JPEG", quality=90, progressive=True)


@pytest.mark.parametrize(
    ("data", "scans"),
    [
        (PLAIN, 1),
        (MANY, 10),
        (PLAIN[:2] + segment(0xE1, b"Exif\0\0" + PLAIN) + PLAIN[2:], 1),
        (PLAIN[:2] + segment(0xE1, b"Exif\0\0" + MANY) + PLAIN[2:], 1),
        (PLAIN + PLAIN, 1),
        (MANY + PLAIN, 10),
        (PLAIN[:2] + segment(0xE1, b"Exif\0\0" + PLAIN) + MANY[2:], 10),
        (MANY[:2] + b"\xff\x01" + MANY[2:], 10),
        (MANY[:2] + b"\xff\xff\xff" + MANY[2:], 10),
        (MANY[:2] + b"stray" + MANY[2:], 10),
        (MANY[:2] + b"stray" + segment(0xE1, PLAIN) + MANY[2:], 11),
        (MANY[:-2], 10),
        (MANY[: MANY.index(b"\xff\xda") + 40].replace(b"\xff\xd9", b""), 1),
        (b"", 0),
    ],
)
def test_scans_of_thumbnails_do_not_count(data: bytes, scans: int):
    """Nor those of a second picture; where a JPEG is not as it should be, every one does."""
    assert scans == jpeg.scans(data)


def test_a_large_photograph_with_a_thumbnail_waits_for_no_other(monkeypatch):
    """It has one scan; one in many, which holds all of its coefficients, waits."""
    monkeypatch.setattr(image, "LARGE", 1000)
    waited: list[tuple[int, int]] = []
    alone = image._alone
    monkeypatch.setattr(image, "_alone", lambda size: waited.append(size) or alone(size))
    image.decode(PLAIN[:2] + segment(0xE1, b"Exif\0\0" + PLAIN) + PLAIN[2:])
    assert [] == waited
    image.decode(MANY)
    assert [(64, 48)] == waited


@pytest.mark.parametrize(("large", "seconds", "is_done"), [(1000, 0.2, False), (10_000, 10, True)])
def test_one_large_picture_is_decoded_at_a_time(monkeypatch, large: int, seconds: float, is_done: bool):
    """Another waits until it is done; a smaller one waits for none."""
    monkeypatch.setattr(image, "LARGE", large)
    with ThreadPoolExecutor(1) as pool:
        with image._alone((64, 48)):
            other = pool.submit(image.decode, MANY)
            done, _ = wait([other], timeout=seconds)

        assert (is_done, (64, 48)) == (other in done, other.result().size)


def test_a_forked_process_waits_for_no_picture_of_its_parent(monkeypatch):
    """The thread that decodes it is not in the child, to be done one day."""
    monkeypatch.setattr(image, "LARGE", 1000)
    with ThreadPoolExecutor(1) as pool, image._alone((64, 48)):
        monkeypatch.setattr(image.os, "getpid", lambda: -1)

        assert (64, 48) == pool.submit(image.decode, MANY).result(timeout=10).size


@given(st.binary(max_size=60), st.integers(0, len(MANY)))
def test_no_jpeg_is_too_strange_to_walk_through(stray: bytes, place: int):
    """Whatever stands anywhere in it: the walk ends, and tells no more scans than there are marks of."""
    data = MANY[:place] + stray + MANY[place:]

    assert 0 <= jpeg.scans(data) <= data.count(b"\xff\xda")


@given(st.binary(max_size=60), st.integers(0, len(PLAIN)))
def test_any_jpeg_is_in_one_scan_or_not(stray: bytes, place: int):
    """Whatever stands anywhere in it, and whatever is cut off."""
    assert isinstance(jpeg.is_one_scan(PLAIN[:place] + stray), bool)


@pytest.mark.parametrize("fill", [b"\xff", b"\xff\xff\xff"])
def test_fill_before_a_marker_hides_no_orientation(fill: bytes):
    """As ITU-T T.81, B.1.1.2 allows."""
    data = encoded(quarters(64, 48), "JPEG", exif=exif(6))
    at = data.index(b"\xff\xe1")

    assert (48, 64) == image.decode(data[:at] + fill + data[at:]).size


@pytest.mark.parametrize(("width", "height"), [(1, 2_000_003), (2_000_003, 1)])
def test_a_thread_of_pixels_is_decoded_in_time(width: int, height: int):
    """In bands of as many pixels as those of other pictures, not as many rows."""
    data = encoded(Image.new("L", (width, height), 77), "PNG")
    started = time.process_time()
    picture = image.decode(data)

    assert (width, height) == picture.size
    assert 77 == picture.pixels.max()
    assert time.process_time() - started < 1


def test_a_jpeg_of_very_many_scans_is_refused(monkeypatch):
    """Each scan costs a pass over all pixels, so their number is limited; the limit itself is allowed."""
    last = MANY.rindex(b"\xff\xda")
    with pytest.raises(NotAPicture, match=f"too many scans: {image.MOST_SCANS + 1}"):
        image.decode(MANY[:-2] + MANY[last:-2] * (image.MOST_SCANS - 9) + MANY[-2:])
    monkeypatch.setattr(image, "MOST_SCANS", 10)
    assert (64, 48) == image.decode(MANY).size
    monkeypatch.setattr(image, "MOST_SCANS", 9)
    with pytest.raises(NotAPicture, match="too many scans: 10"):
        image.decode(MANY)


def test_a_png_of_very_many_colour_profiles_is_refused():
    """2 MiB have room for two thousand, each of which takes a megabyte to unpack: five seconds in all."""
    body = b"iCCPname\0\0" + zlib.compress(bytes(1 << 20))
    profile = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    plain = png(8, 8, bytes(9 * 8))
    assert (8, 8) == image.decode(plain[:33] + profile * image.MOST_PROFILES + plain[33:]).size
    with pytest.raises(NotAPicture, match="too many colour profiles: 9"):
        image.decode(plain[:33] + profile * (image.MOST_PROFILES + 1) + plain[33:])


def test_a_large_jpeg_may_have_fewer_scans(monkeypatch):
    """Pixels times scans are limited too: one scan over that limit is refused."""
    monkeypatch.setattr(image, "MOST_SCANNED", 64 * 48 * 10)
    assert (64, 48) == image.decode(MANY).size
    monkeypatch.setattr(image, "MOST_SCANNED", 64 * 48 * 10 - 1)
    with pytest.raises(NotAPicture, match="scans"):
        image.decode(MANY)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b'<?xml version="1.0"?><svg/>', "XML"),
        (b"\xef\xbb\xbf  <!DOCTYPE HTML><html>", "HTML"),
        (b"<html><body>", "HTML"),
        (b'{"errcode": 0}', "JSON"),
        (b"PK\x03\x04" + bytes(30), "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"/9j/4AAQSkZJRg==", "base64"),
        (b"data:image/png;base64,iVBORw0KGgo=", "data URL"),
        (b"\0\0\0\x18ftypavif", "AVIF, not a picture of an accepted format; send a JPEG"),
        (b"\0\0\0\x18ftypisom", "MP4, not a picture of an accepted format; send a JPEG"),
        (b"\0\0\0\x20ftypmp42", "MP4"),
        (b"\0\0\0\x14ftypqt  ", "MOV, not a picture of an accepted format; send a JPEG"),
        (b"\0\0\0\x18ftypcrx ", "unknown format"),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF".decode("utf-8", "replace").encode(),
            "bytes that were read as text, not a picture",
        ),
        (b"\xff\xd8\xff\xe0\0\x10JFIF".decode("latin-1").encode(), "bytes that were read as text, not a picture"),
        (b"\x89PNG\r\n\x1a\n".decode("utf-8", "replace").encode(), "bytes that were read as text, not a picture"),
        (b"\x89PNG\r\n\x1a\n".decode("latin-1").encode(), "bytes that were read as text, not a picture"),
        (b"hello", "unknown format; send a JPEG"),
        (b"\0" * 100, "unknown format"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "no pixels"),
        (b"RIFF\0\0\0\0WEBPXXXX", "WEBP"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"BM", "unknown format"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, word: str):
    """Other formats and bare headers are refused with a reason that says what came instead."""
    with pytest.raises(NotAPicture) as caught:
        image.decode(data)

    assert word in caught.value.cause


def read_or_refused(data: bytes) -> bool:
    try:
        got = image.decode(data, max_pixels=1_000_000)
    except PictureError:
        return True
    return got.pixels.dtype == np.uint8 and got.pixels.ndim == 3 and got.pixels.shape[2] == 3


STARTS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8X", b"GIF89a", b"II*\0", b"MM\0*", b"BM"]


@given(st.sampled_from(STARTS), st.binary(max_size=200))
@example(b"II*\0", b"\x08\0\0\0\xff\xff")
def test_random_bytes_are_a_picture_error(start: bytes, rest: bytes):
    """Whatever the bytes, the answer is a picture or a PictureError."""
    assert read_or_refused(start + rest)


VALID = {kind: encoded(quarters(24, 16), kind) for kind in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")} | {
    "progressive": encoded(quarters(24, 16), "JPEG", progressive=True, exif=exif(6)),
    "palette": encoded(quarters(24, 16).quantize(), "PNG"),
    "deflate": encoded(quarters(24, 16), "TIFF", compression="tiff_adobe_deflate"),
    "cmyk": encoded(quarters(24, 16).convert("CMYK"), "JPEG"),
    "lossless": encoded(quarters(24, 16), "WEBP", lossless=True, exif=exif(3)),
}


@given(st.sampled_from(sorted(VALID)), st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=6))
def test_mutated_pictures_are_read_or_refused(kind: str, changes: list[tuple[int, int]]):
    """A picture with some bytes changed is a picture or a PictureError."""
    data = bytearray(VALID[kind])
    for place, value in changes:
        data[place % len(data)] = value

    assert read_or_refused(bytes(data))


MEASURE = """
import resource, sys
from bankcard_ocr.vision import image
image.decode(open(sys.argv[1], "rb").read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
image.decode(open(sys.argv[2], "rb").read())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [("WEBP", "RGBA", {"lossless": True, "method": 0}), ("JPEG", "CMYK", {"progressive": True}), ("PNG", "RGBA", {})],
)
def test_memory_is_bounded_by_the_pixels_as_sent(tmp_path, kind: str, mode: str, options):
    """Decoding costs less than 16 bytes for each pixel, for the formats that cost most."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(encoded(Image.new(mode, (8, 8)), kind, **options))
    large.write_bytes(encoded(Image.new(mode, (4000, 3000)), kind, **options))
    line = [sys.executable, "-c", MEASURE, str(small), str(large)]
    used = int(subprocess.run(line, capture_output=True, text=True, check=True).stdout)

    assert used / (4000 * 3000) < 16
