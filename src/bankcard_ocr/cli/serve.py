"""``bankcard-ocr serve``: the HTTP interface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    host: Annotated[str | None, typer.Option(help="The address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen at.", min=0, max=65535)] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file of settings.", dir_okay=False)] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes.", min=1)] = None,
) -> None:
    """Serve the HTTP interface. Prints where each setting that is not the default came from."""
    from ..server import log_writer
    from ..server.run import serve
    from ..server.source import Source

    arguments = {"host": host, "port": port, "workers": workers}
    serve(Source(file=config, arguments=arguments), lambda line: log_writer.standard_error().write(f"{line}\n"))
