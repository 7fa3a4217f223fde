"""Samples on their way from renderers to the trainer: rings of arrays in files that several processes map.

Renderers overwrite the oldest samples for ever; the trainer draws at random from what is there. Neither waits for the
other, but that renderers rest while every sample is fresh enough (drawn fewer than REUSE times on average).
"""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

Sample = Mapping[str, NDArray[Any]]
Batch = dict[str, NDArray[Any]]
Shapes = Mapping[str, tuple[str, tuple[int, ...]]]  # of one sample: name -> dtype, shape
Render = Callable[[np.random.Generator], Iterator[Sample]]
REUSE = 4
RENDERERS = 64  # of one ring, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class RingLayout:
    """Where a ring of ``size`` samples is kept."""

    folder: pathlib.Path
    size: int
    shapes: Shapes


class Ring:
    """The samples at a place; every process that works on them has a Ring of its own."""

    def __init__(self, place: RingLayout) -> None:
        """Makes the files where there are none, with all of their room on the disk.

        Raises ValueError when they were made for other samples, OSError when there is not as much room.
        """
        if place.size < 1:
            raise ValueError(f"{place.folder} cannot keep {place.size} samples; choose a larger --ring")
        place.folder.mkdir(parents=True, exist_ok=True)
        self.size = place.size
        self.arrays = {
            name: _mapped(place.folder / f"{name}.npy", dtype, (place.size, *shape))
            for name, (dtype, shape) in place.shapes.items()
        }
        self.there = _mapped(place.folder / "there.npy", "bool", (place.size,))
        self.written = _mapped(place.folder / "written.npy", "int64", (RENDERERS,))
        self.drawn = _mapped(place.folder / "drawn.npy", "int64", (1,))

    @property
    def filled(self) -> int:
        """How many samples can be drawn."""
        return int(self.there.sum())

    @property
    def fresh(self) -> bool:
        """Whether the trainer has more new samples than it uses."""
        return bool((self.written.sum() - self.size) * REUSE > self.drawn[0])

    def put(self, worker: int, workers: int, sample: Sample) -> None:
        """Stores a sample of one of ``workers`` renderers, at most ``size``, each of which has its own slots."""
        slots = range(worker, self.size, workers)
        place = slots[int(self.written[worker]) % len(slots)]
        for name, array in self.arrays.items():
            array[place] = sample[name]
        self.there[place] = True
        self.written[worker] += 1

    def draw(self, rng: np.random.Generator, count: int) -> Batch:
        """``count`` samples at random, as copies."""
        self.drawn[0] += count
        chosen = np.sort(rng.choice(np.flatnonzero(self.there), count))
        return {name: np.array(array[chosen]) for name, array in self.arrays.items()}


def _mapped(path: pathlib.Path, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    if not path.exists():
        _make(path, dtype, shape)
    array = np.lib.format.open_memmap(path, "r+")
    if (array.dtype, array.shape) != (np.dtype(dtype), shape):
        raise ValueError(f"{path} was made for other samples or another --ring; remove {path.parent} to draw anew")
    return array


def _make(path: pathlib.Path, dtype: str, shape: tuple[int, ...]) -> None:
    """Makes a file with all of its room: writing into a mapped one where the disk has none would kill a process."""
    try:
        np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape).flush()
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OSError(error.errno, f"{error.strerror or error}; a smaller --ring takes less", str(path)) from error


def start(render: Render, place: RingLayout, *, seed: int, workers: int) -> list[BaseProcess]:
    """Starts ``workers`` renderers in processes that end with this one, each with a copy of ``render``.

    Raises ValueError when they are too many.
    """
    if workers > min(place.size, RENDERERS):
        raise ValueError(f"{workers} renderers for {place.size} samples; at most {min(place.size, RENDERERS)} can draw")
    context = multiprocessing.get_context("spawn")
    renderers: list[BaseProcess] = [
        context.Process(target=_render_for_ever, args=(render, place, seed, worker, workers), daemon=True)
        for worker in range(workers)
    ]
    for renderer in renderers:
        renderer.start()
    return renderers


def wait(rings: Sequence[Ring], least: int, renderers: Sequence[BaseProcess]) -> None:
    """Returns when every ring has ``least`` samples, or all it can hold. Raises RuntimeError when a renderer ended."""
    while any(ring.filled < min(least, ring.size) for ring in rings):
        watch(renderers)
        time.sleep(0.2)


def watch(renderers: Sequence[BaseProcess]) -> None:
    """Raises RuntimeError when one of ``renderers`` ended."""
    if not all(renderer.is_alive() for renderer in renderers):
        raise RuntimeError("a renderer ended; what it said stands above")


def _render_for_ever(render: Render, place: RingLayout, seed: int, worker: int, workers: int) -> None:
    import cv2

    cv2.setNumThreads(1)
    ring = Ring(place)
    count = int(ring.written[worker])
    trainer = multiprocessing.parent_process()
    while trainer is None or trainer.is_alive():  # one that was killed leaves no renderers behind
        if ring.fresh:
            time.sleep(0.2)
            continue
        for sample in render(np.random.default_rng((seed, worker, count))):
            ring.put(worker, workers, sample)
            count += 1
