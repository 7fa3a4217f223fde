"""The metrics port of a server with several workers."""

from __future__ import annotations

import os
import signal
import socket
import time
import urllib.request

import httpx
import pytest

from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App


@pytest.fixture
def token(tmp_path):
    store = states.connect(f"sqlite:///{tmp_path}/state.sqlite3")
    store.add_app(App(appid="wx1", name="Shop", secret_hash="-", created=0.0))
    yield operator_token(store, store.app("wx1"), time.time(), 7200)
    store.close()


def read(url: str) -> int:
    return httpx.post(url, content=b"\xff\xd8\xffpicture", trust_env=False, timeout=30).json()["errcode"]


def test_workers_count_together_the_dead_too(start, token):
    """The port tells the calls of all workers, of one that was killed as well."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    served = start("--workers", "2", BANKCARD_OCR_METRICS_PORT=str(port))
    url = f"{served.base}/cv/ocr/bankcard?access_token={token}"
    first, _ = served.ready(), served.ready()
    codes = {read(url) for _ in range(10)}
    os.kill(first, signal.SIGKILL)
    served.ready()
    codes |= {read(url) for _ in range(5)}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as reply:
        found = reply.read().decode()

    assert ({0}, True, True, True) == (
        codes,
        'bankcard_ocr_requests_total{code="0"} 15.0' in found,
        'bankcard_ocr_quota_used{appid="wx1"} 15.0' in found,
        "bankcard_ocr_in_flight 0.0" in found,
    )
