"""Trains the locator on scenes photographed from flat cards as it learns.

    python -m bankcard_ocr.train.fit_locate --minutes 60

Resumes from ``runs/locate/last.pt``. Every cell on a thing says where the thing's four corners are and how sure it is of
either end (Laplace likelihood), so the reader can weigh the votes.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import time
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from ..synth import card, render, scene
from . import data
from .fit_recognize import save
from .nets import KINDS, STRIDE, Locator

SIDE = 320
MOST = 12  # things in a scene, at most
WARM = 200
FLATS = 120  # cards a renderer keeps at hand
SHAPES: dict[str, tuple[str, tuple[int, ...]]] = {"pixels": ("uint8", (SIDE, SIDE, 3)), "kinds": ("int8", (MOST,)), "quads": ("float32", (MOST, 4, 2))}

_flats: list[render.Flat] = []  # of this renderer's process


def render_scenes(rng: np.random.Generator) -> Iterator[data.Sample]:
    """Scenes; every call draws a new card into the renderer's stock."""
    for _ in range(1 if len(_flats) >= 12 else 12):
        drawn = render.flat(card.sample(rng), scale=float(rng.uniform(5.0, 7.0)))
        if len(_flats) < FLATS:
            _flats.append(drawn)
        else:
            _flats[int(rng.integers(FLATS))] = drawn
    for _ in range(5):
        shot = scene.sample(rng, _flats, width=SIDE, height=SIDE)
        kinds, quads = np.full(MOST, -1, np.int8), np.zeros((MOST, 4, 2), np.float32)
        for i, thing in enumerate(shot.things[-MOST:]):
            kinds[i] = KINDS.index(thing.kind)
            quads[i] = thing.quad
        yield {"pixels": shot.pixels, "kinds": kinds, "quads": quads}


def targets(kinds: NDArray[np.generic], quads: NDArray[np.generic]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores (N, K, C, C): 1 on a thing's inner part, 0 off it, -1 between; and its corners (N, K, 8, C, C)."""
    cells = SIDE // STRIDE
    score = np.zeros((len(kinds), len(KINDS), cells, cells), np.float32)
    corner = np.zeros((len(kinds), len(KINDS), 8, cells, cells), np.float32)
    y, x = np.mgrid[0:cells, 0:cells].astype(np.float32) * STRIDE + (STRIDE - 1) / 2
    for n in range(len(kinds)):
        for kind, quad in zip(kinds[n], quads[n], strict=True):
            if kind < 0:
                break
            inner, outer = np.zeros((cells, cells), np.uint8), np.zeros((cells, cells), np.uint8)
            at = (quad - (STRIDE - 1) / 2) / STRIDE
            middle = (at + at[[3, 2, 1, 0]]) / 2  # of the start and of the end
            if KINDS[kind] == "card":
                core = at.mean(0) + (at - at.mean(0)) * 0.6
            else:
                core = middle + (at - middle) * 0.5
            _fill(outer, at, 3)
            _fill(inner, core, 1)
            score[n, kind] = np.where(inner > 0, 1, np.where((outer > 0) & (score[n, kind] <= 0), -1, score[n, kind]))
            offsets = (quad.reshape(8, 1, 1) - np.stack([x, y] * 4)) / 32
            corner[n, kind] = np.where(inner > 0, offsets, corner[n, kind])
    return score, corner


def _fill(mask: NDArray[np.uint8], quad: NDArray[np.float32], thick: int) -> None:
    points = np.round(quad * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 1, cv2.LINE_8, 4)
    ends = np.round((quad + quad[[3, 2, 1, 0]]) / 2 * 16).astype(np.int32)
    cv2.line(mask, ends[0].tolist(), ends[1].tolist(), 1, thick, cv2.LINE_8, 4)


def loss_of(net: torch.nn.Module, batch: dict[str, NDArray[np.generic]]) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of a batch, and figures to show: errors of number lines' corners in pixels, and the score loss."""
    out = net(torch.from_numpy(batch["pixels"]))
    score_, corner_ = targets(batch["kinds"], batch["quads"])
    score, corner = torch.from_numpy(score_), torch.from_numpy(corner_)
    logit = out[:, :, 0]
    chance = torch.sigmoid(logit)
    off = (score - chance).abs().detach()
    point = F.binary_cross_entropy_with_logits(logit, score.clamp(min=0), reduction="none") * (0.25 + off**1.5)
    found = (score > 0).sum((0, 2, 3))
    scored = ((point * (score >= 0)).sum((0, 2, 3)) / found.clamp(min=20)).mean()  # a kind of few cells weighs as one of many
    there = (score > 0).float()
    share = there / there.sum((2, 3), keepdim=True).clamp(min=1)  # a large thing weighs as a small one
    spread = out[:, :, 9:11].clamp(-5, 3)
    ends = spread[:, :, [0, 0, 1, 1, 1, 1, 0, 0]]
    far = (out[:, :, 1:9] - corner).abs()
    weight = torch.tensor([0.5, 1.5, 1.0, 1.0])[None, :, None, None]
    placed = ((far * torch.exp(-ends) + ends).sum(2) * share * weight).sum() / len(out) / 4
    across = (across_line(out[:, :, 1:9] - corner, corner) * share * weight).sum() / len(out) / 4
    number = KINDS.index("number")
    error = float((far.detach()[:, number].mean(1) * share[:, number]).sum() * 32 / (share[:, number].sum() + 1e-6))
    right = float(((chance[:, number] > 0.5) & (there[:, number] > 0)).sum() / (there[:, number].sum() + 1e-6))
    return 1.5 * scored + 0.5 * placed + across, {"error": error, "recall": right, "score": float(scored.detach())}


def across_line(error: torch.Tensor, corner: torch.Tensor) -> torch.Tensor:
    """How far corners are off a thing's own lines, in its heights (N, K, C, C): a far end is hard to see, its line is not."""
    along = corner[:, :, 2:4] - corner[:, :, 0:2] + corner[:, :, 4:6] - corner[:, :, 6:8]
    along = along / along.norm(dim=2, keepdim=True).clamp(min=1e-3)
    height = (corner[:, :, 6:8] - corner[:, :, 0:2]).norm(dim=2).clamp(min=0.1)
    off = torch.stack([error[:, :, i] * -along[:, :, 1] + error[:, :, i + 1] * along[:, :, 0] for i in (0, 2, 4, 6)], 2)
    scaled = off / height[:, :, None]
    return F.smooth_l1_loss(scaled, torch.zeros_like(scaled), reduction="none", beta=0.3).sum(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--runs", type=pathlib.Path, default=pathlib.Path("runs/locate"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--ring", type=int, default=8000)
    parser.add_argument("--renderers", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1_000_000, help="stop after so many, for tests")
    args = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed + int(time.time()))
    place = (args.runs / "scenes", args.ring, SHAPES)
    ring = data.Ring(*place)
    data.start(render_scenes, place, seed=args.seed, workers=args.renderers)

    net = Locator().to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.01)
    step, last = 0, args.runs / "last.pt"
    if last.exists():
        state = torch.load(last)
        net.load_state_dict(state["net"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    while ring.filled < 200:
        time.sleep(1)

    started, shown, first = time.monotonic(), {"loss": 3.0, "error": 20.0, "recall": 0.0, "score": 1.0}, step
    saved = started
    while (gone := (time.monotonic() - started) / 60) < args.minutes and step - first < args.steps:
        rate = args.rate * min(1, (step - first + 1) / WARM) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone / args.minutes)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = ring.draw(rng, 16)
        augment(rng, batch)
        loss, figures = loss_of(net, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        mean.update_parameters(net)
        step += 1
        for name, value in {"loss": float(loss.detach()), **figures}.items():
            shown[name] += 0.02 * (value - shown[name])
        if step % 50 == 0:
            print(f"{gone:6.1f} min  step {step}  rate {rate:.5f}  " + "  ".join(f"{k} {v:.3f}" for k, v in shown.items()) + f"  drawn {int(ring.written.sum())}", flush=True)
        if time.monotonic() - saved > 120:
            saved = time.monotonic()
            save(last, net, mean, optimizer, step)
    save(last, net, mean, optimizer, step)


def augment(rng: np.random.Generator, batch: dict[str, NDArray[np.generic]]) -> None:
    """Turns by quarters and recolours a batch in place."""
    quarters = int(rng.choice(4, p=(0.7, 0.1, 0.1, 0.1)))
    pixels, quads = batch["pixels"], batch["quads"]
    for _ in range(quarters):  # counter-clockwise: (x, y) -> (y, side - 1 - x)
        pixels = np.rot90(pixels, 1, (1, 2))
        quads = np.stack([quads[..., 1], SIDE - 1 - quads[..., 0]], -1)
    if rng.random() < 0.15:
        pixels = pixels[..., rng.permutation(3)]
    if rng.random() < 0.05:
        pixels = 255 - pixels  # type: ignore[operator]
    batch["pixels"], batch["quads"] = np.ascontiguousarray(pixels), np.ascontiguousarray(quads)


if __name__ == "__main__":
    main()
