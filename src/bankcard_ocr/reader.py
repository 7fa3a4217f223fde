"""Pictures to readings: decode, look at regions, decide, tell. Only this module knows the order."""

from __future__ import annotations

import math
import operator
import threading
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from . import caution
from .engine import cards, dates, evidence, names, together, verdicts
from .engine.examined import ExaminedPicture
from .engine.look import CERTAIN, SURE, Look
from .engine.regions import Region, doubted_parts
from .engine.search import Search
from .errors import NoCardFound, NumberUnreadable, PictureError, Refused
from .formats import format_of
from .reading import (
    MOST_PICTURES,
    THRESHOLD,
    Bytes,
    Candidate,
    Field,
    FoundCard,
    Options,
    Reading,
    Returned,
    Seen,
)  # fmt: skip
from .vision import image, quality, recognize
from .vision import quad as quads
from .vision.model import Model, is_shipped, shipped_digest

GLANCED = 640  # pixels of the longer side with which a large JPEG is looked at first: a quarter of it is decoded sooner


class _Decode(Protocol):
    """Decodes one picture, its longer side reduced while it stays at least ``enough`` pixels."""

    def __call__(self, *, enough: int) -> image.Picture: ...


class Reader:
    """Reads card numbers. Threads may share it; the reader of holder names is loaded when it is first asked for."""

    def __init__(self, *, threads: int = 1, max_bytes: int = image.MAX_BYTES) -> None:
        """Loads the models that ship with the package; each call computes on ``threads`` threads.

        Pictures of more than ``max_bytes`` are refused. Raises ValueError when ``threads`` or ``max_bytes`` is less
        than 1.
        """
        try:
            is_usable = min(map(operator.index, (threads, max_bytes))) >= 1
        except TypeError:
            is_usable = False
        if not is_usable:
            raise ValueError(f"threads and max_bytes are whole, 1 or more, not {threads!r} and {max_bytes!r}")
        self._max_bytes = max_bytes
        self.locator = Model("locate", threads=threads)
        self.recognizer = Model("recognize", threads=threads)
        self._threads = threads
        self._loading = threading.Lock()
        self._namer: Model | None = None

    def __reduce__(self) -> NoReturn:
        """Raises TypeError: what a Reader has loaded is not for another process."""
        raise TypeError("a Reader stays in its process: make one in each, or call bankcard_ocr.read there, which does")

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
        NumberUnreadable when one is there and cannot be read with certainty; TypeError for what are no bytes.
        """
        decode, is_jpeg = self._decoding(data)
        return self._read(self._examined(decode, options, is_jpeg=is_jpeg, is_alone=True), options)

    def read_pixels(self, pixels: NDArray[Any], options: Options = Options()) -> Reading:
        """The reading of a picture that was decoded elsewhere, as a frame of a camera: uint8 (H, W, 3), RGB, upright.

        (H, W), grey, is one, too. OpenCV has BGR: turn it round with ``frame[:, :, ::-1]``; its types do not say what
        its arrays hold. Raises TypeError for any other array, else as :meth:`read` does.
        """
        return self._read(self._examined(partial(image.reduced, pixels), options, is_alone=True), options)

    def _read(self, shot: ExaminedPicture, options: Options) -> Reading:
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
        those of picture ``picture`` of the reading. Raises as :meth:`read` does, CardsDiffer when the pictures
        contradict one another, and ValueError when they are none or too many.
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
            if len(shots) > 1:
                candidates = together.read([shot.as_aligned for shot in shots], self.recognizer, options)
            else:
                candidates = _returned(shots[0], options)
        except (NoCardFound, NumberUnreadable) as error:
            error.seen = self._seen(max(shots, key=lambda shot: shot.evidence), options)
            raise
        main = max(shots, key=lambda shot: (shot.best.number == candidates[0].number, shot.evidence))
        return self._told(main, candidates, options)

    def _decoding(self, data: Bytes) -> tuple[_Decode, bool]:
        """What decodes ``data``, and whether that is quicker for fewer pixels."""
        data = _as_bytes(data)
        return partial(image.decode, data, max_bytes=self._max_bytes), format_of(data) == "JPEG"

    def _examined(
        self, decode: _Decode, options: Options, *, is_jpeg: bool = False, is_alone: bool = False
    ) -> ExaminedPicture:
        """A picture and every region in it that was looked at, after a glance at it where that is quick.

        What the glance is sure of stands. So does what it read in lines that have more pixels than a strip.
        """
        if not isinstance(options, Options):
            raise TypeError(f"options are bankcard_ocr.Options(…), not {type(options).__name__}")
        is_quick = is_jpeg and not options.wants_more
        timings = {"decode": 0.0, "read": 0.0}
        for enough in (GLANCED, image.ENOUGH) if is_quick else (image.ENOUGH,):
            started = time.perf_counter()
            picture = decode(enough=enough)
            decoded = time.perf_counter()
            look = Look(
                recognizer=self.recognizer,
                pixels=picture.pixels,
                options=options,
                is_brief=is_alone and not options.wants_more,
                is_glance=enough == GLANCED and picture.reduced > 1,
            )
            search = Search(locator=self.locator, look=look)
            regions, is_clear = _looked(search)
            timings["decode"] += 1e3 * (decoded - started)
            timings["read"] += 1e3 * (time.perf_counter() - decoded)
            if is_clear or not look.is_glance:
                break
        if options.detail:
            regions.extend(search.elsewhere(tuple(regions)))
        regions = doubted_parts(regions)
        return ExaminedPicture(picture=picture, search=search, regions=tuple(regions), timings_ms=timings)

    def _told(self, shot: ExaminedPicture, candidates: tuple[Candidate, ...], options: Options) -> Reading:
        """The reading of ``shot``, whose number is the first of ``candidates``."""
        picture, best, card = shot.picture, shot.best, shot.card
        if card is not None and options.wants_more:
            card = shot.outline(card)
        reading = Reading(
            number=candidates[0].number,
            confidence=candidates[0].confidence,
            candidates=candidates,
            size=picture.size,
            number_quad=shot.as_sent(best.text_quad),
            digit_quads=tuple([shot.as_sent(quad) for quad in best.digits(candidates[0].number)]),
            digit_confidences=best.certainties(candidates[0].number),
            card_quad=shot.as_sent(card) if card is not None else None,
            picture=shot.number,
            timings_ms=shot.timings_ms,
        )
        if options.returns:
            reading = replace(reading, pictures=_pictures(shot, reading.number, options))
        return self._detailed(shot, reading, options) if options.detail else reading

    def _seen(self, shot: ExaminedPicture, options: Options) -> Seen | None:
        """What ``shot`` shows though its number is not told, when ``options`` ask for more than the number."""
        if not options.wants_more:
            return None
        picture, line, card = shot.picture, shot.line, shot.card
        told = verdicts.of(shot, least=options.least_confidence) if options.detail else ()
        return Seen(
            size=picture.size,
            number_quad=shot.as_sent(shot.best.text_quad) if line is not None else None,
            card_quad=shot.as_sent(shot.outline(card)) if card is not None else None,
            cards=told,
            warnings=caution.of_measures(_measures(shot, told)) if options.detail else (),
            pictures=_pictures(shot, "", options),
            picture=shot.number,
            timings_ms=shot.timings_ms,
        )

    def _detailed(self, shot: ExaminedPicture, reading: Reading, options: Options) -> Reading:
        """``reading`` with all that the picture says beside the number."""
        detections = cards.on_one_card(shot.best.quad, shot.detections)
        expiries = [detection for detection in shot.closer if detection.kind == "expiry"]
        found = dates.dates(detections, shot.read)
        if expiries and not found:
            found = dates.dates([*detections, *expiries], shot.read)
        now = time.time() if options.now is None else options.now
        name = None
        issued, valid = (found[0], found[-1]) if len(found) > 1 else (None, found[0] if found else None)
        if namer := self.namer:
            lines, pixels = [*detections, *shot.closer], shot.picture.pixels
            at, prior = shot.best.text_quad, options.prior
            name = names.name(lines, pixels, namer, closest=lambda: shot.closest, number=at, prior=prior)
            letters = names.Letters(pixels=pixels, model=namer)
            is_past = valid is not None and valid.month is not None and valid.month <= caution.month(now)
            if valid and not issued and is_past and dates.is_of_the_beginning(valid, lambda at: letters.read(at).text):
                issued, valid = valid, None
        told = verdicts.of(shot, least=options.least_confidence)
        reading = replace(
            reading,
            valid_date=_field(shot, valid) if valid else None,
            issue_date=_field(shot, issued) if issued else None,
            holder_name=_field(shot, name) if name else None,
            cards=told,
        )
        measured = caution.of_measures(_measures(shot, told))
        return replace(reading, warnings=caution.ordered((*measured, *caution.of_reading(reading, now=now))))


def _looked(search: Search) -> tuple[list[Region], bool]:
    """The regions of a picture up to a sure one, and whether more of its pixels would show nothing new.

    A glance ends at the first line that more pixels would show better, or that is likely or would be told, and is not
    certain.
    """
    regions: list[Region] = []
    look = search.look
    needed, least = CERTAIN if look.is_glance else SURE, look.options.least_confidence
    for region in search.regions():
        regions.append(region)
        if region.confidence >= max(needed, least):
            return regions, True
        is_likely = bool(region.candidates) and region.confidence >= min(THRESHOLD, least)
        if look.lacks_pixels(region.quad) or (look.is_glance and is_likely):
            return regions, False
    return regions, bool(regions) or not search.detections


def _pictures(shot: ExaminedPicture, number: str, options: Options) -> dict[Returned, bytes]:
    """The pictures that ``options`` ask for, as JPEG; what was not located cannot be cut out.

    Without a ``number`` no digit of the line is left on the redacted one.
    """
    pixels, line, made = shot.picture.pixels, shot.line, dict[Returned, bytes]()
    if line is not None and "number" in options.returns:
        made["number"] = evidence.number(pixels, line)
    whole = shot.cut_out
    if whole is None or not options.returns & {"card", "redacted"}:
        return made
    if "card" in options.returns:
        made["card"] = evidence.card(pixels, whole, line, number)
    if "redacted" in options.returns:
        detections = [*shot.detections, *shot.closer]
        shown = dates.dates(detections, shot.read)
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
    """``data``, when it is the bytes of a picture. Raises TypeError, which says what to do with what it is."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    if isinstance(data, Awaitable):
        advice = "await it"
    elif hasattr(data, "read"):
        advice = "give what its read() returns"
    elif hasattr(data, "__array_interface__"):
        advice = "Reader.read_pixels reads numpy.asarray of it, RGB in the shape (H, W, 3)"
    else:
        advice = "bankcard_ocr.read(path) opens a file, base64 is decoded first"
    raise TypeError(f"a picture is given as its bytes, not {type(data).__name__}; {advice}")


def _returned(shot: ExaminedPicture, options: Options) -> tuple[Candidate, ...]:
    """The candidates of the best region, when the first may be returned. Raises NoCardFound, NumberUnreadable."""
    if not shot.regions:
        raise NoCardFound
    best = shot.best
    if best.confidence < options.least_confidence or not best.candidates:
        if shot.line is None:
            raise NoCardFound
        raise best.refusal()
    return best.candidates


def _field(shot: ExaminedPicture, found: dates.Date | names.Name) -> Field:
    return Field(text=found.text, confidence=found.probability, quad=shot.as_sent(found.quad))


def _measures(shot: ExaminedPicture, told: Sequence[FoundCard]) -> dict[str, float]:
    """What is measured of the picture, its number line and the cards that are ``told``, see caution.py."""
    picture, line = shot.picture, shot.line
    found = quality.measures(picture.pixels, shot.card, line)
    found["cards"] = max(len(told), verdicts.surely_cards(shot))
    if line is not None:
        characters = shot.best.characters
        tall = float(np.median([char.height for char in characters])) if characters else recognize.HEIGHT / 2
        found["height"] = tall / recognize.HEIGHT * quads.sides(line)[1] * picture.reduced  # in pixels as sent
        found["hidden"] = sum(char.text == recognize.HIDDEN for char in characters)
    if shot.regions and shot.best.is_cut:
        found["outside"] = math.inf  # wherever the locator puts its corners
    return found
