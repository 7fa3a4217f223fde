"""The paths of the platform: what their APIs are called, and how each is asked.

The names stand here alone. By them an app is denied an API, and a cloud function's ``config.json`` lists what it calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path. ``api`` is the name by which an app may be denied it; empty of tokens, which no app is denied."""

    path: str
    api: str = ""
    post_only: bool = True


RECOGNIZE = Endpoint(path="/cv/ocr/bankcard", api="ocr.bankcard", post_only=False)
TOKEN = Endpoint(path="/cgi-bin/token", post_only=False)
STABLE_TOKEN = Endpoint(path="/cgi-bin/stable_token")
CLEAR_QUOTA = Endpoint(path="/cgi-bin/clear_quota", api="clear_quota")
CLEAR_QUOTA_BY_SECRET = Endpoint(path="/cgi-bin/clear_quota/v2", api="clear_quota")
GET_QUOTA = Endpoint(path="/cgi-bin/openapi/quota/get", api="openapi.quota.get")
CLEAR_API_QUOTA = Endpoint(path="/cgi-bin/openapi/quota/clear", api="openapi.quota.clear")
GET_RID = Endpoint(path="/cgi-bin/openapi/rid/get", api="openapi.rid.get")
CALLBACK_ADDRESSES = Endpoint(path="/cgi-bin/getcallbackip", api="addresses", post_only=False)
API_ADDRESSES = Endpoint(path="/cgi-bin/get_api_domain_ip", api="addresses", post_only=False)

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        each.path: each
        for each in (
            RECOGNIZE,
            TOKEN,
            STABLE_TOKEN,
            CLEAR_QUOTA,
            CLEAR_QUOTA_BY_SECRET,
            GET_QUOTA,
            CLEAR_API_QUOTA,
            GET_RID,
            CALLBACK_ADDRESSES,
            API_ADDRESSES,
        )
    }
)
APIS = tuple(dict.fromkeys(each.api for each in ENDPOINTS.values() if each.api))  # what an app may be denied
CLOUD_APIS: Mapping[str, Endpoint] = MappingProxyType({RECOGNIZE.api: RECOGNIZE})  # what cloud functions may call
