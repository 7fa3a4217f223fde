"""The server as a process: built from settings, listening, with workers under a supervisor.

SIGTERM and SIGINT stop it after the calls at work, or after ``drain_s``; SIGHUP lets it read its settings anew. With
several workers uvicorn's supervisor replaces one that died, and on SIGHUP all of them, one by one.
"""

from __future__ import annotations

import ctypes
import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.supervisors import multiprocess

from ..cores import cores
from ..errors import InvalidTable, SettingsError, StateError
from ..numbers.iin import Table, default
from ..platform import state as states
from ..platform.service import ENDPOINTS, Observer, Reads, Service
from ..platform.state.base import Record, State
from ..settings import Loaded, Settings, Value, key, load
from . import logs, metrics, pages, traces
from .app import Api, Gate
from .fetch import Fetcher, Limits
from .protocol import Config

LOOK_AT_MEMORY_S = 1.0
LOOK_FOR_HANGUP_S = 0.2
M_ARENA_MAX = -8  # of malloc.h
SWITCH_S = 0.0005
RETRY_S = 1.0
GIVE_BACK_MB = 8  # over the least that was held: worth a few milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a process reads its settings, at its start and on SIGHUP."""

    file: Path | None
    arguments: Mapping[str, Value | None]

    def load(self) -> Loaded:
        """The settings as file and environment are now. Raises SettingsError."""
        return load(environment=os.environ, platform=sys.platform, file=self.file, arguments=dict(self.arguments))


def serve(source: Source, announce: Callable[[str], None]) -> None:
    """Serves until told to stop. ``announce`` is given the lines an operator should see at the start."""
    loaded = source.load()
    settings = loaded.settings
    if settings.workers > 1 and ":memory:" in settings.state_url:
        raise SettingsError("state_url", loaded.origins["state_url"], "several workers need a file")
    _check(loaded)  # before any worker: says what is wrong, and makes the state file once
    if settings.metrics_port:
        _bound(settings.metrics_host, settings.metrics_port, "metrics_port").close()
    listener = listen(settings)
    hand_over()
    hangups = _Hangups()
    logs.configure(settings)
    say = structlog.get_logger().info if settings.log_format == "json" else announce  # who ships logs reads JSON alone
    for line in [*loaded.lines(), f"listening at {url(listener)}"]:
        say(line)
    if settings.workers == 1:
        _serve_alone(source, settings, listener, hangups)
    else:
        logging.getLogger("uvicorn.error").setLevel(logging.INFO)  # the supervisor says which worker it replaced
        counts = _MetricsOfAll(settings)
        with counts.open():
            _Supervisor(source, settings, listener, counts).run()


class _Hangups:
    """Whether SIGHUP came since that was asked last. From here on it does not end this process."""

    def __init__(self) -> None:
        self._came = False
        signal.signal(signal.SIGHUP, self._note)

    def _note(self, _signal: int, _frame: object) -> None:
        self._came = True

    def take(self) -> bool:
        came, self._came = self._came, False
        return came


def _serve_alone(source: Source, settings: Settings, listener: socket.socket, hangups: _Hangups) -> None:
    """Serves in this process; after SIGHUP under the settings of then, and connections wait while one ends."""
    threading.Thread(target=look_after_memory, daemon=True).start()
    app: ASGIApp | None = build(settings)
    while app is not None:
        server = _Server(config(app, settings), listener)
        successor = _Successor(source, server, hangups)
        successor.start()
        server.run(sockets=[listener.dup()])  # it closes what it is given
        app, settings = successor.taking_over(settings)


class _Server(uvicorn.Server):
    """uvicorn's server, which closes ``listener`` when it ends for good: connections are refused then, not held."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.is_replaced = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections and waits for the calls at work."""
        if not self.is_replaced:
            self._listener.close()
        await super().shutdown(sockets)


class _Successor(threading.Thread):
    """What takes over from ``server`` once SIGHUP comes, built while the server serves; none when that ends by itself.

    Where it cannot be built the server goes on: a table or key that is broken by then stays as it is in memory.
    """

    def __init__(self, source: Source, server: _Server, hangups: _Hangups) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._server = server
        self._hangups = hangups
        self._is_over = threading.Event()
        self._built: tuple[ASGIApp, Settings] | None = None

    def run(self) -> None:
        while self._built is None and not self._is_over.wait(LOOK_FOR_HANGUP_S):
            if self._hangups.take():
                self._build()
        if self._built is not None and not self._server.should_exit:
            self._server.is_replaced = True
        self._server.should_exit = True

    def _build(self) -> None:
        settings = _reloaded(self._source)
        if settings is None:
            return
        try:
            self._built = build(settings), settings
        except (SettingsError, StateError) as error:  # what was right when it was looked at
            _say_wrong(error)

    def taking_over(self, settings: Settings) -> tuple[ASGIApp | None, Settings]:
        """The application that was built and its settings; none, and ``settings``, when nothing was."""
        self._is_over.set()
        self.join()
        return self._built if self._built is not None and self._server.is_replaced else (None, settings)


def _reloaded(source: Source) -> Settings | None:
    """The settings as they are now; None when they are wrong, which the log says."""
    try:
        loaded = source.load()
        _check(loaded)
    except SettingsError as error:
        _say_wrong(error)
        return None
    logs.configure(loaded.settings)
    return loaded.settings


def _say_wrong(error: Exception) -> None:
    structlog.get_logger().error("settings are wrong and stay as they were", reason=str(error))


def _check(loaded: Loaded) -> None:
    """Raises SettingsError, which says where the setting comes from, when what the settings name cannot be used."""
    settings = loaded.settings
    try:
        table(settings)
        key(settings.fingerprint_key_file, "fingerprint_key_file", "the settings")
        _fetcher(settings)
        if settings.otlp_endpoint:
            traces.traces(settings.otlp_endpoint).close()
        states.connect(settings.state_url).close()
    except StateError as error:
        raise SettingsError("state_url", loaded.origins["state_url"], str(error)) from error
    except SettingsError as error:
        raise SettingsError(error.name, loaded.origins.get(error.name, error.source), error.reason) from error


class _MetricsOfAll:
    """The metrics port of several workers, open where that is set: their sum, and the quotas of the store of now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store: State | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        if not self._settings.metrics_port:
            yield
            return
        self._store = states.connect(self._settings.state_url)
        with metrics.shared() as folder:
            server = metrics.serve(metrics.of_all(folder, self._now), self._settings)
            try:
                yield
            finally:
                server.shutdown()
                server.server_close()
                self._store.close()

    def use(self, settings: Settings) -> None:
        """Tells of the quotas under ``settings`` from now on; the port stays where it is."""
        if self._store is not None and settings.state_url != self._settings.state_url:
            try:
                after = states.connect(settings.state_url)
            except StateError as error:
                structlog.get_logger().error("quotas are told of the store before", reason=str(error))
                return
            before, self._store = self._store, after
            before.close()
        self._settings = settings

    def _now(self) -> tuple[State, Settings]:
        if self._store is None:
            raise StateError("the metrics port is closed")
        return self._store, self._settings


class _Worker(multiprocess.Process):
    """A process of uvicorn's supervisor whose death is seen at once, not when it fails to answer in time."""

    def _healthcheck(self, timeout: float) -> bool | None:
        with suppress(OSError, EOFError):
            self.parent_conn.send(b"ping")
            if self.parent_conn in wait([self.parent_conn, self.process.sentinel], timeout):
                return bool(self.parent_conn.recv())
        return None


multiprocess.Process = _Worker  # type: ignore[misc]  # the supervisor makes its processes of this name


class _Supervisor(multiprocess.Multiprocess):
    """uvicorn's supervisor, which reads the settings anew on SIGHUP; all workers have them from it."""

    def __init__(self, source: Source, settings: Settings, listener: socket.socket, counts: _MetricsOfAll) -> None:
        self._source = source
        self._settings = settings
        self._counts = counts
        super().__init__(config(_Build(settings), settings, factory=True), sockets=[listener])

    def terminate_all(self) -> None:
        """Tells all workers to stop; connections are refused from now on, not held."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def handle_hup(self) -> None:
        """Replaces all workers, one by one, under the settings there are now; wrong ones change nothing."""
        before, old, workers = self._settings, self.config, list(self.processes)
        settings = _reloaded(self._source)
        if settings is None:
            return
        self._settings = settings
        self.config = config(_Build(self._settings), self._settings, factory=True)
        super().handle_hup()
        if any(worker in workers for worker in self.processes):  # one of the new ones did not come up
            self._settings, self.config = before, old
            structlog.get_logger().error("settings stay as they were, no worker could start under the new ones")
        self._counts.use(self._settings)


@dataclass(frozen=True, slots=True)
class _Build:
    """What a worker calls to make its application; it travels to the worker's process."""

    settings: Settings

    def __call__(self) -> Any:
        logs.configure(self.settings)
        hand_over()
        threading.Thread(target=_stop_with_parent, daemon=True).start()
        threading.Thread(target=look_after_memory, args=(self.settings.worker_memory_mb,), daemon=True).start()
        try:
            return build(self.settings)
        except (SettingsError, StateError) as error:  # what was right when the supervisor looked
            structlog.get_logger().error("worker cannot start", pid=os.getpid(), reason=str(error))
            time.sleep(RETRY_S)  # the supervisor starts the next one at once
            sys.exit(1)


def _stop_with_parent() -> None:
    """Stops this worker in order when its supervisor is gone, else it would keep the port."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def look_after_memory(most_mb: float = math.inf) -> None:
    """Gives free memory back to the system, for ever; stops this process in order when it still holds more than it may.

    Of several workers the supervisor starts another then.
    """
    share_arenas()
    least_mb = math.inf
    while resident_mb() <= most_mb:
        time.sleep(LOOK_AT_MEMORY_S)
        if resident_mb() > least_mb + GIVE_BACK_MB:
            give_back()
        least_mb = min(least_mb, resident_mb())
    structlog.get_logger().warning("worker holds too much memory", pid=os.getpid(), mb=resident_mb(), most_mb=most_mb)
    os.kill(os.getpid(), signal.SIGTERM)


def hand_over() -> None:
    """Lets a thread that reads a picture give way to the one that answers calls after half a millisecond, not 5."""
    sys.setswitchinterval(SWITCH_S)


def share_arenas() -> None:
    """Lets threads share two heaps: glibc gives each its own, which keeps what its largest picture left in pieces."""
    with suppress(AttributeError, OSError):  # other C libraries have no such function, and no need
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def give_back() -> None:
    """Lets the C library return what is free: glibc keeps the memory of a large picture for the next one."""
    with suppress(AttributeError, OSError):  # other C libraries have no such function, and no need
        ctypes.CDLL(None).malloc_trim(0)


def resident_mb() -> int:
    """The memory this process holds now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_048_576


def build(settings: Settings, *, reader: Reads | None = None, state: State | None = None) -> ASGIApp:
    """The whole ASGI application. Without ``reader`` the engine is loaded, without ``state`` the store is opened."""
    if reader is None:
        import cv2

        from ..reader import Reader

        cv2.setNumThreads(1)  # as many pictures at once as cores: more threads would stand in each other's way
        reader = Reader()
    store = states.connect(settings.state_url) if state is None else state
    gate: Reads = _gate(reader, settings)
    observers: list[Observer] = [logs.access]
    counts = metrics.Metrics() if settings.metrics_port else None
    if counts is not None:
        counts.models(reader)
        gate = counts.waiting(_gate(counts.at_work(reader), settings))
        observers.append(counts.observe)
    spans = traces.traces(settings.otlp_endpoint) if settings.otlp_endpoint else None
    if spans is not None:
        observers.append(spans.observe)
    service = Service(
        reader=gate,
        state=store,
        fetch=fetcher(settings),
        settings=settings,
        table=table(settings),
        fingerprint_key=key(settings.fingerprint_key_file, "fingerprint_key_file", "the settings"),
        observer=_told(observers),
    )
    api = Api(service, settings)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        port = None
        if counts is not None and parent_process() is None:  # a worker's supervisor has the port
            port = metrics.serve(metrics.of_one(counts, store, settings), settings)
        structlog.get_logger().info("ready", pid=os.getpid(), threads=threads(settings))
        yield
        api.close()
        if port is not None:
            port.shutdown()
            port.server_close()
        if spans is not None:
            spans.close()
        store.close()
        structlog.get_logger().info("stopped", pid=os.getpid())

    site = Router(pages.routes(settings, store), lifespan=lifespan, redirect_slashes=False)

    return _both(api, site)


def _both(api: Api, site: Router) -> ASGIApp:
    """The API, and beside it the pages of ``site``; what is neither gets the API's answer."""

    def is_page(scope: Scope) -> bool:
        return scope["path"] not in ENDPOINTS and any(each.matches(scope)[0] is not Match.NONE for each in site.routes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await site(scope, receive, send)
        elif not is_page(scope):
            await api(scope, receive, send)
        elif await api.is_whole(scope, receive, send):
            await site(scope, receive, send)

    return app


def _gate(reader: Reads, settings: Settings) -> Gate:
    return Gate(reader, threads(settings), settings.request_timeout_s, settings.max_wait_s)


def _told(observers: list[Observer]) -> Observer:
    def tell(record: Record, fault: Exception | None) -> None:
        for observe in observers:
            observe(record, fault)

    return tell


def table(settings: Settings) -> Table:
    """The table of issuers, with the operator's entries. Raises SettingsError."""
    if not settings.iin_file:
        return default()
    try:
        return Table.load(Path(settings.iin_file))
    except OSError as error:
        reason = f"{settings.iin_file} cannot be read: {error.strerror}"
        raise SettingsError("iin_file", "the settings", reason) from error
    except InvalidTable as error:
        raise SettingsError("iin_file", "the settings", f"{settings.iin_file} cannot be used: {error}") from error


def fetcher(settings: Settings) -> Fetcher:
    """What downloads ``img_url`` under these settings; exceptions to the address rule are named in the log."""
    fetch = _fetcher(settings)
    for exception in fetch.exceptions:
        structlog.get_logger().warning("img_url may reach beyond the public internet", exception=exception)
    return fetch


def _fetcher(settings: Settings) -> Fetcher:
    return Fetcher(
        Limits(
            max_bytes=settings.max_picture_bytes,
            connect_timeout_s=settings.fetch_connect_timeout_s,
            total_timeout_s=settings.fetch_timeout_s,
            max_redirects=settings.fetch_max_redirects,
        ),
        allow_hosts=settings.allow_hosts,
        allow_private_networks=settings.allow_private_networks,
        ca_file=settings.ca_file or None,
        proxy=settings.proxy or None,
    )


def threads(settings: Settings) -> int:
    """How many pictures one process reads at once: as set, else its share of the CPU cores."""
    return settings.threads or max(1, cores() // settings.workers)


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises SettingsError when the address is taken or not this machine's."""
    listener = _bound(settings.host, settings.port, "port")
    # asyncio does so only for sockets whose proto is IPPROTO_TCP, here it is 0: replies would wait 40 ms for an ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _bound(host: str, port: int, name: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        advice = "; choose another with --port" if name == "port" else ""
        reason = f"cannot listen at {host}:{port} ({error.strerror}){advice}"
        raise SettingsError(name, "the settings", reason) from error


def url(listener: socket.socket) -> str:
    """The address to type into a browser or client."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def config(app: Any, settings: Settings, *, factory: bool = False) -> uvicorn.Config:
    """How uvicorn is to run ``app``."""
    return Config(
        app,
        head_timeout_s=settings.request_timeout_s,
        factory=factory,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        workers=settings.workers,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.drain_s,
        timeout_worker_healthcheck=60,  # of a worker that starts on a machine under load the imports alone may take 10
        backlog=2048,
    )
