"""The two nets: plain 3x3 convolutions, since those run closest to a CPU's rate.

Both take uint8 RGB pictures (N, H, W, 3) as they come from memory and normalise them themselves, by each picture's own
mean and deviation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..vision.locate import KINDS
from ..vision.model import FLOOR
from .strips import ALPHABET, NAMES

STEM = (32, 48)  # channels of a recognizer at half and at a quarter of the strip's size
DEEP = (48, 96, 128)  # at an eighth, at a sixteenth and where a column is one frame
DEEP_OF_NAMES = (64, 128, 160)  # twice as many letters as digits, in more faces
PLACE = 4  # the recognizer's geometry a frame: middle x and y, width, height


def normalised(pixels: Tensor) -> Tensor:
    """float32 (N, 3, H, W), mean 0 and deviation 1 over each whole picture."""
    x = pixels.permute(0, 3, 1, 2).float()
    mean = x.mean((1, 2, 3), keepdim=True)
    centred = x - mean
    deviation = (centred * centred).mean((1, 2, 3), keepdim=True).sqrt()
    return centred / (deviation + FLOOR)


def conv(
    inputs: int, outputs: int, kernel: tuple[int, int] = (3, 3), stride: tuple[int, int] = (1, 1)
) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """x + two convolutions of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class Recognizer(nn.Module):
    """A strip (N, 48, W, 3) -> logits (N, W/4, C) over an alphabet and places (N, W/4, 4).

    A frame's place is its character's (middle x - frame x, middle y - 24, width, height) in units of 24 pixels.
    """

    def __init__(
        self, alphabet: str = ALPHABET, stem: tuple[int, int] = STEM, deep: tuple[int, int, int] = DEEP
    ) -> None:
        """``stem`` like STEM, ``deep`` like DEEP: a wider one goes on from a model of a narrower (unfold.py)."""
        super().__init__()
        self.classes = len(alphabet)
        a, b, c, d, e = *stem, *deep
        self.body = nn.Sequential(
            conv(3, a, stride=(2, 2)),
            conv(a, b, stride=(2, 2)), Residual(b),
            conv(b, c, stride=(2, 1)), Residual(c),
            conv(c, d, stride=(2, 1)), Residual(d), Residual(d),
            nn.Conv2d(d, e, (3, 1), bias=False), nn.BatchNorm2d(e), nn.ReLU(inplace=True),
            conv(e, e, (1, 5)), nn.Dropout(0.1), conv(e, e, (1, 5)),
        )  # fmt: skip
        self.head = nn.Conv2d(e, self.classes + PLACE, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        out = self.head(self.body(normalised(pixels)))[:, :, 0].permute(0, 2, 1)
        return out[:, :, : self.classes], out[:, :, self.classes :]


def reader_of_names() -> Recognizer:
    """A recognizer of letters, with wider deep layers than that of digits."""
    return Recognizer(NAMES, deep=DEEP_OF_NAMES)


MAPS = 11  # the locator's channels for each kind


class Locator(nn.Module):
    """A picture (N, H, W, 3), sides multiples of 32 -> maps (N, 4 kinds, 11, H/8, W/8).

    The channels of a kind: score logit; the quad's eight corner coordinates TL, TR, BR, BL relative to the cell's
    middle, in units of 32 pixels; log scales of the errors at the quad's start (TL, BL) and end (TR, BR).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, stride=(2, 2)), conv(16, 24, stride=(2, 2)))
        self.eighth = nn.Sequential(conv(24, 48, stride=(2, 2)), Residual(48))
        self.sixteenth = nn.Sequential(conv(48, 80, stride=(2, 2)), Residual(80), Residual(80))
        self.thirtysecond = nn.Sequential(conv(80, 112, stride=(2, 2)), Residual(112), Residual(112))
        self.down = conv(112, 64, (1, 1))
        self.across16 = conv(80, 64, (1, 1))
        self.mix16 = nn.Sequential(conv(64, 64), conv(64, 48, (1, 1)))
        self.across8 = conv(48, 48, (1, 1))
        self.mix8 = nn.Sequential(conv(48, 48), conv(48, 64, (1, 1)))
        self.head = nn.Conv2d(64, MAPS * len(KINDS), 1)

    def forward(self, pixels: Tensor) -> Tensor:
        eighth = self.eighth(self.stem(normalised(pixels)))
        sixteenth = self.sixteenth(eighth)
        deep = self.down(self.thirtysecond(sixteenth))
        deep = self.mix16(nn.functional.interpolate(deep, scale_factor=2.0, mode="nearest") + self.across16(sixteenth))
        deep = self.mix8(nn.functional.interpolate(deep, scale_factor=2.0, mode="nearest") + self.across8(eighth))
        out: Tensor = self.head(deep)
        return out.reshape(out.shape[0], len(KINDS), MAPS, out.shape[2], out.shape[3])
