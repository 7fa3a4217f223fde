"""``bankcard-ocr synth OUT``: draws cards that never existed, for tests and measurements."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BankcardError


def command(
    out: Annotated[Path, typer.Argument(help="The folder to write to; made when missing.", file_okay=False)],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same cards.")] = 0,
) -> None:
    """Draw cards that never existed, with labels: OUT/*.jpg and OUT/labels.csv."""
    from ..synth import dataset

    labels = out / "labels.csv"
    if os.path.lexists(labels):
        raise typer.BadParameter(f"{labels} exists and is kept; choose another OUT, or remove it and its pictures")
    try:
        dataset.write(out, count, seed)
    except OSError as error:
        raise BankcardError(f"{out} cannot be written: {error.strerror}; choose another OUT") from error
    told = f"{count} picture{'s' * (count > 1)} and labels.csv in {out}"
    typer.echo(told.encode(sys.stdout.encoding, "replace"))  # names on disk are bytes, and not always text
