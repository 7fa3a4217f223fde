"""Trains the recognizer on strips drawn as it learns.

    python -m bankcard_ocr.train.fit_recognize --minutes 60

Resumes from ``runs/recognize/last.pt``. Loss: cross-entropy a frame, from the known middles of the characters, plus
0.3 CTC (CTC alone stays on the blank plateau), plus the characters' places.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from ..vision.recognize import LONG, SHORT
from . import data, loop
from .nets import Recognizer
from .strips import augment, render_long, render_short, shapes, targets

WARM = 300  # steps
LEAST = 400  # strips drawn before the first step
LONG_BATCH, SHORT_BATCH = 24, 64
SHORT_EVERY = 2  # steps
HOPELESS = 0.1  # of a batch, its worst: what nobody could read teaches nothing


def loss_of(net: nn.Module, batch: data.Batch) -> tuple[Tensor, float]:
    """The loss of a batch and the share of its strips whose text is right."""
    with loop.half():
        logits, placed = net(torch.from_numpy(batch["pixels"]))
    logits, placed = logits.float(), placed.float()
    wanted, where = map(torch.from_numpy, targets(batch["codes"], batch["places"], logits.shape[1]))
    weight = torch.ones(logits.shape[2])
    weight[0] = 0.5
    each = F.cross_entropy(logits.transpose(1, 2), wanted, weight=weight, ignore_index=-1, reduction="none").mean(1)
    kept = (each <= each.detach().quantile(1 - HOPELESS)).float()
    said = (each * kept).sum() / kept.sum() * 1.5
    codes = torch.from_numpy(batch["codes"].astype(np.int64))
    sizes, frames = (codes > 0).sum(1), torch.full((len(codes),), logits.shape[1])
    chances = logits.log_softmax(2).transpose(0, 1)
    alignments = F.ctc_loss(chances, codes, frames, sizes, zero_infinity=True, reduction="none")
    ctc = (alignments / sizes.clamp(min=1) * kept).sum() / kept.sum()
    there = (wanted > 0)[:, :, None]
    place = (F.smooth_l1_loss(placed, where, reduction="none", beta=0.1) * there).sum() / (there.sum() * 4 + 1)
    return said + 0.3 * ctc + 2.0 * place, _right(logits.argmax(2), codes, sizes)


def _right(best: Tensor, codes: Tensor, sizes: Tensor) -> float:
    """The share of texts that the best alignment says exactly."""
    merged = [torch.unique_consecutive(row) for row in best]
    texts = [row[row > 0] for row in merged]
    right = sum(torch.equal(text, code[:size]) for text, code, size in zip(texts, codes, sizes, strict=True))
    return right / len(codes)


def learn(
    net: nn.Module, rings: Sequence[data.Ring], rng: np.random.Generator, step: int
) -> tuple[Tensor, dict[str, float]]:
    longs, shorts = rings
    is_short = step % SHORT_EVERY == SHORT_EVERY - 1
    batch = shorts.draw(rng, SHORT_BATCH) if is_short else longs.draw(rng, LONG_BATCH)
    augment(rng, batch)
    loss, right = loss_of(net, batch)
    return loss, {"short" if is_short else "long": right}


def main() -> None:
    options = loop.arguments(__doc__, runs="runs/recognize", rate=2.5e-3, ring=12_000)
    long = loop.SampleSource(name="long", render=render_long, shapes=shapes(LONG))
    short = loop.SampleSource(name="short", render=render_short, shapes=shapes(SHORT), share=4)
    loop.fit(Recognizer, [long, short], learn, options, warm=WARM, least=LEAST)


if __name__ == "__main__":
    main()
