"""What the server of a picture answers: where it sends us on to, or the picture, or what came in its place."""

from __future__ import annotations

import re
import zlib
from typing import Any
from urllib.parse import urljoin

import httpcore

from ...errors import FetchError
from ...formats import HEAD, format_of
from ...platform.form import as_text
from .connection import too_large
from .url import Target, parse

UNDONE = frozenset({"gzip", "x-gzip", "deflate"})
CODINGS = UNDONE | {"br", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip", "zstd"}  # all that IANA lists
MOST_MEMBERS = 1024  # of gzip: those of nothing cost time and bring no byte nearer to a limit

_TWICE = re.compile(r"%25(?=[0-9A-Fa-f]{2})")


def following(target: Target, response: httpcore.Response) -> Target | None:
    """Where ``response`` sends us on to; None when it is the last."""
    if response.status == 404 and _TWICE.search(target.path):  # a path percent-encoded twice: try it encoded once
        return parse(f"{target.scheme}://{target.authority}{_TWICE.sub('%', target.path)}")
    location = _header(response, b"location")
    if response.status not in {301, 302, 303, 307, 308} or not location:
        return None
    try:
        found = parse(urljoin(target.url, location))
    except (FetchError, ValueError) as error:
        raise FetchError("redirect", error.cause if isinstance(error, FetchError) else "not a URL") from None
    if (target.scheme, found.scheme) == ("https", "http"):
        raise FetchError("redirect", "redirect from https to http refused")
    return found


def picture(response: httpcore.Response, max_bytes: int) -> bytes:
    """The body of ``response``, its content coding undone, when it begins like a picture."""
    if response.status != 200:
        raise FetchError("status", f"status {response.status}")
    length = _header(response, b"content-length")
    if length.isdecimal() and int(length[:18]) > max_bytes:
        raise too_large(max_bytes)
    inflate = _inflater(_header(response, b"content-encoding").lower())
    body = bytearray()
    received = 0
    for chunk in response.iter_stream():
        received += len(chunk)
        body += inflate(chunk, max_bytes + 1 - len(body)) if inflate else chunk
        if max(received, len(body)) > max_bytes:
            raise too_large(max_bytes)
    if inflate:
        inflate.finish()
    if not body:
        raise FetchError("size", "empty")
    if not format_of(bytes(body[:HEAD])):
        raise FetchError("type", f"{_media_type(bytes(body[:512]), _header(response, b'content-type'))}, not a picture")
    return bytes(body)


def _header(response: httpcore.Response, name: bytes) -> str:
    """The first header of this name, as UTF-8 where it is that: a Location may hold Chinese."""
    return as_text(next((value for key, value in response.headers if key.lower() == name), b"").strip())


def _inflater(codings: str) -> _Inflater | None:
    """What undoes ``codings``; None where there is nothing to undo. Raises FetchError for a coding that is not known.

    What is no coding at all is none: object stores repeat what an upload was called, ``aws-chunked`` or ``utf-8``, and
    browsers take the bytes as they are.
    """
    packed = [name for name in map(str.strip, codings.split(",")) if name in CODINGS]
    if len(packed) > 1 or not UNDONE.issuperset(packed):
        raise FetchError("type", "unknown content coding")
    return _Inflater(packed[0]) if packed else None


class _Inflater:
    """Undoes one content coding; a bomb stops at the most bytes wanted.

    What follows behind the end is left out, unless it is the next of several gzip members, which are one (RFC 1952,
    2.2).
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inflate: Any = None
        self._members = 1

    def __call__(self, chunk: bytes, most: int) -> bytes:
        if self._inflate is None:  # "deflate" means zlib's format, and some servers send the bare stream
            bare = self._coding == "deflate" and chunk[0] & 0x0F != 8
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
        try:
            out = bytes(self._inflate.decompress(chunk, most))
            while len(out) < most and self._coding != "deflate" and self._inflate.unused_data.startswith(b"\x1f\x8b"):
                out += self._next_member(most - len(out))
        except zlib.error:
            raise FetchError("type", "damaged content coding") from None
        return out

    def _next_member(self, most: int) -> bytes:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise FetchError("type", "damaged content coding")
        rest, self._inflate = self._inflate.unused_data, zlib.decompressobj(zlib.MAX_WBITS | 16)
        return bytes(self._inflate.decompress(rest, most))

    def finish(self) -> None:
        if self._inflate is not None and not self._inflate.eof:
            raise FetchError("type", "damaged content coding")


_TYPES = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "application/xml"),
    (b"{", "application/json"),
    (b"%pdf-", "application/pdf"),
)


def _media_type(head: bytes, declared: str) -> str:
    """What was sent instead of a picture: by its bytes where they tell, else as declared."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for begin, name in _TYPES:
        if text.startswith(begin):
            return name
    match = re.match(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", declared.lower())
    return match[0] if match and not match[0].startswith("image/") else "unknown bytes"
