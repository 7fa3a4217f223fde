"""What the operators' verbs share: the settings and the store they name, and how results are printed."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BankcardError
from ..platform import state as states
from ..platform.state.base import App, State
from ..settings import Settings, load
from .outputs import reporting_errors

Config = Annotated[Path | None, typer.Option(help="A TOML file of settings.", dir_okay=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Appid = Annotated[str, typer.Argument(help="The app's id.", metavar="APPID")]


@contextmanager
def opened(config: Path | None) -> Iterator[tuple[State, Settings]]:
    """The store of the settings, open, and the settings."""
    settings = load(environment=os.environ, platform=sys.platform, file=config).settings
    state = states.connect(settings.state_url)
    try:
        yield state, settings
    finally:
        state.close()


def known(app: App | None, appid: str) -> App:
    """``app`` itself. Raises BankcardError when there is none."""
    if app is None:
        raise BankcardError(f"there is no app {appid}; 'bankcard-ocr apps list' shows those there are")
    return app


def show(value: Any, text: str, *, as_json: bool) -> None:
    """Prints ``value`` as JSON, or ``text`` for people, what the terminal has no signs for as escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with reporting_errors("standard output", "see where it goes"):
        typer.echo(json.dumps(value, ensure_ascii=False) if as_json else text)
