"""One call on its way through the platform: what it is, how far it came, and how long each stage took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .wire import Request


@dataclass(slots=True, kw_only=True)
class Call:
    """A request, its id and the Unix time at which it came; ``quota`` is (limit, used) of today once they are known."""

    request: Request
    rid: str
    now: float
    stage: str = "route"
    appid: str = ""
    quota: tuple[int, int] | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """Names the stage that the call is in, and takes its time."""
        self.stage = stage
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings_ms[stage] = round((time.perf_counter() - started) * 1000, 3)
