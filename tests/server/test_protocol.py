"""Request lines that clients send against the standard, and bodies that look like them."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from itertools import pairwise
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from uvicorn.server import ServerState

from bankcard_ocr.server import protocol
from bankcard_ocr.server.head import mended, mended_head
from bankcard_ocr.server.protocol import Config, Protocol


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("GET /cv/ocr/bankcard?a=%E9%93%B6&b=1 HTTP/1.1\r", "GET /cv/ocr/bankcard?a=%E9%93%B6&b=1 HTTP/1.1\r"),
        ("GET /x?img_url=http://a/银.jpg HTTP/1.1\r", "GET /x?img_url=http://a/%E9%93%B6.jpg HTTP/1.1\r"),
        ("POST /x?img_url=http://a/b c.jpg HTTP/1.0\r", "POST /x?img_url=http://a/b%20c.jpg HTTP/1.0\r"),
        ("GET //cv//ocr/bankcard HTTP/1.1\r", "GET /cv/ocr/bankcard HTTP/1.1\r"),
        ("GET /cv/ocr/bankcard/?a=//b/ HTTP/1.1\r", "GET /cv/ocr/bankcard?a=//b/ HTTP/1.1\r"),
        ("GET / HTTP/1.1\r", "GET / HTTP/1.1\r"),
        ("post /x HTTP/1.1\r", "POST /x HTTP/1.1\r"),
        ("GET // HTTP/1.1\r", "GET / HTTP/1.1\r"),
        ("GET http://host//x HTTP/1.1\r", "GET http://host//x HTTP/1.1\r"),
        ("OPTIONS * HTTP/1.1\r", "OPTIONS * HTTP/1.1\r"),
        ("GET /a\x01b HTTP/1.1\r", "GET /a%01b HTTP/1.1\r"),
        ("GET /x?img_url=http://a/银", "GET /x?img_url=http://a/%E9%93%B6"),
        ("\r", "\r"),
    ],
)
def test_request_lines_are_mended(sent, read):
    """Methods are in capitals, what a browser would encode is encoded, superfluous slashes go; all else stays."""
    assert read.encode() == mended(sent.encode())


@given(st.binary(max_size=100))
def test_a_mended_line_is_ascii_and_stays(line):
    """Mending ends in ASCII, and mending twice changes no more."""
    once = mended(line)

    assert (True, once) == (once.isascii(), mended(once))


def test_a_bare_carriage_return_hides_nothing():
    """What stands behind it in an offer to upgrade is left to the parser, which refuses it."""
    head = b"GET / HTTP/1.1\r\nUpgrade: a\rContent-Length: 4\r\nUpgrade: h2c\r\nHost: h\r\n\r\n"

    assert head.replace(b"Upgrade: h2c\r\n", b"") == mended_head(head)


def test_folded_headers_are_put_on_one_line():
    """As the JDK sends what a program folded (RFC 9112 5.2)."""
    head = b'POST /x HTTP/1.1\r\nContent-Type: multipart/form-data;\r\n\tboundary="b"\r\nHost: h\r\n\r\n'

    assert head.replace(b"\r\n\t", b" ") == mended_head(head)


@pytest.mark.parametrize(("version", "asked"), [("1.1", True), ("1.0", False)])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_only_who_knows_of_a_100_is_sent_one(version: str, asked: bool, end: str):
    """An HTTP/1.0 client would take it for the answer (RFC 9110 10.1.1)."""
    lines = [f"POST /x HTTP/{version}", "Host: h", "Expect: 100-continue", "Content-Length: 3", "", ""]

    assert asked == (b"Expect: 100-continue\r\n" in mended_head(end.join(lines).encode()))


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

    connection = Protocol(Config(app, log_config=None), ServerState(), {})
    connection.connection_made(Wire())
    for chunk in chunks:
        connection.data_received(chunk)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return found


class Wire(asyncio.Transport):
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.sent = b""
        self.closed = asyncio.Event()

    def write(self, data) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()

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


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n"


@pytest.mark.parametrize("length", [1, 7, 1000])
@pytest.mark.parametrize(
    "body", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
)
def test_an_offer_of_http_2_costs_no_body(length: int, body: bytes):
    """Java's client offers to upgrade with its first request; that request is answered with its body, however cut."""
    request = b"POST /x HTTP/1.1\r\nHost: h\r\n" + OFFER + body
    chunks = [request[start : start + length] for start in range(0, len(request), length)]

    assert [("/x", b"", b"abc")] * 2 == asyncio.run(received(*chunks, *chunks))


def test_what_comes_behind_a_request_is_read_too():
    """Two requests in one chunk, the second cut in its head, are both read."""
    first, second = HEAD + BODY, b"POST /y HTTP/1.1\r\nContent-Length: 1\r\n\r\nz"

    assert [READ, ("/y", b"", b"z")] == asyncio.run(received(first + second[:20], second[20:]))


@given(st.lists(st.integers(1, len(HEAD + BODY)), max_size=6))
def test_a_request_may_be_cut_anywhere(cuts: list[int]):
    """Wherever a request is cut, it is mended and read the same."""
    whole = HEAD + BODY
    places = [0, *sorted(set(cuts)), len(whole)]
    chunks = [whole[start:end] for start, end in pairwise(places)]

    assert [READ] == asyncio.run(received(*chunks))


LINES = [b"POST /x?a=\xe9\x93\xb6 HTTP/1.1", b"Host: h", b"Content-Length: %d" % len(BODY), b""]


@given(st.tuples(*[st.sampled_from([b"\r\n", b"\n"])] * len(LINES)), st.integers(0, 100))
def test_lines_of_a_head_may_end_in_lf(ends: tuple[bytes, ...], cut: int):
    """Each in LF or CRLF, wherever they are cut (RFC 9112 2.2): the request is read the same, its body as it is."""
    whole = b"".join(line + end for line, end in zip(LINES, ends, strict=True)) + BODY

    assert [READ] == asyncio.run(received(whole[:cut], whole[cut:]))


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b" ", b"GET / HTTP/1.1", b"Upgrade: a", b"X: y"]), max_size=20))
def test_a_mended_head_has_no_bare_lf(pieces: list[bytes]):
    """Whatever a head is: all its lines end in CRLF."""
    found = mended_head(b"".join(pieces))

    assert found.count(b"\r\n") == found.count(b"\n")


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"Content-Length: 3\nTransfer-Encoding: chunked\n\n0\r\n\r\n", id="two ways to end"),
        pytest.param(b"X: a\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="one behind LF"),
        pytest.param(b"Content-Length: 3\nContent-Length: 4\n\nabcd", id="two lengths"),
        pytest.param(b"Content-Length: 3\n 4\n\nabc", id="a folded length"),
        pytest.param(b"Transfer-Encoding:\n chunked\nContent-Length: 3\n\n0\r\n\r\n", id="a folded coding"),
        pytest.param(b"Transfer-Encoding: xchunked\n\n0\r\n\r\n", id="an unknown coding"),
        pytest.param(b"X: a\rContent-Length: 3\n\nabc", id="CR alone"),
        pytest.param(b"X: a\r\r\nContent-Length: 3\n\nabc", id="two CR"),
        pytest.param(b"Content-Length: 3\n\r\r\nabc\n\n", id="two CR for the empty line"),
        pytest.param(b"Content-Length : 3\n\nabc", id="a blank before the colon"),
        pytest.param(b"X: \0\nContent-Length: 3\n\nabc", id="NUL"),
        pytest.param(b"Transfer-Encoding: chunked\n\n3\nabc\n0\n\n", id="chunks with LF"),
        pytest.param(b"Transfer-Encoding: chunked\n\n3;a\nxx\r\nabc\r\n0\r\n\r\n", id="LF in a chunk's extension"),
    ],
)
def test_what_may_smuggle_a_request_is_refused(rest: bytes):
    """A head whose lines end in LF is held to all else that tells where a request ends."""
    assert asyncio.run(cut_off(b"POST /x HTTP/1.1\nHost: h\n" + rest)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (
            b"POST /x HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding can't be present with Content-Length",
        ),
        (b"POST /x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "Duplicate Content-Length"),
        (b"hello\r\n\r\n", "Invalid method encountered"),
        (b"GET http://:4111111111111111 HTTP/1.1\r\n\r\n", "Invalid HTTP request received."),
    ],
)
def test_what_is_no_http_is_told_so(sent: bytes, reason: str):
    """As JSON of the API, which clients look into whatever the status is; nothing of what was sent is in it."""
    head, _, body = asyncio.run(cut_off(sent)).decode().partition("\r\n\r\n")

    assert [
        "HTTP/1.1 400 Bad Request",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ] == head.split("\r\n")
    assert {"errcode": 47001, "errmsg": f"data format error hint: [http: {reason}]"} == json.loads(body)


def test_what_is_no_http_is_told_in_the_style_of_all_errors():
    """Who has set errcode to be a string finds one there, too."""
    answer = asyncio.run(cut_off(b"hello\r\n\r\n", errcode_style="string"))

    assert "47001" == json.loads(answer.partition(b"\r\n\r\n")[2])["errcode"]


def test_a_fold_behind_the_request_line_is_refused():
    """As RFC 9112 2.2 wants it."""
    head = b"POST /x HTTP/1.1\n Content-Length: 3\nHost: h\n\nabc"

    assert asyncio.run(cut_off(head)).startswith(b"HTTP/1.1 400 ")


def test_https_on_this_port_is_said_in_the_log():
    """With the caller's address: it is a common mistake, and the caller sees no more than a broken connection."""
    with capture_logs() as lines:
        answer = asyncio.run(cut_off(b"\x16\x03\x01\x02\0\x01"))

    assert (b"", [("https on a port that speaks http", "127.0.0.1")]) == (
        answer,
        [(line["event"], line["client_ip"]) for line in lines],
    )


async def cut_off(
    *chunks: bytes, head_timeout_s: float = 0.01, keep_alive_s: float = 5.0, stops: int | None = None, **options: str
) -> bytes:
    """What is sent to a client that sends these chunks and then waits, until its connection is closed.

    The server ``stops`` when so many of them have come and were answered.
    """

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    wire = Wire()
    options |= {"timeout_keep_alive": keep_alive_s, "log_config": None}
    config = Config(app, head_timeout_s=head_timeout_s, **options)
    connection = Protocol(config, ServerState(), {})
    connection.connection_made(wire)
    for count, chunk in enumerate([*chunks, b""]):
        if count == stops:
            await asyncio.sleep(0.01)
            connection.shutdown()
        connection.data_received(chunk)
    await asyncio.wait_for(wire.closed.wait(), 5)
    connection.connection_lost(None)
    return wire.sent


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param((), id="nothing"),
        pytest.param((b"GET",), id="the beginning of a request line"),
        pytest.param((b"GET / HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n"), id="a head without an end"),
    ],
)
def test_a_slow_head_is_cut_off(chunks):
    """A connection on which no whole head arrives in time is closed."""
    assert asyncio.run(cut_off(*chunks)).startswith(b"HTTP/1.1 408 ")


CLOSES = b"connection: close"


@pytest.mark.parametrize(
    ("requests", "stops", "answers"),
    [(0, 0, []), (1, 0, [CLOSES]), (1, 1, [b""]), (2, 1, [b"", CLOSES])],
    ids=["silent", "new", "idle", "idle no longer"],
)
def test_a_request_on_its_way_is_answered_while_the_server_stops(requests: int, stops: int, answers):
    """It was sent before anybody was refused, and its answer is the last; a connection without one is soon closed."""
    sent = [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"] * requests
    answered = asyncio.run(cut_off(*sent, head_timeout_s=5.0, keep_alive_s=50.0, stops=stops))

    assert answers == [CLOSES if CLOSES in each else b"" for each in answered.split(b"HTTP/1.1 204 ")[1:]]


class Timers:
    """The timers of a loop, whose time goes by when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.left: dict[Mock, tuple[float, partial[None]]] = {}

    def time(self) -> float:
        return self.now

    def call_later(self, delay_s: float, call, *args) -> Mock:
        timer = Mock()
        timer.cancel.side_effect = lambda: self.left.pop(timer, None)
        self.left[timer] = (self.now + delay_s, partial(call, *args))
        return timer

    def go_by(self, seconds: float) -> None:
        self.now += seconds
        for timer in [timer for timer, (at, _) in self.left.items() if at <= self.now]:
            _, call = self.left.pop(timer)
            call()


class Full(Wire):
    """A transport with an answer that its client has not taken yet."""

    left, gone = 100_000, False

    def get_write_buffer_size(self) -> int:
        return self.left

    def abort(self) -> None:
        self.gone = True

    def take(self, size: int, timers: Timers, *, after_s: float) -> bool:
        """Whether it is gone when that time is over, at whose end the client takes so much."""
        timers.go_by(after_s)
        self.left -= size
        return self.gone


@pytest.mark.parametrize(("taken", "is_over"), [(0, True), (10_000, False)])
def test_a_client_that_takes_nothing_of_its_answer_is_cut_off(taken: int, is_over: bool):
    """One that takes some of it in that time is waited for."""
    wire, timers = Full(), Timers()
    connection = Protocol(Config(None, head_timeout_s=5.0, log_config=None), ServerState(), {}, _loop=timers)
    connection.connection_made(wire)
    connection._head_is_here()
    connection.pause_writing()
    gone = [wire.take(taken, timers, after_s=4.0) for _ in range(4)]
    connection.resume_writing()
    connection.connection_lost(None)

    assert ([False, is_over, is_over, is_over], {}) == (gone, timers.left)


@pytest.mark.parametrize(
    ("sent", "after_s", "is_idle"),
    [(b"", 0.05, False), (b"", 0.15, True), (b"GET / HT", 0.15, False)],
)
def test_a_connection_that_says_nothing_is_idle(sent: bytes, after_s: float, is_idle: bool):
    """A new one is not, as its request is on its way, nor one that has begun to say something."""
    timers = Timers()
    connection = Protocol(Config(None, log_config=None), ServerState(), {}, _loop=timers)
    connection.connection_made(Wire())
    connection.data_received(sent)
    timers.go_by(after_s)

    assert is_idle == connection.is_idle


def test_what_comes_is_told_to_who_counts_the_idle_ones():
    """With the first byte of a request: the server looks at a connection that was idle from then on again."""
    connection = Protocol(Config(None, log_config=None), ServerState(), {}, _loop=Timers())
    connection.connection_made(Wire())
    connection.on_data = Mock()
    connection.data_received(b"G")

    connection.on_data.assert_called_once_with()


def test_a_slow_second_head_is_cut_off():
    """So is one on which a second head does not end."""
    answers = asyncio.run(cut_off(b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n"))

    assert [b"204", b"408"] == [answer[:3] for answer in answers.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("ends", [(b"\r\n",), (b"\r", b"\n\r\n")])
def test_line_ends_between_requests_are_no_head(ends: tuple[bytes, ...]):
    """Some clients send one behind a body: the connection stays for as long as one that says nothing."""
    answers = asyncio.run(cut_off(b"GET / HTTP/1.1\r\n\r\n", *ends, keep_alive_s=0.05))

    assert [b"204"] == [answer[:3] for answer in answers.split(b"HTTP/1.1 ")[1:]]


def test_a_request_behind_line_ends_is_mended():
    """It is read as one without them."""
    assert [READ, READ] == asyncio.run(received(HEAD + BODY, b"\r", b"\n\r\n" + HEAD + BODY))


def head_of(size: int) -> bytes:
    return b"GET / HTTP/1.1\r\nConnection: close\r\nX: " + b"y" * (size - 42) + b"\r\n\r\n"


@pytest.mark.parametrize(("size", "status"), [(protocol.MAX_HEAD_BYTES, b"204"), (protocol.MAX_HEAD_BYTES + 1, b"431")])
def test_a_large_head_is_cut_off(size, status):
    """A head may have its size and no more."""
    head, end = head_of(size + 4)[:-4], b"\r\n\r\n"

    assert status == asyncio.run(cut_off(head, end, head_timeout_s=60.0))[9:12]


def test_a_large_head_is_told_so():
    """As JSON of the API: a picture that was put into the query is such a head."""
    query = b"GET /cv/ocr/bankcard?img=" + b"a" * protocol.MAX_HEAD_BYTES
    reason = "http: over 65536 bytes before the body, send the picture in it"

    body = asyncio.run(cut_off(query, head_timeout_s=60.0)).partition(b"\r\n\r\n")[2]

    assert {"errcode": 47001, "errmsg": f"data format error hint: [{reason}]"} == json.loads(body)


def test_a_large_body_is_no_head():
    """The size of a head does not bound what comes after it."""
    body = b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" + bytes(200_000)

    assert b"204" == asyncio.run(cut_off(body, head_timeout_s=60.0))[9:12]
