"""Host names to addresses, within a time: the system's resolver cannot be told how long it may take."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) -> its addresses as text, best first; OSError when there is none."""

_LOOKUPS = threading.BoundedSemaphore(64)  # name lookups under way in the process; a resolver may hang for long


def by_system(host: str, port: int) -> Sequence[str]:
    """The addresses that the system has for ``host``. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]


def in_time(call: Callable[[], Sequence[str]], timeout_s: float) -> Sequence[str]:
    """What ``call`` gives. Raises OSError as it does, and TimeoutError when it takes longer or none may begin."""
    answer: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(call())
        except OSError as error:
            answer.put(error)
        finally:
            _LOOKUPS.release()

    if not _LOOKUPS.acquire(blocking=False):
        raise TimeoutError
    try:
        threading.Thread(target=ask, name="dns", daemon=True).start()
    except RuntimeError:  # the system gives no more threads
        _LOOKUPS.release()
        raise TimeoutError from None
    try:
        found = answer.get(timeout=timeout_s)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found
