"""Real servers with a stand-in reader, as processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App
from bankcard_ocr.platform.state.sqlite import SqliteState

SERVED = Path(__file__).parent.parent / "served.py"
MOST_S = 120.0  # of a server's life, else a test would wait for ever for what is not said


class Served:
    """A server that was started: its process, its address, and the lines it has said on standard error."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self.base = self.line("listening at (http://[0-9.:]+)").group(1)

    def line(self, pattern: str) -> re.Match[str]:
        """The next line that has the pattern. Raises AssertionError, with all that was said, when none comes."""
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            if found := re.search(pattern, line):
                return found
        raise AssertionError("\n".join(self.said))

    def ready(self) -> int:
        """The id of the next process that says it is ready."""
        return int(json.loads(self.line(r'.*"event": "ready".*').group())["pid"])


@pytest.fixture
def store(tmp_path) -> Iterator[SqliteState]:
    """The state that servers share, with the app wx1."""
    opened = SqliteState(tmp_path / "state.sqlite3", time.time)
    opened.add_app(App(appid="wx1", name="Shop", secret_hash="-", created=0.0))
    yield opened
    opened.close()


@pytest.fixture
def token(store) -> str:
    return operator_token(store, store.app("wx1"), time.time(), 7200)


@pytest.fixture
def start(tmp_path, store) -> Iterator[Callable[..., Served]]:
    """Starts servers whose state is a file of ``tmp_path``, with options and variables; kills those that are left."""
    running: list[tuple[subprocess.Popen[str], threading.Timer]] = []

    def begin(*options: str, **variables: str) -> Served:
        environment = {
            **os.environ,
            "BANKCARD_OCR_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
            "BANKCARD_OCR_LOG_FORMAT": "json",
            **variables,
        }
        command = [sys.executable, str(SERVED), "serve", "--port", "0", *options]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
        watchdog = threading.Timer(MOST_S, kill, [process])
        watchdog.start()
        running.append((process, watchdog))
        return Served(process)

    yield begin
    for process, watchdog in running:
        watchdog.cancel()
        kill(process)
        process.wait()
        process.stderr.close()


def kill(process: subprocess.Popen[str]) -> None:
    """The server with all its workers."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
