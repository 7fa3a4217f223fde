"""HTTP/1.1 as uvicorn reads it, with bounded heads, mended where they break the standard (head.py).

uvicorn waits for the end of a head for ever and keeps all of it; here it has a time and a size. And it hangs up on a
client that has said all and only listens (``nc -N``), or that says more than the length of its body and then is no
request; here both get their answer first. What is no HTTP gets status 400, a head over its size 431, both with the
reason in the JSON that clients expect.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from typing import Any

import structlog
import uvicorn
from httptools import HttpParserCallbackError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import CallError
from ..platform import codes, wire
from ..platform.callers import is_listed, network_of, unmapped
from ..settings import Settings
from .head import END, mended_head

_TLS = b"\x16\x03"  # how a ClientHello begins, RFC 8446 5.1
MAX_HEAD_BYTES = 65_536
NO_HTTP = 47001  # the errcode of it
SILENT_S = 0.1  # a new connection's first bytes come with it or a moment later


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, whose parser sees whole, mended heads; bodies pass as they are."""

    config: Config
    on_data: Callable[[], object] = staticmethod(lambda: None)  # is told that this may be idle no longer

    _head: bytes | None = b""  # what has come of a head, before the parser sees it; None when that is in a message
    _head_bytes = 0
    _connected = 0.0  # the loop's time
    _is_stopping = False
    _head_timer: asyncio.TimerHandle | None = None
    _writing_timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether all was answered and the connection is kept for a further request, or nothing has come for a while.

        Pools of clients and balancers hold connections that say nothing.
        """
        has_asked = self.cycle is not None
        is_silent = not has_asked and self._head == b"" and self.loop.time() - self._connected > SILENT_S
        return is_silent or (has_asked and self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first head has its time from now on."""
        super().connection_made(transport)
        if self.client is not None:
            self.client = (unmapped(self.client[0]), self.client[1])
        self._connected = self.loop.time()
        self._expect_head()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Whether the connection stays: a client may end its side behind a request, its answer comes all the same."""
        return self._ends_with_answer()

    def send_400_response(self, msg: str) -> None:
        """Ends the connection at what is no request, such as the rest of a body whose length was counted wrong.

        The parser's error is being handled, and why it was raised is told.
        """
        if self._ends_with_answer():
            self._head_is_here()
            return
        error = sys.exception()
        reason = msg if error is None or isinstance(error, HttpParserCallbackError) else str(error)
        self._cut_off(b"400 Bad Request", self._told(reason))

    def shutdown(self) -> None:
        """Ends behind the answer to what is at work; where nothing is, a request has a moment to come.

        It may be on its way, and a balancer sends none of those again that it lost.
        """
        is_at_work = self.cycle is not None and not self.cycle.response_complete
        if is_at_work or self._is_stopping:
            super().shutdown()
        else:
            self._is_stopping = True
            self.loop.call_later(SILENT_S, self.shutdown)

    def pause_writing(self) -> None:
        """More is to be sent than the client has taken: it has a time to take some of it."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client has taken nearly all."""
        self._let_be()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._head_is_here()
        self._let_be()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Keeps a head until it is whole, and mends it; cuts off one over its size."""
        self.on_data()
        if self._head == b"" and not (data := data.lstrip(b"\r\n")):  # RFC 9112 2.2: behind bodies some send a line end
            return
        if self._head_timer is None and self._head is not None:
            self._expect_head()  # a further head has its time from its first byte on
        self._head_bytes += len(data)
        head = self._head
        if head is not None:
            data = head + data
            if data.startswith(_TLS):
                client_ip = self.client[0] if self.client else ""
                structlog.get_logger().warning("https on a port that speaks http", client_ip=client_ip)
                self.transport.close()
                return
            end = END.search(data, max(0, len(head) - 3))
            if end is None and data[:1].isalpha():  # else it is no HTTP, which the parser says at once
                self._head = data
                self._unset_keepalive_if_required()
                self._bound_head(len(data))
                return
            if end is not None:
                if not self._bound_head(end.start()):
                    return
                whole = data[: end.end()]
                if (better := mended_head(whole)) != whole:
                    data = better + data[len(whole) :]
        super().data_received(data)
        if self._head_timer is not None:
            self._bound_head(self._head_bytes)

    def on_message_begin(self) -> None:
        """The parser is in a message, in the head of one that came behind another perhaps."""
        super().on_message_begin()
        self._head = None
        if self._head_timer is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._head_is_here()
        super().on_headers_complete()
        if self._is_stopping:
            self.cycle.keep_alive = False
        if self.config.tells_of_proxy and any(name == b"x-forwarded-for" for name, _ in self.headers):
            self._tell_of_proxy()

    def on_message_complete(self) -> None:
        """What comes next on this connection is a head."""
        super().on_message_complete()
        self._head = b""

    def _tell_of_proxy(self) -> None:
        """Says once that a balancer is not trusted: all callers behind it count as one, and lock each other out."""
        client_ip = self.client[0] if self.client else ""
        if not is_listed(client_ip, tuple(self.config.forwarded_allow_ips or ())):
            self.config.tells_of_proxy = False
            structlog.get_logger().warning(
                "X-Forwarded-For is ignored: a balancer at this address belongs into trusted_proxies",
                client_ip=client_ip,
            )

    def _watch(self, left: int) -> None:
        self._writing_timer = self.loop.call_later(self.config.head_timeout_s, self._look_at_writing, left)

    def _look_at_writing(self, before: int) -> None:
        """Hangs up on a client that has taken nothing of its answers since there were ``before`` bytes left of them."""
        left = self.transport.get_write_buffer_size()
        if left >= before:
            self.transport.abort()
        else:
            self._watch(left)

    def _let_be(self) -> None:
        if self._writing_timer is not None:
            self._writing_timer.cancel()
            self._writing_timer = None

    def _ends_with_answer(self) -> bool:
        """Whether a whole request has no answer yet, with which the connection is then over."""
        if self.cycle is None or self.cycle.more_body or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(self.config.head_timeout_s, self._cut_off, b"408 Request Timeout")

    def _head_is_here(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _bound_head(self, size: int) -> bool:
        """Whether a head may be so large; if not its connection is over."""
        if size > MAX_HEAD_BYTES:
            reason = f"over {MAX_HEAD_BYTES} bytes before the body, send the picture in it"
            self._cut_off(b"431 Request Header Fields Too Large", self._told(reason))
        return size <= MAX_HEAD_BYTES

    def _told(self, reason: str) -> bytes:
        """The JSON that says why what came is no request."""
        hint = codes.hint(CallError(NO_HTTP, f"http: {reason}"))
        body = {"errcode": NO_HTTP, "errmsg": f"{codes.message(NO_HTTP)} hint: [{hint}]"}
        reply = wire.Reply(errcode=NO_HTTP, rid="", body=body)
        return reply.encode(self.config.errcode_style)

    def _cut_off(self, status: bytes, json: bytes = b"") -> None:
        self._head_is_here()
        if not self.transport.is_closing():
            kind = b"Content-Type: application/json\r\n" if json else b""
            head = b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, kind, len(json))
            self.transport.write(head + json)
            self.transport.close()


class Config(uvicorn.Config):
    """uvicorn's configuration with this protocol, whose heads have ``head_timeout_s``.

    What is no HTTP is told as ``errcode_style`` has it. It travels to workers by pickle.
    """

    def __init__(
        self, app: Any, *, head_timeout_s: float = 30.0, errcode_style: str = "integer", **options: Any
    ) -> None:
        self.head_timeout_s = head_timeout_s
        self.errcode_style = errcode_style
        super().__init__(app, http=Protocol, **options)
        self.tells_of_proxy = isinstance(self.forwarded_allow_ips, list)  # else all are trusted; until it has told once


def _networks(proxies: Iterable[str]) -> list[str]:
    """``proxies`` as uvicorn knows them: with bits behind the prefix, or mapped into IPv6, it takes them for none.

    >>> _networks(["10.1.2.3/8", "::ffff:192.0.2.7"])
    ['10.0.0.0/8', '192.0.2.7/32']
    """
    return [str(network_of(proxy)) for proxy in proxies]


def config(app: Any, settings: Settings, *, factory: bool = False) -> uvicorn.Config:
    """How uvicorn is to run ``app``: several workers on a loop that takes turns."""
    return Config(
        app,
        head_timeout_s=settings.request_timeout_s,
        errcode_style=settings.errcode_style,
        loop=f"bankcard_ocr.server.loop:{'Loop' if settings.workers > 1 else 'Alone'}",
        factory=factory,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        workers=settings.workers,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips="*" if "*" in settings.trusted_proxies else _networks(settings.trusted_proxies),
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.drain_s,
        timeout_worker_healthcheck=60,  # of a worker that starts on a machine under load the imports alone may take 10
        backlog=2048,
    )
