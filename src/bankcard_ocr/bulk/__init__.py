"""Many pictures: each becomes one row of OUT, exactly once, however often the run is killed and begun again.

::

    plan.py     INPUT -> chunks of pictures, written down once, so that every later run cuts the same
    worker.py   a process with a reader; a picture that kills it or holds it up is set aside
    parts.py    the rows of a finished chunk, as one file that is there whole or not at all; all of them -> OUT
    cluster.py  the same workers as actors of Ray Data

A run works in ``OUT.parts``: what is there is done, what is not is to do. Nothing else is remembered. Rows stand in
the order of the input, and both engines write the same rows.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from ..cores import cores
from ..errors import BulkMisuse
from .parts import Parts, Summary
from .plan import Chunk, plan, pyarrow
from .worker import Job, Worker

Engine = Literal["local", "ray"]
Progress = Callable[[int, int, int], None]


def run(
    source: str,
    out: Path,
    job: Job,
    *,
    engine: Engine = "local",
    workers: int = 0,
    column: str = "",
    progress: Progress = lambda _done, _before, _total: None,
) -> Summary:
    """Reads every picture of ``source`` into ``out`` (``.jsonl`` or ``.parquet``), from where an earlier run ended.

    ``workers`` 0 is one for each CPU core of the machine (in a container: of its quota) or cluster. ``progress`` is
    told the rows done, those of them done by earlier runs, and the rows in all. Raises BulkMisuse when it was
    asked for what cannot be, BulkError when it cannot begin or go on.
    """
    if out.suffix not in {".jsonl", ".parquet"}:
        raise BulkMisuse(f"{out} must end in .jsonl or .parquet")
    if out.suffix == ".parquet":
        pyarrow()  # missing, it would be missed when all is read
    with Parts(out) as parts:
        if out.exists():
            parts.leave()  # an earlier run may have been killed after its last step but one
            raise BulkMisuse(f"{out} is there already; delete it to begin anew, or to end the run that was begun")
        chunks = parts.planned(_facts(source, job, column), lambda: plan(source, column, workers or cores()))
        todo = [chunk for chunk in chunks if not parts.has(chunk)]
        total = sum(chunk.rows for chunk in chunks)
        before = done = total - sum(chunk.rows for chunk in todo)
        lock = threading.Lock()

        def add(rows: int) -> None:
            nonlocal done
            with lock:
                done += rows
                progress(done, before, total)

        progress(done, before, total)
        if todo and engine == "ray":
            from . import cluster

            cluster.work(todo, job, parts, workers, add)
        elif todo:
            _work(todo, job, parts, min(workers or cores(), len(todo)), add)
        return parts.finish(chunks)


def _work(todo: list[Chunk], job: Job, parts: Parts, workers: int, done: Callable[[int], None]) -> None:
    """Each worker is a thread here that waits for a process of its own; the first failure ends all, and is raised."""
    waiting = iter(todo)
    lock, stop = threading.Lock(), threading.Event()
    failures: list[BaseException] = []

    def pull() -> Chunk | None:
        with lock:
            return None if stop.is_set() else next(waiting, None)

    def work() -> None:
        try:
            with Worker(job, stop) as worker:
                while (chunk := pull()) is not None:
                    parts.write(chunk, worker.rows(chunk))
                    done(chunk.rows)
        except BaseException as error:  # noqa: BLE001  (raised below)
            failures.append(error)  # before the others are stopped: the first is the reason, theirs is that they were
            stop.set()

    with ThreadPoolExecutor(workers) as pool:
        try:
            wait([pool.submit(work) for _ in range(workers)])
        except BaseException:
            stop.set()
            raise
    if failures:
        raise failures[0]


def _facts(source: str, job: Job, column: str) -> dict[str, object]:
    """What an earlier run must have in common with this one for its parts to be of use."""
    options = job.options
    return {
        "version": version("bankcard-ocr"),
        "source": str(Path(source).absolute()),
        "column": column,
        "type": options.type,
        "threshold": options.least_confidence,
        "prior": options.prior,
        "max_bytes": job.max_bytes,
        "pan": job.pan,
        "iin": hashlib.sha256(job.iin).hexdigest()[:16] if job.iin else "",
        "key": hmac.new(job.key, b"bankcard-ocr bulk", hashlib.sha256).hexdigest()[:16] if job.key else "",
    }
