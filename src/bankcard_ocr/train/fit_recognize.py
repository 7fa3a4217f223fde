"""Trains the recognizer on strips drawn as it learns.

    python -m bankcard_ocr.train.fit_recognize --minutes 60

Resumes from ``runs/recognize/last.pt``. Loss: cross-entropy a frame, from the known middles of the characters, plus
0.3 CTC (CTC alone stays on the blank plateau), plus the characters' places.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from ..synth import strip
from . import data
from .nets import ALPHABET, Recognizer

LONG, SHORT = 480, 160  # widths of a number's strip and of a date's
MOST = 24  # characters on a strip, at most
WARM = 300  # steps


def shapes(width: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The arrays of one sample."""
    return {"pixels": ("uint8", (48, width, 3)), "codes": ("int16", (MOST,)), "places": ("float32", (MOST, 4))}


def render_long(rng: np.random.Generator) -> Iterator[data.Sample]:
    """Strips of whole numbers."""
    return (_sample(s) for s in strip.samples(rng, LONG, lines=3, shots=2))


def render_short(rng: np.random.Generator) -> Iterator[data.Sample]:
    """Strips of dates and of a few digits."""
    return (_sample(s) for s in strip.samples(rng, SHORT, lines=3, shots=2))


def _sample(drawn: strip.Strip) -> data.Sample:
    codes, places = np.zeros(MOST, np.int16), np.zeros((MOST, 4), np.float32)
    count = min(MOST, len(drawn.text))
    codes[:count] = [ALPHABET.index(char) for char in drawn.text[:count]]
    places[:count] = drawn.places[:count]
    return {"pixels": drawn.pixels, "codes": codes, "places": places}


def augment(rng: np.random.Generator, batch: dict[str, NDArray[np.generic]]) -> None:
    """Moves and recolours a batch in place, cheaper than drawing anew."""
    pixels, places = batch["pixels"], batch["places"]
    count = len(pixels)
    for i in range(count):
        dx, dy = int(rng.integers(-8, 9)), int(rng.integers(-3, 4))
        pixels[i] = np.roll(np.roll(pixels[i], dx, 1), dy, 0)
        pixels[i][:, :dx] = pixels[i][:, dx : dx + 1] if dx > 0 else pixels[i][:, :dx]
        if dx < 0:
            pixels[i][:, dx:] = pixels[i][:, dx - 1 : dx]
        if dy > 0:
            pixels[i][:dy] = pixels[i][dy : dy + 1]
        if dy < 0:
            pixels[i][dy:] = pixels[i][dy - 1 : dy]
        places[i, :, 0] += dx
        places[i, :, 1] += dy
    if rng.random() < 0.06:
        np.subtract(255, pixels, out=pixels)  # type: ignore[call-overload]
    if rng.random() < 0.15:
        batch["pixels"] = np.ascontiguousarray(pixels[..., rng.permutation(3)])


def targets(codes: NDArray[np.generic], places: NDArray[np.generic], frames: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What each frame should say (-1: nothing is asked of it) and where its character stands."""
    count = len(codes)
    wanted, where = np.zeros((count, frames), np.int64), np.zeros((count, frames, 4), np.float32)
    x = np.arange(frames) * 4 + 1.5
    for i in range(count):
        size = int((codes[i] > 0).sum())
        middles = places[i, :size, 0]
        pitch = np.diff(middles)
        room = np.minimum(np.append(pitch, 30), np.insert(pitch, 0, 30)) if size > 1 else np.full(size, 30.0)
        far = np.abs(x[:, None] - middles[None]) / np.maximum(room, 8)[None]
        near = far.argmin(1)
        least = far[np.arange(frames), near]
        wanted[i] = np.where(least < 0.27, codes[i, near], np.where(least < 0.36, -1, 0))
        place = places[i, near]
        where[i] = np.stack([place[:, 0] - x, place[:, 1] - 24, place[:, 2], place[:, 3]], 1) / 24
    return wanted, where


def loss_of(net: torch.nn.Module, batch: dict[str, NDArray[np.generic]]) -> tuple[torch.Tensor, float]:
    """The loss of a batch and the share of its strips whose every frame's text is right."""
    logits, placed = net(torch.from_numpy(batch["pixels"]))
    wanted_, where_ = targets(batch["codes"], batch["places"], logits.shape[1])
    wanted, where = torch.from_numpy(wanted_), torch.from_numpy(where_)
    weight = torch.ones(len(ALPHABET))
    weight[0] = 0.5
    frame = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), weight=weight, ignore_index=-1, label_smoothing=0.01)
    codes = torch.from_numpy(batch["codes"].astype(np.int64))
    sizes = (codes > 0).sum(1)
    ctc = F.ctc_loss(logits.log_softmax(2).transpose(0, 1), codes, torch.full((len(codes),), logits.shape[1]), sizes, zero_infinity=True)
    there = (wanted > 0)[:, :, None]
    place = (F.smooth_l1_loss(placed, where, reduction="none", beta=0.1) * there).sum() / (there.sum() * 4 + 1)
    best = logits.argmax(2)
    right = sum(torch.equal(torch.unique_consecutive(row)[torch.unique_consecutive(row) > 0], code[:n]) for row, code, n in zip(best, codes, sizes, strict=True))
    return frame + 0.3 * ctc + 2.0 * place, int(right) / len(codes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--runs", type=pathlib.Path, default=pathlib.Path("runs/recognize"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--ring", type=int, default=12000)
    parser.add_argument("--renderers", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1_000_000, help="stop after so many, for tests")
    args = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed + int(time.time()))
    long = (args.runs / "long", args.ring, shapes(LONG))
    short = (args.runs / "short", args.ring // 4, shapes(SHORT))
    rings = data.Ring(*long), data.Ring(*short)
    data.start(render_long, long, seed=args.seed, workers=args.renderers)
    data.start(render_short, short, seed=args.seed + 1, workers=1)

    net = Recognizer().to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.01)
    step, last = 0, args.runs / "last.pt"
    if last.exists():
        state = torch.load(last)
        net.load_state_dict(state["net"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    while min(ring.filled for ring in rings) < 400:
        time.sleep(1)

    started, shown, first = time.monotonic(), {"loss": 3.0, "long": 0.0, "short": 0.0}, step
    saved = started
    while (gone := (time.monotonic() - started) / 60) < args.minutes and step - first < args.steps:
        rate = args.rate * min(1, (step - first + 1) / WARM) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone / args.minutes)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        is_short = step % 6 == 5
        batch = rings[is_short].draw(rng, 64 if is_short else 24)
        augment(rng, batch)
        loss, right = loss_of(net, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        mean.update_parameters(net)
        step += 1
        shown["loss"] += 0.02 * (float(loss.detach()) - shown["loss"])
        kind = "short" if is_short else "long"
        shown[kind] += 0.02 * (right - shown[kind])
        if step % 50 == 0:
            drawn = [int(ring.written.sum()) for ring in rings]
            print(f"{gone:6.1f} min  step {step}  rate {rate:.5f}  " + "  ".join(f"{k} {v:.3f}" for k, v in shown.items()) + f"  drawn {drawn}", flush=True)
        if time.monotonic() - saved > 120:
            saved = time.monotonic()
            save(last, net, mean, optimizer, step)
    save(last, net, mean, optimizer, step)


def save(path: pathlib.Path, net: torch.nn.Module, mean: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Writes a checkpoint whole or not at all."""
    state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


if __name__ == "__main__":
    main()
