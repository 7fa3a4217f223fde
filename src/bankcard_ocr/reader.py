"""Pictures to readings: decode, look at regions, decide, tell. Only this module knows the order."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import numpy as np

from . import caution
from .engine import align, cards, dates, evidence, fuse, judge, names
from .engine.regions import Region, doubted_parts
from .engine.search import CERTAIN, FAINT, SURE, TURNED, Search
from .errors import CardsDiffer, NoCardFound, NumberUnreadable, PictureError, Refused
from .formats import format_of
from .reading import MOST_PICTURES, Bytes, Candidate, Field, FoundCard, Options, Quad, Reading, Returned, Seen
from .vision import image, outline, quality, recognize
from .vision import quad as quads
from .vision.locate import Detection
from .vision.model import Model, is_shipped, shipped_digest

THRESHOLD = 0.85  # the least confidence of a number that is returned
SURELY_A_CARD = 0.6  # a card that scores so is told even when no number was found on it
NOTHING = 0.1  # what is located faintly and read less surely than this is no number
DISPUTED = 0.5  # what one picture says surely is not told when all of them together say another number so surely
FILLED = 0.4  # of a picture's longer side, along which the number of the card runs that is the picture
ODD = 0.08  # by which the sides of such a picture may be off a card's
GLANCED = 640  # pixels of the longer side with which a large JPEG is looked at first: a quarter of it is decoded sooner


class _Decode(Protocol):
    """Decodes one picture, its longer side reduced while it stays at least ``enough`` pixels."""

    def __call__(self, *, enough: int) -> image.Picture: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Examined:
    """One picture, the search in it, the regions looked at, and which of several pictures it is."""

    picture: image.Picture
    search: Search
    regions: tuple[Region, ...]
    timings_ms: dict[str, float]
    number: int = 0
    outlines: dict[bytes, quads.Quad] = field(default_factory=dict, repr=False)

    @property
    def detections(self) -> Sequence[Detection]:
        """What was located in it."""
        return self.search.detections

    @property
    def best(self) -> Region:
        """The region that tells most."""
        return max(self.regions, key=lambda region: region.evidence)

    @property
    def evidence(self) -> tuple[float, int]:
        """What pictures are ranked by."""
        return self.best.evidence if self.regions else (0.0, 0)

    @property
    def line(self) -> quads.Quad | None:
        """Where the number stands; None where nothing looks like one."""
        if not self.regions or (self.best.score < FAINT and self.best.confidence < NOTHING):
            return None
        return self.best.quad

    @property
    def card(self) -> quads.Quad | None:
        """Where the locator sees the card on which the number stands; the likeliest one where there is no number."""
        if self.line is not None:
            return cards.around(self.line, self.detections)
        return next(
            (detection.quad for detection in cards.distinct(self.detections) if detection.score >= SURELY_A_CARD), None
        )

    @property
    def as_aligned(self) -> align.AlignedPicture:
        """What is laid on other pictures of the card."""
        card = self.card
        return align.AlignedPicture(
            pixels=self.picture.pixels, region=self.best, card=None if card is None else self.outline(card)
        )

    @property
    def cut_out(self) -> quads.Quad | None:
        """The outline of the card; of the picture where no card was located and it is one by its sides and its line."""
        if self.card is not None:
            return self.outline(self.card)
        sides = self.picture.pixels.shape[1::-1]
        fills = self.line is not None and quads.sides(self.line)[0] > FILLED * max(sides)
        is_card = abs(max(sides) / min(sides) / (quads.ID1_MM[0] / quads.ID1_MM[1]) - 1) < ODD
        return quads.rectangle(*sides) if fills and is_card else None

    def outline(self, card: quads.Quad) -> quads.Quad:
        """``card`` on the edges that the picture has; where it was located when the number would not be on it then."""
        key = card.tobytes()
        if key not in self.outlines:
            found = outline.refined(self.picture.pixels, card)
            lost = self.line is not None and cards.holds(card, self.line) and not cards.holds(found, self.line)
            self.outlines[key] = card if lost else found
        return self.outlines[key]


class Reader:
    """Reads card numbers. Threads may share it; the reader of holder names is loaded when it is first asked for."""

    def __init__(
        self, *, threads: int = 1, max_bytes: int = image.MAX_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        """Loads the models that ship with the package; each call computes on ``threads`` threads.

        Pictures of more than ``max_bytes`` are refused. ``clock`` tells the Unix time that decides whether a card has
        expired. Raises ValueError when ``threads`` or ``max_bytes`` is less than 1.
        """
        if min(threads, max_bytes) < 1:
            raise ValueError(f"threads and max_bytes are 1 or more, not {threads} and {max_bytes}")
        self._clock = clock
        self._max_bytes = max_bytes
        self.locator = Model("locate", threads=threads)
        self.recognizer = Model("recognize", threads=threads)
        self._threads = threads
        self._loading = threading.Lock()
        self._namer: Model | None = None

    @property
    def namer(self) -> Model | None:
        """The reader of holder names, loaded when it is first asked for; None where it is not installed."""
        with self._loading:
            if self._namer is None and is_shipped("holder"):
                self._namer = Model("holder", threads=self._threads)
            return self._namer

    @property
    def digests(self) -> dict[str, str]:
        """The models by name, each with the start of its SHA-256; those not loaded yet, too."""
        found = {model.name: model.digest for model in (self.locator, self.recognizer)}
        return {**found, "holder": shipped_digest("holder")} if is_shipped("holder") else found

    def read(self, data: Bytes, options: Options = Options()) -> Reading:
        """The reading of a picture: JPEG, PNG, WebP, BMP, GIF or TIFF; HEIC and PDF where their extras are installed.

        Raises PictureError when there are no pixels to read, NoCardFound when nothing looks like a card number, and
        NumberUnreadable when one is there and cannot be read with certainty.
        """
        decode, is_jpeg = self._decoding(data)
        return self._read(self._examined(decode, options, is_jpeg=is_jpeg, is_alone=True), options)

    def read_pixels(self, pixels: image.Pixels, options: Options = Options()) -> Reading:
        """The reading of a picture that was decoded elsewhere, as a frame of a camera: uint8 (H, W, 3), RGB, upright.

        (H, W), grey, is one, too. OpenCV has BGR: turn it round with ``frame[:, :, ::-1]``. Raises TypeError for any
        other array, else as :meth:`read` does.
        """
        return self._read(self._examined(partial(image.reduced, pixels), options, is_alone=True), options)

    def _read(self, shot: _Examined, options: Options) -> Reading:
        """What one picture says alone. Raises Refused."""
        try:
            candidates = _returned(shot, options)
        except Refused as error:
            error.seen = self._seen(shot, options)
            raise
        return self._told(shot, candidates, options)

    def read_many(self, pictures: Sequence[Bytes], options: Options = Options()) -> Reading:
        """The reading of 1 to 8 pictures of one card, their evidence put together digit by digit.

        A picture that cannot be decoded or shows no number does no harm when the others suffice. All positions are
        those of picture ``picture`` of the reading. Raises as :meth:`read` does, and CardsDiffer when the pictures
        contradict one another.
        """
        if not isinstance(pictures, Sequence) or isinstance(pictures, bytes | bytearray | memoryview | str):
            raise TypeError(f"read_many takes a list of pictures, each as its bytes, not {type(pictures).__name__}")
        if not 1 <= len(pictures) <= MOST_PICTURES:
            raise ValueError(f"1 to {MOST_PICTURES} pictures are read as one card, not {len(pictures)}")
        shots, faults = [], []
        for index, data in enumerate(map(_as_bytes, pictures)):
            if data in pictures[:index]:
                continue  # no second witness
            try:
                decode, is_jpeg = self._decoding(data)
                shots.append(replace(self._examined(decode, options, is_jpeg=is_jpeg), number=index))
            except PictureError as error:
                faults.append(error)
        if not shots:
            raise faults[0]
        shots = [shot for shot in shots if shot.regions] or shots[:1]
        try:
            candidates = self._together(shots, options) if len(shots) > 1 else _returned(shots[0], options)
        except (NoCardFound, NumberUnreadable) as error:
            error.seen = self._seen(max(shots, key=lambda shot: shot.evidence), options)
            raise
        main = max(shots, key=lambda shot: (shot.best.says(candidates[0].number), shot.evidence))
        return self._told(main, candidates, options)

    def _decoding(self, data: Bytes) -> tuple[_Decode, bool]:
        """What decodes ``data``, and whether that is quicker for fewer pixels."""
        data = _as_bytes(data)
        return partial(image.decode, data, max_bytes=self._max_bytes), format_of(data) == "JPEG"

    def _examined(
        self, decode: _Decode, options: Options, *, is_jpeg: bool = False, is_alone: bool = False
    ) -> _Examined:
        """A picture and every region in it that was looked at, after a glance at it where that is quick.

        What the glance is sure of stands. So does what it read in lines that have more pixels than a strip.
        """
        if not isinstance(options, Options):
            raise TypeError(f"options are bankcard_ocr.Options(…), not {type(options).__name__}")
        is_quick = is_jpeg and not (options.detail or options.returns)
        timings = {"decode": 0.0, "read": 0.0}
        for enough in (GLANCED, image.ENOUGH) if is_quick else (image.ENOUGH,):
            started = time.perf_counter()
            picture = decode(enough=enough)
            decoded = time.perf_counter()
            search = Search(
                locator=self.locator,
                recognizer=self.recognizer,
                pixels=picture.pixels,
                options=options,
                is_brief=is_alone and not (options.detail or options.returns),
                is_glance=enough == GLANCED and picture.reduced > 1,
            )
            regions, is_clear = _looked(search)
            timings["decode"] += 1e3 * (decoded - started)
            timings["read"] += 1e3 * (time.perf_counter() - decoded)
            if is_clear or not search.is_glance:
                break
        if options.detail:
            regions.extend(search.elsewhere(tuple(regions)))
        regions = doubted_parts(regions)
        return _Examined(picture=picture, search=search, regions=tuple(regions), timings_ms=timings)

    def _together(self, shots: Sequence[_Examined], options: Options) -> tuple[Candidate, ...]:
        """The candidates of several pictures of one card. Raises CardsDiffer, NumberUnreadable."""
        sure = [shot.best for shot in shots if shot.best.confidence >= _threshold(options) and shot.best.candidates]
        numbers = {region.candidates[0].number for region in sure}
        if len(numbers) > 1:
            raise CardsDiffer
        aligned = self._aligned(shots, closely=options.prior and not sure)
        seen = aligned.observations() if aligned else []
        found = fuse.fused(seen, prior=options.prior)
        if aligned and options.prior and (not found or found[0].confidence < _threshold(options)):
            found = _surer(found, aligned.read(self.recognizer))
        if sure:
            found = _settled(max(sure, key=lambda region: region.confidence), found)
        else:
            found = _doubted_together(found, [shot.best for shot in shots], prior=options.prior)
        if not found or found[0].confidence < _threshold(options):
            best = max((shot.best for shot in shots), key=lambda region: region.evidence)
            raise NumberUnreadable(digits=best.doubtful, confidence=found[0].confidence if found else 0.0)
        if fuse.contradicted(seen, found[0].number):
            closely = self._aligned(shots, closely=True) if sure else None  # shows what is another line of the card
            if closely is None or fuse.contradicted(closely.observations(), found[0].number):
                raise CardsDiffer
        return found

    def _aligned(self, shots: Sequence[_Examined], *, closely: bool) -> align.Aligned | None:
        pictures = [shot.as_aligned for shot in shots if shot.regions]
        return align.align(pictures, closely=closely)

    def _told(self, shot: _Examined, candidates: tuple[Candidate, ...], options: Options) -> Reading:
        """The reading of ``shot``, whose number is the first of ``candidates``."""
        picture, best, card = shot.picture, shot.best, shot.card
        if card is not None and (options.detail or options.returns):
            card = shot.outline(card)
        reading = Reading(
            number=candidates[0].number,
            confidence=candidates[0].confidence,
            candidates=candidates,
            size=picture.size,
            number_quad=_points(picture.as_sent(best.text_quad)),
            digit_quads=tuple(_points(picture.as_sent(quad)) for quad in best.digits(candidates[0].number)),
            digit_confidences=best.certainties(candidates[0].number),
            card_quad=_points(picture.as_sent(card)) if card is not None else None,
            picture=shot.number,
            timings_ms=shot.timings_ms,
        )
        if options.returns:
            reading = replace(reading, pictures=_pictures(shot, reading.number, options))
        return self._detailed(shot, reading, options) if options.detail else reading

    def _seen(self, shot: _Examined, options: Options) -> Seen | None:
        """What ``shot`` shows though its number is not told, when ``options`` ask for more than the number."""
        if not options.detail and not options.returns:
            return None
        picture, line, card = shot.picture, shot.line, shot.card
        told = _cards(shot, options) if options.detail else ()
        return Seen(
            size=picture.size,
            number_quad=_points(picture.as_sent(shot.best.text_quad)) if line is not None else None,
            card_quad=_points(picture.as_sent(shot.outline(card))) if card is not None else None,
            cards=told,
            warnings=caution.ordered(caution.of_measures(_measures(shot, told))) if options.detail else (),
            pictures=_pictures(shot, "", options),
            picture=shot.number,
            timings_ms=shot.timings_ms,
        )

    def _detailed(self, shot: _Examined, reading: Reading, options: Options) -> Reading:
        """``reading`` with all that the picture says beside the number."""
        picture = shot.picture
        detections = cards.on_one_card(shot.best.quad, shot.detections)
        closer = _closer(shot)
        expiries = [detection for detection in closer if detection.kind == "expiry"]
        read = _read_once(shot.search)
        found = dates.dates(detections, read)
        if expiries and not found:
            found = dates.dates([*detections, *expiries], read)
        name = None
        if self.namer:
            name = names.name([*detections, *closer], picture.pixels, self.namer, number=shot.best.text_quad)
        valid = found[-1].text if found else None
        told = _cards(shot, options)
        warned = caution.of_measures(_measures(shot, told)) + caution.of_number(reading.number)
        warned += caution.of_date(valid, self._clock()) + caution.of_quad(reading.number_quad)
        return replace(
            reading,
            valid_date=_field(picture, found[-1]) if found else None,
            issue_date=_field(picture, found[0]) if len(found) > 1 else None,
            holder_name=_field(picture, name) if name else None,
            cards=told,
            warnings=caution.ordered(warned),
        )


def _looked(search: Search) -> tuple[list[Region], bool]:
    """The regions of a picture up to a sure one, and whether more of its pixels would show nothing new.

    A glance ends at the first line that more pixels would show better, or that would be told and is not certain.
    """
    regions: list[Region] = []
    for region in search.regions():
        regions.append(region)
        needed = CERTAIN if search.is_glance else SURE
        if region.confidence >= max(needed, search.options.threshold or 0.0):
            return regions, True
        if search.lacks_pixels(region.quad) or (search.is_glance and region.confidence >= THRESHOLD):
            return regions, False
    return regions, bool(regions) or not search.detections


def _read_once(search: Search) -> dates.ReadLine:
    """What reads lines of the picture searched, each but once however often it is asked for."""
    lines: dict[bytes, recognize.Line] = {}

    def read(quad: quads.Quad) -> recognize.Line:
        key = quad.tobytes()
        if key not in lines:
            lines[key] = search.line(quad)
        return lines[key]

    return read


def _closer(shot: _Examined) -> list[Detection]:
    """The lines on the card cut out and seen large, where they may be found that were not, seen from afar."""
    if shot.card is None:
        return []
    whole = cards.as_read(shot.card, shot.best.quad)
    return shot.search.closer(whole, kinds=("expiry", "holder", "number"), least=0.1)


def _pictures(shot: _Examined, number: str, options: Options) -> dict[Returned, bytes]:
    """The pictures that ``options`` ask for, as JPEG; what was not located cannot be cut out.

    Without a ``number`` no digit of the line is left on the redacted one.
    """
    pixels, line, made = shot.picture.pixels, shot.line, dict[Returned, bytes]()
    if line is not None and "number" in options.returns:
        made["number"] = evidence.number(pixels, line)
    whole = shot.cut_out
    if whole is None or not options.returns & {"card", "redacted"}:
        return made
    if line is not None:
        whole = cards.as_read(whole, line)
    if "card" in options.returns:
        made["card"] = evidence.card(pixels, whole, line, number)
    if "redacted" in options.returns:
        kinds = ("number", "holder", "expiry")
        detections = [*shot.detections, *shot.search.closer(whole, kinds=kinds, least=0.1)]
        shown = dates.dates(detections, _read_once(shot.search))
        secret = [detection.quad for detection in detections if detection.kind in {"number", "holder"}]
        codes = evidence.codes_on_front(number, line) if line is not None else []
        made["redacted"] = evidence.redacted(
            pixels,
            whole,
            line,
            digits=shot.best.certain_digits(number) if number else (),
            secret=[*secret, *codes],
            dates=[date.quad for date in shown],
        )
    return made


def _as_bytes(data: object) -> bytes:
    """``data``, when it is the bytes of a picture. Raises TypeError, which says what to do with a path."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    raise TypeError(f"a picture is given as its bytes, not {type(data).__name__}; bankcard_ocr.read(path) opens a file")


def _surer(first: tuple[Candidate, ...], second: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The surer candidates of two; none where both surely say different numbers."""
    if not first or not second:
        return first or second
    one, other = first[0], second[0]
    if one.number != other.number and min(one.confidence, other.confidence) >= DISPUTED:
        return ()
    return first if one.confidence >= other.confidence else second


def _doubted_together(found: tuple[Candidate, ...], regions: Sequence[Region], *, prior: bool) -> tuple[Candidate, ...]:
    """What pictures say together, doubted as what one says is.

    A number that is not proven by check digit and length must be seen whole by one of them, whose edge is not so near
    that more may have been cut off; else it may be what covers and edges left of a longer one. And what those say that
    see it whole, which is more than their digits, must not be likelier of another number.
    """
    if not found:
        return found
    number = found[0].number
    is_proven = len(number) >= judge.SHORT and judge.is_proven(number)
    whole = [region for region in regions if region.is_whole(len(number))]
    alone = judge.likeliest([region.candidates for region in whole])
    views = [view for region in regions for view in region.views]
    is_unlike = prior and judge.is_unlike_numbers(number, views)
    if not (is_proven or whole) or is_unlike or alone not in {None, number}:
        return judge.untold(found)
    return judge.doubted(found, TURNED) if judge.may_be_upside_down(number) else found


def _settled(surest: Region, together: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The candidates of several pictures, one of which is sure alone: the surer ones, none where they disagree."""
    if together and not surest.says(together[0].number):
        return () if together[0].confidence >= DISPUTED else surest.candidates
    return together if together and together[0].confidence >= surest.confidence else surest.candidates


def _returned(shot: _Examined, options: Options) -> tuple[Candidate, ...]:
    """The candidates of the best region, when the first may be returned. Raises NoCardFound, NumberUnreadable."""
    if not shot.regions:
        raise NoCardFound
    best = shot.best
    if best.confidence < _threshold(options) or not best.candidates:
        if shot.line is None:
            raise NoCardFound
        raise NumberUnreadable(digits=best.doubtful, confidence=best.confidence, is_cut=best.is_cut)
    return best.candidates


def _cards(shot: _Examined, options: Options) -> tuple[FoundCard, ...]:
    """Every card of ``shot`` in reading order, each with its own verdict; a number on no located card is one, too.

    Cards without a number are told when they surely are some, beside those that were read: not what was located twice.
    """
    read: list[tuple[quads.Quad, FoundCard]] = []
    unread: list[tuple[quads.Quad, FoundCard]] = []
    bare: list[tuple[quads.Quad, FoundCard]] = []  # numbers without a card around them
    free = list(shot.regions)
    for card in cards.distinct(shot.detections):
        here = [region for region in free if cards.lies_in(region.quad, card.quad)]
        free = [region for region in free if not any(region is other for other in here)]
        verdict = _verdict(shot.picture, here, options)
        if verdict.number is not None:
            read.append((card.quad, verdict))
        elif card.score >= SURELY_A_CARD:
            unread.append((card.quad, verdict))
    for region in sorted(free, key=lambda region: -region.confidence):
        told = [quad for quad, _ in read + bare]
        if region.confidence >= _threshold(options) and cards.is_distinct(region.quad, told):
            bare.append((region.quad, _verdict(shot.picture, [region], options)))
    read.sort(key=lambda one: -one[1].confidence)
    read = [one for index, one in enumerate(read) if _is_another(one, read[:index])]
    numbers = [each.number for _, each in read + bare]
    bare = [one for index, one in enumerate(bare, len(read)) if one[1].number not in numbers[:index]]
    for quad, each in unread:
        if cards.lies_beside(quad, [other for other, _ in read]):
            read.append((quad, each))
    outlined = [
        (quad, replace(each, card_quad=_points(shot.picture.as_sent(shot.outline(quad))))) for quad, each in read
    ]
    found = outlined + bare
    order = cards.reading_order([quad for quad, _ in found])
    return tuple(found[i][1] for i in order)


def _is_another(one: tuple[quads.Quad, FoundCard], surer: Sequence[tuple[quads.Quad, FoundCard]]) -> bool:
    """Whether a card is none of the ``surer`` ones: of one with the same number it lies apart."""
    quad, card = one
    return cards.lies_beside(quad, [other for other, known in surer if known.number == card.number])


def _verdict(picture: image.Picture, regions: list[Region], options: Options) -> FoundCard:
    """What ``regions``, all those on one card, say of it; where the card is comes when it is told."""
    best = max(regions, key=lambda region: region.evidence, default=None)
    shown = best is not None and bool(best.candidates) and best.confidence >= _threshold(options)
    refusal: Refused = NumberUnreadable(digits=best.doubtful, is_cut=best.is_cut) if best is not None else NoCardFound()
    return FoundCard(
        number=best.candidates[0].number if best is not None and shown else None,
        confidence=best.confidence if best is not None else 0.0,
        refusal=None if shown else refusal.cause,
        number_quad=_points(picture.as_sent(best.text_quad)) if best is not None else None,
    )


def _field(picture: image.Picture, found: dates.Date | names.Name) -> Field:
    return Field(text=found.text, confidence=found.probability, quad=_points(picture.as_sent(found.quad)))


def _measures(shot: _Examined, told: Sequence[FoundCard]) -> dict[str, float]:
    """What is measured of the picture, its number line and the cards that are ``told``, see caution.py."""
    picture, line = shot.picture, shot.line
    characters = shot.best.characters if line is not None else ()
    tall = float(np.median([char.height for char in characters])) if characters else recognize.HEIGHT / 2
    height = tall / recognize.HEIGHT * quads.sides(line)[1] * picture.reduced if line is not None else math.inf
    hidden = sum(char.text == recognize.HIDDEN for char in characters)
    return quality.measures(
        picture.pixels, shot.card, line, height=height, hidden=hidden, cards=max(len(told), _located(shot))
    )


def _located(shot: _Examined) -> int:
    """How many detections beside one another surely are cards, whatever their numbers."""
    found: list[quads.Quad] = []
    for detection in cards.distinct(shot.detections):
        if detection.score >= SURELY_A_CARD and cards.lies_beside(detection.quad, found):
            found.append(detection.quad)
    return len(found)


def _threshold(options: Options) -> float:
    return THRESHOLD if options.threshold is None else options.threshold


def _points(quad: quads.Quad) -> Quad:
    (a, b), (c, d), (e, f), (g, h) = quad.tolist()
    return (a, b), (c, d), (e, f), (g, h)
