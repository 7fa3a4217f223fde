"""A server process, a site with pictures, and the clients of npm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

HERE = Path(__file__).parent
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 40 + b"\xff\xd9"
SITE = {
    "/card.jpg": JPEG,
    "/银行卡 正面.jpg": JPEG,
    "/empty.jpg": JPEG + b"NO CARD",
    "/page.html": b"<!doctype html><p>log in first",
}


@dataclass(frozen=True)
class Served:
    """Where the server listens, and the credentials of its apps wx1 (may be called by functions) and wx2 (may not)."""

    url: str
    port: int
    apps: dict[str, dict[str, str]]
    number: str

    def token(self, appid: str = "wx1") -> str:
        return self.apps[appid]["access_token"]


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    """The server as a process of its own, on a free port."""
    state = tmp_path_factory.mktemp("served") / "state.sqlite3"
    with subprocess.Popen([sys.executable, HERE / "serve.py", state], stdout=subprocess.PIPE, text=True) as process:
        try:
            facts = json.loads(process.stdout.readline())
            yield Served(port=int(facts["url"].rpartition(":")[2]), **facts)
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of a web site with pictures."""

    class Pictures(BaseHTTPRequestHandler):
        def do_GET(self):
            body = SITE.get(unquote(self.path.partition("?")[0]))
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js with the packages of package-lock.json beside it; installed once, by npm."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not (program and npm):
        pytest.skip("Node.js and npm are not installed")
    if not (HERE / "node_modules/wx-server-sdk-4/index.js").is_file():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"]
        installed = subprocess.run(command, check=False, cwd=HERE, capture_output=True, text=True, timeout=300)
        if installed.returncode:
            pytest.skip(f"npm cannot install wx-server-sdk: {installed.stderr.strip()[-200:]}")
    return program


class CloudFunction:
    """A cloud function with one version of the SDK, in the environment that the platform gives functions."""

    def __init__(self, node: str, version: str, url: str, **environment: str) -> None:
        self.url = url
        self.process = subprocess.Popen(
            [node, "call.js", f"wx-server-sdk-{version}"],
            cwd=HERE,
            env={"PATH": os.environ["PATH"], **FUNCTION, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def close(self) -> None:
        self.process.communicate(timeout=10)

    def bankcard(self, *, token: str, path: str = "/admin", **call: Any) -> dict[str, Any]:
        """``{"result": …}`` or ``{"error": …}`` of ``cloud.openapi.ocr.bankcard``; ``path`` of its ``serviceUrl``."""
        environment = {"WX_API_TOKEN": token, "WX_APPID": "wx1"}
        init = {"serviceUrl": f"{self.url}{path}"}
        self.process.stdin.write(json.dumps({"environment": environment, "init": init, **call}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


FUNCTION = {
    "TENCENTCLOUD_RUNENV": "SCF",
    "TENCENTCLOUD_REGION": "ap-shanghai",
    "SCF_NAMESPACE": "env-1",
    "TCB_ENV": "env-1",
    "TENCENTCLOUD_SECRETID": "AKIDexample",
    "TENCENTCLOUD_SECRETKEY": "example",
    "TENCENTCLOUD_SESSIONTOKEN": "example",
    "WX_CONTEXT_KEYS": "WX_API_TOKEN,WX_APPID,WX_OPENID",
    "WX_OPENID": "o1",
}


@pytest.fixture(scope="session")
def cloud_function() -> Iterator[Callable[..., CloudFunction]]:
    """Starts cloud functions: Node.js, a version of the SDK, the server's address, further environment."""
    started: list[CloudFunction] = []

    def start(node: str, version: str, url: str, **environment: str) -> CloudFunction:
        started.append(CloudFunction(node, version, url, **environment))
        return started[-1]

    yield start
    for function in started:
        function.close()


@pytest.fixture(scope="session", params=["4", "1", "0"], ids=["4.0.2", "1.8.3", "0.5.1"])
def function(request, node, served, cloud_function) -> CloudFunction:
    """A cloud function, with each version of the SDK."""
    return cloud_function(node, request.param, served.url)


@pytest.fixture
def unchanged_function(node, served, cloud_function) -> CloudFunction:
    """A cloud function whose environment alone, not its code, points at the server."""
    return cloud_function(node, "4", served.url, TCB_CONTEXT_CNFG=json.dumps({"URL": f"{served.url}/admin"}))
