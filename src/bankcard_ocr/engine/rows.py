"""A number set in several rows, one below the other: four of four digits or two of eight, as on upright cards.

The locator was taught lines. Of such a number it finds a row, or a line between two, so the others are looked for above
and below a row that shows four or eight clear digits (`all_of`). Where it finds no row, the lines of the block that its
cells make are taken as rows (`among`): up to five, of nineteen digits. Of a list that goes on beyond that no part
is a number: one in ten passes the check digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from ..vision import quad as quads
from ..vision import recognize
from ..vision.quad import Quad
from ..vision.recognize import Line

DIGITS = 16
LAST = 3  # digits of the fifth row of nineteen
LINE = 5.5  # heights; longer rows have eight digits
LONGEST = 6.5  # heights: what is longer is no row, nor a number in rows, but one in a line
MOST = 10  # characters of a line that, framed more closely, may be a row
CLEAR = 0.8  # of each digit of a row: art and dates are not as clear
STEPS = tuple(1.1 + 0.17 * i for i in range(9))  # heights from one row to the next
LIKELY = 0.7  # of each digit of more than a row has
SEEN, NEARLY = 0.5, 0.75  # of each digit of a row beyond, and their share: such a row makes a list of it
SPREAD = 0.15  # heights by which the next step may differ from the one before
ALIKE = (0.75, 1.33)  # times as high as the row before

Read = Callable[[Sequence[Quad], int], list[Line]]  # what stands under quads, in strips of that width


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row and the quad around its characters."""

    quad: Quad
    line: Line


def is_row(line: Line) -> bool:
    """Whether ``line`` shows four or eight clear digits, and nothing else."""
    return len(line.characters) in {4, 8} and clearness(line) >= CLEAR


def is_in_a_line(line: Line) -> bool:
    """Whether ``line`` shows more digits than a row has, though they be no number: so none is set in rows."""
    return sum(char.text.isdigit() and char.probability >= LIKELY for char in line.characters) > MOST


def clearness(line: Line) -> float:
    """The probability of its least clear digit; 0 with what is none."""
    return min((char.probability if char.text.isdigit() else 0.0 for char in line.characters), default=0.0)


def all_of(row: Row, read: Read) -> list[Row] | None:
    """The rows of the number of which ``row`` is one, from the first; None where there are not just sixteen digits."""
    rows, count, usual = [row], len(row.line.characters), STEPS
    for way in (1, -1):
        last, steps = row, usual
        while len(rows) * count < DIGITS and (found := _next(last, way, steps, read)):
            last, step = found
            usual = steps = (step - SPREAD, step, step + SPREAD)
            rows.insert(len(rows) if way > 0 else 0, last)
    if len(rows) * count != DIGITS or _has_another(rows[-1], 1, read) or _has_another(rows[0], -1, read):
        return None
    return rows


def read_again(lines: Sequence[Quad], read: Read) -> list[Row]:
    """What ``lines`` say, all of which are as long, each read again where its characters frame it more closely."""
    long, high = quads.sides(lines[0])
    width = recognize.LONG if long > LINE * high else recognize.SHORT
    looks = [quads.grow(line, 0.5 * quads.sides(line)[1] / long, 0.4) for line in lines]
    return [_closer(line, look, width, read) for line, look in zip(read(looks, width), looks, strict=True)]


def _closer(line: Line, look: Quad, width: int, read: Read) -> Row:
    """The row that ``line`` is, which was read under ``look``, or what is read where its characters frame it."""
    closer = recognize.framed(line, look) if len(line.characters) <= MOST else None
    seen = [(line, look)] if closer is None else [(read([closer], width)[0], closer), (line, look)]
    line, look = max(seen, key=lambda each: clearness(each[0]))
    text = recognize.framed(line, look, loose=0.05, ends=0.05, spare=0.0)
    return Row(quad=look if text is None else text, line=line)


def among(lines: Sequence[Row], read: Read) -> Iterator[list[Row]]:
    """The numbers of sixteen digits, or of nineteen, that are rows of ``lines``, which stand one below the other.

    None need be as clear as a row that is looked for others: these are where rows are.
    """
    for count in (4, 8):
        several = DIGITS // count
        for first in range(len(lines) - several + 1):
            rows = list(lines[first : first + several])
            if not all(_shows(row.line, count) for row in rows) or _has_another(rows[0], -1, read):
                continue
            last = list(lines[first + several : first + several + 1])
            if count == LAST + 1 and last and _shows(last[0].line, LAST):
                yield rows + last
            elif not _has_another(rows[-1], 1, read):
                yield rows
    clear = [row for row in lines if is_row(row.line)]
    found = all_of(max(clear, key=lambda row: clearness(row.line)), read) if clear else None
    if found is not None:
        yield found


def _shows(line: Line, count: int) -> bool:
    """Whether ``line`` shows ``count`` digits and nothing else."""
    return len(line.characters) == count and clearness(line) >= SEEN


def joined(rows: Sequence[Row]) -> Row:
    """What ``rows`` say one after the other, and the quad around them; where each character stands is not told."""
    frames = np.concatenate([row.line.frames for row in rows])
    whole = Line(characters=(), frames=frames, alphabet=rows[0].line.alphabet)
    first, last = rows[0].quad, rows[-1].quad
    return Row(quad=np.stack([first[0], first[1], last[2], last[3]]), line=whole)


def _next(row: Row, way: int, steps: Sequence[float], read: Read) -> tuple[Row, float] | None:
    """The row next to ``row``, below (``way`` 1) or above it (-1), and how many heights it is away."""
    count = len(row.line.characters)
    clear = [each for each in _looks(row, way, steps, read) if len(each[0].characters) == count and is_row(each[0])]
    down = _down(row)
    high = float(np.linalg.norm(down))
    if not clear or high < 1:
        return None
    line, look = max(clear, key=lambda each: clearness(each[0]))
    quad = recognize.framed(line, look, loose=0.05, ends=0.05, spare=0.0)
    if quad is None:
        return None
    step = abs(float((quad.mean(0) - row.quad.mean(0)) @ down)) / high**2
    if not ALIKE[0] < quads.sides(quad)[1] / quads.sides(row.quad)[1] < ALIKE[1] or step < 0.9:
        return None
    return Row(quad=quad, line=line), step


def _has_another(row: Row, way: int, read: Read) -> bool:
    """Whether what stands beyond ``row`` is another one, though less clear: nearly as many digits, and no date."""
    characters = row.line.characters
    for line, _ in _looks(row, way, STEPS, read):
        digits = [char for char in line.characters if char.text.isdigit() and char.probability >= SEEN]
        is_date = any(char.text == "/" for char in line.characters)
        if len(digits) >= NEARLY * len(characters) and not is_date:
            high = median(char.height for char in digits) / median(char.height for char in characters)
            if ALIKE[0] < high < ALIKE[1]:
                return True
    return False


def _looks(row: Row, way: int, steps: Sequence[float], read: Read) -> list[tuple[Line, Quad]]:
    """What stands as many heights below ``row`` (``way`` 1) or above it (-1), and where."""
    quads_ = [quads.grow(row.quad + np.float32(way * step) * _down(row), 0.06, 0.4) for step in steps]
    width = recognize.LONG if len(row.line.characters) == 8 else recognize.SHORT
    return list(zip(read(quads_, width), quads_, strict=True))


def _down(row: Row) -> Quad:
    """The vector from the row's upper edge to its lower one."""
    return np.asarray((row.quad[3] + row.quad[2] - row.quad[0] - row.quad[1]) / 2, np.float32)
