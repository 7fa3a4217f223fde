"""Starting, memory and threads: what cannot be told from pictures read one after another.

Starting and memory are measured in processes of their own (:mod:`.child`), which hold nothing but the reader.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..reading import PictureReader
from . import child
from .suites import Sample, decode, encode, scaled

STARTS = 7
MEMORY_PICTURES = 10_000
SETTLED = 0.1  # the share of pictures after which memory may no longer grow
SIDES = (320, 480, 640, 800, 1024, 1280, 1600, 2048, 3024)
ROUNDS = 5
_CHILD = [sys.executable, "-m", "bankcard_ocr.bench.child"]


def start(data: bytes, *, starts: int = STARTS) -> dict[str, Any]:
    """Milliseconds to the first result in a fresh process, medians of ``starts``, the files warm in the cache.

    ``process_ms`` is from the process's start to its result on the pipe, Python's own start included; ``import_ms``
    to ``result_ms`` are what the process itself measures from its first line on.
    """
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(data)
        file.flush()
        runs = [_started([*_CHILD, "start", file.name]) for _ in range(starts + 1)][1:]
    return {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]} | {"starts": starts}


def memory(samples: Iterable[Sample], *, pictures: int = MEMORY_PICTURES) -> dict[str, Any]:
    """Resident memory of a process that reads ``pictures`` pictures of mixed sizes, made from ``samples``, in MB.

    ``growth_mb`` is what a straight line through the last nine tenths rises by: 0 within noise when nothing leaks.
    """
    with tempfile.TemporaryDirectory() as folder:
        for place, data in enumerate(mixed_sizes(samples)):
            (Path(folder) / f"{place:04d}.jpg").write_bytes(data)
        told = subprocess.run(  # noqa: S603 (our own module)
            [*_CHILD, "memory", folder, str(pictures)], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    return settled(json.loads(told))


def settled(resident: Sequence[int]) -> dict[str, Any]:
    """The figures of resident bytes, looked at every hundred pictures, the first look before any picture."""
    late = np.array(resident[int(len(resident) * SETTLED) :], float) / 1e6
    slope = float(np.polyfit(np.arange(len(late)), late, 1)[0]) if len(late) > 1 else 0.0
    return {
        "pictures": child.EVERY * (len(resident) - 1),
        "loaded_mb": round(resident[0] / 1e6, 1),
        "end_mb": round(float(late[-1]), 1),
        "largest_mb": round(max(resident) / 1e6, 1),
        "growth_mb": round(slope * (len(late) - 1), 2),
    }


def mixed_sizes(samples: Iterable[Sample]) -> list[bytes]:
    """Each picture as a JPEG of another size: the longest sides take turns."""
    made = []
    for sample, side in zip(samples, cycle(SIDES), strict=False):
        image = decode(sample.data)
        if image is not None:
            made.append(encode(scaled(image, side / max(image.shape[:2]), cv2.INTER_LINEAR), 90))
    return made


def threads(
    reader: PictureReader,
    pictures: Sequence[bytes],
    count: int = 2,
    *,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Pictures a second of ``count`` threads on one reader against one thread; medians of rounds that take turns."""
    _all(reader, pictures, 1)
    rates: dict[int, list[float]] = {1: [], count: []}
    for _ in range(rounds):
        for workers in (1, count):
            begun = clock()
            _all(reader, pictures, workers)
            rates[workers].append(len(pictures) / max(clock() - begun, 1e-9))
    one, many = statistics.median(rates[1]), statistics.median(rates[count])
    return {
        "threads": count,
        "one_per_s": round(one, 2),
        "many_per_s": round(many, 2),
        "speed_up": round(many / one, 3),
    }


def _all(reader: PictureReader, pictures: Sequence[bytes], workers: int) -> None:
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda data: child.read(reader, data), pictures))


def _started(command: Sequence[str]) -> dict[str, float]:
    begun = time.perf_counter()
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 (our own module)
    whole = 1000 * (time.perf_counter() - begun)
    return {"process_ms": whole, **json.loads(told)}
