"""Line crops to texts: what each says, how surely, and where each character stands.

A strip is a rectified line, uint8 RGB (48, W, 3), W about 24 pixels a digit: 480 for a number, 160 for a date.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from ..lazy import cached_property
from . import ctc
from . import quad as quads
from .model import Model

HEIGHT = 48
STRIDE = 4  # pixels of a strip in one frame of the model's output
LONG, SHORT = 480, 160  # widths of a number's strip and of a date's
FEWEST = 4  # characters that show where a line is and how far apart they stand
WIDE = 1.6  # pitches between characters that leave a gap
HIDDEN = "?"  # a character that is there and cannot be seen
EVEN_SPREAD, EVEN_FLOOR = 40.0, 4.0  # gray levels around the middle on an evened strip; what noise has at least
DOUBT = 0.1  # the share of a line as it was read beside the line without what was left out
FAINTEST = 1e-4  # keeps one frame from ruling out what the others of a character say

Texts = tuple[tuple[str, float], ...]  # with their probabilities, the most probable first


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Character:
    """One character: its ``probability``; its middle, width and height in pixels of the strip."""

    text: str
    probability: float
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Line:
    """What a strip says: ``characters`` are those of the best alignment.

    ``frames`` float32 (W/4, 1 + N) are the model's probabilities of the blank and the N signs of ``alphabet``.
    ``whole`` is the line as it was read, where something was left out of this one.
    """

    characters: tuple[Character, ...]
    frames: NDArray[np.float32]
    alphabet: str
    whole: Line | None = None

    @property
    def width(self) -> int:
        """The width of the strip, in pixels."""
        return STRIDE * len(self.frames)

    @cached_property
    def texts(self) -> Texts:
        """Searched for when first asked for: of many lines it matters only where their characters stand."""
        said = _spelled(self.frames, self.alphabet)
        return said if self.whole is None else _mixed(said, self.whole.texts)

    @property
    def text(self) -> str:
        """The most probable text."""
        return self.texts[0][0] if self.texts else ""


def strip(image: quads.Image, quad: quads.Quad, width: int = LONG) -> quads.Image:
    """The line under ``quad`` as a strip, averaged down first where the picture is finer."""
    times = min(4, round(quads.sides(quad)[0] / width), *image.shape[:2])
    if times > 1:
        image, quad = _averaged(image, quad, times)
    return quads.rectify(image, quad, width, HEIGHT)


def _averaged(image: quads.Image, quad: quads.Quad, times: int) -> tuple[quads.Image, quads.Quad]:
    """The part of ``image`` around ``quad``, ``times`` smaller, and ``quad`` in it."""
    sizes = np.array(image.shape[1::-1])
    first = np.clip(np.floor(quad.min(0)) - times, 0, sizes - times).astype(int)
    last = np.clip(np.ceil(quad.max(0)) + 1 + times, first + times, sizes).astype(int)
    counts = (last - first) // times
    (left, top), (right, bottom) = first, first + counts * times
    part = cv2.resize(image[top:bottom, left:right], counts.tolist(), interpolation=cv2.INTER_AREA)
    return np.asarray(part, np.uint8), np.asarray((quad - first + 0.5) / times - 0.5, np.float32)


def evened(strip: quads.Image) -> quads.Image:
    """``strip`` with the same brightness and contrast everywhere, so that faint print is as clear as the rest."""
    pixels = strip.astype(np.float32)
    around = HEIGHT / 4
    pixels -= cv2.GaussianBlur(pixels, (0, 0), around)
    spread = np.sqrt(cv2.GaussianBlur((pixels * pixels).mean(2), (0, 0), around))
    pixels *= (EVEN_SPREAD / (spread + EVEN_FLOOR))[:, :, None]
    return np.asarray(np.clip(pixels + 128, 0, 255), np.uint8)


def recognize(model: Model, strips: Sequence[quads.Image]) -> list[Line]:
    """What each of ``strips`` says; all must have one width."""
    alphabet = model.metadata["alphabet"]
    probabilities, places = model.run(np.stack(strips))
    return [_line(frames, place, alphabet) for frames, place in zip(probabilities, places, strict=True)]


def together(model: Model, strips: Sequence[quads.Image]) -> Line:
    """What ``strips``, all of one line and of one width, say together: a character that one of them shows is there.

    Where they show different ones, each is as likely as it is clear.
    """
    alphabet = model.metadata["alphabet"]
    probabilities, places = model.run(np.stack(strips))
    nothing = [ctc.BLANK, 1 + alphabet.index(HIDDEN)]
    frames = probabilities.max(0)
    frames[:, nothing] = probabilities[:, :, nothing].min(0)
    frames /= frames.sum(1, keepdims=True)
    clearest = probabilities[:, :, nothing].sum(2).argmin(0)
    return _line(frames, places[clearest, np.arange(len(clearest))], alphabet)


def _line(frames: NDArray[np.float32], places: NDArray[np.float32], alphabet: str) -> Line:
    return Line(characters=_characters(frames, places, alphabet), frames=frames, alphabet=alphabet)


def _spelled(frames: NDArray[np.float32], alphabet: str) -> Texts:
    """The texts that ``frames`` may say, the most probable first."""
    texts = ctc.best(frames)
    return tuple([("".join([alphabet[label - 1] for label in text.classes]), text.probability) for text in texts])


def _mixed(texts: Texts, whole: Texts) -> Texts:
    """``texts`` of a line of which something was left out, and with a small share what the ``whole`` line says.

    What was left out may be a digit after all. That is enough to refuse a number that no issuer would have given out,
    and no more.
    """
    shares = {text: (1 - DOUBT) * chance for text, chance in texts}
    for text, chance in whole:
        shares[text] = shares.get(text, 0.0) + DOUBT * chance
    return tuple(sorted(shares.items(), key=lambda item: -item[1]))


def _characters(frames: NDArray[np.float32], places: NDArray[np.float32], alphabet: str) -> tuple[Character, ...]:
    """The characters of the best alignment, each where its frames say on the average, weighed by how surely."""
    spikes = ctc.spikes(frames)
    if not spikes:
        return ()
    sizes = [spike.stop - spike.start for spike in spikes]
    rows = np.concatenate([np.arange(spike.start, spike.stop) for spike in spikes])
    weights = frames[rows, np.repeat([spike.label for spike in spikes], sizes)][:, None]
    starts = np.cumsum([0, *sizes[:-1]])
    where = np.add.reduceat(weights * places[rows], starts) / np.add.reduceat(weights, starts)
    characters = [
        Character(text=alphabet[spike.label - 1], probability=spike.probability, x=x, y=y, width=width, height=height)
        for spike, (x, y, width, height) in zip(spikes, where.tolist(), strict=True)
    ]
    return tuple(characters)


def steps(characters: Sequence[Character]) -> list[float]:
    """How far the middle of each character is from that of the one before, along the strip."""
    return [after.x - char.x for char, after in itertools.pairwise(characters)]


def gaps(line: Line) -> tuple[int, ...]:
    """After how many characters there is a gap of at least WIDE pitches, where a space is or one was not seen."""
    if len(line.characters) < FEWEST:
        return ()
    apart = steps(line.characters)
    least = WIDE * median(apart)
    return tuple([place for place, step in enumerate(apart, 1) if step > least])


def framed(
    line: Line, quad: quads.Quad, *, loose: float = 0.35, ends: float = 0.55, spare: float = 1.6
) -> quads.Quad | None:
    """The quad around the characters of ``line``, which was read under ``quad``, in pixels of the picture.

    It is ``loose`` heights larger above and below and ``ends`` heights at the ends. Where the strip goes on beyond
    the outermost characters seen, up to ``spare`` characters' pitch of it is kept, for a first digit that was not
    seen. None when fewer than FEWEST characters were.
    """
    if len(line.characters) < FEWEST:
        return None
    x, y = [char.x for char in line.characters], [char.y for char in line.characters]
    high = median(char.height for char in line.characters)
    pitch = median(steps(line.characters))
    slope, offset = straight(x, y)
    left = x[0] - line.characters[0].width / 2 - ends * high
    right = x[-1] + line.characters[-1].width / 2 + ends * high
    left = min(left, max(0.0, left - spare * pitch))
    right = max(right, min(float(line.width), right + spare * pitch))
    half = (0.5 + loose) * high
    first, last = slope * left + offset, slope * right + offset
    corners = (left, first - half), (right, last - half), (right, last + half), (left, first + half)
    return in_picture(np.array(corners, np.float32), quad, line)


def in_picture(points: NDArray[np.float32], quad: quads.Quad, line: Line) -> NDArray[np.float32]:
    """``points`` (..., 2) of the strip of ``line``, which was read under ``quad``, in pixels of the picture."""
    return quads.project(points, quads.homography(quads.rectangle(line.width, HEIGHT), quad))


def chances(line: Line) -> NDArray[np.float32]:
    """For each of C characters of ``line`` the chances of the N signs of its alphabet, float32 (C, N), sums 1."""
    rows = np.array(
        [np.exp(np.log(line.frames[run.start : run.stop, 1:] + FAINTEST).mean(0)) for run in ctc.spikes(line.frames)],
        np.float32,
    ).reshape(-1, len(line.alphabet))
    return np.asarray(rows / rows.sum(1, keepdims=True), np.float32)


def straight(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Slope and offset of the line through points, not all below one another, that is nearest to them."""
    middle, level = sum(x) / len(x), sum(y) / len(y)
    spread = sum((each - middle) ** 2 for each in x)
    slope = sum((a - middle) * (b - level) for a, b in zip(x, y, strict=True)) / spread if spread else 0.0
    return slope, level - slope * middle
