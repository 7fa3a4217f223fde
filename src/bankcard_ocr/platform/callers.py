"""Who calls: the app behind a token or a secret, and whether it may call what it does from where it does."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from ..errors import CallError
from . import credentials, wire
from .call import Call
from .state import base
from .state.base import App, State, Token

WRONG_SECRETS = 10  # of an app from an address in WRONG_SECRETS_WINDOW_S, before none that can be guessed is tried anew
MOST_SECRETS = 100  # before no new one is tried at all, nor one taken that was right but can be guessed
WRONG_SECRETS_WINDOW_S = 300
MAX_SECRET = 256
AHEAD_S = 300  # seconds by which the clocks of two servers may differ

AS_HEADER = "the token came as a header, put it into the query as access_token"
BEHIND_A_QUESTION_MARK = "a second ? stands before access_token, put & there"
CALLED_APPSECRET = "the secret came as appsecret, call it secret"
BY_ANOTHER_NAME = "the token came by another name, call it access_token"

_HEADERS_OF_TOKENS = {"authorization", "access-token", "access_token", "x-access-token"}  # of other APIs
_ALMOST_A_TOKEN = re.compile("(amp)?(access)?token")  # a parameter's letters; amp is left of a URL copied out of HTML
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # RFC 4291, 2.5.5.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a call brings along in place of a token; nothing in it is checked yet."""

    grant_type: str
    appid: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The app of right credentials, and its key for stable tokens."""

    app: App
    key: bytes = field(repr=False)


class Callers:
    """The apps of a store, found by what their calls bring along. Threads share it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._right = _Tried()
        self._wrong = _Tried()

    def authorized(self, call: Call, api: str) -> App:
        """The app whose token the call carries, when it may call ``api`` from where it does. Raises CallError."""
        with call.at("token"):
            access_token = call.request.access_token()
            if not access_token:
                raise CallError(41001, _in_place_of_a_token(call.request))
            app = self.by_token(access_token, call.now)
        with call.at("permission"):
            admit(call, app, api)
        return app

    def authenticated(self, call: Call, given: Credentials, api: str) -> Client:
        """The app of these credentials, when it may call ``api`` from where it does. Raises CallError."""
        if given.grant_type != "client_credential":
            raise CallError(40002, "must be client_credential")
        if not given.appid:
            raise CallError(41002)
        if not given.secret:  # the platform's message calls it appsecret, its token endpoints secret
            raise CallError(41004, CALLED_APPSECRET if call.request.value("appsecret") else "")
        with call.at("secret"):
            client = self.by_secret(given.appid, given.secret, call)
        with call.at("permission"):
            admit(call, client.app, api)
        return client

    def by_token(self, access_token: str, now: float) -> App:
        """The app that this token is of. Raises CallError 41001, 40001 or 42001."""
        if not access_token:
            raise CallError(41001)
        token = self._state.token(credentials.token_digest(access_token))
        if token is None:
            raise CallError(40001, "unknown token")
        if is_of_the_future(token, now):
            raise CallError(40001, "issued by a clock that was ahead")
        if now >= token.good_until:
            raise CallError(42001, "") if token.good_until >= token.expires else CallError(40001, "superseded token")
        app = self._state.app(token.appid)
        if app is None:
            raise CallError(40001, "its app is gone")
        return app

    def by_secret(self, appid: str, secret: str, call: Call) -> Client:
        """The app of this id and secret. Raises CallError 40013, 40125 or 45011.

        The same wrong secret again is no guess, and not counted: a program that was set up wrongly locks nobody out.
        """
        app = self._state.app(appid)
        if app is None:
            raise CallError(40013)
        is_wrong = CallError(40125, "the secret has blanks around it" if secret != secret.strip() else "")
        if self._wrong.get(app, secret) is not None:
            raise is_wrong
        wrong, window = f"wrong:{_whence(call.request.client_ip)}:{appid}", base.span(call.now, WRONG_SECRETS_WINDOW_S)
        count = self._state.used(wrong, window)
        key = self._right.get(app, secret)
        if key is not None and (app.is_secret_random or count < MOST_SECRETS):
            return Client(app=app, key=key)
        is_looked_at = count < (MOST_SECRETS if app.is_secret_random else WRONG_SECRETS)
        if is_looked_at and len(secret) <= MAX_SECRET:
            key = credentials.verify(secret, app.secret_hash)
        if key is None or not is_looked_at:
            self._state.consume(wrong, window, MOST_SECRETS)
            if is_looked_at:
                self._wrong.put(app, secret, b"")
            if count >= WRONG_SECRETS:
                raise CallError(45011, f"too many wrong secrets, wait {int(window.ends - call.now) + 1} s")
            raise is_wrong
        self._right.put(app, secret, key)
        return Client(app=app, key=key)


def _in_place_of_a_token(request: wire.Request) -> str:
    """What came where the token was looked for in vain: a header, a second query, a name that is nearly right."""
    if _HEADERS_OF_TOKENS & request.headers.keys():
        return AS_HEADER
    if any("?access_token=" in f"{name}={value}" for name, value in request.query.items()):
        return BEHIND_A_QUESTION_MARK
    names = (re.sub("[^a-z]", "", name.lower()) for name, value in request.query.items() if value)
    return BY_ANOTHER_NAME if any(_ALMOST_A_TOKEN.fullmatch(name) for name in names) else ""


def is_of_the_future(token: Token, now: float) -> bool:
    """Whether the clock that issued the token was ahead, so that the token would live for too long."""
    return token.issued > now + AHEAD_S


def _whence(client_ip: str) -> str:
    """What wrong secrets are counted by: the address, of IPv6 the network of 64 bits, which one sender has."""
    try:
        address = ipaddress.IPv6Address(unmapped(client_ip))
    except ValueError:
        return client_ip
    return str(ipaddress.ip_network((address, 64), strict=False))


def admit(call: Call, app: App, api: str) -> None:
    """Raises CallError unless the app may call ``api`` (empty: what no app is denied) from this address."""
    call.appid = app.appid
    if not app.enabled:
        raise CallError(48001, "the app is disabled")
    if api in app.denied:
        raise CallError(48001, f"the app may not call {api}")
    if app.whitelist and not is_listed(call.request.client_ip, app.whitelist):
        raise CallError(40164)


def is_listed(client_ip: str, whitelist: tuple[str, ...]) -> bool:
    """Whether the address is in one of the networks; an IPv4 address mapped into IPv6 is the IPv4 address."""
    try:
        address = ipaddress.ip_address(unmapped(client_ip))
    except ValueError:
        return False
    return any(address in network_of(text) for text in whitelist)


def unmapped(address: str) -> str:
    """``address``, of a caller by IPv4 at a socket for both as if that were for IPv4 alone (RFC 4291 2.5.5.2).

    >>> unmapped("::ffff:192.0.2.7")
    '192.0.2.7'
    """
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return str(mapped or address)


def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The address or network that ``text`` is; one of IPv4 mapped into IPv6 is that of IPv4. Raises ValueError.

    >>> network_of("::ffff:10.1.2.3/104")
    IPv4Network('10.0.0.0/8')
    """
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        return ipaddress.IPv4Network((network.network_address.packed[-4:], network.prefixlen - _MAPPED.prefixlen))
    return network


class _Tried:
    """Secrets that were tried a moment ago, so that each costs one scrypt run for each process, not each call.

    Keyed by a MAC under a key of this process; of a right secret the key for stable tokens is kept. A rotated secret
    is not found any more, since the hash of the old one is in the MAC.
    """

    SIZE = 1024

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._found: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, app: App, secret: str) -> bytes | None:
        mac = self._mac(app, secret)
        with self._lock:
            if mac in self._found:
                self._found.move_to_end(mac)
            return self._found.get(mac)

    def put(self, app: App, secret: str, key: bytes) -> None:
        with self._lock:
            self._found[self._mac(app, secret)] = key
            if len(self._found) > self.SIZE:
                self._found.popitem(last=False)

    def _mac(self, app: App, secret: str) -> bytes:
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        return hmac.digest(self._key, f"{app.appid}|{app.secret_hash}|".encode() + digest, "sha256")
