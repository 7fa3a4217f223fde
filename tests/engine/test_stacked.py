"""A number in several rows, as the search finds it: from a row, from short lines, from a block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from said import Said, region, spelled

from bankcard_ocr.engine import rows
from bankcard_ocr.engine.look import Look
from bankcard_ocr.engine.stacked import Stack
from bankcard_ocr.reading import Options
from bankcard_ocr.vision import locate, profile
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.locate import Detection
from bankcard_ocr.vision.recognize import Character

NUMBER = "6200000000000005"  # a published test number
OTHER = "4111111111111111"  # another
BLOCK = quads.rectangle(300, 300) + np.float32([250, 200])  # on a part of the card of the picture
CARD = Detection(kind="card", quad=quads.rectangle(856, 540) + np.float32([200, 130]), score=0.9)
ELSEWHERE = replace(CARD, quad=CARD.quad + np.float32([600, 0]))


def of(*cards: Detection) -> Stack:
    """Rows in a picture with ``cards``."""
    look = Look(recognizer=None, pixels=np.zeros((800, 1280, 3), np.uint8), options=Options())
    return Stack(locator=None, look=look, cards=cards)


def row_of_four(said: str) -> rows.Row:
    """A row whose view says the whole number, as if all were joined."""
    digits = tuple(Character(text=each, probability=0.99, x=9, y=24, width=9, height=24) for each in said[-4:])
    return rows.Row(quad=BLOCK, line=Said(said=((said, 0.999),), characters=digits))


@pytest.mark.parametrize(
    ("said", "on", "told"),
    [
        (NUMBER, [CARD], NUMBER),  # nothing covers a fifth row
        (OTHER, [CARD], OTHER),
        (OTHER, [], None),  # no card is there
        (OTHER, [ELSEWHERE], None),
        ("4111111111111112", [CARD], None),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("seen_at", [None, locate.FILLED])
def test_a_number_in_rows_is_told_where_it_is_whole(
    monkeypatch, said: str, on: list[Detection], told: str | None, is_turned: bool, seen_at: int | None
):
    """And stands on a card; the rows may run against the way they were taken to, and be seen small only."""
    lines = [quads.rectangle(200, 40) + np.float32([450, 320 + 60 * row]) for row in range(4)]
    block = Detection(kind="number", quad=BLOCK, score=0.5)
    monkeypatch.setattr(locate, "blocks", lambda *_, side: [block] if side == seen_at else [])
    monkeypatch.setattr(profile, "lines", lambda *_: iter([lines]))
    there = [quads.turn(line, 2) for line in reversed(lines)] if is_turned else lines

    def among(seen: list[quads.Quad], _read: object):
        return [[row_of_four(said)]] if np.array_equal(seen, there) else []

    monkeypatch.setattr(rows, "read_again", lambda seen, _: seen)
    monkeypatch.setattr(rows, "among", among)
    monkeypatch.setattr(rows, "joined", lambda several: several[0])

    found = of(*on)._of_blocks()

    assert told == (found and found.number)


@pytest.mark.parametrize(("said", "told"), [(OTHER, OTHER), (NUMBER, NUMBER), ("4111111111111112", None)])
def test_a_number_of_which_a_row_was_found_is_told_where_it_is_proven(monkeypatch, said: str, told: str | None):
    """Else, and where no row was found, what the blocks say."""
    in_blocks = region(f"{OTHER}000", 0.9)
    monkeypatch.setattr(rows, "is_row", lambda _: True)
    monkeypatch.setattr(rows, "all_of", lambda *_: [row_of_four(said)])
    monkeypatch.setattr(rows, "joined", lambda several: several[0])
    monkeypatch.setattr(Stack, "_of_blocks", lambda _: in_blocks)

    found, instead = (of().of_rows(here, []) for here in ([region(said, 0.0)], []))

    assert (told or in_blocks.number, in_blocks) == (found and found.number, instead)


def test_no_rows_are_looked_for_where_a_line_is(monkeypatch):
    """Though it gives no number: as a rule they would be looked for in all pictures of which none is told."""
    monkeypatch.setattr(Stack, "_of_blocks", lambda _: region(OTHER, 0.9))
    part, line = (spelled(OTHER[:count], 0.0) for count in (rows.MOST, rows.MOST + 1))

    assert (OTHER, None) == (of().of_rows([part], []).number, of().of_rows([part, line], []))


def test_short_lines_are_read_from_the_uppermost(monkeypatch):
    """In whichever order they were located; long ones are none of a number's rows, and one is no number."""
    upper, lower = (
        Detection(kind="number", quad=quads.rectangle(200, 40) + np.float32((450, y)), score=0.9) for y in (320, 380)
    )
    long = replace(upper, quad=quads.rectangle(600, 40) + np.float32((300, 350)))
    joined: list[rows.Row] = []
    monkeypatch.setattr(Look, "line", lambda *_: Said())
    monkeypatch.setattr(rows, "joined", lambda several: (joined.extend(several), several[0])[1])

    assert of().of_short([lower, long, upper]) is not None
    assert [340, 400] == [round(float(row.quad[:, 1].mean())) for row in joined]
    assert of().of_short([upper, long]) is None
