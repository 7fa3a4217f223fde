"""What a line of letters says, when it is known how names are spelled and what else stands on cards.

Each word is one that names have, or a caption's, or letters at random: what is read is weighed by all three, so that a
faint letter of ZHANG is likelier an N than an M, a blurred VALID FROM is no name, and a word like no other is taken as
it is seen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..numbers import captions, spelling
from ..vision import ctc
from ..vision.recognize import Line, Texts

NAMED = math.log(0.5)  # of words, before anything is read
CAPTION = math.log(0.25)
UNKNOWN = math.log(0.25)  # the others, of any letters
RARE = 1e-3  # texts that are so much less likely than the best one are not gone on with
MOST = 32  # texts that are gone on with


class _Begun(NamedTuple):
    """A text so far: the logarithms of its chances with its last word one of names, of captions, and of any letters.

    ``word`` are the letters of that word.
    """

    named: float
    caption: float
    unknown: float
    word: str

    @property
    def chances(self) -> tuple[float, float, float]:
        return self.named, self.caption, self.unknown


def texts(line: Line) -> Texts:
    """The texts that ``line`` may say, the most probable first; the rest of 1 is what is not gone on with."""
    left = 1.0  # the share of those that are gone on with
    begun = {"": _Begun(NAMED, CAPTION, UNKNOWN, "")}
    for run in ctc.runs(line.frames)[1]:
        said = [("".join([line.alphabet[label - 1] for label in classes]), chance) for classes, chance in run]
        if len(said) == 1:
            ((following, _),) = said
            begun = {text + following: _spelled(last, following, 0.0) for text, last in begun.items()}
            continue
        longer: dict[str, _Begun] = {}
        for text, last in begun.items():
            for following, chance in said:
                _add(longer, text + following, _spelled(last, following, chance))
        highest = max([max(last.chances) for last in longer.values()])
        shares = {text: sum([math.exp(chance - highest) for chance in last.chances]) for text, last in longer.items()}
        kept = sorted((text for text in longer if shares[text] > RARE), key=shares.__getitem__, reverse=True)[:MOST]
        begun = {text: longer[text] for text in kept}
        left *= sum([shares[text] for text in kept]) / sum(shares.values())
    weights = {text: _total(_after(last, spelling.END)) for text, last in begun.items()}
    highest = max(weights.values())
    shares = {text: math.exp(weight - highest) for text, weight in weights.items()}
    whole = sum(shares.values())
    return tuple(sorted(((text, left * share / whole) for text, share in shares.items()), key=lambda said: -said[1]))


def _spelled(last: _Begun, following: str, chance: float) -> _Begun:
    """``last`` and the characters ``following`` it, which are seen with so much ``chance``, a logarithm."""
    for char in following:
        last = _after(last, char)
        if char not in spelling.LETTERS:
            whole = _total(last)
            last = _Begun(whole + NAMED, whole + CAPTION, whole + UNKNOWN, "")
    return _Begun(last.named + chance, last.caption + chance, last.unknown + chance, last.word)


def _after(last: _Begun, sign: str) -> _Begun:
    """``last`` with ``sign``, a letter or what ends a word, behind it."""
    word = last.word
    named, caption = last.named + spelling.nats(word, sign), last.caption + captions.nats(word, sign)
    return _Begun(named, caption, last.unknown, word + sign)


def _total(last: _Begun) -> float:
    """The logarithm of the chance of a text, whichever its last word is."""
    return ctc.total(ctc.total(last.named, last.unknown), last.caption)


def _add(longer: dict[str, _Begun], text: str, other: _Begun) -> None:
    """Puts ``other`` to what is known of ``text``."""
    if text in longer:
        pairs = zip(longer[text].chances, other.chances, strict=True)
        named, caption, unknown = [ctc.total(one, more) for one, more in pairs]
        other = _Begun(named, caption, unknown, other.word)
    longer[text] = other
