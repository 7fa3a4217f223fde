"""Requests byte by byte, as old and careless clients send them, to a server process."""

from __future__ import annotations

import base64
import json
import socket
from contextlib import suppress

import pytest

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 4 + b"\r\n--X is no boundary\r\n\xff\xd9"
NAMED = b'Content-Disposition: form-data; name="img"; filename="card.jpg"\r\n'
TYPED = b"Content-Type: multipart/form-data; boundary=XX\r\n"


def part(headers: bytes = NAMED, data: bytes = JPEG, boundary: bytes = b"XX") -> bytes:
    return b"--%s\r\n%s\r\n%s\r\n" % (boundary, headers, data)


def multipart(*args: bytes, **kwargs: bytes) -> bytes:
    return part(*args, **kwargs) + b"--%s--\r\n" % kwargs.get("boundary", b"XX")


@pytest.fixture
def exchange(served):
    """Sends bytes on a new connection and gives all that comes back until it closes."""

    def send(*chunks: bytes) -> bytes:
        received = b""
        address = ("127.0.0.1", served.port)
        with socket.create_connection(address, timeout=10) as connection, suppress(ConnectionError):
            for chunk in chunks:
                connection.sendall(chunk.replace(b"TOKEN", served.token().encode()))
            while data := connection.recv(65536):
                received += data
        return received

    return send


@pytest.fixture
def post(exchange):
    """The errcode of a POST with these further headers and this body."""

    def send(headers: bytes, body: bytes, target: bytes = b"/cv/ocr/bankcard?access_token=TOKEN") -> int:
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s" % (target, headers)
        answer = exchange(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        return json.loads(answer.partition(b"\r\n\r\n")[2])["errcode"]

    return send


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(TYPED, multipart(), id="as the standard has it"),
        pytest.param(b"content-type: Multipart/Form-Data;Boundary=XX\r\n", multipart(), id="other letters"),
        pytest.param(b"Content-Type: multipart/form-data; charset=UTF-8; boundary=XX\r\n", multipart(), id="a charset"),
        pytest.param(b'Content-Type: multipart/form-data; boundary="XX"\r\n', multipart(), id="quoted boundary"),
        pytest.param(
            b"Content-Type: multipart/form-data; boundary=----XX\r\n",
            multipart(boundary=b"----XX"),
            id="a boundary that starts with dashes",
        ),
        pytest.param(b"Content-Type: multipart/form-data\r\n", multipart(), id="no boundary"),
        pytest.param(b"Content-Type: multipart/form-data; boundary=YY\r\n", multipart(), id="another boundary"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=XX\r\n", multipart(), id="mixed"),
        pytest.param(b"Content-Type: application/json\r\n", multipart(), id="called JSON"),
        pytest.param(b"Content-Type: application/x-www-form-urlencoded\r\n", multipart(), id="called a form"),
        pytest.param(b"", multipart(), id="called nothing"),
        pytest.param(TYPED, b"\r\n" + multipart(), id="an empty line first"),
        pytest.param(TYPED, part(), id="no last boundary"),
        pytest.param(
            TYPED,
            part(b'Content-Disposition: form-data; name="type"\r\n', b"scan") + multipart(),
            id="a text field first",
        ),
        pytest.param(
            TYPED,
            part(b'Content-Disposition: form-data; name="img"; filename=""\r\n', b"")
            + multipart(b'Content-Disposition: form-data; name="file"; filename="card.jpg"\r\n'),
            id="an empty img and another file",
        ),
        pytest.param(b"Content-Type: image/jpeg\r\n", JPEG, id="the bare picture"),
        pytest.param(b"Content-Type: application/octet-stream\r\n", JPEG, id="bytes"),
        pytest.param(b"Content-Type: application/x-www-form-urlencoded\r\n", JPEG, id="bytes called a form"),
        pytest.param(b"", JPEG, id="bytes called nothing"),
    ],
)
def test_bodies_are_understood(post, headers, body):
    """The picture is found in every body a known client sends."""
    assert 0 == post(headers, body)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param("Content-Disposition: form-data; name=img; filename=银行卡 1.jpg", id="unquoted, Chinese"),
        pytest.param('Content-Disposition: form-data;name="img";filename="C:\\卡\\a.jpg"', id="a path of Windows"),
        pytest.param("Content-Disposition: form-data; name='img'; filename='a.jpg'", id="single quotes"),
        pytest.param("content-disposition: attachment; name=\"img\"; filename*=UTF-8''%E5%8D%A1", id="RFC 5987"),
        pytest.param(
            "Content-Type: image/jpeg\r\nContent-Length: 9\r\nContent-Transfer-Encoding: binary\r\nX-Y: z\r\n"
            'Content-Disposition: form-data; name="media"; filename="a.jpg"; filelength=9',
            id="more headers than needed",
        ),
        pytest.param('Content-Disposition: form-data; name="img"', id="no filename"),
        pytest.param("Content-Type: image/jpeg", id="no disposition"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_parts_are_understood(post, headers, encoding):
    """The picture is found whatever its part is called, in UTF-8 or GBK."""
    assert 0 == post(TYPED, multipart(headers.encode(encoding) + b"\r\n"))


def test_a_part_in_base64_is_decoded(post):
    """Old Java mail stacks send base64 and say so."""
    headers = NAMED + b"Content-Transfer-Encoding: base64\r\n"

    assert 0 == post(TYPED, multipart(headers, base64.encodebytes(JPEG)))


@pytest.mark.parametrize(
    "target",
    [
        b"/cv/ocr/bankcard?access_token=TOKEN",
        b"/cv/ocr/bankcard?&type=MODE&img_url=ENCODE_URL&access_token=TOKEN",
        b"//cv/ocr/bankcard?access_token=TOKEN",
        b"/cv/ocr/bankcard/?access_token=TOKEN",
        b"http://api.weixin.qq.com/cv/ocr/bankcard?access_token=TOKEN",
        "/cv/ocr/bankcard?name=银行卡&access_token=TOKEN".encode(),
        b"/cv/ocr/bankcard?note=a b&cloudbase_access_token=TOKEN",
        b"/cv/ocr/bankcard?authorizer_access_token=TOKEN",
    ],
)
def test_request_lines_are_understood(post, target):
    """The call is found whatever the base URL of the client looks like."""
    assert 0 == post(TYPED, multipart(), target)


def test_chunks_without_a_length(exchange):
    """A chunked body, with extensions and a trailer."""
    body = multipart()
    chunks = [b"%x;x=y\r\n%s\r\n" % (len(body[i : i + 100]), body[i : i + 100]) for i in range(0, len(body), 100)]
    head = b"POST /cv/ocr/bankcard?access_token=TOKEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + TYPED

    answer = exchange(head + b"Transfer-Encoding: chunked\r\n\r\n", *chunks, b"0\r\nX-Trailer: 1\r\n\r\n")

    assert 0 == json.loads(answer.partition(b"\r\n\r\n")[2])["errcode"]


def test_http_1_0(exchange):
    """A client of the last century gets its answer, and the end of the connection."""
    head = b"POST /cv/ocr/bankcard?access_token=TOKEN HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(JPEG)

    assert 0 == json.loads(exchange(head + JPEG).partition(b"\r\n\r\n")[2])["errcode"]


def test_a_head_with_lf(exchange):
    """A head that a script wrote, its lines without CR, is a request like another."""
    head = b"POST /cv/ocr/bankcard?access_token=TOKEN HTTP/1.0\nContent-Length: %d\n\n" % len(JPEG)

    assert 0 == json.loads(exchange(head + JPEG).partition(b"\r\n\r\n")[2])["errcode"]


@pytest.mark.parametrize("method", [b"post", b"Post"])
def test_a_method_in_small_letters(exchange, method):
    """Clients that send a method as their user wrote it are understood."""
    head = b"%s /cv/ocr/bankcard?access_token=TOKEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % method

    answer = exchange(head[:3], head[3:] + b"Content-Length: %d\r\n\r\n" % len(JPEG), JPEG)

    assert 0 == json.loads(answer.partition(b"\r\n\r\n")[2])["errcode"]


def test_expect_is_answered_before_the_body(served):
    """A client that waits for 100 Continue before it sends its body is told to go on."""
    head = b"POST /cv/ocr/bankcard?access_token=%s HTTP/1.1\r\nHost: x\r\n" % served.token().encode()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(JPEG))
        interim = connection.recv(65536)
        connection.sendall(JPEG)
        answer = connection.recv(65536)

    assert (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK") == (interim, answer.split(b"\r\n")[0])


def test_two_calls_on_one_connection(exchange):
    """Requests sent at once are answered one after the other."""
    call = b"POST /cv/ocr/bankcard?access_token=TOKEN HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(JPEG)

    answer = exchange(call + b"\r\n" + JPEG, call + b"Connection: close\r\n\r\n" + JPEG)

    assert 2 == answer.count(b'"errcode":0')


@pytest.mark.parametrize("times", [1, 3])
def test_a_client_that_ends_its_side(served, times):
    """Who sends all there is and then only listens gets every answer, and the end of the connection."""
    call = b"POST /cv/ocr/bankcard?access_token=%s HTTP/1.1\r\nHost: x\r\n" % served.token().encode()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall((call + b"Content-Length: %d\r\n\r\n" % len(JPEG) + JPEG) * times)
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert times == received.count(b'"errcode":0')


@pytest.mark.parametrize("rest", [b"--\r\n", b"\x00\x01 no request", "GET /银行卡 HTTP/1.1\r\n\r\n".encode()])
def test_a_body_longer_than_its_length(exchange, rest):
    """A whole request is answered, and what follows it and is none ends the connection."""
    head = b"POST /cv/ocr/bankcard?access_token=TOKEN HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(JPEG)

    answer = exchange(head + JPEG + rest)

    assert (1, True, 0) == (
        answer.count(b"HTTP/1.1 "),
        b"\r\nconnection: close\r\n" in answer,
        json.loads(answer.partition(b"\r\n\r\n")[2])["errcode"],
    )


def test_a_client_that_ends_within_its_body(served):
    """Who ends its side before its body is whole gets the end of the connection."""
    call = b"POST /cv/ocr/bankcard?access_token=%s HTTP/1.1\r\nHost: x\r\n" % served.token().encode()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(call + b"Content-Length: %d\r\n\r\n" % len(JPEG) + JPEG[:-1])
        connection.shutdown(socket.SHUT_WR)

        assert b"" == connection.recv(65536)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 99 + b"\r\n\r\n", id="TLS"),
        pytest.param(b"hello\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", id="a very long header"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="two lengths",
        ),
    ],
)
def test_what_is_no_request_ends_the_connection(exchange, request_):
    """What cannot be a request is refused, and the connection closed."""
    assert exchange(request_).split(b" ")[1:2] in ([b"400"], [b"431"], [])
