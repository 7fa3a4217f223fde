"""The server as a process: its settings checked, its socket open, alone or with workers.

SIGTERM, SIGQUIT and SIGINT stop it after the calls at work, or after ``drain_s``, with status 0, by SIGINT with 130;
SIGHUP lets it read its settings anew.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from ..errors import SettingsError
from ..settings import Settings
from . import logs, memory
from .metrics import MetricsOfAll
from .reload import HangupFlag
from .single import serve_single
from .source import Source, check
from .workers import Supervisor, shorten_switch_interval, stop_on_quit


def serve(source: Source, announce: Callable[[str], object]) -> None:
    """Serves until told to stop. ``announce`` is given the lines an operator should see at the start.

    Raises SettingsError when settings cannot be used, before anybody is served.
    """
    memory.share_heap()  # workers do so themselves
    loaded = source.load()
    settings = loaded.settings
    files = check(loaded)  # before any worker: says what is wrong, and makes the state file once
    with listen(settings, loaded.origins) as listener:
        if settings.metrics_port:
            _bound(settings.metrics_host, settings.metrics_port, "metrics_", loaded.origins).close()
        shorten_switch_interval()
        hangups = HangupFlag()
        stop_on_quit()
        logs.configure(settings)
        # who ships logs reads JSON alone
        say = structlog.get_logger().info if settings.log_format == "json" else announce
        for line in [*loaded.lines(), f"listening at {url(listener)}"]:
            say(line)
        if settings.workers == 1:
            serve_single(source, settings, files, listener, hangups)
        else:
            logging.getLogger("uvicorn.error").setLevel(logging.INFO)  # the supervisor says which worker it replaced
            counts = MetricsOfAll(settings)
            with counts.open():
                supervisor = Supervisor(source, settings, files, listener, counts)
                supervisor.run()
            if supervisor.is_interrupted:
                raise KeyboardInterrupt


def listen(settings: Settings, origins: Mapping[str, str] = MappingProxyType({})) -> socket.socket:
    """The listening socket. Raises SettingsError when the address is taken or not this machine's."""
    listener = _bound(settings.host, settings.port, "", origins)
    # asyncio does so only for sockets whose proto is IPPROTO_TCP, here it is 0: replies would wait 40 ms for an ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _bound(host: str, port: int, prefix: str, origins: Mapping[str, str]) -> socket.socket:
    """A socket that listens there. Raises SettingsError, which blames the host when that is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.getaddrinfo(host or None, port, family)  # an empty host is every address
    except (socket.gaierror, UnicodeError) as error:
        raise _taken(f"{prefix}host", host, port, str(error), origins) from error
    try:
        is_dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=is_dual)
    except OSError as error:
        name = "host" if error.errno == errno.EADDRNOTAVAIL else "port"
        raise _taken(f"{prefix}{name}", host, port, os.strerror(error.errno or 0), origins) from error


def _taken(name: str, host: str, port: int, why: str, origins: Mapping[str, str]) -> SettingsError:
    """What is said when nothing can listen there because of the setting ``name``."""
    advice = f"; choose another with --{name}" if name in {"host", "port"} else ""
    return SettingsError(name, origins.get(name, "the default"), f"cannot listen at {host}:{port} ({why}){advice}")


def url(listener: socket.socket) -> str:
    """The address to type into a browser or client."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
