"""SIGHUP to a server that is alone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest

from bankcard_ocr.errors import StateError
from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App
from bankcard_ocr.server import reload
from bankcard_ocr.settings import Settings

SERVED = Path(__file__).parent.parent / "platform" / "served.py"


@pytest.fixture
def token(tmp_path):
    store = states.connect(f"sqlite:///{tmp_path}/state.sqlite3")
    store.add_app(App(appid="wx1", name="Shop", secret_hash="-", created=0.0))
    yield operator_token(store, store.app("wx1"), time.time(), 7200)
    store.close()


@pytest.fixture
def process(tmp_path, token):
    """A server with the settings of a file."""
    yield from started(tmp_path)


@pytest.fixture
def two_workers(tmp_path, token):
    """The same with a supervisor."""
    yield from started(tmp_path, "--workers", "2")


def started(tmp_path, *more: str):
    (tmp_path / "bankcard-ocr.toml").write_text("daily_limit = 1\n")
    environment = {
        **os.environ,
        "BANKCARD_OCR_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
        "BANKCARD_OCR_LOG_FORMAT": "json",
    }
    command = [
        sys.executable,
        str(SERVED),
        "serve",
        "--port",
        "0",
        "--config",
        str(tmp_path / "bankcard-ocr.toml"),
        *more,
    ]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def said(process, pattern: str) -> re.Match[str]:
    """The next line that has the pattern."""
    lines = iter(process.stderr.readline, "")
    return next(found for line in lines if (found := re.search(pattern, line)))


def reads(base: str, token: str, times: int) -> list[int]:
    url = f"{base}/cv/ocr/bankcard?access_token={token}"
    calls = [httpx.post(url, content=b"\xff\xd8\xffpicture", trust_env=False, timeout=30) for _ in range(times)]
    return [call.json()["errcode"] for call in calls]


def test_a_server_alone_reads_its_settings_anew(process, token, tmp_path):
    """After SIGHUP the same process has the file's new limit; wrong settings leave it as it was; SIGTERM ends it."""
    base = said(process, "listening at (http://[0-9.:]+)").group(1)
    said(process, '"ready"')
    before = reads(base, token, 2)
    (tmp_path / "bankcard-ocr.toml").write_text("daily_limit = 3\n")
    process.send_signal(signal.SIGHUP)
    said(process, '"ready"')
    after = reads(base, token, 1)
    (tmp_path / "bankcard-ocr.toml").write_text("daily_limit = many\n")
    process.send_signal(signal.SIGHUP)
    said(process, "stay as they were")
    still = reads(base, token, 2)
    process.send_signal(signal.SIGTERM)

    assert ([0, 101003], [0], [0, 101003], -signal.SIGTERM) == (before, after, still, process.wait(30))


def test_what_cannot_be_opened_changes_nothing(process, token, tmp_path):
    """Settings that name what is not there are wrong settings."""
    base = said(process, "listening at (http://[0-9.:]+)").group(1)
    said(process, '"ready"')
    (tmp_path / "bankcard-ocr.toml").write_text('ca_file = "/nowhere.pem"\n')
    process.send_signal(signal.SIGHUP)
    said(process, "stay as they were")

    assert [0] == reads(base, token, 1)


@pytest.mark.parametrize("fixed", ["workers = 2", 'metrics_port = 1\nmetrics_host = "nowhere.invalid"'])
def test_what_stays_open_or_running_changes_by_a_restart_alone(process, token, tmp_path, fixed: str):
    """The other settings of the file hold at once, and the log names what does not."""
    base = said(process, "listening at (http://[0-9.:]+)").group(1)
    threads = said(process, r'"threads": (\d+)').group(1)
    (tmp_path / "bankcard-ocr.toml").write_text(f"daily_limit = 2\n{fixed}\n")
    process.send_signal(signal.SIGHUP)
    said(process, "changes by a restart alone")

    assert threads == said(process, r'"threads": (\d+)').group(1)
    assert [0, 0, 101003] == reads(base, token, 3)


def test_a_table_that_breaks_stays_as_it_is_in_memory(process, token, tmp_path):
    """The file that good settings name may be damaged later: the server goes on with what it has read."""
    table = tmp_path / "own.dat"
    table.write_text("# version 2026.01.01\nnetwork test | 16\n  6200\n")
    base = said(process, "listening at (http://[0-9.:]+)").group(1)
    said(process, '"ready"')
    (tmp_path / "bankcard-ocr.toml").write_text(f'daily_limit = 3\niin_file = "{table}"\n')
    process.send_signal(signal.SIGHUP)
    said(process, '"ready"')
    table.write_text("garbage\n")
    process.send_signal(signal.SIGHUP)
    said(process, "stay as they were")

    assert [0] == reads(base, token, 1)


def test_no_reload_is_lost(process, token, tmp_path):
    """SIGHUP as soon as the server says where it listens, and again while it reads its settings, counts."""
    base = said(process, "listening at (http://[0-9.:]+)").group(1)
    for limit in (2, 3, 4):
        (tmp_path / "bankcard-ocr.toml").write_text(f"daily_limit = {limit}\n")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.25)
    limits = [header(base, token)]
    while limits[-1] != "4" and len(limits) < 100:
        time.sleep(0.1)
        limits.append(header(base, token))

    assert (None, "4") == (process.poll(), limits[-1])


@pytest.mark.parametrize("workers", ["process", "two_workers"])
def test_who_comes_while_a_server_stops_is_refused(request, workers: str, token):
    """Not held until it is gone: a refused connection is tried elsewhere at once. Who came before is answered."""
    server = request.getfixturevalue(workers)
    base = said(server, "listening at (http://[0-9.:]+)").group(1)
    for _ in range(2 if workers == "two_workers" else 1):
        said(server, '"ready"')
    url, picture = f"{base}/cv/ocr/bankcard?access_token={token}", b"\xff\xd8\xffslow"
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(httpx.post, url, content=picture, trust_env=False, timeout=30)
        time.sleep(0.5)
        server.send_signal(signal.SIGTERM)
        time.sleep(1.2)  # the supervisor looks twice a second
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=5).close()

        assert (False, 0) == (before.done(), before.result().json()["errcode"])


def header(base: str, token: str) -> str:
    """The daily limit that a call which costs nothing is told."""
    url = f"{base}/cv/ocr/bankcard?access_token={token}"
    return httpx.post(url, content=b"", trust_env=False, timeout=30).headers["x-ratelimit-limit"]


def test_a_worker_that_dies_while_it_starts_keeps_nobody_waiting(two_workers):
    """The supervisor sees it at once: SIGTERM ends it within seconds, and workers are replaced meanwhile."""
    said(two_workers, "listening at")
    first = {int(said(two_workers, '"pid": ([0-9]+)').group(1)) for _ in range(2)}
    os.kill(first.pop(), signal.SIGKILL)
    said(two_workers, '"SIGKILL".*worker ended|worker ended.*"SIGKILL"')
    time.sleep(0.3)
    newest = max(map(int, Path(f"/proc/{two_workers.pid}/task/{two_workers.pid}/children").read_text().split()))
    os.kill(newest, signal.SIGKILL)
    begun = time.monotonic()
    said(two_workers, '"ready"')
    two_workers.send_signal(signal.SIGTERM)

    assert (True, 0) == (time.monotonic() - begun < 15, two_workers.wait(15))


@pytest.mark.parametrize("number", [signal.SIGKILL, 35])
def test_a_worker_is_replaced_whatever_ended_it(two_workers, number: int):
    """Signals without a name, too; the supervisor tells which and goes on."""
    said(two_workers, "listening at")
    first = {int(said(two_workers, '"pid": ([0-9]+)').group(1)) for _ in range(2)}
    os.kill(first.pop(), number)
    told = said(two_workers, ".*worker ended.*").group(0)
    said(two_workers, '"ready"')
    two_workers.send_signal(signal.SIGTERM)

    assert (True, 0) == (("SIGKILL" if number == signal.SIGKILL else "signal 35") in told, two_workers.wait(15))


@pytest.mark.parametrize("fault", [StateError("away"), KeyError("state_url"), RuntimeError("unforeseen")])
def test_a_reload_that_fails_in_any_way_changes_nothing(monkeypatch, fault):
    """What serves goes on: a supervisor that died of it would replace no worker and end by no signal."""
    before = Settings(state_url="sqlite:///:memory:")
    monkeypatch.setattr(reload.states, "connect", Mock(side_effect=fault))

    assert reload.reloaded(reload.Source(file=None, arguments={}), before) is None
