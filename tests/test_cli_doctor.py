"""``bankcard-ocr doctor``, with readers that work and that fail."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from bankcard_ocr import cli
from bankcard_ocr.cli import doctor
from bankcard_ocr.errors import NoCardFound
from bankcard_ocr.numbers import iin
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
