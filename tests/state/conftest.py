"""The stores under test: each promise is kept by every one of them. A further store joins with one more parameter."""

from __future__ import annotations

import pytest

from bankcard_ocr.platform import state as states


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock(1732377000.0)  # 2024-11-23 23:50 in Beijing


@pytest.fixture(params=["sqlite"])
def url(request, tmp_path):
    """Where a fresh store of each kind is."""
    return {"sqlite": f"sqlite:///{tmp_path}/state.sqlite3"}[request.param]


@pytest.fixture
def store(url, clock):
    opened = states.connect(url, clock)
    yield opened
    opened.close()
