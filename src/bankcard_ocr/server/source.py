"""Where settings come from, and whether what they name can be used."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingsError, StateError
from ..platform import state as states
from ..settings import Loaded, Settings, Value, load
from . import traces
from .build import Files, fetcher, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a process reads its settings, at its start and on SIGHUP."""

    file: Path | None
    arguments: Mapping[str, Value | None]

    def load(self) -> Loaded:
        """The settings as file and environment are now. Raises SettingsError."""
        return load(environment=os.environ, platform=sys.platform, file=self.file, arguments=dict(self.arguments))


def check(loaded: Loaded, before: Settings | None = None) -> Files:
    """What the files hold that the settings name.

    Raises SettingsError, which says where the setting comes from, when what the settings name cannot be used. A store
    of which what serves knew nothing ``before`` has to answer; at a start it may come later, and its file is made.
    """
    settings = loaded.settings
    if (before or settings).workers > 1 and ":memory:" in settings.state_url:
        raise loaded.refused("state_url", "several workers need a file")
    files = usable(loaded)
    try:
        if before is not None and settings.state_url != before.state_url:
            states.ask(settings.state_url)
        else:
            if before is not None:
                states.find(settings.state_url)
            states.connect(settings.state_url).close()
    except StateError as error:
        raise loaded.refused("state_url", str(error)) from error
    except SettingsError as error:
        raise loaded.refused(error.name, error.reason) from error
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
        raise loaded.refused(error.name, error.reason) from error
    return files
