"""Values that mean nothing are refused where they are written."""

from __future__ import annotations

import math

import pytest

from bankcard_ocr.reading import THRESHOLD, Options


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"type": "foo"}, "type is 'photo' or 'scan', not 'foo'"),
        ({"threshold": -0.1}, "threshold is a probability from 0 to 1, or None for the model's own, not -0.1"),
        ({"threshold": 85}, "threshold is a probability from 0 to 1, or None for the model's own, not 85"),
        ({"threshold": math.nan}, "threshold is a probability from 0 to 1, or None for the model's own, not nan"),
        ({"threshold": True}, "threshold is a probability from 0 to 1, or None for the model's own, not True"),
        ({"threshold": "0.9"}, "threshold is a probability from 0 to 1, or None for the model's own, not '0.9'"),
        ({"returns": {"foo"}}, "returns is a set out of 'card', 'number', 'redacted', not {'foo'}"),
        ({"returns": "card"}, "returns is a set out of 'card', 'number', 'redacted', not 'card'"),
        ({"returns": None}, "returns is a set out of 'card', 'number', 'redacted', not None"),
        ({"returns": [[]]}, "returns is a set out of 'card', 'number', 'redacted', not [[]]"),
        ({"detail": "no"}, "detail is True or False, not 'no'"),
        ({"prior": None}, "prior is True or False, not None"),
        ({"now": "today"}, "now is a Unix time in seconds, or None for the clock's, not 'today'"),
        ({"now": True}, "now is a Unix time in seconds, or None for the clock's, not True"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict, says: str):
    """The message names the option, what it may be, and what it was."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (the whole message is compared)
        Options(**options)

    assert says == str(refused.value)


@pytest.mark.parametrize("threshold", [None, 0, 1, 0.85])
def test_every_probability_is_a_threshold(threshold):
    """The ends of the range are in it."""
    options = Options(threshold=threshold)

    assert threshold == options.threshold
    assert options.least_confidence == (THRESHOLD if threshold is None else threshold)


@pytest.mark.parametrize(("options", "more"), [({}, False), ({"detail": True}, True), ({"returns": {"card"}}, True)])
def test_pictures_are_more_than_the_number_too(options: dict, more: bool):
    """What is located beside the number is looked for when they are asked for."""
    assert more is Options(**options).wants_more


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_pictures_to_return_are_frozen(kind: type):
    """Whatever they are given in, options stay values: they compare, and are keys."""
    assert {Options(returns=frozenset({"card", "number"}))} == {Options(returns=kind(["card", "number"]))}
