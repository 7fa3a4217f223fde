"""Pictures to readings: decode, look at places, decide, tell. Only this module knows the order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from . import cards, caution, evidence, fields, fuse
from .errors import CardsDiffer, NoCardFound, NumberUnreadable, PictureError, Refused
from .places import FAINT, SURE, Looker, Place
from .reading import Candidate, Field, FoundCard, Options, Quad, Reading, Returned
from .vision import image, quality, recognize
from .vision import quad as quads
from .vision.locate import Thing
from .vision.model import Model, is_shipped

THRESHOLD = 0.85  # the least confidence of a number that is returned
SURELY_A_CARD = 0.6  # a card that scores so is told even when no number was found on it
MOST_PICTURES = 8  # of one card in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One picture, what was located in it, the places looked at, and which of several pictures it is."""

    picture: image.Picture
    things: tuple[Thing, ...]
    places: tuple[Place, ...]
    timings_ms: dict[str, float]
    number: int = 0

    @property
    def best(self) -> Place:
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
        self._looker = Looker(locator=self.locator, recognizer=self.recognizer)
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
        if isinstance(pictures, bytes | bytearray | memoryview | str):
            raise TypeError(f"read_many takes a list of pictures, each as its bytes, not {type(pictures).__name__}")
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
        picture = image.decode(_as_bytes(data))
        decoded = time.perf_counter()
        places: list[Place] = []
        things: list[Thing] = []
        for place in self._looker.places(picture.pixels, options, things):
            places.append(place)
            if place.confidence >= SURE:
                break
        timings = {"decode": 1e3 * (decoded - started), "read": 1e3 * (time.perf_counter() - decoded)}
        if options.detail:
            places.extend(self._looker.elsewhere(picture.pixels, things, list(places), options))
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
            raise NumberUnreadable(digits=best.doubtful, confidence=found[0].confidence if found else 0.0)
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
            digit_quads=tuple(_points(picture.as_sent(quad)) for quad in best.digits(candidates[0].number)),
            digit_confidences=best.certainties(candidates[0].number),
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
        things = cards.on_one_card(shot.best.quad, shot.things)
        dates = self._dates(picture.pixels, things) or self._dates_closer(shot, things)
        name = fields.name(things, picture.pixels, self.namer) if self.namer else None
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
        return fields.dates(things, lambda quad: self._looker.line(pixels, quad), self.recognizer.metadata["alphabet"])

    def _dates_closer(self, shot: _Shot, things: Sequence[Thing]) -> list[fields.Found]:
        """The dates on the card cut out and seen large, where ``things``, seen from afar, told nothing of them."""
        pixels, line = shot.picture.pixels, shot.best.quad
        card = cards.around(line, shot.things)
        if card is None:
            return []
        found = self._looker.closer(pixels, cards.as_read(card, line), kinds=("expiry",), least=0.1)
        return self._dates(pixels, [*things, *found])

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
            things = [
                *shot.things,
                *self._looker.closer(pixels, outline, kinds=("number", "holder", "expiry"), least=0.1),
            ]
            made["redacted"] = evidence.redacted(
                pixels,
                outline,
                line,
                digits=shot.best.certain_digits(number),
                secret=[thing.quad for thing in things if thing.kind in {"number", "holder"}],
                dates=[date.quad for date in self._dates(pixels, things)],
            )
        return made


def _as_bytes(data: object) -> bytes:
    """``data``, when it is the bytes of a picture. Raises TypeError, which says what to do with a path."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    raise TypeError(f"a picture is given as its bytes, not {type(data).__name__}; bankcard_ocr.read(path) opens a file")


def _returned(shot: _Shot, options: Options) -> tuple[Candidate, ...]:
    """The candidates of the best place, when the first may be returned. Raises NoCardFound, NumberUnreadable."""
    if not shot.places:
        raise NoCardFound
    best = shot.best
    if best.confidence < _threshold(options) or not best.candidates:
        if best.score < FAINT and best.confidence < 0.1:
            raise NoCardFound
        raise NumberUnreadable(digits=best.doubtful, confidence=best.confidence)
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


def _verdict(picture: image.Picture, card: quads.Quad | None, places: list[Place], options: Options) -> FoundCard:
    best = max(places, key=lambda place: place.evidence, default=None)
    shown = best is not None and bool(best.candidates) and best.confidence >= _threshold(options)
    refusal: Refused = NumberUnreadable(digits=best.doubtful) if best is not None else NoCardFound()
    return FoundCard(
        number=best.candidates[0].number if best is not None and shown else None,
        confidence=best.confidence if best is not None else 0.0,
        refusal=None if shown else refusal.cause,
        card_quad=_points(picture.as_sent(card)) if card is not None else None,
        number_quad=_points(picture.as_sent(best.quad)) if best is not None else None,
    )


def _field(picture: image.Picture, found: fields.Found) -> Field:
    return Field(text=found.text, confidence=found.probability, quad=_points(picture.as_sent(found.quad)))


def _measures(shot: _Shot) -> dict[str, float]:
    """What is measured of the picture and its number line, see caution.py."""
    picture, best = shot.picture, shot.best
    characters = best.characters
    tall = float(np.median([char.height for char in characters])) if characters else recognize.HEIGHT / 2
    height = tall / recognize.HEIGHT * quads.sides(best.quad)[1] * picture.reduced
    hidden = sum(char.text == recognize.HIDDEN for char in characters)
    card = cards.around(best.quad, shot.things)
    count = len(cards.distinct(thing for thing in shot.things if thing.score >= SURELY_A_CARD))
    return quality.measures(picture.pixels, card, best.quad, height=height, hidden=hidden, cards=count)


def _threshold(options: Options) -> float:
    return THRESHOLD if options.threshold is None else options.threshold


def _points(quad: quads.Quad) -> Quad:
    (a, b), (c, d), (e, f), (g, h) = quad.tolist()
    return (a, b), (c, d), (e, f), (g, h)
