"""Sample i of seed s: a photograph of a card that never existed, with its labels, the same for any number of workers.

The fonts and pictures that a machine has take part (see material.py), so two machines draw the same only where they
have the same ones, or none.
"""

from __future__ import annotations

import csv
import errno
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..numbers import iin, luhn, pan
from ..vision import quad as quads
from . import card, visible

COLUMNS = (
    "file", "subset", "group", "number", "number_sha256", "length", "masked", "luhn", "valid_thru", "network", "relief",
    "width", "height", "number_quad",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A picture and what is on it; ``number`` has digits only. ``quad`` float32 (4, 2), the number's, in pixels."""

    pixels: NDArray[np.uint8]
    number: str
    valid_thru: str
    relief: bool
    quad: NDArray[np.float32]


def sample(seed: int, index: int, *, width: int = 1280, height: int = 960) -> Sample:
    """Photograph ``index`` of ``seed``: one card whose number is in view, not covered, and can be seen."""
    for attempt in range(1000):
        rng = np.random.default_rng((seed, index, attempt))
        drawn = card.sample(rng)
        lines = [line for line in drawn.lines if line.kind == "number"]
        if len(lines) != 1:
            continue
        shot, faintest = visible.portrait(rng, drawn, "number", scale=11.0, width=width, height=height)
        found = [thing for thing in shot.things if thing.kind == "number"]
        if faintest >= visible.LEAST and quads.sides(found[0].quad)[0] > 0.3 * width:
            dates = [line.text for line in drawn.lines if line.kind == "expiry"]
            return Sample(
                pixels=shot.pixels,
                number=found[0].text,
                valid_thru=dates[0] if dates else "",
                relief=lines[0].ink.relief,
                quad=found[0].quad,
            )
    raise RuntimeError("a thousand cards without a number that can be seen")


def write(out: pathlib.Path, count: int, seed: int) -> None:
    """Writes ``count`` pictures and ``labels.csv`` (columns COLUMNS) into ``out``, which is made when missing.

    Raises OSError, FileExistsError where ``out`` has labels already: they are another set's.
    """
    write_labelled(out, COLUMNS, _labelled(count, seed))


def write_labelled(
    out: pathlib.Path, columns: Sequence[str], drawn: Iterable[tuple[NDArray[np.uint8], Mapping[str, object]]]
) -> None:
    """Writes pictures, uint8 RGB, each named by its label's ``file``, and their labels as ``labels.csv`` into ``out``.

    Raises OSError, FileExistsError where ``out`` has labels already, before the first picture is drawn.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / "labels.csv").open("x", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, columns)
        rows.writeheader()
        for pixels, label in drawn:
            save(out / str(label["file"]), pixels)
            rows.writerow(label)


def save(path: pathlib.Path, pixels: NDArray[np.uint8]) -> None:
    """Writes the picture ``pixels``, uint8 RGB, in the format of the suffix of ``path``. Raises OSError.

    OpenCV would write it too, but tells no cause, and knows no path that is not UTF-8.
    """
    if not cv2.haveImageWriter(path.suffix):
        raise OSError(errno.EINVAL, f"{path.suffix or 'no suffix'} is no format of pictures")
    options = (cv2.IMWRITE_JPEG_QUALITY, 90) if path.suffix in {".jpg", ".jpeg"} else ()
    _, data = cv2.imencode(path.suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    path.write_bytes(data.tobytes())


def _labelled(count: int, seed: int) -> Iterator[tuple[NDArray[np.uint8], dict[str, object]]]:
    for index in range(count):
        drawn = sample(seed, index)
        yield drawn.pixels, _label(drawn, f"s{seed}_{index:06d}.jpg")


def _label(drawn: Sample, name: str) -> dict[str, object]:
    digest = pan.digest(drawn.number)
    return {
        "file": name,
        "subset": "synthetic",
        "group": digest[:8],
        "number": drawn.number,
        "number_sha256": digest,
        "length": len(drawn.number),
        "masked": pan.mask(drawn.number),
        "luhn": int(luhn.is_valid(drawn.number)),
        "valid_thru": drawn.valid_thru,
        "network": iin.network(drawn.number) or "unknown",
        "relief": "embossed" if drawn.relief else "flat",
        "width": drawn.pixels.shape[1],
        "height": drawn.pixels.shape[0],
        "number_quad": json.dumps(np.round(drawn.quad, 1).tolist()),
    }
