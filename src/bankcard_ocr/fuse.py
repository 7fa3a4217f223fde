"""Several pictures of one card make one number: their evidence is laid over one another digit by digit.

Each picture gives a :class:`Look` at the number: for each character in order the chances of the ten digits and of
being hidden. How many digits a hidden stretch has is known to one or two only, and ends may be cut off; so a look is
laid on numbers of each length in every way its hidden stretches allow, and ways are ranked by how well the digits
agree, by the stretches' lengths, and by where on the card the digits stand. A hidden digit is no evidence.

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

from . import judge, layout
from .reading import Candidate
from .vision import quality, recognize
from .vision.recognize import HIDDEN, Line

Chances = NDArray[np.float32]
_Alike = Callable[["Look", "Look"], bool]

LENGTHS = (16, 19, 15, 18, 17, 14)
TOGETHER = 8.0  # nats by which the digits that two looks at one card share need no further proof: four have 9
SURELY = 20.0  # nats of agreement from which two looks need no proof of being at one card: nine digits
CLEAR = 0.97  # mean probability of the digits of a look that can contradict others
BEAM = 24  # ways kept
_FAINT = 1e-4  # keeps one look from ruling out what the others say
_STRETCH, _MOST_STRETCH = 0.3, 2.0  # nats for each digit that a hidden stretch is longer or shorter than it seems
_NONE = 2.0  # nats for a hidden stretch between digits that is none
_CUT, _CUT_MORE = 1.5, 0.1  # nats for an end of the line that is not seen, and for each digit that it lacks
_END = 4.0  # nats for an end of the line that no look sees
_MOST_COST = 15.0  # nats; dearer ways are not looked at
_LEFT_OUT = 6.0  # nats for a look that is not used
SAME_EYES = 2  # looks that show a digit, at least: n of them count as the square root of n, as the judge's views do
OFF = 0.5  # digits' pitches by which a digit may be off its place on the card
OFF_LINE = 0.08  # card heights by which a line may be off
EVEN = 0.3  # digits' pitches by which the worst digit of a number put together from pieces may be off its place
CARD = 1000.0  # pixels of a card's width, for measuring that
GAP = 1.3  # digits' pitches that a gap between groups adds
ALIKE = 0.7  # the least likeness of faces of one card: of 2,980 pairs of real cards 19 reach it (188 reach 0.5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Look:
    """What one picture shows of the number.

    ``chances`` float32 (N, 11): for each character the digits 0 to 9 and hidden, rows sum to 1. ``along`` float32 (N,):
    where their middles stand along the card, in card widths; ``across`` the line's place across it, in card heights;
    ``face`` the card as :func:`quality.face` sees it; None where no card was located. ``is_registered``: laid by its
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

    def lacking(self, place: int | None) -> Look:
        """The look with one hidden character more at ``place``, where a digit left a gap; itself where none did."""
        if place is None:
            return self
        hidden = np.eye(1, 11, 10, dtype=np.float32)
        chances = np.insert(self.chances, [place], hidden, axis=0)
        along = self.along
        if along is not None:
            near = along[max(0, place - 1) : place + 1]
            along = np.insert(along, place, near.mean()).astype(np.float32)
        return replace(self, chances=chances, along=along)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class _Way:
    """One way to lay looks on a number of ``len(logs)`` digits.

    ``logs`` (L, 10) are sums of the logarithms of ten times the chances, ``times`` (L,) how many looks see a digit;
    ``along`` (L,) where digits stand on the card, NaN where unknown. ``loose``: pieces hang together by proof only.
    ``weight`` is how much better the looks agree than random ones would, less what the way costs, as a logarithm.
    """

    logs: NDArray[np.float64]
    times: NDArray[np.int64]
    along: NDArray[np.float32]
    cost: float = 0.0
    loose: bool = False
    used: tuple[Look, ...] = field(default=())
    weight: float = 0.0


def fused(looks: Sequence[Look], *, prior: bool = True) -> tuple[Candidate, ...]:
    """The numbers that ``looks`` at one card may say together, the most probable first."""
    alike = cache(_alike)  # a picture is compared with another once
    ways = [way for length in LENGTHS for way in _ways(looks, length, alike)]
    whole = [way for way in ways if way.times.all() and (prior or not way.loose)]
    weights: dict[str, list[float]] = {}
    lost = _lost(ways, prior=prior)
    for way in whole:
        fits = not way.loose or _stands_evenly(way)
        for number, seen in _numbers(way):
            weight = seen - way.cost + (judge.likeness(number) if prior else 0.0)
            if not fits or (way.loose and not judge.is_proven(number)):
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


def _lost(ways: Sequence[_Way], *, prior: bool) -> list[float]:
    """The weights of there being no whole number: of the best way that leaves digits open, by the looks used."""
    best: dict[int, float] = {}
    for way in ways:
        if not way.times.all():
            ends = int(way.times[0] == 0) + int(way.times[-1] == 0)
            weight = way.weight - _END * ends + (_typical(way) if prior else 0.0)
            best[len(way.used)] = max(best.get(len(way.used), -math.inf), weight)
    return list(best.values())


def contradicts(look: Look, number: str) -> bool:
    """Whether ``look`` clearly shows another number than ``number``: in order, two of its digits or more differ."""
    digits = look.digits
    return len(digits) >= 6 and look.clarity >= CLEAR and len(digits) - _in_common(digits, number) >= 2


def contradicted(looks: Sequence[Look], number: str) -> bool:
    """Whether one of ``looks`` clearly shows another number than ``number``, and not another line of the same card."""
    against = [contradicts(look, number) for look in looks]
    others = [look for look, is_against in zip(looks, against, strict=True) if not is_against]
    return any(
        not any(_is_another_line(look, other) for other in others)
        for look, is_against in zip(looks, against, strict=True)
        if is_against
    )


def _is_another_line(look: Look, other: Look) -> bool:
    """Whether two looks surely are at two lines of one card."""
    return _is_one_card(look, other) and abs(look.across - other.across) >= OFF_LINE


def _is_one_card(look: Look, other: Look) -> bool:
    """Whether two looks surely are at one card, or at two of one design."""
    if look.is_registered and other.is_registered:
        return True
    if look.face is None or other.face is None:
        return False
    return quality.alike(look.face, other.face) >= ALIKE


def _ways(looks: Sequence[Look], length: int, alike: _Alike) -> list[_Way]:
    """The likeliest ways to lay ``looks`` on a number of ``length`` digits."""
    nothing = _Way(
        logs=np.zeros((length, 10)), times=np.zeros(length, np.int64), along=np.full(length, np.nan, np.float32)
    )
    ways = [nothing]
    eyes = _eyes(looks)
    for look in sorted(looks, key=lambda look: -int(look.seen.sum())):
        placements = list(_placements(look, length))
        logs = _logs(look, eyes)
        longer = [
            laid
            for way, (places, cost) in itertools.product(ways, placements)
            if (laid := _laid(way, look, logs, places, cost, alike)) is not None
        ]
        left_out = [replace(way, cost=way.cost + _LEFT_OUT, weight=way.weight - _LEFT_OUT) for way in ways]
        ways = sorted(longer + left_out, key=lambda way: -way.weight)[:BEAM]
    return [way for way in ways if way.used]


def _eyes(looks: Sequence[Look]) -> float:
    """What ``looks`` flatten their chances by: they see with the same eyes, so n of a digit are no n witnesses."""
    seen = [int(look.seen.sum()) for look in looks]
    return math.sqrt(max(SAME_EYES, sum(seen) / max(1, *seen, 1)))


def _logs(look: Look, eyes: float) -> NDArray[np.float64]:
    """For each digit seen the logarithm of ten times its chances, flattened by ``eyes``, (N, 10)."""
    chances = look.chances[look.seen].astype(np.float64)
    chances = np.maximum(chances[:, :10] + chances[:, 10:] / 10, _FAINT) ** (1 / eyes)
    return np.asarray(np.log(10 * chances / chances.sum(1, keepdims=True)), np.float64)


def _placements(look: Look, length: int) -> Iterator[tuple[NDArray[np.int64], float]]:
    """The places (0 to ``length`` - 1) that the seen digits of ``look`` may have, and what each way costs."""
    runs = [(seen, sum(1 for _ in run)) for seen, run in itertools.groupby(look.seen.tolist())]
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
    for gaps in _shared_out(length - sum(sizes), hidden):
        starts = [sum(sizes[:i]) + sum(gaps[: i + 1]) for i in range(len(sizes))]
        places = np.concatenate([np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)])
        none = _NONE * gaps[1:-1].count(0)
        yield places, none + sum(_gap_cost(gap, seems) for gap, seems in zip(gaps, hidden, strict=True))


def _shared_out(rest: int, hidden: Sequence[int]) -> Iterator[tuple[int, ...]]:
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
    way: _Way, look: Look, logs: NDArray[np.float64], places: NDArray[np.int64], cost: float, alike: _Alike
) -> _Way | None:
    """``way`` with ``look`` laid on ``places``; None when the pieces do not belong together."""
    common = way.times[places] > 0
    summed, times = way.logs.copy(), way.times.copy()
    summed[places] += logs
    times[places] += 1
    gain = float((np.log(np.exp(summed[places]).mean(1)) - np.log(np.exp(way.logs[places]).mean(1)))[common].sum())
    loose = bool(way.used) and gain < TOGETHER
    if way.used and gain < SURELY and not all(alike(look, other) for other in way.used):
        return None
    along = way.along
    if look.along is not None:
        there = look.along[look.seen]
        cost += _misplaced(way.along, there, places)
        along = way.along.copy()
        along[places] = np.where(np.isnan(along[places]), there, along[places])
    if cost > _MOST_COST:
        return None
    return _Way(
        logs=summed,
        times=times,
        along=along,
        cost=way.cost + cost,
        loose=way.loose or loose,
        used=(*way.used, look),
        weight=way.weight + gain - cost,
    )


def _alike(look: Look, other: Look) -> bool:
    """Whether two looks may be at one line of one card."""
    return abs(look.across - other.across) < OFF_LINE and _is_one_card(look, other)


def _misplaced(along: NDArray[np.float32], there: NDArray[np.float32], places: NDArray[np.int64]) -> float:
    """What it costs that digits do not stand where they should: on one another, or one pitch after another.

    ``there`` are the places on the card of the digits laid on ``places``, ``along`` those of digits laid before.
    """
    known = np.flatnonzero(~np.isnan(along))
    if not len(known) or len(places) < 2:
        return 0.0
    pitch = float(there[-1] - there[0]) / int(places[-1] - places[0])
    off = along[places] - there
    off = off[~np.isnan(off)]
    if len(off):
        wrong = abs(float(off.mean())) / pitch
    else:
        before = known[-1] < places[0]
        i, at = (int(known[-1]), 0) if before else (int(known[0]), -1)
        apart, steps = abs(float(there[at] - along[i])) / pitch, abs(int(places[at]) - i)
        most = steps + GAP * (1 + (steps - 1) // 4)  # a gap between groups, or several
        wrong = max(steps - apart, apart - most, 0.0)
    return min(20.0, (wrong / OFF) ** 2 / 2)


def _numbers(way: _Way) -> Iterator[tuple[str, float]]:
    """The likeliest numbers of ``way``, each with the logarithm of its share: up to two digits are the second best."""
    logs = way.logs - math.log(10)
    order = np.argsort(-logs, axis=1)
    rows = np.arange(len(logs))
    best = logs[rows, order[:, 0]]
    losses = best - logs[rows, order[:, 1]]
    unsure = np.argsort(losses)[:10].tolist()
    for changed in itertools.chain([()], itertools.combinations(unsure, 1), itertools.combinations(unsure[:6], 2)):
        digits = order[:, 0].copy()
        digits[list(changed)] = order[list(changed), 1]
        yield "".join(map(str, digits)), float(best.sum() - losses[list(changed)].sum())


def _stands_evenly(way: _Way) -> bool:
    """Whether the digits of all pieces, where they stand on the card, make one evenly set number."""
    return bool(layout.unevenness(CARD * way.along.astype(np.float64)) < EVEN)  # NaN, where one is not known, is not


def _typical(way: _Way) -> float:
    """How likely numbers of this length and beginning are, whatever their digits."""
    return (
        judge.fitting("".join(map(str, way.logs.argmax(1))))
        if way.times[:6].all()
        else judge.USUAL.get(len(way.times), judge.RARE)
    )


def _in_common(digits: str, number: str) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(number) + 1)
    for digit in digits:
        before = row
        row = [0]
        for place, other in enumerate(number):
            row.append(before[place] + 1 if digit == other else max(row[-1], before[place + 1]))
    return row[-1]
