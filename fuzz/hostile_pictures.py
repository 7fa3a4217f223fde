"""Pictures that want to harm: ``corpus()`` draws all of them, each with what must become of it.

    python fuzz/hostile_pictures.py FOLDER      # writes them, named after what they do

Bombs of pixels in every format, files whose headers lie, metadata that loops or swells, kinds of pixels that few
programs write, animations, polyglots. None shows a card. ``truncations()`` cuts small pictures at every byte.
"""

from __future__ import annotations

import argparse
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from PIL import Image, ImageCms

Outcome = Literal["read", "damaged", "too large"]

EDGE = 7071  # EDGE x EDGE is the last square under 50 megapixels
LARGE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One file; ``expected`` is what a decoder with 50 megapixels and 2 MiB to spend must say."""

    name: str
    expected: Outcome
    draw: Callable[[], bytes] = field(repr=False)


_DRAWN: list[tuple[Callable[[], bytes], Outcome]] = []


def becomes(expected: Outcome) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Puts what is drawn below into the corpus, under its own name."""

    def keep(draw: Callable[[], bytes]) -> Callable[[], bytes]:
        _DRAWN.append((draw, expected))
        return draw

    return keep


def corpus() -> list[Hostile]:
    """Every hostile picture; each is drawn when its ``draw`` is called."""
    return [
        *(Hostile(name=draw.__name__.replace("_", " "), expected=expected, draw=draw) for draw, expected in _DRAWN),
        *(Hostile(name=name, expected=expected, draw=partial(bytes, data)) for name, data, expected in _variants()),
    ]


def truncations() -> Iterator[tuple[str, bytes, bytes]]:
    """(name, cut, whole) for each place at which each of a dozen small pictures can be cut."""
    for name, data in small().items():
        for end in range(len(data)):
            yield f"{name} cut at {end} of {len(data)}", data[:end], data


def small() -> dict[str, bytes]:
    """A small whole picture of each kind, with a bit of everything in it."""
    drawn = Image.linear_gradient("L").resize((24, 16)).convert("RGB")
    drawn.paste((200, 30, 30), (0, 0, 12, 8))
    turned = Image.Exif()
    turned[0x0112] = 6
    return {
        "jpeg": saved(drawn, "JPEG", exif=turned),
        "progressive jpeg": saved(drawn, "JPEG", progressive=True),
        "cmyk jpeg": saved(drawn.convert("CMYK"), "JPEG"),
        "png": saved(drawn, "PNG"),
        "palette png": saved(drawn.quantize(8), "PNG", transparency=0),
        "webp": saved(drawn, "WEBP"),
        "lossless webp": saved(drawn, "WEBP", lossless=True, exif=turned),
        "animated webp": saved(drawn, "WEBP", save_all=True, append_images=[drawn.transpose(Image.Transpose(0))]),
        "gif": saved(drawn, "GIF"),
        "animated gif": saved(drawn, "GIF", save_all=True, append_images=[drawn.transpose(Image.Transpose(0))]),
        "bmp": saved(drawn, "BMP"),
        "tiff": saved(drawn, "TIFF"),
        "deflate tiff": saved(drawn, "TIFF", compression="tiff_adobe_deflate"),
        "g4 tiff": saved(drawn.convert("1"), "TIFF", compression="group4"),
    }


def saved(drawn: Image.Image, kind: str, **options: object) -> bytes:
    """``drawn`` as a file of this kind."""
    file = io.BytesIO()
    drawn.save(file, kind, **options)
    return file.getvalue()


# ---- PNG


def chunk(name: bytes, body: bytes = b"") -> bytes:
    """A PNG chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    width: int,
    height: int,
    rows: bytes = b"",
    *,
    depth: int = 8,
    colour: int = 0,
    interlace: int = 0,
    before: bytes = b"",
    packed: bytes | None = None,
) -> bytes:
    """A PNG of this header around ``rows`` (filter byte and samples of each), with chunks ``before`` them."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    body = chunk(b"IDAT", zlib.compress(rows, 9) if packed is None else packed)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + body + chunk(b"IEND")


def zeros(count: int) -> bytes:
    """``count`` zero bytes under zlib, made without holding them: each megabyte is the same thousand bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes(count & (1 << 20) - 1)) + packer.flush()
    checksum = struct.pack(">HH", count % 65_521, 1)  # Adler-32 of nothing but zeros
    return b"\x78\xda" + block * (count >> 20) + rest + checksum


@becomes("too large")
def png_of_400_megapixels() -> bytes:
    return png(LARGE, LARGE)


@becomes("too large")
def png_of_the_widest_row() -> bytes:
    return png(2**31 - 1, 1)


@becomes("damaged")
def png_of_no_pixels() -> bytes:
    return png(0, 0)


@becomes("read")
def png_at_the_limit_of_pixels() -> bytes:
    return png(EDGE, EDGE, colour=2, packed=zeros((3 * EDGE + 1) * EDGE))


@becomes("read")
def png_interlaced_at_the_limit() -> bytes:
    return png(EDGE, EDGE, colour=0, interlace=1, packed=zeros(EDGE * EDGE + 4 * EDGE))


@becomes("read")
def png_with_far_too_many_rows() -> bytes:
    return png(8, 8, packed=zeros(500_000_000))


@becomes("damaged")
def png_with_too_few_rows() -> bytes:
    return png(EDGE, EDGE, colour=6, packed=zeros(1000))


@becomes("read")
def png_of_16_bit_colour() -> bytes:
    return png(64, 64, bytes(64 * (1 + 64 * 8)), depth=16, colour=6)


@becomes("read")
def png_of_one_bit() -> bytes:
    return png(64, 64, bytes(64 * 9), depth=1)


@becomes("damaged")
def png_of_three_bits() -> bytes:
    return png(64, 64, bytes(64 * 99), depth=3)


@becomes("damaged")
def png_of_an_unknown_colour() -> bytes:
    return png(64, 64, bytes(64 * 999), colour=5)


@becomes("read")
def png_of_a_palette_without_one() -> bytes:
    return png(4, 4, bytes(20), colour=3)


@becomes("read")
def png_of_indices_beyond_its_palette() -> bytes:
    return png(4, 4, b"\0\xff\xff\xff\xff" * 4, colour=3, before=chunk(b"PLTE", b"\xff\0\0"))


@becomes("damaged")
def png_of_an_oversized_palette() -> bytes:
    return png(4, 4, bytes(20), colour=3, before=chunk(b"PLTE", bytes(3 * 4000)))


@becomes("damaged")
def png_of_a_wrong_checksum() -> bytes:
    data = png(4, 4, bytes(20))
    return data[:29] + b"\0\0\0\0" + data[33:]


@becomes("damaged")
def png_of_an_endless_chunk() -> bytes:
    return png(4, 4, bytes(20))[:33] + struct.pack(">I", 2**31 - 1) + b"tEXt"


@becomes("read")
def png_of_a_hundred_thousand_chunks() -> bytes:
    return png(4, 4, bytes(20), before=chunk(b"tEXt") * 100_000)


@becomes("read")
def png_of_a_hundred_thousand_empty_rows() -> bytes:
    data = png(4, 4, bytes(20))
    return data[:33] + chunk(b"IDAT") * 100_000 + data[33:]


@becomes("damaged")
def png_of_a_text_that_swells() -> bytes:
    return png(4, 4, bytes(20), before=chunk(b"zTXt", b"Comment\0\0" + zeros(200_000_000)))


@becomes("damaged")
def png_of_many_texts_that_swell() -> bytes:
    return png(4, 4, bytes(20), before=chunk(b"zTXt", b"Comment\0\0" + zeros(1_000_000)) * 1000)


@becomes("damaged")
def png_of_a_profile_that_swells() -> bytes:
    return png(4, 4, bytes(20), before=chunk(b"iCCP", b"icc\0\0" + zeros(200_000_000)))


@becomes("read")
def png_of_a_profile_that_is_none() -> bytes:
    return png(4, 4, bytes(20), before=chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"no profile")))


@becomes("read")
def png_of_exif_that_loops() -> bytes:
    return png(4, 4, bytes(20), before=chunk(b"eXIf", looping_exif()))


@becomes("read")
def png_animated() -> bytes:
    frame = Image.new("RGB", (16, 16), "white")
    return saved(frame, "PNG", save_all=True, append_images=[Image.new("RGB", (16, 16))] * 50)


@becomes("read")
def png_that_says_four_thousand_million_frames() -> bytes:
    return png(4, 4, bytes(20), before=chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0)))


# ---- JPEG


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment with its length."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(width: int = 64, height: int = 64, **options: object) -> bytes:
    """A grey JPEG."""
    return saved(Image.linear_gradient("L").resize((width, height)), "JPEG", **options)


def begun(*segments: bytes) -> bytes:
    """A JPEG with these segments after its beginning."""
    return b"\xff\xd8" + b"".join(segments) + jpeg()[2:]


def _sized(data: bytes, width: int, height: int) -> bytes:
    place = max(data.find(b"\xff\xc0\0"), data.find(b"\xff\xc2\0")) + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def _changed(data: bytes, marker: bytes, by: bytes) -> bytes:
    place = data.index(marker)
    return data[:place] + by + data[place + len(by) :]


def _scans(count: int, *, width: int, height: int) -> bytes:
    """A progressive JPEG, its first scan and then ``count`` scans of one coefficient, empty as far as allowed."""
    data = _sized(saved(Image.new("L", (8, 8)), "JPEG", progressive=True), width, height)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    refined = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 1, 1, 0x00)
    return data[:second] + refined * count + b"\xff\xd9"


@becomes("too large")
def jpeg_of_4290_megapixels() -> bytes:
    return _sized(jpeg(), 65_500, 65_500)


@becomes("damaged")
def jpeg_of_no_height() -> bytes:
    return _sized(jpeg(), 64, 0)


@becomes("damaged")
def jpeg_of_no_width() -> bytes:
    return _sized(jpeg(), 0, 64)


@becomes("read")
def jpeg_at_the_limit_of_pixels() -> bytes:
    return saved(Image.new("L", (EDGE, EDGE)), "JPEG", quality=5)


@becomes("read")
def jpeg_progressive_at_the_limit() -> bytes:
    return saved(Image.new("RGB", (EDGE, EDGE)), "JPEG", quality=5, progressive=True)


@becomes("damaged")
def jpeg_of_thousands_of_scans() -> bytes:
    return _scans(10_000, width=4000, height=4000)


@becomes("damaged")
def jpeg_of_many_scans_of_many_pixels() -> bytes:
    return _scans(40, width=EDGE, height=EDGE)


@becomes("damaged")
def jpeg_of_as_many_scans_as_allowed() -> bytes:
    return _scans(11, width=EDGE, height=EDGE)


@becomes("damaged")
def jpeg_that_claims_50_megapixels_and_has_none() -> bytes:
    return _sized(jpeg(), EDGE, EDGE)


@becomes("read")
def jpeg_of_arithmetic_coding() -> bytes:
    return _changed(jpeg(), b"\xff\xc0", b"\xff\xc9")


@becomes("damaged")
def jpeg_lossless() -> bytes:
    return _changed(jpeg(), b"\xff\xc0", b"\xff\xc3")


@becomes("damaged")
def jpeg_of_12_bits() -> bytes:
    data = jpeg()
    place = data.index(b"\xff\xc0") + 4
    return data[:place] + b"\x0c" + data[place + 1 :]


@becomes("damaged")
def jpeg_of_255_components() -> bytes:
    data = jpeg()
    place = data.index(b"\xff\xc0") + 9
    return data[:place] + b"\xff" + data[place + 1 :]


@becomes("damaged")
def jpeg_of_odd_sampling() -> bytes:
    data = saved(Image.new("RGB", (64, 64)), "JPEG")
    place = data.index(b"\xff\xc0") + 11
    return data[:place] + b"\x43" + data[place + 1 :]


@becomes("damaged")
def jpeg_without_tables() -> bytes:
    data = jpeg()
    return data[:2] + data[data.index(b"\xff\xc0") :]


@becomes("read")
def jpeg_of_restarts_at_every_block() -> bytes:
    return jpeg(512, 512, restart_marker_blocks=1)


@becomes("read")
def jpeg_of_two_megabytes_of_comments() -> bytes:
    return begun(*[segment(0xFE, bytes(60_000))] * 33)


@becomes("read")
def jpeg_of_comments_without_length() -> bytes:
    return begun(*[b"\xff\xfe\0\2"] * 400_000)


@becomes("read")
def jpeg_of_a_segment_of_length_zero() -> bytes:
    return begun(b"\xff\xe1\0\0")


@becomes("read")
def jpeg_of_exif_that_loops() -> bytes:
    return begun(segment(0xE1, b"Exif\0\0" + looping_exif()))


@becomes("read")
def jpeg_of_exif_that_points_away() -> bytes:
    return begun(segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<I", 2**32 - 1)))


@becomes("read")
def jpeg_of_65535_exif_entries() -> bytes:
    entry = struct.pack("<HHII", 0x0111, 3, 1, 1)
    return begun(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + entry * 5000))


@becomes("read")
def jpeg_of_exif_in_exif() -> bytes:
    return begun(*[segment(0xE1, b"Exif\0\0" + looping_exif())] * 2000)


@becomes("read")
def jpeg_of_a_profile_in_255_pieces() -> bytes:
    return begun(*[segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 255]) + bytes(8000)) for n in range(1, 256)])


@becomes("damaged")
def jpeg_of_profile_pieces_that_contradict() -> bytes:
    return begun(*[segment(0xE2, b"ICC_PROFILE\0" + bytes(pair) + b"x") for pair in ((0, 0), (9, 1), (1, 9), (1, 1))])


@becomes("read")
def jpeg_of_a_true_profile_cut_short() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return jpeg(icc_profile=profile[: len(profile) // 2])


@becomes("read")
def jpeg_of_many_pictures() -> bytes:
    others = [Image.new("RGB", (64, 64))] * 20
    return saved(Image.new("RGB", (64, 64)), "MPO", save_all=True, append_images=others)


@becomes("damaged")
def jpeg_of_its_beginning_again_and_again() -> bytes:
    return b"\xff\xd8" * 100_000 + jpeg()[2:]


@becomes("read")
def jpeg_of_markers_alone() -> bytes:
    return b"\xff\xd8" + b"\xff" * 1_000_000 + jpeg()[2:]


@becomes("read")
def jpeg_cmyk_of_41_megapixels() -> bytes:
    return saved(Image.new("CMYK", (6400, 6400)), "JPEG", quality=5)


@becomes("read")
def jpeg_cmyk_without_adobes_mark() -> bytes:
    data = saved(Image.new("CMYK", (64, 64)), "JPEG")
    place = data.index(b"Adobe")
    return data[:place] + b"Adoby" + data[place + 5 :]


# ---- WebP


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of these chunks."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    """A VP8X chunk of this size."""
    return b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def _bitstream(side: int, **options: object) -> bytes:
    return saved(Image.new("RGB", (side, side)), "WEBP", **options)[20:]


@becomes("too large")
def webp_of_268_megapixels() -> bytes:
    data = saved(Image.new("L", (8, 8)), "WEBP", lossless=True)
    bits = int.from_bytes(data[21:25], "little") & ~0xFFFFFFF | 16_382 << 14 | 16_382
    return data[:21] + bits.to_bytes(4, "little") + data[25:]


@becomes("too large")
def webp_of_the_largest_canvas() -> bytes:
    return webp(canvas(2**24, 2**24), (b"VP8L", _bitstream(8, lossless=True)))


@becomes("damaged")
def webp_whose_canvas_hides_what_is_in_it() -> bytes:
    return webp(canvas(1, 1), (b"VP8L", webp_of_268_megapixels()[20:]))


@becomes("read")
def webp_at_the_limit_of_pixels() -> bytes:
    return saved(Image.new("RGB", (EDGE, EDGE)), "WEBP", lossless=True, method=0)


@becomes("read")
def webp_with_alpha_at_the_limit() -> bytes:
    return saved(Image.new("RGBA", (EDGE, EDGE)), "WEBP", lossless=True, method=0)


@becomes("read")
def webp_of_thousands_of_frames() -> bytes:
    picture = saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True)[12:]
    frame = bytes(6) + (7).to_bytes(3, "little") * 2 + bytes(4) + picture
    return webp(canvas(8, 8, 2), (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * 20_000)


@becomes("read")
def webp_of_a_large_canvas_of_frames() -> bytes:
    picture = saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True)[12:]
    frame = bytes(6) + (7).to_bytes(3, "little") * 2 + bytes(4) + picture
    return webp(canvas(EDGE, EDGE, 2), (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * 2000)


@becomes("damaged")
def webp_that_lies_about_its_length() -> bytes:
    data = saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True)
    return data[:4] + b"\xff\xff\xff\xff" + data[8:]


@becomes("damaged")
def webp_of_nothing() -> bytes:
    return webp()


@becomes("damaged")
def webp_of_a_chunk_without_end() -> bytes:
    return webp((b"VP8 ", b""))[:16] + b"\xff\xff\xff\xff"


# ---- GIF


def gif(width: int, height: int, *frames: bytes) -> bytes:
    """A GIF of this canvas."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + b"".join(frames) + b"\x3b"


def frame(width: int, height: int, data: bytes = b"\x02\x02\x44\x01\x00", *, left: int = 0, top: int = 0) -> bytes:
    """A frame of a GIF; ``data`` are the size of its codes and its blocks."""
    return b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0) + data


@becomes("too large")
def gif_of_4290_megapixels() -> bytes:
    return gif(65_535, 65_535, frame(1, 1))


@becomes("damaged")
def gif_whose_frame_is_larger_than_it() -> bytes:
    return gif(1, 1, frame(65_535, 65_535))


@becomes("damaged")
def gif_whose_frame_lies_far_outside() -> bytes:
    return gif(1, 1, frame(1, 1, left=65_535, top=65_535))


@becomes("read")
def gif_at_the_limit_of_pixels() -> bytes:
    return saved(Image.new("P", (EDGE, EDGE)), "GIF")


@becomes("read")
def gif_of_a_large_canvas_and_a_small_frame() -> bytes:
    return gif(EDGE, EDGE, frame(1, 1))


@becomes("read")
def gif_of_ten_thousand_frames() -> bytes:
    return gif(1, 1, *[frame(1, 1)] * 10_000)


@becomes("damaged")
def gif_without_a_frame() -> bytes:
    return gif(64, 64)


@becomes("damaged")
def gif_of_no_pixels() -> bytes:
    return gif(0, 0, frame(0, 0))


@becomes("damaged")
def gif_of_codes_of_255_bits() -> bytes:
    return gif(8, 8, frame(8, 8, b"\xff\x02\x44\x01\x00"))


@becomes("damaged")
def gif_of_comments_without_end() -> bytes:
    return gif(8, 8, b"\x21\xfe" + (b"\xff" + bytes(255)) * 8000 + b"\0", frame(8, 8))


@becomes("damaged")
def gif_of_extensions_without_end() -> bytes:
    return gif(8, 8, *[b"\x21\xf9\x04\0\0\0\0\0"] * 200_000)


# ---- TIFF


def tiff(tags: dict[int, tuple[int, int, int]], data: bytes = b"", *, following: int = 0) -> bytes:
    """A little-endian TIFF of one directory: tag -> (type, count, value); ``data`` follows it."""
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(tags.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + data


def strips(width: int, height: int, size: int, **more: int) -> dict[int, tuple[int, int, int]]:
    """Tags of a grey picture in one strip of ``size`` bytes; ``more`` are other values by their names."""
    names = {"compression": 259, "bits": 258, "samples": 277, "rows": 278, "photometric": 262, "planar": 284}
    values = {"compression": 1, "bits": 8, "samples": 1, "rows": height, "photometric": 1, **more}
    tags = {256: (4, 1, width), 257: (4, 1, height), 279: (4, 1, size)}
    tags |= {names[name]: (4, 1, value) for name, value in values.items()}
    tags[273] = (4, 1, 8 + 2 + 12 * (len(tags) + 1) + 4)
    return tags


@becomes("too large")
def tiff_of_400_megapixels() -> bytes:
    return tiff(strips(LARGE, LARGE, 4), bytes(4))


@becomes("too large")
def tiff_of_the_largest_size() -> bytes:
    return tiff(strips(2**32 - 1, 2**32 - 1, 4), bytes(4))


@becomes("damaged")
def tiff_of_no_pixels() -> bytes:
    return tiff(strips(0, 0, 4), bytes(4))


@becomes("read")
def tiff_at_the_limit_of_pixels() -> bytes:
    return saved(Image.new("RGB", (EDGE, EDGE)), "TIFF", compression="tiff_adobe_deflate")


@becomes("read")
def tiff_of_16_bits_and_alpha_at_the_limit() -> bytes:
    packed = zeros(8 * EDGE * EDGE)
    tags = strips(EDGE, EDGE, len(packed), compression=8, samples=4, photometric=2)
    long = 8 + 2 + 12 * 10 + 4
    more = {258: (3, 4, long), 338: (3, 1, 2), 273: (4, 1, long + 8)}
    return tiff({**tags, **more}, struct.pack("<4H", 16, 16, 16, 16) + packed)


@becomes("read")
def tiff_of_one_bit_at_the_limit() -> bytes:
    return saved(Image.new("1", (EDGE, EDGE)), "TIFF", compression="group4")


@becomes("read")
def tiff_of_a_strip_that_swells() -> bytes:
    packed = zeros(500_000_000)
    return tiff(strips(8, 8, len(packed), compression=8), packed)


@becomes("damaged")
def tiff_of_a_strip_that_is_not_there() -> bytes:
    return tiff(strips(EDGE, EDGE, 2**32 - 1, compression=8))


@becomes("damaged")
def tiff_of_65535_samples() -> bytes:
    return tiff(strips(64, 64, 4, samples=65_535), bytes(4))


@becomes("damaged")
def tiff_of_64_bits() -> bytes:
    return tiff(strips(64, 64, 64 * 64 * 8, bits=64), bytes(64 * 64 * 8))


@becomes("read")
def tiff_of_16_bits() -> bytes:
    return tiff(strips(64, 64, 64 * 64 * 2, bits=16), bytes(64 * 64 * 2))


@becomes("damaged")
def tiff_of_strips_of_no_rows() -> bytes:
    return tiff(strips(64, 64, 64 * 64, rows=0), bytes(64 * 64))


@becomes("damaged")
def tiff_of_an_unknown_compression() -> bytes:
    return tiff(strips(64, 64, 64 * 64, compression=12_345), bytes(64 * 64))


@becomes("read")
def tiff_of_jpeg_inside() -> bytes:
    packed = jpeg()
    return tiff(strips(64, 64, len(packed), compression=7), packed)


@becomes("read")
def tiff_of_a_tag_of_four_thousand_million_values() -> bytes:
    return tiff({**strips(64, 64, 64 * 64), 270: (2, 2**32 - 1, 8)}, bytes(64 * 64 + 12))


@becomes("damaged")
def tiff_of_65535_tags() -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + struct.pack("<HHII", 270, 2, 60, 8) * 65_535 + bytes(4)


@becomes("damaged")
def tiff_of_tags_that_all_hold_the_file() -> bytes:
    entries = b"".join(struct.pack("<HHII", 1000 + n, 7, 900_000, 8) for n in range(5000))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entries + bytes(4) + bytes(900_000)


@becomes("read")
def tiff_whose_directory_follows_itself() -> bytes:
    return tiff(strips(64, 64, 64 * 64), bytes(64 * 64), following=8)


@becomes("read")
def tiff_of_ten_thousand_directories() -> bytes:
    place = len(tiff(strips(64, 64, 64 * 64), bytes(64 * 64)))
    chain = [struct.pack("<HHHIII", 1, 256, 4, 1, 64, place + 18 * (n + 1)) for n in range(10_000)]
    return tiff(strips(64, 64, 64 * 64), bytes(64 * 64) + b"".join(chain), following=place)


@becomes("read")
def tiff_of_exif_that_loops() -> bytes:
    return tiff({**strips(64, 64, 64 * 64), 34665: (4, 1, 8), 330: (4, 1, 8)}, bytes(64 * 64 + 24))


@becomes("read")
def tiff_of_animation() -> bytes:
    return saved(Image.new("L", (16, 16)), "TIFF", save_all=True, append_images=[Image.new("L", (16, 16))] * 200)


@becomes("damaged")
def tiff_of_tiles_of_no_size() -> bytes:
    tags = {tag: value for tag, value in strips(64, 64, 4).items() if tag not in {273, 278, 279}}
    return tiff({**tags, 322: (4, 1, 0), 323: (4, 1, 0), 324: (4, 1, 8), 325: (4, 1, 4)}, bytes(4))


@becomes("too large")
def tiff_of_one_enormous_tile() -> bytes:
    tags = {tag: value for tag, value in strips(64, 64, 4, compression=8).items() if tag not in {273, 278, 279}}
    packed = zeros(500_000_000)
    edge = {322: (4, 1, 20_000), 323: (4, 1, 20_000), 324: (4, 1, 8 + 2 + 12 * 9 + 4), 325: (4, 1, len(packed))}
    return tiff({**tags, **edge}, packed)


@becomes("too large")
def tiff_of_a_tile_of_more_memory_than_there_is() -> bytes:
    tags = {tag: value for tag, value in strips(64, 64, 4, compression=8).items() if tag not in {273, 278, 279}}
    edge = {322: (4, 1, 40_000), 323: (4, 1, 50_000), 324: (4, 1, 8 + 2 + 12 * 9 + 4), 325: (4, 1, 4)}
    return tiff({**tags, **edge}, bytes(4))


@becomes("damaged")
def tiff_of_a_dictionary_of_1536_mebibytes() -> bytes:
    head = b"\xfd7zXZ\0\0\0"
    block = b"\x02\0\x21\x01\x25\0\0\0"
    packed = head + struct.pack("<I", zlib.crc32(head[6:])) + block + struct.pack("<I", zlib.crc32(block)) + bytes(64)
    return tiff(strips(64, 64, len(packed), compression=34_925), packed)


@becomes("damaged")
def tiff_of_an_enormous_window() -> bytes:
    packed = b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(64)  # zstd with a window of 2 GiB
    return tiff(strips(64, 64, len(packed), compression=50_000), packed)


# ---- HEIC, where pillow-heif is installed


def heic() -> bytes:
    """A small HEIC, or what begins like one."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    register_heif_opener()
    return saved(Image.linear_gradient("L").resize((64, 64)).convert("RGB"), "HEIF", quality=50)


@becomes("damaged")
def heic_of_its_head_alone() -> bytes:
    return heic()[:24]


@becomes("too large")
def heic_of_400_megapixels() -> bytes:
    place = heic().index(b"ispe") + 8
    return heic()[:place] + struct.pack(">II", LARGE, LARGE) + heic()[place + 8 :]


@becomes("damaged")
def heic_of_boxes_in_boxes() -> bytes:
    boxes = b""
    for _ in range(20_000):
        boxes = struct.pack(">I", 8 + len(boxes)) + b"meta" + boxes if len(boxes) < 160_000 else boxes
    return heic()[:24] + boxes


# ---- BMP


def bmp(width: int, height: int, data: bytes = b"", *, bits: int = 24, packed: int = 0, colours: int = 0) -> bytes:
    """A BMP of this header."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packed, len(data), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + header + data


@becomes("too large")
def bmp_of_400_megapixels() -> bytes:
    return bmp(LARGE, LARGE)


@becomes("too large")
def bmp_of_the_lowest_height() -> bytes:
    return bmp(1, -(2**31))


@becomes("too large")
def bmp_of_negative_width() -> bytes:
    return bmp(-64, 64, bytes(64 * 64 * 3))


@becomes("read")
def bmp_top_down() -> bytes:
    return bmp(64, -64, bytes(64 * 64 * 3))


@becomes("damaged")
def bmp_of_no_bits() -> bytes:
    return bmp(64, 64, bytes(64 * 64 * 3), bits=0)


@becomes("damaged")
def bmp_of_four_thousand_million_colours() -> bytes:
    return bmp(64, 64, bytes(64 * 64), bits=8, colours=2**32 - 1)


@becomes("damaged")
def bmp_of_an_enormous_header() -> bytes:
    data = bmp(64, 64, bytes(64 * 64 * 3))
    return data[:14] + struct.pack("<I", 2**32 - 1) + data[18:]


@becomes("damaged")
def bmp_of_jpeg_inside() -> bytes:
    return bmp(64, 64, jpeg(), bits=0, packed=4)


@becomes("read")
def bmp_of_runs_that_never_arrive() -> bytes:
    data = struct.pack("<256I", *[0] * 256) + b"\0\2\xff\xff" * 100_000
    return _rle(64, 64, data)


@becomes("read")
def bmp_of_runs_at_the_limit() -> bytes:
    row = b"".join(bytes([min(255, EDGE - start), 0]) for start in range(0, EDGE, 255)) + b"\0\0"
    return _rle(EDGE, EDGE, struct.pack("<256I", *[0] * 256) + row * EDGE + b"\0\1")


def _rle(width: int, height: int, data: bytes) -> bytes:
    made = bmp(width, height, data, bits=8, packed=1, colours=256)
    return made[:10] + struct.pack("<I", 54 + 1024) + made[14:]


# ---- metadata and polyglots


def looping_exif() -> bytes:
    """A TIFF block of two directories that point to each other, and to themselves as EXIF, GPS and sub-directories."""
    pointers = [(tag, 4, 1, 8) for tag in (330, 34665, 34853, 40965)]
    directory = struct.pack("<H", 4) + b"".join(struct.pack("<HHII", *each) for each in pointers)
    return b"II*\0\x08\0\0\0" + directory + struct.pack("<I", 62) + directory + struct.pack("<I", 8)


def _variants() -> Iterator[tuple[str, bytes, Outcome]]:
    """Whole pictures with other files before or behind them, and pictures that begin like another format."""
    for name, data in small().items():
        yield f"{name}, then a ZIP", data + b"PK\x03\x04" + bytes(100), "read"
        yield f"{name}, then HTML", data + b"<html><script>alert(1)</script>", "read"
        yield f"HTML, then {name}", b"<html><!--" + data, "damaged"
        yield f"{name} of one byte too many at its start", b"\0" + data, "damaged"
    yield "a PDF with a JPEG in it", b"%PDF-1.4\n1 0 obj<<>>stream\n" + jpeg() + b"\nendstream", "damaged"
    yield (
        "an SVG that asks for a file",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/>',
        "damaged",
    )
    yield "a PNG that begins like a JPEG", b"\xff\xd8\xff" + png(4, 4, bytes(20)), "damaged"
    yield "PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "damaged"
    yield "zeros", bytes(2_000_000), "damaged"


def main() -> None:
    """Writes all of them into a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for hostile in corpus():
        (folder / f"{hostile.name} ({hostile.expected})").write_bytes(hostile.draw())


if __name__ == "__main__":
    main()
