"""Times ``bankcard-ocr bulk`` against the reader alone, and kills a long run three times.

    .venv/bin/bankcard-ocr synth /tmp/cards --count 40
    .venv/bin/python bench/bulk.py /tmp/cards bench/results/bulk.json --only rate [--rows 20000] [--engine local|ray]
    .venv/bin/python bench/bulk.py /tmp/cards bench/results/bulk.json --only kills [--rows 20000] [--stand-in]

A folder of ``--rows`` links to the pictures is the input. The rate is that of a whole uninterrupted run, starting and
loading the models included; the reader alone runs in as many processes as cores for ``--seconds``, before and after.
With ``--stand-in`` the run that is killed has a reader that says one number at once: plan, processes, journal and
resumption are those of every run, and 20,000 rows take minutes instead of an hour.
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
from bankcard_ocr.reading import Options, Reading


class StandIn:
    """A reader that reads nothing: every picture has one number."""

    def __init__(self, *, max_bytes: int) -> None:
        """Takes what every reader of a run is given."""

    def read(self, _data: bytes, _options: Options = Options()) -> Reading:
        quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        return Reading(number="6205500000000000004", confidence=1.0, candidates=(), size=(2, 2), number_quad=quad)


RUN = """
import sys
from pathlib import Path
from bankcard_ocr import bulk
from bankcard_ocr.bulk.worker import Job

if __name__ == "__main__":
    bulk.run(sys.argv[1], Path(sys.argv[2]), Job(reader="bulk:StandIn"), engine=sys.argv[3])
"""


def begin(source: Path, out: Path, engine: str, *, stand_in: bool = False) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    program = str(Path(sys.executable).with_name("bankcard-ocr"))
    command = [program, "bulk", str(source), str(out), "--engine", engine]
    if stand_in:
        command = [sys.executable, "-c", RUN, str(source), str(out), engine]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)  # noqa: S603


def whole(source: Path, out: Path, engine: str, rows: int) -> float:
    """Rows a second of a run that nobody disturbs."""
    started = time.perf_counter()
    process = begin(source, out, engine)
    if process.wait() != 0:
        raise RuntimeError(f"the run failed with status {process.returncode}")
    return rows / (time.perf_counter() - started)


def rate(source: Path, folder: Path, pictures: list[bytes], asked: argparse.Namespace) -> dict[str, Any]:
    """Rows a second of a whole run, over the reader alone on the same cores, before and after it."""
    before = bare(pictures, CORES, asked.seconds)
    found = whole(source, folder / "whole.jsonl", asked.engine, asked.rows)
    after = bare(pictures, CORES, asked.seconds)
    alone = (before + after) / 2
    return {
        "reader_alone_per_s": round(alone, 2),
        "reader_alone_before_and_after_per_s": [round(before, 2), round(after, 2)],
        "bulk_per_s": round(found, 2),
        "of_reader_alone": round(found / alone, 3),
    }


def kills(source: Path, folder: Path, _pictures: list[bytes], asked: argparse.Namespace) -> dict[str, Any]:
    """A run that is killed when a quarter, a half and three quarters of its rows are there."""
    out, killed = folder / "killed.jsonl", 0
    for quarter in (1, 2, 3):
        process = begin(source, out, asked.engine, stand_in=asked.stand_in)
        while process.poll() is None and _done(out) < quarter * asked.rows / 4:
            time.sleep(0.05)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    if not out.exists() and begin(source, out, asked.engine, stand_in=asked.stand_in).wait() != 0:
        raise RuntimeError("the last run failed")
    found = Counter(json.loads(line)["row"] for line in out.read_text().splitlines())
    return {
        "reader": "stand-in" if asked.stand_in else "engine",
        "kills": killed,
        "rows_written": found.total(),
        "rows_once": sum(found[row] == 1 for row in range(asked.rows)),
        "rows_strange": sum(row not in range(asked.rows) for row in found),
    }


def _done(out: Path) -> int:
    folder = out.with_name(out.name + ".parts")
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("[0-9]*.jsonl")) if folder.exists() else 0


SECTIONS = {"rate": rate, "kills": kills}


def main() -> None:
    """Measures the sections asked for and writes them into OUT, beside those that are there."""
    parser = argparse.ArgumentParser(description="Time bulk runs.")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--stand-in", action="store_true")
    asked = parser.parse_args()
    files = sorted(file.resolve() for file in asked.pictures.iterdir() if file.suffix.lower() in SUFFIXES)
    result: dict[str, Any] = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    for name in asked.only.split(","):
        busy = machine.busy()
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "in")
            source.mkdir()
            for n in range(asked.rows):
                (source / f"{n:07}.jpg").symlink_to(files[n % len(files)])
            found = SECTIONS[name](source, Path(folder), [file.read_bytes() for file in files], asked)
        others = machine.others(busy, machine.busy())
        options = f"--only {name} --rows {asked.rows} --engine {asked.engine}"
        options += f" --seconds {asked.seconds:g}" if name == "rate" else " --stand-in" if asked.stand_in else ""
        result.setdefault(asked.engine, {})[name] = {
            "command": f"python bench/bulk.py PICTURES bench/results/bulk.json {options}",
            "rows": asked.rows,
            "cores": CORES,
            **found,
            "other_cores": None if others is None else round(others, 3),
        }
        result["machine"] = machine.facts()
        asked.out.write_text(json.dumps(result, indent=2) + "\n")
        print(name, json.dumps(result[asked.engine][name]))


if __name__ == "__main__":
    main()
