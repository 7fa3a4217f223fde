"""``bankcard-ocr apps``: the apps, which are the callers of the server."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BankcardError
from ..platform import credentials, permission
from ..platform.callers import MAX_SECRET, network_of
from ..platform.disclosure import Form, public_jwk
from ..platform.endpoints import APIS, CLOUD_APIS
from ..platform.state.base import App
from ..settings import MOST_CALLS
from .store import Appid, Config, Json, known, opened, show

app = typer.Typer(
    help="Create, list and change apps, the callers of the server.", no_args_is_help=True, add_completion=False
)

STANDARD_INPUT = "-"  # in a secret's place: it is a line there
SAFE_SECRET = 16  # characters; fewer are warned of

Add = Annotated[list[str] | None, typer.Option("--add", help="Add this one; may be repeated.")]
Remove = Annotated[list[str] | None, typer.Option("--remove", help="Remove this one; may be repeated.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the app is called, for people.")],
    appid: Annotated[str | None, typer.Option(help="Its id; made up when not given.")] = None,
    secret: Annotated[
        str | None, typer.Option(help="Its secret, or - for a line of standard input; made up when not given: safer.")
    ] = None,
    daily_limit: Annotated[
        int | None, typer.Option(min=0, max=MOST_CALLS, help="Recognitions a day; else the server's setting.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Create an app and print its secret, which is not kept and cannot be shown again."""
    appid = credentials.new_appid() if appid is None else appid
    is_random, is_shown = secret is None, secret != STANDARD_INPUT
    secret = _secret(secret)
    if not re.fullmatch(r"[!-9;-~]{1,64}", appid):
        raise typer.BadParameter("an appid has 1 to 64 ASCII characters without spaces and colons")
    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("a name has letters, and no control characters")
    made = App(
        appid=appid,
        name=name,
        secret_hash=credentials.hashed(secret),
        created=time.time(),
        daily_limit=daily_limit,
        is_secret_random=is_random,
    )
    with opened(config) as (state, _):
        if not state.add_app(made):
            raise BankcardError(f"there is an app {appid} already; 'bankcard-ocr apps delete {appid}' removes it")
    _show_secret(made, secret if is_shown else None, as_json=as_json)


@app.command(name="list")
def list_apps(config: Config = None, as_json: Json = False) -> None:
    """List the apps."""
    with opened(config) as (state, settings):
        rows = [_row(app, settings.daily_limit) for app in state.apps()]
    show(
        rows,
        "\n".join(_line(row) for row in rows) or "no apps yet; make one: bankcard-ocr apps create NAME",
        as_json=as_json,
    )


@app.command()
def rotate_secret(
    appid: Appid,
    secret: Annotated[
        str | None,
        typer.Option(help="The new secret, or - for a line of standard input; made up when not given: safer."),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Give an app a new secret; the old one and the app's tokens end at once."""
    is_random, is_shown = secret is None, secret != STANDARD_INPUT
    secret = _secret(secret)
    new = partial(dataclasses.replace, secret_hash=credentials.hashed(secret), is_secret_random=is_random)
    changed = _change(appid, config, new, revoke=True)
    _show_secret(changed, secret if is_shown else None, as_json=as_json)


@app.command()
def delete(appid: Appid, config: Config = None, as_json: Json = False) -> None:
    """Delete an app, with its tokens, counts and records."""
    with opened(config) as (state, _):
        known(state.app(appid), appid)
        state.delete_app(appid)
    show({"appid": appid, "deleted": True}, f"app {appid} is deleted", as_json=as_json)


@app.command()
def limits(
    appid: Appid,
    daily_limit: Annotated[int | None, typer.Option(min=0, max=MOST_CALLS, help="Recognitions a day.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Take the server's setting again.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show or set how many recognitions a day an app has."""
    if default and daily_limit is not None:
        raise typer.BadParameter("--daily-limit and --default contradict each other; give one of them")

    def change(app: App) -> App:
        wanted = None if default else app.daily_limit if daily_limit is None else daily_limit
        return dataclasses.replace(app, daily_limit=wanted)

    changed = _change(appid, config, change)
    text = "the server's setting" if changed.daily_limit is None else str(changed.daily_limit)
    show({"appid": appid, "daily_limit": changed.daily_limit}, f"daily limit: {text}", as_json=as_json)


@app.command()
def whitelist(
    appid: Appid, add: Add = None, remove: Remove = None, config: Config = None, as_json: Json = False
) -> None:
    """Show or change the addresses and networks an app may call from; none is every address."""
    networks = [_network(text) for text in add or []]
    gone = [_network(text) for text in remove or []]

    def change(app: App) -> App:
        kept = tuple(_network(text) for text in app.whitelist)
        return _with(dataclasses.replace(app, whitelist=kept), "whitelist", networks, gone)

    changed = _change(appid, config, change)
    _show_list(appid, "whitelist", changed.whitelist, "every address may call", as_json=as_json)


@app.command()
def permissions(
    appid: Appid, add: Add = None, remove: Remove = None, config: Config = None, as_json: Json = False
) -> None:
    """Show or change the names an app's cloud functions may call, such as ocr.bankcard."""
    for name in add or []:
        _api(name, CLOUD_APIS)
    changed = _change(appid, config, lambda app: _with(app, "permissions", add or [], remove or []))
    _show_list(appid, "permissions", changed.permissions, "cloud functions may call nothing", as_json=as_json)


@app.command(name="import")
def import_config(
    appid: Appid,
    file: Annotated[Path, typer.Argument(help="A cloud function's config.json.", exists=True, dir_okay=False)],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Set the names an app's cloud functions may call to those of a cloud function's config.json."""
    try:
        names = permission.listed(file.read_bytes())
    except ValueError as error:
        raise BankcardError(f"{file} cannot be used: {error}") from error
    changed = _change(appid, config, lambda app: dataclasses.replace(app, permissions=names))
    if names and CLOUD_APIS.keys().isdisjoint(names):
        typer.echo(f"{file} does not name {', '.join(CLOUD_APIS)}: cloud calls are refused (-604101)", err=True)
    _show_list(appid, "permissions", changed.permissions, "cloud functions may call nothing", as_json=as_json)


@app.command()
def deny(
    appid: Appid,
    api: Annotated[str, typer.Argument(help=f"One of {', '.join(APIS)}.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forbid an app to call an API in any way; it gets errcode 48001."""
    name = _api(api, APIS)
    changed = _change(appid, config, lambda app: _with(app, "denied", [name], []))
    _show_list(appid, "denied", changed.denied, "nothing is denied", as_json=as_json)


@app.command()
def allow(
    appid: Appid,
    api: Annotated[str, typer.Argument(help="A name such as ocr.bankcard.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let an app call an API again that was denied."""
    changed = _change(appid, config, lambda app: _with(app, "denied", [], [api]))
    _show_list(appid, "denied", changed.denied, "nothing is denied", as_json=as_json)


@app.command()
def pan(
    appid: Appid,
    form: Annotated[Form | None, typer.Argument(help="full, masked, jwe or fingerprint.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show or set how replies show the number to an app; a call may ask for less (pan=), not for more."""
    changed = _change(appid, config, lambda app: dataclasses.replace(app, pan=form or app.pan))
    show({"appid": appid, "pan": changed.pan}, changed.pan, as_json=as_json)
    _warn_of_lost_form(changed, config)


@app.command()
def set_key(
    appid: Appid,
    file: Annotated[Path, typer.Argument(help="The public key: a JWK or a PEM file.", exists=True, dir_okay=False)],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Register the public key that pan=jwe encrypts card numbers of an app to, in place of any earlier one."""
    try:
        jwk = public_jwk(file.read_text(encoding="utf-8", errors="replace"))
    except ValueError as error:
        raise BankcardError(f"{file} cannot be used: {error}") from error
    _change(appid, config, lambda app: dataclasses.replace(app, jwk=jwk))
    facts = json.loads(jwk)
    show({"appid": appid, "jwk": facts}, f"{facts['alg']}, kid {facts['kid']}", as_json=as_json)


@app.command()
def remove_key(appid: Appid, config: Config = None, as_json: Json = False) -> None:
    """Forget the public key of an app; pan=jwe is refused then."""
    changed = _change(appid, config, lambda app: dataclasses.replace(app, jwk=""))
    show({"appid": appid, "jwk": None}, "no key is registered", as_json=as_json)
    _warn_of_lost_form(changed, config)


@app.command()
def enable(appid: Appid, config: Config = None, as_json: Json = False) -> None:
    """Let an app call again."""
    _change(appid, config, lambda app: dataclasses.replace(app, enabled=True))
    show({"appid": appid, "enabled": True}, f"app {appid} is enabled", as_json=as_json)


@app.command()
def disable(appid: Appid, config: Config = None, as_json: Json = False) -> None:
    """Forbid an app to call anything, without losing what belongs to it."""
    _change(appid, config, lambda app: dataclasses.replace(app, enabled=False))
    show({"appid": appid, "enabled": False}, f"app {appid} is disabled", as_json=as_json)


def _change(appid: str, config: Path | None, change: Callable[[App], App], *, revoke: bool = False) -> App:
    with opened(config) as (state, _):
        changed = known(state.update_app(appid, change), appid)
        if revoke:
            state.revoke_tokens(appid)
        return changed


def _warn_of_lost_form(app: App, config: Path | None) -> None:
    """Says so when every call of ``app`` will be refused, as there is no key for the form that it gets."""
    with opened(config) as (_, settings):
        remedy = {
            "jwe": "" if app.jwk else f"'bankcard-ocr apps set-key {app.appid} FILE' registers one",
            "fingerprint": "" if settings.fingerprint_key_file else "set fingerprint_key_file",
        }.get(app.pan, "")
    if remedy:
        typer.echo(f"without a key every call of {app.appid} is refused now (48001): {remedy}", err=True)


def _with(app: App, field: str, add: list[str], remove: list[str]) -> App:
    """``app`` with its list ``field`` changed, in order and without doubles."""
    kept = [item for item in dict.fromkeys([*getattr(app, field), *add]) if item not in remove]
    change: dict[str, Any] = {field: tuple(kept)}
    return dataclasses.replace(app, **change)


def _api(name: str, names: Collection[str]) -> str:
    """``name``, one of ``names``: another would be kept and never be asked about, its denial would deny nothing."""
    if name not in names:
        raise typer.BadParameter(f"there is no API {name}, only {', '.join(names)}")
    return name


def _network(text: str) -> str:
    try:
        network = network_of(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no address or network, such as 203.0.113.7 or 203.0.113.0/24") from None
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _row(app: App, daily_limit: int) -> dict[str, Any]:
    row = dataclasses.asdict(app)
    del row["secret_hash"]
    return {**row, "effective_daily_limit": app.limit(daily_limit)}


def _line(row: dict[str, Any]) -> str:
    state = "" if row["enabled"] else "  disabled"
    return f"{row['appid']}  {row['name']}  {row['effective_daily_limit']} a day{state}"


def _secret(given: str | None) -> str:
    """The secret that is ``given``, read from standard input for ``-``; a new one for None."""
    if given is None:
        return credentials.new_secret()
    secret = sys.stdin.readline().rstrip("\r\n") if given == STANDARD_INPUT else given
    if not 0 < len(secret) <= MAX_SECRET:
        raise typer.BadParameter(f"a secret has 1 to {MAX_SECRET} characters")
    if len(secret) < SAFE_SECRET:
        typer.echo(f"a secret of less than {SAFE_SECRET} characters can be guessed", err=True)
    return secret


def _show_secret(app: App, secret: str | None, *, as_json: bool) -> None:
    """Prints the ``secret`` of ``app``; one that came by standard input, None here, is kept out of what is logged."""
    said = "the one from standard input" if secret is None else secret
    text = f"appid:  {app.appid}\nsecret: {said}\nKeep the secret: only its hash is stored."
    try:
        show({"appid": app.appid, "secret": secret, "name": app.name}, text, as_json=as_json)
    except BankcardError as error:
        remedy = f"'bankcard-ocr apps rotate-secret {app.appid}' gives one that can be read"
        raise BankcardError(f"the app has a secret that nobody saw: {error}; {remedy}") from error


def _show_list(appid: str, name: str, items: tuple[str, ...], none: str, *, as_json: bool) -> None:
    show({"appid": appid, name: list(items)}, "\n".join(items) or none, as_json=as_json)
