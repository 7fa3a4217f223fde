"""``bankcard-ocr token APPID``: an access token for an operator, without HTTP."""

from __future__ import annotations

import time

from ..platform.credentials import operator_token
from .store import Appid, Config, Json, known, opened, show


def command(appid: Appid, config: Config = None, as_json: Json = False) -> None:
    """Print an access token of an app, alone. It supersedes none that the app itself has."""
    with opened(config) as (state, settings):
        app = known(state.app(appid), appid)
        token = operator_token(state, app, time.time(), settings.token_lifetime_s)
    show({"access_token": token, "expires_in": settings.token_lifetime_s}, token, as_json=as_json)
