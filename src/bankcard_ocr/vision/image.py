"""Bytes to an upright RGB picture, within limits.

The size is read from the header and checked before any pixel is allocated. JPEG, the common case, is decoded by
libjpeg-turbo, at a half, quarter or eighth of its size when that is enough; PNG, WebP, BMP, GIF, TIFF, CMYK JPEG, and
HEIC where pillow-heif is installed, by Pillow; a PDF of one page where pypdfium2 is, by PDFium (pdf.py). Of several
frames the first counts; the EXIF orientation is applied; transparency lies on white; 16 bits a channel become 8;
nothing else of the metadata survives.

A picture that is cut off is an error, never one whose rest is grey; but a JPEG in one scan that lacks nothing but the
marker of its end is read. What the bytes are decides, not a name or header that came with them. Pillow may warn of
damage, which is an error here or does not matter; whether its warnings are shown is for the program to say, since
filters of warnings are the whole process's.

Memory at work is at most 16 bytes for each pixel as sent (measured at 50 megapixels: WebP with alpha 15.4, progressive
CMYK JPEG 11.6, progressive JPEG 5.9, PNG 5.2, plain JPEG 0.2), so 800 MB at the default limit and 20 MB for 1280 x 960.
Pictures over LARGE pixels that need so much are decoded one after another, so that as many of them as a process has
threads need no more than one.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from .. import formats
from ..errors import NotAPicture, PictureError, PictureTooLarge
from . import jpeg, pdf

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

if "LD_LIBRARY_PATH" in os.environ:
    # Importing OpenCV adds an empty entry, which is the working directory: programs that are started from this process,
    # as for a PDF, would load libraries that lie among the pictures.
    os.environ["LD_LIBRARY_PATH"] = ":".join(filter(None, os.environ["LD_LIBRARY_PATH"].split(":")))

Pixels = NDArray[np.uint8]
_Decoder = Callable[[bytes, int, int], "Picture"]  # (data, enough, max_pixels)

MAX_BYTES = 2 * 1024 * 1024
ENOUGH = 1600  # pixels of the longer side that show all that is read of a card
MAX_PIXELS = 50_000_000
LARGE = 8_000_000  # pixels from which a picture waits until no other so large is being decoded
MOST_SCANS = 64  # of a progressive JPEG; programs write about 10
FEW_SCANS = 12  # what Pillow takes a JPEG with, which is given over to it before its size is known
MOST_PROFILES = 8  # of a PNG, which has one; the word may stand in its pixels by chance
MOST_SCANNED = 600_000_000  # pixels times scans: each is a pass over all pixels, about 0.1 s at the limit of pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture.

    ``pixels``: uint8 (H, W, 3), RGB, upright, C-contiguous. ``size``: (width, height) of the picture as sent, after its
    EXIF orientation. ``reduced``: 1, 2, 4 or 8, how many pixels as sent make one of ``pixels``, each way; the last
    row and column may stand for fewer.
    """

    pixels: Pixels = field(repr=False)
    size: tuple[int, int]
    reduced: int = 1

    def as_sent(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """``points`` (..., 2) of (x, y) in ``pixels``, as they lie in the picture as sent; pixel centres are whole."""
        return np.asarray((np.asarray(points, np.float32) + 0.5) * self.reduced - 0.5, np.float32)


def decode(data: bytes, *, enough: int = ENOUGH, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Picture:
    """The picture that ``data`` holds, its longer side reduced by a power of two while it stays at least ``enough``.

    Raises PictureTooLarge over ``max_bytes`` or ``max_pixels``; NotAPicture for another format or damage.
    """
    if len(data) > max_bytes:
        raise PictureTooLarge(got=len(data), limit=max_bytes, unit="bytes")
    decoder = _DECODERS.get(formats.format_of(data))
    if decoder is None:
        raise NotAPicture(_what(data))
    return decoder(data, enough, max_pixels)


def reduced(pixels: Pixels, *, enough: int = ENOUGH) -> Picture:
    """The picture that was decoded elsewhere, ``pixels`` uint8 (H, W, 3) RGB or (H, W) grey, reduced as by `decode`.

    Raises TypeError when they are no such array, PictureTooLarge over MAX_PIXELS, NotAPicture without a pixel.
    """
    from PIL import Image as pillow  # noqa: N813 (the module and its class share a name)

    if not (isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.shape[2:] in {(), (3,)}):
        told = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise TypeError(f"pixels are a numpy array uint8 (H, W, 3), RGB, or (H, W), grey, not {told}")
    if pixels.ndim < 2:
        advice = "Reader.read takes the tobytes() of an encoded picture"
        raise TypeError(f"pixels have rows and columns, not the shape {pixels.shape}; {advice}")
    height, width = pixels.shape[:2]
    _check((width, height), MAX_PIXELS)
    factor = _reduction((width, height), enough)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, 2)
    made = np.asarray(pillow.fromarray(pixels).reduce(factor)) if factor > 1 else np.ascontiguousarray(pixels)
    return Picture(pixels=made, size=(width, height), reduced=factor)


def _what(data: bytes) -> str:
    if not data:
        return "empty"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = formats.format_of(data) or next((name for mark, name in _FOREIGN if head.startswith(mark)), "")
    found = found or next((name for mark, name in _FILMS if head[4:].startswith(mark)), "")
    return (f"{found}, not a picture of an accepted format" if found else "unknown format") + "; send a JPEG"


_AS_TEXT = "bytes that were read as text"  # as UTF-8, of which what is none became U+FFFD, or as Latin-1
_FOREIGN = (
    (b"\xbd\xef\xbf\xbd", _AS_TEXT),  # without the two bytes that a byte order mark begins with, too
    (b"\xbdpng", _AS_TEXT),
    (b"\xc3\xbf\xc3\x98", _AS_TEXT),
    (b"\xc2\x89png", _AS_TEXT),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"{", "JSON"),
    (b"pk\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"8bps", "Photoshop"),
    (b"data:", "data URL"),
    (b"/9j/", "base64 text"),
    (b"ivborw0kggo", "base64 text"),
)
_FILMS = ((b"ftypqt", "MOV"), *((b"ftyp" + brand, "MP4") for brand in (b"iso", b"mp4", b"m4v", b"avc1", b"3g")))


def _check(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if min(size) < 1:
        raise NotAPicture("no pixels")
    if width * height > max_pixels:
        raise PictureTooLarge(got=width * height, limit=max_pixels, unit="pixels")


_ROOMS: dict[int, threading.RLock] = {}  # by process: a forked one lacks the thread that may hold its parent's


@contextmanager
def _alone(size: tuple[int, int]) -> Iterator[None]:
    """Waits until no other picture over LARGE is being decoded, when this one is so large."""
    is_large = size[0] * size[1] > LARGE
    with _ROOMS.setdefault(os.getpid(), threading.RLock()) if is_large else nullcontext():
        yield


def _reduction(size: tuple[int, int], enough: int) -> int:
    return next((factor for factor in (8, 4, 2) if max(size) // factor >= enough), 1)


# ---- JPEG


def _jpeg(data: bytes, enough: int, max_pixels: int) -> Picture:
    scans = jpeg.scans(data)
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError) as error:
        if isinstance(error, ValueError) and "subsampling" not in str(error):
            raise NotAPicture("damaged JPEG") from error
        if scans > FEW_SCANS:
            raise NotAPicture(f"JPEG of an unusual subsampling and of too many scans: {scans}") from error
        return _jpeg_by_pillow(data, enough, max_pixels)  # a kind of subsampling that it has no name for
    _check((width, height), max_pixels)
    if scans > MOST_SCANS or scans * width * height > MOST_SCANNED:
        raise NotAPicture(f"JPEG of too many scans: {scans}")
    if space in {"CMYK", "YCCK"}:
        return _jpeg_by_pillow(data, enough, max_pixels)
    factor = _reduction((width, height), enough)
    with _alone((width, height)) if scans > 1 else nullcontext():
        pixels = _jpeg_pixels(data, -(-width // factor), -(-height // factor))
    return _upright(pixels, (width, height), factor, _orientation(jpeg.exif(data)))


def _jpeg_pixels(data: bytes, width: int, height: int) -> Pixels:
    """Some cameras leave stray bytes before a marker, some senders lose the last one, EOI, which harms no pixel; any
    other complaint means damage.
    """

    def pixels(data: bytes, *, strict: bool = True) -> Pixels:
        return cast("Pixels", simplejpeg.decode_jpeg(data, min_width=width, min_height=height, strict=strict))

    try:
        return pixels(data)
    except ValueError as error:
        truncated = "premature end of jpeg file" in str(error).lower()
        with suppress(ValueError):
            if "extraneous bytes before marker" in str(error):
                return pixels(data, strict=False)
            if truncated and jpeg.is_one_scan(data):
                return pixels(data + b"\xff\xd9")  # which still complains of a single bit that is not there
        raise NotAPicture("truncated JPEG" if truncated else "damaged JPEG") from error


# ---- orientation


def _orientation(exif: bytes) -> int:
    """The Orientation, 1 to 8: tag 0x0112 of the first directory of a TIFF block (TIFF 6.0, section 2); in doubt 1."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        entries = (struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * i) for i in range(count))
        value = next((value for tag, kind, _, value in entries if (tag, kind) == (0x0112, 3)), 1)
    except struct.error:
        return 1
    return value if 1 <= value <= 8 else 1


_TURNS: dict[int, Callable[[Pixels], object]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def _upright(pixels: Pixels, size: tuple[int, int], factor: int, orientation: int) -> Picture:
    turned = np.asarray(_TURNS[orientation](pixels), np.uint8) if orientation in _TURNS else pixels
    return Picture(pixels=turned, size=size[::-1] if orientation >= 5 else size, reduced=factor)


# ---- everything else


def _pillow(module: str, name: str) -> _Decoder:
    """A decoder by one class of Pillow, called past Image.open: its registry knows formats that are not accepted."""

    def decoder(data: bytes, enough: int, max_pixels: int) -> Picture:
        try:
            with getattr(import_module(module), name)(io.BytesIO(data)) as image:
                return _from_pillow(image, enough, max_pixels)
        except PictureError:
            raise
        except Exception as error:  # on hostile bytes its plugins raise about everything there is
            kind = name.removesuffix("ImageFile").upper()
            truncated = "truncated" in str(error).lower()
            raise NotAPicture(f"{'truncated' if truncated else 'damaged'} {kind}") from error

    return decoder


def _from_pillow(image: ImageFile, enough: int, max_pixels: int) -> Picture:
    _check(image.size, max_pixels)
    if tags := getattr(image, "tag_v2", None):  # libtiff allocates a whole tile, which may be larger than its picture
        _check((tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1)), max_pixels)
    size, factor = image.size, _reduction(image.size, enough)
    width, height = size
    pixels = np.empty((-(-height // factor), -(-width // factor), 3), np.uint8)
    with _alone(size):
        image.load()
        if image.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
            image.putalpha(255)  # Windows leaves it empty where there is none
        rows = max(_BAND_ROWS, _BAND // width // _BAND_ROWS * _BAND_ROWS)
        for top in range(0, height, rows):  # in bands, so that conversions do not hold several whole pictures
            band = _rgb(image.crop((0, top, width, min(top + rows, height)))).reduce(factor)
            pixels[top // factor : top // factor + band.height] = np.asarray(band)
        image.close()
    return _upright(pixels, size, factor, _orientation(_exif(image)))


def _exif(image: ImageFile) -> bytes:
    return (image.info.get("exif") or b"").removeprefix(b"Exif\0\0")


_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF 6.0, section 15
_BAND = 1 << 22  # pixels, about
_BAND_ROWS = 512  # of it, at least; a multiple of every reduction


def _rgb(image: Image) -> Image:
    """``image`` in 8-bit RGB, on white where it is transparent."""
    from PIL import Image as pillow  # noqa: N813 (the module and its class share a name)

    if image.mode == "F":
        raise NotAPicture("floating-point pixels")
    if image.mode.startswith("I"):
        return pillow.fromarray(np.clip(np.asarray(image) >> 8, 0, 255).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = pillow.new("RGB", image.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _webp(data: bytes, enough: int, max_pixels: int) -> Picture:
    """Pillow's decoder allocates the canvas before it tells its size, so the header is read here (RFC 9649)."""
    match data[12:16]:
        case b"VP8 ":
            bits = int.from_bytes(data[26:30], "little")
            size = bits & 0x3FFF, bits >> 16 & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            size = int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case _:
            raise NotAPicture("damaged WEBP")
    _check(size, max_pixels)
    with _alone(size):
        return _pillow("PIL.WebPImagePlugin", "WebPImageFile")(data, enough, max_pixels)


def _png(data: bytes, enough: int, max_pixels: int) -> Picture:
    """Pillow unpacks every colour profile that stands before the pixels: a megabyte for each thousand bytes."""
    profiles = data.count(b"iCCP")
    if profiles > MOST_PROFILES:
        raise NotAPicture(f"PNG of too many colour profiles: {profiles}")
    return _pillow("PIL.PngImagePlugin", "PngImageFile")(data, enough, max_pixels)


def _heic(data: bytes, enough: int, max_pixels: int) -> Picture:
    if find_spec("pillow_heif") is None:
        raise _lacking("HEIC", "heic")
    return _pillow("pillow_heif.as_plugin", "HeifImageFile")(data, enough, max_pixels)


def _pdf(data: bytes, enough: int, max_pixels: int) -> Picture:  # noqa: ARG001 (drawn at the size that is enough)
    if find_spec("pypdfium2") is None:
        raise _lacking("PDF", "pdf")
    if getattr(sys, "frozen", False):  # there is no interpreter: the whole program would be started once more
        raise NotAPicture("PDF, which is not accepted in a frozen program; send a JPEG")
    pixels = pdf.page(data, max_pixels=max_pixels)
    return Picture(pixels=pixels, size=(pixels.shape[1], pixels.shape[0]))


def _lacking(kind: str, extra: str) -> NotAPicture:
    return NotAPicture(f"{kind}, which is not accepted here without the extra {extra}; send a JPEG", extra=extra)


_jpeg_by_pillow = _pillow("PIL.JpegImagePlugin", "JpegImageFile")

_DECODERS: dict[str, _Decoder] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _pillow("PIL.GifImagePlugin", "GifImageFile"),
    "TIFF": _pillow("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": _pillow("PIL.BmpImagePlugin", "BmpImageFile"),
    "HEIC": _heic,
    "PDF": _pdf,
}
