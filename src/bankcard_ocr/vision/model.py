"""One ONNX session, its metadata and its hash: the only door to the inference runtime.

A model file explains itself: its alphabet, sizes and normalisation are in its metadata, and it takes uint8 RGB pictures
(N, H, W, 3) as they lie in memory, W a multiple of 4.
"""

from __future__ import annotations

import hashlib
from importlib import resources

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

Array = NDArray[np.float32]

FLOOR = 8.0  # levels added to a picture's deviation, so that an even one is not all noise


class Model:
    """A loaded model. Threads may share it: running changes nothing.

    ``name`` is the file's stem, ``digest`` the first 12 hex digits of its SHA-256, ``metadata`` its own facts.
    """

    def __init__(self, name: str, *, data: bytes | None = None, threads: int = 1) -> None:
        """Loads ``data``, or the model ``name`` that ships with the package, to run on ``threads`` threads a call."""
        content = _shipped(name) if data is None else data
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = options.enable_mem_pattern = (
            False  # as fast, and what a large batch took is free
        )
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.name = name
        self.digest = _digest(content)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self._scale, self._zero = float(self.metadata["scale"]), int(self.metadata["zero"])

    def __repr__(self) -> str:
        return f"Model({self.name!r}, digest={self.digest!r})"

    def run(self, pictures: NDArray[np.uint8]) -> list[Array]:
        """The model's outputs for ``pictures`` (N, H, W, 3), RGB."""
        levels = np.stack([self._normalised(picture) for picture in pictures])
        return [np.asarray(out, np.float32) for out in self._session.run(None, {self._input: levels})]

    def _normalised(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(value - mean) / (deviation + FLOOR) of the whole ``picture``, in the 8 bits that the graph begins with."""
        mean, deviation = (float(found[0, 0]) for found in cv2.meanStdDev(picture.reshape(-1, 1)))
        table = (np.arange(256) - mean) / ((deviation + FLOOR) * self._scale) + self._zero
        return np.asarray(cv2.LUT(picture, np.rint(table).clip(0, 255).astype(np.uint8)), np.uint8)


def shipped_digest(name: str) -> str:
    """The digest of the model ``name`` that ships with the package, without loading it."""
    return _digest(_shipped(name))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def is_shipped(name: str) -> bool:
    """Whether the model ``name`` is part of the package."""
    return resources.files(__package__).joinpath(f"weights/{name}.onnx").is_file()


def _shipped(name: str) -> bytes:
    return resources.files(__package__).joinpath(f"weights/{name}.onnx").read_bytes()
