"""Several processes under a supervisor, which replaces one that died, and on SIGHUP all of them, one by one."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Any

import structlog
from uvicorn.supervisors import multiprocess

from ..errors import SettingsError, StateError
from ..platform import state as states
from ..settings import Settings
from . import logs, memory
from .build import Files, build
from .metrics import MetricsOfAll
from .protocol import config
from .reload import reloaded
from .source import Source

RETRY_S = 1.0
SWITCH_S = 0.0005


def shorten_switch_interval() -> None:
    """Lets a thread that reads a picture give way to the one that answers calls after half a millisecond, not 5."""
    sys.setswitchinterval(SWITCH_S)


def stop_on_quit() -> None:
    """Lets SIGQUIT stop this process as SIGTERM does, not at once."""
    signal.signal(signal.SIGQUIT, lambda _signal, _frame: signal.raise_signal(signal.SIGTERM))


class _Worker(multiprocess.Process):
    """A process of uvicorn's supervisor whose death is seen at once, not when it fails to answer in time."""

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """What the process does; uvicorn begins it with a thread."""
        memory.share_heap()
        stop_on_quit()
        super().target(sockets)

    def _healthcheck(self, timeout: float) -> bool | None:
        with suppress(OSError, EOFError):
            self.parent_conn.send(b"ping")
            if self.parent_conn in wait([self.parent_conn, self.process.sentinel], timeout):
                return bool(self.parent_conn.recv())
        return None


def _how(status: int) -> str:
    """How a process ended, by its exit status."""
    try:
        return signal.Signals(-status).name if status < 0 else f"status {status}"
    except ValueError:  # real-time signals have a number alone
        return f"signal {-status}"


class _Stop(threading.Event):
    """Is set, too, once a signal to stop waits in the queue, so that what takes its time ends before it is handled."""

    def __init__(self, queue: Sequence[int]) -> None:
        super().__init__()
        self._queue = queue

    def is_set(self) -> bool:
        return super().is_set() or not {signal.SIGTERM, signal.SIGQUIT, signal.SIGINT}.isdisjoint(self._queue)


class Supervisor(multiprocess.Multiprocess):
    """uvicorn's supervisor, which reads the settings anew on SIGHUP; all workers have them from it."""

    is_interrupted = False  # by SIGINT

    def __init__(
        self, source: Source, settings: Settings, files: Files, listener: socket.socket, counts: MetricsOfAll
    ) -> None:
        self._source = source
        self._settings = settings
        self._counts = counts
        multiprocess.Process = _Worker  # type: ignore[misc]  # it makes its processes of this name
        super().__init__(config(_Build(settings, files), settings, factory=True), sockets=[listener])
        self.should_exit = _Stop(self.signal_queue)

    def terminate_all(self) -> None:
        """Tells all workers to stop; connections are refused from now on, not held."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        """Replaces workers that are gone, and says why: SIGKILL mostly is the system's, for want of memory."""
        before = list(self.processes)
        super().keep_subprocess_alive()
        if self.should_exit.is_set():
            return
        for worker in (each for each in before if each not in self.processes):
            log = structlog.get_logger()
            (log.info if worker.exitcode in {0, -signal.SIGTERM} else log.warning)(
                "worker ended", pid=worker.pid, reason=_how(worker.exitcode or 0)
            )

    def handle_signals(self) -> None:
        """Handles those that came: of several SIGHUPs one, which reads the settings of now; to stop goes first."""
        most = 0 if self.should_exit.is_set() else 1
        while self.signal_queue.count(signal.SIGHUP) > most:
            self.signal_queue.remove(signal.SIGHUP)
        super().handle_signals()

    def handle_int(self) -> None:
        """Stops, as somebody at a keyboard asks for."""
        self.is_interrupted = True
        super().handle_int()

    def handle_quit(self) -> None:
        """Stops as after SIGTERM."""
        self.handle_term()

    def handle_hup(self) -> None:
        """Replaces all workers, one by one, under the settings there are now; wrong ones change nothing."""
        before, old, workers = self._settings, self.config, list(self.processes)
        after = reloaded(self._source, self._settings)
        if after is None:
            return
        self._settings = after[0]
        self.config = config(_Build(*after), self._settings, factory=True)
        super().handle_hup()
        if self.should_exit.is_set():
            return
        if any(worker in workers for worker in self.processes):  # one of the new ones did not come up
            self._settings, self.config = before, old
            structlog.get_logger().error("settings stay as they were, no worker could start under the new ones")
        self._counts.use(self._settings)


@dataclass(frozen=True, slots=True)
class _Build:
    """What a worker calls to make its application; it travels to the worker's process."""

    settings: Settings
    files: Files

    def __call__(self) -> Any:
        logs.configure(self.settings)
        shorten_switch_interval()
        threading.Thread(target=_stop_with_parent, daemon=True).start()
        threading.Thread(target=memory.look_after, args=(self.settings.worker_memory_mb,), daemon=True).start()
        try:
            states.find(self.settings.state_url)  # made at the start; beside an empty one tokens would be unknown
            return build(self.settings, self.files)
        except (SettingsError, StateError) as error:  # what was right when the supervisor looked
            structlog.get_logger().error("worker cannot start", pid=os.getpid(), reason=str(error))
            time.sleep(RETRY_S)  # the supervisor starts the next one at once
            sys.exit(1)


def _stop_with_parent() -> None:
    """Stops this worker in order when its supervisor is gone, else it would keep the port."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
