"""From an exported file back to a net that can learn on, for a machine that has the models and no checkpoint."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any, cast

import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from . import stem

Convolutions = dict[str, tuple[NDArray[Any], NDArray[Any]]]  # a module's name -> weight and bias


def load(net: nn.Module, model: pathlib.Path, pixels: Tensor) -> None:
    """Gives ``net`` the weights of ``model``, a file that ``train.export`` wrote for such a net.

    The exporter folded every batch norm into its convolution. Each gets back what undoes the mean and the deviation of
    its inputs, taken from ``pixels`` (N, H, W, 3), so that the net computes what the model does, learning or not.
    Where ``net`` has more channels, the new ones begin as they are, and nothing that was there looks at them yet.
    Raises as :func:`weights`.
    """
    found = weights(net, model)
    hooks = []
    with torch.no_grad():
        for name, conv, norm in layers(net):
            weight, bias = map(torch.tensor, found[name])
            outputs, inputs = weight.shape[:2]
            conv.weight[:outputs, :inputs] = weight
            conv.weight[:outputs, inputs:] = 0
            bias = nn.functional.pad(bias, (0, len(conv.weight) - outputs))
            if norm is None:
                conv.bias.copy_(bias)
            else:
                hooks.append(norm.register_forward_pre_hook(_Undone(bias)))
        net.eval()(pixels)
    for hook in hooks:
        hook.remove()
    net.train()


def layers(net: nn.Module) -> Iterator[tuple[str, nn.Conv2d, nn.BatchNorm2d | None]]:
    """Each convolution with its name and the batch norm behind it; one that has a bias has none."""
    norms = iter(module for module in net.modules() if isinstance(module, nn.BatchNorm2d))
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            yield name, module, None if module.bias is not None else next(norms)


def weights(net: nn.Module, model: pathlib.Path) -> Convolutions:
    """The convolutions of ``model``, a file that ``train.export`` wrote for ``net`` or a narrower one, by their names.

    Raises OSError when it cannot be read, ValueError when it is no model, or another net's.
    """
    try:
        found = convolutions(onnx.load(model).graph)
    except (DecodeError, KeyError, IndexError) as error:
        raise ValueError(f"{model} is no model that was exported") from error
    convs = {name: conv for name, conv, _ in layers(net)}
    if set(convs) != set(found) or not all(_holds(conv, found[name][0]) for name, conv in convs.items()):
        raise ValueError(f"{model} was made from another net")
    return found


def _holds(conv: nn.Conv2d, narrow: NDArray[Any]) -> bool:
    """Whether ``conv`` can take the weights ``narrow``: the same kernel, no more channels, and the same at the end.

    A convolution with a bias, which no batch norm follows, is the net's last: its channels are what the net says.
    """
    wide = tuple(conv.weight.shape)
    is_wide_enough = wide[2:] == narrow.shape[2:] and all(a >= b for a, b in zip(wide, narrow.shape, strict=True))
    return is_wide_enough and (conv.bias is None or len(conv.weight) == len(narrow))


class _Undone:
    """Before a batch norm's first input: makes it add ``bias`` and nothing else."""

    def __init__(self, bias: Tensor) -> None:
        self.bias = bias

    def __call__(self, norm: nn.Module, inputs: tuple[Tensor]) -> None:
        norm = cast("nn.BatchNorm2d", norm)
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + self.bias)


def convolutions(graph: onnx.GraphProto) -> Convolutions:
    """Weights and biases as floats, by the name that the module has in its net."""
    stored = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    made = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}

    def value(name: str) -> NDArray[Any]:
        if name in stored:
            return stored[name]
        codes, scale, zero = (stored[each] for each in made[name].input)
        shape = (-1,) + (1,) * (codes.ndim - 1)
        return (codes.astype("float32") - zero.astype("float32").reshape(shape)) * scale.reshape(shape)

    found = {
        _module(node.name): (value(node.input[1]), value(node.input[2]))
        for node in graph.node
        if node.op_type == "Conv"
    }
    return {
        name: stem.of_pixels(weight, bias) if stem.is_in_blocks(weight.shape) else (weight, bias)
        for name, (weight, bias) in found.items()
    }


def _module(node: str) -> str:
    """``/net/eighth/eighth.1/first/first.0/Conv`` -> ``eighth.1.first.0``."""
    path = last = ""
    for part in node.split("/")[2:-1]:
        path += part.removeprefix(last) if last and part.startswith(last + ".") else f".{part}"
        last = part
    return path[1:]
