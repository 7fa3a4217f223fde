"""Trains the reader of holder names, a recognizer of another alphabet, on strips drawn as it learns.

    python -m bankcard_ocr.train.fit_holder --minutes 30

Resumes from ``runs/holder/last.pt``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..vision.recognize import LONG
from . import data, loop
from .fit_recognize import LEAST, LONG_BATCH, WARM, loss_of
from .nets import Recognizer
from .strips import NAMES, augment, render_holders, shapes


def main() -> None:
    options = loop.arguments(__doc__, runs="runs/holder", rate=2.5e-3, ring=8_000)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    place = data.Place(folder=options.runs / "names", size=options.ring, shapes=shapes(LONG))
    ring = data.Ring(place)
    renderers = data.start(render_holders, place, seed=options.seed, workers=options.renderers)
    training = loop.Training(Recognizer(NAMES), options.runs)
    rng = np.random.default_rng((options.seed, training.step))
    data.wait((ring,), LEAST, renderers)
    training.start(options.start, ring.draw(rng, 48)["pixels"])

    def step(_: int) -> tuple[Tensor, dict[str, float]]:
        batch = ring.draw(rng, LONG_BATCH)
        augment(rng, batch)
        loss, right = loss_of(training.net, batch)
        return loss, {"right": right}

    loop.run(training, options, step, warm=WARM)


if __name__ == "__main__":
    main()
