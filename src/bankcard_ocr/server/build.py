"""Settings to the whole ASGI application: reader, store, fetcher, API and pages put together."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from multiprocessing import parent_process
from pathlib import Path

import structlog
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ..cores import cores
from ..errors import Busy, InvalidTable, SettingsError
from ..numbers.iin import Table, default
from ..platform import state as states
from ..platform.endpoints import ENDPOINTS
from ..platform.resources import Resources
from ..platform.service import Observer, Service
from ..platform.state.base import Record, State
from ..reading import PictureReader
from ..settings import Settings, key
from . import log_writer, logs, metrics, pages, traces
from .app import Api
from .fetch import Fetcher
from .fetch.connection import Limits
from .gate import Gate


def build(settings: Settings, *, reader: PictureReader | None = None, state: State | None = None) -> ASGIApp:
    """The whole ASGI application. Without ``reader`` the engine is loaded, without ``state`` the store is opened."""
    if reader is None:
        import cv2

        from ..reader import Reader

        cv2.setNumThreads(1)  # as many pictures at once as cores: more threads would stand in each other's way
        reader = Reader(max_bytes=settings.max_picture_bytes)
    store = states.connect(settings.state_url) if state is None else state
    gate: PictureReader = _gate(reader, settings)
    observers: list[Observer] = [logs.access]
    counts = metrics.Metrics() if settings.metrics_port else None
    if counts is not None:
        counts.models(reader)
        gate = counts.waiting(_gate(counts.at_work(reader), settings))
        observers.append(counts.observe)
    spans = traces.traces(settings.otlp_endpoint) if settings.otlp_endpoint else None
    if spans is not None:
        observers.append(spans.observe)
    fetch = fetcher(settings)
    for exception in fetch.exceptions:
        structlog.get_logger().warning("img_url may reach beyond the public internet", excepted=exception)
    resources = Resources(
        reader=gate,
        state=store,
        fetch=_at_most(fetch, max(1, settings.max_concurrent_calls // 2)),
        settings=settings,
        table=table(settings),
        fingerprint_key=key(settings.fingerprint_key_file, "fingerprint_key_file", "the settings"),
    )
    api = Api(Service(resources, observer=_notifying(observers)), settings)

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
        log_writer.finish()

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


def _gate(reader: PictureReader, settings: Settings) -> Gate:
    return Gate(reader, threads(settings), settings.request_timeout_s, settings.max_wait_s)


def _at_most(fetch: Callable[[str], bytes], most: int) -> Callable[[str], bytes]:
    """``fetch`` for ``most`` at once: hosts that take their time leave places to pictures that are sent along."""
    free = threading.BoundedSemaphore(most)

    def bounded(url: str) -> bytes:
        if not free.acquire(blocking=False):
            raise Busy("downloads")
        try:
            return fetch(url)
        finally:
            free.release()

    return bounded


def _notifying(observers: list[Observer]) -> Observer:
    def tell(record: Record, fault: Exception | None) -> None:
        for observe in observers:
            with suppress(Exception):  # one that fails keeps nothing from the others
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
    """What downloads ``img_url`` under these settings. Raises SettingsError."""
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
