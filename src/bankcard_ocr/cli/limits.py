"""Two limits that several verbs take, with the names, ranges and defaults of the server's settings."""

from __future__ import annotations

from typing import Annotated

import typer

from ..settings import Settings

SERVER = Settings()
MOST_BYTES = 1 << 30  # of one picture: what 50 megapixels may have in any format, with room

Threshold = Annotated[
    float,
    typer.Option(min=0, max=1, help="A number is told when its confidence is at least this; 0 takes the model's own."),
]
MaxBytes = Annotated[int, typer.Option(min=1, max=MOST_BYTES, help="The largest picture that is read, in bytes.")]
