"""A multipart body, taken apart. No sockets, no files; what the parts are called means nothing here.

Bodies are read that RFC 2046 and 7578 do not allow: see form.py. What is strict are the limits: number of parts and of
their headers; a header is cut at its length.

Splitting is python-multipart's; only the headers of a part are read here, since it hands them over raw.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..formats import HEAD, format_of

MAX_PARTS = 64
MAX_BOUNDARIES = 4096  # that may stand anywhere in a body, counted before they are looked at one by one
MAX_HEADERS = 16
MAX_HEADER_BYTES = 8192

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


def parts(data: bytes, declared: str, texts: Collection[str]) -> tuple[Part, ...]:
    """The parts of ``data``, whose boundary is ``declared`` or its first line. Raises BadBody.

    A part whose name is in ``texts`` is a text, though it was sent like a file, unless it is a picture.
    """
    boundary = _boundary(data, declared)
    if data.count(b"--" + boundary) > MAX_BOUNDARIES:
        raise BadBody("multipart: too many boundaries")
    return _parted(_put_right(data, boundary), boundary, texts)


def header(text: str) -> tuple[str, dict[str, str]]:
    """The lower-case value of a header and its parameters."""
    value, options = parse_options_header(text.encode("utf-8", "replace").decode("latin-1"))
    return decoded(value).strip(), {decoded(key): decoded(option) for key, option in options.items()}


def decoded(data: bytes) -> str:
    """``data`` as UTF-8 where it is that, else as Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


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


def _parted(data: bytes, boundary: bytes, texts: Collection[str]) -> tuple[Part, ...]:
    collector = _Collector(texts)
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
    return tuple(collector.parts)


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

    def __init__(self, texts: Collection[str]) -> None:
        self.parts: list[Part] = []
        self._texts = texts
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
        self._headers[decoded(self._name).lower()] = decoded(self._value).strip()
        self._name = self._value = b""

    def _bytes(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def close(self) -> None:
        """Ends the open part; also called after the last byte, for bodies without their closing boundary."""
        if not self._open:
            return
        self._open = False
        _, options = header(self._headers.get("content-disposition", ""))
        data = b"".join(self._data)
        if (blank := _LINE_END.match(data)) and format_of(data[blank.end() : blank.end() + HEAD]):
            data = data[blank.end() :]  # an empty line too many behind the headers
        data = _transfer_decoded(data, self._headers.get("content-transfer-encoding", ""))
        name, filename = options.get("name", ""), options.get("filename")
        if (not filename or name in self._texts) and data and not format_of(data):
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
