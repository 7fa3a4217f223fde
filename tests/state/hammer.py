"""A process of its own that charges a limit as often as it can: ``hammer.py URL LIMIT TRIES`` tells how often it could.

With ``LIMIT`` 0 it charges without end and tells each count as it gets it, to be killed.
"""

from __future__ import annotations

import sys

from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.state.base import Window

WINDOW = Window(name="day", ends=1e12)


def main(url: str, limit: int, tries: int) -> None:
    """Charges the store at ``url``."""
    store = states.connect(url, lambda: 0.0)
    if limit:
        sys.stdout.write(f"{sum(store.consume('recognize:wx1', WINDOW, limit) is not None for _ in range(tries))}\n")
        return
    while True:
        sys.stdout.write(f"{store.consume('recognize:wx1', WINDOW, 10**9)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
