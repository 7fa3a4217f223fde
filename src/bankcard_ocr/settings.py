"""What an operator may set: frozen values from defaults, then a TOML file, then ``BANKCARD_OCR_*`` variables.

Each field of :class:`Settings` is one setting; its metadata holds the sentence for people, its limits and whether it
is a secret. File and environment are arguments: nothing is read on import.

>>> loaded = load(environment={"BANKCARD_OCR_PORT": "8081"}, platform="linux")
>>> loaded.settings.port, loaded.origins["port"]
(8081, 'BANKCARD_OCR_PORT')
>>> load(environment={"BANKCARD_OCR_PORT": "many"}, platform="linux")
Traceback (most recent call last):
bankcard_ocr.errors.SettingsError: setting port from BANKCARD_OCR_PORT: must be a whole number
"""

from __future__ import annotations

import dataclasses
import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from .errors import SettingsError

PREFIX = "BANKCARD_OCR_"
SHORTEST_KEY = 32  # bytes; numbers are few enough to be tried out against a guessable key
LONGEST_KEY = 65_536  # bytes: what is larger is no key, but another file
MOST_CALLS = 2**53  # that may be counted: so far the doubles are exact in which Redis's scripts compare
OPEN = frozenset({"prefix", "records", "synchronous"})  # options of a URL that are no secret

Value = str | int | float | bool | tuple[str, ...]


def _set(
    default: Value,
    help: str,  # noqa: A002  (what it is called everywhere else)
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
    form: Callable[[str], object] | None = None,
) -> Any:
    """A setting; ``form`` raises ValueError for a text, or one of its texts, that it cannot be."""
    facts = {"help": help, "least": least, "most": most, "choices": choices, "secret": secret, "form": form}
    return dataclasses.field(default=default, metadata=facts, repr=not secret)


def _network(text: str) -> None:
    if text != "*":
        _said("addresses or networks, or *", lambda: ipaddress.ip_network(text, strict=False))


def _address(text: str) -> None:
    _said("addresses", lambda: ipaddress.ip_address(text))


def _web(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL that begins with http:// or https://")


def _said(what: str, parse: Callable[[], object]) -> None:
    try:
        parse()
    except ValueError as error:
        raise ValueError(f"must be {what}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default: the field's name in the TOML file, in capitals after the prefix as a variable."""

    host: str = _set(
        "127.0.0.1", "The address to listen at; 0.0.0.0 is every IPv4 address of the machine, :: every IPv6 one, too."
    )
    port: int = _set(8080, "The TCP port to listen at.", least=0, most=65535)
    workers: int = _set(1, "Server processes.", least=1, most=256)
    threads: int = _set(
        0, "Pictures each process reads at once; 0 divides the CPU cores among the workers.", least=0, most=256
    )
    max_concurrent_calls: int = _set(
        32, "Calls at work or waiting in each process; one more is answered busy at once.", least=1
    )
    max_wait_s: float = _set(
        0.5,
        "Seconds a picture may have to wait until it is read; one that would wait longer is answered busy at once.",
        least=0,
    )
    state_url: str = _set(
        "",
        "Where apps, tokens and quotas are kept: sqlite:///PATH or redis://HOST. Empty is a file in the user's data.",
        secret=True,
    )
    daily_limit: int = _set(500, "Recognitions a day for an app without a limit of its own.", least=0, most=MOST_CALLS)
    minute_limit: int = _set(60_000, "Recognitions a minute for an app.", least=1, most=MOST_CALLS)
    token_lifetime_s: int = _set(7200, "Seconds an access token lives, from 301 to 7200.", least=301, most=7200)
    max_picture_bytes: int = _set(
        2_097_152, "The largest picture, uploaded or fetched, in bytes.", least=1, most=67_108_864
    )
    threshold: float = _set(
        0.0, "A number is returned when its confidence is at least this; 0 takes the model's own.", least=0, most=1
    )
    iin_file: str = _set(
        "",
        "A file of issuer entries of your own, in place of the shipped ones they name, for what is told of a number.",
    )
    fingerprint_key_file: str = _set(
        "", "A file with the key of pan=fingerprint, 32 bytes or more; the same as bulk's --key-file."
    )
    request_timeout_s: float = _set(
        30.0, "Seconds a body may take to come, and as many its picture may wait.", least=0.1, most=3600
    )  # 2 MiB in base64 take 22 s where a telephone sends a megabit a second
    keep_alive_s: int = _set(75, "Seconds an idle connection is kept.", least=1)
    drain_s: int = _set(30, "Seconds that calls at work have to finish when the server is told to stop.", least=0)
    errcode_style: str = _set(
        "integer", "How errcode is written, integer or string; clients need the integer.", choices=("integer", "string")
    )
    trusted_proxies: tuple[str, ...] = _set(
        (),
        "Addresses of load balancers whose X-Forwarded-For is believed when a caller's address is checked; "
        "with * anybody may claim any.",
        form=_network,
    )
    ip_list: tuple[str, ...] = _set(
        ("127.0.0.1",), "The addresses that getcallbackip and get_api_domain_ip answer with.", form=_address
    )
    allow_private_networks: bool = _set(False, "Fetch img_url from loopback and private networks, too.")
    allow_hosts: tuple[str, ...] = _set(
        (), "Hosts, families (*.intranet) and networks img_url may be fetched from, public or not."
    )
    ca_file: str = _set("", "A PEM file of certificate authorities to trust, beside the usual ones, for img_url.")
    proxy: str = _set("", "The HTTP proxy through which img_url is fetched; empty connects directly.", secret=True)
    fetch_connect_timeout_s: float = _set(1.0, "Seconds to connect to the host of an img_url.", least=0.05, most=60)
    fetch_timeout_s: float = _set(3.0, "Seconds for the whole download of an img_url.", least=0.1, most=300)
    fetch_max_redirects: int = _set(3, "Redirects followed for an img_url.", least=0, most=20)
    docs: bool = _set(True, "Serve the page at /, the API's page at /docs and its description at /openapi.json.")
    metrics_host: str = _set("127.0.0.1", "The address of the metrics port.")
    metrics_port: int = _set(0, "The port of metrics; 0 keeps it closed.", least=0, most=65535)
    otlp_endpoint: str = _set(
        "",
        "The URL that OpenTelemetry traces are sent to, by OTLP over HTTP; empty sends none.",
        secret=True,
        form=_web,
    )
    worker_memory_mb: int = _set(
        2048, "Of several workers, one that holds more megabytes is replaced when its calls are answered.", least=128
    )
    log_format: str = _set("console", "How log lines are written: console or json.", choices=("console", "json"))
    log_level: str = _set(
        "info",
        "The least severe log lines written: debug, info, warning or error; libraries' begin at warning.",
        choices=("debug", "info", "warning", "error"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings, for each that is not the default where it comes from, and variables of ours that are no setting."""

    settings: Settings
    origins: Mapping[str, str]
    unknown: tuple[str, ...] = ()

    def refused(self, name: str, reason: str) -> SettingsError:
        """That the setting ``name`` cannot be used, and where it comes from."""
        return SettingsError(name, self.origins.get(name, "the default"), reason)

    def lines(self) -> list[str]:
        """``name = value  (source)`` of each setting that is not the default, passwords hidden; what is ignored."""
        found = [f"{name} = {shown(self.settings, name)}  ({origin})" for name, origin in sorted(self.origins.items())]
        return found + [f"{name} is no setting and is ignored" for name in self.unknown]


def load(
    *,
    environment: Mapping[str, str],
    platform: str,
    file: Path | None = None,
    arguments: Mapping[str, Value | None] = MappingProxyType({}),
) -> Loaded:
    """The settings from ``file``, then ``environment``, then ``arguments`` of the command line (None is not given).

    Without ``file``, ``BANKCARD_OCR_CONFIG`` names it. ``platform`` is :data:`sys.platform`. Raises SettingsError.
    """
    configured = environment.get(PREFIX + "CONFIG")
    path = file if file is not None else Path(configured) if configured else None
    values: dict[str, Value] = {}
    origins: dict[str, str] = {}
    for origin, name, raw in [*_from_file(path), *_from_environment(environment), *_from_arguments(arguments)]:
        values[name] = _checked(name, origin, raw)
        origins[name] = origin
    if not values.get("state_url"):
        values["state_url"] = default_state_url(environment, platform)
    settings = Settings(**values)  # type: ignore[arg-type]
    return Loaded(settings=settings, origins=MappingProxyType(origins), unknown=_unknown(environment))


def default_state_url(environment: Mapping[str, str], platform: str) -> str:
    """The SQLite file in the user's data folder: XDG's, on macOS Application Support.

    Raises SettingsError for a user without a home.
    """
    try:
        home = PurePosixPath(environment.get("HOME") or Path.home().as_posix())
    except RuntimeError as error:
        raise SettingsError("state_url", "the default", "this user has no home; set it") from error
    usual = home / "Library/Application Support" if platform == "darwin" else home / ".local/share"
    folder = PurePosixPath(environment.get("XDG_DATA_HOME") or usual)
    return f"sqlite:///{folder / 'bankcard-ocr' / 'state.sqlite3'}"


def shown(settings: Settings, name: str) -> str:
    """The value of setting ``name`` as it may be shown: a secret URL without its credentials."""
    value = getattr(settings, name)
    facts = next(field.metadata for field in dataclasses.fields(settings) if field.name == name)
    return repr(_without_credentials(value) if facts["secret"] else value)


def _without_credentials(url: str) -> str:
    """``url`` without user and password, nor what its query says beyond OPEN: redis-py takes ``?password=``, too."""
    head, mark, query = url.partition("?")
    head = re.sub(r"^(\w+://)?+(?!/).*@", r"\1***@", head)  # up to the last @: a password may hold a / not quoted
    return head + mark + "&".join(map(_without_value, query.split("&")))


def _without_value(option: str) -> str:
    name, equals, _ = option.partition("=")
    return option if not option or name in OPEN else f"{name}=***" if equals else "***"


def key(file: str | Path, name: str, origin: str) -> bytes:
    """The secret key in ``file``, or nothing when there is none. Raises SettingsError.

    White space around a text is dropped; random bytes are the key as they are.
    """
    if not file:
        return b""
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(LONGEST_KEY + 1)
    except OSError as error:
        raise SettingsError(name, origin, f"{file} cannot be read: {error.strerror}") from error
    if len(content) > LONGEST_KEY:
        raise SettingsError(name, origin, f"must hold no more than {LONGEST_KEY} bytes")
    found = content.strip() if content.isascii() else content
    if len(found) < SHORTEST_KEY:
        raise SettingsError(name, origin, f"must hold {SHORTEST_KEY} bytes or more")
    return found


def _from_file(path: Path | None) -> list[tuple[str, str, object]]:
    if path is None:
        return []
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' editor begins so
    except OSError as error:
        raise SettingsError("config", str(path), f"cannot be read: {os.strerror(error.errno or 0)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("config", str(path), f"is no TOML: {error}") from error
    return [(str(path), name, value) for name, value in content.items()]


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str, object]]:
    names = _variables()
    return [(key, names[key], value) for key, value in sorted(environment.items()) if key in names]


def _unknown(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like settings: perhaps mistyped, perhaps another program's, so said and not refused."""
    known = {*_variables(), PREFIX + "CONFIG"}
    return tuple(sorted(key for key in environment if key.startswith(PREFIX) and key not in known))


def _variables() -> dict[str, str]:
    return {PREFIX + field.name.upper(): field.name for field in dataclasses.fields(Settings)}


def _from_arguments(arguments: Mapping[str, Value | None]) -> list[tuple[str, str, object]]:
    given = [(name, value) for name, value in arguments.items() if value is not None]
    return [("--" + name.replace("_", "-"), name, value) for name, value in given]


def _checked(name: str, origin: str, raw: object) -> Value:
    """``raw`` as a value of setting ``name``. Raises SettingsError."""
    field = next((field for field in dataclasses.fields(Settings) if field.name == name), None)
    if field is None:
        raise SettingsError(name, origin, f"there is no such setting{_meant(name, raw)}")
    try:
        value: Value = _PARSERS[get_type_hints(Settings)[name]](raw)
        for text in filter(None, value if isinstance(value, tuple) else (value,)):
            if field.metadata["form"] is not None:
                field.metadata["form"](text)
    except ValueError as error:
        raise SettingsError(name, origin, str(error)) from error
    least, most, choices = field.metadata["least"], field.metadata["most"], field.metadata["choices"]
    if choices and value not in choices:
        raise SettingsError(name, origin, f"must be one of {', '.join(choices)}")
    if (least is not None and not value >= least) or (most is not None and not value <= most):
        raise SettingsError(name, origin, f"must be {_range(least, most)}")
    return value


def _meant(name: str, raw: object) -> str:
    """What may be meant by a ``name`` that is no setting, to say behind it."""
    if isinstance(raw, dict):
        return "; settings stand in no [table]"
    near = difflib.get_close_matches(name, [field.name for field in dataclasses.fields(Settings)], 1)
    return f"; {near[0]} may be meant" if near else ""


def _range(least: float | None, most: float | None) -> str:
    if most is None:
        return f"at least {least}"
    return f"from {least} to {most}"


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("must be a text")  # noqa: TRY004  (one kind of error for all that is wrong)
    return raw


def _whole(raw: object) -> int:
    if isinstance(raw, str) and re.fullmatch(r"\s*-?[0-9]+\s*", raw):
        return int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ValueError("must be a whole number")  # noqa: TRY004  (see _text)
    return raw


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValueError("must be a number")  # noqa: TRY004  (see _text)
    try:
        return float(raw)
    except ValueError:
        raise ValueError("must be a number") from None


def _flag(raw: object) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    word = str(raw).strip().lower()
    if word not in words:
        raise ValueError("must be true or false")
    return words[word]


def _texts(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str):
        return tuple(item.strip() for item in raw.split(",") if item.strip())
    if isinstance(raw, list | tuple) and all(isinstance(item, str) for item in raw):
        return tuple(raw)
    raise ValueError("must be a list of texts (in a variable: separated by commas)")


_PARSERS: Mapping[Any, Any] = MappingProxyType(
    {str: _text, int: _whole, float: _number, bool: _flag, tuple[str, ...]: _texts}
)
