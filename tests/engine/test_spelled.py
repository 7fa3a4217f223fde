"""What a line of letters says, when it is known how names are spelled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.engine import spelled
from bankcard_ocr.vision.recognize import Line

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ .-'/?"


def seen(*chars: str | dict[str, float]) -> Line:
    """A line whose characters are seen surely, or are one of several with so much chance."""
    frames = np.zeros((2 * len(chars) + 1, 1 + len(ALPHABET)), np.float32)
    frames[::2, 0] = 1
    for place, char in enumerate(chars):
        for sign, chance in ({char: 1.0} if isinstance(char, str) else char).items():
            frames[2 * place + 1, 1 + ALPHABET.index(sign)] = chance
    return Line(characters=(), frames=frames, alphabet=ALPHABET)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (seen(*"ZHA", {"N": 0.4, "M": 0.6}, *"G LI"), "ZHANG LI"),  # no M is there in any name
        (seen(*"XQZ", {"N": 0.4, "M": 0.6}, *"VK LI"), "XQZMVK LI"),  # a word like no other is taken as it is seen
        (seen(*"LI NA", {" ": 0.4, "Q": 0.6}), "LI NA "),  # names end so
        (seen({"Q": 0.7, "S": 0.3}, *"MITH ", *"XQZVK"), "SMITH XQZVK"),  # each word by itself
        (seen(*"ZHAMG LI"), "ZHAMG LI"),  # what is seen surely is told
        (
            seen({"Y": 0.8, "V": 0.2}, "A", {"U": 0.7, "L": 0.3}, {"D": 0.7, "I": 0.3}, *"D FROM"),
            "VALID FROM",
        ),  # captions
        (seen(*"MARI", {"A": 0.7, "E": 0.3}, *" ANNA"), "MARIA ANNA"),
        (seen(), ""),
    ],
)
def test_a_faint_letter_is_what_names_have_there(line: Line, text: str):
    assert text == spelled.texts(line)[0][0]


def test_a_name_is_surer_than_it_is_seen():
    """And so is a letter that no name has less sure."""
    line = seen(*"ZHA", {"N": 0.8, "M": 0.2}, *"G LI")

    ((first, chance), (second, other)) = spelled.texts(line)

    assert ("ZHANG LI", "ZHAMG LI") == (first, second)
    assert chance > 0.98
    assert chance + other == pytest.approx(1)


def test_a_text_that_several_runs_say_is_told_once():
    """By an empty first run and a full second one as well as the other way round."""
    line = seen({"A": 0.5, "B": 0.5}, *"N")
    line.frames[1, 0] = line.frames[3, 0] = 0.5
    line.frames[1, 1:] *= 0.5
    line.frames[3, 1:] *= 0.5
    texts = [text for text, _ in spelled.texts(line)]

    assert len(texts) == len(set(texts))
    assert {"AN", "BN", "A", "B", "N", ""} == set(texts)


@pytest.mark.parametrize(("count", "whole"), [(5, True), (9, False)])
def test_what_is_not_gone_on_with_may_be_so_all_the_same(count: int, whole: bool):
    """Of 512 texts that are about as likely 32 are listed, none of them as surely as if there were no others."""
    texts = spelled.texts(seen(*[{"Q": 0.5, "X": 0.5}] * count))

    assert whole == (sum(chance for _, chance in texts) > 0.99)
    assert whole or max(chance for _, chance in texts) < 0.05


@given(st.lists(st.tuples(st.sampled_from(ALPHABET), st.sampled_from(ALPHABET), st.floats(0.01, 0.99)), max_size=9))
def test_chances_are_those_of_all_that_it_may_say(chars: list[tuple[str, str, float]]):
    """They fall, sum to one with what is not listed, and every text is one that the frames know."""
    line = seen(*[{a: chance, b: 1 - chance} if a != b else a for a, b, chance in chars])
    texts = spelled.texts(line)
    chances = [chance for _, chance in texts]

    assert 0 < sum(chances) < 1 + 1e-6
    assert chances == sorted(chances, reverse=True)
    for text, _ in texts:
        assert len(text) == len(chars)
        assert all(char in {a, b} for char, (a, b, _) in zip(text, chars, strict=True))
