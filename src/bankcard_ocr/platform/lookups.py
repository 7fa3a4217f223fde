"""What else an app may ask: what became of a call, and which addresses the platform has."""

from __future__ import annotations

from ..errors import CallError
from . import wire
from .call import Call
from .resources import Resources
from .state.base import App
from .wire import Reply


def get_rid(using: Resources, call: Call, app: App) -> Reply:
    """``/cgi-bin/openapi/rid/get``: what became of a call, masked."""
    rid = wire.json_text(call.request, "rid").strip()
    if not wire.RID.fullmatch(rid):
        raise CallError(76002, "three groups of 8 hex digits make a rid")
    record = using.state.record(rid)
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


def addresses(using: Resources, call: Call, _app: App) -> Reply:
    """``/cgi-bin/getcallbackip`` and ``/cgi-bin/get_api_domain_ip``; as the platform's, without an errcode."""
    return Reply(errcode=0, rid=call.rid, body={"ip_list": list(using.settings.ip_list)})
