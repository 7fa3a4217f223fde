"""The stem of a quantized graph as a CPU computes it fast: what happens to pixels up to the first convolution.

That convolution has three channels, too few for a CPU's vectors: with a sixth of a net's products it took a third of
its time. Four pixels of a row lie side by side in memory, so that they are one pixel of twelve channels, and one
convolution over these gives both of the outputs that fall on them. The integers are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ..vision.model import FLOOR

BLOCK = 4  # pixels of a row in a block
PLACES = BLOCK // 2  # outputs that fall on it
COLOURS = 3
INPUT = "pictures"
Array = NDArray[Any]


def optimized(model: onnx.ModelProto) -> dict[str, str]:
    """Changes ``model``, quantized, whose first convolution is 3x3 with steps of 2, padded by 1.

    It takes levels instead of pictures then, uint8 (N, H, W, 3) with W a multiple of 4: ``vision.model`` computes them
    by the facts that are returned.
    """
    graph = model.graph
    conv = _first_convolution(graph)
    levels = _made_by(graph)[conv.input[0]]
    facts = _levels_are_put_in(graph, levels)
    _in_blocks(graph, conv)
    _dead_ends_removed(graph)
    onnx.checker.check_model(model)
    return facts


def in_blocks(weight: Array) -> Array:
    """Weights (O, 3, 3, 3) of a convolution with steps of 2 as those over blocks, (2 O, 12, 3, 2)."""
    outputs = len(weight)
    wide = np.zeros((PLACES * outputs, BLOCK * COLOURS, 3, 2), weight.dtype)
    for place, kernel, block, pixel in _taps():
        wide[place * outputs : (place + 1) * outputs, pixel * COLOURS : (pixel + 1) * COLOURS, :, block] = weight[
            :, :, :, kernel
        ]
    return wide


def of_pixels(wide: Array, bias: Array) -> tuple[Array, Array]:
    """The weights of which :func:`in_blocks` made ``wide``, and their part of ``bias``."""
    outputs = len(wide) // PLACES
    weight = np.zeros((outputs, COLOURS, 3, 3), wide.dtype)
    for place, kernel, block, pixel in _taps():
        if place == 0:
            weight[:, :, :, kernel] = wide[:outputs, pixel * COLOURS : (pixel + 1) * COLOURS, :, block]
    return weight, bias[:outputs]


def is_in_blocks(shape: tuple[int, ...]) -> bool:
    """Whether weights of ``shape`` are over blocks."""
    return shape[1:] == (BLOCK * COLOURS, 3, 2)


def _taps() -> list[tuple[int, int, int, int]]:
    """Which of a block's two outputs, which column of the kernel, the block before or this one, which pixel of it."""
    columns = [(place, kernel, 2 * place + kernel - 1) for place in range(PLACES) for kernel in range(3)]
    return [(place, kernel, int(column >= 0), column % BLOCK) for place, kernel, column in columns]


def _first_convolution(graph: onnx.GraphProto) -> onnx.NodeProto:
    """That which takes pixels. Raises ValueError when it is none that :func:`optimized` knows."""
    conv = next(node for node in graph.node if node.op_type == "Conv")
    facts = {attribute.name: helper.get_attribute_value(attribute) for attribute in conv.attribute}
    if (facts["kernel_shape"], facts["strides"], facts["pads"]) != ([3, 3], [2, 2], [1, 1, 1, 1]):
        raise ValueError(f"the first convolution is not 3x3 with steps of 2: {facts}")
    return conv


def _made_by(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    return {output: node for node in graph.node for output in node.output}


def _stored(graph: onnx.GraphProto, name: str) -> onnx.TensorProto:
    return next(item for item in graph.initializer if item.name == name)


def _levels_are_put_in(graph: onnx.GraphProto, levels: onnx.NodeProto) -> dict[str, str]:
    """Cuts off all that is before ``levels``, the DequantizeLinear in front of the first convolution."""
    scale, zero = (numpy_helper.to_array(_stored(graph, name)) for name in levels.input[1:3])
    blocks, turned = f"{INPUT}_in_blocks", f"{INPUT}_in_blocks_turned"
    _store(graph, f"{blocks}_shape", np.array((0, 0, -1, BLOCK * COLOURS), np.int64))
    first = list(graph.node).index(levels)
    graph.node.insert(first, helper.make_node("Reshape", [INPUT, f"{blocks}_shape"], [blocks]))
    graph.node.insert(first + 1, helper.make_node("Transpose", [blocks], [turned], perm=[0, 3, 1, 2]))
    levels.input[0] = turned
    told = f"round((value - mean) / ((deviation + {FLOOR:g}) * scale)) + zero, by each picture's own mean and deviation"
    return {"colour": "RGB", "normalisation": told, "scale": repr(float(scale)), "zero": str(int(zero))}


def _in_blocks(graph: onnx.GraphProto, conv: onnx.NodeProto) -> None:
    """Makes ``conv`` one over blocks, and puts its outputs side by side again once they are integers."""
    made = _made_by(graph)
    weight, bias = made[conv.input[1]], made[conv.input[2]]
    wide = in_blocks(numpy_helper.to_array(_stored(graph, weight.input[0])))
    _replace(graph, weight.input[0], wide)
    for name in (*weight.input[1:3], *bias.input):
        _replace(graph, name, np.tile(numpy_helper.to_array(_stored(graph, name)), PLACES))
    for name, value in (("kernel_shape", [3, 2]), ("strides", [2, 1]), ("pads", [1, 1, 0, 0])):
        next(each for each in conv.attribute if each.name == name).CopyFrom(helper.make_attribute(name, value))
    integers = next(node for node in graph.node if conv.output[0] in node.input)
    after = next(node for node in graph.node if integers.output[0] in node.input)
    if (integers.op_type, after.op_type) != ("QuantizeLinear", "DequantizeLinear"):
        raise ValueError("the first convolution's outputs are not quantized")
    stem, place = integers.output[0], list(graph.node).index(after)
    _store(graph, f"{stem}_shape", np.array((0, 0, -1, len(wide) // PLACES), np.int64))
    for node in (
        helper.make_node("Transpose", [stem], [f"{stem}_rows"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", [f"{stem}_rows", f"{stem}_shape"], [f"{stem}_pixels"]),
        helper.make_node("Transpose", [f"{stem}_pixels"], [f"{stem}_channels"], perm=[0, 3, 1, 2]),
    ):
        graph.node.insert(place, node)
        place += 1
    after.input[0] = f"{stem}_channels"


def _store(graph: onnx.GraphProto, name: str, value: Array) -> None:
    graph.initializer.append(numpy_helper.from_array(value, name))


def _replace(graph: onnx.GraphProto, name: str, value: Array) -> None:
    _stored(graph, name).CopyFrom(numpy_helper.from_array(value, name))


def _dead_ends_removed(graph: onnx.GraphProto) -> None:
    """Removes nodes and values that nothing needs any more."""
    needed = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    stored = [item for item in graph.initializer if item.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(stored)
    del graph.value_info[:]
