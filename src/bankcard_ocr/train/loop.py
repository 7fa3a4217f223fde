"""What both trainings share: their options, what survives a stop, and the way from step to step."""

from __future__ import annotations

import argparse
import math
import pathlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import unfold

SAVE_S = 120.0  # a checkpoint so often
SHOW = 50  # a line of figures every so many steps
Step = Callable[[int], tuple[Tensor, dict[str, float]]]  # the step's number -> its loss, and figures to show


def half() -> Any:
    """The context of a forward pass: bfloat16 where the CPU computes in it (twice as fast or more), else float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))  # noqa: SLF001


def arguments(description: str | None, *, runs: str, rate: float, ring: int) -> argparse.Namespace:
    """The options of a training, from the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="how long; the rate falls to its end (default 60)")
    parser.add_argument("--steps", type=int, default=1_000_000, help="stop after so many, for tests")
    parser.add_argument("--runs", type=pathlib.Path, default=pathlib.Path(runs), help=f"folder (default {runs})")
    parser.add_argument("--start", type=pathlib.Path, help="a model whose weights to begin with, if nothing is resumed")
    parser.add_argument("--seed", type=int, default=1, help="of weights, samples and their order (default 1)")
    parser.add_argument("--rate", type=float, default=rate, help=f"highest learning rate (default {rate})")
    parser.add_argument("--ring", type=int, default=ring, help=f"samples kept (default {ring})")
    parser.add_argument("--renderers", type=int, default=1, help="processes that draw (default 1)")
    parser.add_argument(
        "--threads", type=int, default=1, help="for the net; one where the machine is shared (default 1)"
    )
    return parser.parse_args()


class Training:
    """A net on its way: its weights, their moving average, the optimizer, the steps done."""

    def __init__(self, net: nn.Module, runs: pathlib.Path) -> None:
        """Resumes from ``runs``/last.pt when it is there. Ends the program when that is another net's."""
        self.path = runs / "last.pt"
        self.step = 0
        self.net = net.to(memory_format=torch.channels_last)
        ema = torch.optim.swa_utils.get_ema_multi_avg_fn(0.998)
        self.mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=ema, use_buffers=True)
        self.optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.01)
        if self.path.exists():
            state = torch.load(self.path)
            try:
                self.net.load_state_dict(state["net"])
            except RuntimeError as error:
                raise SystemExit(f"{self.path} is the checkpoint of another net; choose another --runs") from error
            self.mean.load_state_dict(state["mean"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def start(self, model: pathlib.Path | None, pixels: NDArray[np.uint8]) -> None:
        """Takes the weights of ``model``, a file, unless there were steps before; ``pixels`` are samples."""
        if model and not self.step:
            unfold.load(self.net, model, torch.from_numpy(pixels))

    def save(self) -> None:
        """Writes the checkpoint whole or not at all."""
        state = {name: getattr(self, name).state_dict() for name in ("net", "mean", "optimizer")}
        torch.save({**state, "step": self.step}, self.path.with_suffix(".tmp"))
        self.path.with_suffix(".tmp").replace(self.path)

    def learn(self, loss: Tensor, rate: float) -> None:
        """One step down ``loss``."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.mean.update_parameters(self.net)
        self.step += 1


def run(training: Training, options: argparse.Namespace, step: Step, *, warm: int) -> None:
    """Steps until minutes or steps are over, saving as it goes; ``warm`` steps of rising rate, then a cosine down."""
    first, started = training.step, time.monotonic()
    saved, shown = started, dict[str, float]()
    while training.step - first < options.steps:
        gone = (time.monotonic() - started) / 60
        if gone >= options.minutes:
            break
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone / options.minutes))
        rate = options.rate * min(1, (training.step - first + 1) / warm) * cosine
        loss, figures = step(training.step)
        training.learn(loss, rate)
        for name, value in {"loss": float(loss.detach()), **figures}.items():
            shown[name] = shown.get(name, value) + 0.02 * (value - shown.get(name, value))
        if training.step % SHOW == 0:
            told = "  ".join(f"{name} {value:.3f}" for name, value in shown.items())
            print(f"{gone:6.1f} min  step {training.step}  rate {rate:.5f}  {told}", flush=True)
        if time.monotonic() - saved > SAVE_S:
            saved = time.monotonic()
            training.save()
    training.save()
