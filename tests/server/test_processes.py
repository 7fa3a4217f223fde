"""Servers as processes: killed, told to stop, told to reload."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import trustme

from bankcard_ocr.platform.state.base import beijing_day

JPEG = b"\xff\xd8\xff\xe0picture"
NUMBER = "6205500000000000004"


def read(served, token: str, **more: str) -> dict:
    asked = {"access_token": token, **more}
    return httpx.post(f"{served.base}/cv/ocr/bankcard", params=asked, content=JPEG, trust_env=False, timeout=20).json()


def test_serve_says_where_settings_come_from(start):
    """Each setting that is not the default is said with its source before the address, as JSON where logs are."""
    served = start(BANKCARD_OCR_DAILY_LIMIT="7")
    events = [json.loads(line)["event"] for line in served.said]

    assert ["daily_limit = 7  (BANKCARD_OCR_DAILY_LIMIT)", "port = 0  (--port)"] == [
        event for event in events if event.startswith(("daily", "port"))
    ]
    assert [f"listening at {served.base}"] == [event for event in events if "listening" in event]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGQUIT, 0), (signal.SIGINT, 130)])
def test_a_server_that_is_told_to_stop_ends_in_order(start, token, workers: int, number: int, status: int):
    """It does so after its work, says so, and its status is what supervisors expect, however many workers it has."""
    served = start("--workers", str(workers))
    for _ in range(workers):
        served.ready()
    read_before = read(served, token)["number"]
    served.process.send_signal(number)
    rest = served.process.communicate(timeout=30)[1]

    assert (NUMBER, workers, status) == (read_before, rest.count('"stopped"'), served.process.returncode)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_waits_no_longer_than_its_drain(start, token, number: int):
    """Though a thread of it is still busy with a call, which was told so."""
    waits = {"FETCH_TIMEOUT_S": "60", "ALLOW_PRIVATE_NETWORKS": "true", "DRAIN_S": "1"}
    served = start(**{f"BANKCARD_OCR_{name}": value for name, value in waits.items()})
    with ThreadPoolExecutor() as pool, socket.create_server(("127.0.0.1", 0)) as host:
        url = f"http://127.0.0.1:{host.getsockname()[1]}/1.jpg"
        call = {"access_token": token, "img_url": url}
        answer = pool.submit(httpx.get, f"{served.base}/cv/ocr/bankcard", params=call, trust_env=False, timeout=20)
        with host.accept()[0]:
            served.process.send_signal(number)
            assert "[busy: stopping]" in answer.result().json()["errmsg"]
            served.process.communicate(timeout=20)


def test_who_stops_a_whole_group_of_processes_stops_workers_in_order(start):
    """As a terminal does with SIGQUIT: no worker is killed by it."""
    served = start("--workers", "2")
    served.ready(), served.ready()
    os.killpg(served.process.pid, signal.SIGQUIT)
    rest = served.process.communicate(timeout=30)[1]

    assert (2, 0) == (rest.count('"stopped"'), served.process.returncode)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_log_that_nobody_reads_holds_nobody_up(start, token, workers: str):
    """Calls are answered, and SIGTERM ends the server, though the pipe of its log is full."""
    served = start("--workers", workers)
    for _ in range(int(workers)):
        served.ready()
    fcntl.fcntl(served.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
    codes = {read(served, token)["errcode"] for _ in range(60)}
    served.process.send_signal(signal.SIGTERM)

    assert {0} == codes
    assert 0 == served.process.wait(timeout=15)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system sets no limits of other processes")
def test_a_server_out_of_file_descriptors_says_so_once_a_second(start, token):
    """It fills no disk with that, and takes what waits as soon as there is room."""
    served = start()
    pid = served.ready()
    open_now = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + 4, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with ExitStack() as stack:
        address = (httpx.URL(served.base).host, httpx.URL(served.base).port)
        for _ in range(20):
            stack.enter_context(socket.create_connection(address, 5))
        time.sleep(1.5)
    number = read(served, token)["number"]
    served.process.send_signal(signal.SIGTERM)
    errors = [line for line in served.process.communicate(timeout=30)[1].splitlines() if '"level": "error"' in line]

    assert number == NUMBER
    assert {"no more connections can be accepted for now"} == {json.loads(line)["event"] for line in errors}
    assert len(errors) < 20


def test_several_hangups_are_one_reload_and_a_stop_goes_first(start):
    """What came together is read once; a server that is told to stop reloads no more."""
    served = start("--workers", "2")
    served.ready(), served.ready()
    for _ in range(6):
        served.process.send_signal(signal.SIGHUP)
    served.ready()
    for _ in range(6):
        served.process.send_signal(signal.SIGHUP)
    served.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    rest = served.process.communicate(timeout=60)[1]

    assert (0, True) == (served.process.returncode, time.monotonic() - started < 10)
    assert rest.count('"ready"') <= 1


def test_after_a_kill_charges_are_there(start, store, token):
    """A kill loses no charge, and the next server goes on counting."""
    first = start()
    first.ready()
    read(first, token)
    read(first, token)
    first.process.kill()
    first.process.communicate()
    second = start()
    second.ready()
    read(second, token)

    assert 3 == store.used("recognize:wx1", beijing_day(time.time()))


def test_a_killed_worker_is_replaced(start, store, token):
    """With two workers one may die: the other answers, and a third takes its place."""
    served = start("--workers", "2")
    first, second = served.ready(), served.ready()
    os.kill(first, signal.SIGKILL)
    third = served.ready()
    numbers = {read(served, token)["number"] for _ in range(8)}
    served.process.send_signal(signal.SIGTERM)
    served.process.communicate(timeout=30)

    assert (3, {NUMBER}, 8, 0) == (
        len({first, second, third}),
        numbers,
        store.used("recognize:wx1", beijing_day(time.time())),
        served.process.returncode,
    )


def test_a_reload_reads_the_settings_anew(start, store, token, tmp_path):
    """After SIGHUP new workers have the file's new limit."""
    file = tmp_path / "bankcard-ocr.toml"
    file.write_text("daily_limit = 1\n")
    served = start("--workers", "2", "--config", str(file))
    served.ready(), served.ready()
    before = [read(served, token)["errcode"] for _ in range(2)]
    file.write_text("daily_limit = 3\n")
    served.process.send_signal(signal.SIGHUP)
    served.ready(), served.line('"stopped"')
    served.ready(), served.line('"stopped"')
    after = read(served, token)["errcode"]

    assert ([0, 101003], 0) == (before, after)


def test_a_wrong_reload_changes_nothing(start, store, token, tmp_path):
    """After SIGHUP with a wrong file the limit is what it was, and a worker that dies then is replaced all the same."""
    file = tmp_path / "bankcard-ocr.toml"
    file.write_text("daily_limit = 1\n")
    served = start("--workers", "2", "--config", str(file))
    served.ready()
    last = served.ready()
    file.write_text("daily_limit = many\n")
    served.process.send_signal(signal.SIGHUP)
    served.line("stay as they were")
    os.kill(last, signal.SIGKILL)
    served.ready()

    assert [0, 101003] == [read(served, token)["errcode"] for _ in range(2)]


def test_files_that_break_break_no_worker_that_comes_later(start, token, tmp_path):
    """What settings name is read at the start: a worker that replaces another has the same table, key and authorities.

    So a file that is damaged takes no worker away, and the workers' fingerprints of one number are the same.
    """
    contents = {
        "iin_file": b"# version 2026.01.01\nnetwork test | 16\n  6200\n",
        "fingerprint_key_file": b"k" * 32,
        "ca_file": "# 证书\n".encode() + trustme.CA().cert_pem.bytes(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    served = start("--workers", "2", **{f"BANKCARD_OCR_{name.upper()}": str(tmp_path / name) for name in contents})
    first, second = served.ready(), served.ready()
    fingerprint = read(served, token, pan="fingerprint")["number"]
    (tmp_path / "iin_file").write_text("garbage\n")
    (tmp_path / "fingerprint_key_file").write_bytes(b"z" * 32)
    (tmp_path / "ca_file").unlink()
    for worker in (first, second):
        os.kill(worker, signal.SIGKILL)
    served.ready(), served.ready()

    assert {fingerprint} == {read(served, token, pan="fingerprint")["number"] for _ in range(2)}


def test_a_state_that_is_moved_away_is_not_begun_anew(start, store, token, tmp_path):
    """Neither by a reload nor by a new worker: beside the others, with an empty file, it would know no token."""
    served = start("--workers", "2")
    first = served.ready()
    served.ready()
    (tmp_path / "away").mkdir()
    files = [file.name for file in tmp_path.glob("state.sqlite3*")]
    for name in files:
        (tmp_path / name).rename(tmp_path / "away" / name)
    served.process.send_signal(signal.SIGHUP)
    served.line("stay as they were")
    os.kill(first, signal.SIGKILL)
    served.line("worker cannot start.*no state file|no state file.*worker cannot start")
    while_away = {read(served, token)["errcode"] for _ in range(2)}
    for name in files:
        (tmp_path / "away" / name).rename(tmp_path / name)
    served.ready()

    assert ({0}, {0}) == (while_away, {read(served, token)["errcode"] for _ in range(4)})


def test_workers_do_not_outlive_their_supervisor(start):
    """When the supervisor is killed its workers stop by themselves and free the port."""
    served = start("--workers", "2")
    served.ready(), served.ready()
    served.process.kill()
    rest = served.process.communicate(timeout=30)[1]

    assert 2 == rest.count('"stopped"')
