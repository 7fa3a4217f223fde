"""What is kept of a call for ``rid/get`` and ``why``: all that explains it, no picture, and nothing to misuse.

Tokens and secrets become stars, card numbers their first 6 and last 4; pictures, names and dates of cards an ellipsis,
and whatever a caller sent that may be a picture under a wrong name or has the digits of a card number, however they are
spelled; of a URL the query goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..numbers import pan
from ..numbers.masking import in_ascii, masked, unquoted
from .call import Call
from .state.base import Record
from .wire import Reply, Request

MAX_KEPT_TEXT = 2000
MAX_KEPT_DEPTH = 8
LOOKED_AT = MAX_KEPT_TEXT + 2 * pan.LONGEST  # so that a number which begins in what is kept is seen whole, and masked

MAX_URL = 4 * MAX_KEPT_TEXT  # cut off it would show a part of what is masked in a whole one

_URL = re.compile(r"\s*(https?):/+([^/?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_SECRET_NAME = re.compile("token|secret|passw", re.IGNORECASE)
_NOT_KEPT = re.compile(r"img[2-8]?(_base64)?|\w+_picture|holder_name|valid_date|issue_date")
_OF_ANY_DIGITS = re.compile(r"wx[0-9a-z]{16}|[0-9a-f]{8}(-[0-9a-f]{8}){2}")  # an appid, a rid: hexadecimal
_MAY_BE_A_PICTURE = re.compile(r"\s*data:.*|[\w+/=%\s-]{100,}", re.DOTALL)  # base64 of 75 bytes and more


def record(call: Call, reply: Reply, cost_ms: float) -> Record:
    """What is kept of the call, with every token, secret and card number masked and no picture."""
    request = call.request
    return Record(
        rid=call.rid,
        appid=call.appid,
        invoke_time=call.now,
        cost_ms=round(cost_ms, 3),
        method=request.method,
        request_url=_kept(_shown(request.path) + "?" * bool(request.query) + _fields(request.query)),
        request_body=_kept(_body(request)),
        response_body=_kept(json.dumps(_hidden(reply.body, is_own=True), ensure_ascii=False, default=dict)),
        client_ip=request.client_ip,
        errcode=reply.errcode,
        stage=call.stage,
        reason=reply.reason,
        cause=reply.cause,
        common_cause=reply.common_cause,
        timings_ms=call.timings_ms,
    )


def _kept(text: str) -> str:
    """The beginning of ``text``, masked: a number that is cut off by it is found all the same."""
    return masked(text[:LOOKED_AT])[:MAX_KEPT_TEXT].encode("utf-8", "replace").decode()


def _fields(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in _hidden(fields).items())


def _body(request: Request) -> str:
    body = request.body
    if body.json is not None:
        return json.dumps(_hidden(body.json), ensure_ascii=False, default=dict)
    if body.parts:
        files = [
            f"{_shown(part.name)}: {len(part.data)} bytes {_shown(part.content_type)}".rstrip() for part in body.parts
        ]
        return f"multipart, {', '.join(files)}"
    if body.form:
        return _fields(body.form)
    return f"{request.body_bytes} bytes" + (f", {body.fault}" if body.fault else "")


def _hidden(fields: Mapping[str, Any], depth: int = 0, *, is_own: bool = False) -> dict[str, Any]:
    """``fields`` without secrets, the middle of numbers, pictures, names, dates, credentials and queries of URLs.

    What is nested deeper than any reply is not kept at all. ``is_own``: this server made them, so that numbers stand
    where they belong.
    """
    told = {_hide("", name, depth, is_own): _hide(name, value, depth, is_own) for name, value in fields.items()}
    number, prefix = fields.get("number"), fields.get("bin")
    if isinstance(prefix, str) and isinstance(number, str) and len(number) <= pan.LONGEST:
        told["bin"] = pan.shown_bin(prefix, number)
    return told


def _hide(name: str, value: Any, depth: int, is_own: bool) -> Any:  # noqa: FBT001
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_NAME.search(name):
        return "***"
    if _NOT_KEPT.fullmatch(name) or depth > MAX_KEPT_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return _hidden(value, depth + 1, is_own=is_own)
    if isinstance(value, list | tuple):
        return [_hide(name, item, depth + 1, is_own) for item in value]
    return _told(name, value, is_own)


def _told(name: str, value: Any, is_own: bool) -> Any:  # noqa: FBT001
    """A text or a number, as far as its name and what it looks like let it be told."""
    text = str(value)
    if _MAY_BE_A_PICTURE.fullmatch(text):
        return "…"
    if name == "bin":
        return text[:6]
    if name in {"number", "id"}:
        return pan.mask(text) if len(text) <= pan.LONGEST else f"{text[:6]}…"
    if name == "img_url":
        return _bare(text) if len(text) <= MAX_URL else "(a long URL)"
    if not is_own and not _OF_ANY_DIGITS.fullmatch(text) and _may_hold_a_number(text):
        return "…"
    return value[:LOOKED_AT] if isinstance(value, str) else value


def _shown(text: str) -> str:
    """What a caller chose that is no field's value: a path, a part's name."""
    return "…" if _may_hold_a_number(text) else text


def _may_hold_a_number(text: str) -> bool:
    """Whether what is kept of ``text`` has as many digits as a number, of any script, whatever stands between them."""
    return sum(map(in_ascii(unquoted(text[:LOOKED_AT])).count, "0123456789")) >= pan.SHORTEST


def _bare(url: str) -> str:
    """Scheme, host and path of an ``img_url``, however often it is percent-encoded; the path with no whole number."""
    match = _URL.match(unquoted(url).replace("\\", "/"))
    if match is None:
        return "(no URL)"
    scheme, authority, path, rest = match.groups()
    return f"{scheme}://{authority.rpartition('@')[2]}{_starred(path)}{'?…' if rest.startswith('?') else ''}"


def _starred(path: str) -> str:
    """``path`` with all its digits taken for one number's, though folders stand between them: 4111/11**/****/1111."""
    shown = iter(pan.mask("".join(re.findall("[0-9]", in_ascii(path)))))
    return re.sub("[0-9]", lambda _: next(shown), in_ascii(path)) if _may_hold_a_number(path) else path
