"""``bankcard-ocr doctor``: is this installation whole, and how fast is it here?"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
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
        "iin_table": _checked(iin_table),
        "models": _checked(models),
        "self_test": _checked(self_test),
    }
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for section, values in found.items():
            typer.secho(section.replace("_", " "), bold=True)
            for key, value in values.items():
                typer.echo(f"  {key:24} {_text(value)}")
    raise typer.Exit(0 if all(section.get("passed", True) for section in found.values()) else 1)


def _checked(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``check`` found, or why it failed: files of a broken installation raise whatever there is."""
    try:
        return check()
    except BankcardError as error:
        return {"passed": False, "error": str(error)}
    except Exception as error:  # noqa: BLE001
        told = (isinstance(error, OSError) and error.strerror) or str(error)  # without the path of what is missing
        return {"passed": False, "error": f"{type(error).__name__}: {told}"}


def shipped(package: str, name: str) -> Path:
    """The file or folder ``name`` that ships in ``package``."""
    return Path(str(resources.files(package).joinpath(name)))


def iin_table() -> dict[str, Any]:
    """The version of the shipped table of issuers, and how many entries it has."""
    return {"version": iin.default().version, "entries": len(iin.default())}


def models() -> dict[str, Any]:
    """The hash and size of each shipped model."""
    return machine.models(shipped("bankcard_ocr.vision", "weights"))


def self_test() -> dict[str, Any]:
    """What reading the sample card gave: the first time with everything loaded, the median of some more in ms."""
    start = time.perf_counter()
    data = shipped("bankcard_ocr.server", "sample.jpg").read_bytes()
    from ..reader import Reader

    reader = Reader()
    reading = reader.read(data)
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
