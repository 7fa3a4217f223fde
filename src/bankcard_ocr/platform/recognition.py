"""``/cv/ocr/bankcard``: quota -> picture -> read -> reply.

The quota. A recognition is charged when a picture was decoded and recognition ran, whatever it found, and that is
known only afterwards: so the charge is one atomic "consume one of N" between the reading and the reply. Before the
picture is taken the count is only looked at, to spare the work for who has nothing left. Of N parallel callers over a
limit of 500 exactly 500 get a reading; one who lost that race gets 101003 and nothing of what was read. There is
nothing to refund, so a process that dies in between charges nobody for a reply that was never sent.
"""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import Busy, CallError, FetchError, PictureTooLarge, Refused, StateError
from ..reading import Options, Reading, Seen
from . import detail, idempotency, quota, sources, wire
from .call import Call
from .disclosure import Disclosure, disclosure
from .resources import Resources
from .sources import PictureSource
from .state import base
from .state.base import App
from .wire import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The pictures of a call, and what the reply to it shall be like."""

    options: Options
    disclosure: Disclosure
    pictures: tuple[bytes, ...] = field(repr=False)


def recognize(using: Resources, call: Call, app: App) -> Reply:
    """The number on the picture, or why there is none."""
    key = call.request.headers.get(idempotency.HEADER)
    with call.at("quota"):
        _look_at_quota(using, call, app)
        if key is None:
            quota.refuse_at_limit(call)
    with call.at("picture"):
        options, shown = _wanted(using, call, app)
        found = sources.pictures(call.request)
    pictures = tuple(_bytes(using, call, source) for source in found)
    asked = _Asked(options=options, disclosure=shown, pictures=pictures)
    if key is None:
        return _recognized(using, call, app, asked)
    return _once(using, call, app, asked, key.strip())


def _look_at_quota(using: Resources, call: Call, app: App) -> None:
    """Takes one of this minute's calls, and notes what is used of the day. Raises CallError 45011."""
    state, settings = using.state, using.settings
    call.quota = (
        app.limit(settings.daily_limit),
        state.used(quota.counter("recognize", app.appid), base.beijing_day(call.now)),
    )
    if quota.one_more(state, "minute", app, base.span(call.now, 60), settings.minute_limit) is None:
        raise CallError(45011, f"over {settings.minute_limit} calls this minute")


def _wanted(using: Resources, call: Call, app: App) -> tuple[Options, Disclosure]:
    """What the reply shall be like. Raises CallError 47001 or 48001."""
    shown = disclosure(call.request.value("pan").strip().lower(), app, using.fingerprint_key)
    options = dataclasses.replace(wire.options(call.request), now=call.now)
    if shown.form == "fingerprint" and options.returns:  # PCI DSS 3.5.1: digits would help to try numbers out
        raise CallError(48001, "return: with pan=fingerprint no picture, they show digits of the number")
    if shown.form != "full" and options.returns - {"redacted"}:
        raise CallError(48001, f"return: with pan={shown.form} only redacted, the others show the number")
    if using.settings.threshold > 0:
        options = dataclasses.replace(options, threshold=using.settings.threshold)
    return options, shown


def _bytes(using: Resources, call: Call, source: PictureSource) -> bytes:
    """The picture itself, fetched when it is elsewhere. Raises FetchError or PictureTooLarge."""
    data, limit = source.data, using.settings.max_picture_bytes
    if data is None:
        with call.at("fetch"):
            data = _fetched(using, call, source.url)
    if len(data) > limit:
        raise PictureTooLarge(got=len(data), limit=limit, unit="bytes")
    return data


def _fetched(using: Resources, call: Call, url: str) -> bytes:
    try:
        return using.fetch(url)
    except FetchError as error:
        rest = sources.cut_off(call.request)
        if error.stage not in {"status", "type"} or not rest:
            raise
        raise FetchError(
            error.stage, f"{error.reason}; if img_url is not percent-encoded, {rest} was cut off"
        ) from error


def _once(using: Resources, call: Call, app: App, asked: _Asked, key: str) -> Reply:
    """The reply to a call that may be sent again; a retry gets the first one's."""
    call.stage = "retry"
    options, state, settings = asked.options, using.state, using.settings
    how = repr((options.type, options.detail, sorted(options.returns), asked.disclosure.form)).encode()
    keys = (app.jwk.encode(), using.fingerprint_key)  # what they protect is not told under earlier ones
    ticket = idempotency.ticket(key, app.appid, (how, *keys, *asked.pictures))
    at_work_s = 60 + settings.request_timeout_s + settings.fetch_timeout_s
    earlier = idempotency.begin(state, ticket, call.rid, at_work_s=at_work_s)
    if earlier is not None:
        return _with_pictures(using, earlier, asked)
    try:
        quota.refuse_at_limit(call)
        reply = _recognized(using, call, app, asked)
    except BaseException:
        idempotency.give_up(state, ticket)
        raise
    try:
        idempotency.keep(state, ticket, reply)
    except StateError:  # the reply was charged and stands; its retry will be a new call
        with suppress(StateError):  # if that is not known either, once the mark has had its time
            idempotency.give_up(state, ticket)
    return reply


def _with_pictures(using: Resources, reply: Reply, asked: _Asked) -> Reply:
    """An earlier reply with the pictures that were given back with it: they are not kept, but cut out anew."""
    if not asked.options.returns:
        return reply
    try:
        seen: Seen | None = _reading(using, asked)
    except Refused as error:
        seen = error.seen
    return dataclasses.replace(reply, body={**reply.body, **(detail.pictures(seen) if seen else {})})


def _reading(using: Resources, asked: _Asked) -> Reading:
    if len(asked.pictures) == 1:
        return using.reader.read(asked.pictures[0], asked.options)
    return using.reader.read_many(asked.pictures, asked.options)


def _recognized(using: Resources, call: Call, app: App, asked: _Asked) -> Reply:
    """The reply for pictures of one card, charged; a refusal is charged too, a damaged picture is not."""
    try:
        with call.at("read"):
            reading = _reading(using, asked)
    except Refused as error:
        reply = _refused(call, asked, error)
    else:
        call.timings_ms.update({f"read.{stage}": ms for stage, ms in reading.timings_ms.items()})
        details = detail.details(reading, using.table, call.now) if asked.options.detail else {}
        reply = wire.recognized(reading, call.rid, **(details | detail.pictures(reading)))
        reply = dataclasses.replace(reply, body=asked.disclosure.applied(reply.body))
    _charge(using, call, app)
    return reply


def _refused(call: Call, asked: _Asked, error: Refused) -> Reply:
    """The reply that no number is told, with what was seen nevertheless as far as it was asked for."""
    details = detail.refused(error) if asked.options.detail else {}
    pictures = detail.pictures(error.seen) if error.seen else {}
    details = asked.disclosure.applied(details | pictures)
    return wire.refusal(error, call.rid, client_ip=call.request.client_ip, **details)


def _charge(using: Resources, call: Call, app: App) -> None:
    """Charges the Beijing day in which the call came in.

    Raises CallError 101003 at the limit, and Busy when the caller was told so already.
    """
    if call.request.is_over.is_set():
        raise Busy("stopping")
    limit = app.limit(using.settings.daily_limit)
    used = quota.one_more(using.state, "recognize", app, base.beijing_day(call.now), limit)
    call.quota = (limit, limit if used is None else used)
    if used is None:
        call.stage = "quota"
        raise quota.used_up(limit)
