"""What stores keep of a call, as tests need it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bankcard_ocr.platform.state.base import Record

_CALL = Record(
    rid="64dd8e12-0eb37d04-36a66358",
    appid="wx1",
    invoke_time=1732377000.0,
    cost_ms=1.5,
    method="GET",
    request_url="/",
    request_body="",
    response_body="{}",
    client_ip="127.0.0.1",
    errcode=0,
    stage="read",
    cause="",
    timings_ms={"read": 1.0},
)


def record(rid: str = _CALL.rid, **facts: Any) -> Record:
    """The record of a call that went well but for these facts of it."""
    return replace(_CALL, rid=rid, **facts)
