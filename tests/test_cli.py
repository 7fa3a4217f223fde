"""The frame of the command line."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from bankcard_ocr import cli
from bankcard_ocr.errors import NoCardFound, SettingsError


def run(*args: str):
    return CliRunner().invoke(cli.app, args)


def imported_by(*args: str) -> set[str]:
    program = (
        "import sys; from bankcard_ocr.cli import app; app(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_help_needs_no_pixels():
    """Help is shown without numpy, OpenCV or the inference runtime."""
    assert set() == imported_by("--help") & {"numpy", "cv2", "onnxruntime", "starlette", "httpx"}


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_of_the_help_exists(verb: str):
    """What help promises can be called, and says the same of itself."""
    result = run(verb, "--help")

    assert 0 == result.exit_code
    assert cli.VERBS[verb].rstrip(".") in " ".join(result.stdout.split())


def test_a_picture_in_place_of_a_verb_is_to_be_read(tmp_path, monkeypatch):
    """Who forgot the verb is told it."""
    monkeypatch.chdir(tmp_path)
    Path("my card.jpg").touch()
    result = run("my card.jpg")

    assert (2, True) == (result.exit_code, "read 'my card.jpg'" in result.stderr)


def test_an_unknown_verb_is_wrong_usage():
    """A mistyped verb exits with 2 and names the near one."""
    result = run("raed")

    assert (2, True) == (result.exit_code, "'read'" in result.output)


@pytest.mark.parametrize("verb", ["serve", "bulk"])
def test_a_verb_that_windows_cannot_run_says_so(monkeypatch, verb: str):
    """What needs signals and locks of POSIX is wrong usage on Windows, and not a traceback."""
    monkeypatch.setattr(sys, "platform", "win32")
    result = run(verb)

    assert (2, True) == (result.exit_code, f"{verb} runs on Linux and macOS alone" in result.stderr)


def test_version_is_that_of_the_distribution():
    """``--version`` prints the installed version alone."""
    from importlib.metadata import version

    assert version("bankcard-ocr") + "\n" == run("--version").stdout


@pytest.mark.parametrize(
    ("error", "status"), [(NoCardFound(), 1), (SettingsError("PORT", "environment", "a number"), 2)]
)
def test_an_error_is_one_line_without_a_traceback(monkeypatch, capsys, error, status: int):
    """An expected failure prints its message only; wrong settings count as wrong usage."""

    def failing() -> None:
        raise error

    monkeypatch.setattr(cli, "app", failing)
    with pytest.raises(SystemExit) as exit_:
        cli.main()

    assert (status, f"bankcard-ocr: {error}\n") == (exit_.value.code, capsys.readouterr().err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
@pytest.mark.parametrize("arguments", ["--help", "doctor", "synth --help"])
def test_a_full_disk_is_told_in_one_line(arguments: str):
    """Whatever was to be written where there is no room."""
    command = f"{sys.executable} -m bankcard_ocr {arguments} > /dev/full"
    done = subprocess.run(command, shell=True, check=False, capture_output=True, text=True)

    assert (1, 1) == (done.returncode, done.stderr.count("\n"))
    assert done.stderr.startswith("bankcard-ocr: nothing more can be written: No space left on device")


@pytest.mark.parametrize(
    ("closed", "status", "said"),
    [("2>&-", 1, ""), ("<&-", 1, ""), (">&-", 1, "bankcard-ocr: standard output is closed; send it somewhere")],
)
def test_closed_streams_are_no_surprise(tmp_path, closed: str, status: int, said: str):
    """Errors that nobody wants to hear stop nothing; results that go nowhere are refused."""
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    command = f"{sys.executable} -m bankcard_ocr read --jsonl {tmp_path}/a.jpg {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert (status, not said, True) == (done.returncode, "101002" in done.stdout, done.stderr.startswith(said))
    assert "Traceback" not in done.stderr


def test_a_crash_leaves_no_core():
    """Card numbers are in a command's memory, so neither it nor what it starts leaves a core dump, whatever may."""
    program = (
        "import resource, sys; from bankcard_ocr import cli; most = resource.getrlimit(resource.RLIMIT_CORE)[1]; "
        "resource.setrlimit(resource.RLIMIT_CORE, (most, most)); "
        "cli.app = lambda: print(*resource.getrlimit(resource.RLIMIT_CORE), most); cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    soft, hard, before = map(int, done.stdout.split())

    assert (0, before) == (soft, hard)


def test_a_worker_of_a_frozen_program_is_no_command(monkeypatch):
    """Workers are the program started once more, with arguments of multiprocessing's: it runs them and ends."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(multiprocessing, "freeze_support", Mock(side_effect=SystemExit(0)))
    monkeypatch.setattr(cli, "app", Mock())
    with pytest.raises(SystemExit):
        cli.main()

    assert not cli.app.called


def test_pillow_does_not_warn_of_damage(monkeypatch):
    """Pillow's warnings are not printed among what the command prints."""

    def warning() -> None:
        warnings.warn_explicit("truncated", UserWarning, "file", 1, module="PIL.TiffImagePlugin")

    monkeypatch.setattr(cli, "app", warning)
    with warnings.catch_warnings(record=True) as told:
        warnings.resetwarnings()
        cli.main()

    assert [] == told
