"""When settings are to be read anew, on SIGHUP, and what comes of it."""

from __future__ import annotations

import dataclasses
import signal

import structlog

from ..settings import Settings, shown
from . import logs
from .build import Files
from .source import Source, check

FIXED = ("host", "port", "workers", "metrics_host", "metrics_port")  # settings of what stays open, or stays running


class HangupFlag:
    """Whether SIGHUP came since that was asked last. From here on it does not end this process."""

    def __init__(self) -> None:
        self._came = False
        signal.signal(signal.SIGHUP, self._note)

    def _note(self, _signal: int, _frame: object) -> None:
        self._came = True

    def take(self) -> bool:
        came, self._came = self._came, False
        return came


def reloaded(source: Source, before: Settings) -> tuple[Settings, Files] | None:
    """The settings as they are now, but for :data:`FIXED`, and what the files hold that they name.

    None when they are wrong. The log says either.
    """
    try:
        loaded = source.load()
        files = check(loaded, before)
    except Exception as error:  # noqa: BLE001  (whatever it is, what serves goes on as it is)
        log_rejected(error)
        return None
    logs.configure(loaded.settings)
    fixed = {name: getattr(before, name) for name in FIXED}
    for name, value in fixed.items():
        if getattr(loaded.settings, name) != value:
            structlog.get_logger().warning("setting changes by a restart alone", setting=name, stays=value)
    after = dataclasses.replace(loaded.settings, **fixed)
    names = [field.name for field in dataclasses.fields(after)]
    changed = [f"{name} = {shown(after, name)}" for name in names if getattr(after, name) != getattr(before, name)]
    structlog.get_logger().info("settings are read anew", changed=changed)
    return after, files


def log_rejected(error: Exception) -> None:
    structlog.get_logger().error("settings are wrong and stay as they were", reason=str(error))
