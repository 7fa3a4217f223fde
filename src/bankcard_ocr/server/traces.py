"""OpenTelemetry traces: one span for a call and one for each of its stages, sent to ``otlp_endpoint``.

The spans are made when the call is over, from the same record that the access log is written from, so that what a span
says is masked already, and tracing costs a call nothing while it runs. Stages follow one another, which gives their
beginnings. The spans of a failed call have the status error, with errcode and cause as attributes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..platform.state.base import Record

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

EXPORT_S = 2.0  # for one batch; the library's 10 are for networks, a collector is near
CLOSE_S = 1.0


class Traces:
    """An observer that makes spans with ``provider``."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("bankcard_ocr")

    def observe(self, record: Record, fault: Exception | None = None) -> None:  # noqa: ARG002  (an Observer)
        """Makes the spans of a call."""
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        begun = round(record.invoke_time * 1e9)
        attributes = {
            "http.request.method": record.method,
            "url.path": record.path,
            "bankcard_ocr.rid": record.rid,
            "bankcard_ocr.errcode": record.errcode,
            "bankcard_ocr.stage": record.stage,
            "bankcard_ocr.cause": record.cause,
        }
        call = self._tracer.start_span("call", start_time=begun, attributes=attributes)
        within, at = set_span_in_context(call), begun
        for stage, ms in record.timings_ms.items():
            if "." not in stage:  # parts of a stage overlap it
                span = self._tracer.start_span(stage, context=within, start_time=at)
                at += round(ms * 1e6)
                span.end(at)
        if record.errcode:
            call.set_status(Status(StatusCode.ERROR, str(record.errcode)))
        call.end(begun + round(record.cost_ms * 1e6))

    def close(self) -> None:
        """Sends what is left, within CLOSE_S: a collector that does not answer holds nobody up."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(CLOSE_S)


def traces(endpoint: str) -> Traces:
    """Traces that are sent to ``endpoint`` by OTLP over HTTP, in the background. Raises SettingsError."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        reason = 'needs OpenTelemetry: pip install "bankcard-ocr[otel]"'
        raise SettingsError("otlp_endpoint", "the settings", reason) from error
    named = Resource.create({"service.name": "bankcard-ocr"})
    provider = TracerProvider(resource=named, shutdown_on_exit=False)  # which would wait once more
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S)))
    return Traces(provider)
