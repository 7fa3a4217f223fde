"""Other engines on the same pictures, each as well set up as we know how.

**RapidOCR** (extra ``bench``) with the PP-OCRv6-small models of its wheel; nothing is downloaded. It is a reader of
any text, so it is helped. On 131 photographs of many cards its own best line gives 63 % of the numbers; with all of
this help 73 %:

* one thread; pictures brought to 736 pixels before lines are looked for, which finds more of them and is faster;
* its recognizer's scores are decoded twice, as they are and with all but digits left out; lines that look like a
  number are taken from the second, so that no digit is lost as a letter;
* :func:`choose` picks the card number out of the lines: runs of 13 to 19 digits, boxes that stand side by side
  joined; a valid check digit wins, then a usual length, then the longest. A run whose check digit fails is also
  tried with one unsure digit replaced by its next best, or with one unsure digit too many left out.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BankcardError
from ..numbers import luhn
from ..reading import Quad
from . import machine
from .metrics import Answer

SHORTEST, LONGEST = 13, 19
USUAL_LENGTHS = (15, 16, 19)
UNSURE = 0.9  # a digit scored below this may be another, or none; 0.7 to 0.97 score alike
_LEAST = 1e-4
_SEPARATORS = re.compile(r"[\s\-·.,:;'\"_~•・/*]+")
_MODELS = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Cls.model_path": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
}
_SETTINGS = {
    "Global.log_level": "critical",
    "Global.text_score": 0.0,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Det.limit_type": "max",
    "Det.limit_side_len": 736,
}


class PeerMissing(BankcardError):
    """The peer ``name`` cannot be measured; ``remedy`` says what to do."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(f"{name} cannot be measured: {remedy}")
        self.name = name
        self.remedy = remedy


Digit = tuple[tuple[str, float], ...]  # what a character may be, as (digit, score), the best first


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TextLine:
    """A line of text that was read: as it is, and as digits only; its score and its place."""

    text: str
    digits: tuple[Digit, ...]
    score: float
    quad: Quad


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Run:
    """A run of digits that may be the card number. ``doubt`` is what was changed: the log of the scores' ratio."""

    digits: tuple[Digit, ...]
    score: float
    doubt: float = 0.0

    @property
    def number(self) -> str:
        """The best digits."""
        return "".join(digit[0][0] for digit in self.digits)


class RapidOCR:
    """RapidOCR as a reader of card numbers. Raises PeerMissing when it or its models are not installed."""

    name = "rapidocr"

    def __init__(self) -> None:
        try:
            import rapidocr
        except ImportError:
            raise PeerMissing(self.name, 'pip install "bankcard-ocr[bench]", see docs/bench.md') from None
        self._folder = Path(str(rapidocr.__file__)).parent / "models"
        absent = [name for name in _MODELS.values() if not (self._folder / name).is_file()]
        if absent:
            raise PeerMissing(self.name, f"its version {self._version()} has no {absent[0]}; install rapidocr 3.10")
        paths = {setting: str(self._folder / name) for setting, name in _MODELS.items()}
        self._engine = rapidocr.RapidOCR(params={**_SETTINGS, **paths})
        self._engine(np.full((96, 96, 3), 255, np.uint8))
        recognizer = self._engine._load_rec_model()  # noqa: SLF001 (no public way to its scores)
        recognizer.postprocess_op = _DecodeTwice(recognizer.postprocess_op)

    def answer(self, data: bytes) -> Answer:
        """The card number among the lines of the picture."""
        start = time.perf_counter()
        lines = self.lines(data)
        found = choose(lines)
        ms = 1000 * (time.perf_counter() - start)
        if found is None:
            return Answer(number=None, ms=ms, refusal="NoNumberAmongLines" if lines else "NoLines")
        number, score = found
        return Answer(number=number, confidence=score, guess=number, guess_confidence=score, ms=ms)

    def crop(self, data: bytes) -> str:
        """The digits of a picture that is one line."""
        read = self._engine(data, use_det=False, use_cls=False, use_rec=True)
        return "".join(Run(digits=_unpacked(both)[1], score=1.0).number for both in (read.txts or ()))

    def lines(self, data: bytes) -> list[TextLine]:
        """All lines of the picture; none when it cannot be decoded."""
        try:
            read = self._engine(data)
        except (OSError, ValueError, SyntaxError):  # what its decoder raises for bytes that are no picture
            return []
        if getattr(read, "boxes", None) is None or read.txts is None:  # another type altogether when there is no line
            return []
        return [
            TextLine(text=text, digits=digits, score=float(score), quad=_quad(box))
            for (text, digits), score, box in zip(map(_unpacked, read.txts), read.scores, read.boxes, strict=True)
        ]

    def facts(self) -> Mapping[str, Any]:
        """Its version, models and settings."""
        used = set(_MODELS.values())
        models = {name: facts for name, facts in machine.models(self._folder).items() if name in used}
        return {"version": self._version(), "models": models, "settings": _SETTINGS}

    def _version(self) -> str:
        return metadata.version("rapidocr")


def choose(lines: Sequence[TextLine]) -> tuple[str, float] | None:
    """The likeliest card number among ``lines`` and its score; None when no line can be one."""
    parts = [line for line in lines if _is_numeric(line)]
    runs = [Run(digits=line.digits, score=line.score) for line in parts] + _joined(parts)
    runs += [changed for run in runs for changed in _repaired(run)]
    possible = [run for run in runs if SHORTEST <= len(run.digits) <= LONGEST]
    if not possible:
        return None
    best = max(possible, key=_likeliness)
    return best.number, best.score


def _likeliness(run: Run) -> tuple[bool, bool, int, float, float]:
    length = len(run.digits)
    return luhn.is_valid(run.number), length in USUAL_LENGTHS, length, -run.doubt, run.score


def _repaired(run: Run) -> Iterator[Run]:
    """``run`` with one unsure digit replaced, or left out where one is too many, so that the check digit holds."""
    if luhn.is_valid(run.number):
        return
    for place, digit in enumerate(run.digits):
        best = digit[0][1]
        if best >= UNSURE:
            continue
        before, after = run.digits[:place], run.digits[place + 1 :]
        others = [(*before, (other,), *after) for other in digit[1:]] if len(run.digits) in USUAL_LENGTHS else []
        left_out = [(*before, *after)] if len(run.digits) - 1 in USUAL_LENGTHS else []
        for digits in (*others, *left_out):
            instead = digits[place][0][1] if digits in others else 1 - best
            doubt = math.log(max(best, _LEAST) / max(instead, _LEAST))
            changed = Run(digits=digits, score=run.score, doubt=doubt)
            if luhn.is_valid(changed.number):
                yield changed


def _is_numeric(line: TextLine) -> bool:
    """Whether at least half of the characters are digits, and it is no date."""
    text = _SEPARATORS.sub("", line.text)
    if "/" in line.text and len(text) < 8:
        return False
    return bool(text) and sum(char in "0123456789" for char in text) >= len(text) / 2


def _joined(parts: Sequence[TextLine]) -> list[Run]:
    """The runs that arise when boxes side by side, of like height and on one level, are read as one."""
    ordered = sorted((line for line in parts if 2 <= len(line.digits) <= LONGEST), key=lambda line: line.quad[0][0])
    runs = []
    for place, line in enumerate(ordered):
        whole, score, last = line.digits, line.score, line.quad
        for following in ordered[place + 1 :]:
            if _continues(last, following.quad):
                whole, score, last = whole + following.digits, min(score, following.score), following.quad
                runs.append(Run(digits=whole, score=score))
    return runs


def _continues(left: Quad, right: Quad) -> bool:
    height, other = _height(left), _height(right)
    if not 0.6 < height / max(other, 1e-6) < 1.67:
        return False
    level = abs((left[1][1] + left[2][1]) / 2 - (right[0][1] + right[3][1]) / 2)
    gap = right[0][0] - left[1][0]
    return level < 0.6 * max(height, other) and -height < gap < 3 * height


def _height(quad: Quad) -> float:
    return (math.dist(quad[0], quad[3]) + math.dist(quad[1], quad[2])) / 2


def _quad(box: Any) -> Quad:
    top_left, top_right, bottom_right, bottom_left = ((float(x), float(y)) for x, y in box)
    return top_left, top_right, bottom_right, bottom_left


class _DecodeTwice:
    """RapidOCR's own decoding, whose texts are followed by a tab and the line's digits with their scores as JSON."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._classes = [inner.character.index(digit) for digit in "0123456789"]
        self._left_out = np.array([char not in {"blank", *"0123456789 "} for char in inner.character])

    def __call__(self, scores: NDArray[np.float32], *args: Any, **options: Any) -> tuple[list[Any], Any]:
        lines, words = self._inner(scores, *args, **options)
        cut = np.where(self._left_out, np.float32(0), scores)
        both = [
            (f"{text}\t{json.dumps(self._digits(line))}", score) for (text, score), line in zip(lines, cut, strict=True)
        ]
        return both, words

    def _digits(self, frames: NDArray[np.float32]) -> list[list[tuple[str, float]]]:
        """The digits of float32 (T, C) ``frames``: runs of one best class, each with the best scores it had."""
        best = frames.argmax(axis=1)
        edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
        peaks = [
            frames[start:end, self._classes].max(axis=0)
            for start, end in pairwise(edges)
            if best[start] in self._classes
        ]
        return [[(str(place), float(peak[place])) for place in np.argsort(-peak)[:3]] for peak in peaks]


def _unpacked(both: str) -> tuple[str, tuple[Digit, ...]]:
    text, _, digits = both.partition("\t")
    return text, tuple(tuple((digit, score) for digit, score in likely) for likely in json.loads(digits or "[]"))
