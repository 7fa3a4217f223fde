"""Pictures to numbers: decode, locate, rectify, recognize, look again, judge. Only this module knows the order.

Looking is lazy: places that may hold a number are tried from the likeliest to the least, and each is looked at until
the judge is sure, so that a plain picture costs one location and two recognitions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from . import judge
from .errors import NoCardFound, NumberUnreadable
from .numbers import expiry
from .reading import Candidate, Field, Options, Quad, Reading
from .vision import image, locate, recognize
from .vision import quad as quads
from .vision.locate import Thing
from .vision.model import Model
from .vision.recognize import Line

SURE = 0.97  # a place this certain is not looked at again, and no other place is
THRESHOLD = 0.9  # the least confidence of a number that is returned
UPRIGHT = 0.5  # a line read as surely as this is not turned round
TURNED = 3.0  # nats against a line that reads against the locator's direction: wrong in 1 of 30 (docs/LOG.md)
SURE_DATE = 0.8  # the least probability of a date that is returned
FAINT = 0.35  # things that score less are no reason to say that a card is there


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


class Reader:
    """Reads card numbers. Complete after construction, never changes; threads may share it."""

    def __init__(self, *, threads: int = 1) -> None:
        """Loads the models that ship with the package; each call computes on ``threads`` threads."""
        self.locator = Model("locate", threads=threads)
        self.recognizer = Model("recognize", threads=threads)

    def read(self, data: bytes, options: Options = Options()) -> Reading:  # noqa: B008 - frozen
        """The reading of a picture: JPEG, PNG, WebP, BMP, GIF or TIFF.

        Raises PictureError when there are no pixels to read, NoCardFound when nothing looks like a card number, and
        NumberUnreadable when one is there and cannot be read with certainty.
        """
        started = time.perf_counter()
        picture = image.decode(data)
        decoded = time.perf_counter()
        seen: list[_Seen] = []
        things: list[Thing] = []
        for place in self._places(picture.pixels, options, things):
            seen.append(place)
            if place.confidence >= SURE:
                break
        finished = time.perf_counter()
        if not seen:
            raise NoCardFound
        best = max(seen, key=lambda place: place.confidence)
        threshold = THRESHOLD if options.threshold is None else options.threshold
        if not best.candidates or best.confidence < threshold:
            if best.score < FAINT and best.confidence < 0.1:
                raise NoCardFound
            raise NumberUnreadable(digits=_doubtful(best), confidence=best.confidence)
        cards = [thing.quad for thing in things if thing.kind == "card"]
        dates = self._dates(picture, things) if options.detail else []
        return Reading(
            number=best.candidates[0].number,
            confidence=best.confidence,
            candidates=best.candidates,
            size=picture.size,
            number_quad=_points(picture.as_sent(best.quad)),
            digit_quads=tuple(_points(picture.as_sent(quad)) for quad in _digits(best)),
            digit_confidences=_certainties(best, best.candidates[0].number),
            card_quad=_points(picture.as_sent(cards[0])) if cards else None,
            valid_date=dates[-1] if dates else None,
            issue_date=dates[0] if len(dates) > 1 else None,
            timings_ms={"decode": 1e3 * (decoded - started), "read": 1e3 * (finished - decoded)},
        )

    def _places(self, pixels: quads.Image, options: Options, things: list[Thing]) -> Iterator[_Seen]:
        """Places that may hold the number, looked at, from the likeliest; ``things`` receives what was located."""
        things += locate.locate(self.locator, pixels)
        numbers = [thing for thing in things if thing.kind == "number"][:3]
        best: _Seen | None = None
        for thing in numbers:
            place = self._look(pixels, thing.quad, thing.score, options)
            yield place
            best = place if best is None or place.confidence > best.confidence else best
        if len(numbers) > 1 and (stacked := self._stacked(pixels, [t for t in things if t.kind == "number"], options)):
            yield stacked
        for card in [thing for thing in things if thing.kind == "card" and thing.score > FAINT][:2]:
            for thing in self._closer(pixels, card.quad):
                place = self._look(pixels, thing.quad, thing.score, options)
                yield place
                best = place if best is None or place.confidence > best.confidence else best
        if best is not None:
            if best.confidence < UPRIGHT:
                turned = self._look(pixels, quads.turn(best.quad, 2), best.score, options)
                yield replace(turned, candidates=judge.doubted(turned.candidates, TURNED))
            yield self._harder(pixels, best, options)

    def _dates(self, picture: image.Picture, things: list[Thing]) -> list[Field]:
        """The dates on the card that were read with certainty, the earliest first; each once."""
        dates: dict[expiry.Month, Field] = {}
        for thing in [thing for thing in things if thing.kind == "expiry" and thing.score > FAINT][:3]:
            outer = quads.grow(thing.quad, 0.08, 0.3)
            line = self._line(picture.pixels, outer)
            framed = recognize.framed(line, spare=0.8)
            if framed is not None:
                outer = _back(framed, outer, line)
                line = self._line(picture.pixels, outer)
            text, probability = line.texts[0]
            month = expiry.parse(text)
            if month and probability >= SURE_DATE:
                quad = _points(picture.as_sent(outer))
                dates[month] = Field(text=str(month), confidence=probability, quad=quad)
        return [dates[month] for month in sorted(dates)]

    def _look(self, pixels: quads.Image, quad: quads.Quad, score: float, options: Options) -> _Seen:
        """Reads a line, frames it anew by where its characters stand, and reads it again."""
        outer = quads.grow(quad, 0.035, 0.3)
        first = self._line(pixels, outer)
        framed = recognize.framed(first)
        candidates = judge.ranked([first], prior=options.prior)
        if framed is None:
            return _Seen(views=(first,), quad=outer, candidates=candidates, score=score)
        again = _back(framed, outer, first)
        second = self._line(pixels, again)
        if _cut(second) and (wider := recognize.framed(second)) is not None:
            again = _back(wider, again, second)
            second = self._line(pixels, again)
        views = (second,) if _differs(first, second) else (first, second)
        return _Seen(views=views, quad=again, candidates=judge.ranked(views, prior=options.prior), score=score)

    def _harder(self, pixels: quads.Image, place: _Seen, options: Options) -> _Seen:
        """More views of a place: framed looser, tighter, and from where the last view saw the characters."""
        framings = [quads.grow(place.quad, 0.02, 0.12), quads.grow(place.quad, -0.012, -0.1)]
        last = place.views[-1]
        framed = recognize.framed(last)
        if framed is not None:
            framings.append(_back(framed, place.quad, last))
        lines = recognize.recognize(self.recognizer, [recognize.strip(pixels, quad) for quad in framings])
        views = (*place.views, *lines)
        return _Seen(
            views=views, quad=place.quad, candidates=judge.ranked(views, prior=options.prior), score=place.score
        )

    def _closer(self, pixels: quads.Image, card: quads.Quad) -> list[Thing]:
        """The number lines that the locator finds on the card alone, cut out and seen large."""
        width, height = (320, 224) if quads.sides(card)[0] >= quads.sides(card)[1] else (224, 320)
        outer = quads.grow(card, 0.04, 0.06)
        cut = quads.rectify(pixels, outer, 2 * width, 2 * height)
        back = quads.homography(quads.rectangle(2 * width, 2 * height), outer)
        found = [thing for thing in locate.locate(self.locator, cut) if thing.kind == "number"][:2]
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
        return recognize.recognize(self.recognizer, [recognize.strip(pixels, quad, width)])[0]


def _back(framed: quads.Quad, outer: quads.Quad, line: Line) -> quads.Quad:
    """A quad of the strip of ``outer`` in the picture's pixels."""
    width = 4 * len(line.frames)
    return quads.project(framed, quads.homography(quads.rectangle(width, recognize.HEIGHT), outer))


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


def _digits(place: _Seen) -> list[quads.Quad]:
    """A quad for each digit of the last view, in the picture's pixels; none when the number was not read there."""
    line = place.views[-1]
    if len(line.characters) != len(place.candidates[0].number):
        return []
    boxes = [
        np.array([(c.x - c.width / 2, c.y - c.height / 2), (c.x + c.width / 2, c.y - c.height / 2),
                  (c.x + c.width / 2, c.y + c.height / 2), (c.x - c.width / 2, c.y + c.height / 2)], np.float32)
        for c in line.characters
    ]  # fmt: skip
    return [_back(box, place.quad, line) for box in boxes]


def _certainties(place: _Seen, number: str) -> tuple[float, ...]:
    """How surely the last view shows each digit of ``number``; none when it has another count of characters."""
    seen = place.views[-1].characters
    if len(seen) != len(number):
        return ()
    return tuple(c.probability if c.text == digit else 1 - c.probability for c, digit in zip(seen, number, strict=True))


def _points(quad: quads.Quad) -> Quad:
    (a, b), (c, d), (e, f), (g, h) = quad.tolist()
    return (a, b), (c, d), (e, f), (g, h)
