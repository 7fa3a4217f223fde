"""How often an app may do what: the counters' names and limits, what is left, and how it is told."""

from __future__ import annotations

import dataclasses
from typing import Literal

from ..errors import CallError
from .call import Call
from .state import base
from .state.base import State
from .wire import Reply

TOKENS_A_DAY = 2000
FORCED_A_DAY = 20  # refreshes of a stable token by force
CLEARS_A_MONTH = 10
API_CLEARS_A_MONTH = 50

Counted = Literal["recognize", "minute", "token", "forced", "clear", "clear_api"]


def counter(counted: Counted, appid: str) -> str:
    """The name of an app's counter: recognitions of a day or a minute, tokens, forced refreshes, clears."""
    return f"{counted}:{appid}"


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
