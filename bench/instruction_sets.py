"""Measures whether what is read depends on the CPU: the same pictures on this one and on one without AVX-512.

    apt install qemu-user
    .venv/bin/python bench/instruction_sets.py ../shared/data/dev/cards bench/results/instruction_sets.json --every 10

Numbers are compared in memory and never written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from bankcard_ocr.errors import BankcardError, NumberUnreadable
from bankcard_ocr.reader import Reader

CPU = "Haswell-v4"  # of 2013: AVX2, no AVX-512, no bfloat16, no dot products of 8 bits


def told(pictures: Sequence[Path]) -> dict[str, tuple[str, float]]:
    """For each picture a digest of its number or the cause of its refusal, and the confidence."""
    cv2.setNumThreads(1)
    reader = Reader()
    out = {}
    for path in pictures:
        try:
            reading = reader.read(path.read_bytes())
            out[path.name] = hashlib.sha256(reading.number.encode()).hexdigest(), reading.confidence
        except BankcardError as error:
            out[path.name] = type(error).__name__, error.confidence if isinstance(error, NumberUnreadable) else 0.0
    return out


def emulated(pictures: Sequence[Path]) -> dict[str, tuple[str, float]]:
    """The same, told by this script on the emulated CPU; a process for each picture, since the emulator itself crashes.

    Pictures on which it did are missing.
    """
    out = dict[str, tuple[str, float]]()
    for path in pictures:
        command = ["qemu-x86_64", "-cpu", CPU, sys.executable, __file__, "--child", str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
        if done.returncode == 0:
            out |= {name: (said, confidence) for name, (said, confidence) in json.loads(done.stdout).items()}
    return out


def main() -> None:
    if "--child" in sys.argv:
        json.dump(told([Path(path) for path in sys.argv[sys.argv.index("--child") + 1 :]]), sys.stdout)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=10, help="of so many pictures one")
    options = parser.parse_args()
    pictures = sorted(options.pictures.glob("*.jpg"))[:: options.every]
    here, there = told(pictures), emulated(pictures)
    result = {
        "command": f"bench/instruction_sets.py PICTURES OUT --every {options.every}",
        "emulated_cpu": CPU,
        "pictures": len(pictures),
        "emulator_crashed": len(pictures) - len(there),
        "read": sum(len(said) == 64 for said, _ in here.values()),
        "told_otherwise": sum(here[name][0] != there[name][0] for name in there),
        "largest_difference_of_confidence": round(max(abs(here[name][1] - there[name][1]) for name in there), 6),
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
