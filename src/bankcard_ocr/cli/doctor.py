"""``bankcard-ocr doctor``: is this installation whole, and how fast is it here?"""

from __future__ import annotations

import json
import statistics
import time
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from ..bench import machine
from ..errors import BankcardError
from ..numbers import iin, pan

REPEATS = 20


def command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    """Check this installation: versions, CPU features, models, and a timed self-test on the shipped sample card."""
    facts = machine.facts()
    found = {
        "machine": {key: value for key, value in facts.items() if key != "packages"},
        "packages": facts["packages"],
        "iin_table": {"version": iin.default().version, "entries": len(iin.default())},
        "models": machine.models(shipped("bankcard_ocr.vision", "weights")),
        "self_test": self_test(),
    }
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for section, values in found.items():
            typer.secho(section.replace("_", " "), bold=True)
            for key, value in values.items():
                typer.echo(f"  {key:24} {_text(value)}")
    raise typer.Exit(0 if found["self_test"]["passed"] else 1)


def shipped(package: str, name: str) -> Path:
    """The file or folder ``name`` that ships in ``package``."""
    return Path(str(resources.files(package).joinpath(name)))


def self_test() -> dict[str, Any]:
    """What reading the sample card gave: the first time with everything loaded, the median of some more in ms."""
    start = time.perf_counter()
    try:
        data = shipped("bankcard_ocr.server", "sample.jpg").read_bytes()
        from .read import make_reader

        reader = make_reader()
        reading = reader.read(data)
    except (BankcardError, OSError, ImportError) as error:
        return {"passed": False, "error": str(error)}
    first_ms = 1000 * (time.perf_counter() - start)
    times_ms = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        reader.read(data)
        times_ms.append(1000 * (time.perf_counter() - start))
    return {
        "passed": pan.is_valid(reading.number),
        "number": pan.mask(reading.number),
        "confidence": round(reading.confidence, 4),
        "load_and_first_ms": round(first_ms, 1),
        "median_ms": round(statistics.median(times_ms), 2),
    }


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key} {each}" for key, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
