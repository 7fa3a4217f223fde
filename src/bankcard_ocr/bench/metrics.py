"""Figures from labels and answers: pure functions on frozen values.

**Exact, wrong, refused.** ``exact``: the whole number is right. ``wrong``: a number was returned and it is not the
card's. ``refused``: no number. Shares are macro averages over cards: the pictures of one card (``group``) share one
vote, so a card photographed fifty times weighs as much as one photographed once. The three shares sum to 1.

**Intervals** are Wilson's score intervals at 95 % with n = the number of cards (E. B. Wilson, JASA 22, 1927; advised
for small n and shares near 0 or 1 by Brown, Cai and DasGupta, Statistical Science 16, 2001). A card's vote lies in
[0, 1], so its variance is at most p (1 - p): the interval is never too narrow for it. A bootstrap would give an
interval of no width at 0 of n, where it matters most.

**Calibration** compares the confidence of each returned number with how often such numbers are right: bins,
their expected calibration error (ECE: mean of the gap between the two over bins, weighted by their counts; Naeini,
Cooper and Hauskrecht, AAAI 2015), and the share of wrong numbers among those given with confidence 0.99 or more.
The bins are narrow near 1, where nearly all confidences lie.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ..numbers import expiry, pan
from ..reading import Quad
from .labels import Label

Outcome = Literal["exact", "wrong", "refused"]

SURE = 0.99
BINS = 40  # of a histogram of times
EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
MAX_POINTS = 80
_Z95 = 1.959963984540054  # the normal distribution's 97.5 % point


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What an engine said of one picture.

    ``number`` is what it returned, None when it refused; ``refusal`` then names the error, and ``cause`` says why in a
    few words, of errors that have one. ``guess`` is its best candidate whether returned or not, so that other
    thresholds can be tried afterwards. ``ms`` is from bytes in memory to the answer. ``valid_date`` is ``MM/YY``,
    ``asked_date`` whether it was asked for: where the label has one, and of engines that read dates.
    """

    number: str | None
    ms: float
    confidence: float | None = None
    guess: str | None = None
    guess_confidence: float | None = None
    refusal: str | None = None
    cause: str | None = None
    number_quad: Quad | None = None
    valid_date: str | None = None
    asked_date: bool = False

    def __repr__(self) -> str:
        return f"Answer(returned={self.number is not None}, confidence={self.confidence}, ms={self.ms:.1f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One picture: what stands on it and what an engine said."""

    label: Label
    answer: Answer

    @property
    def outcome(self) -> Outcome:
        """What became of it. On a picture without a number, any number is ``wrong``."""
        if not self.answer.number:
            return "refused"
        return "exact" if pan.digest(self.answer.number) == self.label.number_sha256 else "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share in [0, 1] and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What became of ``pictures`` pictures of ``cards`` cards; macro averages over cards."""

    pictures: int
    cards: int
    exact: Share
    wrong: Share
    refused: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """``hits`` of ``total``, and that share."""

    hits: int
    total: int
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """What became of the dates that cards are valid through, of pictures whose number was read."""

    exact: Count
    wrong: Count
    refused: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The returned numbers with confidence in [low, high): how many, their mean confidence, the share of right ones."""

    low: float
    high: float
    count: int
    confidence: float
    right: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far confidences can be believed. ``sure_wrong``: of those with at least 0.99, the wrong ones."""

    bins: tuple[Bin, ...]
    ece: float
    sure_wrong: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The macro shares when a number is returned at a confidence of at least ``threshold``."""

    threshold: float
    exact: float
    wrong: float
    refused: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds a picture. ``p95`` and ``p99`` are times that really occurred (nearest rank, from above)."""

    count: int
    median_ms: float
    p95_ms: float
    p99_ms: float
    slowest_ms: float


def share(value: float, n: int) -> Share:
    """``value``, the mean of ``n`` votes in [0, 1], with Wilson's 95 % interval. Raises ValueError when n < 1."""
    if n < 1:
        raise ValueError("a share of nothing")
    square = _Z95**2 / n
    middle = (value + square / 2) / (1 + square)
    reach = _Z95 / (1 + square) * math.sqrt(value * (1 - value) / n + square / (4 * n))
    return Share(value=value, low=min(value, max(0.0, middle - reach)), high=max(value, min(1.0, middle + reach)))


def shares(cases: Sequence[Case]) -> Shares:
    """What became of ``cases``, all of pictures with a number. Raises ValueError when there are none."""
    by_card: defaultdict[str, list[Outcome]] = defaultdict(list)
    for case in cases:
        by_card[case.label.group].append(case.outcome)
    if not by_card:
        raise ValueError("a share of nothing")

    def macro(outcome: Outcome) -> Share:
        value = statistics.fmean(outcomes.count(outcome) / len(outcomes) for outcomes in by_card.values())
        return share(min(1.0, value), len(by_card))

    return Shares(
        pictures=len(cases),
        cards=len(by_card),
        exact=macro("exact"),
        wrong=macro("wrong"),
        refused=macro("refused"),
    )


def split(cases: Iterable[Case], column: str) -> dict[str, list[Case]]:
    """The cases of each value of the label column ``column``, in the values' order."""
    found: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        found[case.label.strata.get(column, "")].append(case)
    return {value: found[value] for value in sorted(found)}


def by_stratum(cases: Iterable[Case], column: str) -> dict[str, Shares]:
    """The shares of each value of the label column ``column``, in the values' order."""
    return {value: shares(some) for value, some in split(cases, column).items()}


def returned(cases: Sequence[Case]) -> Count:
    """On how many pictures a number was returned; for pictures that have none."""
    return count(sum(bool(case.answer.number) for case in cases), len(cases))


def valid_thru(label: Label) -> str | None:
    """The date of the label's column ``valid_thru`` as MM/YY; None where it has none, or a month that there is not."""
    month = expiry.parse(label.strata.get("valid_thru", ""))
    return str(month) if month else None


def dates(cases: Iterable[Case]) -> Dates | None:
    """What became of the dates on the cards whose number was read; None when none was asked for."""
    told = [(valid_thru(case.label), case.answer.valid_date) for case in cases if case.answer.asked_date]
    if not told:
        return None
    exact, refused = sum(label == got for label, got in told), sum(got is None for _, got in told)
    wrong = len(told) - exact - refused
    return Dates(exact=count(exact, len(told)), wrong=count(wrong, len(told)), refused=count(refused, len(told)))


def count(hits: int, total: int) -> Count:
    """``hits`` of ``total`` as a share; of nothing, 0 with the interval of all there is."""
    value = share(hits / total, total) if total else Share(value=0.0, low=0.0, high=1.0)
    return Count(hits=hits, total=total, share=value)


def calibration(cases: Iterable[Case]) -> Calibration | None:
    """How far the confidences of the numbers returned can be believed; None when none has a confidence.

    A confidence of 1 falls into the last bin.
    """
    votes = [
        (case.answer.confidence, case.outcome == "exact")
        for case in cases
        if case.answer.number and case.answer.confidence is not None
    ]
    if not votes:
        return None
    bins = []
    for low, high in pairwise(EDGES):
        inside = [vote for vote in votes if low <= vote[0] and (vote[0] < high or high == EDGES[-1])]
        if inside:
            n = len(inside)
            right = share(sum(hit for _, hit in inside) / n, n)
            mean = statistics.fmean(confidence for confidence, _ in inside)
            bins.append(Bin(low=low, high=high, count=n, confidence=mean, right=right))
    gap = sum(bin_.count * abs(bin_.right.value - bin_.confidence) for bin_ in bins)
    sure = [hit for confidence, hit in votes if confidence >= SURE]
    return Calibration(bins=tuple(bins), ece=gap / len(votes), sure_wrong=count(sure.count(False), len(sure)))


def tradeoff(cases: Sequence[Case], max_points: int = MAX_POINTS) -> tuple[Point, ...]:
    """Exact, wrong and refused for rising thresholds, from every guess returned to none.

    Empty when no answer has a guess with a confidence. At most ``max_points`` thresholds are tried, all of them
    confidences that occurred.
    """
    seen = sorted({case.answer.guess_confidence for case in cases if case.answer.guess_confidence is not None})
    if not seen:
        return ()
    step = max(1, math.ceil(len(seen) / max_points))
    thresholds = [*seen[::step], math.nextafter(seen[-1], math.inf)]
    return tuple(_point(cases, threshold) for threshold in thresholds)


def at_threshold(case: Case, threshold: float) -> Case:
    """``case`` as it would be if a guess were returned at a confidence of at least ``threshold``."""
    answer = case.answer
    sure = answer.guess_confidence is not None and answer.guess_confidence >= threshold
    return replace(case, answer=replace(answer, number=answer.guess if sure else None))


def latency(times_ms: Iterable[float]) -> Latency | None:
    """The spread of ``times_ms``; None when there are none."""
    times = sorted(times_ms)
    if not times:
        return None

    def rank(quantile: float) -> float:
        return times[max(0, math.ceil(quantile * len(times)) - 1)]

    return Latency(
        count=len(times),
        median_ms=statistics.median(times),
        p95_ms=rank(0.95),
        p99_ms=rank(0.99),
        slowest_ms=times[-1],
    )


def histogram(times_ms: Sequence[float]) -> tuple[tuple[float, float, int], ...]:
    """How many times lie in each of BINS spans (low, high, count) of equal *ratio*; empty for no times."""
    if not times_ms:
        return ()
    low, high = max(min(times_ms), 1e-3), max(*times_ms, 1e-3)
    ratio = max(high / low, 1.01) ** (1 / BINS)
    counts = [0] * BINS
    for time in times_ms:
        place = int(math.log(max(time, low) / low) / math.log(ratio))
        counts[min(place, BINS - 1)] += 1
    return tuple((low * ratio**i, low * ratio ** (i + 1), count) for i, count in enumerate(counts))


def tally(values: Iterable[str]) -> dict[str, int]:
    """How often each value occurs, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda each: (-each[1], each[0])))


def _point(cases: Sequence[Case], threshold: float) -> Point:
    found = shares([at_threshold(case, threshold) for case in cases])
    return Point(threshold=threshold, exact=found.exact.value, wrong=found.wrong.value, refused=found.refused.value)
