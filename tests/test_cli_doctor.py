"""``bankcard-ocr doctor``, with readers that work and that fail."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner, Result

from bankcard_ocr import cli
from bankcard_ocr.cli import doctor
from bankcard_ocr.errors import NoCardFound
from bankcard_ocr.numbers import iin
from bankcard_ocr.platform import state as states
from bankcard_ocr.reading import Options, Reading

NUMBER = "4111111111111111"
QUAD = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


class Working:
    def read(self, data: bytes, options: Options | None = None) -> Reading:
        return Reading(number=NUMBER, confidence=0.999, candidates=(), size=(10, 10), number_quad=QUAD)


class Failing:
    def read(self, data: bytes, options: Options | None = None) -> Reading:
        raise NoCardFound


@pytest.fixture(autouse=True)
def sample(monkeypatch, tmp_path):
    (tmp_path / "sample.jpg").write_bytes(b"any bytes do for a fake reader")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "a.onnx").write_bytes(b"model")
    monkeypatch.setattr(doctor, "shipped", lambda package, name: tmp_path / name)


def run(monkeypatch, reader: type, *args: str) -> Result:
    monkeypatch.setattr("bankcard_ocr.reader.Reader", reader)
    return CliRunner().invoke(cli.app, ["doctor", *args])


def test_a_whole_installation_passes(monkeypatch):
    """Doctor names versions, machine, models by hash and the table, reads the sample card, and exits with 0."""
    result = run(monkeypatch, Working, "--json")
    found = json.loads(result.stdout)

    assert (0, True, "411111******1111", ["a.onnx"]) == (
        result.exit_code,
        found["self_test"]["passed"],
        found["self_test"]["number"],
        list(found["models"]),
    )
    assert {"python", "cores", "flags"} <= found["machine"].keys()
    assert {"numpy", "onnxruntime"} <= found["packages"].keys()


def test_a_reader_that_fails_is_told(monkeypatch):
    """When the sample card is not read, doctor says why and exits with 1."""
    result = run(monkeypatch, Failing)

    assert (1, True) == (result.exit_code, "no card found" in result.stdout)


class Broken:
    def __init__(self) -> None:
        raise RuntimeError("Protobuf parsing failed")


def test_a_broken_installation_is_told_in_every_part(monkeypatch, tmp_path):
    """A model that is cut off and a table that is missing are told, without their paths; so is what is whole."""

    def missing() -> None:
        (tmp_path / "home" / "iin.dat").read_bytes()

    monkeypatch.setattr(iin, "default", missing)
    result = run(monkeypatch, Broken, "--json")
    found = json.loads(result.stdout)

    assert (
        1,
        {"passed": False, "error": "FileNotFoundError: No such file or directory"},
        {"passed": False, "error": "RuntimeError: Protobuf parsing failed"},
        ["a.onnx"],
    ) == (result.exit_code, found["iin_table"], found["self_test"], list(found["models"]))


def test_people_get_lines(monkeypatch):
    """Without --json every section is a heading with lines, and the number is masked."""
    result = run(monkeypatch, Working)

    assert {"machine", "packages", "iin table", "models", "self test"} <= set(result.stdout.splitlines())
    assert NUMBER not in result.stdout


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Writes a file of settings, and returns its path: a store that is there, a free port, and those given."""
    monkeypatch.setattr("os.environ", {"HOME": str(tmp_path), "BANKCARD_OCR_PROT": "1"})
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    states.connect(url).close()

    def write(**given: object) -> str:
        file = tmp_path / "settings.toml"
        values = {"state_url": url, "port": 0, **given}
        file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
        return str(file)

    return write


@contextmanager
def answering(status: int, body: bytes):
    """A server that answers so, whatever it is asked; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def looked(monkeypatch, file: str) -> tuple[int, dict]:
    result = run(monkeypatch, Working, "--config", file, "--json")
    assert "secret" not in result.output
    return result.exit_code, json.loads(result.stdout)


def test_what_serve_would_find_is_told(monkeypatch, settings):
    """Settings with where they come from but no secret, what is none, the store with its apps, and a free address."""
    status, found = looked(monkeypatch, settings(proxy="http://me:secret@proxy.example"))

    assert (0, True, 0, True, "is no setting and is ignored", True) == (
        status,
        found["settings"]["proxy"].startswith("'http://***@proxy.example'  (/"),
        found["state"]["apps"],
        found["files"]["passed"],
        found["settings"]["BANKCARD_OCR_PROT"],
        found["address"]["free"].startswith("http://127.0.0.1:"),
    )


@pytest.mark.parametrize(
    ("given", "section", "said"),
    [
        ({"port": "many"}, "settings", "must be a whole number"),
        ({"iin_file": "/nowhere"}, "files", "setting iin_file from /"),
        ({"state_url": "sqlite:////nowhere/state.sqlite3"}, "state", "there is no state file"),
        ({"state_url": "redis://127.0.0.1:1"}, "state", "Connection refused"),
        ({"host": "203.0.113.1"}, "address", "cannot listen at 203.0.113.1"),
    ],
)
def test_what_would_keep_serve_from_serving_is_told(monkeypatch, settings, given, section, said):
    """The section that fails says why, and the status is 1."""
    status, found = looked(monkeypatch, settings(**given))

    assert (1, False, True) == (status, found[section]["passed"], said in found[section]["error"])


def test_a_damaged_state_file_is_told(monkeypatch, settings, tmp_path):
    """Pages that do not fit together are found before a call hits them."""
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as file:
        file.execute("INSERT INTO records VALUES ('rid', 'wx1', 1.0, '{}')")
        file.execute("PRAGMA writable_schema = ON")
        file.execute("UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'records') "
                     "WHERE name = 'records_at'")  # fmt: skip
        file.commit()
    status, found = looked(monkeypatch, settings())

    assert (1, False) == (status, found["state"]["passed"])


def test_a_state_file_of_an_earlier_version_stays_one(monkeypatch, settings, tmp_path):
    """Who looks does not take the file away from the earlier servers that are on it."""
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as file:
        file.execute("PRAGMA user_version = 1")
    status, found = looked(monkeypatch, settings())

    assert (0, 1) == (status, found["state"]["version"])
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as file:
        assert (1,) == file.execute("PRAGMA user_version").fetchone()


@pytest.mark.parametrize(
    ("status", "body", "passes", "said"),
    [
        (200, b'{"status": "ready"}', True, "127.0.0.1"),
        (503, b'{"status": "unavailable"}', False, "is not ready"),
        (200, b'["another"]', False, "Address already in use"),
    ],
)
def test_who_has_the_port_is_asked(monkeypatch, settings, status, body, passes, said):
    """A server of ours that is ready is no fault, one that is not says where to look, another program is in the way."""
    with answering(status, body) as port:
        _, found = looked(monkeypatch, settings(port=port))

    told = found["address"]
    assert (passes, True) == (told["passed"], said in told.get("serving", told.get("error")))


def test_what_never_answers_is_another_program(monkeypatch, settings):
    """A port whose owner takes connections and says nothing is told as taken."""
    monkeypatch.setattr(doctor, "PATIENCE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, found = looked(monkeypatch, settings(port=silent.getsockname()[1]))

    assert "Address already in use" in found["address"]["error"]
