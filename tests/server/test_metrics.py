"""What operations are told of a server: metrics of one process and of several, and traces."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from unittest.mock import Mock

import pytest
from kept import record
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from bankcard_ocr.errors import Busy, SettingsError, StateError
from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.codes import Reason
from bankcard_ocr.platform.state.base import App, Record, beijing_day
from bankcard_ocr.reading import Options, Reading
from bankcard_ocr.server import build, metrics, traces
from bankcard_ocr.server.metrics import Metrics, Quotas
from bankcard_ocr.settings import Settings

NOW = 1732377000.0


def called(errcode: int = 0, *, reason: Reason | None = None, **timings_ms: float) -> Record:
    url = "/cv/ocr/bankcard?access_token=***"
    return record(cost_ms=20.0, request_url=url, errcode=errcode, reason=reason, timings_ms=timings_ms)


@pytest.fixture
def counts():
    return Metrics()


@pytest.fixture
def store(tmp_path):
    opened = states.connect(f"sqlite:///{tmp_path}/state.sqlite3", lambda: NOW)
    opened.add_app(App(appid="wx1", name="Shop", secret_hash="-", created=0.0))
    yield opened
    opened.close()


def text(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


def test_calls_are_counted_by_code_and_reason(counts):
    """Each call counts under its errcode, each refusal under its reason."""
    for each in (called(), called(), called(101003, reason="quota"), called(101001, reason="no card")):
        counts.observe(each)
    found = counts.registry.get_sample_value

    assert [2.0, 1.0, 1.0, 1.0, None] == [
        found("bankcard_ocr_requests_total", {"code": "0"}),
        found("bankcard_ocr_requests_total", {"code": "101003"}),
        found("bankcard_ocr_refusals_total", {"reason": "quota"}),
        found("bankcard_ocr_refusals_total", {"reason": "no card"}),
        found("bankcard_ocr_refusals_total", {"reason": "call"}),
    ]


def test_stages_are_timed_in_seconds(counts):
    """Each stage has a histogram, and the call as a whole."""
    counts.observe(called(token=0.1, read=15.0))
    found = counts.registry.get_sample_value

    assert [0.015, 1.0, 0.0, 0.02] == [
        found("bankcard_ocr_stage_seconds_sum", {"stage": "read"}),
        found("bankcard_ocr_stage_seconds_bucket", {"stage": "read", "le": "0.025"}),
        found("bankcard_ocr_stage_seconds_bucket", {"stage": "read", "le": "0.01"}),
        found("bankcard_ocr_stage_seconds_sum", {"stage": "total"}),
    ]


def test_a_picture_waits_and_then_is_in_flight(counts, monkeypatch):
    """While it waits it counts as waiting, while it is read as in flight, and then as neither, even when it failed."""
    seen: list[tuple[float | None, float | None]] = []
    track_waiting = counts.waiting.track_inprogress

    def look() -> None:
        found = counts.registry.get_sample_value
        seen.append((found("bankcard_ocr_waiting"), found("bankcard_ocr_in_flight")))

    @contextmanager
    def waiting():
        with track_waiting():
            look()
            yield

    class Looking:
        def read(self, data: bytes, options: Options = Options()) -> Reading:
            look()
            return gate.read(data, options)  # which waits for itself, in vain

    monkeypatch.setattr(counts.waiting, "track_inprogress", waiting)
    gate = build._gate(Looking(), Settings(threads=1, request_timeout_s=0.01), counts)
    with pytest.raises(Busy):
        gate.read(b"")
    look()

    assert [(0.0, 1.0), (1.0, 1.0), (0.0, 0.0)] == seen


def test_models_are_told_by_their_hash(counts):
    """What a reader has is named with the start of its SHA-256."""
    counts.models(Mock(digests={"locate": "0123456789ab"}))

    assert 1.0 == counts.registry.get_sample_value(
        "bankcard_ocr_model_info", {"name": "locate", "digest": "0123456789ab"}
    )


def test_quotas_are_asked_when_scraped(store):
    """What an app used today stands beside its limit."""
    registry = CollectorRegistry()
    registry.register(Quotas(lambda: (store, Settings()), lambda: NOW))
    store.consume("recognize:wx1", beijing_day(NOW), 500)

    assert [1.0, 500.0, 1.0] == [
        registry.get_sample_value("bankcard_ocr_quota_used", {"appid": "wx1"}),
        registry.get_sample_value("bankcard_ocr_quota_limit", {"appid": "wx1"}),
        registry.get_sample_value("bankcard_ocr_state_up"),
    ]


def test_a_scrape_asks_for_all_counts_at_once(store):
    """A store that is slow to answer makes no scrape so slow that it is given up."""
    asked = Mock(wraps=store)
    list(Quotas(lambda: (asked, Settings()), lambda: NOW).collect())

    asked.used_each.assert_called_once_with(["recognize:wx1"], beijing_day(NOW))
    asked.used.assert_not_called()


@pytest.mark.parametrize("verb", ["ping", "apps"])
def test_a_store_that_is_away_is_a_metric(store, monkeypatch, verb):
    """A scrape is answered when the store is not, or takes no charges."""

    def away() -> None:
        raise StateError("away")

    monkeypatch.setattr(store, verb, away)
    registry = CollectorRegistry()
    registry.register(Quotas(lambda: (store, Settings()), lambda: NOW))

    assert 0.0 == registry.get_sample_value("bankcard_ocr_state_up")


def test_the_metrics_port_answers(counts, store):
    """The port serves the text format."""
    settings = Settings(metrics_port=0)
    counts.observe(called())
    with (
        metrics.serve(metrics.of_one(counts, store, settings), settings) as server,
        urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as reply,
    ):
        found = reply.read().decode()

    assert 'bankcard_ocr_requests_total{code="0"} 1.0' in found


def test_a_metrics_port_that_is_taken_is_a_wrong_setting(counts):
    """Two servers cannot have one port, and the setting is named."""
    with (
        metrics.serve(counts.registry, Settings(metrics_port=0)) as server,
        pytest.raises(SettingsError, match="metrics_port"),
        metrics.serve(counts.registry, Settings(metrics_port=server.server_port)),
    ):
        pass


WORKER = """
import os
from bankcard_ocr.server.metrics import Metrics
from bankcard_ocr.platform.state.base import Record
counts = Metrics()
counts.observe(Record(rid="", appid="", invoke_time=0.0, cost_ms=1.0, method="", request_url="", request_body="",
    response_body="", client_ip="", errcode=0, stage="", cause=""))
with counts.waiting.track_inprogress():
    os._exit(0)
"""


def test_processes_count_together_and_the_dead_hold_nothing(store):
    """The counts of processes that died stay in the sum, what they had waiting does not."""
    with metrics.shared() as folder:
        for _ in range(2):
            subprocess.run([sys.executable, "-c", WORKER], check=True, env={**os.environ})
        found = text(metrics.of_all(folder, lambda: (store, Settings())))

    assert (True, False, False) == (
        'bankcard_ocr_requests_total{code="0"} 2.0' in found,
        "bankcard_ocr_waiting" in found,
        folder.exists(),
    )


def test_a_process_has_its_room_before_it_counts(store):
    """A disk that is full by then would end it: what is mapped into memory without a block behind it is no memory."""
    with metrics.shared() as folder:
        subprocess.run([sys.executable, "-c", WORKER], check=True, env={**os.environ})
        blocks = [file.stat().st_blocks * 512 >= metrics.ROOM for file in folder.iterdir()]

    assert [True] * len(metrics.COUNTED) == blocks


def test_a_process_that_finds_no_room_is_not_counted(tmp_path, monkeypatch):
    """It serves all the same, says so, and leaves no half file to whoever sums up."""
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    monkeypatch.setattr(metrics, "COUNTED", ("counter", "no/such/folder"))
    with capture_logs() as logs:
        Metrics()

    assert ([], False) == (list(tmp_path.iterdir()), metrics.FOLDER in os.environ)
    assert [("calls of this worker are not counted", "TMPDIR: No such file or directory")] == [
        (line["event"], line["reason"]) for line in logs
    ]


def test_what_a_killed_supervisor_left_is_removed_at_the_next_start(tmp_path, monkeypatch):
    """What a living one has stays, and what a link in a folder of all users leads to."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, alive, far = (tmp_path / name for name in ("bankcard-ocr-metrics-a", "bankcard-ocr-metrics-b", "far"))
    for folder in (left, alive, far):
        folder.mkdir()
        (folder / "counter_1.db").touch()
    (tmp_path / "bankcard-ocr-metrics-c").symlink_to(far)
    with metrics._held(alive), metrics.shared():
        pass

    assert ["bankcard-ocr-metrics-b", "bankcard-ocr-metrics-c", "far"] == sorted(
        each.name for each in tmp_path.iterdir()
    )
    assert [True, True] == [(folder / "counter_1.db").exists() for folder in (alive, far)]


def test_another_users_folder_is_not_removed(tmp_path, monkeypatch):
    """Root is asked to look, too, at what all users lay down."""
    monkeypatch.setattr(metrics.os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(PermissionError), metrics._held(tmp_path):
        pass


def test_several_workers_need_a_folder_to_count_in(monkeypatch):
    """Without one the setting says so, and what to do."""
    monkeypatch.setattr(
        metrics.tempfile, "TemporaryDirectory", Mock(side_effect=FileNotFoundError(2, "No such folder"))
    )
    with pytest.raises(SettingsError, match="TMPDIR"), metrics.shared():
        pass


class TestTraces:
    def test_a_collector_that_does_not_answer_holds_nobody_up(self):
        """What is left for it is let go after a second."""
        pytest.importorskip("opentelemetry.sdk")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            made = traces.traces(f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces")
            made.observe(called(token=1.0))
            begun = time.monotonic()
            made.close()

        assert time.monotonic() - begun < 2 * traces.CLOSE_S

    @pytest.fixture
    def spans(self):
        pytest.importorskip("opentelemetry.sdk")
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        exporter, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        made = traces.Traces(provider)
        yield made, exporter
        made.close()

    def test_a_call_has_one_span_a_stage(self, spans):
        """Stages follow one another within the call; parts of a stage are left out."""
        made, exporter = spans
        made.observe(called(token=1.0, read=15.0, **{"read.decode": 2.0}))
        found = [(span.name, span.start_time - round(NOW * 1e9)) for span in exporter.get_finished_spans()]

        assert [("token", 0), ("read", 1_000_000), ("call", 0)] == found

    def test_a_span_has_no_query(self, spans):
        """Where a token may stand nothing is traced."""
        made, exporter = spans
        made.observe(called(101003, reason="quota"))
        (span,) = exporter.get_finished_spans()

        assert ("/cv/ocr/bankcard", 101003, "ERROR") == (
            span.attributes["url.path"],
            span.attributes["bankcard_ocr.errcode"],
            span.status.status_code.name,
        )


def test_without_opentelemetry_the_setting_says_what_to_install(monkeypatch):
    """The extra is named when it is missing."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match="otlp_endpoint"):
        traces.traces("http://127.0.0.1:4318/v1/traces")
