"""One run: engines on pictures, turned into figures that can be shown to anyone.

Engines answer in one process, one thread each, and take turns of a few pictures, so that a machine that slows down
slows all of them. The result is plain JSON data without card numbers, file names or paths.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..errors import BankcardError, NumberUnreadable
from ..numbers import pan
from ..numbers.masking import masked_name
from ..reading import Options, PictureReader, Reading
from ..vision import quad as quads
from ..vision import recognize
from ..vision.model import Model
from . import machine, metrics
from .labels import Label
from .metrics import Answer, Case
from .suites import Sample, decode

FORMAT = 1
STRATA = ("subset", "category", "relief", "network", "length")
_LONG_DIGITS = re.compile(r"\d{12,}")

Cases = dict[str, list[Case]]
Clock = Callable[[], float]


class Engine(Protocol):
    """Something measured. ``answer`` never raises for what a picture holds."""

    @property
    def name(self) -> str: ...

    def answer(self, data: bytes) -> Answer: ...

    def facts(self) -> Mapping[str, Any]: ...


TURN = 10  # pictures that one engine answers before the next does
_ABOVE, _BESIDE = 3, 8  # a tight crop gets the margins that a strip has, in pixels of the strip


@runtime_checkable
class CropEngine(Protocol):
    """An engine whose recognizer can be asked alone: the digits of a picture that is a few digits of one line."""

    def crop(self, data: bytes) -> str: ...


@runtime_checkable
class DateEngine(Protocol):
    """An engine that can be asked until when the card is valid, outside the time taken: MM/YY, None when refused."""

    def valid_date(self, data: bytes) -> str | None: ...


class ReaderEngine:
    """The package's own engine. ``models`` are the facts of its weights; ``recognizer`` the model that reads crops."""

    name = "bankcard-ocr"

    def __init__(
        self,
        reader: PictureReader,
        *,
        options: Options | None = None,
        models: Mapping[str, Any] | None = None,
        recognizer: Model | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._reader = reader
        self._options = options or Options()
        self._models = models or {}
        self._recognizer = recognizer
        self._clock = clock

    def answer(self, data: bytes) -> Answer:
        """What the reader says; of a refused picture also its best guess, read again outside the time taken."""
        start = self._clock()
        try:
            reading = self._reader.read(data, self._options)
        except BankcardError as error:
            ms = 1000 * (self._clock() - start)
            return self._refused(data, error, ms)
        ms = 1000 * (self._clock() - start)
        return Answer(
            number=reading.number,
            confidence=reading.confidence,
            guess=reading.number,
            guess_confidence=reading.confidence,
            ms=ms,
            number_quad=reading.number_quad,
        )

    def valid_date(self, data: bytes) -> str | None:
        """The date on the picture, read again with all details; None when it is refused."""
        try:
            found = self._reader.read(data, replace(self._options, detail=True)).valid_date
        except BankcardError:
            return None
        return found.text if found else None

    def facts(self) -> Mapping[str, Any]:
        """Its weights, and how it was asked."""
        options = self._options
        asked = {"type": options.type, "threshold": options.least_confidence, "prior": options.prior}
        return {"models": self._models, **asked}

    def crop(self, data: bytes) -> str:
        """The digits of a picture that is a few digits of one line; empty for what is no picture."""
        image = decode(data)
        if image is None or self._recognizer is None:
            return ""
        height, width = image.shape[:2]
        long = 4 * round((recognize.HEIGHT - 2 * _ABOVE) * width / height / 4)  # as wide as it is, in the model's steps
        framed = quads.grow(
            quads.rectangle(width, height), _BESIDE / max(long, 4), _ABOVE / (recognize.HEIGHT - 2 * _ABOVE)
        )
        strip = recognize.strip(np.ascontiguousarray(image[:, :, ::-1]), framed, long + 2 * _BESIDE)
        (line,) = recognize.recognize(self._recognizer, [strip])
        return "".join(char for char in line.text if char in "0123456789")

    def _refused(self, data: bytes, error: BankcardError, ms: float) -> Answer:
        guess = self._guess(data) if isinstance(error, NumberUnreadable) else None
        return Answer(
            number=None,
            guess=guess.number if guess else None,
            guess_confidence=guess.confidence if guess else None,
            ms=ms,
            refusal=type(error).__name__,
            cause=error.cause,
            number_quad=guess.number_quad if guess else None,
        )

    def _guess(self, data: bytes) -> Reading | None:
        anything = Options(type=self._options.type, threshold=0.0, prior=self._options.prior)
        try:
            return self._reader.read(data, anything)
        except BankcardError:
            return None


def measure(engines: Sequence[Engine], samples: Iterable[Sample]) -> Cases:
    """What each engine says of each picture, by its name.

    Engines take turns of TURN pictures, as a server reads one after another: what an engine leaves in the caches is its
    own. The first picture of a turn is answered once more before, untimed; dates are asked for after it. Raises
    ValueError when two engines have one name.
    """
    cases: Cases = {engine.name: [] for engine in engines}
    if len(cases) < len(engines):
        raise ValueError("two engines have one name")
    rest = iter(samples)
    for turn in itertools.count():
        some = list(itertools.islice(rest, TURN))
        if not some:
            return cases
        first = turn % len(engines)
        for engine in (*engines[first:], *engines[:first]):
            engine.answer(some[0].data)
            answers = [engine.answer(sample.data) for sample in some]
            cases[engine.name] += [
                Case(label=sample.label, answer=_dated(engine, sample, answer))
                for sample, answer in zip(some, answers, strict=True)
            ]
    return cases


def _dated(engine: Engine, sample: Sample, answer: Answer) -> Answer:
    """``answer`` with the card's date, where the engine can be asked for it and the label has one."""
    if isinstance(engine, DateEngine) and answer.number and metrics.valid_thru(sample.label):
        return replace(answer, valid_date=engine.valid_date(sample.data), asked_date=True)
    return answer


def figures(cases: Sequence[Case], strata: Sequence[str] = STRATA) -> dict[str, Any]:
    """All figures of one engine on one suite, as JSON data."""
    numbered = [case for case in cases if case.label.number_sha256 is not None]
    blank = [case for case in cases if case.label.number_sha256 is None]
    columns = [column for column in strata if any(case.label.strata.get(column) for case in numbered)]
    calibration = metrics.calibration(cases)
    times = [case.answer.ms for case in cases]
    latency = metrics.latency(times)
    dates = metrics.dates(cases)
    return {
        "all": asdict(metrics.shares(numbered)) if numbered else None,
        "strata": {
            column: {value: asdict(shares) for value, shares in metrics.by_stratum(numbered, column).items()}
            for column in columns
        },
        "negatives": asdict(metrics.returned(blank)) if blank else None,
        "negative_strata": {
            column: {value: asdict(metrics.returned(some)) for value, some in metrics.split(blank, column).items()}
            for column in strata
            if any(case.label.strata.get(column) for case in blank)
        },
        "valid_date": asdict(dates) if dates else None,
        "refusals": metrics.tally(case.answer.refusal for case in cases if case.answer.refusal),
        "calibration": asdict(calibration) if calibration else None,
        "tradeoff": [asdict(point) for point in metrics.tradeoff(numbered)] if numbered else [],
        "latency": asdict(latency) if latency else None,
        "histogram": [list(span) for span in metrics.histogram(times)],
    }


def with_loss(figures: dict[str, Any], cases: Sequence[Case], upright: Sequence[Case]) -> dict[str, Any]:
    """``figures`` of ``cases`` and, as ``loss``, what the same pictures lost against ``upright``, as they were.

    ``exact`` is the share of exact numbers before less that now; ``wrong`` the share of wrong ones now less before.
    """
    used = {case.label.file for case in cases if case.label.number_sha256 is not None}
    before = [case for case in upright if case.label.file in used]
    if not before:
        return figures
    shares = metrics.shares(before)
    loss = {
        "pictures": len(before),
        "exact": shares.exact.value - figures["all"]["exact"]["value"],
        "wrong": figures["all"]["wrong"]["value"] - shares.wrong.value,
    }
    return {**figures, "loss": loss}


def result(
    *,
    title: str,
    command: str,
    made: datetime,
    engines: Sequence[Engine],
    suites: Mapping[str, Mapping[str, Any]],
    undecodable: Mapping[str, str] = MappingProxyType({}),
    other_cores: float | None,
) -> dict[str, Any]:
    """The whole result as JSON data: what was run, on what, and every figure; no card number, whatever came in.

    ``undecodable`` are the causes, by name, of the pictures that no suite has since they cannot be decoded.
    """
    left_out = [{"file": file, "cause": cause} for file, cause in undecodable.items()]
    whole = {
        "format": FORMAT,
        "title": title,
        "made": made.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.facts(),
        "other_cores_busy": other_cores,
        "timings_valid": machine.is_quiet(other_cores),
        "engines": {engine.name: dict(engine.facts()) for engine in engines},
        "undecodable": {"count": len(left_out), "pictures": left_out},
        "suites": suites,
    }
    return {name: clean(value) for name, value in whole.items()}


def clean(value: Any) -> Any:
    """JSON data with figures rounded to six places, names and texts masked as :func:`mask` does.

    Hexadecimal digests stay whole.
    """
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, str):
        return value if re.fullmatch(r"[0-9a-f]{64}", value) else mask(value)
    if isinstance(value, Mapping):
        return {mask(str(name)): clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def mask(text: str, numbers: Iterable[str] = ()) -> str:
    """``text`` with every run of 12 or more digits masked, and every card number, ``numbers`` too, however grouped."""
    text = text.encode("utf-8", "replace").decode()  # names on disk are bytes, and not always text
    return _LONG_DIGITS.sub(lambda found: pan.mask(found.group()), masked_name(text, numbers))


def only(labels: Iterable[Label], column: str, value: str) -> list[Label]:
    """The labels whose column ``column`` is ``value``."""
    return [label for label in labels if label.strata.get(column, "") == value]
