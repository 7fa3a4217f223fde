"""The package's own names, and what importing them costs."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from unittest.mock import Mock

import pytest

import bankcard_ocr
from bankcard_ocr.errors import PictureTooLarge
from bankcard_ocr.reading import Options, Reading


def test_the_names_are_those_of_their_homes():
    """``Options`` and ``Reading`` of the package are the ones of ``reading``."""
    assert (Options, Reading) == (bankcard_ocr.Options, bankcard_ocr.Reading)


def test_the_version_is_that_of_the_distribution():
    """``__version__`` is what is installed."""
    assert version("bankcard-ocr") == bankcard_ocr.__version__


def test_threads_that_come_first_at_once_share_one_reader(monkeypatch):
    """It is made once."""
    made: list[object] = []
    together = threading.Barrier(4)

    def make() -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    def first() -> object:
        together.wait()
        return bankcard_ocr._reader()

    monkeypatch.setattr(bankcard_ocr, "_loaded", functools.cache(make))
    with ThreadPoolExecutor(4) as pool:
        readers = {future.result() for future in [pool.submit(first) for _ in range(4)]}

    assert (1, 1) == (len(made), len(readers))


def test_a_type_checker_knows_the_names(tmp_path):
    """A mistyped one is an error, the version a text, and a frame of OpenCV is read."""
    program = tmp_path / "program.py"
    program.write_text(
        "import bankcard_ocr, cv2\nversion: str = bankcard_ocr.__version__\nfrom bankcard_ocr import Reader, Reeder\n"
        "Reader().read_pixels(cv2.VideoCapture(0).read()[1][:, :, ::-1])\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300).stdout

    assert "Found 1 error" in found, found
    assert 'has no attribute "Reeder"' in found


@pytest.mark.parametrize("options", [{}, 0, False])
def test_options_are_options(options):
    """What is none is told, empty or not."""
    with pytest.raises(TypeError, match="options are"):
        bankcard_ocr.read(b"", options)


def test_other_names_are_no_attributes():
    """A mistyped name fails as it does in any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Raeder'"):
        bankcard_ocr.Raeder  # noqa: B018


def test_errors_are_at_hand():
    """Whoever imports the package may catch what it raises."""
    assert issubclass(bankcard_ocr.errors.NumberUnreadable, bankcard_ocr.Refused)
    assert issubclass(bankcard_ocr.PictureError, bankcard_ocr.BankcardError)


def test_all_names_are_listed():
    """What the package offers can be seen by ``dir``."""
    assert set(bankcard_ocr.__all__) <= set(dir(bankcard_ocr))


def test_importing_loads_no_pixels():
    """Neither numpy nor the runtime is loaded before a Reader is asked for."""
    program = "import sys, bankcard_ocr; bankcard_ocr.Options, bankcard_ocr.__version__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert set() == {"numpy", "cv2", "onnxruntime", "httpx"} & set(loaded.split())


@pytest.mark.parametrize("as_path", [True, False])
def test_read_takes_bytes_or_a_path(monkeypatch, tmp_path, as_path):
    """``read`` gives the bytes of a picture to one Reader, which is made once."""

    class Reader:
        def read(self, data: bytes, options: Options) -> tuple[bytes, Options]:
            return data, options

    reader = Reader()
    monkeypatch.setattr(bankcard_ocr, "_reader", lambda: reader)
    path = tmp_path / "card.jpg"
    path.write_bytes(b"picture")

    assert (b"picture", Options(type="scan")) == bankcard_ocr.read(
        path if as_path else b"picture", Options(type="scan")
    )
    assert (b"picture", Options()) == bankcard_ocr.read(str(path) if as_path else b"picture")


def test_a_picture_in_a_text_is_in_no_error(monkeypatch):
    """Base64, or a data: URL, taken for the path of a file: what opens it would say all of it."""
    monkeypatch.setattr(bankcard_ocr, "_reader", Mock())
    with pytest.raises(OSError, match="base64 is decoded first") as caught:
        bankcard_ocr.read("/9j/" + "A" * 9999)

    assert len(str(caught.value)) < 200


def test_no_more_of_a_file_is_read_than_a_picture_may_have():
    """Whatever is at the path: here it has no end."""
    with pytest.raises(PictureTooLarge):
        bankcard_ocr.read("/dev/zero")


def test_the_runtime_tells_nobody(tmp_path):
    """Neither a file of its own in the home folder, nor a look at anybody's name server, which needs such a file."""
    program = "import bankcard_ocr, os; bankcard_ocr.Reader(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert ("1\n", "", []) == (done.stdout, done.stderr, list(tmp_path.rglob("*")))


def test_a_reader_wants_options():
    """Said at once, not where the first of them is looked at."""
    with pytest.raises(TypeError, match="options are bankcard_ocr"):
        bankcard_ocr.Reader().read(b"", {"type": "scan"})
