"""Checkpoints to ONNX files that explain themselves, checked against torch.

    python -m bankcard_ocr.train.export recognize runs/recognize/last.pt src/bankcard_ocr/vision/weights/recognize.onnx
    python -m bankcard_ocr.train.export locate    runs/locate/last.pt    src/bankcard_ocr/vision/weights/locate.onnx
    python -m bankcard_ocr.train.export holder    runs/holder/last.pt    src/bankcard_ocr/vision/weights/holder.onnx

Batch norms are folded into the convolutions by the exporter, weights are stored as float16 and widened at load.
"""

from __future__ import annotations

import argparse
import pathlib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ..synth import strip
from . import scenes, strips
from .nets import Locator, Recognizer

PARITY = 2e-3  # probabilities or pixels: what float32 sums in another order may differ by


class RecognizerFile(nn.Module):
    """Probabilities and places in pixels, as ``vision.recognize`` wants them."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        logits, place = self.net(pixels)
        x = torch.arange(logits.shape[1], dtype=torch.float32) * strips.STRIDE + (strips.STRIDE - 1) / 2
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


def averaged(net: nn.Module, checkpoint: pathlib.Path) -> nn.Module:
    """``net`` with the moving average of the checkpoint's weights."""
    state = torch.load(checkpoint, map_location="cpu")["mean"]
    net.load_state_dict({name.removeprefix("module."): value for name, value in state.items() if name != "n_averaged"})
    return net.eval()


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """``model`` with its large weights stored as float16 and cast on load."""
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 256:
            continue
        model.graph.initializer.remove(tensor)
        stored = numpy_helper.from_array(values.astype(np.float16), tensor.name + "_half")
        model.graph.initializer.append(stored)
        model.graph.node.insert(0, helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
    return model


def exported(net: str, checkpoint: pathlib.Path, out: pathlib.Path) -> float:
    """Writes the model file and returns the worst difference from torch, in probabilities or pixels.

    Raises ValueError when the exported graph, its weights not yet halved, computes anything else than torch does.
    """
    wrapped, spec = _wrapped(net, checkpoint)
    options: dict[str, Any] = {"input_names": ["pictures"], "opset_version": 17, "dynamo": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that folds batch norms is the older one, and says so
        torch.onnx.export(wrapped, (spec.example,), out, output_names=spec.names, dynamic_axes=spec.axes, **options)
    model = onnx.load(out)
    facts = {**spec.facts, "colour": "RGB", "normalisation": "in the graph: each picture's own mean and deviation"}
    helper.set_model_props(model, facts)
    model.producer_name = "bankcard-ocr"
    if (worst := _difference(wrapped, model, spec.example)) > PARITY:
        raise ValueError(f"the exported graph is off by {worst:.4f}")
    onnx.save(halved(model), out)
    return _difference(wrapped, onnx.load(out), spec.example)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spec:
    """What the exporter must know of a net: an input, its outputs' names, which axes vary, and the file's facts."""

    example: Tensor
    names: list[str]
    axes: dict[str, dict[int, str]]
    facts: dict[str, str]


def _wrapped(net: str, checkpoint: pathlib.Path) -> tuple[nn.Module, _Spec]:
    if net != "locate":
        alphabet = strips.NAMES if net == "holder" else strips.ALPHABET
        frames = {0: "n", 1: "frames"}
        return RecognizerFile(averaged(Recognizer(alphabet), checkpoint)).eval(), _Spec(
            example=torch.randint(0, 255, (2, strip.HEIGHT, strips.LONG, 3), dtype=torch.uint8),
            names=["probabilities", "places"],
            axes={"pictures": {0: "n", 2: "width"}, "probabilities": frames, "places": frames},
            facts={
                "alphabet": alphabet[1:],
                "height": str(strip.HEIGHT),
                "stride": str(strips.STRIDE),
                "blank": "first",
            },
        )
    return LocatorFile(averaged(Locator(), checkpoint)).eval(), _Spec(
        example=torch.randint(0, 255, (1, 256, scenes.SIDE, 3), dtype=torch.uint8),
        names=["maps"],
        axes={"pictures": {0: "n", 1: "height", 2: "width"}, "maps": {0: "n", 3: "rows", 4: "columns"}},
        facts={"kinds": ",".join(scenes.KINDS), "side": str(scenes.SIDE), "stride": str(scenes.STRIDE)},
    )


def _difference(wrapped: nn.Module, model: onnx.ModelProto, example: Tensor) -> float:
    """The largest difference between what torch and the model compute."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    got = session.run(None, {"pictures": example.numpy()})
    with torch.no_grad():
        expected = wrapped(example)
    expected = expected if isinstance(expected, tuple) else (expected,)
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, got, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", choices=("recognize", "locate", "holder"))
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    worst = exported(options.net, options.checkpoint, options.out)
    size = options.out.stat().st_size / 1e6
    print(f"{options.out.name}: {size:.2f} MB, worst difference from torch {worst:.4f}")


if __name__ == "__main__":
    main()
