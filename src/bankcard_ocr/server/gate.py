"""How many pictures are read at once, and who may wait for it."""

from __future__ import annotations

import threading
import time
from collections import deque
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
        self._lock = threading.Lock()
        self._free = threads
        self._line: deque[threading.Event] = deque()  # of those that wait; the first is given the next place
        self._reading_s = 0.0  # how long a reading takes, the last ones counting most

    def read(self, data: bytes, options: Options = Options()) -> Reading:
        with self._place():
            return self._reader.read(data, options)

    def read_many(self, pictures: Sequence[bytes], options: Options = Options()) -> Reading:
        with self._place():
            return self._reader.read_many(pictures, options)

    def busy(self) -> Busy | None:
        """What a picture that came now would be told at once, if it were."""
        with self._lock:
            return self._busy() if self._expected_wait_s() > self._most_wait_s else None

    @contextmanager
    def _place(self) -> Iterator[None]:
        self._take()
        started = self._clock()
        try:
            with self._around_reading():
                yield
        finally:
            with self._lock:
                self._reading_s += (self._clock() - started - self._reading_s) / LAST_READINGS
                self._give()

    def _take(self) -> None:
        """Takes a place, in its turn. Raises Busy."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if self._expected_wait_s() > self._most_wait_s:
                raise self._busy()
            longest = min(self._wait_s, self._most_wait_s) if self._line else self._wait_s
            turn = threading.Event()
            self._line.append(turn)
        try:
            with self._around_wait():
                turn.wait(longest)
        finally:
            with self._lock:
                is_its_turn = turn.is_set()
                if not is_its_turn:
                    self._line.remove(turn)
        if not is_its_turn:
            raise self._busy()

    def _give(self) -> None:
        """Gives a place to the first in line: who comes meanwhile stands behind. The lock is held."""
        if self._line:
            self._line.popleft().set()
        else:
            self._free += 1

    def _expected_wait_s(self) -> float:
        return len(self._line) * self._reading_s / self._threads

    def _busy(self) -> Busy:
        return Busy(retry_after_s=min(self._expected_wait_s(), LONGEST_RETRY_S))
