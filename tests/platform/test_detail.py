"""What a reply carries beyond the number."""

from __future__ import annotations

import dataclasses

import pytest

from bankcard_ocr.errors import CardsDiffer, NoCardFound, NumberUnreadable
from bankcard_ocr.numbers.iin import Table
from bankcard_ocr.platform.detail import details, pictures, refused, warnings
from bankcard_ocr.reading import Candidate, Field, FoundCard, Reading, Seen

QUAD = ((10.0, 20.4), (110.6, 20.0), (110.0, 40.0), (10.0, 40.0))
UPSIDE_DOWN = (QUAD[2], QUAD[3], QUAD[0], QUAD[1])
SIDEWAYS = (QUAD[1], QUAD[2], QUAD[3], QUAD[0])
POSITION = {
    "pos": {
        "left_top": {"x": 10, "y": 20},
        "right_top": {"x": 111, "y": 20},
        "right_bottom": {"x": 110, "y": 40},
        "left_bottom": {"x": 10, "y": 40},
    }
}
TABLE = Table.load(
    b"""# version 2026.1
# date 2026-01-02
network unionpay | 16-19
  62
issuer Test Bank | \xe6\xb5\x8b\xe8\xaf\x95\xe9\x93\xb6\xe8\xa1\x8c
  620550 19 debit unionpay | \xe9\x87\x91\xe5\x8d\xa1
"""
)
NOW = 1732377000.0  # 2024-11-23 23:50 in Beijing


def reading(**changes) -> Reading:
    number = changes.get("number", "6205500000000000004")
    plain = Reading(
        number=number,
        confidence=0.9987654321,
        candidates=(Candidate(number=number, confidence=0.9987654321),),
        size=(640, 480),
        number_quad=QUAD,
        digit_quads=(QUAD,) * 2,
        card_quad=QUAD,
    )
    return dataclasses.replace(plain, **changes)


def dated(text: str) -> Reading:
    return reading(valid_date=Field(text=text, confidence=0.99, quad=QUAD))


def test_everything_known_is_told():
    """Confidence, dates, issuer, positions in whole pixels, in the platform's names."""
    found = details(dated("12/27"), TABLE, NOW)

    assert {
        "confidence": 0.998765,
        "valid_date": "12/27",
        "holder_name": None,
        "bank_name": "测试银行",
        "bank_name_en": "Test Bank",
        "card_name": "金卡",
        "card_type": "debit",
        "network": "unionpay",
        "bin": "620550",
        "bin_table": {"version": TABLE.version, "date": "2026-01-02"},
        "bin_candidates": [],
        "issue_date": None,
        "number_position": POSITION,
        "digit_positions": [POSITION, POSITION],
        "holder_name_position": None,
        "valid_date_position": POSITION,
        "issue_date_position": None,
        "holder_name_confidence": None,
        "valid_date_confidence": 0.99,
        "issue_date_confidence": None,
        "card_position": POSITION,
        "img_size": {"w": 640, "h": 480},
        "warnings": [],
        "cards": [],
        "picture": 0,
    } == found


def test_what_is_not_known_is_null():
    """An unknown issuer and a card without its border leave nulls, and unknown for the type."""
    found = details(reading(number="0000000000000000", card_quad=None), TABLE, NOW)

    assert (None, None, None, "unknown", None, None, None, None) == (
        found["bank_name"],
        found["bank_name_en"],
        found["card_name"],
        found["card_type"],
        found["network"],
        found["bin"],
        found["valid_date"],
        found["card_position"],
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (reading(), []),
        (dated("11/24"), []),
        (dated("10/24"), ["expired"]),
        (dated("12/23"), ["expired"]),
        (reading(number="6205500000000000005"), ["luhn_failed"]),
        (reading(number="0000000000000000"), ["unknown_iin"]),
        (reading(number_quad=UPSIDE_DOWN), ["not_upright"]),
        (reading(number_quad=SIDEWAYS), ["not_upright"]),
    ],
)
def test_warnings_are_given_when_they_hold(found: Reading, expected: list[str]):
    """Each warning comes for its reason and for no other."""
    assert expected == warnings(found, TABLE.lookup(found.number), NOW)


def test_every_card_is_told_with_its_verdict():
    """A card that was read has its number, one that was not the reason; places where they are known."""
    read = FoundCard(number="6205500000000000004", confidence=0.99, card_quad=QUAD, number_quad=QUAD)
    unread = FoundCard(number=None, confidence=0.2, refusal="number unreadable", card_quad=None, number_quad=QUAD)

    assert [
        {
            "number": "6205500000000000004",
            "confidence": 0.99,
            "refusal": None,
            "card_position": POSITION,
            "number_position": POSITION,
        },
        {
            "number": None,
            "confidence": 0.2,
            "refusal": "number unreadable",
            "card_position": None,
            "number_position": POSITION,
        },
    ] == details(reading(cards=(read, unread)), TABLE, NOW)["cards"]


def test_the_holder_is_told_with_its_place():
    """The name and where it stands."""
    found = details(reading(holder_name=Field(text="ANNA ROSSI", confidence=0.9, quad=QUAD)), TABLE, NOW)

    assert ("ANNA ROSSI", POSITION) == (found["holder_name"], found["holder_name_position"])


def test_pictures_asked_for_are_in_the_reply():
    """Each as the base64 of its JPEG."""
    asked = pictures(reading(pictures={"card": b"\xff\xd8card"}))

    assert ({"card_picture": "/9hjYXJk"}, {}) == (asked, pictures(reading()))


def test_what_the_reader_warns_of_is_passed_on():
    """In the order of the contract; what depends on table and time is decided anew."""
    seen = reading(number="0000000000000000", warnings=("glare", "expired", "blurred"))

    assert ["blurred", "glare", "unknown_iin"] == warnings(seen, TABLE.lookup(seen.number), NOW)


def test_details_are_asked_for(platform):
    """With detail=1 they are in the reply and asked of the reader; without, neither."""
    with_details = platform.read(detail="1")
    without = platform.read()

    assert (True, False, [True, False]) == (
        "bank_name" in with_details,
        "bank_name" in without,
        [options.detail for _, options in platform.reader.seen],
    )


def test_a_call_has_one_clock(platform):
    """The reader judges dates at the time of the call, as the reply's warnings do."""
    platform.read(detail="1")

    assert [NOW] == [options.now for _, options in platform.reader.seen]


def test_digits_have_their_certainty():
    """Where the reading tells how surely each digit was seen, so do their positions."""
    found = details(reading(digit_confidences=(0.5, 0.9876543)), TABLE, NOW)

    assert [{**POSITION, "confidence": 0.5}, {**POSITION, "confidence": 0.987654}] == found["digit_positions"]


def test_a_refusal_tells_what_was_seen():
    """Where things are, what to be warned of, how sure the best candidate was: nothing of the number itself."""
    error = NumberUnreadable(digits=(7,), confidence=0.4)
    error.seen = Seen(
        size=(640, 480),
        number_quad=QUAD,
        cards=(FoundCard(number=None, confidence=0.4, refusal=error.cause, number_quad=QUAD),),
        warnings=("glare",),
        picture=1,
    )
    card = {"number": None, "confidence": 0.4, "refusal": error.cause, "card_position": None}

    assert {
        "confidence": 0.4,
        "number_position": POSITION,
        "card_position": None,
        "img_size": {"w": 640, "h": 480},
        "cards": [{**card, "number_position": POSITION}],
        "picture": 1,
        "warnings": ["glare"],
    } == refused(error)


@pytest.mark.parametrize("error", [CardsDiffer(), NoCardFound()])
def test_a_refusal_that_saw_nothing_tells_nothing(error):
    """Without details, or where several cards were shown."""
    assert {} == refused(error)
