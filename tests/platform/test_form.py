"""Bodies as clients send them, taken apart."""

from __future__ import annotations

import base64
import gzip
import json
import os
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bankcard_ocr.platform import form, multipart

JPEG = b"\xff\xd8\xff\xe0picture"
GZIP = gzip.compress(b"packed", mtime=0)
MULTIPART = "multipart/form-data; boundary=b"
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters='\r\n"\\', exclude_categories=("Cs", "Cc")), max_size=30
)


def part(disposition: str, data: bytes, *, boundary: bytes = b"b", headers: bytes = b"") -> bytes:
    head = f"Content-Disposition: form-data; {disposition}".encode()
    return b"--" + boundary + b"\r\n" + headers + head + b"\r\n\r\n" + data + b"\r\n"


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_body_is_too_strange(data: bytes, content_type: str):
    """Whatever bytes under whatever type: a value comes back, never an exception."""
    assert isinstance(form.parse(data, content_type), form.Body)


@given(st.binary(max_size=200))
def test_no_multipart_is_too_strange(data: bytes):
    """Whatever follows a boundary: a value comes back."""
    assert isinstance(form.parse(b"--b\r\n" + data, MULTIPART), form.Body)


@given(
    st.lists(
        st.tuples(
            NAMES.filter(lambda name: name not in form.TEXTS),
            NAMES.filter(bool),
            st.binary(max_size=100).filter(lambda data: b"--b" not in data),
        ),
        max_size=5,
    )
)
def test_files_come_back_as_they_were_sent(files):
    """Names, filenames without their folders and bytes survive, in order, whatever their characters."""
    body = (
        b"".join(part(f'name="{name}"; filename="{filename}"', data) for name, filename, data in files) + b"--b--\r\n"
    )
    found = [(found.name, found.filename, found.data) for found in form.parse(body, MULTIPART).parts]

    assert [(name, filename.rsplit("/", 1)[-1], data) for name, filename, data in files] == found


@given(st.dictionaries(NAMES, NAMES, max_size=5))
def test_a_urlencoded_form_comes_back(fields):
    """What urlencode wrote is read."""
    assert fields == dict(form.query(urlencode(fields).encode()))


@given(
    st.dictionaries(st.text("abc_", min_size=1), NAMES, min_size=1, max_size=5),
    st.sampled_from([MULTIPART, "multipart/form-data", "multipart/form-data; boundary="]),
)
def test_a_form_that_is_called_multipart_comes_back(fields: dict[str, str], content_type: str):
    """As curl sends it with ``-d`` and a content type set by hand, whether with a boundary or without."""
    assert fields == dict(form.parse(urlencode(fields).encode(), content_type).form)


@pytest.mark.parametrize(
    ("disposition", "name", "filename"),
    [
        ("name=img; filename=card.jpg", "img", "card.jpg"),
        ('name="img"; filename="C:\\fakepath\\card.jpg"', "img", "card.jpg"),
        ('name="img"; filename="/var/www/卡.jpg"', "img", "卡.jpg"),
        ('name="img"; filename="a;b=c.jpg"', "img", "a;b=c.jpg"),
        ("name=img; filename=card.jpg; filename*=utf-8''%E5%8D%A1.jpg", "img", "card.jpg"),
        ('name="img"; filename=""', "img", ""),
        ('name="img"', "img", None),
        ('filename="card.jpg"', "", "card.jpg"),
    ],
)
def test_dispositions_of_many_clients(disposition: str, name: str, filename: str | None):
    """Quoted or not, with folders, in raw UTF-8, without a filename: read alike."""
    (found,) = form.parse(part(disposition, JPEG) + b"--b--\r\n", MULTIPART).parts

    assert (name, filename, JPEG) == (found.name, found.filename, found.data)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=--dashes", b"--dashes"),
        ('multipart/form-data; boundary="quoted (x)"', b"quoted (x)"),
        ("multipart/form-data", b"unsaid"),
        ("multipart/form-data; boundary=", b"unsaid"),
        ("multipart/form-data; boundary=wrong", b"right"),
        ("multipart/form-data; charset=utf-8; boundary=b", b"b"),
        ("Multipart/Form-Data; Boundary=b", b"b"),
        ("", b"untyped"),
        ("application/x-www-form-urlencoded", b"mistyped"),
    ],
)
def test_the_boundary_is_the_bodys(content_type: str, boundary: bytes):
    """A boundary that is missing or wrong in the content type is taken from the body's first line."""
    body = part('name="img"', JPEG, boundary=boundary) + b"--" + boundary + b"--\r\n"

    assert JPEG == form.parse(body, content_type).parts[0].data


@pytest.mark.parametrize("preamble", [b"\r\n", b"a=b\r\n", b"A message in MIME format.\r\n\r\n" * 100, b"--\r\n"])
def test_a_body_may_have_a_preamble(preamble: bytes):
    """What stands before the first boundary is ignored."""
    assert JPEG == form.parse(preamble + part('name="img"', JPEG) + b"--b--\r\n", MULTIPART).parts[0].data


@pytest.mark.parametrize(
    ("rest", "data"), [(b"--b--", JPEG), (b"--b--\r\n", JPEG), (b"", JPEG), (b"--b--\r\nepilogue", JPEG)]
)
def test_a_body_may_lack_its_end(rest: bytes, data: bytes):
    """A part without its closing boundary has what came."""
    assert data == form.parse(part('name="img"', JPEG) + rest, MULTIPART).parts[0].data


FORM = "application/x-www-form-urlencoded"
BOUNDARIES = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx%s\r\n--b--\r\n'
ONE = b"a=" + b"A" * 30 + b"&b="  # before what is counted


@pytest.mark.parametrize(
    ("data", "kind", "fault"),
    [
        (ONE + b"%2B" * form.MAX_ESCAPES, FORM, ""),
        (
            ONE + b"%2B" * (form.MAX_ESCAPES + 1),
            "application/x-www-form-urlencoded",
            "over 750000 percent-encoded bytes",
        ),
        (ONE + b"\x80" * form.MAX_NOT_UTF8, FORM, ""),
        (
            ONE + b"\x80" * (form.MAX_NOT_UTF8 + 1),
            "application/x-www-form-urlencoded",
            "over 65536 bytes that are not UTF-8",
        ),
        (BOUNDARIES % (b"--b" * (multipart.MAX_BOUNDARIES - 2)), "multipart/form-data; boundary=b", ""),
        (
            BOUNDARIES % (b"--b" * (multipart.MAX_BOUNDARIES - 1)),
            "multipart/form-data; boundary=b",
            "multipart: too many boundaries",
        ),
        (b'{"a": [1' + b",1" * (form.MAX_JSON_VALUES - 2) + b"]}", "application/json", ""),
        (b'{"a": [1' + b",1" * (form.MAX_JSON_VALUES - 1) + b"]}", "application/json", "json: over 10000 values"),
    ],
)
def test_what_would_take_many_times_its_size_is_bounded(data: bytes, kind: str, fault: str):
    """Escapes, stray bytes, boundaries and values of JSON: before any of them becomes an object."""
    assert fault == form.parse(data, kind).fault


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(st.dictionaries(NAMES, NAMES, max_size=5), st.sampled_from(["utf-8", "gb18030", "utf-16-le"]), st.integers(0, 3))
def test_json_comes_back(fields: dict[str, str], encoding: str, nuls: int):
    """In UTF-8, in GB18030 where it is not UTF-8 by chance, and with NULs behind it, as C sends its buffers."""
    data = json.dumps(fields, ensure_ascii=False).encode(encoding)
    assume(encoding != "gb18030" or data.isascii() or not is_utf8(data))
    found = form.parse(data + "\0".encode(encoding) * nuls, "application/json")

    assert (fields, "") == (found.json, found.fault)


def test_eight_pictures_as_base64_are_no_such_thing():
    """Of the largest pictures one character in 32 is percent-encoded."""
    picture = base64.b64encode(os.urandom(2_097_152))
    body = b"&".join(b"img%d_base64=%s" % (n, quote(picture, safe="").encode()) for n in range(1, 9))

    assert "" == form.parse(body, "application/x-www-form-urlencoded").fault


def test_headers_of_a_part_may_be_folded():
    """As old mail stacks write long ones; what looks like a fold in the data stays."""
    disposition = 'form-data;\r\n\tname="img";\r\n filename="card.jpg"'
    data = JPEG + b"\r\n \r\n\tx"
    (found,) = form.parse(part(disposition.removeprefix("form-data;"), data) + b"--b--\r\n", MULTIPART).parts

    assert ("img", "card.jpg", data) == (found.name, found.filename, found.data)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("blanks", [b"", b" ", b"\t  "])
def test_bodies_written_by_hand_are_read(line_end: bytes, blanks: bytes):
    """With lines that end in LF alone and blanks behind boundaries (RFC 2046 5.1.1); data stays as it is."""
    data = JPEG + b" --b\n\n--c\n\nx: y\r\n\n"
    boundary = b"--b" + blanks + line_end
    parts = [
        b'Content-Disposition: form-data;\n\tname="img"; filename="a.jpg"\nContent-Type: image/jpeg\n\n'.replace(
            b"\n", line_end
        )
        + data,
        line_end + b"nameless",
        b'Content-Disposition: form-data; name="type"'.ljust(60) + line_end * 2 + b"scan",
    ]
    body = b"".join(boundary + part + line_end for part in parts) + b"--b--" + blanks + line_end

    for kind in (MULTIPART, "multipart/form-data"):
        found = form.parse(body, kind)
        assert [("img", "a.jpg", data), ("", None, b"nameless"), ("type", None, b"scan")] == [
            (each.name, each.filename, each.data) for each in found.parts
        ]


def test_a_text_with_an_empty_file_name_is_a_field():
    """As some clients send all that they send; a picture and an empty file are files."""
    named = [part(f'name="{name}"; filename=""', data) for name, data in (("img_url", b"http://a/"), ("img", JPEG))]
    found = form.parse(b"".join(named) + part('name="x"; filename=""', b"") + b"--b--\r\n", MULTIPART)

    assert ({"img_url": "http://a/"}, [None, "", ""]) == (found.form, [each.filename for each in found.parts])


@pytest.mark.parametrize("filename", ["img_url", "url.txt", ""])
def test_a_text_parameter_with_a_file_name_is_a_field(filename: str):
    """As Python's requests sends what stands in ``files=``, and curl what stands behind @; a picture is a file."""
    named = [part(f'name="{name}"; filename="{filename}"', data) for name, data in (("img_url", b"a"), ("type", JPEG))]
    found = form.parse(b"".join(named) + b"--b--\r\n", MULTIPART)

    assert ({"img_url": "a"}, [None, filename]) == (found.form, [each.filename for each in found.parts])


def test_texts_in_quoted_printable_are_undone():
    """As Delphi's Indy sends fields; a picture that is sent as it is stays."""
    field = b'--b\r\nContent-Disposition: form-data; name="%b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    body = field % b"img_url" + b"http://a.example/?x=3D1=\r\n2\r\n" + field % b"img" + JPEG + b"=41\r\n--b--\r\n"
    found = form.parse(body, MULTIPART)

    assert ("http://a.example/?x=12", JPEG + b"=41") == (found.form["img_url"], found.parts[1].data)


@pytest.mark.parametrize(
    ("coding", "fault"),
    [
        ("deflate", True),
        ("br", True),
        ("GZIP", True),
        ("identity, zstd", True),
        ("identity", False),
        ("UTF-8", False),
        ("binary", False),
        ("", False),
    ],
)
def test_a_packed_body_is_named(coding: str, fault: bool):
    """A body is taken as it is, never unpacked; a charset is no packing, and a picture is one whatever it is called."""
    said = "Content-Encoding: send the body as it is, not packed"

    assert (said if fault else "") == form.parse(b'{"a": 1}', "application/json", coding).fault
    assert JPEG == form.parse(JPEG, "image/jpeg", coding).raw


def test_further_headers_of_a_part_are_no_matter():
    """A part may have headers of its own; base64 is undone, as mail stacks send it."""
    headers = b"Content-Length: 9\r\nContent-Transfer-Encoding: BASE64\r\nContent-Type: image/jpeg\r\n"
    (found,) = form.parse(part('name="img"', b"/9j/\r\n4A==", headers=headers) + b"--b--\r\n", MULTIPART).parts

    assert (b"\xff\xd8\xff\xe0", "image/jpeg") == (found.data, found.content_type)


@pytest.mark.parametrize(
    "line", [b"X-A", b"X-A : b", b": b", "X-银: b".encode(), b"X-A: b\rX-B: c", b"\0: b", b"", b"X-A: b" + b"c" * 9_000]
)
def test_odd_headers_of_a_part_are_no_matter(line: bytes):
    """What is no header at all, is called strangely or is over its length costs no part."""
    typed = part('name="img"; filename="a.jpg"', JPEG, headers=line + b"\r\n" if line else b"Content-Type: x\r\n")
    (found,) = form.parse(typed + b"--b--\r\n", MULTIPART).parts

    assert ("img", "a.jpg", JPEG) == (found.name, found.filename, found.data)


@pytest.mark.parametrize("longer", [0, 1, 10_000])
def test_a_header_is_cut_at_its_length(longer: int):
    """One of the most allowed is whole; of a longer one the beginning counts, which has the name."""
    start = 'Content-Disposition: form-data; name="img"; filename='
    length = multipart.MAX_HEADER_BYTES - len(start)
    (found,) = form.parse(part(f'name="img"; filename={"a" * (length + longer)}', JPEG) + b"--b--\r\n", MULTIPART).parts

    assert ("img", "a" * length, JPEG) == (found.name, found.filename, found.data)


ODD = st.binary(min_size=1, max_size=30).filter(lambda line: b"\n" not in line and line[:1] not in b" \t-cC")


@given(st.lists(ODD, max_size=multipart.MAX_HEADERS - 1), st.integers(0, multipart.MAX_HEADERS))
def test_any_lines_beside_a_header_cost_no_part(lines: list[bytes], place: int):
    """Whatever they are, up to as many as a part may have headers."""
    lines.insert(place, b'Content-Disposition: form-data; name="img"; filename="a.jpg"')
    (found,) = form.parse(b"--b\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + JPEG + b"\r\n--b--\r\n", MULTIPART).parts

    assert ("img", "a.jpg", JPEG) == (found.name, found.filename, found.data)


def test_a_picture_behind_an_empty_line_is_found():
    """As a client sends it that ends its headers twice; a text keeps its empty line."""
    parts = part('name="img"; filename="a.jpg"', b"\r\n" + JPEG) + part('name="x"', b"\r\ntext")
    found = form.parse(parts + b"--b--\r\n", MULTIPART).parts

    assert [JPEG, b"\r\ntext"] == [each.data for each in found]


def test_a_picture_called_base64_stays():
    """A part that says base64 and has the picture itself is taken as it is."""
    headers = b"Content-Transfer-Encoding: base64\r\n"
    (found,) = form.parse(part('name="img"', JPEG, headers=headers) + b"--b--\r\n", MULTIPART).parts

    assert JPEG == found.data


@pytest.mark.parametrize(
    ("count", "fault"), [(multipart.MAX_PARTS, ""), (multipart.MAX_PARTS + 1, "multipart: over 64 parts")]
)
def test_parts_are_limited(count: int, fault: str):
    """As many parts as allowed are read, one more is refused."""
    assert fault == form.parse(part('name="a"', b"") * count + b"--b--\r\n", MULTIPART).fault


@pytest.mark.parametrize(("count", "fault"), [(15, ""), (16, "multipart: damaged"), (9_000, "multipart: damaged")])
@pytest.mark.parametrize("line", [b"X-A: b\r\n", b"X-A\r\n"])
def test_headers_are_limited(line: bytes, count: int, fault: str):
    """As many headers as allowed are read, one more is refused, odd ones counted; what came before it is there."""
    body = part('name="img"', JPEG, headers=line * count) + b"--b--\r\n"

    assert fault == form.parse(body, MULTIPART).fault
    assert JPEG == form.parse(part('name="img"', JPEG) + body, MULTIPART).parts[0].data


@pytest.mark.parametrize(("fields", "fault"), [(256, ""), (257, "over 256 fields")])
def test_fields_are_limited(fields: int, fault: str):
    """As many fields as allowed are read, one more is refused."""
    assert fault == form.parse(b"&".join([b"a=b"] * fields), "application/x-www-form-urlencoded").fault


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        (b"", "application/json", form.Body()),
        (b" \r\n", "application/json", form.Body()),
        (b"", "multipart/form-data; boundary=b", form.Body()),
        (b"--b--\r\n", MULTIPART, form.Body()),
        (b"{}", "application/json", form.Body(json={})),
        (b"\xef\xbb\xbf{}", "text/plain", form.Body(json={})),
        (b'{"a": 1}', "application/x-www-form-urlencoded", form.Body(json={"a": 1})),
        (b'{"a": 1}', "multipart/form-data", form.Body(json={"a": 1})),
        (b"[1]", "application/json", form.Body(fault="json: not an object")),
        (b'{"a": "\xed\xa0\x80"}', "application/json", form.Body(fault="json: cannot be parsed")),
        (b'{"a": "\x00"}', "application/json", form.Body(fault="json: cannot be parsed")),
        (b"a=b\0", "", form.Body(form={"a": "b"})),
        (b"a=b\0c\0", "", form.Body(raw=b"a=b\0c")),
        (b"{", "application/json", form.Body(fault="json: cannot be parsed")),
        (b"img_url=http%3A%2F%2Fx%2F", "application/json", form.Body(form={"img_url": "http://x/"})),
        (b"a=b", "application/json", form.Body(form={"a": "b"})),
        (b" img%5Furl=x", "application/json", form.Body(form={" img_url": "x"})),
        (b"a", "application/json", form.Body(fault="json: cannot be parsed")),
        (b'"a=b"', "application/json", form.Body(fault="json: not an object")),
        (b'{"a": "\\ud83d\\ude00"}', "application/json", form.Body(json={"a": "😀"})),
        (b'{"a": "\\ud83d"}', "application/json", form.Body(fault="json: half a surrogate pair")),
        (b"[" * 9_000, "application/json", form.Body(fault="json: cannot be parsed")),
        (b"[" * 100_000, "application/json", form.Body(fault="json: over 10000 values")),
        (b"a=1&a=2&b=%E5%8D%A1+x", "application/x-www-form-urlencoded", form.Body(form={"a": "1", "b": "卡 x"})),
        (JPEG, "application/json", form.Body(raw=JPEG)),
        (b"no picture", "image/png", form.Body(raw=b"no picture")),
        (b"no parts", "multipart/form-data", form.Body(fault="multipart: no boundary")),
        (GZIP, MULTIPART, form.Body(fault="gzip: send the body as it is, not packed")),
        (GZIP, "application/json", form.Body(fault="gzip: send the body as it is, not packed")),
        (GZIP, "application/x-www-form-urlencoded", form.Body(fault="gzip: send the body as it is, not packed")),
        (GZIP, "image/jpeg", form.Body(raw=GZIP)),
    ],
)
def test_bodies_without_parts(data: bytes, content_type: str, expected: form.Body):
    """What the bytes say counts more than what the type says."""
    found = form.parse(data, content_type)

    assert (
        expected.parts,
        dict(expected.form),
        expected.json and dict(expected.json),
        expected.raw,
        expected.fault,
    ) == (
        found.parts,
        dict(found.form),
        found.json and dict(found.json),
        found.raw,
        found.fault,
    )
