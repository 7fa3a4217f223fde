"""The stores under test: each promise is kept by every one of them. A further store joins with one more parameter."""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bankcard_ocr.platform import state as states

PREFIXES = (f"test{n}:" for n in itertools.count())


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class RedisServer:
    """A real ``redis-server`` on a free port of loopback; restarted it finds the data in its folder again."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not installed")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        own = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        self._command = [program, *own, "--appendonly", "yes", "--appendfsync", "always", *options]
        self.start()

    def start(self) -> None:
        """Returns when it takes connections."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        lines = iter(self.process.stdout.readline, "")
        assert any("Ready to accept" in line for line in lines), "redis-server did not start"

    def kill(self) -> None:
        """As ``kill -9`` does."""
        self.process.kill()
        self.process.communicate()

    def url(self) -> str:
        """Where a fresh store is: those of another prefix share nothing."""
        return f"redis://127.0.0.1:{self.port}/0?prefix={next(PREFIXES)}"


@pytest.fixture
def clock():
    return Clock(1732377000.0)  # 2024-11-23 23:50 in Beijing


@pytest.fixture(scope="session")
def redis(tmp_path_factory) -> Iterator[RedisServer]:
    """A Redis that all tests share, each with a prefix of its own."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), "--appendfsync", "no")
    yield server
    server.kill()


@pytest.fixture
def own_redis(tmp_path) -> Iterator[Callable[..., RedisServer]]:
    """Starts a Redis that a test may kill."""
    started: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        started.append(RedisServer(tmp_path, *options))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture(params=["sqlite", "redis"])
def url(request, tmp_path):
    """Where a fresh store of each kind is."""
    if request.param == "redis":
        return request.getfixturevalue("redis").url()
    return f"sqlite:///{tmp_path}/state.sqlite3"


@pytest.fixture
def store(url, clock):
    opened = states.connect(url, clock)
    yield opened
    opened.close()
