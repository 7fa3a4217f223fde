"""Settings to the whole ASGI application: reader, store, fetcher, API and pages put together."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import parent_process
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool
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
from .app import Api, is_cloud_call
from .fetch import Fetcher
from .fetch.connection import Limits
from .gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the files hold that settings name, None of one that is not named: workers of any time have the same."""

    issuers: bytes | None
    fingerprint_key: bytes = field(repr=False)
    authorities: bytes | None

    @classmethod
    def of(cls, settings: Settings) -> Files:
        """What they hold now. Raises SettingsError."""
        return cls(
            issuers=_content(settings.iin_file, "iin_file"),
            fingerprint_key=key(settings.fingerprint_key_file, "fingerprint_key_file", "the settings"),
            authorities=_content(settings.ca_file, "ca_file"),
        )


def build(
    settings: Settings, files: Files | None = None, *, reader: PictureReader | None = None, state: State | None = None
) -> ASGIApp:
    """The whole ASGI application.

    Without ``files`` they are read, without ``reader`` the engine is loaded, without ``state`` the store is opened.
    """
    files = Files.of(settings) if files is None else files
    reader = _engine(settings) if reader is None else reader
    store = states.connect(settings.state_url) if state is None else state
    counts = metrics.Metrics() if settings.metrics_port else None
    spans = traces.traces(settings.otlp_endpoint) if settings.otlp_endpoint else None
    gate = _gate(reader, settings, counts)
    resources = Resources(
        reader=gate,
        state=store,
        fetch=_downloads(settings, files),
        settings=settings,
        table=table(settings, files),
        fingerprint_key=files.fingerprint_key,
    )
    observers = [logs.access, *(each.observe for each in (counts, spans) if each is not None)]
    api = Api(Service(resources, observer=_notifying(observers)), settings, gate.busy)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        with _metrics_port(counts, store, settings):
            if reason := await run_in_threadpool(pages.unready, store):
                structlog.get_logger().error("the store does not answer", reason=reason)
            structlog.get_logger().info("ready", pid=os.getpid(), threads=threads(settings))
            yield
            api.close()
        if spans is not None:
            spans.close()
        store.close()
        structlog.get_logger().info("stopped", pid=os.getpid())
        log_writer.finish()

    return _both(api, Router(pages.routes(settings, store), lifespan=lifespan, redirect_slashes=False))


def _engine(settings: Settings) -> PictureReader:
    import cv2

    from ..reader import Reader

    cv2.setNumThreads(1)  # as many pictures at once as cores: more threads would stand in each other's way
    return Reader(max_bytes=settings.max_picture_bytes)


def _gate(reader: PictureReader, settings: Settings, counts: metrics.Metrics | None) -> Gate:
    """``reader`` for as many pictures at once as there are threads; ``counts`` are told what waits and what is read."""
    gate = partial(Gate, reader, threads(settings), settings.request_timeout_s, settings.max_wait_s)
    if counts is None:
        return gate()
    counts.models(reader)
    return gate(waiting=counts.waiting.track_inprogress, reading=counts.in_flight.track_inprogress)


def _downloads(settings: Settings, files: Files) -> Callable[[str], bytes]:
    """What fetches ``img_url``, in half of the places at most; the log says what it may reach."""
    fetch = fetcher(settings, files)
    for exception in fetch.exceptions:
        structlog.get_logger().warning("img_url may reach beyond the public internet", excepted=exception)
    return _at_most(fetch, max(1, settings.max_concurrent_calls // 2))


def _metrics_port(counts: metrics.Metrics | None, store: State, settings: Settings) -> AbstractContextManager[object]:
    """Open within, where there are ``counts`` of the only process: several workers' supervisor has the port."""
    if counts is None or parent_process() is not None:
        return nullcontext()
    return metrics.serve(metrics.of_one(counts, store, settings), settings)


def _both(api: Api, site: Router) -> ASGIApp:
    """The API, and beside it the pages of ``site``; what is neither gets the API's answer."""

    def is_page(scope: Scope) -> bool:
        if scope["path"] in ENDPOINTS or is_cloud_call(scope):
            return False
        return any(each.matches(scope)[0] is not Match.NONE for each in site.routes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await site(scope, receive, send)
        elif not is_page(scope):
            await api(scope, receive, send)
        elif await api.is_whole(scope, receive, send):
            await site(scope, receive, send)

    return app


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


def _content(file: str, name: str) -> bytes | None:
    """What the ``file`` holds that setting ``name`` names."""
    try:
        return Path(file).read_bytes() if file else None
    except OSError as error:
        raise SettingsError(name, "the settings", f"{file} cannot be read: {error.strerror}") from error


def table(settings: Settings, files: Files) -> Table:
    """The table of issuers, with the operator's entries. Raises SettingsError."""
    if files.issuers is None:
        return default()
    try:
        return Table.load(files.issuers)
    except InvalidTable as error:
        raise SettingsError("iin_file", "the settings", f"{settings.iin_file} cannot be used: {error}") from error


def fetcher(settings: Settings, files: Files) -> Fetcher:
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
        authorities=files.authorities,
        ca_file=settings.ca_file,
        proxy=settings.proxy or None,
    )


def threads(settings: Settings) -> int:
    """How many pictures one process reads at once: as set, else its share of the CPU cores."""
    return settings.threads or max(1, cores() // settings.workers)
