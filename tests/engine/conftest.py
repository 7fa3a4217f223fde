"""The sample card and the shipped models, for tests of how a picture is looked at."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from importlib import resources

import numpy as np
import pytest
from PIL import Image

from bankcard_ocr.engine.look import Look
from bankcard_ocr.reading import Options
from bankcard_ocr.vision import locate
from bankcard_ocr.vision.locate import Detection
from bankcard_ocr.vision.model import Model

SAMPLE = resources.files("bankcard_ocr.server").joinpath("sample.jpg").read_bytes()


@pytest.fixture(scope="module")
def look() -> Callable[..., Look]:
    """Makes a look at a picture with the shipped model."""
    return partial(Look, recognizer=Model("recognize"), options=Options())


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(SAMPLE)).convert("RGB"))


@pytest.fixture(scope="module")
def number(pixels) -> Detection:
    return next(detection for detection in locate.locate(Model("locate"), pixels) if detection.kind == "number")
