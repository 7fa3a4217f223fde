"""What is measured in a fresh process: ``python -m bankcard_ocr.bench.child start FILE`` or ``… memory FOLDER COUNT``.

Imports nothing but what is measured; prints its figures as JSON.
"""

from __future__ import annotations

import time

BEGUN = time.perf_counter()

import json  # noqa: E402 (after the clock was started)
import sys  # noqa: E402
from itertools import cycle, islice  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

EVERY = 100  # pictures between two looks at the memory


def start(picture: Path) -> dict[str, float]:
    """Milliseconds from the first line of this module to the import, the loaded reader, and the result."""
    from bankcard_ocr import Reader

    imported = time.perf_counter()
    reader = Reader(max_bytes=picture.stat().st_size)
    loaded = time.perf_counter()
    read(reader, picture.read_bytes())
    done = time.perf_counter()
    moments = {"import_ms": imported, "load_ms": loaded, "result_ms": done}
    return {name: round(1000 * (moment - BEGUN), 1) for name, moment in moments.items()}


def memory(folder: Path, pictures: int) -> list[int]:
    """The resident bytes with the reader loaded, and after every hundred of ``pictures`` pictures."""
    from bankcard_ocr import Reader
    from bankcard_ocr.resident import resident_bytes

    reader = Reader()
    files = cycle(sorted(folder.iterdir()))
    resident = [resident_bytes()]
    while len(resident) * EVERY <= pictures:
        for file in islice(files, EVERY):
            read(reader, file.read_bytes())
        resident.append(resident_bytes())
    return resident


def read(reader: Any, data: bytes) -> bool:
    """Whether ``reader`` read a number on the picture."""
    from bankcard_ocr.errors import BankcardError

    try:
        reader.read(data)
    except BankcardError:
        return False
    return True


def main(arguments: list[str]) -> None:
    """Runs what the arguments name."""
    what, path, *count = arguments
    told = start(Path(path)) if what == "start" else memory(Path(path), int(count[0]))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
