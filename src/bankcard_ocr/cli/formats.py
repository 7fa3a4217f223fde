"""Lines written for programs: JSON lines, CSV, Parquet. Each opens on a binary file and writes a line at a time.

In CSV and Parquet lists and positions are JSON texts in their column; numbers are texts too, for a number of 19 digits
is too long for a float.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import IO, Any

from ..errors import BankcardError
from .inputs import STDIN
from .lines import Told, names

Write = Callable[[Told], None]
GROUP = 4096  # lines in a row group of a Parquet file
_REALS = ("confidence", "ms")  # what names of numbers end with
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what begins with one of these is computed by spreadsheets
_WHOLES = frozenset({"errcode", "picture"})


class Format(StrEnum):
    """How lines are told."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


def writer(format_: Format, file: IO[bytes]) -> AbstractContextManager[Write]:
    """What writes one line to ``file``; a Parquet file is whole when this ends."""
    return _WRITERS[format_](file)


@contextmanager
def _jsonl(file: IO[bytes]) -> Iterator[Write]:
    def write(told: Told) -> None:
        file.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")
        file.flush()

    yield write


@contextmanager
def _csv(file: IO[bytes]) -> Iterator[Write]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    rows = csv.DictWriter(text, names(), extrasaction="ignore", lineterminator="\n")
    rows.writeheader()
    yield lambda told: rows.writerow(
        {**{name: _cell(value) for name, value in told.items()}, "file": _inert(told["file"])}
    )
    text.detach()


def check(format_: Format) -> None:
    """Raises BankcardError when lines cannot be written so here."""
    if format_ is Format.parquet and importlib.util.find_spec("pyarrow") is None:
        raise BankcardError('Parquet needs pyarrow: pip install "bankcard-ocr[bulk]", or take --format csv')


@contextmanager
def _parquet(file: IO[bytes]) -> Iterator[Write]:
    import pyarrow as pa
    from pyarrow import parquet

    reals = dict.fromkeys((name for name in names() if name.endswith(_REALS)), pa.float64())
    kinds = {**reals, **dict.fromkeys(_WHOLES, pa.int32())}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names()])
    kept: list[dict[str, Any]] = []

    with parquet.ParquetWriter(file, schema, compression="zstd") as table:

        def flush() -> None:
            table.write_table(pa.Table.from_pylist(kept, schema=schema))
            kept.clear()

        def write(told: Told) -> None:
            kept.append({name: _cell(told[name]) for name in schema.names})
            if len(kept) == GROUP:
                flush()

        try:
            yield write
        finally:  # what was read is kept when the run is stopped
            flush()


def _inert(name: str) -> str:
    """``name``, which strangers may have chosen, as a cell that no spreadsheet takes for a formula.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{name}" if name.startswith(_FORMULAS) and name != STDIN else name


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


_WRITERS = {Format.jsonl: _jsonl, Format.csv: _csv, Format.parquet: _parquet}
