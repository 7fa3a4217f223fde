"""Label files: what users may write, and what they are told when it is wrong."""

from __future__ import annotations

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.bench.labels import Label, LabelsError, load, parse
from bankcard_ocr.numbers.pan import digest

VISA = "4111111111111111"


def parsed(text: str) -> list[Label]:
    return parse(io.StringIO(text))


def test_plain_number() -> None:
    """A plain number may be spaced, and stands for its digest, its length and its own group."""
    (label,) = parsed("file,number\na.jpg,4111 1111-1111 1111\n")
    assert Label(file="a.jpg", number_sha256=digest(VISA), group=digest(VISA), length=16) == label


def test_digest_instead_of_number() -> None:
    """A digest in either case serves instead of the number."""
    (label,) = parsed(f"file,number_sha256,length\na.jpg,{digest(VISA).upper()},16\n")
    assert (digest(VISA), 16) == (label.number_sha256, label.length)


def test_digest_is_the_published_one() -> None:
    """The digest is that of the README: SHA-256 over ``bankcard:`` and the digits."""
    assert digest(VISA) == "d5c8b617cf79ba0ed4d6145e372279a94bf92d5576bcaf74c0162b308f4d86e0"


def test_negatives() -> None:
    """Without a number a picture is a negative, a group of its own, its other columns strata."""
    (label,) = parsed("file,category\nn.jpg,cheque\n")
    assert Label(file="n.jpg", number_sha256=None, group="n.jpg", strata={"category": "cheque"}) == label


def test_group_and_strata() -> None:
    """The group is kept, and columns that are no figures are strata; the number is not among them."""
    (label,) = parsed(f"file,number,group,relief\na.jpg,{VISA},g1,embossed\n")
    assert ("g1", {"group": "g1", "relief": "embossed"}) == (label.group, label.strata)


def test_quad() -> None:
    """The number's place is four corners in JSON."""
    (label,) = parsed('file,number,number_quad\na.jpg,,"[[0, 1], [9.5, 1], [9, 3], [0, 3]]"\n')
    assert ((0.0, 1.0), (9.5, 1.0), (9.0, 3.0), (0.0, 3.0)) == label.number_quad


def test_byte_order_mark(tmp_path) -> None:
    """A file that a spreadsheet wrote, with its byte order mark, is read like any other."""
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xef\xbb\xbffile,number\r\na.jpg,\r\n")
    assert ["a.jpg"] == [label.file for label in load(path)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("file,number\n", 1),
        ("name,number\na.jpg,\n", 1),
        ("File,Number\na.jpg,\n", 1),
        ("file;number\na.jpg;\n", 1),
        ("file,number\n,\n", 2),
        ("file,number\na.jpg,\nb.jpg,41x1\n", 3),
        ("file,number\na.jpg,\na.jpg,\n", 3),
        ("file,number_sha256\na.jpg,abc\n", 2),
        (f"file,number_sha256\na.jpg,{'g' * 64}\n", 2),
        ("file,length\na.jpg,x\n", 2),
        ("file,length\na.jpg,100\n", 2),
        ("file,number_quad\na.jpg,oops\n", 2),
        ('file,number_quad\na.jpg,"[[0,0],[1,0],[1,1]]"\n', 2),
        ('file,number_quad\na.jpg,"[1,2,3,4]"\n', 2),
        ('file,number_quad\na.jpg,"[[NaN,0],[9,0],[9,2],[0,2]]"\n', 2),
        ('file,number_quad\na.jpg,"[[0,0],[Infinity,0],[9,2],[0,2]]"\n', 2),
        ('file,number_quad\na.jpg,"[[0,0],[1e30,0],[9,2],[0,2]]"\n', 2),
        ('file,number\n"a.jpg,\n', 1),
        ('file,number\na.jpg,\nb.jpg,\n"c.jpg,\nd.jpg,\n', 4),
        ("file,number\na.jpg,\n\n\nb.jpg,41x1\n", 5),
        ("file,number\na.jpg,\n\n\na.jpg,\n", 5),
        ("file,number\na.jpg,\nb.jpg,1111\n", 3),
        ("file,number\na.jpg,\nb.jpg,41111111111111111111\n", 3),
    ],
)
def test_faults_name_their_line(text, line) -> None:
    """A fault in the labels names its line."""
    with pytest.raises(LabelsError) as caught:
        parsed(text)
    assert line == caught.value.line


@pytest.mark.parametrize(
    "column",
    [
        *("numbers", "Number", "num", "card num", "card_number", "Card Number", "bank_card_no", "credit card number"),
        *("account_number", "pan", "NUMBER_SHA256", "卡号", "银行卡号", "账号"),
    ],
)
def test_a_column_that_resembles_number(column) -> None:
    """A misspelt column of numbers does not make every picture a negative: the columns are named."""
    with pytest.raises(LabelsError, match=f"'file', '{column}', 'bank'"):
        parsed(f"file,{column},bank\na.jpg,{VISA},x\n")


@pytest.mark.parametrize("column", ["card", "truth", "号码"])
def test_a_column_that_holds_numbers(column) -> None:
    """What most cells of a column tell counts where its name tells nothing: no picture becomes a negative by it."""
    with pytest.raises(LabelsError, match=f"'{column}' holds card numbers and is to be called 'number'"):
        parsed(f"file,{column}\na.jpg,{VISA}\nb.jpg,4242 4242 4242 4242\nc.jpg,\nd.jpg,?\n")


def test_a_few_cells_like_numbers_are_no_column_of_them() -> None:
    """A tenth of all long figures, such as times, has a right check digit by chance."""
    times = "".join(f"{second}.jpg,202611301920{second}\n" for second in range(10, 20))
    assert 10 == len(parsed(f"file,taken\n{times}"))


def test_number_and_digest_that_contradict() -> None:
    """A row whose digest is not of its number is wrong in one of them; which, nobody knows."""
    with pytest.raises(LabelsError, match="line 2: number and number_sha256 are of different numbers"):
        parsed(f"file,number,number_sha256\na.jpg,4242424242424242,{digest(VISA)}\n")


def test_number_and_digest_that_agree() -> None:
    """Both may stand in a row, in either case."""
    (label,) = parsed(f"file,number,number_sha256\na.jpg,{VISA},{digest(VISA).upper()}\n")
    assert digest(VISA) == label.number_sha256


@pytest.mark.parametrize("column", ["number_quad", "relief", "bank", "label", "member", "category"])
def test_other_columns_are_no_numbers(column) -> None:
    """A file of negatives may have any other column."""
    assert [None] == [label.number_sha256 for label in parsed(f"file,{column}\na.jpg,\n")]


@pytest.mark.parametrize("header", ["File,Number", "file;number", "name"])
def test_the_columns_found_are_named(header) -> None:
    """Who wrote other names or separators sees what was found."""
    with pytest.raises(LabelsError, match="; the columns found are " + ", ".join(map(repr, header.split(",")))):
        parsed(f"{header}\na.jpg\n")


def test_not_utf8(tmp_path) -> None:
    """A file in another encoding is told so, with the line of the first such byte."""
    path = tmp_path / "labels.csv"
    path.write_bytes("file,bank\na.jpg,x\nb.jpg,Bön\n".encode("latin-1"))
    with pytest.raises(LabelsError, match="line 3: the file must be UTF-8"):
        load(path)


@pytest.mark.parametrize(
    "text", [f"{VISA}.jpg,{VISA}\nb.jpg,\n", "file\n4111 1111 1111 1112.jpg\n4111 1111 1111 1112.jpg\n"]
)
def test_faults_hide_numbers_in_names(text) -> None:
    """Neither a file without a header nor a name that is there twice puts a number into the message."""
    with pytest.raises(LabelsError) as caught:
        parsed(text)
    assert "1111" not in str(caught.value)


def test_fault_hides_the_number() -> None:
    """A mistyped number is not repeated by the error."""
    with pytest.raises(LabelsError) as caught:
        parsed(f"file,number\na.jpg,{VISA}x\n")
    assert VISA not in str(caught.value)


@given(st.text())
def test_any_text(text) -> None:
    """Any text gives labels or LabelsError, nothing else."""
    with suppress(LabelsError):
        parsed("file,number,number_quad\n" + text)


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.text("0123456789", min_size=12, max_size=19)), min_size=1))
def test_round_trip(rows) -> None:
    """What is written as CSV is read back, in order."""
    unique = dict(rows)
    text = io.StringIO()
    csv.writer(text).writerows([("file", "number"), *unique.items()])
    assert [(file, digest(number)) for file, number in unique.items()] == [
        (label.file, label.number_sha256) for label in parsed(text.getvalue())
    ]
