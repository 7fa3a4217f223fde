"""Sheets of what the generator draws."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from bankcard_ocr.synth import sheet


@pytest.fixture
def small(monkeypatch):
    """Sheets of two pictures."""
    monkeypatch.setattr(sheet, "GRIDS", dict.fromkeys(sheet.GRIDS, (1, 2)))


@pytest.mark.usefixtures("bare", "small")
@pytest.mark.parametrize("kind", ["strip", "scene", "card"])
def test_a_sheet_has_its_pictures_side_by_side(kind):
    """Two different pictures of the kind's size, white between."""
    width, height = sheet.SIZES[kind]
    drawn = sheet.sheet(1, kind)
    left, right = drawn[4 : 4 + height, 4 : 4 + width], drawn[4 : 4 + height, 8 + width : 8 + 2 * width]

    assert (height + 8, 2 * width + 12, 3) == drawn.shape
    assert not np.array_equal(left, right)
    assert np.all(drawn[:, 4 + width : 8 + width] == 255)


@pytest.mark.usefixtures("bare", "small")
def test_the_command_writes_a_picture(tmp_path, monkeypatch):
    """OUT is the sheet, without loss."""
    out = tmp_path / "sheet.png"
    monkeypatch.setattr(sys, "argv", ["sheet", str(out), "--seed", "2", "--kind", "strip"])
    sheet.main()

    assert np.array_equal(sheet.sheet(2, "strip"), cv2.imread(str(out))[..., ::-1])


@pytest.mark.usefixtures("bare", "small")
def test_where_nothing_can_be_written_is_said(tmp_path, monkeypatch, capsys):
    """One line with the cause, and status 1."""
    monkeypatch.setattr(sys, "argv", ["sheet", str(tmp_path / "no" / "sheet.png")])
    with pytest.raises(SystemExit) as ended:
        sheet.main()

    assert (1, True) == (ended.value.code, "cannot be written: No such file" in capsys.readouterr().err)


@pytest.mark.usefixtures("bare", "small")
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["sheet.xyz"], 1, ".xyz is no format of pictures"),
        (["sheet"], 1, "no suffix is no format of pictures"),
        (["sheet.png", "--seed", "-1"], 2, "the seed must be 0 or more"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, monkeypatch, capsys, arguments, status, said):
    """A suffix of no format, and a seed that is none, are told in a line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sheet", *arguments])
    with pytest.raises(SystemExit) as ended:
        sheet.main()

    assert (status, True) == (ended.value.code, said in capsys.readouterr().err)
