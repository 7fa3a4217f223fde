"""Log lines: structured, on standard error, and never with a card number, whoever wrote them.

The access log has one line for each call: request id, path, errcode, stage and cause, milliseconds, appid and address.
It never has a query string, since tokens travel there. As a second net every text of every line, uvicorn's too, goes
through :func:`~bankcard_ocr.numbers.masking.masked`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from ..errors import BankcardError
from ..numbers.masking import masked
from ..platform.state.base import Record
from ..settings import Settings
from . import log_writer

Event = MutableMapping[str, Any]


def mask_numbers(_logger: object, _method: str, event: Event) -> Event:
    """A structlog processor: ``event`` with every card number in its texts masked."""
    return {_masked(key): _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    """``value`` with every card number in it masked, at any depth; what holds none stays what it is."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {_masked(key): _masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(each) for each in value]
    if value is None or isinstance(value, bool | float):
        return value
    text = str(value)
    shown = masked(text)
    return value if shown == text else shown


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Sets how this process logs: structlog and the standard library's loggers alike.

    To ``stream``, or to standard error, for which nobody waits.
    """
    to: Any = log_writer.standard_error() if stream is None else stream
    warnings.filterwarnings("ignore", module=r"PIL\.")  # about damage that is an error here, or does not matter
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_numbers,
    ]
    renderer = _renderer(settings, is_read_along=to.isatty())
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(to),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(to)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared[:2],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_numbers,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))  # httpx writes each URL, tokens included, at the level info
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # its warnings quote the sender's bytes


def _renderer(settings: Settings, *, is_read_along: bool) -> Any:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=is_read_along, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def access(record: Record, fault: Exception | None) -> None:
    """Writes the access log's line of one call; a fault nobody foresaw is an error with its traceback."""
    log = structlog.get_logger()
    facts = {
        "rid": record.rid,
        "method": record.method,
        "path": record.path,
        "errcode": record.errcode,
        "stage": record.stage,
        "cause": record.cause,
        "ms": record.cost_ms,
        "appid": record.appid,
        "client_ip": record.client_ip,
    }
    said = {name: value for name, value in facts.items() if value != ""}
    if fault is None:
        log.info("call", **said)
    elif isinstance(fault, BankcardError):
        log.error("call failed", **said, reason=str(fault))
    else:
        log.error("call failed", **said, exc_info=fault)
