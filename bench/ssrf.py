"""Counts the URLs of ``tests/server/ssrf.txt`` that the fetcher refuses: straight, behind a redirect, and rebound.

    .venv/bin/python bench/ssrf.py bench/results/ssrf.json

A case is refused when the fetcher raises FetchError and no socket of the process connected to anything but the one
public site of the run (127.0.0.7, excepted by name of its network). An audit hook of the interpreter sees every
connection, so nothing is taken on trust.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from bankcard_ocr.errors import FetchError
from bankcard_ocr.server.fetch import Fetcher
from bankcard_ocr.server.fetch.address import is_public

ROOT = Path(__file__).resolve().parent.parent
SITE = "127.0.0.7"


class Redirector(BaseHTTPRequestHandler):
    """Sends every request on to what its query says; what asks for nothing finds nothing."""

    def do_GET(self) -> None:
        there = parse_qs(urlsplit(self.path).query).get("to")
        self.send_response(302 if there else 404)
        if there:
            self.send_header("Location", there[0].encode().decode("latin-1"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class World:
    """Names and their answers; connections beyond the site."""

    def __init__(self) -> None:
        self.answers: list[list[str]] = []
        self.escaped = 0
        sys.addaudithook(self.watch)

    def watch(self, event: str, args: tuple[object, ...]) -> None:
        if event == "socket.connect" and args[1][0] != SITE:  # type: ignore[index]
            self.escaped += 1

    def resolve(self, host: str, _port: int) -> list[str]:
        if host == "site.example":
            return [SITE]
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise OSError(host)
        return found


def cases() -> list[tuple[str, list[str], str]]:
    """(section, addresses, URL) of each line of the table."""
    found, section = [], ""
    for line in (ROOT / "tests/server/ssrf.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            answers, _, url = line.partition(" ")
            found.append((section, [] if answers == "-" else answers.split(","), url))
    return found


def run() -> dict[str, object]:
    """The figures."""
    world = World()
    fetcher = Fetcher(allow_hosts=[SITE], resolve=world.resolve)
    tried: Counter[str] = Counter()
    refused: Counter[str] = Counter()

    def attempt(group: str, answers: list[list[str]], url: str) -> None:
        world.answers = answers
        before = world.escaped
        tried[group] += 1
        try:
            fetcher(url)
        except FetchError:
            refused[group] += world.escaped == before

    with ThreadingHTTPServer((SITE, 0), Redirector) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        site = f"http://site.example:{http.server_port}/?to="
        for section, answers, url in cases():
            attempt(section, [answers], url)
            attempt("behind a redirect", [answers], site + quote(url, safe=""))
        private = {address for _, answers, _ in cases() for address in answers if not is_public(ip_address(address))}
        for address in sorted(private):
            rebinding = f"http://rebind.example:{http.server_port}/?to=/"
            attempt("rebound between redirects", [[SITE], [address]], rebinding)
        http.shutdown()
    return {
        "command": "python bench/ssrf.py bench/results/ssrf.json",
        "version": version("bankcard-ocr"),
        "cases": tried.total(),
        "refused": refused.total(),
        "groups": {group: {"cases": count, "refused": refused[group]} for group, count in tried.items()},
    }


def main() -> int:
    """Writes the figures; 1 when a case was not refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the result's file")
    out = parser.parse_args().out
    figures = run()
    out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"{figures['refused']} of {figures['cases']} refused")
    return int(figures["refused"] != figures["cases"])


if __name__ == "__main__":
    sys.exit(main())
