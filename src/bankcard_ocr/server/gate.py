"""How many pictures are read at once, and who may wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import inf

from ..errors import Busy
from ..reading import Options, PictureReader, Reading

Around = Callable[[], AbstractContextManager[object]]  # entered before, left after: a gauge counts what is within

LAST_READINGS = 8  # whose mean time says how long a waiting picture will wait
LONGEST_RETRY_S = 30.0  # what Busy says at most: readings that took minutes are no forecast


class Gate:
    """A reader that reads ``threads`` pictures at once.

    A picture that would wait longer than ``most_wait_s``, by how long the last ones took, gets Busy at once; one that
    waits longer all the same, when that is over. Busy says how long it would wait if it came now. The first in line is
    always let wait, up to ``wait_s``. Each wait is within a ``waiting``, each reading within a ``reading``.
    """

    def __init__(
        self,
        reader: PictureReader,
        threads: int,
        wait_s: float,
        most_wait_s: float = inf,
        *,
        clock: Callable[[], float] = time.perf_counter,
        waiting: Around = nullcontext,
        reading: Around = nullcontext,
    ) -> None:
        self._reader = reader
        self._threads = threads
        self._wait_s = wait_s
        self._most_wait_s = most_wait_s
        self._clock = clock
        self._around_wait = waiting
        self._around_reading = reading
        self._free = threading.BoundedSemaphore(threads)
        self._lock = threading.Lock()
        self._waiting = 0
        self._reading_s = 0.0  # how long a reading takes, the last ones counting most

    def read(self, data: bytes, options: Options = Options()) -> Reading:
        with self._place():
            return self._reader.read(data, options)

    def read_many(self, pictures: Sequence[bytes], options: Options = Options()) -> Reading:
        with self._place():
            return self._reader.read_many(pictures, options)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            self._wait()
        started = self._clock()
        try:
            with self._around_reading():
                yield
        finally:
            with self._lock:
                self._reading_s += (self._clock() - started - self._reading_s) / LAST_READINGS
            self._free.release()

    def _wait(self) -> None:
        with self._lock:
            if self._expected_wait_s() > self._most_wait_s:
                raise self._busy()
            longest = min(self._wait_s, self._most_wait_s) if self._waiting else self._wait_s
            self._waiting += 1
        try:
            with self._around_wait():
                is_its_turn = self._free.acquire(timeout=longest)
        finally:
            with self._lock:
                self._waiting -= 1
        if not is_its_turn:
            raise self._busy()

    def _expected_wait_s(self) -> float:
        return self._waiting * self._reading_s / self._threads

    def _busy(self) -> Busy:
        return Busy(retry_after_s=min(self._expected_wait_s(), LONGEST_RETRY_S))
