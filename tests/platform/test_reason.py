"""Why a call was refused, as operators count it: the same word on every way that leads to the platform."""

from __future__ import annotations

import socket

import pytest
from wx_server_sdk import decode_reply, encode_arguments

from bankcard_ocr.errors import (
    BankcardError,
    Busy,
    CallError,
    CardsDiffer,
    FetchError,
    NoCardFound,
    NotAPicture,
    NumberUnreadable,
    PictureTooLarge,
    TooSlow,
)
from bankcard_ocr.platform import cloudcall, cloudcodes, wire
from bankcard_ocr.platform.multipart import Part
from bankcard_ocr.platform.state.base import beijing_day

JPEG = b"\xff\xd8\xff\xe0picture"
RECOGNIZE = wire.request(method="POST", path="/cv/ocr/bankcard", query=b"access_token=TOKEN", body=JPEG)


def cloud_call(token: str = "TOKEN", api: str = "ocr.bankcard", action: str = "wx.openApi") -> wire.Request:
    """What the SDK sends of a function that reads a picture."""
    part = Part(name="img", filename="img.jpg", content_type="", data=JPEG)
    fields = {"action": action, "apiName": api, "wxCloudApiToken": token}
    texts = {name.encode(): value.encode() for name, value in fields.items()}
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % each
        for each in {**texts, b"requestData": encode_arguments({}, (part,))}.items()
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return wire.request(method="POST", path="/admin", headers=headers, body=parts + b"--b--\r\n")


@pytest.fixture
def permitted(platform):
    """A platform whose app may read cards by the cloud call."""
    platform.change(permissions=("ocr.bankcard",))
    return platform


def told(platform) -> str | None:
    """The reason in the record that the observer was told."""
    return platform.told[-1][0].reason


def test_a_number_has_no_reason(platform):
    """Nothing was refused."""
    platform.read()

    assert told(platform) is None


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (NoCardFound(), "no card"),
        (NumberUnreadable(digits=(3, 4)), "unreadable"),
        (NumberUnreadable(is_cut=True), "unreadable"),
        (CardsDiffer(), "cards differ"),
        (NotAPicture("truncated JPEG"), "picture"),
        (PictureTooLarge(got=2, limit=1, unit="pixels"), "picture"),
        (FetchError("dns", "no such host"), "fetch"),
        (Busy(), "busy"),
        (RuntimeError("unforeseen"), "fault"),
    ],
)
def test_both_ways_tell_the_same_reason(permitted, outcome: Exception, expected: str):
    """What ends a reading counts alike, by the endpoint and by the cloud call."""
    permitted.reader.outcome = outcome
    permitted.service.answer(RECOGNIZE)
    by_endpoint = told(permitted)
    cloudcall.answer(cloud_call(), permitted.service)

    assert (expected, expected) == (by_endpoint, told(permitted))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Busy(), "busy"),
        (TooSlow(-1, limit_s=1), "timeout"),
        (TooSlow(cloudcodes.TIMEOUT, limit_s=1), "timeout"),
        (PictureTooLarge(got=2, limit=1, unit="bytes"), "picture"),
        (CallError(47001, "size: over 65536 bytes"), "call"),
        (CallError(40066), "call"),
    ],
)
def test_what_ends_a_call_before_the_platform_has_its_reason(platform, error: BankcardError, expected: str):
    """The server refuses by the errors that it has, and none of them needs to be told in words."""
    platform.service.refuse(RECOGNIZE, error)

    assert expected == told(platform)


def test_a_store_out_of_reach_is_one_by_the_cloud_call_too(permitted):
    """Operators are called, though the function is told of a system error alone."""
    permitted.state.close()
    answer = cloudcall.answer(cloud_call(), permitted.service)

    assert ("state", cloudcodes.SYSTEM_ERROR) == (told(permitted), decode_reply(answer.content)[0])


def test_a_fault_is_one_by_the_cloud_call_too(permitted, monkeypatch):
    """What nobody foresaw before the endpoint was reached is no mistake of the caller."""

    def unforeseen(_digest: str) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(permitted.state, "token", unforeseen)
    cloudcall.answer(cloud_call(), permitted.service)

    assert "fault" == told(permitted)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (cloud_call(), "permission"),
        (cloud_call(token=""), "token"),
        (cloud_call(token="unknown"), "token"),
        (cloud_call(api="ocr.idcard"), "call"),
        (cloud_call(action="database.getDocument"), "call"),
        (wire.request(method="GET", path="/admin"), "call"),
    ],
)
def test_refusals_of_the_cloud_call_have_their_reasons(platform, call: wire.Request, expected: str):
    """A permission that is missing, a token, and what is no such call are told apart."""
    cloudcall.answer(call, platform.service)

    assert expected == told(platform)


@pytest.mark.parametrize(
    ("change", "query", "expected"),
    [
        ({"denied": ("ocr.bankcard",)}, {}, "permission"),
        ({"whitelist": ("192.0.2.1",)}, {}, "address"),
        ({"daily_limit": 0}, {}, "quota"),
        ({}, {"token": "unknown"}, "token"),
        ({}, {"picture": b""}, "call"),
    ],
)
def test_refusals_of_the_endpoint_have_their_reasons(platform, change, query, expected: str):
    """Who may not call, whence, how often."""
    platform.change(**change)
    platform.read(**query)

    assert expected == told(platform)


def test_a_retry_of_a_refusal_has_its_reason(platform):
    """The kept answer brings it along."""
    platform.reader.outcome = NoCardFound()
    again = wire.request(
        method="POST",
        path="/cv/ocr/bankcard",
        query=b"access_token=TOKEN",
        headers={"idempotency-key": "order-1"},
        body=JPEG,
    )
    platform.service.answer(again)
    platform.service.answer(again)

    assert ("no card", 1, 1) == (
        told(platform),
        len(platform.reader.seen),
        platform.state.used("recognize:wx1", beijing_day(platform.clock.now)),
    )


@pytest.mark.parametrize("path", ["/cv/ocr/bankcard", "/admin"])
def test_a_body_that_comes_too_slowly_is_a_timeout(start, monkeypatch, path: str):
    """The sender stops in the middle of a call by either way."""
    reasons: list[str | None] = []
    monkeypatch.setattr("bankcard_ocr.server.logs.access", lambda record, _fault: reasons.append(record.reason))
    served = start(request_timeout_s=0.2)
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc".encode())
        b"".join(iter(lambda: connection.recv(65536), b""))

    assert ["timeout"] == reasons
