"""Connectionist temporal classification: from a probability for each frame to the best texts.

Frames are float32 (T, C), rows sum to 1, class 0 is the blank. A text's probability is the sum over all alignments
in which a blank stands between any two characters, not only between equal ones: the characters of a card are apart,
and a digit whose frames say now 0, now 8 is one digit. After Graves et al., 2006, who let unequal neighbours touch,
https://www.cs.toronto.edu/~graves/icml_2006.pdf; prefix search with a beam after Hannun, https://distill.pub/2017/ctc/.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

Classes = bytes  # class numbers, none of them the blank
Texts = dict[Classes, float]  # the logarithm of each text's probability
Run = list[tuple[Classes, float]]  # what a few frames may say, with log weights, in no order

BLANK = 0
_ONE = [bytes((label,)) for label in range(256)]  # the text of one character of a class
_LEAST = sys.float_info.min
_QUIET = 1e-3  # a frame whose other classes weigh less adds nothing to a text
_RARE = math.log(1e-8)  # a run's texts that are so much less likely than its best are left out
_FAINT = 1e-4  # keeps one frame from ruling out what the others say


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Class numbers and the probability that they are what the frames say."""

    classes: Classes
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """One character of the best alignment: its class, frames ``start`` to ``stop`` (exclusive), and its probability."""

    label: int
    start: int
    stop: int
    probability: float


def best(frames: NDArray[np.float32], *, beam: int = 8) -> list[Text]:
    """Up to ``beam`` texts, the most probable first: products of what the runs may say."""
    certain, several = runs(frames, beam=beam)
    paths: Texts = {b"": 0.0}
    for run in several:
        if len(run) == 1:
            ((following, also),) = run
            paths = {text + following: chance + also for text, chance in paths.items()}
            continue
        longer: Texts = {}
        for text, chance in paths.items():
            for following, also in run:
                both = text + following
                weight = chance + also
                longer[both] = weight if both not in longer else total(longer[both], weight)
        paths = dict(sorted(longer.items(), key=itemgetter(1), reverse=True)[:beam])
    ranked = sorted(paths.items(), key=lambda item: -item[1])
    return [Text(classes=text, probability=max(math.exp(weight + certain), _LEAST)) for text, weight in ranked]


def runs(frames: NDArray[np.float32], *, beam: int = 8) -> tuple[float, list[Run]]:
    """What the runs of ``frames`` may say, up to ``beam`` texts each, and the logarithm of what scales all of them.

    Frames that are surely blank part the others into runs that know nothing of each other: each is searched alone.
    """
    quiet = frames[:, BLANK] > 1 - _QUIET
    edges = np.flatnonzero(np.diff(quiet, prepend=True, append=True))
    certain = float(np.log(frames[quiet, BLANK]).sum())
    rows: list[list[float]] = frames.tolist()
    found = []
    for start, stop, label in zip(edges[::2].tolist(), edges[1::2].tolist(), _only(frames, edges), strict=True):
        if label:
            run, scale = _counted(label, rows[start:stop]), 0.0
        else:
            run, scale = _searched(rows[start:stop], beam)
        certain += scale
        found.append(_likely(run))
    return certain, found


def total(first: float, second: float) -> float:
    """The logarithm of the sum of what two are the logarithms of."""
    high, low = (first, second) if first > second else (second, first)
    return high + math.log1p(math.exp(low - high))


def _likely(run: Run) -> Run:
    """What is not all but impossible of what a run may say."""
    least = max(weight for _, weight in run) + _RARE
    return [said for said in run if said[1] > least]


def _only(frames: NDArray[np.float32], edges: NDArray[np.intp]) -> list[int]:
    """The one class that a run of frames knows beside the blank, as most runs do; 0 where there are several."""
    if not len(edges):
        return []
    known = np.concatenate([frames[:, BLANK + 1 :] > _QUIET, np.zeros((1, frames.shape[1] - 1), bool)])
    there = np.logical_or.reduceat(known, edges)[::2]
    only: list[int] = np.where(there.sum(1) == 1, there.argmax(1) + BLANK + 1, 0).tolist()
    return only


def _counted(label: int, rows: list[list[float]]) -> Run:
    """What a run of frames that know one ``label`` may say: how many of it."""
    most = (len(rows) + 1) // 2  # characters, as a blank stands between two
    ends, goes = [1.0] + [0.0] * most, [0.0] * (most + 1)
    for row in rows:
        blank, chance = row[BLANK], row[label]
        for count in range(most, 0, -1):
            ends[count], goes[count] = (ends[count] + goes[count]) * blank, (goes[count] + ends[count - 1]) * chance
        ends[0] *= blank
    weights = [end + go for end, go in zip(ends, goes, strict=True)]
    return [(_ONE[label] * count, math.log(weight)) for count, weight in enumerate(weights) if weight > 0]


def _searched(rows: list[list[float]], beam: int) -> tuple[Run, float]:
    """What a run of frames may say: (text, logarithm of its probability over a common scale), and that scale's."""
    # text -> the probability of its alignments that end blank, and of those that end in its last class
    paths: dict[Classes, tuple[float, float]] = {b"": (1.0, 0.0)}
    scale = 0.0
    for row in rows:
        blank = row[BLANK]
        chances = [(label, chance) for label, chance in enumerate(row) if chance > _QUIET and label != BLANK]
        following: dict[Classes, tuple[float, float]] = {}
        for text, (ends, goes) in paths.items():
            by_blank, by_label = following.get(text, (0.0, 0.0))
            same = row[text[-1]] if text else 0.0
            following[text] = (by_blank + (ends + goes) * blank, by_label + goes * same)
            if not ends:
                continue
            for label, chance in chances:
                longer = text + _ONE[label]
                by_blank, by_label = following.get(longer, (0.0, 0.0))
                following[longer] = (by_blank, by_label + ends * chance)
        kept = sorted(following.items(), key=_weight, reverse=True)[:beam]
        top = _weight(kept[0]) or 1.0
        scale += math.log(top)
        paths = {text: (by_blank / top, by_label / top) for text, (by_blank, by_label) in kept}
    weighed = ((text, ends + goes) for text, (ends, goes) in paths.items())
    return [(text, math.log(weight)) for text, weight in weighed if weight > 0], scale


def _weight(path: tuple[Classes, tuple[float, float]]) -> float:
    return path[1][0] + path[1][1]


def spikes(frames: NDArray[np.float32]) -> list[Spike]:
    """The characters of the best alignment, in order: each run of frames that are not blank is one."""
    there = np.concatenate([[False], frames.argmax(1) != BLANK, [False]])
    starts, stops = np.flatnonzero(~there[:-1] & there[1:]), np.flatnonzero(there[:-1] & ~there[1:])
    if not len(starts):
        return []
    edges = np.stack([starts, stops], 1).ravel()
    ended = np.concatenate([frames, frames[-1:]])  # a run may end with the frames
    labels = np.add.reduceat(np.log(ended + _FAINT), edges)[::2, BLANK + 1 :].argmax(1) + BLANK + 1
    means = np.add.reduceat(ended, edges)[::2][np.arange(len(labels)), labels] / (stops - starts)
    runs = zip(labels.tolist(), starts.tolist(), stops.tolist(), means.tolist(), strict=True)
    return [Spike(label=label, start=start, stop=stop, probability=mean) for label, start, stop, mean in runs]
