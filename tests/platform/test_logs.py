"""Log lines, and what they never hold."""

from __future__ import annotations

import io
import json
import logging
import warnings

import pytest
import structlog
from kept import record

from bankcard_ocr.server import logs
from bankcard_ocr.settings import Settings

NUMBER = "6205500000000000004"
RECORD = record(request_url="/cgi-bin/token?appid=wx1&secret=***", errcode=40125, stage="secret")


@pytest.fixture
def stream():
    """A stream to log to; logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def written(stream):
    """What is logged as JSON."""
    logs.configure(Settings(log_format="json"), stream)
    return stream


def test_a_call_has_one_line_without_its_query(written):
    """The access log has path, code, stage and rid, and no query string."""
    logs.access(RECORD, None)
    (line,) = written.getvalue().splitlines()
    found = json.loads(line)

    assert ("/cgi-bin/token", 40125, "secret", RECORD.rid, "info", False) == (
        found["path"],
        found["errcode"],
        found["stage"],
        found["rid"],
        found["level"],
        "appid=wx1&" in line,
    )


def test_a_fault_has_its_traceback_without_numbers(written):
    """An unforeseen error is logged whole, but for a card number in its text."""
    try:
        int(f"a{NUMBER}")
    except ValueError as error:
        logs.access(RECORD, error)

    assert (True, True, False) == (
        "test_a_fault_has_its_traceback" in written.getvalue(),
        "620550*********0004" in written.getvalue(),
        NUMBER in written.getvalue(),
    )


def test_other_libraries_lines_are_masked_too(written):
    """A number that any library logs, in its text or its exception, is masked."""
    try:
        int(f"a{NUMBER}")
    except ValueError:
        logging.getLogger("some.library").exception("value %s", NUMBER)

    assert (True, False) == ("620550*********0004" in written.getvalue(), NUMBER in written.getvalue())


@pytest.mark.parametrize(
    "value",
    [
        [NUMBER],
        {"cards": ({"number": f"is {NUMBER}"},)},
        {NUMBER: 1},
        int(NUMBER),
        NUMBER.encode(),
        ValueError(NUMBER),
    ],
)
def test_numbers_are_masked_at_any_depth(written, value):
    """Whatever an event holds, and however deep."""
    structlog.get_logger().warning("event", value=value)

    assert (True, False) == ("620550*********0004" in written.getvalue(), NUMBER in written.getvalue())


def test_what_is_no_number_stays_as_it_is(written):
    """Counts, times and nothing keep their types."""
    values = {"ms": 1.5, "n": 19, "at": 1732377000.123456, "none": None, "flag": True, "list": [1, "x"]}
    structlog.get_logger().warning("event", **values)

    assert values == {name: json.loads(written.getvalue())[name] for name in values}


def test_other_libraries_write_no_urls(written):
    """What libraries tell of each request, tokens included, or quote of its bytes, is not written."""
    logging.getLogger("httpx").info("HTTP Request: GET http://x/?access_token=T")
    logging.getLogger("httpcore").debug("T")
    logging.getLogger("python_multipart.multipart").warning("Did not find boundary character %r", b"T")

    assert "" == written.getvalue()


def test_nobody_else_writes_them(stream):
    """A handler that stood there before would write what is not masked."""
    before = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(before))
    logs.configure(Settings(), stream)
    logging.getLogger("some.library").warning("value %s", NUMBER)

    assert ("", True) == (before.getvalue(), "620550*********0004" in stream.getvalue())


def test_lines_for_people_are_masked_too(stream):
    """The console's form goes through the same net."""
    logs.configure(Settings(), stream)
    structlog.get_logger().info("read 4111 1111 1111 1111")

    assert (True, False) == ("411111******1111" in stream.getvalue(), "1111 1111" in stream.getvalue())


def test_the_level_is_the_settings(stream):
    """What is less severe than the setting is not written."""
    logs.configure(Settings(log_level="error"), stream)
    logs.access(RECORD, None)

    assert "" == stream.getvalue()


@pytest.mark.parametrize(("level", "written"), [("info", True), ("warning", True), ("error", False)])
def test_the_level_is_that_of_libraries_too(stream, level: str, written: bool):
    """Their warnings are written while the setting lets warnings through; their information never is."""
    logs.configure(Settings(log_level=level), stream)
    logging.getLogger("library").info("a URL with a token")
    logging.getLogger("library").warning("slow")

    assert (written, False) == ("slow" in stream.getvalue(), "token" in stream.getvalue())


def test_pillow_does_not_warn_of_damage(stream):
    """Pillow's warnings are not written, other modules' are."""
    with warnings.catch_warnings(record=True) as told:
        warnings.resetwarnings()
        logs.configure(Settings(), stream)
        warnings.warn_explicit("truncated", UserWarning, "file", 1, module="PIL.TiffImagePlugin")
        warnings.warn_explicit("of another", UserWarning, "file", 1, module="PILOT")

    assert ["of another"] == [str(each.message) for each in told]
