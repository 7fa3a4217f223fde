"""One line of a picture, read as hard as it takes: framed by its characters, turned round, followed to its ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from ..lazy import cached_property
from ..numbers import pan
from ..reading import Candidate, Options
from ..vision import quad as quads
from ..vision import quality, recognize
from ..vision.locate import Detection
from ..vision.model import Model
from ..vision.recognize import Line
from . import issued, judge, layout, prefix
from .regions import Region

SURE = 0.95  # a region this certain is not looked at again, and no other region is
CERTAIN = 0.99  # a region this certain is not compared with other digits, and one view of it may be enough
SEEN = 0.9  # the least confidence without the prior at which one view is enough: 544 of 565 right views have it
LIKELY_BEYOND = 0.5  # digits beside a number that are as sure are looked at closely
FOLLOWED = 0.5  # a number less certain than this is not looked beside for more of it
PROMISING = 0.02  # a region less certain than this is not worth looking at harder
FULL = 15  # lines of fewer characters may be parts of a number, whose ends are looked for
BEYOND = 5.0  # characters' pitches on either side
REFUTED = 0.1  # a region was misread that is less certain when looked at harder, or says another number then
EITHER_WAY = 0.5  # 0, 1, 2, 5, 6, 8 and 9 read either way up; the issuer tells which is right
TURNED = 3.0  # nats against reading a line against the locator's direction when it says something along it, too
CUT = 0.75  # pitches from a number to the picture's edge: of 273 real ones none had less, of cut ones 106 of 125
GROUP_CUT = 1.3  # pitches behind 16 digits of UnionPay, where three more may have been: of 52 real ones none had less
SMALL = ((9.0, 3.5), (12.0, 2.0))  # pixels of a digit, and nats against lines of smaller ones (docs/LOG.md)


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What the recognizer sees in one picture, ``pixels`` (H, W, 3).

    ``is_brief``: a line that is certain at first sight, and ends before strip and picture do, is not framed by its
    characters and read again.
    ``is_glance``: the picture has more pixels than ``pixels``; a line that they would show better is not looked at
    harder.
    """

    recognizer: Model
    pixels: quads.Image = field(repr=False)
    options: Options
    is_brief: bool = False
    is_glance: bool = False

    def at(self, detection: Detection) -> list[Region]:
        """A region looked at, and looked at harder where that may settle it."""
        region = self._look(detection.quad, detection.score)
        if region.confidence < CERTAIN and self.lacks_pixels(region.quad):
            return [region]
        region = self._compared(region)
        if not PROMISING <= region.confidence < SURE:
            return [region]
        harder = self._compared(self._harder(region))
        if harder.confidence >= REFUTED and harder.number == region.number:
            return [region, harder]
        return [replace(harder, strips=region.strips + harder.strips)]

    def lacks_pixels(self, quad: quads.Quad) -> bool:
        """Whether this is a glance, and the whole picture would show the line under ``quad`` better."""
        return self.is_glance and quads.sides(quad)[0] < recognize.LONG

    def to_its_ends(self, region: Region) -> Region:
        """``region``, followed where more digits stand beside its number, and doubted where they may be cut off.

        What is proven by check digit and length is believed, but at the picture's edge for short numbers: of cuts one
        in ten is proven, too.
        """
        return self._doubted_when_small(self._doubted_at_the_edge(self._followed(region)))

    def turned(self, region: Region) -> Region:
        """The region turned round; where that says nothing at all in the frame of its characters, no other is tried."""
        quad = quads.turn(region.quad, 2)
        line = self.line(quad)
        candidates = self.ranked([line])
        if not candidates or candidates[0].confidence < PROMISING:
            return Region(views=(line,), quad=quad, candidates=candidates, score=region.score)
        turned = self._read(quad, region.score)
        return replace(turned, strips=1 + turned.strips)

    def ranked(self, views: Sequence[Line], *, printed: prefix.Prefix | None = None) -> tuple[Candidate, ...]:
        """The numbers that ``views`` of one line may say, judged as the call asks for."""
        return judge.ranked(views, prior=self.options.prior, printed=printed)

    def line(self, quad: quads.Quad) -> Line:
        """What stands under ``quad``, read as a number or, where that is short, as a date."""
        long, high = quads.sides(quad)
        width = recognize.LONG if long > 5.5 * high else recognize.SHORT
        return self._lines([recognize.strip(self.pixels, quad, width)])[0]

    def verbatim(self, looks: Sequence[quads.Quad], width: int) -> list[Line]:
        """What stands under each of ``looks``, all of it."""
        return recognize.recognize(self.recognizer, [recognize.strip(self.pixels, look, width) for look in looks])

    def _look(self, quad: quads.Quad, score: float) -> Region:
        """Reads a line; one that begins as numbers do upside down is read the other way up, and doubted else."""
        region = self._read(quad, score)
        if not region.number or not issued.may_be_upside_down(region.number):
            return region
        turned = self.turned(region)
        strips = region.strips + turned.strips
        if turned.confidence >= EITHER_WAY:
            return replace(turned, strips=strips)
        return replace(region.doubted(TURNED), strips=strips)

    def _read(self, quad: quads.Quad, score: float) -> Region:
        """Reads a line, frames it anew by where its characters stand, and reads it again."""
        outer = quads.grow(quad, 0.035, 0.3)
        first = self.line(outer)
        framed = recognize.framed(first, outer)
        if framed is None or self.is_brief:
            candidates = self.ranked([first])
            region = Region(views=(first,), quad=outer, candidates=candidates, score=score)
            if framed is None or self._is_enough(region):
                return region
        again, second, strips = self._reframed(framed)
        views = (second,) if _differs(first, second) else (first, second)
        candidates = self.ranked(views)
        return Region(views=views, quad=again, candidates=candidates, score=score, strips=1 + strips)

    def _is_enough(self, region: Region) -> bool:
        """Whether the one view of ``region`` is certain, by its pixels alone, too, and shows a whole number.

        It does where strip and picture go on at the number's ends.
        """
        if region.confidence < max(CERTAIN, self.options.least_confidence):
            return False
        seen = judge.ranked(region.views, prior=False)
        is_seen = seen[0].number == region.number and seen[0].confidence >= SEEN
        return is_seen and _has_margins(region.line) and min(self._room(region)) >= CUT

    def _reframed(self, quad: quads.Quad) -> tuple[quads.Quad, Line, int]:
        """``quad``, what stands there, and the strips read for it; the longer line where it is a part of one."""
        line = self.line(quad)
        if len(line.characters) >= FULL and not _is_at_an_end(line):
            return quad, line, 1
        wide = quads.grow(quad, BEYOND / max(recognize.FEWEST, len(line.characters)), 0.0)
        whole = self.line(wide)
        framed = recognize.framed(whole, wide)
        if framed is None or len(whole.characters) <= len(line.characters):
            return quad, line, 2
        return framed, self.line(framed), 3

    def _harder(self, region: Region) -> Region:
        """More views of a region: framed looser, tighter, and from where the last view saw the characters."""
        framings = [quads.grow(region.quad, 0.02, 0.12), quads.grow(region.quad, -0.012, -0.1)]
        framed = recognize.framed(region.line, region.quad)
        if framed is not None:
            framings.append(framed)
        views = (*region.views, *self._lines([recognize.strip(self.pixels, quad) for quad in framings]))
        harder = replace(region, views=views, quad=framings[-1], candidates=self.ranked(views), strips=len(framings))
        is_odd = harder.number != "" and issued.may_be_upside_down(harder.number)
        return harder.doubted(TURNED) if is_odd else harder

    def _compared(self, region: Region) -> Region:
        """The region ranked anew, with the digits printed small below it as a second witness, where it is in doubt."""
        if not PROMISING <= region.confidence < CERTAIN or len(region.characters) < pan.SHORTEST:
            return region
        strips = [
            recognize.strip(self.pixels, recognize.in_picture(look, region.quad, region.line), recognize.SHORT)
            for look in prefix.looks(region.line)
        ]
        printed = prefix.read(recognize.recognize(self.recognizer, strips))
        if printed is None:
            return region
        return replace(region, candidates=self.ranked(region.views, printed=printed))

    def _followed(self, region: Region) -> Region:
        """``region``, or the longer line of which it is a part, as of 19 digits whose last three were not located."""
        number = region.number
        if not FULL <= len(number) < pan.LONGEST or region.confidence < FOLLOWED or issued.is_surely_whole(number):
            return region
        wide = quads.grow(region.quad, BEYOND / len(number), 0.0)
        whole = self.line(wide)
        framed = recognize.framed(whole, wide)
        if framed is None or not layout.shows_more_than(whole, number, least=LIKELY_BEYOND):
            return replace(region, strips=region.strips + 1)
        line = self.line(framed)
        if not layout.shows_more_than(line, number):
            return replace(region, strips=region.strips + 2)
        candidates = judge.bounded(self.ranked([line]), region.confidence)
        return replace(region, views=(line,), quad=framed, candidates=candidates, strips=region.strips + 2)

    def _doubted_at_the_edge(self, region: Region) -> Region:
        """``region``, doubted where the picture ends so close to its number that more of it may have been cut off."""
        is_proven = len(region.number) >= issued.SHORT and issued.is_proven(region.number)
        may_lack_a_group = issued.may_lack_a_group(region.number)
        if is_proven and not may_lack_a_group:
            return region
        before, behind = self._room(region)
        is_cut = not is_proven and min(before, behind) < CUT
        if not is_cut and not (may_lack_a_group and behind < GROUP_CUT):
            return region
        return replace(region.refused(), is_cut=True)

    def _room(self, region: Region) -> tuple[float, float]:
        """Pitches of its characters to the picture's edge, before and behind them; infinite where there are few.

        Borders of one colour, which is not that of the ground they stand on, are none of the picture.
        """
        count = len(region.characters) or (recognize.FEWEST if region.candidates else 0)
        if count < recognize.FEWEST:
            return math.inf, math.inf  # too little was read to tell where it ends
        before, behind = (
            self._room_behind(quad, count) for quad in (quads.turn(region.text_quad, 2), region.text_quad)
        )
        return before, behind

    def _room_behind(self, text: quads.Quad, count: int) -> float:
        """Pitches of the ``count`` characters of ``text`` to the picture's edge, or to a border, behind them."""
        long, _ = quads.sides(text)
        left, top, right, bottom = self._content
        _, to_edge = quads.room(text, *self.pixels.shape[1::-1])
        _, to_border = quads.room(text - np.array((left, top), np.float32), right - left, bottom - top)
        start, pitch = to_border / max(1.0, long), 1 / count
        is_border = to_border < to_edge and not quality.ground_goes_on(self.pixels, text, start, start + pitch)
        return (to_border if is_border else to_edge) * count / max(1e-6, long)

    @cached_property
    def _content(self) -> tuple[int, int, int, int]:
        """The picture without borders of one colour, which are looked for once."""
        return quality.content(self.pixels)

    def _doubted_when_small(self, region: Region) -> Region:
        """``region``, doubted where its digits have so few pixels that the net is surer than it should be."""
        count = len(region.characters)
        if self.is_glance or count < recognize.FEWEST:  # the picture has more pixels than are looked at
            return region
        pitch = quads.sides(region.text_quad)[0] / count
        nats = next((nats for width, nats in SMALL if pitch < width), 0.0)
        return region.doubted(nats) if nats else region

    def _lines(self, strips: Sequence[quads.Image]) -> list[Line]:
        """What each strip says, but for characters that stand where a number has none."""
        return [layout.without_strays(line) for line in recognize.recognize(self.recognizer, strips)]


def _differs(first: Line, second: Line) -> bool:
    """Whether the first, coarse look is better left out: it saw another number of characters."""
    return len(first.text) != len(second.text)


def _has_margins(line: Line) -> bool:
    """Whether a strip goes on beyond its first and last character by as much as they are apart."""
    pitch = median(recognize.steps(line.characters))
    return line.characters[0].x >= pitch and line.characters[-1].x <= line.width - pitch


def _is_at_an_end(line: Line) -> bool:
    """Whether the first or last character touches the strip's end, so that more may stand beyond it."""
    if not line.characters:
        return False
    first, last = line.characters[0], line.characters[-1]
    return first.x < 0.8 * first.width or last.x > line.width - 0.8 * last.width
