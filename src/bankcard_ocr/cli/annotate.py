"""A picture with what was read drawn on it: outlines of card, lines, digits and dates, and a label beside each.

The middle digits of every number, and security codes (on fronts where they are known to stand, on backs all but the
number), are covered unless asked for, in the picture and in its label. The copy has the picture's pixels alone,
upright, at the size it was read at: no metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any

import cv2
import numpy as np

from ..engine import evidence, rows
from ..numbers import pan
from ..platform.detail import CORNERS
from ..vision import back, image
from ..vision import quad as quads
from .lines import Told, further, rounded_down

COVER = (16, 21, 19)
INKS = {"card": (127, 208, 196), "number": (255, 200, 87), "digit": (255, 233, 184)}  # RGB, as on the page
LOOSE = 0.2  # of a line whose digits have no places, what is left open at each end: four or five digits
OTHER = (156, 199, 255)
Mask = np.ndarray[Any, np.dtype[np.uint8]]  # (H, W), 1 where something stands
_DIGITS = re.compile(r"\d(?:[\W_]*\d){11,}")
_STRANGE = re.compile(r"[^\w.]+")


def file_name(place: int, name: str) -> str:
    """What the copy of the ``place``-th picture, called ``name``, is called; of a card number in it nothing is left.

    >>> file_name(3, "scans/4111 1111 1111 1111 front.png")
    '00003-x-front.jpg'
    """
    stem = _STRANGE.sub("-", _DIGITS.sub("x", PurePath(name).stem))[:60].strip("-.")
    return f"{place:05}-{stem or 'card'}.jpg"


def annotated(data: bytes, told: Told, *, covered: bool = True) -> bytes:
    """The JPEG of the picture ``data`` with the fields of the line ``told`` drawn on it."""
    picture = image.decode(data, max_bytes=len(data))  # it was read already
    pixels = picture.pixels.copy()
    cards = [told, *further(told)]
    if covered:
        _cover_secrets(pixels, picture, cards)
    shown = [(card, *field) for card in cards for field in _outlines(card, picture.reduced, covered=covered)]
    for _, name, quad in shown:
        _outline(pixels, quad, INKS.get(name, OTHER))
    taken = _taken(pixels, [field for card in cards for field in _outlines(card, picture.reduced, covered=False)])
    for card, name, quad in shown:
        _label(pixels, taken, quad, _words(name, card, covered=covered), INKS.get(name, OTHER))
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
    return bytes(encoded.tobytes())


def _cover_secrets(pixels: image.Pixels, picture: image.Picture, cards: Sequence[Told]) -> None:
    """Covers what nobody shall see of ``cards``, of which the first is the one that the line tells of."""
    _cover(pixels, _middle(cards[0], picture.reduced))
    for card in cards:
        for quad in _codes(card, picture.reduced):
            _cover(pixels, quad)
        if _is_back(picture, card):
            _cover_back(pixels, card, picture.reduced)
    for card in cards[1:]:
        _cover(pixels, _secret(card, picture.reduced))


def _outlines(card: Told, reduced: int, *, covered: bool) -> Iterator[tuple[str, quads.Quad]]:
    """Name and quad of every field that has a position; of covered digits none."""
    digits = [_quad(position, reduced) for position in card.get("digit_positions") or ()]
    first, last = pan.visible_digits(len(digits))
    yield from (("digit", quad) for quad in (digits[:first] + digits[len(digits) - last :] if covered else digits))
    for name, value in card.items():
        if name.endswith("_position") and value:
            yield name.removesuffix("_position"), _quad(value, reduced)


def _middle(card: Told, reduced: int) -> quads.Quad | None:
    """The quad over the digits that a mask hides, a little larger than they are."""
    if not card.get("number_position"):
        return None
    digits = [_quad(position, reduced) for position in card.get("digit_positions") or ()]
    before, behind = pan.visible_digits(len(digits))
    if before:
        first, last = digits[before], digits[-behind - 1]
        return quads.grow(np.stack([first[0], last[1], last[2], first[3]]), 0.0, 0.25)
    line = _quad(card["number_position"], reduced)
    long, high = quads.sides(line)
    return quads.grow(line, -LOOSE if long > rows.LONGEST * high else 0.0, 0.1)  # the middle of each row else


def _secret(card: Told, reduced: int) -> quads.Quad | None:
    """What is covered of a further card: all of it where its number was not read, for that may stand anywhere."""
    if card.get("number") is None and card.get("card_position"):
        return _quad(card["card_position"], reduced)
    return _middle(card, reduced)


def _codes(card: Told, reduced: int) -> list[quads.Quad]:
    """Where the card may have a security code on its front."""
    if not card.get("number") or not card.get("number_position"):
        return []
    return evidence.codes_on_front(card["number"], _quad(card["number_position"], reduced))


def _is_back(picture: image.Picture, card: Told) -> bool:
    """Whether the card was located and shows its back."""
    if not card.get("card_position"):
        return False
    return back.is_back(evidence.rectified(picture.pixels, _quad(card["card_position"], picture.reduced))[0])


def _cover_back(pixels: image.Pixels, card: Told, reduced: int) -> None:
    """Covers all of a card but the line of its number: a security code stands somewhere beside it."""
    before = pixels.copy()
    _cover(pixels, quads.grow(_quad(card["card_position"], reduced), 0.02, 0.02))
    if card.get("number_position"):
        line = np.zeros(pixels.shape[:2], np.uint8)
        cv2.fillConvexPoly(line, _whole(quads.grow(_quad(card["number_position"], reduced), 0.02, 0.2)), 1)
        pixels[line > 0] = before[line > 0]


def _cover(pixels: image.Pixels, quad: quads.Quad | None) -> None:
    if quad is not None:
        cv2.fillConvexPoly(pixels, _whole(quad), COVER, lineType=cv2.LINE_AA)


def _words(name: str, card: Told, *, covered: bool) -> str:
    """What stands at a field: its value and, for a number, the certainty. OpenCV's fonts have ASCII only."""
    number = card.get("number") or ""
    shown = pan.mask(number) if covered and number.isdigit() else number
    words = {
        "number": f"{shown} {100 * rounded_down(card.get('confidence') or 0, 3):.1f}%" if number else "",
        "card": " ".join(filter(None, (card.get("bank_name_en"), card.get("network")))),
        "digit": "",
    }
    return words.get(name, str(card.get(name) or "")).encode("ascii", "ignore").decode()


def _thick(width: int) -> int:
    """How thick lines are on a picture of this width."""
    return max(1, round(width / 400))


def _outline(pixels: image.Pixels, quad: quads.Quad, ink: Sequence[int]) -> None:
    thick = _thick(pixels.shape[1])
    cv2.polylines(pixels, [_whole(quad)], isClosed=True, color=ink, thickness=thick, lineType=cv2.LINE_AA)


def _taken(pixels: image.Pixels, fields: Iterable[tuple[str, quads.Quad]]) -> Mask:
    """Where no label may stand: on all fields but cards, within which the others are."""
    taken = np.zeros(pixels.shape[:2], np.uint8)
    for name, quad in fields:
        if name != "card":
            _take(taken, quad)
    return taken


def _take(taken: Mask, quad: quads.Quad) -> None:
    """Marks ``quad`` with its outline and a pixel around that."""
    cv2.fillConvexPoly(taken, _whole(quad), 1)
    cv2.polylines(taken, [_whole(quad)], isClosed=True, color=1, thickness=_thick(taken.shape[1]) + 2)


def _label(pixels: image.Pixels, taken: Mask, quad: quads.Quad, words: str, ink: Sequence[int]) -> None:
    """Writes ``words`` at ``quad`` where nothing is ``taken``, and takes the place; nothing where there is no room."""
    if not words:
        return
    scale = max(0.4, pixels.shape[1] / 1600)
    (width, height), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, scale, 1)
    wide, high = min(width, pixels.shape[1]), min(height + 2 * below, pixels.shape[0])
    found = _free(taken, quad, wide, high)
    if found is None:
        return
    left, top = found
    _take(taken, quads.rectangle(wide, high) + np.array((left, top), np.float32))
    cv2.rectangle(pixels, (left, top), (left + wide - 1, top + high - 1), COVER, cv2.FILLED)
    cv2.putText(pixels, words, (left, top + below + height), cv2.FONT_HERSHEY_DUPLEX, scale, ink, 1, cv2.LINE_AA)


def _free(taken: Mask, quad: quads.Quad, width: int, height: int) -> tuple[int, int] | None:
    """Left and top of a free box: above ``quad``, else below it, else as near as can be; None where no room is."""
    bottom, right = taken.shape[0] - height, taken.shape[1] - width  # of what left and top may be
    gap = _thick(taken.shape[1]) + 2
    left = int(np.clip(quad[:, 0].min(), 0, right))
    above, below = int(quad[:, 1].min()) - gap - height, int(quad[:, 1].max()) + gap
    for top in (above, below):
        if 0 <= top <= bottom and not taken[top : top + height, left : left + width].any():
            return left, top
    sums = cv2.integral(taken)  # (H + 1, W + 1): of all that is above and left
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    step = max(1, height // 4)
    places = step * np.argwhere(inside[::step, ::step] == 0)
    if not len(places):
        return None
    top, left = places[np.abs(places - (above, left)).sum(axis=1).argmin()]
    return int(left), int(top)


def _quad(position: Told, reduced: int) -> quads.Quad:
    """A position of a reply, in the pixels of the reduced picture."""
    points = [(position["pos"][name]["x"], position["pos"][name]["y"]) for name in CORNERS]
    return np.asarray((np.array(points, np.float32) + 0.5) / reduced - 0.5, np.float32)


def _whole(quad: quads.Quad) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.rint(quad).astype(np.int32)
