"""Trains the locator on scenes photographed from flat cards as it learns.

    python -m bankcard_ocr.train.fit_locate --minutes 60

Resumes from ``runs/locate/last.pt``. Every cell on a thing says where the thing's four corners are and how sure it is
of either end (Laplace likelihood), so the reader can weigh the votes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from ..vision.locate import KINDS, UNIT
from . import data, loop
from .nets import Locator
from .scenes import SHAPES, SceneRenderer, augment, targets

WARM = 200  # steps
LEAST = 200  # scenes drawn before the first step
BATCH = 16
WEIGHTS = (0.5, 1.5, 1.0, 1.0)  # of the KINDS' places
NUMBER = KINDS.index("number")


def loss_of(net: nn.Module, batch: data.Batch) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and figures to show: of number lines the corners' error in pixels and the cells found."""
    with loop.half():
        out = net(torch.from_numpy(batch["pixels"]))
    out = out.float()
    score, corner = map(torch.from_numpy, targets(batch["kinds"], batch["quads"]))
    logits, corners, spreads = out[:, :, 0], out[:, :, 1:9], out[:, :, 9:11]
    scored = score_loss(logits, score)
    there = (score > 0).float()
    share = there / there.sum((2, 3), keepdim=True).clamp(min=1)  # a large thing weighs as a small one
    weight = share * torch.tensor(WEIGHTS)[None, :, None, None]
    spread = spreads.clamp(-5, 3)
    ends = spread[:, :, [0, 0, 1, 1, 1, 1, 0, 0]]
    far = (corners - corner).abs()
    placed = ((far * torch.exp(-ends) + ends).sum(2) * weight).sum() / len(out) / 4
    across = (across_line(corners - corner, corner) * weight).sum() / len(out) / 4
    figures = {
        "error": float((far.detach()[:, NUMBER].mean(1) * share[:, NUMBER]).sum() * UNIT / _count(share)),
        "recall": float(((logits[:, NUMBER] > 0) & (there[:, NUMBER] > 0)).sum() / _count(there)),
        "score": float(scored.detach()),
    }
    return 1.5 * scored + 0.5 * placed + across, figures


def _count(cells: Tensor) -> float:
    return float(cells[:, NUMBER].sum()) + 1e-6


def score_loss(logits: Tensor, score: Tensor) -> Tensor:
    """Focal cross-entropy of the cells that are on or off a thing; a kind of few cells weighs as one of many."""
    off = (score - torch.sigmoid(logits)).abs().detach()
    point = F.binary_cross_entropy_with_logits(logits, score.clamp(min=0), reduction="none") * (0.25 + off**1.5)
    found = (score > 0).sum((0, 2, 3))
    return ((point * (score >= 0)).sum((0, 2, 3)) / found.clamp(min=20)).mean()


def across_line(error: Tensor, corner: Tensor) -> Tensor:
    """How far corners are off a thing's own lines, in its heights (N, K, C, C).

    A far end is hard to see, the line that it is on is not.
    """
    along = corner[:, :, 2:4] - corner[:, :, 0:2] + corner[:, :, 4:6] - corner[:, :, 6:8]
    along = along / along.norm(dim=2, keepdim=True).clamp(min=1e-3)
    height = (corner[:, :, 6:8] - corner[:, :, 0:2]).norm(dim=2).clamp(min=0.1)
    x, y = along[:, :, 0], along[:, :, 1]
    off = torch.stack([error[:, :, i] * -y + error[:, :, i + 1] * x for i in (0, 2, 4, 6)], 2)
    scaled = off / height[:, :, None]
    return F.smooth_l1_loss(scaled, torch.zeros_like(scaled), reduction="none", beta=0.3).sum(2)


def learn(
    net: nn.Module, rings: Sequence[data.Ring], rng: np.random.Generator, _: int
) -> tuple[Tensor, dict[str, float]]:
    batch = rings[0].draw(rng, BATCH)
    augment(rng, batch)
    return loss_of(net, batch)


def main() -> None:
    options = loop.arguments(__doc__, runs="runs/locate", rate=2e-3, ring=8000)
    drawn = loop.SampleSource(name="scenes", render=SceneRenderer(), shapes=SHAPES)
    loop.fit(Locator, [drawn], learn, options, warm=WARM, least=LEAST)


if __name__ == "__main__":
    main()
