"""How much memory a process holds now, as Linux tells it; and that it stays there."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def resident_bytes(pid: int | None = None) -> int:
    """The resident memory of the process ``pid``, of this one without it; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid or 'self'}/statm").read_text(encoding="ascii").split()[1])  # proc(5)
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def leave_no_core() -> None:
    """Lets this process, and those it starts, leave no core dump: card numbers are in its memory.

    Who debugs it may raise the soft limit again (``prlimit --core``). A program that core_pattern pipes dumps to has to
    heed the limit itself; those of systemd, Ubuntu and Fedora do.
    """
    with suppress(ImportError, ValueError, OSError):  # Windows has no such module
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
