"""The gateway for npm's wx-server-sdk: what it sends, what a stranger may send instead."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wx_server_sdk import decode_reply, encode_arguments

from bankcard_ocr.errors import BankcardError, Busy, CallError, StateError
from bankcard_ocr.platform import cloudcall, cloudcodes, commapi, sources, wire
from bankcard_ocr.platform.form import Part
from bankcard_ocr.platform.wire import Reply, Request

RID = "64dd8e12-0eb37d04-36a66358"
JPEG = b"\xff\xd8\xff\xe0picture"
NUMBER = "6205500000000000004"


@dataclass
class Platform:
    """A platform that knows one token, and keeps what it was asked."""

    allowed: tuple[str, ...] = ("ocr.bankcard",)
    reply: Reply = field(default_factory=lambda: wire.ok(RID, number=NUMBER, id=NUMBER))
    fault: Exception | None = None
    asked: list[Request] = field(default_factory=list)
    refused: list[BankcardError] = field(default_factory=list)
    causes: list[Exception | None] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.reply if request.access_token() == "good" else wire.refusal(CallError(40001, ""), RID)

    def refuse(self, request: Request, error: BankcardError, *, because: Exception | None = None) -> Reply:
        self.refused.append(error)
        self.causes.append(because)
        return wire.refusal(error, RID, client_ip=request.client_ip)

    def permissions(self, access_token: str) -> tuple[str, ...]:
        if self.fault:
            raise self.fault
        if access_token != "good":
            raise CallError(40001, "unknown token")
        return self.allowed


def post(request_data: bytes = b"", **fields: str) -> Request:
    """The request of the SDK: parts without filenames."""
    texts = {"action": "wx.openApi", "apiName": "ocr.bankcard", "wxCloudApiToken": "good", "envName": "e", **fields}
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in [*((name, text.encode()) for name, text in texts.items()), ("requestData", request_data)]
    )
    return wire.request(
        method="POST",
        path="/admin",
        query=b"env=e&seqId=1",
        headers={"content-type": "multipart/form-data; boundary=b"},
        body=parts + b"--b--\r\n",
        client_ip="192.0.2.7",
    )


def picture(name: str = "img", filename: str = "img.jpg") -> Part:
    return Part(name=name, filename=filename, content_type="", data=JPEG)


def outcome(request: Request, platform: Platform) -> tuple[int, dict[str, object]]:
    """(error_code, JSON of the endpoint) of the answer."""
    error_code, content = decode_reply(cloudcall.answer(request, platform).content)
    return error_code, json.loads(content or b"{}")


URL = {"type": "photo", "img_url": 'https://例子.example/卡.jpg?a="b"'}


def test_a_url_is_handed_on():
    """JSON texts lose their quotes and reach the endpoint as its parameters, the token with them."""
    platform = Platform()

    error_code, reply = outcome(post(encode_arguments(URL)), platform)

    assert (0, {"errcode": 0, "errmsg": "ok", "number": NUMBER, "id": NUMBER}) == (error_code, reply)
    assert {**URL, "access_token": "good"} == platform.asked[0].query
    assert ("/cv/ocr/bankcard", "POST", "192.0.2.7") == (
        platform.asked[0].path,
        platform.asked[0].method,
        platform.asked[0].client_ip,
    )


def test_a_call_that_is_over_is_over_for_the_endpoint_too():
    """So that it charges nothing which nobody gets."""
    platform, request = Platform(), post(encode_arguments(URL))
    request.is_over.set()
    outcome(request, platform)

    assert platform.asked[0].is_over.is_set()


def test_a_call_that_is_sent_again_is_known_by_its_header():
    """``Idempotency-Key`` reaches the endpoint, which else would charge each of them."""
    platform, request = Platform(), post(encode_arguments(URL))
    outcome(replace(request, headers={**request.headers, "idempotency-key": "order-1"}), platform)

    assert "order-1" == platform.asked[0].headers["idempotency-key"]


def test_a_picture_is_known_by_its_filename():
    """A pair with a filename is the picture, though its content type is never filled in."""
    platform = Platform()

    outcome(post(encode_arguments({"type": "scan"}, (picture(),))), platform)

    assert (JPEG, "scan") == (sources.picture(platform.asked[0]).data, wire.options(platform.asked[0]).type)


def test_numbers_and_truth_are_handed_on():
    """``detail: true`` and ``detail: 1`` ask for details, null asks for nothing."""
    platform = Platform()
    outcome(post(encode_arguments({"detail": True, "type": None})), platform)
    outcome(post(encode_arguments({"detail": 1})), platform)

    assert [True, True] == [wire.wants_detail(request) for request in platform.asked]
    assert {"detail": "true", "access_token": "good"} == platform.asked[0].query


def test_the_answers_content_type_is_none_of_an_error():
    """The SDK takes exactly ``application/json; charset=utf-8`` for an error on the way."""
    assert "application/octet-stream" == cloudcall.answer(post(encode_arguments(URL)), Platform()).content_type


def test_the_inner_content_type_is_json():
    """Without it the SDK hands the function a buffer."""
    content = cloudcall.answer(post(encode_arguments(URL)), Platform()).content

    assert "application/json" in commapi.CommOpenApiResp.FromString(content).content_type


def test_the_token_may_have_its_other_name():
    """Without wxCloudApiToken, wxCloudbaseAccesstoken counts."""
    platform = Platform()
    fields = {"wxCloudApiToken": "", "wxCloudbaseAccesstoken": "good"}

    assert 0 == outcome(post(encode_arguments(URL), **fields), platform)[1]["errcode"]


def test_arguments_cannot_set_the_token():
    """A token among the function's arguments is no credential."""
    platform = Platform()

    outcome(post(encode_arguments({"cloudbase_access_token": "good"}), wxCloudApiToken="bad"), platform)

    assert "bad" == platform.asked[0].access_token()


def test_a_refused_token_is_said_by_the_endpoint():
    """An unknown token gives the endpoint's own JSON, 40001."""
    error_code, reply = outcome(post(encode_arguments(URL), wxCloudApiToken="bad"), Platform())

    assert (0, 40001) == (error_code, reply["errcode"])


def test_errors_of_the_endpoint_are_its_own_json():
    """A picture without a card gives 101001 inside, with hint and rid."""
    platform = Platform(reply=wire.refusal(CallError(101001, "no card found"), RID))

    assert (0, {"errcode": 101001, "errmsg": f"certificate not found hint: [no card found] rid: {RID}"}) == outcome(
        post(encode_arguments(URL)), platform
    )


NO_PAIRS = encode_arguments({})


@pytest.mark.parametrize(
    ("platform", "request_data", "fields", "code"),
    [
        (Platform(allowed=()), NO_PAIRS, {}, cloudcodes.NO_PERMISSION),
        (Platform(allowed=("ocr.idcard", "OCR.BANKCARD")), NO_PAIRS, {}, cloudcodes.NO_PERMISSION),
        (Platform(), NO_PAIRS, {"apiName": "security.msgSecCheck"}, cloudcodes.NOT_FOUND),
        (Platform(), NO_PAIRS, {"apiName": ""}, cloudcodes.NOT_FOUND),
        (Platform(), NO_PAIRS, {"wxCloudApiToken": ""}, cloudcodes.ILLEGAL_SOURCE),
        (Platform(fault=StateError("away")), NO_PAIRS, {}, cloudcodes.SYSTEM_ERROR),
        (Platform(), b"\xff", {}, cloudcodes.BAD_ARGUMENTS),
        (Platform(), b"\x08\x01", {}, cloudcodes.BAD_ARGUMENTS),
    ],
)
def test_refusals_of_the_cloud_call(platform, request_data, fields, code):
    """What is wrong with the cloud call itself is an error_code, and the endpoint is not asked."""
    assert ((code, {}), []) == (outcome(post(request_data, **fields), platform), platform.asked)


def test_refusals_are_told_to_the_log():
    """The platform hears why a cloud call was refused, and its rid goes back."""
    platform = Platform(allowed=())

    answer = cloudcall.answer(post(NO_PAIRS), platform)

    assert (RID, ["ocr.bankcard is not in the permissions of the app's config.json"]) == (
        answer.rid,
        [error.cause for error in platform.refused],
    )


@pytest.mark.parametrize("fault", [RuntimeError("unforeseen"), StateError("away")])
def test_a_fault_of_ours_is_told_to_the_log(fault):
    """What nobody foresaw reaches the platform with its traceback; the caller learns its kind alone."""
    platform = Platform(fault=fault)

    assert ((cloudcodes.SYSTEM_ERROR, {}), [fault]) == (outcome(post(NO_PAIRS), platform), platform.causes)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (post(NO_PAIRS, action="database.queryDocument"), "INVALID_ACTION"),
        (replace(post(NO_PAIRS), method="GET"), "INVALID_PARAM"),
        (wire.request(method="POST", path="/admin", body=b"{}"), "INVALID_PARAM"),
        (wire.request(method="POST", path="/admin", body=b'{"action": "database.getDocument"}'), "INVALID_ACTION"),
        (wire.request(method="POST", path="/admin"), "INVALID_PARAM"),
    ],
)
def test_what_is_no_cloud_call_is_an_error_on_the_way(request_, code):
    """Other requests get the JSON that the SDK takes for a transport error."""
    answer = cloudcall.answer(request_, Platform())

    assert ("application/json; charset=utf-8", code, RID) == (
        answer.content_type,
        json.loads(answer.content)["code"],
        json.loads(answer.content)["requestId"],
    )


def test_busy_is_an_error_on_the_way():
    """At capacity the SDK throws -501003, and other clients see when to come again."""
    answer = cloudcall.wrapped(wire.refusal(Busy(retry_after_s=2), RID))

    assert ("EXCEED_REQUEST_LIMIT", 2) == (json.loads(answer.content)["code"], answer.retry_after_s)


@pytest.mark.parametrize("code", list(cloudcodes.MESSAGES))
def test_every_code_can_be_wrapped(code):
    """Each code of the cloud call becomes an error_code."""
    assert code == decode_reply(cloudcall.wrapped(wire.refusal(CallError(code), RID)).content)[0]


def pair(value: bytes, **fields: str) -> bytes:
    message = commapi.CommApiData(openapi_data={"pairs": [{"key": "type", "value": value} | fields]})
    return message.SerializeToString()


@pytest.mark.parametrize(
    "request_data",
    [
        pytest.param(pair(b"photo"), id="text without quotes"),
        pytest.param(pair(b'"photo'), id="half a text"),
        pytest.param(pair(b""), id="nothing"),
        pytest.param(pair(b"\xff\xfe\xff"), id="not UTF-8"),
        pytest.param(pair(b"{}"), id="an object"),
        pytest.param(pair(b"[" * 60_000), id="deep JSON"),
        pytest.param(pair(b"9" * 60_000), id="a very long number"),
        pytest.param(pair(b'"' + b"x" * commapi.MAX_TEXT_BYTES + b'"'), id="a very long text"),
        pytest.param(encode_arguments({"type": "photo"})[:-1], id="cut short"),
        pytest.param(b"\x12\xff\xff\xff\xff\x07", id="a length of 2 GiB"),
        pytest.param(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="a negative length"),
        pytest.param(b"\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", id="a length without end"),
        pytest.param(b"\x0b" * 100_000, id="groups without end"),
        pytest.param(b"\x0b" * 200 + b"\x0c" * 200, id="deep groups"),
        pytest.param(b"\x00\x00", id="field number 0"),
        pytest.param(b"\x32\x01\xff", id="an appid that is not UTF-8"),
        pytest.param(b"\x12\x04\x0a\x02\x0a\xff", id="a pair longer than its list"),
        pytest.param(b"\x08\x01", id="another type of API"),
        pytest.param(encode_arguments({str(i): 1 for i in range(commapi.MAX_PAIRS + 1)}), id="too many"),
    ],
)
def test_hostile_messages_are_bad_arguments(request_data):
    """Whatever requestData is, the answer is -601002."""
    platform = Platform()

    assert ((cloudcodes.BAD_ARGUMENTS, {}), []) == (outcome(post(request_data), platform), platform.asked)


BUFFER = b'{"type":"Buffer","data":[255,216,255]}'


@pytest.mark.parametrize("name", ["img", "img2", "img8"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(BUFFER, id="a Buffer"),
        pytest.param(b'{"value":%s}' % BUFFER, id="a Buffer without its type"),
        pytest.param(b"{" + b"[" * 3_000_000, id="megabytes that are not read"),
    ],
)
def test_a_picture_as_json_is_told(name, value):
    """What the SDK makes of a picture without contentType is the endpoint's 41005, whose words say what to give."""
    platform = Platform()
    error_code, reply = outcome(post(pair(value, key=name)), platform)

    assert (0, 41005, []) == (error_code, reply["errcode"], platform.asked)
    assert "hint: [img came as JSON, give it as {contentType, value: Buffer}]" in reply["errmsg"]


@pytest.mark.parametrize("name", ["img_url", "type"])
def test_other_objects_are_bad_arguments(name):
    """Only a picture may come so by mistake."""
    assert (cloudcodes.BAD_ARGUMENTS, {}) == outcome(post(pair(BUFFER, key=name)), Platform())


@pytest.mark.parametrize("value", [b'{"appId":"wx","openId":"o"}', b"[1]", b"no JSON", b'"' + b"x" * 70_000 + b'"'])
def test_what_is_no_parameter_may_be_anything(value):
    """A function hands on its event as it came, with what the platform put into it."""
    message = pair(b'"scan"') + pair(value, key="userInfo")

    assert {"type": "scan"} == commapi.arguments(message).plain


@pytest.mark.parametrize("value", [b"{}", b'{"contentType":"image/png"}', b'{ "contentType" : null }', b"null"])
def test_a_picture_that_was_left_out_leaves_its_address(value):
    """With its value undefined the SDK sends the rest of the object, which is no picture."""
    message = pair(b'"https://example.com/card.jpg"', key="img_url") + pair(value, key="img")

    assert {"img_url": "https://example.com/card.jpg"} == commapi.arguments(message).plain


@pytest.mark.parametrize(
    ("outer", "inner", "is_read"),
    [(1, 1023, True), (1, 1024, False), (512, 512, True), (512, 513, False), (1025, 0, False)],
)
def test_fields_are_counted_before_they_are_made(outer: int, inner: int, is_read: bool, monkeypatch):
    """Of 22 MB of pairs of two bytes each the objects would fill a gigabyte."""
    monkeypatch.setattr(commapi, "MAX_PAIRS", 10_000)
    lists = [b"\x0a\x00" * (inner // outer + (place < inner % outer)) for place in range(outer)]
    message = b"".join(b"\x12" + encoded(len(each)) + each for each in lists)
    told = outcome(post(message), Platform())

    assert is_read == (told[0] != cloudcodes.BAD_ARGUMENTS)


def test_a_message_of_millions_of_fields_is_refused_at_once():
    """Without a look at more of them than are allowed."""
    bomb = b"\x0a\x00" * 1_000_000
    looked: list[object] = []
    fields = commapi._fields
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(commapi, "_fields", lambda *span: (looked.append(each) or each for each in fields(*span)))
        told = outcome(post(b"\x12" + encoded(len(bomb)) + bomb), Platform())

    assert (cloudcodes.BAD_ARGUMENTS, True) == (told[0], len(looked) <= commapi.MAX_FIELDS + 1)


def encoded(number: int) -> bytes:
    """``number`` as protobuf writes a length."""
    groups = [number >> 7 * place & 0x7F for place in range(max(1, -(-number.bit_length() // 7)))]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


@pytest.mark.parametrize(
    "request_data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x12\x00", id="no pairs"),
        pytest.param(b"\x10\x07", id="pairs of another wire type"),
        pytest.param(b"\x15\x00\x00\x00\x00", id="pairs as a fixed number"),
        pytest.param(b"\xfa\x07\x03abc", id="an unknown field"),
    ],
)
def test_messages_without_arguments_are_calls_without_a_picture(request_data):
    """What protobuf lets pass as empty reaches the endpoint, which says what is missing."""
    assert ({}, ()) == (
        commapi.arguments(request_data).plain,
        commapi.arguments(request_data).pictures,
    )


def test_the_most_pairs_are_allowed():
    """As many pairs as the limit says are read."""
    given_ = {str(i): i for i in range(commapi.MAX_PAIRS)}

    assert given_ == commapi.arguments(encode_arguments(given_)).plain


@given(
    st.binary(max_size=200)
    | st.builds(lambda name, value: pair(value, key=name), st.sampled_from(["img", "type"]), st.binary(max_size=50))
)
@example(b"\x12\x04\x0a\x02\x12\x00")
@example(pair(BUFFER, key="img"))
def test_any_bytes_are_arguments_or_refused(request_data):
    """No message does anything but give arguments, -601002, or 41005 of a picture as JSON."""
    platform = Platform()

    error_code, reply = outcome(post(request_data), platform)

    assert (error_code, reply.get("errcode"), len(platform.asked)) in {
        (0, 0, 1),
        (0, 41005, 0),
        (cloudcodes.BAD_ARGUMENTS, None, 0),
    }


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "multipart/form-data; boundary=b", "application/json", "multipart/form-data", "image/jpeg"]),
    st.sampled_from(["POST", "GET", "PUT"]),
)
@example(b'--b\r\nContent-Disposition: form-data; name="action"\r\n\r\nwx.openApi\r\n--b--', "", "POST")
def test_any_request_is_answered(body, content_type, method):
    """Whatever is sent to the gateway, an answer with a request id comes back."""
    request = wire.request(method=method, path="/admin", headers={"content-type": content_type}, body=body)

    assert RID == cloudcall.answer(request, Platform()).rid


SCALARS = st.one_of(
    st.text(max_size=50), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.dictionaries(st.text(max_size=20), SCALARS, max_size=8), st.lists(st.binary(max_size=50), max_size=4))
def test_arguments_survive_the_wire(plain, pictures):
    """What is encoded is decoded again."""
    parts = tuple(Part(name="img", filename="img.png", content_type="", data=data) for data in pictures)

    assert commapi.Arguments(plain=plain, pictures=parts) == commapi.arguments(encode_arguments(plain, parts))


@given(st.binary(max_size=300))
def test_replies_survive_the_wire(content):
    """The endpoint's JSON arrives byte for byte."""
    assert (0, content) == decode_reply(commapi.encode_reply(content))
