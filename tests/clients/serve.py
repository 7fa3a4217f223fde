"""A server process for real clients: the product's application with a reader that does as the picture says.

Started with the path of a state file; prints one line of JSON: its address and what clients need, then serves until
told to stop. The app ``wx1`` may be called by cloud functions, ``wx2`` may not.
"""

from __future__ import annotations

import json
import sys
import time

import uvicorn

from bankcard_ocr.errors import NoCardFound, NotAPicture, NumberUnreadable
from bankcard_ocr.platform import credentials
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App
from bankcard_ocr.platform.state.sqlite import SqliteState
from bankcard_ocr.reading import Candidate, Options, Reading
from bankcard_ocr.server import logs, run
from bankcard_ocr.server.build import build
from bankcard_ocr.server.protocol import config
from bankcard_ocr.settings import Settings

NUMBER = "6205500000000000004"
QUAD = ((10.0, 20.0), (110.0, 20.0), (110.0, 40.0), (10.0, 40.0))
READING = Reading(
    number=NUMBER,
    confidence=0.999,
    candidates=(Candidate(number=NUMBER, confidence=0.999),),
    size=(640, 480),
    number_quad=QUAD,
)


class Reader:
    """Reads the number of every JPEG, unless its bytes hold a word that says otherwise."""

    def read(self, data: bytes, options: Options = Options()) -> Reading:
        if not data.startswith(b"\xff\xd8\xff"):
            raise NotAPicture("unknown format")
        if b"NO CARD" in data:
            raise NoCardFound
        if b"HIDDEN" in data:
            raise NumberUnreadable(digits=(7, 8, 9))
        return READING


def main(path: str) -> None:
    settings = Settings(port=0, log_level="error", allow_private_networks=True, request_timeout_s=5.0)
    logs.configure(settings)
    state = SqliteState(path, time.time)
    tokens = {}
    for appid, permissions in (("wx1", ("ocr.bankcard",)), ("wx2", ())):
        password = f"secret of {appid}"
        app = App(
            appid=appid,
            name=appid,
            secret_hash=credentials.hashed(password),
            created=time.time(),
            permissions=permissions,
            daily_limit=100_000,
        )
        state.add_app(app)
        tokens[appid] = {"secret": password, "access_token": operator_token(state, app, time.time(), 7200)}
    listener = run.listen(settings)
    serving = uvicorn.Server(config(build(settings, reader=Reader(), state=state), settings))
    print(json.dumps({"url": run.url(listener), "apps": tokens, "number": NUMBER}), flush=True)  # noqa: T201
    serving.run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
