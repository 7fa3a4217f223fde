"""Line crops to texts: what each says, how surely, and where each character stands.

A strip is a rectified line, uint8 RGB (48, W, 3), W about 24 pixels a digit: 480 for a number, 160 for a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import ctc
from . import quad as quads
from .model import Model

HEIGHT = 48
LONG, SHORT = 480, 160  # widths of a number's strip and of a date's
HIDDEN = "?"  # a character that is there and cannot be seen


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Character:
    """One character: its ``probability``; its middle, width and height in pixels of the strip."""

    text: str
    probability: float
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Line:
    """What a strip says. ``texts`` are ranked (text, probability); ``characters`` are those of the best alignment.

    ``frames`` float32 (W/4, C) are the model's probabilities, the blank first.
    """

    texts: tuple[tuple[str, float], ...]
    characters: tuple[Character, ...]
    frames: NDArray[np.float32]

    @property
    def text(self) -> str:
        """The most probable text."""
        return self.texts[0][0] if self.texts else ""


def strip(image: quads.Image, quad: quads.Quad, width: int = LONG) -> quads.Image:
    """The line under ``quad`` as a strip, averaged down where the picture is finer."""
    times = max(1, min(4, round(quads.sides(quad)[0] / width)))
    wide = quads.rectify(image, quad, width * times, HEIGHT * times)
    return np.asarray(cv2.resize(wide, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8) if times > 1 else wide


def recognize(model: Model, strips: Sequence[quads.Image], *, beam: int = 8) -> list[Line]:
    """What each of ``strips`` says; all must have one width."""
    alphabet = model.metadata["alphabet"]
    probabilities, places = model.run(np.stack(strips))
    return [_line(frames, place, alphabet, beam) for frames, place in zip(probabilities, places, strict=True)]


def _line(frames: NDArray[np.float32], places: NDArray[np.float32], alphabet: str, beam: int) -> Line:
    characters = tuple(_character(spike, frames, places, alphabet) for spike in ctc.spikes(frames))
    return Line(texts=spelled(frames, alphabet, beam=beam), characters=characters, frames=frames)


def spelled(frames: NDArray[np.float32], alphabet: str, *, beam: int = 8) -> tuple[tuple[str, float], ...]:
    """The texts that ``frames`` may say, the most probable first."""
    texts = ctc.best(frames, beam=beam)
    return tuple(("".join(alphabet[label - 1] for label in text.classes), text.probability) for text in texts)


def _character(spike: ctc.Spike, frames: NDArray[np.float32], places: NDArray[np.float32], alphabet: str) -> Character:
    weight = frames[spike.start : spike.stop, spike.label]
    x, y, width, height = (float(v) for v in weight @ places[spike.start : spike.stop] / weight.sum())
    return Character(
        text=alphabet[spike.label - 1], probability=spike.probability, x=x, y=y, width=width, height=height
    )


def gaps(line: Line, *, wide: float = 1.6) -> tuple[int, ...]:
    """After how many characters there is a gap of at least ``wide`` pitches, where a space is or one was not seen."""
    if len(line.characters) < 4:
        return ()
    steps = np.diff([char.x for char in line.characters])
    return tuple((np.flatnonzero(steps > wide * np.median(steps)) + 1).tolist())


def framed(line: Line, *, loose: float = 0.35, ends: float = 0.55, spare: float = 1.6) -> quads.Quad | None:
    """The quad around a line's characters in pixels of its strip.

    It is ``loose`` heights larger above and below and ``ends`` heights at the ends. Where the strip goes on beyond
    the outermost characters seen, up to ``spare`` characters' pitch of it is kept, for a first digit that was not
    seen. None when fewer than four characters were.
    """
    if len(line.characters) < 4:
        return None
    x = np.array([char.x for char in line.characters])
    y = np.array([char.y for char in line.characters])
    high = float(np.median([char.height for char in line.characters]))
    pitch = float(np.median(np.diff(x)))
    slope, offset = np.polyfit(x, y, 1)
    left = x[0] - line.characters[0].width / 2 - ends * high
    right = x[-1] + line.characters[-1].width / 2 + ends * high
    left = min(left, max(0.0, left - spare * pitch))
    right = max(right, min(4.0 * len(line.frames), right + spare * pitch))
    half = (0.5 + loose) * high
    top, bottom = slope * np.array((left, right)) + offset - half, slope * np.array((left, right)) + offset + half
    return np.array([(left, top[0]), (right, top[1]), (right, bottom[1]), (left, bottom[0])], np.float32)
