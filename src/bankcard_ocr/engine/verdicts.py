"""The cards in a picture, each with its own verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import NoCardFound
from ..reading import FoundCard
from ..vision import quad as quads
from . import cards
from .examined import SURELY_A_CARD, ExaminedPicture
from .regions import Region

Found = tuple[quads.Quad, FoundCard]


def of(shot: ExaminedPicture, *, least: float) -> tuple[FoundCard, ...]:
    """Every card of ``shot`` in reading order, told from a confidence of ``least`` on.

    A number on no located card is one, too. Cards without a number are told when they surely are some, beside those
    that were read: not what was located twice.
    """
    read: list[Found] = []
    unread: list[Found] = []
    bare: list[Found] = []  # numbers without a card around them
    free = list(shot.regions)
    for card in cards.distinct(shot.detections):
        here = [region for region in free if cards.lies_in(region.quad, card.quad)]
        free = [region for region in free if not any(region is other for other in here)]
        verdict = _verdict(shot, here, least)
        if verdict.number is not None:
            read.append((card.quad, verdict))
        elif card.score >= SURELY_A_CARD:
            unread.append((card.quad, verdict))
    for region in sorted(free, key=lambda region: -region.confidence):
        told = [quad for quad, _ in read + bare]
        if region.confidence >= least and cards.is_distinct(region.quad, told):
            bare.append((region.quad, _verdict(shot, [region], least)))
    read.sort(key=lambda one: -one[1].confidence)
    read = [one for index, one in enumerate(read) if _is_another(one, read[:index])]
    numbers = [each.number for _, each in read + bare]
    bare = [one for index, one in enumerate(bare, len(read)) if one[1].number not in numbers[:index]]
    for quad, each in unread:
        if cards.lies_beside(quad, [other for other, _ in read]):
            read.append((quad, each))
    found = [(quad, replace(each, card_quad=shot.as_sent(shot.outline(quad)))) for quad, each in read] + bare
    order = cards.reading_order([quad for quad, _ in found])
    return tuple(found[i][1] for i in order)


def surely_cards(shot: ExaminedPicture) -> int:
    """How many detections beside one another surely are cards, whatever their numbers."""
    found: list[quads.Quad] = []
    for detection in cards.distinct(shot.detections):
        if detection.score >= SURELY_A_CARD and cards.lies_beside(detection.quad, found):
            found.append(detection.quad)
    return len(found)


def _is_another(one: Found, surer: Sequence[Found]) -> bool:
    """Whether a card is none of the ``surer`` ones: of one with the same number it lies apart."""
    quad, card = one
    return cards.lies_beside(quad, [other for other, known in surer if known.number == card.number])


def _verdict(shot: ExaminedPicture, regions: Sequence[Region], least: float) -> FoundCard:
    """What ``regions``, all those on one card, say of it; where the card is comes when it is told."""
    best = max(regions, key=lambda region: region.evidence, default=None)
    if best is None:
        return FoundCard(number=None, confidence=0.0, refusal=NoCardFound().cause)
    shown = bool(best.candidates) and best.confidence >= least
    return FoundCard(
        number=best.number if shown else None,
        confidence=best.confidence,
        refusal=None if shown else best.refusal().cause,
        number_quad=shot.as_sent(best.text_quad),
    )
