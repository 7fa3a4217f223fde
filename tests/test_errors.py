"""The one tree of errors."""

from __future__ import annotations

import pytest

from bankcard_ocr import errors

EVERY = [
    errors.InvalidFormat(),
    errors.InvalidLength(5, shortest=12, longest=19),
    errors.InvalidChecksum(),
    errors.NotAPicture("truncated JPEG"),
    errors.PictureTooLarge(got=10, limit=9, unit="bytes"),
    errors.NoCardFound(),
    errors.NumberUnreadable(digits=(7, 8), confidence=0.4),
    errors.FetchError("dns", "no such host"),
    errors.CallError(41005, "the field img is missing"),
    errors.CallError(41005),
    errors.Busy(),
    errors.StateError("the database is locked; try again"),
    errors.SettingsError("port", "environment", "a number from 0 to 65535"),
    errors.InvalidTable(3, "no such type"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_every_error_is_of_the_tree_and_says_something(error: errors.BankcardError):
    """One except clause catches all, and each has a message."""
    assert isinstance(error, errors.BankcardError)
    assert str(error).strip()


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_a_cause_is_short_and_on_one_line(error: errors.BankcardError):
    """What goes into a reply's hint is a few words without line breaks."""
    assert (True, False) == (len(error.cause) < 100, "\n" in error.cause)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (errors.NotAPicture("truncated JPEG"), "truncated JPEG"),
        (errors.PictureTooLarge(got=2097153, limit=2097152, unit="bytes"), "size: over 2097152 bytes"),
        (errors.NoCardFound(), "no card found"),
        (errors.NumberUnreadable(), "number unreadable"),
        (errors.NumberUnreadable(digits=(7,)), "number unreadable: digits 7 uncertain"),
        (errors.NumberUnreadable(digits=(7, 8, 9)), "number unreadable: digits 7-9 uncertain"),
        (errors.NumberUnreadable(digits=(1, 7, 8, 16)), "number unreadable: digits 1, 7-8, 16 uncertain"),
        (errors.FetchError("dns", "no such host"), "dns: no such host"),
        (errors.CallError(41005, "the field img is missing"), "the field img is missing"),
        (errors.Busy(), "busy"),
    ],
)
def test_a_cause_names_stage_and_reason(error: errors.BankcardError, cause: str):
    """Hints read as documented."""
    assert cause == error.cause


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.InvalidChecksum(), errors.NumberError),
        (errors.InvalidChecksum(), ValueError),
        (errors.NotAPicture(""), errors.PictureError),
        (errors.PictureTooLarge(got=2, limit=1, unit="pixels"), errors.PictureError),
        (errors.NoCardFound(), errors.Refused),
        (errors.NumberUnreadable(), errors.Refused),
    ],
)
def test_kinds_group_what_is_answered_alike(error: Exception, kind: type[Exception]):
    """The branches of the tree are what callers catch."""
    assert isinstance(error, kind)


def test_errors_carry_their_facts():
    """What happened can be read from attributes, not only from the message."""
    large = errors.PictureTooLarge(got=10, limit=9, unit="bytes")
    unreadable = errors.NumberUnreadable(digits=(7,), confidence=0.4)
    setting = errors.SettingsError("port", "environment", "a number")

    assert (10, 9, "bytes") == (large.got, large.limit, large.unit)
    assert ((7,), 0.4) == (unreadable.digits, unreadable.confidence)
    assert ("port", "environment", "a number") == (setting.name, setting.source, setting.reason)
    assert 2.5 == errors.Busy(retry_after_s=2.5).retry_after_s
