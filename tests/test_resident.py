"""How much memory a process holds."""

from __future__ import annotations

import os
import sys

import pytest

from bankcard_ocr.resident import resident_bytes

LINUX = sys.platform.startswith("linux")


@pytest.mark.parametrize("pid", [None, os.getpid()], ids=["itself", "by its number"])
def test_a_process_holds_memory(pid) -> None:
    """At least a megabyte where the system tells, and never less than none."""
    assert LINUX == (resident_bytes(pid) > 1e6)


def test_a_process_that_is_not_there_holds_none() -> None:
    """What ended between two looks is no error: process numbers end at 2**22."""
    assert 0 == resident_bytes(2**22 + 1)
