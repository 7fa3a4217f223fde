"""Connectionist temporal classification, against every alignment there is."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bankcard_ocr.vision import ctc

ALL = 10_000  # a beam that nothing falls out of


@st.composite
def matrices(draw) -> np.ndarray:
    """float32 (T, C) of probabilities, none of them so small that a frame is skipped."""
    shape = (draw(st.integers(1, 5)), draw(st.integers(2, 4)))
    weights = draw(arrays.arrays(np.float64, shape, elements=st.floats(0.05, 1)))
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def alignments(frames: np.ndarray) -> dict[bytes, float]:
    """Each text's probability: the sum over all ways to give every frame a class.

    Equal neighbours are one character; unequal characters that touch, without a blank between, are no alignment.
    """
    sums: dict[bytes, float] = defaultdict(float)
    for way in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        merged = [label for label, _ in itertools.groupby(way)]
        if not any(a and b for a, b in itertools.pairwise(merged)):
            weight = np.prod([row[label] for row, label in zip(frames, way, strict=True)])
            sums[bytes(label for label in merged if label)] += float(weight)
    return sums


def sure(*labels: int, classes: int = 4, probability: float = 0.9) -> np.ndarray:
    """Frames that say ``labels``, one each, and share the rest out evenly."""
    frames = np.full((len(labels), classes), (1 - probability) / (classes - 1), np.float32)
    frames[np.arange(len(labels)), labels] = probability
    return frames


@given(matrices())
def test_probabilities_are_those_of_all_alignments(frames: np.ndarray):
    """With room for every text, the search gives exactly what counting every alignment gives."""
    found = {text.classes: text.probability for text in ctc.best(frames, beam=ALL) if text.probability}

    assert alignments(frames) == pytest.approx(found, abs=1e-6)


@given(matrices(), st.integers(1, 6))
def test_texts_are_ranked_and_their_probabilities_sum_to_at_most_one(frames: np.ndarray, beam: int):
    """The most probable first, no text twice, no more than asked for."""
    texts = ctc.best(frames, beam=beam)
    probabilities = [text.probability for text in texts]

    assert sorted(probabilities, reverse=True) == probabilities
    assert len({text.classes for text in texts}) == len(texts) <= beam
    assert sum(probabilities) <= 1 + 1e-5


@given(matrices())
def test_a_wide_beam_gives_the_most_probable_text(frames: np.ndarray):
    """The first text is the best of all alignments' texts."""
    every = alignments(frames)

    assert max(every.values()) == pytest.approx(ctc.best(frames, beam=ALL)[0].probability, abs=1e-6)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ((0, 1, 0, 2, 0), (1, 2)),
        ((0, 1, 1, 1, 0, 2), (1, 2)),  # a character of several frames
        ((1, 0, 1), (1, 1)),  # twice the same, a blank between
        ((1, 1), (1,)),  # once
        ((0, 0), ()),
    ],
)
def test_the_best_text_is_what_the_frames_say(labels, text):
    """Repeats merge, blanks part."""
    assert bytes(text) == ctc.best(sure(*labels))[0].classes


def test_many_doubtful_frames_do_not_vanish():
    """Where every alignment's product is too small for a float, texts still have a probability and an order."""
    probabilities = [text.probability for text in ctc.best(sure(*[0, 1] * 400, probability=0.4))]

    assert (True, True) == (0 < probabilities[-1], probabilities[0] <= 1)


def test_no_frames_say_nothing():
    """Of an empty strip the empty text is certain."""
    assert [(b"", 1.0)] == [(text.classes, text.probability) for text in ctc.best(np.zeros((0, 4), np.float32))]


@given(matrices())
def test_spikes_are_in_order_and_apart(frames: np.ndarray):
    """Each spike ends before the next begins, none is a blank, and their probabilities are some."""
    spikes = ctc.spikes(frames)
    edges = [edge for spike in spikes for edge in (spike.start, spike.stop)]

    assert sorted(edges) == edges
    assert all(spike.start < spike.stop and spike.label != ctc.BLANK and 0 < spike.probability <= 1 for spike in spikes)


def test_spikes_are_where_the_characters_are():
    """A spike covers its character's frames."""
    spikes = ctc.spikes(sure(0, 1, 1, 0, 2, 0))

    assert [(1, 1, 3), (2, 4, 5)] == [(spike.label, spike.start, spike.stop) for spike in spikes]
    assert [0.9, 0.9] == pytest.approx([spike.probability for spike in spikes])
