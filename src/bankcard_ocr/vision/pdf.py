"""A PDF of one page to pixels, within limits, by PDFium (the extra ``pdf``) in the process ``pdf_process.py``."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BankcardError, NotAPicture, PictureTooLarge

PATIENCE_S = 15.0  # for a process that has 3 s of the processor, which others may be at, too
_WANTS = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}  # the machine's: the same PDF may be drawn later
_PROGRAM = Path(__file__).with_name("pdf_process.py")


def page(data: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """The only page of ``data``, uint8 RGB (H, W, 3), on white.

    Raises NotAPicture, PictureTooLarge, and BankcardError where no process can be started for it.
    """
    facts, pixels = _drawn(data, max_pixels)
    if "pixels" in facts:
        raise PictureTooLarge(got=facts["pixels"], limit=max_pixels, unit="pixels")
    if "fault" in facts:
        raise NotAPicture(facts["fault"])
    return pixels


def _drawn(data: bytes, max_pixels: int) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """What the program wrote: the facts and the pixels.

    Raises NotAPicture when it did not come to an end, BankcardError when the machine has no room for it.

    Where this process ignores SIGCHLD, or reaps all children, only what is missing tells that it did not.
    """
    where = {name: value for name, value in os.environ.items() if not name.startswith("BANKCARD_")}  # such as passwords
    where["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # it finds what this process does
    command = [_interpreter(), "-P", str(_PROGRAM), str(max_pixels)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE_S, env=where, check=True)  # noqa: S603 (our own program)
        head, _, pixels = done.stdout.partition(b"\n")
        facts = json.loads(head)
        return facts, np.frombuffer(pixels, np.uint8).reshape(facts.get("height", 0), facts.get("width", 0), 3)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _WANTS:
            raise BankcardError(f"no process can be started to draw a PDF: {error.strerror}") from error
        raise NotAPicture("PDF that takes too long to draw, or cannot be drawn") from error


def _interpreter() -> str:
    """The Python at work; of a program that has it within, as uWSGI, the one that is installed with it."""
    program = sys.executable or ""
    if Path(program).name.lower().startswith("python"):
        return program
    return str(Path(sys.exec_prefix, "python.exe" if os.name == "nt" else "bin/python3"))
