"""What several verbs take, with the names, ranges and defaults of the server's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InvalidTable
from ..numbers.iin import Table
from ..reading import Type
from ..settings import PREFIX, Settings

SERVER = Settings()
MOST_BYTES = 1 << 30  # of one picture: what 50 megapixels may have in any format, with room

PictureType = Annotated[
    Type, typer.Option("--type", help="photo: a card with what is around it; scan: the picture is the card.")
]
Threshold = Annotated[
    float,
    typer.Option(min=0, max=1, help="A number is told when its confidence is at least this; 0 takes the model's own."),
]
MaxBytes = Annotated[int, typer.Option(min=1, max=MOST_BYTES, help="The largest picture that is read, in bytes.")]
IinFile = Annotated[
    Path | None,
    typer.Option(
        envvar=f"{PREFIX}IIN_FILE",
        help="Issuer entries of your own, in place of the shipped ones they name.",
        dir_okay=False,
    ),
]


def entries(file: Path | None) -> bytes:
    """What ``file`` has, nothing without one. Raises typer.BadParameter when it cannot be used."""
    if file is None:
        return b""
    try:
        found = file.read_bytes()
        Table.load(found)
    except (OSError, InvalidTable) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise typer.BadParameter(f"--iin-file {file} cannot be used: {reason}") from error
    return found
