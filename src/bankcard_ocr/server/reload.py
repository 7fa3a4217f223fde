"""Where settings come from, whether they can be used, and when they are to be read anew: on SIGHUP."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from ..errors import SettingsError, StateError
from ..platform import state as states
from ..settings import Loaded, Settings, Value, load, shown
from . import logs, traces
from .build import Files, fetcher, table

FIXED = ("host", "port", "workers", "metrics_host", "metrics_port")  # settings of what stays open, or stays running


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a process reads its settings, at its start and on SIGHUP."""

    file: Path | None
    arguments: Mapping[str, Value | None]

    def load(self) -> Loaded:
        """The settings as file and environment are now. Raises SettingsError."""
        return load(environment=os.environ, platform=sys.platform, file=self.file, arguments=dict(self.arguments))


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


def check(loaded: Loaded, before: Settings | None = None) -> Files:
    """What the files hold that the settings name.

    Raises SettingsError, which says where the setting comes from, when what the settings name cannot be used. A store
    of which what serves knew nothing ``before`` has to answer; at a start it may come later, and its file is made.
    """
    settings = loaded.settings
    if (before or settings).workers > 1 and ":memory:" in settings.state_url:
        raise SettingsError("state_url", loaded.origins.get("state_url", "the default"), "several workers need a file")
    files = usable(loaded)
    try:
        if before is not None and settings.state_url != before.state_url:
            states.ask(settings.state_url)
        else:
            if before is not None:
                states.find(settings.state_url)
            states.connect(settings.state_url).close()
    except StateError as error:
        raise SettingsError("state_url", loaded.origins.get("state_url", "the default"), str(error)) from error
    except SettingsError as error:
        raise _blamed(error, loaded) from error
    return files


def usable(loaded: Loaded) -> Files:
    """What the files hold that the settings name; whether they can be used, and the other settings with them.

    Raises SettingsError, which says where the setting comes from.
    """
    settings = loaded.settings
    try:
        files = Files.of(settings)
        table(settings, files)
        fetcher(settings, files)
        if settings.otlp_endpoint:
            traces.traces(settings.otlp_endpoint).close()
    except SettingsError as error:
        raise _blamed(error, loaded) from error
    return files


def _blamed(error: SettingsError, loaded: Loaded) -> SettingsError:
    return SettingsError(error.name, loaded.origins.get(error.name, error.source), error.reason)
