"""``bankcard-ocr read``, with a reader that takes the end of the bytes for what is seen on the picture."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner, Result

from bankcard_ocr import cli
from bankcard_ocr.cli import annotate, formats, inputs, read, table
from bankcard_ocr.cli import lines as told
from bankcard_ocr.errors import NoCardFound, NotAPicture, NumberUnreadable
from bankcard_ocr.reading import Candidate, Field, FoundCard, Options, Reading, Seen
from bankcard_ocr.server import pages
from bankcard_ocr.vision import image
from bankcard_ocr.vision.image import MAX_BYTES

NUMBER = "4111111111111111"
LINE = ((30.0, 110.0), (350.0, 110.0), (350.0, 142.0), (30.0, 142.0))
DIGITS = tuple(
    ((x, 116.0), (x + 12.0, 116.0), (x + 12.0, 136.0), (x, 136.0)) for x in (30.0 + 20 * place for place in range(16))
)


class FakeReader:
    """Takes the end of the bytes for what was seen: a number, or the name of what went wrong."""

    def __init__(self) -> None:
        self.options: list[Options] = []
        self.timings_ms: dict[str, float] = {}
        self.cards: tuple[FoundCard, ...] = ()
        self.valid_date: Field | None = None
        self.max_bytes = 0

    def made(self, max_bytes: int) -> FakeReader:
        """Itself, as what the command makes its reader with."""
        self.max_bytes = max_bytes
        return self

    def read(self, data: bytes, options: Options) -> Reading:
        self.options.append(options)
        failures = {
            b"damaged": NotAPicture("truncated JPEG"),
            b"empty": NoCardFound(),
            b"worn": NumberUnreadable(digits=(7,), confidence=0.4),
        }
        if data.endswith(b"stop"):
            raise KeyboardInterrupt
        for seen, failure in failures.items():
            if data.endswith(seen):
                raise failure
        number = re.search(rb"[0-9]+\Z", data)[0].decode()
        candidates = (Candidate(number=number, confidence=0.99), Candidate(number="4" * 16, confidence=0.01))
        return Reading(
            number=number,
            confidence=0.99,
            candidates=candidates,
            size=(400, 250),
            number_quad=LINE,
            digit_quads=DIGITS,
            timings_ms=self.timings_ms,
            cards=self.cards,
            valid_date=self.valid_date,
        )


@pytest.fixture
def reader(monkeypatch) -> FakeReader:
    made = FakeReader()
    monkeypatch.setattr(read, "make_reader", made.made)
    return made


@pytest.fixture
def picture(tmp_path) -> Callable[[str, bytes], str]:
    def make(name: str, seen: bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(seen)
        return str(path)

    return make


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.app, ["read", *args])


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_json_line_has_the_agreed_fields(reader, picture):
    """A picture read gives file, number, confidence, errcode 0, ok, ms and ranked candidates first, and status 0."""
    file = picture("card.jpg", NUMBER.encode())
    result = run(file, "--jsonl")
    [line] = lines(result)
    fixed = [(name, line[name]) for name in list(line)[:7]]
    ms = line["ms"]

    assert 0 == result.exit_code
    assert isinstance(ms, float)
    assert [
        ("file", file),
        ("number", NUMBER),
        ("confidence", 0.99),
        ("errcode", 0),
        ("errmsg", "ok"),
        ("ms", ms),
        ("candidates", [{"number": NUMBER, "confidence": 0.99}, {"number": "4" * 16, "confidence": 0.01}]),
    ] == fixed


def test_ms_is_that_of_the_number_alone(reader, picture):
    """What the rest of the card took is told apart from what the number took."""
    reader.timings_ms = {"decode": 0.001, "read": 0.002, "dates": 5.0}
    [line] = lines(run(picture("card.jpg", NUMBER.encode()), "--jsonl"))

    assert (0.003, True) == (line["ms"], line["detail_ms"] > 0)


@pytest.mark.parametrize(
    ("seen", "errcode", "errmsg", "confidence"),
    [
        (b"damaged", 101002, "decode image failed hint: [truncated JPEG]", 0.0),
        (b"empty", 101001, "certificate not found hint: [no card found]", 0.0),
        (b"worn", 101001, "certificate not found hint: [number unreadable: digits 7 uncertain]", 0.4),
    ],
)
def test_a_refusal_has_the_servers_error(reader, picture, seen: bytes, errcode: int, errmsg: str, confidence: float):
    """No number, the platform's error code with its cause, and exit status 1."""
    result = run(picture("card.jpg", seen), "--jsonl")
    [line] = lines(result)

    assert (1, None, errcode, errmsg, confidence, []) == (
        result.exit_code,
        line["number"],
        line["errcode"],
        line["errmsg"],
        line["confidence"],
        line["candidates"],
    )


def test_one_refusal_among_many_is_status_1(reader, picture):
    """Every file has its line, in the order named, also when some are refused."""
    files = [picture("b.jpg", NUMBER.encode()), picture("a.jpg", b"empty"), picture("c.jpg", NUMBER.encode())]
    result = run(*files, "--jsonl")

    assert (1, files, [NUMBER, None, NUMBER]) == (
        result.exit_code,
        [line["file"] for line in lines(result)],
        [line["number"] for line in lines(result)],
    )


def test_a_folder_gives_its_pictures_sorted(reader, picture, tmp_path):
    """A folder is searched for pictures by suffix, whatever else lies in it."""
    files = [picture("deeper/a.PNG", b"empty"), picture("z.jpg", b"empty")]
    picture("labels.csv", b"file,number")
    result = run(str(tmp_path), "--jsonl")

    assert files == [line["file"] for line in lines(result)]


@pytest.mark.parametrize("threads", ["1", "4"])
def test_threads_change_no_line(reader, picture, threads: str):
    """Several threads give the same lines in the same order."""
    files = [picture(f"{i}.jpg", (b"empty", NUMBER.encode())[i % 2]) for i in range(20)]

    assert files == [line["file"] for line in lines(run(*files, "--jsonl", "--threads", threads))]


def test_mask_hides_the_middle_everywhere(reader, picture):
    """With --mask no line and no candidate has more than the first six and last four digits."""
    file = picture("card.jpg", NUMBER.encode())
    [line] = lines(run(file, "--jsonl", "--mask"))

    assert ("411111******1111", ["411111******1111", "444444******4444"]) == (
        line["number"],
        [candidate["number"] for candidate in line["candidates"]],
    )
    assert "411111******1111" in run(file, "--mask").stdout.replace(" ", "")


@pytest.mark.parametrize(
    ("args", "want"), [([], "photo"), (["--type", "photo"], "photo"), (["--type", "scan"], "scan")]
)
def test_type_reaches_the_reader(reader, picture, args: list[str], want: str):
    """--type is the reader's option; without it a picture is a photo."""
    run(picture("card.jpg", NUMBER.encode()), *args)

    assert [want] == [options.type for options in reader.options]


@pytest.mark.parametrize(
    ("args", "want"),
    [
        ([], (None, MAX_BYTES)),
        (["--threshold", "0"], (None, MAX_BYTES)),
        (["--threshold", "1", "--max-bytes", "1073741824"], (1.0, 2**30)),
        (["--threshold", "0.9", "--max-bytes", "16"], (0.9, 16)),
    ],
)
def test_limits_reach_the_reader(reader, picture, args: list[str], want: tuple):
    """--threshold, of which 0 is the model's own, and --max-bytes, 2 MiB unless said."""
    run(picture("card.jpg", NUMBER.encode()), *args)

    assert want == (reader.options[0].threshold, reader.max_bytes)


def test_a_picture_over_the_limit_is_refused_and_one_at_it_is_read(picture, tmp_path):
    """The reader itself, of a card that is larger than the server's default limit; its annotated copy is there."""
    sample = pages.sample()
    file = picture("card.jpg", sample + bytes(MAX_BYTES))
    size = len(sample) + MAX_BYTES
    over = lines(run(file, "--jsonl", "--max-bytes", str(size - 1)))
    [at] = lines(run(file, "--jsonl", "--max-bytes", str(size), "--save-annotated", str(tmp_path / "copies")))

    assert ([f"decode image failed hint: [size: over {size - 1} bytes]"], "ok", 1) == (
        [line["errmsg"] for line in over],
        at["errmsg"],
        len(list((tmp_path / "copies").iterdir())),
    )


def test_who_reads_a_picture_over_the_limit_is_told_what_takes_it(picture):
    """The table names the option, programs get what the server answers."""
    file = picture("card.jpg", pages.sample() + bytes(MAX_BYTES))

    assert (True, False) == (
        f"size: over {MAX_BYTES} bytes; --max-bytes N takes larger ones" in run(file).stdout,
        "--max-bytes" in run(file, "--jsonl").stdout,
    )


@pytest.mark.parametrize("verb", ["read", "bulk", "bench"])
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--threshold", "-0.001", "greater than or equal to 0"),
        ("--threshold", "1.001", "less than or equal to 1"),
        ("--threshold", "nan", "less than or equal to 1"),
        ("--threshold", "high", "valid number"),
        ("--max-bytes", "0", "greater than or equal to 1"),
        ("--max-bytes", str(2**30 + 1), "less than or equal to 1073741824"),
        ("--max-bytes", "2MiB", "valid integer"),
    ],
)
def test_limits_have_limits(verb: str, option: str, value: str, said: str):
    """What is beyond them is wrong usage of the option, and the message says what it may be."""
    result = CliRunner().invoke(cli.app, [verb, option, value], env={"COLUMNS": "200"})

    assert (2, True) == (result.exit_code, f"'{option}': Input should be" in result.output and said in result.output)


@pytest.mark.parametrize("args", [[], ["--jsonl"], ["--format", "csv"], ["--save-annotated", "copies"]])
def test_mask_hides_a_number_in_a_file_name(reader, picture, monkeypatch, tmp_path, args: list[str]):
    """Whatever is written of a picture called after its card, and however the number stands in its name or path."""
    monkeypatch.chdir(tmp_path)
    for name in (f"a {NUMBER}.jpg", "b/4111_1111_1111_1111/c.jpg", "d-4111.1111-1111 1111.jpg"):
        picture(name, white(NUMBER))
    picture("e 5555555555554444.jpg", b"empty")  # of a refused picture, too
    result = run(".", *args, "--mask")
    names = "".join(str(path.relative_to(tmp_path)) for path in tmp_path.glob("copies/*"))

    assert (1, []) == (result.exit_code, re.findall(r"(?:[0-9][ ._-]?){12,}", result.stdout + names))


def test_a_number_without_check_digit_is_masked_in_its_name(reader, picture):
    """The number that the picture shows is masked in its name, too, when it does not pass Luhn; a date is not."""
    file = picture("20240131-095959 4111-1111-1111-1112.jpg", b"4111111111111112")
    [line] = lines(run(file, "--jsonl", "--mask"))

    assert "20240131-095959 411111******1112.jpg" == PurePath(str(line["file"])).name


NAMES = [
    "valid_date",
    "issue_date",
    "holder_name",
    "bank_name",
    "bank_name_en",
    "card_name",
    "card_type",
    "network",
    "bin",
    "warnings",
    "cards",
]


def test_a_line_tells_all_of_the_card(reader, picture):
    """The reader is asked for everything, and the line has the server's names with what the number alone tells."""
    [line] = lines(run(picture("card.jpg", b"6205500000000000004"), "--jsonl"))

    assert NAMES == [name for name in line if name in NAMES]
    assert (True, "unionpay", "62", {"w": 400, "h": 250}, None) == (
        reader.options[0].detail,
        line["network"],
        line["bin"],
        line["img_size"],
        line["holder_name"],
    )


def test_a_refused_picture_has_the_same_names(reader, picture):
    """Programs find the same names on every line, null where nothing is known."""
    files = [picture("a.jpg", NUMBER.encode()), picture("b.jpg", b"empty")]
    read_, refused = lines(run(*files, "--jsonl"))

    assert (list(read_), [None] * len(NAMES)) == (list(refused), [refused[name] for name in NAMES])


def test_the_number_alone_can_be_asked_for(reader, picture):
    """With --no-detail the reader spends no time on dates; what the number tells is there all the same."""
    [line] = lines(run(picture("card.jpg", b"6205500000000000004"), "--jsonl", "--no-detail"))

    assert (False, "unionpay", None) == (reader.options[0].detail, line["network"], line["valid_date"])


@pytest.mark.parametrize("as_variable", [False, True])
def test_issuers_of_ones_own_are_told(reader, picture, tmp_path, monkeypatch, as_variable: bool):
    """As the server tells them that has the same file."""
    own = tmp_path / "own.dat"
    own.write_text("# version 7\nissuer My Bank | 我行\n  62055000 19 debit\n")
    if as_variable:
        monkeypatch.setenv("BANKCARD_OCR_IIN_FILE", str(own))
    file = picture("card.jpg", b"6205500000000000004")
    [line] = lines(run(file, "--jsonl", *([] if as_variable else ["--iin-file", str(own)])))

    assert ("My Bank", True) == (line["bank_name_en"], line["bin_table"]["version"].endswith("+7"))


@pytest.mark.parametrize("content", ["no table", "# no entry\n", "", None])
def test_issuers_that_cannot_be_used_are_wrong_usage(reader, picture, tmp_path, monkeypatch, content: str | None):
    """Nothing is read then."""
    monkeypatch.setenv("COLUMNS", "500")
    own = tmp_path / "own.dat"
    if content is not None:
        own.write_text(content)
    result = run(picture("card.jpg", b"6205500000000000004"), "--iin-file", str(own))

    assert (2, True) == (result.exit_code, "own.dat cannot be used:" in result.stderr)


def test_mask_shortens_the_bin_of_a_short_number(reader, picture, monkeypatch):
    """Of 14 digits the mask shows five."""
    monkeypatch.setattr(told.iin, "default", lambda: told.iin.Table.parse(b"issuer A\n  300000 14 credit\n"))
    [line] = lines(run(picture("card.jpg", b"30000000000004"), "--jsonl", "--mask"))

    assert ("30000*****0004", "30000") == (line["number"], line["bin"])


def test_mask_shortens_a_long_bin(reader, picture, monkeypatch):
    """With --mask not more than six leading digits are shown, however long the prefix that decided."""
    monkeypatch.setattr(told.iin, "default", lambda: told.iin.Table.parse(b"issuer A\n  62055000 19 debit\n"))
    file = picture("card.jpg", b"6205500000000000004")
    whole, masked = (lines(run(file, "--jsonl", *more))[0]["bin"] for more in ((), ("--mask",)))

    assert ("62055000", "620550") == (whole, masked)


def test_no_number_of_a_line_survives_the_mask(reader, picture):
    """Nor of the other cards: no 12 digits in a row are left."""
    others = (NUMBER, "5555555555554444", None)
    reader.cards = tuple(FoundCard(number=other, confidence=0.9, card_quad=LINE, number_quad=LINE) for other in others)
    told = run(picture("card.jpg", NUMBER.encode()), "--jsonl", "--mask").stdout

    assert ([], ["411111******1111", "555555******4444", None]) == (
        re.findall("[0-9]{12,}", told),
        [card["number"] for card in json.loads(told)["cards"]],
    )


def test_no_number_of_a_refused_picture_survives_the_mask(reader, picture, monkeypatch):
    """Another card of it may have been read."""
    refused = NumberUnreadable(digits=(7,), confidence=0.4)
    refused.seen = Seen(size=(400, 250), cards=(FoundCard(number=NUMBER, confidence=0.9, card_quad=LINE),))
    monkeypatch.setattr(reader, "read", Mock(side_effect=refused))
    [line] = lines(run(picture("card.jpg", b"worn"), "--jsonl", "--mask"))

    assert "411111******1111" == line["cards"][0]["number"]


def test_the_table_names_the_network(reader, picture):
    """People see what is known of the card."""
    assert "unionpay" in run(picture("card.jpg", b"6205500000000000004")).stdout


def test_the_table_shows_the_grouped_number(reader, picture):
    """Without --jsonl people see the number in fours, and how many were read."""
    result = run(picture("card.jpg", NUMBER.encode()))

    assert (0, True, True) == (
        result.exit_code,
        "4111 1111 1111 1111" in result.stdout,
        "1 of 1 read" in result.stdout,
    )


def test_the_table_shows_every_card_of_a_picture(reader, picture):
    """Further cards stand below the first with number and confidence, or the cause of their refusal; each once."""
    reader.cards = (
        FoundCard(number=None, confidence=0.31, refusal="number unreadable: digits 7 uncertain"),
        FoundCard(number=NUMBER, confidence=0.99),
        FoundCard(number="5555555555554444", confidence=0.97),
    )
    shown = run(picture("card.jpg", NUMBER.encode()), "--mask").stdout
    rows = [line.split() for line in shown.splitlines()[1:]]

    assert [
        ["4111", "11**", "****", "1111", "0.9900"],
        ["\N{DOUBLE PRIME}", "-", "0.3100", "number", "unreadable:"],
        ["\N{DOUBLE PRIME}", "5555", "55**", "****", "4444", "0.9700"],
    ] == [rows[0][1:6], rows[1][:5], next(row for row in rows if "5555" in row)]
    assert "1 of 1 read, 2 further cards" in shown


def test_the_table_shows_why_a_number_is_missing(reader, picture):
    """A refused picture's row names the cause."""
    result = run(picture("a.jpg", b"empty"))

    assert (1, True) == (result.exit_code, "no card found" in " ".join(result.stdout.split()))


def test_a_file_that_cannot_be_opened_is_no_picture(reader, tmp_path):
    """An unreadable file gives a line with 101002, not a traceback."""
    gone = tmp_path / "gone.jpg"
    line, data = told.line(
        reader, inputs.Source(str(gone), lambda: gone.open("rb")), Options(), max_bytes=9, table=told.iin.default()
    )

    assert (101002, "decode image failed hint: [cannot open: No such file or directory]", b"") == (
        line["errcode"],
        line["errmsg"],
        data,
    )


@pytest.mark.parametrize("args", [["--type", "selfie"], ["--threads", "0"], ["--no-such-option"], ["missing.jpg"]])
def test_wrong_usage_is_status_2(reader, picture, args: list[str]):
    """An unknown type or option, no thread, a missing file: status 2."""
    assert 2 == run(picture("card.jpg", NUMBER.encode()), *args).exit_code


def test_no_picture_is_wrong_usage(reader):
    """``read`` alone has nothing to read: status 2."""
    assert 2 == run().exit_code


class TestInputs:
    def test_a_pattern_gives_its_files_sorted(self, reader, picture, tmp_path):
        """A glob in quotes is matched by the command, folders below included."""
        files = [picture("a/1.jpg", b"empty"), picture("b/0.jpg", b"empty")]
        picture("b/0.png", b"empty")

        assert files == [line["file"] for line in lines(run(f"{tmp_path}/**/*.jpg", "--jsonl"))]

    def test_an_archive_gives_its_pictures_sorted(self, reader, tmp_path):
        """Of a zip archive the pictures are read, not what macOS packs beside them, and nothing is unpacked."""
        archive = packed(
            tmp_path, {"b.jpg": b"empty", "in/a.PNG": NUMBER.encode(), "__MACOSX/._b.jpg": b"", "c.txt": b""}
        )
        read_ = [(line["file"], line["number"]) for line in lines(run(archive, "--jsonl", "--threads", "2"))]

        assert ([(f"{archive}!b.jpg", None), (f"{archive}!in/a.PNG", NUMBER)], [Path(archive)]) == (
            read_,
            list(tmp_path.iterdir()),
        )

    def test_a_pdf_is_a_picture(self, reader, picture, tmp_path):
        """Folders and archives have PDFs, too."""
        files = [picture("a.PDF", NUMBER.encode()), f"{packed(tmp_path, {'in/b.pdf': NUMBER.encode()})}!in/b.pdf"]
        result = run(str(tmp_path), str(tmp_path / "cards.zip"), "--jsonl")

        assert (0, files) == (result.exit_code, [line["file"] for line in lines(result)])

    def test_a_pdf_of_several_pages_is_one_refused_line(self, reader, picture, tmp_path, monkeypatch):
        """It says what to send, and the pictures behind it are read."""
        pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
        page, pages = Image.new("RGB", (60, 40), "white"), io.BytesIO()
        page.save(pages, "PDF", save_all=True, append_images=[page])
        picture("a.pdf", pages.getvalue())
        picture("b.png", white(NUMBER))
        read_ = reader.read
        monkeypatch.setattr(reader, "read", lambda data, options: image.decode(data) and read_(data, options))

        assert ["decode image failed hint: [PDF of 2 pages; send one page]", "ok"] == [
            line["errmsg"] for line in lines(run(str(tmp_path), "--jsonl"))
        ]

    def test_a_damaged_member_is_no_picture(self, reader, tmp_path):
        """A member whose checksum does not hold, and an encrypted one, have lines; the others are read."""
        archive = Path(packed(tmp_path, {"a.jpg": NUMBER.encode(), "b.jpg": b"crc of this", "c.jpg": b"secret"}))
        data = bytearray(archive.read_bytes().replace(b"crc of this", b"crc of that"))
        local, central = data.index(b"c.jpg") - 30, data.rindex(b"c.jpg") - 46
        data[local + 6] |= 1
        data[central + 8] |= 1
        archive.write_bytes(data)
        errmsgs = [line["errmsg"] for line in lines(run(str(archive), "--jsonl"))]

        assert [
            "ok",
            "decode image failed hint: [cannot open: damaged]",
            "decode image failed hint: [cannot open: encrypted]",
        ] == errmsgs

    def test_standard_input_is_a_picture(self, reader):
        """``-`` reads one picture from standard input."""
        result = CliRunner().invoke(cli.app, ["read", "-", "--jsonl"], input=NUMBER.encode())

        assert [("-", NUMBER)] == [(line["file"], line["number"]) for line in lines(result)]

    def test_no_more_than_a_picture_may_have_is_held(self, picture):
        """Of a file over the limit one byte too many is read, which is enough to refuse it."""
        with inputs.opened([picture("big.jpg", bytes(2000))]) as [source]:
            assert 1000 + 1 == len(source.read(1000))

    @pytest.mark.parametrize(
        ("place", "advice"),
        [
            ("gone.jpg", "a pattern in quotes"),
            ("", "no pictures in"),
            ("no*.jpg", "matches none"),
            ("not.zip", "no zip archive"),
        ],
    )
    def test_what_would_do_is_said(self, reader, picture, tmp_path, place: str, advice: str):
        """A place with nothing to read is status 2, and the message says what would do."""
        picture("not.zip", b"nothing packed")
        result = run(str(tmp_path / place))

        assert (2, True) == (result.exit_code, advice in unboxed(result.stderr))

    def test_an_address_is_no_file(self, reader):
        """Who gives one, as the server takes it, is told how it is read here."""
        result = run("https://example.com/card.jpg?key=hush")
        told = unboxed(result.stderr)

        assert (2, True, False) == (result.exit_code, "curl ADDRESS | bankcard-ocr read -" in told, "hush" in told)

    def test_an_empty_variable_is_no_folder(self, reader, picture, tmp_path, monkeypatch):
        """A script whose variable is empty reads nothing, and not the folder that it stands in."""
        picture("a.jpg", NUMBER.encode())
        monkeypatch.chdir(tmp_path)
        result = run("")

        assert (2, True) == (result.exit_code, "an empty variable" in unboxed(result.stderr))

    def test_an_archive_without_pictures_is_wrong_usage(self, reader, tmp_path):
        """It says so, with status 2."""
        result = run(packed(tmp_path, {"a.txt": b""}))

        assert (2, True) == (result.exit_code, "no pictures in" in unboxed(result.stderr))

    def test_a_terminal_is_no_picture(self, reader, monkeypatch):
        """Who types ``read -`` is told what to send."""
        monkeypatch.setattr(inputs.sys, "stdin", type("Terminal", (), {"isatty": lambda _self: True})())

        with pytest.raises(typer.BadParameter, match=r"read - < card\.jpg"), inputs.opened(["-"]):
            pass


class TestFormats:
    def test_csv_has_the_names_and_texts(self, reader, picture):
        """The first row has the names of the lines; numbers are texts, lists are JSON, null is empty."""
        files = [picture("a.jpg", NUMBER.encode()), picture("b.jpg", b"empty")]
        rows = list(csv.DictReader(io.StringIO(run(*files, "--format", "csv").stdout)))

        assert (list(told.names()), NUMBER, "", 2) == (
            list(rows[0]),
            rows[0]["number"],
            rows[1]["number"],
            len(json.loads(rows[0]["candidates"])),
        )

    @pytest.mark.parametrize("name", ["=1+1.jpg", "+1.jpg", "-1.jpg", "@a.jpg", "\ta.jpg"])
    def test_a_name_is_no_formula(self, reader, picture, tmp_path, monkeypatch, name: str):
        """In CSV a name that a spreadsheet would compute has an apostrophe before it; other formats tell it bare."""
        monkeypatch.chdir(tmp_path)
        picture(name, NUMBER.encode())
        asked = [run("--format", format_, "--", name).stdout for format_ in ("csv", "jsonl")]

        assert (f"'{name}", name) == (next(csv.DictReader(io.StringIO(asked[0])))["file"], json.loads(asked[1])["file"])

    def test_standard_input_is_no_formula(self, reader):
        """The name of standard input stays ``-`` in CSV."""
        result = CliRunner().invoke(cli.app, ["read", "-", "--format", "csv"], input=NUMBER.encode())

        assert "-" == next(csv.DictReader(io.StringIO(result.stdout)))["file"]

    def test_parquet_has_the_same_columns_whatever_was_read(self, reader, picture, tmp_path):
        """Columns and their types do not depend on what the pictures said; the file is its owner's alone."""
        parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
        schemas = []
        reader.valid_date = Field(text="12/30", confidence=0.98)
        for name in (NUMBER, "empty"):
            out = tmp_path / f"{name[:2]}.parquet"
            run(picture("a.jpg", name.encode()), "--out", str(out))
            schemas.append(parquet.read_schema(out))
        [row] = parquet.read_table(tmp_path / "41.parquet").to_pylist()

        assert (schemas[0], list(told.names()), NUMBER, 0.99, 0.98, 0o600) == (
            schemas[1],
            schemas[0].names,
            row["number"],
            row["confidence"],
            row["valid_date_confidence"],
            out.stat().st_mode & 0o777,
        )

    def test_many_lines_make_row_groups(self, tmp_path):
        """A Parquet file of more lines than a group holds has them all, in order."""
        parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
        out = tmp_path / "many.parquet"
        blank = dict.fromkeys(told.names())
        with out.open("wb") as file, formats.writer(formats.Format.parquet, file) as write:
            for place in range(formats.GROUP + 1):
                write({**blank, "errcode": place})
        table = parquet.read_table(out)

        assert list(range(formats.GROUP + 1)) == table["errcode"].to_pylist()

    def test_parquet_without_pyarrow_says_what_to_do(self, reader, picture, tmp_path, monkeypatch):
        """The extra to install is named, and the way without it."""
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        result = run(picture("a.jpg", NUMBER.encode()), "--out", str(tmp_path / "a.parquet"))

        told = 'Parquet needs pyarrow: pip install "bankcard-ocr[bulk]", or take --format csv'
        assert told == str(result.exception)

    @pytest.mark.parametrize("suffix", ["jsonl", "csv"])
    def test_the_name_of_out_says_the_format(self, reader, picture, tmp_path, suffix: str):
        """What is written to a file is what standard output would have had, but for the times."""
        file, out = picture("a.jpg", NUMBER.encode()), tmp_path / f"lines.{suffix.upper()}"
        result = run(file, "--out", str(out))
        shown = run(file, "--format", suffix).stdout

        assert (0, "", shown.splitlines()[0][:20]) == (
            result.exit_code,
            result.stdout,
            out.read_text().splitlines()[0][:20],
        )

    @pytest.mark.parametrize(
        "args", [["--jsonl", "--format", "csv"], ["--out", "cards.txt"], ["--out", "cards", "--format", "table"]]
    )
    def test_contradictions_are_wrong_usage(self, reader, picture, args: list[str]):
        """Two formats, or a file whose format nobody named: status 2."""
        assert 2 == run(picture("a.jpg", NUMBER.encode()), *args).exit_code

    def test_where_nothing_can_be_written_is_said(self, reader, picture, tmp_path):
        """The file, the cause, and what to change."""
        result = run(picture("a.jpg", NUMBER.encode()), "--out", str(tmp_path / "no" / "a.csv"))

        assert str(result.exception).endswith("cannot be written: No such file or directory; choose another --out")

    def test_a_file_that_was_there_becomes_private(self, reader, picture, tmp_path):
        """What is written over is its owner's alone afterwards, and nothing of the old is left."""
        out = tmp_path / "lines.jsonl"
        out.write_text("x" * 100_000)
        out.chmod(0o644)
        result = run(picture("a.jpg", NUMBER.encode()), "--out", str(out))

        assert (0, 0o600, False) == (result.exit_code, out.stat().st_mode & 0o777, "xxx" in out.read_text())

    @pytest.mark.parametrize("place", ["card.csv", ".", "*.csv", "linked.csv"])
    def test_a_picture_is_not_written_over(self, reader, picture, tmp_path, monkeypatch, place: str):
        """Where --out is a picture that is read, however it is called: status 2, and the picture is kept."""
        monkeypatch.chdir(tmp_path)
        card = Path(picture("card.csv", NUMBER.encode()))
        picture("other.jpg", NUMBER.encode())
        Path("linked.csv").hardlink_to(card)
        Path("card.jpg").hardlink_to(card)
        result = run(place, "--out", "card.csv")

        assert (2, True, NUMBER.encode()) == (
            result.exit_code,
            "choose another --out" in unboxed(result.stderr),
            card.read_bytes(),
        )

    @pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="standard input has no name")
    @pytest.mark.parametrize(
        ("name", "args"), [("card.csv", ("--out", "card.csv")), ("00001-card.jpg", ("--save-annotated", "."))]
    )
    def test_standard_input_is_not_written_over(self, picture, name: str, args: tuple[str, str]):
        """A file that the shell sends to standard input is kept, too."""
        card = Path(picture(name, NUMBER.encode()))
        with card.open("rb") as file:
            done = subprocess.run(
                [sys.executable, "-m", "bankcard_ocr", "read", "-", *args],
                cwd=card.parent,
                stdin=file,
                check=False,
                capture_output=True,
            )

        assert (2, NUMBER.encode()) == (done.returncode, card.read_bytes())

    @pytest.mark.parametrize("name", ["cards.ZIP", "\u0130stanbul.zip"])
    def test_an_archive_is_not_written_over(self, reader, tmp_path, name: str):
        """An archive that a pattern matched is kept, too, also where its name has another length in lower case."""
        archive = Path(packed(tmp_path, {"a.jpg": NUMBER.encode()})).rename(tmp_path / name)
        result = run(f"{tmp_path}/*.*", "--out", str(archive), "--format", "csv")

        assert (2, True) == (result.exit_code, zipfile.is_zipfile(archive))

    @pytest.mark.parametrize("format_", formats.Format)
    def test_strange_names_are_told(self, reader, tmp_path, format_: str):
        """Of a name that is no text the bytes are told that are none, in every format; the run goes on."""
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        (tmp_path / "\udcff.jpg").write_bytes(NUMBER.encode())
        result = run(str(tmp_path), "--format", format_)

        assert (0, True) == (result.exit_code, b"\\xff.jpg" in result.stdout_bytes)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
    @pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
    def test_a_full_disk_is_said(self, reader, picture, suffix: str):
        """One line with the file and the cause, however late it shows."""
        result = run(picture("a.jpg", NUMBER.encode()), "--out", "/dev/full", "--format", suffix)

        assert "/dev/full cannot be written: No space left on device; choose another --out" == str(result.exception)

    @pytest.mark.parametrize("args", [[], ["--jsonl"], ["--format", "csv"]])
    def test_who_stops_it_has_what_was_read(self, reader, picture, args: list[str]):
        """Ctrl-C ends with the pictures told that were read before, how many they are, and status 130."""
        files = [picture("a.jpg", NUMBER.encode()), picture("b.jpg", b"stop"), picture("c.jpg", NUMBER.encode())]
        result = run(*files, *args)

        assert (130, True, "stopped: 1 of 3 pictures are told") == (
            result.exit_code,
            "4111" in result.stdout,
            result.stderr.strip(),
        )

    @pytest.mark.parametrize("format_", formats.Format)
    def test_sigterm_stops_as_ctrl_c_does(self, reader, picture, monkeypatch, format_: str):
        """What was read is told, how much it is, and status 143; what SIGTERM does afterwards is what it did before."""
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")

        def stopped(_pool, work, *_counts):
            yield work(0)
            signal.raise_signal(signal.SIGTERM)
            yield work(1)

        monkeypatch.setattr(read, "_in_order", stopped)
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        result = run(picture("a.jpg", NUMBER.encode()), picture("b.jpg", NUMBER.encode()), "--format", format_)

        assert (143, True, "stopped: 1 of 2 pictures are told", signal.SIG_IGN) == (
            result.exit_code,
            b"4111" in result.stdout_bytes,
            result.stderr.strip(),
            signal.signal(signal.SIGTERM, before),
        )

    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_who_stops_it_twice_stops_it_once(self, reader, picture, monkeypatch, number: int, status: int):
        """A second Ctrl-C cuts nothing short: ended before its threads, Python is aborted (134)."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
        ended = []

        def stopped(_pool, work, *_counts):
            try:
                yield work(0)
                signal.raise_signal(number)
            finally:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGTERM)
                ended.append(True)

        monkeypatch.setattr(read, "_in_order", stopped)
        result = run(picture("a.jpg", NUMBER.encode()), picture("b.jpg", NUMBER.encode()))

        assert (status, [True], signal.default_int_handler) == (
            result.exit_code,
            ended,
            signal.signal(signal.SIGINT, before),
        )


class TestTable:
    def test_a_name_does_nothing_to_the_terminal(self, reader, picture):
        """What a terminal would obey is replaced."""
        shown = run(picture("a\x1b[31m\n.jpg", NUMBER.encode())).stdout

        assert (False, True) == ("\x1b" in shown, "a\N{REPLACEMENT CHARACTER}[31m" in shown)

    def test_any_terminal_has_its_table(self, reader, picture):
        """Where the terminal has no such letters there are question marks, and the number is told."""
        files = [picture("\N{CJK UNIFIED IDEOGRAPH-4E2D}.jpg", NUMBER.encode())]
        result = CliRunner(charset="latin-1").invoke(cli.app, ["read", *files])

        assert (0, True, True) == (
            result.exit_code,
            b"?.jpg" in result.stdout_bytes,
            b"4111 1111 1111 1111" in result.stdout_bytes,
        )

    @given(
        words=st.tuples(st.integers(4, 90), st.integers(7, 60)),
        spare=st.lists(st.integers(2, 60), min_size=4, max_size=4),
        room=st.integers(52, 250),
    )
    def test_it_is_no_wider_than_the_terminal(self, words, spare, room):
        """File, number and remarks stay, the number whole, from 52 characters on."""
        names = ("ms", "kind", "bank", "holder")
        widths = {"file": words[0], "number": 23, "confidence": 10, "valid": 5, **dict(zip(names, spare, strict=True))}
        fitted = table._fitted({**widths, "remarks": words[1]}, room)

        assert fitted["number"] == 23
        assert {"file", "remarks"} <= set(fitted)
        assert sum(fitted.values()) + table.GAP * (len(fitted) - 1) <= room

    @pytest.mark.parametrize(
        ("confidence", "told"),
        [(1.0, "1.0000"), (0.999999, "0.9999"), (0.57, "0.5700"), (1e-06, "0.0000"), (0, "0.0000")],
    )
    def test_only_certainty_is_told_as_certain(self, confidence: float, told: str):
        """Confidences are rounded down."""
        assert told == table._confidence({"number": NUMBER, "confidence": confidence})[0]

    def test_the_common_folder_is_left_out(self):
        """Where it is narrow; what is below it, archives and standard input are told."""
        names = ["in/a.jpg", table.DITTO, "in/deeper/b.jpg", "in/c.zip!x/d.jpg"]

        assert ["a.jpg", table.DITTO, "deeper/b.jpg", "c.zip!x/d.jpg"] == [
            name for name, _ in table._without_common_folder([(name, "") for name in names])
        ]
        assert [("-", ""), ("in/a.jpg", "")] == table._without_common_folder([("-", ""), ("in/a.jpg", "")])


class TestAnnotated:
    @pytest.fixture
    def copies(self, reader, picture, tmp_path):
        """Runs on two white pictures, one of them refused, and gives the copies that were written."""

        def make(*args: str) -> list[Path]:
            pictures = [picture("4111 1111 1111 1111.png", white(NUMBER)), picture("5.png", white("empty"))]
            run(*pictures, "--save-annotated", str(tmp_path / "out"), *args)
            return sorted((tmp_path / "out").iterdir())

        return make

    def test_the_middle_is_covered_and_no_name_has_a_number(self, copies):
        """A refused picture has no copy; a name has no number; the six digits between are black, the others seen."""
        [copy] = copies()
        pixels = cv2.imread(str(copy))

        assert ("00001-x.jpg", 0o600, [False] * 6 + [True] * 6 + [False] * 4) == (
            copy.name,
            copy.stat().st_mode & 0o777,
            [pixels[126, 36 + 20 * place].mean() < 60 for place in range(16)],
        )

    def test_it_can_be_left_open(self, copies):
        """With --uncovered nothing is covered."""
        [copy] = copies("--uncovered")
        pixels = cv2.imread(str(copy))

        assert [False] * 16 == [bool(pixels[126, 36 + 20 * place].mean() < 60) for place in range(16)]

    def test_a_copy_that_was_there_becomes_private(self, copies, tmp_path):
        """A copy of an earlier run that others might read is its owner's alone afterwards."""
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "00001-x.jpg").touch(mode=0o644)
        [copy] = copies()

        assert 0o600 == copy.stat().st_mode & 0o777

    @pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to])
    def test_nothing_that_is_read_is_written_over(self, reader, picture, tmp_path, make):
        """Under another name, either, nor what a link leads to: status 2, and all is as it was."""
        source = Path(picture("x.jpg", white(NUMBER)))
        (tmp_path / "out").mkdir()
        make(tmp_path / "out" / "00001-x.jpg", source)
        result = run(str(source), "--save-annotated", str(tmp_path / "out"))

        assert (2, True) == (result.exit_code, "choose another --save-annotated" in unboxed(result.stderr))
        assert white(NUMBER) == source.read_bytes()

    @pytest.mark.parametrize("args", [("--save-annotated", "/proc/nope"), ("--format", "parquet")])
    def test_an_earlier_result_is_kept_where_none_can_be_made(self, reader, picture, tmp_path, monkeypatch, args):
        """What may fail is tried before it is emptied."""
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        (tmp_path / "cards.csv").write_text("earlier")
        result = run(picture("x.jpg", white(NUMBER)), "--out", str(tmp_path / "cards.csv"), *args)

        assert (1, "earlier") == (result.exit_code, (tmp_path / "cards.csv").read_text())

    def test_uncovered_needs_copies(self, reader, picture):
        """--uncovered alone would do nothing: status 2, and what to add."""
        result = run(picture("a.png", white(NUMBER)), "--uncovered")

        assert (2, True) == (result.exit_code, "add --save-annotated DIR" in unboxed(result.stderr))

    def test_copies_need_the_details_that_are_covered(self, reader, picture, tmp_path):
        """Without them other numbers are not known: status 2, and what to leave out; uncovered copies need none."""
        args = (picture("a.png", white(NUMBER)), "--save-annotated", str(tmp_path / "out"), "--no-detail")
        result = run(*args)

        assert (2, True) == (result.exit_code, "leave out --no-detail" in unboxed(result.stderr))
        assert 0 == run(*args, "--uncovered").exit_code

    def test_a_line_without_places_of_digits_is_covered_more(self):
        """Where only the line is known, all but a fifth at each end is covered."""
        line = {"number_position": box(100, 100, 300, 120), "img_size": {"w": 400, "h": 250}, "number": NUMBER}
        pixels = cv2.imdecode(np.frombuffer(annotate.annotated(white(NUMBER), line), np.uint8), cv2.IMREAD_COLOR)

        assert [False, True, True, True, False] == [bool(pixels[110, x].mean() < 60) for x in (130, 150, 200, 250, 270)]

    @pytest.mark.parametrize(
        ("confidence", "told"), [(1.0, "100.0%"), (0.999999, "99.9%"), (0.57, "57.0%"), (None, "0.0%")]
    )
    def test_only_certainty_is_told_as_certain(self, confidence: float | None, told: str):
        """Confidences are rounded down."""
        card = {"number": NUMBER, "confidence": confidence}

        assert f"411111******1111 {told}" == annotate._words("number", card, covered=True)

    @pytest.mark.parametrize("top", [20, 44, 110, 206])
    def test_no_label_lies_over_a_field(self, top: int):
        """Lines of text one below the other, anywhere on a card that fills the picture: all letters stay seen."""
        fields = {
            "number": box(20, top, 380, top + 16),
            "valid_date": box(150, top + 18, 200, top + 28),
            "issue_date": box(30, top + 18, 80, top + 28),
            "holder_name": box(20, top + 30, 140, top + 40),
            "card": box(0, 0, 399, 249),
        }
        values = {"number": NUMBER, "valid_date": "12/30", "issue_date": "01/26", "holder_name": "LI MING"}
        line = {**values, "network": "visa", **{f"{name}_position": place for name, place in fields.items()}}
        pixels = drawn(line, covered=False)
        letters = (pixels[top + 3 : top + 13, 24:376], *(pixels[top + 21 : top + 26, x : x + 40] for x in (34, 155)))

        assert (True, 5) == (all(part.min() > 200 for part in letters), labels(pixels))

    def test_a_label_without_room_is_left_out(self):
        """Where fields fill the picture nothing is written over them."""
        line = {"number": NUMBER, "number_position": box(0, 0, 399, 120), "holder_name": "LI MING"}

        assert [2, 0] == [labels(drawn({**line, "holder_name_position": box(0, top, 399, 249)})) for top in (160, 122)]

    def test_every_card_is_covered(self):
        """The number of another card in the picture is covered too, and what has a position is outlined."""
        other = {"number_position": box(100, 200, 300, 220), "holder_name_position": box(10, 10, 60, 30)}
        line = {"number": NUMBER, "number_position": box(100, 100, 300, 120), "cards": [other]}
        pixels = cv2.imdecode(np.frombuffer(annotate.annotated(white(NUMBER), line), np.uint8), cv2.IMREAD_COLOR)

        assert (True, True) == (bool(pixels[210, 200].mean() < 60), bool(pixels[10, 30].mean() < 240))

    def test_copies_may_have_masked_numbers(self, copies):
        """They are what they would be without the mask."""
        [plain] = [copy.read_bytes() for copy in copies()]

        assert [plain] == [copy.read_bytes() for copy in copies("--mask")]

    @pytest.mark.parametrize(("covered", "alike"), [(True, True), (False, False)])
    def test_a_label_tells_no_more_than_the_mask_does(self, covered: bool, alike: bool):
        """Numbers that differ where it hides them have the same copy, unless they shall be seen."""
        one, other = (
            annotate.annotated(
                white(NUMBER), {"number": number, "number_position": box(100, 100, 300, 120)}, covered=covered
            )
            for number in (NUMBER, "4111110000001111")
        )

        assert alike is (one == other)

    @pytest.mark.parametrize("number", ["378282246310005", "378282*****0005"])
    def test_a_security_code_on_a_front_is_covered(self, number: str):
        """American Express prints four digits above the end of the number; its first ones suffice to know."""
        line = {"number": number, "number_position": box(100, 150, 300, 170)}
        pixels = cv2.imdecode(np.frombuffer(annotate.annotated(white(NUMBER), line), np.uint8), cv2.IMREAD_COLOR)

        assert [True, False] == [bool(pixels[110, x].mean() < 60) for x in (300, 150)]

    def test_a_number_in_rows_is_covered_whole(self):
        """What is short for its height has its middle digits at both ends."""
        line = {"number_position": box(100, 50, 220, 200), "img_size": {"w": 400, "h": 250}, "number": NUMBER}
        pixels = cv2.imdecode(np.frombuffer(annotate.annotated(white(NUMBER), line), np.uint8), cv2.IMREAD_COLOR)

        assert [True] * 3 == [bool(pixels[120, x].mean() < 60) for x in (106, 160, 214)]

    def test_of_a_back_only_the_number_is_seen(self):
        """The security code stands somewhere on it: all but the line of the number is covered."""
        pixels = np.full((250, 400, 3), 110, np.uint8)
        pixels[30:70] = 20
        _, encoded = cv2.imencode(".png", pixels)
        number = {"number": NUMBER, "number_position": box(100, 150, 300, 170)}
        line = {**number, "card_position": box(0, 0, 399, 249)}
        back, front = (
            cv2.imdecode(np.frombuffer(annotate.annotated(encoded.tobytes() + NUMBER.encode(), told), np.uint8), 1)
            for told in (line, number)
        )

        assert [True, True, False, False] == [
            bool(shown[y, x].mean() < 60)
            for shown, x, y in ((back, 350, 110), (back, 50, 220), (back, 115, 160), (front, 350, 110))
        ]

    def test_a_further_card_whose_number_was_not_read_is_covered_whole(self):
        """Its number may stand elsewhere than was thought; the same card once more is a further one."""
        unread = {"number": None, "card_position": box(20, 150, 380, 240), "number_position": box(100, 200, 300, 220)}
        twin = {"number": NUMBER, "number_position": box(100, 40, 300, 60)}
        own = {"number": NUMBER, "number_position": box(100, 100, 300, 120)}
        line = {**own, "cards": [twin, own, unread]}
        pixels = cv2.imdecode(np.frombuffer(annotate.annotated(white(NUMBER), line), np.uint8), cv2.IMREAD_COLOR)

        assert [True] * 4 + [False] == [
            bool(pixels[y, x].mean() < 60) for x, y in ((200, 50), (200, 110), (40, 160), (360, 230), (110, 110))
        ]

    @given(
        place=st.integers(1, 99999),
        name=st.text() | st.from_regex(r"\A([0-9]{4}[ _.-]?){3}[0-9]{0,7}[a-z]{0,3}\.jpg\Z"),
    )
    def test_names_of_copies_are_safe(self, place: int, name: str):
        """Whatever a picture is called: one name, of one folder, without a card number in it."""
        made = annotate.file_name(place, name).removeprefix(f"{place:05}-")

        assert (PurePath(made).name, None) == (made, re.search(r"\d(?:[\W_]*\d){11,}", made))


def test_no_more_is_begun_than_can_be_told():
    """Of a million pictures only a few are read before the first line is written."""
    begun: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        first = next(read._in_order(pool, lambda place: begun.append(place) or {"place": place}, 1_000_000, 4))

    assert ({"place": 0}, True) == (first, len(begun) <= 6)


@pytest.mark.parametrize(
    ("shell", "words"), [("bash", ("COMP_WORDS", "COMP_CWORD")), ("zsh", ("_TYPER_COMPLETE_ARGS",))]
)
def test_shells_complete_options_of_verbs(shell: str, words: tuple[str, ...]):
    """A shell that asks learns the options of a verb, whose module is loaded for that."""
    asked = dict(zip(words, ("bankcard-ocr read --save", "2"), strict=False))
    result = CliRunner().invoke(
        cli.app, [], prog_name="bankcard-ocr", env={"_BANKCARD_OCR_COMPLETE": f"complete_{shell}", **asked}
    )

    assert "--save-annotated" in result.stdout


def packed(folder: Path, members: dict[str, bytes]) -> str:
    """A zip archive of ``members``, stored as they are."""
    path = folder / "cards.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return str(path)


def white(seen: str) -> bytes:
    """A white PNG of 400 x 250, which the fake reader takes for ``seen``."""
    _, encoded = cv2.imencode(".png", np.full((250, 400, 3), 255, np.uint8))
    return encoded.tobytes() + seen.encode()


def drawn(line: dict[str, object], *, covered: bool = False) -> np.ndarray:
    """The pixels of a white picture with ``line`` drawn on it."""
    return cv2.imdecode(np.frombuffer(annotate.annotated(white(NUMBER), line, covered=covered), np.uint8), 1)


def labels(pixels: np.ndarray) -> int:
    """How many dark boxes stand on white."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((pixels.max(axis=2) < 60).astype(np.uint8))
    return int((stats[1:count, cv2.CC_STAT_AREA] > 100).sum())


def box(left: int, top: int, right: int, bottom: int) -> dict[str, object]:
    """A position of a reply."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return {"pos": {name: {"x": x, "y": y} for name, (x, y) in zip(annotate.CORNERS, corners, strict=True)}}


def unboxed(text: str) -> str:
    """A message without the box and the line ends that typer puts around it."""
    return " ".join(text.replace("│", " ").split())
