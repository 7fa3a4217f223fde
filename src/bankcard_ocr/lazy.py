"""Values that are computed when they are first asked for, and kept.

:class:`functools.cached_property` has one lock for all instances before Python 3.12, held while a value is computed:
threads would wait for one another's pictures, and a process forked meanwhile for ever.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

T = TypeVar("T")


class cached_property(functools.cached_property[T]):  # noqa: N801  (as the one of functools)
    """The same without that lock: threads that ask one instance at once may each compute the value."""

    def __init__(self, func: Callable[[Any], T]) -> None:
        super().__init__(func)
        self.lock = nullcontext()
