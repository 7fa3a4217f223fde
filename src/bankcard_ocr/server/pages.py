"""What is served beside the API: the page for people, the probes, the sample card, the API's page and its description.

Everything comes from the package, nothing from another host.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import PurePath

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ..errors import StateError
from ..platform.state.base import State
from ..settings import Settings
from . import openapi, reference

SAMPLE = "sample.jpg"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'"
_MOST_BYTES = re.compile(rb'(data-most-bytes=")\d+')
_PAGE_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",  # kept, and asked for anew by its ETag: a new version of the server shows at once
}


def sample() -> bytes:
    """The sample card that ships with the package, a JPEG of a card that never existed."""
    return resources.files(__package__).joinpath(SAMPLE).read_bytes()


def unready(state: State) -> str:
    """Why the store takes no charge; empty when it does."""
    try:
        state.ping()
    except StateError as error:
        return str(error)
    return ""


def routes(settings: Settings, state: State) -> list[Route]:
    """The routes of this module."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    logged = ""

    async def readyz(_request: Request) -> Response:
        nonlocal logged
        reason = await run_in_threadpool(unready, state)
        if reason != logged:  # once: probes come every few seconds
            logged, log = reason, structlog.get_logger()
            log.error("not ready", reason=reason) if reason else log.info("ready again")
        if reason:
            return JSONResponse({"status": "unavailable", "reason": StateError.AWAY}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def sample_card(_request: Request) -> Response:
        return Response(await run_in_threadpool(sample), media_type="image/jpeg")

    async def description(_request: Request) -> Response:
        return JSONResponse(openapi.DOCUMENT)

    async def page(_request: Request) -> Response:
        return HTMLResponse(reference.html(openapi.DOCUMENT), headers={"content-security-policy": _POLICY})

    found = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/sample.jpg", sample_card)]
    if settings.docs:
        found += [Route("/docs", page), Route("/openapi.json", description), *_people(settings)]
    return found


def _people(settings: Settings) -> list[Route]:
    """The page for people at ``/`` and the files it is made of at ``/page/``, read once, with the largest picture."""
    files = {PurePath(each.name): each.read_bytes() for each in resources.files(__package__).joinpath("page").iterdir()}
    index = PurePath("index.html")
    files[index] = _MOST_BYTES.sub(rb"\g<1>%d" % settings.max_picture_bytes, files[index])
    return [
        Route("/" if name.suffix == ".html" else f"/page/{name}", _file(content, _PAGE_TYPES[name.suffix]))
        for name, content in files.items()
        if name.suffix in _PAGE_TYPES
    ]


def _file(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """What serves ``content``, or tells a browser that has it that it is the same."""
    headers = {**_PAGE_HEADERS, "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=media_type, headers=headers)

    return serve
