"""The ASGI application: bodies bounded before they are parsed, calls handed to threads, replies sent.

Every API reply has HTTP status 200, errors too: many clients lose the error code otherwise. What is no API reply (the
pages, the probes) has the usual statuses.

Admission. A call of recognition takes one of ``max_concurrent_calls`` places from its last byte to its reply, and
readings run ``threads`` at once; when no place is free the answer is *busy* at once, with ``Retry-After``, and the body
is thrown away as it comes. Busy is also, before its body is parsed or the store asked, who would wait longer than
``max_wait_s`` for the pictures that are waiting already (gate.py). Token and quota calls have threads of their own, so
that a full house still issues tokens. What all bodies that are still coming hold together is bounded, too, so that no
number of slow senders fills the memory.

Of several workers one that is still reading closes a connection behind its answer, so that the client's next call comes
to whichever has least to do (loop.py), not always to the one that once took its connection.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from math import ceil

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import BankcardError, Busy, CallError, PictureTooLarge, TooSlow
from ..platform import cloudcall, cloudcodes, wire
from ..platform.endpoints import ENDPOINTS, RECOGNIZE
from ..platform.service import Service
from ..platform.wire import Answer, Reply, Request
from ..reading import MOST_PICTURES
from ..settings import Settings

OTHER_THREADS = 4
OTHER_PLACES = 256  # calls of the other endpoints at work or waiting; each takes a millisecond, a new secret 40
BODY_SLACK_BYTES = 1_048_576  # what a body may have beyond its pictures: the form around them
OTHER_BODY_BYTES = 65_536  # a body without a picture
MAX_DRAINED_BYTES = 67_108_864  # of a body too large: read and thrown away so that the client sees the reply
LAST_S = 1.0  # for the rest of a body that took too long: thrown away so that who has nearly sent all sees the reply
MAX_HELD_BYTES = 134_217_728  # of all bodies that are still coming or at work; who comes after is told busy


class Api:
    """The API as an ASGI application; complete after construction. ``busy`` says what pictures are told for now."""

    def __init__(self, service: Service, settings: Settings, busy: Callable[[], Busy | None]) -> None:
        self._service = service
        self._settings = settings
        self._busy = busy
        most = settings.max_concurrent_calls
        self._recognitions = _Lane(threads=most, places=most, name="read")
        self._others = _Lane(threads=OTHER_THREADS, places=OTHER_PLACES, name="call")
        self._held = 0  # bytes of bodies that are still coming or at work; only the event loop's thread touches it

    def close(self) -> None:
        """Lets the threads go; what they still do has been answered."""
        self._recognitions.close()
        self._others.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a call; one that is cut off, as the time to stop has run out, is told busy."""
        try:
            await self._called(scope, receive, send)
        except asyncio.CancelledError:
            with suppress(RuntimeError):  # the answer had begun
                await _send(send, self._refused(scope, Busy("stopping")), close=True)

    async def is_whole(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether a request for a page came to its end; a body, which none needs, has a time and a size, too."""
        try:
            async with asyncio.timeout(self._settings.request_timeout_s):
                await self._body(receive, OTHER_BODY_BYTES, keep=False)
        except TimeoutError:
            await Response(status_code=408, headers={"connection": "close"})(scope, receive, send)
        except _TooLarge:
            await Response(status_code=413, headers={"connection": "close"})(scope, receive, send)
        except ConnectionError:
            pass
        else:
            return True
        return False

    async def _called(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_pictures = _has_pictures(scope)
        lane = self._recognitions if has_pictures else self._others
        limit = self._limit(scope) if has_pictures else OTHER_BODY_BYTES
        try:
            async with asyncio.timeout(self._settings.request_timeout_s):
                body = await self._body(receive, limit, keep=not lane.is_full)
        except TimeoutError:
            code = cloudcodes.TIMEOUT if is_cloud_call(scope) else -1
            error = TooSlow(code, limit_s=self._settings.request_timeout_s)
            with suppress(TimeoutError, _TooLarge, ConnectionError):
                async with asyncio.timeout(LAST_S):
                    await self._body(receive, limit, keep=False)
            await _send(send, await self._refused_and_kept(scope, error), close=True)
        except _TooLarge as found:
            await _send(send, await self._refused_and_kept(scope, self._too_large(scope, found.size)), close=True)
        except ConnectionError:
            return
        else:
            size, held = len(body or b""), [] if body is None else [body]
            del body  # what is parsed out of it is a copy; who parses takes the only reference, so that it goes then
            try:
                answer = await self._answered(lane, scope, held)
            finally:
                self._held -= size
            others_may_be_idle = self._settings.workers > 1 and has_pictures and lane.is_at_work
            await _send(send, answer, head=scope["method"] == "HEAD", close=others_may_be_idle)

    def _limit(self, scope: Scope) -> int:
        """The most bytes of a body with pictures: one as it is, or in a form or JSON all of a card, even as base64.

        More than all bodies may hold together is never held.
        """
        kind = next((value.lower() for name, value in scope["headers"] if name == b"content-type"), b"")
        several = any(word in kind for word in (b"multipart/", b"urlencoded", b"json"))
        most = MOST_PICTURES * 4 // 3 + 1 if several else 1
        return min(most * self._settings.max_picture_bytes + BODY_SLACK_BYTES, MAX_HELD_BYTES)

    def _too_large(self, scope: Scope, size: int) -> BankcardError:
        if _has_pictures(scope):
            return PictureTooLarge(got=size, limit=self._settings.max_picture_bytes, unit="bytes")
        is_api = wire.normal(scope["path"]) in ENDPOINTS
        return CallError(47001, f"size: over {OTHER_BODY_BYTES} bytes") if is_api else CallError(40066)

    async def _body(self, receive: Receive, limit: int, *, keep: bool) -> bytes | None:
        """The whole body, which counts as held from here on, or None when there is no room for it.

        Raises _TooLarge or ConnectionError.
        """
        chunks: list[bytes] = []
        body: bytes | None = None
        size = held = 0
        more = True
        try:
            while more and size <= max(limit, MAX_DRAINED_BYTES):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                chunk, more = message.get("body", b""), message.get("more_body", False)
                size += len(chunk)
                keep = keep and size <= limit and self._held + len(chunk) <= MAX_HELD_BYTES
                gained = len(chunk) if keep else -held
                held, self._held = held + gained, self._held + gained
                chunks.append(chunk)
                if not keep:
                    chunks.clear()
            body = b"".join(chunks) if keep else None
        finally:
            if body is None:
                self._held -= held
        if size > limit:
            raise _TooLarge(size)
        return body

    async def _answered(self, lane: _Lane, scope: Scope, body: list[bytes]) -> Answer:
        """What the service answers in ``lane``: busy at once when that is full, there is no body, or pictures wait.

        Once it is cancelled it charges nothing.
        """
        if not body or lane.is_full:
            return self._refused(scope, Busy())
        if lane is self._recognitions and (busy := self._busy()):
            return self._refused(scope, busy)
        is_over = threading.Event()
        try:
            return await lane.run(self._answer, scope, body, is_over)
        except asyncio.CancelledError:
            is_over.set()
            raise

    def _answer(self, scope: Scope, body: list[bytes], is_over: threading.Event) -> Answer:
        request = replace(_request(scope, body.pop()), is_over=is_over)
        if is_cloud_call(scope):
            return cloudcall.answer(request, self._service)
        return self._packed(scope, self._service.answer(request))

    async def _refused_and_kept(self, scope: Scope, error: BankcardError) -> Answer:
        """The answer to a call that ended early, of which a record is kept: the store may take its time."""
        if self._others.is_full:
            return self._refused(scope, Busy())
        return await self._others.run(self._refused, scope, error)

    def _refused(self, scope: Scope, error: BankcardError) -> Answer:
        return self._packed(scope, self._service.refuse(_request(scope, b""), error))

    def _packed(self, scope: Scope, reply: Reply) -> Answer:
        """``reply`` as this path's clients expect it: JSON, in a cloud call's answer within protobuf."""
        if is_cloud_call(scope):
            return cloudcall.wrapped(reply)
        return Answer(
            content=reply.encode(self._settings.errcode_style),
            content_type=wire.CONTENT_TYPE,
            rid=reply.rid,
            retry_after_s=reply.retry_after_s,
            headers=reply.headers,
        )


class _Lane:
    """Threads for calls of one kind, and places for those at work or waiting; for the event loop's thread alone."""

    def __init__(self, *, threads: int, places: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = places
        self._taken = 0

    @property
    def is_at_work(self) -> bool:
        return self._taken > 0

    @property
    def is_full(self) -> bool:
        return self._taken >= self._places

    async def run(self, call: Callable[..., Answer], *args: object) -> Answer:
        """What ``call`` gives in one of the threads; it takes a place meanwhile."""
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)
        finally:
            self._taken -= 1

    def close(self) -> None:
        """Lets the threads go; what waits for one is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def is_cloud_call(scope: Scope) -> bool:
    """Whether it is one for the gateway, to which what is posted to / belongs, too: no page takes it."""
    path = wire.normal(scope["path"])
    return path == cloudcall.PATH or (path == "/" and scope["method"] == "POST")


def _has_pictures(scope: Scope) -> bool:
    return wire.normal(scope["path"]) == RECOGNIZE.path or is_cloud_call(scope)


class _TooLarge(Exception):
    """A body of ``size`` bytes, or more, is over its limit."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


async def _send(send: Send, answer: Answer, *, head: bool = False, close: bool = False) -> None:
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-rid", answer.rid.encode()),
    ]
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.retry_after_s is not None:
        headers.append((b"retry-after", str(max(1, ceil(answer.retry_after_s))).encode()))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.content})


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    client = scope.get("client")
    return wire.request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=headers,
        body=body,
        client_ip=client[0] if client else "",
    )
