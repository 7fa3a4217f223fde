"""Lines that say what a test wants them to, whatever their frames are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bankcard_ocr.vision.recognize import Character, Line, Texts


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Said(Line):
    """A line whose ``texts`` are ``said``."""

    said: Texts = ()
    characters: tuple[Character, ...] = ()
    frames: NDArray[np.float32] = field(default_factory=lambda: np.zeros((120, 13), np.float32))
    alphabet: str = "0123456789/?"

    @property
    def texts(self) -> Texts:
        return self.said
