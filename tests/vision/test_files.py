"""Which files hold pictures, and how they are come by."""

from __future__ import annotations

import os
import zipfile
from functools import partial

import pytest

from bankcard_ocr.errors import NotAPicture
from bankcard_ocr.vision import files


@pytest.fixture
def folder(tmp_path):
    """Two files, one of them in a folder below."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "b.jpg").write_bytes(b"b")
    (tmp_path / "in" / "sub" / "a.jpg").write_bytes(b"a")
    return tmp_path / "in"


def names(found, folder) -> list[str]:
    return [str(file.relative_to(folder)) for file in found]


def test_a_folder_has_all_files_below_it(folder):
    """Sorted by path."""
    assert ["b.jpg", "sub/a.jpg"] == names(files.below(folder), folder)


def test_links_to_folders_are_followed(folder, tmp_path):
    """As a glob does, and as people mean them."""
    (tmp_path / "linked").symlink_to(folder)

    assert [tmp_path / "linked/b.jpg", tmp_path / "linked/sub/a.jpg"] == files.below(tmp_path / "linked")


def test_links_in_a_ring_end(folder):
    """Each folder is looked into once, and files in it are found once."""
    (folder / "sub" / "up").symlink_to(folder)

    assert ["b.jpg", "sub/a.jpg"] == names(files.below(folder), folder)
    assert ["b.jpg", "sub/a.jpg"] == names(files.matching(f"{folder}/**/*.jpg"), folder)


def test_what_cannot_be_read_is_found_all_the_same(folder):
    """A link that leads nowhere and a pipe: of a picture that is missing without a word nobody knows."""
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    os.mkfifo(folder / "pipe.jpg")

    assert ["b.jpg", "gone.jpg", "pipe.jpg", "sub/a.jpg"] == names(files.below(folder), folder)
    assert ["b.jpg", "gone.jpg", "pipe.jpg"] == names(files.matching(f"{folder}/*"), folder)
    assert [] == files.matching(str(folder / "gone.jpg"))


@pytest.mark.parametrize("name", ["._b.jpg", ".#b.jpg"])
def test_what_macos_and_emacs_leave_beside_a_picture_is_none(folder, name):
    """A lock of Emacs is a link that leads nowhere, called as the picture is."""
    (folder / name).symlink_to("user@host.1:1")

    assert ["b.jpg", "sub/a.jpg"] == names(filter(files.is_picture, files.below(folder)), folder)


def test_a_pipe_is_not_waited_for(folder):
    """Where it was found, not named: whoever made it may never write."""
    os.mkfifo(folder / "pipe.jpg")
    with pytest.raises(NotAPicture, match="cannot open: no file"):
        files.read(partial(files.opened, folder / "pipe.jpg"), 1)


def test_a_barred_folder_is_no_empty_one(folder, monkeypatch):
    """Its pictures would be missing without a word."""
    listed = os.scandir

    def scandir(place):
        if str(place).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(place))
        return listed(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError, match="sub"):
        files.below(folder)


def test_members_of_one_name_are_two(tmp_path):
    """Archives allow it."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name, data in (("b.jpg", b"1"), ("notes.txt", b""), ("a.jpg", b"0")):
            archive.writestr(name, data)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("b.jpg", b"2")
    with zipfile.ZipFile(tmp_path / "in.zip") as archive:
        assert [b"0", b"1", b"2"] == [archive.read(info) for info in files.members(archive)]


def test_a_member_without_a_name_is_no_picture(tmp_path):
    """As in a damaged archive."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a.jpg", b"0")
        archive.filelist.append(zipfile.ZipInfo(""))

        assert ["a.jpg"] == [info.filename for info in files.members(archive)]
        archive.filelist.pop()
