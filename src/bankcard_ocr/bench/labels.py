"""What stands on each picture of a folder: ``labels.csv``, one line a picture, UTF-8, with a header.

========================== ==========================================================================================
column                     what it holds
========================== ==========================================================================================
``file``                   the picture's name, relative to the folder; required
``number``                 the card number, spaces and hyphens allowed; empty where no number may be returned
``number_sha256``          instead of ``number``: the hex SHA-256 of ``bankcard:`` followed by the digits, so that a
                           label file need not hold card numbers
``group``                  pictures of one card share a value and weigh together as one; by default the number itself
``length``                 digits of the number; by default counted from ``number``
``number_quad``            where the number stands: JSON, four [x, y] in pixels, TL, TR, BR, BL of the text
any other                  a stratum to report by, when named (``relief``, ``bank``, ``camera``, …)
========================== ==========================================================================================

A file with neither ``number`` nor ``number_sha256`` is a file of negatives: a number returned is a fault. One with a
column that is nearly called so, such as ``numbers`` or ``pan``, or that holds card numbers, is refused.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import BankcardError, NumberError
from ..numbers import pan
from ..reading import Quad

_SHA256_CHARS = 64
_NUMBERS = re.compile(r"nums?|pans?|sha256|.*(card|account|acct)(no|num|number)s?")  # what else people call them
_CHINESE_NUMBERS = ("卡号", "账号", "帐号")  # 银行卡号 as well
_FARTHEST = 1_000_000  # pixels: beyond any picture, as NaN and Infinity are, which JSON of Python may have
_LABELLED = {"number", "number_sha256"}
_FIGURES = {"", "file", "number", "number_sha256", "number_quad"}  # all other columns are strata


class LabelsError(BankcardError, ValueError):
    """Line ``line`` of a label file is wrong; ``reason`` says what it may be."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"labels, line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Label:
    """What stands on one picture. ``number_sha256`` is None where no number may be returned."""

    file: str
    number_sha256: str | None
    group: str
    length: int | None = None
    number_quad: Quad | None = None
    strata: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Label(numbered={self.number_sha256 is not None}, length={self.length})"  # names may hold numbers too


def load(path: Path) -> list[Label]:
    """The labels of the file at ``path``. Raises LabelsError, OSError."""
    data = path.read_bytes()
    try:
        return parse(io.StringIO(data.decode("utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        raise LabelsError(data.count(b"\n", 0, error.start) + 1, "the file must be UTF-8; save it as such") from None


def parse(lines: Iterable[str]) -> list[Label]:
    """The labels of a CSV text given line by line, header first. Raises LabelsError."""
    reader = csv.DictReader(lines, strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        _check([name.strip() for name in reader.fieldnames or ()])
        rows.extend((reader.line_num, _cells(row)) for row in reader)
    except csv.Error as error:  # an open quote is one until the file ends; it stands behind the last whole line
        raise LabelsError(rows[-1][0] + 1 if rows else 1, f"not CSV: {error}") from None
    if not rows:
        raise LabelsError(1, "no pictures; a header line and at least one picture are needed")
    _check_cells([cells for _, cells in rows])
    labels: dict[str, Label] = {}
    for line, cells in rows:
        label = _label(line, cells)
        if label.file in labels:
            raise LabelsError(line, f"{_shown(label.file)} is labelled twice")
        labels[label.file] = label
    return list(labels.values())


def _check(columns: Sequence[str]) -> None:
    """Raises LabelsError, which names ``columns``, when none has files, or numbers stand in one of another name."""
    found = f"the columns found are {', '.join(map(_shown, columns))}"
    if columns and "file" not in columns:
        raise LabelsError(1, f"a column 'file' is needed, in lower case, with commas between columns; {found}")
    alike = next(filter(_resembles_number, columns), None)
    if alike and not _LABELLED & set(columns):
        raise LabelsError(1, f"{_shown(alike)} is to be called 'number' or 'number_sha256'; {found}")


def _check_cells(rows: Sequence[Mapping[str, str]]) -> None:
    """Raises LabelsError when none of the columns is for numbers, and most cells of another hold one."""
    if _LABELLED & rows[0].keys():
        return
    for column in list(rows[0]):
        filled = [cell for row in rows if column != "file" and (cell := row[column])]
        if sum(map(pan.is_valid, filled)) > len(filled) / 2:
            raise LabelsError(1, f"{_shown(column)} holds card numbers and is to be called 'number'")


def _resembles_number(column: str) -> bool:
    plain = re.sub(r"[\W_]", "", column.lower())
    return (
        _NUMBERS.fullmatch(plain) is not None
        or plain.endswith(_CHINESE_NUMBERS)
        or bool(get_close_matches(plain, ("number", "numbersha256"), cutoff=0.8))
    )


def _shown(name: str) -> str:
    """``name`` for a message; a name that may hold a card number, as of a file without a header, is not told."""
    return repr(name) if sum(map(str.isdigit, name)) < pan.SHORTEST else "one with a number in it"


def _cells(row: Mapping[str | Any, str | Any]) -> dict[str, str]:
    return {(name or "").strip(): (value or "").strip() for name, value in row.items() if not isinstance(value, list)}


def _label(line: int, cells: Mapping[str, str]) -> Label:
    if not cells.get("file"):
        raise LabelsError(line, "the column 'file' is missing or empty")
    number = _number(line, cells.get("number", ""))
    given = cells.get("number_sha256", "").lower()
    if given and (len(given) != _SHA256_CHARS or not set(given) <= set("0123456789abcdef")):
        raise LabelsError(line, "number_sha256 must have 64 hexadecimal digits")
    sha256 = pan.digest(number) if number else given or None
    if given and given != sha256:
        raise LabelsError(line, "number and number_sha256 are of different numbers; leave one of them empty")
    return Label(
        file=cells["file"],
        number_sha256=sha256,
        group=cells.get("group") or sha256 or cells["file"],
        length=_length(line, cells.get("length", ""), number),
        number_quad=_quad(line, cells.get("number_quad", "")),
        strata={name: value for name, value in cells.items() if name not in _FIGURES},
    )


def _number(line: int, text: str) -> str:
    try:
        number = pan.compact(text) if text else ""
    except NumberError as error:
        raise LabelsError(line, str(error)) from None
    if number and not pan.SHORTEST <= len(number) <= pan.LONGEST:
        raise LabelsError(
            line, f"the number has {len(number)} digits, a whole card number {pan.SHORTEST} to {pan.LONGEST}"
        )
    return number


def _length(line: int, text: str, number: str) -> int | None:
    if not text:
        return len(number) or None
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise LabelsError(line, "length must be a number of digits")
    return int(text)


def _quad(line: int, text: str) -> Quad | None:
    if not text:
        return None
    try:
        corners = [(float(x), float(y)) for x, y in json.loads(text)]
        top_left, top_right, bottom_right, bottom_left = corners
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise LabelsError(line, "number_quad must be JSON: four [x, y], e.g. [[0,0],[9,0],[9,2],[0,2]]") from None
    if not all(abs(value) <= _FARTHEST for corner in corners for value in corner):
        raise LabelsError(line, f"number_quad must be in pixels of the picture, none beyond {_FARTHEST:,}")
    return top_left, top_right, bottom_right, bottom_left
