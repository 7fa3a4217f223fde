"""Decodes every file of a folder in one process: ``decode.py FOLDER`` tells of each what became of it and its cost.

A line of JSON before each file names it, so that a file that ends the process is known.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from bankcard_ocr.errors import NotAPicture, PictureTooLarge
from bankcard_ocr.vision import image

MOST_BYTES = 4 << 30  # of addresses; what asks for more than this is refused by the system


def outcome(data: bytes) -> str:
    """``read``, ``damaged`` or ``too large``; any other error ends the process."""
    try:
        image.decode(data)
    except NotAPicture:
        return "damaged"
    except PictureTooLarge:
        return "too large"
    return "read"


def resident_mb(name: str) -> float:
    """``VmHWM`` is the most this process held since it was last forgotten, ``VmRSS`` what it holds."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def main() -> None:
    """Tells of each file."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    for file in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps({"name": file.name}), flush=True)
        data = file.read_bytes()
        Path("/proc/self/clear_refs").write_text("5")
        before, started = resident_mb("VmRSS"), time.process_time()
        found = outcome(data)
        cost = {"cpu_s": time.process_time() - started, "mb": resident_mb("VmHWM") - before}
        print(json.dumps({"name": file.name, "outcome": found, **cost}), flush=True)


if __name__ == "__main__":
    main()
