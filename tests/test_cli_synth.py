"""``bankcard-ocr synth``."""

from __future__ import annotations

import csv

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
    run(str(tmp_path / "a"), "--count", "1", "--seed", "5")
    run(str(tmp_path / "b"), "--count", "1", "--seed", "5")
    run(str(tmp_path / "c"), "--count", "1", "--seed", "6")
    first, again, other = ((tmp_path / name / "labels.csv").read_text("utf-8") for name in "abc")

    assert (True, True) == (first == again, first != other)


@pytest.mark.parametrize("args", [["--count", "0"], ["--seed", "-1"]])
def test_wrong_usage_is_status_2(tmp_path, args: list[str]):
    """No picture and a negative seed are wrong usage."""
    assert 2 == run(str(tmp_path), *args).exit_code
