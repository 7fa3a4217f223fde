"""The download of an ``img_url`` that a stranger sent: ``Fetcher(...)(url) -> bytes`` of a picture.

The host is resolved once, every address it has is judged, and the connection goes to a judged address: nothing is
looked up again, so a name that changes its answer (DNS rebinding) gains nothing. Each redirect is a new URL under the
same rules. Sizes, times and rates are bounded on the socket, before HTTP is understood. Proxies of the environment
are not read. What fails raises FetchError, whose text is the hint of errcode 101000; it never holds the URL.
"""

from __future__ import annotations

import re
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urljoin

import httpcore

from ...errors import FetchError, SettingsError
from ...formats import HEAD, format_of
from ...platform.form import as_text
from . import dns
from .address import Address, Network, is_private, is_public
from .connection import Budget, GuardedBackend, Limits, Proxy, tls_context, too_large
from .url import Target, ends_in_number, host_name, parse


class Fetcher:
    """Downloads pictures under the rules of this module; complete after construction, shared by threads.

    ``allow_hosts`` excepts hosts from the address rule: names (``img.intranet``), their families (``*.intranet``),
    addresses and networks (``10.1.0.0/16``). ``allow_private_networks`` excepts loopback and private networks whole.
    ``ca_file`` has certificate authorities (PEM) to trust besides the usual ones; ``authorities`` is what it holds,
    where it was read before. ``proxy`` is the URL of an HTTP proxy to tunnel through (``http://[user:password@]host:port``);
    names are still resolved and judged here.

    Raises SettingsError when one of these is malformed.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        allow_hosts: Iterable[str] = (),
        allow_private_networks: bool = False,
        ca_file: str | None = None,
        authorities: bytes | None = None,
        proxy: str | None = None,
        resolve: dns.Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self._allow_hosts = tuple(allow_hosts)
        self._allow_private_networks = allow_private_networks
        self._names, self._networks = _exceptions(self._allow_hosts)
        self._tls = tls_context(ca_file, authorities)
        self._proxy = Proxy.parse(proxy) if proxy else None
        self._resolve = resolve or dns.by_system
        self._clock = clock

    @property
    def exceptions(self) -> tuple[str, ...]:
        """What is excepted from the address rule, to be named in the log at start."""
        private = ("allow_private_networks",) if self._allow_private_networks else ()
        return (*private, *(f"allow_hosts {host}" for host in self._allow_hosts))

    def __call__(self, url: str) -> bytes:
        """The picture at ``url``. Raises FetchError."""
        target = parse(url)
        budget = Budget(self.limits, self._clock)
        for hop in range(self.limits.max_redirects + 1):
            with self._open(target, budget, redirected=hop > 0) as response:
                following = _following(target, response)
                if following is None or (response.status == 404 and hop == self.limits.max_redirects):
                    return _picture(response, self.limits.max_bytes)
            target = following
        raise FetchError("redirect", f"more than {self.limits.max_redirects}")

    @contextmanager
    def _open(self, target: Target, budget: Budget, *, redirected: bool) -> Iterator[httpcore.Response]:
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
        backend = GuardedBackend(partial(self._addresses, target, budget, redirected=redirected), budget, self._proxy)
        connection = httpcore.HTTPConnection(url.origin, ssl_context=self._tls, network_backend=backend)
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

    def _addresses(self, target: Target, budget: Budget, *, redirected: bool) -> Sequence[Address]:
        """Where ``target`` may be connected to, best first; all its addresses are allowed, or it is refused."""
        addresses = [target.address] if target.address else self._lookup(target, budget)
        if self._is_excepted(target.host) or all(map(self._may_reach, addresses)):
            return addresses
        if redirected:
            raise FetchError("redirect", "redirect to a private address refused")
        raise FetchError("address", "private address refused")

    def _lookup(self, target: Target, budget: Budget) -> list[Address]:
        try:
            found = dns.in_time(lambda: self._resolve(target.host, target.port), budget.connect_s())
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


UNDONE = frozenset({"gzip", "x-gzip", "deflate"})
CODINGS = UNDONE | {"br", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip", "zstd"}  # all that IANA lists

MOST_MEMBERS = 1024  # of gzip: those of nothing cost time and bring no byte nearer to a limit

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
        raise too_large(max_bytes)
    inflate = _inflater(_header(response, b"content-encoding").lower())
    body = bytearray()
    received = 0
    for chunk in response.iter_stream():
        received += len(chunk)
        body += inflate(chunk, max_bytes + 1 - len(body)) if inflate else chunk
        if max(received, len(body)) > max_bytes:
            raise too_large(max_bytes)
    if inflate:
        inflate.finish()
    if not body:
        raise FetchError("size", "empty")
    if not format_of(bytes(body[:HEAD])):
        raise FetchError("type", f"{_media_type(bytes(body[:512]), _header(response, b'content-type'))}, not a picture")
    return bytes(body)


def _header(response: httpcore.Response, name: bytes) -> str:
    """The first header of this name, as UTF-8 where it is that: a Location may hold Chinese."""
    return as_text(next((value for key, value in response.headers if key.lower() == name), b"").strip())


def _inflater(codings: str) -> _Inflater | None:
    """What undoes ``codings``; None where there is nothing to undo. Raises FetchError for a coding that is not known.

    What is no coding at all is none: object stores repeat what an upload was called, ``aws-chunked`` or ``utf-8``, and
    browsers take the bytes as they are.
    """
    packed = [name for name in map(str.strip, codings.split(",")) if name in CODINGS]
    if len(packed) > 1 or not UNDONE.issuperset(packed):
        raise FetchError("type", "unknown content coding")
    return _Inflater(packed[0]) if packed else None


class _Inflater:
    """Undoes one content coding; a bomb stops at the most bytes wanted.

    What follows behind the end is left out, unless it is the next of several gzip members, which are one (RFC 1952,
    2.2).
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inflate: Any = None
        self._members = 1

    def __call__(self, chunk: bytes, most: int) -> bytes:
        if self._inflate is None:  # "deflate" means zlib's format, and some servers send the bare stream
            bare = self._coding == "deflate" and chunk[0] & 0x0F != 8
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
        try:
            out = bytes(self._inflate.decompress(chunk, most))
            while len(out) < most and self._coding != "deflate" and self._inflate.unused_data.startswith(b"\x1f\x8b"):
                out += self._next_member(most - len(out))
        except zlib.error:
            raise FetchError("type", "damaged content coding") from None
        return out

    def _next_member(self, most: int) -> bytes:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise FetchError("type", "damaged content coding")
        rest, self._inflate = self._inflate.unused_data, zlib.decompressobj(zlib.MAX_WBITS | 16)
        return bytes(self._inflate.decompress(rest, most))

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
