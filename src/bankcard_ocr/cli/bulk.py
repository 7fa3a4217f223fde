"""``bankcard-ocr bulk INPUT OUT``: millions of pictures into one file, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import BulkMisuse, SettingsError
from ..platform.disclosure import FormForAll
from ..reading import Options
from ..settings import SHORTEST_KEY, key
from .limits import SERVER, IinFile, MaxBytes, PictureType, Threshold, entries
from .progress import bar, say

Engine = Literal["local", "ray"]  # those of bulk, which loads numpy


def command(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="A folder, a glob in quotes, a zip archive, or a Parquet file.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write: .parquet or .jsonl.", dir_okay=False)],
    engine: Annotated[
        Engine, typer.Option(help="local: processes on this machine; ray: the cluster of RAY_ADDRESS.")
    ] = "local",
    workers: Annotated[int, typer.Option(min=0, help="Readers; 0 is one for each CPU core.")] = 0,
    pan: Annotated[
        FormForAll, typer.Option("--pan", help="Numbers: first 6 and last 4; whole; or their HMAC-SHA256.")
    ] = "masked",
    key_file: Annotated[
        Path | None, typer.Option(help=f"The key of fingerprints: {SHORTEST_KEY} bytes or more.", dir_okay=False)
    ] = None,
    type_: PictureType = "photo",
    threshold: Threshold = SERVER.threshold,
    max_bytes: MaxBytes = SERVER.max_picture_bytes,
    iin_file: IinFile = None,
    column: Annotated[str, typer.Option(help="The Parquet column of pictures, or of their paths.")] = "",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds a picture may take before it is set aside.")] = 30.0,
) -> None:
    """Read many pictures into one file, on all cores or a cluster. A run that was killed goes on when begun again.

    Exit status: 0 OUT is whole, though pictures were refused; 1 the run failed, begin it again; 2 wrong usage.
    """
    from .. import bulk
    from ..bulk.worker import Job

    options = Options(type=type_, threshold=threshold or None)
    own, secret = entries(iin_file), _key(pan, key_file)
    job = Job(options=options, max_bytes=max_bytes, pan=pan, key=secret, iin=own, timeout_s=timeout)
    try:
        with bar() as progress:
            summary = bulk.run(source, out, job, engine=engine, workers=workers, column=column, progress=progress)
    except BulkMisuse as error:
        raise typer.BadParameter(str(error)) from error
    told = ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())
    say(f"{summary.rows} pictures in {out}: {told}")
    if summary.numbers_in_names and pan != "full":
        say(f"{summary.numbers_in_names} of the names look like card numbers, and are whole in {out}")


def _key(pan: FormForAll, file: Path | None) -> bytes:
    if pan != "fingerprint":
        if file is not None:
            raise typer.BadParameter("--key-file is for --pan fingerprint; give both, or neither")
        return b""
    if file is None:
        raise SettingsError("--key-file", "the command line", "fingerprints need a key, give --key-file FILE")
    return key(file, "--key-file", "the command line")
