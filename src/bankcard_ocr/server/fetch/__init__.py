"""The download of an ``img_url`` that a stranger sent: ``Fetcher(...)(url) -> bytes`` of a picture.

The host is resolved once, every address it has is judged, and the connection goes to a judged address: nothing is
looked up again, so a name that changes its answer (DNS rebinding) gains nothing. Each redirect is a new URL under the
same rules. Sizes, times and rates are bounded on the socket, before HTTP is understood. Proxies of the environment
are not read. What fails raises FetchError, whose text is the hint of errcode 101000; it never holds the URL.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address, ip_network

import httpcore

from ...errors import FetchError, SettingsError
from . import answer, dns
from .address import Address, Network, is_private, is_public
from .connection import Budget, GuardedBackend, Limits, Proxy, tls_context
from .url import Target, ends_in_number, host_name, parse


class Fetcher:
    """Downloads pictures under the rules of this module; complete after construction, shared by threads.

    ``allow_hosts`` excepts hosts from the address rule: names (``img.intranet``), their families (``*.intranet``),
    addresses and networks (``10.1.0.0/16``). ``allow_private_networks`` excepts loopback and private networks whole.
    ``authorities`` are certificate authorities (PEM) to trust besides the usual ones, ``ca_file`` is what their file is
    called. ``proxy`` is the URL of an HTTP proxy to tunnel through (``http://[user:password@]host:port``); names are
    still resolved and judged here.

    Raises SettingsError when one of these is malformed.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        allow_hosts: Iterable[str] = (),
        allow_private_networks: bool = False,
        authorities: bytes | None = None,
        ca_file: str = "",
        proxy: str | None = None,
        resolve: dns.Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self._allow_hosts = tuple(allow_hosts)
        self._allow_private_networks = allow_private_networks
        self._names, self._networks = _exceptions(self._allow_hosts)
        self._tls = tls_context(authorities, ca_file)
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
                following = answer.following(target, response)
                if following is None or (response.status == 404 and hop == self.limits.max_redirects):
                    return answer.picture(response, self.limits.max_bytes)
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
