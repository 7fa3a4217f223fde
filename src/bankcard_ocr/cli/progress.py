"""Progress for people who wait: a bar with rate and time left on a terminal, a line at each tenth elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import typer

Tell = Callable[[int, int, int], None]  # (done, of these before this run, total)


@contextmanager
def bar(*, tenths: bool = True, transient: bool = False) -> Iterator[Tell]:
    """What is told how far the work is. Writes to standard error; without a terminal there, and ``tenths``, lines."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tenth = -1
    with Progress(
        *columns,
        console=Console(stderr=True),
        disable=sys.stderr is None or not sys.stderr.isatty(),
        speed_estimate_period=120,
        transient=transient,
    ) as shown:
        task = shown.add_task("reading", total=None, rate="")

        def tell(done: int, before: int, total: int) -> None:
            nonlocal tenth
            elapsed = shown.tasks[task].elapsed or 0.0
            rate = f"{(done - before) / elapsed:.1f}/s" if elapsed > 1 and done > before else ""
            shown.update(task, completed=done, total=total, rate=rate)
            if shown.disable and tenths and 10 * done // total > tenth:
                tenth = 10 * done // total
                say(f"{done} of {total} {rate}".rstrip())

        yield tell


def say(text: str) -> None:
    """Tells people ``text`` on standard error; work goes on where nobody can hear."""
    with suppress(OSError):
        typer.echo(text, err=True)
