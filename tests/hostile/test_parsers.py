"""Property tests of the parsers whose own tests have none: any input is a value or the one error that is promised.

The others stand with their modules: numbers, tables, labels and dates in ``tests/numbers`` and ``tests/bench``, bodies,
requests, cloud calls, permissions and secrets in ``tests/platform``, URLs, addresses, request lines and content codings
in ``tests/server``, pictures in ``tests/vision``, variables in ``tests/test_settings.py``.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import httpcore
import httpx
import pytest
import typer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from bankcard_ocr import cloud
from bankcard_ocr.bulk.plan import pictures, plan
from bankcard_ocr.cli import apps
from bankcard_ocr.cloud import account
from bankcard_ocr.errors import BulkError, FetchError, NotAPicture, SettingsError
from bankcard_ocr.platform import permission
from bankcard_ocr.platform.callers import is_listed
from bankcard_ocr.platform.state import base, redis, sqlite
from bankcard_ocr.server import fetch
from bankcard_ocr.server.fetch import answer, connection
from bankcard_ocr.server.fetch.url import parse
from bankcard_ocr.server.protocol import Config, Protocol
from bankcard_ocr.settings import Settings, load


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


LINES = st.sampled_from(
    ["port = 1", "allow_hosts = ['a']", "workers = 'two'", "[table]", "port = 1e400", "docs = true"]
)


@given(
    st.binary(max_size=60)
    | st.lists(LINES | st.text(max_size=20), max_size=4).map(lambda all_: "\n".join(all_).encode())
)
def test_any_settings_file_is_settings_or_an_error(folder, content: bytes):
    """Whatever a file of settings holds: settings, or a SettingsError that names it."""
    (folder / "settings.toml").write_bytes(content)
    with suppress(SettingsError):
        assert isinstance(load(environment={}, platform="linux", file=folder / "settings.toml").settings, Settings)


QUERIES = st.text("abcprefixords=&?%0129-", max_size=30)


@given(QUERIES)
def test_any_redis_url_is_read(query: str):
    """Our options are taken out of a URL's query, or the setting is wrong."""
    with suppress(SettingsError):
        url, options = redis._split_options(f"redis://host/0?{query}")
        base.most_records(options.get("records", "1"))

        assert ("prefix=" in url, "records=" in url) == (False, False)


@given(st.text("/:memory?synchronous=FULLnormal&~%", max_size=40))
def test_any_other_sqlite_url_is_a_wrong_setting(rest: str):
    """What follows the scheme without three slashes names no file."""
    with suppress(SettingsError):
        sqlite.SqliteState.from_url("sqlite:" + rest.lstrip("/"), lambda: 0.0)
        raise AssertionError(rest)


SPELLINGS = st.sampled_from(["{}", "::ffff:{}"])


@given(st.lists(st.ip_addresses(v=4), min_size=1, max_size=3), st.booleans(), SPELLINGS, SPELLINGS)
def test_an_address_is_listed_or_not_however_it_is_spelled(addresses: list, is_in: bool, sent: str, kept: str):
    """IPv4 mapped into IPv6 is IPv4, of the caller and on the list."""
    client, *others = addresses
    whitelist = others + [client] * is_in

    assert (client in whitelist) is is_listed(sent.format(client), tuple(kept.format(each) for each in whitelist))


@given(st.text(max_size=20), st.lists(st.ip_addresses().map(str), max_size=3))
def test_any_client_address_is_listed_or_not(client_ip: str, whitelist: list[str]):
    """What a balancer says of an address may be anything."""
    assert (client_ip in whitelist) is is_listed(client_ip, tuple(whitelist))


@pytest.mark.parametrize(("network", "is_in"), [("fe80::/10", True), ("10.0.0.0/8", False)])
def test_an_address_with_a_zone_is_listed_without_it(network: str, is_in: bool):
    """As a system tells one of a link of its own."""
    assert is_in is is_listed("fe80::1%eth0", (network,))


@given(st.text(max_size=30))
def test_any_network_is_an_address_or_refused(text: str):
    """What an operator types for a whitelist is normalised, or refused on the command line."""
    with suppress(typer.BadParameter):
        assert apps._network(text) == apps._network(apps._network(text))


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text(max_size=9), st.lists).map(lambda x: json.dumps(x).encode())
)
@example(b"[" * 100_000)
@example(b'{"permissions": {"openapi": ["a"]}}')
def test_any_config_json_has_permissions_or_says_not(content: bytes):
    """Whatever a function's config.json holds: names, or one sentence."""
    with suppress(ValueError):
        assert isinstance(permission.listed(content), tuple)


@given(st.binary(max_size=60))
@example(b"[" * 100_000)
def test_any_reply_is_an_object_or_a_cloud_error(content: bytes):
    """Whatever a server sends to the SDK: a JSON object, or CloudError."""
    with suppress(cloud.CloudError):
        assert isinstance(account._parsed(httpx.Response(200, content=content)), dict)


@given(st.text(max_size=30) | st.text("htps:/[]@.0:1a?#", max_size=30).map("http://".__add__))
def test_any_server_address_is_a_url_or_a_wrong_setting(url: str):
    """Whatever the SDK is given as its server."""
    with suppress(SettingsError):
        assert account._server(url).endswith("/")


# Downloads


@given(
    st.binary(max_size=60).filter(lambda value: not set(value) & set(b"\r\n\0")), st.sampled_from([301, 302, 404, 200])
)
def test_any_location_is_a_target_or_a_fetch_error(location: bytes, status: int):
    """Whatever a host sends us to: somewhere, nowhere, or FetchError."""
    response = httpcore.Response(status, headers=[(b"Location", location)])
    with suppress(FetchError):
        answer.following(parse("http://example.com/a%2525"), response)


@given(st.binary(max_size=60), st.text(max_size=60))
def test_what_came_instead_is_a_media_type(head: bytes, declared: str):
    """What is said of other bytes is short and plain, so that no host writes into our replies."""
    said = answer._media_type(head, declared)

    assert (True, True) == (len(said) <= 64, set(said) <= set("abcdefghijklmnopqrstuvwxyz0123456789/.+- "))


@given(st.text(max_size=30) | st.text("htp:/[]@%.0:1a", max_size=30).map("http://".__add__))
def test_any_proxy_is_one_or_a_wrong_setting(url: str):
    """Whatever is set as proxy."""
    with suppress(SettingsError):
        assert connection.Proxy.parse(url).host


@given(st.lists(st.text(max_size=12) | st.text("*.a[]:/0123456789", max_size=18), max_size=3))
def test_any_exception_is_one_or_a_wrong_setting(hosts: list[str]):
    """Whatever is set as allow_hosts."""
    with suppress(SettingsError):
        names, networks = fetch._exceptions(hosts)

        assert len(hosts) == len(names) + len(networks)


# HTTP


class Wire(asyncio.Transport):
    """A transport into nothing."""

    closed = False

    def write(self, data) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_protocol(self, protocol) -> None:
        pass


PIECES = st.sampled_from(
    [
        b"GET /a HTTP/1.1\r\n",
        b"POST //b/?c=\xe9 HTTP/1.0\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Host: a\r\n",
        b"\r\n",
        b"abc",
        b"3\r\nabc\r\n0\r\n\r\n",
        b"Content-Length: -1\r\n",
        b"Expect: 100-continue\r\n",
        b"\0",
        b"Upgrade: h2c\r\nConnection: Upgrade\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
)


@settings(max_examples=200)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=12))
def test_any_bytes_are_http_or_end_the_connection(chunks: list[bytes]):
    """Whatever comes on a connection, in whatever pieces: the protocol never raises, the loop has nothing to log."""

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def received() -> list[object]:
        logged: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: logged.append(context))
        wire = Wire({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        connection = Protocol(Config(app, log_config=None, log_level="critical"), ServerState(), {})
        connection.connection_made(wire)
        for chunk in chunks:
            if not wire.closed:
                connection.data_received(chunk)
            await asyncio.sleep(0)
        connection.connection_lost(None)
        await asyncio.sleep(0)
        return logged

    assert [] == asyncio.run(received())


# Archives and tables of bulk runs


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.jpg", b"a" * 50, zipfile.ZIP_DEFLATED)
        made.writestr("b/c.png", b"c")
    return file.getvalue()


def table() -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pa.table({"jpeg": [b"a", b"b", None]}), file)
    return file.getvalue()


CHANGES = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=5)


@pytest.mark.parametrize("suffix", ["zip", "parquet"])
@given(changes=CHANGES, cut=st.integers(0, 2**12))
def test_a_damaged_container_costs_rows_or_the_run(folder, suffix: str, changes, cut: int):
    """A zip archive or Parquet file with bytes changed or missing: pictures, rows of errors, or BulkError."""
    data = bytearray(archive() if suffix == "zip" else table())
    for place, value in changes:
        data[place % len(data)] = value
    (folder / f"in.{suffix}").write_bytes(data[: max(1, len(data) - cut % len(data))])
    with suppress(BulkError):
        for chunk in plan(str(folder / f"in.{suffix}"), "", 1):
            assert all(isinstance(each, bytes | NotAPicture) for each in pictures(chunk, 0))
