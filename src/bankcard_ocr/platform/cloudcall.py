"""The cloud call as npm's ``wx-server-sdk`` sends it: multipart and protobuf in, protobuf out. No sockets.

A function calls ``cloud.openapi.ocr.bankcard({type, imgUrl | img})``. The SDK posts a form whose part ``requestData``
has the arguments (commapi.py). The answer is the very reply of the HTTPS endpoint, or an ``error_code`` of the cloud
call itself.

Seen in versions 0.4.3 to 4.0.2 of the SDK.
"""

from __future__ import annotations

import json

from ..errors import BankcardError, CallError
from . import commapi, form
from .cloudcodes import BAD_ARGUMENTS, ILLEGAL_SOURCE, MESSAGES, NO_PERMISSION, NOT_FOUND, SYSTEM_ERROR
from .endpoints import CLOUD_APIS
from .service import Service
from .wire import Answer, Reply, Request

PATH = "/admin"
_ACTION = "wx.openApi"
_TOKEN_FIELDS = ("wxCloudApiToken", "wxCloudbaseAccesstoken")


class TransportError(CallError):
    """The request is no cloud call; ``code`` is a word the SDK turns into a number of its own (-5010xx)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(BAD_ARGUMENTS, reason)
        self.code = code


def answer(request: Request, platform: Service) -> Answer:
    """The answer to a request to :data:`PATH`. Never raises."""
    try:
        return wrapped(platform.answer(_call(request, platform)))
    except TransportError as error:
        return transport_error(error.code, platform.refuse(request, error))
    except CallError as error:
        return wrapped(platform.refuse(request, error))
    except Exception as error:  # noqa: BLE001  (as in Service.answer, every error becomes a reply)
        cause = error.cause if isinstance(error, BankcardError) else f"internal error, {type(error).__name__}"
        return wrapped(platform.refuse(request, CallError(SYSTEM_ERROR, cause), because=error))


def wrapped(reply: Reply) -> Answer:
    """``reply`` as the SDK is to get it: the JSON in protobuf, an ``error_code``, or *busy* as an error on the way."""
    if reply.retry_after_s is not None:
        return transport_error("EXCEED_REQUEST_LIMIT", reply)
    content = commapi.refusal(reply.errcode) if reply.errcode in MESSAGES else commapi.encode_reply(reply.encode())
    return Answer(content=content, content_type="application/octet-stream", rid=reply.rid, headers=reply.headers)


def transport_error(code: str, reply: Reply) -> Answer:
    """The answer that the SDK takes for an error on the way; this very content type marks it."""
    content = {"code": code, "message": reply.cause or reply.body["errmsg"], "requestId": reply.rid}
    return Answer(
        content=json.dumps(content).encode(),
        content_type="application/json; charset=utf-8",
        rid=reply.rid,
        retry_after_s=reply.retry_after_s,
    )


def _call(request: Request, platform: Service) -> Request:
    """The call inside ``request``, as the HTTPS endpoint knows it. Raises CallError."""
    api, access_token = _envelope(request)
    given = commapi.arguments(next((part.data for part in request.body.parts if part.name == "requestData"), b""))
    allowed = _permissions(platform, access_token)
    if allowed is not None and api not in allowed:
        raise CallError(NO_PERMISSION, f"{api} is not in the permissions of the app's config.json")
    query = {name: _as_text(value) for name, value in given.plain.items() if name not in form.TOKEN_NAMES}
    return Request(
        method="POST",
        path=CLOUD_APIS[api].path,
        query={**query, "access_token": access_token},
        headers=request.headers,
        body=form.Body(parts=given.pictures),
        body_bytes=request.body_bytes,
        client_ip=request.client_ip,
        is_over=request.is_over,
    )


def _envelope(request: Request) -> tuple[str, str]:
    """(name of the API, access token). Raises TransportError or CallError."""
    fields = request.body.form
    if (
        request.method == "POST"
        and "action" in {**(request.body.json or {}), **fields}
        and fields.get("action") != _ACTION
    ):
        raise TransportError("INVALID_ACTION", f"only {_ACTION} is served here")
    if request.method != "POST" or not request.body.parts:
        raise TransportError("INVALID_PARAM", request.body.fault or "POST multipart/form-data")
    api = fields.get("apiName", "")
    if api not in CLOUD_APIS:
        raise CallError(NOT_FOUND, "unknown API")
    access_token = next((token for name in _TOKEN_FIELDS if (token := fields.get(name, "").strip())), "")
    if not access_token:
        raise CallError(ILLEGAL_SOURCE, "no wxCloudApiToken")
    return api, access_token


def _permissions(platform: Service, access_token: str) -> tuple[str, ...] | None:
    """What the app's functions may call; None when the token is refused, which the endpoint will say itself."""
    try:
        return platform.permissions(access_token)
    except CallError:
        return None


def _as_text(value: str | float) -> str:
    return value if isinstance(value, str) else json.dumps(value)
