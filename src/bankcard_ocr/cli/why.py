"""``bankcard-ocr why RID``: the whole story of one call."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Annotated

import typer

from ..errors import BankcardError
from ..platform import codes, wire
from ..platform.remedies import REMEDIES, Remedy
from ..platform.state.base import Record
from .store import Config, Json, opened, show

NONE = Remedy("", "see docs/cloud-call.md")  # the cloud call's own codes


def command(
    rid: Annotated[str, typer.Argument(help="The request id at the end of errmsg.", metavar="RID")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell why a request was answered as it was: stage, cause, remedy and times, card numbers masked."""
    rid = rid.removeprefix("rid:").strip()
    if not wire.RID.fullmatch(rid):
        raise typer.BadParameter("a rid is three groups of 8 hex digits, such as 64dd8e12-0eb37d04-36a66358")
    with opened(config) as (state, _):
        record = state.record(rid)
    if record is None:
        raise BankcardError(f"no call with rid {rid} in the last 7 days; the log of the server may know it")
    known = REMEDIES.get(record.errcode, NONE)
    value = {**dataclasses.asdict(record), "message": codes.message(record.errcode), "explanation": known._asdict()}
    show(value, "\n".join(_lines(record)), as_json=as_json)


def _lines(record: Record) -> list[str]:
    when = datetime.fromtimestamp(record.invoke_time, UTC).isoformat(sep=" ", timespec="milliseconds")
    lines = [
        f"{record.method} {record.request_url}",
        f"  when      {when}",
        f"  app       {record.appid or 'none was recognised'}",
        f"  from      {record.client_ip}",
        f"  body      {record.request_body}",
        f"  answer    {record.errcode} {codes.message(record.errcode)}",
        f"  stage     {record.stage}",
    ]
    if record.errcode:
        cause, remedy = REMEDIES.get(record.errcode, NONE)
        lines += [f"  cause     {record.cause or cause}", f"  meaning   {cause}", f"  remedy    {remedy}"]
    times = ", ".join(f"{stage} {ms:g}" for stage, ms in record.timings_ms.items())
    return [*lines, f"  times     {record.cost_ms:g} ms" + (f": {times}" if times else "")]
