"""The metrics port of a server with several workers."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import httpx
import pytest

from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App

SERVED = Path(__file__).parent.parent / "platform" / "served.py"


@pytest.fixture
def server(tmp_path):
    """Two workers; what they are called by, where their metrics are, and the lines they say."""
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    store = states.connect(url)
    store.add_app(App(appid="wx1", name="Shop", secret_hash="-", created=0.0))
    token = operator_token(store, store.app("wx1"), time.time(), 7200)
    store.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "BANKCARD_OCR_STATE_URL": url,
        "BANKCARD_OCR_LOG_FORMAT": "json",
        "BANKCARD_OCR_METRICS_PORT": str(port),
    }
    command = [sys.executable, str(SERVED), "serve", "--port", "0", "--workers", "2"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    lines = iter(process.stderr.readline, "")
    base = next(found.group(1) for line in lines if (found := re.search("listening at (http://[0-9.:]+)", line)))
    yield f"{base}/cv/ocr/bankcard?access_token={token}", f"http://127.0.0.1:{port}/metrics", lines
    os.killpg(process.pid, signal.SIGTERM)
    drain = threading.Thread(target=process.stderr.read)
    drain.start()
    process.wait(60)
    drain.join()
    process.stderr.close()


def ready(lines) -> int:
    """The id of the next process that says it is ready."""
    return next(int(found.group(1)) for line in lines if (found := re.search(r'"pid": (\d+).*"event": "ready"', line)))


def read(url: str) -> int:
    return httpx.post(url, content=b"\xff\xd8\xffpicture", trust_env=False, timeout=30).json()["errcode"]


def test_workers_count_together_the_dead_too(server):
    """The port tells the calls of all workers, of one that was killed as well."""
    url, scrape, lines = server
    first, _ = ready(lines), ready(lines)
    codes = {read(url) for _ in range(10)}
    os.kill(first, signal.SIGKILL)
    ready(lines)
    codes |= {read(url) for _ in range(5)}
    with urllib.request.urlopen(scrape) as reply:
        found = reply.read().decode()

    assert ({0}, True, True, True) == (
        codes,
        'bankcard_ocr_requests_total{code="0"} 15.0' in found,
        'bankcard_ocr_quota_used{appid="wx1"} 15.0' in found,
        "bankcard_ocr_in_flight 0.0" in found,
    )
