"""``bankcard-ocr read``: the card numbers on pictures, as a table for people or as JSON lines for scripts.

A JSON line has ``file``, ``number`` (null when refused), ``confidence``, ``errcode`` and ``errmsg`` as the server would
answer, ``ms`` from bytes in memory to result, and the ranked ``candidates``; with ``--detail`` also what the server
tells with ``detail=1``, null on a refused picture. Lines come in the order of the files.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from ..errors import BankcardError, NotAPicture
from ..numbers import iin, pan
from ..platform import detail as details
from ..platform import wire
from ..reading import Options

if TYPE_CHECKING:
    from ..reading import Reading

DETAILS = (
    "valid_date",
    "issue_date",
    "bank_name",
    "bank_name_en",
    "card_name",
    "card_type",
    "network",
    "bin",
    "bin_table",
    "bin_candidates",
    "number_position",
    "digit_positions",
    "valid_date_position",
    "card_position",
    "img_size",
    "warnings",
)
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif"}


class Type(StrEnum):
    """What the pictures are."""

    photo = "photo"
    scan = "scan"


class _Reads(Protocol):
    def read(self, data: bytes, options: Options = ...) -> Reading: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is told of one file."""

    file: str
    number: str | None
    confidence: float
    errcode: int
    errmsg: str
    ms: float
    candidates: tuple[dict[str, object], ...]
    detail: dict[str, Any] | None = None

    def as_json(self) -> str:
        """One JSON object, the fields of ``detail`` beside the others."""
        shown = {name: getattr(self, name) for name in self.__slots__ if name != "detail"}
        return json.dumps({**shown, **(self.detail or {})}, ensure_ascii=False)


def command(
    pictures: Annotated[
        list[Path], typer.Argument(metavar="FILE...|DIR", help="Pictures, or folders of them.", exists=True)
    ],
    type_: Annotated[
        Type, typer.Option("--type", help="photo: a card with what is around it; scan: the picture is the card.")
    ] = Type.photo,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line for each file.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Pictures read at the same time.")] = 1,
    mask: Annotated[bool, typer.Option("--mask", help="Show the first 6 and last 4 digits only.")] = False,
    detail: Annotated[
        bool, typer.Option("--detail", help="Tell all of the card: bank, type, dates, positions, warnings.")
    ] = False,
) -> None:
    """Read the card numbers on pictures. Exit status: 0 all read, 1 some refused, 2 wrong usage."""
    files = list(_files(pictures))
    if not files:
        typer.echo(f"bankcard-ocr: no pictures in {', '.join(map(str, pictures))}", err=True)
        raise typer.Exit(2)
    with ThreadPoolExecutor(threads) as pool:
        reader, options = make_reader(), Options(type=type_.value, detail=detail)
        lines = pool.map(lambda file: line(reader, file, options, mask=mask), files)
        refused = _print_jsonl(lines) if jsonl else _print_table(lines, len(files))
    raise typer.Exit(1 if refused else 0)


def make_reader() -> _Reads:
    """A reader with the shipped models."""
    from ..reader import Reader

    return Reader()


def line(reader: _Reads, file: Path, options: Options, *, mask: bool = False) -> Line:
    """What ``reader`` says of ``file``; a file that cannot be opened counts as no picture."""
    show = pan.mask if mask else str
    start = time.perf_counter()
    try:
        data = file.read_bytes()
        start = time.perf_counter()
        reading = reader.read(data, options)
    except (BankcardError, OSError) as error:
        ms = 1000 * (time.perf_counter() - start)
        told = NotAPicture(f"cannot open: {error.strerror}") if isinstance(error, OSError) else error
        code = wire.errcode(told)
        confidence = float(getattr(told, "confidence", 0.0))
        errmsg = f"{wire.message(code)} hint: [{wire.hint(told)}]"
        nothing = dict.fromkeys(DETAILS) if options.detail else None
        return _line(file, None, confidence, code, errmsg, ms, (), nothing)
    ms = 1000 * (time.perf_counter() - start)
    candidates = tuple(
        {"number": show(each.number), "confidence": round(each.confidence, 6)} for each in reading.candidates
    )
    told_more = _detail(reading, mask=mask) if options.detail else None
    return _line(file, show(reading.number), reading.confidence, 0, wire.message(0), ms, candidates, told_more)


def _detail(reading: Reading, *, mask: bool) -> dict[str, Any]:
    found = details.details(reading, iin.default(), time.time())
    shown = {name: found[name] for name in DETAILS}
    return {**shown, "bin": shown["bin"][:6] if mask and shown["bin"] else shown["bin"]}


def _line(
    file: Path,
    number: str | None,
    confidence: float,
    code: int,
    errmsg: str,
    ms: float,
    candidates: tuple[dict[str, object], ...],
    detail: dict[str, Any] | None,
) -> Line:
    return Line(
        file=str(file),
        number=number,
        confidence=round(confidence, 6),
        errcode=code,
        errmsg=errmsg,
        ms=round(ms, 3),
        candidates=candidates,
        detail=detail,
    )


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and the pictures in the folders named, by their suffix, sorted."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        else:
            yield path


def _print_jsonl(lines: Iterable[Line]) -> int:
    """Writes each line as it comes; the number of refused ones."""
    refused = 0
    for each in lines:
        sys.stdout.write(each.as_json() + "\n")
        sys.stdout.flush()
        refused += each.number is None
    return refused


def _remark(line: Line) -> str:
    told = line.detail or {}
    words = [told.get(name) for name in ("bank_name", "card_name", "card_type", "network", "valid_date")]
    return "  ".join([*(word for word in words if word and word != "unknown"), *told.get("warnings", ())])


def _print_table(lines: Iterable[Line], count: int) -> int:
    """Writes a table and one line of totals; the number of refused ones."""
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table
    from rich.text import Text

    table = Table("file", "number", "confidence", "ms", "", box=None, pad_edge=False)
    quiet = count == 1 or not sys.stderr.isatty()
    told = list(track(lines, "reading", total=count, console=Console(stderr=True), transient=True, disable=quiet))
    for each in told:
        table.add_row(
            Text(each.file, overflow="fold"),
            Text(pan.group(each.number) if each.number else "-", style="bold" if each.number else "red", no_wrap=True),
            Text(f"{each.confidence:.4f}"),
            Text(f"{each.ms:.1f}"),
            Text(_remark(each) if each.number else each.errmsg, style="" if each.number else "yellow"),
        )
    refused = sum(each.number is None for each in told)
    middle = sorted(each.ms for each in told)[len(told) // 2]
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{count - refused} of {count} read, median {middle:.1f} ms", style="dim")
    return refused
