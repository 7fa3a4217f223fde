"""Figures of made-up labels and answers."""

from __future__ import annotations

import collections
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.bench import metrics
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.metrics import Answer, Case
from bankcard_ocr.numbers.pan import digest

VISA = "4111111111111111"
MASTERCARD = "5555555555554444"
AMEX = "378282246310005"


def case(want, got, *, group=None, confidence=None, guess=None, guess_confidence=None, **strata) -> Case:
    label = Label(file="a.jpg", number_sha256=want and digest(want), group=group or want or "none", strata=strata)
    return Case(
        label=label,
        answer=Answer(number=got, ms=1.0, confidence=confidence, guess=guess, guess_confidence=guess_confidence),
    )


numbers = st.sampled_from([VISA, MASTERCARD, AMEX])
confidences = st.floats(0, 1)
cases = st.lists(
    st.builds(
        case,
        numbers,
        st.none() | numbers,
        group=st.sampled_from("abcd"),
        confidence=confidences,
        guess=numbers,
        guess_confidence=st.none() | confidences,
    ),
    min_size=1,
    max_size=30,
)


def scored_elsewhere(cases):
    """Percentages after the definition of the project's outside scorer, written anew."""
    by_group = collections.defaultdict(list)
    for one in cases:
        got = one.answer.number
        right = got and digest(got) == one.label.number_sha256
        by_group[one.label.group].append("refused" if not got else "exact" if right else "wrong")
    return {
        outcome: 100 * statistics.mean(found.count(outcome) / len(found) for found in by_group.values())
        for outcome in ("exact", "wrong", "refused")
    }


@given(cases)
def test_same_as_the_outside_scorer(some) -> None:
    """Exact, wrong and refused are those of the scorer that issues quote."""
    found = metrics.shares(some)
    mine = {"exact": found.exact.value, "wrong": found.wrong.value, "refused": found.refused.value}
    assert scored_elsewhere(some) == pytest.approx({name: 100 * value for name, value in mine.items()})


@given(cases)
def test_shares_sum_to_one(some) -> None:
    """Every picture is exact, wrong or refused."""
    found = metrics.shares(some)
    assert found.exact.value + found.wrong.value + found.refused.value == pytest.approx(1.0)


def test_one_card_one_vote() -> None:
    """Fifty pictures of one card weigh as much as one picture of another."""
    found = metrics.shares([case(VISA, VISA)] * 50 + [case(AMEX, None)])
    assert (51, 2, 0.5, 0.0, 0.5) == (
        found.pictures,
        found.cards,
        found.exact.value,
        found.wrong.value,
        found.refused.value,
    )


def test_no_pictures() -> None:
    """There is no share of nothing."""
    with pytest.raises(ValueError, match="nothing"):
        metrics.shares([])


@pytest.mark.parametrize(
    ("value", "n", "low", "high"),
    [
        (0.0, 10, 0.0, 0.2775),  # the published Wilson intervals of 0, 5 and 10 of 10
        (0.5, 10, 0.2366, 0.7634),
        (1.0, 10, 0.7225, 1.0),
    ],
)
def test_wilson(value, n, low, high) -> None:
    """Intervals are Wilson's at 95 %."""
    found = metrics.share(value, n)
    assert (low, high) == (pytest.approx(found.low, abs=1e-4), pytest.approx(found.high, abs=1e-4))


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_interval_holds_its_share(value, n) -> None:
    """A share lies in its interval, and that in [0, 1]."""
    found = metrics.share(value, n)
    assert 0 <= found.low <= value <= found.high <= 1


def test_by_stratum() -> None:
    """Each value of a column has its own shares; pictures without the column stand under the empty value."""
    some = [case(VISA, VISA, relief="flat"), case(AMEX, None, relief="embossed"), case(MASTERCARD, VISA)]
    found = metrics.by_stratum(some, "relief")
    assert {"": (0.0, 1.0), "embossed": (0.0, 0.0), "flat": (1.0, 0.0)} == {
        value: (shares.exact.value, shares.wrong.value) for value, shares in found.items()
    }


def test_number_on_a_negative_is_wrong() -> None:
    """A number on a picture without one is wrong, and counted."""
    some = [case(None, VISA), case(None, None)]
    assert ("wrong", "refused", 1, 2) == (
        some[0].outcome,
        some[1].outcome,
        metrics.returned(some).hits,
        metrics.returned(some).total,
    )


def test_calibration() -> None:
    """Bins hold the counts, and the ECE is the mean gap between confidence and truth."""
    some = [case(VISA, VISA, confidence=0.995)] * 3 + [case(VISA, AMEX, confidence=0.995)] + [case(VISA, None)]
    found = metrics.calibration(some)
    assert ([(0.995, 0.999, 4, 0.75)], pytest.approx(0.245), (1, 4)) == (
        [(one.low, one.high, one.count, one.right.value) for one in found.bins],
        found.ece,
        (found.sure_wrong.hits, found.sure_wrong.total),
    )


@pytest.mark.parametrize(("confidence", "sure"), [(0.99, 1), (0.9899, 0)])
def test_sure_begins_at_99(confidence, sure) -> None:
    """A confidence of exactly 0.99 counts as sure, one below it does not."""
    assert sure == metrics.calibration([case(VISA, VISA, confidence=confidence)]).sure_wrong.total


@given(cases)
def test_every_confidence_has_a_bin(some) -> None:
    """No number returned with a confidence falls between the bins, 0 and 1 included."""
    found = metrics.calibration(some)
    returned = sum(one.answer.number is not None for one in some)
    assert returned == sum(one.count for one in (found.bins if found else ()))


def test_no_confidence_no_calibration() -> None:
    """An engine without confidences has no calibration and no trade-off."""
    some = [case(VISA, VISA)]
    assert (None, ()) == (metrics.calibration(some), metrics.tradeoff(some))


def test_tradeoff() -> None:
    """Each threshold trades wrong numbers for refusals; the last returns nothing."""
    some = [
        case(VISA, None, guess=VISA, guess_confidence=0.9),
        case(AMEX, None, guess=VISA, guess_confidence=0.4),
        case(MASTERCARD, None),
    ]
    third = pytest.approx(1 / 3)
    assert [(0.4, third, third, third), (0.9, third, 0.0, pytest.approx(2 / 3)), (0.0, 0.0, 1.0)] == [
        (point.threshold, point.exact, point.wrong, point.refused)[0 if point.threshold <= 0.9 else 1 :]
        for point in metrics.tradeoff(some)
    ]


@given(cases, st.integers(1, 5))
def test_tradeoff_runs_one_way(some, points) -> None:
    """A higher threshold never refuses fewer, and there are no more points than asked for, and the end."""
    found = metrics.tradeoff(some, points)
    refused = [round(point.refused, 9) for point in found]
    assert (sorted(refused), True) == (refused, len(found) <= points + 1)


def test_latency() -> None:
    """The median and the nearest ranks of 1 to 100 ms."""
    found = metrics.latency(range(100, 0, -1))
    assert (100, 50.5, 95, 99, 100) == (
        found.count,
        found.median_ms,
        found.p95_ms,
        found.p99_ms,
        found.slowest_ms,
    )


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=40))
def test_quantiles_ascend(times) -> None:
    """Of however few times, as many as the quantile says are at most as long, so none lies below the median."""
    found = metrics.latency(times)
    assert found.median_ms <= found.p95_ms <= found.p99_ms <= found.slowest_ms
    assert sum(time <= found.p95_ms for time in times) >= 0.95 * len(times)


def test_no_latency() -> None:
    """No times, no latency."""
    assert (None, ()) == (metrics.latency([]), metrics.histogram([]))


@given(st.lists(st.floats(0, 1e5), min_size=1))
def test_histogram_counts_all(times) -> None:
    """Every time falls into a span of the histogram."""
    assert len(times) == sum(count for _, _, count in metrics.histogram(times))


def test_tally() -> None:
    """The most frequent value comes first, equals by name."""
    assert [("b", 2), ("a", 1), ("c", 1)] == list(metrics.tally(["c", "b", "a", "b"]).items())


def test_answers_hide_their_number() -> None:
    """Neither the repr of an answer nor that of a case holds a card number."""
    assert VISA not in repr(case(VISA, VISA, guess=VISA))
