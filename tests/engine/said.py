"""Lines and regions that say what a test wants them to, whatever their frames are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bankcard_ocr.engine.regions import Region
from bankcard_ocr.reading import Candidate
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


def spelled(text: str, confidence: float) -> Region:
    """A region that says ``text``, whose digits its view shows."""
    digits = tuple(
        Character(text=char, probability=0.99, x=20.0 * at + 20, y=24.0, width=12.0, height=28.0)
        for at, char in enumerate(text)
    )
    line = Said(characters=digits)
    return replace(region(text, confidence), views=(line,))


def region(text: str, confidence: float, strips: int = 1) -> Region:
    """A region that says ``text``."""
    return Region(
        views=(Said(),),
        quad=np.zeros((4, 2), np.float32),
        candidates=(Candidate(number=text, confidence=confidence),),
        score=1,
        strips=strips,
    )
