"""One ONNX session, its metadata and its hash: the only door to the inference runtime.

A model file explains itself: its alphabet, sizes and normalisation are inside the graph or its metadata, and it takes
uint8 RGB pictures (N, H, W, 3) as they lie in memory.
"""

from __future__ import annotations

import hashlib
from importlib import resources

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Array = NDArray[np.float32]


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

    def __repr__(self) -> str:
        return f"Model({self.name!r}, digest={self.digest!r})"

    def run(self, pictures: NDArray[np.uint8]) -> list[Array]:
        """The model's outputs for ``pictures`` (N, H, W, 3), RGB."""
        return [np.asarray(out, np.float32) for out in self._session.run(None, {self._input: pictures})]


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
