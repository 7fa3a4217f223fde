"""What a line of letters says, when it is known how names are spelled.

Each word is one that names have, or letters at random: what is read is weighed by both, so that a faint letter of ZHANG
is likelier an N than an M, while a word like no other is taken as it is seen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..numbers import spelling
from ..vision import ctc
from ..vision.recognize import Line, Texts

NAMED = math.log(0.7)  # of words, before anything is read; the others are of any letters
UNKNOWN = math.log(0.3)
RARE = 1e-3  # texts that are so much less likely than the best one are not gone on with
MOST = 32  # texts that are gone on with


class _Begun(NamedTuple):
    """A text so far: the logarithms of its chances with its last word one of names, and of any letters.

    ``before`` is what the next letter of that word is judged by.
    """

    named: float
    unknown: float
    before: str


def texts(line: Line) -> Texts:
    """The texts that ``line`` may say, the most probable first; the rest of 1 is what is not gone on with."""
    left = 1.0  # the share of those that are gone on with
    begun = {"": _Begun(NAMED, UNKNOWN, spelling.START)}
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
        highest = max([max(last.named, last.unknown) for last in longer.values()])
        shares = {
            text: math.exp(last.named - highest) + math.exp(last.unknown - highest) for text, last in longer.items()
        }
        kept = sorted((text for text in longer if shares[text] > RARE), key=shares.__getitem__, reverse=True)[:MOST]
        begun = {text: longer[text] for text in kept}
        left *= sum([shares[text] for text in kept]) / sum(shares.values())
    weights = {
        text: ctc.total(last.named + spelling.nats(last.before, spelling.END), last.unknown)
        for text, last in begun.items()
    }
    highest = max(weights.values())
    shares = {text: math.exp(weight - highest) for text, weight in weights.items()}
    whole = sum(shares.values())
    return tuple(sorted(((text, left * share / whole) for text, share in shares.items()), key=lambda said: -said[1]))


def _spelled(last: _Begun, following: str, chance: float) -> _Begun:
    """``last`` and the characters ``following`` it, which are seen with so much ``chance``, a logarithm."""
    named, unknown, before = last
    for char in following:
        named += spelling.nats(before, char)
        before = spelling.after(before, char)
        if before == spelling.START:
            both = ctc.total(named, unknown)
            named, unknown = both + NAMED, both + UNKNOWN
    return _Begun(named + chance, unknown + chance, before)


def _add(longer: dict[str, _Begun], text: str, other: _Begun) -> None:
    """Puts ``other`` to what is known of ``text``."""
    if text in longer:
        named, unknown, _ = longer[text]
        other = _Begun(ctc.total(named, other.named), ctc.total(unknown, other.unknown), other.before)
    longer[text] = other
