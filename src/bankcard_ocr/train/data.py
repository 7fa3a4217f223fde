"""Samples on their way from renderers to the trainer: rings of arrays in files that several processes map.

Renderers overwrite the oldest samples for ever; the trainer draws at random from what is there. Neither waits for the
other, but that renderers rest while every sample is fresh enough (drawn fewer than REUSE times on average).
"""

from __future__ import annotations

import multiprocessing
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Sample = Mapping[str, NDArray[np.generic]]
REUSE = 3
Render = Callable[[np.random.Generator], Iterator[Sample]]


class Ring:
    """``size`` samples of named arrays; ``shapes`` maps a name to (dtype, shape of one sample)."""

    def __init__(self, folder: pathlib.Path, size: int, shapes: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.size = size
        self.arrays = {name: _mapped(folder / f"{name}.npy", dtype, (size, *shape)) for name, (dtype, shape) in shapes.items()}
        self.written = _mapped(folder / "written.npy", "int64", (64,))
        self.drawn = _mapped(folder / "drawn.npy", "int64", (1,))

    @property
    def filled(self) -> int:
        """How many samples can be drawn."""
        return min(self.size, int(self.written.sum()))

    @property
    def fresh(self) -> bool:
        """Whether the trainer has more new samples than it uses."""
        return bool((self.written.sum() - self.size) * REUSE > self.drawn[0])

    def put(self, worker: int, workers: int, sample: Sample) -> None:
        """Stores a sample of one of ``workers`` renderers, each of which has its own slots."""
        place = (int(self.written[worker]) * workers + worker) % self.size
        for name, array in self.arrays.items():
            array[place] = sample[name]
        self.written[worker] += 1

    def draw(self, rng: np.random.Generator, count: int) -> dict[str, NDArray[np.generic]]:
        """``count`` samples at random, as copies."""
        self.drawn[0] += count
        chosen = np.sort(rng.integers(0, self.filled, count))
        return {name: np.array(array[chosen]) for name, array in self.arrays.items()}


def _mapped(path: pathlib.Path, dtype: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    if not path.exists():
        np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape).flush()
    return np.lib.format.open_memmap(path, "r+")


def start(render: Render, ring: tuple[pathlib.Path, int, Mapping[str, tuple[str, tuple[int, ...]]]], *, seed: int, workers: int) -> None:
    """Starts ``workers`` renderers in processes that end with this one."""
    context = multiprocessing.get_context("spawn")
    for worker in range(workers):
        context.Process(target=_render_for_ever, args=(render, ring, seed, worker, workers), daemon=True).start()


def _render_for_ever(render: Render, place: tuple[pathlib.Path, int, Mapping[str, tuple[str, tuple[int, ...]]]], seed: int, worker: int, workers: int) -> None:
    import cv2

    cv2.setNumThreads(1)
    ring = Ring(*place)
    count = int(ring.written[worker])
    while True:
        for sample in render(np.random.default_rng((seed, worker, count))):
            ring.put(worker, workers, sample)
            count += 1
        while ring.fresh:
            time.sleep(0.2)
