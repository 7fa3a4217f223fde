"""``bankcard-ocr bench``: what is written, and what is said of wrong usage."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from bankcard_ocr.bench import plan, run
from bankcard_ocr.cli import app, bench
from bankcard_ocr.errors import NumberUnreadable
from bankcard_ocr.reading import Reading

VISA = "4111111111111111"
MASTERCARD = "5555555555554444"
QUAD = ((10.0, 20.0), (90.0, 20.0), (90.0, 30.0), (10.0, 30.0))


class Reader:
    """Reads a bright picture as one number and refuses a dark one."""

    def read(self, data, options=None):
        if cv2.imdecode(np.frombuffer(data, np.uint8), 1).mean() < 100:
            raise NumberUnreadable(confidence=0.1)
        return Reading(number=VISA, confidence=0.99, candidates=(), size=(100, 60), number_quad=QUAD)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three pictures: read right, read wrong, refused."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name, grey in (("right.png", 200), ("wrong.png", 201), ("dark.png", 5)):
        cv2.imwrite(str(pictures / name), np.full((60, 100, 3), grey, np.uint8))
    (pictures / "labels.csv").write_text(
        f"file,number,relief\nright.png,{VISA},flat\nwrong.png,{MASTERCARD},embossed\ndark.png,{VISA},embossed\n",
        encoding="utf-8",
    )
    reader = Reader()
    monkeypatch.setattr(bench, "make_engines", lambda peers, options, max_bytes: (reader, [run.ReaderEngine(reader)]))
    return pictures


def called(*arguments):
    return CliRunner().invoke(app, ["bench", *map(str, arguments)])


def test_result(folder, tmp_path) -> None:
    """The figures are written as JSON and told on the terminal."""
    out = tmp_path / "r.json"
    done = called(folder, "--out", out)
    found = json.loads(out.read_text(encoding="utf-8"))["suites"]["pictures"]["engines"]["bankcard-ocr"]["all"]
    assert (0, 3, 2, 0.25, True) == (
        done.exit_code,
        found["pictures"],
        found["cards"],
        found["exact"]["value"],
        "exact 25.0 %" in done.output,
    )


def test_nothing_written_holds_a_number(folder, tmp_path) -> None:
    """Neither the figures, the report nor the terminal tell a whole number."""
    out, html = tmp_path / "r.json", tmp_path / "r.html"
    done = called(folder, "--out", out, "--html", html, "--pictures", "--suite", "pictures", "--suite", "robust")
    told = out.read_text(encoding="utf-8") + html.read_text(encoding="utf-8") + done.output
    assert (0, False, False) == (done.exit_code, VISA in told, MASTERCARD in told)


def test_limits(folder, tmp_path, monkeypatch) -> None:
    """The threshold reaches the engine and the result; a picture over the limit of bytes is named with that cause."""
    reader, asked = Reader(), []

    def engines(peers, options, max_bytes):
        asked.append(max_bytes)
        return reader, [run.ReaderEngine(reader, options=options)]

    monkeypatch.setattr(bench, "make_engines", engines)
    out, most = tmp_path / "r.json", max(path.stat().st_size for path in folder.glob("*.png"))
    (folder / "dark.png").write_bytes((folder / "dark.png").read_bytes() + bytes(most))
    called(folder, "--out", out, "--threshold", "0.5", "--max-bytes", most)
    result = json.loads(out.read_text(encoding="utf-8"))
    assert ([most], 0.5, [{"file": "dark.png", "cause": f"size: over {most} bytes"}]) == (
        asked,
        result["engines"]["bankcard-ocr"]["threshold"],
        result["undecodable"]["pictures"],
    )


@pytest.fixture
def spoilt(folder):
    """Two pictures more that none can decode, one of them called after its card."""
    for name in ("spoilt.jpg", f"{VISA}.jpg"):
        (folder / name).write_bytes(b"no picture")
    with (folder / "labels.csv").open("a", encoding="utf-8") as labels:
        labels.write(f"spoilt.jpg,{VISA},flat\n{VISA}.jpg,{VISA},flat\n")
    return folder


@pytest.mark.parametrize("suite", ["pictures", "turned90"])
def test_what_cannot_be_decoded_is_no_refusal(spoilt, tmp_path, suite) -> None:
    """Pictures that cannot be decoded are in no figure; JSON, report and terminal count and name them, masked."""
    out, html = tmp_path / "r.json", tmp_path / "r.html"
    done = called(spoilt, "--out", out, "--html", html, "--suite", suite)
    result = json.loads(out.read_text(encoding="utf-8"))
    told = "2 pictures: spoilt.jpg (unknown format; send a JPEG), 411111******1111.jpg (unknown format; send a JPEG)"
    assert (0, 2, ["spoilt.jpg", "411111******1111.jpg"], (3, 3)) == (
        done.exit_code,
        result["undecodable"]["count"],
        [picture["file"] for picture in result["undecodable"]["pictures"]],
        (result["suites"][suite]["used"], result["suites"][suite]["labelled"]),
    )
    assert {"NumberUnreadable": 1} == result["suites"][suite]["engines"]["bankcard-ocr"]["refusals"]
    assert (True, True) == (told in html.read_text(encoding="utf-8"), told in done.stdout)


@pytest.mark.parametrize("suite", ["pictures", "start", "crops"])
def test_where_nothing_can_be_decoded(folder, tmp_path, suite) -> None:
    """Without a picture that can be decoded the status is no success, and the pictures are named."""
    (folder / "labels.csv").write_text("file,label\nright.png,4111\n", encoding="utf-8")
    (folder / "right.png").write_bytes(b"")
    done = called(folder, "--out", tmp_path / "r.json", "--suite", suite)
    assert (1, "nothing was measured", True) == (
        done.exit_code,
        str(done.exception)[:20],
        "counted nowhere: 1 picture: right.png (empty)" in done.stdout,
    )


def test_only_and_limit(folder, tmp_path) -> None:
    """Pictures can be chosen by a column, and limited."""
    out = tmp_path / "r.json"
    called(folder, "--out", out, "--only", "relief=embossed", "--limit", "1", "--by", "relief")
    found = json.loads(out.read_text(encoding="utf-8"))["suites"]["pictures"]["engines"]["bankcard-ocr"]
    assert (1, ["embossed"]) == (found["all"]["pictures"], list(found["strata"]["relief"]))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--labels", "no.csv"], "no.csv"),
        (["--only", "relief"], "COLUMN=VALUE"),
        (["--only", "relief=round"], "relief=round"),
        (["--suite", "sideways"], "no suite sideways"),
        (["--peers", "nobody"], "nobody"),
        (["--peers-only"], "--peers"),
    ],
)
def test_wrong_usage(folder, tmp_path, arguments, told) -> None:
    """Wrong usage ends with status 2 and names what is wrong."""
    done = called(folder, "--out", tmp_path / "r.json", *arguments)
    assert (2, True) == (done.exit_code, told in done.output)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--suite", "small"], "number_quad"),
        (["--suite", "robust", "--suite", "hidden"], "the suite hidden"),
        (["--suite", "crops"], "the column label"),
        (["--by", "relief", "--by", "nosuch"], "column nosuch to report --by; there are relief"),
    ],
)
def test_what_no_picture_has(folder, tmp_path, arguments, told) -> None:
    """A suite or a column that no picture can serve is refused before anything is measured."""
    done = called(folder, "--out", tmp_path / "r.json", *arguments)
    assert (2, True, False) == (done.exit_code, told in unboxed(done.output), (tmp_path / "r.json").exists())


def test_a_part_of_robust_is_left_out_with_a_word(folder, tmp_path) -> None:
    """Of ``robust`` the suites that need the number's place are left out without it, and named; the others counted."""
    done = called(folder, "--out", tmp_path / "r.json", "--suite", "robust")
    assert (0, True, True, False) == (
        done.exit_code,
        "left out: no picture can be used for the suite covered: it needs the column number_quad" in done.stderr,
        "tilted       3 of 3 pictures\n" in done.stdout,
        "covered" in done.stdout,
    )


def test_where_nothing_was_measured(folder, tmp_path) -> None:
    """A suite that can use no picture after all says so, and the status is no success."""
    quad = "[[10,20],[90,20],[90,30],[10,30]]"
    (folder / "labels.csv").write_text(f'file,number,number_quad\nright.png,{VISA},"{quad}"\n', encoding="utf-8")
    done = called(folder, "--out", tmp_path / "r.json", "--suite", "small")
    assert (1, "nothing was measured", True) == (
        done.exit_code,
        str(done.exception)[:20],
        "small        0 of 1 pictures; the others cannot be used here" in done.stdout,
    )


@pytest.fixture
def unmeasured(monkeypatch):
    """Fails the test when anything is measured."""
    monkeypatch.setattr(run, "measure", lambda *_: pytest.fail("it was measured"))


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("option", ["--out", "--html"])
def test_where_nothing_can_be_written(folder, tmp_path, option) -> None:
    """That a file cannot be written is said before anything is measured, in one line with the option to change."""
    places = {"--out": tmp_path / "r.json", "--html": tmp_path / "r.html", option: tmp_path / "no" / "r"}
    done = called(folder, *(word for pair in places.items() for word in pair))
    assert (f"{places[option]} cannot be written: No such file or directory; choose another {option}", False) == (
        str(done.exception),
        (tmp_path / "r.json").exists(),
    )


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(
    ("out", "html"), [("r.json", "r.json"), ("pictures/labels.csv", "r.html"), ("r.json", "pictures/dark.png")]
)
def test_nothing_else_is_written_over(folder, tmp_path, out, html) -> None:
    """Labels, a picture and the other file are no place for results: status 2, and they are kept."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = called(folder, "--out", tmp_path / out, "--html", tmp_path / html)
    assert (2, before) == (done.exit_code, {path: path.read_bytes() for path in folder.iterdir()})


def test_an_earlier_result_outlives_a_run_that_fails(folder, tmp_path, monkeypatch) -> None:
    """Results are written over when there are new ones, and not before."""
    out = tmp_path / "r.json"
    out.write_text("earlier", encoding="utf-8")
    monkeypatch.setattr(run, "measure", lambda *_: 1 / 0)
    done = called(folder, "--out", out)
    assert ("ZeroDivisionError", "earlier") == (type(done.exception).__name__, out.read_text(encoding="utf-8"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
def test_a_full_disk(folder) -> None:
    """Figures that cannot be written after all are told on the terminal, and why they are not in the file."""
    done = called(folder, "--out", "/dev/full")
    assert ("/dev/full cannot be written: No space left on device; choose another --out", True) == (
        str(done.exception),
        "exact 25.0 %" in done.stdout,
    )


def test_a_terminal_without_dashes(folder, tmp_path) -> None:
    """A terminal that lacks a sign of the figures gets a question mark, and the figures are written."""
    done = CliRunner(charset="latin-1").invoke(app, ["bench", str(folder), "--out", str(tmp_path / "r.json")])
    assert (0, True, True) == (
        done.exit_code,
        "exact 25.0 % (" in done.stdout and "?" in done.stdout,
        (tmp_path / "r.json").exists(),
    )


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX")
def test_a_place_whose_name_is_no_text(folder, tmp_path, monkeypatch) -> None:
    """Results can be called as any file can; their command has question marks for what is no text."""
    out = tmp_path / "lo\udce9.json"
    monkeypatch.setattr(sys, "argv", ["bankcard-ocr", "bench", "pictures", "--out", str(out)])
    done = called(folder, "--out", out)
    command = json.loads(out.read_text(encoding="utf-8"))["command"]
    assert (0, "bankcard-ocr bench pictures --out lo?.json") == (done.exit_code, command)


def test_absent_pictures(folder, tmp_path) -> None:
    """Labelled pictures that are not there are counted and named before anything is measured."""
    (folder / "dark.png").unlink()
    done = called(folder, "--out", tmp_path / "r.json")
    told = " ".join(done.output.replace("│", " ").split())
    assert (2, True, False) == (done.exit_code, "1 of 3" in told, (tmp_path / "r.json").exists())
    assert "readable: dark.png" in told


def test_no_labels(folder, tmp_path) -> None:
    """Without labels the way to write them is named."""
    (folder / "labels.csv").unlink()
    done = called(folder, "--out", tmp_path / "r.json")
    assert (2, True) == (done.exit_code, "docs/bench.md" in done.output)


def test_broken_labels(folder, tmp_path) -> None:
    """A fault in the labels names its line."""
    (folder / "labels.csv").write_text("file,number\nright.png,x\n", encoding="utf-8")
    done = called(folder, "--out", tmp_path / "r.json")
    assert (2, True) == (done.exit_code, "line 2" in done.output)


def test_command_without_paths() -> None:
    """The published command line has no folder of the machine in it."""
    assert "bankcard-ocr bench cards --labels labels.csv" == bench.told_command(
        ["bench", "/home/someone/cards", "--labels", "../labels.csv"]
    )
    assert "bankcard-ocr bench . --labels=labels.csv --limit=5" == bench.told_command(
        ["bench", ".", "--labels=/home/someone/labels.csv", "--limit=5"]
    )


def test_stopped(folder, tmp_path, monkeypatch) -> None:
    """Ctrl-C says that nothing is kept of what was measured."""

    def interrupted(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(plan, "carry_out", interrupted)
    done = called(folder, "--out", tmp_path / "r.json")
    assert (130, True, False) == (done.exit_code, "nothing is written" in done.output, (tmp_path / "r.json").exists())


def unboxed(text: str) -> str:
    """A message without the box and the line ends that typer puts around it."""
    return " ".join(text.replace("│", " ").split())
