"""``bankcard-ocr synth``."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bankcard_ocr import cli
from bankcard_ocr.vision import image


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.app, ["synth", *args])


def test_a_dataset_has_pictures_and_their_labels(tmp_path):
    """OUT is made, and has COUNT pictures that can be decoded and one row of labels.csv for each."""
    out = tmp_path / "new" / "set"
    result = run(str(out), "--count", "2", "--seed", "3")
    pictures = sorted(out.glob("*.jpg"))
    with (out / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    assert (0, 2) == (result.exit_code, len(pictures))
    assert [path.name for path in pictures] == sorted(row["file"] for row in rows)
    assert [3, 3] == [image.decode(path.read_bytes()).pixels.ndim for path in pictures]


def test_the_same_seed_draws_the_same(tmp_path):
    """Equal seeds give equal labels, other seeds others."""
    told = run(str(tmp_path / "a"), "--count", "1", "--seed", "5").stdout
    run(str(tmp_path / "b"), "--count", "1", "--seed", "5")
    run(str(tmp_path / "c"), "--count", "1", "--seed", "6")
    first, again, other = ((tmp_path / name / "labels.csv").read_text("utf-8") for name in "abc")

    assert (True, True) == (first == again, first != other)
    assert f"1 picture and labels.csv in {tmp_path / 'a'}\n" == told


@pytest.mark.parametrize("args", [["--count", "0"], ["--seed", "-1"]])
def test_wrong_usage_is_status_2(tmp_path, args: list[str]):
    """No picture and a negative seed are wrong usage."""
    assert 2 == run(str(tmp_path), *args).exit_code


def test_labels_that_are_there_are_kept(tmp_path):
    """A folder that has labels is refused before anything is drawn: status 2, and what to do."""
    (tmp_path / "labels.csv").write_text("file,number\nmine.jpg,\n", encoding="utf-8")
    result = run(str(tmp_path), "--count", "1")

    assert (2, True, ["labels.csv"], "file,number\nmine.jpg,\n") == (
        result.exit_code,
        "choose another OUT" in " ".join(result.stderr.replace("│", " ").split()),
        [path.name for path in tmp_path.iterdir()],
        (tmp_path / "labels.csv").read_text(encoding="utf-8"),
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
def test_a_full_disk_is_said(tmp_path):
    """A picture that cannot be written ends the run, in one line that says why."""
    (tmp_path / "s0_000000.jpg").symlink_to("/dev/full")
    result = run(str(tmp_path), "--count", "1")

    assert f"{tmp_path} cannot be written: No space left on device; choose another OUT" == str(result.exception)


def test_where_nothing_can_be_made_is_said(tmp_path):
    """A folder below a file cannot be made: one line that says so."""
    (tmp_path / "file").touch()
    result = run(str(tmp_path / "file" / "out"))

    assert str(result.exception).endswith("cannot be written: Not a directory; choose another OUT")


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX")
def test_a_folder_whose_name_is_no_text(tmp_path):
    """OUT may have bytes that are not UTF-8; they are told as question marks."""
    out = tmp_path / "lo\udce9"
    result = run(str(out), "--count", "1")

    assert (0, ["labels.csv", "s0_000000.jpg"], True) == (
        result.exit_code,
        sorted(path.name for path in out.iterdir()),
        "lo?" in result.stdout,
    )
