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


class LogWriter:
    """Writes lines to the file descriptor ``file``, in their order; ``most`` of them wait, about.

    It takes no lock: whoever logs may do so while the garbage collector interrupts another line of the same thread.
    """

    def __init__(self, file: int, *, most: int = MOST_LINES) -> None:
        self._file = file
        self._lines = queue.SimpleQueue[str | threading.Event]()
        self._most = most
        self._lost = 0
        self._is_torn = False  # a line ended in its middle
        threading.Thread(target=self._work, name="log", daemon=True).start()
        atexit.register(self.finish)

    def write(self, text: str) -> int:
        """Takes ``text``, to be written when there is room."""
        if self._lines.qsize() < self._most:
            self._lines.put(text)
        else:
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Nobody waits for the lines; :meth:`finish` does."""

    def isatty(self) -> bool:
        """Whether people read along."""
        return os.isatty(self._file)

    def finish(self, most_s: float = LAST_S) -> bool:
        """Waits until all lines are written, ``most_s`` seconds at most; whether they are."""
        reached = threading.Event()
        self._lines.put(reached)
        return reached.wait(most_s)

    def _work(self) -> None:
        while True:
            line = self._lines.get()
            if isinstance(line, threading.Event):
                line.set()
            elif not self._wrote(line):
                self._lost += 1
            elif self._lost:
                lost, self._lost = self._lost, 0
                structlog.get_logger().error("log lines are lost", lines=lost)

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
def _of(file: int) -> LogWriter:
    return LogWriter(file)


def standard_error() -> TextIO | LogWriter:
    """The writer to this process's standard error; the stream itself where that is no file, as in a notebook."""
    try:
        return _of(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return sys.stderr


def finish() -> None:
    """Lets the lines that wait be written before the process ends by a signal."""
    stream = standard_error()
    if isinstance(stream, LogWriter):
        stream.finish()
