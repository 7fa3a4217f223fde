"""The search for the number in a picture: which regions are looked at, in which order, and how hard each.

Looking is lazy: regions are tried from the likeliest to the least, and each is looked at until the judge is sure, so
that a plain picture costs one location and one or two recognitions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from statistics import median

import numpy as np

from ..numbers import pan
from ..reading import Candidate, Options
from ..vision import locate, recognize
from ..vision import quad as quads
from ..vision.locate import Detection
from ..vision.model import Model
from ..vision.recognize import Line
from . import cards, judge, layout, prefix, rows
from .regions import Region

PATIENCE = 12  # strips of a picture that are read; one line more is begun after as many, of the picture on its head
SURE = 0.95  # a region this certain is not looked at again, and no other region is
CERTAIN = 0.99  # a region this certain is not compared with other digits, and one view of it may be enough
SEEN = 0.9  # the least confidence without the prior at which one view is enough: 544 of 565 right views have it
LIKELY_BEYOND = 0.5  # digits beside a number that are as sure are looked at closely
FOLLOWED = 0.5  # a number less certain than this is not looked beside for more of it
PROMISING = 0.02  # a region less certain than this is not worth looking at harder
FULL = 15  # lines of fewer characters may be parts of a number, whose ends are looked for
BEYOND = 5.0  # characters' pitches on either side
REFUTED = 0.1  # a region was misread that is less certain when looked at harder, or says another number then
UPRIGHT = 0.9  # a line read as surely as this is not turned round
EITHER_WAY = 0.5  # 0, 1, 2, 5, 6, 8 and 9 read either way up; the issuer tells which is right
TURNED = 3.0  # nats against reading a line against the locator's direction when it says something along it, too
CUT = 0.75  # pitches from a number to the picture's edge: of 273 real ones none had less, of cut ones 106 of 125
GROUP_CUT = 1.3  # pitches behind 16 digits of UnionPay, where three more may have been: of 52 real ones none had less
SMALL = ((9.0, 3.5), (12.0, 2.0))  # pixels of a digit, and nats against lines of smaller ones (docs/LOG.md)
ELONGATED = 2.5  # times as long as wide: in the locator's eyes a card in such a picture would be too small
PART = 1.5  # widths of such a picture that are located on at once, every other half of them twice
MOST_PARTS = 6  # of them beside one another; longer pictures have longer parts
LAST_RESORT = 2.0  # nats against what is found at the last only where no card is seen, as on sheets of numbers
SCANNED = 224  # pixels of the longer side in which the line of a card that fills the picture is large enough
FAINT = 0.35  # detections that score less are no reason to say that a card is there


@dataclass(slots=True, kw_only=True, eq=False)
class Search:
    """One picture, ``pixels`` (H, W, 3), looked at with the two models; ``detections`` are those located so far.

    ``is_brief``: a line that is certain at first sight, and ends before strip and picture do, is not framed by its
    characters and read again.
    ``is_glance``: the picture has more pixels than ``pixels``; a line that they would show better is not looked at
    harder.
    """

    locator: Model
    recognizer: Model
    pixels: quads.Image = field(repr=False)
    options: Options
    is_brief: bool = False
    is_glance: bool = False
    detections: list[Detection] = field(default_factory=list)

    def regions(self) -> Iterator[Region]:
        """Regions that may hold the number, looked at as they are asked for, from the likeliest."""
        spent = 0
        for line in self._tried():
            yield from map(self._to_its_ends, line)
            spent += sum(region.strips for region in line)  # looks beside them not counted: few have any
            if spent >= PATIENCE:
                break
        for detection in self._seen_upside_down():
            yield from map(self._to_its_ends, self._doubted_alone(self._searched(detection)))

    def _tried(self) -> Iterator[list[Region]]:
        """All such regions, line by line: first the lines that give a number for the fewest strips (docs/LOG.md)."""
        everything = self.options.wants_more
        is_small_first = self.options.type == "scan" and not everything
        found: list[Region] = []

        def searched(lines: Iterable[Detection]) -> Iterator[list[Region]]:
            for line in lines:
                here = self._searched(line)
                found.extend(here)
                yield here

        if is_small_first:
            yield from searched(self._seen_small())
        wanted = locate.KINDS if everything else ("card", "number")
        self.detections.extend(self._located(wanted))
        numbers = [detection for detection in self.detections if detection.kind == "number"]
        yield from searched(numbers[:1])
        if len(numbers) > 1 and (stacked := self._stacked(numbers)):
            yield [stacked]
        rest, near = numbers[2:3], list[Detection]()
        for card in self._cards():
            closer = self.closer(card.quad)
            near += closer
            yield from searched(closer[:1])
            rest += closer[1:]
        yield from searched(numbers[1:2])
        if all(region.confidence < PROMISING for region in found) and (whole := self._in_rows(found, numbers + near)):
            yield [whole]
        for here in searched(self._seen_apart()):
            yield self._doubted_alone(here)
        surest = max(found, key=attrgetter("confidence"), default=None)
        if surest is not None and surest.confidence < UPRIGHT:
            yield [self._turned_doubted(surest)]
            fullest = max(found, key=attrgetter("evidence"))  # which shows most digits, where none is a number
            if fullest is not surest:
                yield [self._turned_doubted(fullest)]
        yield from searched(rest)

    def _located(self, kinds: Sequence[locate.Kind]) -> list[Detection]:
        """What is located in a picture; in overlapping parts of one that is as long as screenshots of chats are."""
        height, width = self.pixels.shape[:2]
        long, short = max(width, height), min(width, height)
        if long < ELONGATED * short:
            return locate.locate(self.locator, self.pixels, kinds=kinds)
        side = max(round(PART * short), -(-long // MOST_PARTS))
        found: list[Detection] = []
        for start in np.linspace(0, long - side, -(-2 * (long - side) // side) + 1).round().astype(int).tolist():
            x, y = (start, 0) if width > height else (0, start)
            part = np.ascontiguousarray(self.pixels[y : y + side, x : x + side])
            near = locate.locate(self.locator, part, kinds=kinds)
            found += [replace(detection, quad=detection.quad + np.array((x, y), np.float32)) for detection in near]
        found.sort(key=attrgetter("score"), reverse=True)
        kept: list[Detection] = []
        for detection in found:
            alike = [other for other in kept if other.kind == detection.kind]
            if len(alike) < locate.MOST and all(quads.overlap(other.quad, detection.quad) <= 0.5 for other in alike):
                kept.append(detection)
        return kept

    def _turned_doubted(self, region: Region) -> Region:
        """The region turned round, against the locator's direction; doubted when it reads as it is, too."""
        turned = self._turned(region)
        doubt = TURNED if region.confidence >= PROMISING else 0.0
        return replace(turned, candidates=judge.doubted(turned.candidates, doubt))

    def _doubted_alone(self, regions: list[Region]) -> list[Region]:
        """``regions`` that were found at the last only, doubted where no card is seen, as on sheets of numbers."""
        doubt = 0.0 if self._cards() else LAST_RESORT
        return [replace(region, candidates=judge.doubted(region.candidates, doubt)) for region in regions]

    def _cards(self) -> list[Detection]:
        """The two likeliest cards."""
        return [detection for detection in self.detections if detection.kind == "card" and detection.score > FAINT][:2]

    def _seen_small(self) -> list[Detection]:
        """The likeliest number line of a picture seen small, which is enough where a card fills it."""
        return locate.locate(self.locator, self.pixels, kinds=("number",), side=SCANNED)[:1]

    def _seen_apart(self) -> list[Detection]:
        """The likeliest number line of a picture on black, where a card that ends as the picture does has an edge."""
        return locate.locate(self.locator, self.pixels, kinds=("number",), is_apart=True)[:1]

    def _seen_upside_down(self) -> list[Detection]:
        """The likeliest number line of a picture on its head."""
        return locate.locate(self.locator, self.pixels, kinds=("number",), is_turned=True)[:1]

    def elsewhere(self, regions: Sequence[Region]) -> Iterator[Region]:
        """Regions on the cards whose number is not on one of ``regions``."""
        read = [region.quad for region in regions if region.confidence >= SURE]
        for card in cards.distinct(self.detections):
            if any(cards.lies_in(quad, card.quad) for quad in read):
                continue
            looked = [region.quad for region in regions if cards.lies_in(region.quad, card.quad)]
            numbers = [
                detection
                for detection in self.detections
                if detection.kind == "number" and cards.lies_in(detection.quad, card.quad)
            ]
            for detection in itertools.chain(numbers[:2] if not looked else (), self._later(card.quad)):
                here = [self._to_its_ends(region) for region in self._searched(detection)]
                yield from here
                if any(region.confidence >= SURE for region in here):
                    break

    def _later(self, card: quads.Quad) -> Iterator[Detection]:
        """What is found on the card alone, located when it is asked for."""
        yield from self.closer(card)

    def _searched(self, detection: Detection) -> list[Region]:
        """A region looked at, and looked at harder where that may settle it."""
        region = self._look(detection.quad, detection.score)
        if region.confidence < CERTAIN and self.lacks_pixels(region.quad):
            return [region]
        region = self._compared(region)
        if not PROMISING <= region.confidence < SURE:
            return [region]
        harder = self._compared(self._harder(region))
        if harder.confidence >= REFUTED and harder.says(region.candidates[0].number):
            return [region, harder]
        return [replace(harder, strips=region.strips + harder.strips)]

    def lacks_pixels(self, quad: quads.Quad) -> bool:
        """Whether this is a glance, and the whole picture would show the line under ``quad`` better."""
        return self.is_glance and quads.sides(quad)[0] < recognize.LONG

    def _to_its_ends(self, region: Region) -> Region:
        """``region``, followed where more digits stand beside its number, and doubted where they may be cut off.

        What is proven by check digit and length is believed, but at the picture's edge for short numbers: of cuts one
        in ten is proven, too.
        """
        return self._doubted_when_small(self._doubted_at_the_edge(self._followed(region)))

    def _doubted_when_small(self, region: Region) -> Region:
        """``region``, doubted where its digits have so few pixels that the net is surer than it should be."""
        count = len(region.characters)
        if self.is_glance or count < recognize.FEWEST:  # the picture has more pixels than are looked at
            return region
        pitch = quads.sides(region.text_quad)[0] / count
        nats = next((nats for width, nats in SMALL if pitch < width), 0.0)
        return replace(region, candidates=judge.doubted(region.candidates, nats)) if nats else region

    def _followed(self, region: Region) -> Region:
        """``region``, or the longer line of which it is a part, as of 19 digits whose last three were not located."""
        number = region.candidates[0].number if region.candidates else ""
        if not FULL <= len(number) < pan.LONGEST or region.confidence < FOLLOWED or judge.is_surely_whole(number):
            return region
        wide = quads.grow(region.quad, BEYOND / len(number), 0.0)
        whole = self.line(wide)
        framed = recognize.framed(whole)
        if framed is None or not layout.shows_more_than(whole, number, least=LIKELY_BEYOND):
            return replace(region, strips=region.strips + 1)
        again = recognize.in_picture(framed, wide, whole)
        line = self.line(again)
        if not layout.shows_more_than(line, number):
            return replace(region, strips=region.strips + 2)
        candidates = judge.bounded(judge.ranked([line], prior=self.options.prior), region.confidence)
        return replace(region, views=(line,), quad=again, candidates=candidates, strips=region.strips + 2)

    def _doubted_at_the_edge(self, region: Region) -> Region:
        """``region``, doubted where the picture ends so close to its number that more of it may have been cut off."""
        number = region.candidates[0].number if region.candidates else ""
        if len(number) >= judge.SHORT and judge.is_proven(number):
            may_lack_a_group = not judge.is_surely_whole(number) and len(number) < pan.LONGEST
            if not (may_lack_a_group and self._room(region)[1] < GROUP_CUT):
                return region
        elif not self._is_at_the_edge(region):
            return region
        return replace(region, candidates=judge.refused(region.candidates), is_cut=True)

    def _is_at_the_edge(self, region: Region) -> bool:
        """Whether the picture ends so close to the characters of ``region`` that more of them may have been cut off."""
        return min(self._room(region)) < CUT

    def _room(self, region: Region) -> tuple[float, float]:
        """Pitches of its characters to the picture's edge, before and behind them; infinite where there are few."""
        count = len(region.characters) or (recognize.FEWEST if region.candidates else 0)
        if count < recognize.FEWEST:
            return math.inf, math.inf  # too little was read to tell where it ends
        pitch = quads.sides(region.text_quad)[0] / count
        before, behind = quads.room(region.text_quad, *self.pixels.shape[1::-1])
        return before / max(1e-6, pitch), behind / max(1e-6, pitch)

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
        return replace(region, candidates=judge.ranked(region.views, prior=self.options.prior, printed=printed))

    def _look(self, quad: quads.Quad, score: float) -> Region:
        """Reads a line; one that begins as numbers do upside down is read the other way up, and doubted else."""
        region = self._read(quad, score)
        if not region.candidates or not judge.may_be_upside_down(region.candidates[0].number):
            return region
        turned = self._turned(region)
        strips = region.strips + turned.strips
        if turned.confidence >= EITHER_WAY:
            return replace(turned, strips=strips)
        return replace(region, candidates=_doubted_upside_down(region.candidates), strips=strips)

    def _turned(self, region: Region) -> Region:
        """The region turned round; where that says nothing at all in the frame of its characters, no other is tried."""
        quad = quads.turn(region.quad, 2)
        line = self.line(quad)
        candidates = judge.ranked([line], prior=self.options.prior)
        if not candidates or candidates[0].confidence < PROMISING:
            return Region(views=(line,), quad=quad, candidates=candidates, score=region.score)
        turned = self._read(quad, region.score)
        return replace(turned, strips=1 + turned.strips)

    def _read(self, quad: quads.Quad, score: float) -> Region:
        """Reads a line, frames it anew by where its characters stand, and reads it again."""
        outer = quads.grow(quad, 0.035, 0.3)
        first = self.line(outer)
        framed = recognize.framed(first)
        if framed is None or self.is_brief:
            candidates = judge.ranked([first], prior=self.options.prior)
            region = Region(views=(first,), quad=outer, candidates=candidates, score=score)
            if framed is None or self._is_enough(region):
                return region
        again, second, strips = self._reframed(recognize.in_picture(framed, outer, first))
        views = (second,) if _differs(first, second) else (first, second)
        candidates = judge.ranked(views, prior=self.options.prior)
        return Region(views=views, quad=again, candidates=candidates, score=score, strips=1 + strips)

    def _is_enough(self, region: Region) -> bool:
        """Whether the one view of ``region`` is certain, by its pixels alone, too, and shows a whole number.

        It does where strip and picture go on at the number's ends.
        """
        if region.confidence < max(CERTAIN, self.options.least_confidence):
            return False
        seen = judge.ranked(region.views, prior=False)
        is_seen = region.says(seen[0].number) and seen[0].confidence >= SEEN
        return is_seen and _has_margins(region.line) and not self._is_at_the_edge(region)

    def _reframed(self, quad: quads.Quad) -> tuple[quads.Quad, Line, int]:
        """``quad``, what stands there, and the strips read for it; the longer line where it is a part of one."""
        line = self.line(quad)
        if len(line.characters) >= FULL and not _is_at_an_end(line):
            return quad, line, 1
        wide = quads.grow(quad, BEYOND / max(recognize.FEWEST, len(line.characters)), 0.0)
        whole = self.line(wide)
        framed = recognize.framed(whole)
        if framed is None or len(whole.characters) <= len(line.characters):
            return quad, line, 2
        again = recognize.in_picture(framed, wide, whole)
        return again, self.line(again), 3

    def _harder(self, region: Region) -> Region:
        """More views of a region: framed looser, tighter, and from where the last view saw the characters."""
        framings = [quads.grow(region.quad, 0.02, 0.12), quads.grow(region.quad, -0.012, -0.1)]
        framed = recognize.framed(region.line)
        if framed is not None:
            framings.append(recognize.in_picture(framed, region.quad, region.line))
        views = (*region.views, *self._lines([recognize.strip(self.pixels, quad) for quad in framings]))
        candidates = _doubted_upside_down(judge.ranked(views, prior=self.options.prior))
        return replace(region, views=views, quad=framings[-1], candidates=candidates, strips=len(framings))

    def closer(
        self, card: quads.Quad, *, kinds: tuple[locate.Kind, ...] = ("number",), least: float = 0.25
    ) -> list[Detection]:
        """What the locator finds on the card alone, cut out and seen large: two lines of each kind."""
        width, height = (320, 224) if quads.sides(card)[0] >= quads.sides(card)[1] else (224, 320)
        outer = quads.grow(card, 0.04, 0.06)
        cut = quads.rectify(self.pixels, outer, 2 * width, 2 * height)
        back = quads.homography(quads.rectangle(2 * width, 2 * height), outer)
        found = locate.locate(self.locator, cut, least=least, kinds=kinds)
        found = [detection for kind in kinds for detection in [one for one in found if one.kind == kind][:2]]
        return [Detection(kind=t.kind, quad=quads.project(t.quad, back), score=t.score) for t in found]

    def _stacked(self, lines: list[Detection]) -> Region | None:
        """A number set in several short lines, one below the other, read as one."""
        located = [(detection.quad, *quads.sides(detection.quad)) for detection in lines]
        short = [quad for quad, long, high in located if long < rows.LONGEST * high]
        if len(short) < 2:
            return None
        down = short[0][3] - short[0][0]
        short.sort(key=lambda quad: float(quad.mean(0) @ down))
        whole = rows.joined([rows.Row(quad=quad, line=self.line(quads.grow(quad, 0.08, 0.3))) for quad in short])
        candidates = judge.ranked([whole.line], prior=self.options.prior)
        return Region(
            views=(whole.line,), quad=whole.quad, candidates=candidates, score=lines[0].score, strips=len(short)
        )

    def _in_rows(self, found: Sequence[Region], located: Sequence[Detection]) -> Region | None:
        """A number set in rows, of which one was ``found`` or is ``located``; only when it is proven."""
        clearest = sorted(found, key=lambda region: -rows.clearness(region.line))
        for region in itertools.chain(clearest, map(self._as_row, located)):
            if not rows.is_row(region.line):
                continue
            several = rows.all_of(rows.Row(quad=region.text_quad, line=region.line), self._strips)
            if several is None:
                continue
            whole = rows.joined(several)
            candidates = judge.ranked([whole.line], prior=self.options.prior)
            if candidates and judge.is_proven(candidates[0].number):
                return Region(views=(whole.line,), quad=whole.quad, candidates=candidates, score=region.score)
        return None

    def _as_row(self, detection: Detection) -> Region:
        """A line read no longer than it was located, and framed anew where it may be a row."""
        quad = quads.grow(detection.quad, 0.06, 0.4)
        line = self.line(quad)
        framed = recognize.framed(line) if len(line.characters) <= rows.MOST else None
        if framed is not None:
            quad = recognize.in_picture(framed, quad, line)
            line = self.line(quad)
        return Region(views=(line,), quad=quad, candidates=(), score=detection.score)

    def _strips(self, looks: Sequence[quads.Quad], width: int) -> list[Line]:
        """What stands under each of ``looks``, all of it."""
        return recognize.recognize(self.recognizer, [recognize.strip(self.pixels, look, width) for look in looks])

    def line(self, quad: quads.Quad) -> Line:
        """What stands under ``quad``, read as a number or, where that is short, as a date."""
        long, high = quads.sides(quad)
        width = recognize.LONG if long > 5.5 * high else recognize.SHORT
        return self._lines([recognize.strip(self.pixels, quad, width)])[0]

    def _lines(self, strips: Sequence[quads.Image]) -> list[Line]:
        """What each strip says, but for characters that stand where a number has none."""
        return [layout.without_strays(line) for line in recognize.recognize(self.recognizer, strips)]


def _doubted_upside_down(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """``candidates``, doubted when they begin as numbers do upside down."""
    is_odd = bool(candidates) and judge.may_be_upside_down(candidates[0].number)
    return judge.doubted(candidates, TURNED) if is_odd else candidates


def _differs(first: Line, second: Line) -> bool:
    """Whether the first, coarse look is better left out: it saw another number of characters."""
    return len(first.text) != len(second.text)


def _has_margins(line: Line) -> bool:
    """Whether a strip goes on beyond its first and last character by as much as they are apart."""
    x = [char.x for char in line.characters]
    pitch = median(after - before for before, after in itertools.pairwise(x))
    return x[0] >= pitch and x[-1] <= line.width - pitch


def _is_at_an_end(line: Line) -> bool:
    """Whether the first or last character touches the strip's end, so that more may stand beyond it."""
    if not line.characters:
        return False
    first, last = line.characters[0], line.characters[-1]
    return first.x < 0.8 * first.width or last.x > line.width - 0.8 * last.width
