"""How often an app may do what: the counters' names and limits, what is left, how it is told, and who may clear it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from ..errors import CallError
from . import wire
from .call import Call
from .callers import Client, Credentials
from .endpoints import RECOGNIZE, TOKEN
from .resources import Resources
from .state import base
from .state.base import App, State, Window
from .usage import usage
from .wire import Reply

TOKENS_A_DAY = 2000
FORCED_A_DAY = 20  # refreshes of a stable token by force
CLEARS_A_MONTH = 10
API_CLEARS_A_MONTH = 50

Counted = Literal["recognize", "minute", "token", "forced", "clear", "clear_api"]


def counter(counted: Counted, appid: str) -> str:
    """The name of an app's counter: recognitions of a day or a minute, tokens, forced refreshes, clears."""
    return f"{counted}:{appid}"


def one_more(state: State, counted: Counted, app: App, window: Window, limit: int) -> int | None:
    """Counts one more of an app's; how many there are then, or None, and nothing counted, at ``limit``."""
    return state.consume(counter(counted, app.appid), window, limit)


def clear_all(state: State, appid: str, now: float) -> None:
    """Sets every daily count of the app to 0, and this minute's."""
    state.clear(counter("recognize", appid), base.beijing_day(now))
    state.clear(counter("token", appid), base.beijing_day(now))
    state.clear(counter("minute", appid), base.span(now, 60))


def refuse_at_limit(call: Call) -> None:
    """Raises CallError 101003 when nothing is left of the day, so that no work is done in vain."""
    if call.quota is not None and call.quota[1] >= call.quota[0]:
        raise used_up(call.quota[0])


def used_up(limit: int) -> CallError:
    """That all recognitions of the day are used."""
    return CallError(101003, f"all {limit} of today are used, the day ends at midnight in Beijing")


def with_headers(reply: Reply, call: Call) -> Reply:
    """``reply`` with the headers that tell what is left of the app's day, where the call came so far."""
    if call.quota is None:
        return reply
    limit, used = call.quota
    headers = {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(max(0, limit - used)),
        "x-ratelimit-reset": str(int(base.beijing_day(call.now).ends)),
    }
    return dataclasses.replace(reply, headers={**reply.headers, **headers})


def clear(using: Resources, call: Call, app: App) -> Reply:
    """``/cgi-bin/clear_quota``: every daily count of the token's app starts anew."""
    if wire.json_text(call.request, "appid") != app.appid:
        raise CallError(40013, "not the app of the access_token")
    return _clear(using, call, app)


def of_secret(call: Call) -> Credentials:
    """The appid and secret, in query, form or JSON, that clear quotas in place of a token."""
    appid, secret = (call.request.value(name) for name in ("appid", "appsecret"))
    if not (appid or secret):
        wire.json_body(call.request)  # says what is wrong with it; the query, which the documents show, is empty
    return Credentials(grant_type="client_credential", appid=appid, secret=secret)


def clear_by_secret(using: Resources, call: Call, client: Client) -> Reply:
    """``/cgi-bin/clear_quota/v2``: the same for the app of a secret."""
    return _clear(using, call, client.app)


def _clear(using: Resources, call: Call, app: App) -> Reply:
    if one_more(using.state, "clear", app, base.beijing_month(call.now), CLEARS_A_MONTH) is None:
        raise CallError(48006, f"{CLEARS_A_MONTH} clears a month")
    clear_all(using.state, app.appid, call.now)
    return wire.ok(call.rid)


def clear_path(using: Resources, call: Call, app: App) -> Reply:
    """``/cgi-bin/openapi/quota/clear``: the daily count of one path starts anew."""
    _, counted, _ = _of_path(using, call, app)
    if one_more(using.state, "clear_api", app, base.beijing_month(call.now), API_CLEARS_A_MONTH) is None:
        raise CallError(48006, f"{API_CLEARS_A_MONTH} clears a month")
    using.state.clear(counted, base.beijing_day(call.now))
    return wire.ok(call.rid)


def get(using: Resources, call: Call, app: App) -> Reply:
    """``/cgi-bin/openapi/quota/get``: limit, use and rest of one path today; with ``detail`` what came before."""
    path, counted, limit = _of_path(using, call, app)
    more = usage(using.state, app.appid, counted, path, call.now) if wire.wants_detail(call.request) else {}
    used = using.state.used(counted, base.beijing_day(call.now))
    return wire.ok(
        call.rid,
        quota={"daily_limit": limit, "used": used, "remain": max(0, limit - used)},
        rate_limit={"call_count": using.settings.minute_limit, "refresh_second": 60},
        **more,
    )


def _of_path(using: Resources, call: Call, app: App) -> tuple[str, str, int]:
    """The ``cgi_path`` in the body, its daily counter, and its limit. Raises CallError 76021 or 76022."""
    path = "/" + wire.json_text(call.request, "cgi_path").partition("?")[0].strip().strip("/")
    if path not in {RECOGNIZE.path, TOKEN.path}:
        raise CallError(76021, f"{RECOGNIZE.path} and {TOKEN.path} have a daily quota")
    if path == RECOGNIZE.path and RECOGNIZE.api in app.denied:
        raise CallError(76022)
    if path == RECOGNIZE.path:
        return path, counter("recognize", app.appid), app.limit(using.settings.daily_limit)
    return path, counter("token", app.appid), TOKENS_A_DAY
