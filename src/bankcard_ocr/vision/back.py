"""Whether a card shows its back, by what backs have: a magnetic stripe, a signature panel.

Cards are rectified, uint8 RGB (H, W, 3).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .quad import Image


def is_back(whole: Image) -> bool:
    """Whether a rectified card shows a magnetic stripe or a signature panel."""
    long = whole.shape[1] >= whole.shape[0]
    lying = whole if long else np.ascontiguousarray(np.rot90(whole))
    small = np.asarray(cv2.resize(lying, (428, 270), interpolation=cv2.INTER_AREA), np.uint8)  # 5 pixels a millimetre
    return _has_stripe(small) or _has_panel(small)


def _has_stripe(small: Image) -> bool:
    """A dark even band across the whole card, 6 to 16 millimetres high, darker than the card above and below it."""
    gray = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)[:, 8:-8].astype(np.float32)
    level = np.median(gray, axis=1)
    even = np.quantile(np.abs(gray - level[:, None]), 0.9, axis=1) < 26
    dark = even & (level < 0.6 * float(np.median(level)) + 6) & (level < 100)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], dark, [False]]).astype(np.int8)))
    bands = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return any(30 <= stop - start <= 80 and _stands_out(level, start, stop) for start, stop in bands)


def _stands_out(level: NDArray[np.floating[Any]], start: int, stop: int) -> bool:
    """Whether the band from ``start`` to ``stop`` is darker than what lies within 3 millimetres on either side."""
    beside = [level[max(0, start - 15) : start], level[stop : stop + 15]]
    bright = [side.max() > 1.5 * float(np.median(level[start:stop])) + 15 for side in beside if side.size]
    return bool(bright) and all(bright)


def _has_panel(small: Image) -> bool:
    """A bright strip without colour, as a signature panel is: 30 to 75 millimetres by 4 to 14, inside the card."""
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    bright = ((hsv[:, :, 2] > 175) & (hsv[:, :, 1] < 60)).astype(np.uint8)
    if bright.mean() > 0.45:  # a white card; its panel is not told from the rest, its stripe is
        return False
    closed = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(closed, np.uint8))
    return any(
        150 <= width <= 375 and 20 <= height <= 70 and area > 0.75 * width * height and 0 < top < 270 - height
        for _, top, width, height, area in stats[1:].tolist()
    )
