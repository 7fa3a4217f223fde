"""How many pictures are read at once, and who may wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from bankcard_ocr.errors import Busy
from bankcard_ocr.server.gate import Gate


def test_a_wait_and_a_reading_are_each_within_what_is_given_for_it():
    """Entered when it begins and left when it ends, failed or not; who finds a place free has not waited."""
    told: list[str] = []

    @contextmanager
    def within(what: str) -> Iterator[None]:
        told.append(what)
        try:
            yield
        finally:
            told.append(f"no more {what}")

    class Again:
        def read(self, data, options=None):
            return gate.read(data)  # which waits for itself, in vain

    gate = Gate(Again(), 1, 0.01, waiting=partial(within, "waiting"), reading=partial(within, "reading"))
    with pytest.raises(Busy):
        gate.read(b"")

    assert ["reading", "waiting", "no more waiting", "no more reading"] == told
