"""Lines as a table for people, in colours where the terminal has them, and a last line of totals."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from math import inf
from pathlib import PurePath
from statistics import median
from typing import Literal

from ..numbers import pan
from .formats import Write
from .lines import Told, further, rounded_down

SURE = 0.99
GAP = 2  # blanks between columns
WORDS, FEW_WORDS = 24, 12  # characters that a column of words keeps beside others, and when there is no room
DITTO = "\N{DOUBLE PRIME}"  # a further card of the picture above
TOO_LARGE = "; --max-bytes N takes larger ones"
PIPED = 200  # columns where there is no terminal


@contextmanager
def table() -> Iterator[Write]:
    """What takes the lines; the table is printed when this ends. Further cards of a picture have rows below its own.

    Columns that no picture fills are left out, and on a narrow terminal the folder that all files are in and what says
    least.
    """
    told: list[Told] = []
    try:
        yield told.append
    finally:  # what was read is told when the run is stopped
        if told:
            _print(told)


def _print(told: list[Told]) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has not all letters is told the others
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED
    shown = Table(box=None, pad_edge=False)
    rows = [row for each in told for row in (each, *map(_further, further(each)))]
    cells = {name: [cell(each) for each in rows] for name, cell in _COLUMNS.items()}
    filled = [name for name in _COLUMNS if name in _ALWAYS or any(text for text, _ in cells[name])]
    widths = {name: max(cell_len(text) for text in (name, *(text for text, _ in cells[name]))) for name in filled}
    if sum(widths.values()) + GAP * len(widths) > console.width:
        cells["file"] = _without_common_folder(cells["file"])
        widths["file"] = max(cell_len(text) for text in ("file", *(text for text, _ in cells["file"])))
    widths = _fitted(widths, console.width)
    for name, width in widths.items():
        justify: Literal["left", "right"] = "right" if name == "ms" else "left"
        shown.add_column(name, justify=justify, width=width, overflow="fold", header_style="dim")
    for row in zip(*(cells[name] for name in widths), strict=True):
        shown.add_row(*(Text(text, style=style) for text, style in row))
    console.print(shown)
    read = sum(each["number"] is not None for each in told)
    more = f", {_cards(len(rows) - len(told))}" if len(rows) > len(told) else ""
    console.print(f"{read} of {len(told)} read{more}, median {median(each['ms'] for each in told):.1f} ms", style="dim")


def _fitted(widths: Mapping[str, int], room: int) -> dict[str, int]:
    """The columns to show and their widths: what says least is left out, then words are wrapped, until all fit."""

    def over(wrapped: float = inf) -> int:
        return int(sum(min(width, wrapped) if name in _WRAPPED else width for name, width in kept.items())) - most

    kept = dict(widths)
    most = room - GAP * (len(kept) - 1)
    for name, wrapped in _SPARE:
        if over(wrapped) > 0 and kept.pop(name, None) is not None:
            most += GAP
    for least in (WORDS, FEW_WORDS):
        for name in _WRAPPED:
            kept[name] = max(min(kept.get(name, 0), least), kept.get(name, 0) - max(0, over()))
    return {name: width for name, width in kept.items() if width}


def _without_common_folder(files: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The names in a column without the folder that all of them are in."""
    folders = [PurePath(name).parent.parts for name, _ in files if name != DITTO]
    common = sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False)))
    return [(name if name == DITTO else str(PurePath(*PurePath(name).parts[common:])), style) for name, style in files]


def _cards(count: int) -> str:
    return f"{count} further card{'s' if count > 1 else ''}"


def _further(card: Told) -> Told:
    """A further card of the picture in the row above, as a line that tells no more than is known of it."""
    return {"file": DITTO, "number": card["number"], "confidence": card["confidence"], "refusal": card["refusal"]}


def _printable(name: str) -> str:
    """``name`` without what a terminal would obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)


def _number(told: Told) -> tuple[str, str]:
    return (pan.group(told["number"]), "bold") if told["number"] else ("-", "red")


def _confidence(told: Told) -> tuple[str, str]:
    style = "red" if told["number"] is None else "green" if told["confidence"] >= SURE else "yellow"
    return str(rounded_down(told["confidence"], 4)), style


def _kind(told: Told) -> tuple[str, str]:
    kind = told.get("card_type") if told.get("card_type") != "unknown" else None
    return " ".join(filter(None, (told.get("network"), kind))), ""


def _bank(told: Told) -> tuple[str, str]:
    return "  ".join(filter(None, (told.get("bank_name"), told.get("card_name")))), ""


def _remark(told: Told) -> tuple[str, str]:
    """Warnings in words, or the cause of a refusal without the platform's phrase before it."""
    if told["number"]:
        return ", ".join(told.get("warnings") or ()).replace("_", " "), "yellow"
    cause = told.get("refusal") or told.get("errmsg", "").partition("hint: [")[2].removesuffix("]")
    return cause + TOO_LARGE * (cause.startswith("size: ") and cause.endswith(" bytes")), "yellow"


_COLUMNS: dict[str, Callable[[Told], tuple[str, str]]] = {
    "file": lambda told: (_printable(told["file"]), ""),
    "number": _number,
    "confidence": _confidence,
    "valid": lambda told: (told.get("valid_date") or "", ""),
    "holder": lambda told: (told.get("holder_name") or "", ""),
    "kind": _kind,
    "bank": _bank,
    "ms": lambda told: (f"{told['ms']:.1f}" if "ms" in told else "", "dim"),
    "remarks": _remark,
}
_ALWAYS = {"file", "number", "confidence", "ms"}
_WRAPPED = ("remarks", "file")  # columns of words
_SPARE = (
    ("ms", WORDS),
    ("kind", WORDS),
    ("bank", WORDS),
    ("holder", WORDS),
    ("valid", FEW_WORDS),
    ("confidence", FEW_WORDS),
)
"""What is left out, in this order, when the others do not fit though words are wrapped to so many characters."""
