"""A platform on a fresh store, with a reader and a fetcher that do as they are told, and a clock that stands."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from bankcard_ocr.errors import FetchError, NotAPicture
from bankcard_ocr.platform import credentials, wire
from bankcard_ocr.platform.credentials import issued
from bankcard_ocr.platform.resources import Resources
from bankcard_ocr.platform.service import Observer, Service
from bankcard_ocr.platform.state.base import App
from bankcard_ocr.platform.state.sqlite import SqliteState
from bankcard_ocr.reading import Candidate, Options, Reading
from bankcard_ocr.server import build, run
from bankcard_ocr.server.protocol import config
from bankcard_ocr.settings import Settings

NUMBER = "6205500000000000004"
JPEG = b"\xff\xd8\xff\xe0picture"
QUAD = ((10.0, 20.4), (110.6, 20.0), (110.0, 40.0), (10.0, 40.0))
READING = Reading(
    number=NUMBER,
    confidence=0.9987654321,
    candidates=(Candidate(number=NUMBER, confidence=0.9987654321),),
    size=(640, 480),
    number_quad=QUAD,
    digit_quads=(QUAD,) * 19,
    card_quad=QUAD,
    timings_ms={"locate": 1.0},
)
SECRET = "a secret of the tests"
with pytest.MonkeyPatch.context() as patch:
    patch.setattr(credentials, "COST", 16)  # tests make hundreds of guesses
    SECRET_HASH = credentials.hashed(SECRET)
NOW = 1732377000.0  # 2024-11-23 23:50 in Beijing


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeReader:
    """Reads every picture as ``outcome``, or raises it; keeps what it was given. ``gate`` holds it up when set."""

    outcome: Reading | Exception = READING
    seen: list[tuple[bytes, Options]] = field(default_factory=list)
    many: list[tuple[bytes, ...]] = field(default_factory=list)
    gate: threading.Event | None = None
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def read_many(self, pictures: Sequence[bytes], options: Options = Options()) -> Reading:
        self.many.append(tuple(pictures))
        return self.read(pictures[0], options)

    def read(self, data: bytes, options: Options = Options()) -> Reading:
        self.seen.append((data, options))
        self.entered.release()
        if self.gate is not None:
            self.gate.wait(10)
        if not data.startswith(b"\xff\xd8\xff"):
            raise NotAPicture("unknown format")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@dataclass
class FakeFetch:
    """Fetches a picture for every URL, or fails as it is told."""

    outcome: bytes | FetchError = JPEG
    seen: list[str] = field(default_factory=list)
    exceptions: tuple[str, ...] = ()

    def __call__(self, url: str) -> bytes:
        self.seen.append(url)
        if isinstance(self.outcome, FetchError):
            raise self.outcome
        return self.outcome


@dataclass
class Platform:
    """The service of a test and everything it was given."""

    clock: Clock
    reader: FakeReader
    fetch: FakeFetch
    state: SqliteState
    service: Service
    told: list[Any]

    def call(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] | None = None,
        *,
        client_ip: str = "127.0.0.1",
        content_type: str = "",
        **query: str,
    ) -> dict[str, Any]:
        """The JSON of the reply to this call; a dict as body is sent as JSON."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body or b""
        request = wire.request(
            method=method,
            path=path,
            query="&".join(f"{name}={value}" for name, value in query.items()).encode(),
            headers={"content-type": content_type} if content_type else {},
            body=data,
            client_ip=client_ip,
        )
        return json.loads(self.service.answer(request).encode())

    def read(self, picture: bytes = JPEG, token: str = "TOKEN", **query: str) -> dict[str, Any]:
        """The reply to a recognition call with the picture as its body."""
        return self.call("POST", "/cv/ocr/bankcard", picture, access_token=token, **query)

    def used(self) -> int:
        """How many recognitions quota/get says are used."""
        path = "/cgi-bin/openapi/quota/get"
        return self.call("POST", path, {"cgi_path": "/cv/ocr/bankcard"}, access_token="TOKEN")["quota"]["used"]

    def change(self, **fields: Any) -> None:
        """Changes the app wx1."""
        self.state.update_app("wx1", lambda app: dataclasses.replace(app, **fields))


def add_app(state: SqliteState, appid: str, token: str) -> None:
    app = App(appid=appid, name=appid, secret_hash=SECRET_HASH, created=0.0)
    if state.add_app(app):
        state.rotate_token(issued(app, "operator", token, NOW, 7200), old_until=0.0)


@pytest.fixture
def settings():
    return Settings(port=0, log_level="error", request_timeout_s=5.0)


@pytest.fixture
def make_platform(tmp_path, settings):
    """Makes platforms on one store, with the apps wx1 and wx2, whose tokens are TOKEN and OTHER.

    What is given by name is changed in the settings.
    """
    opened: list[SqliteState] = []

    def make(*, observer: Observer | None = None, fingerprint_key: bytes = b"", **changes: Any) -> Platform:
        clock, reader, fetch = Clock(), FakeReader(), FakeFetch()
        state = SqliteState(tmp_path / "state.sqlite3", clock)
        opened.append(state)
        add_app(state, "wx1", "TOKEN")
        add_app(state, "wx2", "OTHER")
        told: list[Any] = []
        resources = Resources(
            reader=reader,
            state=state,
            fetch=fetch,
            settings=dataclasses.replace(settings, **changes),
            fingerprint_key=fingerprint_key,
        )
        noting = observer or (lambda record, fault: told.append((record, fault)))
        service = Service(resources, clock=clock, observer=noting)
        return Platform(clock, reader, fetch, state, service, told)

    yield make
    for state in opened:
        state.close()


@pytest.fixture
def platform(make_platform):
    """One such platform with the settings as they are."""
    return make_platform()


@pytest.fixture
def start(tmp_path, settings, monkeypatch):
    """Starts real servers on loopback, with the apps of ``platform`` and the settings given changed; stops them."""
    monkeypatch.setattr(build, "fetcher", lambda _settings, _files: FakeFetch())
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def begin(**changes: Any) -> Served:
        changed = dataclasses.replace(settings, **changes)
        reader = FakeReader()
        state = SqliteState(tmp_path / "server.sqlite3", time.time)
        for appid, token in (("wx1", "TOKEN"), ("wx2", "OTHER")):
            state.add_app(App(appid=appid, name=appid, secret_hash=SECRET_HASH, created=0.0))
            state.rotate_token(issued(state.app(appid), "operator", token, time.time(), 7200), old_until=0.0)
        listener = run.listen(changed)
        serving = uvicorn.Server(config(build.build(changed, reader=reader, state=state), changed))
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((serving, thread))
        base, port = run.url(listener), listener.getsockname()[1]
        return Served(base=base, port=port, reader=reader, state=state, serving=serving, thread=thread)

    yield begin
    for serving, thread in running:
        serving.should_exit = True
        thread.join()


@pytest.fixture
def server(start):
    """One such server with the settings as they are."""
    return start()


@dataclass
class Served:
    """A server that runs."""

    base: str
    port: int
    reader: FakeReader
    state: SqliteState
    serving: uvicorn.Server
    thread: threading.Thread
