"""What ``detail=1`` adds to the reply: how sure, where everything stands, what else the card and its number say.

Names and shapes are the platform's (section 5 of the contract): snake_case, ``pos`` of four named corners in whole
pixels of the picture as sent. A field that the picture or the table does not tell is null; ``card_type`` is then
``unknown``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from .. import caution
from ..numbers.iin import Card, Match, Table
from ..reading import Field, FoundCard, Quad, Reading


def details(reading: Reading, table: Table, now: float) -> dict[str, Any]:
    """The fields, in the order people read them. ``now`` decides whether the card has expired."""
    match = table.lookup(reading.number)
    width, height = reading.size
    return {
        "confidence": round(reading.confidence, 6),
        "valid_date": reading.valid_date.text if reading.valid_date else None,
        "holder_name": reading.holder_name.text if reading.holder_name else None,
        **_issuer(match),
        "bin": match.prefix or None,
        "bin_table": {"version": table.version, "date": table.date},
        "bin_candidates": [_kind(card) for card in match.candidates] if len(match.candidates) > 1 else [],
        "issue_date": reading.issue_date.text if reading.issue_date else None,
        "number_position": _position(reading.number_quad),
        "digit_positions": list(_digits(reading)),
        "holder_name_position": _field_position(reading.holder_name),
        "valid_date_position": _field_position(reading.valid_date),
        "issue_date_position": _field_position(reading.issue_date),
        "holder_name_confidence": _field_confidence(reading.holder_name),
        "valid_date_confidence": _field_confidence(reading.valid_date),
        "issue_date_confidence": _field_confidence(reading.issue_date),
        "card_position": _position(reading.card_quad) if reading.card_quad else None,
        "img_size": {"w": width, "h": height},
        "warnings": warnings(reading, match, now),
        "cards": [_card(card) for card in reading.cards],
        "picture": reading.picture,
    }


def pictures(reading: Reading) -> dict[str, Any]:
    """What ``return`` asked for, base64 JPEG: ``card_picture``, ``number_picture``, ``redacted_picture``."""
    return {f"{name}_picture": b64encode(data).decode() for name, data in sorted(reading.pictures.items())}


def warnings(reading: Reading, match: Match, now: float) -> list[str]:
    """What a back end may want to know before it trusts the card; the operator's table and the call's time decide."""
    seen = [name for name in reading.warnings if name not in {"expired", "luhn_failed", "unknown_iin"}]
    valid = reading.valid_date.text if reading.valid_date else None
    told = caution.of_number(reading.number, match) + caution.of_date(valid, now) + caution.of_quad(reading.number_quad)
    return list(caution.ordered((*seen, *told)))


def _card(card: FoundCard) -> dict[str, Any]:
    return {
        "number": card.number,
        "confidence": round(card.confidence, 6),
        "refusal": card.refusal,
        "card_position": _position(card.card_quad) if card.card_quad else None,
        "number_position": _position(card.number_quad) if card.number_quad else None,
    }


def _issuer(match: Match) -> dict[str, Any]:
    """The issuer's name in Chinese where it has one, for the platform's users, and in English."""
    return {
        "bank_name": match.issuer_zh or match.issuer,
        "bank_name_en": match.issuer,
        "card_name": match.card_name,
        "card_type": match.type,
        "network": match.network,
    }


def _kind(card: Card) -> dict[str, Any]:
    return {
        "bank_name": card.issuer_zh or card.issuer,
        "bank_name_en": card.issuer,
        "card_name": card.card_name,
        "card_type": card.type,
        "network": card.network,
    }


def _field_position(text: Field | None) -> dict[str, Any] | None:
    return _position(text.quad) if text is not None and text.quad is not None else None


def _field_confidence(text: Field | None) -> float | None:
    return round(text.confidence, 6) if text is not None else None


def _digits(reading: Reading) -> Iterator[dict[str, Any]]:
    """The position of each digit, with its certainty where the reading has one."""
    sure = reading.digit_confidences or (None,) * len(reading.digit_quads)
    for quad, confidence in zip(reading.digit_quads, sure, strict=True):
        yield _position(quad) if confidence is None else {**_position(quad), "confidence": round(confidence, 6)}


def _position(quad: Quad) -> dict[str, Any]:
    names = ("left_top", "right_top", "right_bottom", "left_bottom")
    return {"pos": {name: {"x": round(x), "y": round(y)} for name, (x, y) in zip(names, quad, strict=True)}}
