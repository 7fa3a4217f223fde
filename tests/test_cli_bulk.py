"""The verb bulk: what it hands to a run, and what it tells."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from bankcard_ocr import bulk, cli
from bankcard_ocr.bulk.parts import Summary
from bankcard_ocr.errors import BulkError, SettingsError
from bankcard_ocr.vision.image import MAX_BYTES


@pytest.fixture
def call(monkeypatch, tmp_path):
    """Calls the verb with these options, the run being one that notes what it was given."""
    given = {}

    def run(source, out, job, **options):
        given.update(source=source, out=out, job=job, **options)
        options["progress"](0, 0, 20)
        options["progress"](10, 0, 20)
        options["progress"](20, 0, 20)
        return Summary(rows=20, outcomes={"read": 18, "refused": 2})

    monkeypatch.setattr(bulk, "run", run)

    def begin(*options: str):
        return CliRunner().invoke(cli.app, ["bulk", "in", str(tmp_path / "out.jsonl"), *options]), given

    return begin


def test_numbers_are_masked_unless_asked(call):
    """Without options the run is local, masked, on every core."""
    result, given = call()

    assert (0, "masked", b"", "photo", "local", 0) == (
        result.exit_code,
        given["job"].pan,
        given["job"].key,
        given["job"].options.type,
        given["engine"],
        given["workers"],
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], (None, MAX_BYTES)),
        (["--threshold", "0"], (None, MAX_BYTES)),
        (["--threshold", "1", "--max-bytes", "1"], (1.0, 1)),
        (["--threshold", "0.9", "--max-bytes", "1073741824"], (0.9, 2**30)),
    ],
)
def test_limits_are_handed_on(call, options: list[str], expected: tuple):
    """The threshold of which 0 is the model's own, and the most bytes of a picture, 2 MiB unless said."""
    _, given = call(*options)

    assert expected == (given["job"].options.threshold, given["job"].max_bytes)


def test_progress_is_told_by_tenths_where_there_is_no_terminal(call, tmp_path):
    """A log gets a few lines and the outcomes."""
    result, _ = call()

    assert ["0 of 20", "10 of 20", "20 of 20", f"20 pictures in {tmp_path}/out.jsonl: 18 read, 2 refused"] == (
        result.output.splitlines()
    )


@pytest.mark.parametrize(("pan", "is_said"), [("masked", True), ("full", False)])
def test_numbers_in_names_are_told(monkeypatch, tmp_path, pan: str, is_said: bool):
    """OUT has them whole though numbers are masked."""
    monkeypatch.setattr(bulk, "run", lambda *_args, **_options: Summary(rows=9, outcomes={}, numbers_in_names=2))
    result = CliRunner().invoke(cli.app, ["bulk", "in", str(tmp_path / "out.jsonl"), "--pan", pan])

    assert is_said == ("2 of the names look like card numbers" in result.output)


def test_work_goes_on_where_nobody_hears_of_it(call, monkeypatch):
    """The log's disk is full, or who read it went away."""

    def echo(text: str, **_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(typer, "echo", echo)
    result, _ = call()

    assert 0 == result.exit_code


def test_a_key_that_nothing_is_made_with_is_wrong_usage(call, tmp_path):
    """Whoever gives one means fingerprints."""
    (tmp_path / "key").write_bytes(b"k" * 32)
    result, given = call("--key-file", str(tmp_path / "key"))

    assert (2, True, {}) == (result.exit_code, "--pan fingerprint" in result.output, given)


def test_refused_pictures_are_rows_and_no_failure(call):
    """A run whose OUT is whole is done, whatever its pictures were."""
    result, _ = call()

    assert (True, 0) == ("2 refused" in result.output, result.exit_code)


@pytest.mark.parametrize(
    ("source", "out", "said"),
    [
        ("nope", "out.jsonl", "nope is no file, no folder and matches none"),
        ("", "out.jsonl", "perhaps of an empty variable"),
        ("empty", "out.jsonl", "there are no pictures in empty"),
        ("one.jpg", "out.txt", "out.txt must end in .jsonl or .parquet"),
        ("one.jpg", "there.jsonl", "there.jsonl is there already"),
    ],
)
def test_wrong_usage_has_the_status_of_wrong_usage(tmp_path, monkeypatch, source: str, out: str, said: str):
    """What no second try can mend is 2, as `read` has it, and a message says what is wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("one.jpg", "there.jsonl"):
        (tmp_path / name).touch()
    result = CliRunner().invoke(cli.app, ["bulk", source, out], env={"COLUMNS": "500", "TERM": "dumb"})

    assert (2, True) == (result.exit_code, said in result.output)


def test_a_run_that_failed_is_no_wrong_usage(monkeypatch):
    """What may be mended from outside stays the error it is, and is 1."""

    def fails(*_given, **_options):
        raise BulkError("the disk is full")

    monkeypatch.setattr(bulk, "run", fails)

    assert BulkError is type(CliRunner().invoke(cli.app, ["bulk", "in", "out.jsonl"]).exception)


def test_a_fingerprint_has_the_key_of_the_file(call, tmp_path):
    """The key is what the file holds, without the line's end."""
    (tmp_path / "key").write_bytes(b"k" * 32 + b"\n")
    _, given = call("--pan", "fingerprint", "--key-file", str(tmp_path / "key"))

    assert ("fingerprint", b"k" * 32) == (given["job"].pan, given["job"].key)


@pytest.mark.parametrize("content", [b"", b"k" * 31 + b"\n"])
def test_a_short_key_is_refused(call, tmp_path, content: bytes):
    """A key that could be guessed is none."""
    (tmp_path / "key").write_bytes(content)
    result, given = call("--pan", "fingerprint", "--key-file", str(tmp_path / "key"))

    assert (SettingsError, {}) == (type(result.exception), given)


@pytest.mark.parametrize(("options", "told"), [([], "give --key-file FILE"), (["--key-file", "nowhere"], "nowhere")])
def test_fingerprints_need_a_key(call, options: list[str], told: str):
    """Without a key that can be read there is no run, and it is told how one is given."""
    result, given = call("--pan", "fingerprint", *options)

    assert (SettingsError, {}, True) == (type(result.exception), given, told in str(result.exception))
