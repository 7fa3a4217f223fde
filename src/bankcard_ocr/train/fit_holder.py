"""Trains the reader of holder names, a recognizer of another alphabet, on strips drawn as it learns.

    python -m bankcard_ocr.train.fit_holder --minutes 30

Resumes from ``runs/holder/last.pt``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from ..vision.recognize import LONG
from . import data, loop
from .fit_recognize import LEAST, LONG_BATCH, WARM, loss_of
from .nets import Recognizer
from .strips import NAMES, augment, render_holders, shapes


def learn(
    net: nn.Module, rings: Sequence[data.Ring], rng: np.random.Generator, _: int
) -> tuple[Tensor, dict[str, float]]:
    batch = rings[0].draw(rng, LONG_BATCH)
    augment(rng, batch)
    loss, right = loss_of(net, batch)
    return loss, {"right": right}


def main() -> None:
    options = loop.arguments(__doc__, runs="runs/holder", rate=2.5e-3, ring=8_000)
    names = loop.SampleSource(name="names", render=render_holders, shapes=shapes(LONG))
    loop.fit(lambda: Recognizer(NAMES), [names], learn, options, warm=WARM, least=LEAST)


if __name__ == "__main__":
    main()
