"""Parameters in, JSON out."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import (
    BankcardError,
    Busy,
    CallError,
    FetchError,
    NoCardFound,
    NotAPicture,
    NumberUnreadable,
    PictureTooLarge,
    StateError,
)
from bankcard_ocr.numbers import luhn
from bankcard_ocr.numbers.masking import masked
from bankcard_ocr.platform import form, sources, wire
from bankcard_ocr.platform.sources import PictureSource

RID = "64dd8e12-0eb37d04-36a66358"
JPEG = b"\xff\xd8\xff\xe0picture"
BASE64_JPEG = b"\xff\xd8\xff\xfb\xef\xbe\xff\xff1"
JPEG_BASE64 = base64.b64encode(BASE64_JPEG).decode()  # with every character that goes wrong: + / =
PNG = b"\x89PNG\r\n\x1a\n"


def request(query: bytes = b"", body: bytes = b"", content_type: str = "", method: str = "POST") -> wire.Request:
    headers = {"content-type": content_type}
    return wire.request(method=method, path="/cv/ocr/bankcard", query=query, headers=headers, body=body)


def multipart(*parts: tuple[str, bytes]) -> bytes:
    return (
        b"".join(b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (d.encode(), v) for d, v in parts)
        + b"--b--"
    )


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "code", "hint"),
        [
            (NotAPicture("truncated"), 101002, "truncated"),
            (PictureTooLarge(got=3, limit=2, unit="bytes"), 101002, "size: over 2 bytes"),
            (NoCardFound(), 101001, "no card found"),
            (NumberUnreadable(digits=(7, 8, 9)), 101001, "number unreadable: digits 7-9 uncertain"),
            (FetchError("dns", "no such host"), 101000, "dns: no such host"),
            (CallError(41005, "neither"), 41005, "neither"),
            (CallError(41001), 41001, ""),
            (Busy(), -1, "busy"),
            (StateError("no way to redis://host"), -1, "the state store is unavailable"),
            (BankcardError("number 6200000000000005"), -1, "number 620000******0005"),
            (ZeroDivisionError("6200000000000005"), -1, "internal error, the server's log has it"),
            (MemoryError(), -1, "internal error, the server's log has it"),
        ],
    )
    def test_each_error_has_its_code_and_hint(self, error: Exception, code: int, hint: str):
        """The class decides the code, the error's own cause the hint."""
        assert (code, hint) == (wire.errcode(error), wire.hint(error))

    def test_a_refusal_has_message_hint_and_rid(self):
        """The errmsg is the platform's text, then the hint, then the request id."""
        assert {
            "errcode": 101001,
            "errmsg": f"certificate not found hint: [no card found] rid: {RID}",
        } == wire.refusal(NoCardFound(), RID).body

    def test_without_a_cause_there_is_no_hint(self):
        """An error that says it all has message and rid only."""
        assert f"access_token missing rid: {RID}" == wire.refusal(CallError(41001), RID).body["errmsg"]

    @pytest.mark.parametrize(
        ("client_ip", "text"),
        [
            ("116.25.45.231", "invalid ip 116.25.45.231 ipv6 ::ffff:116.25.45.231, not in whitelist"),
            ("2001:db8::1", "invalid ip 2001:db8::1 ipv6 2001:db8::1, not in whitelist"),
        ],
    )
    def test_a_refused_address_is_named(self, client_ip: str, text: str):
        """40164 names the caller's address in both notations."""
        assert f"{text} rid: {RID}" == wire.refusal(CallError(40164), RID, client_ip=client_ip).body["errmsg"]

    def test_busy_says_when_to_come_again(self):
        """A busy reply carries its seconds, others none."""
        assert (1.0, None) == (
            wire.refusal(Busy(), RID).retry_after_s,
            wire.refusal(NoCardFound(), RID).retry_after_s,
        )

    def test_the_cloud_calls_codes_have_messages_too(self):
        """A code of the cloud call itself has its own text."""
        assert "function has no permission to call this API" == wire.message(-604101)

    def test_a_hint_is_short(self):
        """However long a cause is, the hint has 160 characters at most."""
        assert 160 == len(wire.hint(BankcardError("x" * 1000)))

    @pytest.mark.parametrize("length", range(140, 161))
    def test_no_part_of_a_number_is_left_where_a_hint_is_cut(self, length: int):
        """It is masked before."""
        assert "4111111" not in wire.hint(BankcardError("x" * length + " 4111111111111111"))


class TestReplies:
    def test_errcode_is_an_integer(self):
        """By default errcode is a JSON integer, numbers are strings."""
        assert b'{"errcode":0,"errmsg":"ok","number":"62"}' == wire.ok(RID, number="62").encode()

    def test_errcode_may_be_a_string(self):
        """The documentation's literal form is there for who needs it."""
        assert b'{"errcode":"0","errmsg":"ok"}' == wire.ok(RID).encode("string")

    def test_a_token_has_no_errcode(self):
        """A token reply has its two fields alone, in either style."""
        assert b'{"access_token":"t","expires_in":7200}' == wire.token(RID, "t", 7200).encode("string")

    def test_a_number_is_sent_under_both_names(self, platform):
        """The table's name and the example's are both there, as strings."""
        assert {
            "errcode": 0,
            "errmsg": "ok",
            "number": "6205500000000000004",
            "id": "6205500000000000004",
        } == platform.read()


class TestRid:
    @given(st.floats(0, 2**32 - 1), st.binary(min_size=8, max_size=8))
    def test_a_rid_is_time_and_chance(self, now: float, noise: bytes):
        """Three groups of 8 hex digits, the first the Unix time."""
        rid = wire.rid(now, lambda _: noise)

        assert (f"{int(now):08x}", noise.hex(), True) == (
            rid[:8],
            rid[9:].replace("-", ""),
            wire.RID.fullmatch(rid) is not None,
        )

    def test_a_rid_is_no_card_number(self):
        """What would be masked in records is drawn anew: a published test number behind a letter."""
        noise = [bytes.fromhex("a3782822 46310005"), bytes.fromhex("aaaaaaaa bbbbbbbb")]

        assert "6741f9a8-aaaaaaaa-bbbbbbbb" == wire.rid(0x6741F9A8, lambda _: noise.pop(0))


AS_TEXT = "img came as text, send it as a file of a multipart form, or as img_base64"


class TestPicture:
    @pytest.mark.parametrize(
        ("parts", "expected"),
        [
            ([('name="file"; filename="a"', PNG), ('name="img"; filename="b"', JPEG)], JPEG),
            ([('name="img"; filename="b"', b"not known"), ('name="file"; filename="a"', PNG)], b"not known"),
            ([('name="img"', b"\xff\xd7"), ('name="file"; filename="a"', PNG)], b"\xff\xd7"),
            ([('name="img"', b"undefined"), ('name="file"; filename="a"', PNG)], PNG),
            ([('name="img"', "卡.jpg".encode()), ('name="file"; filename="a"', PNG)], PNG),
            ([('name="json"; filename="blob"', b"{}"), ('name="file"; filename="a"', PNG)], PNG),
            ([('name="json"; filename="blob"', b"{}")], b"{}"),
            ([('name="x"', JPEG), ('name="file"; filename="a"', PNG)], PNG),
            ([('name="type"', b"scan"), ('name="x"', JPEG)], JPEG),
            ([('name="img"; filename="empty"', b""), ('name="file"; filename="a"', PNG)], PNG),
        ],
    )
    def test_parts_are_taken_in_the_contracts_order(self, parts, expected: bytes):
        """Part img, another file, a nameless part that begins like a picture."""
        assert PictureSource(data=expected) == sources.picture(
            request(b"", multipart(*parts), "multipart/form-data; boundary=b")
        )

    @pytest.mark.parametrize("text", [b"@/srv/card.jpg", b"http://a/card.jpg", b"https://a/card.jpg"])
    def test_a_place_in_the_part_is_no_picture(self, text: bytes):
        """As PHP sends what used to name a file for curl; the hint says what to do."""
        with pytest.raises(CallError, match=AS_TEXT) as caught:
            sources.picture(request(b"", multipart(('name="img"', text)), "multipart/form-data; boundary=b"))

        assert 41005 == caught.value.errcode

    def test_parameters_sent_as_files_are_parameters(self):
        """As Python's requests sends all that stands in ``files=``."""
        sent = {"img_url": b"http://x/", "type": b"scan", "access_token": b"TOKEN"}
        body = multipart(*((f'name="{name}"; filename="{name}"', text) for name, text in sent.items()))
        found = request(b"", body, "multipart/form-data; boundary=b")

        assert (PictureSource(url="http://x/"), "scan", "TOKEN") == (
            sources.picture(found),
            wire.options(found).type,
            found.access_token(),
        )

    def test_a_picture_under_the_name_of_an_address_is_one(self):
        """Whatever its sender calls it."""
        body = multipart(('name="img_url"; filename="img_url"', JPEG))

        assert PictureSource(data=JPEG) == sources.picture(request(b"", body, "multipart/form-data; boundary=b"))

    def test_names_of_tokens_are_names_of_texts(self):
        """Under any of them a token may be sent like a file."""
        assert form.TEXTS.issuperset(wire.TOKEN_NAMES)

    def test_an_empty_value_hides_none_behind_it(self):
        """As where a token is appended to an address that has the name already."""
        assert "TOKEN" == request(b"access_token=&access_token=TOKEN&access_token=OTHER", b"", "").access_token()

    @pytest.mark.parametrize(
        ("query", "body", "content_type", "url"),
        [
            (b"img_url=http://q/", b"img_url=http://f/", "application/x-www-form-urlencoded", "http://q/"),
            (b"img_url=ENCODE_URL", b"img_url=http://f/", "application/x-www-form-urlencoded", "http://f/"),
            (b"img_url=", b'{"img_url":" http://j/ "}', "text/html", "http://j/"),
            (b"img_url=http://q/", b"", "application/json", "http://q/"),
            (b"img_url=http://q/", b"{}", "application/octet-stream", "http://q/"),
            (b"img_url=http://q/", b"no picture", "image/jpeg", "http://q/"),
            (b"", b'{"img_url":"http://j/"}', "application/octet-stream", "http://j/"),
            (b"img_url=http%3A%2F%2Fq%2F%E5%8D%A1%20%2B.jpg", b"", "", "http://q/卡 +.jpg"),
            (b"img_url=http://q/%BF%A8.jpg", b"", "", "http://q/%BF%A8.jpg"),
            (b"img_url=%22http://q/%22", b"", "", "http://q/"),
            ("img_url=\ufeff<http://q/>".encode(), b"", "", "http://q/"),
            (
                b"",
                multipart(('name="img"', b"null"), ('name="img_url"', b"http://m/")),
                "multipart/form-data",
                "http://m/",
            ),
            (b"", "img_url=http://f/银行卡.jpg".encode("gbk"), "", "http://f/%D2%F8%D0п%A8.jpg"),
        ],
    )
    def test_a_url_is_taken_in_the_contracts_order(self, query: bytes, body: bytes, content_type: str, url: str):
        """The query's address, the form's, the JSON's; a placeholder is none, and Chinese in GBK keeps its bytes."""
        assert PictureSource(url=url) == sources.picture(request(query, body, content_type))

    @pytest.mark.parametrize("body", [JPEG, b"no picture"])
    def test_a_body_called_a_picture_is_one(self, body: bytes):
        """Without an address it is decoded, which says what it is when it is none."""
        assert PictureSource(data=body) == sources.picture(request(b"", body, "image/jpeg"))

    @pytest.mark.parametrize(
        ("query", "body", "content_type", "cause"),
        [
            (b"", b"", "", "neither img nor img_url"),
            (b"", b"{}", "application/json", "neither img nor img_url"),
            (b"", b'{"img_url": 5}', "application/json", "neither img nor img_url"),
            (b"img_url=ENCODE_URL", b"", "", "neither img nor img_url"),
            (
                b"",
                b'{"img": "/9j/4AAQ"}',
                "application/json",
                AS_TEXT,
            ),
            (b"", b"img=%FF%D8", "application/x-www-form-urlencoded", AS_TEXT),
            (b"img=card.jpg", b"", "", AS_TEXT),
            (b"", multipart(('name="img"', b"card.jpg")), "multipart/form-data; boundary=b", AS_TEXT),
            (b"", multipart(('name="img"', b"[object Object]")), "multipart/form-data; boundary=b", AS_TEXT),
            (b"", b'{"img": {"type": "Buffer", "data": [255, 216]}}', "application/json", form.AS_JSON),
            (
                b"",
                b'{"img": {"type": "Buffer", "data": [255' + b", 216" * 10_000 + b"]}}",
                "application/json",
                form.AS_JSON,
            ),
            (b"", b'{"imgUrl": "http://x/"}', "application/json", "neither img nor img_url, but imgUrl"),
            (b"a=1&b=2&c=3&d=4&type=scan&%E5%8D%A1=5", b"", "", "neither img nor img_url, but a, b, c"),
            (b"a=1&amp;img_url=http://x/", b"", "", "neither img nor img_url, but a, amp;img_url"),
            (b"Abcdef0123456789012345678=", b"", "", "neither img nor img_url"),
            (b"", JPEG_BASE64.encode(), "text/plain", "the body is base64, send it as img_base64"),
            (b"", b"data:image/png;base64,iVBORw0K", "", "the body is base64, send it as img_base64"),
            (b"", b"x", "multipart/form-data", "multipart: no boundary"),
            (b"", b"{", "application/json", "json: cannot be parsed"),
            (
                b"",
                multipart(('name="img"; filename="a"', b"")),
                "multipart/form-data; boundary=b",
                "the picture has 0 bytes",
            ),
        ],
    )
    def test_nothing_sent_is_41005_with_its_cause(self, query: bytes, body: bytes, content_type: str, cause: str):
        """Who sent no picture is told what arrived instead."""
        with pytest.raises(CallError) as caught:
            sources.picture(request(query, body, content_type))

        assert (41005, cause) == (caught.value.errcode, caught.value.cause)

    @pytest.mark.parametrize(
        "text",
        [
            JPEG_BASE64,
            "data:image/jpeg;base64," + JPEG_BASE64,
            JPEG_BASE64.rstrip("="),
            JPEG_BASE64.replace("/", "_").replace("+", "-"),
            f" {JPEG_BASE64[:8]}\r\n{JPEG_BASE64[8:]}\n",
        ],
        ids=["plain", "data URL", "no padding", "URL-safe", "wrapped"],
    )
    @pytest.mark.parametrize("kind", ["form", "JSON", "multipart"])
    def test_a_picture_may_come_as_base64(self, text: str, kind: str):
        """In a form, JSON or multipart text field, as people write base64."""
        bodies = {
            "form": (urlencode({"img_base64": text}).encode(), "application/x-www-form-urlencoded"),
            "JSON": (json.dumps({"img_base64": text}).encode(), "application/json"),
            "multipart": (multipart(('name="img_base64"', text.encode())), "multipart/form-data; boundary=b"),
        }

        assert PictureSource(data=BASE64_JPEG) == sources.picture(request(b"", *bodies[kind]))

    def test_a_plus_sign_that_nobody_encoded_is_one(self):
        """A form whose base64 was not percent-encoded has spaces where plus signs stood."""
        body = b"img_base64=" + JPEG_BASE64.encode()

        assert (True, PictureSource(data=BASE64_JPEG)) == (
            "+" in JPEG_BASE64,
            sources.picture(request(b"", body, "application/x-www-form-urlencoded")),
        )

    @pytest.mark.parametrize("text", ["?", "data:image/jpeg,abc%20d", "data:image/png;base64", "a", "卡"])
    def test_wrong_base64_is_no_picture(self, text: str):
        """What cannot be decoded is 101002 and says so."""
        with pytest.raises(NotAPicture, match="img_base64 is not base64"):
            sources.picture(request(b"", json.dumps({"img_base64": text}).encode(), "application/json"))

    def test_base64_comes_after_bytes_and_before_an_address(self):
        """A file wins over base64, base64 over img_url."""
        text = ('name="img_base64"', JPEG_BASE64.encode())
        url = ('name="img_url"', b"http://x/")
        file = ('name="img"; filename="a"', b"FILE")

        assert [PictureSource(data=b"FILE"), PictureSource(data=BASE64_JPEG)] == [
            sources.picture(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))
            for parts in ((text, url, file), (text, url))
        ]

    def test_no_address_is_in_a_repr(self):
        """It may be signed, and is as good as the picture then."""
        assert "hunter2" not in repr(PictureSource(url="https://img.example/1.jpg?signature=hunter2"))

    def test_several_pictures_of_one_card(self):
        """img, then img2 to img8, in that order, as files or base64; img9 and empty ones are none."""
        files = [(f'name="img{n}"; filename="a"', b"%d" % n) for n in (9, 8, 3, 2, 4)]
        parts = [
            *files,
            ('name="img5"; filename="a"', b""),
            ('name="img7_base64"', b"Nw=="),
            ('name="img"; filename="a"', b"1"),
        ]
        found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

        assert [b"1", b"2", b"3", b"4", b"7", b"8"] == [picture.data for picture in found]

    def test_a_further_picture_may_be_the_first(self):
        """Without img the first file is the first picture, and not counted twice."""
        parts = [('name="img2"; filename="a"', b"2"), ('name="img3"; filename="a"', b"3")]
        found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

        assert [b"2", b"3"] == [picture.data for picture in found]

    @pytest.mark.parametrize(
        ("first", "expected"),
        [
            (('name="img_url"', b"http://x/"), PictureSource(url="http://x/")),
            (('name="img_base64"', b"MQ=="), PictureSource(data=b"1")),
        ],
    )
    def test_a_further_file_does_not_replace_the_first(self, first, expected):
        """An address or base64 is the first picture, whatever is sent beside it as img2."""
        parts = [first, ('name="img2"; filename="a"', b"2")]
        found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

        assert (expected, PictureSource(data=b"2")) == found

    @pytest.mark.parametrize("name", ["img2_base64", "img8_base64"])
    def test_further_base64_may_be_sent_as_files_are(self, name: str):
        """With a file name, as forms of some libraries have for all they send."""
        parts = [('name="img"; filename="a"', b"1"), (f'name="{name}"; filename="b"', b"Mg==")]
        found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

        assert [b"1", b"2"] == [picture.data for picture in found]

    def test_a_further_picture_in_base64_may_be_the_only_one(self):
        """As a file may."""
        body = json.dumps({"img3_base64": "Mw=="}).encode()

        assert (PictureSource(data=b"3"),) == sources.pictures(request(b"", body, "application/json"))

    def test_a_picture_sent_twice_counts_once(self):
        """The same picture again is no more evidence."""
        parts = [(f'name="img{n}"; filename="a"', data) for n, data in (("", b"1"), (2, b"1"), (3, b"3"), (4, b"3"))]
        found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

        assert [b"1", b"3"] == [picture.data for picture in found]

    def test_an_address_and_more_pictures(self):
        """The first may be fetched, the others come along."""
        body = json.dumps({"img_url": "http://x/", "img2_base64": "Mg=="}).encode()

        assert (PictureSource(url="http://x/"), PictureSource(data=b"2")) == sources.pictures(
            request(b"", body, "application/json")
        )

    @given(st.binary(max_size=60), st.binary(max_size=200), st.sampled_from(["", "application/json", "multipart/x"]))
    def test_no_request_is_too_strange(self, query: bytes, body: bytes, content_type: str):
        """Whatever is sent is a request; its picture is somewhere or it is refused."""
        assert isinstance(wire.options(request(query, body, content_type)).type, str)


class TestParameters:
    def test_pictures_to_return_are_named(self):
        """Names are separated by commas or spaces; an unknown one is refused."""
        assert frozenset({"card", "redacted"}) == wire.options(request(b"return=card,%20Redacted")).returns
        with pytest.raises(CallError, match="return: card, number, redacted"):
            wire.options(request(b"return=cvv"))

    def test_a_json_body_may_list_them(self):
        """As people write lists in JSON."""
        listed = request(body=b'{"return": ["card", "redacted"], "detail": "yes"}', content_type="application/json")

        assert (frozenset({"card", "redacted"}), True) == (
            wire.options(listed).returns,
            wire.options(listed).detail,
        )

    @pytest.mark.parametrize(
        ("query", "type_"),
        [
            (b"type=scan", "scan"),
            (b"type=SCAN", "scan"),
            (b"type=photo", "photo"),
            (b"type=MODE", "photo"),
            (b"", "photo"),
        ],
    )
    def test_any_type_but_scan_is_photo(self, query: bytes, type_: str):
        """The literal MODE and anything else mean photo."""
        assert type_ == wire.options(request(query)).type

    @pytest.mark.parametrize("name", ["access_token", "cloudbase_access_token", "authorizer_access_token"])
    def test_a_token_has_three_names(self, name: str):
        """Each name of the token counts, in the query and in the form."""
        sent = f"{name}=T".encode()

        assert ("T", "T") == (
            request(sent).access_token(),
            request(b"", sent, "application/x-www-form-urlencoded").access_token(),
        )

    def test_the_first_of_a_repeated_parameter_counts(self):
        """Of a name given twice the first value is taken."""
        assert "1" == request(b"a=1&a=2").value("a")

    def test_too_many_fields_are_none(self):
        """A query of hundreds of fields is read as empty."""
        assert "" == request(b"&".join([b"a=1"] * 300)).value("a")


class TestMasking:
    @given(st.text(st.characters(codec="ascii"), max_size=40), st.from_regex(r"\A[1-9][0-9]{10,17}\Z"))
    def test_no_number_survives(self, text: str, payload: str):
        """A number with its check digit is never in a masked text, whatever stands around it."""
        number = payload + luhn.check_digit(payload)

        assert number not in masked(f"{text} {number} {text}")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("4111 1111 1111 1111", "411111******1111"),
            ("x4111-1111-1111-1111y", "x411111******1111y"),
            ("4111111111111112", "4111111111111112"),
            ("at 12 4111 1111 1111 1111 12", "at 12 411111******1111 12"),
            ("5555555555554444 4111111111111111", "555555******4444 411111******1111"),
            ("41111111111", "41111111111"),
            (json.dumps({"number": "6205500000000000004"}), '{"number": "620550*********0004"}'),
        ],
    )
    def test_what_is_masked(self, text: str, expected: str):
        """Twelve to nineteen digits that pass Luhn, spaced or not; other digits stay."""
        assert expected == masked(text)
