r"""The head of a request that breaks the standard, mended: bytes in, bytes out.

Chinese in an ``img_url`` that nobody encoded, a space in it, a host name configured with a slash at its end
(``//cv/ocr/bankcard``), a method in small letters: many servers answer such requests, so clients that send them exist.
RFC 9112 3.2 lets a server refuse them, and the parser does.

Lines of a head may end in LF alone, which RFC 9112 2.2 lets a server take for a line's end and the parser does not:
scripts and devices write such heads. A CR that stands alone is left to the parser, and so is all that comes behind a
head, such as the lines of chunks: it refuses both.

An offer to upgrade to HTTP/2 is ignored: Java's own client makes one with each first request, and the parser would take
the body of such a request for the other protocol.

>>> mended("GET //cv/ocr/bankcard/?img_url=http://a/卡 1.jpg HTTP/1.1\r".encode())
b'GET /cv/ocr/bankcard?img_url=http://a/%E5%8D%A1%201.jpg HTTP/1.1\r'
"""

from __future__ import annotations

import re

END = re.compile(rb"\r?\n\r?\n")  # of a head

_REQUEST_LINE = re.compile(rb"([A-Za-z]+ )(.*?)( HTTP/1\.[01]\r?)", re.DOTALL)
_FORBIDDEN = re.compile(rb"[^\x21-\x7e]")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_UPGRADE = re.compile(rb"(?<=\n)(?:upgrade|http2-settings)[ \t]*:[^\r\n]*\r?\n", re.IGNORECASE)
_EXPECT = re.compile(rb"(?<=\n)expect[ \t]*:[^\r\n]*\r?\n", re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]+")
_LINE_END = re.compile(rb"\r?\n")


def mended(line: bytes) -> bytes:
    """The request line with its method in capitals, and its target without superfluous slashes, percent-encoded.

    A line that is no whole request line has only its bytes beyond ASCII encoded.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        return _encoded(_BEYOND_ASCII, line)
    path, mark, query = match[2].partition(b"?")
    if path.startswith(b"/"):
        path = re.sub(rb"/{2,}", b"/", path).rstrip(b"/") or b"/"
    return match[1].upper() + _encoded(_FORBIDDEN, path + mark + query) + match[3]


def _encoded(forbidden: re.Pattern[bytes], text: bytes) -> bytes:
    return forbidden.sub(lambda match: b"%%%02X" % match[0][0], text)


def mended_head(head: bytes) -> bytes:
    """The head with its request line mended and each header on one line, as RFC 9112 5.2 allows, that ends in CRLF.

    An offer to upgrade, which a server may ignore (RFC 9110 7.8), is left out; so is what an HTTP/1.0 client expects,
    which knows no 100 (RFC 9110 10.1.1).
    """
    line, newline, fields = head.partition(b"\n")
    fields = _UPGRADE.sub(b"", newline + _FOLD.sub(b" ", fields))
    if line.rstrip(b"\r").endswith(b" HTTP/1.0"):
        fields = _EXPECT.sub(b"", fields)
    return _LINE_END.sub(b"\r\n", mended(line) + fields)
