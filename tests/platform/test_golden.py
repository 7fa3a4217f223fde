"""Requests of real clients, byte for byte: read without a server, and answered by one."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from bankcard_ocr.platform import sources, wire
from bankcard_ocr.platform.sources import PictureSource

GOLDEN = Path(__file__).parent.parent / "golden"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x02\r\n--not a boundary\r\n\xff\xd9"
URL = "http://pictures.example:8080/卡.jpg?a=1&b=2"
NUMBER = "6205500000000000004"

SENT = {
    "csharp-boundary-of-dashes": PictureSource(data=JPEG),
    "csharp-httpclient": PictureSource(data=JPEG),
    "csharp-senparc-expect": PictureSource(data=JPEG),
    "curl-both": PictureSource(data=JPEG),
    "curl-documented-get": PictureSource(url=URL),
    "curl-form-url": PictureSource(url=URL),
    "elixir-tesla": PictureSource(data=JPEG),
    "elixir-url-json": PictureSource(url=URL),
    "go-empty-json": PictureSource(url=URL),
    "go-empty-multipart": PictureSource(url=URL),
    "go-multipart-chunked": PictureSource(data=JPEG),
    "java-http-client-h2c": PictureSource(data=JPEG),
    "java-mime-base64": PictureSource(data=JPEG),
    "java-wxjava-file": PictureSource(data=JPEG),
    "java-wxjava-url": PictureSource(url=URL),
    "node-form-data": PictureSource(data=JPEG),
    "node-nameless-part": PictureSource(data=JPEG),
    "php-curl": PictureSource(data=JPEG),
    "php-guzzle": PictureSource(data=JPEG),
    "php-placeholder-in-query": PictureSource(url=URL),
    "php-symfony-lost-boundary": PictureSource(data=JPEG),
    "python-raw-body": PictureSource(data=JPEG),
    "python-requests-files": PictureSource(data=JPEG),
    "python-requests-form": PictureSource(url=URL),
}


def parsed(name: str) -> wire.Request:
    """The request in the file, its head split and its chunks joined by hand."""
    head, body = (GOLDEN / f"{name}.http").read_bytes().split(b"\r\n\r\n", 1)
    line, *fields = head.decode().split("\r\n")
    method, target, _ = line.split(" ")
    path, _, query = target.partition("?")
    headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
    if headers.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    return wire.request(method=method, path=path, query=query.encode(), headers=headers, body=body)


def unchunked(body: bytes) -> bytes:
    found = b""
    while True:
        size, body = body.split(b"\r\n", 1)
        if int(size, 16) == 0:
            return found
        found, body = found + body[: int(size, 16)], body[int(size, 16) + 2 :]


def exchange(port: int, request: bytes) -> bytes:
    """All that the server sends for ``request`` until it has answered in full."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        received = connection.recv(65536)
        while not received.endswith(b"}"):
            received += connection.recv(65536)
    return received


def test_every_file_is_in_the_table():
    """No request lies there unread."""
    assert set(SENT) == {file.stem for file in GOLDEN.glob("*.http")}


@pytest.mark.parametrize("name", SENT)
def test_the_picture_is_where_the_client_put_it(name: str):
    """The picture, or its address, is found in every shape."""
    assert SENT[name] == sources.picture(parsed(name))


@pytest.mark.parametrize("name", SENT)
def test_the_token_is_where_the_client_put_it(name: str):
    """The token is found in every shape."""
    assert "TOKEN" == parsed(name).access_token()


@pytest.mark.parametrize("name", SENT)
def test_a_server_answers_every_client(server, name: str):
    """Over a real socket every shape gets HTTP 200 and the number."""
    received = exchange(server.port, (GOLDEN / f"{name}.http").read_bytes())
    status = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").split(b"\r\n", 1)[0]

    assert (b"HTTP/1.1 200 OK", {"errcode": 0, "errmsg": "ok", "number": NUMBER, "id": NUMBER}) == (
        status,
        json.loads(received.rsplit(b"\r\n\r\n", 1)[1]),
    )
