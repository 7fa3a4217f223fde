r"""HTTP/1.1 as uvicorn reads it, after mending the request lines that clients send against the standard.

Chinese in an ``img_url`` that nobody encoded, a space in it, a host name configured with a slash at its end
(``//cv/ocr/bankcard``): many servers answer such requests, so clients that send them exist. RFC 9112 3.2 lets a
server refuse them, and the parser does.

>>> mended("GET //cv/ocr/bankcard/?img_url=http://a/卡 1.jpg HTTP/1.1\r".encode())
b'GET /cv/ocr/bankcard?img_url=http://a/%E5%8D%A1%201.jpg HTTP/1.1\r'
"""

from __future__ import annotations

import re

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


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, whose parser sees mended request lines; bodies pass as they are."""

    _in_request_line = True

    def data_received(self, data: bytes) -> None:
        """Mends ``data`` as long as the request line lasts."""
        if self._in_request_line:
            line, newline, rest = data.partition(b"\n")
            self._in_request_line = not newline
            data = mended(line) + newline + rest
        super().data_received(data)

    def on_message_complete(self) -> None:
        """What comes next on this connection is a request line."""
        super().on_message_complete()
        self._in_request_line = True
