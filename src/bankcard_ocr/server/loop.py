"""An event loop that leaves a new connection to the worker that has least to do.

Workers share one listening socket. asyncio's loop accepts all connections that wait as soon as it wakes, so of four
that come together one worker may get all four and the other stay idle (measured: half of the throughput). This one
accepts one connection at a time, and the more of its connections are at work the longer it waits before the next, so
that a worker with fewer comes first. A worker that has none at work does not wait.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from asyncio import transports
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

Factory = Callable[[], asyncio.BaseProtocol]

WAIT_S = 0.0005  # for each connection that is at work
MOST_AT_END = 2048  # connections taken before a server closes, as many as its backlog holds
MOST_WAITS = 4  # so that many connections at once are still accepted 500 a second
PAUSE_S = 1.0  # after the system has no file descriptor or memory for another connection
_SHORT_OF = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Loop(asyncio.SelectorEventLoop):
    """asyncio's loop, whose servers take turns with those of other processes on the same socket."""

    takes_turns = True

    async def create_server(self, protocol_factory: Factory, *args: Any, **options: Any) -> Any:
        """A server on ``sock``, which may be shared; on anything else it is asyncio's own."""
        sock, backlog = options.pop("sock", None), options.pop("backlog", 100)
        if args or sock is None or options.pop("ssl", None) is not None or options:
            return await super().create_server(protocol_factory, *args, sock=sock, backlog=backlog, **options)
        sock.listen(backlog)
        sock.setblocking(False)
        return Server(self, protocol_factory, sock)


class Alone(Loop):
    """The loop of a process that has a socket to itself: its servers take each connection at once."""

    takes_turns = False


class Server:
    """Accepts connections from its creation on until it is closed; of asyncio's server it has what uvicorn uses."""

    def __init__(self, loop: Loop, protocol_factory: Factory, sock: socket.socket) -> None:
        self._loop = loop
        self._factory = protocol_factory
        self._sock: socket.socket | None = sock
        self._timer: asyncio.TimerHandle | None = None
        self._connecting: set[asyncio.Task[tuple[transports.Transport, asyncio.BaseProtocol]]] = set()
        self._open: set[transports.Transport] = set()  # but for those that were idle and have said nothing since
        self._on_waking = self._woken if loop.takes_turns else self._accept
        loop.add_reader(sock.fileno(), self._on_waking)

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """What it listens at; nothing once it is closed."""
        return () if self._sock is None else (self._sock,)

    def close(self) -> None:
        """Takes what waits, accepts nothing more and closes the socket; connections that are open stay so."""
        if self._sock is not None:
            takes = MOST_AT_END  # the system resets what still waits when the socket is closed
            while takes and self._accept():
                takes -= 1
            if self._timer is not None:
                self._timer.cancel()
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
            self._sock = None

    async def wait_closed(self) -> None:
        """Nothing has to be waited for."""

    def _woken(self) -> None:
        """A connection waits: takes it at once, or leaves it to others for a moment."""
        self._open -= {each for each in self._open if each.is_closing() or _is_idle(each)}
        at_work = len(self._connecting) + len(self._open)
        if at_work:
            self._pause(WAIT_S * min(at_work, MOST_WAITS))
        else:
            self._accept()

    def _pause(self, seconds: float) -> None:
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._timer = self._loop.call_later(seconds, self._resumed)

    def _resumed(self) -> None:
        if self._sock is not None:
            self._loop.add_reader(self._sock.fileno(), self._on_waking)
            self._accept()

    def _accept(self) -> bool:
        """Takes one connection, and says whether it was still there."""
        if self._sock is None:
            return False
        try:
            connection, _ = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno not in _SHORT_OF:
                raise
            structlog.get_logger().error("no more connections can be accepted for now", reason=str(error))
            self._pause(PAUSE_S)
            return False
        connection.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._factory, connection))
        self._connecting.add(task)
        task.add_done_callback(self._connected)
        return True

    def _connected(self, task: asyncio.Task[tuple[transports.Transport, asyncio.BaseProtocol]]) -> None:
        self._connecting.discard(task)
        if task.cancelled() or task.exception() is not None:
            return
        transport, protocol = task.result()
        if self._loop.takes_turns:
            self._open.add(transport)
            if hasattr(protocol, "on_data"):
                protocol.on_data = partial(self._open.add, transport)
        if self._sock is None and hasattr(protocol, "shutdown"):
            protocol.shutdown()  # what stops has told those that were open already


def _is_idle(transport: transports.Transport) -> bool:
    """Whether a connection waits for its next request, where its protocol tells."""
    return bool(getattr(transport.get_protocol(), "is_idle", False))
