"""Trains the reader of holder names, a recognizer of another alphabet, on strips drawn as it learns.

    python -m bankcard_ocr.train.fit_holder --minutes 30

Resumes from ``runs/holder/last.pt``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from ..vision.recognize import LONG, evened
from . import data, loop
from .fit_recognize import LEAST, LONG_BATCH, WARM, loss_of
from .nets import reader_of_names
from .strips import augment, render_holders, shapes

EVENED = 0.2  # of the strips, which the engine reads with even contrast where none is sure as it is


def learn(
    net: nn.Module, rings: Sequence[data.Ring], rng: np.random.Generator, _: int
) -> tuple[Tensor, dict[str, float]]:
    batch = rings[0].draw(rng, LONG_BATCH)
    augment(rng, batch)
    pixels = batch["pixels"]
    for i in np.flatnonzero(rng.random(len(pixels)) < EVENED):
        pixels[i] = evened(pixels[i])
    loss, right = loss_of(net, batch)
    return loss, {"right": right}


def main() -> None:
    options = loop.arguments(__doc__, runs="runs/holder", rate=2.5e-3, ring=8_000)
    names = loop.SampleSource(name="names", render=render_holders, shapes=shapes(LONG))
    loop.fit(reader_of_names, [names], learn, options, warm=WARM, least=LEAST)


if __name__ == "__main__":
    main()
