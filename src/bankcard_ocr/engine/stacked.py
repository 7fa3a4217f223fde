"""The search for a number in several rows, one below the other, as cards have it whose lines are short.

The locator shows the lines, one of them, or a block as high as wide; each is read as a row (rows.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..vision import locate, profile, quality, recognize
from ..vision import quad as quads
from ..vision.locate import Detection
from ..vision.model import Model
from . import cards, issued, rows
from .look import Look
from .regions import Region


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stack:
    """Rows in one picture, on one of ``cards`` where they were not located."""

    locator: Model
    look: Look
    cards: Sequence[Detection]

    def of_short(self, lines: Sequence[Detection]) -> Region | None:
        """A number in the short ones of ``lines``, one below the other, read as one; None where there are not two."""
        located = [(detection.quad, *quads.sides(detection.quad)) for detection in lines]
        short = [quad for quad, long, high in located if long < rows.LONGEST * high]
        if len(short) < 2:
            return None
        down = short[0][3] - short[0][0]
        short.sort(key=lambda quad: float(quad.mean(0) @ down))
        whole = rows.joined([rows.Row(quad=quad, line=self.look.line(quads.grow(quad, 0.08, 0.3))) for quad in short])
        return replace(self._in_one(whole, lines[0].score), strips=len(short))

    def of_rows(self, found: Sequence[Region], located: Sequence[Detection]) -> Region | None:
        """A number set in rows, of which one was ``found`` or is ``located``; only when it is proven.

        Where a line of more digits was found there are none, and few pictures that are refused cost such a search.
        """
        if any(rows.is_in_a_line(region.line) for region in found):
            return None
        clearest = sorted(found, key=lambda region: -rows.clearness(region.line))
        for region in itertools.chain(clearest, map(self._as_row, located)):
            if not rows.is_row(region.line):
                continue
            several = rows.all_of(rows.Row(quad=region.text_quad, line=region.line), self.look.verbatim)
            if several is None:
                continue
            whole = self._in_one(rows.joined(several), region.score)
            if self._is_whole(whole.number, several):
                return whole
        return self._of_blocks()

    def _of_blocks(self) -> Region | None:
        """A number in rows on a card, each of whose lines may be located elsewhere; only when it is proven."""
        for lines, score in self._lines_of_blocks():
            for several in rows.among(rows.read_again(lines, self.look.verbatim), self.look.verbatim):
                whole = self._in_one(rows.joined(several), score)
                if self._is_whole(whole.number, several):
                    return whole
        return None

    def _lines_of_blocks(self) -> Iterator[tuple[list[quads.Quad], float]]:
        """The lines of each block on a card, as they may read, either way round, and the block's score.

        In a card that fills the picture they are too large for the locator, which is shown it smaller, too.
        """
        for side in (None, locate.FILLED):
            for block in locate.blocks(self.locator, self.look.pixels, side=side):
                if any(cards.lies_in(block.quad, card.quad) for card in self.cards):
                    for lines in profile.lines(self.look.pixels, block.quad):
                        yield lines, block.score
                        yield [quads.turn(line, 2) for line in reversed(lines)], block.score

    def _is_whole(self, number: str, several: Sequence[rows.Row]) -> bool:
        """Whether ``number`` is proven, and nothing covers the row of three more digits that it may lack."""
        if not issued.is_proven(number):
            return False
        if not issued.may_lack_a_group(number):
            return True
        last = several[-1]
        begin = quads.part(last.quad, 0.0, 0.0, rows.LAST / len(last.line.characters), 1.0)
        return quality.ground_goes_on(self.look.pixels, quads.turn(begin, 1), 0.4, 1.6)

    def _in_one(self, whole: rows.Row, score: float) -> Region:
        """The region of rows that were joined."""
        return Region(views=(whole.line,), quad=whole.quad, candidates=self.look.ranked([whole.line]), score=score)

    def _as_row(self, detection: Detection) -> Region:
        """A line read no longer than it was located, and framed anew where it may be a row."""
        quad = quads.grow(detection.quad, 0.06, 0.4)
        line = self.look.line(quad)
        framed = recognize.framed(line, quad) if len(line.characters) <= rows.MOST else None
        if framed is not None:
            quad, line = framed, self.look.line(framed)
        return Region(views=(line,), quad=quad, candidates=(), score=detection.score)
