"""A PDF of one page is read like a picture, within the same limits."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import time
import zlib
from importlib.util import find_spec
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from bankcard_ocr.errors import BankcardError, NotAPicture, PictureTooLarge
from bankcard_ocr.vision import image, pdf, pdf_process

pytestmark = pytest.mark.skipif(find_spec("pypdfium2") is None, reason="the extra pdf is not installed")


def document(*pages: Image.Image) -> bytes:
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=72)
    return file.getvalue()


def halves(width: int = 400, height: int = 200) -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


def test_the_process_that_draws_is_told_no_password(monkeypatch):
    """It parses what strangers send: Redis's password and cloud tokens are in variables of this process alone."""
    monkeypatch.setenv("BANKCARD_OCR_STATE_URL", "redis://:word@127.0.0.1")
    monkeypatch.setenv("BANKCARD_CLOUD_ACCESS_TOKEN", "word")
    run = Mock(wraps=subprocess.run)
    monkeypatch.setattr(pdf.subprocess, "run", run)
    image.decode(document(halves()))

    assert [] == [name for name in run.call_args.kwargs["env"] if name.startswith("BANKCARD")]


def test_a_page_is_drawn_at_the_size_that_recognition_needs():
    """Upright, in colour, its longer side 1600 pixels whatever the page measures."""
    picture = image.decode(document(halves()))

    assert ((1600, 800), (800, 1600, 3), 1) == (picture.size, picture.pixels.shape, picture.reduced)
    assert np.abs(picture.pixels[400, [100, 1500]].astype(int) - ((255, 0, 0), (0, 0, 255))).max() < 12


def test_several_pages_are_refused():
    """Nobody knows which one has the card."""
    with pytest.raises(NotAPicture, match="2 pages"):
        image.decode(document(halves(), halves()))


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\0" * 999], ids=["head", "zeros"])
def test_damage_is_an_error(data: bytes):
    """Of the picture, not of the program."""
    with pytest.raises(NotAPicture, match="damaged PDF"):
        image.decode(data)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
def test_a_cut_off_document_is_an_error(share: float):
    """Half a page is no page."""
    whole = document(halves())
    with pytest.raises(NotAPicture):
        image.decode(whole[: int(share * len(whole))])


def test_pictures_in_it_have_the_limit_of_pictures():
    """A picture larger than the limit is not unpacked, however small the page."""
    with pytest.raises(PictureTooLarge) as caught:
        image.decode(document(Image.new("1", (3000, 2000))), max_pixels=5_000_000)

    assert (6_000_000, 5_000_000, "pixels") == (caught.value.got, caught.value.limit, caught.value.unit)


def test_a_strip_of_a_page_is_refused():
    """No card is on a page many times as long as wide."""
    with pytest.raises(NotAPicture, match="room"):
        image.decode(document(Image.new("RGB", (4000, 20))))


def written(content: bytes, objects: str = "", *, resources: str = "", filters: str = "") -> bytes:
    """A page of 600 by 380 points with ``content`` on it; further ``objects`` are numbered from 5 on."""
    filters = f"/Filter[{filters}]" if filters else ""
    return (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 380]/Contents 4 0 R"
        + f"/Resources<<{resources}>>>>endobj\n".encode()
        + f"4 0 obj<</Length {len(content)}{filters}>>stream\n".encode()
        + content
        + b"\nendstream endobj\n"
        + objects.encode()
        + b"trailer<</Root 1 0 R>>\n"
    )


def stream(number: int, facts: str, content: str) -> str:
    return f"{number} 0 obj<<{facts}/Length {len(content)}>>stream\n{content}\nendstream endobj\n"


def endless_tiles() -> bytes:
    """A page filled with tiles of a thousandth of a point each."""
    tile = stream(
        5,
        "/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep 0.001/YStep 0.001/Resources<<>>",
        "0 0 1 1 re f",
    )
    return written(b"/Pattern cs /P scn 0 0 600 380 re f", tile, resources="/Pattern<</P 5 0 R>>")


def forms_within_forms() -> bytes:
    """Fourteen levels, of which each draws the next ten times."""
    form = "/Type/XObject/Subtype/Form/BBox[0 0 600 380]"
    levels = [
        stream(5 + n, f"{form}/Resources<</XObject<</F {6 + n} 0 R>>>>", "/F Do " * 10 if n < 13 else "0 0 9 9 re f")
        for n in range(14)
    ]
    return written(b"/F Do", "".join(levels), resources="/XObject<</F 5 0 R>>")


def packed_twice() -> bytes:
    """Gigabytes of zeros in a few kilobytes."""
    bomb = zlib.compress(zlib.compress(b"0 0 9 9 re f " * 10_000_000, 9), 9)
    return written(bomb, filters="/FlateDecode/FlateDecode")


@pytest.mark.parametrize("hostile", [endless_tiles, forms_within_forms, packed_twice])
def test_what_would_never_end_is_given_up(hostile):
    """However few bytes ask for it: the process that draws has little time and little memory."""
    data = hostile()
    started = time.monotonic()
    with pytest.raises(NotAPicture, match=r"too long|damaged PDF"):
        image.decode(data)

    assert time.monotonic() - started < pdf.PATIENCE_S + 2
    assert len(data) < image.MAX_BYTES


def test_a_page_written_by_hand_is_drawn():
    """The same page with nothing hostile on it."""
    picture = image.decode(written(b"1 0 0 rg 0 0 600 380 re f"))

    assert [255, 0, 0] == picture.pixels[500, 800].tolist()


def test_a_process_that_does_not_end_is_given_up(monkeypatch):
    """Where the system has no limits, patience ends it."""
    monkeypatch.setattr(pdf, "PATIENCE_S", 0.01)
    with pytest.raises(NotAPicture, match="too long"):
        image.decode(document(halves()))


@pytest.mark.parametrize("written", [b"", b'{"width": 1600, "height": 800}\n\xff\xff'])
def test_a_process_whose_end_nobody_tells_is_given_up_too(monkeypatch, written: bytes):
    """Where SIGCHLD is ignored, or a handler reaps all children, one that was killed seems to have ended well."""
    monkeypatch.setattr(subprocess, "run", lambda command, **_given: subprocess.CompletedProcess(command, 0, written))
    with pytest.raises(NotAPicture, match="too long"):
        image.decode(document(halves()))


@pytest.mark.parametrize("program", ["/usr/sbin/uwsgi", "", None])
def test_a_program_that_has_python_within_is_not_started_as_one(monkeypatch, program: str | None):
    """The executable of uWSGI is no interpreter: the one of its environment draws."""
    monkeypatch.setattr(sys, "executable", program)

    assert (1600, 800) == image.decode(document(halves())).size


@pytest.mark.parametrize(
    ("code", "is_damaged"), [(errno.EAGAIN, 0), (errno.EMFILE, 0), (errno.ENOMEM, 0), (errno.EPIPE, 1)]
)
def test_what_the_machine_lacks_is_not_the_documents_fault(monkeypatch, code: int, is_damaged: int):
    """No room for another process is told as such: the same document may be drawn later."""

    def run(*_args: object, **_given: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(BankcardError) as caught:
        image.decode(document(halves()))

    assert bool(is_damaged) == isinstance(caught.value, NotAPicture)
    assert bool(is_damaged) == (os.strerror(code) not in str(caught.value))


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_a_limit_that_the_system_does_not_have_costs_no_other(monkeypatch, error: type[Exception]):
    """One of memory is refused by macOS: that of time is set all the same, and the page is drawn."""
    resource = pytest.importorskip("resource")
    asked = []

    def setrlimit(what: int, _limits: tuple[int, int]) -> None:
        asked.append(what)
        raise error

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    pdf_process.limit()

    assert [resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE] == asked


def test_a_document_gets_little_memory_and_little_time(monkeypatch):
    """768 MB and three seconds; what crashes leaves no picture of its memory."""
    resource = pytest.importorskip("resource")
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, most: limits.append(most))
    pdf_process.limit()

    assert [(768 << 20, 768 << 20), (3, 3), (0, 0)] == limits


def test_without_the_extra_the_error_names_it(monkeypatch):
    """Its cause says what to send instead, to who calls a server and cannot install; its message what to install."""
    monkeypatch.setattr(image, "find_spec", lambda _name: None)
    with pytest.raises(NotAPicture, match=r'send a JPEG, or pip install "bankcard-ocr\[pdf\]"') as caught:
        image.decode(document(halves()))

    told = caught.value
    assert ("PDF, which is not accepted here without the extra pdf; send a JPEG", "pdf") == (told.cause, told.extra)


def test_a_frozen_program_is_not_started_once_more(monkeypatch):
    """As PyInstaller makes them: what it calls its interpreter is the program itself."""
    started = Mock()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(subprocess, "run", started)
    with pytest.raises(NotAPicture, match="PDF, which is not accepted in a frozen program; send a JPEG"):
        image.decode(document(halves()))

    assert not started.called
