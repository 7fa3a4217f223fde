"""What a call is given, checked, and what it sends of that: the fields of a form, pictures, headers."""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

from ..platform import cloudcodes
from ..reading import MOST_PICTURES
from .result import refusal


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
class Given:
    """What one call sends: the fields of a form, pictures by the names of their parts, headers."""

    form: Mapping[str, str] = field(repr=False)
    files: Mapping[str, _File] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def sent(given: Mapping[str, Any]) -> Given:
    """What a call with these arguments sends. Raises CloudError -601002."""
    unknown = sorted(set(given) - _NAMES - _OF_EVENTS)
    if unknown:
        raise refusal(cloudcodes.BAD_ARGUMENTS, f": there is no parameter {unknown[0]}")
    texts = {
        "type": given.get("type"),
        "img_url": given.get("imgUrl") or given.get("img_url"),
        "pan": given.get("pan"),
        "return": _words(given.get("return") or given.get("returns")),
    }
    if not all(isinstance(value, str | None) for value in texts.values()):
        raise refusal(cloudcodes.BAD_ARGUMENTS, ": type, imgUrl, pan and return are texts")
    if re.search("[\ud800-\udfff]", "".join(filter(None, texts.values()))):
        raise refusal(cloudcodes.BAD_ARGUMENTS, ": texts are Unicode, without lone surrogates")
    pictures = {name: given[name] for name in PICTURES if given.get(name) is not None}
    if texts["img_url"]:
        pictures = {name: picture for name, picture in pictures.items() if not _is_left_out(picture)}
    fields = {**texts, "type": texts["type"] or "photo", "detail": "1" if given.get("detail") else None}
    return Given(
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
        raise refusal(cloudcodes.BAD_ARGUMENTS, ": idempotencyKey is a text of 1 to 255 visible ASCII characters")
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
        raise refusal(cloudcodes.BAD_ARGUMENTS, f": {name} is {{contentType, value}}, bytes, a path or an open file")
    extension = mimetypes.guess_extension(content_type) or ".jpg"
    return f"{name}{extension}", bytes(picture), content_type


def _is_left_out(picture: Any) -> bool:
    """Whether there is at most the contentType of a picture."""
    return isinstance(picture, Mapping) and picture.get("value") is None and set(picture) <= _OF_PICTURES


def _content(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise refusal(cloudcodes.BAD_ARGUMENTS, f": {name} cannot be read, {error.strerror}") from error


def _path(name: str, text: str) -> Path:
    """The file that ``text`` names. What names none, an address or base64, is in no message: it may be the picture."""
    if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        raise refusal(cloudcodes.BAD_ARGUMENTS, f": {name} is an address, give it as imgUrl")
    with suppress(OSError):  # such as of a name longer than any may be
        if (path := Path(text)).is_file():
            return path
    raise refusal(cloudcodes.BAD_ARGUMENTS, f": {name} names no file; decode base64 and give the bytes")
