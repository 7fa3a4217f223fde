"""Where what is told goes: no file that is read is lost, what has card numbers is its owner's alone."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import typer

from ..errors import BankcardError
from . import inputs


def keep_inputs(out: Path | None, names: Iterable[str], option: str = "--out") -> None:
    """Raises typer.BadParameter when ``out`` is what is read at one of ``names``, archives' members included."""
    try:
        there = (out or Path()).stat()
    except OSError:
        return
    for name in names if out else ():
        inside = re.search(r"\.zip(?=!)", name, re.IGNORECASE)
        read = "/dev/stdin" if name == inputs.STDIN else name[: inside.end()] if inside else name
        with suppress(OSError):
            if os.path.samestat(there, Path(read).stat()):
                raise typer.BadParameter(f"{out} is read, and would be lost; choose another {option}")


def keep_all(outs: Iterable[Path], names: Iterable[str], option: str) -> None:
    """Raises typer.BadParameter when one of ``outs`` is a file that is read at one of ``names``, or a link."""
    read = set()
    for name in names:
        with suppress(OSError):
            found = Path(name).stat()
            read.add((found.st_dev, found.st_ino))
    for out in outs:
        with suppress(OSError):
            found = out.lstat()
            if stat.S_ISLNK(found.st_mode) or (found.st_dev, found.st_ino) in read:
                raise typer.BadParameter(f"{out} is read, or a link, and would be lost; choose another {option}")


@contextmanager
def private(path: Path, option: str) -> Iterator[IO[bytes]]:
    """The file ``path``, empty, that only its owner may read: it will have card numbers. Raises BankcardError.

    One that was there is emptied when nobody else may read it any more.
    """
    flags = os.O_WRONLY | os.O_CREAT
    with reporting_errors(path, f"choose another {option}"), os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fchmod(file.fileno(), 0o600)
            file.truncate()
        yield file


@contextmanager
def reporting_errors(place: Path | str, advice: str) -> Iterator[None]:
    """Says in one line why ``place`` cannot be written; a reader that went away needs no words."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BankcardError(f"{place} cannot be written: {error.strerror}; {advice}") from error
