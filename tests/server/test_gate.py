"""How many pictures are read at once, and who may wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from bankcard_ocr.errors import Busy, NotAPicture
from bankcard_ocr.server.gate import LAST_READINGS, Gate


class Held:
    """A gate for ``threads`` pictures at a time, and behind it a reader that keeps each until ``go_on``.

    ``entered`` counts who is being read, ``settled`` who waits or was refused. By the last ones a reading takes
    ``reading_s``.
    """

    def __init__(self, most_wait_s: float, *, threads: int = 1, wait_s: float = 60.0, reading_s: float = 0.0) -> None:
        self.entered, self.settled, self.go_on = threading.Semaphore(0), threading.Semaphore(0), threading.Event()
        moments = iter([0.0])
        ever_after = reading_s * LAST_READINGS  # from a mean of none
        self.gate = Gate(
            self, threads, wait_s, most_wait_s, clock=lambda: next(moments, ever_after), waiting=self._settled
        )
        self.gate.read(b"")

    def read(self, data, options=None):
        if data:
            self.entered.release()
            self.go_on.wait(10)
        return "read"

    @contextmanager
    def _settled(self) -> Iterator[None]:
        self.settled.release()
        yield

    def come(self) -> str:
        """What becomes of a picture that comes."""
        try:
            return self.gate.read(b"x")
        except Busy:
            self.settled.release()
            return "busy"


def in_line(held: Held, pool: ThreadPoolExecutor) -> tuple[Future[str], Future[str]]:
    """What becomes of two pictures, one of which is being read, while the other waits."""
    first = pool.submit(held.come)
    held.entered.acquire(timeout=10)
    second = pool.submit(held.come)
    held.settled.acquire(timeout=10)
    return first, second


def test_readings_at_once_are_limited():
    """Who waits too long at the gate is told busy."""

    class Slow:
        def read(self, data, options=None):
            with pytest.raises(Busy):
                gate.read(data)
            return "read"

    gate = Gate(Slow(), threads=1, wait_s=0.01)

    assert "read" == gate.read(b"")


@pytest.mark.parametrize(("most_wait_s", "third"), [(0.9, "busy"), (1.0, "read")])
def test_who_would_wait_too_long_is_told_busy_at_once(most_wait_s: float, third: str):
    """One waits already, and pictures take a second each: whether a third may wait depends on the setting."""
    held = Held(most_wait_s, reading_s=1.0)
    with ThreadPoolExecutor(3) as pool:
        first, second = in_line(held, pool)
        is_told_before = held.gate.busy() is not None
        last = pool.submit(held.come)
        held.settled.acquire(timeout=10)
        held.go_on.set()

        assert ("read", "read", third) == (first.result(), second.result(), last.result())
        assert (third == "busy", None) == (is_told_before, held.gate.busy())


@pytest.mark.parametrize(("reading_s", "retry_after_s"), [(2.5, 2.5), (100.0, 30.0)])
def test_busy_says_how_long_one_would_wait(reading_s: float, retry_after_s: float):
    """One waits already: that is a reading's time; half a minute is the most that is said."""
    held = Held(0.9, reading_s=reading_s)
    with ThreadPoolExecutor(2) as pool:
        in_line(held, pool)
        with pytest.raises(Busy) as refused:
            held.gate.read(b"x")
        held.go_on.set()

    assert retry_after_s == refused.value.retry_after_s


def test_two_at_once_halve_the_wait():
    """One waits already, for whichever of the two has been read first."""
    held = Held(0.9, threads=2, reading_s=2.5)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(held.come)
        held.entered.acquire(timeout=10)
        in_line(held, pool)
        with pytest.raises(Busy) as refused:
            held.gate.read(b"x")
        held.go_on.set()

    assert 1.25 == refused.value.retry_after_s


def test_who_waited_in_vain_is_told_when_those_in_line_will_have_been_read():
    """Its own place in line is no more, and with nobody else waiting it may come again at once."""
    held = Held(60.0, wait_s=0.01, reading_s=2.5)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(held.come)
        held.entered.acquire(timeout=10)
        with pytest.raises(Busy) as refused:
            held.gate.read(b"x")
        held.go_on.set()

    assert 0.0 == refused.value.retry_after_s


def test_who_waits_longer_than_expected_is_told_busy_all_the_same():
    """The first in line goes on waiting; who came behind it gets its answer within the time."""
    held = Held(0.05)
    with ThreadPoolExecutor(3) as pool:
        first, second = in_line(held, pool)
        third = pool.submit(held.come)

        assert "busy" == third.result(30)
        held.go_on.set()
        assert ("read", "read") == (first.result(), second.result())


def test_who_came_first_is_read_first():
    """Whoever has just been read and comes again at once stands behind those that wait."""
    order: list[bytes] = []
    is_read, is_waiting, go_on = threading.Event(), threading.Semaphore(0), threading.Event()

    class Noting:
        def read(self, data, options=None):
            order.append(data)
            is_read.set()
            go_on.wait(10)
            return "read"

    @contextmanager
    def noted() -> Iterator[None]:
        is_waiting.release()
        yield

    gate = Gate(Noting(), 1, 60.0, waiting=noted)
    with ThreadPoolExecutor(3) as pool:
        twice = pool.submit(lambda: [gate.read(b"first"), gate.read(b"again")])
        is_read.wait(10)
        waiting = [pool.submit(gate.read, b"second")]
        is_waiting.acquire(timeout=10)
        waiting.append(pool.submit(gate.read, b"third"))
        is_waiting.acquire(timeout=10)
        go_on.set()
        told = [*twice.result(10), *(each.result(10) for each in waiting)]

    assert (["read"] * 4, [b"first", b"second", b"third", b"again"]) == (told, order)


def test_a_reading_that_fails_gives_its_place_back():
    """Else a few pictures that are none would take all of them."""

    class Failing:
        def read(self, data, options=None):
            raise NotAPicture("unknown format")

    gate = Gate(Failing(), 1, 0.01)
    for _ in range(2):
        with pytest.raises(NotAPicture):
            gate.read(b"")


def test_several_pictures_of_one_card_take_a_place():
    """They are read one after the other, for as long as it takes."""

    class Again:
        def read(self, data, options=None):
            return "read"

        def read_many(self, pictures, options=None):
            return gate.read(pictures[0])  # which waits for this, in vain

    gate = Gate(Again(), 1, 0.01)
    with pytest.raises(Busy):
        gate.read_many([b""])


def test_a_wait_and_a_reading_are_each_within_what_is_given_for_it():
    """Entered when it begins and left when it ends, failed or not; who finds a place free has not waited."""
    told: list[str] = []

    @contextmanager
    def within(what: str) -> Iterator[None]:
        told.append(what)
        try:
            yield
        finally:
            told.append(f"no more {what}")

    class Again:
        def read(self, data, options=None):
            return gate.read(data)  # which waits for itself, in vain

    gate = Gate(Again(), 1, 0.01, waiting=partial(within, "waiting"), reading=partial(within, "reading"))
    with pytest.raises(Busy):
        gate.read(b"")

    assert ["reading", "waiting", "no more waiting", "no more reading"] == told
