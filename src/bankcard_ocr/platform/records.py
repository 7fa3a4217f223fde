"""What is kept of a call for ``rid/get`` and ``why``: all that explains it, no picture, and nothing to misuse.

Of what a caller sent the values of known parameters are kept, where a word is meant short ones, of all others the name:
a misspelt one may hold a secret, a picture, the rest of a signed URL. Tokens and secrets become stars; what looks like
one, or has the digits of a card number, however they are spelled, an ellipsis; of a URL the query goes. Of a reply card
numbers are kept as their first 6 and last 4, pictures, names and dates of cards not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..numbers import pan
from ..numbers.masking import in_ascii, masked, unquoted
from .call import Call
from .multipart import Part
from .state.base import Record
from .wire import Reply, Request, before_query

MAX_KEPT_TEXT = 2000
MAX_KEPT_WORD = 32
MAX_KEPT_DEPTH = 8
LOOKED_AT = MAX_KEPT_TEXT + 2 * pan.LONGEST  # so that a number which begins in what is kept is seen whole, and masked

MAX_URL = 4 * MAX_KEPT_TEXT  # cut off it would show a part of what is masked in a whole one

_URL = re.compile(r"\s*(https?):/+([^/?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_SECRET_NAME = re.compile("token|secret|passw", re.IGNORECASE)
_NOT_KEPT = re.compile(r"img[2-8]?(_base64)?|\w+_picture|holder_name|valid_date|issue_date")
_WORDS = {"detail", "force_refresh", "grant_type", "pan", "return", "type"}  # of these longer ones are something else
_KNOWN = _WORDS | {"appid", "cgi_path", "img_url", "rid"}
_OF_ANY_DIGITS = re.compile(r"wx[0-9a-z]{16}|[0-9a-f]{8}(-[0-9a-f]{8}){2}")  # an appid, a rid: hexadecimal
_MAY_BE_SECRET = re.compile(r"[\w+-]{28,}|(token|secret|passw)\w*\W*[=:]", re.IGNORECASE)  # secrets have 32, tokens 128


def record(call: Call, reply: Reply, cost_ms: float) -> Record:
    """What is kept of the call, with every token, secret and card number masked and no picture."""
    request = call.request
    return Record(
        rid=call.rid,
        appid=call.appid,
        invoke_time=call.now,
        cost_ms=round(cost_ms, 3),
        method=request.method,
        request_url=_kept(_path(request.path) + "?" * bool(request.query) + _fields(request.query)),
        request_body=_kept(_body(request)),
        response_body=_kept(json.dumps(_hidden(reply.body, is_own=True), ensure_ascii=False, default=dict)),
        client_ip=_kept(request.client_ip),  # a proxy's word: where any is trusted, anybody's
        errcode=reply.errcode,
        stage=call.stage,
        reason=reply.reason,
        cause=reply.cause,
        common_cause=reply.common_cause,
        timings_ms=call.timings_ms,
    )


def _kept(text: str) -> str:
    """The beginning of ``text``, masked: a number that is cut off by it is found all the same.

    What cannot be printed is replaced: a terminal may take it for a command.
    """
    kept = masked(text[:LOOKED_AT])[:MAX_KEPT_TEXT].encode("utf-8", "replace").decode()
    return "".join([char if char.isprintable() else "\ufffd" for char in kept])


def _fields(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in _hidden(fields).items())


def _body(request: Request) -> str:
    body = request.body
    if body.json is not None:
        return json.dumps(_hidden(body.json), ensure_ascii=False, default=dict)
    if body.parts:
        return f"multipart, {', '.join(map(_part, body.parts))}"
    if body.form:
        return _fields(body.form)
    return f"{request.body_bytes} bytes" + (f", {body.fault}" if body.fault else "")


def _part(part: Part) -> str:
    if part.name in _KNOWN and part.filename is None and len(part.data) <= MAX_KEPT_TEXT:
        return f"{part.name}={_sent(part.name, part.data.decode('utf-8', 'replace'))}"
    return f"{_shown(part.name)}: {len(part.data)} bytes {_shown(part.content_type)}".rstrip()


def _hidden(fields: Mapping[str, Any], depth: int = 0, *, is_own: bool = False) -> dict[str, Any]:
    """``fields`` without secrets, the middle of numbers, pictures, names, dates, credentials and queries of URLs.

    What is nested deeper than any reply is not kept at all. ``is_own``: this server made them, so that numbers stand
    where they belong.
    """
    told = {name if is_own else _shown(name): _hide(name, value, depth, is_own) for name, value in fields.items()}
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
    return _made(name, value) if is_own else _sent(name, value)


def _made(name: str, value: Any) -> Any:
    """A text or a number of a reply."""
    text = str(value)
    if name == "bin":
        return text[:6]
    if name in {"number", "id"}:
        return pan.mask(text) if len(text) <= pan.LONGEST else f"{text[:6]}…"
    return text[:LOOKED_AT] if isinstance(value, str) else value


def _sent(name: str, value: Any) -> Any:
    """A text or a number that a caller sent, as far as its name and what it looks like let it be told."""
    if name not in _KNOWN:
        return "…"
    text = str(value)
    if name in _WORDS and len(text) > MAX_KEPT_WORD:
        return "…"
    if name == "img_url":
        return _bare(text) if len(text) <= MAX_URL else "(a long URL)"
    return value if _shown(text) == text else "…"


def _shown(text: str) -> str:
    """What a caller chose: a path, a name, a word. An ellipsis for what may be a secret, a picture or a card number."""
    if _OF_ANY_DIGITS.fullmatch(text):
        return text
    return "…" if _may_hold_a_number(text) or _MAY_BE_SECRET.search(text) else text[:LOOKED_AT]


def _path(path: str) -> str:
    """The path, up to where it becomes a query."""
    alone = before_query(path)
    return _shown(alone) + "…" * (alone != path)


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
