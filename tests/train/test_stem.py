"""The stem over blocks of pixels computes what the plain one does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="PyTorch is not installed; make train-env brings it")
onnx = pytest.importorskip("onnx", reason="onnx is not installed; make train-env brings it")

from bankcard_ocr.train import stem  # noqa: E402 - after the check above

functional = torch.nn.functional


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_a_convolution_over_blocks_gives_the_same_integers(outputs: int, rows: int, blocks: int, seed: int):
    """Weights and levels of 8 bits, any even height, any width that is a multiple of 4."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(-128, 128, (1, 2 * rows, stem.BLOCK * blocks, 3))
    weight = rng.integers(-64, 64, (outputs, 3, 3, 3))
    plain = functional.conv2d(torch.tensor(pixels).permute(0, 3, 1, 2), torch.tensor(weight), stride=2, padding=1)

    lying = torch.tensor(pixels.reshape(1, 2 * rows, blocks, -1)).permute(0, 3, 1, 2)
    wide = functional.conv2d(functional.pad(lying, (1, 0, 1, 0)), torch.tensor(stem.in_blocks(weight)), stride=(2, 1))
    beside = wide.permute(0, 2, 3, 1).reshape(1, rows, 2 * blocks, outputs).permute(0, 3, 1, 2)

    assert torch.equal(plain, beside)


def test_the_plain_weights_come_back():
    """What was put into blocks is taken out of them, with its bias."""
    weight, bias = np.arange(8 * 27).reshape(8, 3, 3, 3), np.arange(8)
    plain, few = stem.of_pixels(stem.in_blocks(weight), np.tile(bias, stem.PLACES))

    assert (True, True) == (np.array_equal(weight, plain), np.array_equal(bias, few))
    assert (True, False) == (stem.is_in_blocks(stem.in_blocks(weight).shape), stem.is_in_blocks(weight.shape))


def test_another_first_convolution_is_refused():
    """Only 3x3 with steps of 2, padded by 1, is known."""
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[5, 5], strides=[2, 2], pads=[2] * 4)
    graph = onnx.helper.make_graph([node], "other", [], [])

    with pytest.raises(ValueError, match="the first convolution is not 3x3"):
        stem.optimized(onnx.helper.make_model(graph))
