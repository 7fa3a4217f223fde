"""The Python cloud SDK, threaded and asynchronous, against a server that is a function."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import gc
import io
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr import cloud
from bankcard_ocr.cloud import Cloud, CloudError, arguments
from bankcard_ocr.errors import BankcardError, SettingsError
from bankcard_ocr.numbers.iin import Table
from bankcard_ocr.platform import cloudcodes, form
from bankcard_ocr.platform.detail import details, pictures
from bankcard_ocr.reading import RETURNED, Field, FoundCard, Reading

NUMBER = "6205500000000000004"
JPEG = b"\xff\xd8\xff\xe0picture"
ALLOWED = {"permissions": {"openapi": ["ocr.bankcard"]}}
OK = {"errcode": 0, "errmsg": "ok", "number": NUMBER, "id": NUMBER}
DOCUMENTED = {"errCode": 0, "errMsg": "openapi.ocr.bankcard:ok", "number": NUMBER, "id": NUMBER}


class Raw(dict):
    """A reply as the arguments of an httpx.Response."""


@dataclass
class Server:
    """Answers with what lies in ``tokens`` and ``replies``, in turn; the last of each stays. Remembers what it got."""

    tokens: list[object] = field(default_factory=lambda: [{"access_token": "first", "expires_in": 7200}])
    replies: list[object] = field(default_factory=lambda: [OK])
    asked: list[httpx.Request] = field(default_factory=list)
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        queue = self.tokens if request.url.path.endswith("/stable_token") else self.replies
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(**answer) if isinstance(answer, Raw) else httpx.Response(200, json=answer)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def paths(self) -> list[str]:
        return [request.url.path.rpartition("/")[2] for request in self.asked]

    def fields(self, index: int = -1) -> dict[str, str]:
        """The form of a request, as the server's own parser reads it."""
        body = form.parse(self.asked[index].content, self.asked[index].headers["content-type"])
        return {
            **body.form,
            **{part.name: f"{part.filename} {part.content_type}" for part in body.parts if part.filename},
        }


@pytest.fixture
def server() -> Server:
    return Server()


Make = Callable[..., Cloud]


@pytest.fixture
def make(server) -> Make:
    """Makes accounts on the server."""

    def new(**given: object) -> Cloud:
        account = {"appid": "wx1", "secret": "hush"} if "access_token" not in given else {}
        return Cloud(
            **{"url": "http://server.example", "config": ALLOWED, **account, **given},
            transport=httpx.MockTransport(server),
            async_transport=httpx.MockTransport(server),
            clock=lambda: server.now,
            sleep=server.sleep,
            async_sleep=server.async_sleep,
        )

    return new


@pytest.fixture(params=["threaded", "asynchronous"])
def bankcard(request) -> Callable[..., object]:
    """Calls ``bankcard`` of an account, in both ways."""

    def call(account: Cloud, *args: object, **given: object) -> object:
        if request.param == "threaded":
            return account.openapi.ocr.bankcard(*args, **given)
        return asyncio.run(account.aio.openapi.ocr.bankcard(*args, **given))

    return call


def failure(bankcard, account: Cloud, **given: object) -> CloudError:
    with pytest.raises(CloudError) as caught:
        bankcard(account, **given)
    return caught.value


# What works


def test_a_url_by_its_documented_name(server, make, bankcard):
    """``type`` and ``imgUrl`` reach the server, and the result is the documented one."""
    assert DOCUMENTED == bankcard(make(), type="scan", imgUrl="https://例子.example/卡.jpg?a=1&b=2")
    assert {
        "type": "scan",
        "img_url": "https://例子.example/卡.jpg?a=1&b=2",
        "access_token": "first",
    } == server.fields()


def test_a_url_by_its_pythonic_name(server, make, bankcard):
    """``img_url`` means the same, and the type is photo unless said."""
    bankcard(make(), img_url="https://example.com/card.jpg")

    assert {"type": "photo", "img_url": "https://example.com/card.jpg", "access_token": "first"} == server.fields()


QUAD = ((10.0, 20.0), (110.0, 20.0), (110.0, 40.0), (10.0, 40.0))
SEEN = Reading(number=NUMBER, confidence=0.9, candidates=(), size=(640, 480), number_quad=QUAD, digit_quads=(QUAD,))
DATE = Field(text="12/30", confidence=0.9, quad=QUAD)
BANK = b"network unionpay | 16-19\n  62\nissuer Bank\n  620550 19 debit unionpay\n"


@pytest.mark.parametrize(
    ("reading", "table"),
    [
        (SEEN, None),
        (dataclasses.replace(SEEN, cards=(FoundCard(number=None, confidence=0.1, refusal="unreadable"),)), BANK),
        (
            dataclasses.replace(SEEN, card_quad=QUAD, valid_date=DATE, issue_date=DATE, holder_name=DATE),
            BANK + b"issuer Other\n  620550 19 credit unionpay\n",
        ),
    ],
    ids=["nothing more", "issuer", "all"],
)
def test_the_result_is_of_its_declared_type(server, make, bankcard, reading, table):
    """A result with details and pictures has the fields of BankcardResult, all of them, with values of their types."""
    made = dataclasses.replace(reading, pictures=dict.fromkeys(RETURNED, JPEG))
    server.replies = [{**OK, **details(made, Table.load(table), 0.0), **pictures(made)}]
    result = bankcard(make(), imgUrl="https://example.com/", detail=True, returns=RETURNED)
    types = get_type_hints(cloud.BankcardResult)

    assert types.keys() == result.keys()
    assert {} == {name: value for name, value in result.items() if not fits(value, types[name])}


def fits(value: object, type_: Any) -> bool:
    origin, inner = get_origin(type_), get_args(type_)
    if origin in {Union, UnionType}:
        return any(fits(value, each) for each in inner)
    if origin is list:
        return isinstance(value, list) and all(fits(each, inner[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(each, inner[1]) for each in value.values())
    return type_ is Any or type(value) is type_


def test_arguments_in_one_mapping(server, make, bankcard):
    """A function carried over from Node.js may give one object."""
    assert DOCUMENTED == bankcard(make(), {"type": "scan", "imgUrl": "https://example.com/card.jpg"})
    assert "scan" == server.fields()["type"]


def test_an_event_is_handed_on(server, make, bankcard):
    """What the platform puts into it is no argument, and a picture whose value is none leaves its address."""
    event = {"imgUrl": "https://example.com/card.jpg", "img": {"contentType": "image/png", "value": None}}
    event |= {"userInfo": {"appId": "wx1", "openId": "o"}, "tcbContext": {}}

    assert DOCUMENTED == bankcard(make(), event)
    assert "https://example.com/card.jpg" == server.fields()["img_url"]


def test_arguments_beside_a_mapping(server, make, bankcard):
    """Keywords hold for what the mapping does not say."""
    bankcard(make(), {"imgUrl": "https://example.com/card.jpg"}, type="scan", detail=True)

    assert ("scan", "1") == (server.fields()["type"], server.fields()["detail"])


@pytest.mark.parametrize(
    ("picture", "sent"),
    [
        ({"contentType": "image/png", "value": JPEG}, "img.png image/png"),
        ({"content_type": "image/webp", "value": bytearray(JPEG)}, "img.webp image/webp"),
        (JPEG, "img.bin application/octet-stream"),
        (memoryview(JPEG), "img.bin application/octet-stream"),
    ],
)
def test_a_picture_in_any_form(server, make, bankcard, picture, sent):
    """The documented mapping and bytes are sent as the part ``img``."""
    bankcard(make(), img=picture)
    body = form.parse(server.asked[-1].content, server.asked[-1].headers["content-type"])

    assert (sent, [JPEG]) == (server.fields()["img"], [part.data for part in body.parts if part.name == "img"])


def test_further_pictures_of_the_card(server, make, bankcard):
    """``img2`` to ``img8`` are parts of those names, beside a picture or its address."""
    bankcard(make(), imgUrl="https://example.com/", img2=JPEG, img8={"contentType": "image/png", "value": JPEG})

    assert {
        "type": "photo",
        "img_url": "https://example.com/",
        "access_token": "first",
        "img2": "img2.bin application/octet-stream",
        "img8": "img8.png image/png",
    } == server.fields()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"pan": "masked"}, {"pan": "masked"}),
        ({"returns": "card,number"}, {"return": "card,number"}),
        ({"returns": {"redacted", "card"}}, {"return": "card,redacted"}),
        ({"return": ["card"]}, {"return": "card"}),
        ({"returns": [], "pan": None, "img2": None, "idempotencyKey": None}, {}),
    ],
)
def test_how_the_reply_shall_be(server, make, bankcard, given, sent):
    """``pan`` and ``return`` reach the server by its names; what is empty or None is left out."""
    bankcard(make(), {"img": JPEG, **given})
    plain = {"type": "photo", "access_token": "first", "img": "img.bin application/octet-stream"}

    assert ({**plain, **sent}, None) == (server.fields(), server.asked[-1].headers.get("idempotency-key"))


@pytest.mark.parametrize("name", ["idempotencyKey", "idempotency_key"])
def test_a_call_may_have_a_key(server, make, bankcard, name):
    """The key is a header of the recognition alone, the same when the call is sent again with a new token."""
    server.replies = [{"errcode": 40001, "errmsg": "x"}, OK]
    server.tokens = [{"access_token": "first", "expires_in": 7200}, {"access_token": "second", "expires_in": 7200}]
    bankcard(make(), img=JPEG, **{name: "order-7"})

    assert [None, "order-7", None, "order-7"] == [request.headers.get("idempotency-key") for request in server.asked]


def test_an_open_file(server, make, bankcard):
    """What can be read is read."""
    assert DOCUMENTED == bankcard(make(), img=io.BytesIO(JPEG))


@pytest.mark.parametrize("kind", [Path, str, lambda path: {"value": str(path)}, lambda path: {"value": path}])
def test_a_picture_by_its_path(server, make, bankcard, tmp_path, kind):
    """A path is read, as text too, and its name tells the type."""
    (tmp_path / "卡.jpg").write_bytes(JPEG)

    bankcard(make(), img=kind(tmp_path / "卡.jpg"))

    assert "img.jpg image/jpeg" == server.fields()["img"]


def test_a_mapping_with_an_open_file(server, make, bankcard):
    """What can be read is read there, too, and the type is the one that is said."""
    bankcard(make(), img={"contentType": "image/png", "value": io.BytesIO(JPEG)})

    assert "img.png image/png" == server.fields()["img"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://example.com/card.jpg", "img is an address, give it as imgUrl"),
        ("FILE:///etc/hosts", "img is an address, give it as imgUrl"),
        ("data:image/jpeg;base64,/9j/", "img names no file; decode base64 and give the bytes"),
        (base64.b64encode(JPEG * 5_000).decode(), "img names no file; decode base64 and give the bytes"),
        ("", "img names no file; decode base64 and give the bytes"),
        ("/", "img names no file; decode base64 and give the bytes"),
        ("card\0.jpg", "img names no file; decode base64 and give the bytes"),
        ("no such card.jpg", "img names no file; decode base64 and give the bytes"),
    ],
)
def test_a_text_that_is_no_path_is_not_sent(server, make, bankcard, text, words):
    """It is -601002, says what to do instead and does not repeat the text."""
    error = failure(bankcard, make(), img=text)

    assert (-601002, f"openapi.ocr.bankcard:fail invalid request parameters: {words}", []) == (
        error.errCode,
        error.errMsg,
        server.asked,
    )


@pytest.mark.parametrize("name", ["no such card.jpg", "."])
def test_a_path_that_cannot_be_read_is_a_cloud_error(server, make, bankcard, name: str):
    """As all that is wrong with a call, not the error of the system."""
    error = failure(bankcard, make(), img=Path(name))

    assert (-601002, True, []) == (error.errCode, "img cannot be read, " in error.errMsg, server.asked)


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_any_text_is_a_path_or_a_cloud_error(text: str):
    """Whatever the SDK is given as the name of a picture."""
    with suppress(CloudError):
        assert arguments._path("img", text).is_file()


def test_details_come_in_camel_case(server, make, bankcard):
    """Names of the reply are converted, inner ones too."""
    server.replies = [
        {**OK, "valid_date": "12/30", "number_position": {"pos": {"left_top": {"x": 1, "y": 2}}}, "a_b": [{"c_d": 1}]}
    ]

    result = bankcard(make(), imgUrl="https://example.com/", detail=True)

    assert (
        {
            **DOCUMENTED,
            "validDate": "12/30",
            "numberPosition": {"pos": {"leftTop": {"x": 1, "y": 2}}},
            "aB": [{"cD": 1}],
        },
        "1",
    ) == (
        result,
        server.fields()["detail"],
    )


@pytest.mark.parametrize(
    "url",
    ["http://server.example", "http://server.example/", "http://server.example/admin", "http://server.example/admin/"],
)
def test_the_gateways_address_is_understood(server, make, bankcard, url):
    """The address that wx-server-sdk is given works here too."""
    bankcard(make(url=url), imgUrl="https://example.com/")

    assert "http://server.example/cv/ocr/bankcard" == str(server.asked[-1].url)


def test_a_server_below_a_path(server, make, bankcard):
    """A server behind a path of a load balancer is reached there."""
    bankcard(make(url="http://server.example/ocr"), imgUrl="https://example.com/")

    assert "/ocr/cv/ocr/bankcard" == server.asked[-1].url.path


def test_credentials_are_in_no_address(server, make, bankcard):
    """Token and secret are in bodies, where access logs do not have them."""
    bankcard(make(), imgUrl="https://example.com/")

    assert [b"", b""] == [request.url.query for request in server.asked]


# What fails


@pytest.mark.parametrize("config", [{}, {"permissions": {"openapi": ["ocr.idcard"]}}])
def test_without_permission_nothing_is_sent(server, make, bankcard, config):
    """A function whose config.json does not list the API is refused here, before any traffic."""
    error = failure(bankcard, make(config=config), imgUrl="https://example.com/")

    assert (-604101, []) == (error.errCode, server.asked)
    assert str(error).startswith(
        "errCode: -604101 function has no permission to call this API"
        " | errMsg: openapi.ocr.bankcard:fail function has no permission to call this API; config.json must list"
    )


def test_a_refusal_of_the_server_keeps_its_words(server, make, bankcard):
    """An errcode becomes a numeric errCode, the errmsg follows the documented beginning, and that is all of it."""
    server.replies = [{"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 1-2-3"}]

    error = failure(bankcard, make(), imgUrl="https://example.com/")
    documented = {
        "errCode": 101001,
        "errMsg": "openapi.ocr.bankcard:fail certificate not found hint: [no card found] rid: 1-2-3",
    }

    assert [documented] * 3 == [vars(error), error.to_dict(), json.loads(json.dumps(error, default=vars))]
    assert (101001, documented["errMsg"]) == (error.err_code, error.err_msg)


def test_an_error_survives_pickling():
    """Process pools hand errors on whole."""
    error = pickle.loads(pickle.dumps(CloudError(101001, "openapi.ocr.bankcard:fail x")))

    assert ({"errCode": 101001, "errMsg": "openapi.ocr.bankcard:fail x"}, True) == (
        error.to_dict(),
        isinstance(error, BankcardError),
    )


@pytest.mark.parametrize("errcode", ["oops", True, None, 1.5, 0])
def test_no_token_is_a_system_error(server, make, bankcard, errcode):
    """Whatever stands in the reply that has none."""
    server.tokens = [{"errcode": errcode, "errmsg": "x"}]

    assert -604103 == failure(bankcard, make(), imgUrl="https://example.com/").errCode


def test_a_wrong_secret_is_said(server, make, bankcard):
    """The refusal of the token endpoint is the call's."""
    server.tokens = [{"errcode": 40125, "errmsg": "invalid appsecret rid: 1-2-3"}]

    assert {"errCode": 40125, "errMsg": "openapi.ocr.bankcard:fail invalid appsecret rid: 1-2-3"} == failure(
        bankcard, make(), imgUrl="https://example.com/"
    ).to_dict()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"imgURL": "https://example.com/"}, "there is no parameter imgURL"),
        ({"imgUrl": 7}, "type, imgUrl, pan and return are texts"),
        ({"type": 1}, "type, imgUrl, pan and return are texts"),
        ({"img": {"contentType": "image/png"}}, "img is {contentType, value}, bytes, a path or an open file"),
        ({"img": {"contentType": 1, "value": JPEG}}, "img is {contentType, value}, bytes, a path or an open file"),
        ({"pan": 6}, "type, imgUrl, pan and return are texts"),
        ({"return": {"card": True}}, "type, imgUrl, pan and return are texts"),
        ({"returns": ["card", 1]}, "type, imgUrl, pan and return are texts"),
        ({"img9": JPEG}, "there is no parameter img9"),
        ({"img8": 8}, "img8 is {contentType, value}, bytes, a path or an open file"),
        ({"idempotencyKey": ""}, "idempotencyKey is a text of 1 to 255 visible ASCII characters"),
        ({"idempotency_key": 7}, "idempotencyKey is a text of 1 to 255 visible ASCII characters"),
        ({"idempotency_key": "order 7"}, "idempotencyKey is a text of 1 to 255 visible ASCII characters"),
        ({"idempotency_key": "k" * 256}, "idempotencyKey is a text of 1 to 255 visible ASCII characters"),
        ({"img": io.StringIO("text")}, "img is {contentType, value}, bytes, a path or an open file"),
    ],
)
def test_bad_arguments_are_not_sent(server, make, bankcard, given, words):
    """What the call cannot mean is -601002, with the reason."""
    with pytest.raises(CloudError) as caught:
        bankcard(make(), given)

    assert (-601002, f"openapi.ocr.bankcard:fail invalid request parameters: {words}", []) == (
        caught.value.errCode,
        caught.value.errMsg,
        server.asked,
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ReadTimeout("x"), -604102),
        (httpx.WriteTimeout("x"), -604102),
        (httpx.ReadError("x"), -604103),
        (httpx.RemoteProtocolError("x"), -604103),
    ],
)
def test_what_may_have_been_served_is_not_sent_again(server, make, bankcard, error, code):
    """A call that broke off after it was sent may have been charged: it fails at once."""
    server.replies = [error, OK]

    assert (code, ["stable_token", "bankcard"]) == (
        failure(bankcard, make(), imgUrl="https://example.com/").errCode,
        server.paths(),
    )


@pytest.mark.parametrize(
    "reply",
    [
        Raw(status_code=502, text="<html>Bad Gateway"),
        Raw(status_code=200, text=""),
        Raw(status_code=200, json=[]),
        Raw(status_code=200, json={"errcode": "none"}),
        Raw(status_code=200, json={"number": NUMBER}),
        Raw(status_code=200, json={"errcode": True}),
    ],
)
def test_what_is_no_reply_is_a_system_error(server, make, bankcard, reply):
    """A page of a proxy, or a reply whose errcode is no number, is -604103."""
    server.replies = [reply]

    assert -604103 == failure(bankcard, make(), imgUrl="https://example.com/").errCode


@pytest.mark.parametrize("side", ["openapi", "aio.openapi"])
@pytest.mark.parametrize("name", ["ocr.idcard", "security.msgSecCheck"])
def test_other_apis_are_not_found(server, make, side, name):
    """As in Node.js, to call one is -604100, and nothing is sent."""
    with pytest.raises(CloudError) as caught:
        attrgetter(f"{side}.{name}")(make())(imgUrl="https://example.com/")

    assert (-604100, f"openapi.{name}:fail API not found", []) == (
        caught.value.errCode,
        caught.value.errMsg,
        server.asked,
    )


def test_what_python_asks_of_objects_is_no_api():
    """Names that begin with an underscore are not there."""
    assert [False] * 3 == [hasattr(each, "_x") for each in (cloud.openapi, cloud.openapi.ocr, cloud.openapi.ocr.idcard)]


# Sent again


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")])
def test_what_cannot_have_been_served_is_sent_again(server, make, bankcard, error):
    """No connection came about: the call is tried three times, further and further apart."""
    server.replies = [error, error, OK]

    assert (DOCUMENTED, [0.1, 0.2]) == (bankcard(make(), imgUrl="https://example.com/"), server.slept)


def test_three_times_are_the_most(server, make, bankcard):
    """A server that is away is -604103 after three tries."""
    server.tokens = [httpx.ConnectError("x")]

    assert (-604103, 3) == (failure(bankcard, make(), imgUrl="https://example.com/").errCode, len(server.asked))


def test_where_no_server_is_is_said(bankcard):
    """The address that no connection came to, without the password that may stand in it."""
    with Cloud("http://me:hush@127.0.0.1:1/admin?key=hush", access_token="t", config=ALLOWED) as account:
        told = failure(bankcard, account, img=b"x").errMsg

        assert "call open API system error: no connection to http://127.0.0.1:1 (" in told
        assert ("Cloud('http://127.0.0.1:1/')", False) == (repr(account), "hush" in told)


BUSY = Raw(status_code=200, json={"errcode": -1, "errmsg": "system error hint: [busy]"}, headers={"retry-after": "2"})


def test_a_busy_server_is_asked_again_when_it_says(server, make, bankcard):
    """Busy charges nothing: the call waits as long as the server says."""
    server.replies = [BUSY, OK]

    assert (DOCUMENTED, [2.0]) == (bankcard(make(), imgUrl="https://example.com/"), server.slept)


def test_a_server_that_stays_busy_is_an_error(server, make, bankcard):
    """After three tries the server's own words are the failure."""
    server.replies = [BUSY]

    assert {"errCode": -1, "errMsg": "openapi.ocr.bankcard:fail system error hint: [busy]"} == failure(
        bankcard, make(), imgUrl="https://example.com/"
    ).to_dict()


def test_waiting_ends_with_the_time(server, make, bankcard):
    """A call does not wait beyond its time-out."""
    server.replies = [BUSY]

    failure(bankcard, make(timeout_s=1.5), imgUrl="https://example.com/")

    assert [] == server.slept


def test_another_system_error_is_not_sent_again(server, make, bankcard):
    """-1 without Retry-After is the server's fault, not its load."""
    server.replies = [{"errcode": -1, "errmsg": "system error"}, OK]

    assert -1 == failure(bankcard, make(), imgUrl="https://example.com/").errCode


def test_no_time_left_is_a_timeout(server, make, bankcard):
    """A call without time sends nothing."""
    assert (-604102, []) == (
        failure(bankcard, make(timeout_s=0.0), imgUrl="https://example.com/").errCode,
        server.asked,
    )


# Tokens


def test_a_token_is_kept(server, make, bankcard):
    """Calls share one token while it lives."""
    account = make()
    bankcard(account, imgUrl="https://example.com/")
    bankcard(account, imgUrl="https://example.com/")

    assert ["stable_token", "bankcard", "bankcard"] == server.paths()
    assert {"grant_type": "client_credential", "appid": "wx1", "secret": "hush"} == json.loads(server.asked[0].content)


@pytest.mark.parametrize(("age_s", "fetched"), [(7139.0, 1), (7140.0, 2)])
def test_a_token_is_renewed_before_it_expires(server, make, bankcard, age_s, fetched):
    """In its last minute a token is fetched anew."""
    account = make()
    bankcard(account, imgUrl="https://example.com/")
    server.now += age_s
    bankcard(account, imgUrl="https://example.com/")

    assert fetched == server.paths().count("stable_token")


@pytest.mark.parametrize("errcode", [40001, 42001, "40001"])
def test_a_refused_token_is_fetched_anew_once(server, make, bankcard, errcode):
    """A token the server does not take any more is replaced, and the call sent again."""
    server.tokens += [{"access_token": "second", "expires_in": 7200}]
    server.replies = [{"errcode": errcode, "errmsg": "x"}, OK]

    assert DOCUMENTED == bankcard(make(), imgUrl="https://example.com/")
    assert ["stable_token", "bankcard", "stable_token", "bankcard"] == server.paths()
    assert "second" == server.fields()["access_token"]


def test_a_server_may_write_the_code_as_a_text(server, make, bankcard):
    """Its setting ``errcode_style`` does so: what was read is read, what failed has its number."""
    server.replies = [{**OK, "errcode": "0"}, {"errcode": "101001", "errmsg": "x"}]
    account = make()

    assert DOCUMENTED == bankcard(account, imgUrl="https://example.com/")
    assert 101001 == failure(bankcard, account, imgUrl="https://example.com/").errCode


@pytest.mark.parametrize(
    "given", [{"imgUrl": "https://example.com/\ud83d"}, {"type": "\udfff", "imgUrl": "https://a/"}]
)
def test_half_a_character_is_told(server, make, bankcard, given):
    """A lone surrogate cannot be sent; nothing is."""
    assert cloudcodes.BAD_ARGUMENTS == failure(bankcard, make(), **given).errCode
    assert server.asked == []


@pytest.mark.parametrize("errcode", [40001, 42001])
def test_a_token_refused_twice_is_an_error(server, make, bankcard, errcode):
    """There is one renewal, not a loop."""
    server.replies = [{"errcode": errcode, "errmsg": "x"}]

    assert (errcode, 4) == (failure(bankcard, make(), imgUrl="https://example.com/").errCode, len(server.asked))


def test_40014_is_not_refreshed(server, make, bankcard):
    """Other codes of tokens are errors at once."""
    server.replies = [{"errcode": 40014, "errmsg": "x"}, OK]

    assert 40014 == failure(bankcard, make(), imgUrl="https://example.com/").errCode


def test_a_given_token_is_used_as_it_is(server, make, bankcard):
    """With an access_token and no secret, none is ever fetched."""
    server.replies = [{"errcode": 42001, "errmsg": "x"}]

    assert 42001 == failure(bankcard, make(access_token="given"), imgUrl="https://example.com/").errCode
    assert (["bankcard"], "given") == (server.paths(), server.fields()["access_token"])


# init


@pytest.fixture
def uninitialized(monkeypatch):
    monkeypatch.setattr(cloud, "_default", None)


def test_a_call_before_init_says_so(uninitialized, bankcard):
    """The documented error of a forgotten init."""
    error = failure(bankcard, cloud, imgUrl="https://example.com/")

    assert "openapi.ocr.bankcard:fail Cloud API isn't enabled, please call init first" == error.errMsg


def test_init_sets_the_account(uninitialized, bankcard):
    """After init, ``cloud.openapi`` and ``cloud.aio`` are the account's: here one that may call nothing."""
    with cloud.init("http://server.example", access_token="given", config={}):
        error = failure(bankcard, cloud, imgUrl="https://example.com/")

    assert -604101 == error.errCode


def test_init_again_ends_no_call_at_work(uninitialized, server, monkeypatch, bankcard):
    """It keeps the account that it was begun with: here one whose token is just being fetched."""

    def answer(request: httpx.Request) -> httpx.Response:
        cloud.init("http://other.example", access_token="given", config={})
        return server(request)

    transport = httpx.MockTransport(answer)
    first = Cloud(
        "http://server.example",
        appid="wx1",
        secret="hush",
        config=ALLOWED,
        transport=transport,
        async_transport=transport,
    )
    monkeypatch.setattr(cloud, "_default", first)

    assert DOCUMENTED == bankcard(cloud, imgUrl="https://example.com/")
    assert ["stable_token", "bankcard"] == server.paths()


def test_an_account_that_nobody_uses_any_more_gives_its_connections_back(uninitialized):
    """Such as one that another init has replaced."""
    client = cloud.init("http://server.example", access_token="given", config={})._client
    before = client.is_closed
    cloud.init("http://other.example", access_token="given", config={})
    gc.collect()

    assert (False, True) == (before, client.is_closed)


def test_a_fork_has_connections_of_its_own(monkeypatch, make):
    """Over its parent's it would get the answers that others asked for: a child of gunicorn --preload, for instance."""
    account = make()
    parents = account._client
    monkeypatch.setattr(cloud.os, "getpid", lambda: -1)
    account.openapi.ocr.bankcard(imgUrl="https://example.com/")
    childs = account._client
    account.openapi.ocr.bankcard(imgUrl="https://example.com/")

    assert (False, True) == (childs is parents, childs is account._client)
    assert (False, False) == (parents.is_closed, childs.is_closed)


def test_a_closed_account_says_so(server, make):
    """By the error that every call has, and nothing is sent."""
    account = make()
    account.close()
    with pytest.raises(CloudError, match="the account was closed"):
        account.openapi.ocr.bankcard(imgUrl="https://example.com/")

    assert [] == server.asked


def test_init_reads_the_environment(uninitialized):
    """What is not given comes from variables."""
    variables = {
        "BANKCARD_CLOUD_URL": "http://server.example",
        "BANKCARD_CLOUD_APPID": "wx1",
        "BANKCARD_CLOUD_SECRET": "hush",
    }

    with cloud.init(environment=variables, config=ALLOWED) as account:
        assert ("Cloud('http://server.example/')", ("wx1", "hush")) == (repr(account), account._account)


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://server.example"},
        {"url": "http://server.example", "appid": "wx1"},
        {"url": "", "access_token": "given"},
        {"url": "server.example:8080", "access_token": "given"},
        {"url": "ftp://server.example", "access_token": "given"},
        {"url": "http://server.example:port", "access_token": "given"},
        {"url": "http://server.example", "access_token": "given", "config": "no-such-file.json"},
        {"url": "https://server.example", "access_token": "given", "ca_file": "no-such-file.pem"},
        {"url": "https://server.example", "access_token": "given", "ca_file": __file__},
        {"url": "http://server.example", "access_token": "given", "config": {"permissions": []}},
    ],
)
def test_wrong_settings_are_refused(uninitialized, given):
    """An account that cannot work is refused by init, not by the first call."""
    with pytest.raises(SettingsError):
        cloud.init(**given, environment={})


def test_the_functions_own_config_is_read(monkeypatch, tmp_path, server, make, bankcard):
    """Without another, the config.json of the current folder counts."""
    (tmp_path / "config.json").write_text(json.dumps(ALLOWED))
    monkeypatch.chdir(tmp_path)

    assert DOCUMENTED == bankcard(make(config=None), imgUrl="https://example.com/")


def test_the_programs_config_is_read(tmp_path):
    """Else the config.json beside the program counts, wherever it is started."""
    (tmp_path / "config.json").write_text(json.dumps(ALLOWED))
    program = tmp_path / "index.py"
    program.write_text("from bankcard_ocr import cloud; print(cloud.init('http://x', access_token='t')._permissions)")

    assert (
        "('ocr.bankcard',)\n"
        == subprocess.run([sys.executable, program], cwd="/", capture_output=True, text=True, check=True).stdout
    )


def test_without_any_config_nothing_is_permitted(monkeypatch, tmp_path, make, bankcard):
    """A function without config.json may call nothing, as on the platform, and is told where it was looked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    error = failure(bankcard, make(config=None), imgUrl="https://example.com/")

    assert (-604101, True) == (
        error.errCode,
        "; there is no config.json in the current folder, beside the program or in init(config=…)" in error.errMsg,
    )


def test_a_path_to_config(tmp_path, make, bankcard):
    """A config.json elsewhere is named."""
    (tmp_path / "other.json").write_text(json.dumps(ALLOWED))

    assert DOCUMENTED == bankcard(make(config=tmp_path / "other.json"), imgUrl="https://example.com/")


def test_it_needs_no_pixels():
    """The SDK runs where numpy, OpenCV, the inference runtime and the server's libraries are not installed."""
    program = """
import sys
for name in ("numpy", "cv2", "onnxruntime", "starlette", "google.protobuf", "structlog", "typer"):
    sys.modules[name] = None
from bankcard_ocr import cloud
try:
    cloud.Cloud("http://127.0.0.1:9", access_token="t", config={}).openapi.ocr.bankcard(imgUrl="http://x/")
except cloud.CloudError as error:
    print(error.errCode)
"""

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ("-604101\n", "") == (result.stdout, result.stderr)


def test_a_real_socket_works_both_ways(bankcard):
    """With its own transports, the account reaches a real server."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            body = json.dumps(OK if sent["access_token"] == ["given"] else {"errcode": 40001}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with Cloud(f"http://127.0.0.1:{http.server_port}", access_token="given", config=ALLOWED) as account:
            result = bankcard(account, imgUrl="https://example.com/")
        http.shutdown()
        thread.join()

    assert DOCUMENTED == result
