"""What the marker segments of a JPEG say (ITU-T T.81, annex B), told without decoding a pixel."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_EOI, _SOS, _APP1 = 0xD9, 0xDA, 0xE1  # markers (table B.1)
_SEQUENTIAL = (0xC0, 0xC1)  # frames whose pixels may be in one scan
_BARE = {0x01, *range(0xD0, 0xD8)}  # those that stand alone
_BEHIND_PIXELS = re.compile(rb"\xff[^\x00\xd0-\xd7]")  # in pixels FF stands before 0 or a restart's marker only


def scans(data: bytes) -> int:
    """How many scans the pixels are in; those of a thumbnail, or of a picture behind this one, do not count.

    In doubt they do.
    """
    if is_one_scan(data):
        return 1
    most = data.count(b"\xff\xda")
    markers = [marker for marker, _, _ in _segments(data)]
    return markers.count(_SOS) if markers and markers[-1] == _EOI else most


def is_one_scan(data: bytes) -> bool:
    """Whether it is sequential and its first scan has all components: a decoder takes no other after such a one.

    That is told by what stands before the pixels, which are most of it.
    """
    components = b""
    for marker, start, _ in _segments(data):
        if marker in _SEQUENTIAL:
            components = data[start + 5 : start + 6]
        elif marker == _SOS:
            return components != b"" and components == data[start : start + 1]
    return False


def exif(data: bytes) -> bytes:
    """The EXIF block, a TIFF file without pixels; empty when there is none."""
    header = itertools.takewhile(lambda segment: segment[0] != _SOS, _segments(data))
    blocks = (data[start:end] for marker, start, end in header if marker == _APP1)
    return next((block[6:] for block in blocks if block.startswith(b"Exif\0\0")), b"")


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Each segment up to the picture's end: its marker, where what it holds begins, and where that ends.

    A segment is FF, as often as one likes, the marker, and a length that counts itself. What is none ends the walk.
    """
    place = 2
    while len(data) >= place + 2 and data[place] == 0xFF and (marker := data[place + 1]):
        if marker == 0xFF:
            place += 1
        elif marker in _BARE:
            place += 2
        elif marker == _EOI:
            yield marker, place + 2, place + 2
            return
        else:
            start, length = place + 4, int.from_bytes(data[place + 2 : place + 4], "big")
            if length < 2:
                return
            place += 2 + length
            yield marker, start, place
            if marker == _SOS:
                behind = _BEHIND_PIXELS.search(data, place)
                if behind is None:
                    return
                place = behind.start()
