"""Apps, tokens, quotas and request records: :mod:`base` is the protocol, each other module one store."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...errors import SettingsError, StateError
from .base import State


def connect(url: str, clock: Callable[[], float] = time.time) -> State:
    """The store that ``url`` names, opened. Raises SettingsError for an unknown kind, StateError out of reach."""
    if url.startswith("sqlite:"):
        from .sqlite import SqliteState

        return SqliteState.from_url(url, clock)
    if url.startswith(("redis://", "rediss://", "unix://")):
        from .redis import RedisState

        return RedisState(url, clock)
    raise SettingsError("state_url", "the settings", "must begin with sqlite:///, redis://, rediss:// or unix://")


def find(url: str) -> None:
    """Raises StateError when ``url`` names a file that is not there, and that opening it would make, an empty one."""
    if url.startswith("sqlite:"):
        from .sqlite import file_of

        file = file_of(url)
        if str(file) != ":memory:" and not file.exists():
            raise StateError(f"there is no state file {file}, so that no token would be known")


def look(url: str) -> dict[str, int]:
    """How many apps the store that ``url`` names has, and of a file its version; it is there, whole, and takes charges.

    Makes no file and brings none up to date: of an earlier one the version is all. Raises StateError, SettingsError.
    """
    find(url)
    facts: dict[str, int] = {}
    if url.startswith("sqlite:") and ":memory:" not in url:
        from .sqlite import VERSION, version_of

        facts["version"] = version_of(url)
        if facts["version"] < VERSION:
            return facts
    state = connect(url)
    try:
        state.ping()
        return {**facts, "apps": len(state.apps())}
    finally:
        state.close()


def ask(url: str) -> None:
    """Returns when the store that ``url`` names is there and takes charges, else raises StateError; makes none."""
    find(url)
    state = connect(url)
    try:
        state.ping()
    finally:
        state.close()
