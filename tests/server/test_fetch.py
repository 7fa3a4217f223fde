"""Downloads of ``img_url`` from servers good and hostile, all on loopback."""

from __future__ import annotations

import functools
import gzip
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self
from unittest import mock

import httpcore
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import FetchError, SettingsError
from bankcard_ocr.server import fetch
from bankcard_ocr.server.fetch import Fetcher, dns
from bankcard_ocr.server.fetch.answer import MOST_MEMBERS, _Inflater
from bankcard_ocr.server.fetch.connection import Budget, Limits, Proxy, _tls_reason, tls_context
from bankcard_ocr.server.fetch.url import AS_BASE64, IN_CLOUD_STORAGE, ON_A_DEVICE, parse

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
PATIENT = Limits(max_bytes=8192, connect_timeout_s=10.0, total_timeout_s=20.0, min_bytes_per_s=1)
QUICK = Limits(max_bytes=8192, connect_timeout_s=0.2, total_timeout_s=0.25, min_bytes_per_s=1000, rate_grace_s=0.05)


def answer(body: bytes = JPEG, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer with a true length, unless ``headers`` say otherwise."""
    fields = {"Content-Length": str(len(body)), "Content-Type": "image/jpeg"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@dataclass
class Server:
    """An HTTP server that answers each request as ``script`` does with the open socket; ``heads`` are the requests."""

    script: Callable[[socket.socket, str], None]
    family: socket.AddressFamily = socket.AF_INET
    tls: trustme.LeafCert | None = None
    blind: bool = False
    heads: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self.socket = socket.create_server(
            ("::1" if self.family == socket.AF_INET6 else "127.0.0.1", 0), family=self.family
        )
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with suppress(OSError), self._wrapped(connection) as open_connection:
                head = b""
                while not self.blind and b"\r\n\r\n" not in head and (data := open_connection.recv(65536)):
                    head += data
                self.heads.append(head.decode())
                self.script(open_connection, head.decode().partition(" ")[2].partition(" ")[0])

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        if self.tls is None:
            return connection
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.configure_cert(context)
        try:
            return context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise


@pytest.fixture(scope="module", autouse=True)
def _tls_contexts() -> Iterator[None]:
    """Makes each TLS context once: reading the system's certificates takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "tls_context", functools.cache(fetch.tls_context))
        yield


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers and stops them after the test."""
    servers: list[Server] = []

    def start(script: bytes | Callable[[socket.socket, str], None], **kwargs: object) -> Server:
        def fixed(connection: socket.socket, _path: str) -> None:
            connection.sendall(script)

        server = Server(fixed if isinstance(script, bytes) else script, **kwargs).__enter__()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture(scope="module")
def fetcher() -> Fetcher:
    """A fetcher with small limits and, since machines are busy, much time."""
    return Fetcher(PATIENT, allow_private_networks=True)


@pytest.fixture(scope="module")
def hasty() -> Fetcher:
    """The same with no time to lose."""
    return Fetcher(QUICK, allow_private_networks=True)


def url(server: Server, path: str = "/card.jpg") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def refusal(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher(url)
    return str(caught.value)


# What works


def test_a_picture_arrives_whole(serve, fetcher):
    """The bytes of the picture are returned as they are, from any port."""
    assert JPEG == fetcher(url(serve(answer())))


def test_what_is_asked_for(serve, fetcher):
    """The request names the host and port of the URL, asks for no coding and holds nothing of ours."""
    server = serve(answer())

    fetcher(url(server, "/a/b.jpg?x=1&y=%2F#part"))

    assert (
        f"GET /a/b.jpg?x=1&y=%2F HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        "User-Agent: Mozilla/5.0 (compatible; bankcard-ocr)\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    ) == server.heads[0]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/银行卡.jpg", "/%E9%93%B6%E8%A1%8C%E5%8D%A1.jpg"),
        ("/%E9%93%B6.jpg", "/%E9%93%B6.jpg"),
        ("/my card.jpg", "/my%20card.jpg"),
        ("/100%.jpg", "/100%25.jpg"),
        ("/a%2Fb.jpg", "/a%2Fb.jpg"),
        ("/a%252Fb.jpg", "/a%252Fb.jpg"),
        ("/卡.jpg?sign=a+b/c==&name=卡", "/%E5%8D%A1.jpg?sign=a+b/c==&name=%E5%8D%A1"),
        ("\\a\\b.jpg", "/a/b.jpg"),
        ("/a.jpg \r\n", "/a.jpg"),
        ("", "/"),
        ("?x=1", "/?x=1"),
    ],
)
def test_paths_are_asked_for_as_a_browser_would(serve, fetcher, path, target):
    """Chinese names, spaces and lone percent signs are encoded; what is encoded stays, what is around it goes."""
    server = serve(answer())

    fetcher(url(server, path))

    assert [target] == [head.split(" ")[1] for head in server.heads]


@pytest.mark.parametrize(
    ("origin", "port", "authority"),
    [
        ("http://img.example", 80, "img.example"),
        ("https://img.example", 443, "img.example"),
        ("http://img.example:443", 443, "img.example:443"),
        ("https://img.example:80", 80, "img.example:80"),
    ],
)
def test_each_scheme_has_its_port(origin: str, port: int, authority: str):
    """Where none is given; the Host header has any other."""
    target = parse(f"{origin}/card.jpg")

    assert (port, authority) == (target.port, target.authority)


@pytest.mark.parametrize("times", [1, 2])
def test_a_url_encoded_too_often_works(serve, fetcher, times):
    """A whole URL percent-encoded once or twice more than it should be is understood."""
    from urllib.parse import quote

    server = serve(answer())
    once = quote(url(server, "/卡.jpg"), safe="")

    assert JPEG == fetcher([once, quote(once, safe="")][times - 1])


def test_a_name_in_gbk_keeps_its_bytes(serve, fetcher):
    """In a URL that was encoded too often and in a redirect, a Chinese name that is not UTF-8 is asked for as it is."""

    def script(connection: socket.socket, path: str) -> None:
        there = b"HTTP/1.1 302 Found\r\nLocation: /\xbf\xa8.jpg\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(answer() if path == "/%BF%A8.jpg" else there)

    server = serve(script)

    assert [JPEG, JPEG] == [
        fetcher(url(server, "/%BF%A8.jpg").replace("://", "%3A%2F%2F", 1)),
        fetcher(url(server, "/start")),
    ]


def test_a_path_encoded_twice_is_tried_again(serve, fetcher):
    """A path that is not found as written is asked for once more with one layer of percent-encoding less."""

    def script(connection: socket.socket, path: str) -> None:
        connection.sendall(answer() if path == "/%E5%8D%A1.jpg" else answer(b"", "404 Not Found"))

    assert JPEG == fetcher(url(serve(script), "/%25E5%258D%25A1.jpg"))


@pytest.mark.parametrize(("most", "asked"), [(0, 1), (3, 4)])
def test_a_path_that_may_not_be_tried_again_is_not_found(serve, most: int, asked: int):
    """Where no redirect is left the status is said, as nobody was redirected."""
    server = serve(answer(b"", "404 Not Found"))
    fetcher = Fetcher(replace(PATIENT, max_redirects=most), allow_private_networks=True)

    assert ("status 404", asked) == (
        refusal(fetcher, url(server, "/%25252525E5.jpg")),
        len(server.heads),
    )


def test_ipv6_works(serve, fetcher):
    """A literal IPv6 address and its port are asked for, with brackets in the Host header."""
    server = serve(answer(), family=socket.AF_INET6)

    assert JPEG == fetcher(f"http://[::1]:{server.port}/")
    assert f"Host: [::1]:{server.port}\r\n" in server.heads[0]


def test_the_next_address_is_tried(serve):
    """Of a name with several addresses, the first that answers is used."""
    server = serve(answer())
    fetcher = Fetcher(PATIENT, allow_private_networks=True, resolve=lambda *_: ["::1", "127.0.0.1"])

    assert JPEG == fetcher(f"http://two.example:{server.port}/")


@pytest.fixture
def slow(monkeypatch) -> list[float]:
    """Lets the first two connections time out; how long each try was given."""
    shares: list[float] = []
    real = httpcore.SyncBackend.connect_tcp

    def connect_tcp(self, host: str, port: int, timeout: float) -> httpcore.NetworkStream:
        shares.append(timeout)
        if len(shares) < 3:
            raise httpcore.ConnectTimeout
        return real(self, host, port, timeout=timeout)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_tcp)
    return shares


@pytest.mark.parametrize(("times", "further"), [(1, 0), (2, 0), (1, 5)])
def test_each_address_has_a_third_of_the_time(serve, slow, times: int, further: int):
    """However many a name has, or however often one: an eighth of it is too little for a host that is far away."""
    server = serve(answer())
    addresses = [*["127.0.0.2"] * times, "127.0.0.3", "127.0.0.1", *(f"127.0.1.{n}" for n in range(further))]
    fetcher = Fetcher(PATIENT, allow_private_networks=True, resolve=lambda *_: addresses)

    assert JPEG == fetcher(f"http://many.example:{server.port}/")
    assert [PATIENT.connect_timeout_s / 3] * 3 == slow


def test_the_fourth_address_is_not_tried(serve, slow):
    """Whoever does not answer at three is out of reach."""
    server = serve(answer())
    addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"]
    fetcher = Fetcher(PATIENT, allow_private_networks=True, resolve=lambda *_: addresses)
    with pytest.raises(FetchError, match="connect: refused"):
        fetcher(f"http://many.example:{server.port}/")

    assert 3 == len(slow)


def test_an_international_name_is_encoded(serve):
    """Chinese host names are looked up and named in their IDNA form."""
    asked = []
    server = serve(answer())
    fetcher = Fetcher(PATIENT, allow_private_networks=True, resolve=lambda host, _: asked.append(host) or ["127.0.0.1"])

    fetcher(f"http://图片.例子.中国:{server.port}/")

    assert (["xn--wcsw84d.xn--fsqu00a.xn--fiqs8s"], True) == (
        asked,
        f"Host: xn--wcsw84d.xn--fsqu00a.xn--fiqs8s:{server.port}\r\n" in server.heads[0],
    )


@pytest.mark.parametrize(
    "allowed", ["img.corp.example", "IMG.Corp.Example", "*.corp.example", "*.Corp.Example", "127.0.0.1", "127.0.0.0/8"]
)
def test_excepted_hosts_are_reached(serve, allowed):
    """A name, a family of names, an address or a network may be excepted from the address rule."""
    server = serve(answer())
    fetcher = Fetcher(PATIENT, allow_hosts=[allowed], resolve=lambda *_: ["127.0.0.1"])

    assert (JPEG, (f"allow_hosts {allowed}",)) == (
        fetcher(f"http://img.corp.example:{server.port}/"),
        fetcher.exceptions,
    )


@pytest.mark.parametrize("allowed", ["corp.example", "*.img.corp.example", "10.0.0.0/8", "g.corp.example", "img.corp"])
def test_other_hosts_stay_refused(allowed):
    """An exception covers what it names and nothing beside it."""
    fetcher = Fetcher(PATIENT, allow_hosts=[allowed], resolve=lambda *_: ["127.0.0.1"])

    assert "address: private address refused" == refusal(fetcher, "http://img.corp.example/")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize(
    "location", ["/卡.jpg", "卡.jpg", "//127.0.0.1:{port}/卡.jpg", "http://127.0.0.1:{port}/卡.jpg"]
)
def test_redirects_are_followed(serve, fetcher, status, location):
    """Absolute, relative and Chinese locations work, with each of the redirecting codes."""

    def script(connection: socket.socket, path: str) -> None:
        there = location.format(port=server.port)
        connection.sendall(answer() if path == "/%E5%8D%A1.jpg" else answer(b"", status, Location=there))

    server = serve(script)

    assert JPEG == fetcher(url(server, "/start"))


@pytest.mark.parametrize("path", ["/3", "/4"])
def test_three_redirects_are_the_most(serve, fetcher, path):
    """Three redirects are followed, a fourth is not."""

    def script(connection: socket.socket, path: str) -> None:
        left = int(path[1:])
        connection.sendall(answer(b"", "302 Found", Location=f"/{left - 1}") if left else answer())

    server = serve(script)
    with suppress(FetchError):
        fetcher(url(server, path))

    assert 4 == len(server.heads)


def test_too_many_redirects_say_so(serve, fetcher):
    """A loop of redirects ends with its hint."""
    assert "redirect: more than 3" == refusal(fetcher, url(serve(answer(b"", "302 Found", Location="/"))))


@pytest.mark.parametrize(
    ("coding", "encode"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
)
def test_content_codings_are_undone(serve, fetcher, coding, encode):
    """Servers that compress although not asked to are understood."""
    assert JPEG == fetcher(url(serve(answer(encode(JPEG), Content_Encoding=coding))))


@pytest.mark.parametrize("behind", [b"", gzip.compress(b""), b"\0" * 9, b"stray"])
def test_members_of_gzip_are_one_picture(serve, fetcher, behind):
    """As RFC 1952 has it; what stands behind them and is none does no harm."""
    packed = b"".join(gzip.compress(part) for part in (JPEG[:99], JPEG[99:])) + behind

    assert JPEG == fetcher(url(serve(answer(packed, Content_Encoding="gzip"))))


def test_bare_deflate_is_undone(serve, fetcher):
    """Some servers call the bare stream deflate."""
    bare = zlib.compress(JPEG, wbits=-15)

    assert JPEG == fetcher(url(serve(answer(bare, Content_Encoding="deflate"))))


def test_chunks_and_no_length_work(serve, fetcher):
    """A chunked body and one that ends with the connection are read whole."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(JPEG), JPEG)

    assert JPEG == fetcher(url(serve(chunked)))
    assert JPEG == fetcher(url(serve(b"HTTP/1.0 200 OK\r\n\r\n" + JPEG)))


@pytest.mark.parametrize("declared", ["text/html", "application/octet-stream", ""])
def test_the_bytes_decide_the_type(serve, fetcher, declared):
    """A picture under a wrong content type is a picture."""
    assert JPEG == fetcher(url(serve(answer(Content_Type=declared))))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority) -> Fetcher:
    """A fetcher whose settings name the private authority."""
    trusted = authority.cert_pem.bytes()
    return Fetcher(PATIENT, authorities=trusted, allow_private_networks=True, resolve=lambda *_: ["127.0.0.1"])


def test_https_works_with_a_private_authority(serve, authority, trusting):
    """A server whose authority the settings name is trusted, under its name, rooted or not, and its address."""
    server = serve(answer(), tls=authority.issue_cert("img.example", "127.0.0.1"))

    assert JPEG == trusting(f"https://img.example:{server.port}/")
    assert JPEG == trusting(f"https://img.example.:{server.port}/")
    assert JPEG == trusting(f"https://127.0.0.1:{server.port}/")


def test_authorities_that_were_read_before_are_not_read_again(serve, authority):
    """The file may be out of reach by now; what stands beside them may be in any language."""
    server = serve(answer(), tls=authority.issue_cert("127.0.0.1"))
    pem = "# 卡\n".encode() + authority.cert_pem.bytes()
    fetcher = Fetcher(PATIENT, ca_file="gone.pem", authorities=pem, allow_private_networks=True)

    assert JPEG == fetcher(url(server).replace("http:", "https:"))


def test_an_unknown_authority_is_refused(serve, fetcher, authority):
    """Without the setting, the same server is refused."""
    server = serve(answer(), tls=authority.issue_cert("127.0.0.1"))

    assert "tls: certificate authority unknown" == refusal(fetcher, f"https://127.0.0.1:{server.port}/")


@pytest.mark.parametrize(
    ("code", "reason"), [(10, "certificate expired"), (23, "certificate refused"), (None, "handshake failed")]
)
def test_what_else_is_wrong_with_a_certificate_is_a_refusal(code: int | None, reason: str):
    """Such as one that was revoked."""
    error = ssl.SSLError() if code is None else ssl.SSLCertVerificationError()
    if code is not None:
        error.verify_code = code

    assert reason == _tls_reason(error)


def test_a_private_authority_need_not_be_strict(authority):
    """Many do not meet what Python 3.13 asks for; those of the system do."""
    private = tls_context(authority.cert_pem.bytes(), "ca.pem")

    assert not private.verify_flags & ssl.VERIFY_X509_STRICT
    assert tls_context(None, "").verify_flags == ssl.create_default_context().verify_flags


def test_an_expired_certificate_is_refused(serve, authority, trusting):
    """The hint of the contract for a certificate that ran out."""
    expired = authority.issue_cert("img.example", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    server = serve(answer(), tls=expired)

    assert "tls: certificate expired" == refusal(trusting, f"https://img.example:{server.port}/")


def test_another_hosts_certificate_is_refused(serve, authority, trusting):
    """A certificate must name the host of the URL, though the connection goes to an address."""
    server = serve(answer(), tls=authority.issue_cert("other.example"))

    assert "tls: certificate is for another host" == refusal(trusting, f"https://img.example:{server.port}/")


def test_http_may_rise_to_https(serve, authority, trusting):
    """As many servers ask for."""
    server = serve(answer(), tls=authority.issue_cert("img.example"))
    plain = serve(answer(b"", "301 Moved", Location=f"https://img.example:{server.port}/"))

    assert JPEG == trusting(url(plain))


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("http://[x/", "redirect: not a URL"),
        ("ftp://img.example/", "redirect: url: scheme ftp refused"),
        ("http://user:pw@img.example/", "redirect: url: credentials refused"),
    ],
)
def test_a_redirect_to_what_is_no_url_is_named(serve, fetcher, location: str, hint: str):
    """With the reason that it has as a URL."""
    assert hint == refusal(fetcher, url(serve(answer(b"", "302 Found", Location=location))))


def test_https_never_falls_to_http(serve, authority, trusting):
    """A redirect away from TLS is refused."""
    plain = serve(answer())
    server = serve(answer(b"", "302 Found", Location=url(plain)), tls=authority.issue_cert("img.example"))

    hint = refusal(trusting, f"https://img.example:{server.port}/")

    assert ("redirect from https to http refused", []) == (hint, plain.heads)


def test_http_on_a_tls_port_says_so(serve, fetcher):
    """A server that does not speak TLS is told apart from a wrong certificate."""
    server = serve(b"HTTP/1.1 400 Bad Request\r\n\r\n", blind=True)

    assert "tls: handshake failed" == refusal(fetcher, f"https://127.0.0.1:{server.port}/")


# What fails, and says why


@pytest.mark.parametrize(
    "status", ["403 Forbidden", "404 Not Found", "500 Internal Server Error", "206 Partial", "304 x"]
)
def test_another_status_is_named(serve, fetcher, status):
    """The hint has the status of a server that did not give the picture."""
    assert f"status {status[:3]}" == refusal(fetcher, url(serve(answer(b"", status))))


def test_a_redirect_to_nowhere_is_a_status(serve, fetcher):
    """A redirect without a location is named by its status."""
    assert "status 302" == refusal(fetcher, url(serve(answer(b"", "302 Found"))))


@pytest.mark.parametrize(
    ("body", "declared", "named"),
    [
        (b"<!DOCTYPE html><p>log in", "image/jpeg", "text/html"),
        (b"\xef\xbb\xbf\n <HTML>", "", "text/html"),
        (b'{"error": 1}', "text/plain", "application/json"),
        (b"<svg xmlns=''>", "image/svg+xml", "image/svg+xml"),
        (b"hello", "text/plain; charset=utf-8", "text/plain"),
        (b"hello", "image/png", "unknown bytes"),
        (b"hello", "[evil] 4111111111111111", "unknown bytes"),
    ],
)
def test_what_is_no_picture_is_named(serve, fetcher, body, declared, named):
    """The hint names what came instead: by its bytes where they tell, else as declared."""
    assert f"type: {named}, not a picture" == refusal(fetcher, url(serve(answer(body, Content_Type=declared))))


def test_an_empty_answer_is_named(serve, fetcher):
    """No bytes are no picture."""
    assert "size: empty" == refusal(fetcher, url(serve(answer(b""))))


def picture_of(size: int) -> bytes:
    return JPEG[:4] + bytes(size - 4)


def test_the_limit_itself_is_allowed(serve, fetcher):
    """A picture of exactly the limit arrives, plain or compressed."""
    picture = picture_of(PATIENT.max_bytes)

    assert picture == fetcher(url(serve(answer(picture))))
    assert picture == fetcher(url(serve(answer(gzip.compress(picture), Content_Encoding="gzip"))))


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(answer(picture_of(PATIENT.max_bytes + 1)), id="declared"),
        pytest.param(answer(picture_of(PATIENT.max_bytes + 1), Content_Length=""), id="no length"),
        pytest.param(answer(JPEG, Content_Length=str(PATIENT.max_bytes + 1)), id="declared, not sent"),
        pytest.param(answer(JPEG, Content_Length="9" * 18), id="absurd length"),
        pytest.param(
            answer(gzip.compress(picture_of(PATIENT.max_bytes + 1)), Content_Encoding="gzip"), id="compressed"
        ),
        pytest.param(
            answer(gzip.compress(bytes(50_000_000), 9), Content_Encoding="gzip", Content_Length=""), id="bomb"
        ),
        pytest.param(answer(gzip.compress(bytes(5_000_000), 1), Content_Encoding="gzip"), id="small bomb"),
    ],
)
def test_a_byte_over_the_limit_is_refused(serve, fetcher, response):
    """Over the limit on the wire or after decoding, declared or not, is refused with the limit in the hint."""
    assert "size: over 8192 bytes" == refusal(fetcher, url(serve(response)))


def test_no_more_is_unpacked_than_is_wanted(serve, fetcher, monkeypatch):
    """A bomb takes no memory."""
    sizes: list[int] = []
    unpack = _Inflater.__call__

    def counted(self: _Inflater, chunk: bytes, most: int) -> bytes:
        out = unpack(self, chunk, most)
        sizes.append(len(out))
        return out

    monkeypatch.setattr(_Inflater, "__call__", counted)
    refusal(fetcher, url(serve(answer(gzip.compress(bytes(5_000_000)), Content_Encoding="gzip"))))

    assert PATIENT.max_bytes + 1 == sum(sizes)


def test_what_is_packed_larger_than_it_is_counts_as_it_came(serve, fetcher):
    """A picture within the limit whose packing is over it, on the wire, is refused as one that is over it."""
    packed = bytearray(gzip.compress(JPEG))
    packed[3:10] = bytes([0x10]) + packed[4:10] + b"x" * PATIENT.max_bytes + b"\0"  # RFC 1952: a comment in the head

    assert JPEG == gzip.decompress(packed)
    assert "size: over 8192 bytes" == refusal(
        fetcher, url(serve(answer(bytes(packed), Content_Encoding="gzip", Content_Length="")))
    )


def test_a_length_that_is_too_small_cuts(serve, fetcher):
    """Bytes beyond the declared length are not read."""
    assert JPEG[:8] == fetcher(url(serve(answer(JPEG, Content_Length="8"))))


def test_a_length_that_is_too_large_is_named(serve, fetcher):
    """A body that ends before its declared length is no picture."""
    assert "connect: connection lost before the end" == refusal(fetcher, url(serve(answer(Content_Length="8000"))))


def test_framing_counts_on_the_wire(serve, fetcher):
    """A server that sends next to no picture in endless chunk framing is cut off."""

    def script(connection: socket.socket, _path: str) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"x" * 9000 + b"\r\n\xff\r\n") * 99
        )

    assert "size: over 8192 bytes" == refusal(fetcher, url(serve(script)))


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip, br", "compress"])
def test_unknown_codings_are_refused(serve, fetcher, coding):
    """What was not asked for and cannot be bounded is not decoded."""
    assert "type: unknown content coding" == refusal(fetcher, url(serve(answer(Content_Encoding=coding))))


@pytest.mark.parametrize("coding", ["aws-chunked", "UTF-8", "binary", "identity, utf-8", "none", "x" * 1000])
def test_what_is_no_coding_is_none(serve, fetcher, coding):
    """Object stores repeat what an upload was called; the bytes are the picture, as browsers show it."""
    assert JPEG == fetcher(url(serve(answer(Content_Encoding=coding))))


def test_a_coding_beside_what_is_none_is_undone(serve, fetcher):
    """``gzip,aws-chunked`` is gzip."""
    assert JPEG == fetcher(url(serve(answer(gzip.compress(JPEG), Content_Encoding="gzip,aws-chunked"))))


@pytest.mark.parametrize(
    "body",
    [
        JPEG,
        gzip.compress(JPEG)[:-9],
        gzip.compress(JPEG)[:20],
        gzip.compress(JPEG) + gzip.compress(JPEG)[:-9],
    ],
)
def test_damaged_codings_are_refused(serve, fetcher, body):
    """A coding that is damaged or cut short gives no picture."""
    assert "type: damaged content coding" == refusal(fetcher, url(serve(answer(body, Content_Encoding="gzip"))))


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 120_000,
        b"\0" * 99,
        answer(Content_Length="9" * 400),
    ],
)
def test_what_is_no_http_is_named(serve, fetcher, response):
    """A server that closes, speaks otherwise or sends an endless head gives no valid answer."""
    assert "status: no valid HTTP answer" == refusal(fetcher, url(serve(response)))


def test_a_reset_is_named(serve, fetcher):
    """A connection that breaks off is told apart from an answer that is none."""

    def script(connection: socket.socket, _path: str) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    assert "connect: connection lost before the end" == refusal(fetcher, url(serve(script)))


def test_headers_need_not_be_utf8(serve, fetcher):
    """A header in Latin-1 does no harm."""
    response = answer(b"hello").replace(b"image/jpeg", b"text/plain; name=\xe9")

    assert "type: text/plain, not a picture" == refusal(fetcher, url(serve(response)))


def test_nobody_there_is_named(fetcher):
    """A closed port is told apart from a silent one."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    assert "connect: refused" == refusal(fetcher, f"http://127.0.0.1:{port}/")


def test_a_full_queue_is_named():
    """A host that does not take the connection in time is named so."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(address)
        hint = refusal(Fetcher(QUICK, allow_private_networks=True), f"http://127.0.0.1:{address[1]}/")
        for client in waiting:
            client.close()

    assert "connect: timed out" == hint


def stuck(first: bytes, rest: bytes = b"", pause_s: float = 0.01) -> Callable[[socket.socket, str], None]:
    """Sends ``first``, then ``rest`` byte by byte, then nothing, until the other side hangs up."""

    def script(connection: socket.socket, _path: str) -> None:
        connection.sendall(first)
        connection.settimeout(pause_s)
        for byte in rest:
            with suppress(TimeoutError):
                if connection.recv(1) == b"":
                    return
            connection.sendall(bytes([byte]))
        connection.settimeout(2)
        connection.recv(1)

    return script


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(stuck(b""), id="silent"),
        pytest.param(stuck(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\xff"), id="one byte, then silent"),
        pytest.param(stuck(b"HTTP/1.1 200 OK\r\n", b"X-Header: slow\r\n" * 99), id="a head without end"),
        pytest.param(stuck(answer(b"", Content_Length="5000"), JPEG * 3), id="a body in drops"),
        pytest.param(stuck(b"HTTP/1.1 100 Continue\r\n\r\n" * 99), id="continue, then silent"),
    ],
)
def test_slow_servers_are_cut_off(serve, hasty, script):
    """Whatever is slow, head or body, ends within the time of the whole download."""
    assert refusal(hasty, url(serve(script))) in {"timeout: over 0.25 s", "timeout: slower than 1000 bytes/s"}


def test_a_handshake_that_does_not_begin_is_cut_off(serve, hasty):
    """A server that takes the connection and says nothing of TLS has no more time than another."""

    def script(connection: socket.socket, _path: str) -> None:
        connection.settimeout(2)
        while connection.recv(65536):
            pass

    server = serve(script, blind=True)

    assert "tls: handshake timed out" == refusal(hasty, url(server).replace("http:", "https:"))


def test_drops_are_under_the_floor(serve):
    """A body in drops ends by the floor on the rate, long before the time of the whole download."""
    patient = Fetcher(Limits(total_timeout_s=30, min_bytes_per_s=1000, rate_grace_s=0.05), allow_private_networks=True)

    script = stuck(answer(b"", Content_Length="5000"), JPEG * 3)

    assert "timeout: slower than 1000 bytes/s" == refusal(patient, url(serve(script)))


def test_drops_within_tls_are_under_the_floor_too(serve, authority):
    """What is in TLS has no other rate than what comes bare."""
    patient = Fetcher(
        Limits(connect_timeout_s=10, total_timeout_s=30, min_bytes_per_s=1000, rate_grace_s=0.05),
        authorities=authority.cert_pem.bytes(),
        allow_private_networks=True,
    )
    script = stuck(answer(b"", Content_Length="5000"), JPEG * 3)
    server = serve(script, tls=authority.issue_cert("127.0.0.1"))

    assert "timeout: slower than 1000 bytes/s" == refusal(patient, f"https://127.0.0.1:{server.port}/")


def test_a_budget_ends_when_it_does():
    """To the moment; what is left bounds the time to connect, too."""
    now = [5.0]
    budget = Budget(Limits(total_timeout_s=3.0, connect_timeout_s=1.0), lambda: now[0])
    left = []
    for now[0] in (5.0, 6.5, 7.5):
        left.append((budget.left_s(), budget.connect_s()))
    now[0] = 8.0

    assert [(3.0, 1.0), (1.5, 1.0), (0.5, 0.5)] == left
    with pytest.raises(FetchError, match="timeout: over 3 s"):
        budget.left_s()


def test_redirects_share_the_time(serve):
    """The clock of the whole download does not start again with a redirect."""
    now = iter(range(100))
    fetcher = Fetcher(Limits(total_timeout_s=12), allow_private_networks=True, clock=lambda: float(next(now)))

    assert "timeout: over 12 s" == refusal(fetcher, url(serve(answer(b"", "302 Found", Location="/"))))


def test_a_slow_name_server_is_cut_off():
    """A name server that does not answer is not waited for."""
    silent = threading.Event()
    fetcher = Fetcher(QUICK, resolve=lambda *_: silent.wait(2) or [])

    hint = refusal(fetcher, "http://slow.example/")
    silent.set()

    assert "dns: timed out" == hint


def test_a_name_without_addresses_is_none():
    """A resolver that finds nothing has found no host."""
    assert "dns: no such host" == refusal(Fetcher(PATIENT, resolve=lambda *_: []), "http://none.example/")


def test_lookups_are_bounded(monkeypatch):
    """When too many lookups hang already, a further one is not begun."""
    monkeypatch.setattr(dns, "_LOOKUPS", threading.BoundedSemaphore(1))
    dns._LOOKUPS.acquire()

    assert "dns: timed out" == refusal(Fetcher(PATIENT, resolve=lambda *_: ["127.0.0.1"]), "http://slow.example/")


def test_a_lookup_that_cannot_begin_takes_no_place(monkeypatch):
    """Where the system gives no thread the lookup fails as one that takes too long, and the next has its place."""
    monkeypatch.setattr(dns, "_LOOKUPS", threading.BoundedSemaphore(1))
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", mock.Mock(side_effect=RuntimeError("can't start new thread")))
        hint = refusal(Fetcher(PATIENT, resolve=lambda *_: []), "http://none.example/")

    assert ("dns: timed out", "dns: no such host") == (
        hint,
        refusal(Fetcher(PATIENT, resolve=lambda *_: []), "http://none.example/"),
    )


@pytest.mark.parametrize("error", [None, socket.gaierror(socket.EAI_NONAME, "x")])
def test_a_lookup_gives_back_its_place(monkeypatch, error: OSError | None):
    """Found or not; and a resolver that hangs does not keep the process."""
    places = threading.BoundedSemaphore(1)
    monkeypatch.setattr(dns, "_LOOKUPS", places)
    daemons: list[bool] = []

    def look_up() -> list[str]:
        daemons.append(threading.current_thread().daemon)
        if error:
            raise error
        return []

    with suppress(socket.gaierror):
        dns.in_time(look_up, 10.0)

    assert places.acquire(timeout=10.0)
    assert [True] == daemons


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "dns: no such host"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "dns: no answer"),
        (OSError("x"), "dns: no such host"),
    ],
)
def test_name_errors_are_named(error, hint):
    """A name that does not exist is told apart from a name server out of reach."""

    def resolve(_host: str, _port: int) -> list[str]:
        raise error

    assert hint == refusal(Fetcher(PATIENT, resolve=resolve), "http://none.example/")


def test_the_systems_names_are_used(serve):
    """Without another resolver, names are those the system knows."""
    server = serve(answer())

    assert JPEG == Fetcher(PATIENT, allow_private_networks=True)(f"http://localhost:{server.port}/")


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("", "url: no http:// or https://"),
        ("ENCODE_URL", "url: no http:// or https://"),
        ("www.example.com/card.jpg", "url: no http:// or https://"),
        ("www.example.com:8080/card.jpg", "url: no http:// or https://"),
        ("ftp://example.com/card.jpg", "url: scheme ftp refused"),
        ("file:///etc/passwd", "url: scheme file refused"),
        ("wxfile://tmp_123.jpg", f"url: {ON_A_DEVICE}"),
        ("http://tmp/wxa1b2.jpg", f"url: {ON_A_DEVICE}"),
        ("cloud://shop-1a2b3c/cards/1.jpg", f"url: {IN_CLOUD_STORAGE}"),
        ("C:\\cards\\card.jpg", f"url: {ON_A_DEVICE}"),
        ("/home/anna/card.jpg", f"url: {ON_A_DEVICE}"),
        ("data:image/png;base64," + "x" * 8192, f"url: {AS_BASE64}"),
        ("/9j/4AAQSkZJRgABAQ", f"url: {AS_BASE64}"),
        ("iVBORw0KGgoAAAANSUhEUg", f"url: {AS_BASE64}"),
        ("//example.com/card.jpg", "url: no http:// or https://"),
        ("http://user:pw@example.com/", "url: credentials refused"),
        ("http://", "url: no host name"),
        ("http://exa mple.com/", "url: no host name"),
        ("http://example.com:0/", "url: no such port"),
        ("http://example.com:65536/", "url: no such port"),
        ("http://example.com:100080/", "url: no such port"),
        (f"http://example.com:{'9' * 5000}/", "url: no such port"),
        ("http://example.com/\x00", "url: control characters refused"),
        ("http://example.com/\ud800", "url: control characters refused"),
        ("http://example.com/" + "x" * 8192, "url: over 8192 characters"),
        ("http://[fe80::1%25eth0]/", "address: zone id refused"),
        ("http://0x7f.1/", "address: odd notation of an IP address refused"),
    ],
)
def test_what_is_no_url_is_named(fetcher, url, hint):
    """Every reason why a URL is not even tried has its words."""
    assert hint == refusal(fetcher, url)


# Settings


@pytest.mark.parametrize(
    "hosts", [["not a host"], ["http://x/"], ["*.*"], ["*.*.x"], [".x"], ["1.2.3.4.5"], ["10.1.2.3/8"], [""]]
)
def test_wrong_exceptions_are_refused(hosts):
    """A mistyped exception is an error at start, not a hole or a silent nothing."""
    with pytest.raises(SettingsError):
        Fetcher(allow_hosts=hosts)


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_wrong_authorities_are_refused(content: bytes):
    """A file that holds none is an error at start, which names it."""
    with pytest.raises(SettingsError, match=r"ca_file .* private\.pem is no readable PEM file"):
        Fetcher(authorities=content, ca_file="private.pem")


def test_nothing_is_excepted_by_default():
    """As shipped, no exception from the address rule stands in the log."""
    assert () == Fetcher().exceptions


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "127.0.0.1:3128", "http://", "http://x:y", "http://[x"]
)
def test_a_wrong_proxy_is_refused(proxy):
    """Only HTTP proxies are spoken to."""
    with pytest.raises(SettingsError, match="proxy"):
        Fetcher(proxy=proxy)


def tunnel(connection: socket.socket, _path: str) -> None:
    """A proxy at whose far end a server gives the picture."""
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    connection.recv(65536)
    connection.sendall(answer())


def test_a_configured_proxy_is_used(serve):
    """The proxy is asked for the judged address, the first of several, not for the name."""
    server, found = serve(tunnel), ["93.184.216.34", "93.184.216.35"]
    fetcher = Fetcher(PATIENT, proxy=f"http://me:s%40@127.0.0.1:{server.port}", resolve=lambda *_: found)

    assert JPEG == fetcher("http://img.example/card.jpg")
    assert (
        "CONNECT 93.184.216.34:80 HTTP/1.1\r\nHost: 93.184.216.34:80\r\nProxy-Authorization: Basic bWU6c0A=\r\n\r\n"
    ) == server.heads[0]


def test_a_proxy_may_have_no_port_and_a_user_no_password():
    """Then its port is 8080, and the password empty."""
    found = Proxy.parse("http://me@proxy.example")

    assert (8080, b"Proxy-Authorization: Basic bWU6\r\n") == (found.port, found.authorization)
    assert b"" == Proxy.parse("http://proxy.example").authorization


def test_a_proxy_is_asked_for_an_ipv6_address_in_brackets(serve):
    """Else its last group and the port would be one address."""
    server = serve(tunnel)
    fetcher = Fetcher(PATIENT, proxy=f"http://127.0.0.1:{server.port}", resolve=lambda *_: ["2606:2800:220:1::1"])

    assert JPEG == fetcher("http://img.example/card.jpg")
    assert server.heads[0].startswith("CONNECT [2606:2800:220:1::1]:80 HTTP/1.1\r\nHost: [2606:2800:220:1::1]:80\r\n")


def test_no_password_of_a_proxy_is_in_a_repr():
    """Nor is it where the header's line has it encoded."""
    found = repr(Proxy.parse("http://me:s%40@127.0.0.1:3128"))

    assert (True, False) == ("127.0.0.1" in found, "bWU6c0A=" in found)


def test_no_path_is_in_a_repr():
    """A URL may be signed: then its path and query let in who has them."""
    found = repr(parse("https://img.example/1.jpg?signature=hunter2"))

    assert (True, False) == ("img.example" in found, "hunter2" in found)


@pytest.mark.parametrize("said", [answer(b"", "403 Forbidden"), b"HTTP/1.1 4", b""])
def test_a_proxy_that_refuses_is_named(serve, said: bytes):
    """A proxy's refusal is told apart from the far server's."""
    server = serve(said)
    fetcher = Fetcher(PATIENT, proxy=f"http://127.0.0.1:{server.port}", resolve=lambda *_: ["93.184.216.34"])

    assert "connect: proxy refused" == refusal(fetcher, "http://img.example/card.jpg")


def test_a_proxy_that_hangs_is_cut_off(serve):
    """A proxy has no more time than the download."""
    server = serve(stuck(b"HTTP/1.1"))
    fetcher = Fetcher(QUICK, proxy=f"http://127.0.0.1:{server.port}", resolve=lambda *_: ["93.184.216.34"])

    assert refusal(fetcher, "http://img.example/card.jpg").startswith("timeout: ")


def test_a_proxy_opens_no_private_address(serve):
    """What is refused without a proxy is refused with one."""
    server = serve(tunnel)
    fetcher = Fetcher(PATIENT, proxy=f"http://127.0.0.1:{server.port}")

    assert ("address: private address refused", []) == (refusal(fetcher, "http://10.0.0.1/"), server.heads)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]))
def test_any_coded_bytes_are_bounded(data, coding):
    """Whatever is decoded, no more comes out than was asked for."""
    inflate = _Inflater(coding)
    with suppress(FetchError):
        assert len(inflate(data or b"x", 64)) <= 64


@given(
    st.lists(st.binary(max_size=99), min_size=1, max_size=4),
    st.integers(1, 50),
    st.integers(1, 2000),
    st.integers(1, 2000),
)
@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", lambda parts: b"".join(map(gzip.compress, parts))),
        ("deflate", lambda parts: zlib.compress(b"".join(parts))),
        ("deflate", lambda parts: zlib.compress(b"".join(parts), wbits=-15)),
    ],
    ids=["gzip", "deflate", "bare"],
)
def test_what_was_compressed_comes_out_up_to_the_bound(coding, pack, parts, times, cut, most):
    """In however many members, and wherever it is cut on its way."""
    whole, packed = b"".join(parts) * times, pack(parts * times)
    inflate, bounded = _Inflater(coding), _Inflater(coding)

    assert whole == inflate(packed[:cut], 100_000) + inflate(packed[cut:], 100_000)
    assert whole[:most] == bounded(packed, most)


def test_members_of_nothing_are_counted():
    """No limit of bytes would end them."""
    with pytest.raises(FetchError, match="damaged content coding"):
        _Inflater("gzip")(gzip.compress(b"") * (MOST_MEMBERS + 1), 64)
