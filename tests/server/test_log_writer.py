"""Log lines that nobody takes: writers do not wait, and what was lost is told."""

from __future__ import annotations

import fcntl
import io
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import pytest
from structlog.testing import capture_logs

from bankcard_ocr.server import log_writer
from bankcard_ocr.server.log_writer import LogWriter

LINE = "x" * 99 + "\n"
SMALLEST_PIPE = 4096


@pytest.fixture
def pipe():
    """A pipe that holds 4096 bytes: where to read and where to write."""
    ends = os.pipe()
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
    yield ends
    for end in ends:
        os.close(end)


def taken(end: int) -> bytes:
    """What there is to read, which has seconds to come."""
    ready, _, _ = select.select([end], [], [], 10)
    assert ready, "there is nothing to read"
    return os.read(end, SMALLEST_PIPE)


def test_lines_come_out_in_their_order(pipe):
    """All of them, once the writer lets them."""
    lines = LogWriter(pipe[1])
    for at in range(20):
        lines.write(f"{at}\n")
    lines.finish()

    assert [str(at) for at in range(20)] == os.read(pipe[0], SMALLEST_PIPE).decode().split()


def test_nobody_waits_for_a_pipe_that_nobody_reads(pipe):
    """Lines beyond those that wait are lost, and their count is logged when the pipe is read again."""
    os.write(pipe[1], b"y" * SMALLEST_PIPE)
    lines = LogWriter(pipe[1], most=10)
    started = time.monotonic()
    for _ in range(200):
        lines.write(LINE)
    lines.finish(0.1)
    took = time.monotonic() - started
    with capture_logs() as said:
        got = sum(taken(pipe[0]).count(b"\n") for _ in range(100) if not lines.finish(0.05))
        got += taken(pipe[0]).count(b"\n")

    assert (True, True) == (took < 0.5, 10 <= got <= 11)
    assert [{"event": "log lines are lost", "lines": 200 - got, "log_level": "error"}] == said


def test_a_line_within_a_line_is_no_deadlock(pipe):
    """The garbage collector may log, by what it frees, at any point of a line that the same thread writes."""
    lines = LogWriter(pipe[1])

    def interrupting(_frame: FrameType, event: str, _arg: object) -> Callable[..., object]:
        if event == "line":  # of Python, which is where the collector may come in
            lines.write("within\n")
        return interrupting

    def write() -> None:
        sys.settrace(interrupting)
        lines.write("line\n")
        sys.settrace(None)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(5)
    written = os.read(pipe[0], SMALLEST_PIPE) if lines.finish() else b""

    assert not thread.is_alive()
    assert (1, True) == (written.count(b"line\n"), b"within\n" in written)


def test_a_full_disk_takes_lines_away_alone(monkeypatch, pipe):
    """A line that ended in its middle is ended before the next one."""
    room, write = [7], os.write

    def written(file: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        count = write(file, data[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", written)
    lines = LogWriter(pipe[1])
    lines.write("first line\n")
    lines.finish()
    room[0] = 10**6
    with capture_logs() as said:
        lines.write("second\n")
        lines.finish()

    assert "first l\nsecond\n" == os.read(pipe[0], SMALLEST_PIPE).decode()
    assert [{"event": "log lines are lost", "lines": 1, "log_level": "error"}] == said


def test_a_stream_that_is_no_file_is_written_to_as_it_is(monkeypatch):
    """As in a notebook."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_writer.finish()

    assert stream is log_writer.standard_error()
