"""Drawn pictures on which no number may be returned."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from bankcard_ocr.bench import unreadable
from bankcard_ocr.bench.labels import load
from bankcard_ocr.synth import card, render


@pytest.fixture(scope="module")
def flat() -> render.Flat:
    """A drawn card whose number is one line."""
    return render.flat(unreadable._numbered(np.random.default_rng(3)), scale=6.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("unreadable")
    unreadable.main([str(out), "--count", "4", "--seed", "5"])
    return out


def changed(before: render.Flat, after: render.Flat) -> np.ndarray:
    """For each digit of the number, the share of its box whose pixels changed."""
    (boxes,) = (text.boxes for text in before.texts if text.kind == "number")
    moved = np.abs(after.pixels.astype(int) - before.pixels).max(axis=2) > 4
    return np.array([moved[int(t) : int(b) + 1, int(l) : int(r) + 1].mean() for l, t, r, b in boxes])  # noqa: E741


def test_one_digit_is_covered(flat) -> None:
    """Of the digits one is covered, and its neighbours at most in part."""
    shares = changed(flat, unreadable.covered(np.random.default_rng(0), flat, whole=False))
    assert (True, True) == (shares.max() > 0.7, (shares > 0.05).sum() <= 3)


def test_all_digits_are_covered(flat) -> None:
    """Of a number that is covered whole no digit is left."""
    shares = changed(flat, unreadable.covered(np.random.default_rng(0), flat, whole=True))
    assert shares.min() > 0.3


def test_kinds_take_turns(folder) -> None:
    """The four kinds take turns, and none of the pictures has a number."""
    labels = load(folder / "labels.csv")
    assert [(kind, None) for kind in unreadable.KINDS] == [
        (label.strata["category"], label.number_sha256) for label in labels
    ]


def test_pictures_are_there(folder) -> None:
    """Every label has its picture, of the size that latency is quoted for."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        files = [row["file"] for row in csv.DictReader(file)]
    assert [(960, 1280, 3)] * 4 == [cv2.imread(str(folder / name)).shape for name in files]


def test_sample_is_the_same_again() -> None:
    """Sample i of seed s is the same however often it is drawn."""
    first, second = (unreadable.sample(1, 0, width=64, height=48)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_card_that_bears_no_number() -> None:
    """Cards are drawn until one has its number in one line, so that it can be taken away."""
    drawn = unreadable._numbered(np.random.default_rng(1))
    assert (True, 1) == (isinstance(drawn, card.Card), [line.kind for line in drawn.lines].count("number"))


def test_labels_that_are_there_are_kept(folder, capsys) -> None:
    """A folder that has labels is refused in one line, before anything is drawn."""
    before = (folder / "labels.csv").read_bytes()
    with pytest.raises(SystemExit) as ended:
        unreadable.main([str(folder), "--count", "1", "--seed", "9"])
    assert (1, before, 4, True) == (
        ended.value.code,
        (folder / "labels.csv").read_bytes(),
        len(list(folder.glob("*.jpg"))),
        "File exists; choose another OUT" in capsys.readouterr().err,
    )


@pytest.mark.parametrize("asked", [("--count", "0"), ("--count", "-5"), ("--seed", "-1")])
def test_no_pictures_and_seeds_below_0_are_refused(asked, tmp_path, capsys) -> None:
    """In one line, before a folder is made."""
    with pytest.raises(SystemExit) as ended:
        unreadable.main([str(tmp_path / "out"), *asked])
    assert (2, [], True) == (
        ended.value.code,
        list(tmp_path.iterdir()),
        "the count must be 1 or more, the seed 0 or more" in capsys.readouterr().err,
    )
