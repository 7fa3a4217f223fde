"""What all trainings share: their options, what survives a stop, and the way from step to step."""

from __future__ import annotations

import argparse
import math
import pathlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import checkpoint, command, data, unfold

SAVE_S = 120.0  # a checkpoint so often
SHOW = 50  # a line of figures every so many steps
PICTURES = 48  # on which a model's weights are taken over
Figures = dict[str, float]
Step = Callable[[int], tuple[Tensor, Figures]]  # the step's number -> its loss, and figures to show
Learn = Callable[[nn.Module, Sequence[data.Ring], np.random.Generator, int], tuple[Tensor, Figures]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSource:
    """Samples of one kind: their folder's name, who draws them, their shapes; one in ``share`` of --ring is kept."""

    name: str
    render: data.Render
    shapes: data.Shapes
    share: int = 1


def half() -> Any:
    """The context of a forward pass: bfloat16 where the CPU computes in it (twice as fast or more), else float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))  # noqa: SLF001


def arguments(description: str | None, *, runs: str, rate: float, ring: int) -> argparse.Namespace:
    """The options of a training, from the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--minutes", type=command.positive, default=60, help="how long; the rate falls to its end (default 60)")
    option("--steps", type=command.count, default=1_000_000, help="stop after so many, for tests")
    option("--runs", type=pathlib.Path, default=pathlib.Path(runs), help=f"folder (default {runs})")
    option("--start", type=pathlib.Path, help="a model whose weights to begin with, if nothing is resumed")
    option("--seed", type=command.seed, default=1, help="of weights, samples and their order (default 1)")
    option("--rate", type=command.positive, default=rate, help=f"highest learning rate (default {rate})")
    option("--ring", type=command.count, default=ring, help=f"samples kept (default {ring})")
    option("--renderers", type=command.count, default=1, help="processes that draw (default 1)")
    option("--threads", type=command.count, default=1, help="for the net; one where the machine is shared (default 1)")
    return parser.parse_args()


def fit(
    make: Callable[[], nn.Module],
    sources: Sequence[SampleSource],
    learn: Learn,
    options: argparse.Namespace,
    *,
    warm: int,
    least: int,
) -> None:
    """Trains the net of ``make`` on what ``sources`` draw; ``learn`` is given the net, their rings, a rng, the step.

    The first source is drawn by ``options.renderers`` processes, each other by one. The first step is done when
    ``least`` samples of each are there. Ends the program with a line when a file cannot be used.
    """
    with command.reporting_errors():
        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        training = Training(make(), options.runs)
        _tell_beginning(training, options)
        renderers: list[BaseProcess] = []
        rings = []
        for number, source in enumerate(sources):
            size = options.ring // source.share
            place = data.RingLayout(folder=options.runs / source.name, size=size, shapes=source.shapes)
            rings.append(data.Ring(place))
            workers = 1 if number else options.renderers
            renderers += data.start(source.render, place, seed=options.seed + number, workers=workers)
        rng = np.random.default_rng((options.seed, training.step))
        data.wait(rings, least, renderers)
        training.start(options.start, rings[0].draw(rng, PICTURES)["pixels"])
        run(training, options, lambda step: learn(training.net, rings, rng, step), warm=warm, renderers=renderers)


def _tell_beginning(training: Training, options: argparse.Namespace) -> None:
    if training.step:
        ignored = f"; {options.start} is not used" if options.start else ""
        print(f"{training.path}: goes on from step {training.step}{ignored}", flush=True)
    elif options.start:
        print(f"begins with the weights of {options.start}", flush=True)


class Training:
    """A net on its way: its weights, their moving average, the optimizer, the steps done."""

    def __init__(self, net: nn.Module, runs: pathlib.Path) -> None:
        """Resumes from ``runs``/last.pt when it is there. Raises ValueError when that is no such net's."""
        self.path = runs / "last.pt"
        self.step = 0
        self.net = net.to(memory_format=torch.channels_last)
        ema = torch.optim.swa_utils.get_ema_multi_avg_fn(0.998)
        self.mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=ema, use_buffers=True)
        self.optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.01)
        if self.path.exists():
            state = checkpoint.read(self.path)
            try:
                self.net.load_state_dict(state["net"])
                self.mean.load_state_dict(state["mean"])
                self.optimizer.load_state_dict(state["optimizer"])
                self.step = state["step"]
            except (RuntimeError, KeyError) as error:
                raise ValueError(f"{self.path} is the checkpoint of another net; choose another --runs") from error

    def start(self, model: pathlib.Path | None, pixels: NDArray[np.uint8]) -> None:
        """Takes the weights of ``model``, a file, unless there were steps before; ``pixels`` are samples."""
        if model and not self.step:
            unfold.load(self.net, model, torch.from_numpy(pixels))

    def save(self) -> None:
        """Writes the checkpoint whole or not at all."""
        state = {name: getattr(self, name).state_dict() for name in ("net", "mean", "optimizer")}
        checkpoint.write(self.path, {**state, "step": self.step})

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


def run(
    training: Training,
    options: argparse.Namespace,
    step: Step,
    *,
    warm: int,
    renderers: Sequence[BaseProcess] = (),
) -> None:
    """Steps, at least one, until minutes or steps are over, saving as it goes and when it is stopped.

    The rate rises for ``warm`` steps, then falls as a cosine does. Raises RuntimeError when one of ``renderers``
    ended.
    """
    first, started = training.step, time.monotonic()
    saved, gone, shown = started, 0.0, Figures()
    try:
        while training.step - first < options.steps and gone < options.minutes:
            cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone / options.minutes))
            rate = options.rate * min(1, (training.step - first + 1) / warm) * cosine
            loss, figures = step(training.step)
            training.learn(loss, rate)
            for name, value in {"loss": float(loss.detach()), **figures}.items():
                shown[name] = shown.get(name, value) + 0.02 * (value - shown.get(name, value))
            gone = (time.monotonic() - started) / 60
            if training.step % SHOW == 0:
                _show(training, gone, shown, rate)
            data.watch(renderers)
            if time.monotonic() - saved > SAVE_S:
                saved = time.monotonic()
                training.save()
    finally:
        if training.step > first:
            training.save()
    _show(training, gone, shown, rate)
    print(f"{training.path}: step {training.step}", flush=True)


def _show(training: Training, minutes: float, figures: Figures, rate: float) -> None:
    told = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
    print(f"{minutes:6.1f} min  step {training.step}  rate {rate:.5f}  {told}", flush=True)
