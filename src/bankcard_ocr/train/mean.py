"""The mean of several trainings' weights, which reads better than each of them: a checkpoint to be exported.

    python -m bankcard_ocr.train.mean recognize runs/mean.pt 0.65:runs/recognize/last.pt 0.35:weights/recognize.onnx

Only trainings that came from one another are alike enough. Wortsman et al., "Model soups", 2022.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Iterable, Iterator

import onnx
import torch
from torch import Tensor, nn

from . import export, unfold

Folded = dict[str, tuple[Tensor, Tensor]]  # a convolution's name -> weight and bias, its batch norm folded into them


def mean(net: nn.Module, parts: Iterable[tuple[float, pathlib.Path]]) -> nn.Module:
    """``net`` with the mean of checkpoints' and exported models' weights; shares sum to 1.

    An exported model may have fewer channels than the parts before it, which went on from it: it counts as they began.
    """
    total: Folded = {}
    widest: Folded = {}
    for share, path in parts:
        for name, found in folded(net, path).items():
            pair = _grown(found, widest[name]) if name in widest else found
            widest.setdefault(name, found)
            weight, bias = (share * value for value in pair)
            total[name] = (total[name][0] + weight, total[name][1] + bias) if name in total else (weight, bias)
    for name, conv, norm in _convolutions(net):
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
        found = unfold.convolutions(onnx.load(path).graph)
        return {name: (torch.tensor(weight), torch.tensor(bias)) for name, (weight, bias) in found.items()}
    out: Folded = {}
    for name, conv, norm in _convolutions(export.averaged(net, path)):
        if norm is None:
            out[name] = conv.weight.data.clone(), conv.bias.data.clone()
            continue
        scale = norm.weight.data / (norm.running_var + norm.eps).sqrt()
        bias = norm.bias.data - norm.running_mean * scale
        out[name] = conv.weight.data * scale[:, None, None, None], bias
    return out


def _convolutions(net: nn.Module) -> Iterator[tuple[str, nn.Conv2d, nn.BatchNorm2d | None]]:
    """Each convolution with the batch norm behind it; one that has a bias has none."""
    norms = iter(module for module in net.modules() if isinstance(module, nn.BatchNorm2d))
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            yield name, module, None if module.bias is not None else next(norms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", choices=("recognize", "locate", "holder"))
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("parts", nargs="+", help="SHARE:FILE, a checkpoint or an exported model")
    options = parser.parse_args()
    parts = [(float(share), pathlib.Path(path)) for share, _, path in (part.partition(":") for part in options.parts)]
    if abs(sum(share for share, _ in parts) - 1) > 1e-6:
        parser.error("the shares do not sum to 1")
    state = mean(export.bare(options.net), parts).state_dict()
    torch.save({"mean": {f"module.{name}": value for name, value in state.items()}}, options.out)


if __name__ == "__main__":
    main()
