"""Files that hold pictures: which names say so, and the bytes within.

Names only choose what is looked at in folders and archives; what a file is, its bytes decide (image.py).

>>> is_picture("scans/front.PDF"), is_picture("__MACOSX/._front.jpg")
(True, False)
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import PurePath
from typing import IO

from ..errors import NotAPicture

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".pdf"})
DAMAGED = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, struct.error, zlib.error, lzma.LZMAError)


def is_picture(name: str | PurePath) -> bool:
    """Whether a file called so holds a picture; the shadows that macOS leaves beside each file hold none."""
    path = PurePath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("._")


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
