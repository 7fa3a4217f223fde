"""Where log lines go out: whoever writes one never waits for it, nor fails of it.

A pipe whose reader has stopped (a journal or a log driver that hangs) or a full disk takes lines away, not answers. The
lines wait in a bounded queue for one thread; what has no room there is lost, and told of once lines get through again.
"""

from __future__ import annotations

import atexit
import os
import queue
import sys
import threading
import time
from functools import cache
from typing import TextIO

import structlog

MOST_LINES = 4096  # some 300 bytes each
LAST_S = 1.0  # for the lines that wait when the process ends
AGAIN_S = 0.05  # between looks at a file that takes nothing just now


class Outlet:
    """Writes lines to the file descriptor ``file``, in their order; ``most`` of them wait at most."""

    def __init__(self, file: int, *, most: int = MOST_LINES) -> None:
        self._file = file
        self._lines = queue.Queue[str](most)
        self._lost = 0
        self._counting = threading.Lock()
        self._is_torn = False  # a line ended in its middle
        threading.Thread(target=self._work, name="log", daemon=True).start()
        atexit.register(self.finish)

    def write(self, text: str) -> int:
        """Takes ``text``, to be written when there is room."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._lose()
        return len(text)

    def flush(self) -> None:
        """Nobody waits for the lines; :meth:`finish` does."""

    def isatty(self) -> bool:
        """Whether people read along."""
        return os.isatty(self._file)

    def finish(self, most_s: float = LAST_S) -> None:
        """Waits until all lines are written, ``most_s`` seconds at most."""
        until = time.monotonic() + most_s
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)

    def _work(self) -> None:
        while True:
            if not self._wrote(self._lines.get()):
                self._lose()
            elif self._lost:
                with self._counting:
                    lost, self._lost = self._lost, 0
                structlog.get_logger().warning("log lines are lost", lines=lost)
            self._lines.task_done()

    def _lose(self) -> None:
        with self._counting:
            self._lost += 1

    def _wrote(self, text: str) -> bool:
        """Whether ``text`` was written whole: to the descriptor, as a stream's lock would be held while that waits."""
        rest = memoryview(("\n" * self._is_torn + text).encode("utf-8", "replace"))
        while rest:
            try:
                rest = rest[os.write(self._file, rest) :]
            except BlockingIOError:
                time.sleep(AGAIN_S)
            except OSError:
                return False
            self._is_torn = bool(rest)
        return True


@cache
def _of(file: int) -> Outlet:
    return Outlet(file)


def standard_error() -> TextIO | Outlet:
    """The outlet of this process's standard error; the stream itself where that is no file, as in a notebook."""
    try:
        return _of(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return sys.stderr


def finish() -> None:
    """Lets the lines that wait be written before the process ends by a signal."""
    stream = standard_error()
    if isinstance(stream, Outlet):
        stream.finish()
