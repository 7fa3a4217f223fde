"""The error codes of the cloud call itself, beside those of the API that is called."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BAD_ARGUMENTS = -601002
NOT_FOUND = -604100
NO_PERMISSION = -604101
TIMEOUT = -604102
SYSTEM_ERROR = -604103
ILLEGAL_SOURCE = -604104

MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        BAD_ARGUMENTS: "invalid request parameters",
        NOT_FOUND: "API not found",
        NO_PERMISSION: "function has no permission to call this API",
        TIMEOUT: "call open API timeout",
        SYSTEM_ERROR: "call open API system error",
        ILLEGAL_SOURCE: "illegal source of invocation",
    }
)
