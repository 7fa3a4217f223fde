"""The formats of pictures, by their first bytes: what a body, a download or a file is, whatever it is called."""

from __future__ import annotations

HEAD = 32  # bytes that tell a format

_HEIC = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}  # ISO/IEC 23008-12, annex B
_AVIF = {b"avif", b"avis"}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}  # sizes of the header behind the file's own

_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"%PDF-": "PDF",
}


def format_of(data: bytes) -> str:
    r"""The format that ``data`` begins as: JPEG, PNG, WEBP, GIF, TIFF, HEIC, AVIF, PDF, BMP, or "" for any other.

    >>> format_of(b"\xff\xd8\xff\xe0"), format_of(b"BMW is a car, and no bitmap")
    ('JPEG', '')
    """
    for start, name in _STARTS.items():
        if data.startswith(start):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return "HEIC" if data[8:12] in _HEIC else "AVIF" if data[8:12] in _AVIF else ""
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return ""
