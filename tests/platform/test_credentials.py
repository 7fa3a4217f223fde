"""Secrets and tokens, and what alone of them is kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from bankcard_ocr.platform import credentials


def test_a_secret_is_known_again():
    """The right secret gives a key, another gives none."""
    kept = credentials.hashed("right")

    assert (32, None) == (len(credentials.verify("right", kept)), credentials.verify("wrong", kept))


def test_a_hash_counts_to_its_last_digit():
    """One that differs in that alone is another secret's."""
    kept = credentials.hashed("right")

    assert None is credentials.verify("right", kept[:-1] + ("1" if kept.endswith("0") else "0"))


def test_the_same_secret_is_never_kept_alike():
    """Each hash has a salt of its own, and the secret is in none."""
    first, second = credentials.hashed("the secret"), credentials.hashed("the secret")

    assert (True, False) == (first != second, "the secret" in first + second)


@settings(max_examples=5)
@given(st.text(min_size=1, max_size=20))
def test_any_text_may_be_a_secret(text: str):
    """Whatever characters a secret has, lone surrogates included, it is known again."""
    assert credentials.verify(text, credentials.hashed(text)) is not None


def test_a_guess_costs_16_mebibytes():
    """As RFC 7914 counts: 128 bytes times cost times block."""
    _, cost, block, lanes, _, _ = credentials.hashed("right").split("$")

    assert (16 * 2**20, 1) == (128 * int(cost) * int(block), int(lanes))


def test_two_secrets_are_checked_at_once(monkeypatch):
    """The memory of two is the most that wrong secrets in parallel cost."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def scrypt(_secret: bytes, **_how: object) -> bytes:
        begun.release()
        go_on.wait(10)
        return bytes(64)

    monkeypatch.setattr(credentials.hashlib, "scrypt", scrypt)
    with ThreadPoolExecutor(3) as pool:
        hashed = pool.map(credentials.hashed, ("a", "b", "c"))
        beginnings = [begun.acquire(timeout=seconds) for seconds in (10, 10, 0.2)]
        go_on.set()

    assert ([True, True, False], 3) == (beginnings, len(list(hashed)))


def test_the_hash_says_nothing_of_stable_tokens():
    """The key for stable tokens is not in what is kept."""
    kept = credentials.hashed("right")

    assert credentials.verify("right", kept).hex() not in kept


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.text(max_size=20))
def test_a_stable_token_comes_again_and_needs_no_escaping(key: bytes, appid: str, nonce: str):
    """The same key, appid and nonce give the same 128 characters, fit for a query string."""
    token = credentials.stable_token(key, appid, nonce)

    assert (token, 128, token) == (credentials.stable_token(key, appid, nonce), len(token), quote(token, safe=""))


def test_stable_tokens_differ_by_each_part():
    """Another key, appid or nonce gives another token."""
    key = bytes(32)
    tokens = {
        credentials.stable_token(key, "wx1", "1"),
        credentials.stable_token(key, "wx1", "2"),
        credentials.stable_token(key, "wx2", "1"),
        credentials.stable_token(bytes([1]) + key[1:], "wx1", "1"),
    }

    assert 4 == len(tokens)


def test_what_is_made_up_has_the_platforms_shape():
    """An appid is wx and 16 hex digits, a secret 32 hex digits, a token short enough for every client."""
    assert (18, "wx", 32, 128) == (
        len(credentials.new_appid()),
        credentials.new_appid()[:2],
        len(credentials.new_secret()),
        len(credentials.new_token()),
    )
