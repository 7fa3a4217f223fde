"""Starting, memory and threads."""

from __future__ import annotations

import itertools
import json
import sys
import threading

import cv2
import numpy as np
import pytest

from bankcard_ocr.bench import speed
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.suites import Sample, decode
from bankcard_ocr.errors import NoCardFound


class Counting:
    """Refuses every picture, and remembers it and its thread."""

    def __init__(self):
        self.read_pictures = []
        self.threads = set()

    def read(self, data, options=None):
        self.read_pictures.append(data)
        self.threads.add(threading.get_ident())
        raise NoCardFound


def sample(width, height) -> Sample:
    data = cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8))[1].tobytes()
    return Sample(data=data, label=Label(file="a", number_sha256=None, group="a"))


def test_threads() -> None:
    """The rates are pictures a second, and their ratio the speed-up."""
    times = itertools.accumulate([0.0, *[4.0, 0.0, 2.0, 0.0] * 3])
    found = speed.threads(Counting(), [b"x"] * 8, 2, rounds=3, clock=lambda: next(times))
    assert {"threads": 2, "one_per_s": 2.0, "many_per_s": 4.0, "speed_up": 2.0} == found


def test_threads_read_all() -> None:
    """Every round reads every picture, once with one thread and once with many, after one round to warm up."""
    reader = Counting()
    speed.threads(reader, [b"1", b"2", b"3"], 2, rounds=2)
    assert [5, 5, 5] == [reader.read_pictures.count(data) for data in (b"1", b"2", b"3")]


def test_mixed_sizes() -> None:
    """The longest sides take turns, and what is no picture is left out."""
    broken = Sample(data=b"x", label=Label(file="b", number_sha256=None, group="b"))
    made = speed.mixed_sizes([sample(100, 50), broken, sample(50, 100)])
    assert [(160, 320), (640, 320)] == [decode(data).shape[:2] for data in made]


@pytest.mark.parametrize(
    ("resident", "growth"),
    [
        ([50e6, 100e6] + [120e6] * 19, 0.0),
        ([50e6] + [100e6 + 1e6 * step for step in range(20)], 18.0),
        ([50e6], 0.0),
    ],
    ids=["settles", "leaks", "one look"],
)
def test_growth_is_of_the_last_nine_tenths(resident, growth) -> None:
    """What is taken while settling in is no growth; what still rises afterwards is."""
    assert growth == pytest.approx(speed.settled(resident)["growth_mb"], abs=0.01)


def test_memory_figures() -> None:
    """The figures tell the pictures read, and the memory loaded, at the end and at most."""
    found = speed.settled([50e6, 130e6, 120e6])
    assert (200, 50.0, 120.0, 130.0) == (
        found["pictures"],
        found["loaded_mb"],
        found["end_mb"],
        found["largest_mb"],
    )


def test_processes_talk_json() -> None:
    """A child's figures come back with the whole time of its process beside them."""
    script = [sys.executable, "-c", f"print({json.dumps(json.dumps({'result_ms': 5.0}))})"]
    found = speed._started(script)
    assert (5.0, True) == (found["result_ms"], found["process_ms"] > 1.0)


def test_starts_are_medians(monkeypatch) -> None:
    """The first start warms the caches and does not count; of the others the median does."""
    told = iter([9000.0, 3.0, 1.0, 2.0])
    monkeypatch.setattr(speed, "_started", lambda command: {"result_ms": next(told)})
    assert {"result_ms": 2.0, "starts": 3} == speed.start(b"x", starts=3)
