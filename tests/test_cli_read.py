"""``bankcard-ocr read``, with a reader that reads the file's text instead of a picture."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from bankcard_ocr import cli
from bankcard_ocr.cli import read
from bankcard_ocr.errors import NoCardFound, NotAPicture, NumberUnreadable
from bankcard_ocr.reading import Candidate, Options, Reading

NUMBER = "4111111111111111"
QUAD = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


class FakeReader:
    """Takes the bytes for what was seen: a number, or the name of what went wrong."""

    def __init__(self) -> None:
        self.options: list[Options] = []

    def read(self, data: bytes, options: Options) -> Reading:
        self.options.append(options)
        failures = {
            b"damaged": NotAPicture("truncated JPEG"),
            b"empty": NoCardFound(),
            b"worn": NumberUnreadable(digits=(7,), confidence=0.4),
        }
        if data in failures:
            raise failures[data]
        candidates = (Candidate(number=data.decode(), confidence=0.99), Candidate(number="4" * 16, confidence=0.01))
        return Reading(number=data.decode(), confidence=0.99, candidates=candidates, size=(10, 10), number_quad=QUAD)


@pytest.fixture
def reader(monkeypatch) -> FakeReader:
    made = FakeReader()
    monkeypatch.setattr(read, "make_reader", lambda: made)
    return made


@pytest.fixture
def picture(tmp_path) -> Callable[[str, bytes], str]:
    def make(name: str, seen: bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(seen)
        return str(path)

    return make


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.app, ["read", *args])


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_json_line_has_the_agreed_fields(reader, picture):
    """A picture read gives file, number, confidence, errcode 0, ok, ms and ranked candidates, and exit status 0."""
    file = picture("card.jpg", NUMBER.encode())
    result = run(file, "--jsonl")
    [line] = lines(result)
    ms = line.pop("ms")

    assert 0 == result.exit_code
    assert isinstance(ms, float)
    assert {
        "file": file,
        "number": NUMBER,
        "confidence": 0.99,
        "errcode": 0,
        "errmsg": "ok",
        "candidates": [{"number": NUMBER, "confidence": 0.99}, {"number": "4" * 16, "confidence": 0.01}],
    } == line


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


def test_detail_adds_what_the_server_tells(reader, picture):
    """--detail asks the reader for everything and adds bank, type, network, positions and warnings to the line."""
    [line] = lines(run(picture("card.jpg", b"6205500000000000004"), "--jsonl", "--detail"))

    assert set(read.DETAILS) < line.keys()
    assert (True, "unionpay", "62", {"w": 10, "h": 10}) == (
        reader.options[0].detail,
        line["network"],
        line["bin"],
        line["img_size"],
    )


def test_detail_of_a_refused_picture_is_null(reader, picture):
    """Scripts find the same fields on every line."""
    [line] = lines(run(picture("card.jpg", b"empty"), "--jsonl", "--detail"))

    assert [None] * len(read.DETAILS) == [line[name] for name in read.DETAILS]


def test_without_detail_it_is_not_asked_for(reader, picture):
    """A plain line has the agreed fields only, and the reader spends no time on others."""
    [line] = lines(run(picture("card.jpg", NUMBER.encode()), "--jsonl"))

    assert (False, set()) == (reader.options[0].detail, set(read.DETAILS) & line.keys())


def test_mask_shortens_a_long_bin(reader, picture, monkeypatch):
    """With --mask not more than six leading digits are shown, however long the prefix that decided."""
    monkeypatch.setattr(read.iin, "default", lambda: read.iin.Table.parse(b"issuer A\n  62055000 19 debit\n"))
    file = picture("card.jpg", b"6205500000000000004")
    whole, masked = (lines(run(file, "--jsonl", "--detail", *more))[0]["bin"] for more in ((), ("--mask",)))

    assert ("62055000", "620550") == (whole, masked)


def test_the_table_names_the_bank_when_asked(reader, picture):
    """With --detail people see what is known of the card."""
    assert "unionpay" in run(picture("card.jpg", b"6205500000000000004"), "--detail").stdout


def test_the_table_shows_the_grouped_number(reader, picture):
    """Without --jsonl people see the number in fours, and how many were read."""
    result = run(picture("card.jpg", NUMBER.encode()))

    assert (0, True, True) == (
        result.exit_code,
        "4111 1111 1111 1111" in result.stdout,
        "1 of 1 read" in result.stdout,
    )


def test_the_table_shows_why_a_number_is_missing(reader, picture):
    """A refused picture's row names the cause."""
    result = run(picture("a.jpg", b"empty"))

    assert (1, True) == (result.exit_code, "no card found" in " ".join(result.stdout.split()))


def test_a_file_that_cannot_be_opened_is_no_picture(reader, tmp_path):
    """An unreadable file gives a line with 101002, not a traceback."""
    line = read.line(reader, tmp_path / "gone.jpg", Options())

    assert (101002, "decode image failed hint: [cannot open: No such file or directory]") == (line.errcode, line.errmsg)


@pytest.mark.parametrize("args", [["--type", "selfie"], ["--threads", "0"], ["--no-such-option"], ["missing.jpg"]])
def test_wrong_usage_is_status_2(reader, picture, args: list[str]):
    """An unknown type or option, no thread, a missing file: status 2."""
    assert 2 == run(picture("card.jpg", NUMBER.encode()), *args).exit_code


def test_no_picture_is_wrong_usage(reader):
    """``read`` alone has nothing to read: status 2."""
    assert 2 == run().exit_code


def test_a_folder_without_pictures_is_wrong_usage(reader, tmp_path):
    """There is nothing to read: status 2, and it says so."""
    result = run(str(tmp_path))

    assert (2, True) == (result.exit_code, "no pictures" in result.stderr)
