"""Why a region's number is not told."""

from __future__ import annotations

import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import judge
from bankcard_ocr.engine.regions import Region

GIFT_CARD = "7110917582036641"


@pytest.mark.parametrize(
    ("texts", "is_cut", "cause"),
    [
        ([GIFT_CARD], False, "number unreadable: not as card numbers are"),
        (["352099001761481"], False, "number unreadable: not as card numbers are"),  # a telephone's
        ([GIFT_CARD], True, "number unreadable: at the edge, perhaps cut off"),
        ([GIFT_CARD, GIFT_CARD.replace("8", "3")], False, "number unreadable"),  # one as likely as the other
        (["4111111111111112"], False, "number unreadable"),  # an issuer's, whatever else speaks against it
        (["6202020202020202023"], False, "number unreadable"),
        ([f"{GIFT_CARD}001"], False, "number unreadable: not as card numbers are"),
    ],
)
def test_a_clear_number_that_is_no_card_s_is_told_apart(texts: list[str], is_cut: bool, cause: str):
    """Another picture would not help; of one that is not clear it may."""
    said = tuple((text, 1 / len(texts)) for text in texts)
    line = Said(said=said)
    region = Region(
        views=(line,), quad=np.zeros((4, 2), np.float32), candidates=judge.ranked([line]), score=1.0, is_cut=is_cut
    )

    assert cause == region.refusal().cause
