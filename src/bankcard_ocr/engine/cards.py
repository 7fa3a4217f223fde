"""Cards in a picture: which are there, which line stands on which, and the order in which people read them.

Quads are float32 (4, 2) TL, TR, BR, BL of the card or text, in pixels of one picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..vision import quad as quads
from ..vision.locate import Detection
from ..vision.quad import Quad

LIKELY = 0.35  # cards that score less are none
OVER = 0.1  # of a card on which no number was read, on another one
TINY = 0.1  # of another card's area
MARGIN = 0.06  # card sides by which a line's end may seem to stand out


def distinct(detections: Iterable[Detection]) -> list[Detection]:
    """The cards among ``detections``, each once, the likeliest first."""
    found: list[Detection] = []
    for detection in detections:
        if (
            detection.kind == "card"
            and detection.score > LIKELY
            and not any(_same(detection.quad, card.quad) for card in found)
        ):
            found.append(detection)
    return found


def around(line: Quad, detections: Iterable[Detection]) -> Quad | None:
    """The likeliest card on which all of ``line`` stands."""
    return next(
        (detection.quad for detection in detections if detection.kind == "card" and holds(detection.quad, line)), None
    )


def on_one_card(line: Quad, detections: Sequence[Detection]) -> list[Detection]:
    """Those of ``detections`` on the card on which ``line`` stands: all where no more than one card is in view."""
    seen = distinct(detections)
    if len(seen) < 2:
        return list(detections)
    here = [card.quad for card in seen if lies_in(line, card.quad)]
    return [detection for detection in detections if any(lies_in(detection.quad, card) for card in here)]


def lies_in(line: Quad, card: Quad) -> bool:
    """Whether the middle of ``line`` is on ``card``."""
    x, y = line.mean(0)
    return cv2.pointPolygonTest(card.reshape(-1, 1, 2), (float(x), float(y)), measureDist=False) >= 0


def holds(card: Quad, line: Quad) -> bool:
    """Whether ``card`` has a card's shape and both ends of ``line`` are on it, or nearly."""
    width, height = quads.sides(card)
    if not 1.1 < max(width, height) / max(1.0, min(width, height)) < 2.4:
        return False
    on_card = quads.project(np.stack(quads.ends(line)), quads.homography(card, quads.UNIT))
    return bool((np.abs(on_card - 0.5) < 0.5 + MARGIN).all())


def room_behind(line: Quad, card: Quad) -> float:
    """How far ``card`` goes on behind ``line``, in lengths of the line."""
    unit = quads.project(line, quads.homography(card, quads.UNIT))
    start, end = quads.ends(unit)
    step = end - start
    edges = np.where(step > 0, 1.0 - end, end) / np.maximum(np.abs(step), 1e-6)
    return max(0.0, float(edges.min()))


def as_read(card: Quad, line: Quad) -> Quad:
    """``card`` beginning at the corner at which ``line`` begins, so that the line reads along its top edge."""
    unit = quads.project(line, quads.homography(card, quads.UNIT))
    axis, forward = runs(np.stack(quads.ends(unit)))
    return quads.turn(card, {(0, True): 0, (1, True): 1, (0, False): 2, (1, False): 3}[axis, forward])


def runs(points: NDArray[np.float32]) -> tuple[int, bool]:
    """Along which axis (0 is x) ``points`` (N, 2) run, and whether forward."""
    first, last = points[0], points[-1]
    axis = int(np.abs(last - first).argmax())
    return axis, bool(last[axis] >= first[axis])


def reading_order(quads_: Sequence[Quad]) -> list[int]:
    """The indices of ``quads_`` in rows from the top, each from the left."""
    rows: list[list[int]] = []
    for index in sorted(range(len(quads_)), key=lambda index: float(quads_[index][:, 1].mean())):
        middle, first = float(quads_[index][:, 1].mean()), quads_[rows[-1][0]] if rows else None
        if first is not None and middle - float(first[:, 1].mean()) < 0.5 * float(np.ptp(first[:, 1])):
            rows[-1].append(index)
        else:
            rows.append([index])
    return [index for row in rows for index in sorted(row, key=lambda index: float(quads_[index][:, 0].mean()))]


def is_distinct(quad: Quad, others: Iterable[Quad]) -> bool:
    """Whether ``quad`` is apart from each of ``others``."""
    return not any(_same(quad, other) for other in others)


def lies_beside(quad: Quad, others: Sequence[Quad]) -> bool:
    """Whether ``quad`` lies beside ``others``, and is not tiny next to them: cards in one picture are of one size."""
    area = cv2.contourArea(quad)
    return all(quads.overlap(quad, other) < OVER and area > TINY * cv2.contourArea(other) for other in others)


def _same(first: Quad, second: Quad) -> bool:
    """Whether two quads are of one card: most of the smaller lies in the larger."""
    return quads.overlap(first, second) > 0.5
