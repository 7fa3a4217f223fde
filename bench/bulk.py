"""Times ``bankcard-ocr bulk`` against the reader alone, and kills a long run three times.

    .venv/bin/bankcard-ocr synth /tmp/cards --count 200
    .venv/bin/python bench/bulk.py /tmp/cards bench/results/bulk.json [--rows 20000] [--engine local|ray]

A folder of ``--rows`` links to the pictures is the input. The rate is that of a whole uninterrupted run, starting and
loading the models included; the reader alone runs in as many processes as cores for a minute.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from load import CORES, SUFFIXES, bare  # the same way to time the reader alone

from bankcard_ocr.bench import machine


def begin(source: Path, out: Path, engine: str) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    program = str(Path(sys.executable).with_name("bankcard-ocr"))
    command = [program, "bulk", str(source), str(out), "--engine", engine]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)  # noqa: S603


def whole(source: Path, out: Path, engine: str, rows: int) -> float:
    """Rows a second of a run that nobody disturbs."""
    started = time.perf_counter()
    process = begin(source, out, engine)
    if process.wait() != 0:
        raise RuntimeError(f"the run failed with status {process.returncode}")
    return rows / (time.perf_counter() - started)


def disturbed(source: Path, out: Path, engine: str, rows: int) -> dict[str, Any]:
    """A run that is killed when a quarter, a half and three quarters of its parts are there."""
    kills = 0
    for quarter in (1, 2, 3):
        process = begin(source, out, engine)
        while process.poll() is None and _done(out) < quarter * rows / 4:
            time.sleep(0.2)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    if not out.exists() and begin(source, out, engine).wait() != 0:
        raise RuntimeError("the last run failed")
    found = Counter(json.loads(line)["row"] for line in out.read_text().splitlines())
    return {
        "kills": kills,
        "rows": found.total(),
        "rows_once": sum(found[row] == 1 for row in range(rows)),
        "rows_strange": sum(row not in range(rows) for row in found),
    }


def _done(out: Path) -> int:
    folder = out.with_name(out.name + ".parts")
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("[0-9]*.jsonl")) if folder.exists() else 0


def main() -> None:
    """Measures and writes OUT."""
    parser = argparse.ArgumentParser(description="Time bulk runs.")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--engine", default="local")
    asked = parser.parse_args()
    files = sorted(file.resolve() for file in asked.pictures.iterdir() if file.suffix.lower() in SUFFIXES)
    result: dict[str, Any] = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    busy = machine.busy()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in")
        source.mkdir()
        for n in range(asked.rows):
            (source / f"{n:07}.jpg").symlink_to(files[n % len(files)])
        alone = bare([file.read_bytes() for file in files], CORES, 60.0)
        rate = whole(source, Path(folder, "whole.jsonl"), asked.engine, asked.rows)
        found = disturbed(source, Path(folder, "killed.jsonl"), asked.engine, asked.rows)
    others = machine.others(busy, machine.busy())
    result[asked.engine] = {
        "rows": asked.rows,
        "cores": CORES,
        "reader_alone_per_s": round(alone, 2),
        "bulk_per_s": round(rate, 2),
        "of_reader_alone": round(rate / alone, 3),
        "killed_three_times": found,
        "other_cores": None if others is None else round(others, 3),
    }
    result["machine"] = machine.facts()
    result["command"] = "python bench/bulk.py PICTURES bench/results/bulk.json"
    asked.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result[asked.engine]))


if __name__ == "__main__":
    main()
