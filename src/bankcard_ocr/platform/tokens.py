"""``/cgi-bin/token`` and ``/cgi-bin/stable_token``: access tokens for an app's secret."""

from __future__ import annotations

import secrets

from ..errors import CallError
from . import credentials, quota, wire
from .call import Call
from .callers import AHEAD_S, Client, Credentials, is_of_the_future
from .resources import Resources
from .state import base
from .state.base import App, Token
from .wire import Reply

OVERLAP_S = 300.0  # an earlier token stays valid this long beside its successor
FORCED_APART_S = 30.0


def of_parameters(call: Call) -> Credentials:
    """The credentials in the query, form or JSON."""
    value = call.request.value
    return Credentials(grant_type=value("grant_type"), appid=value("appid"), secret=value("secret"))


def of_json(call: Call) -> Credentials:
    """The credentials in the JSON body. Raises CallError 44002 or 47001."""
    grant_type, appid, secret = (wire.json_text(call.request, name) for name in ("grant_type", "appid", "secret"))
    return Credentials(grant_type=grant_type, appid=appid, secret=secret)


def token(using: Resources, call: Call, client: Client) -> Reply:
    """A new token, which supersedes the earlier one in five minutes."""
    app, lifetime_s = client.app, using.settings.token_lifetime_s
    if quota.one_more(using.state, "token", app, base.beijing_day(call.now), quota.TOKENS_A_DAY) is None:
        raise CallError(45009, f"{quota.TOKENS_A_DAY} tokens a day")
    access_token = credentials.new_token()
    new = credentials.issued(app, "token", access_token, call.now, lifetime_s)
    if not using.state.rotate_token(new, old_until=call.now + OVERLAP_S, by=app.secret_hash):
        raise CallError(40125)
    return wire.token(call.rid, access_token, lifetime_s)


def stable_token(using: Resources, call: Call, client: Client) -> Reply:
    """The same token while it lives, a new one in its last five minutes or by force."""
    app, key = client.app, client.key
    current = using.state.current_token(app.appid, "stable")
    asked = wire.json_body(call.request).get("force_refresh") in (True, "true")
    forced = asked and _may_force(using, app, call.now)
    while current is None or forced or not _is_lasting(current, key, call.now):
        nonce = secrets.token_hex(16)
        access_token = credentials.stable_token(key, app.appid, nonce)
        new = credentials.issued(app, "stable", access_token, call.now, using.settings.token_lifetime_s, nonce)
        seen, ends_at_once = current.digest if current else None, forced or (current and not _is_of(current, key))
        current = using.state.replace_token(
            new, seen=seen, old_until=call.now + (0.0 if ends_at_once else OVERLAP_S), by=app.secret_hash
        )
        if current is None:
            raise CallError(40125)
        forced = False
    repeated = credentials.stable_token(key, current.appid, current.nonce)
    return wire.token(call.rid, repeated, int(current.good_until - call.now))


def _may_force(using: Resources, app: App, now: float) -> bool:
    """Whether a forced refresh takes effect: at least 30 s after the last, and 20 times a day."""
    forced = quota.counter("forced", app.appid)
    before = using.state.put_if_absent(forced, repr(now), lifetime_s=FORCED_APART_S)
    if before is not None and float(before or 0) <= now + AHEAD_S:
        return False
    using.state.put(forced, repr(now), lifetime_s=FORCED_APART_S)  # anew, where the clock had been ahead
    return quota.one_more(using.state, "forced", app, base.beijing_day(now), quota.FORCED_A_DAY) is not None


def _is_of(token: Token, key: bytes) -> bool:
    """Whether the stable token can be repeated with ``key``: it cannot when the secret was another one."""
    repeated = credentials.stable_token(key, token.appid, token.nonce)
    return credentials.token_digest(repeated) == token.digest


def _is_lasting(token: Token, key: bytes, now: float) -> bool:
    """Whether the stable token is given once more: not in its last minutes, nor when the clock was ahead."""
    return token.good_until - now > OVERLAP_S and not is_of_the_future(token, now) and _is_of(token, key)
