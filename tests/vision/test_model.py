"""The models that ship with the package explain themselves."""

from __future__ import annotations

import hashlib
import threading
from importlib import resources

import numpy as np
import pytest

from bankcard_ocr.vision.model import Model

WEIGHTS = resources.files("bankcard_ocr.vision") / "weights"


@pytest.fixture(scope="module")
def recognizer() -> Model:
    return Model("recognize")


def test_the_recognizer_says_its_alphabet(recognizer):
    """Alphabet, height, stride, colours and normalisation are in the file."""
    facts = recognizer.metadata

    assert ("0123456789/?", "48", "4", "first", "RGB") == tuple(
        facts[name] for name in ("alphabet", "height", "stride", "blank", "colour")
    )
    assert "each picture's own mean and deviation" in facts["normalisation"]
    assert (True, True) == (float(facts["scale"]) > 0, 0 <= int(facts["zero"]) < 256)


def test_the_locator_says_its_kinds():
    """What it finds, and how large it wants its pictures, are in the file."""
    facts = Model("locate").metadata

    assert ("card,number,expiry,holder", "320", "8") == (facts["kinds"], facts["side"], facts["stride"])


def test_a_model_is_known_by_the_hash_of_its_file(recognizer):
    """``digest`` begins the SHA-256 of the bytes, and the repr shows it."""
    digest = hashlib.sha256((WEIGHTS / "recognize.onnx").read_bytes()).hexdigest()[:12]

    assert (digest, "recognize") == (recognizer.digest, recognizer.name)
    assert digest in repr(recognizer)


def test_a_model_may_come_as_bytes(recognizer):
    """The same bytes under another name are the same model."""
    data = (WEIGHTS / "recognize.onnx").read_bytes()

    assert recognizer.digest == Model("other", data=data).digest


@pytest.mark.parametrize("width", [160, 480])
def test_the_recognizer_gives_probabilities_a_frame(recognizer, width: int):
    """float32 (N, W/4, 13) whose rows sum to 1, and as many places."""
    pictures = np.random.default_rng(1).integers(0, 256, (2, 48, width, 3), np.uint8)
    said, places = recognizer.run(pictures)

    assert ((2, width // 4, 13), (2, width // 4, 4), np.float32) == (said.shape, places.shape, said.dtype)
    assert np.allclose(1, said.sum(2), atol=1e-4)


@pytest.mark.parametrize(("rows", "columns"), [(256, 320), (320, 192), (32, 320)])
def test_the_locator_gives_a_map_of_cells(rows: int, columns: int):
    """A score in [0, 1], eight corners and two spreads for each kind and cell of eight pixels."""
    (maps,) = Model("locate").run(np.random.default_rng(1).integers(0, 256, (1, rows, columns, 3), np.uint8))

    assert (1, 4, 11, rows // 8, columns // 8) == maps.shape
    assert (True, True) == (bool((maps[:, :, 0] >= 0).all()), bool((maps[:, :, 0] <= 1).all()))


def test_a_grey_picture_is_no_division_by_zero(recognizer):
    """A picture of one colour has no deviation, and finite results all the same."""
    said, places = recognizer.run(np.full((1, 48, 160, 3), 128, np.uint8))

    assert bool(np.isfinite(said).all() and np.isfinite(places).all())


def test_threads_share_a_model(recognizer):
    """Eight threads get what one gets."""
    picture = np.random.default_rng(2).integers(0, 256, (1, 48, 160, 3), np.uint8)
    expected, got = recognizer.run(picture)[0], []
    threads = [threading.Thread(target=lambda: got.append(recognizer.run(picture)[0])) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert [True] * 8 == [np.array_equal(expected, one) for one in got]
