"""How much of this machine's processor there is for this program.

A container sees all cores of its machine, and is stopped for a part of each tenth of a second when it uses more of
them than its quota: who starts a thread or a process for each core asks here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MINE = Path("/proc/self/cgroup")  # which of them this process is in: cgroups(7)


def cores() -> int:
    """The CPU cores this process may use: those it may run on, and no more than the quota of its container or unit."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(found, _quota())))


def _quota() -> float:
    """The cores' worth of time that the control groups of this process get; infinite where there is no limit."""
    return min(map(_quota_in, _files()), default=math.inf)


def _files() -> Iterator[Path]:
    """The files with the quotas of the group that this process is in and of all above it, of version 2 and 1."""
    yield from (CGROUPS / "cpu.max", CGROUPS / "cpu/cpu.cfs_quota_us")  # of a container, which sees its own as the root
    with suppress(OSError, ValueError):
        for line in MINE.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            names = [name for name in path.split("/") if name not in {"", ".."}]
            above = ["/".join(names[: count + 1]) for count in range(len(names))]
            if not controllers:
                yield from (CGROUPS / group / "cpu.max" for group in above)
            elif "cpu" in controllers.split(","):
                yield from (CGROUPS / "cpu" / group / "cpu.cfs_quota_us" for group in above)


def _quota_in(file: Path) -> float:
    with suppress(OSError, ValueError, ZeroDivisionError):
        text = file.read_text()
        if "cfs" in file.name:
            text += file.with_name("cpu.cfs_period_us").read_text()
        quota, period = map(float, text.split())  # "max" is no number, -1 no limit
        if quota > 0:
            return quota / period
    return math.inf
