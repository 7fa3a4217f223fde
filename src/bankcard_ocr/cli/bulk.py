"""``bankcard-ocr bulk INPUT OUT``: millions of pictures into one file, resumable."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SettingsError
from ..reading import Options
from ..settings import SHORTEST_KEY, key
from .read import Type

if TYPE_CHECKING:
    from ..bulk import Progress


class Engine(StrEnum):
    """What the readers run on."""

    local = "local"
    ray = "ray"


class Pan(StrEnum):
    """How numbers are written."""

    masked = "masked"
    full = "full"
    fingerprint = "fingerprint"


def command(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="A folder, a glob in quotes, a zip archive, or a Parquet file.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write: .parquet or .jsonl.", dir_okay=False)],
    engine: Annotated[
        Engine, typer.Option(help="local: processes on this machine; ray: the cluster of RAY_ADDRESS.")
    ] = Engine.local,
    workers: Annotated[int, typer.Option(min=0, help="Readers; 0 is one for each CPU core.")] = 0,
    pan: Annotated[
        Pan, typer.Option("--pan", help="Numbers: first 6 and last 4; whole; or their HMAC-SHA256.")
    ] = Pan.masked,
    key_file: Annotated[
        Path | None, typer.Option(help=f"The key of fingerprints: {SHORTEST_KEY} bytes or more.", dir_okay=False)
    ] = None,
    type_: Annotated[
        Type, typer.Option("--type", help="photo: a card with what is around it; scan: the picture is the card.")
    ] = Type.photo,
    column: Annotated[str, typer.Option(help="The Parquet column of pictures, or of their paths.")] = "",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds a picture may take before it is set aside.")] = 30.0,
) -> None:
    """Read many pictures into one file, on all cores or a cluster. A run that was killed goes on when begun again."""
    from .. import bulk
    from ..bulk.hand import Job

    job = Job(options=Options(type=type_.value), pan=pan.value, key=_key(pan, key_file), timeout_s=timeout)
    with _bar() as progress:
        summary = bulk.run(source, out, job, engine=engine.value, workers=workers, column=column, progress=progress)
    told = ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())
    typer.echo(f"{summary.rows} pictures in {out}: {told}", err=True)


def _key(pan: Pan, file: Path | None) -> bytes:
    if pan != Pan.fingerprint:
        return b""
    if file is None:
        raise SettingsError("--key-file", "the command line", "fingerprints need a key")
    return key(file, "--key-file", "the command line")


@contextmanager
def _bar() -> Iterator[Progress]:
    """Rate and time left on a terminal; elsewhere a line at each tenth."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tenth = -1
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), speed_estimate_period=120) as bar:
        task = bar.add_task("reading", total=None, rate="")

        def tell(done: int, before: int, total: int) -> None:
            nonlocal tenth
            elapsed = bar.tasks[task].elapsed or 0.0
            rate = f"{(done - before) / elapsed:.1f}/s" if elapsed > 1 and done > before else ""
            bar.update(task, completed=done, total=total, rate=rate)
            if bar.disable and 10 * done // total > tenth:
                tenth = 10 * done // total
                typer.echo(f"{done} of {total} {rate}".rstrip(), err=True)

        yield tell
