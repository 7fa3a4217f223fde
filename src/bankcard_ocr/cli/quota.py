"""``bankcard-ocr quota show|clear APPID``: what an app has used."""

from __future__ import annotations

import time
from typing import Any

import typer

from ..platform.quota import CLEARS_A_MONTH, TOKENS_A_DAY, clear_all, counter
from ..platform.state.base import beijing_day, beijing_month
from .store import Appid, Config, Json, known, opened, show

app = typer.Typer(help="Show or clear the quotas of an app.", no_args_is_help=True, add_completion=False)


@app.command(name="show")
def show_quota(appid: Appid, config: Config = None, as_json: Json = False) -> None:
    """Show what an app has used today, of what, and on the days before."""
    now = time.time()
    with opened(config) as (state, settings):
        app = known(state.app(appid), appid)
        limit = app.limit(settings.daily_limit)
        used = state.used(counter("recognize", appid), beijing_day(now))
        value: dict[str, Any] = {
            "appid": appid,
            "day": beijing_day(now).name,
            "daily_limit": limit,
            "used": used,
            "remain": max(0, limit - used),
            "tokens": {"daily_limit": TOKENS_A_DAY, "used": state.used(counter("token", appid), beijing_day(now))},
            "clears": {
                "monthly_limit": CLEARS_A_MONTH,
                "used": state.used(counter("clear", appid), beijing_month(now)),
            },
            "history": state.history(counter("recognize", appid)),
        }
    lines = [
        f"recognitions on {value['day']} (Beijing): {used} of {limit}",
        f"tokens issued: {value['tokens']['used']} of {TOKENS_A_DAY}",
        f"quota clears this month: {value['clears']['used']} of {CLEARS_A_MONTH}",
        *[f"  {day}: {count}" for day, count in value["history"].items()],
    ]
    show(value, "\n".join(lines), as_json=as_json)


@app.command()
def clear(appid: Appid, config: Config = None, as_json: Json = False) -> None:
    """Set today's counts of an app to 0. Clears by operators are not counted."""
    with opened(config) as (state, _):
        known(state.app(appid), appid)
        clear_all(state, appid, time.time())
    show({"appid": appid, "cleared": True}, f"today's counts of {appid} are 0", as_json=as_json)
