"""A server in processes of its own, whose reader finds one number on every picture: ``served.py SERVE-OPTIONS``.

The stand-in is set where the module is run, by spawned workers too.
"""

from __future__ import annotations

import re
import socket
import sys
from types import ModuleType

from bankcard_ocr.reading import Options, Reading


class Reader:
    """Reads every picture as the same number; one that ends in ``held by PORT`` when that port hangs up."""

    def __init__(self, *, max_bytes: int) -> None:
        self.max_bytes = max_bytes

    def read(self, data: bytes, _options: Options = Options()) -> Reading:
        if found := re.search(rb"held by ([0-9]+)$", data):
            with socket.create_connection(("127.0.0.1", int(found[1]))) as holder:
                holder.recv(1)
        quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        return Reading(number="6205500000000000004", confidence=1.0, candidates=(), size=(2, 2), number_quad=quad)


if __name__ in {"__main__", "__mp_main__"}:  # not where pytest looks for doctests: its other tests want the real one
    stand_in = ModuleType("bankcard_ocr.reader")
    stand_in.Reader = Reader  # type: ignore[attr-defined]
    sys.modules["bankcard_ocr.reader"] = stand_in

if __name__ == "__main__":
    from bankcard_ocr.cli import main

    main()
