"""What an error is told as: its code, the platform's message for that, a hint, and a reason in a word.

The one table of error codes stands here; those of the cloud call itself are in
:mod:`~bankcard_ocr.platform.cloudcodes`.

>>> errcode(BankcardError("unforeseen"))
-1
>>> message(41005)
'media data missing'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from ..errors import (
    BankcardError,
    Busy,
    CallError,
    CardsDiffer,
    FetchError,
    NoCardFound,
    NumberUnreadable,
    PictureError,
    Refused,
    StateError,
    TooSlow,
)
from ..numbers.masking import masked
from . import cloudcodes

MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        -1: "system error",
        0: "ok",
        40001: (
            "invalid credential, access_token is invalid or not latest, could get access_token by "
            "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
        ),
        40002: "invalid grant_type",
        40013: "invalid appid",
        40066: "invalid url",
        40125: "invalid appsecret",
        40164: "invalid ip {ip} ipv6 {ipv6}, not in whitelist",
        41001: "access_token missing",
        41002: "appid missing",
        41004: "appsecret missing",
        41005: "media data missing",
        42001: "access_token expired",
        43002: "require POST method",
        44002: "empty post data",
        45009: "reach max api daily quota limit",
        45011: "api minute-quota reach limit, must slower, retry next minute",
        47001: "data format error",
        48001: "api unauthorized",
        48006: "forbid to clear quota because of reaching the limit",
        76001: "rid not found",
        76002: "rid is error",
        76003: "could not query this rid,no permission",
        76021: "cgi_path not found, please check",
        76022: "could not use this cgi_path,no permission",
        101000: "invalid image url",
        101001: "certificate not found",
        101002: "decode image failed",
        101003: "not enough market quota",
    }
)

_ERRCODES: Mapping[type[BankcardError], int] = MappingProxyType(
    {PictureError: 101002, Refused: 101001, FetchError: 101000, Busy: -1, StateError: -1}
)

Reason = Literal[
    "no card",
    "unreadable",
    "cards differ",
    "picture",
    "fetch",
    "quota",
    "rate",
    "token",
    "secret",
    "address",
    "permission",
    "call",  # it is not as it should be
    "busy",
    "timeout",
    "state",
    "fault",  # ours, which nobody foresaw
]

_REASONS: Mapping[type[BankcardError], Reason] = MappingProxyType(
    {
        NoCardFound: "no card",
        NumberUnreadable: "unreadable",
        CardsDiffer: "cards differ",
        PictureError: "picture",
        FetchError: "fetch",
        TooSlow: "timeout",
        Busy: "busy",
        StateError: "state",
    }
)
_REASONS_OF_CODES: Mapping[int, Reason] = MappingProxyType(
    {
        40001: "token",
        40125: "secret",
        40164: "address",
        41001: "token",
        42001: "token",
        45009: "quota",
        45011: "rate",
        48001: "permission",
        48006: "quota",
        101003: "quota",
        cloudcodes.NO_PERMISSION: "permission",
        cloudcodes.ILLEGAL_SOURCE: "token",
    }
)


def errcode(error: Exception) -> int:
    """The platform's code for ``error``; -1 for what should not have happened."""
    if isinstance(error, CallError):
        return error.errcode
    return next((code for kind, code in _ERRCODES.items() if isinstance(error, kind)), -1)


def reason(error: Exception) -> Reason:
    """Why a call that ``error`` ended was refused, as one of a few words.

    >>> reason(CallError(42001)), reason(CallError(47001)), reason(ZeroDivisionError())
    ('token', 'call', 'fault')
    """
    found = next((reason for kind, reason in _REASONS.items() if isinstance(error, kind)), None)
    if found is None and isinstance(error, CallError):
        return _REASONS_OF_CODES.get(error.errcode, "call")
    return found or "fault"


def message(errcode: int) -> str:
    """What errmsg begins with; also for the codes of the cloud call."""
    return MESSAGES.get(errcode) or cloudcodes.MESSAGES[errcode]


def hint(error: Exception) -> str:
    """Stage and cause in a few words, on one line, without brackets or anything like a card number."""
    return _line(error.cause if isinstance(error, BankcardError) else "internal error, the server's log has it")


def common_hint(error: Exception) -> str:
    """The hint without what differs from picture to picture."""
    return _line(error.common_cause) if isinstance(error, BankcardError) else hint(error)


def _line(cause: str) -> str:
    return masked(re.sub(r"[\[\]\s]+", " ", cause).strip())[:160]
