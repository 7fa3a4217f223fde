"""Workers that share a listening socket share its connections."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from bankcard_ocr.server import loop as loops
from bankcard_ocr.server import protocol
from bankcard_ocr.settings import Settings


class Echo(asyncio.Protocol):
    """Sends back what comes, and a point when its server stops."""

    def __init__(self, seen: list[asyncio.BaseTransport]) -> None:
        self.seen = seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.seen.append(transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]

    def shutdown(self) -> None:
        self.transport.write(b".")  # type: ignore[attr-defined]


class Worker:
    """A loop in a thread that serves ``listener``; ``seen`` are its connections."""

    def __init__(self, listener: socket.socket) -> None:
        self.seen: list[asyncio.BaseTransport] = []
        self.loop = loops.Loop()
        self.server: Future[loops.Server] = Future()
        self._thread = threading.Thread(target=self._run, args=(listener,))
        self._thread.start()
        self.server.result(5)

    def _run(self, listener: socket.socket) -> None:
        async def serve() -> loops.Server:
            return await self.loop.create_server(lambda: Echo(self.seen), sock=listener, backlog=64)

        self.server.set_result(self.loop.run_until_complete(serve()))
        self.loop.run_forever()
        for transport in self.seen:
            transport.close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.server.result().close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def connected(stack: ExitStack, listener: socket.socket, count: int) -> list[socket.socket]:
    """As many connections, opened together; each has had an answer."""
    streams = [stack.enter_context(socket.create_connection(listener.getsockname(), 5)) for _ in range(count)]
    for stream in streams:
        stream.sendall(b"x")
    assert [stream.recv(1) for stream in streams] == [b"x"] * count
    return streams


def test_workers_share_what_comes_together(listener, monkeypatch):
    """Of eight connections neither of two workers gets all, and each has its answers."""
    monkeypatch.setattr(loops, "WAIT_S", 0.02)  # so long a thread of this process may wait for its turn
    workers = [Worker(listener.dup()) for _ in range(2)]
    try:
        with ExitStack() as stack:
            connected(stack, listener, 8)

            assert sum(len(worker.seen) for worker in workers) == 8
            assert all(worker.seen for worker in workers)
    finally:
        for worker in workers:
            worker.close()


class Transport:
    """An open connection, or one that is over or kept for a further request."""

    def __init__(self, *, over: bool = False, idle: bool = False) -> None:
        self.over = over
        self.is_idle = idle
        self.on_data = None

    def is_closing(self) -> bool:
        return self.over

    def get_protocol(self) -> Transport:
        return self


class Clock(loops.Loop):
    """A loop that is never run: it notes how long a server leaves a connection to others."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def call_later(self, delay, callback, *args, context=None):  # type: ignore[no-untyped-def]
        self.waits.append(delay)
        return super().call_later(delay, callback, *args, context=context)


@pytest.mark.parametrize(
    ("live", "over", "idle", "waits"),
    [(0, 0, 0, []), (0, 3, 0, []), (0, 0, 2, []), (1, 0, 0, [1]), (2, 2, 3, [2]), (4, 0, 0, [4]), (500, 0, 0, [4])],
)
def test_the_more_connections_of_a_worker_are_at_work_the_longer_it_leaves_the_next(listener, live, over, idle, waits):
    """One without any takes it at once; connections that are over do not count, nor those that are only kept."""
    loop = Clock()
    try:
        server = loops.Server(loop, asyncio.Protocol, listener)
        transports = [Transport() for _ in range(live)] + [Transport(over=True) for _ in range(over)]
        server._open = {*transports, *(Transport(idle=True) for _ in range(idle))}  # type: ignore[arg-type]
        server._woken()

        assert loop.waits == [loops.WAIT_S * count for count in waits]
        server.close()
    finally:
        loop.close()


def test_an_idle_connection_is_not_looked_at_until_it_says_more(listener):
    """Of thousands that are kept none costs each new connection its time; once it is at work it counts again."""
    loop = Clock()
    try:
        server = loops.Server(loop, asyncio.Protocol, listener)
        kept = Transport(idle=True)
        done = asyncio.Future(loop=loop)
        done.set_result((kept, kept))
        server._connected(done)  # type: ignore[arg-type]
        server._woken()
        kept.is_idle = False
        server._woken()
        before = list(loop.waits)
        kept.on_data()
        server._woken()

        assert ([], [loops.WAIT_S]) == (before, loop.waits)
        server.close()
    finally:
        loop.close()


def test_a_process_that_is_alone_leaves_no_connection_to_others(listener):
    """It takes each at once, however much it has to do."""
    loop = Clock()
    loop.takes_turns = False
    try:
        server = loops.Server(loop, asyncio.Protocol, listener)
        server._open = {Transport()}  # type: ignore[arg-type]
        server._on_waking()

        assert (loop.waits, protocol.config(None, Settings()).loop) == ([], "bankcard_ocr.server.loop:Alone")
        server.close()
    finally:
        loop.close()


def test_one_worker_accepts_all(listener):
    """Many at once wait a moment each, none for ever."""
    worker = Worker(listener.dup())
    try:
        with ExitStack() as stack:
            started = time.monotonic()
            connected(stack, listener, 50)

            assert (len(worker.seen), time.monotonic() - started < 5) == (50, True)
    finally:
        worker.close()


def test_what_waits_when_a_server_closes_is_still_taken(listener, monkeypatch):
    """The system would reset it, though the client's call is sent; its protocol is told that the server stops."""
    monkeypatch.setattr(loops, "WAIT_S", 60.0)
    worker = Worker(listener.dup())
    try:
        with ExitStack() as stack:
            connected(stack, listener, 1)
            late = stack.enter_context(socket.create_connection(listener.getsockname(), 5))
            late.sendall(b"y")
            worker.loop.call_soon_threadsafe(worker.server.result().close)

            assert {b"y", b"."} == {late.recv(1), late.recv(1)}
    finally:
        worker.close()


def test_a_closed_server_accepts_nothing(listener):
    """Its connections go on."""
    worker = Worker(listener.dup())
    try:
        with ExitStack() as stack:
            (stream,) = connected(stack, listener, 1)
            server, is_closed = worker.server.result(), threading.Event()
            worker.loop.call_soon_threadsafe(server.close)
            worker.loop.call_soon_threadsafe(is_closed.set)
            is_closed.wait(5)
            late = stack.enter_context(socket.create_connection(listener.getsockname(), 5))
            late.sendall(b"y")
            late.settimeout(0.2)
            stream.sendall(b"z")

            assert stream.recv(1) == b"z"
            with pytest.raises(TimeoutError):
                late.recv(1)
            assert server.sockets == ()
    finally:
        worker.close()


class Scarce:
    """A listening socket whose next accept fails with ``code``."""

    def __init__(self, sock: socket.socket, code: int) -> None:
        self._sock, self._code = sock, code

    def __getattr__(self, name: str):
        return getattr(self._sock, name)

    def accept(self):
        if self._code:
            code, self._code = self._code, 0
            raise OSError(code, "no")
        return self._sock.accept()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOMEM, errno.EAGAIN, errno.ECONNABORTED])
def test_what_fails_once_is_accepted_later(listener, code, monkeypatch):
    """Too many open files, or a client that went away, end no server."""
    monkeypatch.setattr(loops, "PAUSE_S", 0.05)
    worker = Worker(Scarce(listener.dup(), code))  # type: ignore[arg-type]
    try:
        with ExitStack() as stack:
            connected(stack, listener, 1)

            assert len(worker.seen) == 1
    finally:
        worker.close()


def test_a_host_and_port_are_served_as_ever():
    """Without a socket of ours it is asyncio's server."""

    async def serve() -> type:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        server.close()
        return type(server)

    with asyncio.Runner(loop_factory=loops.Loop) as runner:
        assert runner.run(serve()) is asyncio.Server
