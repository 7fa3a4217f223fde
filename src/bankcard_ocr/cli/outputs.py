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
    """Raises typer.BadParameter when ``out`` is what is read at one of ``names``."""
    with suppress(OSError):
        if out is not None and _identity(out.stat()) in _read_at(names):
            raise typer.BadParameter(f"{out} is read, and would be lost; choose another {option}")


def keep_all(outs: Iterable[Path], names: Iterable[str], option: str) -> None:
    """Raises typer.BadParameter when one of ``outs`` is what is read at one of ``names``, or a link."""
    read = _read_at(names)
    for out in outs:
        with suppress(OSError):
            found = out.lstat()
            if stat.S_ISLNK(found.st_mode) or _identity(found) in read:
                raise typer.BadParameter(f"{out} is read, or a link, and would be lost; choose another {option}")


def _read_at(names: Iterable[str]) -> set[tuple[int, int]]:
    """Which files are read at ``names``: for a member of an archive that archive, for ``-`` what standard input is."""
    found = set()
    for name in names:
        inside = re.search(r"\.zip(?=!)", name, re.IGNORECASE)
        file = "/dev/stdin" if name == inputs.STDIN else name[: inside.end()] if inside else name
        with suppress(OSError):
            found.add(_identity(Path(file).stat()))
    return found


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


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
