"""The connection to a picture elsewhere: one socket, to an address that was judged, watched while it is open."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import certifi
import httpcore

from ...errors import FetchError, SettingsError
from .address import Address

_HEAD_BYTES = 128 * 1024  # allowed on the wire beyond the picture: the head and the framing of chunks
MOST_TRIED = 3  # addresses of a host; each has its share of the time to connect, so more would leave too little for any


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


def too_large(max_bytes: int) -> FetchError:
    return FetchError("size", f"over {max_bytes} bytes")


class Budget:
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


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to one of ``addresses``, which are judged when they are asked for and not looked up again."""

    def __init__(self, addresses: Callable[[], Sequence[Address]], budget: Budget, proxy: Proxy | None) -> None:
        self._addresses = addresses
        self._budget = budget
        self._proxy = proxy

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  httpcore repeats the host, which has been judged
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the budget decides
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        addresses, proxy = self._addresses(), self._proxy
        if proxy:
            return proxy.tunnel(_connect([proxy.host], proxy.port, self._budget), self._budget, addresses[0], port)
        return _Watched(_connect([str(address) for address in addresses], port, self._budget), self._budget)


def _connect(hosts: Sequence[str], port: int, budget: Budget) -> httpcore.NetworkStream:
    """A connection to the first of ``hosts`` that answers; the first few of them share the time there is."""
    tried = hosts[:MOST_TRIED]
    share_s = budget.connect_s() / len(tried)
    reason = "host out of reach"
    for host in tried:
        try:
            return httpcore.SyncBackend().connect_tcp(host, port, timeout=min(share_s, budget.left_s()))
        except httpcore.ConnectTimeout:
            reason = "timed out"
        except httpcore.ConnectError as error:
            reason = "refused" if isinstance(error.__cause__, ConnectionRefusedError) else "host out of reach"
    raise FetchError("connect", reason)


class _Watched(httpcore.NetworkStream):
    """A stream that keeps to the budget: whole time, rate and bytes, whatever is sent and however slowly."""

    def __init__(self, inner: httpcore.NetworkStream, budget: Budget) -> None:
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
            raise too_large(limits.max_bytes)
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


def tls_context(authorities: bytes | None, ca_file: str) -> ssl.SSLContext:
    """The system's certificate authorities, certifi's where it has none, and ``authorities``, which ``ca_file`` holds.

    Raises SettingsError when these cannot be used.
    """
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    try:
        if authorities is not None:
            context.load_verify_locations(cadata=authorities.decode("ascii", "ignore"))  # comments in any language
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python 3.13's default, which many private CAs do not meet
    except (ssl.SSLError, ValueError) as error:  # ValueError: it is empty
        reason = f"{ca_file} is no readable PEM file of certificates: {getattr(error, 'strerror', None) or error}"
        raise SettingsError("ca_file", "the fetcher's settings", reason) from None
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy; ``authorization`` is its header line, or empty."""

    host: str
    port: int
    authorization: bytes = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """The proxy that ``url`` names. Raises SettingsError for any but one of HTTP."""
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

    def tunnel(self, stream: httpcore.NetworkStream, budget: Budget, address: Address, port: int) -> _Watched:
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
