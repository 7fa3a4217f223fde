"""The cloud call for functions written in Python: ``cloud.openapi.ocr.bankcard``, as WeChat documents it for Node.js.

::

    from bankcard_ocr import cloud

    cloud.init(url="http://127.0.0.1:8080", appid="wx…", secret="…")
    result = cloud.openapi.ocr.bankcard(type="photo", imgUrl="https://example.com/card.jpg")
    result = cloud.openapi.ocr.bankcard(img={"contentType": "image/jpeg", "value": data})
    result = await cloud.aio.openapi.ocr.bankcard(img=Path("card.jpg"))
    result["number"]

A result is ``{"errCode": 0, "errMsg": "openapi.ocr.bankcard:ok", "number": "…", "id": "…"}``. A failure is a
:class:`CloudError` with ``errCode`` and ``errMsg``, which are all that it serializes to. The function's own
``config.json``, in the current folder or beside the program, must list the API, or the call is refused before anything
is sent.

The access token is fetched, kept and, when the server has superseded it, fetched anew once. What is sent again by
itself is only what cannot have been served: no connection came about, or the server was busy. This module needs httpx
and nothing that has pixels.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .account import Cloud
from .apis import Aio, AsyncOpenApi, OpenApi
from .arguments import Arguments, Media
from .result import BankcardResult, CloudError, failure

__all__ = [
    "Arguments",
    "AsyncOpenApi",
    "BankcardResult",
    "Cloud",
    "CloudError",
    "Media",
    "OpenApi",
    "aio",
    "init",
    "openapi",
]

_default: Cloud | None = None


def init(
    url: str | None = None,
    *,
    appid: str | None = None,
    secret: str | None = None,
    access_token: str | None = None,
    config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    timeout_s: float = 10.0,
    ca_file: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Cloud:
    """Sets the account that ``cloud.openapi`` and ``cloud.aio`` use, and returns it. Calls at work keep theirs.

    What is not given is read from ``BANKCARD_CLOUD_URL``, ``BANKCARD_CLOUD_APPID``, ``BANKCARD_CLOUD_SECRET`` and
    ``BANKCARD_CLOUD_ACCESS_TOKEN`` of the environment. Raises SettingsError.
    """
    global _default  # noqa: PLW0603  (the documented shape: init once, then call)
    variables = os.environ if environment is None else environment

    def value(given: str | None, name: str) -> str:
        return variables.get(f"BANKCARD_CLOUD_{name}", "") if given is None else given

    new = Cloud(
        value(url, "URL"),
        appid=value(appid, "APPID"),
        secret=value(secret, "SECRET"),
        access_token=value(access_token, "ACCESS_TOKEN"),
        config=config,
        timeout_s=timeout_s,
        ca_file=ca_file,
    )
    _default = new
    return new


def _initialized() -> Cloud:
    if _default is None:
        raise failure(-1, "Cloud API isn't enabled, please call init first")
    return _default


CloudError.__module__ = __name__  # where tracebacks say it is from
openapi = OpenApi(lambda given: _initialized().call(given))
aio = Aio(lambda given: _initialized().call_async(given))
