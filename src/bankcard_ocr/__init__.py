"""Reads payment cards from pictures.

>>> import bankcard_ocr
>>> reading = bankcard_ocr.read("card.jpg")  # doctest: +SKIP
>>> reading.number  # doctest: +SKIP
'4111111111111111'

Names load on first use (PEP 562): importing ``bankcard_ocr.cloud`` brings neither numpy nor the inference runtime.
"""

from __future__ import annotations

import os
from errno import ENAMETOOLONG
from functools import cache
from importlib import import_module, metadata
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from . import errors
    from .errors import BankcardError, PictureError, Refused
    from .reader import Reader
    from .reading import Bytes, Options, Reading

    __version__: str

# Else the inference runtime tells its makers of the machine it is on, and keeps an identity in the home folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = [
    "BankcardError",
    "Options",
    "PictureError",
    "Reader",
    "Reading",
    "Refused",
    "__version__",
    "errors",
    "read",
]

_LONGEST_PATH = 4096  # characters: PATH_MAX of Linux
_LOADING = Lock()  # a cache alone lets threads that come first at once each make one
_HOMES = {"Reader": ".reader", "Reading": ".reading", "Options": ".reading"}
_HOMES |= dict.fromkeys(("BankcardError", "PictureError", "Refused"), ".errors")


def read(picture: Bytes | str | PathLike[str], options: Options | None = None) -> Reading:
    """The reading of one picture, given as its bytes or its path.

    One Reader with the shipped models is made on the first call and kept; whoever needs another makes a Reader.

    Raises PictureError when the picture cannot be decoded, Refused when no number can be read with certainty, and
    OSError when the file cannot be opened.
    """
    from os import PathLike
    from pathlib import Path

    from .reading import Options

    reader = _reader()
    options = Options() if options is None else options
    if not isinstance(picture, str | PathLike):
        return reader.read(picture, options)
    if isinstance(picture, str) and len(picture) > _LONGEST_PATH:  # before open, which says all of it: the card
        raise OSError(ENAMETOOLONG, "a text is the path of a file, and shorter; base64 is decoded first")
    from .vision.image import MAX_BYTES

    with Path(picture).open("rb") as file:
        return reader.read(file.read(MAX_BYTES + 1), options)


def _reader() -> Reader:
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> Reader:
    from .reader import Reader

    return Reader()


if not TYPE_CHECKING:  # a checker would take any name for one of the package

    def __getattr__(name: str) -> object:
        if name == "__version__":
            return metadata.version("bankcard-ocr")
        if name == "errors":
            return import_module(".errors", __name__)
        if name in _HOMES:
            return getattr(import_module(_HOMES[name], __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
