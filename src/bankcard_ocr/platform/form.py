"""The body of a request, taken apart: parts, form fields, JSON or bytes. No sockets, no files.

Clients of the platform are many and old, so this reads what they send rather than what RFC 7578 and the content type
promise: a multipart type without its boundary (the first line of the body has it), a boundary that differs from the
body's, JSON under a form's content type, form fields under a multipart one, a bare picture under any, JSON in GB18030,
a NUL behind a text that C wrote. What is strict are the limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from ..formats import format_of
from ..reading import MOST_PICTURES
from . import multipart
from .multipart import BadBody, Part

MAX_FIELDS = 256
MAX_ESCAPES = 750_000  # percent signs of a form: pictures as base64 have one in 32 characters, 8 of them 700,000
MAX_NOT_UTF8 = 65_536  # bytes of a form that are not UTF-8
MAX_JSON_VALUES = 10_000  # commas and brackets of a JSON body; base64 has none

TOKEN_NAMES = ("access_token", "cloudbase_access_token", "authorizer_access_token")
PICTURES = ("img", *(f"img{number}" for number in range(2, MOST_PICTURES + 1)))  # further ones are of the same card
TEXTS = frozenset(  # parameters that are texts, however they are sent
    {*TOKEN_NAMES, "detail", "img_url", "pan", "return", "type", *(f"{name}_base64" for name in PICTURES)}
)

AS_JSON = "img came as JSON, send it as a file of a multipart form, or as img_base64"
PACKINGS = {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"}  # some call their charset a coding

_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?\s*[A-Za-z_][\w%-]*=")  # how a form begins, and JSON does not
_PICTURE_AS_JSON = re.compile(rb'"img[2-8]?"\s*:\s*[\[{]')  # its bytes as numbers, as Node.js writes a Buffer
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body taken apart. ``form`` has its text fields, ``json`` its JSON object, ``raw`` a bare picture, what its
    content type calls one, or other bytes that are no text.

    ``fault`` is the cause in a few words when the body was not what its content type says, else empty.
    """

    parts: tuple[Part, ...] = ()
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    raw: bytes = field(default=b"", repr=False)
    fault: str = ""


def parse(data: bytes, content_type: str, coding: str = "") -> Body:
    """``data`` as the parts, fields, JSON object or picture it holds; never raises for what a stranger sends."""
    kind, options = multipart.header(content_type)
    begins_json = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    called_picture = kind.startswith("image/") or kind == "application/octet-stream"
    try:
        if format_of(data):
            return Body(raw=data)
        if PACKINGS & {word.strip().lower() for word in coding.split(",")}:
            return Body(fault="Content-Encoding: send the body as it is, not packed")
        if data.startswith(b"\x1f\x8b") and not called_picture:
            return Body(fault="gzip: send the body as it is, not packed")
        if not data.strip():
            return Body()
        called_multipart = kind.startswith("multipart/") and not begins_json and not _is_form(data)
        if called_multipart or _begins_like_multipart(data, kind):
            parts = multipart.parts(data, options.get("boundary", ""), TEXTS)
            texts = [(part.name, _value(part.data)) for part in parts if part.filename is None]
            return Body(parts=parts, form=_first_of_each(texts))
        if begins_json or ("json" in kind and not _FIELD.match(data)):
            return Body(json=_json_object(data))
        if _FIELD.match(data):
            data = data.rstrip(b"\0")
        if called_picture or b"\0" in data:  # no form has zeros, every picture has
            return Body(raw=data)
        return Body(form=query(data))
    except BadBody as error:
        return Body(fault=str(error))


def query(data: bytes) -> Mapping[str, str]:
    """The fields of a query string or urlencoded form; of a repeated name the first that is not empty. Raises BadBody.

    What is not UTF-8, such as a Chinese file name in GBK, stays percent-encoded: an ``img_url`` keeps its bytes.
    """
    if data.count(b"%") > MAX_ESCAPES:
        raise BadBody(f"over {MAX_ESCAPES} percent-encoded bytes")
    if not data.isascii() and len(data) - len(data.decode("utf-8", "ignore").encode()) > MAX_NOT_UTF8:
        raise BadBody(f"over {MAX_NOT_UTF8} bytes that are not UTF-8")
    text = data.decode("utf-8", "surrogateescape")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="surrogateescape")
    except ValueError as error:
        raise BadBody(f"over {MAX_FIELDS} fields") from error
    return _first_of_each([(_kept(name), _kept(value)) for name, value in pairs])


def as_text(data: bytes) -> str:
    """``data`` as UTF-8; what is not that stays as it is, percent-encoded.

    >>> as_text("http://a/卡.jpg".encode("gbk"))
    'http://a/%BF%A8.jpg'
    """
    return _NOT_UTF8.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", data.decode("utf-8", "surrogateescape"))


def _kept(text: str) -> str:
    """``text``, in which a byte that was not UTF-8 is half a surrogate pair, as :func:`as_text` has it."""
    return text if text.isascii() else as_text(text.encode("utf-8", "surrogateescape"))


def _begins_like_multipart(data: bytes, kind: str) -> bool:
    """Whether ``data`` is multipart under another type, which some clients set for all they send."""
    return data.startswith(b"--") and (not kind or b"content-disposition:" in data[:4096].lower())


def _is_form(data: bytes) -> bool:
    """Whether ``data`` is form fields under a multipart type, which curl's ``-d`` makes of such a header.

    Where a line begins like a boundary, what stands before it is a preamble.
    """
    return _FIELD.match(data) is not None and b"\n--" not in data


def _json_object(data: bytes) -> Mapping[str, Any]:
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        is_a_picture = _PICTURE_AS_JSON.search(data[:512]) is not None
        raise BadBody(AS_JSON if is_a_picture else f"json: over {MAX_JSON_VALUES} values")
    try:
        text = _json_text(data)
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadBody("json: cannot be parsed") from error
    if not isinstance(value, dict):
        raise BadBody("json: not an object")
    if "\\u" in text and not _is_text(value):
        raise BadBody("json: half a surrogate pair")
    return MappingProxyType(value)


def _json_text(data: bytes) -> str:
    """``data`` in the encoding that JSON begins in, else in GB18030; NULs behind it are none of it.

    Raises UnicodeDecodeError.
    """
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    return text.rstrip("\0")


def _is_text(value: object) -> bool:
    """Whether every text in ``value`` can be written as UTF-8; JSON's escapes can say half of a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _value(data: bytes) -> str:
    """A field's text; a short one that is not UTF-8 keeps its bytes as a query's does, all parts together as many."""
    return as_text(data) if len(data) <= MAX_NOT_UTF8 // multipart.MAX_PARTS else multipart.decoded(data)


def _first_of_each(pairs: list[tuple[str, str]]) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields[name] = fields.get(name) or value
    return MappingProxyType(fields)
