"""What calls are answered with: the reader, the store, the fetcher, the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..numbers import iin
from ..reading import PictureReader
from ..settings import Settings
from .state.base import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """All that the answer to a call may use. Threads share it.

    ``fetch`` gives the picture at a URL, or raises FetchError. ``fingerprint_key`` is empty where there is none.
    """

    reader: PictureReader
    state: State
    fetch: Callable[[str], bytes]
    settings: Settings
    table: iin.Table = field(default_factory=iin.default)
    fingerprint_key: bytes = field(default=b"", repr=False)
