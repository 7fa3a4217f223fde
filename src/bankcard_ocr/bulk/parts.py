"""The journal of a run: ``OUT.parts`` has the plan and one file for each finished chunk; all of them make OUT.

A file is written beside its place and moved there when it is whole and on disk, so it is there whole or not at all:
``kill -9`` at any moment loses the chunks at work and nothing else. One run at a time holds the folder's lock.
"""

from __future__ import annotations

import dataclasses
import fcntl
import glob
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ..errors import BulkError, BulkMisuse
from ..numbers.masking import masked_name
from ..platform.detail import ISSUER
from .plan import Chunk, pyarrow
from .worker import Row

PLAN = "plan.jsonl"
NEW = ".new"  # the end of the name of a file that is not whole yet
TOGETHER = 65_536  # rows in a row group of the Parquet file


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a finished run wrote: its rows, how many there are of each outcome, and how many names look like cards'."""

    rows: int
    outcomes: dict[str, int]
    numbers_in_names: int = 0


class Parts:
    """The folder of a run that writes ``out``, held while it is open. Raises BulkError when another run holds it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(out.name + ".parts")
        self._lock = -1

    def __enter__(self) -> Self:
        lock = self.folder / "lock"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder.parent) as own:  # a mount may give files another owner
                owner = os.fstat(own.fileno()).st_uid
            if {self.folder.lstat().st_uid, self.folder.stat().st_uid} != {owner}:  # the link's, where it is one
                raise BulkError(f"{self.folder} is another user's, who could read and change it; remove it")
            self._lock = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise BulkError(f"{self.folder} cannot be made: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            held = isinstance(error, BlockingIOError)
            why = f"another run is writing {self.out}" if held else f"{self.folder} cannot be locked: {error.strerror}"
            raise BulkError(why) from error
        if not _is_open_at(self._lock, lock):  # the run that had it ended meanwhile, and removed it
            os.close(self._lock)
            return self.__enter__()
        for beside in self.out.parent.glob(f"{glob.escape(self.out.name)}.*{NEW}"):
            if beside.name.removeprefix(f"{self.out.name}.").removesuffix(NEW).isdecimal():
                beside.unlink(missing_ok=True)  # a run was killed while it put OUT together
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        is_over = not (self.folder / PLAN).exists()  # or was not begun
        if is_over:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)
        if is_over:  # on NFS the lock had another name as long as it was open
            shutil.rmtree(self.folder, ignore_errors=True)

    def planned(self, facts: dict[str, object], make: Callable[[], list[Chunk]]) -> list[Chunk]:
        """The plan of the first run, or of this one when it is the first. Raises BulkMisuse when facts differ."""
        path = self.folder / PLAN
        if not path.exists():
            chunks = make()
            with whole(path) as file:
                file.write(json.dumps(facts).encode() + b"\n")
                file.writelines(json.dumps(dataclasses.asdict(chunk)).encode() + b"\n" for chunk in chunks)
            return chunks
        with path.open("rb") as file:
            earlier = json.loads(file.readline())
            differing = sorted(name for name in facts if facts[name] != earlier.get(name))
            if differing:
                raise BulkMisuse(
                    f"{self.folder} was begun with another {', '.join(differing)}; go on as it was begun, or delete it"
                )
            return [_chunk(json.loads(line)) for line in file]

    def has(self, chunk: Chunk) -> bool:
        """Whether the chunk is done."""
        return self._path(chunk).exists()

    def write(self, chunk: Chunk, rows: list[Row]) -> None:
        """Puts the rows of a finished chunk into their place."""
        with whole(self._path(chunk)) as file:
            file.writelines(_line(each) for each in rows)

    def finish(self, chunks: list[Chunk]) -> Summary:
        """Makes OUT of all parts and removes them."""
        outcomes, bare = Counter[str](), Counter[bool]()
        with whole(self.out) as file:
            if self.out.suffix == ".parquet":
                _write_parquet(file, self._rows(chunks, outcomes, bare))
            else:
                file.writelines(map(_line, self._rows(chunks, outcomes, bare)))
        self.discard()
        return Summary(rows=outcomes.total(), outcomes=dict(sorted(outcomes.items())), numbers_in_names=bare[True])

    def discard(self) -> None:
        """Removes the parts, the plan first: without it nothing else is looked at."""
        (self.folder / PLAN).unlink(missing_ok=True)

    def leave(self) -> None:
        """Removes the parts unless they are of a run that is not done: of another OUT that was put in its place."""
        plan = self.folder / PLAN
        if plan.exists():
            with plan.open("rb") as file:
                chunks = [_chunk(json.loads(line)) for line in list(file)[1:]]
            if not all(map(self.has, chunks)):
                return
        self.discard()

    def _rows(self, chunks: Iterable[Chunk], outcomes: Counter[str], bare: Counter[bool]) -> Iterator[Row]:
        for chunk in chunks:
            try:
                with self._path(chunk).open("rb") as file:
                    rows = [json.loads(line) for line in file]
            except OSError as error:
                raise BulkError(
                    f"{self._path(chunk)} cannot be read: {error.strerror}; run the same command again"
                ) from error
            except ValueError:
                rows = []
            if [each["row"] for each in rows] != list(range(chunk.first, chunk.first + chunk.rows)):
                raise BulkError(f"{self._path(chunk)} does not have its {chunk.rows} rows; delete it and run again")
            outcomes.update(each["outcome"] for each in rows)
            bare.update(masked_name(each["name"]) != each["name"] for each in rows)
            yield from rows

    def _path(self, chunk: Chunk) -> Path:
        return self.folder / f"{chunk.index:07}.jsonl"


def _is_open_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, for its owner alone, that is at ``path`` when all of it is on disk, and not before.

    What another user laid in its place beforehand, a file or a link, is not written to. Raises BulkError when it cannot
    be written.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}{NEW}")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        why = error.strerror or error
        raise BulkError(f"{path} cannot be written: {why}; make room and run the same command again") from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _chunk(fields: dict[str, Any]) -> Chunk:
    return Chunk(**{**fields, "names": tuple(fields["names"])})


def _write_parquet(file: IO[bytes], rows: Iterator[Row]) -> None:
    pa, parquet = pyarrow()
    schema = pa.schema(
        [
            ("row", pa.int64()),
            ("name", pa.string()),
            ("outcome", pa.string()),
            ("number", pa.string()),
            ("confidence", pa.float64()),
            ("errcode", pa.int32()),
            ("errmsg", pa.string()),
            *((name, pa.string()) for name in ISSUER),
        ]
    )
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while together := list(islice(rows, TOGETHER)):
            writer.write_table(pa.Table.from_pylist(together, schema=schema))
