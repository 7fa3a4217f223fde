"""Prometheus metrics, on a port of their own that is closed unless ``metrics_port`` is set.

A process counts what its calls tell it (an observer, like the access log). With several workers each counts into files
of one folder, which prometheus-client shares between processes; the supervisor answers with the sum, and the counts of
a worker that died stay in it. What a label may say is one of a few words: no appid but in the quota, no address, no
URL, no number ever.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIServer

import structlog

from ..errors import SettingsError, StateError
from ..platform import state as states
from ..platform.quota import counter
from ..platform.state import base
from ..platform.state.base import Record, State
from ..settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

PREFIX = "bankcard-ocr-metrics-"  # of folders
FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client reads it on import
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_APPS = 1000  # whose quota is told
COUNTED = ("counter", "histogram", "gauge_livesum", "gauge_livemax")  # what files of prometheus-client are called by
ROOM = 1 << 16  # bytes of such a file, as prometheus-client makes them; all that is counted takes two thirds

Now = Callable[[], tuple[State, Settings]]  # SIGHUP may change both


class Metrics:
    """The counts of one process. Who waits and reads counts in ``waiting`` and ``in_flight``."""

    def __init__(self) -> None:
        _take_room()  # before the import, which sees where to count
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = registry = CollectorRegistry()
        self._requests = Counter("bankcard_ocr_requests", "Calls answered, by errcode.", ["code"], registry=registry)
        self._refusals = Counter(
            "bankcard_ocr_refusals", "Calls answered with an error, by reason.", ["reason"], registry=registry
        )
        self._stages = Histogram(
            "bankcard_ocr_stage_seconds",
            "Time of a call in each stage; 'total' is the whole call.",
            ["stage"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.in_flight = Gauge(
            "bankcard_ocr_in_flight", "Pictures being read.", registry=registry, multiprocess_mode="livesum"
        )
        self.waiting = Gauge(
            "bankcard_ocr_waiting",
            "Pictures waiting for a thread to read them.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._models = Gauge(
            "bankcard_ocr_model_info",
            "1 for each model, with the start of its SHA-256.",
            ["name", "digest"],
            registry=registry,
            multiprocess_mode="livemax",
        )

    def observe(self, record: Record, fault: Exception | None = None) -> None:  # noqa: ARG002  (an Observer)
        """Counts a call."""
        self._requests.labels(str(record.errcode)).inc()
        if record.reason is not None:
            self._refusals.labels(record.reason).inc()
        self._stages.labels("total").observe(record.cost_ms / 1000)
        for stage, ms in record.timings_ms.items():
            self._stages.labels(stage).observe(ms / 1000)

    def models(self, reader: object) -> None:
        """Tells which models ``reader`` has, by its ``digests``."""
        for name, digest in getattr(reader, "digests", {}).items():
            self._models.labels(name, digest).set(1)


class Quotas:
    """A collector that asks the store, when it is scraped, what the apps used of today's quota."""

    def __init__(self, now: Now, clock: Callable[[], float] = time.time) -> None:
        self._now = now
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing before the first scrape: the store is not asked when the server starts."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Used and limit of each app, and whether the store takes charges."""
        from prometheus_client.core import GaugeMetricFamily

        used = GaugeMetricFamily("bankcard_ocr_quota_used", "Recognitions used today.", labels=["appid"])
        limit = GaugeMetricFamily("bankcard_ocr_quota_limit", "Recognitions a day.", labels=["appid"])
        up = GaugeMetricFamily("bankcard_ocr_state_up", "Whether the state store takes charges.")
        try:
            state, settings = self._now()
            state.ping()
            apps = state.apps()[:MOST_APPS]
            counters = [counter("recognize", app.appid) for app in apps]
            counts = state.used_each(counters, base.beijing_day(self._clock()))
            for app, count in zip(apps, counts, strict=True):
                used.add_metric([app.appid], count)
                limit.add_metric([app.appid], app.limit(settings.daily_limit))
            up.add_metric([], 1)
        except StateError:
            up.add_metric([], 0)
        return [used, limit, up]


class MetricsOfAll:
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
        try:
            with shared() as folder, serve(of_all(folder, self._now), self._settings):
                yield
        finally:
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


@contextmanager
def shared() -> Iterator[Path]:
    """A fresh folder in which the processes started meanwhile count together; what dead ones left is removed."""
    try:
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with suppress(OSError), _held(left):
                shutil.rmtree(left)
        made = tempfile.TemporaryDirectory(prefix=PREFIX)
    except OSError as error:
        reason = f"of several workers needs a folder for temporary files, see TMPDIR ({error.strerror})"
        raise SettingsError("metrics_port", "the settings", reason) from error
    with made as folder, _held(Path(folder)):
        os.environ[FOLDER] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[FOLDER]


def _take_room() -> None:
    """Fills the files in which this process will count, where it is one of several.

    They are mapped into memory: with nothing behind them a full disk would end the process at its next call. Where it
    is full already the process counts for itself, which nobody sees.
    """
    if FOLDER not in os.environ:
        return
    files = [Path(os.environ[FOLDER], f"{kind}_{os.getpid()}.db") for kind in COUNTED]
    try:
        for file in files:
            with suppress(FileExistsError), file.open("xb") as made:  # of an earlier process of this number
                made.write(bytes(ROOM))
    except OSError as error:
        for file in files:
            file.unlink(missing_ok=True)
        del os.environ[FOLDER]
        structlog.get_logger().error("calls of this worker are not counted", reason=f"TMPDIR: {error.strerror}")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Locks ``folder`` within, until this process ends at the latest.

    Raises OSError where another process does, or where it is a link or not this user's: all may write beside it.
    """
    import fcntl

    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(opened).st_uid != os.getuid():
            raise PermissionError(folder)
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)


def of_one(counts: Metrics, state: State, settings: Settings) -> CollectorRegistry:
    """What the metrics port answers for the only process: its counts, itself, and the quotas."""
    from prometheus_client import ProcessCollector

    ProcessCollector(registry=counts.registry)
    counts.registry.register(Quotas(lambda: (state, settings)))
    return counts.registry


def of_all(folder: Path, now: Now) -> CollectorRegistry:
    """What the metrics port answers for all processes that count in ``folder``, and the quotas in the store of now."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    made = CollectorRegistry()
    made.register(_DeadWorkers(folder))
    MultiProcessCollector(made, str(folder))  # type: ignore[no-untyped-call]
    made.register(Quotas(now))
    return made


class _DeadWorkers:
    """Forgets the gauges of processes that are gone: the calls they had at work exist no longer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.multiprocess import mark_process_dead

        for file in self._folder.glob("gauge_live*_*.db"):
            pid = int(file.stem.rpartition("_")[2])
            try:
                os.kill(pid, 0)  # harmless: only asks
            except (ProcessLookupError, PermissionError):  # the latter is of somebody else's process by now
                mark_process_dead(pid, str(self._folder))  # type: ignore[no-untyped-call]
        return []


@contextmanager
def serve(made: CollectorRegistry, settings: Settings) -> Iterator[WSGIServer]:
    """Answers ``/metrics`` at the metrics port within, in a thread of its own. Raises SettingsError."""
    from prometheus_client import start_http_server

    try:
        server, _thread = start_http_server(settings.metrics_port, settings.metrics_host, made)
    except OSError as error:
        reason = f"cannot listen at {settings.metrics_host}:{settings.metrics_port} ({error.strerror})"
        raise SettingsError("metrics_port", "the settings", reason) from error
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
