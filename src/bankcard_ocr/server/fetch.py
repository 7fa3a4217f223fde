"""The download of an ``img_url`` that a stranger sent: ``Fetcher(...)(url) -> bytes`` of a picture.

The host is resolved once, every address it has is judged, and the connection goes to a judged address: nothing is
looked up again, so a name that changes its answer (DNS rebinding) gains nothing. Each redirect is a new URL under the
same rules. Sizes, times and rates are bounded on the socket, before HTTP is understood. Proxies of the environment
are not read. What fails raises FetchError, whose text is the hint of errcode 101000; it never holds the URL.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import Any, NoReturn
from urllib.parse import unquote, urljoin, urlsplit

import certifi
import httpcore

from ..errors import FetchError, SettingsError
from ..formats import HEAD, format_of
from ..platform.form import as_text
from .address import Address, Network, is_private, is_public
from .target import Target, ends_in_number, host_name, parse

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) -> its addresses as text, best first; OSError when there is none."""

_HEAD_BYTES = 128 * 1024  # allowed on the wire beyond the picture: the head and the framing of chunks
_LOOKUPS = threading.BoundedSemaphore(64)  # name lookups under way in the process; a resolver may hang for long


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one download may cost.

    ``min_bytes_per_s`` is the floor on the rate, held from ``rate_grace_s`` after the first byte on.
    """

    max_bytes: int = 2 * 1024 * 1024
    connect_timeout_s: float = 1.0
    total_timeout_s: float = 3.0
    min_bytes_per_s: int = 8192
    rate_grace_s: float = 1.0
    max_redirects: int = 3


class Fetcher:
    """Downloads pictures under the rules of this module; complete after construction, shared by threads.

    ``allow_hosts`` excepts hosts from the address rule: names (``img.intranet``), their families (``*.intranet``),
    addresses and networks (``10.1.0.0/16``). ``allow_private_networks`` excepts loopback and private networks whole.
    ``ca_file`` has certificate authorities (PEM) to trust besides the usual ones. ``proxy`` is the URL of an HTTP
    proxy to tunnel through (``http://[user:password@]host:port``); names are still resolved and judged here.

    Raises SettingsError when one of these is malformed.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        allow_hosts: Iterable[str] = (),
        allow_private_networks: bool = False,
        ca_file: str | None = None,
        proxy: str | None = None,
        resolve: Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self._allow_hosts = tuple(allow_hosts)
        self._allow_private_networks = allow_private_networks
        self._names, self._networks = _exceptions(self._allow_hosts)
        self._tls = _tls_context(ca_file)
        self._proxy = _Proxy.parse(proxy) if proxy else None
        self._resolve = resolve or _system_resolve
        self._clock = clock

    @property
    def exceptions(self) -> tuple[str, ...]:
        """What is excepted from the address rule, to be named in the log at start."""
        private = ("allow_private_networks",) if self._allow_private_networks else ()
        return (*private, *(f"allow_hosts {host}" for host in self._allow_hosts))

    def __call__(self, url: str) -> bytes:
        """The picture at ``url``. Raises FetchError."""
        target = parse(url)
        budget = _Budget(self.limits, self._clock)
        for hop in range(self.limits.max_redirects + 1):
            with self._open(target, budget, redirected=hop > 0) as response:
                following = _following(target, response)
                if following is None:
                    return _picture(response, self.limits.max_bytes)
            target = following
        raise FetchError("redirect", f"more than {self.limits.max_redirects}")

    @contextmanager
    def _open(self, target: Target, budget: _Budget, *, redirected: bool) -> Iterator[httpcore.Response]:
        """The response of ``target``, its body unread."""
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        request = httpcore.Request(
            "GET",
            url,
            headers=[
                ("Host", target.authority),
                ("User-Agent", "Mozilla/5.0 (compatible; bankcard-ocr)"),
                ("Accept", "*/*"),
                ("Accept-Encoding", "identity"),
                ("Connection", "close"),
            ],
            extensions={"sni_hostname": target.host.rstrip(".")},
        )
        road = _Road(self, target, budget, redirected=redirected)
        connection = httpcore.HTTPConnection(url.origin, ssl_context=self._tls, network_backend=road)
        began = False
        try:
            response = connection.handle_request(request)
            began = True
            yield response
        except httpcore.ProtocolError:
            if began:
                raise FetchError("connect", "connection lost before the end") from None
            raise FetchError("status", "no valid HTTP answer") from None
        except httpcore.NetworkError:
            raise FetchError("connect", "connection lost before the end") from None
        finally:
            connection.close()

    def _addresses(self, target: Target, budget: _Budget, *, redirected: bool) -> Sequence[Address]:
        """Where ``target`` may be connected to, best first; all its addresses are allowed, or it is refused."""
        addresses = [target.address] if target.address else self._lookup(target, budget)
        if self._is_excepted(target.host) or all(map(self._may_reach, addresses)):
            return addresses
        if redirected:
            raise FetchError("redirect", "redirect to a private address refused")
        raise FetchError("address", "private address refused")

    def _lookup(self, target: Target, budget: _Budget) -> list[Address]:
        try:
            found = _in_time(lambda: self._resolve(target.host, target.port), budget.connect_s())
        except TimeoutError:
            raise FetchError("dns", "timed out") from None
        except OSError as error:
            temporary = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            raise FetchError("dns", "no answer" if temporary else "no such host") from None
        if not found:
            raise FetchError("dns", "no such host")
        return [ip_address(text) for text in dict.fromkeys(found)]

    def _is_excepted(self, host: str) -> bool:
        return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in self._names)

    def _may_reach(self, address: Address) -> bool:
        return (
            is_public(address)
            or (self._allow_private_networks and is_private(address))
            or any(address in network for network in self._networks)
        )


# What an answer says


_TWICE = re.compile(r"%25(?=[0-9A-Fa-f]{2})")


def _following(target: Target, response: httpcore.Response) -> Target | None:
    """Where ``response`` sends us on to; None when it is the last."""
    if response.status == 404 and _TWICE.search(target.path):  # a path percent-encoded twice: try it encoded once
        return parse(f"{target.scheme}://{target.authority}{_TWICE.sub('%', target.path)}")
    location = _header(response, b"location")
    if response.status not in {301, 302, 303, 307, 308} or not location:
        return None
    try:
        following = parse(urljoin(target.url, location))
    except (FetchError, ValueError) as error:
        raise FetchError("redirect", error.cause if isinstance(error, FetchError) else "not a URL") from None
    if (target.scheme, following.scheme) == ("https", "http"):
        raise FetchError("redirect", "redirect from https to http refused")
    return following


def _picture(response: httpcore.Response, max_bytes: int) -> bytes:
    """The body of ``response``, its content coding undone, when it begins like a picture."""
    if response.status != 200:
        raise FetchError("status", f"status {response.status}")
    length = _header(response, b"content-length")
    if length.isdecimal() and int(length[:18]) > max_bytes:
        raise _too_large(max_bytes)
    coding = _header(response, b"content-encoding").lower()
    inflate = None if coding in {"", "identity"} else _Inflater(coding)
    body = bytearray()
    received = 0
    for chunk in response.iter_stream():
        received += len(chunk)
        body += inflate(chunk, max_bytes + 1 - len(body)) if inflate else chunk
        if max(received, len(body)) > max_bytes:
            raise _too_large(max_bytes)
    if inflate:
        inflate.finish()
    if not body:
        raise FetchError("size", "empty")
    if not format_of(bytes(body[:HEAD])):
        raise FetchError("type", f"{_media_type(bytes(body[:512]), _header(response, b'content-type'))}, not a picture")
    return bytes(body)


def _too_large(max_bytes: int) -> FetchError:
    return FetchError("size", f"over {max_bytes} bytes")


def _header(response: httpcore.Response, name: bytes) -> str:
    """The first header of this name, as UTF-8 where it is that: a Location may hold Chinese."""
    return as_text(next((value for key, value in response.headers if key.lower() == name), b"").strip())


class _Inflater:
    """Undoes one content coding; a bomb stops at the most bytes wanted."""

    def __init__(self, coding: str) -> None:
        if coding not in {"gzip", "x-gzip", "deflate"}:
            raise FetchError("type", "unknown content coding")
        self._coding = coding
        self._inflate: Any = None

    def __call__(self, chunk: bytes, most: int) -> bytes:
        if self._inflate is None:  # "deflate" means zlib's format, and some servers send the bare stream
            bare = self._coding == "deflate" and chunk[0] & 0x0F != 8
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
        try:
            return bytes(self._inflate.decompress(chunk, most))
        except zlib.error:
            raise FetchError("type", "damaged content coding") from None

    def finish(self) -> None:
        if self._inflate is not None and not self._inflate.eof:
            raise FetchError("type", "damaged content coding")


_TYPES = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "application/xml"),
    (b"{", "application/json"),
    (b"%pdf-", "application/pdf"),
)


def _media_type(head: bytes, declared: str) -> str:
    """What was sent instead of a picture: by its bytes where they tell, else as declared."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for begin, name in _TYPES:
        if text.startswith(begin):
            return name
    match = re.match(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", declared.lower())
    return match[0] if match and not match[0].startswith("image/") else "unknown bytes"


# The road there: one socket, judged before it is opened and watched while it is open


class _Budget:
    """The time of one whole download, over all its redirects."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.clock = clock
        self._deadline = clock() + limits.total_timeout_s

    def left_s(self) -> float:
        left = self._deadline - self.clock()
        if left <= 0:
            raise FetchError("timeout", f"over {self.limits.total_timeout_s:g} s")
        return left

    def connect_s(self) -> float:
        return min(self.left_s(), self.limits.connect_timeout_s)


class _Road(httpcore.NetworkBackend):
    """Connects to ``target`` alone, at an address that was judged here and is not looked up again."""

    def __init__(self, fetcher: Fetcher, target: Target, budget: _Budget, *, redirected: bool) -> None:
        self._fetcher = fetcher
        self._target = target
        self._budget = budget
        self._redirected = redirected

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  httpcore repeats the host, which has been judged
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the budget decides
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        addresses = self._fetcher._addresses(self._target, self._budget, redirected=self._redirected)  # noqa: SLF001
        proxy = self._fetcher._proxy  # noqa: SLF001
        if proxy:
            return proxy.tunnel(_connect([proxy.host], proxy.port, self._budget), self._budget, addresses[0], port)
        return _Watched(_connect([str(address) for address in addresses], port, self._budget), self._budget)


def _connect(hosts: Sequence[str], port: int, budget: _Budget) -> httpcore.NetworkStream:
    """A connection to the first of ``hosts`` that answers; they share the time there is."""
    share_s = budget.connect_s() / len(hosts)
    reason = "host out of reach"
    for host in hosts:
        try:
            return httpcore.SyncBackend().connect_tcp(host, port, timeout=min(share_s, budget.left_s()))
        except httpcore.ConnectTimeout:
            reason = "timed out"
        except httpcore.ConnectError as error:
            reason = "refused" if isinstance(error.__cause__, ConnectionRefusedError) else "host out of reach"
    raise FetchError("connect", reason)


class _Watched(httpcore.NetworkStream):
    """A stream that keeps to the budget: whole time, rate and bytes, whatever is sent and however slowly."""

    def __init__(self, inner: httpcore.NetworkStream, budget: _Budget) -> None:
        self._inner = inner
        self._budget = budget
        self._received = 0
        self._since: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  the budget decides
        limits = self._budget.limits
        left_s, slack_s = self._budget.left_s(), self._slack_s()
        if slack_s <= 0:
            self._too_slow()
        try:
            data = self._inner.read(max_bytes, min(left_s, slack_s))
        except httpcore.ReadTimeout:
            if slack_s < left_s:
                self._too_slow()
            raise FetchError("timeout", f"over {limits.total_timeout_s:g} s") from None
        self._since = self._budget.clock() if self._since is None else self._since
        self._received += len(data)
        if self._received > limits.max_bytes + _HEAD_BYTES:
            raise _too_large(limits.max_bytes)
        return data

    def _slack_s(self) -> float:
        """How long the next byte may take until the rate has been under the floor."""
        if self._since is None:
            return float("inf")
        limits = self._budget.limits
        return self._since + limits.rate_grace_s + self._received / limits.min_bytes_per_s - self._budget.clock()

    def _too_slow(self) -> NoReturn:
        raise FetchError("timeout", f"slower than {self._budget.limits.min_bytes_per_s} bytes/s")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  the budget decides
        try:
            self._inner.write(buffer, self._budget.left_s())
        except httpcore.WriteTimeout:
            raise FetchError("timeout", f"over {self._budget.limits.total_timeout_s:g} s") from None

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  the budget decides
    ) -> httpcore.NetworkStream:
        try:
            return _Watched(self._inner.start_tls(ssl_context, server_hostname, self._budget.left_s()), self._budget)
        except httpcore.ConnectTimeout:
            raise FetchError("tls", "handshake timed out") from None
        except httpcore.ConnectError as error:
            raise FetchError("tls", _tls_reason(error.__cause__)) from None

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


_CERTIFICATE = {  # X509_V_ERR_* of OpenSSL
    9: "certificate not yet valid",
    10: "certificate expired",
    18: "certificate is self-signed",
    19: "certificate authority unknown",
    20: "certificate authority unknown",
    21: "certificate authority unknown",
    62: "certificate is for another host",
    64: "certificate is for another host",
}


def _tls_reason(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, "certificate refused")
    return "handshake failed"


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """The system's certificate authorities, certifi's where it has none, and those of ``ca_file``."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python 3.13's default, which many private CAs do not meet
    except OSError as error:
        reason = f"{ca_file} is no readable PEM file of certificates: {error.strerror or error}"
        raise SettingsError("ca_file", "the fetcher's settings", reason) from None
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proxy:
    """An HTTP proxy; ``authorization`` is its header line, or empty."""

    host: str
    port: int
    authorization: bytes

    @classmethod
    def parse(cls, url: str) -> _Proxy:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 8080
        except ValueError:
            parts, host, port = urlsplit(""), None, 0
        if parts.scheme != "http" or not host:
            raise SettingsError("proxy", "the fetcher's settings", "must be a URL http://[user:password@]host:port")
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        authorization = b"Proxy-Authorization: Basic " + b64encode(pair) + b"\r\n" if parts.username else b""
        return cls(host=host, port=port, authorization=authorization)

    def tunnel(self, stream: httpcore.NetworkStream, budget: _Budget, address: Address, port: int) -> _Watched:
        """``stream`` connected by the proxy through to ``address``. Raises FetchError when it does not."""
        there = b"%s:%d" % ((f"[{address}]" if address.version == 6 else str(address)).encode(), port)
        tunnelled = _Watched(stream, budget)
        try:
            stream.write(b"CONNECT " + there + b" HTTP/1.1\r\nHost: " + there + b"\r\n" + self.authorization + b"\r\n")
            head = data = tunnelled.read(4096)
            while data and b"\r\n\r\n" not in head and len(head) < 8192:
                data = tunnelled.read(4096)  # nothing follows the head: the far end speaks only when spoken to
                head += data
        except BaseException:
            stream.close()
            raise
        if re.match(rb"HTTP/1\.[01] 200\b", head):
            return tunnelled
        stream.close()
        raise FetchError("connect", "proxy refused")


def _exceptions(hosts: Sequence[str]) -> tuple[tuple[str, ...], tuple[Network, ...]]:
    """``hosts`` parted into names (and ``*.names``) and networks."""
    names, networks = [], []
    for host in hosts:
        try:
            networks.append(ip_network(host.strip("[]")))
        except ValueError:
            names.append(_excepted_name(host))
    return tuple(names), tuple(networks)


def _excepted_name(text: str) -> str:
    name = text.removeprefix("*.")
    try:
        host = host_name(name)
    except FetchError:
        host = ""
    if not host or ends_in_number(host):
        raise SettingsError(
            "allow_hosts", "the fetcher's settings", f"{text!r} is no host name, *.name, address or network"
        )
    return text[: len(text) - len(name)] + host


def _system_resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]


def _in_time(call: Callable[[], Sequence[str]], timeout_s: float) -> Sequence[str]:
    """What ``call`` gives, or TimeoutError; the system's resolver cannot be told how long it may take."""
    answer: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(call())
        except OSError as error:
            answer.put(error)
        finally:
            _LOOKUPS.release()

    if not _LOOKUPS.acquire(blocking=False):
        raise TimeoutError
    try:
        threading.Thread(target=ask, name="dns", daemon=True).start()
    except RuntimeError:  # the system gives no more threads
        _LOOKUPS.release()
        raise TimeoutError from None
    try:
        found = answer.get(timeout=timeout_s)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found
