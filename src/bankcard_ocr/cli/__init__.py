"""The command ``bankcard-ocr``: one module a verb, imported when the verb is called and not before.

A verb's module has either ``command``, a function whose annotations typer reads, or ``app``, a :class:`typer.Typer`
with verbs of its own. Its line in :data:`VERBS` is what ``--help`` shows, so that help needs none of the modules.

Exit status: 0 done, 1 something was refused or failed, 2 wrong usage or settings.
"""

from __future__ import annotations

import errno
import os
import shlex
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from ..errors import BankcardError, SettingsError
from ..resident import leave_no_core

VERBS = {
    "read": "Read the card numbers on pictures.",
    "serve": "Serve the HTTP interface.",
    "apps": "Create, list and change apps, the callers of the server.",
    "token": "Print an access token of an app.",
    "quota": "Show or clear the quotas of an app.",
    "why": "Tell why a request was answered as it was.",
    "quickstart": "Start a server, send it a sample card, show how to call it.",
    "bulk": "Read many pictures into one file, on all cores or a cluster.",
    "bench": "Measure the engine on labelled pictures.",
    "synth": "Draw cards that never existed, with labels.",
    "doctor": "Check this installation.",
}
POSIX = ("serve", "bulk")  # need signals and locks that Windows has not


def main() -> None:
    """Runs the command of ``sys.argv`` and exits."""
    if getattr(sys, "frozen", False):
        from multiprocessing import freeze_support

        freeze_support()  # does not return in a worker, which is this program started once more
    leave_no_core()
    warnings.filterwarnings("ignore", module=r"PIL\.")  # about damage that is an error here, or does not matter
    _open_streams()
    try:
        app()
    except SettingsError as error:
        _fail(error, 2)
    except BankcardError as error:
        _fail(error, 1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _fail(BankcardError(f"nothing more can be written: {error.strerror}; make room and try again"), 1)


def _open_streams() -> None:
    """What the shell closed, as by ``2>&-``, leads to nowhere; who closed where results go is told so."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115  (until the end)
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (see above)
    if sys.stdout is None:
        _fail(BankcardError("standard output is closed; send it somewhere, to /dev/null for instance"), 1)


class Verbs(TyperGroup):
    """The verbs of :data:`VERBS` as mere names, until one is called or completed: its module is imported then."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for verb, summary in VERBS.items():
            self.add_command(TyperCommand(verb, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that ``args`` start with, its command loaded, and the arguments left."""
        if args[0] not in self.commands and os.path.lexists(args[0]) and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{args[0]}'; to read it: {ctx.info_name} read {shlex.quote(args[0])}")
        verb, named, rest = super().resolve_command(ctx, args)
        if verb in POSIX and sys.platform.startswith("win"):
            ctx.fail(f"{verb} runs on Linux and macOS alone; on Windows in WSL or a container")
        return verb, load(verb) if verb else named, rest


def load(verb: str) -> Any:
    """The command object of ``verb``, from its module."""
    module = import_module(f".{verb}", __name__)
    if hasattr(module, "app"):
        return get_command(module.app)
    lone = typer.Typer(add_completion=False)
    lone.command(name=verb)(module.command)
    return get_command(lone)


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, card numbers among them
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("bankcard-ocr"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Read payment cards from pictures: as a command, a server, or a library."""


def _fail(error: BankcardError, status: int) -> None:
    typer.echo(f"bankcard-ocr: {error}", err=True)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # what could not be written would be tried once more at the end, whose status is 120 then
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)
