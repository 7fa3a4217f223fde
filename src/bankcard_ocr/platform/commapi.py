r"""The protobuf messages of a cloud call: what a function gives, and what it is answered.

CommApiData has the arguments: pairs of names in snake_case and values. A plain value is JSON text, quotes included
(``"photo"``). A picture is a pair with raw bytes and a filename; its ``contenttype`` stays empty, by a mistake of the
SDK. CommOpenApiResp is around the JSON of the HTTPS endpoint, or has an ``error_code``.

Of a picture that was given without its contentType the SDK makes a JSON object, byte by byte, which is not read: the
endpoint's 41005 tells what to give, since an ``error_code`` has no words.

The field numbers are those of the SDK's ``protobuf/openapi.js``.

>>> arguments(b'\x12\x10\x0a\x0e\x0a\x04type\x12\x06"scan"').plain
{'type': 'scan'}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import DecodeError

from ..errors import CallError
from . import form, sources, wire
from .cloudcodes import BAD_ARGUMENTS
from .multipart import Part

MAX_PAIRS = 64
MAX_FIELDS = 1024  # of a message and those right in it: counted before they are made, as two bytes are one
MAX_TEXT_BYTES = 65_536  # of a plain value: a URL is the longest

AS_JSON = "img came as JSON, give it as {contentType, value: Buffer}"

_EMPTY_PICTURE = re.compile(rb'\{\s*(?:"contentType"\s*:\s*(?:"[^"]*"|null)\s*)?\}')  # as its value was undefined
_LENGTH_DELIMITED, _FIXED = 2, {1: 8, 5: 4}  # protobuf's wire types, with bytes where they say it


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What the function gave: ``plain`` values (text, numbers, truth) and ``pictures``."""

    plain: Mapping[str, str | int | float | bool] = field(repr=False)
    pictures: tuple[Part, ...] = ()


def arguments(request_data: bytes) -> Arguments:
    """The arguments in a CommApiData. Raises CallError 41005 for a picture as JSON, -601002 for all else it may be."""
    if _has_many_fields(request_data):
        raise CallError(BAD_ARGUMENTS, "too many fields")
    try:
        message = CommApiData.FromString(request_data)
    except (DecodeError, RecursionError) as error:
        raise CallError(BAD_ARGUMENTS, "requestData is no CommApiData") from error
    pairs = message.openapi_data.pairs
    if message.api_type != 0 or len(pairs) > MAX_PAIRS:
        raise CallError(BAD_ARGUMENTS, "api_type is not OPEN_API" if message.api_type else "too many pairs")
    pictures = [Part(name=pair.key, filename=pair.filename, content_type="", data=pair.value) for pair in pairs]
    return Arguments(
        plain={pair.key: value for pair in pairs if not pair.filename and (value := _plain(pair)) is not None},
        pictures=tuple(part for part in pictures if part.filename),
    )


def _plain(pair: Any) -> str | int | float | bool | None:
    """The scalar that a KeyValuePair's value is as JSON text; None for null, and for a picture that was left out.

    What is no parameter may be anything: functions hand on their event, in which there is an object ``userInfo``.
    """
    value = pair.value
    if pair.key in form.PICTURES and value.startswith(b"{"):
        if _EMPTY_PICTURE.fullmatch(value):
            return None
        raise CallError(41005, AS_JSON)
    try:
        return _scalar(value)
    except CallError:
        if pair.key in sources.KNOWN:
            raise
        return None


def _scalar(text: bytes) -> str | int | float | bool | None:
    if len(text) > MAX_TEXT_BYTES:
        raise CallError(BAD_ARGUMENTS, "a value is too long")
    try:
        scalar = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CallError(BAD_ARGUMENTS, "a value is no JSON text") from error
    if scalar is not None and not isinstance(scalar, str | int | float | bool):
        raise CallError(BAD_ARGUMENTS, "a value is neither text nor number")
    return scalar


def _has_many_fields(message: bytes) -> bool:
    """Whether a protobuf message and its sub-messages have over MAX_FIELDS fields, as far as they can be read.

    What cannot is for protobuf to refuse, which makes nothing of what stands behind it.
    """
    outer = list(islice(_fields(message, 0, len(message)), MAX_FIELDS + 1))
    inner = chain.from_iterable(_fields(message, start, stop) for start, stop in outer)
    return len(outer) + sum(1 for _ in islice(inner, MAX_FIELDS)) > MAX_FIELDS


def _fields(message: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the content of each field starts and stops (https://protobuf.dev/programming-guides/encoding)."""
    while at < end:
        tag, at = _varint(message, at)
        kind, size = tag & 7, 0
        if kind == _LENGTH_DELIMITED:
            size, at = _varint(message, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        elif kind == 0:
            _, at = _varint(message, at)
        yield at, min(end, at + size)
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """(value, where the next begins); of one that does not end what is there."""
    value = 0
    for shift, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, at + shift + 1
    return value, at + 10


def encode_reply(content: bytes) -> bytes:
    """A CommOpenApiResp around the JSON ``content``."""
    message = CommOpenApiResp(resp_data=content, content_type=wire.CONTENT_TYPE, http_code=200)
    return bytes(message.SerializeToString())


def refusal(error_code: int) -> bytes:
    """A CommOpenApiResp that says why the API was not reached."""
    return bytes(CommOpenApiResp(error_code=error_code, http_code=200).SerializeToString())


_DESCRIPTION = """
name: "commapi.proto" package: "bankcard_ocr" syntax: "proto3"
message_type { name: "KeyValuePair"
  field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_BYTES }
  field { name: "contenttype" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "filename" number: 4 label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "OpenApiData"
  field { name: "pairs" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".bankcard_ocr.KeyValuePair" } }
message_type { name: "CommApiData"
  field { name: "api_type" number: 1 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "openapi_data" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE
          type_name: ".bankcard_ocr.OpenApiData" }
  field { name: "appid" number: 6 label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "HttpHeader"
  field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "CommOpenApiResp"
  field { name: "resp_data" number: 1 label: LABEL_OPTIONAL type: TYPE_BYTES }
  field { name: "content_type" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "error_code" number: 3 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "http_code" number: 4 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "headers" number: 5 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".bankcard_ocr.HttpHeader" }
  field { name: "svrkit_error_code" number: 6 label: LABEL_OPTIONAL type: TYPE_INT32 } }
"""


def _message(name: str) -> Any:
    """The class of message ``name``, made from its description by the protobuf runtime.

    What protoc generates runs with few versions of the runtime; a description runs with all.
    """
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"bankcard_ocr.{name}"))


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(text_format.Parse(_DESCRIPTION, descriptor_pb2.FileDescriptorProto()))
CommApiData = _message("CommApiData")
CommOpenApiResp = _message("CommOpenApiResp")
