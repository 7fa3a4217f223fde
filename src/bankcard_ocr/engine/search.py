"""The search for the number in a picture: which regions are looked at, and in which order.

Looking is lazy: regions are tried from the likeliest to the least, and each is looked at until the judge is sure
(look.py), so that a plain picture costs one location and one or two recognitions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

import numpy as np

from ..vision import covers, locate, quality
from ..vision import quad as quads
from ..vision.locate import Detection
from ..vision.model import Model
from . import cards, issued, stacked
from .look import PROMISING, SURE, TURNED, Look
from .regions import Region

PATIENCE = 12  # strips of a picture that are read; one line more is begun after as many, of the picture on its head
UPRIGHT = 0.9  # a line read as surely as this is not turned round
ELONGATED = 2.5  # times as long as wide: in the locator's eyes a card in such a picture would be too small
PART = 1.5  # widths of such a picture that are located on at once, every other half of them twice
MOST_PARTS = 6  # of them beside one another; longer pictures have longer parts
LAST_RESORT = 2.0  # nats against what is found at the last only where no card is seen, as on sheets of numbers
GROUP = 4.0  # digits' pitches that three more take, with the gap before them
ROOM = 3.1  # pitches to the card's edge, as located, behind sixteen of nineteen digits; of sixteen 3.0 at most
EDGE = 1.0  # pitches before a card's edge, as located, that may be beyond it
OTHER_GROUND = 0.1  # of a number's line, at most, that is like what is behind it where that is none of the card


@dataclass(slots=True, kw_only=True, eq=False)
class Search:
    """One picture, searched with the locator; ``look`` reads what it finds, ``detections`` are those located so far.

    ``covered`` are numbers that were seen, and what covers their last digits.
    """

    locator: Model
    look: Look
    detections: list[Detection] = field(default_factory=list)
    covered: set[str] = field(default_factory=set, repr=False)

    def regions(self) -> Iterator[Region]:
        """Regions that may hold the number, looked at as they are asked for, from the likeliest."""
        spent = 0
        for line in self._tried():
            yield from map(self._weighed, line)
            spent += sum(region.strips for region in line)  # looks beside them not counted: few have any
            if spent >= PATIENCE:
                break
        for detection in self._seen_upside_down():
            yield from map(self._weighed, self._doubted_alone(self.look.at(detection)))

    def _weighed(self, region: Region) -> Region:
        """``region`` followed to its ends, and refused where a last group may be covered.

        Of sixteen digits with 62 cards print three more, and one in ten of such sixteen is proven. What is seen to
        cover a group in one framing covers it in all.
        """
        whole = self.look.to_its_ends(region)
        if len(whole.number) != issued.SIXTEEN or not issued.may_lack_a_group(whole.number):
            return whole
        if covers.is_covered(self.look.pixels, whole.text_quad, issued.SIXTEEN):
            self.covered.add(whole.number)
        return whole.refused() if whole.number in self.covered or self._may_be_covered(whole) else whole

    def _may_be_covered(self, region: Region) -> bool:
        """Whether the card of ``region``, as located, has room for more behind its sixteen digits, and looks otherwise.

        No card that has sixteen leaves as much behind them, but where they are small (docs/LOG.md).
        """
        card = self._card_of(region)
        room = cards.room_behind(region.text_quad, card) * issued.SIXTEEN if card is not None else 0.0
        if room <= ROOM:
            return False
        behind = region.text_quad, 0.2 * GROUP / issued.SIXTEEN, min(GROUP, room - EDGE) / issued.SIXTEEN
        is_ground = quality.ground_goes_on(self.look.pixels, *behind)
        return not is_ground or quality.same_ground(self.look.pixels, *behind) < OTHER_GROUND

    def _card_of(self, region: Region) -> quads.Quad | None:
        """The card on which ``region`` was read; a scan is the card, though none was located yet."""
        located = cards.around(region.text_quad, self.detections)
        is_card = located is None and self.look.options.type == "scan"
        return quads.rectangle(*self.look.pixels.shape[1::-1]) if is_card else located

    def _tried(self) -> Iterator[list[Region]]:
        """All such regions, line by line: first the lines that give a number for the fewest strips (docs/LOG.md)."""
        everything = self.look.options.wants_more
        is_small_first = self.look.options.type == "scan" and not everything
        found: list[Region] = []

        def searched(lines: Iterable[Detection]) -> Iterator[list[Region]]:
            for line in lines:
                here = self.look.at(line)
                found.extend(here)
                yield here

        if is_small_first:
            yield from searched(self._seen_small())
        wanted = locate.KINDS if everything else ("card", "number")
        self.detections.extend(self._located(wanted))
        numbers = [detection for detection in self.detections if detection.kind == "number"]
        yield from searched(numbers[:1])
        stack = self._stack()
        if whole := stack.of_short(numbers):
            yield [whole]
        rest, near = numbers[2:3], list[Detection]()
        for card in self._cards():
            closer = self.closer(card.quad)
            near += closer
            yield from searched(closer[:1])
            rest += closer[1:]
        if all(region.confidence < PROMISING for region in found) and (whole := stack.of_rows(found, numbers + near)):
            yield [whole]
        yield from searched(numbers[1:2])
        for here in searched(self._seen_apart()):
            yield self._doubted_alone(here)
        surest = max(found, key=attrgetter("confidence"), default=None)
        if surest is not None and surest.confidence < UPRIGHT:
            yield [self._turned_doubted(surest)]
            fullest = max(found, key=attrgetter("evidence"))  # which shows most digits, where none is a number
            if fullest is not surest:
                yield [self._turned_doubted(fullest)]
        yield from searched(rest)

    def _stack(self) -> stacked.Stack:
        """Where a number in several rows may be, with the cards located so far."""
        return stacked.Stack(locator=self.locator, look=self.look, cards=self._cards())

    def _located(self, kinds: Sequence[locate.Kind]) -> list[Detection]:
        """What is located in a picture; in overlapping parts of one that is as long as screenshots of chats are."""
        height, width = self.look.pixels.shape[:2]
        long, short = max(width, height), min(width, height)
        if long < ELONGATED * short:
            return locate.locate(self.locator, self.look.pixels, kinds=kinds)
        side = max(round(PART * short), -(-long // MOST_PARTS))
        found: list[Detection] = []
        for start in np.linspace(0, long - side, -(-2 * (long - side) // side) + 1).round().astype(int).tolist():
            x, y = (start, 0) if width > height else (0, start)
            part = np.ascontiguousarray(self.look.pixels[y : y + side, x : x + side])
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
        turned = self.look.turned(region)
        return turned.doubted(TURNED if region.confidence >= PROMISING else 0.0)

    def _doubted_alone(self, regions: list[Region]) -> list[Region]:
        """``regions`` that were found at the last only, doubted where no card is seen, as on sheets of numbers."""
        doubt = 0.0 if self._cards() else LAST_RESORT
        return [region.doubted(doubt) for region in regions]

    def _cards(self) -> list[Detection]:
        """The two likeliest cards."""
        return [each for each in self.detections if each.kind == "card" and each.score > cards.LIKELY][:2]

    def _seen_small(self) -> list[Detection]:
        """The likeliest number line of a picture seen small, which is enough where a card fills it."""
        return locate.locate(self.locator, self.look.pixels, kinds=("number",), side=locate.FILLED)[:1]

    def _seen_apart(self) -> list[Detection]:
        """The likeliest number line of a picture on black, where a card that ends as the picture does has an edge."""
        return locate.locate(self.locator, self.look.pixels, kinds=("number",), is_apart=True)[:1]

    def _seen_upside_down(self) -> list[Detection]:
        """The likeliest number line of a picture on its head."""
        return locate.locate(self.locator, self.look.pixels, kinds=("number",), is_turned=True)[:1]

    def elsewhere(self, regions: Sequence[Region]) -> Iterator[Region]:
        """Regions on the cards whose number is not on one of ``regions``."""
        read = [region.quad for region in regions if region.confidence >= SURE]
        for card in cards.distinct(self.detections):
            if any(cards.lies_in(quad, card.quad) for quad in read):
                continue
            was_looked_at = any(cards.lies_in(region.quad, card.quad) for region in regions)
            for detection in self._on(card.quad, was_looked_at=was_looked_at):
                here = [self._weighed(region) for region in self.look.at(detection)]
                yield from here
                if any(region.confidence >= SURE for region in here):
                    break

    def _on(self, card: quads.Quad, *, was_looked_at: bool) -> Iterator[Detection]:
        """The lines located on a card that none was looked at on, then what is found on the card alone."""
        if not was_looked_at:
            numbers = (each for each in self.detections if each.kind == "number" and cards.lies_in(each.quad, card))
            yield from itertools.islice(numbers, 2)
        yield from self.closer(card)

    def closer(
        self,
        card: quads.Quad,
        *,
        kinds: tuple[locate.Kind, ...] = ("number",),
        least: float = 0.25,
        most: int = 2,
        side: int | None = None,
    ) -> list[Detection]:
        """What the locator finds on the card alone, cut out and seen large: so many lines of each kind at ``most``.

        ``side``: as in :func:`locate.locate`.
        """
        width, height = (320, 224) if quads.sides(card)[0] >= quads.sides(card)[1] else (224, 320)
        outer = quads.grow(card, 0.04, 0.06)
        cut = quads.rectify(self.look.pixels, outer, 2 * width, 2 * height)
        back = quads.homography(quads.rectangle(2 * width, 2 * height), outer)
        found = locate.locate(self.locator, cut, least=least, kinds=kinds, side=side)
        found = [detection for kind in kinds for detection in [one for one in found if one.kind == kind][:most]]
        return [Detection(kind=t.kind, quad=quads.project(t.quad, back), score=t.score) for t in found]
