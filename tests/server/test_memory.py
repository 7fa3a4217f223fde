"""The memory of a server's processes: one heap for all their threads, and what a worker may hold."""

from __future__ import annotations

import platform
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

HEAP_BYTES = 64 * 1_048_576  # glibc reserves as much for the heap of a thread, from a multiple of it on
CALLS = 64


def heaps_of_threads(pid: int) -> list[str]:
    """The mappings of ``pid`` that are a thread's own heap: anonymous, and the rest of their place reserved."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    areas = [(line.split()[0].split("-"), line.split()[1], line.split()[4]) for line in maps]
    return [
        f"{start}-{end}"
        for ((start, end), rights, inode), ((after, last), more, _) in pairwise(areas)
        if (rights, more, inode, after) == ("rw-p", "---p", "0", end)
        and int(start, 16) % HEAP_BYTES == 0
        and int(last, 16) - int(start, 16) == HEAP_BYTES
    ]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have one heap or none like it")
@pytest.mark.parametrize("workers", [1, 2])
def test_all_threads_share_one_heap(start, workers: int):
    """Else each keeps the pieces of its largest picture: under ten times its load a server of two grew by 34 MB."""
    served = start("--workers", str(workers))
    processes = [served.ready() for _ in range(workers)]
    url = f"{served.base}/cv/ocr/bankcard"
    with ThreadPoolExecutor(CALLS) as several:
        calls = [several.submit(httpx.post, url, content=b"\xff\xd8\xff") for _ in range(CALLS)]

    assert ({200}, {pid: [] for pid in processes}) == (
        {call.result().status_code for call in calls},
        {pid: heaps_of_threads(pid) for pid in processes},
    )


def test_a_worker_that_holds_too_much_memory_stops():
    """It tells itself to stop as an operator would, so that its calls are answered first, and says why."""
    code = "from bankcard_ocr.server import memory; memory.look_after(1)"
    process = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert (-signal.SIGTERM, True) == (process.returncode, "holds too much memory" in process.stdout)
