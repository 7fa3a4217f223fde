"""One account on one server: its token kept, its calls made as steps by two drivers, threaded and asynchronous."""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import sys
import time
import weakref
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import httpx

from ..errors import SettingsError
from ..platform import cloudcodes, permission
from ..platform.endpoints import RECOGNIZE, STABLE_TOKEN
from .apis import Aio, OpenApi
from .arguments import Given, sent
from .result import BankcardResult, CloudError, failure, refusal, result_of

RETRIES = 2
MOST_CONNECTIONS = 100  # of one client; further threads wait
_TOKEN_MARGIN_S = 60.0  # a token is fetched anew this long before it expires
_BACKOFF_S = 0.1
_TOKEN_REFUSED = {40001, 42001}  # unknown or superseded, expired


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One request: what is ``given`` as a form, or a JSON body."""

    path: str
    given: Given | Mapping[str, Any] = field(repr=False)
    timeout_s: float


_Answer = httpx.Response | httpx.HTTPError | None
_Told = TypeVar("_Told")
_Steps = Generator[_Ask | float, _Answer, _Told]  # what to send or how long to wait; a driver takes them


class Cloud:
    """One account on one server, shared by threads.

    ``url`` is the server's address; the gateway's (``…/admin``) is understood. Credentials are ``appid`` and
    ``secret``, or an ``access_token`` that somebody else renews. ``config`` is the function's config.json, as a path or
    its content; by default the one in the current folder, or beside the program. ``timeout_s`` is for a whole call.
    ``ca_file`` has the certificate authorities to trust, instead of the system's.

    Close it, or use it in a ``with`` statement, to give its connections back; one that nobody uses any more does so.
    """

    def __init__(
        self,
        url: str,
        *,
        appid: str = "",
        secret: str = "",
        access_token: str = "",
        config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        timeout_s: float = 10.0,
        ca_file: str | None = None,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        async_sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not (access_token or (appid and secret)):
            raise SettingsError("appid", "cloud.init", "give appid and secret, or an access_token")
        self._url = _server(url)
        self._account = (appid, secret)
        self._timeout_s = timeout_s
        self._clock = clock
        self._sleep = sleep
        self._async_sleep = async_sleep
        self._permissions = _permissions(config)
        self._token: tuple[str, float] = (access_token, float("inf") if access_token else 0.0)
        # without TLS, no certificates are read: that takes longer than a call
        self._verify = _certificates(ca_file) if self._url.startswith("https:") else False
        self._async_transport = async_transport
        self._transport = transport
        self._connect()
        self.openapi = OpenApi(self.call)
        self.aio = Aio(self.call_async)

    def __repr__(self) -> str:
        return f"Cloud({_shown(self._url)!r})"

    def _connect(self) -> None:
        """Opens a pool of connections, which are this process's alone."""
        # as many kept as opened: a pool that holds more than it keeps closes idle ones, some just given to a thread
        pool = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
        self._client = httpx.Client(
            base_url=self._url, verify=self._verify, timeout=self._timeout_s, transport=self._transport, limits=pool
        )
        self._process = os.getpid()
        self._closing = weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # The drivers

    def call(self, given: Mapping[str, Any]) -> BankcardResult:
        """The result of a recognition with the arguments ``given``. Raises CloudError."""
        steps = self._bankcard(sent(given))
        answer: _Answer = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as done:
                return cast("BankcardResult", done.value)
            if isinstance(step, float):
                self._sleep(step)
                answer = None
            else:
                answer = self._send(step)

    def _send(self, ask: _Ask) -> httpx.Response | httpx.HTTPError:
        if self._process != os.getpid() and not self._client.is_closed:
            # A fork: over connections shared with its parent it would get another's answers. Its copies are left as
            # they are, since a thread that is not here may have held the pool's lock.
            self._closing.detach()
            self._connect()
        client = self._client
        try:
            return client.send(_request(client, ask))
        except httpx.HTTPError as error:
            return error
        except RuntimeError as error:
            if not client.is_closed:
                raise
            raise refusal(cloudcodes.SYSTEM_ERROR, ": the account was closed") from error

    async def call_async(self, given: Mapping[str, Any]) -> BankcardResult:
        """As :meth:`call`, without blocking."""
        steps = self._bankcard(sent(given))
        answer: _Answer = None
        async with httpx.AsyncClient(
            base_url=self._url, verify=self._verify, timeout=self._timeout_s, transport=self._async_transport
        ) as client:  # one for each call: event loops come and go with asyncio.run, and connections die with theirs
            while True:
                try:
                    step = steps.send(answer)
                except StopIteration as done:
                    return cast("BankcardResult", done.value)
                if isinstance(step, float):
                    await self._async_sleep(step)
                    answer = None
                else:
                    answer = await _send_async(client, step)

    # The steps

    def _bankcard(self, given: Given) -> _Steps[BankcardResult]:
        """The steps of one recognition."""
        if RECOGNIZE.api not in (self._permissions or ()):
            found = "config.json" if self._permissions is not None else _NO_CONFIG
            raise refusal(cloudcodes.NO_PERMISSION, f"; {found} must list {RECOGNIZE.api} under permissions.openapi")
        deadline = self._clock() + self._timeout_s
        token = yield from self._access_token(deadline)
        reply = yield from self._recognize(token, given, deadline)
        if reply["errcode"] in _TOKEN_REFUSED and all(self._account):
            token = yield from self._access_token(deadline, refused=token)
            reply = yield from self._recognize(token, given, deadline)
        return result_of(reply)

    def _recognize(self, token: str, given: Given, deadline: float) -> _Steps[dict[str, Any]]:
        credited = replace(given, form={**given.form, "access_token": token})
        reply = yield from self._exchange(RECOGNIZE.path, credited, deadline)
        if type(reply.get("errcode")) is not int:
            raise refusal(cloudcodes.SYSTEM_ERROR, ": the reply has no errcode")
        return reply

    def _access_token(self, deadline: float, *, refused: str = "") -> _Steps[str]:
        """The token kept, or a new one: a stable token, which every process of the app gets alike."""
        token, good_until = self._token
        if token and token != refused and self._clock() < good_until:
            return token
        appid, secret = self._account
        body = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        reply = yield from self._exchange(STABLE_TOKEN.path, body, deadline)
        new, lifetime_s = reply.get("access_token"), reply.get("expires_in")
        if not isinstance(new, str) or not isinstance(lifetime_s, int):
            code = reply.get("errcode")
            known = code if code and type(code) is int else cloudcodes.SYSTEM_ERROR
            raise failure(known, str(reply.get("errmsg", "no token")))
        self._token = (new, self._clock() + max(0.0, lifetime_s - _TOKEN_MARGIN_S))
        return new

    def _exchange(self, path: str, given: Given | Mapping[str, Any], deadline: float) -> _Steps[dict[str, Any]]:
        """The JSON object that is the reply; sent again only when it cannot have been served."""
        answer: _Answer = None
        for attempt in range(RETRIES + 1):
            left_s = deadline - self._clock()
            if left_s <= 0:
                break
            answer = yield _Ask(path=path, given=given, timeout_s=left_s)
            pause_s = _pause_s(answer, attempt)
            if pause_s is None or attempt == RETRIES or self._clock() + pause_s >= deadline:
                break
            yield pause_s
        if isinstance(answer, httpx.Response):
            return _parsed(answer)
        raise _networkfailure(answer, self._url)


def _pause_s(answer: _Answer, attempt: int) -> float | None:
    """How long to wait before sending again; None when that might recognize, and charge, twice."""
    if isinstance(answer, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return float(_BACKOFF_S * 2**attempt)
    if isinstance(answer, httpx.Response) and "retry-after" in answer.headers and _parsed(answer).get("errcode") == -1:
        value = answer.headers["retry-after"]
        return float(value) if value.isdecimal() else 1.0
    return None


def _request(client: httpx.Client | httpx.AsyncClient, ask: _Ask) -> httpx.Request:
    """``ask`` as a request; credentials are in the body, where no access log has them."""
    timeout, given = httpx.Timeout(ask.timeout_s), ask.given
    if not isinstance(given, Given):
        return client.build_request("POST", ask.path, json=given, timeout=timeout)
    return client.build_request(
        "POST", ask.path, data=given.form, files=given.files or None, headers=given.headers, timeout=timeout
    )


async def _send_async(client: httpx.AsyncClient, ask: _Ask) -> httpx.Response | httpx.HTTPError:
    try:
        return await client.send(_request(client, ask))
    except httpx.HTTPError as error:
        return error


def _parsed(response: httpx.Response) -> dict[str, Any]:
    try:
        reply = response.json()
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise refusal(cloudcodes.SYSTEM_ERROR, f": HTTP status {response.status_code} without a reply")
    code = reply.get("errcode")
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):  # a server may be set to write it so
        reply["errcode"] = int(code)
    return reply


def _networkfailure(error: _Answer, url: str) -> CloudError:
    if error is None or isinstance(error, httpx.TimeoutException):
        return refusal(cloudcodes.TIMEOUT)
    if isinstance(error, httpx.ConnectError):
        return refusal(cloudcodes.SYSTEM_ERROR, f": no connection to {_shown(url).rstrip('/')} ({error})")
    return refusal(cloudcodes.SYSTEM_ERROR, f": {type(error).__name__}")


def _server(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise SettingsError("url", "cloud.init", "the server's address, such as http://127.0.0.1:8080")
    return str(parsed.copy_with(path=parsed.path.rstrip("/").removesuffix("/admin") + "/", query=None, fragment=None))


def _shown(url: str) -> str:
    """``url`` without the name and password that may stand in it."""
    return str(httpx.URL(url).copy_with(userinfo=b""))


def _certificates(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        reason = f"{ca_file} cannot be used, {error.strerror or error}"
        raise SettingsError("ca_file", "cloud.init", reason) from error


def _permissions(config: str | os.PathLike[str] | Mapping[str, Any] | None) -> tuple[str, ...] | None:
    """The names the function's config.json lists; None when there is no such file."""
    try:
        if isinstance(config, Mapping):
            return permission.listed(json.dumps(config))
        path = _config_beside() if config is None else Path(config)
        return permission.listed(path.read_bytes()) if path else None
    except (OSError, TypeError, ValueError) as error:
        raise SettingsError("config", "cloud.init", str(error)) from error


_NO_CONFIG = "there is no config.json in the current folder, beside the program or in init(config=…); it"


def _config_beside() -> Path | None:
    """The config.json of the current folder, or of the program's."""
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    folders = [Path.cwd(), *([Path(program).parent] if program else [])]
    return next((path for folder in folders if (path := folder / "config.json").is_file()), None)
