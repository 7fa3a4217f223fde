"""Connectionist temporal classification: from a probability for each frame to the best texts.

Frames are float32 (T, C), rows sum to 1, class 0 is the blank. A text's probability is the sum over all alignments
in which a blank stands between any two characters, not only between equal ones: the characters of a card are apart,
and a digit whose frames say now 0, now 8 is one digit. After Graves et al., 2006, who let unequal neighbours touch,
https://www.cs.toronto.edu/~graves/icml_2006.pdf; prefix search with a beam after Hannun, https://distill.pub/2017/ctc/.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK = 0
_QUIET = 1e-3  # a frame whose other classes weigh less adds nothing to a text
_FAINT = 1e-4  # keeps one frame from ruling out what the others say


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Class numbers and the probability that they are what the frames say."""

    classes: tuple[int, ...]
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """One character of the best alignment: its class, frames ``start`` to ``stop`` (exclusive), and its probability."""

    label: int
    start: int
    stop: int
    probability: float


def best(frames: NDArray[np.float32], *, beam: int = 8) -> list[Text]:
    """Up to ``beam`` texts, the most probable first."""
    # text -> the probability of its alignments that end blank, and of those that end in its last class
    paths: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for row in frames:
        blank = float(row[BLANK])
        if blank > 1 - _QUIET:
            paths = {text: ((ends + goes) * blank, 0.0) for text, (ends, goes) in paths.items()}
            continue
        chances = [(int(label), float(row[label])) for label in np.flatnonzero(row > _QUIET) if label != BLANK]
        following: dict[tuple[int, ...], tuple[float, float]] = {}
        for text, (ends, goes) in paths.items():
            stay_blank, stay_label = following.get(text, (0.0, 0.0))
            same = float(row[text[-1]]) if text else 0.0
            following[text] = (stay_blank + (ends + goes) * blank, stay_label + goes * same)
            for label, chance in chances:
                longer = (*text, label)
                by_blank, by_label = following.get(longer, (0.0, 0.0))
                following[longer] = (by_blank, by_label + ends * chance)
        kept = sorted(following.items(), key=lambda item: -sum(item[1]))[:beam]
        scale = sum(kept[0][1]) or 1.0  # keeps 120 products away from zero
        if scale < 1e-30:
            kept = [(text, (ends / scale, goes / scale)) for text, (ends, goes) in kept]
        paths = dict(kept)
    ranked = sorted(((text, ends + goes) for text, (ends, goes) in paths.items()), key=lambda item: -item[1])
    return [Text(classes=text, probability=float(weight)) for text, weight in ranked]


def spikes(frames: NDArray[np.float32]) -> list[Spike]:
    """The characters of the best alignment, in order: each run of frames that are not blank is one."""
    there = np.concatenate([[False], frames.argmax(1) != BLANK, [False]])
    starts, stops = np.flatnonzero(~there[:-1] & there[1:]), np.flatnonzero(there[:-1] & ~there[1:])
    return [_spike(frames[start:stop], int(start)) for start, stop in zip(starts, stops, strict=True)]


def _spike(run: NDArray[np.float32], start: int) -> Spike:
    label = int(np.log(run + _FAINT).sum(0)[BLANK + 1 :].argmax()) + BLANK + 1
    return Spike(label=label, start=start, stop=start + len(run), probability=float(run[:, label].mean()))
