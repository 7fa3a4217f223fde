"""Measures holder names on cards drawn with faces and photographs that no training drew.

    apt install fonts-roboto-unhinted fonts-hack fonts-karla fonts-cantarell fonts-firacode lomiri-wallpapers-20.04
    .venv/bin/python bench/holders.py bench/results/holders.json --count 400 --seed 1

Each card is photographed at 1024 x 768 and goes the whole way: located in the picture and on the card cut out, and
where that gives no name on the card seen larger; read, judged. Only which line is the number's is known, since many
numbers are refused: where the reader does not see it, it is as it was drawn. Measured twice: with names as people have
them (names.txt; of the words that are no pinyin the table of spellings has none), and with letters at random, as names
are learned. ``characters``: the share of the names' characters that are right (1 - edit distance / length) in the best
text of the line that may be a name and has the name's middle in it, or its own in the name (what is located short is
followed to its ends), whatever its certainty; ``told``: of what the reader is sure of, how much and how much of it is
right. Cards whose number is refused tell no name, so those whose number is read are counted apart, and so are names
every letter of which shows: it changes the photograph by 8 of 255 levels at least.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from bankcard_ocr.engine import cards, names
from bankcard_ocr.engine.look import Look
from bankcard_ocr.engine.search import Search
from bankcard_ocr.errors import Refused
from bankcard_ocr.numbers import holder
from bankcard_ocr.reader import Reader
from bankcard_ocr.reading import Options, Seen
from bankcard_ocr.synth import card, glyphs, material, visible, words
from bankcard_ocr.synth.pixels import pick
from bankcard_ocr.vision import locate
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.model import Model

SIZE = {"width": 1024, "height": 768}
KINDS: tuple[locate.Kind, ...] = ("holder", "number")
NAMES = Path(__file__).with_name("names.txt")


def hold_out() -> None:
    """Draws from now on with what trainings never drew. Raises SystemExit where the machine has none of it."""
    faces, photographs = glyphs.fonts("held out"), material.photos(held_out=True)
    if not faces or not photographs:
        sys.exit("the packages named in this file's head are not installed")
    glyphs.fonts = lambda kind="print": faces if kind == "print" else ()  # type: ignore[assignment]
    material.photos = lambda: photographs  # type: ignore[assignment]


def named(rng: np.random.Generator, people: Sequence[str]) -> card.Card:
    """A lying card that bears a name, one of ``people``, or, without any, of those that readers of names learn from."""
    while True:
        drawn = card.sample(rng)
        lines = [line for line in drawn.lines if line.kind == "holder"]
        if len(lines) == 1 and drawn.size[0] > drawn.size[1]:
            (old,) = lines
            style = card.Style(relief=old.ink.relief, face=old.face, ink=old.ink)
            left, middle = float(old.middles[0, 0]) - old.height / 2, float(old.middles[0, 1])
            text = (pick(rng, people) if people else words.holder(rng)).upper()
            new = card.set_line(rng, "holder", text, style, height=old.height, left=left, middle=middle, longest=58)
            return replace(drawn, lines=card.legible([new if line is old else line for line in drawn.lines]))


def within(point: np.ndarray, quad: quads.Quad) -> bool:
    """Whether ``point`` (x, y) is inside of ``quad``."""
    x, y = (float(value) for value in point)
    return cv2.pointPolygonTest(np.asarray(quad, np.float32), (x, y), measureDist=False) >= 0


def is_of(located: quads.Quad, drawn: quads.Quad) -> bool:
    """Whether ``located`` is of the line that was ``drawn``: one has the other's middle in it."""
    first, second = quads.grow(located, 0.03, 0.3), quads.grow(drawn, 0.03, 0.3)
    return within(drawn.mean(0), first) or within(located.mean(0), second)


def nearest(
    located: Sequence[locate.Detection], drawn: quads.Quad, number: quads.Quad | None
) -> list[locate.Detection] | None:
    """The line among those ``located`` that is of the name ``drawn``; the nearest to it of several."""
    lines, middle = names.may_be_names(located, number=number), drawn.mean(0)
    held = [line for line in lines if any(is_of(one.quad, drawn) for one in line)]
    away = [min(float(np.linalg.norm(one.quad.mean(0) - middle)) for one in line) for line in held]
    return held[int(np.argmin(away))] if held else None


def read(reader: Reader, pixels: np.ndarray) -> tuple[bool, quads.Quad | None]:
    """Whether the reader tells the number of a picture (H, W, 3), RGB, and where it sees one."""
    picture = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    seen: Seen | None
    try:
        seen, is_told = reader.read(picture, Options(detail=True)), True
    except Refused as error:
        seen, is_told = error.seen, False
    place = None if seen is None else seen.number_quad
    return is_told, None if place is None else np.array(place, np.float32)


def distance(first: str, second: str) -> int:
    """Levenshtein's: the fewest characters to put in, take out or change."""
    row = list(range(len(second) + 1))
    for i, one in enumerate(first, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(second, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    hold_out()
    cv2.setNumThreads(1)
    people = NAMES.read_text(encoding="ascii").split("\n")[:-1]
    result = {
        "command": f"bench/holders.py --count {options.count} --seed {options.seed}",
        "faces": sorted({Path(face).stem for face in glyphs.fonts()}),
        "people": measured(options.seed, options.count, people),
        "letters_at_random": measured(options.seed, options.count, ()),
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def measured(seed: int, count: int, people: Sequence[str]) -> dict[str, object]:
    """The figures of ``count`` cards with names of ``people``, or of letters at random where there are none."""
    namer, reader = Model("holder"), Reader()
    figures = {"names": 0, "showing": 0, "located": 0, "told": 0, "told_right": 0}
    kinds = ("embossed", "flat", "on a located line", "with a number read", "where every letter shows")
    shares: dict[str, list[float]] = {kind: [] for kind in kinds}
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        drawn = named(rng, people)
        (line,) = (line for line in drawn.lines if line.kind == "holder")
        taken, faintest = visible.portrait(rng, drawn, "holder", scale=9.0, **SIZE)
        truth = [thing.quad for thing in taken.things if thing.kind == "holder"]
        if not truth:
            continue  # not in the picture
        wanted = holder.clean(line.text)
        if wanted is None:
            continue
        look = Look(recognizer=reader.recognizer, pixels=taken.pixels, options=Options(detail=True))
        search = Search(locator=reader.locator, look=look)
        detections = locate.locate(reader.locator, taken.pixels)
        nearer: list[locate.Detection] = []
        for found in cards.distinct(detections)[:1]:
            detections += search.closer(found.quad, kinds=KINDS, least=0.1, most=3)
            nearer = search.closer(found.quad, kinds=KINDS, least=0.1, most=3, side=locate.NEAR)
        number = next((thing.quad for thing in taken.things if thing.kind == "number"), None)
        is_read, seen = read(reader, taken.pixels)
        if number is not None and seen is not None and within(number.mean(0), seen):
            number = seen
        told = names.name(detections, taken.pixels, namer, closest=partial(list, nearer), number=number)
        near = nearest(detections, truth[0], number) or nearest(nearer, truth[0], number)
        figures["names"] += 1
        figures["showing"] += faintest >= visible.LEAST
        figures["located"] += bool(near)
        said = names.line_text(near, taken.pixels, namer, detections, number=number)[0] if near else ""
        text = holder.clean(said) or said
        share = max(0.0, 1 - distance(text, wanted) / len(wanted))
        shares["embossed" if line.ink.relief else "flat"].append(share)
        if near:
            shares["on a located line"].append(share)
        if faintest >= visible.LEAST:
            shares["where every letter shows"].append(share)
        if is_read:
            shares["with a number read"].append(share)
        figures["told"] += told is not None
        figures["told_right"] += told is not None and told.text == wanted
    every = shares["embossed"] + shares["flat"]
    return {
        **figures,
        "characters_percent": round(100 * float(np.mean(every)), 1),
        "characters_percent_by": {kind: round(100 * float(np.mean(part)), 1) for kind, part in shares.items()},
    }


if __name__ == "__main__":
    main()
