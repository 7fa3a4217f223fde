"""What ``detail=1`` adds to the reply: how sure, where everything stands, what else the card and its number say.

Names and shapes are those of docs/http.md, *detail=1*: snake_case, ``pos`` of four named corners in whole
pixels of the picture as sent. A field that the picture or the table does not tell is null; ``card_type`` is then
``unknown``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from .. import caution
from ..errors import Refused
from ..numbers.iin import Card, Match, Table
from ..reading import Field, FoundCard, Quad, Reading, Seen

ISSUER = ("bank_name", "bank_name_en", "card_name", "card_type", "network", "bin")  # what the number alone tells
CORNERS = ("left_top", "right_top", "right_bottom", "left_bottom")  # of a position, in the order of a quad


def details(reading: Reading, table: Table, now: float) -> dict[str, Any]:
    """The fields, in the order people read them. ``now`` decides whether the card has expired."""
    match = table.lookup(reading.number)
    return {
        "confidence": round(reading.confidence, 6),
        "valid_date": reading.valid_date.text if reading.valid_date else None,
        "holder_name": reading.holder_name.text if reading.holder_name else None,
        **issuer(match),
        "bin_table": {"version": table.version, "date": table.date},
        "bin_candidates": [_issuer(card) for card in match.candidates] if len(match.candidates) > 1 else [],
        "issue_date": reading.issue_date.text if reading.issue_date else None,
        "digit_positions": list(_digits(reading)),
        "holder_name_position": _field_position(reading.holder_name),
        "valid_date_position": _field_position(reading.valid_date),
        "issue_date_position": _field_position(reading.issue_date),
        "holder_name_confidence": _field_confidence(reading.holder_name),
        "valid_date_confidence": _field_confidence(reading.valid_date),
        "issue_date_confidence": _field_confidence(reading.issue_date),
        **_seen(reading),
        "warnings": warnings(reading, match, now),
    }


def issuer(match: Match) -> dict[str, Any]:
    """The fields ISSUER; ``bin`` are the digits that tell the rest, as many as the table has."""
    return {**_issuer(match), "bin": match.prefix or None}


def refused(error: Refused) -> dict[str, Any]:
    """The fields of a refusal: what was seen though the number is not told, and how sure the best candidate was."""
    if error.seen is None:
        return {}
    confidence = round(error.confidence, 6)
    return {"confidence": confidence, **_seen(error.seen), "warnings": list(error.seen.warnings)}


def _seen(seen: Seen) -> dict[str, Any]:
    width, height = seen.size
    return {
        "number_position": _maybe_position(seen.number_quad),
        "card_position": _maybe_position(seen.card_quad),
        "img_size": {"w": width, "h": height},
        "cards": [_card(card) for card in seen.cards],
        "picture": seen.picture,
    }


def pictures(seen: Seen) -> dict[str, Any]:
    """What ``return`` asked for, base64 JPEG: ``card_picture``, ``number_picture``, ``redacted_picture``."""
    return {f"{name}_picture": b64encode(data).decode() for name, data in sorted(seen.pictures.items())}


def warnings(reading: Reading, match: Match, now: float) -> list[str]:
    """What a back end may want to know before it trusts the card; the operator's table and the call's time decide."""
    measured = [name for name in reading.warnings if name in caution.MEASURED]
    return list(caution.ordered((*measured, *caution.of_reading(reading, now=now, match=match))))


def _card(card: FoundCard) -> dict[str, Any]:
    return {
        "number": card.number,
        "confidence": round(card.confidence, 6),
        "refusal": card.refusal,
        "card_position": _maybe_position(card.card_quad),
        "number_position": _maybe_position(card.number_quad),
    }


def _issuer(match: Match | Card) -> dict[str, Any]:
    """The issuer's name in Chinese where it has one, for the platform's users, and in English."""
    return {
        "bank_name": match.issuer_zh or match.issuer,
        "bank_name_en": match.issuer,
        "card_name": match.card_name,
        "card_type": match.type,
        "network": match.network,
    }


def _field_position(text: Field | None) -> dict[str, Any] | None:
    return _maybe_position(text.quad) if text is not None else None


def _field_confidence(text: Field | None) -> float | None:
    return round(text.confidence, 6) if text is not None else None


def _digits(reading: Reading) -> Iterator[dict[str, Any]]:
    """The position of each digit, with its certainty where the reading has one."""
    sure = reading.digit_confidences or (None,) * len(reading.digit_quads)
    for quad, confidence in zip(reading.digit_quads, sure, strict=True):
        yield _position(quad) if confidence is None else {**_position(quad), "confidence": round(confidence, 6)}


def _maybe_position(quad: Quad | None) -> dict[str, Any] | None:
    return None if quad is None else _position(quad)


def _position(quad: Quad) -> dict[str, Any]:
    return {"pos": {name: {"x": round(x), "y": round(y)} for name, (x, y) in zip(CORNERS, quad, strict=True)}}
