"""Parameters in, JSON out: the wire contract of the platform, without sockets.

A request is a frozen value; so is a reply. A refusal reads ::

    {"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 64dd8e12-0eb37d04-36a66358"}

The documentation of ``ocr.bankcard`` contradicts itself in two places, and both are answered: it names the number
``number`` in its table and ``id`` in its example, and calls ``errcode`` a string though the service sends an integer
(``errcode_style`` has the string form).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..errors import Busy, CallError
from ..numbers.masking import masked
from ..reading import RETURNED, Options, Reading, Returned
from . import codes, form
from .multipart import BadBody

CONTENT_TYPE = "application/json; encoding=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, as any transport may bring it. ``headers`` have lower-case names; nothing in it is checked yet.

    ``is_over`` is set once nobody waits for the reply any more: then nothing is charged.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: form.Body = field(default_factory=form.Body, repr=False)
    body_bytes: int = 0
    client_ip: str = ""
    is_over: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def value(self, name: str) -> str:
        """Parameter ``name`` of the query, else the form, else the JSON body (lists with commas); empty if nowhere."""
        found = self.query.get(name) or self.body.form.get(name) or (self.body.json or {}).get(name) or ""
        if isinstance(found, list) and all(isinstance(each, str) for each in found):
            return ",".join(found)
        return found if isinstance(found, str) else str(found)

    def access_token(self) -> str:
        """The token under any of its names; empty when there is none."""
        return next((value for name in form.TOKEN_NAMES if (value := self.value(name))), "").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. ``body`` is the JSON object; ``errcode`` stands apart since a token reply carries none.

    Of a refusal ``reason`` is the kind, None where an earlier version kept it for a retry; ``cause`` and
    ``common_cause`` are its error's.
    """

    errcode: int
    rid: str
    body: Mapping[str, Any] = field(repr=False)
    reason: codes.Reason | None = None
    cause: str = ""
    common_cause: str = ""
    retry_after_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self, style: str = "integer") -> bytes:
        """``body`` as UTF-8 JSON; the style ``string`` writes errcode as the documentation's table has it."""
        body = self.body
        if style == "string" and "errcode" in body:
            body = {**body, "errcode": str(body["errcode"])}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=dict).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back over the wire, always with HTTP status 200."""

    content: bytes = field(repr=False)
    content_type: str
    rid: str
    retry_after_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def request(
    *,
    method: str,
    path: str,
    query: bytes = b"",
    headers: Mapping[str, str] = MappingProxyType({}),
    body: bytes = b"",
    client_ip: str = "",
) -> Request:
    """The request that these bytes are. Never raises: what cannot be read is missing, and ``body.fault`` says why."""
    try:
        fields = form.query(query)
    except BadBody:
        fields = {}
    return Request(
        method=method.upper(),
        path=normal(path),
        query=fields,
        headers=headers,
        body=form.parse(body, headers.get("content-type", ""), headers.get("content-encoding", "")),
        body_bytes=len(body),
        client_ip=client_ip,
    )


def normal(path: str) -> str:
    """``path`` with single slashes and none at its end: a base URL that ends in a slash doubles the first.

    >>> normal("//cgi-bin/token/")
    '/cgi-bin/token'
    """
    return "/" + "/".join(name for name in path.split("/") if name)


def before_query(path: str) -> str:
    """``path`` up to where a query was begun with another sign than a question mark.

    >>> before_query("/cgi-bin/token&appid=wx1")
    '/cgi-bin/token'
    """
    return re.split("[&?;=]", path, maxsplit=1)[0]


def options(request: Request) -> Options:
    """How the picture is to be read; any type but ``scan``, the documentation's ``MODE`` too, means ``photo``."""
    scan = request.value("type").strip().lower() == "scan"
    return Options(type="scan" if scan else "photo", detail=wants_detail(request), returns=_returns(request))


def _returns(request: Request) -> frozenset[Returned]:
    """The pictures that ``return`` asks for. Raises CallError 47001 for any other word."""
    words = {word for word in re.split(r"[,\s]+", request.value("return").lower()) if word}
    if words - set(RETURNED):
        raise CallError(47001, f"return: {', '.join(RETURNED)}")
    return frozenset(name for name in RETURNED if name in words)


def json_body(request: Request) -> Mapping[str, Any]:
    """The body of a call that must bring JSON. Raises CallError 44002 or 47001."""
    if request.body.json is not None:
        return request.body.json
    if request.body_bytes == 0:
        raise CallError(44002)
    raise CallError(47001, request.body.fault or "the body must be JSON")


def json_text(request: Request, name: str) -> str:
    """The text ``name`` in the JSON body, empty when it is none. Raises CallError 44002 or 47001."""
    value = json_body(request).get(name)
    return value if isinstance(value, str) else ""


def wants_detail(request: Request) -> bool:
    """Whether the reply shall carry what docs/http.md adds to the platform's."""
    return request.value("detail").strip().lower() in {"1", "true", "yes", "on"}


RID_TRIES = 8


def rid(now: float, random_bytes: Callable[[int], bytes]) -> str:
    """A request id: the Unix time and two random groups, each of 8 hex digits.

    One that may be taken for a card number and would be masked in records, as one of 650 would, is thrown away.
    """
    for _ in range(RID_TRIES):
        digits = random_bytes(8).hex()
        found = f"{int(now) & 0xFFFFFFFF:08x}-{digits[:8]}-{digits[8:]}"
        if masked(found) == found:
            break
    return found


RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")


def refusal(
    error: Exception, rid: str, *, client_ip: str = "", because: Exception | None = None, **details: Any
) -> Reply:
    """The reply that tells ``error``: its code, the platform's message, the hint, the request id, then ``details``.

    ``because`` is what ``error`` stands for, where the caller is to be told something else than the operator.
    """
    code = codes.errcode(error)
    text = codes.message(code).format(ip=client_ip, ipv6=_ipv6(client_ip))
    cause = codes.hint(error)
    return Reply(
        errcode=code,
        rid=rid,
        reason=codes.reason(because or error),
        cause=cause,
        common_cause=codes.common_hint(error),
        body={
            "errcode": code,
            "errmsg": f"{text} hint: [{cause}] rid: {rid}" if cause else f"{text} rid: {rid}",
            **details,
        },
        retry_after_s=error.retry_after_s if isinstance(error, Busy) else None,
    )


def _ipv6(client_ip: str) -> str:
    return client_ip if ":" in client_ip else f"::ffff:{client_ip}"


def ok(rid: str, **fields: Any) -> Reply:
    """The reply of a call that went well."""
    return Reply(errcode=0, rid=rid, body={"errcode": 0, "errmsg": "ok", **fields})


def token(rid: str, access_token: str, expires_in: int) -> Reply:
    """The reply of the token endpoints, which has no errcode."""
    return Reply(errcode=0, rid=rid, body={"access_token": access_token, "expires_in": expires_in})


def recognized(reading: Reading, rid: str, **details: Any) -> Reply:
    """The reply for a number that was read; strings, since JavaScript mangles a number of 19 digits."""
    return ok(rid, number=reading.number, id=reading.number, **details)
