"""Which number the evidence says, and how surely: pixels first, then what real numbers are like.

Several views of one line are alike, so n of them count as the square root of n independent ones. A number whose check
digit holds and whose length its issuer uses is likelier than one that breaks either, but both happen: some cards in
use break the check digit, and every specimen does. What is left over (other lengths, hidden characters, all that no
view lists) counts as "not readable".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from ..numbers import iin, luhn, pan
from ..reading import Candidate
from ..vision import recognize
from ..vision.recognize import HIDDEN, Line
from . import issued, layout
from .prefix import Prefix

UNLISTED = -3.0  # what no view lists is seldom a number: docs/LOG.md 2026-11-28, "4s of embossers, a wider stem"
LUHN_UNUSUAL = math.log(0.25 / 0.05)  # nats against one that is broken, but by designers, who count on: 8 of 173 are
SIX = (6,)  # one gap, after six digits, is how 19 are set: fewer are what is left of them, unless proven
CODE = 3  # digits of a security code
NARROW = 0.8  # times as wide as its line's characters usually are: a 1 is, a 7 is not
MISREAD_NATS = 12.0  # penalty, in nats, of a number that lacks a digit, contradicts the pixels, or is no number at all
MOST_REFUSED = 0.5  # the most that is believed of such a number, where pixels are as clear as on screens
FAR_FETCHED_NATS = 3.0  # nats that a number may look less likely than what looks best: of 5 beyond 4 were wrong
OVERLOOKED = 1e-3  # the chance of a number that a picture does not list, beside others that it does
UNSEEN = 0.1  # a text that a view does not list has at most this share of the view's least probable


def ranked(views: Sequence[Line], *, prior: bool = True, printed: Prefix | None = None) -> tuple[Candidate, ...]:
    """The numbers that ``views`` of one line may say, the most probable first; probabilities sum to at most 1.

    ``printed`` are the first digits as they stand below the line once more.
    """
    seen = {text: weight + (printed.nats(text) if printed else 0.0) for text, weight in _seen(views).items()}
    weights = {text: weight + (_prior(text) if prior else 0.0) for text, weight in seen.items()}
    if not weights:
        return ()
    highest = max(weights.values())
    shares = {text: math.exp(weight - highest) for text, weight in weights.items()}
    unlisted = UNLISTED + _unlisted(views)
    if printed:
        unlisted += printed.unlisted(max(weights, key=weights.__getitem__))
    total = sum(shares.values()) + math.exp(unlisted - highest)
    order = sorted((text for text in weights if _possible(text)), key=lambda text: -shares[text])
    found = tuple([Candidate(number=text, confidence=shares[text] / total) for text in order])
    if not found:
        return ()
    best = found[0].number
    is_odd = seen[best] < max(seen.values()) - FAR_FETCHED_NATS or _lacks_one(best, views)
    is_unlike = prior and (issued.is_long_and_broken(best) or is_unlike_numbers(best, views))
    if is_odd or is_unlike:
        return refused(found)
    is_broken = prior and not (luhn.is_valid(best) or issued.counts_on(best))
    return doubted(found, LUHN_UNUSUAL) if is_broken else found


def likeliest(said: Sequence[Sequence[Candidate]]) -> str | None:
    """The number that is likeliest by the candidates of several pictures of one card; None where there are none."""
    chances = [{each.number: each.confidence for each in candidates} for candidates in said if candidates]
    numbers = {number for listed in chances for number in listed}
    together = {
        number: sum(math.log(max(listed.get(number, 0.0), OVERLOOKED)) for listed in chances) for number in numbers
    }
    return max(together, key=together.__getitem__, default=None)


def is_unlike_numbers(number: str, views: Sequence[Line] = ()) -> bool:
    """Whether ``number`` is none that is told, however surely it stands there: texture, a part, another number.

    ``views`` are of its line, where one shows it.
    """
    if issued.is_of_another_kind(number) or _has_more_behind(number, views) or _is_left_of_fours(number, views):
        return True
    if issued.is_proven(number):
        return False
    is_another = issued.is_part(number) or issued.is_nobodys(number) or may_be_misread(number, views)
    return is_another or _may_be_a_part(number, views)


def may_be_misread(digits: str, views: Sequence[Line] = ()) -> bool:
    """Whether the check digit fails, and some 8 read as 0 or some narrow 7 as 1 would prove them.

    The net surely takes a 1 with a flag and no foot for 7, and zeros with a slash for 8, then all of a number's. Of 274
    numbers told on real pictures 109 break the check digit; the eight of them that do not count on have none such.
    """
    if luhn.is_valid(digits) or issued.counts_on(digits):
        return False
    zeros = "" if "0" in digits else "0"
    ones = {place for view in _showing(digits, views) for place in _narrow(view)}
    others = [
        f"8{zeros}" if digit == "8" else "71" if digit == "7" and place in ones else digit
        for place, digit in enumerate(digits)
    ]
    return any(map(issued.is_proven, _holding(others)))


def _holding(others: Sequence[str]) -> Iterator[str]:
    """Numbers of one digit of each of ``others`` whose check digit holds: one for each beginning that has any.

    A beginning tells the issuer; what is behind it matters by its sum alone, of which there are ten.
    """
    tells = iin.default().longest
    ends = {0: ""}
    for digits in reversed(others[tells:]):
        ends = {luhn.checksum(digit + end): digit + end for digit in digits for end in ends.values()}
    for begin in map("".join, itertools.product(*others[:tells])):
        lacking = -luhn.checksum(begin.ljust(len(others), "0")) % 10
        if lacking in ends:
            yield begin + ends[lacking]


def _narrow(line: Line) -> list[int]:
    """The places of characters that are as narrow as a 1."""
    usual = median([char.width for char in line.characters])
    return [place for place, char in enumerate(line.characters) if char.width < NARROW * usual]


def _may_be_a_part(number: str, views: Sequence[Line]) -> bool:
    """Whether it may be what a cut or a cover left of a number: it is set as longer ones are, or of a rare length.

    Of 110 numbers told on real pictures that nothing proves all have 15 or 16 digits.
    """
    if len(number) == pan.LONGEST:
        return False
    read = _showing(number, views)
    if luhn.is_valid(number) and issued.is_rest_of_nineteen(number):
        return any(recognize.gaps(view) in {(), (4,)} for view in read)
    return len(number) not in {issued.SHORT, issued.SIXTEEN} or any(recognize.gaps(view) == SIX for view in read)


def _is_left_of_fours(number: str, views: Sequence[Line]) -> bool:
    """Whether it may be what a cover left of 16 or 19 digits set in fours, one in ten of which is proven.

    Of 15 digits those that are set so; of 12 and 13, which hardly any card has, those that are not set 4-3-3-3.
    """
    read = _showing(number, views)
    ways = [range(first, len(number), 4) for first in {4, len(number) % 4 or 4}]
    if len(number) == issued.SHORT:
        return any(layout.is_widened(view, places) for view in read for places in ways)
    is_extinct = len(number) < issued.FOURTEEN
    return is_extinct and not any(all(set(recognize.gaps(view)) - {*places} for places in ways) for view in read)


def _has_more_behind(number: str, views: Sequence[Line]) -> bool:
    """Whether it is a whole number of 15 or 16 digits and more behind it, such as a security code, set apart or not.

    Of longer numbers every tenth begins with a whole one. They are as long as their issuer's; of 19 digits they are
    proven themselves, or set 6-13, and stand evenly.
    """
    begins = [issued.SIXTEEN]
    if len(number) >= issued.SHORT + CODE:  # sixteen that count on begin with fifteen
        begins.append(issued.SHORT)
    if not any(issued.is_proven(number[:count]) for count in begins if count < len(number)):
        return False
    if len(number) != pan.LONGEST:  # seventeen of nobody's that begin so are a number and a stray digit
        return len(number) not in iin.lengths(number) or issued.is_rest_of_nineteen(number)
    read = _showing(number, views)
    if not issued.is_proven(number) and not any(recognize.gaps(view) == SIX for view in read):
        return True
    return any(layout.is_set_apart(view, issued.SIXTEEN) for view in read)


def _showing(number: str, views: Sequence[Line]) -> list[Line]:
    """The views whose characters say the number."""
    return [view for view in views if "".join(char.text for char in view.characters) == number]


def _lacks_one(number: str, views: Sequence[Line]) -> bool:
    """Whether a digit was not seen: there is a gap where no card has one, or all views stand so that one is missing."""
    read = _showing(number, views)
    if any(not pan.allows_gaps(len(number), recognize.gaps(view)) for view in read):
        return True
    return bool(read) and all(layout.lacks_one(view) for view in read)


def doubted(candidates: tuple[Candidate, ...], nats: float) -> tuple[Candidate, ...]:
    """``candidates`` whose odds are e**nats smaller, for a place that is unlikely in itself."""
    factor = math.exp(-nats)
    return tuple([replace(each, confidence=_with_odds(each.confidence, factor)) for each in candidates])


def _with_odds(chance: float, factor: float) -> float:
    """``chance`` with ``factor`` times its odds."""
    made = chance * factor
    return made / (made + 1 - chance)


def refused(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """``candidates`` that are not to be told, however clear the pixels are."""
    return bounded(doubted(candidates, MISREAD_NATS), MOST_REFUSED)


def bounded(candidates: tuple[Candidate, ...], confidence: float) -> tuple[Candidate, ...]:
    """``candidates``, none surer than ``confidence``."""
    return tuple([replace(each, confidence=min(each.confidence, confidence)) for each in candidates])


def _prior(text: str) -> float:
    """The log prior of ``text``. A hidden digit counts as its best completion would.

    So the check digit never chooses what stands under a cover.
    """
    if HIDDEN in text and pan.SHORTEST <= len(text) <= pan.LONGEST:
        return issued.LENGTH_USED + issued.USUAL.get(len(text), issued.RARE) + issued.LUHN_HOLDS
    return issued.likeness(text) if _possible(text) else 0.0


def _possible(text: str) -> bool:
    return pan.SHORTEST <= len(text) <= pan.LONGEST and text.isdigit()


def _seen(views: Sequence[Line]) -> dict[str, float]:
    """The logarithm of the probability that the views together give a text, for each that one of them lists."""
    listed = [dict(view.texts) for view in views]
    floors = [min(chances.values(), default=0.0) * UNSEEN for chances in listed]
    root = math.sqrt(len(views))
    return {
        text: sum(math.log(max(chances.get(text, floor), 1e-30)) for chances, floor in zip(listed, floors, strict=True))
        / root
        for text in dict.fromkeys(text for chances in listed for text in chances)
    }


def _unlisted(views: Sequence[Line]) -> float:
    """The logarithm of the probability that the views give none of the texts that they list."""
    left = (1.0 - sum(chance for _, chance in view.texts) for view in views)
    return sum(math.log(max(rest, 1e-30)) for rest in left) / math.sqrt(len(views))
