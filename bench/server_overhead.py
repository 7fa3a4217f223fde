"""Times what the server adds to ``Reader.read``: a 150 KB upload, one connection, a reader that answers at once.

    .venv/bin/python bench/server_overhead.py bench/results/server_overhead.json

The server is a process of its own with its SQLite store on disk, as ``bankcard-ocr serve`` runs it; its reader has
nothing to do, so all the time a client waits is the server's: parsing, token, quota, record, threads, the wire. The
client's own share (http.client, a few tenths of a millisecond) is in the figure.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bankcard_ocr.bench import machine
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App
from bankcard_ocr.platform.state.sqlite import SqliteState
from bankcard_ocr.reading import Options, Reading
from bankcard_ocr.settings import Settings

PICTURE_BYTES = 150_000
WARM_UP = 200
CALLS = 2000


class Idle:
    """A reader that has read every picture already."""

    def read(self, data: bytes, options: Options = Options()) -> Reading:  # noqa: ARG002  (what a reader takes)
        quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        return Reading(number="6205500000000000004", confidence=1.0, candidates=(), size=(2, 2), number_quad=quad)

    def read_many(self, pictures: Sequence[bytes], options: Options = Options()) -> Reading:
        return self.read(pictures[0], options)


def serve(url: str) -> None:
    """Serves with the idle reader; the first line it prints is the port."""
    import uvicorn

    from bankcard_ocr.server import logs, run
    from bankcard_ocr.server.build import build
    from bankcard_ocr.server.protocol import config

    settings = Settings(port=0, state_url=url, log_level="warning")
    logs.configure(settings)
    listener = run.listen(settings)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config(build(settings, reader=Idle()), settings)).run(sockets=[listener])


def body() -> bytes:
    """A form with a file of random bytes that begin like a JPEG."""
    head = b'--b\r\nContent-Disposition: form-data; name="img"; filename="card.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return head + b"\xff\xd8\xff" + os.urandom(PICTURE_BYTES) + b"\r\n--b--\r\n"


def latencies_ms(port: int, token: str) -> list[float]:
    """The time of each call over one connection, in ascending order."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    found, form = [], body()
    for _ in range(WARM_UP + CALLS):
        started = time.perf_counter()
        connection.request("POST", f"/cv/ocr/bankcard?access_token={token}", form, headers)
        reply = json.loads(connection.getresponse().read())
        found.append((time.perf_counter() - started) * 1000)
        if reply["errcode"]:
            raise RuntimeError(reply["errmsg"])
    connection.close()
    return sorted(found[WARM_UP:])


def main() -> None:
    """Measures and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the result's file")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/state.sqlite3"
        state = SqliteState.from_url(url, time.time)
        app = App(appid="wx1", name="bench", secret_hash="-", created=0.0, daily_limit=10**9)  # noqa: S106
        state.add_app(app)
        token = operator_token(state, app, time.time(), 7200)
        state.close()
        server = subprocess.Popen([sys.executable, __file__, "--serve", url], stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            times = latencies_ms(int(server.stdout.readline()), token)  # type: ignore[union-attr]
        finally:
            server.terminate()
            server.wait()
    result = {
        "command": "python bench/server_overhead.py bench/results/server_overhead.json",
        "machine": machine.facts(),
        "picture_bytes": PICTURE_BYTES,
        "calls": CALLS,
        "overhead_ms": {
            "median": round(statistics.median(times), 3),
            "p95": round(times[int(0.95 * CALLS)], 3),
            "p99": round(times[int(0.99 * CALLS)], 3),
        },
    }
    out.write_text(json.dumps(result, indent=2) + "\n")
    print(result["overhead_ms"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        main()
