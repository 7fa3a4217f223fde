"""Files that hold pictures: which names say so, and the bytes within.

Names only choose what is looked at in folders and archives; what a file is, its bytes decide (image.py).

>>> is_picture("scans/front.PDF"), is_picture("__MACOSX/._front.jpg"), is_picture(".#front.jpg")
(True, False, False)
"""

from __future__ import annotations

import errno
import glob
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from operator import attrgetter
from pathlib import Path, PurePath
from typing import IO

from ..errors import NotAPicture

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".pdf"})
DAMAGED = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, struct.error, zlib.error, lzma.LZMAError)


def is_picture(name: str | PurePath) -> bool:
    """Whether a file called so holds a picture; the shadows of macOS and the locks of Emacs beside one hold none."""
    path = PurePath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(("._", ".#"))


def below(folder: Path) -> list[Path]:
    """All below ``folder`` that is no folder, sorted; links are followed, to each folder once.

    A link that leads nowhere is there, too: who reads it is told. Raises OSError for a barred folder.
    """
    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        here = os.stat(place)  # noqa: PTH116  (a link to a folder above would be followed for ever)
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        found += (Path(place, name) for name in names)
    return sorted(found)


def matching(pattern: str) -> list[Path]:
    """What a glob matches but folders, sorted, each once though links lead to it on several ways; or the file named."""
    found: dict[tuple[str, str], Path] = {}
    for file in sorted(map(Path, glob.glob(pattern, recursive=True))):  # noqa: PTH207
        if file.is_file() or (str(file) != pattern and not file.is_dir()):
            found.setdefault((os.path.realpath(file.parent), file.name), file)
    return list(found.values())


def opened(path: Path) -> IO[bytes]:
    """The file at ``path``, open. Raises OSError where there is none, or what is waited for, such as a pipe."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "no file, but a pipe, socket or device")
    return path.open("rb")


def told(name: str) -> str:
    r"""A file's name as a text that tells it from all others: bytes that are no UTF-8 are written \xNN.

    >>> told("caf\udce9.jpg")
    'caf\\xe9.jpg'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The pictures of ``archive``, sorted by name; members of one name in the order in which they stand there."""
    infos = (info for info in archive.infolist() if is_picture(info.filename) and not info.is_dir())
    return sorted(infos, key=attrgetter("filename"))


def _raise(error: OSError) -> None:
    raise error


def read(opened: Callable[[], AbstractContextManager[IO[bytes]]], most: int) -> bytes:
    """At most ``most`` bytes of what ``opened`` opens, a file or an archive's member. Raises NotAPicture."""
    try:
        with opened() as file:
            return file.read(most)
    except OSError as error:
        raise NotAPicture(f"cannot open: {error.strerror or 'damaged'}") from error
    except NotImplementedError as error:
        raise NotAPicture("cannot open: packed in an unknown way") from error
    except RuntimeError as error:
        raise NotAPicture("cannot open: encrypted") from error
    except KeyError as error:
        raise NotAPicture("cannot open: no longer in its archive") from error
    except DAMAGED as error:
        raise NotAPicture("cannot open: damaged") from error
