"""The mean of several trainings' weights, which reads better than each of them: a checkpoint to be exported.

    python -m bankcard_ocr.train.mean recognize runs/mean.pt 0.65:runs/recognize/last.pt 0.35:weights/recognize.onnx

Only trainings that came from one another are alike enough. Wortsman et al., "Model soups", 2022.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from . import checkpoint, command, export, unfold

Folded = dict[str, tuple[Tensor, Tensor]]  # a convolution's name -> weight and bias, its batch norm folded into them


def mean(net: nn.Module, parts: Iterable[tuple[float, pathlib.Path]]) -> nn.Module:
    """``net`` with the mean of checkpoints' and exported models' weights; shares sum to 1.

    An exported model may have fewer channels than the parts before it, which went on from it: it counts as they began.
    Raises OSError when a file cannot be read, ValueError when it is another net's, or wider than one before it.
    """
    total: Folded = {}
    widest: Folded = {}
    for share, path in parts:
        for name, found in folded(net, path).items():
            if name in widest and found[0].numel() > widest[name][0].numel():
                raise ValueError(f"{path} has more channels than what was named before it; name it first")
            pair = _grown(found, widest[name]) if name in widest else found
            widest.setdefault(name, found)
            weight, bias = (share * value for value in pair)
            total[name] = (total[name][0] + weight, total[name][1] + bias) if name in total else (weight, bias)
    for name, conv, norm in unfold.layers(net):
        weight, bias = total[name]
        conv.weight.data.copy_(weight)
        if norm is None:
            conv.bias.data.copy_(bias)
        else:
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
            norm.weight.data.fill_(1)
            norm.bias.data.copy_(bias)
    return net.eval()


def _grown(narrow: tuple[Tensor, Tensor], wide: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """``narrow`` with the channels that ``wide`` has beyond it, which nothing of its own looks at."""
    weight, bias = (value.clone() for value in wide)
    outputs, inputs = narrow[0].shape[:2]
    weight[:outputs, :inputs] = narrow[0]
    weight[:outputs, inputs:] = 0
    bias[:outputs] = narrow[1]
    return weight, bias


def folded(net: nn.Module, path: pathlib.Path) -> Folded:
    """The convolutions of a checkpoint of ``net``, or of a model exported from such a net."""
    if path.suffix == ".onnx":
        found = unfold.weights(net, path)
        return {name: (torch.tensor(weight), torch.tensor(bias)) for name, (weight, bias) in found.items()}
    out: Folded = {}
    for name, conv, norm in unfold.layers(checkpoint.averaged(net, path)):
        if norm is None:
            out[name] = conv.weight.data.clone(), conv.bias.data.clone()
            continue
        scale = norm.weight.data / (norm.running_var + norm.eps).sqrt()
        bias = norm.bias.data - norm.running_mean * scale
        out[name] = conv.weight.data * scale[:, None, None, None], bias
    return out


def part(text: str) -> tuple[float, pathlib.Path]:
    """``SHARE:FILE``, for argparse; a share is above 0 and at most 1."""
    share, colon, path = text.partition(":")
    if not (colon and path and 0 < float(share) <= 1):
        raise argparse.ArgumentTypeError(f"{text} is no SHARE:FILE with a share above 0 and at most 1")
    return float(share), pathlib.Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", choices=("recognize", "locate", "holder"))
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("parts", nargs="+", type=part, help="SHARE:FILE, a checkpoint or an exported model")
    options = parser.parse_args()
    if abs(sum(share for share, _ in options.parts) - 1) > 1e-6:
        parser.error("the shares do not sum to 1")
    with command.reporting_errors():
        state = mean(export.bare(options.net), options.parts).state_dict()
        checkpoint.write(options.out, {"mean": {f"module.{name}": value for name, value in state.items()}})


if __name__ == "__main__":
    main()
