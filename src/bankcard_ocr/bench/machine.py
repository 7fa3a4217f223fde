"""The machine a run was made on, and whether it was quiet enough for its timings to mean anything."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

QUIET_CORES = 0.15  # other work below this share of one core moves a median by less than its own spread
_FLAGS = (
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_int8",
    "asimddp",
    "sve",
)
_PACKAGES = ("bankcard-ocr", "numpy", "opencv-python-headless", "onnxruntime", "simplejpeg", "rapidocr")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWork:
    """CPU seconds until the moment ``at_s``: of the whole machine, and of this process and its ended children."""

    machine_s: float
    own_s: float
    at_s: float


def facts() -> dict[str, Any]:
    """What a reader of a result needs to know of the machine; no name of it, nor of its user."""
    return {
        "cpu": cpu_model(_text("/proc/cpuinfo")) or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "flags": cpu_flags(_text("/proc/cpuinfo")),
        "memory_gb": memory_gb(_text("/proc/meminfo")),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def models(folder: Path) -> dict[str, dict[str, Any]]:
    """The hash and size of each model file in ``folder``."""
    return {
        path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
        for path in sorted(folder.glob("*.onnx"))
    }


def cpu_model(cpuinfo: str) -> str:
    """The processor's name in a text like Linux's /proc/cpuinfo; empty where it has none."""
    return next((_value(line) for line in cpuinfo.splitlines() if line.startswith("model name")), "")


def cpu_flags(cpuinfo: str) -> list[str]:
    """The instruction sets that decide the speed of a network, as far as the processor has them."""
    listed = [line for line in cpuinfo.splitlines() if line.startswith(("flags", "Features"))]
    return [flag for flag in _FLAGS if listed and flag in _value(listed[0]).split()]


def memory_gb(meminfo: str) -> float | None:
    """The memory in a text like Linux's /proc/meminfo, in GB."""
    total = [_value(line).split()[0] for line in meminfo.splitlines() if line.startswith("MemTotal")]
    return round(int(total[0]) * 1024 / 1e9, 1) if total else None


def busy() -> OtherWork | None:
    """What the machine has worked so far; None where the system does not tell."""
    seconds = busy_seconds(_text("/proc/stat"), os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    return None if seconds is None else OtherWork(machine_s=seconds, own_s=own, at_s=time.monotonic())


def busy_seconds(stat: str, ticks_per_s: int) -> float | None:
    """CPU seconds not idle, in a text like Linux's /proc/stat: user, nice, system, interrupts, and those stolen."""
    first = stat.split("\n", 1)[0].split()
    if len(first) < 9 or first[0] != "cpu":
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(ticks) for ticks in first[1:9])
    return (user + nice + system + irq + softirq + steal) / ticks_per_s


def others(before: OtherWork | None, after: OtherWork | None) -> float | None:
    """How many cores others kept busy between two moments; None when unknown."""
    if before is None or after is None or after.at_s <= before.at_s:
        return None
    other = (after.machine_s - before.machine_s) - (after.own_s - before.own_s)
    return max(0.0, other / (after.at_s - before.at_s))


def is_quiet(other_cores: float | None) -> bool:
    """Whether timings taken beside this much other work can be quoted. Unknown is not quiet."""
    return other_cores is not None and other_cores < QUIET_CORES


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _value(line: str) -> str:
    return line.partition(":")[2].strip()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
