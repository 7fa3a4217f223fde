"""What is served beside the API: the probes, the sample card, the API's page and its description.

Everything comes from the package, nothing from another host.
"""

from __future__ import annotations

from importlib import resources

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ..errors import StateError
from ..platform.state.base import State
from ..settings import Settings
from . import openapi, reference

SAMPLE = "sample.jpg"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'"


def sample() -> bytes:
    """The sample card that ships with the package, a JPEG of a card that never existed."""
    return resources.files(__package__).joinpath(SAMPLE).read_bytes()


def routes(settings: Settings, state: State) -> list[Route]:
    """The routes of this module."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        try:
            await run_in_threadpool(state.ping)
        except StateError as error:
            return JSONResponse({"status": "unavailable", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def sample_card(_request: Request) -> Response:
        return Response(await run_in_threadpool(sample), media_type="image/jpeg")

    async def description(_request: Request) -> Response:
        return JSONResponse(openapi.DOCUMENT)

    async def page(_request: Request) -> Response:
        return HTMLResponse(reference.html(openapi.DOCUMENT), headers={"content-security-policy": _POLICY})

    async def home(_request: Request) -> Response:
        return RedirectResponse("docs")

    found = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/sample.jpg", sample_card)]
    if settings.docs:
        found += [Route("/", home), Route("/docs", page), Route("/openapi.json", description)]
    return found
