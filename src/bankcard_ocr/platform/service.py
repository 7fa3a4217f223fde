"""One call of the platform: token -> permission -> addresses -> quota -> picture -> read -> reply.

:class:`Service` takes the reader, the store, the fetcher, the settings and the clock as arguments and knows no sockets.
It never raises: every failure becomes the reply that the contract has for it, with a hint of stage and cause.

The quota. A recognition is charged when a picture was decoded and recognition ran, whatever it found, and that is
known only afterwards: so the charge is one atomic "consume one of N" between the reading and the reply. Before the
picture is taken the count is only looked at, to spare the work for who has nothing left. Of N parallel callers over a
limit of 500 exactly 500 get a reading; one who lost that race gets 101003 and nothing of what was read. There is
nothing to refund, so a process that dies in between charges nobody for a reply that was never sent.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from ..errors import BankcardError, Busy, CallError, PictureTooLarge, Refused, StateError
from ..numbers import iin
from ..reading import Options, PictureReader, Reading, Seen
from ..settings import Settings
from . import credentials, detail, idempotency, quota, records, wire
from .call import Call
from .callers import AHEAD_S, Callers, admit, is_of_the_future
from .disclosure import Disclosure, disclosure
from .endpoints import (
    API_ADDRESSES,
    CALLBACK_ADDRESSES,
    CLEAR_API_QUOTA,
    CLEAR_QUOTA,
    CLEAR_QUOTA_BY_SECRET,
    ENDPOINTS,
    GET_QUOTA,
    GET_RID,
    RECOGNIZE,
    STABLE_TOKEN,
    TOKEN,
    Endpoint,
)
from .quota import Counted, counter
from .state import base
from .state.base import App, Record, State, Token, TokenKind, Window
from .usage import usage
from .wire import PictureSource, Reply, Request

OVERLAP_S = 300.0  # an earlier token stays valid this long beside its successor
FORCED_APART_S = 30.0


class Observer(Protocol):
    """Who is told of each call: a log, metrics."""

    def __call__(self, record: Record, fault: Exception | None) -> None:
        """``record`` is masked; ``fault`` is the exception nobody foresaw, or what became of the store."""
        ...


def ignore(record: Record, fault: Exception | None) -> None:
    """The observer who does not care."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the reply to a recognition shall be like."""

    options: Options
    disclosure: Disclosure


class Service:
    """Answers the calls of the platform. Threads share it."""

    def __init__(
        self,
        *,
        reader: PictureReader,
        state: State,
        fetch: Callable[[str], bytes],
        settings: Settings,
        table: iin.Table | None = None,
        fingerprint_key: bytes = b"",
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        observer: Observer = ignore,
    ) -> None:
        self._reader = reader
        self._state = state
        self._fetch = fetch
        self._settings = settings
        self._table = iin.default() if table is None else table
        self._fingerprint_key = fingerprint_key
        self._clock = clock
        self._timer = timer
        self._random_bytes = random_bytes
        self._observer = observer
        self._callers = Callers(state)

    def answer(self, request: Request) -> Reply:
        """The reply to ``request``. A record of the call is kept for ``rid/get``, and the observer told."""
        now = self._clock()
        started = self._timer()
        call = Call(request=request, rid=wire.rid(now, self._random_bytes), now=now, timer=self._timer)
        fault: Exception | None = None
        try:
            reply = self._route(call)
        except Exception as error:  # noqa: BLE001  (the one place where every error becomes a reply)
            reply = wire.refusal(error, call.rid, client_ip=request.client_ip)
            fault = _fault(error)
        self._keep(records.record(call, reply, (self._timer() - started) * 1000), fault)
        return quota.with_headers(reply, call)

    def refuse(self, request: Request, error: BankcardError, *, cause: Exception | None = None) -> Reply:
        """The reply to a call that ``error`` ended before it came here. Being busy asks nothing of the store.

        The observer is told of the ``cause`` of ``error`` where nobody foresaw it, or the store failed.
        """
        now = self._clock()
        call = Call(
            request=request, rid=wire.rid(now, self._random_bytes), now=now, timer=self._timer, stage="admission"
        )
        reply = wire.refusal(error, call.rid, client_ip=request.client_ip, because=cause)
        if isinstance(error, Busy):
            self._tell(records.record(call, reply, 0.0), None)
            return reply
        fault = None if cause is None else _fault(cause)
        if not isinstance(fault, StateError):
            with suppress(CallError, StateError):  # a record that no app may ask for is kept, too
                call.appid = self._callers.by_token(request.access_token(), now).appid
        self._keep(records.record(call, reply, 0.0), fault)
        return reply

    def permissions(self, access_token: str) -> tuple[str, ...]:
        """The names that the cloud functions of this token's app may call. Raises CallError or StateError."""
        return self._callers.by_token(access_token, self._clock()).permissions

    def _route(self, call: Call) -> Reply:
        endpoint = ENDPOINTS.get(call.request.path)
        if endpoint is None:
            raise CallError(40066)
        if call.request.method != "POST" and (endpoint.post_only or call.request.method != "GET"):
            raise CallError(43002)
        if endpoint.api:
            return BY_TOKEN[endpoint](self, call, self._authorized(call, endpoint.api))
        return BY_SECRET[endpoint](self, call)

    def _keep(self, record: Record, fault: Exception | None) -> None:
        if not isinstance(fault, StateError):  # a store that is away would take its time again
            try:
                self._state.put_record(record)
            except StateError as error:  # the reply stands without its record
                fault = fault or error
        self._tell(record, fault)

    def _tell(self, record: Record, fault: Exception | None) -> None:
        with suppress(Exception):  # a log that cannot be written takes no reply away
            self._observer(record, fault)

    # The recognition call

    def recognize(self, call: Call, app: App) -> Reply:
        """``/cv/ocr/bankcard``."""
        key = call.request.headers.get(idempotency.HEADER)
        with call.at("quota"):
            self._look_at_quota(call, app)
            if key is None:
                quota.refuse_at_limit(call)
        with call.at("picture"):
            wanted = self._wanted(call, app)
            pictures = wire.pictures(call.request)
        data = tuple(self._bytes(call, picture) for picture in pictures)
        if key is None:
            return self._recognized(call, app, wanted, data)
        return self._once(call, app, wanted, data, key.strip())

    def _look_at_quota(self, call: Call, app: App) -> None:
        """Takes one of this minute's calls, and notes what is used of the day. Raises CallError 45011."""
        call.quota = (
            app.limit(self._settings.daily_limit),
            self._state.used(counter("recognize", app.appid), base.beijing_day(call.now)),
        )
        if self._one_more("minute", app, base.span(call.now, 60), self._settings.minute_limit) is None:
            raise CallError(45011, f"over {self._settings.minute_limit} calls this minute")

    def _wanted(self, call: Call, app: App) -> _Wanted:
        """What the reply shall be like. Raises CallError 47001 or 48001."""
        shown = disclosure(call.request.value("pan").strip().lower(), app, self._fingerprint_key)
        options = wire.options(call.request)
        if shown.form != "full" and options.returns - {"redacted"}:
            raise CallError(48001, f"return: with pan={shown.form} only redacted, the others show the number")
        if shown.form == "fingerprint" and options.returns:  # PCI DSS 3.5.1: digits would help to try numbers out
            raise CallError(48001, "return: with pan=fingerprint no picture, they show digits of the number")
        if self._settings.threshold > 0:
            options = dataclasses.replace(options, threshold=self._settings.threshold)
        return _Wanted(options=options, disclosure=shown)

    def _bytes(self, call: Call, picture: PictureSource) -> bytes:
        """The picture itself, fetched when it is elsewhere. Raises FetchError or PictureTooLarge."""
        data, limit = picture.data, self._settings.max_picture_bytes
        if data is None:
            with call.at("fetch"):
                data = self._fetch(picture.url)
        if len(data) > limit:
            raise PictureTooLarge(got=len(data), limit=limit, unit="bytes")
        return data

    def _once(self, call: Call, app: App, wanted: _Wanted, data: tuple[bytes, ...], key: str) -> Reply:
        """The reply to a call that may be sent again; a retry gets the first one's."""
        call.stage = "retry"
        options = wanted.options
        asked = repr((options.type, options.detail, sorted(options.returns), wanted.disclosure.form)).encode()
        keys = (app.jwk.encode(), self._fingerprint_key)  # what they protect is not told under earlier ones
        ticket = idempotency.ticket(key, app.appid, (asked, *keys, *data))
        at_work_s = 60 + self._settings.request_timeout_s + self._settings.fetch_timeout_s
        earlier = idempotency.begin(self._state, ticket, call.rid, at_work_s=at_work_s)
        if earlier is not None:
            return self._with_pictures(earlier, wanted, data)
        try:
            quota.refuse_at_limit(call)
            reply = self._recognized(call, app, wanted, data)
        except BaseException:
            idempotency.give_up(self._state, ticket)
            raise
        with suppress(StateError):  # the reply was charged and stands; its retry will be a new call
            idempotency.keep(self._state, ticket, reply)
        return reply

    def _with_pictures(self, reply: Reply, wanted: _Wanted, data: tuple[bytes, ...]) -> Reply:
        """An earlier reply with the pictures that were given back with it: they are not kept, but cut out anew."""
        if not wanted.options.returns:
            return reply
        try:
            seen: Seen | None = self._reading(wanted, data)
        except Refused as error:
            seen = error.seen
        return dataclasses.replace(reply, body={**reply.body, **(detail.pictures(seen) if seen else {})})

    def _reading(self, wanted: _Wanted, data: tuple[bytes, ...]) -> Reading:
        if len(data) == 1:
            return self._reader.read(data[0], wanted.options)
        return self._reader.read_many(data, wanted.options)

    def _recognized(self, call: Call, app: App, wanted: _Wanted, data: tuple[bytes, ...]) -> Reply:
        """The reply for pictures of one card, charged; a refusal is charged too, a damaged picture is not."""
        try:
            with call.at("read"):
                reading = self._reading(wanted, data)
        except Refused as error:
            reply = self._refused(call, wanted, error)
        else:
            call.timings_ms.update({f"read.{stage}": ms for stage, ms in reading.timings_ms.items()})
            details = detail.details(reading, self._table, call.now) if wanted.options.detail else {}
            reply = wire.recognized(reading, call.rid, **(details | detail.pictures(reading)))
            reply = dataclasses.replace(reply, body=wanted.disclosure.applied(reply.body))
        self._charge(call, app)
        return reply

    def _refused(self, call: Call, wanted: _Wanted, error: Refused) -> Reply:
        """The reply that no number is told, with what was seen nevertheless as far as it was asked for."""
        details = detail.refused(error) if wanted.options.detail else {}
        pictures = detail.pictures(error.seen) if error.seen else {}
        details = wanted.disclosure.applied(details | pictures)
        return wire.refusal(error, call.rid, client_ip=call.request.client_ip, **details)

    def _charge(self, call: Call, app: App) -> None:
        """Charges the Beijing day in which the call came in.

        Raises CallError 101003 at the limit, and Busy when the caller was told so already.
        """
        if call.request.is_over.is_set():
            raise Busy("stopping")
        limit = app.limit(self._settings.daily_limit)
        used = self._one_more("recognize", app, base.beijing_day(call.now), limit)
        call.quota = (limit, limit if used is None else used)
        if used is None:
            call.stage = "quota"
            raise quota.used_up(limit)

    def _one_more(self, counted: Counted, app: App, window: Window, limit: int) -> int | None:
        """Counts one more of an app's; how many it are then, or None, and nothing counted, at ``limit``."""
        return self._state.consume(counter(counted, app.appid), window, limit)

    # Tokens

    def token(self, call: Call) -> Reply:
        """``/cgi-bin/token``: a new token, which supersedes the earlier one in five minutes."""
        value = call.request.value
        app, _ = self._client(call, value("grant_type"), value("appid"), value("secret"))
        if self._one_more("token", app, base.beijing_day(call.now), quota.TOKENS_A_DAY) is None:
            raise CallError(45009, f"{quota.TOKENS_A_DAY} tokens a day")
        access_token = credentials.new_token()
        new = self._token(app, "token", access_token, call.now)
        if not self._state.rotate_token(new, old_until=call.now + OVERLAP_S, by=app.secret_hash):
            raise CallError(40125)
        return wire.token(call.rid, access_token, self._settings.token_lifetime_s)

    def stable_token(self, call: Call) -> Reply:
        """``/cgi-bin/stable_token``: the same token while it lives, a new one in its last five minutes or by force."""
        body = _json(call)
        grant_type, appid, secret = (_text(body.get(name)) for name in ("grant_type", "appid", "secret"))
        app, key = self._client(call, grant_type, appid, secret)
        current = self._state.current_token(app.appid, "stable")
        forced = body.get("force_refresh") in (True, "true") and self._may_force(app, call.now)
        while current is None or forced or not _is_lasting(current, key, call.now):
            nonce = secrets.token_hex(16)
            new = self._token(app, "stable", credentials.stable_token(key, app.appid, nonce), call.now, nonce)
            seen, ends_at_once = current.digest if current else None, forced or (current and not _is_of(current, key))
            current = self._state.replace_token(
                new, seen=seen, old_until=call.now + (0.0 if ends_at_once else OVERLAP_S), by=app.secret_hash
            )
            if current is None:
                raise CallError(40125)
            forced = False
        return wire.token(call.rid, *_repeated(key, current, call.now))

    def _may_force(self, app: App, now: float) -> bool:
        """Whether a forced refresh takes effect: at least 30 s after the last, and 20 times a day."""
        forced = counter("forced", app.appid)
        before = self._state.put_if_absent(forced, repr(now), lifetime_s=FORCED_APART_S)
        if before is not None and float(before or 0) <= now + AHEAD_S:
            return False
        self._state.put(forced, repr(now), lifetime_s=FORCED_APART_S)  # anew, where the clock had been ahead
        return self._one_more("forced", app, base.beijing_day(now), quota.FORCED_A_DAY) is not None

    def _token(self, app: App, kind: TokenKind, access_token: str, now: float, nonce: str = "") -> Token:
        return credentials.issued(app, kind, access_token, now, self._settings.token_lifetime_s, nonce)

    # Quotas

    def clear_quota(self, call: Call, app: App) -> Reply:
        """``/cgi-bin/clear_quota``: every daily count of the token's app starts anew."""
        if _text(_json(call).get("appid")) != app.appid:
            raise CallError(40013, "not the app of the access_token")
        return self._clear_all(call, app)

    def clear_quota_v2(self, call: Call) -> Reply:
        """``/cgi-bin/clear_quota/v2``: the same with appid and secret, in query, form or JSON, in place of a token."""
        appid, secret = (call.request.value(name) for name in ("appid", "appsecret"))
        if not (appid or secret):
            _json(call)  # says what is wrong with the body; the query, which the platform's documents show, is empty
        app, _ = self._client(call, "client_credential", appid, secret)
        return self._clear_all(call, app)

    def _clear_all(self, call: Call, app: App) -> Reply:
        if self._one_more("clear", app, base.beijing_month(call.now), quota.CLEARS_A_MONTH) is None:
            raise CallError(48006, f"{quota.CLEARS_A_MONTH} clears a month")
        quota.clear_all(self._state, app.appid, call.now)
        return wire.ok(call.rid)

    def clear_api_quota(self, call: Call, app: App) -> Reply:
        """``/cgi-bin/openapi/quota/clear``: the daily count of one path starts anew."""
        _, counted, _ = self._quota(call, app)
        if self._one_more("clear_api", app, base.beijing_month(call.now), quota.API_CLEARS_A_MONTH) is None:
            raise CallError(48006, f"{quota.API_CLEARS_A_MONTH} clears a month")
        self._state.clear(counted, base.beijing_day(call.now))
        return wire.ok(call.rid)

    def get_quota(self, call: Call, app: App) -> Reply:
        """``/cgi-bin/openapi/quota/get``: limit, use and rest of one path today; with ``detail`` what came before."""
        path, counted, limit = self._quota(call, app)
        more = usage(self._state, app.appid, counted, path, call.now) if wire.wants_detail(call.request) else {}
        used = self._state.used(counted, base.beijing_day(call.now))
        return wire.ok(
            call.rid,
            quota={"daily_limit": limit, "used": used, "remain": max(0, limit - used)},
            rate_limit={"call_count": self._settings.minute_limit, "refresh_second": 60},
            **more,
        )

    def _quota(self, call: Call, app: App) -> tuple[str, str, int]:
        """The ``cgi_path`` in the body, its daily counter, and its limit. Raises CallError 76021 or 76022."""
        path = "/" + _text(_json(call).get("cgi_path")).partition("?")[0].strip().strip("/")
        if path not in {RECOGNIZE.path, TOKEN.path}:
            raise CallError(76021, f"{RECOGNIZE.path} and {TOKEN.path} have a daily quota")
        if path == RECOGNIZE.path and RECOGNIZE.api in app.denied:
            raise CallError(76022)
        if path == RECOGNIZE.path:
            return path, counter("recognize", app.appid), app.limit(self._settings.daily_limit)
        return path, counter("token", app.appid), quota.TOKENS_A_DAY

    # What else an app may ask

    def get_rid(self, call: Call, app: App) -> Reply:
        """``/cgi-bin/openapi/rid/get``: what became of a call, masked."""
        rid = _text(_json(call).get("rid")).strip()
        if not wire.RID.fullmatch(rid):
            raise CallError(76002, "three groups of 8 hex digits make a rid")
        record = self._state.record(rid)
        if record is None:
            raise CallError(76001, "unknown, or over 7 days old")
        if record.appid != app.appid:
            raise CallError(76003)
        return wire.ok(
            call.rid,
            request={
                "invoke_time": int(record.invoke_time),
                "cost_in_ms": round(record.cost_ms),
                "request_url": record.request_url,
                "request_body": record.request_body,
                "response_body": record.response_body,
                "client_ip": record.client_ip,
            },
        )

    def addresses(self, call: Call, _app: App) -> Reply:
        """``/cgi-bin/getcallbackip`` and ``/cgi-bin/get_api_domain_ip``; as the platform's, without an errcode."""
        return Reply(errcode=0, rid=call.rid, body={"ip_list": list(self._settings.ip_list)})

    # Who calls

    def _authorized(self, call: Call, api: str) -> App:
        """The app whose token the call carries, when it may call ``api`` from where it does. Raises CallError."""
        with call.at("token"):
            app = self._callers.by_token(call.request.access_token(), call.now)
        with call.at("permission"):
            admit(call, app, api)
        return app

    def _client(self, call: Call, grant_type: str, appid: str, secret: str) -> tuple[App, bytes]:
        """The app with this appid and secret, and its key for stable tokens. Raises CallError."""
        if grant_type != "client_credential":
            raise CallError(40002, "must be client_credential")
        if not appid:
            raise CallError(41002)
        if not secret:
            raise CallError(41004)
        with call.at("secret"):
            app, key = self._callers.by_secret(appid, secret, call)
        with call.at("permission"):
            admit(call, app)
        return app, key


BY_TOKEN: Mapping[Endpoint, Callable[[Service, Call, App], Reply]] = MappingProxyType(
    {
        RECOGNIZE: Service.recognize,
        CLEAR_QUOTA: Service.clear_quota,
        CLEAR_API_QUOTA: Service.clear_api_quota,
        GET_QUOTA: Service.get_quota,
        GET_RID: Service.get_rid,
        CALLBACK_ADDRESSES: Service.addresses,
        API_ADDRESSES: Service.addresses,
    }
)
BY_SECRET: Mapping[Endpoint, Callable[[Service, Call], Reply]] = MappingProxyType(
    {
        TOKEN: Service.token,
        STABLE_TOKEN: Service.stable_token,
        CLEAR_QUOTA_BY_SECRET: Service.clear_quota_v2,
    }
)


def _fault(error: Exception) -> Exception | None:
    """``error`` where it is no reply that the contract has: nobody foresaw it, or the store failed."""
    return None if isinstance(error, BankcardError) and not isinstance(error, StateError) else error


def _is_of(token: Token, key: bytes) -> bool:
    """Whether the stable token can be repeated with ``key``: it cannot when the secret was another one."""
    repeated = credentials.stable_token(key, token.appid, token.nonce)
    return credentials.token_digest(repeated) == token.digest


def _is_lasting(token: Token, key: bytes, now: float) -> bool:
    """Whether the stable token is given once more: not in its last minutes, nor when the clock was ahead."""
    return token.good_until - now > OVERLAP_S and not is_of_the_future(token, now) and _is_of(token, key)


def _repeated(key: bytes, token: Token, now: float) -> tuple[str, int]:
    return credentials.stable_token(key, token.appid, token.nonce), int(token.good_until - now)


def _json(call: Call) -> Mapping[str, Any]:
    body = call.request.body
    if body.json is not None:
        return body.json
    if call.request.body_bytes == 0:
        raise CallError(44002)
    raise CallError(47001, body.fault or "the body must be JSON")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
