"""``bankcard-ocr synth OUT``: draws cards that never existed, for tests and measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    out: Annotated[Path, typer.Argument(help="The folder to write to; made when missing.", file_okay=False)],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same cards.")] = 0,
) -> None:
    """Draw cards that never existed, with labels: OUT/*.jpg and OUT/labels.csv."""
    from ..synth import dataset

    dataset.write(out, count, seed)
    typer.echo(f"{count} pictures and labels.csv in {out}")
