"""SIGHUP to a server that is alone."""

from __future__ import annotations

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from structlog.testing import capture_logs
from uvicorn.supervisors import multiprocess

from bankcard_ocr.errors import StateError
from bankcard_ocr.platform.state.sqlite import SqliteState
from bankcard_ocr.server import protocol, reload, source, workers
from bankcard_ocr.server.build import Files
from bankcard_ocr.server.source import Source
from bankcard_ocr.settings import Settings


@pytest.fixture
def served(tmp_path, start):
    """A server with the settings of a file."""
    (tmp_path / "bankcard-ocr.toml").write_text("daily_limit = 1\n")
    return start("--config", str(tmp_path / "bankcard-ocr.toml"))


@pytest.fixture
def two_workers(tmp_path, start):
    """The same with a supervisor."""
    (tmp_path / "bankcard-ocr.toml").write_text("daily_limit = 1\n")
    return start("--workers", "2", "--config", str(tmp_path / "bankcard-ocr.toml"))


def reads(base: str, token: str, times: int) -> list[int]:
    url = f"{base}/cv/ocr/bankcard?access_token={token}"
    calls = [httpx.post(url, content=b"\xff\xd8\xffpicture", trust_env=False, timeout=30) for _ in range(times)]
    return [call.json()["errcode"] for call in calls]


def test_a_server_alone_reads_its_settings_anew(served, token, tmp_path):
    """After SIGHUP the same process has the file's new limit; wrong settings leave it as it was; SIGTERM ends it."""
    served.ready()
    before = reads(served.base, token, 2)
    (tmp_path / "bankcard-ocr.toml").write_text("daily_limit = 3\n")
    served.process.send_signal(signal.SIGHUP)
    served.line(r'"changed": \["daily_limit = 3"\]')
    served.ready()
    after = reads(served.base, token, 1)
    (tmp_path / "bankcard-ocr.toml").write_text("daily_limit = many\n")
    served.process.send_signal(signal.SIGHUP)
    served.line("stay as they were")
    still = reads(served.base, token, 2)
    served.process.send_signal(signal.SIGTERM)

    assert ([0, 101003], [0], [0, 101003], 0) == (before, after, still, served.process.wait(30))


def test_what_cannot_be_opened_changes_nothing(served, token, tmp_path):
    """Settings that name what is not there are wrong settings."""
    served.ready()
    (tmp_path / "bankcard-ocr.toml").write_text('ca_file = "/nowhere.pem"\n')
    served.process.send_signal(signal.SIGHUP)
    served.line("stay as they were")

    assert [0] == reads(served.base, token, 1)


@pytest.mark.parametrize("fixed", ["workers = 2", 'metrics_port = 1\nmetrics_host = "nowhere.invalid"'])
def test_what_stays_open_or_running_changes_by_a_restart_alone(served, token, tmp_path, fixed: str):
    """The other settings of the file hold at once, and the log names what does not."""
    threads = served.line(r'"threads": (\d+)').group(1)
    (tmp_path / "bankcard-ocr.toml").write_text(f"daily_limit = 2\n{fixed}\n")
    served.process.send_signal(signal.SIGHUP)
    served.line("changes by a restart alone")

    assert threads == served.line(r'"threads": (\d+)').group(1)
    assert [0, 0, 101003] == reads(served.base, token, 3)


def test_a_table_that_breaks_stays_as_it_is_in_memory(served, token, tmp_path):
    """The file that good settings name may be damaged later: the server goes on with what it has read."""
    table = tmp_path / "own.dat"
    table.write_text("# version 2026.01.01\nnetwork test | 16\n  6200\n")
    served.ready()
    (tmp_path / "bankcard-ocr.toml").write_text(f'daily_limit = 3\niin_file = "{table}"\n')
    served.process.send_signal(signal.SIGHUP)
    served.ready()
    table.write_text("garbage\n")
    served.process.send_signal(signal.SIGHUP)
    served.line("stay as they were")

    assert [0] == reads(served.base, token, 1)


def test_no_reload_is_lost(served, token, tmp_path):
    """SIGHUP as soon as the server says where it listens, and again while it reads its settings, counts."""
    file, held = tmp_path / "bankcard-ocr.toml", tmp_path / "held.toml"
    os.mkfifo(held)
    held.replace(file)
    served.process.send_signal(signal.SIGHUP)
    with os.fdopen(opened_with_its_reader(file), "w") as being_read:
        (tmp_path / "last.toml").write_text("daily_limit = 4\n")
        (tmp_path / "last.toml").replace(file)
        served.process.send_signal(signal.SIGHUP)
        being_read.write("daily_limit = 3\n")
    for _ in range(3):
        served.ready()

    assert (None, "4") == (served.process.poll(), header(served.base, token))


def opened_with_its_reader(fifo: Path) -> int:
    """``fifo``, open to be written once somebody has it open to read it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    raise TimeoutError(fifo)


@pytest.mark.parametrize("kind", ["served", "two_workers"])
def test_who_comes_while_a_server_stops_is_refused(request, kind: str, token):
    """Not held until it is gone: a refused connection is tried elsewhere at once. Who came before is answered."""
    server = request.getfixturevalue(kind)
    for _ in range(2 if kind == "two_workers" else 1):
        server.ready()
    url = f"{server.base}/cv/ocr/bankcard?access_token={token}"
    with ThreadPoolExecutor(1) as pool, socket.create_server(("127.0.0.1", 0)) as holder:
        holder.settimeout(30)
        picture = b"\xff\xd8\xffheld by %d" % holder.getsockname()[1]
        before = pool.submit(httpx.post, url, content=picture, trust_env=False, timeout=30)
        with holder.accept()[0]:  # it is being read
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionRefusedError):
                connect_for(8.0, int(server.base.rpartition(":")[2]))
            is_answered = before.done()

        assert (False, 0) == (is_answered, before.result().json()["errcode"])


def connect_for(seconds: float, port: int) -> None:
    """Connects again and again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        time.sleep(0.01)


def header(base: str, token: str) -> str:
    """The daily limit that a call which costs nothing is told."""
    url = f"{base}/cv/ocr/bankcard?access_token={token}"
    return httpx.post(url, content=b"", trust_env=False, timeout=30).headers["x-ratelimit-limit"]


def children(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def test_a_worker_that_dies_while_it_starts_keeps_nobody_waiting(two_workers):
    """The supervisor sees it at once: SIGTERM ends it within seconds, and workers are replaced meanwhile."""
    first = {two_workers.ready() for _ in range(2)}
    before = children(two_workers.process.pid)
    os.kill(first.pop(), signal.SIGKILL)
    two_workers.line('"SIGKILL".*worker ended|worker ended.*"SIGKILL"')
    (newest,) = children(two_workers.process.pid) - before
    os.kill(newest, signal.SIGKILL)
    begun = time.monotonic()
    two_workers.ready()
    two_workers.process.send_signal(signal.SIGTERM)

    assert (True, 0) == (time.monotonic() - begun < 15, two_workers.process.wait(15))


def test_a_worker_that_dies_while_it_is_asked_is_not_waited_for():
    """Its death is seen at once, however long it would have to answer."""
    sentinel, alive = os.pipe()
    worker = workers._Worker(protocol.config(None, Settings()), [])
    worker.process = Mock(sentinel=sentinel)
    os.close(alive)
    begun = time.monotonic()
    answers = worker.ping(30.0)
    os.close(sentinel)

    assert (False, True) == (answers, time.monotonic() - begun < 15)


@pytest.mark.parametrize("number", [signal.SIGKILL, 35])
def test_a_worker_is_replaced_whatever_ended_it(two_workers, number: int):
    """Signals without a name, too; the supervisor tells which and goes on."""
    first = {two_workers.ready() for _ in range(2)}
    os.kill(first.pop(), number)
    told = two_workers.line(".*worker ended.*").group(0)
    two_workers.ready()
    two_workers.process.send_signal(signal.SIGTERM)

    assert (True, 0) == (("SIGKILL" if number == signal.SIGKILL else "signal 35") in told, two_workers.process.wait(15))


@pytest.mark.parametrize(("started", "limit"), [([Mock()], 2), ([], 1)])
def test_settings_under_which_no_worker_starts_are_taken_back(monkeypatch, started: list, limit: int):
    """Those that die later are replaced under the earlier ones, by which the quotas are told, too."""
    files = Files.of(Settings())
    monkeypatch.setattr(multiprocess.signal, "signal", Mock())  # pytest's own stay
    monkeypatch.setattr(multiprocess, "Process", multiprocess.Process)
    monkeypatch.setattr(workers, "reloaded", lambda _source, _settings: (Settings(daily_limit=2), files))
    monkeypatch.setattr(
        multiprocess.Multiprocess, "restart_all", lambda self: setattr(self, "processes", started or self.processes)
    )
    counts = Mock()
    supervisor = workers.Supervisor(
        Source(file=None, arguments={}), Settings(daily_limit=1), files, socket.socket(), counts
    )
    supervisor.processes = [Mock()]
    supervisor.handle_hup()
    supervisor.sockets[0].close()

    assert (limit, limit) == (supervisor.config.app.settings.daily_limit, counts.use.call_args.args[0].daily_limit)


@pytest.mark.parametrize("fault", [StateError("away"), KeyError("state_url"), RuntimeError("unforeseen")])
def test_a_reload_that_fails_in_any_way_changes_nothing(monkeypatch, fault):
    """What serves goes on: a supervisor that died of it would replace no worker and end by no signal."""
    before = Settings(state_url="sqlite:///:memory:")
    monkeypatch.setattr(source.states, "connect", Mock(side_effect=fault))

    assert reload.reloaded(Source(file=None, arguments={}), before) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://127.0.0.1:1", "refused"),
        ("sqlite:///{}/new.sqlite3", "no state file"),
        ("sqlite:///{}/it.sqlite3", ""),
    ],
)
def test_another_store_is_taken_when_it_answers(tmp_path, monkeypatch, url: str, reason: str):
    """In an empty or absent one no token would be known: the store of before goes on, and the log says why."""
    monkeypatch.setattr(reload.logs, "configure", Mock())  # it would let no log be captured any more
    SqliteState(tmp_path / "it.sqlite3", time.time).close()
    settings = Source(file=None, arguments={"state_url": url.format(tmp_path)})
    with capture_logs() as logs:
        after = reload.reloaded(settings, Settings(state_url=f"sqlite:///{tmp_path}/before.sqlite3"))

    assert (not reason, False) == (after is not None, (tmp_path / "new.sqlite3").exists())
    assert reason in logs[-1].get("reason", "")


def test_several_workers_take_no_store_of_memory(monkeypatch):
    """Each would have its own, and know no token of the others: not at a reload either."""
    monkeypatch.setattr(reload.logs, "configure", Mock())
    settings = Source(file=None, arguments={"state_url": "sqlite:///:memory:"})
    before = Settings(state_url="redis://127.0.0.1:1", workers=2)

    assert reload.reloaded(settings, before) is None
