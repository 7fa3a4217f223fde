"""Checkpoints to ONNX files that explain themselves, checked against torch.

    python -m bankcard_ocr.train.export recognize runs/recognize/last.pt src/bankcard_ocr/vision/weights/recognize.onnx
    python -m bankcard_ocr.train.export locate    runs/locate/last.pt    src/bankcard_ocr/vision/weights/locate.onnx
    python -m bankcard_ocr.train.export holder    runs/holder/last.pt    src/bankcard_ocr/vision/weights/holder.onnx

Batch norms are folded into the convolutions by the exporter; then convolutions become 8-bit integers, and the stem is
made fast (``stem.py``).
"""

from __future__ import annotations

import argparse
import itertools
import pathlib
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from ..synth import strip
from ..vision import locate, recognize
from ..vision.model import Model
from . import checkpoint, command, data, scenes, stem, strips
from .nets import Locator, Recognizer, reader_of_names

PARITY = 2e-3  # probabilities or pixels: what float32 sums in another order may differ by
SAMPLES = 300  # pictures from which the ranges of activations are taken
_NET = "/net/"  # how the names of a net's own nodes begin; what its file adds to it stays in float
SEED = 90_210  # of these pictures, far from those of trainings


class RecognizerFile(nn.Module):
    """Probabilities and places in pixels, as ``vision.recognize`` wants them."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        logits, place = self.net(pixels)
        x = torch.arange(logits.shape[1], dtype=torch.float32) * recognize.STRIDE + (recognize.STRIDE - 1) / 2
        y, zero = torch.full_like(x, strip.HEIGHT / 2), torch.zeros_like(x)
        return logits.softmax(2), place * strips.UNIT + torch.stack([x, y, zero, zero], 1)


class LocatorFile(nn.Module):
    """Scores as probabilities, spreads within bounds."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> Tensor:
        out = self.net(pixels)
        return torch.cat([torch.sigmoid(out[:, :, :1]), out[:, :, 1:9], out[:, :, 9:11].clamp(-5, 3)], 2)


def bare(net: str) -> nn.Module:
    """The net called ``recognize``, ``locate`` or ``holder``, untrained."""
    if net == "holder":
        return reader_of_names()
    return Locator() if net == "locate" else Recognizer()


class _Drawn(CalibrationDataReader):
    """Pictures from which the ranges of activations are taken."""

    def __init__(self, pictures: Iterator[NDArray[np.uint8]]) -> None:
        self.pictures = pictures

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self.pictures, None)
        return None if picture is None else {stem.INPUT: picture[None]}


def quantized(model: pathlib.Path, pictures: Iterator[NDArray[np.uint8]]) -> None:
    """Turns the convolutions of ``model``, a file, into 8-bit integers; ranges come from ``pictures``.

    Weights have 7 bits, so that sums of two products fit into 16 bits and every CPU computes the same.
    """
    quantize_static(
        model,
        model,
        _Drawn(pictures),
        activation_type=QuantType.QUInt8,  # signed ones would keep every ReLU, and half of the convolutions in float
        per_channel=True,
        reduce_range=True,
        op_types_to_quantize=["Conv", "Add", "Relu", "Resize"],
        nodes_to_exclude=[node.name for node in onnx.load(model).graph.node if not node.name.startswith(_NET)],
        extra_options={"CalibMovingAverage": True},
    )


def exported(net: str, trained: pathlib.Path, out: pathlib.Path, *, samples: int = SAMPLES) -> float:
    """Writes the model file of a checkpoint, whole or not at all.

    Returns the mean difference that 8 bits make, in probabilities and pixels. ``samples`` pictures are drawn to take
    the ranges of activations from. Raises OSError when a file cannot be read or written, ValueError when ``trained``
    is no such net's checkpoint, or when the graph, before it is quantized, computes anything else than torch does.
    """
    wrapped, spec = _wrapped(net, trained)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=out.parent) as folder:
        made = pathlib.Path(folder) / out.name
        _write_floats(wrapped, spec, made)
        quant_pre_process(made, made, skip_symbolic_shape=True)
        quantized(made, itertools.islice(spec.pictures, samples))
        model = onnx.load(made)
        helper.set_model_props(model, {**spec.facts, **stem.optimized(model)})
        model.producer_name = "bankcard-ocr"
        onnx.save(model, made)
        got = Model(net, data=made.read_bytes()).run(spec.example.numpy())
        made.replace(out)
    return float(_differences(wrapped, spec.example, got).mean())


def _write_floats(wrapped: nn.Module, spec: _Spec, out: pathlib.Path) -> None:
    """Writes the model before it is quantized. Raises ValueError when it computes anything else than torch does."""
    options: dict[str, Any] = {"input_names": [stem.INPUT], "opset_version": 17, "dynamo": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that folds batch norms is the older one, and says so
        torch.onnx.export(wrapped, (spec.example,), out, output_names=spec.names, dynamic_axes=spec.axes, **options)
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    got = session.run(None, {stem.INPUT: spec.example.numpy()})
    if (worst := _differences(wrapped, spec.example, got).max()) > PARITY:
        raise ValueError(f"the exported graph is off by {worst:.4f}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spec:
    """What the exporter must know of a net: an input, its outputs' names, which axes vary, facts, samples."""

    example: Tensor
    names: list[str]
    axes: dict[str, dict[int, str]]
    facts: dict[str, str]
    pictures: Iterator[NDArray[np.uint8]]


def _wrapped(net: str, trained: pathlib.Path) -> tuple[nn.Module, _Spec]:
    if net != "locate":
        alphabet = strips.NAMES if net == "holder" else strips.ALPHABET
        frames = {0: "n", 1: "frames"}
        return RecognizerFile(checkpoint.averaged(bare(net), trained)).eval(), _Spec(
            example=torch.randint(0, 255, (2, strip.HEIGHT, recognize.LONG, 3), dtype=torch.uint8),
            names=["probabilities", "places"],
            axes={stem.INPUT: {0: "n", 2: "width"}, "probabilities": frames, "places": frames},
            facts={
                "alphabet": alphabet[1:],
                "height": str(strip.HEIGHT),
                "stride": str(recognize.STRIDE),
                "blank": "first",
            },
            pictures=_drawn(strips.render_holders if net == "holder" else strips.render_long),
        )
    return LocatorFile(checkpoint.averaged(bare(net), trained)).eval(), _Spec(
        example=torch.randint(0, 255, (1, 256, scenes.SIDE, 3), dtype=torch.uint8),
        names=["maps"],
        axes={stem.INPUT: {0: "n", 1: "height", 2: "width"}, "maps": {0: "n", 3: "rows", 4: "columns"}},
        facts={"kinds": ",".join(locate.KINDS), "side": str(scenes.SIDE), "stride": str(locate.STRIDE)},
        pictures=_drawn(scenes.SceneRenderer()),
    )


def _drawn(render: data.Render) -> Iterator[NDArray[np.uint8]]:
    """Pictures as the net learned from, without end."""
    for seed in itertools.count():
        yield from (sample["pixels"] for sample in render(np.random.default_rng((SEED, seed))))


def _differences(wrapped: nn.Module, example: Tensor, got: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The differences between what torch computes of ``example`` and what a model ``got``, all outputs in one row."""
    with torch.no_grad():
        expected = wrapped(example)
    expected = expected if isinstance(expected, tuple) else (expected,)
    return np.concatenate([np.abs(a.numpy() - b).ravel() for a, b in zip(expected, got, strict=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", choices=("recognize", "locate", "holder"))
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    with command.reporting_errors():
        mean = exported(options.net, options.checkpoint, options.out)
        size = options.out.stat().st_size / 1e6
    print(f"{options.out.name}: {size:.2f} MB, 8 bits make a mean difference of {mean:.4f}")


if __name__ == "__main__":
    main()
