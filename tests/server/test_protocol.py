"""Request lines that clients send against the standard, and bodies that look like them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.server import ServerState

from bankcard_ocr.server.protocol import Protocol, mended


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("GET /cv/ocr/bankcard?a=%E9%93%B6&b=1 HTTP/1.1\r", "GET /cv/ocr/bankcard?a=%E9%93%B6&b=1 HTTP/1.1\r"),
        ("GET /x?img_url=http://a/银.jpg HTTP/1.1\r", "GET /x?img_url=http://a/%E9%93%B6.jpg HTTP/1.1\r"),
        ("POST /x?img_url=http://a/b c.jpg HTTP/1.0\r", "POST /x?img_url=http://a/b%20c.jpg HTTP/1.0\r"),
        ("GET //cv//ocr/bankcard HTTP/1.1\r", "GET /cv/ocr/bankcard HTTP/1.1\r"),
        ("GET /cv/ocr/bankcard/?a=//b/ HTTP/1.1\r", "GET /cv/ocr/bankcard?a=//b/ HTTP/1.1\r"),
        ("GET / HTTP/1.1\r", "GET / HTTP/1.1\r"),
        ("GET // HTTP/1.1\r", "GET / HTTP/1.1\r"),
        ("GET http://host//x HTTP/1.1\r", "GET http://host//x HTTP/1.1\r"),
        ("OPTIONS * HTTP/1.1\r", "OPTIONS * HTTP/1.1\r"),
        ("GET /a\x01b HTTP/1.1\r", "GET /a%01b HTTP/1.1\r"),
        ("GET /x?img_url=http://a/银", "GET /x?img_url=http://a/%E9%93%B6"),
        ("\r", "\r"),
    ],
)
def test_request_lines_are_mended(sent, read):
    """What a browser would encode is encoded, superfluous slashes go, everything else stays."""
    assert read.encode() == mended(sent.encode())


@given(st.binary(max_size=100))
def test_a_mended_line_is_ascii_and_stays(line):
    """Mending ends in ASCII, and mending twice changes no more."""
    once = mended(line)

    assert (True, once) == (once.isascii(), mended(once))


async def received(*chunks: bytes) -> list[tuple[str, bytes, bytes]]:
    """(path, query, body) of each request in the chunks of one connection."""
    found: list[tuple[str, bytes, bytes]] = []

    async def app(scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        found.append((scope["path"], scope["query_string"], body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    protocol = Protocol(Config(app, log_config=None), ServerState(), {})
    protocol.connection_made(Wire())
    for chunk in chunks:
        protocol.data_received(chunk)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    return found


class Wire(asyncio.Transport):
    """A transport that swallows what is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})

    def write(self, data) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_protocol(self, protocol) -> None:
        pass


BODY = "POST //x/银?a b HTTP/1.1\r\n".encode()
HEAD = b"POST /x?a=\xe9\x93\xb6 HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(BODY)
READ = ("/x", b"a=%E9%93%B6", BODY)


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param((HEAD + BODY, HEAD + BODY), id="two requests, one after the other"),
        pytest.param((HEAD, BODY, HEAD, BODY), id="bodies of their own"),
        pytest.param((HEAD[:12], HEAD[12:], BODY, HEAD + BODY[:3], BODY[3:]), id="cut within a character"),
    ],
)
def test_bodies_are_not_mended(chunks):
    """A body that looks like a request line arrives byte for byte; the next request line is mended again."""
    assert [READ, READ] == asyncio.run(received(*chunks))
