"""Where the pictures of a call come from, and what came instead."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import CallError, NotAPicture
from bankcard_ocr.platform import form, sources, wire
from bankcard_ocr.platform.sources import PictureSource

JPEG = b"\xff\xd8\xff\xe0picture"
BASE64_JPEG = b"\xff\xd8\xff\xfb\xef\xbe\xff\xff1"
JPEG_BASE64 = base64.b64encode(BASE64_JPEG).decode()  # with every character that goes wrong: + / =
PNG = b"\x89PNG\r\n\x1a\n"
AS_TEXT = "img came as text, send it as a file of a multipart form, or as img_base64"


def request(query: bytes = b"", body: bytes = b"", content_type: str = "", method: str = "POST") -> wire.Request:
    headers = {"content-type": content_type}
    return wire.request(method=method, path="/cv/ocr/bankcard", query=query, headers=headers, body=body)


def multipart(*parts: tuple[str, bytes]) -> bytes:
    return (
        b"".join(b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (d.encode(), v) for d, v in parts)
        + b"--b--"
    )


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
def test_parts_are_taken_in_the_contracts_order(parts, expected: bytes):
    """Part img, another file, a nameless part that begins like a picture."""
    assert PictureSource(data=expected) == sources.picture(
        request(b"", multipart(*parts), "multipart/form-data; boundary=b")
    )


@pytest.mark.parametrize("text", [b"@/srv/card.jpg", b"http://a/card.jpg", b"https://a/card.jpg"])
@pytest.mark.parametrize("disposition", ['name="img"', 'name="img"; filename="a"'])
def test_a_place_in_the_part_is_no_picture(text: bytes, disposition: str):
    """As PHP sends what used to name a file for curl; the hint says what to do."""
    with pytest.raises(CallError, match=AS_TEXT) as caught:
        sources.picture(request(b"", multipart((disposition, text)), "multipart/form-data; boundary=b"))

    assert 41005 == caught.value.errcode


def test_parameters_sent_as_files_are_parameters():
    """As Python's requests sends all that stands in ``files=``."""
    sent = {"img_url": b"http://x/", "type": b"scan", "access_token": b"TOKEN"}
    body = multipart(*((f'name="{name}"; filename="{name}"', text) for name, text in sent.items()))
    found = request(b"", body, "multipart/form-data; boundary=b")

    assert (PictureSource(url="http://x/"), "scan", "TOKEN") == (
        sources.picture(found),
        wire.options(found).type,
        found.access_token(),
    )


def test_a_picture_under_the_name_of_an_address_is_one():
    """Whatever its sender calls it."""
    body = multipart(('name="img_url"; filename="img_url"', JPEG))

    assert PictureSource(data=JPEG) == sources.picture(request(b"", body, "multipart/form-data; boundary=b"))


def test_an_empty_value_hides_none_behind_it():
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
        (
            b"",
            multipart(('name="img_url"', "http://m/卡.jpg".encode("gbk"))),
            "multipart/form-data; boundary=b",
            "http://m/%BF%A8.jpg",
        ),
    ],
)
def test_a_url_is_taken_in_the_contracts_order(query: bytes, body: bytes, content_type: str, url: str):
    """The query's address, the form's, the JSON's; a placeholder is none, and Chinese in GBK keeps its bytes."""
    assert PictureSource(url=url) == sources.picture(request(query, body, content_type))


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream"])
@pytest.mark.parametrize("body", [JPEG, b"no picture"])
def test_a_body_called_a_picture_is_one(body: bytes, kind: str):
    """Without an address it is decoded, which says what it is when it is none."""
    assert PictureSource(data=body) == sources.picture(request(b"", body, kind))


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
def test_nothing_sent_is_41005_with_its_cause(query: bytes, body: bytes, content_type: str, cause: str):
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
def test_a_picture_may_come_as_base64(text: str, kind: str):
    """In a form, JSON or multipart text field, as people write base64."""
    bodies = {
        "form": (urlencode({"img_base64": text}).encode(), "application/x-www-form-urlencoded"),
        "JSON": (json.dumps({"img_base64": text}).encode(), "application/json"),
        "multipart": (multipart(('name="img_base64"', text.encode())), "multipart/form-data; boundary=b"),
    }

    assert PictureSource(data=BASE64_JPEG) == sources.picture(request(b"", *bodies[kind]))


def test_a_plus_sign_that_nobody_encoded_is_one():
    """A form whose base64 was not percent-encoded has spaces where plus signs stood."""
    body = b"img_base64=" + JPEG_BASE64.encode()

    assert (True, PictureSource(data=BASE64_JPEG)) == (
        "+" in JPEG_BASE64,
        sources.picture(request(b"", body, "application/x-www-form-urlencoded")),
    )


@pytest.mark.parametrize("text", ["?", "data:image/jpeg,abc%20d", "data:image/png;base64", "a", "卡"])
def test_wrong_base64_is_no_picture(text: str):
    """What cannot be decoded is 101002 and says so."""
    with pytest.raises(NotAPicture, match="img_base64 is not base64"):
        sources.picture(request(b"", json.dumps({"img_base64": text}).encode(), "application/json"))


def test_base64_comes_after_bytes_and_before_an_address():
    """A file wins over base64, base64 over img_url."""
    text = ('name="img_base64"', JPEG_BASE64.encode())
    url = ('name="img_url"', b"http://x/")
    file = ('name="img"; filename="a"', b"FILE")

    assert [PictureSource(data=b"FILE"), PictureSource(data=BASE64_JPEG)] == [
        sources.picture(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))
        for parts in ((text, url, file), (text, url))
    ]


def test_no_address_is_in_a_repr():
    """It may be signed, and is as good as the picture then."""
    assert "hunter2" not in repr(PictureSource(url="https://img.example/1.jpg?signature=hunter2"))


def test_several_pictures_of_one_card():
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


def test_a_further_picture_may_be_the_first():
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
def test_a_further_file_does_not_replace_the_first(first, expected):
    """An address or base64 is the first picture, whatever is sent beside it as img2."""
    parts = [first, ('name="img2"; filename="a"', b"2")]
    found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

    assert (expected, PictureSource(data=b"2")) == found


@pytest.mark.parametrize("name", ["img2_base64", "img8_base64"])
def test_further_base64_may_be_sent_as_files_are(name: str):
    """With a file name, as forms of some libraries have for all they send."""
    parts = [('name="img"; filename="a"', b"1"), (f'name="{name}"; filename="b"', b"Mg==")]
    found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

    assert [b"1", b"2"] == [picture.data for picture in found]


def test_a_further_picture_in_base64_may_be_the_only_one():
    """As a file may."""
    body = json.dumps({"img3_base64": "Mw=="}).encode()

    assert (PictureSource(data=b"3"),) == sources.pictures(request(b"", body, "application/json"))


def test_a_picture_sent_twice_counts_once():
    """The same picture again is no more evidence."""
    parts = [(f'name="img{n}"; filename="a"', data) for n, data in (("", b"1"), (2, b"1"), (3, b"3"), (4, b"3"))]
    found = sources.pictures(request(b"", multipart(*parts), "multipart/form-data; boundary=b"))

    assert [b"1", b"3"] == [picture.data for picture in found]


def test_an_address_and_more_pictures():
    """The first may be fetched, the others come along."""
    body = json.dumps({"img_url": "http://x/", "img2_base64": "Mg=="}).encode()

    assert (PictureSource(url="http://x/"), PictureSource(data=b"2")) == sources.pictures(
        request(b"", body, "application/json")
    )


def test_an_address_in_the_query_and_one_file():
    """The file counts, though it is all that the body has."""
    body = multipart(('name="img2"; filename="a"', b"2"))
    found = sources.pictures(request(b"img_url=http://x/", body, "multipart/form-data; boundary=b"))

    assert (PictureSource(url="http://x/"), PictureSource(data=b"2")) == found


@given(st.binary(max_size=60), st.binary(max_size=200), st.sampled_from(["", "application/json", "multipart/x"]))
def test_no_request_is_too_strange(query: bytes, body: bytes, content_type: str):
    """Whatever is sent is a request; its picture is somewhere or it is refused."""
    assert isinstance(wire.options(request(query, body, content_type)).type, str)
