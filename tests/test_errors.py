"""The one tree of errors."""

from __future__ import annotations

import pickle

import pytest

from bankcard_ocr import cloud, errors
from bankcard_ocr.bench.labels import LabelsError
from bankcard_ocr.bench.peers import PeerMissing
from bankcard_ocr.platform.cloudcall import TransportError
from bankcard_ocr.reading import Seen

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
    errors.TooSlow(-1, limit_s=0.2),
    errors.Busy(),
    errors.StateError("the database is locked; try again"),
    errors.SettingsError("port", "environment", "a number from 0 to 65535"),
    errors.InvalidTable(3, "no such type"),
    errors.CardsDiffer(),
    errors.BulkError("another run is writing it"),
    errors.BulkMisuse("it is there already"),
    cloud.CloudError(errCode=-604101, errMsg="no permission"),
    LabelsError(2, "the column 'file' is missing or empty"),
    PeerMissing("rapidocr", "install bankcard-ocr[bench]"),
    TransportError("INVALID_PARAM", "POST multipart/form-data"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_every_error_is_of_the_tree_and_says_something(error: errors.BankcardError):
    """One except clause catches all, and each has a message."""
    assert isinstance(error, errors.BankcardError)
    assert str(error).strip()


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_every_class_of_the_tree_is_tested():
    """A new one joins the list above; those that only others are made of have no instances."""
    abstract = {errors.BankcardError, errors.NumberError, errors.PictureError, errors.Refused}
    public = {kind for kind in subclasses(errors.BankcardError) if not kind.__name__.startswith("_")}

    assert public - abstract == {type(error) for error in EVERY}


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_an_error_travels_between_processes_as_it_is(error: errors.BankcardError):
    """Pools of processes hand refusals back: with their message, cause and facts."""
    found = pickle.loads(pickle.dumps(error))

    assert (type(error), str(error), error.cause, vars(error)) == (type(found), str(found), found.cause, vars(found))


def test_what_a_refusal_saw_travels_with_it():
    """Details of a refusal are a part of it."""
    error = errors.NoCardFound()
    error.seen = Seen(size=(640, 480))

    assert Seen(size=(640, 480)) == pickle.loads(pickle.dumps(error)).seen


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
        (errors.NumberUnreadable(digits=(7,), is_cut=True), "number unreadable: at the edge, perhaps cut off"),
        (errors.NumberUnreadable(digits=(7,), is_unlike=True), "number unreadable: not as card numbers are"),
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
