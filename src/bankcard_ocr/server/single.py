"""One process that serves; on SIGHUP a successor is built beside it and takes over, while connections wait."""

from __future__ import annotations

import os
import signal
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from ..settings import Settings
from . import log_writer, memory
from .build import Files, build
from .protocol import config
from .reload import HangupFlag, log_rejected, reloaded
from .source import Source

LOOK_FOR_HANGUP_S = 0.2


def serve_single(
    source: Source, settings: Settings, files: Files, listener: socket.socket, hangups: HangupFlag
) -> None:
    """Serves in this process; after SIGHUP under the settings of then, and connections wait while one ends."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)  # uvicorn raises it again when all is answered
    threading.Thread(target=memory.look_after, daemon=True).start()
    app: ASGIApp | None = build(settings, files)
    while app is not None:
        server = _Server(config(app, settings), listener)
        successor = _Successor(source, settings, server, hangups)
        successor.start()
        server.run(sockets=[listener.dup()])  # it closes what it is given
        app, settings = successor.taking_over(settings)


def _end(number: int, _frame: object) -> None:
    """Ends this process, which has been told so, though a thread of it still reads what was told busy."""
    log_writer.finish()
    os._exit(128 + number if number == signal.SIGINT else 0)


class _Server(uvicorn.Server):
    """uvicorn's server, which closes ``listener`` when it ends for good: connections are refused then, not held."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.is_replaced = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections and waits for the calls at work."""
        if not self.is_replaced:
            self._listener.close()
        await super().shutdown(sockets)


class _Successor(threading.Thread):
    """What takes over from ``server`` once SIGHUP comes, built while the server serves; none when that ends by itself.

    Where it cannot be built the server goes on: a table or key that is broken by then stays as it is in memory.
    """

    def __init__(self, source: Source, settings: Settings, server: _Server, hangups: HangupFlag) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._settings = settings
        self._server = server
        self._hangups = hangups
        self._is_over = threading.Event()
        self._built: tuple[ASGIApp, Settings] | None = None

    def run(self) -> None:
        while self._built is None and not self._is_over.wait(LOOK_FOR_HANGUP_S):
            if self._hangups.take():
                self._build()
        if self._built is not None and not self._server.should_exit:
            self._server.is_replaced = True
        self._server.should_exit = True

    def _build(self) -> None:
        after = reloaded(self._source, self._settings)
        if after is None:
            return
        settings, files = after
        try:
            self._built = build(settings, files), settings
        except Exception as error:  # noqa: BLE001  (what was right when it was looked at; this server goes on)
            log_rejected(error)

    def taking_over(self, settings: Settings) -> tuple[ASGIApp | None, Settings]:
        """The application that was built and its settings; none, and ``settings``, when nothing was."""
        self._is_over.set()
        self.join()
        return self._built if self._built is not None and self._server.is_replaced else (None, settings)
