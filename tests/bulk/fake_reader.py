"""A reader that does what a picture's bytes say. It is named to a run as ``fake_reader:Reader``."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from bankcard_ocr.errors import NoCardFound, NotAPicture, PictureTooLarge
from bankcard_ocr.reading import Candidate, Options, Reading

QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class Reader:
    """Loads nothing; each one made leaves a mark in the folder MADE, when that is set."""

    def __init__(self, *, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        if "MADE" in os.environ:
            Path(os.environ["MADE"], str(os.getpid())).touch()

    def read(self, data: bytes, _options: Options = Options()) -> Reading:
        if len(data) > self.max_bytes:
            raise PictureTooLarge(got=len(data), limit=self.max_bytes, unit="bytes")
        word = data.decode("ascii", "replace")
        if word == "kill":
            os.kill(os.getpid(), signal.SIGSEGV)
        if word == "hang":
            threading.Event().wait()
        if word.startswith("once"):
            self._once(Path(os.environ["MADE"], word))
        if word == "fault":
            raise RuntimeError("of nobody's making: 4111111111111111")
        if word == "empty":
            raise NoCardFound
        if not word.isdigit():
            raise NotAPicture("unknown format")
        return Reading(
            number=word,
            confidence=0.99,
            candidates=(Candidate(number=word, confidence=0.99),),
            size=(2, 2),
            number_quad=QUAD,
        )

    def _once(self, mark: Path) -> None:
        """Dies the first time alone; then the picture is none."""
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


class Broken:
    """Cannot be made."""

    def __init__(self, *, max_bytes: int) -> None:
        raise RuntimeError("no weights for 4111111111111111")
