"""A machine without fonts and wallpapers, on which the generator draws the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from bankcard_ocr.synth import glyphs, material


@pytest.fixture
def bare(monkeypatch):
    """No font and no picture, whatever the machine has."""
    monkeypatch.setattr(glyphs, "fonts", lambda kind="print": ())
    monkeypatch.setattr(material, "photos", tuple)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)
