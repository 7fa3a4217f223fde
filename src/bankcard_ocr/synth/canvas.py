"""A part of a card that is drawn on: its pixels, and where on the card they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .pixels import Picture

Floating = TypeVar("Floating", bound=np.floating)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """``pixels`` are drawn on in place; ``scale`` is how many of them make a millimetre.

    ``origin`` is their top-left (x, y) in millimetres on the card; where there is no card but a line alone, from the
    line's left end at half its height.
    """

    pixels: Picture
    scale: float
    origin: tuple[float, float] = (0.0, 0.0)

    def in_pixels(self, points: NDArray[Floating]) -> NDArray[Floating]:
        """``points`` (..., 2) of (x, y) in millimetres, in pixels of this canvas."""
        kind = points.dtype.type
        return (points - np.asarray(self.origin, kind)) * kind(self.scale)

    def column(self, x: float) -> float:
        """``x`` in millimetres, in pixels of this canvas."""
        return (x - self.origin[0]) * self.scale
