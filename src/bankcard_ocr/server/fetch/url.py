"""What a URL from a stranger asks for: scheme, host, port, path; and whether it may be asked for at all.

Stricter than a browser where notations hide an address (``0x7f.1``, ``①②⑦.1``, ``[fe80::1%eth0]``,
``user@host``), as lenient as one with what people paste: Chinese names, spaces, any port, a URL percent-encoded once
too often.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, unquote, unquote_to_bytes

import idna

from ...errors import FetchError
from ...platform.form import as_text
from ...platform.sources import BASE64_BEGINS
from .address import Address

MAX_URL_CHARS = 8192

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?)://([^/?#\\]*)([/\\][^?#]*)?(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?", re.ASCII)
_NAME = re.compile(r"(?=.{1,254}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.ASCII)
_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?", re.ASCII)
_OF_A_DEVICE = re.compile(r"[a-z]:[/\\]|(wxfile|content):|/(?!/)", re.IGNORECASE)
AS_BASE64 = "a picture as base64, send it as img_base64"
ON_A_DEVICE = "a path on the sender's device, send the file as img"
IN_CLOUD_STORAGE = "a file ID of cloud storage, send what getTempFileURL gives for it"
_SAFE = "%/:=&?~+!$,;'@()*[]-._|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that may be asked for, subject to its addresses.

    ``host`` is ASCII in lower case, IDNA encoded, without brackets; ``address`` is set when the host is a literal
    address. ``path`` is percent-encoded and holds the query.
    """

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    address: Address | None = None

    @property
    def authority(self) -> str:
        """``host[:port]`` as the Host header has it."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(url: str) -> Target:
    """What ``url`` asks for. Raises FetchError when it may not be asked for, whatever its addresses.

    A URL that was percent-encoded once more than it should (``https%3A%2F%2F…``) is understood.

    >>> parse("https%3A%2F%2F例子.中国:8443%2F卡.jpg").url
    'https://xn--fsqu00a.xn--fiqs8s:8443/%E5%8D%A1.jpg'
    """
    text = _decoded(url.strip(" \t\r\n\f\v"))
    if text.startswith(BASE64_BEGINS):
        raise FetchError("url", AS_BASE64)
    if len(text) > MAX_URL_CHARS:
        raise FetchError("url", f"over {MAX_URL_CHARS} characters")
    if any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in text):
        raise FetchError("url", "control characters refused")
    match = _URL.fullmatch(text)
    if match is None:
        if _OF_A_DEVICE.match(text):
            raise FetchError("url", ON_A_DEVICE)
        if text.lower().startswith("cloud:"):
            raise FetchError("url", IN_CLOUD_STORAGE)
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]{0,19}):", text)
        known = scheme and scheme[1].lower() not in _PORTS and not scheme[1].count(".")
        raise FetchError("url", f"scheme {scheme[1].lower()} refused" if known and scheme else "no http:// or https://")
    scheme_, authority, path, query = match[1].lower(), match[2], (match[3] or "/").replace("\\", "/"), match[4] or ""
    host, address, port = _authority(authority)
    if host == "tmp":  # where mini programs have what was chosen or photographed
        raise FetchError("url", ON_A_DEVICE)
    return Target(
        scheme=scheme_, host=host, address=address, port=port or _PORTS[scheme_], path=_quoted(path) + _quoted(query)
    )


def _decoded(text: str) -> str:
    for _ in range(2):
        if not re.match(r"https?%(25)?3a", text, re.IGNORECASE):
            break
        text = as_text(unquote_to_bytes(text))
    return text


def _quoted(text: str) -> str:
    """``text`` with everything percent-encoded that has no place in a request line; what is encoded stays."""
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text), safe=_SAFE)


def _authority(text: str) -> tuple[str, Address | None, int | None]:
    """(host, its address if it is one, port if given)."""
    if "@" in text:
        raise FetchError("url", "credentials refused")
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise FetchError("url", "no host name")
    port = int(match[2][:9]) if match[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise FetchError("url", "no such port")
    if match[1].startswith("["):
        address = _ipv6(match[1][1:-1])
        return str(address), address, port
    host = host_name(match[1])
    return host, _ipv4(host) if ends_in_number(host) else None, port


def _ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise FetchError("address", "zone id refused")
    try:
        return IPv6Address(text)
    except ValueError:
        raise FetchError("url", "not an IPv6 address") from None


def _ipv4(host: str) -> IPv4Address:
    """The address, in its one usual notation: octal, hexadecimal, whole numbers and short forms are refused."""
    try:
        return IPv4Address(host)
    except ValueError:
        raise FetchError("address", "odd notation of an IP address refused") from None


def host_name(text: str) -> str:
    """The host as it is looked up: ASCII, lower case. Raises FetchError when it can be no name."""
    host = unquote(text, errors="strict") if "%" in text and _is_utf8(text) else text
    if host.isascii() and "%" in text:
        raise FetchError("address", "percent-encoded host refused")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise FetchError("url", "no host name") from None
        if ends_in_number(host):
            raise FetchError("address", "odd notation of an IP address refused")
    if not _NAME.fullmatch(host.lower()):
        raise FetchError("url", "no host name")
    return host.lower()


def ends_in_number(host: str) -> bool:
    """Whether ``host`` claims to be an IPv4 address, by the rule of https://url.spec.whatwg.org/#ends-in-a-number-checker."""
    return _NUMBER.fullmatch(host) is not None


def _is_utf8(text: str) -> bool:
    try:
        return bool(unquote_to_bytes(text).decode())
    except UnicodeDecodeError:
        return False
