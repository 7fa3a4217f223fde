"""The metrics port of a server with several workers."""

from __future__ import annotations

import os
import signal
import socket
import urllib.request

import httpx


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
