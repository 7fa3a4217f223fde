"""Where pictures come from: files, folders, globs, zip archives, and standard input as ``-``.

Nothing is unpacked to disk, and of no picture more than one byte over the limit is held.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import typer

from ..vision import files

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One picture, not yet read: its name for people, and what opens it."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]

    def read(self, max_bytes: int) -> bytes:
        """Its bytes, cut off behind the first that is too many. Raises NotAPicture when they cannot be had."""
        return files.read(self.open, max_bytes + 1)


@contextmanager
def opened(places: Sequence[str]) -> Iterator[list[Source]]:
    """The pictures at ``places``, in the order named; archives stay open inside.

    Raises typer.BadParameter, which says what would do, when there is nothing at one of them.
    """
    with ExitStack() as archives:
        yield [source for place in places for source in _at(place, archives)]


def _at(place: str, archives: ExitStack) -> list[Source]:
    path = Path(place)
    if place == STDIN:
        return [_stdin()]
    if not place:
        raise typer.BadParameter("a place without a name is given, perhaps of an empty variable; . is this folder")
    try:
        if path.is_dir():
            return _folder(path)
        if path.exists():
            return _archive(path, archives) if path.suffix.lower() == ".zip" else [_file(path)]
        matched = files.matching(place)
    except OSError as error:
        raise typer.BadParameter(f"{error.filename or place} cannot be read: {error.strerror}") from error
    if not matched and re.match(r"https?://", place):
        raise typer.BadParameter("an address is no file; fetch what is there first: curl ADDRESS | bankcard-ocr read -")
    if not matched:
        raise typer.BadParameter(
            f"{place} is no file, no folder and matches none; give pictures, a folder, a pattern in quotes such as "
            "'cards/**/*.jpg', a zip archive, or - for standard input"
        )
    return [source for file in matched for source in (_at(str(file), archives) if file.is_file() else [_found(file)])]


def _folder(path: Path) -> list[Source]:
    found = list(filter(files.is_picture, files.below(path)))
    if not found:
        raise typer.BadParameter(f"there are no pictures in {path}: no {' '.join(sorted(files.SUFFIXES))}")
    return list(map(_found, found))


def _file(path: Path) -> Source:
    return Source(str(path), lambda: path.open("rb"))


def _found(path: Path) -> Source:
    """What was not named itself, so that a pipe is not meant to be waited for."""
    return Source(str(path), partial(files.opened, path))


def _stdin() -> Source:
    if sys.stdin.isatty():
        raise typer.BadParameter("- reads a picture from standard input; send one: bankcard-ocr read - < card.jpg")
    return Source(STDIN, lambda: nullcontext(sys.stdin.buffer))


def _archive(path: Path, archives: ExitStack) -> list[Source]:
    """The pictures of a zip archive, sorted by name, named ``archive.zip!name``."""
    try:
        archive = archives.enter_context(zipfile.ZipFile(path))
    except (OSError, *files.DAMAGED) as error:
        raise typer.BadParameter(f"{path} is no zip archive that can be opened: {error}") from error
    members = files.members(archive)
    if not members:
        raise typer.BadParameter(f"there are no pictures in {path}: no {' '.join(sorted(files.SUFFIXES))}")
    return [Source(f"{path}!{info.filename}", partial(archive.open, info)) for info in members]
