"""What is told of one picture: a line of names and values, the same names on every line.

First those that scripts rely on (:data:`FIXED`), then what the card says (:data:`CARD`), then whatever else the server
tells with ``detail=1``; null where unknown. On a refused picture only what was seen is told: places, warnings, cards.

``ms`` is from bytes in memory until the number is known, decoding included; ``detail_ms`` is what the rest of the card
took beyond it. What the number alone tells (bank, network) comes out of a table, after both.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from functools import cache
from typing import Any

from ..errors import BankcardError, Refused
from ..numbers import iin
from ..numbers.iin import Table
from ..numbers.masking import masked_name
from ..platform import codes
from ..platform import detail as details
from ..platform.disclosure import without_app
from ..reading import Options, PictureReader, Reading
from ..vision import files
from .inputs import Source

FIXED = ("file", "number", "confidence", "errcode", "errmsg", "ms", "candidates")
CARD = (
    "valid_date",
    "issue_date",
    "holder_name",
    *details.ISSUER,
    "warnings",
    "cards",
)
NUMBER_STAGES = ("decode", "read")  # of a reading's timings: what a reading of the number alone takes
_BLANK = Reading(
    number="4111111111111111", confidence=0.0, candidates=(), size=(1, 1), number_quad=((0.0, 0.0),) * 4
)  # names are the same for every card

Told = Mapping[str, Any]  # of a picture, or of one of its cards, by name


@cache
def names() -> tuple[str, ...]:
    """The names of a line, in its order."""
    more = details.details(_BLANK, iin.default(), 0.0)
    return tuple(dict.fromkeys((*FIXED, "detail_ms", *CARD, *more)))


def line(
    reader: PictureReader, source: Source, options: Options, *, max_bytes: int, table: Table, mask: bool = False
) -> tuple[Told, bytes]:
    """The line of one picture, and its bytes; what cannot be opened counts as no picture and has none.

    ``table`` tells the issuers. Of a picture over ``max_bytes`` one byte more is read, by which the ``reader`` knows to
    refuse it.
    """
    data, started = b"", time.perf_counter()
    try:
        data = source.read(max_bytes)
        started = time.perf_counter()
        reading = reader.read(data, options)
    except BankcardError as error:
        return _whole(
            masked_name(source.name) if mask else source.name, _ms(started), **_refused(error, mask=mask)
        ), data
    name = masked_name(source.name, _numbers(reading)) if mask else source.name
    return _whole(name, _ms(started), **_read(reading, table, mask=mask)), data


def further(told: Told) -> list[Told]:
    """The cards of a line beside the one whose number it tells; that one is among its ``cards``, once."""
    cards = list(told.get("cards") or ())
    alike = [place for place, card in enumerate(cards) if card.get("number") == told["number"]]
    where = told.get("number_position")
    here = [place for place in alike if cards[place].get("number_position") == where]
    own = (here or alike or [len(cards)])[0]
    return cards[:own] + cards[own + 1 :]


def rounded_down(confidence: float, places: int) -> Decimal:
    """``confidence`` with so many decimals; what is less than 1 is never told as 1."""
    return Decimal(str(confidence)).quantize(Decimal(1).scaleb(-places), ROUND_FLOOR)


def _numbers(reading: Reading) -> set[str]:
    found = {each.number for each in reading.candidates} | {card.number for card in reading.cards if card.number}
    return found | {reading.number}


def _whole(name: str, ms: float, **told: Any) -> Told:
    took = told.pop("timings", {})
    number_ms = sum(took.get(stage, 0.0) for stage in NUMBER_STAGES) or ms
    times = {"ms": round(number_ms, 3), "detail_ms": round(max(0.0, ms - number_ms), 3)}
    return {**dict.fromkeys(names()), "file": files.told(name), **told, **times}


def _read(reading: Reading, table: Table, *, mask: bool) -> dict[str, Any]:
    candidates = [{"number": each.number, "confidence": round(each.confidence, 6)} for each in reading.candidates]
    told = {
        "number": reading.number,
        "candidates": candidates,
        **details.details(reading, table, time.time()),
        "confidence": round(reading.confidence, 6),
        "errcode": 0,
        "errmsg": codes.message(0),
    }
    return {**_disclosed(told, mask=mask), "timings": reading.timings_ms}


def _refused(error: BankcardError, *, mask: bool) -> dict[str, Any]:
    """What is told all the same; another card of the picture may have been read."""
    code = codes.errcode(error)
    told = {
        "confidence": round(error.confidence, 6) if isinstance(error, Refused) else 0.0,
        "errcode": code,
        "errmsg": f"{codes.message(code)} hint: [{codes.hint(error)}]",
        "candidates": [],
        **(details.refused(error) if isinstance(error, Refused) else {}),
    }
    return _disclosed(told, mask=mask)


def _disclosed(told: Told, *, mask: bool) -> dict[str, Any]:
    return without_app("masked" if mask else "full").applied(told)


def _ms(started: float) -> float:
    return 1000 * (time.perf_counter() - started)
