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

import asyncio
import json
import mimetypes
import os
import re
import ssl
import sys
import time
import weakref
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, NotRequired, Self, TypedDict, Unpack, cast

import httpx

from .errors import BankcardError, SettingsError
from .platform import cloudcodes, permission
from .platform.endpoints import RECOGNIZE, STABLE_TOKEN
from .reading import MOST_PICTURES

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

RETRIES = 2
_TOKEN_MARGIN_S = 60.0  # a token is fetched anew this long before it expires
_BACKOFF_S = 0.1
_TOKEN_REFUSED = {40001, 42001}  # unknown or superseded, expired


class CloudError(BankcardError):
    """A cloud call failed: ``errCode`` is a number, ``errMsg`` reads ``openapi.ocr.bankcard:fail …``.

    ``vars(error)`` and ``error.to_dict()`` are ``{"errCode": …, "errMsg": …}``; the usual Python names
    ``err_code`` and ``err_msg`` work too.
    """

    def __init__(self, errCode: int, errMsg: str) -> None:  # noqa: N803  (the documented names)
        super().__init__(errCode, errMsg)
        self.errCode = errCode
        self.errMsg = errMsg

    def __str__(self) -> str:
        meaning = cloudcodes.MESSAGES.get(self.errCode, "")
        return f"errCode: {self.errCode} {meaning}".rstrip() + f" | errMsg: {self.errMsg}"

    @property
    def err_code(self) -> int:
        return self.errCode

    @property
    def err_msg(self) -> str:
        return self.errMsg

    def to_dict(self) -> dict[str, int | str]:
        """``{"errCode": …, "errMsg": …}``."""
        return {"errCode": self.errCode, "errMsg": self.errMsg}


Position = dict[str, Any]  # {"pos": {"leftTop": {"x": …, "y": …}, …}}, of a digit with its "confidence"


class BankcardResult(TypedDict):
    """What a call gives; further fields, in camelCase, when they were asked for: None where none is told.

    Pictures are base64 of JPEGs.
    """

    errCode: int
    errMsg: str
    number: str
    id: str
    confidence: NotRequired[float]
    validDate: NotRequired[str | None]
    issueDate: NotRequired[str | None]
    holderName: NotRequired[str | None]
    bankName: NotRequired[str | None]
    bankNameEn: NotRequired[str | None]
    cardName: NotRequired[str | None]
    cardType: NotRequired[str]
    network: NotRequired[str | None]
    bin: NotRequired[str | None]
    binTable: NotRequired[dict[str, str | None]]
    binCandidates: NotRequired[list[dict[str, str | None]]]
    imgSize: NotRequired[dict[str, int]]
    numberPosition: NotRequired[Position]
    digitPositions: NotRequired[list[Position]]
    cardPosition: NotRequired[Position | None]
    validDatePosition: NotRequired[Position | None]
    issueDatePosition: NotRequired[Position | None]
    holderNamePosition: NotRequired[Position | None]
    validDateConfidence: NotRequired[float | None]
    issueDateConfidence: NotRequired[float | None]
    holderNameConfidence: NotRequired[float | None]
    cards: NotRequired[list[dict[str, Any]]]
    picture: NotRequired[int]
    warnings: NotRequired[list[str]]
    cardPicture: NotRequired[str]
    numberPicture: NotRequired[str]
    redactedPicture: NotRequired[str]


class Media(TypedDict):
    """A picture as the documentation has it."""

    contentType: str
    value: bytes


_File = tuple[str, bytes, str]  # file name, bytes, content type
Picture = Media | Mapping[str, Any] | bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO

PICTURES = ("img", *(f"img{number}" for number in range(2, MOST_PICTURES + 1)))


class Arguments(TypedDict, total=False):
    """What a call may be given, everything after ``img`` as docs/http.md has it.

    A picture is ``{"contentType": …, "value": bytes}``, or bytes, a path or an open file; a text is a path. ``img2`` to
    ``img8`` are further ones of the same card. ``type``: ``photo``, unless said, or ``scan``. ``detail`` asks for what
    the result can carry beyond the number, ``pan`` how it shows the number (``full``, ``masked``, ``jwe``,
    ``fingerprint``), ``returns`` for pictures (``card``, ``number``, ``redacted``), in base64; in a mapping it may be
    called ``return``. A call that is made again with the same ``idempotency_key``, 1 to 255 visible ASCII characters,
    gets the same answer for 24 hours and is charged once.
    """

    type: str
    imgUrl: str | None
    img_url: str | None
    img: Picture | None
    img2: Picture | None
    img3: Picture | None
    img4: Picture | None
    img5: Picture | None
    img6: Picture | None
    img7: Picture | None
    img8: Picture | None
    detail: bool
    pan: str | None
    returns: str | Collection[str] | None
    idempotencyKey: str | None
    idempotency_key: str | None


_NAMES = {*Arguments.__annotations__, "return"}
_OF_EVENTS = {"userInfo", "tcbContext"}  # that the platform puts into what a cloud function is called with
_OF_PICTURES = {"contentType", "content_type", "value"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What one call sends: the fields of a form, pictures by the names of their parts, headers."""

    form: Mapping[str, str] = field(repr=False)
    files: Mapping[str, _File] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


# A call as steps: what to send or how long to wait; a driver takes them, threaded or asynchronous


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One request: what is ``given`` as a form, or a JSON body."""

    path: str
    given: _Given | Mapping[str, Any] = field(repr=False)
    timeout_s: float


MOST_CONNECTIONS = 100  # of one client; further threads wait

_Answer = httpx.Response | httpx.HTTPError | None
_Call = Generator[_Ask | float, _Answer, dict[str, Any]]


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
        self.openapi = OpenApi(lambda: self)
        self.aio = Aio(lambda: self)

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

    def run(self, call: _Call) -> dict[str, Any]:
        """Takes the steps of ``call``. Raises CloudError."""
        answer: _Answer = None
        while True:
            try:
                step = call.send(answer)
            except StopIteration as done:
                return cast("dict[str, Any]", done.value)
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
            raise _refusal(cloudcodes.SYSTEM_ERROR, ": the account was closed") from error

    async def run_async(self, call: _Call) -> dict[str, Any]:
        """Takes the steps of ``call`` without blocking. Raises CloudError."""
        answer: _Answer = None
        async with httpx.AsyncClient(
            base_url=self._url, verify=self._verify, timeout=self._timeout_s, transport=self._async_transport
        ) as client:  # one for each call: event loops come and go with asyncio.run, and connections die with theirs
            while True:
                try:
                    step = call.send(answer)
                except StopIteration as done:
                    return cast("dict[str, Any]", done.value)
                if isinstance(step, float):
                    await self._async_sleep(step)
                    answer = None
                else:
                    answer = await _send_async(client, step)

    # The steps

    def bankcard(self, given: _Given) -> _Call:
        """The steps of one recognition."""
        if RECOGNIZE.api not in (self._permissions or ()):
            found = "config.json" if self._permissions is not None else _NO_CONFIG
            raise _refusal(cloudcodes.NO_PERMISSION, f"; {found} must list {RECOGNIZE.api} under permissions.openapi")
        deadline = self._clock() + self._timeout_s
        token = yield from self._access_token(deadline)
        reply = yield from self._recognize(token, given, deadline)
        if reply["errcode"] in _TOKEN_REFUSED and all(self._account):
            token = yield from self._access_token(deadline, refused=token)
            reply = yield from self._recognize(token, given, deadline)
        if reply["errcode"] != 0:
            raise _failure(reply["errcode"], str(reply.get("errmsg", "")))
        fields = {
            _camel(name): _camel_keys(value) for name, value in reply.items() if name not in {"errcode", "errmsg"}
        }
        return {"errCode": 0, "errMsg": f"openapi.{RECOGNIZE.api}:ok", **fields}

    def _recognize(self, token: str, given: _Given, deadline: float) -> _Call:
        credited = replace(given, form={**given.form, "access_token": token})
        reply = yield from self._exchange(RECOGNIZE.path, credited, deadline)
        if type(reply.get("errcode")) is not int:
            raise _refusal(cloudcodes.SYSTEM_ERROR, ": the reply has no errcode")
        return reply

    def _access_token(self, deadline: float, *, refused: str = "") -> Generator[_Ask | float, _Answer, str]:
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
            raise _failure(known, str(reply.get("errmsg", "no token")))
        self._token = (new, self._clock() + max(0.0, lifetime_s - _TOKEN_MARGIN_S))
        return new

    def _exchange(self, path: str, given: _Given | Mapping[str, Any], deadline: float) -> _Call:
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
        raise _network_failure(answer, self._url)


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
    if not isinstance(given, _Given):
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
        raise _refusal(cloudcodes.SYSTEM_ERROR, f": HTTP status {response.status_code} without a reply")
    code = reply.get("errcode")
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):  # a server may be set to write it so
        reply["errcode"] = int(code)
    return reply


def _network_failure(error: _Answer, url: str) -> CloudError:
    if error is None or isinstance(error, httpx.TimeoutException):
        return _refusal(cloudcodes.TIMEOUT)
    if isinstance(error, httpx.ConnectError):
        return _refusal(cloudcodes.SYSTEM_ERROR, f": no connection to {_shown(url).rstrip('/')} ({error})")
    return _refusal(cloudcodes.SYSTEM_ERROR, f": {type(error).__name__}")


def _refusal(code: int, more: str = "") -> CloudError:
    """A failure of the cloud call itself."""
    return _failure(code, cloudcodes.MESSAGES[code] + more)


def _failure(code: int, message: str) -> CloudError:
    return CloudError(code, f"openapi.{RECOGNIZE.api}:fail {message}")


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _camel_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(name): _camel_keys(inner) for name, inner in value.items()}
    return [_camel_keys(inner) for inner in value] if isinstance(value, list) else value


# What the caller gives


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


def _arguments(given: Mapping[str, Any]) -> _Given:
    """What a call with these arguments sends. Raises CloudError -601002."""
    unknown = sorted(set(given) - _NAMES - _OF_EVENTS)
    if unknown:
        raise _refusal(cloudcodes.BAD_ARGUMENTS, f": there is no parameter {unknown[0]}")
    texts = {
        "type": given.get("type"),
        "img_url": given.get("imgUrl") or given.get("img_url"),
        "pan": given.get("pan"),
        "return": _words(given.get("return") or given.get("returns")),
    }
    if not all(isinstance(value, str | None) for value in texts.values()):
        raise _refusal(cloudcodes.BAD_ARGUMENTS, ": type, imgUrl, pan and return are texts")
    if re.search("[\ud800-\udfff]", "".join(filter(None, texts.values()))):
        raise _refusal(cloudcodes.BAD_ARGUMENTS, ": texts are Unicode, without lone surrogates")
    pictures = {name: given[name] for name in PICTURES if given.get(name) is not None}
    if texts["img_url"]:
        pictures = {name: picture for name, picture in pictures.items() if not _is_left_out(picture)}
    fields = {**texts, "type": texts["type"] or "photo", "detail": "1" if given.get("detail") else None}
    return _Given(
        form={name: value for name, value in fields.items() if value},
        files={name: _file(name, picture) for name, picture in pictures.items()},
        headers=_headers(given),
    )


def _words(value: Any) -> Any:
    """A list of words, or a set, as one text with commas; anything else as it is."""
    are_words = isinstance(value, list | tuple | AbstractSet) and all(isinstance(word, str) for word in value)
    return ",".join(sorted(value)) if are_words else value


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    camel = given.get("idempotencyKey")
    key = given.get("idempotency_key") if camel is None else camel
    if key is None:
        return {}
    if not (isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key)):
        raise _refusal(cloudcodes.BAD_ARGUMENTS, ": idempotencyKey is a text of 1 to 255 visible ASCII characters")
    return {"Idempotency-Key": key}


def _file(name: str, picture: Any) -> _File:
    """The part ``name`` with a picture in any of its forms."""
    content_type = None
    if isinstance(picture, Mapping):
        content_type = picture.get("contentType") or picture.get("content_type")
        picture = picture.get("value")
    if isinstance(picture, str):
        picture = _path(name, picture)
    if isinstance(picture, os.PathLike):
        content_type = content_type or mimetypes.guess_type(picture)[0]
        picture = _content(name, Path(picture))
    elif hasattr(picture, "read"):
        picture = picture.read()
    content_type = content_type or "application/octet-stream"
    if not isinstance(picture, bytes | bytearray | memoryview) or not isinstance(content_type, str):
        raise _refusal(cloudcodes.BAD_ARGUMENTS, f": {name} is {{contentType, value}}, bytes, a path or an open file")
    extension = mimetypes.guess_extension(content_type) or ".jpg"
    return f"{name}{extension}", bytes(picture), content_type


def _is_left_out(picture: Any) -> bool:
    """Whether there is at most the contentType of a picture."""
    return isinstance(picture, Mapping) and picture.get("value") is None and set(picture) <= _OF_PICTURES


def _content(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refusal(cloudcodes.BAD_ARGUMENTS, f": {name} cannot be read, {error.strerror}") from error


def _path(name: str, text: str) -> Path:
    """The file that ``text`` names. What names none, an address or base64, is in no message: it may be the picture."""
    if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        raise _refusal(cloudcodes.BAD_ARGUMENTS, f": {name} is an address, give it as imgUrl")
    with suppress(OSError):  # such as of a name longer than any may be
        if (path := Path(text)).is_file():
            return path
    raise _refusal(cloudcodes.BAD_ARGUMENTS, f": {name} names no file; decode base64 and give the bytes")


class _Served:
    """APIs that are served here. To call one of any other name raises CloudError -604100, as in Node.js."""

    _prefix = ""  # of the names of its APIs

    if not TYPE_CHECKING:  # for which a name that is none stays a mistake

        def __getattr__(self, name: str) -> _Absent:
            if name.startswith("_"):  # what Python itself asks of any object
                raise AttributeError(name)
            return _Absent(f"{self._prefix}{name}")


class _Absent(_Served):
    """An API, or APIs, that are not served here."""

    def __init__(self, name: str) -> None:
        self._name, self._prefix = name, f"{name}."

    def __call__(self, *_args: object, **_given: object) -> NoReturn:
        raise CloudError(cloudcodes.NOT_FOUND, f"openapi.{self._name}:fail {cloudcodes.MESSAGES[cloudcodes.NOT_FOUND]}")


class _Ocr(_Served):
    _prefix = "ocr."

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self._cloud = cloud

    def bankcard(self, params: Mapping[str, Any] | None = None, /, **given: Unpack[Arguments]) -> BankcardResult:
        """The number of the card on the picture at ``imgUrl``, or in ``img``. Raises CloudError.

        Further arguments are those of :class:`Arguments`. They may also stand in one mapping ``params``, as in Node.js.
        """
        cloud = self._cloud()
        return cast("BankcardResult", cloud.run(cloud.bankcard(_arguments({**given, **(params or {})}))))


class _AsyncOcr(_Served):
    _prefix = "ocr."

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self._cloud = cloud

    async def bankcard(self, params: Mapping[str, Any] | None = None, /, **given: Unpack[Arguments]) -> BankcardResult:
        """As :meth:`OpenApi.ocr.bankcard`, without blocking."""
        cloud = self._cloud()
        return cast("BankcardResult", await cloud.run_async(cloud.bankcard(_arguments({**given, **(params or {})}))))


class OpenApi(_Served):
    """``openapi``: the APIs of the platform, by their documented names."""

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self.ocr = _Ocr(cloud)


class AsyncOpenApi(_Served):
    """``aio.openapi``: the same, to be awaited."""

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self.ocr = _AsyncOcr(cloud)


class Aio:
    """``aio``: the asynchronous side."""

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self.openapi = AsyncOpenApi(cloud)


# The one account of a program


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
        raise _failure(-1, "Cloud API isn't enabled, please call init first")
    return _default


openapi = OpenApi(_initialized)
aio = Aio(_initialized)
