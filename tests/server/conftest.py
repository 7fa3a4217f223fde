"""Real servers with a stand-in reader, as processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SERVED = Path(__file__).parent.parent / "platform" / "served.py"


class Served:
    """A server that was started: its address, and the lines it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines = iter(process.stderr.readline, "")
        self.base = self.said("listening at (http://[0-9.:]+)")

    def said(self, pattern: str) -> str:
        """What the next line that has ``pattern`` says in its group."""
        return next(found.group(1) for line in self.lines if (found := re.search(pattern, line)))

    def ready(self) -> int:
        """The id of the next process that says it is ready."""
        return int(self.said(r'"pid": (\d+).*"event": "ready"'))

    def stop(self) -> None:
        """Reads what it still says meanwhile, else it would wait for somebody to."""
        os.killpg(self.process.pid, signal.SIGTERM)
        drain = threading.Thread(target=self.process.stderr.read)
        drain.start()
        self.process.wait(60)
        drain.join()
        self.process.stderr.close()


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Served]]:
    """Starts servers whose state is a file of ``tmp_path``, with options and variables; stops them."""
    running: list[Served] = []

    def begin(*options: str, **variables: str) -> Served:
        environment = {
            **os.environ,
            "BANKCARD_OCR_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
            "BANKCARD_OCR_LOG_FORMAT": "json",
            **variables,
        }
        command = [sys.executable, str(SERVED), "serve", "--port", "0", *options]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
        running.append(Served(process))
        return running[-1]

    yield begin
    for served in running:
        served.stop()
