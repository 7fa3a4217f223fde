"""How much of this machine's processor there is for this program.

A container sees all cores of its machine, and is stopped for a part of each tenth of a second when it uses more of
them than its quota: who starts a thread or a process for each core asks here.
"""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

CGROUP_QUOTAS = ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")  # of version 2, of version 1


def cores() -> int:
    """The CPU cores this process may use: those it may run on, and no more than its container's quota lets it have."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(found, _quota())))


def _quota() -> float:
    """The cores' worth of time that a Linux container gets; infinite where there is no limit."""
    for file in map(Path, CGROUP_QUOTAS):
        with suppress(OSError, ValueError, ZeroDivisionError):
            text = file.read_text()
            if "cfs" in file.name:
                text += file.with_name("cpu.cfs_period_us").read_text()
            quota, period = map(float, text.split())  # "max" is no number, -1 no limit
            return quota / period if quota > 0 else math.inf
    return math.inf
