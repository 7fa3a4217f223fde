"""The description of the API, held against the API."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from bankcard_ocr.errors import NoCardFound
from bankcard_ocr.numbers import pan
from bankcard_ocr.platform import codes
from bankcard_ocr.platform.disclosure import public_jwk
from bankcard_ocr.platform.endpoints import ENDPOINTS
from bankcard_ocr.platform.remedies import REMEDIES
from bankcard_ocr.reading import Seen
from bankcard_ocr.server.openapi import DOCUMENT

DOCS = Path(__file__).parent.parent.parent / "docs"
SECRET = "a secret of the tests"


def fits(schema: str, value: object) -> bool:
    """Whether the value is what the schema of this name says."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    return Draft202012Validator(whole).is_valid(value)


def examples() -> list[tuple[str, dict]]:
    """The schema and the example of each operation's reply."""
    contents = [
        operation["responses"]["200"]["content"]["application/json"]
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
    ]
    return [(c["schema"]["oneOf"][0]["$ref"].rsplit("/")[-1], c["examples"]["done"]["value"]) for c in contents]


def test_it_is_openapi():
    """The document is valid OpenAPI 3.1."""
    assert None is validate(DOCUMENT)


def test_its_paths_are_the_endpoints():
    """What is described is served, what is served is described."""
    assert set(ENDPOINTS) == set(DOCUMENT["paths"])


@pytest.mark.parametrize("path", ENDPOINTS)
def test_post_only_paths_have_post_only(path: str):
    """GET is described where GET is answered."""
    assert ENDPOINTS[path].post_only is ("get" not in DOCUMENT["paths"][path])


@pytest.mark.parametrize(("schema", "example"), examples())
def test_its_examples_fit_their_schemas(schema: str, example: dict):
    """An example is a reply of that kind."""
    assert fits(schema, example)


def test_its_codes_are_the_table():
    """Every error code is listed, and no other."""
    assert set(codes.MESSAGES) - {0} == set(
        DOCUMENT["components"]["schemas"]["Failure"]["properties"]["errcode"]["enum"]
    )


class TestRepliesFit:
    def test_a_recognition(self, platform):
        """A real reply with everything in it fits."""
        assert fits("Recognized", platform.read(detail="1"))

    @pytest.mark.parametrize("form", ["masked", "jwe", "fingerprint"])
    def test_a_recognition_in_another_form(self, make_platform, form: str):
        """So does one that does not show the number."""
        platform = make_platform(fingerprint_key=bytes(32))
        platform.change(jwk=public_jwk(json.dumps(ECKey.generate_key("P-256").as_dict(private=False))))

        assert fits("Recognized", platform.read(detail="1", pan=form))

    @pytest.mark.parametrize("length", range(12, 20))
    def test_a_mask_of_any_length(self, platform, length: int):
        """Of short numbers fewer digits are shown."""
        shown = pan.mask("4" * length)

        assert fits("Recognized", platform.read() | {"number": shown, "id": shown})

    def test_a_failure(self, platform):
        """A real failure fits."""
        platform.reader.outcome = NoCardFound()

        assert fits("Failure", platform.read())

    def test_a_refusal_with_what_was_seen(self, platform):
        """So does one with positions."""
        error = NoCardFound()
        error.seen = Seen(size=(640, 480), warnings=("glare",), pictures={"card": b"JPEG"})
        platform.reader.outcome = error

        assert fits("Failure", platform.read(detail="1"))

    def test_a_token(self, platform):
        """A real token fits."""
        body = {"grant_type": "client_credential", "appid": "wx1", "secret": SECRET}

        assert fits("Token", platform.call("POST", "/cgi-bin/stable_token", body))

    @pytest.mark.parametrize(
        ("path", "body", "schema"),
        [
            ("/cgi-bin/clear_quota", {"appid": "wx1"}, "Done"),
            ("/cgi-bin/openapi/quota/clear", {"cgi_path": "/cv/ocr/bankcard"}, "Done"),
            ("/cgi-bin/openapi/quota/get", {"cgi_path": "/cv/ocr/bankcard"}, "Quota"),
            ("/cgi-bin/getcallbackip", {}, "Addresses"),
        ],
    )
    def test_what_an_app_asks(self, platform, path: str, body: dict, schema: str):
        """Real replies of the other paths fit."""
        assert fits(schema, platform.call("POST", path, body, access_token="TOKEN"))

    def test_a_record(self, platform):
        """A real record fits."""
        rid = platform.read(b"")["errmsg"].rsplit("rid: ", 1)[1]

        assert fits("CallRecord", platform.call("POST", "/cgi-bin/openapi/rid/get", {"rid": rid}, access_token="TOKEN"))


@pytest.mark.parametrize("code", REMEDIES)
def test_every_code_is_documented(code: int):
    """docs/errors.md has the code's message, cause and remedy as `why` tells them."""
    cause, remedy = REMEDIES[code]

    assert f"| {code} | `{codes.MESSAGES[code]}` | {cause} | {remedy} |" in (DOCS / "errors.md").read_text()


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_path_is_in_the_guide(path: str):
    """docs/http.md speaks of each path."""
    assert re.search(rf"{re.escape(path)}\b", (DOCS / "http.md").read_text())
