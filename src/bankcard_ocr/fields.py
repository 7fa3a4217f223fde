"""What a card says beside its number: its dates and its holder, each read with certainty or not told.

Quads are in pixels of the picture that was read.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .numbers import expiry, holder
from .vision import ctc, recognize
from .vision import quad as quads
from .vision.locate import Thing
from .vision.model import Model
from .vision.quad import Image, Quad
from .vision.recognize import Character, Line

SURE_DATE = 0.85  # the least probability of a date that is told
SURE_NAME = 0.7  # the least probability of a name that is told
WIDEST = 720  # pixels of a name's strip: the longest names are still squeezed a little
MOST_NAMES = 10  # lines that may be one, some of them located twice
BEYOND = 4.0  # characters' pitches on either side of a name that are looked at
MOST_PARTS = 4  # so often, since words follow words
LOOSE = (0.2, 0.5)  # of a name's height, above and below it, when it is read once more and once again
MOST = 6  # things of a kind that are looked at
# Where the date is on a line that was located with the date's caption, or half: left, top, right, bottom of quads.part
PARTS = ((0.35, 0, 1.05, 1), (0.3, 0.2, 1.1, 1.1), (0, 0.3, 1, 1.3), (0.15, 0, 0.95, 1), (-0.05, 0, 0.65, 1))
IN_PARTS = 2  # lines, the likeliest, that are looked at so
ENDS = 0.45  # of a date's height, by which it is framed longer when it is read
CLOSE = 0.1  # the same when it is told: what stands behind it may be a security code
BESIDE = 1.2  # of a date's length, on either side: there the other date is, where a card has two on one line

SHAPES = ("00/00", "00/0000", "00/00/00")
WITH_CENTURY = len(SHAPES[1])
EVEN = 1.5  # times, that digits of one year may be farther apart than others
NO_DIGIT = 0.9  # of the chance that a sign is none of the digits belongs to a slash, where a date has one
SLANTED = 0.85
CLEAR = 0.7  # the mean probability of characters that are surely there
YEARS = range(1990, 2050)  # others are misread: cards are valid for twenty years at most

Reads = Callable[[Quad], Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A text, the probability that it is right, and where it stands; an empty text says that none is there.

    ``read`` is the quad under which it was read, with something around it.
    """

    text: str
    probability: float
    quad: Quad
    read: Quad


def dates(things: Sequence[Thing], read: Reads, alphabet: str) -> list[Found]:
    """The dates on the card as MM/YY, the earliest first; each once, and one for each place.

    A line whose date is not sure is looked at in parts, and what stands beside a sure one is looked at, too.
    """
    spots: list[Found] = []
    for rank, thing in enumerate(_likely(things, "expiry")):
        outer = quads.grow(thing.quad, 0.08, 0.3)
        found = _looked(outer, read, alphabet)
        if rank < IN_PARTS and all(spot.probability < SURE_DATE for spot in found):
            for edges in PARTS:
                found += _looked(quads.part(outer, *edges), read, alphabet)
        spots += found
    for spot in _told(spots):
        spots += _looked(quads.grow(spot.read, BESIDE, 0.15), read, alphabet)
    return sorted(_told(spots), key=lambda spot: _month(spot.text))


def _looked(outer: Quad, read: Reads, alphabet: str) -> list[Found]:
    """The dates under ``outer``, read with what stands around each (captions look like digits), then each alone."""
    line = read(outer)
    found: list[Found] = []
    for first in _spots(line, alphabet)[:2]:
        alone = replace(line, characters=first.characters)
        inner = recognize.framed(alone, spare=0.0, ends=ENDS)
        close = recognize.framed(alone, spare=0.0, loose=CLOSE, ends=CLOSE)
        if inner is not None and close is not None:
            closer = back(inner, outer, line)
            again = _spots(read(closer), alphabet, alone=True)[:1] if first.text else []
            seen = [first, *again] if not first.text or (again and again[0].text == first.text) else again
            quad = back(close, outer, line)
            found += [Found(text=spot.text, probability=spot.probability, quad=quad, read=closer) for spot in seen]
    return found


def _told(spots: Sequence[Found]) -> list[Found]:
    """The sure ones of ``spots``, the surest first: each date once, and one for each place."""
    kept: list[Found] = []
    for spot in sorted(_pooled(spots), key=lambda spot: -spot.probability):
        known = any(spot.text == one.text or _one_place(spot.read, one.read) for one in kept)
        if spot.text and spot.probability >= SURE_DATE and not known:
            kept.append(spot)
    return kept


def _pooled(spots: Sequence[Found]) -> list[Found]:
    """``spots`` as sure as the surest look at their places, less what other looks there say.

    Looks that agree are no independent witnesses: they look at the same pixels.
    """
    pooled = []
    for spot in spots:
        here = [other for other in spots if _one_place(other.read, spot.read)]
        seen = max((other.probability for other in here if other.text == spot.text), default=spot.probability)
        doubt = max((other.probability for other in here if other.text != spot.text), default=0.0)
        pooled.append(replace(spot, probability=seen**2 / (seen + doubt) if seen else 0.0))
    return pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """A date among the characters of a line, as MM/YY (empty: no card's), and those it is made of."""

    text: str
    probability: float
    characters: tuple[Character, ...]


def _spots(line: Line, alphabet: str, *, alone: bool = False) -> list[_Spot]:
    """The dates that a line's characters may hold, the likeliest first, none sharing characters with a likelier one.

    ``alone``: the line was framed to a date, so that a raised stroke which looks like a 7 or a 1 is rather its slash.
    """
    rows = _chances(line, alphabet)
    slash = alphabet.index("/")
    found: list[tuple[int, int, _Spot]] = []
    for shape in SHAPES:
        for start in range(len(rows) - len(shape) + 1):
            likeness = SLANTED if alone and len(rows) == len(shape) else 0.0
            text, probability = _spelled(rows[start : start + len(shape)], shape, alphabet, likeness)
            month = expiry.parse(text)
            is_date = month is not None and month.year in YEARS
            stop = start + len(shape)
            has_century = len(shape) == WITH_CENTURY
            if has_century and not _even(line.characters[stop - 4 : stop]):
                continue  # a year of two digits, and what stands beside it
            is_part = any(0 <= beside < len(rows) and rows[beside, slash] > 0.5 for beside in (start - 1, stop))
            if is_date or (month is not None and has_century):
                # 12/2074 is misread, and no reason to tell 12/20; 06/15/29 is another month's date than 06/15
                told = str(month) if is_date and not is_part else ""
                spot = _Spot(text=told, probability=probability, characters=line.characters[start:stop])
                found.append((start, stop, spot))
    kept: list[tuple[int, int, _Spot]] = []
    for start, stop, spot in sorted(found, key=_rank, reverse=True):
        if not any(start < end and begin < stop for begin, end, _ in kept):
            kept.append((start, stop, spot))
    return [spot for _, _, spot in kept]


def _even(characters: Sequence[Character]) -> bool:
    """Whether they are as far apart as the digits of one number."""
    steps = np.diff([char.x for char in characters])
    return bool(steps.max() < EVEN * steps.min())


def _rank(found: tuple[int, int, _Spot]) -> tuple[bool, int, float]:
    """Of dates whose characters are clear the longest comes first: 12/20 is a part of 12/2027."""
    start, stop, spot = found
    clear = spot.probability ** (1 / (stop - start)) >= CLEAR
    return clear, stop - start if clear else 0, spot.probability


def _spelled(rows: NDArray[np.float32], shape: str, alphabet: str, likeness: float) -> tuple[str, float]:
    """The likeliest text of ``shape`` (``0`` is any digit) that ``rows`` may say, and its probability.

    ``likeness`` is how much of the chances of 7 and 1 belongs to a slash.
    """
    text, probability = "", 1.0
    for row, wanted in zip(rows, shape, strict=True):
        columns = [alphabet.index(char) for char in ("0123456789" if wanted == "0" else wanted)]
        best = columns[int(row[columns].argmax())]
        text += alphabet[best]
        chance = float(row[best])
        if wanted == "/":
            chance += NO_DIGIT * float(row[alphabet.index(recognize.HIDDEN)])
            chance += likeness * float(row[alphabet.index("7")] + row[alphabet.index("1")])
        probability *= chance
    return text, probability


def _chances(line: Line, alphabet: str) -> NDArray[np.float32]:
    """For each character of ``line`` the chances of the signs of ``alphabet``, float32 (N, len(alphabet))."""
    rows = [np.exp(np.log(line.frames[run.start : run.stop, 1:] + 1e-4).mean(0)) for run in ctc.spikes(line.frames)]
    return np.array([row / row.sum() for row in rows], np.float32).reshape(-1, len(alphabet))


def _one_place(first: Quad, second: Quad) -> bool:
    """Whether the middle of one lies within half a width and a height of the middle of the other."""
    long, high = quads.sides(first)
    return float(np.linalg.norm(first.mean(0) - second.mean(0))) < max(0.5 * long, high)


def _month(text: str) -> expiry.Month:
    month = expiry.parse(text)
    if month is None:
        raise ValueError("no month")
    return month


def name(things: Sequence[Thing], pixels: Image, model: Model, *, number: Quad | None = None) -> Found | None:
    """The holder's name, the surest of the lines that may be one. ``number`` is where the card's number stands."""
    surest: Found | None = None
    for thing in may_be_names(things, number=number):
        found = _name(thing, pixels, model, least=surest.probability if surest else SURE_NAME)
        if found is not None and (surest is None or found.probability > surest.probability):
            surest = found
    return surest


def may_be_names(things: Sequence[Thing], *, number: Quad | None = None) -> list[Thing]:
    """The lines that may be a name, the likeliest first: one where most cards have the number is located as one."""
    numbers = [thing for thing in things if thing.kind == "number"]
    others = [thing for thing in numbers if number is None or not _in_one_line(thing.quad, number)]
    found = [thing for thing in things if thing.kind == "holder"] + others
    return sorted(found, key=lambda thing: -thing.score)[:MOST_NAMES]


def _in_one_line(first: Quad, second: Quad) -> bool:
    """Whether the middle of the first is in the second, or nearly."""
    start, end = second[[0, 3]].mean(0), second[[1, 2]].mean(0)
    long, high = max(1.0, float(np.linalg.norm(end - start))), quads.sides(second)[1]
    x, y = (float(v) for v in first.mean(0) - second.mean(0))
    along, up = (float(v) for v in (end - start) / long)
    return abs(x * along + y * up) < 0.5 * max(long, quads.sides(first)[0]) and abs(y * along - x * up) < 0.6 * high


def _name(thing: Thing, pixels: Image, model: Model, *, least: float) -> Found | None:
    """The name on a line, when it is one and read as surely as ``least``; a line that cannot be is read but once."""

    def is_name(text: str) -> bool:
        cleaned = holder.clean(text)
        if cleaned is None or recognize.HIDDEN in text:
            return False
        return thing.kind != "number" or not holder.may_be_digits(cleaned)

    line, quad = _followed(thing.quad, pixels, model)
    unlisted = line.texts[-1][1]  # or less
    likeliest = max([unlisted, *(chance for text, chance in line.texts if is_name(text))])
    if (likeliest + len(LOOSE)) / (1 + len(LOOSE)) < least:
        return None  # were the other looks certain of it
    text, probability = _said(line, quad, pixels, model)
    if not is_name(text) or probability < least:
        return None
    return Found(text=holder.clean(text) or "", probability=probability, quad=quad, read=quad)


def named(thing: Thing, pixels: Image, model: Model) -> tuple[str, float, Quad]:
    """What a line most probably says, how probably, and where it is."""
    line, quad = _followed(thing.quad, pixels, model)
    return *_said(line, quad, pixels, model), quad


def _said(line: Line, quad: Quad, pixels: Image, model: Model) -> tuple[str, float]:
    """What ``line``, read under ``quad``, says in three framings: a text's probability is the mean of them."""
    looks = [line]
    for loose in LOOSE:
        framed = recognize.framed(line, loose=loose, spare=0.2)
        if framed is not None:
            looks.append(_natural(pixels, back(framed, quad, line), model))
    chances: defaultdict[str, float] = defaultdict(float)
    for text, probability in itertools.chain.from_iterable(look.texts for look in looks):
        chances[text] += probability / len(looks)
    best = max(chances, key=chances.__getitem__, default="")
    return best, chances[best]


def _followed(quad: Quad, pixels: Image, model: Model) -> tuple[Line, Quad]:
    """A line framed anew by where its characters stand; as long names are located short, it is followed to its ends."""
    quad = quads.grow(quad, 0.03, 0.3)
    quad, line = _framed_anew(quad, _natural(pixels, quad, model), pixels, model)
    for _ in range(MOST_PARTS):
        more = BEYOND / max(4, len(line.characters))
        wide = quads.grow(quad, more, 0.0)
        whole = _natural(pixels, wide, model)
        longer = _going_on(whole, more)
        framed = recognize.framed(longer, spare=0.0) if longer else None
        if framed is None:
            break
        quad = back(framed, wide, whole)
        line = _natural(pixels, quad, model)
    return line, quad


def _going_on(whole: Line, more: float) -> Line | None:
    """The line in the middle of ``whole`` with what goes on with it; None where nothing does.

    ``more`` is how much was added at either end, in lengths of what was there before. A character goes on with a line
    that is as near, as large and as level as the line's own.
    """
    characters, width = whole.characters, 4 * len(whole.frames)
    left, right = more / (1 + 2 * more) * width, (1 + more) / (1 + 2 * more) * width
    inner = [place for place, char in enumerate(characters) if left <= char.x <= right]
    if len(inner) < 2:
        return None
    x = [characters[place].x for place in inner]
    pitch = recognize.median([after - before for before, after in itertools.pairwise(x)])
    high = recognize.median([characters[place].height for place in inner])
    slope, offset = recognize.straight(x, [characters[place].y for place in inner])

    def adjoins(char: Character, next_to: Character) -> bool:
        near = abs(char.x - next_to.x) <= 1.6 * pitch and char.probability >= 0.5
        large = 0.65 * high <= char.height <= 1.5 * high
        return near and large and abs(char.y - slope * char.x - offset) < 0.35 * high

    first, last = inner[0], inner[-1]
    while first > 0 and adjoins(characters[first - 1], characters[first]):
        first -= 1
    while last + 1 < len(characters) and adjoins(characters[last + 1], characters[last]):
        last += 1
    if first == inner[0] and last == inner[-1]:
        return None
    return replace(whole, characters=characters[first : last + 1])


def _framed_anew(quad: Quad, line: Line, pixels: Image, model: Model) -> tuple[Quad, Line]:
    framed = recognize.framed(line, spare=0.8)
    if framed is None:
        return quad, line
    closer = back(framed, quad, line)
    return closer, _natural(pixels, closer, model)


def _natural(pixels: Image, quad: Quad, model: Model) -> Line:
    """A line read in its own proportions; the reader of names is trained with strips of 480 pixels."""
    long, high = quads.sides(quad)
    width = int(np.clip(round(recognize.HEIGHT * long / max(high, 1.0) / 4) * 4, 64, WIDEST))
    return recognize.recognize(model, [recognize.strip(pixels, quad, width)])[0]


def back(framed: Quad, outer: Quad, line: Line) -> Quad:
    """Points of the strip of ``outer`` in the picture's pixels."""
    width = 4 * len(line.frames)
    return quads.project(framed, quads.homography(quads.rectangle(width, recognize.HEIGHT), outer))


def _likely(things: Sequence[Thing], kind: str) -> list[Thing]:
    return [thing for thing in things if thing.kind == kind][:MOST]
