"""Measures the locator alone: is the likeliest line it finds the number's, whole and the right way up?

    .venv/bin/python bench/lines.py ../shared/data/dev/cards bench/results/lines.json

For the labelled pictures that have a ``number_quad``: as they are, turned, tilted, and with a line of 320 pixels.
A line counts when both its ends are within 0.45 of the number's height of its axis, when it cuts off at most a
twenty-fifth of the number at either end, and when it reads in the number's direction.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from bankcard_ocr.bench import labels, suites
from bankcard_ocr.vision import image, locate
from bankcard_ocr.vision import quad as quads
from bankcard_ocr.vision.model import Model

OFF, CUT = 0.45, 0.04
SUITES: dict[str, Callable[[suites.Sample], suites.Sample | None]] = {
    "pictures": lambda sample: sample,
    "turned90": partial(suites.turned, quarters=1),
    "turned180": partial(suites.turned, quarters=2),
    "tilted": suites.tilted,
    "small": suites.small,
}


def holds(found: quads.Quad, number: quads.Quad) -> tuple[bool, bool]:
    """Whether ``found`` is the line of ``number``, and whether it only reads the other way."""
    long, high = quads.sides(number)
    (start, end), (first, last) = quads.ends(found), quads.ends(number)
    along = (last - first) / long
    turned = bool((end - start) @ along < 0)
    if turned:
        start, end = end, start
    across = np.array((-along[1], along[0]))
    straight = max(abs((start - first) @ across), abs((end - last) @ across)) < OFF * high
    whole = (start - first) @ along < CUT * long and (end - last) @ along > -CUT * long
    return bool(straight and whole and not turned), bool(straight and whole and turned)


def measured(locator: Model, samples: Iterable[suites.Sample | None]) -> dict[str, float]:
    """The shares of pictures on which the first, and any of the first three lines, is the number's."""
    first, any_, other_way, count = 0, 0, 0, 0
    for sample in samples:
        if sample is None or sample.label.number_quad is None:
            continue
        picture = image.decode(sample.data)
        number = np.array(sample.label.number_quad, np.float32)
        detections = locate.locate(locator, picture.pixels, kinds=("number",))[:3]
        found = [holds(picture.as_sent(one.quad), number) for one in detections]
        count += 1
        first += bool(found) and found[0][0]
        any_ += any(right for right, _ in found)
        other_way += bool(found) and found[0][1]
    return {
        "pictures": count,
        "first_percent": round(100 * first / count, 1),
        "of_three_percent": round(100 * any_ / count, 1),
        "first_reads_the_other_way": other_way,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    locator = Model("locate")
    lines = [label for label in labels.load(options.pictures / "labels.csv") if label.number_quad]
    found = dict[str, dict[str, float]]()
    for name, derive in SUITES.items():
        found[name] = measured(locator, map(derive, suites.read(options.pictures, lines)))
        print(name, found[name])
    result = {"command": "bench/lines.py PICTURES OUT", "model": locator.digest, "lines": found}
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
