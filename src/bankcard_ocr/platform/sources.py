"""Where the pictures of a call come from: a part, a file, base64, a URL, or the whole body; and what came instead."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import CallError, NotAPicture
from ..formats import format_of
from . import form
from .multipart import Part
from .wire import Request

EXTRA = form.PICTURES[1:]
KNOWN = {*form.TEXTS, *form.PICTURES}  # parameters of a recognition
AS_TEXT = "img came as text, send it as a file of a multipart form, or as img_base64"
PLACEHOLDERS = {"ENCODE_URL", "ENCODED_URL"}  # of the documentation's example, sent unreplaced by careless clients
MOST_OF_A_PLACE = 8192  # bytes
MOST_NAMED = 3  # parameters, of those that nobody asked for
BASE64_BEGINS = ("/9j/", "iVBORw0KGgo", "data:image/")  # of a JPEG, a PNG, a data URL
_BASE64 = str.maketrans("-_", "+/", "\r\n\t")
_NAME = re.compile(r"(?:amp;)?[A-Za-z_][\w-]{0,23}", re.ASCII)  # of a URL that was copied out of HTML or XML, too
_AROUND_A_URL = " \t\r\n\f\v\"'<>\ufeff\u200b"  # of the text that it was copied from


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSource:
    """Where the picture of a call comes from: its bytes, or the URL to fetch it from."""

    data: bytes | None = field(default=None, repr=False)
    url: str = field(default="", repr=False)


def picture(request: Request) -> PictureSource:
    """Where the picture comes from, in the contract's order, ``img_base64`` after every picture that is sent as it is.

    Raises CallError 41005 when it comes from nowhere, NotAPicture for wrong base64.
    """
    uploaded = _uploaded(request.body, but=EXTRA)
    if data := uploaded or _base64(request.body, "img_base64"):
        if _is_a_place(data):
            raise CallError(41005, AS_TEXT)
        return PictureSource(data=data)
    for source in (request.query, request.body.form, request.body.json or {}):
        url = source.get("img_url")
        if isinstance(url, str) and (url := url.strip(_AROUND_A_URL)) and url not in PLACEHOLDERS:
            return PictureSource(url=url)
    further = (_base64(request.body, f"{name}_base64") for name in EXTRA)
    if data := _uploaded(request.body) or next(filter(None, further), None):
        return PictureSource(data=data)
    if uploaded is not None:
        raise CallError(41005, "the picture has 0 bytes")
    if request.body.raw:
        return PictureSource(data=request.body.raw)  # called a picture, so that decoding says what it is instead
    raise CallError(41005, request.body.fault or _what_came_instead(request))


def pictures(request: Request) -> tuple[PictureSource, ...]:
    """All pictures of the one card: :func:`picture`, then what the parts ``img2`` to ``img8`` or their base64 bring.

    One that was sent twice counts once.
    """
    first, body = picture(request), request.body
    parts = {part.name: part.data for part in reversed(body.parts)}
    found = dict.fromkeys(parts.get(name) or _base64(body, f"{name}_base64") for name in EXTRA)
    return (first, *(PictureSource(data=data) for data in found if data and data != first.data))


def cut_off(request: Request) -> str:
    """The parameter that is a part of ``img_url`` if nobody encoded that: the first behind its own; empty if none."""
    for fields in (request.query, request.body.form):
        if "?" in fields.get("img_url", ""):
            names = list(fields)
            return next(iter(_unknown(names[names.index("img_url") :])), "")
    return ""


def _what_came_instead(request: Request) -> str:
    """Why there is no picture: ``img`` was no file, or what there was had other names."""
    img = (request.body.json or {}).get("img")
    if isinstance(img, Mapping | list) and img:
        return form.AS_JSON
    if request.value("img") or any(part.name == "img" for part in request.body.parts):
        return AS_TEXT
    if next(iter(request.body.form), "").startswith(BASE64_BEGINS):
        return "the body is base64, send it as img_base64"
    sent = [*request.query, *request.body.form, *(request.body.json or {}), *(part.name for part in request.body.parts)]
    others = list(dict.fromkeys(_unknown(sent)))[:MOST_NAMED]
    return "neither img nor img_url" + (f", but {', '.join(others)}" if others else "")


def _unknown(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in KNOWN and _NAME.fullmatch(name)]


def _is_a_place(data: bytes) -> bool:
    """Whether a part is where a picture may be found: ``@/path`` of curl's old ways in PHP, or a URL."""
    return len(data) < MOST_OF_A_PLACE and data.startswith((b"@", b"http://", b"https://"))


def _is_a_word(part: Part) -> bool:
    """Whether a part is what a form has in place of a file that was not attached: ``undefined``, or the file's name."""
    if part.filename is not None or not part.data or format_of(part.data):
        return False
    try:
        text = part.data[:MOST_OF_A_PLACE].decode()
    except UnicodeDecodeError:
        return False
    return "".join(text.split()).isprintable()


def _uploaded(body: form.Body, *, but: Collection[str] = ()) -> bytes | None:
    """The picture in the body: part ``img``, another file, a nameless one that begins like a picture, the body.

    Of other files those that begin like a picture come first. Parts whose names are in ``but`` do not count.
    """
    parts = [part for part in body.parts if part.name not in but]
    files = [part for part in parts if part.name == "img" and not _is_a_word(part)]
    others = [part for part in parts if part.filename is not None and part not in files]
    files += sorted(others, key=lambda part: not format_of(part.data))
    files += [part for part in parts if part.filename is None and format_of(part.data)]
    found = [part.data for part in files] + ([body.raw] if format_of(body.raw) else [])
    return next((data for data in found if data), b"" if found else None)


def _base64(body: form.Body, name: str) -> bytes | None:
    """The picture that field ``name`` of the form or JSON holds as base64 or as a data URL. Raises NotAPicture.

    A plus sign that a form did not encode arrives as a space; the URL-safe alphabet and missing padding are read too.
    """
    text = body.form.get(name) or (body.json or {}).get(name)
    if not isinstance(text, str) or not (text := text.strip()):
        return None
    if text[:5].lower() == "data:":
        _, comma, text = text.partition(",")
        if not comma:
            raise NotAPicture(f"{name} is not base64")
    text = text.replace(" ", "" if "+" in text else "+").translate(_BASE64)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise NotAPicture(f"{name} is not base64") from error
