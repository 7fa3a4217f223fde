r"""HTTP/1.1 as uvicorn reads it, with bounded heads, after mending request lines that break the standard.

Chinese in an ``img_url`` that nobody encoded, a space in it, a host name configured with a slash at its end
(``//cv/ocr/bankcard``): many servers answer such requests, so clients that send them exist. RFC 9112 3.2 lets a
server refuse them, and the parser does.

uvicorn waits for the end of a head for ever and keeps all of it; here it has a time and a size.

>>> mended("GET //cv/ocr/bankcard/?img_url=http://a/卡 1.jpg HTTP/1.1\r".encode())
b'GET /cv/ocr/bankcard?img_url=http://a/%E5%8D%A1%201.jpg HTTP/1.1\r'
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_REQUEST_LINE = re.compile(rb"([A-Z]+ )(.*?)( HTTP/1\.[01]\r?)", re.DOTALL)
_FORBIDDEN = re.compile(rb"[^\x21-\x7e]")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def mended(line: bytes) -> bytes:
    """The request line with what may not stand in its target percent-encoded, and superfluous slashes gone.

    A line that is no whole request line has only its bytes beyond ASCII encoded.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        return _encoded(_BEYOND_ASCII, line)
    path, mark, query = match[2].partition(b"?")
    if path.startswith(b"/"):
        path = re.sub(rb"/{2,}", b"/", path).rstrip(b"/") or b"/"
    return match[1] + _encoded(_FORBIDDEN, path + mark + query) + match[3]


def _encoded(forbidden: re.Pattern[bytes], text: bytes) -> bytes:
    return forbidden.sub(lambda match: b"%%%02X" % match[0][0], text)


MAX_HEAD_BYTES = 65_536


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, whose parser sees mended request lines; bodies pass as they are."""

    config: Config

    _in_request_line = True
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first head has its time from now on."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Mends ``data`` as long as the request line lasts; cuts off a head over its size."""
        size = len(data)
        if self._in_request_line:
            end = data.find(b"\n")
            self._in_request_line = end < 0
            line = data if end < 0 else data[:end]
            if (better := mended(line)) != line:
                data = better + data[len(line) :]
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += size
            if self._head_bytes > MAX_HEAD_BYTES:
                self._cut_off(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """A further head has its time from its first byte on."""
        super().on_message_begin()
        if self._head_timer is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._head_is_here()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next on this connection is a request line."""
        super().on_message_complete()
        self._in_request_line = True

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(self.config.head_timeout_s, self._cut_off, b"408 Request Timeout")

    def _head_is_here(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cut_off(self, status: bytes) -> None:
        self._head_is_here()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.transport.close()


class Config(uvicorn.Config):
    """uvicorn's configuration with this protocol, whose heads have ``head_timeout_s``; travels to workers by pickle."""

    def __init__(self, app: Any, *, head_timeout_s: float = 10.0, **options: Any) -> None:
        self.head_timeout_s = head_timeout_s
        super().__init__(app, http=Protocol, **options)
