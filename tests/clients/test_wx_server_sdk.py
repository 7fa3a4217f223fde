"""npm's unmodified wx-server-sdk under Node.js, pointed at a server process."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from bankcard_ocr.platform.commapi import AS_JSON

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 40 + b"\xff\xd9"
OK = {"errCode": 0, "errMsg": "openapi.ocr.bankcard:ok"}


def picture(data: bytes = JPEG) -> dict[str, str]:
    return {"img": base64.b64encode(data).decode(), "contentType": "image/jpeg"}


def test_a_url(function, site, served):
    """``imgUrl`` gives the number, under both its names, and the documented words."""
    answer = function.bankcard(token=served.token(), type="photo", imgUrl=f"{site}/银行卡 正面.jpg?a=1&b=2")

    assert {"result": {**OK, "number": served.number, "id": served.number}} == answer


@pytest.mark.parametrize("kind", ["photo", "scan"])
def test_a_buffer(function, served, kind):
    """``img`` with a Buffer gives the same."""
    answer = function.bankcard(token=served.token(), type=kind, **picture())

    assert {"result": {**OK, "number": served.number, "id": served.number}} == answer


@pytest.mark.parametrize("path", ["", "/", "//admin/"])
def test_an_address_without_its_path(function, served, path):
    """As the address of the server is, or with a slash too many."""
    answer = function.bankcard(token=served.token(), path=path, type="photo", **picture())

    assert {"result": {**OK, "number": served.number, "id": served.number}} == answer


def test_a_large_buffer(function, served):
    """A picture just under the limit arrives whole."""
    answer = function.bankcard(token=served.token(), type="photo", **picture(JPEG + bytes(2_097_152 - len(JPEG))))

    assert served.number == answer["result"]["number"]


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (picture(JPEG + b"NO CARD"), 101001, "certificate not found hint: [no card found]"),
        (picture(JPEG + b"HIDDEN"), 101001, "certificate not found hint: [number unreadable: digits 7-9 uncertain]"),
        (picture(b"no picture"), 101002, "decode image failed hint: [unknown format]"),
        (picture(JPEG + bytes(2_097_152)), 101002, "decode image failed hint: [size: over 2097152 bytes]"),
        (picture() | {"contentType": None}, 41005, f"media data missing hint: [{AS_JSON}]"),
        ({"bare": picture()["img"]}, 41005, f"media data missing hint: [{AS_JSON}]"),
        ({}, 41005, "media data missing hint: [neither img nor img_url]"),
        ({"imgUrl": "ftp://example.com/card.jpg"}, 101000, "invalid image url hint: [url: scheme ftp refused]"),
        ({"imgUrl": "http://169.254.169.254/"}, 101000, "invalid image url hint: [address: private address refused]"),
    ],
)
def test_failures(function, served, call, code, words):
    """The SDK throws the endpoint's own numeric code and words, hint included."""
    error = function.bankcard(token=served.token(), type="photo", **call)["error"]

    assert (code, f"openapi.ocr.bankcard:fail {words} rid: ") == (error["errCode"], error["errMsg"][: -len("0" * 26)])


@pytest.mark.parametrize(
    ("path", "hint"), [("/none.jpg", "status 404"), ("/page.html", "type: text/html, not a picture")]
)
def test_a_url_that_fails_says_why(function, served, site, path, hint):
    """The stage and cause of a failed download reach the function."""
    error = function.bankcard(token=served.token(), type="photo", imgUrl=site + path)["error"]

    assert (101000, True) == (error["errCode"], f"[{hint}]" in error["errMsg"])


def test_without_permission(function, served):
    """A function whose app's config.json does not list the API gets -604101 and its meaning."""
    error = function.bankcard(token=served.token("wx2"), type="photo", **picture())["error"]

    assert -604101 == error["errCode"]
    assert error["message"].startswith("errCode: -604101")


def test_an_unknown_token(function):
    """A token this server did not issue is 40001, as at the endpoint."""
    assert 40001 == function.bankcard(token="unknown", type="photo", **picture())["error"]["errCode"]


def test_the_platforms_variable_points_here_too(unchanged_function, served):
    """Versions that know TCB_CONTEXT_CNFG need no change of the code at all."""
    answer = unchanged_function.bankcard(token=served.token(), init={}, type="photo", **picture())

    assert served.number == answer["result"]["number"]


def test_the_lock_file_names_no_host():
    """The lock file pins contents, not where they come from."""
    lock = json.loads((Path(__file__).parent / "package-lock.json").read_text())

    assert [] == [name for name, package in lock["packages"].items() if "resolved" in package]
