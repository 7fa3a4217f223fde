"""A process that reads chunks, and who looks after it.

The process loads the models once and tells each row as it has it, so that when it dies or is silent for too long, the
picture to blame is known: the next one. That picture is tried once more in a new process, and then set aside with its
error; the run goes on behind it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import MappingProxyType, TracebackType
from typing import Any, Self

from ..errors import BankcardError, BulkError, PictureError, Refused
from ..numbers import iin
from ..numbers.masking import masked
from ..platform import codes, detail
from ..platform.disclosure import FormForAll, without_app
from ..reading import Options
from ..resident import leave_no_core
from ..vision import files
from ..vision.image import MAX_BYTES
from .plan import Chunk, pictures

Row = dict[str, Any]
NOTHING: Mapping[str, Any] = MappingProxyType(dict.fromkeys(("number", *detail.ISSUER)))  # of a card that was not read

START_S = 120.0  # loading the models on a busy machine
LOOK_S = 0.5  # how often a waiting worker looks whether the run was stopped
TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How every picture of a run is read, and how its number is written.

    ``pan``: ``masked`` to its first 6 and last 4, ``full``, or ``fingerprint``, its HMAC-SHA256 under ``key``. ``iin``:
    entries of issuers, as a file has them, in place of the shipped ones they name. ``timeout_s``: a picture may take so
    long. ``reader``: MODULE:NAME of what makes the reader, given ``max_bytes``, the most that a picture may have.
    """

    options: Options = field(default_factory=Options)
    max_bytes: int = MAX_BYTES
    pan: FormForAll = "masked"
    key: bytes = field(default=b"", repr=False)
    iin: bytes = field(default=b"", repr=False)
    timeout_s: float = 30.0
    reader: str = "bankcard_ocr.reader:Reader"


class Worker:
    """One process at a time that reads for ``job`` until closed. Not shared by threads."""

    def __init__(self, job: Job, stop: threading.Event | None = None) -> None:
        self._job = job
        self._stop = stop or threading.Event()
        self._process: Any = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def rows(self, chunk: Chunk) -> list[Row]:
        """The rows of ``chunk``. Raises BulkError when no process can be had, or the run was stopped."""
        rows: list[Row] = []
        failures = 0
        connection: Connection | None = None
        while len(rows) < chunk.rows:
            try:
                if connection is None:
                    connection = self._connection or self._start()
                    connection.send((chunk, len(rows)))
                kind, value = self._receive(connection, self._job.timeout_s)
            except (EOFError, OSError) as error:  # TimeoutError is one
                reason = self._end(error)
                failures += 1
                connection = None
                if failures == TRIES:
                    rows.append(row(chunk, len(rows), outcome="set aside", errcode=-1, cause=reason))
                    failures = 0
                continue
            if kind == "failed":
                raise BulkError(value)
            rows.append(value)
            failures = 0
        return rows

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._end(EOFError())

    def _start(self) -> Connection:
        try:
            self._process, self._connection = _started(self._job)
        except OSError as error:
            raise BulkError(f"no process can be started: {error.strerror}") from error
        try:
            kind, value = self._receive(self._connection, START_S)
        except (EOFError, OSError) as error:
            raise BulkError(f"a reader's process ended before it was ready: {self._end(error)}") from error
        if kind == "failed":
            raise BulkError(f"the reader cannot be made: {value}")
        return self._connection

    def _receive(self, connection: Connection, timeout_s: float) -> tuple[str, Any]:
        deadline = time.monotonic() + timeout_s
        while not connection.poll(min(LOOK_S, max(0.0, deadline - time.monotonic()))):
            if self._stop.is_set():
                raise BulkError("stopped")
            if time.monotonic() >= deadline:
                raise TimeoutError(f"took over {timeout_s:g} s")
        message: tuple[str, Any] = connection.recv()
        return message

    def _end(self, error: Exception) -> str:
        """Ends the process; why it ended, in a few words."""
        if isinstance(error, TimeoutError):
            self._process.kill()
        elif self._connection is not None:
            self._connection.close()  # an idle process ends by this
        self._process.join(5)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        status = self._process.exitcode
        self._process.close()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None
        if isinstance(error, TimeoutError):
            return str(error)
        return f"killed its reader: {_signal(-status)}" if status < 0 else f"ended its reader: {status}"


def _started(job: Job) -> tuple[Any, Connection]:
    """A process that reads for ``job``, and the connection to it. Raises OSError, with nothing left open."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with theirs:
        try:
            process = context.Process(target=_work, args=(theirs, job), daemon=True)
            resource_tracker.ensure_running()  # which lets signals in again when it starts
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is the parent's
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        except BaseException:
            ours.close()
            raise
    return process, ours


def _signal(number: int) -> str:
    """The name of a signal; real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def row(
    chunk: Chunk,
    offset: int,
    *,
    outcome: str,
    errcode: int,
    cause: str = "",
    confidence: float = 0.0,
    told: Mapping[str, Any] = NOTHING,
) -> Row:
    """A row of OUT, its fields in order; ``told`` is what is told of the card."""
    errmsg = codes.message(errcode) + (f" hint: [{cause}]" if cause else "")
    return {
        "row": chunk.first + offset,
        "name": files.told(chunk.name(offset)),
        "outcome": outcome,
        "number": told["number"],
        "confidence": confidence,
        "errcode": errcode,
        "errmsg": errmsg,
        **{name: told[name] for name in detail.ISSUER},
    }


def card(number: str, job: Job) -> dict[str, Any]:
    """The number and what it alone tells of its issuer, no more of its digits in either than the job wants."""
    told = {"number": number, **detail.issuer(iin.with_own(job.iin).lookup(number))}
    return without_app(job.pan, job.key).applied(told)


def _work(connection: Connection, job: Job) -> None:
    """What the process does: rows of chunks, until its parent is gone."""
    leave_no_core()  # below Ray no command has said so
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    warnings.filterwarnings("ignore", module=r"PIL\.")  # of damage, which is a row's own outcome
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, ConnectionError):  # the parent has let go of this process, or is gone
        _answer(connection, job)


def _answer(connection: Connection, job: Job) -> None:
    """Sends the rows of the chunks that come in, or why there are none, until the connection ends."""
    try:
        reader = _made(job)
    except Exception as error:  # noqa: BLE001  (told to the parent, which raises)
        connection.send(("failed", masked(f"{type(error).__name__}: {error}")))
        return
    connection.send(("ready", None))
    while True:
        chunk, start = connection.recv()
        try:
            for offset, picture in enumerate(pictures(chunk, start, job.max_bytes), start):
                connection.send(("row", _row(chunk, offset, picture, reader, job)))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  (of the archive or table, not of a picture)
            connection.send(("failed", masked(f"{chunk.path}: {type(error).__name__}: {error}")))


def _row(chunk: Chunk, offset: int, picture: Any, reader: Any, job: Job) -> Row:
    try:
        if isinstance(picture, Exception):
            raise picture  # noqa: TRY301  (told as a row, like what reading raises)
        reading = reader.read(picture, job.options)
    except Exception as error:  # noqa: BLE001  (a row says what happened)
        confidence = round(error.confidence, 6) if isinstance(error, Refused) else 0.0
        cause = codes.hint(error) if isinstance(error, BankcardError) else masked(type(error).__name__)
        code = codes.errcode(error)
        return row(chunk, offset, outcome=_outcome(error), errcode=code, cause=cause, confidence=confidence)
    confidence = round(reading.confidence, 6)
    return row(chunk, offset, outcome="read", errcode=0, confidence=confidence, told=card(reading.number, job))


def _outcome(error: Exception) -> str:
    if isinstance(error, Refused):
        return "refused"
    return "no picture" if isinstance(error, PictureError) else "failed"


def _made(job: Job) -> Any:
    module, _, name = job.reader.partition(":")
    made = getattr(import_module(module), name)(max_bytes=job.max_bytes)
    import cv2

    cv2.setNumThreads(1)  # as many processes as cores: more threads would stand in each other's way
    return made


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
