"""INPUT cut into chunks: folders, globs, pictures, zip archives, and Parquet files of bytes or paths.

A folder means every picture, archive and Parquet file below it; a glob every file it matches. A Parquet file has the
pictures in its column of bytes (or of Hugging Face's ``{bytes, path}``), or their paths, relative to its own folder.
An archive or table among others that cannot be used is one row without a picture, as a damaged picture is. Paths in a
plan are absolute, so that it can be worked on from anywhere; names are as INPUT is given.
"""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

from ..errors import BulkError, BulkMisuse, NotAPicture
from ..vision import files
from ..vision.image import MAX_BYTES

TABLES = frozenset({".parquet", ".pq"})
LARGEST = 256  # pictures in a chunk: what a kill costs each worker at most
PATH_COLUMNS = ("path", "file", "filename", "file_name", "image", "img")

Content = bytes | NotAPicture  # of a picture, or why it cannot be had


class _Unusable(BulkMisuse):
    """An archive or a table that has no pictures that could be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Pictures that follow one another: ``first`` is the row of the first one in OUT.

    ``names`` are the files' paths, or the members of the archive ``path``; a Parquet chunk has rows from ``start`` on
    in row group ``group`` of ``path``, whose own first row is ``base`` of that file. ``root`` is left out of names.
    """

    index: int = 0
    first: int = 0
    rows: int
    kind: Literal["files", "zip", "parquet"]
    path: str = ""
    names: tuple[str, ...] = field(default=(), repr=False)  # Ray logs what it is given where all may read it
    root: str = ""
    group: int = 0
    start: int = 0
    base: int = 0
    column: str = ""

    def name(self, offset: int) -> str:
        """What the row of this picture is called in OUT."""
        if self.kind == "files":
            return self.names[offset].removeprefix(self.root)
        place = self.path.removeprefix(self.root)
        return f"{place}!{self.names[offset]}" if self.kind == "zip" else f"{place}#{self.base + self.start + offset}"


def plan(source: str, column: str, workers: int) -> list[Chunk]:
    """The chunks of ``source``, in the order of names. Raises BulkMisuse when there is nothing to read."""
    found, root = _files(source)
    spans: list[Chunk] = []
    bundles = [file for file in found if file.suffix.lower() in {*TABLES, ".zip"} and file.is_file()]
    pictures = tuple(map(str, sorted({*found} - {*bundles})))
    if pictures:
        spans.append(Chunk(kind="files", names=pictures, rows=len(pictures), root=root))
    for file in bundles:
        try:
            if file.suffix.lower() == ".zip":
                spans.append(_archive(file, root))
            else:
                spans += list(_groups(file, root, column))
        except _Unusable:
            if len(found) == 1:
                raise
            spans.append(Chunk(kind="files", names=(str(file),), rows=1, root=root))
    total = sum(span.rows for span in spans)
    if not total:
        raise BulkMisuse(
            f"there are no pictures in {source}: no {' '.join(sorted(files.SUFFIXES | TABLES | {'.zip'}))}"
        )
    size = max(1, min(LARGEST, total // (8 * workers)))
    return _numbered(piece for span in spans for piece in _cut(span, size))


def pictures(chunk: Chunk, start: int, max_bytes: int = MAX_BYTES) -> Iterator[Content]:
    """The pictures of ``chunk`` from the ``start``-th on; of files and members at most one byte over ``max_bytes``."""
    if chunk.kind == "files":
        yield from (_read(partial(files.opened, Path(name)), max_bytes) for name in chunk.names[start:])
    elif chunk.kind == "zip":
        yield from _members(chunk, start, max_bytes)
    else:
        yield from _cells(chunk, start, max_bytes)


def _files(source: str) -> tuple[list[Path], str]:
    if not source:
        raise BulkMisuse("no INPUT is given, perhaps of an empty variable; . is this folder")
    place = Path(source).absolute()
    try:
        if place.is_dir():
            kinds = TABLES | {".zip"}
            found = [file for file in files.below(place) if files.is_picture(file) or file.suffix.lower() in kinds]
            return found, f"{place}/"
        if place.is_file():
            return [place], f"{place.parent}/"
        found = [file.absolute() for file in files.matching(source)]
    except OSError as error:
        raise BulkMisuse(f"{error.filename or source} cannot be read: {error.strerror}") from error
    if not found:
        raise BulkMisuse(
            f"{source} is no file, no folder and matches none; give a folder, a pattern in quotes such as "
            "'cards/**/*.jpg', a zip archive, or a Parquet file"
        )
    return found, "" if Path(source).is_absolute() else f"{Path.cwd()}/"


def _archive(file: Path, root: str) -> Chunk:
    try:
        with zipfile.ZipFile(file) as archive:
            names = tuple(info.filename for info in files.members(archive))
    except (OSError, *files.DAMAGED) as error:
        raise _Unusable(f"{file} cannot be opened: {error}") from error
    return Chunk(kind="zip", path=str(file), names=names, rows=len(names), root=root)


def _groups(file: Path, root: str, column: str) -> Iterator[Chunk]:
    arrow, parquet = pyarrow()
    try:
        opened = parquet.ParquetFile(file)
    except (OSError, ValueError, arrow.ArrowException) as error:  # such as of names that are not UTF-8
        raise _Unusable(f"{file} cannot be opened: {error}") from error
    with opened:
        chosen = _column(arrow, opened.schema_arrow, file, column)
        base = 0
        for group in range(opened.num_row_groups):
            rows = opened.metadata.row_group(group).num_rows
            yield Chunk(kind="parquet", path=str(file), rows=rows, root=root, group=group, base=base, column=chosen)
            base += rows


def _column(arrow: Any, schema: Any, file: Path, wanted: str) -> str:
    """The column that has the pictures: the one asked for, the first of bytes, or one of paths."""
    if wanted:
        if wanted not in schema.names:
            raise BulkMisuse(f"{file} has no column {wanted}; it has {', '.join(schema.names)}")
        if not _holds(arrow.types, schema.field(wanted).type, ("binary", "string", "null")):
            kind = schema.field(wanted).type
            raise BulkMisuse(f"the column {wanted} of {file} holds {kind}, neither pictures nor paths of them")
        return wanted
    for each in schema:
        if _holds(arrow.types, each.type, ("binary",)):
            return str(each.name)
    for name in PATH_COLUMNS:
        if name in schema.names and _holds(arrow.types, schema.field(name).type, ("string", "null")):
            return name
    raise _Unusable(f"{file} has no column of bytes or paths among {', '.join(schema.names)}; name one with --column")


def _holds(kinds: Any, type_: Any, wanted: tuple[str, ...]) -> bool:
    """Whether a column of ``type_`` holds values of one of the types ``wanted``, or structs of them, or codes."""
    if kinds.is_struct(type_):
        parts = [type_.field(name).type for name in ("bytes", "path") if type_.get_field_index(name) >= 0]
        return any(_holds(kinds, part, wanted) for part in parts)
    if kinds.is_dictionary(type_):
        return _holds(kinds, type_.value_type, wanted)
    tests = {
        "binary": (kinds.is_binary, kinds.is_large_binary, kinds.is_fixed_size_binary),
        "string": (kinds.is_string, kinds.is_large_string),
        "null": (kinds.is_null,),
    }
    return any(test(type_) for name in wanted for test in tests[name])


def _cut(span: Chunk, size: int) -> Iterator[Chunk]:
    for start in range(0, span.rows, size):
        rows = min(size, span.rows - start)
        yield dataclasses.replace(span, start=start, rows=rows, names=span.names[start : start + rows])


def _numbered(pieces: Iterator[Chunk]) -> list[Chunk]:
    first, numbered = 0, []
    for index, piece in enumerate(pieces):
        numbered.append(dataclasses.replace(piece, index=index, first=first))
        first += piece.rows
    return numbered


def _members(chunk: Chunk, start: int, max_bytes: int) -> Iterator[Content]:
    """The members of an archive's chunk; none of them is a picture when it is gone by now, or no archive any more."""
    try:
        found = Path(chunk.path).stat()
        archive, held = _opened(chunk.path, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))
    except (OSError, *files.DAMAGED):
        yield from (NotAPicture("cannot open: its archive is gone or damaged") for _ in chunk.names[start:])
        return
    for place, name in enumerate(chunk.names[start:], chunk.start + start):
        is_there = place < len(held) and held[place].filename == name  # one of several members of this name
        yield _read(partial(archive.open, held[place] if is_there else name), max_bytes)


@lru_cache(maxsize=1)  # its next chunk is of the same archive mostly, whose directory takes seconds when it is large
def _opened(path: str, _version: tuple[int, ...]) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The archive, which stays open, and its pictures."""
    archive = zipfile.ZipFile(path)
    return archive, files.members(archive)


def _cells(chunk: Chunk, start: int, max_bytes: int) -> Iterator[Content]:
    """The cells of a Parquet chunk: bytes, structs of them, or paths; those behind a damaged page are no pictures."""
    arrow, _ = pyarrow()
    cells = _values(chunk, chunk.start + start)
    for _ in range(start, chunk.rows):
        try:
            cell = next(cells)
        except (StopIteration, OSError, IndexError, arrow.ArrowException):  # or its column is gone by now
            yield NotAPicture("the table is damaged here")
            continue
        try:
            value = cell.as_py()
        except (ValueError, arrow.ArrowException):
            yield NotAPicture("the cell is damaged")
        else:
            yield _cell(value, Path(chunk.path).parent, max_bytes)


def _values(chunk: Chunk, skip: int) -> Iterator[Any]:
    """The values of the chunk's column, from the ``skip``-th row of its group on."""
    _, parquet = pyarrow()
    with parquet.ParquetFile(chunk.path) as file:
        for batch in file.iter_batches(batch_size=64, row_groups=[chunk.group], columns=[chunk.column]):
            yield from batch.column(0).slice(min(skip, batch.num_rows))
            skip = max(0, skip - batch.num_rows)


def _cell(value: Any, folder: Path, max_bytes: int) -> Content:
    if isinstance(value, dict):
        value = value.get("bytes") if value.get("bytes") is not None else value.get("path")
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _read(partial(files.opened, folder / value), max_bytes)
    return NotAPicture("the cell is empty")


def _read(opened: Callable[[], Any], max_bytes: int) -> Content:
    try:
        return files.read(opened, max_bytes + 1)
    except NotAPicture as error:
        return error


def pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise BulkError('Parquet needs pyarrow: pip install "bankcard-ocr[bulk]"') from error
    return pa, parquet
