"""The body of a request, taken apart: parts, form fields, JSON or bytes. No sockets, no files.

Clients of the platform are many and old, so this reads what they send rather than what RFC 7578 and the content type
promise: a multipart type without its boundary (the first line of the body has it), a boundary that differs from the
body's, JSON under a form's content type, form fields under a multipart one, a bare picture under any, JSON in GB18030,
a NUL behind a text that C wrote. What is strict are the limits: number of parts and of their headers; a header is cut
at its length.

Splitting is python-multipart's; only the headers of a part are read here, since it hands them over raw.
"""

from __future__ import annotations

import base64
import binascii
import json
import quopri
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..formats import HEAD, format_of
from ..reading import MOST_PICTURES

MAX_PARTS = 64
MAX_BOUNDARIES = 4096  # that may stand anywhere in a body, counted before they are looked at one by one
MAX_HEADERS = 16
MAX_HEADER_BYTES = 8192
MAX_FIELDS = 256
MAX_ESCAPES = 750_000  # percent signs of a form: pictures as base64 have one in 32 characters, 8 of them 700,000
MAX_NOT_UTF8 = 65_536  # bytes of a form that are not UTF-8
MAX_JSON_VALUES = 10_000  # commas and brackets of a JSON body; base64 has none

TEXTS = frozenset(  # parameters that are texts, however they are sent
    {"access_token", "authorizer_access_token", "cloudbase_access_token"}
    | {"detail", "img_url", "pan", "return", "type"}
    | {"img_base64", *(f"img{number}_base64" for number in range(2, MOST_PICTURES + 1))}
)

AS_JSON = "img came as JSON, send it as a file of a multipart form, or as img_base64"
PACKINGS = {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"}  # some call their charset a coding

_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?\s*[A-Za-z_][\w%-]*=")  # how a form begins, and JSON does not
_PICTURE_AS_JSON = re.compile(rb'"img[2-8]?"\s*:\s*[\[{]')  # its bytes as numbers, as Node.js writes a Buffer
_FOLD = re.compile(rb"\r?\n[ \t]+")
_LINE_END = re.compile(rb"\r?\n")
_BOUNDARY_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_HEADER = re.compile(rb"([\w!#$%&'*+.^`|~-]+)[ \t]*(:[^\r\n]*)")  # RFC 9110 5.6.2; blanks as in RFC 5322 4.5
_HEAD_END = re.compile(rb"\r?\n\r?\n")


class BadBody(ValueError):
    """The body is not what its content type says; the message is the cause in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body; ``filename`` is None when the sender gave none."""

    name: str
    filename: str | None
    content_type: str
    data: bytes = field(repr=False)


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
    kind, options = _options(content_type)
    begins_json = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    called_picture = kind.startswith("image/") or kind == "application/octet-stream"
    try:
        if format_of(data):
            return Body(raw=data)
        if PACKINGS & {word.strip().lower() for word in coding.split(",")}:
            return Body(fault="Content-Encoding: send the body as it is, not packed")
        if data.startswith(b"\x1f\x8b") and not called_picture:
            return Body(fault="gzip: send the body as it is, not packed")
        called_multipart = kind.startswith("multipart/") and not begins_json and not _is_form(data)
        if called_multipart or _begins_like_multipart(data, kind):
            return _multipart(data, options.get("boundary", ""))
        if not data.strip():
            return Body()
        if begins_json or ("json" in kind and not _FIELD.match(data)):
            return Body(json=_json_object(data))
        if _FIELD.match(data):
            data = data.rstrip(b"\0")
        if called_picture or b"\0" in data:  # no form has zeros, every picture has
            return Body(raw=data)
        return Body(form=query(data))
    except BadBody as error:
        return Body(fault=str(error))


def query(text: str | bytes) -> Mapping[str, str]:
    """The fields of a query string or urlencoded form; of a repeated name the first that is not empty. Raises BadBody.

    What is not UTF-8, such as a Chinese file name in GBK, stays percent-encoded: an ``img_url`` keeps its bytes.
    """
    if isinstance(text, bytes):
        if text.count(b"%") > MAX_ESCAPES:
            raise BadBody(f"over {MAX_ESCAPES} percent-encoded bytes")
        if not text.isascii() and len(text) - len(text.decode("utf-8", "ignore").encode()) > MAX_NOT_UTF8:
            raise BadBody(f"over {MAX_NOT_UTF8} bytes that are not UTF-8")
        text = text.decode("utf-8", "surrogateescape")
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


_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def _begins_like_multipart(data: bytes, kind: str) -> bool:
    """Whether ``data`` is multipart under another type, which some clients set for all they send."""
    return data.startswith(b"--") and (not kind or b"content-disposition:" in data[:4096].lower())


def _is_form(data: bytes) -> bool:
    """Whether ``data`` is form fields under a multipart type, which curl's ``-d`` makes of such a header.

    Where a line begins like a boundary, what stands before it is a preamble.
    """
    return _FIELD.match(data) is not None and b"\n--" not in data


def _options(header: str) -> tuple[str, dict[str, str]]:
    """``header`` as its lower-case value and its parameters, read as UTF-8 where they are, else Latin-1."""
    value, options = parse_options_header(header.encode("utf-8", "replace").decode("latin-1"))
    return _text(value).strip(), {_text(key): _text(option) for key, option in options.items()}


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


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


def _multipart(data: bytes, declared: str) -> Body:
    if not data.strip():
        return Body()
    boundary = _boundary(data, declared)
    if data.count(b"--" + boundary) > MAX_BOUNDARIES:
        raise BadBody("multipart: too many boundaries")
    return _parted(_put_right(data, boundary), boundary)


def _put_right(data: bytes, boundary: bytes) -> bytes:
    """``data`` with lines of boundaries and headers as RFC 2046 wants them, which bodies written by hand are not.

    Each ends in CRLF, nothing stands behind a boundary, and headers are as :func:`_headers` has them.
    """
    mark, pieces, done, at = b"--" + boundary, list[bytes](), 0, 0
    while len(pieces) < 3 * MAX_PARTS and (start := data.find(mark, at)) >= 0:
        at = start + len(mark)
        ends = _BOUNDARY_END.match(data, at)
        before = 2 if data[start - 2 : start] == b"\r\n" else int(data[start - 1 : start] == b"\n")
        if ends is None or (start and not before):
            continue
        line_end = b"\r\n" if before else b""
        pieces += [data[done : start - before], line_end + mark + (ends[1] or b"") + b"\r\n"]
        done = at = ends.end()
        if bare := _LINE_END.match(data, at):  # a part without headers
            pieces.append(b"\r\n")
            done = at = bare.end()
        elif head := _HEAD_END.search(data, at, at + MAX_HEADERS * MAX_HEADER_BYTES):
            pieces.append(_headers(data[at : head.start()]) + b"\r\n\r\n")
            done = at = head.end()
    return b"".join([*pieces, data[done:]]) if pieces else data


def _headers(head: bytes) -> bytes:
    """The headers of a part, each on one line and cut at its length (old mail stacks fold them, RFC 5322 2.2.3).

    A line that is no header is left out, beside one that is. More lines than allowed are for the parser to refuse.
    """
    lines = _LINE_END.split(_FOLD.sub(b" ", head), MAX_HEADERS)
    good = [(found[1] + found[2])[:MAX_HEADER_BYTES] for line in lines if (found := _HEADER.fullmatch(line))]
    return b"\r\n".join(good if good and len(lines) <= MAX_HEADERS else lines)


def _parted(data: bytes, boundary: bytes) -> Body:
    collector = _Collector()
    try:
        parser = MultipartParser(
            boundary,
            collector.callbacks(),  # type: ignore[arg-type]
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )
        parser.write(data[data.find(b"--" + boundary) :])  # RFC 2046 5.1.1: what stands before it is to be ignored
    except FormParserError as error:
        if not collector.parts:
            raise BadBody("multipart: damaged") from error
    collector.close()
    texts = [(part.name, _value(part.data)) for part in collector.parts if part.filename is None]
    return Body(parts=tuple(collector.parts), form=_first_of_each(texts))


def _value(data: bytes) -> str:
    """A field's text; a short one that is not UTF-8 keeps its bytes as a query's does, all parts together as many."""
    return as_text(data) if len(data) <= MAX_NOT_UTF8 // MAX_PARTS else _text(data)


def _first_of_each(pairs: list[tuple[str, str]]) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields[name] = fields.get(name) or value
    return MappingProxyType(fields)


def _boundary(data: bytes, declared: str) -> bytes:
    """The boundary: as declared when the body has it, else as the body's first line has it."""
    wanted = declared.encode("utf-8")
    if wanted and b"--" + wanted in data[: 4096 + len(wanted)]:
        return wanted
    first = data.lstrip(b"\r\n").split(b"\n", 1)[0].rstrip()
    if not first.startswith(b"--") or not 2 < len(first) <= 202:
        raise BadBody("multipart: no boundary")
    return first[2:].removesuffix(b"--") or first[2:]


class _Collector:
    """Receives what python-multipart finds and keeps it as parts."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._open = False
        self._headers: dict[str, str] = {}
        self._name = b""
        self._value = b""
        self._data: list[bytes] = []

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._add,
            "on_header_end": self._header,
            "on_part_data": self._bytes,
            "on_part_end": self.close,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MAX_PARTS:
            raise BadBody(f"multipart: over {MAX_PARTS} parts")
        self._open, self._headers, self._data = True, {}, []

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers[_text(self._name).lower()] = _text(self._value).strip()
        self._name = self._value = b""

    def _bytes(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def close(self) -> None:
        """Ends the open part; also called after the last byte, for bodies without their closing boundary."""
        if not self._open:
            return
        self._open = False
        _, options = _options(self._headers.get("content-disposition", ""))
        data = b"".join(self._data)
        if (blank := _LINE_END.match(data)) and format_of(data[blank.end() : blank.end() + HEAD]):
            data = data[blank.end() :]  # an empty line too many behind the headers
        data = _transfer_decoded(data, self._headers.get("content-transfer-encoding", ""))
        name, filename = options.get("name", ""), options.get("filename")
        if (not filename or name in TEXTS) and data and not format_of(data):
            filename = None  # a text that was sent like a file
        self.parts.append(
            Part(
                name=name,
                filename=None if filename is None else filename.replace("\\", "/").rsplit("/", 1)[-1],
                content_type=self._headers.get("content-type", ""),
                data=data,
            )
        )


def _transfer_decoded(data: bytes, encoding: str) -> bytes:
    """``data`` as it was before what the part says was done to it: RFC 7578 forbids that, mail stacks do it.

    Old Java ones send base64, Delphi's Indy texts in quoted-printable. Some say so and send the picture as it is.
    """
    if format_of(data):
        return data
    if encoding.lower() == "quoted-printable":
        return quopri.decodestring(data)
    try:
        return base64.b64decode(data) if encoding.lower() == "base64" else data
    except binascii.Error:
        return data
