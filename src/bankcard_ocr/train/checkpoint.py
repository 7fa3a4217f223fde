"""Checkpoints: what a training leaves for going on, for a mean, and for export."""

from __future__ import annotations

import pathlib
import pickle
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


def write(path: pathlib.Path, state: Mapping[str, Any]) -> None:
    """Writes ``state`` to ``path``, whole or not at all. Raises OSError when it cannot be written."""
    made = path.with_suffix(".tmp")
    try:
        torch.save(dict(state), made)
        made.replace(path)
    except RuntimeError as error:  # what torch makes of a full disk
        raise OSError(f"{path} cannot be written: {error}") from error
    finally:
        made.unlink(missing_ok=True)


def read(path: pathlib.Path) -> dict[str, Any]:
    """What was written to ``path``. Raises OSError when it cannot be read, ValueError when it is no checkpoint."""
    with path.open("rb") as file:
        try:
            if not zipfile.is_zipfile(file):  # of what is none, torch reads on as its format of old
                raise ValueError(f"{path} is no checkpoint, or not whole")
            file.seek(0)
            state = torch.load(file, map_location="cpu")
        except (RuntimeError, pickle.UnpicklingError) as error:
            raise ValueError(f"{path} is no checkpoint of a training") from error
    if not isinstance(state, dict) or "mean" not in state:
        raise ValueError(f"{path} is no checkpoint of a training")
    return state


def averaged(net: nn.Module, path: pathlib.Path) -> nn.Module:
    """``net`` with the moving average of the weights at ``path``. Raises ValueError when that is another net's."""
    weights = {name.removeprefix("module."): value for name, value in read(path)["mean"].items()}
    weights.pop("n_averaged", None)
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{path} is the checkpoint of another net") from error
    return net.eval()
