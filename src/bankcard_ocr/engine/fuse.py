"""Several pictures of one card make one number: their evidence is laid over one another digit by digit.

Each picture gives an :class:`Observation` of the number: for each character in order the chances of the ten digits and
of being hidden. How many digits a hidden stretch has is known to one or two only, and ends may be cut off; so it is
laid on numbers of each length in every way its hidden stretches allow, and these hypotheses are ranked by how well the
digits agree, by the stretches' lengths, and by where on the card the digits stand. A hidden digit is no evidence.

A wrong number moves money, so pieces are not put together lightly: both cards must be one, or of one design, unless
their pictures share nine digits. Where they share fewer than four that both see clearly, the number's check digit must
hold, too, its length be one its issuer uses, and the digits stand on the card as a card prints a number of so many.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..reading import Candidate
from ..vision import recognize, register
from ..vision.recognize import HIDDEN, Line
from . import issued, layout

Chances = NDArray[np.float32]
_Alike = Callable[["Observation", "Observation"], bool]

LENGTHS = (16, 19, 15, 18, 17, 14)
TOGETHER = 8.0  # nats by which the digits that two observations of one card share need no further proof: four have 9
SURELY = 20.0  # nats of agreement from which two observations need no proof of being of one card: nine digits
CLEAR = 0.97  # mean probability of the digits of an observation that can contradict others
BEAM = 24  # hypotheses kept
_FAINT = 1e-4  # keeps one observation from ruling out what the others say
_STRETCH, _MOST_STRETCH = 0.3, 2.0  # nats for each digit that a hidden stretch is longer or shorter than it seems
_NONE = 2.0  # nats for a hidden stretch between digits that is none
_CUT, _CUT_MORE = 1.5, 0.1  # nats for an end of the line that is not seen, and for each digit that it lacks
_END = 4.0  # nats for an end of the line that no observation sees
_MOST_COST = 15.0  # nats; dearer hypotheses are not looked at
_LEFT_OUT = 6.0  # nats for an observation that is not used
LEAST_LOOKS = 2  # observations of a digit, at least: n of them count as the square root of n, as the judge's views do
OFF = 0.5  # digits' pitches by which a digit may be off its place on the card
OFF_LINE = 0.08  # card heights by which a line may be off
EVEN = 0.3  # digits' pitches by which the worst digit of a number put together from pieces may be off its place
CARD = 1000.0  # pixels of a card's width, for measuring that
GAP = 1.3  # digits' pitches that a gap between groups adds
ALIKE = 0.7  # the least likeness of faces of one card: of 2,980 pairs of real cards 19 reach it (188 reach 0.5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Observation:
    """What one picture shows of the number.

    ``chances`` float32 (N, 11): for each character the digits 0 to 9 and hidden, rows sum to 1. ``along`` float32 (N,):
    where their middles stand along the card, in card widths; ``across`` the line's place across it, in card heights;
    ``face`` the card as :func:`register.face` sees it; None where no card was located. ``is_registered``: laid by its
    features on the same card as all others of which this is true.
    """

    chances: Chances
    along: NDArray[np.float32] | None = None
    across: float = 0.0
    face: NDArray[np.float32] | None = None
    is_registered: bool = False

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which characters are digits that can be seen."""
        return np.asarray(self.chances[:, 10] < 0.5)

    @property
    def digits(self) -> str:
        """The digits that can be seen, the likeliest each."""
        return "".join(str(digit) for digit in self.chances[self.seen, :10].argmax(1))

    @property
    def clarity(self) -> float:
        """The mean probability of those digits; 0 when there are none."""
        return float(self.chances[self.seen, :10].max(1).mean()) if self.seen.any() else 0.0

    def lacking(self, index: int | None) -> Observation:
        """With one hidden character more at ``index``, where a digit left a gap; itself where none did."""
        if index is None:
            return self
        hidden = np.eye(1, 11, 10, dtype=np.float32)
        chances = np.insert(self.chances, [index], hidden, axis=0)
        along = self.along
        if along is not None:
            near = along[max(0, index - 1) : index + 1]
            along = np.insert(along, index, near.mean()).astype(np.float32)
        return replace(self, chances=chances, along=along)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class _Hypothesis:
    """One way to lay observations on a number of ``len(logs)`` digits.

    ``logs`` (L, 10) are sums of the logarithms of ten times the chances, ``times`` (L,) how many pictures show a digit;
    ``along`` (L,) where digits stand on the card, NaN where unknown. ``loose``: pieces hang together by proof only.
    ``weight`` is how much better they agree than random ones would, less what it costs, as a logarithm.
    """

    logs: NDArray[np.float64]
    times: NDArray[np.int64]
    along: NDArray[np.float32]
    cost: float = 0.0
    loose: bool = False
    used: tuple[Observation, ...] = field(default=())
    weight: float = 0.0


def fused(observations: Sequence[Observation], *, prior: bool = True) -> tuple[Candidate, ...]:
    """The numbers that ``observations`` at one card may say together, the most probable first."""
    alike = cache(_alike)  # a picture is compared with another once
    hypotheses = [hypothesis for length in LENGTHS for hypothesis in _hypotheses(observations, length, alike)]
    whole = [hypothesis for hypothesis in hypotheses if hypothesis.times.all() and (prior or not hypothesis.loose)]
    weights: dict[str, list[float]] = {}
    lost = _lost(hypotheses, prior=prior)
    for hypothesis in whole:
        fits = not hypothesis.loose or _stands_evenly(hypothesis)
        for number, seen in _numbers(hypothesis):
            weight = seen - hypothesis.cost + (issued.likeness(number) if prior else 0.0)
            if not fits or (hypothesis.loose and not issued.is_proven(number)):
                lost.append(weight)
            else:
                weights.setdefault(number, []).append(weight)
    if not weights:
        return ()
    everything = list(itertools.chain(lost, *weights.values()))
    highest = max(everything)
    total = sum(math.exp(weight - highest) for weight in everything)
    shares = {number: sum(math.exp(one - highest) for one in some) / total for number, some in weights.items()}
    order = sorted(shares, key=lambda number: -shares[number])[:8]
    return tuple(Candidate(number=number, confidence=min(1.0, shares[number])) for number in order)


def chances(line: Line) -> Chances:
    """For each character of ``line`` the chances of the ten digits and, last, of being hidden or no digit."""
    rows = recognize.chances(line)
    digits = [line.alphabet.index(digit) for digit in "0123456789"]
    hidden = rows[:, line.alphabet.index(HIDDEN)]
    others = np.where(np.isin(rows.argmax(1), digits), 0, rows.max(1))
    whole = np.column_stack([rows[:, digits], np.maximum(hidden, others)])
    return np.asarray(whole / whole.sum(1, keepdims=True), np.float32)


def _lost(hypotheses: Sequence[_Hypothesis], *, prior: bool) -> list[float]:
    """The weights of no whole number: of the best hypothesis that leaves digits open, by the observations used."""
    best: dict[int, float] = {}
    for hypothesis in hypotheses:
        if not hypothesis.times.all():
            ends = int(hypothesis.times[0] == 0) + int(hypothesis.times[-1] == 0)
            weight = hypothesis.weight - _END * ends + (_typical(hypothesis) if prior else 0.0)
            best[len(hypothesis.used)] = max(best.get(len(hypothesis.used), -math.inf), weight)
    return list(best.values())


def contradicts(observation: Observation, number: str) -> bool:
    """Whether it clearly shows another number than ``number``: in order, two of its digits or more differ."""
    digits = observation.digits
    return len(digits) >= 6 and observation.clarity >= CLEAR and len(digits) - _in_common(digits, number) >= 2


def contradicted(observations: Sequence[Observation], number: str) -> bool:
    """Whether one of ``observations`` clearly shows another number, and not another line of the same card."""
    against = [contradicts(observation, number) for observation in observations]
    others = [observation for observation, is_against in zip(observations, against, strict=True) if not is_against]
    return any(
        not any(_is_another_line(observation, other) for other in others)
        for observation, is_against in zip(observations, against, strict=True)
        if is_against
    )


def _is_another_line(observation: Observation, other: Observation) -> bool:
    """Whether two observations surely are of two lines of one card."""
    return _is_one_card(observation, other) and abs(observation.across - other.across) >= OFF_LINE


def _is_one_card(observation: Observation, other: Observation) -> bool:
    """Whether two observations surely are of one card, or of two of one design."""
    if observation.is_registered and other.is_registered:
        return True
    if observation.face is None or other.face is None:
        return False
    return register.alike(observation.face, other.face) >= ALIKE


def _hypotheses(observations: Sequence[Observation], length: int, alike: _Alike) -> list[_Hypothesis]:
    """The likeliest ways to lay ``observations`` on a number of ``length`` digits."""
    nothing = _Hypothesis(
        logs=np.zeros((length, 10)), times=np.zeros(length, np.int64), along=np.full(length, np.nan, np.float32)
    )
    hypotheses = [nothing]
    temperature = _temperature(observations)
    for observation in sorted(observations, key=lambda observation: -int(observation.seen.sum())):
        placements = list(_placements(observation, length))
        logs = _logs(observation, temperature)
        longer = [
            laid
            for hypothesis, (positions, cost) in itertools.product(hypotheses, placements)
            if (laid := _laid(hypothesis, observation, logs, positions, cost, alike)) is not None
        ]
        left_out = [replace(one, cost=one.cost + _LEFT_OUT, weight=one.weight - _LEFT_OUT) for one in hypotheses]
        hypotheses = sorted(longer + left_out, key=lambda one: -one.weight)[:BEAM]
    return [hypothesis for hypothesis in hypotheses if hypothesis.used]


def _temperature(observations: Sequence[Observation]) -> float:
    """What to flatten the chances by: looks of one net err alike, so that n of them are no n witnesses."""
    seen = [int(observation.seen.sum()) for observation in observations]
    return math.sqrt(max(LEAST_LOOKS, sum(seen) / max(1, *seen, 1)))


def _logs(observation: Observation, temperature: float) -> NDArray[np.float64]:
    """For each digit seen the logarithm of ten times its chances, flattened by ``temperature``, (N, 10)."""
    chances = observation.chances[observation.seen].astype(np.float64)
    chances = np.maximum(chances[:, :10] + chances[:, 10:] / 10, _FAINT) ** (1 / temperature)
    return np.asarray(np.log(10 * chances / chances.sum(1, keepdims=True)), np.float64)


def _placements(observation: Observation, length: int) -> Iterator[tuple[NDArray[np.int64], float]]:
    """The positions (0 to ``length`` - 1) that the digits seen may have, and what each choice costs."""
    runs = [(seen, sum(1 for _ in run)) for seen, run in itertools.groupby(observation.seen.tolist())]
    sizes = [size for seen, size in runs if seen]
    if not sizes or sum(sizes) > length:
        return
    hidden = [0] * (len(sizes) + 1)  # before the first run of digits, between runs, after the last
    at = 0
    for seen, size in runs:
        if seen:
            at += 1
        else:
            hidden[at] = size
    for gaps in _distributed(length - sum(sizes), hidden):
        starts = [sum(sizes[:i]) + sum(gaps[: i + 1]) for i in range(len(sizes))]
        positions = np.concatenate([np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)])
        none = _NONE * gaps[1:-1].count(0)
        yield positions, none + sum(_gap_cost(gap, seems) for gap, seems in zip(gaps, hidden, strict=True))


def _distributed(rest: int, hidden: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """``rest`` digits shared out among the hidden stretches; those between digits are about as long as they seem.

    A short one may be none: what stands in the gap between two groups.
    """
    between = [range(max(0, size - 2), size + 3) for size in hidden[1:-1]]
    for middle in itertools.islice(itertools.product(*between), 200):
        left = rest - sum(middle)
        yield from ((before, *middle, left - before) for before in range(left + 1))


def _gap_cost(gap: int, seems: int) -> float:
    if seems:
        return min(_MOST_STRETCH, _STRETCH * abs(gap - seems))
    return _CUT + _CUT_MORE * gap if gap else 0.0


def _laid(
    hypothesis: _Hypothesis,
    observation: Observation,
    logs: NDArray[np.float64],
    positions: NDArray[np.int64],
    cost: float,
    alike: _Alike,
) -> _Hypothesis | None:
    """``hypothesis`` with ``observation`` laid on ``positions``; None when the pieces do not belong together."""
    common = hypothesis.times[positions] > 0
    summed, times = hypothesis.logs.copy(), hypothesis.times.copy()
    summed[positions] += logs
    times[positions] += 1
    before, after = (np.log(np.exp(logs_[positions]).mean(1)) for logs_ in (hypothesis.logs, summed))
    gain = float((after - before)[common].sum())
    loose = bool(hypothesis.used) and gain < TOGETHER
    if hypothesis.used and gain < SURELY and not all(alike(observation, other) for other in hypothesis.used):
        return None
    along = hypothesis.along
    if observation.along is not None:
        there = observation.along[observation.seen]
        cost += _misplaced(hypothesis.along, there, positions)
        along = hypothesis.along.copy()
        along[positions] = np.where(np.isnan(along[positions]), there, along[positions])
    if cost > _MOST_COST:
        return None
    return _Hypothesis(
        logs=summed,
        times=times,
        along=along,
        cost=hypothesis.cost + cost,
        loose=hypothesis.loose or loose,
        used=(*hypothesis.used, observation),
        weight=hypothesis.weight + gain - cost,
    )


def _alike(observation: Observation, other: Observation) -> bool:
    """Whether two observations may be at one line of one card."""
    return abs(observation.across - other.across) < OFF_LINE and _is_one_card(observation, other)


def _misplaced(along: NDArray[np.float32], there: NDArray[np.float32], positions: NDArray[np.int64]) -> float:
    """What it costs that digits do not stand where they should: on one another, or one pitch after another.

    ``there`` is where on the card the digits laid on ``positions`` stand, ``along`` where those laid before do.
    """
    known = np.flatnonzero(~np.isnan(along))
    if not len(known) or len(positions) < 2:
        return 0.0
    pitch = float(there[-1] - there[0]) / int(positions[-1] - positions[0])
    off = along[positions] - there
    off = off[~np.isnan(off)]
    if len(off):
        wrong = abs(float(off.mean())) / pitch
    else:
        before = known[-1] < positions[0]
        i, at = (int(known[-1]), 0) if before else (int(known[0]), -1)
        apart, steps = abs(float(there[at] - along[i])) / pitch, abs(int(positions[at]) - i)
        most = steps + GAP * (1 + (steps - 1) // 4)  # a gap between groups, or several
        wrong = max(steps - apart, apart - most, 0.0)
    return min(20.0, (wrong / OFF) ** 2 / 2)


def _numbers(hypothesis: _Hypothesis) -> Iterator[tuple[str, float]]:
    """The likeliest numbers, each with the logarithm of its share: up to two digits are the second best."""
    logs = hypothesis.logs - math.log(10)
    order = np.argsort(-logs, axis=1)
    rows = np.arange(len(logs))
    best = logs[rows, order[:, 0]]
    losses = best - logs[rows, order[:, 1]]
    unsure = np.argsort(losses)[:10].tolist()
    for changed in itertools.chain([()], itertools.combinations(unsure, 1), itertools.combinations(unsure[:6], 2)):
        digits = order[:, 0].copy()
        digits[list(changed)] = order[list(changed), 1]
        yield "".join(map(str, digits)), float(best.sum() - losses[list(changed)].sum())


def _stands_evenly(hypothesis: _Hypothesis) -> bool:
    """Whether the digits of all pieces, where they stand on the card, make one evenly set number."""
    along = CARD * hypothesis.along.astype(np.float64)
    return bool(layout.unevenness(along) < EVEN)  # NaN, where one is not known, is not


def _typical(hypothesis: _Hypothesis) -> float:
    """How likely numbers of this length and beginning are, whatever their digits."""
    return (
        issued.fitting("".join(map(str, hypothesis.logs.argmax(1))))
        if hypothesis.times[:6].all()
        else issued.USUAL.get(len(hypothesis.times), issued.RARE)
    )


def _in_common(digits: str, number: str) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(number) + 1)
    for digit in digits:
        before = row
        row = [0]
        for index, other in enumerate(number):
            row.append(before[index] + 1 if digit == other else max(row[-1], before[index + 1]))
    return row[-1]
