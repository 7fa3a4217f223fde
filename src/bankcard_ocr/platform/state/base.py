"""What a store of the platform's state must do: verbs that are atomic, or absent.

A store is shared by threads, and by processes (SQLite) or machines (Redis). Every verb holds under concurrency by
itself: "consume one of N", "replace the token I saw", "put if absent". Whoever needs two verbs does not need them to
be one. Seconds are floats of Unix time; the clock is given to the store when it is opened, so that tests move it.

Secrets never come here: an app has a hash of its secret, a token is its SHA-256.

Every verb raises :class:`~bankcard_ocr.errors.StateError` when the store is out of reach. What it was to do may have
been done then, when a store across a network was lost before it answered: a charge may count, a limit never gives way.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, Protocol

from ...beijing import BEIJING
from ...errors import SettingsError
from ..codes import Reason

TOKEN_KEPT_S = 86400.0  # after its end, so that a late caller is told "expired" and not "unknown"
RECORD_LIFETIME_S = 7 * 86400.0  # rid/get answers for seven days
COUNTER_LIFETIME_S = 62 * 86400.0  # counts of past days stay for two months, for charts
MAX_ANONYMOUS_RECORDS = 10_000  # calls without a valid token are kept too, for `why`; strangers must not fill the store
MAX_RECORDS_ANSWERED = 1000

_AHEAD_S = BEIJING.utcoffset(None).seconds

TokenKind = Literal["token", "stable", "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One caller of the platform.

    ``daily_limit`` None takes the server's setting. ``whitelist`` are addresses or networks, empty lets every address
    in. ``permissions`` are the names its cloud functions may call (``config.json``); ``denied`` are names it may not
    call at all, by any way. A disabled app may call nothing. ``pan`` is how replies show the number unless asked for
    less, ``jwk`` the public key to encrypt it to (:mod:`~bankcard_ocr.platform.disclosure`), empty when there is none.
    ``is_secret_random``: it was made here, of 128 bits of chance, and not brought along.
    """

    appid: str
    name: str
    secret_hash: str = field(repr=False)
    created: float
    enabled: bool = True
    daily_limit: int | None = None
    whitelist: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    pan: str = "full"
    jwk: str = ""
    is_secret_random: bool = False

    def limit(self, default: int) -> int:
        """Recognitions a day, where ``default`` is the server's setting."""
        return default if self.daily_limit is None else self.daily_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An issued access token, known by its SHA-256 alone.

    ``kind`` keeps the endpoints' tokens apart. ``nonce`` is what a stable token is derived anew from, with the app's
    secret (see :mod:`~bankcard_ocr.platform.credentials`). It is good before ``good_until``, which supersession moves
    earlier than ``expires``.
    """

    digest: str
    appid: str
    kind: TokenKind
    nonce: str
    issued: float
    expires: float
    good_until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time in which something is counted: its name, unique for the counter, and when it ends."""

    name: str
    ends: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is kept of one call for ``rid/get`` and ``why``; every text in it is masked before it comes here.

    ``reason``, ``cause`` and ``common_cause`` are the reply's; records of earlier versions have the second alone.
    """

    rid: str
    appid: str
    invoke_time: float
    cost_ms: float
    method: str
    request_url: str
    request_body: str
    response_body: str
    client_ip: str
    errcode: int
    stage: str
    cause: str
    reason: Reason | None = None
    common_cause: str = ""
    timings_ms: dict[str, float] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of its URL."""
        return self.request_url.partition("?")[0]


class State(Protocol):
    """A store, open and shared."""

    def add_app(self, app: App) -> bool:
        """Whether ``app`` was added: False, and nothing done, when its appid exists."""
        ...

    def app(self, appid: str) -> App | None:
        """The app of this appid."""
        ...

    def apps(self) -> list[App]:
        """All apps, the oldest first."""
        ...

    def update_app(self, appid: str, change: Callable[[App], App]) -> App | None:
        """The app after ``change``, which may be called more than once; None when there is no such app."""
        ...

    def delete_app(self, appid: str) -> bool:
        """Whether there was such an app; it is gone now, and its tokens, counts and records with it."""
        ...

    def token(self, digest: str) -> Token | None:
        """The token with this SHA-256, good or not, until a day after it expired."""
        ...

    def current_token(self, appid: str, kind: TokenKind) -> Token | None:
        """The latest token of this kind, good or not."""
        ...

    def rotate_token(self, new: Token, *, old_until: float, by: str | None = None) -> bool:
        """Makes ``new`` the current token of its app and kind; earlier ones are good until ``old_until`` at most.

        ``by`` is the hash of the secret that asks for it: False, and nothing done, when the app has another by now.
        """
        ...

    def replace_token(self, new: Token, *, seen: str | None, old_until: float, by: str | None = None) -> Token | None:
        """Rotates as :meth:`rotate_token` if the current token is still ``seen`` (None: none); the current one then.

        Of many callers that saw the same token one has its own become current, and all get that one. None when the app
        has another secret by now.
        """
        ...

    def revoke_tokens(self, appid: str) -> None:
        """Ends every token of the app at once."""
        ...

    def consume(self, counter: str, window: Window, limit: int) -> int | None:
        """One more of ``limit`` in this window: the count with it, or None, and nothing counted, at the limit."""
        ...

    def used(self, counter: str, window: Window) -> int:
        """The count in this window."""
        ...

    def used_each(self, counters: Sequence[str], window: Window) -> list[int]:
        """The count of each in this window, by one question to the store."""
        ...

    def clear(self, counter: str, window: Window) -> None:
        """Sets the count in this window to 0."""
        ...

    def history(self, counter: str) -> dict[str, int]:
        """The counts of this counter's windows that are still kept, by window name, in ascending order."""
        ...

    def put_if_absent(self, key: str, value: str, *, lifetime_s: float) -> str | None:
        """None when ``key`` was absent and holds ``value`` now for ``lifetime_s``; else what it holds."""
        ...

    def put(self, key: str, value: str, *, lifetime_s: float) -> None:
        """Lets ``key`` hold ``value`` for ``lifetime_s``."""
        ...

    def take(self, key: str) -> str | None:
        """What ``key`` held; it is absent now."""
        ...

    def put_record(self, record: Record) -> None:
        """Keeps ``record`` for seven days, or as long as it is among the latest that the URL bounds its app to."""
        ...

    def record(self, rid: str) -> Record | None:
        """The record of this request id."""
        ...

    def records(self, appid: str, *, since: float, path: str = "") -> list[Record]:
        """The app's records since then, of calls to ``path`` if given, the latest first, a thousand at most."""
        ...

    def ping(self) -> None:
        """Returns when the store takes what is written, as a charge is, else raises StateError."""
        ...

    def close(self) -> None:
        """Lets go of the store; no verb may be called after."""
        ...


def beijing_day(now: float) -> Window:
    """The day in Beijing, whose end the platform's daily quotas wait for.

    >>> beijing_day(1732377599.0).name, beijing_day(1732377600.0).name
    ('2024-11-23', '2024-11-24')
    """
    return _day(int((now + _AHEAD_S) // 86400))


@lru_cache(maxsize=4)  # a call asks three times, and the calls of a day the same
def _day(number: int) -> Window:
    """Day ``number`` since 1970 in Beijing."""
    midnight = number * 86400 - _AHEAD_S
    return Window(name=f"{datetime.fromtimestamp(midnight, BEIJING):%Y-%m-%d}", ends=float(midnight + 86400))


def beijing_month(now: float) -> Window:
    """The calendar month in Beijing."""
    local = datetime.fromtimestamp(now, BEIJING)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window(name=f"{local:%Y-%m}", ends=(first + timedelta(days=32)).replace(day=1).timestamp())


def span(now: float, seconds: int) -> Window:
    """The stretch of ``seconds`` that ``now`` lies in, counted from 1970."""
    start = int(now // seconds) * seconds
    return Window(name=f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}", ends=float(start + seconds))


def most_records(text: str) -> int:
    """The option ``records`` of a store's URL: how many records are kept for each app, 0 is all of seven days.

    Raises SettingsError for anything but a whole number.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise SettingsError("state_url", "the settings", "records must be a whole number")
    return int(text)


def dump(value: App | Record) -> str:
    """``value`` as JSON, as stores keep it: fields may be added later without changing what is stored."""
    fields = {name: getattr(value, name) for name in value.__slots__}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def load_app(text: str) -> App:
    """The app that :func:`dump` wrote."""
    fields: dict[str, Any] = {}
    for name, value in _known(App, text).items():
        fields[name] = tuple(value) if isinstance(value, list) else value
    return App(**fields)


def load_record(text: str) -> Record:
    """The record that :func:`dump` wrote."""
    return Record(**_known(Record, text))


def _known(kind: type[App | Record], text: str) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in json.loads(text).items() if name in names}
