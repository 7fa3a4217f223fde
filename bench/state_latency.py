"""Times a token check and a quota charge on SQLite, as one call of the platform does them.

    .venv/bin/python bench/state_latency.py bench/results/state_latency.json

A file on disk, one process, with ``synchronous=NORMAL`` (the default) and ``FULL``. A sample is what a recognition
asks of the store: the token by its SHA-256, its app, the minute's count, the day's count, the charge.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from bankcard_ocr.bench import machine
from bankcard_ocr.platform import credentials
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App, beijing_day, span
from bankcard_ocr.platform.state.sqlite import SqliteState

WARM_UP = 500
CALLS = 10_000


def latencies_ms(state: SqliteState) -> list[float]:
    """The time of each sample, in ascending order."""
    app = App(appid="wx1", name="bench", secret_hash="-", created=0.0)  # noqa: S106
    state.add_app(app)
    token = operator_token(state, app, time.time(), 7200)
    found = []
    for _ in range(WARM_UP + CALLS):
        now = time.time()
        started = time.perf_counter()
        issued = state.token(credentials.token_digest(token))
        state.app(issued.appid)  # type: ignore[union-attr]
        state.consume("minute:wx1", span(now, 60), 10**9)
        state.used("recognize:wx1", beijing_day(now))
        state.consume("recognize:wx1", beijing_day(now), 10**9)
        found.append((time.perf_counter() - started) * 1000)
    return sorted(found[WARM_UP:])


def main() -> None:
    """Measures and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the result's file")
    out = parser.parse_args().out
    found = {}
    for synchronous in ("NORMAL", "FULL"):
        with tempfile.TemporaryDirectory() as folder:
            state = SqliteState(Path(folder) / "state.sqlite3", time.time, synchronous=synchronous)
            times = latencies_ms(state)
            state.close()
        found[synchronous] = {
            "median_ms": round(statistics.median(times), 3),
            "p99_ms": round(times[int(0.99 * CALLS)], 3),
            "longest_ms": round(times[-1], 3),
        }
    result = {
        "command": "python bench/state_latency.py bench/results/state_latency.json",
        "machine": machine.facts(),
        "sqlite": sqlite3.sqlite_version,
        "calls": CALLS,
        "token_check_and_charge": found,
    }
    out.write_text(json.dumps(result, indent=2) + "\n")
    print(found)


if __name__ == "__main__":
    main()
