"""``bankcard-ocr doctor``: is this installation whole, and how fast is it here?"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from ..bench import machine
from ..errors import BankcardError, SettingsError
from ..numbers import iin, pan
from ..settings import Loaded, shown

REPEATS = 20
PATIENCE_S = 5.0  # with a server that has the port
LONGEST_REPLY = 1000  # bytes


def command(
    server: Annotated[
        bool, typer.Option("--server", help="Look at settings, state and address as well, as serve would have them.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file of settings; looks at the server, too.", dir_okay=False)
    ] = None,
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
    if server or config:
        found |= of_server(config)
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


def of_server(config: Path | None) -> dict[str, dict[str, Any]]:
    """What ``serve`` would find, of settings without their secrets; nothing is changed."""
    from ..server.source import Source

    try:
        loaded = Source(file=config, arguments={}).load()
    except SettingsError as error:
        return {"settings": {"passed": False, "error": str(error)}}
    return {
        "settings": settings(loaded),
        "files": _checked(lambda: files(loaded)),
        "state": _checked(lambda: state(loaded)),
        "address": _checked(lambda: address(loaded)),
    }


def settings(loaded: Loaded) -> dict[str, Any]:
    """Each that is not the default and where it comes from, and variables that are none."""
    given = {name: f"{shown(loaded.settings, name)}  ({origin})" for name, origin in sorted(loaded.origins.items())}
    return given | dict.fromkeys(loaded.unknown, "is no setting and is ignored")


def files(loaded: Loaded) -> dict[str, Any]:
    """That what the settings name can be used."""
    from ..server.source import usable

    usable(loaded)
    return {"passed": True}


def state(loaded: Loaded) -> dict[str, Any]:
    """What is told of the store, which takes charges."""
    from ..platform import state as states

    return {"passed": True, "url": shown(loaded.settings, "state_url"), **states.look(loaded.settings.state_url)}


def address(loaded: Loaded) -> dict[str, Any]:
    """That the address is free, or that a server is there and ready."""
    from ..server.run import listen, url

    try:
        with listen(loaded.settings, loaded.origins) as listener:
            return {"passed": True, "free": url(listener)}
    except SettingsError:
        there = f"{loaded.settings.host or '127.0.0.1'}:{loaded.settings.port}"
        if (status := _ready(loaded.settings.host or "127.0.0.1", loaded.settings.port)) is None:
            raise
        if status == http.client.OK:
            return {"passed": True, "serving": there}
        return {"passed": False, "error": f"the server at {there} is not ready; its log says why"}


def _ready(host: str, port: int) -> int | None:
    """The status of ``/readyz`` there; None when nobody answers as a server of ours does."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/readyz")
        reply = connection.getresponse()
        status = json.loads(reply.read(LONGEST_REPLY))["status"]
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return None
    finally:
        connection.close()
    return reply.status if status in {"ready", "unavailable"} else None


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key} {each}" for key, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
