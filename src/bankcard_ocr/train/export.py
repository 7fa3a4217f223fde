"""Checkpoints to ONNX files that explain themselves, checked against torch.

    python -m bankcard_ocr.train.export recognize runs/recognize/last.pt src/bankcard_ocr/vision/weights/recognize.onnx
    python -m bankcard_ocr.train.export locate    runs/locate/last.pt    src/bankcard_ocr/vision/weights/locate.onnx

Batch norms are folded into the convolutions by the exporter, weights are stored as float16 and widened at load.
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from .nets import ALPHABET, KINDS, Locator, Recognizer

SIDE = 320  # the locator's longer side


class RecognizerFile(nn.Module):
    """Probabilities and places in pixels, as ``vision.recognize`` wants them."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        logits, place = self.net(pixels)
        x = torch.arange(logits.shape[1], dtype=torch.float32) * 4 + 1.5
        start = torch.stack([x, torch.full_like(x, 24.0), torch.zeros_like(x), torch.zeros_like(x)], 1)
        return logits.softmax(2), place * 24 + start


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("net", choices=("recognize", "locate"))
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()

    if args.net == "recognize":
        wrapped: nn.Module = RecognizerFile(averaged(Recognizer(), args.checkpoint))
        example = torch.randint(0, 255, (2, 48, 480, 3), dtype=torch.uint8)
        axes = {"pictures": {0: "n", 2: "width"}, "probabilities": {0: "n", 1: "frames"}, "places": {0: "n", 1: "frames"}}
        names = ["probabilities", "places"]
        facts = {"alphabet": ALPHABET[1:], "height": "48", "stride": "4", "blank": "first"}
    else:
        wrapped = LocatorFile(averaged(Locator(), args.checkpoint))
        example = torch.randint(0, 255, (1, 256, SIDE, 3), dtype=torch.uint8)
        axes = {"pictures": {0: "n", 1: "height", 2: "width"}, "maps": {0: "n", 3: "rows", 4: "columns"}}
        names = ["maps"]
        facts = {"kinds": ",".join(KINDS), "side": str(SIDE), "stride": "8"}
    wrapped.eval()
    torch.onnx.export(wrapped, (example,), args.out, input_names=["pictures"], output_names=names, dynamic_axes=axes, opset_version=17, dynamo=False)
    model = onnx.load(args.out)
    helper.set_model_props(model, {**facts, "colour": "RGB", "normalisation": "in the graph: each picture's own mean and deviation"})
    model.producer_name = "bankcard-ocr"
    onnx.save(halved(model), args.out)

    session = onnxruntime.InferenceSession(str(args.out), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = wrapped(example)
    expected = expected if isinstance(expected, tuple) else (expected,)
    got = session.run(None, {"pictures": example.numpy()})
    worst = max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, got, strict=True))
    print(f"{args.out.name}: {args.out.stat().st_size / 1e6:.2f} MB, worst difference from torch {worst:.4f}")


if __name__ == "__main__":
    main()
