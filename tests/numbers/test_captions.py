"""What cards say beside their holders' names."""

from __future__ import annotations

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.numbers import captions

SIGNS = string.ascii_uppercase + "$"


@pytest.mark.parametrize("word", ["VALID", "THRU", "MONTH", "YEAR", "BANK", "CARDHOLDER"])
def test_captions_are_likelier_than_letters_at_random(word: str):
    """By what one word of some seventy is likelier than one of as many letters; MONTH/YEAR are two."""
    whole = sum(captions.nats(word[:place], sign) for place, sign in enumerate(f"{word}$"))
    count = len({each for caption in captions.CAPTIONS for each in caption.split("/")})

    assert whole == pytest.approx((len(word) + 1) * math.log(27) - math.log(count))


@pytest.mark.parametrize(("word", "sign"), [("VAL", "X"), ("VALI", " "), ("VALID", "E"), ("ZHAN", "G"), ("", "Q")])
def test_what_no_caption_has_is_all_but_impossible(word: str, sign: str):
    assert captions.nats(word, sign) == captions.NEVER


@pytest.mark.parametrize("sign", [" ", "/", ".", "'", "-", "?"])
def test_signs_end_a_word_whichever_they_are(sign: str):
    """And tell nothing where none has begun."""
    assert captions.nats("CARD", sign) == captions.nats("CARD", "$") > 0
    assert captions.nats("", sign) == 0


@given(st.sampled_from(sorted(captions.CAPTIONS)), st.integers(0, 20))
def test_what_follows_is_one_of_all_signs(word: str, size: int):
    """Their chances sum to one."""
    begun = word.partition("/")[0][:size]
    following = [captions.nats(begun, sign) for sign in (SIGNS if begun else SIGNS[:-1])]

    assert sum(math.exp(each) / 27 for each in following) == pytest.approx(1, abs=1e-6)
