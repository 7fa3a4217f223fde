"""Lines as a table for people, in colours where the terminal has them, and a last line of totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

from ..numbers import pan
from .formats import Write
from .lines import further

SURE = 0.99
DITTO = "\N{DOUBLE PRIME}"  # a further card of the picture above
PIPED = 200  # columns where there is no terminal
Told = Mapping[str, Any]


@contextmanager
def table() -> Iterator[Write]:
    """What takes the lines; the table is printed when this ends. Further cards of a picture have rows below its own.

    Columns that no picture fills are left out, and on a narrow terminal those that say least.
    """
    told: list[Told] = []
    yield told.append
    _print(told)


def _print(told: list[Told]) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED
    shown = Table(box=None, pad_edge=False)
    rows = [row for each in told for row in (each, *map(_further, further(each)))]
    cells = {name: [cell(each) for each in rows] for name, cell in _COLUMNS.items()}
    kept = [name for name in _COLUMNS if name in _ALWAYS or any(text for text, _ in cells[name])]
    widths = {name: min(_WRAPPED.get(name, 99), max(cell_len(text) for text, _ in cells[name])) for name in kept}
    for name in _SPARE:
        if sum(widths.values()) + 2 * len(widths) > console.width:
            widths.pop(name, None)
    kept = [name for name in kept if name in widths]
    for name in kept:
        shown.add_column(
            name,
            justify="right" if name == "ms" else "left",
            no_wrap=name in _ONE_LINE,
            overflow="fold",
            header_style="dim",
            min_width=widths[name] if name == "file" else None,
        )
    for row in zip(*(cells[name] for name in kept), strict=True):
        shown.add_row(*(Text(text, style=style) for text, style in row))
    console.print(shown)
    read = sum(each["number"] is not None for each in told)
    more = f", {_cards(len(rows) - len(told))}" if len(rows) > len(told) else ""
    console.print(f"{read} of {len(told)} read{more}, median {median(each['ms'] for each in told):.1f} ms", style="dim")


def _cards(count: int) -> str:
    return f"{count} further card{'s' if count > 1 else ''}"


def _further(card: Told) -> Told:
    """A further card of the picture in the row above, as a line that tells no more than is known of it."""
    return {"file": DITTO, "number": card["number"], "confidence": card["confidence"], "refusal": card["refusal"]}


def _number(told: Told) -> tuple[str, str]:
    return (pan.group(told["number"]), "bold") if told["number"] else ("-", "red")


def _confidence(told: Told) -> tuple[str, str]:
    style = "red" if told["number"] is None else "green" if told["confidence"] >= SURE else "yellow"
    return f"{told['confidence']:.4f}", style


def _kind(told: Told) -> tuple[str, str]:
    kind = told.get("card_type") if told.get("card_type") != "unknown" else None
    return " ".join(filter(None, (told.get("network"), kind))), ""


def _bank(told: Told) -> tuple[str, str]:
    return "  ".join(filter(None, (told.get("bank_name"), told.get("card_name")))), ""


def _remark(told: Told) -> tuple[str, str]:
    """Warnings in words, or the cause of a refusal without the platform's phrase before it."""
    if told["number"]:
        return ", ".join(told.get("warnings") or ()).replace("_", " "), "yellow"
    return told.get("refusal") or told.get("errmsg", "").partition("hint: [")[2].removesuffix("]"), "yellow"


_COLUMNS: dict[str, Callable[[Told], tuple[str, str]]] = {
    "file": lambda told: (told["file"], ""),
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
_SPARE = ("ms", "kind", "bank", "holder")  # left out in this order
_WRAPPED = {"file": 24, "remarks": 24}  # columns of words, and the characters that they keep
_ONE_LINE = {"number", "confidence", "valid", "ms"}
