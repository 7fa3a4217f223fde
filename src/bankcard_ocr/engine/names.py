"""The holder's name on a card, read with certainty or not told.

Quads are in pixels of the picture that was read.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from ..numbers import holder
from ..vision import ctc, quality, recognize
from ..vision import quad as quads
from ..vision.locate import Detection
from ..vision.model import Model
from ..vision.quad import Image, Quad
from ..vision.recognize import Character, Line
from . import cards, spelled

SURE = 0.6  # the least probability of a name that is told, and...
UNUSUAL = 0.75  # ... of one unlike names: of 801 told on drawn cards 26 are wrong (bench/results/holders.json)
FAINT = 0.2  # a line that says names less surely at first is not read on
WIDEST = 720  # pixels of a name's strip: the longest names are still squeezed a little
MOST = 10  # lines that may be one, some of them located twice
BEYOND = 4.0  # characters' pitches on either side of a name that are looked at
MOST_PARTS = 4  # so often, since words follow words
LOOSE = (0.2, 0.5)  # of a name's height, above and below it, when it is read once more and once again
NEXT = 1.5  # characters' pitches on either side of a name that no finger may cover
COVERED = 0.6  # of that, at most
SAME = 0.5  # of the smaller of two that lies in the larger, at least, where both are one line
SPACE = " "
WIDER, TIMES = 0.05, 1.5  # a space is as much of a name's height wider, and so many times as wide, as letters are apart
AROUND = 0.35  # of a line's height, above and below it, when it is read anew where a few of its letters show it
ASKEW = 20.0  # degrees by which a line may be located askew from the number; more is another way round
LARGE = 1.25  # times as large or as small as a line's characters one is that goes on with it, at most
ASIDE = 0.45  # of its height by which a line that says little may be located too high or too low

Located = list[Detection]  # where one line is located, once or several times, the likeliest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name, the probability that it is right, and where it stands."""

    text: str
    probability: float
    quad: Quad


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """How lines of letters in a picture are read: as they are, or with their faint parts as clear as the others.

    What stands beside the ``card`` is no part of them. They lie as the ``number`` does. ``prior``: what names are like
    counts.
    """

    pixels: Image
    model: Model
    is_even: bool = False
    card: Quad | None = None
    number: Quad | None = None
    prior: bool = True

    def read(self, quad: Quad) -> Line:
        """A line in its own proportions; the reader of names is trained with strips of 480 pixels."""
        long, high = quads.sides(quad)
        frames = round(recognize.HEIGHT * long / max(high, 1.0) / recognize.STRIDE)
        width = int(np.clip(frames * recognize.STRIDE, 64, WIDEST))
        strip = recognize.strip(self.pixels, quad, width)
        line = _closed_up(recognize.recognize(self.model, [recognize.evened(strip) if self.is_even else strip])[0])
        return line if self.card is None or not line.characters else _on(self.card, line, quad)

    def texts(self, line: Line) -> recognize.Texts:
        """What ``line`` may say, the most probable first."""
        return spelled.texts(line) if self.prior else line.texts


def _closed_up(line: Line) -> Line:
    """``line`` without the spaces that are hardly wider than what is between its letters: M O N G set wide."""
    letters = [place for place, char in enumerate(line.characters) if char.text != SPACE]
    if len(letters) < recognize.FEWEST or len(letters) == len(line.characters):
        return line
    chars, spikes = line.characters, ctc.spikes(line.frames)
    pairs = list(itertools.pairwise(letters))
    gaps = [chars[b].x - chars[b].width / 2 - chars[a].x - chars[a].width / 2 for a, b in pairs]
    usual = median([gap for (a, b), gap in zip(pairs, gaps, strict=True) if b == a + 1] or [min(gaps)])
    high = median([chars[place].height for place in letters])
    least = max(usual + WIDER * high, TIMES * usual)
    joined = [(a, b) for (a, b), gap in zip(pairs, gaps, strict=True) if b > a + 1 and gap < least]
    if not joined:
        return line
    frames, space = line.frames.copy(), 1 + line.alphabet.index(SPACE)
    for a, b in joined:
        between = slice(spikes[a].stop, spikes[b].start)
        frames[between, ctc.BLANK] += frames[between, space]
        frames[between, space] = 0
    gone = {place for a, b in joined for place in range(a + 1, b)}
    kept = tuple([char for place, char in enumerate(chars) if place not in gone])
    return replace(line, frames=frames, characters=kept)


def _on(card: Quad, line: Line, quad: Quad) -> Line:
    """``line``, read under ``quad``, without the characters that do not stand on ``card``."""
    middles = np.array([(char.x, char.y) for char in line.characters], np.float32)
    on_card = quads.project(recognize.in_picture(middles, quad, line), quads.homography(card, quads.UNIT))
    is_on = (np.abs(on_card - 0.5) <= 0.5 + cards.MARGIN).all(1)
    if is_on.all():
        return line
    return replace(line, characters=tuple([line.characters[place] for place in np.flatnonzero(is_on)]))


def _look(
    line: Located, pixels: Image, model: Model, on: Sequence[Detection], *, number: Quad | None, prior: bool
) -> Letters:
    """How to read a line, which stands on one of the cards ``on`` perhaps, and beside the ``number``."""
    card = next((card.quad for card in on if cards.lies_in(line[0].quad, card.quad)), None)
    return Letters(pixels=pixels, model=model, card=card, number=number, prior=prior)


def name(
    detections: Sequence[Detection],
    pixels: Image,
    model: Model,
    *,
    closest: Callable[[], Sequence[Detection]] = tuple,
    number: Quad | None = None,
    prior: bool = True,
) -> Name | None:
    """The holder's name, the surest of the lines that may be one. ``number`` is where the card's number stands.

    ``closest`` locates the lines anew where none of ``detections`` is a name. ``prior``: what names are like counts.
    """
    seen = cards.distinct(detections)
    surest = _surest(detections, seen, pixels, model, number=number, prior=prior)
    if surest is None:
        surest = _surest([*seen, *closest()], seen, pixels, model, number=number, prior=prior)
    return None if surest is None or _is_under_a_hand(surest, pixels) else surest


def _surest(
    located: Sequence[Detection],
    on: Sequence[Detection],
    pixels: Image,
    model: Model,
    *,
    number: Quad | None,
    prior: bool,
) -> Name | None:
    """The surest name among the lines ``located``, which stand on the cards ``on`` perhaps."""
    surest: Name | None = None
    for line in may_be_names(located, number=number):
        look = _look(line, pixels, model, on, number=number, prior=prior)
        found = _name(line, look, least=surest.probability if surest else SURE)
        if found is not None and (surest is None or found.probability > surest.probability):
            surest = found
    return surest


def _is_under_a_hand(found: Name, pixels: Image) -> bool:
    """Whether a finger lies where the name may go on."""
    return quality.hand_beside(pixels, found.quad, NEXT / len(found.text)) > COVERED


def may_be_names(detections: Sequence[Detection], *, number: Quad | None = None) -> list[Located]:
    """The lines that may be a name, the likeliest first: one where most cards have the number is located as one.

    Where the card is in view on which the ``number`` stands, they stand on it, too.
    """
    found = [detection for detection in detections if detection.kind in {"holder", "number"}]
    if number is not None:
        card = cards.around(number, detections)
        found = [
            line
            for line in found
            if (line.kind == "holder" or not _in_one_line(line.quad, number))
            and (card is None or cards.lies_in(line.quad, card))
        ]
    lines: list[Located] = []
    for detection in sorted(found, key=lambda detection: -detection.score)[:MOST]:
        same = next((line for line in lines if _is_same(line[0].quad, detection.quad)), None)
        if same is None:
            lines.append([detection])
        else:
            same.append(detection)
    return lines


def _is_same(first: Quad, second: Quad) -> bool:
    """Whether two are where one line is located, more or less of it, and read the same way."""
    (start, end), (begin, last) = quads.ends(first), quads.ends(second)
    return float((end - start) @ (last - begin)) > 0 and quads.overlap(first, second) > SAME


def _in_one_line(first: Quad, second: Quad) -> bool:
    """Whether the middle of the first is in the second, or nearly."""
    start, end = quads.ends(second)
    long, high = max(1.0, float(np.linalg.norm(end - start))), quads.sides(second)[1]
    x, y = (float(v) for v in first.mean(0) - second.mean(0))
    along, up = (float(v) for v in (end - start) / long)
    return abs(x * along + y * up) < 0.5 * max(long, quads.sides(first)[0]) and abs(y * along - x * up) < 0.6 * high


def _name(located: Located, look: Letters, *, least: float) -> Name | None:
    """The name on a line, when it is one and read as surely as ``least``; one that is none, or cannot be, is left."""

    def is_name(text: str) -> bool:
        cleaned = holder.clean(text)
        if cleaned is None or recognize.HIDDEN in text or holder.may_be_initials(cleaned):
            return False
        return not (holder.may_be_digits(cleaned) and any(detection.kind == "number" for detection in located))

    said = _Said()
    for texts, quad, left in _readings(located, look):
        said.add(texts, quad)
        unlisted = sum([texts[-1][1] for texts, _ in said.readings])  # or less
        likeliest = max([unlisted, *(chance for text, chance in said.chances.items() if is_name(text))])
        count = len(said.readings)
        if count == 1 and likeliest < FAINT:
            return None
        if likeliest + left < least * (count + left):
            return None  # though all other readings were certain of it
    text, probability, quad = said.best()
    cleaned = holder.clean(text)
    if cleaned is None or not is_name(text) or probability < least:
        return None
    if look.prior and probability < UNUSUAL and holder.is_unusual(cleaned):
        return None
    return Name(text=cleaned, probability=probability, quad=quad)


def line_text(
    line: Located,
    pixels: Image,
    model: Model,
    beside: Iterable[Detection] = (),
    *,
    number: Quad | None = None,
    prior: bool = True,
) -> tuple[str, float, Quad]:
    """What a line most probably says, how probably, and where it is.

    ``beside``: what else was located, of which the card bounds the line. ``number``, ``prior``: as in :func:`name`.
    """
    said = _Said()
    look = _look(line, pixels, model, cards.distinct(beside), number=number, prior=prior)
    for texts, quad, _ in _readings(line, look):
        said.add(texts, quad)
    return said.best()


class _Said:
    """What a line says in several readings, each of texts and where it was read."""

    def __init__(self) -> None:
        self.readings: list[tuple[recognize.Texts, Quad]] = []
        self.chances: defaultdict[str, float] = defaultdict(float)  # sums of a text's probabilities

    def add(self, texts: recognize.Texts, quad: Quad) -> None:
        self.readings.append((texts, quad))
        for text, probability in texts:
            self.chances[text] += probability

    def best(self) -> tuple[str, float, Quad]:
        """The likeliest text, the mean of its probabilities, and where it was the likeliest first."""
        text = max(self.chances, key=self.chances.__getitem__)
        quad = next((quad for texts, quad in self.readings if texts[0][0] == text), self.readings[0][1])
        return text, self.chances[text] / len(self.readings), quad


def _readings(line: Located, look: Letters) -> Iterator[tuple[recognize.Texts, Quad, int]]:
    """What a line says as it is and with even contrast, from where it is located and from there as the number lies.

    One that is located twice is followed from both places, and each time read in three framings. With where it was
    followed to, and how many readings are left.
    """
    first, second = line[0].quad, line[min(1, len(line) - 1)].quad
    starts = [first] if look.number is None else [first, quads.along(second, look.number, most=ASKEW)]
    looks = [look, replace(look, is_even=True)]
    left = len(looks) * len(starts) * (1 + len(LOOSE))
    for way, start in itertools.product(looks, starts):
        seen, followed = _followed(start, way)
        left -= 1
        yield way.texts(seen), followed, left
        for loose in LOOSE:
            left -= 1
            framed = recognize.framed(seen, followed, loose=loose, spare=0.2)
            if framed is not None:
                yield way.texts(way.read(framed)), followed, left


def _followed(quad: Quad, look: Letters) -> tuple[Line, Quad]:
    """A line framed anew by where its characters stand; as long names are located short, it is followed to its ends."""
    quad, line = _seen(quads.grow(quad, 0.03, 0.3), look)
    framed = recognize.framed(line, quad, spare=0.8)
    if framed is not None:
        quad, line = framed, look.read(framed)
    for _ in range(MOST_PARTS):
        more = BEYOND / max(recognize.FEWEST, len(line.characters))
        wide = quads.grow(quad, more, 0.0)
        whole = look.read(wide)
        longer = _extended(whole, more)
        framed = recognize.framed(longer, wide, spare=0.0) if longer else None
        if framed is None:
            break
        quad, line = framed, look.read(framed)
    return line, quad


def _seen(quad: Quad, look: Letters) -> tuple[Quad, Line]:
    """A line read where it was located, or above or below that where it says little or nothing there.

    Few characters are seen of one that is located too high, too low or too narrow: they show by how much. (With even
    contrast there is always something.)
    """
    line = look.read(quad)
    if len(line.characters) < recognize.FEWEST and not look.is_even:
        places = [_raised(quad, by) for by in (-ASIDE, ASIDE)]
        seen = [(quad, line), *((place, look.read(place)) for place in places)]
        quad, line = max(seen, key=lambda each: sum(char.probability for char in each[1].characters))
    if 0 < len(line.characters) < recognize.FEWEST:
        middle = median([char.y for char in line.characters]) / recognize.HEIGHT
        half = (0.5 + AROUND) * median([char.height for char in line.characters]) / recognize.HEIGHT
        quad = quads.part(quad, 0.0, middle - half, 1.0, middle + half)
        line = look.read(quad)
    return quad, line


def _raised(quad: Quad, by: float) -> Quad:
    """``quad`` moved up by so many of its heights."""
    return quads.part(quad, 0.0, -by, 1.0, 1.0 - by)


def _extended(whole: Line, more: float) -> Line | None:
    """The line in the middle of ``whole`` with what goes on with it; None where nothing does.

    ``more`` is how much was added at either end, in lengths of what was there before. A character goes on with a line
    that is as near, as large and as level as the line's own.
    """
    characters, width = whole.characters, whole.width
    left, right = more / (1 + 2 * more) * width, (1 + more) / (1 + 2 * more) * width
    inner = [index for index, char in enumerate(characters) if left <= char.x <= right]
    if len(inner) < 2:
        return None
    own = [characters[index] for index in inner]
    pitch, high = median(recognize.steps(own)), median([char.height for char in own])
    slope, offset = recognize.straight([char.x for char in own], [char.y for char in own])

    def adjoins(char: Character, next_to: Character) -> bool:
        near = abs(char.x - next_to.x) <= 1.6 * pitch and char.probability >= 0.5
        large = high / LARGE <= char.height <= LARGE * high
        return near and large and abs(char.y - slope * char.x - offset) < 0.35 * high

    first, last = inner[0], inner[-1]
    while first > 0 and adjoins(characters[first - 1], characters[first]):
        first -= 1
    while last + 1 < len(characters) and adjoins(characters[last + 1], characters[last]):
        last += 1
    if first == inner[0] and last == inner[-1]:
        return None
    return replace(whole, characters=characters[first : last + 1])
