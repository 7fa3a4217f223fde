"""``bankcard-ocr quickstart``: a server, a first app, a sample card sent and its reply shown, all in one command."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ..platform import credentials
from ..platform.endpoints import RECOGNIZE, TOKEN
from ..platform.state.base import App, State
from ..settings import Settings

NAME = "quickstart"
PATIENCE_S = 60.0


def command(
    host: Annotated[str | None, typer.Option(help="The address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen at.", min=0, max=65535)] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file of settings.", dir_okay=False)] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the check: status 0 when it went well, else 1.")
    ] = False,
) -> None:
    """Start a server, send it a sample card, show how to call it. Goes on serving."""
    import httpx
    import uvicorn

    from ..platform import state as states
    from ..server import build, logs, protocol, run
    from ..server.source import Source

    loaded = Source(file=config, arguments={"host": host, "port": port}).load()
    settings = loaded.settings
    logs.configure(settings)
    listener = run.listen(settings, loaded.origins)
    state = states.connect(settings.state_url)
    caller = _caller(state)
    server = uvicorn.Server(protocol.config(build.build(settings, state=state), settings))
    check = _Check(base=run.url(listener), caller=caller, access_token=_operators(state, caller, settings))

    def work() -> None:
        try:
            check.run()
        except httpx.TransportError as error:
            typer.echo(f"bankcard-ocr: the server did not answer ({error})", err=True)
        finally:
            server.should_exit = server.should_exit or once

    thread = threading.Thread(target=work)
    thread.start()
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()  # ends the check, too, when the server could not begin
        thread.join()
    raise typer.Exit(0 if check.went_well else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caller:
    """The app that calls; its secret is known only when it was made just now."""

    app: App
    secret: str | None


def _caller(state: State) -> _Caller:
    """The app of an earlier quickstart, else a new one."""
    for app in state.apps():
        if app.name == NAME:
            return _Caller(app=app, secret=None)
    secret = credentials.new_secret()
    app = App(
        appid=credentials.new_appid(),
        name=NAME,
        secret_hash=credentials.hashed(secret),
        created=time.time(),
        is_secret_random=True,
    )
    state.add_app(app)
    return _Caller(app=app, secret=secret)


def _operators(state: State, caller: _Caller, settings: Settings) -> str | None:
    """A token made without HTTP, for an app whose secret was shown at an earlier time."""
    if caller.secret is not None:
        return None
    return credentials.operator_token(state, caller.app, time.time(), settings.token_lifetime_s)


def _command() -> str:
    """What this very command is called by: its name, or its path where that finds no command."""
    return "bankcard-ocr" if shutil.which("bankcard-ocr") else sys.argv[0]


class _Check:
    """Gets a token, posts the sample card and says how to repeat it by hand."""

    def __init__(self, *, base: str, caller: _Caller, access_token: str | None) -> None:
        self.went_well = False
        self._base = base
        self._caller = caller
        self._access_token = access_token

    def run(self) -> None:
        import httpx

        from ..server import pages

        with httpx.Client(base_url=self._base, timeout=PATIENCE_S, trust_env=False) as client:
            typer.echo(f"Serving at {self._base}")
            token = self._access_token or self._token(client)
            files = {"img": (pages.SAMPLE, pages.sample(), "image/jpeg")}
            reply: dict[str, Any] = client.post(RECOGNIZE.path, params={"access_token": token}, files=files).json()
        self.went_well = reply.get("errcode") == 0
        typer.echo(f"\nThe reply for the sample card ({self._base}/sample.jpg):\n  {json.dumps(reply)}")
        typer.echo(f"\nThe same by hand:\n{self._by_hand()}")
        typer.echo(f"\nThe page, to try pictures: {self._base}/\nThe API's page: {self._base}/docs")

    def _token(self, client: Any) -> str:
        params = {"grant_type": "client_credential", "appid": self._caller.app.appid, "secret": self._caller.secret}
        return str(client.get(TOKEN.path, params=params).json().get("access_token", ""))

    def _by_hand(self) -> str:
        appid, secret = self._caller.app.appid, self._caller.secret
        if secret is None:
            command = _command()
            lines = [f"  TOKEN=$({command} token {appid})    # a new secret: {command} apps rotate-secret {appid}"]
        else:
            query = f"grant_type=client_credential&appid={appid}&secret={secret}"
            lines = [f"  curl '{self._base}{TOKEN.path}?{query}'    # the secret is shown this once"]
            lines.append("  TOKEN=...    # the access_token of that reply")
        lines += [
            f"  curl -o sample.jpg {self._base}/sample.jpg",
            f'  curl -F img=@sample.jpg "{self._base}{RECOGNIZE.path}?access_token=$TOKEN"',
        ]
        return "\n".join(lines)
