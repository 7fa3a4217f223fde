"""``img_url`` at hosts that want to harm: bounded time, bounded memory, and a hint that says what was wrong."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile_hosts
import httpx
import pytest

from bankcard_ocr.errors import FetchError
from bankcard_ocr.server.fetch import Fetcher
from bankcard_ocr.server.fetch.connection import Limits

HASTY = Limits(max_bytes=200_000, connect_timeout_s=5.0, total_timeout_s=0.5)  # for what is slow
PATIENT = Limits(max_bytes=200_000, connect_timeout_s=30.0, total_timeout_s=120.0, rate_grace_s=60.0)  # for all else
SLOW = [path for path, (_, hint) in hostile_hosts.HARMS.items() if hint == hostile_hosts.SLOW]
REST = [path for path in hostile_hosts.HARMS if path not in SLOW]


@pytest.fixture(scope="module")
def port():
    with hostile_hosts.serving() as found:
        yield found


def hint(port: int, path: str, limits: Limits) -> str:
    with pytest.raises(FetchError) as caught:
        Fetcher(limits, allow_hosts=["127.0.0.1"])(f"http://127.0.0.1:{port}{path}")
    return str(caught.value)


@pytest.mark.parametrize("path", SLOW)
def test_what_is_slow_is_cut_off(port, path: str):
    """Heads, bodies and codings in drops, and silence, end by the clock or by the floor on the rate."""
    assert re.fullmatch(hostile_hosts.SLOW, hint(port, path, HASTY))


@pytest.mark.parametrize("path", REST)
def test_each_harm_has_its_hint(port, path: str):
    """What is endless, lies, swells, breaks off or leads elsewhere is named, long before the clock would end it."""
    assert re.fullmatch(hostile_hosts.HARMS[path][1], hint(port, path, PATIENT))


def test_a_server_outlives_them_all(start):
    """Asked for all harms at once, twice, a server answers each in time, is the same process, and has not grown."""
    server = start(ALLOW_HOSTS="127.0.0.1", MAX_CONCURRENT_CALLS="128", FETCH_TIMEOUT_S="2", REQUEST_TIMEOUT_S="60")
    with hostile_hosts.serving() as port:

        def call(path: str) -> tuple[int, bool]:
            """A call on a connection of its own: a pool shared by so many threads closes some that are in use."""
            query = {"access_token": server.token, "img_url": f"http://127.0.0.1:{port}{path}"}
            reply = httpx.post(f"{server.base}/cv/ocr/bankcard", params=query, trust_env=False, timeout=60).json()
            return reply["errcode"], "hint: [" in reply["errmsg"]

        with ThreadPoolExecutor(len(hostile_hosts.HARMS)) as pool:
            first = list(pool.map(call, hostile_hosts.HARMS))
            before, started = server.mb(), time.monotonic()
            second = list(pool.map(call, hostile_hosts.HARMS))
            took_s = time.monotonic() - started
        alive = httpx.get(f"{server.base}/readyz", trust_env=False, timeout=60).status_code

    expected = [(101000, True)] * len(hostile_hosts.HARMS)
    assert (expected, expected, True, 200) == (first, second, server.lives(), alive)
    assert took_s < 60
    assert server.shrinks_to(before + 64)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured by Linux's /proc")
def test_bombs_cost_no_memory(start):
    """A gigabyte behind a content coding costs a few megabytes."""
    server = start(ALLOW_HOSTS="127.0.0.1", FETCH_TIMEOUT_S="20", REQUEST_TIMEOUT_S="60")
    with hostile_hosts.serving() as port, httpx.Client(trust_env=False, timeout=60) as client:
        query = {"access_token": server.token, "img_url": f"http://127.0.0.1:{port}/a_gzip_bomb"}
        client.post(f"{server.base}/cv/ocr/bankcard", params=query)
        server.forget()
        before = server.mb()
        hint = client.post(f"{server.base}/cv/ocr/bankcard", params=query).json()["errmsg"]

    assert ("size: over 2097152 bytes" in hint, True) == (True, server.mb("VmHWM") - before < 32)
