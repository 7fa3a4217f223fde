"""The description of the API in OpenAPI 3.1: what ``/openapi.json`` serves and ``/docs`` shows.

Written by hand, since the platform's way of taking a picture from wherever it is does not come out of type hints.
The tests hold it against the service: its paths are the endpoints, its examples are replies, its codes are the table.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from ..platform.codes import MESSAGES
from ..platform.detail import CORNERS
from ..platform.disclosure import FORMS
from ..platform.form import PICTURES
from ..reading import RETURNED, WARNINGS

_TOKEN = {
    "name": "access_token",
    "in": "query",
    "required": True,
    "description": "The credential, from /cgi-bin/token or /cgi-bin/stable_token.",
    "schema": {"type": "string", "maxLength": 512},
}
_POSITION = {"$ref": "#/components/schemas/Position"}
_DIGIT = {"allOf": [_POSITION], "properties": {"confidence": {"type": "number", "minimum": 0, "maximum": 1}}}


def _replies(schema: str, example: dict[str, Any]) -> dict[str, Any]:
    """The one response, HTTP 200: the reply of ``schema`` or a failure."""
    content = {
        "schema": {"oneOf": [{"$ref": f"#/components/schemas/{schema}"}, {"$ref": "#/components/schemas/Failure"}]},
        "examples": {
            "done": {"value": example},
            "failed": {
                "value": {
                    "errcode": 40001,
                    "errmsg": f"{MESSAGES[40001]} hint: [unknown token] rid: 64dd8e12-0eb37d04-36a66358",
                }
            },
        },
    }
    rid = {"description": "The request id of this call.", "schema": {"type": "string"}}
    return {
        "200": {
            "description": "The reply; failures too have status 200.",
            "headers": {"X-Rid": rid},
            "content": {"application/json": content},
        }
    }


def _object(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    """An object that has all of ``properties``, or of them those that are ``required``."""
    return {"type": "object", "required": list(properties) if required is None else required, "properties": properties}


def _post(
    summary: str, properties: dict[str, Any], reply: tuple[str, dict[str, Any]], *, parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    """A POST endpoint with a JSON body of texts."""
    required = [name for name, value in properties.items() if value.get("type") != "boolean"]
    body = _object(properties, required=required)
    return {
        "post": {
            "summary": summary,
            "parameters": parameters,
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": _replies(*reply),
        }
    }


def _get(summary: str, parameters: list[dict[str, Any]], reply: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"get": {"summary": summary, "parameters": parameters, "responses": _replies(*reply)}}


def _query(name: str, description: str, *, required: bool = True, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": {"type": "string", **schema},
    }


_TYPE = "photo: a card with background, any rotation. scan: the picture is the card, upright."
_PAN = (
    "How the reply shows the number: the digits, first 6 and last 4 (fewer of short ones), a JWE to the app's key, or "
    "a keyed fingerprint. An app may be bound to one; asking for more is 48001."
)
_WHOLE = {"type": "integer", "minimum": 0}
_DETAIL = "1 adds confidence, dates, issuer, positions and warnings to the reply."
_RECOGNIZED = ("Recognized", {"errcode": 0, "errmsg": "ok", "number": "6200000000000005", "id": "6200000000000005"})
_ISSUED = ("Token", {"access_token": "3Qx…", "expires_in": 7200})
_DONE = ("Done", {"errcode": 0, "errmsg": "ok"})
_ADDRESSES = ("Addresses", {"ip_list": ["127.0.0.1"]})
_QUOTA = (
    "Quota",
    {
        "errcode": 0,
        "errmsg": "ok",
        "quota": {"daily_limit": 500, "used": 3, "remain": 497},
        "rate_limit": {"call_count": 60000, "refresh_second": 60},
    },
)
_CALL = (
    "CallRecord",
    {
        "errcode": 0,
        "errmsg": "ok",
        "request": {
            "invoke_time": 1692241426,
            "cost_in_ms": 12,
            "request_url": "/cv/ocr/bankcard?access_token=***",
            "request_body": "multipart, img: 150032 bytes image/jpeg",
            "response_body": '{"errcode": 0, "errmsg": "ok", "number": "620000******0005", "id": "620000******0005"}',
            "client_ip": "127.0.0.1",
        },
    },
)
_CREDENTIALS = {
    "grant_type": {"type": "string", "enum": ["client_credential"]},
    "appid": {"type": "string"},
    "secret": {"type": "string"},
}
_PATH = {"type": "string", "enum": ["/cv/ocr/bankcard", "/cgi-bin/token"]}

_BYTES = {"type": "string", "contentMediaType": "application/octet-stream"}
_FIELDS = {
    "img_url": {"type": "string", "format": "uri"},
    **{f"{name}_base64": {"type": "string", "contentEncoding": "base64"} for name in PICTURES},
}


def _with_headers(replies: dict[str, Any]) -> dict[str, Any]:
    """``replies`` with the headers that a reply to an app has."""
    told = {
        "X-RateLimit-Limit": "Recognitions a day.",
        "X-RateLimit-Remaining": "What is left of them after this call.",
        "X-RateLimit-Reset": "The Unix time of the next midnight in Beijing.",
    }
    headers = {name: {"description": text, "schema": _WHOLE} for name, text in told.items()}
    headers["Idempotent-Replayed"] = {
        "description": "true when this is an earlier answer, see Idempotency-Key.",
        "schema": {"const": "true"},
    }
    headers["Retry-After"] = {"description": "With errcode -1 when busy: seconds to wait, 1 to 30.", "schema": _WHOLE}
    return {code: {**reply, "headers": {**reply["headers"], **headers}} for code, reply in replies.items()}


_BANKCARD_PARAMETERS = [
    _TOKEN,
    _query("type", _TYPE, enum=["photo", "scan"], default="photo", required=False),
    _query("img_url", "The picture's address, when the picture is not sent along.", format="uri", required=False),
    _query("detail", _DETAIL, enum=["0", "1"], required=False),
    _query("pan", _PAN, enum=list(FORMS), default="full", required=False),
    _query("return", "Pictures to give back, separated by commas: card, number, redacted.", required=False),
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key, picture and parameters within 24 hours get the same answer, charged once.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
]
_BANKCARD = {
    "get": {
        "summary": "Read the card number on the picture at img_url",
        "parameters": _BANKCARD_PARAMETERS,
        "responses": _with_headers(_replies(*_RECOGNIZED)),
    },
    "post": {
        "summary": "Read the card number on a picture",
        "description": (
            "The picture is taken from the first of these: the multipart part img, another file part, a part without "
            "filename that begins like a picture, a body that begins like a picture, img_base64, img_url in query, "
            "form or JSON. img2 to img8, or their base64, are further pictures of the same card, all one call. "
            "A call is charged to the quota when recognition ran, whatever it found."
        ),
        "parameters": _BANKCARD_PARAMETERS,
        "requestBody": {
            "required": False,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {**dict.fromkeys(PICTURES, _BYTES), **_FIELDS},
                    }
                },
                "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": _FIELDS}},
                "application/json": {"schema": {"type": "object", "properties": _FIELDS}},
                "image/*": {"schema": _BYTES},
            },
        },
        "responses": _with_headers(_replies(*_RECOGNIZED)),
    },
}


_STATUS = {"errcode": {"const": 0}, "errmsg": {"const": "ok"}}
_POINT = _object({"x": {"type": "integer"}, "y": {"type": "integer"}})
_JPEG = {
    "type": "string",
    "contentEncoding": "base64",
    "contentMediaType": "image/jpeg",
    "description": "When return asks for it.",
}
_TEXT = {"type": "string"}
_NUMBER = {
    "type": "string",
    "anyOf": [
        {"pattern": "^[0-9]{12,19}$"},
        {"pattern": r"^[0-9]{3,6}\*{5,9}[0-9]{4}$"},
        {"pattern": r"^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$"},
        {"pattern": "^[0-9a-f]{64}$"},
    ],
}
_MAYBE_TEXT = {"type": ["string", "null"]}
_END = _object({"errcode": {"type": "integer"}, "stage": _TEXT, "cause": _TEXT, "count": _WHOLE})
_ISSUER = {
    "bank_name": {**_MAYBE_TEXT, "description": "In Chinese where the bank has a Chinese name."},
    "bank_name_en": _MAYBE_TEXT,
    "card_name": _MAYBE_TEXT,
    "card_type": {"enum": ["debit", "credit", "quasi_credit", "prepaid", "unknown"]},
    "network": {**_MAYBE_TEXT, "description": "unionpay, visa, mastercard, amex, jcb, diners, discover, mir, …"},
}

_MAYBE_POSITION = {"oneOf": [_POSITION, {"type": "null"}]}
_MAYBE_CONFIDENCE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_CARD = _object(
    {
        "number": {"oneOf": [_NUMBER, {"type": "null"}]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "refusal": {**_MAYBE_TEXT, "description": "Why there is no number."},
        "card_position": _MAYBE_POSITION,
        "number_position": _MAYBE_POSITION,
    },
)

_SEEN = {
    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    "card_position": _MAYBE_POSITION,
    "img_size": _object({"w": _WHOLE, "h": _WHOLE}),
    "warnings": {"type": "array", "items": {"enum": list(WARNINGS)}},
    "cards": {"type": "array", "items": _CARD, "description": "Every card in view, in reading order."},
    "picture": {**_WHOLE, "description": "Of several pictures, which one all positions are of, from 0."},
    **{f"{name}_picture": _JPEG for name in RETURNED},
}

_SCHEMAS = {
    "Recognized": _object(
        {
            **_STATUS,
            "number": {**_NUMBER, "description": "The card number, digits only unless pan asks otherwise."},
            "id": {**_NUMBER, "description": "The same under the documentation's other name."},
            "valid_date": {**_MAYBE_TEXT, "description": "MM/YY, as printed."},
            "issue_date": {**_MAYBE_TEXT, "description": "MM/YY, as printed."},
            "holder_name": {**_MAYBE_TEXT, "description": "Latin capitals."},
            **_ISSUER,
            "bin": {**_MAYBE_TEXT, "description": "The digits of the number that the table of issuers knows."},
            "bin_table": _object({"version": _MAYBE_TEXT, "date": _MAYBE_TEXT}),
            "bin_candidates": {"type": "array", "items": _object(_ISSUER)},
            "number_position": _POSITION,
            "digit_positions": {"type": "array", "items": _DIGIT},
            "valid_date_position": _MAYBE_POSITION,
            "holder_name_position": _MAYBE_POSITION,
            "issue_date_position": _MAYBE_POSITION,
            "valid_date_confidence": _MAYBE_CONFIDENCE,
            "holder_name_confidence": _MAYBE_CONFIDENCE,
            "issue_date_confidence": _MAYBE_CONFIDENCE,
            **_SEEN,
        },
        required=["errcode", "errmsg", "number", "id"],
    ),
    "Position": _object({"pos": _object(dict.fromkeys(CORNERS, _POINT))}),
    "Failure": _object(
        {
            "errcode": {
                "type": "integer",
                "enum": [code for code in MESSAGES if code],
                "description": "; ".join(f"{code}: {text}" for code, text in MESSAGES.items() if code),
            },
            "errmsg": {**_TEXT, "description": "The platform's text, a hint of stage and cause, the request id."},
            "number_position": {**_MAYBE_POSITION, "description": "With detail=1 and errcode 101001, as what follows."},
            **_SEEN,
        },
        required=["errcode", "errmsg"],
    ),
    "Token": _object({"access_token": {**_TEXT, "maxLength": 512}, "expires_in": _WHOLE}),
    "Done": _object(_STATUS),
    "Quota": _object(
        {
            **_STATUS,
            "quota": _object({"daily_limit": _WHOLE, "used": _WHOLE, "remain": _WHOLE}),
            "rate_limit": _object({"call_count": _WHOLE, "refresh_second": _WHOLE}),
            "history": {"type": "object", "additionalProperties": _WHOLE, "description": "By day in Beijing."},
            "calls": _object({"since": _WHOLE, "count": _WHOLE, "causes": {"type": "array", "items": _END}}),
        },
        required=["errcode", "errmsg", "quota", "rate_limit"],
    ),
    "CallRecord": _object(
        {
            **_STATUS,
            "request": _object(
                {
                    "invoke_time": _WHOLE,
                    "cost_in_ms": _WHOLE,
                    "request_url": _TEXT,
                    "request_body": _TEXT,
                    "response_body": _TEXT,
                    "client_ip": _TEXT,
                },
            ),
        },
    ),
    "Addresses": _object({"ip_list": {"type": "array", "items": _TEXT}}),
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "bankcard-ocr",
        "version": version("bankcard-ocr"),
        "summary": "Reads the number of a payment card from a picture, by the wire contract of WeChat's ocr.bankcard.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "servers": [{"url": "."}],
    "paths": {
        "/cv/ocr/bankcard": _BANKCARD,
        "/cgi-bin/token": _get(
            "Issue an access token; the earlier one stays valid for five minutes",
            [
                _query("grant_type", "Always client_credential.", enum=["client_credential"]),
                _query("appid", "The app's id."),
                _query("secret", "The app's secret."),
            ],
            _ISSUED,
        ),
        "/cgi-bin/stable_token": _post(
            "Issue an access token that stays the same while it lives",
            {**_CREDENTIALS, "force_refresh": {"type": "boolean", "description": "Replace the token at once."}},
            _ISSUED,
            parameters=[],
        ),
        "/cgi-bin/clear_quota": _post(
            "Set the daily counts of the app to 0, ten times a month", {"appid": _TEXT}, _DONE, parameters=[_TOKEN]
        ),
        "/cgi-bin/clear_quota/v2": _post(
            "The same with the app's secret in place of a token; both may stand in the query instead",
            {"appid": _TEXT, "appsecret": _TEXT},
            _DONE,
            parameters=[],
        ),
        "/cgi-bin/openapi/quota/clear": _post(
            "Set the daily count of one path to 0, fifty times a month", {"cgi_path": _PATH}, _DONE, parameters=[_TOKEN]
        ),
        "/cgi-bin/openapi/quota/get": _post(
            "Today's quota of one path; with detail=1 in the query past days and what ended the latest calls",
            {"cgi_path": _PATH},
            _QUOTA,
            parameters=[_TOKEN, _query("detail", "1 adds history and calls.", enum=["0", "1"], required=False)],
        ),
        "/cgi-bin/openapi/rid/get": _post(
            "What became of a call, card numbers and tokens masked, for seven days",
            {"rid": _TEXT},
            _CALL,
            parameters=[_TOKEN],
        ),
        "/cgi-bin/getcallbackip": _get("The addresses of the platform's callbacks", [_TOKEN], _ADDRESSES),
        "/cgi-bin/get_api_domain_ip": _get("The addresses of the API", [_TOKEN], _ADDRESSES),
    },
    "components": {"schemas": _SCHEMAS},
}
