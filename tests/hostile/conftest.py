"""A server as it is shipped, in a process of its own, whose memory and life can be looked at."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App


@dataclass
class Real:
    """A running server."""

    process: subprocess.Popen[str]
    base: str
    token: str

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.base.removeprefix("http://").split(":")
        return host, int(port)

    def lives(self) -> bool:
        """Whether it is the process that was started."""
        return self.process.poll() is None

    def mb(self, name: str = "VmRSS") -> float:
        """What it holds; ``VmHWM`` is the most it held since :meth:`forget`."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024

    def shrinks_to(self, mb: float, within_s: float = 120.0) -> bool:
        """Whether it comes to hold no more than this."""
        until = time.monotonic() + within_s
        while self.mb() > mb and time.monotonic() < until:
            time.sleep(0.2)
        return self.mb() <= mb

    def forget(self) -> None:
        """Lets the most it held begin anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Iterator[Callable[..., Real]]:
    """Starts servers with the settings given, and kills them at the end."""
    started: list[tuple[subprocess.Popen[str], threading.Thread]] = []

    def begin(**settings: str) -> Real:
        url = f"sqlite:///{tmp_path_factory.mktemp('state')}/state.sqlite3"
        store = states.connect(url)
        store.add_app(App(appid="wx1", name="Shop", secret_hash="-", created=0.0, daily_limit=10**9))
        token = operator_token(store, store.app("wx1"), time.time(), 7200)
        store.close()
        own = {"STATE_URL": url, "LOG_FORMAT": "json", "LOG_LEVEL": "info", "REQUEST_TIMEOUT_S": "120", **settings}
        environment = {**os.environ, **{f"BANKCARD_OCR_{name}": value for name, value in own.items()}}
        command = [sys.executable, "-m", "bankcard_ocr", "serve", "--port", "0"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
        drain = threading.Thread(target=process.stderr.read)  # a full pipe would stop the server
        started.append((process, drain))
        lines = iter(process.stderr.readline, "")
        base = next(found.group(1) for line in lines if (found := re.search("listening at (http://[0-9.:]+)", line)))
        assert any('"ready"' in line for line in lines)
        drain.start()
        return Real(process, base, token)

    yield begin
    for process, drain in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        drain.join()
        process.stderr.close()
