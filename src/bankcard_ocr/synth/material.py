"""Pictures that a machine happens to have, as backgrounds and card art: desktop wallpapers of Debian's packages.

Without any, cards are drawn from shapes alone. None of them is shipped; their licences stand in NOTICE.
"""

from __future__ import annotations

import functools
import pathlib

import cv2
import numpy as np

from .pixels import Bytes, Picture, Rng, floats, pick

_FOLDERS = ("/usr/share/backgrounds", "/usr/share/wallpapers", "/usr/share/desktop-base")
HELD_OUT = ("Fossa_by_", "Infinite-Sea_by_", "Kleiber_by_", "Painting-Colors_by_")  # to measure with; files begin so
_SIDE = 900  # pictures are kept at this length of the longer side


@functools.cache
def photos(*, held_out: bool = False) -> tuple[str, ...]:
    """The files of usable pictures, sorted, one of each folder of sizes; or those that no training draws."""
    chosen: dict[str, pathlib.Path] = {}
    for folder in _FOLDERS:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") and path.stat().st_size > 60_000:
                if path.stem.startswith(HELD_OUT) != held_out:
                    continue
                parent = path.parent.parent if path.parent.name.startswith("images") else path
                chosen.setdefault(str(parent), path)
    return tuple(sorted(str(path) for path in chosen.values()))


@functools.lru_cache(maxsize=400)
def photo(path: str) -> Bytes | None:
    """The picture as RGB uint8 (H, W, 3), its longer side at most 900 pixels; None when it cannot be read."""
    image = cv2.imread(path, cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None or min(image.shape[:2]) < 100:
        return None
    scale = min(1.0, _SIDE / max(image.shape[:2]))
    small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(small[:, :, ::-1])


def crop(rng: Rng, rows: int, columns: int) -> Picture | None:
    """A random part of a random picture, or None when there is no picture."""
    paths = photos()
    picture = photo(pick(rng, paths)) if paths else None
    if picture is None:
        return None
    height, width = picture.shape[:2]
    take = min(width / columns, height / rows) * rng.uniform(0.25, 1.0)
    w, h = max(8, int(columns * take)), max(8, int(rows * take))
    x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    method = cv2.INTER_AREA if take > 1 else cv2.INTER_LINEAR
    part = floats(cv2.resize(picture[y : y + h, x : x + w], (columns, rows), interpolation=method)) / np.float32(255)
    return np.ascontiguousarray(part[:, ::-1]) if rng.random() < 0.5 else part
