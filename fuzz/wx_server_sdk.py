"""The messages of the cloud call as npm's ``wx-server-sdk`` writes and reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bankcard_ocr.platform.commapi import CommApiData, CommOpenApiResp
from bankcard_ocr.platform.multipart import Part


def encode_arguments(plain: Mapping[str, object], pictures: tuple[Part, ...] = ()) -> bytes:
    """A CommApiData with these arguments."""
    pairs = [{"key": name, "value": json.dumps(value).encode()} for name, value in plain.items()]
    pairs += [{"key": part.name, "value": part.data, "filename": part.filename or "img.png"} for part in pictures]
    return bytes(CommApiData(openapi_data={"pairs": pairs}).SerializeToString())


def decode_reply(data: bytes) -> tuple[int, bytes]:
    """(error_code, resp_data) of a CommOpenApiResp."""
    message = CommOpenApiResp.FromString(data)
    return message.error_code, bytes(message.resp_data)
