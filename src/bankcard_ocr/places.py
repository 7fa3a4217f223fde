"""Places in a picture that may hold the number: which, in which order, how hard each is looked at, and what it says.

Looking is lazy: places are tried from the likeliest to the least, and each is looked at until the judge is sure, so
that a plain picture costs one location and two recognitions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from statistics import median

import numpy as np

from . import cards, judge, layout, prefix
from .numbers import pan
from .reading import Candidate, Options
from .vision import locate, recognize
from .vision import quad as quads
from .vision.locate import Thing
from .vision.model import Model
from .vision.recognize import Character, Line

PATIENCE = 12  # strips of a picture that are read; no other line is begun after as many
SURE = 0.95  # a place this certain is not looked at again, and no other place is
CERTAIN = 0.99  # a place this certain is not compared with the digits printed below it
PROMISING = 0.02  # a place less certain than this is not worth looking at harder
SHORT = 15  # lines of fewer characters may be parts of a number, whose ends are looked for
BEYOND = 5.0  # characters' pitches on either side
REFUTED = 0.1  # a place was misread that is less certain when looked at harder, or says another number then
UPRIGHT = 0.9  # a line read as surely as this is not turned round
EITHER_WAY = 0.5  # 0, 1, 2, 5, 6, 8 and 9 read either way up; the issuer tells which is right
TURNED = 3.0  # nats against reading a line against the locator's direction when it says something along it, too
CUT = 0.75  # pitches from a number to the picture's edge: of 273 real ones none had less, of cut ones 106 of 125
ELONGATED = 2.5  # times as long as wide: in the locator's eyes a card in such a picture would be too small
PART = 1.5  # widths of such a picture that are located on at once, every other half of them twice
LAST_RESORT = 2.0  # nats against what is found only on black where no card is seen, as on sheets of numbers
SCANNED = 224  # pixels of the longer side in which the line of a card that fills the picture is large enough
CLOSE = 0.05  # heights around characters that the place of a number is told with (docs/LOG.md)
DATE = 5  # characters of a date, its slash among them
CORNERS = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))  # of a box, from its middle
FAINT = 0.35  # things that score less are no reason to say that a card is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place: its views, the quad of the last one in pixels of the decoded picture, and the candidates.

    ``strips`` is how many strips of a number's line were read for it, which is what it cost but for small ones.
    """

    views: tuple[Line, ...]
    quad: quads.Quad
    candidates: tuple[Candidate, ...]
    score: float
    strips: int = 1

    @property
    def confidence(self) -> float:
        return self.candidates[0].confidence if self.candidates else 0.0

    @property
    def evidence(self) -> tuple[float, int]:
        """What places are ranked by: the confidence, then the digits that can be seen, but for those of dates."""
        seen = [char.text for char in self.characters if char.text != recognize.HIDDEN]
        return self.confidence, len(seen) - DATE * seen.count("/")

    def says(self, number: str) -> bool:
        """Whether its best candidate is ``number``."""
        return bool(self.candidates) and self.candidates[0].number == number

    @property
    def line(self) -> Line:
        """The last view."""
        return self.views[-1]

    @property
    def characters(self) -> tuple[Character, ...]:
        """The characters of the last view."""
        return self.line.characters

    @property
    def text_quad(self) -> quads.Quad:
        """The quad closely around the characters of the last view; around all that was looked at where few are seen."""
        close = recognize.framed(self.line, loose=CLOSE, ends=CLOSE, spare=0.0)
        return self.quad if close is None else recognize.in_picture(close, self.quad, self.line)

    @property
    def doubtful(self) -> tuple[int, ...]:
        """The 1-based places of digits that the last view is unsure of, or did not see where one must be."""
        unseen = layout.unseen_place(self.line)
        gone = len(self.characters) if unseen is None else unseen
        seen = enumerate(self.characters)
        found = {i + (i >= gone) for i, char in seen if char.probability < 0.9 or char.text == recognize.HIDDEN}
        return tuple(sorted(i + 1 for i in (found if unseen is None else found | {unseen})))

    def digits(self, number: str) -> list[quads.Quad]:
        """A quad for each digit of the last view, in the picture's pixels; none when it has not as many of them."""
        if len(self.characters) != len(number):
            return []
        where = np.array([(c.x, c.y, c.width, c.height) for c in self.characters], np.float32)
        corners = where[:, None, :2] + where[:, None, 2:] * np.array(CORNERS, np.float32)
        return list(recognize.in_picture(corners, self.quad, self.line))

    def certain_digits(self, number: str) -> list[quads.Quad]:
        """These quads, when the last view read ``number`` and saw each digit in its own place; else none."""
        seen = self.characters
        if "".join(char.text for char in seen) != number or min(char.probability for char in seen) < 0.8:
            return []
        x, y = [char.x for char in seen], [char.y for char in seen]
        steps = [after - before for before, after in itertools.pairwise(x)]
        pitch, high = median(steps), median([char.height for char in seen])
        slope, offset = recognize.straight(x, y)
        off = max(abs(b - slope * a - offset) for a, b in zip(x, y, strict=True))
        even = min(steps) > 0.6 * pitch and max(steps) < 3.5 * pitch and off < 0.3 * high
        return self.digits(number) if even else []

    def certainties(self, number: str) -> tuple[float, ...]:
        """How surely the last view shows each digit of ``number``; none when it has another count of characters."""
        seen = self.characters
        if len(seen) != len(number):
            return ()
        return tuple(
            c.probability if c.text == digit else 1 - c.probability for c, digit in zip(seen, number, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """Looks at places with the two models; threads may share it."""

    locator: Model
    recognizer: Model

    def places(self, pixels: quads.Image, options: Options, things: list[Thing]) -> Iterator[Place]:
        """Places that may hold the number, looked at, from the likeliest; ``things`` receives what was located."""
        spent = 0
        for line in self._tried(pixels, options, things):
            yield from (_doubted_at_the_edge(place, pixels) for place in line)
            spent += sum(place.strips for place in line)
            if spent >= PATIENCE:
                return

    def _tried(self, pixels: quads.Image, options: Options, things: list[Thing]) -> Iterator[list[Place]]:
        """All such places, line by line: first the lines that give a number for the fewest strips (docs/LOG.md)."""
        everything = bool(options.detail or options.returns)
        is_small_first = options.type == "scan" and not everything
        found: list[Place] = []

        def searched(lines: Iterable[Thing]) -> Iterator[list[Place]]:
            for line in lines:
                here = self._searched(pixels, line, options)
                found.extend(here)
                yield here

        if is_small_first:
            yield from searched(self._seen_small(pixels))
        wanted = locate.KINDS if everything else ("card", "number")
        things += self._located(pixels, wanted)
        numbers = [thing for thing in things if thing.kind == "number"]
        seen = [thing for thing in things if thing.kind == "card" and thing.score > FAINT][:2]
        yield from searched(numbers[:1])
        if len(numbers) > 1 and (stacked := self._stacked(pixels, numbers, options)):
            yield [stacked]
        rest = numbers[2:3]
        for card in seen:
            closer = self.closer(pixels, card.quad)
            yield from searched(closer[:1])
            rest += closer[1:]
        yield from searched(numbers[1:2])
        doubt = 0.0 if seen else LAST_RESORT
        for here in searched(self._seen_apart(pixels)):
            yield [replace(place, candidates=judge.doubted(place.candidates, doubt)) for place in here]
        surest = max(found, key=attrgetter("confidence"), default=None)
        if surest is not None and surest.confidence < UPRIGHT:
            yield [self._turned_doubted(pixels, surest, options)]
            fullest = max(found, key=attrgetter("evidence"))  # which shows most digits, where none is a number
            if fullest is not surest:
                yield [self._turned_doubted(pixels, fullest, options)]
        yield from searched(rest)

    def _located(self, pixels: quads.Image, kinds: Sequence[str]) -> list[Thing]:
        """What is located in a picture; in overlapping parts of one that is as long as screenshots of chats are."""
        height, width = pixels.shape[:2]
        long, short = max(width, height), min(width, height)
        if long < ELONGATED * short:
            return locate.locate(self.locator, pixels, kinds=kinds)
        side = round(PART * short)
        found: list[Thing] = []
        for start in np.linspace(0, long - side, -(-2 * (long - side) // side) + 1).round().astype(int).tolist():
            x, y = (start, 0) if width > height else (0, start)
            part = np.ascontiguousarray(pixels[y : y + side, x : x + side])
            near = locate.locate(self.locator, part, kinds=kinds)
            found += [replace(thing, quad=thing.quad + np.array((x, y), np.float32)) for thing in near]
        found.sort(key=attrgetter("score"), reverse=True)
        return [thing for place, thing in enumerate(found) if not _is_seen_already(thing, found[:place])]

    def _turned_doubted(self, pixels: quads.Image, place: Place, options: Options) -> Place:
        """The place turned round, against the locator's direction; doubted when it reads as it is, too."""
        turned = self._turned(pixels, place, options)
        doubt = TURNED if place.confidence >= PROMISING else 0.0
        return replace(turned, candidates=judge.doubted(turned.candidates, doubt))

    def _seen_small(self, pixels: quads.Image) -> list[Thing]:
        """The likeliest number line of a picture seen small, which is enough where a card fills it."""
        return locate.locate(self.locator, pixels, kinds=("number",), side=SCANNED)[:1]

    def _seen_apart(self, pixels: quads.Image) -> list[Thing]:
        """The likeliest number line of a picture on black, where a card that ends as the picture does has an edge."""
        return locate.locate(self.locator, pixels, kinds=("number",), is_apart=True)[:1]

    def elsewhere(
        self, pixels: quads.Image, things: list[Thing], places: list[Place], options: Options
    ) -> Iterator[Place]:
        """Places on the cards whose number was not read yet."""
        read = [place.quad for place in places if place.confidence >= SURE]
        for card in cards.distinct(things):
            if any(cards.lies_in(quad, card.quad) for quad in read):
                continue
            looked = [place.quad for place in places if cards.lies_in(place.quad, card.quad)]
            numbers = [thing for thing in things if thing.kind == "number" and cards.lies_in(thing.quad, card.quad)]
            for thing in itertools.chain(numbers[:2] if not looked else (), self._later(pixels, card.quad)):
                here = [_doubted_at_the_edge(place, pixels) for place in self._searched(pixels, thing, options)]
                yield from here
                if any(place.confidence >= SURE for place in here):
                    break

    def _later(self, pixels: quads.Image, card: quads.Quad) -> Iterator[Thing]:
        """What is found on the card alone, located when it is asked for."""
        yield from self.closer(pixels, card)

    def _searched(self, pixels: quads.Image, thing: Thing, options: Options) -> list[Place]:
        """A place looked at, and looked at harder where that may settle it."""
        place = self._compared(pixels, self._look(pixels, thing.quad, thing.score, options), options)
        if not PROMISING <= place.confidence < SURE:
            return [place]
        harder = self._compared(pixels, self._harder(pixels, place, options), options)
        if harder.confidence >= REFUTED and harder.says(place.candidates[0].number):
            return [place, harder]
        return [replace(harder, strips=place.strips + harder.strips)]

    def _compared(self, pixels: quads.Image, place: Place, options: Options) -> Place:
        """The place ranked anew, with the digits printed small below it as a second witness, where it is in doubt."""
        if not PROMISING <= place.confidence < CERTAIN or len(place.characters) < pan.SHORTEST:
            return place
        strips = [
            recognize.strip(pixels, recognize.in_picture(look, place.quad, place.line), recognize.SHORT)
            for look in prefix.looks(place.line)
        ]
        printed = prefix.read(recognize.recognize(self.recognizer, strips))
        if printed is None:
            return place
        return replace(place, candidates=judge.ranked(place.views, prior=options.prior, printed=printed))

    def _look(self, pixels: quads.Image, quad: quads.Quad, score: float, options: Options) -> Place:
        """Reads a line; one that begins as numbers do upside down is read the other way up, and doubted else."""
        place = self._read(pixels, quad, score, options)
        if not place.candidates or not judge.may_be_upside_down(place.candidates[0].number):
            return place
        turned = self._turned(pixels, place, options)
        strips = place.strips + turned.strips
        if turned.confidence >= EITHER_WAY:
            return replace(turned, strips=strips)
        return replace(place, candidates=_doubted_upside_down(place.candidates), strips=strips)

    def _turned(self, pixels: quads.Image, place: Place, options: Options) -> Place:
        """The place turned round; where that says nothing at all in the frame of its characters, no other is tried."""
        quad = quads.turn(place.quad, 2)
        line = self.line(pixels, quad)
        candidates = judge.ranked([line], prior=options.prior)
        if not candidates or candidates[0].confidence < PROMISING:
            return Place(views=(line,), quad=quad, candidates=candidates, score=place.score)
        turned = self._read(pixels, quad, place.score, options)
        return replace(turned, strips=1 + turned.strips)

    def _read(self, pixels: quads.Image, quad: quads.Quad, score: float, options: Options) -> Place:
        """Reads a line, frames it anew by where its characters stand, and reads it again."""
        outer = quads.grow(quad, 0.035, 0.3)
        first = self.line(pixels, outer)
        framed = recognize.framed(first)
        if framed is None:
            candidates = judge.ranked([first], prior=options.prior)
            return Place(views=(first,), quad=outer, candidates=candidates, score=score)
        again, second, strips = self._reframed(pixels, recognize.in_picture(framed, outer, first))
        views = (second,) if _differs(first, second) else (first, second)
        candidates = judge.ranked(views, prior=options.prior)
        return Place(views=views, quad=again, candidates=candidates, score=score, strips=1 + strips)

    def _reframed(self, pixels: quads.Image, quad: quads.Quad) -> tuple[quads.Quad, Line, int]:
        """``quad``, what stands there, and the strips read for it; the longer line where it is a part of one."""
        line = self.line(pixels, quad)
        if len(line.characters) >= SHORT and not _is_at_an_end(line):
            return quad, line, 1
        wide = quads.grow(quad, BEYOND / max(4, len(line.characters)), 0.0)
        whole = self.line(pixels, wide)
        framed = recognize.framed(whole)
        if framed is None or len(whole.characters) <= len(line.characters):
            return quad, line, 2
        again = recognize.in_picture(framed, wide, whole)
        return again, self.line(pixels, again), 3

    def _harder(self, pixels: quads.Image, place: Place, options: Options) -> Place:
        """More views of a place: framed looser, tighter, and from where the last view saw the characters."""
        framings = [quads.grow(place.quad, 0.02, 0.12), quads.grow(place.quad, -0.012, -0.1)]
        framed = recognize.framed(place.line)
        if framed is not None:
            framings.append(recognize.in_picture(framed, place.quad, place.line))
        views = (*place.views, *self._lines([recognize.strip(pixels, quad) for quad in framings]))
        candidates = _doubted_upside_down(judge.ranked(views, prior=options.prior))
        return replace(place, views=views, quad=framings[-1], candidates=candidates, strips=len(framings))

    def closer(
        self, pixels: quads.Image, card: quads.Quad, *, kinds: tuple[str, ...] = ("number",), least: float = 0.25
    ) -> list[Thing]:
        """What the locator finds on the card alone, cut out and seen large: two lines of each kind."""
        width, height = (320, 224) if quads.sides(card)[0] >= quads.sides(card)[1] else (224, 320)
        outer = quads.grow(card, 0.04, 0.06)
        cut = quads.rectify(pixels, outer, 2 * width, 2 * height)
        back = quads.homography(quads.rectangle(2 * width, 2 * height), outer)
        found = locate.locate(self.locator, cut, least=least, kinds=kinds)
        found = [thing for kind in kinds for thing in [one for one in found if one.kind == kind][:2]]
        return [Thing(kind=t.kind, quad=quads.project(t.quad, back), score=t.score) for t in found]

    def _stacked(self, pixels: quads.Image, lines: list[Thing], options: Options) -> Place | None:
        """A number set in several short lines, one below the other, read as one."""
        short = [thing.quad for thing in lines if quads.sides(thing.quad)[0] < 6.5 * quads.sides(thing.quad)[1]]
        if len(short) < 2:
            return None
        down = short[0][3] - short[0][0]
        short.sort(key=lambda quad: float(quad.mean(0) @ down))
        parts = [self.line(pixels, quads.grow(quad, 0.08, 0.3)) for quad in short]
        frames = np.concatenate([part.frames for part in parts])
        alphabet = self.recognizer.metadata["alphabet"]
        whole = Line(say=partial(recognize.spelled, frames, alphabet), characters=(), frames=frames, alphabet=alphabet)
        quad = np.stack([short[0][0], short[0][1], short[-1][2], short[-1][3]])
        candidates = judge.ranked([whole], prior=options.prior)
        return Place(views=(whole,), quad=quad, candidates=candidates, score=lines[0].score, strips=len(short))

    def line(self, pixels: quads.Image, quad: quads.Quad) -> Line:
        long, high = quads.sides(quad)
        width = recognize.LONG if long > 5.5 * high else recognize.SHORT
        return self._lines([recognize.strip(pixels, quad, width)])[0]

    def _lines(self, strips: Sequence[quads.Image]) -> list[Line]:
        """What each strip says, but for characters that stand where a number has none."""
        return [layout.without_strays(line) for line in recognize.recognize(self.recognizer, strips)]


def _doubted_upside_down(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """``candidates``, doubted when they begin as numbers do upside down."""
    is_odd = bool(candidates) and judge.may_be_upside_down(candidates[0].number)
    return judge.doubted(candidates, TURNED) if is_odd else candidates


def _is_seen_already(thing: Thing, others: Iterable[Thing]) -> bool:
    """Whether a likelier thing of its kind is where it is: parts of a picture overlap."""
    return any(other.kind == thing.kind and quads.overlap(other.quad, thing.quad) > 0.5 for other in others)


def _doubted_at_the_edge(place: Place, pixels: quads.Image) -> Place:
    """``place``, doubted where the picture ends so close to its number that more of it may have been cut off.

    What is proven by check digit and length is believed.
    """
    if place.confidence < PROMISING or judge.is_proven(place.candidates[0].number):
        return place
    pitch = quads.sides(place.text_quad)[0] / max(1, len(place.characters))
    if min(quads.room(place.text_quad, *pixels.shape[1::-1])) >= CUT * pitch:
        return place
    return replace(place, candidates=judge.doubted(place.candidates, judge.MISREAD))


def _differs(first: Line, second: Line) -> bool:
    """Whether the first, coarse look is better left out: it saw another number of characters."""
    return len(first.text) != len(second.text)


def _is_at_an_end(line: Line) -> bool:
    """Whether the first or last character touches the strip's end, so that more may stand beyond it."""
    if not line.characters:
        return False
    first, last = line.characters[0], line.characters[-1]
    return first.x < 0.8 * first.width or last.x > line.width - 0.8 * last.width
