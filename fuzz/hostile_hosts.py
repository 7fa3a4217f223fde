"""A server that strangers may name as ``img_url``, each of whose paths does another harm.

    python fuzz/hostile_hosts.py            # serves until stopped, and lists its paths with the hints they deserve

``HARMS`` maps each path to what it does and the hint (a regular expression) that a fetcher has to give. The scripts
write until the other side hangs up, at most ``PATIENCE_S``.
"""

from __future__ import annotations

import argparse
import gzip
import re
import socket
import socketserver
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

PATIENCE_S = 60.0
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
SLOW = r"timeout: (over [0-9.]+ s|slower than \d+ bytes/s)"
LARGE = r"size: over \d+ bytes"
NO_HTTP = "status: no valid HTTP answer"
LOST = "connect: connection lost before the end"

Harm = Callable[[socket.socket], None]
HARMS: dict[str, tuple[Harm, str]] = {}


def hints(pattern: str) -> Callable[[Harm], Harm]:
    """Puts a harm under the path of its name, with the hint it deserves."""

    def keep(harm: Harm) -> Harm:
        HARMS["/" + harm.__name__] = harm, pattern
        return harm

    return keep


def head(status: str = "200 OK", **headers: object) -> bytes:
    """A head, its blank line included."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode()


def pour(connection: socket.socket, pieces: Iterator[bytes], pause_s: float = 0.0) -> None:
    """Sends piece after piece until the other side hangs up."""
    until = time.monotonic() + PATIENCE_S
    for piece in pieces:
        connection.sendall(piece)
        if pause_s:
            time.sleep(pause_s)
        if time.monotonic() > until:
            return


def again(piece: bytes) -> Iterator[bytes]:
    """The same piece for ever."""
    while True:
        yield piece


def wait(connection: socket.socket) -> None:
    """Says nothing until the other side hangs up."""
    connection.settimeout(PATIENCE_S)
    while connection.recv(65_536):
        pass


# ---- slow


@hints(SLOW)
def silence(connection: socket.socket) -> None:
    wait(connection)


@hints(SLOW)
def slow_status_line(connection: socket.socket) -> None:
    pour(connection, (bytes([byte]) for byte in b"HTTP/1.1 200 " + b"O" * 10_000), 0.05)


@hints(SLOW)
def slow_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    pour(connection, again(b"X-A: b\r\n"), 0.05)


@hints(SLOW)
def slow_body(connection: socket.socket) -> None:
    connection.sendall(head(Content_Length=len(JPEG)))
    pour(connection, (bytes([byte]) for byte in JPEG), 0.05)


@hints(SLOW)
def slow_chunks(connection: socket.socket) -> None:
    connection.sendall(head(Transfer_Encoding="chunked"))
    pour(connection, again(b"1\r\n\xff\r\n"), 0.05)


@hints(SLOW)
def slow_gzip(connection: socket.socket) -> None:
    connection.sendall(head(Content_Encoding="gzip"))
    pour(connection, (bytes([byte]) for byte in gzip.compress(JPEG) * 20), 0.05)


@hints(SLOW)
def a_body_that_stops(connection: socket.socket) -> None:
    connection.sendall(head(Content_Length=100_000) + JPEG)
    wait(connection)


@hints(SLOW)
def interim_answers_in_drops(connection: socket.socket) -> None:
    pour(connection, again(head("100 Continue")), 0.05)


# ---- endless


@hints(LARGE)
def endless_body(connection: socket.socket) -> None:
    connection.sendall(head() + JPEG)
    pour(connection, again(bytes(65_536)))


@hints(LARGE)
def endless_chunks(connection: socket.socket) -> None:
    connection.sendall(head(Transfer_Encoding="chunked"))
    pour(connection, again(b"10000\r\n" + bytes(65_536) + b"\r\n"))


@hints(LARGE)
def one_chunk_of_all_there_is(connection: socket.socket) -> None:
    connection.sendall(head(Transfer_Encoding="chunked") + b"fffffffffffffff\r\n")
    pour(connection, again(bytes(65_536)))


@hints(LARGE)
def chunks_of_mere_framing(connection: socket.socket) -> None:
    connection.sendall(head(Transfer_Encoding="chunked"))
    pour(connection, again(b"1;" + b"x" * 9000 + b"\r\n\xff\r\n"))


@hints(f"{LARGE}|{LOST}|{NO_HTTP}")
def trailers_without_end(connection: socket.socket) -> None:
    connection.sendall(head(Transfer_Encoding="chunked") + b"4\r\n" + JPEG[:4] + b"\r\n0\r\n")
    pour(connection, again(b"X-A: b\r\n" * 1000))


@hints(f"{NO_HTTP}|{LARGE}")
def endless_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    pour(connection, again(b"X-A: b\r\n" * 1000))


@hints(f"{NO_HTTP}|{LARGE}")
def one_header_without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
    pour(connection, again(b"b" * 65_536))


@hints(f"{NO_HTTP}|{LARGE}")
def endless_status_line(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 ")
    pour(connection, again(b"O" * 65_536))


@hints(f"{LARGE}|{SLOW}")
def interim_answers_without_end(connection: socket.socket) -> None:
    pour(connection, again(head("103 Early Hints", Link="</a>") * 100))


# ---- lying


@hints(LARGE)
def a_length_beyond_all(connection: socket.socket) -> None:
    connection.sendall(head(Content_Length=10**18) + JPEG)
    wait(connection)


@hints(NO_HTTP)
def a_negative_length(connection: socket.socket) -> None:
    connection.sendall(head(Content_Length=-1) + JPEG)


@hints(NO_HTTP)
def two_lengths(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 1028\r\n\r\n" + JPEG)


@hints(LOST)
def a_length_and_less(connection: socket.socket) -> None:
    connection.sendall(head(Content_Length=5000) + JPEG)


@hints(LOST)
def a_chunk_that_is_none(connection: socket.socket) -> None:
    connection.sendall(head(Transfer_Encoding="chunked") + b"xyz\r\n" + JPEG)


@hints("type: unknown content coding")
def a_coding_nobody_knows(connection: socket.socket) -> None:
    connection.sendall(head(Content_Encoding="br", Content_Length=len(JPEG)) + JPEG)


@hints("type: damaged content coding")
def a_coding_that_is_not_there(connection: socket.socket) -> None:
    connection.sendall(head(Content_Encoding="gzip", Content_Length=len(JPEG)) + JPEG)


@hints("type: text/html, not a picture")
def a_page_that_says_it_is_a_picture(connection: socket.socket) -> None:
    body = b"<!DOCTYPE html><title>log in</title>"
    connection.sendall(head(Content_Type="image/jpeg", Content_Length=len(body)) + body)


@hints("status 204|size: empty")
def nothing_at_all(connection: socket.socket) -> None:
    connection.sendall(head("204 No Content"))


@hints(f"status 101|{NO_HTTP}")
def another_protocol(connection: socket.socket) -> None:
    connection.sendall(head("101 Switching Protocols", Upgrade="websocket", Connection="Upgrade"))
    wait(connection)


# ---- bombs


def _bomb(megabytes: int, wbits: int) -> Iterator[bytes]:
    """A picture's beginning and then zeros; each megabyte of them is the same thousand bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    yield packer.compress(JPEG) + packer.flush(zlib.Z_FULL_FLUSH)
    yield from [packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)] * megabytes


@hints(LARGE)
def a_gzip_bomb(connection: socket.socket) -> None:
    connection.sendall(head(Content_Encoding="gzip"))
    pour(connection, _bomb(1000, 31))


@hints(LARGE)
def a_deflate_bomb(connection: socket.socket) -> None:
    connection.sendall(head(Content_Encoding="deflate"))
    pour(connection, _bomb(1000, 15))


@hints("type: unknown content coding")
def a_gzip_bomb_in_gzip(connection: socket.socket) -> None:
    twice = gzip.compress(b"".join(_bomb(500, 31)))
    connection.sendall(head(Content_Encoding="gzip, gzip", Content_Length=len(twice)) + twice)


# ---- broken


@hints(NO_HTTP)
def no_http(connection: socket.socket) -> None:
    connection.sendall(JPEG)


@hints(NO_HTTP)
def http_0_9(connection: socket.socket) -> None:
    connection.sendall(b"<html>no head</html>\r\n\r\n")


@hints(NO_HTTP)
def ssh(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")


@hints(NO_HTTP)
def http_2(connection: socket.socket) -> None:
    connection.sendall(b"\0\0\x12\x04\0\0\0\0\0" + bytes(18))


@hints(NO_HTTP)
def a_tls_hello(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600))


@hints(NO_HTTP)
def zeros(connection: socket.socket) -> None:
    connection.sendall(bytes(1000))


@hints(f"{NO_HTTP}|{LOST}")
def a_hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@hints(LOST)
def a_reset_at_once(connection: socket.socket) -> None:
    _reset(connection)


@hints(f"{LOST}|{NO_HTTP}")
def a_reset_in_the_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
    _reset(connection)


@hints(LOST)
def a_reset_in_the_body(connection: socket.socket) -> None:
    connection.sendall(head(Content_Length=100_000) + JPEG)
    time.sleep(0.05)
    _reset(connection)


# ---- elsewhere


@hints(r"redirect: more than \d+")
def a_loop(connection: socket.socket) -> None:
    connection.sendall(head("302 Found", Location="/a_loop", Content_Length=0))


@hints(r"redirect: more than \d+")
def two_that_send_to_each_other(connection: socket.socket) -> None:
    connection.sendall(head("301 Moved", Location="two_that_send_to_each_other?again", Content_Length=0))


@hints("redirect to .* refused")
def to_the_metadata(connection: socket.socket) -> None:
    connection.sendall(head("302 Found", Location="http://169.254.169.254/latest/meta-data/", Content_Length=0))


@hints("redirect: .*scheme file refused")
def to_a_file(connection: socket.socket) -> None:
    connection.sendall(head("302 Found", Location="file:///etc/passwd", Content_Length=0))


@hints("redirect: .*")
def to_a_place_of_control_characters(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://\x01\xff\xfe[::\r\nContent-Length: 0\r\n\r\n")


@hints("redirect: .*")
def to_a_place_without_end(connection: socket.socket) -> None:
    connection.sendall(head("302 Found", Location="http://example.com/" + "a" * 30_000, Content_Length=0))


@hints(f"redirect: .*|{SLOW}")
def a_loop_of_slow_ones(connection: socket.socket) -> None:
    time.sleep(0.3)
    connection.sendall(head("302 Found", Location="/a_loop_of_slow_ones", Content_Length=0))


# ---- the server


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Reads a head, and does what its path says."""
        self.request.settimeout(PATIENCE_S)
        data = b""
        while b"\r\n\r\n" not in data and (more := self.request.recv(65_536)):
            data += more
        path = re.match(rb"GET (/\w*)", data)
        harm, _ = HARMS.get(path[1].decode() if path else "", (no_http, ""))
        harm(self.request)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """That the other side hangs up is what it is all about."""


@contextmanager
def serving(port: int = 0) -> Iterator[int]:
    """The port of loopback at which the harms are served meanwhile."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    """Serves until stopped."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    with serving(8666) as port, suppress(KeyboardInterrupt):
        for path, (_, hint) in HARMS.items():
            print(f"http://127.0.0.1:{port}{path}  ->  {hint}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
