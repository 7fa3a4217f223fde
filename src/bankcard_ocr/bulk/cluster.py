"""The workers of :mod:`~bankcard_ocr.bulk.worker` as actors of Ray Data, one for each CPU core of the cluster.

An actor keeps a process whose models are loaded once, as on one machine: a picture that kills it costs that process,
not the actor. INPUT and OUT must be on a file system that all machines share. ``RAY_ADDRESS`` names the cluster;
without it Ray runs on this machine alone. Ray's usage reports are off unless the environment turns them on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import BulkError
from .parts import Parts
from .plan import Chunk
from .worker import Job, Worker


class Actor:
    """What Ray makes once on each core and calls with one chunk at a time."""

    def __init__(self, job: Job, out: str) -> None:
        self._worker = Worker(job)
        self._parts = Parts(Path(out))  # not held: the run that asks holds the lock

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        chunk: Chunk = item["chunk"]
        self._parts.write(chunk, self._worker.rows(chunk))
        return {"rows": chunk.rows}


def work(todo: list[Chunk], job: Job, parts: Parts, workers: int, done: Callable[[int], None]) -> None:
    """Reads the chunks ``todo``, telling ``done`` the rows of each. Raises BulkError when Ray cannot go on."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise BulkError('the engine ray needs Ray: pip install "bankcard-ocr[ray]"') from error
    local = "RAY_ADDRESS" not in os.environ
    try:
        ray.init(log_to_driver=False, logging_level="ERROR", **({"include_dashboard": False} if local else {}))
    except Exception as error:  # it raises what it likes: time-outs as such, a lost cluster as ConnectionError
        raise BulkError(f"Ray does not start, or its cluster is not reached: {error}") from error
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        size = min(len(todo), workers or int(ray.cluster_resources()["CPU"]))
        items = ray.data.from_items([{"chunk": chunk} for chunk in todo], override_num_blocks=min(len(todo), 1000))
        made = {"job": job, "out": str(parts.out.absolute())}
        rows = items.map(Actor, fn_constructor_kwargs=made, compute=ray.data.ActorPoolStrategy(size=size))
        for row in rows.iter_rows():
            done(row["rows"])
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)  # what an actor raised
        if isinstance(cause, BulkError):
            raise BulkError(str(cause)) from error
        raise BulkError(f"Ray cannot go on: {error}") from error
    finally:
        ray.shutdown()
