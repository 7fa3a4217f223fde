"""The memory of a server's process: what is free goes back to the system, a worker over its limit stops gracefully."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import time
from contextlib import suppress

import structlog

from ..resident import resident_bytes

LOOK_S = 1.0
M_ARENA_MAX = -8  # of malloc.h
GIVE_BACK_MB = 8  # over the least that was held: worth a few milliseconds


def look_after(most_mb: float = math.inf) -> None:
    """Gives free memory back to the system, for ever; stops this process in order when it still holds more than it may.

    Of several workers the supervisor starts another then.
    """
    least_mb = math.inf
    while resident_mb() <= most_mb:
        time.sleep(LOOK_S)
        if resident_mb() > least_mb + GIVE_BACK_MB:
            give_back()
        least_mb = min(least_mb, resident_mb())
    structlog.get_logger().warning("worker holds too much memory", pid=os.getpid(), mb=resident_mb(), most_mb=most_mb)
    os.kill(os.getpid(), signal.SIGTERM)


def share_heap() -> None:
    """Lets threads share one heap: to be called before the first one, since who has its own keeps it.

    glibc gives each its own, up to eight a core, and every one keeps what its largest picture left in pieces.
    """
    with suppress(AttributeError, OSError):  # other C libraries have no such function, and no need
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Lets the C library return what is free: glibc keeps the memory of a large picture for the next one."""
    with suppress(AttributeError, OSError):  # other C libraries have no such function, and no need
        ctypes.CDLL(None).malloc_trim(0)


def resident_mb() -> int:
    """The memory this process holds now; 0 where the system does not tell."""
    return resident_bytes() // 1_048_576
