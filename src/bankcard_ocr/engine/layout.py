"""Whether characters stand as a card prints a number: evenly, but for the gaps between groups (``pan.GROUPINGS``).

What a line shows beside its digits (the end of the card, a crest in a gap, a date behind the number) is read as a
character now and then. It stands off the grid on which all others stand, so that it can be told from them.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from functools import cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

from ..numbers import pan
from ..vision import ctc, recognize
from ..vision.recognize import Character, Line

EVEN = 0.2  # pitches off its place, for the worst character of a line: 95 of 100 lines read right have less
PLAIN = 0.5  # leaving out strays must halve the unevenness, and beat leaving out any others by as much
LOOSE = 0.35  # pitches off, for the worst character of a line with more characters than any number has
RELUCTANT = 3.0  # how much more uneven a line counts from which a clear digit was left out rather than a '?'
WHOLE = (15, 16, 19)  # digits that nearly every number has
WIDE = 1.35  # pitches from one character to the next where a gap is between them
WIDENED = 1.15  # times the steps beside it, for a narrow gap among others
UNEVEN = 0.15  # pitches off its place, for the worst character of a line that may lack one
EVENED = 0.4  # assuming an unseen digit must leave at most this share of that: of 751 right numbers none lacks one so
FAINT = 0.02  # of a frame's probability: what is less is not worth reading the line again
CLEAR = 0.9  # a digit beside a number that is surer than this belongs to it; a design's are less
LIKELY = 0.5  # of more digits than any number has one that is as sure is none of a design's
FEWEST = 13  # digits of a number that is looked for among strays
GAPS = (-0.1, 2.1)  # gaps between groups, in pitches
APART = 0.4  # pitches by which a gap is wider than the other ones, where what stands behind it is another number
ONE_GAP = 1.5  # the most where there is but one: a wider one may be a digit that was not seen

Floats = NDArray[np.float64]


def unevenness(middles: Floats) -> Floats:
    """How far the worst of N characters is off its place in the best grouping of N digits, in pitches.

    ``middles`` (..., N) are the characters' x, from left to right; the result (...) is infinite where no grouping of N
    digits comes near. A card seen from its side is allowed for: pitches may grow or shrink along the line.
    """
    off = _off(middles, 0)
    return np.asarray(off.min(-1, initial=np.inf).reshape(middles.shape[:-1]), np.float64)


def _off(middles: Floats, unseen: int) -> Floats:
    """How far the worst character of each of L lines is off under each of the G models of :func:`_grids`, (L, G).

    In pitches; infinite where the fitted pitch or gap is none that a card prints.
    """
    count = middles.shape[-1]
    lines = middles.reshape(-1, count)
    fits, rests, widest = _grids(count, unseen)
    if not len(fits):
        return np.full((len(lines), 0), np.inf)
    _, pitch, gap = np.moveaxis((lines @ fits.reshape(-1, count).T).reshape(len(lines), -1, 3), -1, 0)
    off = np.abs(lines @ rests.reshape(-1, count).T).reshape(len(lines), -1, count).max(-1) / np.maximum(pitch, 1e-3)
    fits_in = (pitch > 1) & (gap >= GAPS[0] * pitch) & (gap <= widest * pitch)
    return np.asarray(np.where(fits_in, off, np.inf), np.float64)


@cache
def _grids(count: int, unseen: int) -> tuple[Floats, Floats, Floats]:
    """Least-squares models of how ``count`` digits may be grouped: G of them, each applied to the middles of N digits.

    Returns the estimators of offset, pitch and gap (G, 3, N), the projectors onto the residuals (G, N, N), and the
    widest gap allowed, in pitches (G,). ``unseen`` (0 or 1) digits of a grouping were not seen: then a grouping has one
    model for each of its digits, unseen in turn.
    """
    fits, rests, widest = [], [], []
    whole = count + unseen
    for sizes in sorted(set(pan.GROUPINGS.get(whole, ()))):
        positions = np.arange(whole, dtype=np.float64)
        groups = np.repeat(np.arange(len(sizes)), sizes).astype(np.float64)
        bend = ((positions + groups) / whole - 0.5) ** 2
        columns = np.stack([np.ones(whole), positions, groups, bend], 1)
        for seen in [np.delete(columns, i, 0) for i in range(whole)] if unseen else [columns]:
            fit = np.linalg.pinv(seen)
            fits.append(fit[:3])
            rests.append(np.eye(count) - seen @ fit)
            widest.append(GAPS[1] if len(sizes) > 2 else ONE_GAP)
    return np.array(fits), np.array(rests), np.array(widest)


def is_set_apart(line: Line, place: int) -> bool:
    """Whether the gap before the character at ``place`` is wider than all others, by APART at least."""
    steps = recognize.steps(line.characters)
    others = steps[: place - 1] + steps[place:]
    return steps[place - 1] > max(others) + APART * median(steps)


def is_widened(line: Line, places: Collection[int]) -> bool:
    """Whether ``line`` has a gap before the character at each of ``places``, though they may all be narrow."""
    steps = recognize.steps(line.characters)
    return all(steps[place - 1] > WIDENED * max(steps[place - 2], steps[place]) for place in places)


def lacks_one(line: Line) -> bool:
    """Whether a digit of ``line`` was not seen: with one unseen it stands evenly, and as it is it does not."""
    return unseen_index(line) is not None


def unseen_index(line: Line) -> int | None:
    """The place, from 0, of the digit of the whole number that ``line`` lacks; None where it lacks none."""
    middles = np.array([char.x for char in line.characters], np.float64)
    whole = float(unevenness(middles)) if len(middles) >= pan.SHORTEST else 0.0
    if whole <= UNEVEN:
        return None
    off = _off(middles, 1)[0]
    best = int(off.argmin()) if len(off) else 0
    return best % (len(middles) + 1) if len(off) and off[best] < EVENED * whole else None


def shows_more_than(line: Line, number: str, *, least: float = CLEAR) -> bool:
    """Whether ``line`` shows ``number`` and further digits before or behind it, each at ``least`` as sure as that."""
    shown = "".join(char.text for char in line.characters)
    at = shown.find(number)
    if at < 0 or not shown.isdigit() or len(number) == len(shown):
        return False
    further = (*line.characters[:at], *line.characters[at + len(number) :])
    return all(char.probability >= least for char in further)


def without_strays(line: Line) -> Line:
    """``line`` without the characters that stand where a number has none, when it is plain which they are.

    The line itself when it stands evenly as it is, when nothing that can be left out makes it so, or when digits would
    have to be left out of it and it stands evenly with one more, which is covered then.
    """
    count = len(line.characters)
    if count <= FEWEST:
        return line
    middles = np.array([char.x for char in line.characters], np.float64)
    whole = float(unevenness(middles))
    if whole <= EVEN:
        return _without_noise_in_gaps(line, middles) if count in WHOLE else line
    lacks_a_digit = lacks_one(line)
    bar = min(EVEN, PLAIN * whole) if count <= pan.LONGEST else LOOSE
    texts = [char.text for char in line.characters]
    clear = [1.0 if char.text == recognize.HIDDEN else 1 + RELUCTANT * char.probability for char in line.characters]
    for choices, kept in _left_out(texts):
        off = unevenness(middles[kept])
        weighed = off * [sum(clear[i] for i in choice) / len(choice) for choice in choices]
        order = np.argsort(weighed)
        said = {rank: "".join(texts[i] for i in kept[rank]) for rank in order}
        others = (float(weighed[rank]) for rank in order if said[rank] != said[order[0]])
        if off[order[0]] <= bar and weighed[order[0]] <= PLAIN * next(others, np.inf):
            strays = choices[int(order[0])]
            if count > pan.LONGEST and all(_is_likely_digit(line.characters[i]) for i in strays):
                return line  # a digit too many is no stray: keys, orders and SIM cards have five groups of four
            shows_digits = any(texts[i] != recognize.HIDDEN for i in strays)
            return line if shows_digits and lacks_a_digit else _blanked(line, strays)
    return line


def _is_likely_digit(char: Character) -> bool:
    return char.text.isdigit() and char.probability >= LIKELY


def _without_noise_in_gaps(line: Line, middles: Floats) -> Line:
    """``line`` with nothing said in the middle of its gaps, where it may say faintly that a character is hidden.

    Its characters are as many as numbers usually have: one more between two groups would be one too many.
    """
    steps = np.diff(middles)
    pitch = median(steps.tolist())
    frames = line.frames.copy()
    for left, step in zip(middles[:-1], steps, strict=True):
        if step > WIDE * pitch:
            inner = slice(
                int((left + 0.5 * pitch) / recognize.STRIDE) + 1, int((left + step - 0.5 * pitch) / recognize.STRIDE)
            )
            frames[inner] = np.eye(1, frames.shape[1], dtype=np.float32)
    if (np.abs(frames - line.frames).max(initial=0.0)) < FAINT:
        return line
    return Line(characters=line.characters, frames=frames, alphabet=line.alphabet, whole=line)


def _left_out(texts: list[str]) -> Iterator[tuple[list[tuple[int, ...]], NDArray[np.intp]]]:
    """What may be left out of characters: one, two, or the date behind them; and for each choice what is kept."""
    count = len(texts)
    for strays in (1, 2):
        if FEWEST <= count - strays <= pan.LONGEST:
            yield _without(count, strays)
    if "/" in texts and FEWEST <= (behind := texts.index("/") - 2) <= pan.LONGEST:
        yield [tuple(range(behind, count))], np.arange(behind)[None]


@cache
def _without(count: int, strays: int) -> tuple[list[tuple[int, ...]], NDArray[np.intp]]:
    """Every choice of ``strays`` places of ``count``, and the others of each."""
    choices = list(itertools.combinations(range(count), strays))
    return choices, np.stack([np.delete(np.arange(count), choice) for choice in choices])


def _blanked(line: Line, strays: tuple[int, ...]) -> Line:
    """``line`` read again with nothing at its characters ``strays``."""
    frames = line.frames.copy()
    spikes = ctc.spikes(frames)
    for i in strays:
        frames[spikes[i].start : spikes[i].stop] = np.eye(1, frames.shape[1], dtype=np.float32)
    characters = tuple([char for i, char in enumerate(line.characters) if i not in strays])
    return Line(characters=characters, frames=frames, alphabet=line.alphabet, whole=line)
