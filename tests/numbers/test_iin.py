"""Issuer identification numbers."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import InvalidFormat, InvalidTable
from bankcard_ocr.numbers import iin

OWN = """\
# version 7
# date 2030-01-02
network house | 16
  7000-7099
issuer House Bank | 本行
  700012 - debit | 本行卡
  620550 19 credit
  622848 16 prepaid
""".encode()


@pytest.mark.parametrize(
    ("number", "network", "lengths"),
    [
        ("4111111111111111", "visa", (13, 16, 19)),
        ("5555555555554444", "mastercard", (16,)),
        ("2204", "mir", (16, 17, 18, 19)),
        ("2221", "mastercard", (16,)),
        ("2720", "mastercard", (16,)),
        ("378282246310005", "amex", (15,)),
        ("30569309025904", "diners", (14, 15, 16, 17, 18, 19)),
        ("6011111111111117", "discover", (16, 17, 18, 19)),
        ("3566002020360505", "jcb", (16, 17, 18, 19)),
        ("6200000000000005", "unionpay", (16, 17, 18, 19)),
        ("6205500000000000004", "unionpay", (16, 17, 18, 19)),
        ("9792", "troy", (16,)),
        ("213100", "jcb", (15,)),
        ("308800", "jcb", (16,)),
        ("309500", "diners", (14, 15, 16, 17, 18, 19)),
        ("670000", "maestro", (12, 13, 14, 15, 16, 17, 18, 19)),
        ("384100", "hipercard", (16,)),
        ("65008700", "cabal", (16,)),
        ("506198", "verve", (16, 18, 19)),
        ("506199", "carnet", (16,)),
        ("601933", "creditel", (16,)),
        ("603799", "shetab", (16,)),
    ],
)
def test_networks_are_known_by_their_ranges(number: str, network: str, lengths: tuple[int, ...]):
    """Published ranges give network and lengths."""
    assert (network, lengths) == (iin.network(number), iin.lengths(number))


@pytest.mark.parametrize("number", ["2220", "2721", "2205", "7", "0"])
def test_outside_every_range_nothing_is_known(number: str):
    """The numbers just beside a range, and unassigned ones, match nothing."""
    assert (None, (), "", ()) == (
        iin.network(number),
        iin.lengths(number),
        iin.lookup(number).prefix,
        iin.lookup(number).candidates,
    )


def test_a_chinese_bank_is_known_by_its_prefix():
    """Bank in two languages, card, type and length come from the longest prefix."""
    match = iin.lookup("622848")

    assert ("622848", "unionpay", "Agricultural Bank of China", "中国农业银行", "debit", (19,)) == (
        match.prefix,
        match.network,
        match.issuer,
        match.issuer_zh,
        match.type,
        match.lengths,
    )


@pytest.mark.parametrize(("prefix", "kind"), [("622848", "debit"), ("622836", "credit"), ("622200", "debit")])
def test_types_of_cards_are_told_apart(prefix: str, kind: str):
    """Debit and credit cards of one bank have prefixes of their own."""
    assert kind == iin.lookup(prefix).type


@pytest.mark.parametrize(
    ("prefix", "bank"),
    [
        ("622367", "绵阳市商业银行"),  # its name still: there is no 绵阳银行
        ("622485", "江苏银行"),  # 无锡市商业银行 of old; 无锡银行 is another, once 无锡农村商业银行
        ("621415", "富滇银行"),
        ("622335", "广西北部湾银行"),
        ("622342", "四川银行"),
        ("621274", "汇业银行"),
    ],
)
def test_banks_have_the_names_that_they_have_now(prefix: str, bank: str):
    """The sources, of 2013 and 2017, know many by those they had before they were renamed or merged."""
    assert bank == iin.lookup(prefix).issuer_zh


def test_names_of_cards_are_written_as_chinese_is():
    """The sources' slips are mended, and brackets are full-width."""
    table = resources.files("bankcard_ocr.numbers").joinpath("iin.dat").read_text("utf-8")
    named = [line.partition(" | ")[2] for line in table.splitlines() if line.startswith("  ")]

    assert ([], "中银威士信用卡") == ([name for name in named if set("()") & set(name)], iin.lookup("409667").card_name)


def test_a_longer_prefix_beats_a_shorter():
    """Own entries of six and eight digits: the eight decide."""
    table = iin.Table.parse(b"issuer A\n  700000 16 debit\nissuer B\n  70000000 16 credit\n")

    assert ("B", "A", "A") == tuple(table.lookup(number).issuer for number in ("7000000000", "7000001", "700000"))


def test_what_two_banks_claim_is_told_as_two_candidates():
    """A field that the candidates do not agree on is None, one that they do is told."""
    match = iin.Table.parse(b"issuer A\n  700000 16 debit visa\nissuer B\n  700000 19 debit visa\n").lookup("700000")

    assert (2, None, "debit", "visa", (16, 19)) == (
        len(match.candidates),
        match.issuer,
        match.type,
        match.network,
        match.lengths,
    )


@pytest.mark.parametrize(("number", "issuer"), [("7000000000000000", "A"), ("7000000000000000000", "B")])
def test_the_length_of_a_whole_number_decides_between_two(number: str, issuer: str):
    """A whole number belongs to the candidate that has numbers of its length."""
    table = iin.Table.parse(b"issuer A\n  700000 16 debit\nissuer B\n  700000 19 debit\n")

    assert issuer == table.lookup(number).issuer


def test_a_length_that_fits_a_shorter_prefix_only_takes_that():
    """A longer prefix whose cards have another length does not hide a shorter one."""
    table = iin.Table.parse(b"issuer A\n  7000 16 debit\nissuer B\n  700000 19 debit\n")

    assert ("A", "B") == (table.lookup("7000000000000000").issuer, table.lookup("700000").issuer)


def test_a_length_that_fits_nothing_leaves_the_longest_prefix():
    """A number of a surprising length still has its bank: the table may be the one that is wrong."""
    assert "中国农业银行" == iin.lookup("62284800000000000").issuer_zh


def test_own_entries_stand_in_place_of_shipped_ones():
    """Entries of a file replace those of their prefix and leave the others."""
    table = iin.Table.load(OWN)

    assert ("House Bank", "本行", "本行卡", "house", (16,)) == (
        table.lookup("700012").issuer,
        table.lookup("700012").issuer_zh,
        table.lookup("700012").card_name,
        table.lookup("700012").network,
        table.lookup("700012").lengths,
    )
    assert ("credit", "prepaid", "Bank of China") == (
        table.lookup("620550").type,
        table.lookup("622848").type,
        table.lookup("601382").issuer,
    )


def test_own_ranges_and_networks_stand_in_place_of_shipped_ones():
    """The network that an entry names is its own, whatever its range's is."""
    table = iin.Table.load(b"network visa | 13\n  4\nissuer Test Bank\n  621096 - debit visa\n")

    assert (13,) == table.lengths("4")
    assert "visa" == table.network("621096")


def test_a_table_can_be_read_from_a_file(tmp_path):
    """``load`` takes a path, as text or Path."""
    path = tmp_path / "own.dat"
    path.write_bytes(OWN)

    assert (
        "House Bank"
        == iin.Table.load(path).lookup("700012").issuer
        == iin.Table.load(str(path)).lookup("7000120").issuer
    )


def test_a_table_says_its_version_and_date():
    """The shipped table has both; with own entries the version names both and the date is theirs."""
    shipped, own = iin.Table.load(), iin.Table.load(OWN)

    assert (f"{shipped.version}+7", "2030-01-02") == (own.version, own.date)


def test_a_new_table_leaves_the_old_one_as_it_was():
    """Loading own entries changes neither the shipped table nor the default."""
    before = iin.lookup("620550")
    iin.Table.load(OWN)

    assert before == iin.Table.load().lookup("620550") == iin.lookup("620550")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bank A\n", 1),
        ("  62\n", 1),
        ("network x | 16\n  abc\n", 2),
        ("network x | 16\n  62-7\n", 2),
        ("network x | 16\n  ６２\n", 2),
        ("network x | 7\n  62\n", 2),
        ("network x | 20\n  62\n", 2),
        ("network x | 19-16\n  62\n", 2),
        ("network x | 16-99999999999\n  62\n", 2),
        ("network x |\n  62\n", 2),
        ("issuer A\n  62\n", 2),
        ("# a comment\n\nissuer A\n  62 16 debit\n  62 16 loan\n", 5),
        ("issuer A\n  6x 16 debit\n", 2),
        ("issuer A\n  62 x debit\n", 2),
        ("issuer A\n  62 16 debit visa jcb\n", 2),
    ],
)
def test_a_wrong_table_names_its_line(text: str, line: int):
    """Every mistake in an own table is an error that says where it is."""
    with pytest.raises(InvalidTable) as caught:
        iin.Table.load(text.encode())

    assert line == caught.value.line


def test_a_table_in_another_encoding_is_told_so():
    """Its Chinese names would be told as question marks."""
    with pytest.raises(InvalidTable, match="line 3: the file must be UTF-8") as caught:
        iin.Table.load("# ours\n\nissuer A | 我们的银行\n  622848 19 debit\n".encode("gbk"))
    assert 3 == caught.value.line


@pytest.mark.parametrize("sizes", ["8", "19", "8-19"])
def test_lengths_from_8_to_19_may_be_listed(sizes: str):
    """Both ends of the allowed lengths are allowed."""
    assert iin.Table.parse(f"issuer A\n  70 {sizes} debit\n".encode()).lookup("70").issuer == "A"


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9999))
def test_a_range_covers_its_numbers_and_no_others(one: int, two: int, probe: int):
    """Of every four-digit number, a range's prefixes match it exactly when it lies between the ends."""
    low, high = sorted((one, two))
    table = iin.Table.parse(f"network x | 16\n  {low:04d}-{high:04d}\n".encode())

    assert (low <= probe <= high) == (table.lookup(f"{probe:04d}").network == "x")


@given(st.binary(max_size=200), st.sampled_from([b"", b"network x | 16\n  ", b"issuer x\n  ", b"issuer x\n  62 16 "]))
def test_any_bytes_are_a_table_or_an_error(data: bytes, start: bytes):
    """Whatever a table file holds, it loads or raises InvalidTable."""
    try:
        iin.Table.parse(start + data)
    except InvalidTable as error:
        assert error.line >= 1


@pytest.mark.parametrize("text", ["", "62a", "６２"])
def test_only_digits_can_be_looked_up(text: str):
    """Anything but digits, spaces and hyphens is InvalidFormat."""
    with pytest.raises(InvalidFormat):
        iin.lookup(text)


def test_every_line_of_the_shipped_table_is_right():
    """The shipped table passes the validation that own ones must pass, and every network in it has a range."""
    shipped = iin.Table.parse(resources.files("bankcard_ocr.numbers").joinpath("iin.dat").read_bytes())

    assert (True, len(iin.default())) == (len(shipped) > 2000, len(shipped))


def test_the_shipped_table_names_its_sources():
    """Licence and version of every source stand in the table itself."""
    text = resources.files("bankcard_ocr.numbers").joinpath("iin.dat").read_text("utf-8")

    assert {"ISC licence", "MIT licence", "# version 20", "# date 20"} == {
        word for word in ("ISC licence", "MIT licence", "# version 20", "# date 20") if word in text
    }


@given(st.text("0123456789", min_size=1, max_size=19))
def test_lookup_is_consistent(number: str):
    """The deciding prefix begins the number, every candidate has it, and lengths are within ISO/IEC 7812."""
    match = iin.lookup(number)

    assert number.startswith(match.prefix)
    assert {match.prefix} >= {card.prefix for card in match.candidates}
    assert set(range(8, 20)) >= set(match.lengths)


@pytest.mark.parametrize(
    ("prefix", "issuer", "network"),
    [("479083", "EUROBANK EFG BULGARIA A.D.", "visa"), ("543218", "SHANGHAI PUDONG DEVELOPMENT BANK", "mastercard")],
)
def test_issuers_elsewhere_are_named(prefix: str, issuer: str, network: str):
    """Beyond the main table the world's names an issuer; the network and its lengths stay known."""
    match = iin.lookup(prefix)

    assert (issuer, network, iin.lengths(prefix[0] if network == "visa" else "54")) == (
        match.issuer,
        match.network,
        match.lengths,
    )


@pytest.mark.parametrize("content", [b"", b"# Our cards\n", b"issuer Test Bank\n"])
def test_a_file_of_own_entries_has_some(content: bytes):
    """One that is empty was cut off, or is being written: what it had would be lost without a word."""
    with pytest.raises(InvalidTable, match="has no entries"):
        iin.Table.load(content)


def test_own_entries_beat_the_world():
    """An own entry stands before what the world's table says of its prefix."""
    assert "Ours" == iin.Table.load(b"issuer Ours\n  479083 16 debit\n").lookup("479083").issuer


def test_a_table_of_own_entries_alone_knows_nothing_else():
    """``parse`` adds neither the shipped table nor the world's."""
    assert None is iin.Table.parse(b"issuer Ours\n  700000 16 debit\n").lookup("479083").issuer


def test_every_row_of_the_world_is_right():
    """Each part of the world's table passes the validation that own tables must pass, under the name it is found by."""
    parts = {name: iin._world().read(name) for name in iin._world().namelist() if name != "README"}
    tables = {name: iin.Table.parse(data) for name, data in parts.items()}

    assert set() == {row for name, table in tables.items() for row in table._rows if not row.startswith(name)}
    assert 100_000 < sum(len(table) for table in tables.values())
