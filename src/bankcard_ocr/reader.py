"""Pictures to numbers: decode, locate, rectify, recognize, look again, judge. Only this module knows the order.

Looking is lazy: places that may hold a number are tried from the likeliest to the least, and each is looked at until
the judge is sure, so that a plain picture costs one location and two recognitions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from . import cards, caution, evidence, fields, fuse, judge, layout
from .errors import CardsDiffer, NoCardFound, NumberUnreadable, PictureError, Refused
from .reading import Candidate, Field, FoundCard, Options, Quad, Reading, Returned
from .vision import image, locate, quality, recognize
from .vision import quad as quads
from .vision.locate import Thing
from .vision.model import Model, is_shipped
from .vision.recognize import Line

SURE = 0.95  # a place this certain is not looked at again, and no other place is
THRESHOLD = 0.85  # the least confidence of a number that is returned
PROMISING = 0.02  # a place less certain than this is not worth looking at harder
SHORT = 15  # lines of fewer characters may be parts of a number, whose ends are looked for
BEYOND = 5.0  # characters' pitches on either side
UPRIGHT = 0.5  # a line read as surely as this is not turned round
TURNED = 3.0  # nats against a line that reads against the locator's direction: wrong in 1 of 30 (docs/LOG.md)
SCANNED = 224  # pixels of the longer side in which the line of a card that fills the picture is large enough
FAINT = 0.35  # things that score less are no reason to say that a card is there
SURELY_A_CARD = 0.6  # a card that scores so is told even when no number was found on it
MOST_PICTURES = 8  # of one card in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One place: its views, the quad of the best one in pixels of the decoded picture, and the candidates."""

    views: tuple[Line, ...]
    quad: quads.Quad
    candidates: tuple[Candidate, ...]
    score: float

    @property
    def confidence(self) -> float:
        return self.candidates[0].confidence if self.candidates else 0.0

    @property
    def evidence(self) -> tuple[float, int]:
        """What places are ranked by: the confidence, then the digits that can be seen."""
        return self.confidence, sum(char.text != recognize.HIDDEN for char in self.views[-1].characters)

    def says(self, number: str) -> bool:
        """Whether its best candidate is ``number``."""
        return bool(self.candidates) and self.candidates[0].number == number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One picture, what was located in it, the places looked at, and which of several pictures it is."""

    picture: image.Picture
    things: tuple[Thing, ...]
    places: tuple[_Seen, ...]
    timings_ms: dict[str, float]
    number: int = 0

    @property
    def best(self) -> _Seen:
        """The place that tells most."""
        return max(self.places, key=lambda place: place.evidence)


class Reader:
    """Reads card numbers. Complete after construction, never changes; threads may share it."""

    def __init__(self, *, threads: int = 1, clock: Callable[[], float] = time.time) -> None:
        """Loads the models that ship with the package; each call computes on ``threads`` threads.

        ``clock`` tells the Unix time that decides whether a card has expired.
        """
        self._clock = clock
        self.locator = Model("locate", threads=threads)
        self.recognizer = Model("recognize", threads=threads)
        self._threads = threads

    @cached_property
    def namer(self) -> Model | None:
        """The reader of holder names, loaded when details are first asked for; None where it is not installed."""
        return Model("holder", threads=self._threads) if is_shipped("holder") else None

    def read(self, data: bytes, options: Options = Options()) -> Reading:  # noqa: B008 - frozen
        """The reading of a picture: JPEG, PNG, WebP, BMP, GIF or TIFF.

        Raises PictureError when there are no pixels to read, NoCardFound when nothing looks like a card number, and
        NumberUnreadable when one is there and cannot be read with certainty.
        """
        shot = self._examined(data, options)
        return self._told(shot, _returned(shot, options), options)

    def read_many(self, pictures: Sequence[bytes], options: Options = Options()) -> Reading:  # noqa: B008 - frozen
        """The reading of 1 to 8 pictures of one card, their evidence put together digit by digit.

        A picture that cannot be decoded or shows no number does no harm when the others suffice. All positions are
        those of picture ``picture`` of the reading. Raises as :meth:`read` does, and CardsDiffer when the pictures
        contradict one another.
        """
        if not 1 <= len(pictures) <= MOST_PICTURES:
            raise ValueError(f"1 to {MOST_PICTURES} pictures are read as one card, not {len(pictures)}")
        shots, faults = [], []
        for place, data in enumerate(pictures):
            try:
                shots.append(replace(self._examined(data, options), number=place))
            except PictureError as error:
                faults.append(error)
        if not shots:
            raise faults[0]
        shots = [shot for shot in shots if shot.places] or shots[:1]
        candidates = self._together(shots, options) if len(shots) > 1 else _returned(shots[0], options)
        main = max(shots, key=lambda shot: (shot.best.says(candidates[0].number), shot.best.evidence))
        return self._told(main, candidates, options)

    def _examined(self, data: bytes, options: Options) -> _Shot:
        """The picture in ``data`` and every place in it that was looked at."""
        started = time.perf_counter()
        picture = image.decode(data)
        decoded = time.perf_counter()
        places: list[_Seen] = []
        things: list[Thing] = []
        for place in self._places(picture.pixels, options, things):
            places.append(place)
            if place.confidence >= SURE:
                break
        timings = {"decode": 1e3 * (decoded - started), "read": 1e3 * (time.perf_counter() - decoded)}
        if options.detail:
            places.extend(self._elsewhere(picture.pixels, things, list(places), options))
        return _Shot(picture=picture, things=tuple(things), places=tuple(places), timings_ms=timings)

    def _together(self, shots: Sequence[_Shot], options: Options) -> tuple[Candidate, ...]:
        """The candidates of several pictures of one card. Raises CardsDiffer, NumberUnreadable."""
        sure = [shot.best for shot in shots if shot.best.confidence >= _threshold(options) and shot.best.candidates]
        numbers = {place.candidates[0].number for place in sure}
        if len(numbers) > 1:
            raise CardsDiffer
        looks = [look for shot in shots if (look := self._look_at(shot)) is not None]
        found = fuse.fused(looks, prior=options.prior)
        if sure and (not found or found[0].number not in numbers or found[0].confidence < sure[0].confidence):
            found = max(sure, key=lambda place: place.confidence).candidates
        if not found or found[0].confidence < _threshold(options):
            best = max((shot.best for shot in shots), key=lambda place: place.evidence)
            raise NumberUnreadable(digits=_doubtful(best), confidence=found[0].confidence if found else 0.0)
        if any(fuse.contradicts(look, found[0].number) for look in looks):
            raise CardsDiffer
        return found

    def _look_at(self, shot: _Shot) -> fuse.Look | None:
        """What a picture shows of the number, for putting it together with others."""
        place = shot.best
        line = place.views[-1]
        chances = fuse.chances(line, self.recognizer.metadata["alphabet"])
        if not len(chances):
            return None
        card = cards.around(place.quad, shot.things)
        if card is None or len(line.characters) != len(chances):
            return fuse.Look(chances=chances)
        middles = np.array([(char.x, char.y) for char in line.characters], np.float32)
        on_card = quads.project(fields.back(middles, place.quad, line), quads.homography(card, cards.UNIT))
        axis, forward = cards.runs(on_card)
        along, across = (on_card if forward else 1 - on_card)[:, [axis, 1 - axis]].T
        return fuse.Look(
            chances=chances, along=along, across=float(np.median(across)), face=quality.face(shot.picture.pixels, card)
        )

    def _told(self, shot: _Shot, candidates: tuple[Candidate, ...], options: Options) -> Reading:
        """The reading of ``shot``, whose number is the first of ``candidates``."""
        picture, best = shot.picture, shot.best
        card = cards.around(best.quad, shot.things)
        reading = Reading(
            number=candidates[0].number,
            confidence=candidates[0].confidence,
            candidates=candidates,
            size=picture.size,
            number_quad=_points(picture.as_sent(best.quad)),
            digit_quads=tuple(_points(picture.as_sent(quad)) for quad in _digits(best, candidates[0].number)),
            digit_confidences=_certainties(best, candidates[0].number),
            card_quad=_points(picture.as_sent(card)) if card is not None else None,
            picture=shot.number,
            timings_ms=shot.timings_ms,
        )
        if options.returns:
            reading = replace(reading, pictures=self._pictures(shot, reading.number, options))
        return self._detailed(shot, reading, options) if options.detail else reading

    def _detailed(self, shot: _Shot, reading: Reading, options: Options) -> Reading:
        """``reading`` with all that the picture says beside the number."""
        picture = shot.picture
        dates = self._dates(picture.pixels, shot.things)
        name = fields.name(shot.things, picture.pixels, self.namer) if self.namer else None
        valid = dates[-1].text if dates else None
        warned = caution.of_measures(_measures(shot)) + caution.of_number(reading.number)
        warned += caution.of_date(valid, self._clock()) + caution.of_quad(reading.number_quad)
        return replace(
            reading,
            valid_date=_field(picture, dates[-1]) if dates else None,
            issue_date=_field(picture, dates[0]) if len(dates) > 1 else None,
            holder_name=_field(picture, name) if name else None,
            cards=_cards(shot, options),
            warnings=caution.ordered(warned),
        )

    def _dates(self, pixels: quads.Image, things: Sequence[Thing]) -> list[fields.Found]:
        return fields.dates(things, lambda quad: self._line(pixels, quad), self.recognizer.metadata["alphabet"])

    def _pictures(self, shot: _Shot, number: str, options: Options) -> dict[Returned, bytes]:
        """The pictures that ``options`` ask for, as JPEG; those of the card only where a card was located."""
        pixels, line = shot.picture.pixels, shot.best.quad
        card = cards.around(line, shot.things)
        made: dict[Returned, bytes] = {}
        if "number" in options.returns:
            made["number"] = evidence.number(pixels, line)
        if card is not None and "card" in options.returns:
            made["card"] = evidence.card(pixels, cards.as_read(card, line))
        if card is not None and "redacted" in options.returns:
            outline = cards.as_read(card, line)
            things = [*shot.things, *self._closer(pixels, outline, kinds=("number", "holder", "expiry"), least=0.1)]
            made["redacted"] = evidence.redacted(
                pixels,
                outline,
                line,
                digits=_certain(shot.best, number),
                secret=[thing.quad for thing in things if thing.kind in {"number", "holder"}],
                dates=[date.quad for date in self._dates(pixels, things)],
            )
        return made

    def _elsewhere(
        self, pixels: quads.Image, things: list[Thing], places: list[_Seen], options: Options
    ) -> Iterator[_Seen]:
        """Places on the cards whose number was not read yet."""
        read = [place.quad for place in places if place.confidence >= SURE]
        for card in cards.distinct(things):
            if any(cards.lies_in(quad, card.quad) for quad in read):
                continue
            looked = [place.quad for place in places if cards.lies_in(place.quad, card.quad)]
            numbers = [thing for thing in things if thing.kind == "number" and cards.lies_in(thing.quad, card.quad)]
            for thing in (numbers[:2] if not looked else []) or self._closer(pixels, card.quad):
                yield self._look(pixels, thing.quad, thing.score, options)

    def _places(self, pixels: quads.Image, options: Options, things: list[Thing]) -> Iterator[_Seen]:
        """Places that may hold the number, looked at, from the likeliest; ``things`` receives what was located."""
        everything = bool(options.detail or options.returns)
        if options.type == "scan" and not everything:
            for thing in locate.locate(self.locator, pixels, kinds=("number",), side=SCANNED)[:1]:
                yield self._look(pixels, thing.quad, thing.score, options)
        wanted = locate.KINDS if everything else ("card", "number")
        things += locate.locate(self.locator, pixels, kinds=wanted)
        numbers = [thing for thing in things if thing.kind == "number"][:3]
        best: _Seen | None = None
        for thing in numbers:
            for place in self._searched(pixels, thing, options):
                yield place
                best = place if best is None or place.confidence > best.confidence else best
        if len(numbers) > 1 and (stacked := self._stacked(pixels, [t for t in things if t.kind == "number"], options)):
            yield stacked
        for card in [thing for thing in things if thing.kind == "card" and thing.score > FAINT][:2]:
            for thing in self._closer(pixels, card.quad):
                for place in self._searched(pixels, thing, options):
                    yield place
                    best = place if best is None or place.confidence > best.confidence else best
        if best is not None and best.confidence < UPRIGHT:
            turned = self._look(pixels, quads.turn(best.quad, 2), best.score, options)
            yield replace(turned, candidates=judge.doubted(turned.candidates, TURNED))

    def _searched(self, pixels: quads.Image, thing: Thing, options: Options) -> Iterator[_Seen]:
        """A place looked at, and looked at harder where that may settle it."""
        place = self._look(pixels, thing.quad, thing.score, options)
        yield place
        if PROMISING <= place.confidence < SURE:
            yield self._harder(pixels, place, options)

    def _look(self, pixels: quads.Image, quad: quads.Quad, score: float, options: Options) -> _Seen:
        """Reads a line, frames it anew by where its characters stand, and reads it again."""
        outer = quads.grow(quad, 0.035, 0.3)
        first = self._line(pixels, outer)
        framed = recognize.framed(first)
        candidates = judge.ranked([first], prior=options.prior)
        if framed is None:
            return _Seen(views=(first,), quad=outer, candidates=candidates, score=score)
        again = fields.back(framed, outer, first)
        second = self._line(pixels, again)
        if len(second.characters) < SHORT:
            again, second = self._longer(pixels, again, second)
        elif _cut(second) and (wider := recognize.framed(second)) is not None:
            again = fields.back(wider, again, second)
            second = self._line(pixels, again)
        views = (second,) if _differs(first, second) else (first, second)
        return _Seen(views=views, quad=again, candidates=judge.ranked(views, prior=options.prior), score=score)

    def _longer(self, pixels: quads.Image, quad: quads.Quad, line: Line) -> tuple[quads.Quad, Line]:
        """``quad`` and what stands there, or the longer line of which it is a part."""
        wide = quads.grow(quad, BEYOND / max(4, len(line.characters)), 0.0)
        whole = self._line(pixels, wide)
        framed = recognize.framed(whole)
        if framed is None or len(whole.characters) <= len(line.characters):
            return quad, line
        again = fields.back(framed, wide, whole)
        return again, self._line(pixels, again)

    def _harder(self, pixels: quads.Image, place: _Seen, options: Options) -> _Seen:
        """More views of a place: framed looser, tighter, and from where the last view saw the characters."""
        framings = [quads.grow(place.quad, 0.02, 0.12), quads.grow(place.quad, -0.012, -0.1)]
        last = place.views[-1]
        framed = recognize.framed(last)
        if framed is not None:
            framings.append(fields.back(framed, place.quad, last))
        views = (*place.views, *self._lines([recognize.strip(pixels, quad) for quad in framings]))
        return _Seen(
            views=views, quad=place.quad, candidates=judge.ranked(views, prior=options.prior), score=place.score
        )

    def _closer(
        self, pixels: quads.Image, card: quads.Quad, *, kinds: tuple[str, ...] = ("number",), least: float = 0.25
    ) -> list[Thing]:
        """What the locator finds on the card alone, cut out and seen large: two lines of each kind."""
        width, height = (320, 224) if quads.sides(card)[0] >= quads.sides(card)[1] else (224, 320)
        outer = quads.grow(card, 0.04, 0.06)
        cut = quads.rectify(pixels, outer, 2 * width, 2 * height)
        back = quads.homography(quads.rectangle(2 * width, 2 * height), outer)
        found = locate.locate(self.locator, cut, least=least, kinds=kinds)
        found = [thing for kind in kinds for thing in [one for one in found if one.kind == kind][:2]]
        return [Thing(kind=t.kind, quad=quads.project(t.quad, back), score=t.score, spread=t.spread) for t in found]

    def _stacked(self, pixels: quads.Image, lines: list[Thing], options: Options) -> _Seen | None:
        """A number set in several short lines, one below the other, read as one."""
        short = [thing.quad for thing in lines if quads.sides(thing.quad)[0] < 6.5 * quads.sides(thing.quad)[1]]
        if len(short) < 2:
            return None
        down = short[0][3] - short[0][0]
        short.sort(key=lambda quad: float(quad.mean(0) @ down))
        parts = [self._line(pixels, quads.grow(quad, 0.08, 0.3)) for quad in short]
        frames = np.concatenate([part.frames for part in parts])
        texts = recognize.spelled(frames, self.recognizer.metadata["alphabet"])
        whole = Line(texts=texts, characters=(), frames=frames)
        quad = np.stack([short[0][0], short[0][1], short[-1][2], short[-1][3]])
        candidates = judge.ranked([whole], prior=options.prior)
        return _Seen(views=(whole,), quad=quad, candidates=candidates, score=lines[0].score)

    def _line(self, pixels: quads.Image, quad: quads.Quad) -> Line:
        long, high = quads.sides(quad)
        width = recognize.LONG if long > 5.5 * high else recognize.SHORT
        return self._lines([recognize.strip(pixels, quad, width)])[0]

    def _lines(self, strips: Sequence[quads.Image]) -> list[Line]:
        """What each strip says, but for characters that stand where a number has none."""
        alphabet = self.recognizer.metadata["alphabet"]
        return [layout.without_strays(line, alphabet) for line in recognize.recognize(self.recognizer, strips)]


def _returned(shot: _Shot, options: Options) -> tuple[Candidate, ...]:
    """The candidates of the best place, when the first may be returned. Raises NoCardFound, NumberUnreadable."""
    if not shot.places:
        raise NoCardFound
    best = shot.best
    if best.confidence < _threshold(options) or not best.candidates:
        if best.score < FAINT and best.confidence < 0.1:
            raise NoCardFound
        raise NumberUnreadable(digits=_doubtful(best), confidence=best.confidence)
    return best.candidates


def _cards(shot: _Shot, options: Options) -> tuple[FoundCard, ...]:
    """Every card of ``shot`` in reading order, each with its own verdict; a number on no located card is one, too."""
    found: list[tuple[quads.Quad, FoundCard]] = []
    free = list(shot.places)
    for card in cards.distinct(shot.things):
        here = [place for place in free if cards.lies_in(place.quad, card.quad)]
        free = [place for place in free if not any(place is other for other in here)]
        if here or card.score >= SURELY_A_CARD:
            found.append((card.quad, _verdict(shot.picture, card.quad, here, options)))
    for place in sorted(free, key=lambda place: -place.confidence):
        if place.confidence >= _threshold(options) and cards.separate(place.quad, [quad for quad, _ in found]):
            found.append((place.quad, _verdict(shot.picture, None, [place], options)))
    numbers: dict[str | None, float] = {}
    for _, card_ in found:
        numbers[card_.number] = max(numbers.get(card_.number, 0.0), card_.confidence)
    found = [each for each in found if each[1].number is None or each[1].confidence == numbers[each[1].number]]
    order = cards.reading_order([quad for quad, _ in found])
    return tuple(found[i][1] for i in order)


def _verdict(picture: image.Picture, card: quads.Quad | None, places: list[_Seen], options: Options) -> FoundCard:
    best = max(places, key=lambda place: place.evidence, default=None)
    shown = best is not None and bool(best.candidates) and best.confidence >= _threshold(options)
    refusal: Refused = NumberUnreadable(digits=_doubtful(best)) if best is not None else NoCardFound()
    return FoundCard(
        number=best.candidates[0].number if best is not None and shown else None,
        confidence=best.confidence if best is not None else 0.0,
        refusal=None if shown else refusal.cause,
        card_quad=_points(picture.as_sent(card)) if card is not None else None,
        number_quad=_points(picture.as_sent(best.quad)) if best is not None else None,
    )


def _certain(place: _Seen, number: str) -> list[quads.Quad]:
    """The quads of the digits, when the last view read ``number`` and saw each digit in its own place; else none."""
    characters = place.views[-1].characters
    if "".join(char.text for char in characters) != number or min(char.probability for char in characters) < 0.8:
        return []
    steps = np.diff([char.x for char in characters])
    high = float(np.median([char.height for char in characters]))
    level = np.array([char.y for char in characters])
    slope, offset = np.polyfit(np.arange(len(level)), level, 1)
    off = np.abs(level - slope * np.arange(len(level)) - offset).max()
    even = steps.min() > 0.6 * np.median(steps) and steps.max() < 3.5 * np.median(steps) and off < 0.3 * high
    return _digits(place, number) if even else []


def _field(picture: image.Picture, found: fields.Found) -> Field:
    return Field(text=found.text, confidence=found.probability, quad=_points(picture.as_sent(found.quad)))


def _measures(shot: _Shot) -> dict[str, float]:
    """What is measured of the picture and its number line, see caution.py."""
    picture, best = shot.picture, shot.best
    characters = best.views[-1].characters
    tall = float(np.median([char.height for char in characters])) if characters else recognize.HEIGHT / 2
    height = tall / recognize.HEIGHT * quads.sides(best.quad)[1] * picture.reduced
    hidden = sum(char.text == recognize.HIDDEN for char in characters)
    card = cards.around(best.quad, shot.things)
    count = len(cards.distinct(thing for thing in shot.things if thing.score >= SURELY_A_CARD))
    return quality.measures(picture.pixels, card, best.quad, height=height, hidden=hidden, cards=count)


def _threshold(options: Options) -> float:
    return THRESHOLD if options.threshold is None else options.threshold


def _differs(first: Line, second: Line) -> bool:
    """Whether the first, coarse look is better left out: it saw another number of characters."""
    return len(first.text) != len(second.text)


def _cut(line: Line) -> bool:
    """Whether the first or last character touches the strip's end, so that more may stand beyond it."""
    if not line.characters:
        return False
    first, last = line.characters[0], line.characters[-1]
    return first.x < 0.8 * first.width or last.x > 4 * len(line.frames) - 0.8 * last.width


def _doubtful(place: _Seen) -> tuple[int, ...]:
    """The 1-based places of characters that the last view is unsure of."""
    characters = place.views[-1].characters
    return tuple(i for i, char in enumerate(characters, 1) if char.probability < 0.9 or char.text == recognize.HIDDEN)


def _digits(place: _Seen, number: str) -> list[quads.Quad]:
    """A quad for each digit of the last view, in the picture's pixels; none when ``number`` was not read there."""
    line = place.views[-1]
    if len(line.characters) != len(number):
        return []
    boxes = [
        np.array([(c.x - c.width / 2, c.y - c.height / 2), (c.x + c.width / 2, c.y - c.height / 2),
                  (c.x + c.width / 2, c.y + c.height / 2), (c.x - c.width / 2, c.y + c.height / 2)], np.float32)
        for c in line.characters
    ]  # fmt: skip
    return [fields.back(box, place.quad, line) for box in boxes]


def _certainties(place: _Seen, number: str) -> tuple[float, ...]:
    """How surely the last view shows each digit of ``number``; none when it has another count of characters."""
    seen = place.views[-1].characters
    if len(seen) != len(number):
        return ()
    return tuple(c.probability if c.text == digit else 1 - c.probability for c, digit in zip(seen, number, strict=True))


def _points(quad: quads.Quad) -> Quad:
    (a, b), (c, d), (e, f), (g, h) = quad.tolist()
    return (a, b), (c, d), (e, f), (g, h)
