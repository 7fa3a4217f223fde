"""Issuer identification numbers (IIN, also BIN): the first digits of a card number say who issued the card.

The table ``iin.dat`` beside this file knows the networks and their lengths, China's banks and their cards, and Iran's
banks; for the rest of the world ``world.zip``, less well checked, names issuers. The longest prefix wins; among equals
those whose length fits a whole number. Where several remain, every one is a candidate, and the match says of a field
only what all of them agree on.

>>> match = lookup("622848")
>>> match.issuer, match.issuer_zh, match.type, match.lengths
('Agricultural Bank of China', '中国农业银行', 'debit', (19,))
>>> network("4111111111111111"), lengths("34")
('visa', (15,))

The table's form, for entries of one's own (:meth:`Table.load`); lengths ``-`` are those of the network, the type is
``debit``, ``credit``, ``quasi_credit``, ``prepaid`` or ``-``, network and card name may be left out::

    # a comment; the first lines may say version and date: "# version 2026.11.23"
    network NAME | 16-19
      62
      8100-8171
    issuer NAME IN ENGLISH | 中文名称
      621096 19 debit unionpay | 绿卡
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

from ..errors import InvalidTable
from . import pan

Type = Literal["debit", "credit", "quasi_credit", "prepaid", "unknown"]
_TYPES: dict[str, Type] = {"-": "unknown", **{name: name for name in get_args(Type)}}
_Value = TypeVar("_Value")
_Row = tuple[int, str, tuple[str, str, str]]  # number of the line, the line, its section


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One kind of card: who issues it, under which ``prefix``; None or ``unknown`` where the table does not say.

    ``lengths`` are the lengths of its numbers, ascending; empty when nothing is known.
    """

    prefix: str
    network: str | None = None
    issuer: str | None = None
    issuer_zh: str | None = None
    card_name: str | None = None
    type: Type = "unknown"
    lengths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the table knows of a number: the ``candidates`` of its longest prefix, none for an unknown one."""

    candidates: tuple[Card, ...] = ()

    @property
    def prefix(self) -> str:
        """The digits that decided; empty when nothing is known."""
        return self.candidates[0].prefix if self.candidates else ""

    @property
    def network(self) -> str | None:
        """``unionpay``, ``visa``, ``mastercard``, ``amex``, ``jcb``, ``diners``, ``discover``, ``mir``, …"""
        return self._agreed(lambda card: card.network)

    @property
    def issuer(self) -> str | None:
        """The issuer's name in English."""
        return self._agreed(lambda card: card.issuer)

    @property
    def issuer_zh(self) -> str | None:
        """The issuer's name in Chinese."""
        return self._agreed(lambda card: card.issuer_zh)

    @property
    def card_name(self) -> str | None:
        """The product's name, in Chinese."""
        return self._agreed(lambda card: card.card_name)

    @property
    def type(self) -> Type:
        """What kind of account the card draws on."""
        return self._agreed(lambda card: card.type) or "unknown"

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that a candidate allows, ascending."""
        return tuple(sorted({length for card in self.candidates for length in card.lengths}))

    def _agreed(self, of: Callable[[Card], _Value]) -> _Value | None:
        values = {of(card) for card in self.candidates}
        return values.pop() if len(values) == 1 else None


class _Parts(NamedTuple):
    """A table as it was read: networks by their prefixes, and of issuers the rows that are read when looked up."""

    networks: dict[str, Card]
    rows: dict[str, list[_Row]]
    version: str | None
    date: str | None


class Table:
    """An IIN table. It never changes: to use a newer one, load it and put it in the old one's place.

    ``longest`` is how many digits of a number tell anything, at most.
    """

    def __init__(self, parts: _Parts, *, world: bool = False) -> None:
        self._networks, self._rows, self.version, self.date = parts
        self._world = world
        self.longest = max((len(prefix) for prefix in (*self._networks, *self._rows)), default=0)

    @classmethod
    def parse(cls, data: bytes) -> Table:
        """The table of these entries alone. Raises InvalidTable."""
        return cls(_validated(_parse(data)))

    @classmethod
    def load(cls, source: Path | str | bytes | None = None) -> Table:
        """The shipped table, with the entries of ``source``, a file or its content, in place of those they name.

        Raises InvalidTable, or OSError for a file that cannot be read.
        """
        shipped = _parse(resources.files(__package__).joinpath("iin.dat").read_bytes())
        if source is None:
            return cls(shipped, world=True)
        own = _validated(_parse(source if isinstance(source, bytes) else Path(source).read_bytes()))
        if not own.networks and not own.rows:  # as of one that is being written
            raise InvalidTable(1, "the file has no entries")
        version, date = f"{shipped.version}+{own.version or 'own'}", own.date or shipped.date
        return cls(_Parts(shipped.networks | own.networks, shipped.rows | own.rows, version, date), world=True)

    def __len__(self) -> int:
        return len(self._rows) + len(self._networks)

    def lookup(self, number: str) -> Match:
        """What the table knows of a card number or its first digits. Raises InvalidFormat for anything but digits."""
        return self._match(pan.compact(number), world=self._world)

    def lengths(self, prefix: str) -> tuple[int, ...]:
        """The lengths that numbers with this beginning may have, ascending; empty when the beginning is unknown."""
        return self._match(pan.compact(prefix), world=False).lengths

    def network(self, number: str) -> str | None:
        """The network of a card number or its first digits."""
        return self._match(pan.compact(number), world=False).network

    def _match(self, digits: str, *, world: bool) -> Match:
        prefixes = [digits[:size] for size in range(min(len(digits), self.longest), 0, -1)]
        rows = [self._rows[prefix] for prefix in prefixes if prefix in self._rows]
        rows = rows or (_elsewhere(prefixes) if world else [])
        issued = [[self._completed(_card(row)) for row in each] for each in rows]
        whole = len(digits) >= pan.SHORTEST
        fitting = [[card for card in cards if len(digits) in card.lengths] for cards in issued] if whole else []
        ranges = [[self._networks[prefix]] for prefix in prefixes if prefix in self._networks]
        return Match(candidates=tuple(next((cards for cards in (*fitting, *issued, *ranges) if cards), ())))

    def _completed(self, card: Card) -> Card:
        """``card`` with the network and lengths of its range where it has none of its own."""
        starts = (card.prefix[:size] for size in range(len(card.prefix), 0, -1))
        above = next((self._networks[start] for start in starts if start in self._networks), Card(prefix=""))
        return replace(card, network=card.network or above.network, lengths=card.lengths or above.lengths)


@cache
def default() -> Table:
    """The shipped table, read once."""
    return Table.load()


def with_own(entries: bytes) -> Table:
    """The shipped table, read once, with these entries in place of those they name. Raises InvalidTable."""
    return _loaded(entries) if entries else default()


_loaded = lru_cache(maxsize=4)(Table.load)


def lookup(number: str) -> Match:
    """What the shipped table knows of a card number or its first digits."""
    return default().lookup(number)


def lengths(prefix: str) -> tuple[int, ...]:
    """The lengths that numbers with this beginning may have, ascending; empty when the beginning is unknown."""
    return default().lengths(prefix)


def network(number: str) -> str | None:
    """The network of a card number or its first digits."""
    return default().network(number)


def _elsewhere(prefixes: list[str]) -> list[list[_Row]]:
    rows = _world_rows(prefixes[-3]) if len(prefixes) >= 3 else {}
    return [rows[prefix] for prefix in prefixes if prefix in rows]


@cache
def _world() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(resources.files(__package__).joinpath("world.zip").read_bytes()))


@lru_cache(maxsize=32)  # of about 400 parts, each some 100 kB once read
def _world_rows(start: str) -> dict[str, list[_Row]]:
    """The rows of ``world.zip`` whose prefixes begin with these three digits."""
    return _parse(_world().read(start)).rows if start in _world().NameToInfo else {}


def _parse(data: bytes) -> _Parts:
    """Ranges are read whole, the many rows of issuers only as far as their prefix, for a start of milliseconds."""
    networks: dict[str, Card] = {}
    rows: dict[str, list[_Row]] = {}
    head: dict[str, str] = {}
    section = ("", "", "")
    for number, line in enumerate(_decoded(data).splitlines(), 1):
        if line.startswith("  ") and section[0] == "issuer":
            rows.setdefault(line.split(maxsplit=1)[0] if line.strip() else "", []).append((number, line, section))
        elif line.startswith("#"):
            key, _, value = line[1:].strip().partition(" ")
            head.setdefault(key, value)
        elif line[:1].strip():
            section = _section(number, line)
        elif line.strip():
            networks.update(_ranges(number, line.strip(), section))
    rows.pop("", None)
    return _Parts(networks, rows, head.get("version"), head.get("date"))


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidTable(data.count(b"\n", 0, error.start) + 1, "the file must be UTF-8; save it as such") from None


def _validated(parts: _Parts) -> _Parts:
    """``parts`` themselves, every row read once. The shipped ones are validated by a test, and read when looked up."""
    for rows in parts.rows.values():
        for row in rows:
            _card(row)
    return parts


def _section(number: int, line: str) -> tuple[str, str, str]:
    kind, _, rest = line.partition(" ")
    if kind not in {"network", "issuer"}:
        raise InvalidTable(
            number, "begins neither with 'network' nor with 'issuer'; entries are indented by two spaces"
        )
    name, _, more = rest.partition("|")
    return kind, name.strip(), more.strip()


def _ranges(number: int, text: str, section: tuple[str, str, str]) -> dict[str, Card]:
    kind, name, sizes = section
    if kind != "network":
        raise InvalidTable(number, "an entry stands under no network or issuer; entries are indented by two spaces")
    try:
        lengths_ = _lengths(sizes)
        return {prefix: Card(prefix=prefix, network=name, lengths=lengths_) for prefix in _prefixes(text)}
    except ValueError as error:
        raise InvalidTable(number, str(error)) from error


def _card(row: _Row) -> Card:
    number, line, (_, issuer, issuer_zh) = row
    columns, _, card_name = line.partition("|")
    match columns.split():
        case [prefix, sizes, type_, *rest] if prefix.isascii() and prefix.isdigit() and len(rest) < 2:
            pass
        case _:
            raise InvalidTable(number, "an entry is PREFIX LENGTHS TYPE [NETWORK] [| CARD NAME]")
    if type_ not in _TYPES:
        raise InvalidTable(number, "the type is debit, credit, quasi_credit, prepaid or -")
    try:
        lengths_ = () if sizes == "-" else _lengths(sizes)
    except ValueError as error:
        raise InvalidTable(number, str(error)) from error
    return Card(
        prefix=prefix,
        network=rest[0] if rest else None,
        issuer=issuer or None,
        issuer_zh=issuer_zh or None,
        card_name=card_name.strip() or None,
        type=_TYPES[type_],
        lengths=lengths_,
    )


@cache
def _lengths(text: str) -> tuple[int, ...]:
    """``16-18,13`` is (13, 16, 17, 18)."""
    spans = [span.partition("-") for span in text.split(",")]
    ends = [(int(first), int(last or first)) for first, _, last in spans]
    if not all(8 <= first <= last <= pan.LONGEST for first, last in ends):
        raise ValueError("lengths are numbers and spans from 8 to 19, as in 13,16-19")
    return tuple(sorted({size for first, last in ends for size in range(first, last + 1)}))


def _prefixes(text: str) -> Iterator[str]:
    """The fewest prefixes that cover ``text``, a prefix or FIRST-LAST: 2221-2720 is 2221 … 2229, 223 … 2720."""
    first, _, last = text.partition("-")
    last = last or first
    if not (text.replace("-", "", 1).isascii() and first.isdigit() and last.isdigit() and len(first) == len(last) < 9):
        raise ValueError("a range is PREFIX or FIRST-LAST of equal length")
    low, high = int(first), int(last)
    while low <= high:
        zeros = 0
        while low % 10 ** (zeros + 1) == 0 and low + 10 ** (zeros + 1) - 1 <= high and zeros + 1 < len(first):
            zeros += 1
        yield f"{low:0{len(first)}d}"[: len(first) - zeros]
        low += 10**zeros
