"""Settings from defaults, a file, variables and the command line."""

from __future__ import annotations

import dataclasses
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import SettingsError
from bankcard_ocr.settings import PREFIX, Settings, default_state_url, key, load, shown

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"
HOME = {"HOME": "/home/me"}


def loaded(environment=None, file=None, **arguments):
    return load(environment={**HOME, **(environment or {})}, platform="linux", file=file, arguments=arguments)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "bankcard-ocr.toml"


def test_without_anything_all_is_default():
    """Only the place of the state depends on the machine."""
    found = loaded()

    assert (Settings(state_url="sqlite:////home/me/.local/share/bankcard-ocr/state.sqlite3"), {}) == (
        found.settings,
        dict(found.origins),
    )


def test_a_picture_from_a_slow_telephone_has_the_time_it_takes():
    """The largest there may be, in base64, at a megabit a second; and as much when the server stops meanwhile."""
    settings = Settings()
    takes_s = settings.max_picture_bytes * 4 / 3 * 8 / 1_000_000

    assert (True, True) == (settings.request_timeout_s >= takes_s, settings.drain_s >= settings.request_timeout_s)


@pytest.mark.parametrize(
    ("environment", "platform", "url"),
    [
        (HOME, "linux", "sqlite:////home/me/.local/share/bankcard-ocr/state.sqlite3"),
        ({**HOME, "XDG_DATA_HOME": "/data"}, "linux", "sqlite:////data/bankcard-ocr/state.sqlite3"),
        (HOME, "darwin", "sqlite:////home/me/Library/Application Support/bankcard-ocr/state.sqlite3"),
    ],
)
def test_state_is_kept_where_the_platform_keeps_data(environment, platform: str, url: str):
    """XDG's folder, on macOS Application Support."""
    assert url == default_state_url(environment, platform)


def test_the_nearest_source_wins(file):
    """The command line beats variables, variables beat the file, and each is named."""
    file.write_text("port = 1\nworkers = 2\nthreads = 3\n")
    found = loaded({"BANKCARD_OCR_PORT": "4", "BANKCARD_OCR_WORKERS": "5"}, file, port=6)

    assert ((6, 5, 3), ("--port", "BANKCARD_OCR_WORKERS", str(file))) == (
        (found.settings.port, found.settings.workers, found.settings.threads),
        (found.origins["port"], found.origins["workers"], found.origins["threads"]),
    )


def test_an_argument_not_given_changes_nothing():
    """None on the command line means not given."""
    assert {} == dict(loaded(port=None).origins)


def test_a_variable_may_name_the_file(file):
    """BANKCARD_OCR_CONFIG is the file when none is given."""
    file.write_text('host = "0.0.0.0"')

    assert "0.0.0.0" == loaded({"BANKCARD_OCR_CONFIG": str(file)}).settings.host


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ALLOW_PRIVATE_NETWORKS", "true", True),
        ("ALLOW_PRIVATE_NETWORKS", "0", False),
        ("ALLOW_HOSTS", "a.example, b.example,", ("a.example", "b.example")),
        ("FETCH_TIMEOUT_S", "2.5", 2.5),
        ("FETCH_TIMEOUT_S", "2", 2.0),
        ("DAILY_LIMIT", "9007199254740992", 2**53),
        ("MINUTE_LIMIT", "9007199254740992", 2**53),
        ("ERRCODE_STYLE", "string", "string"),
        ("STATE_URL", "sqlite:////x", "sqlite:////x"),
    ],
)
def test_variables_are_read_as_their_settings_type(name: str, text: str, value):
    """Flags, lists, numbers and texts are understood."""
    assert value == getattr(loaded({PREFIX + name: text}).settings, name.lower())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("port = 70000", "from 0 to 65535"),
        ("port = -1", "from 0 to 65535"),
        ("port = true", "whole number"),
        ('port = "x"', "whole number"),
        ("host = 5", "a text"),
        ("fetch_timeout_s = []", "a number"),
        ('fetch_timeout_s = "x"', "a number"),
        ('fetch_timeout_s = "nan"', "from 0.1 to 300"),
        ('allow_private_networks = "perhaps"', "true or false"),
        ("allow_hosts = [1]", "a list of texts"),
        ('errcode_style = "words"', "one of integer, string"),
        ("max_concurrent_calls = 0", "at least 1"),
        (f"daily_limit = {2**53 + 1}", "from 0 to 9007199254740992"),
        (f"minute_limit = {2**53 + 1}", "from 1 to 9007199254740992"),
        ('trusted_proxies = ["10.0.0.0/8", "balancer"]', "must be addresses or networks"),
        ('ip_list = ["here"]', "must be addresses"),
        ('otlp_endpoint = "collector:4318"', "a URL that begins with http"),
        ("nothing = 1", "there is no such setting$"),
        ("prot = 1", "there is no such setting; port may be meant"),
        ("[server]\nport = 1", r"there is no such setting; settings stand in no \[table\]"),
        ("port = ", "is no TOML"),
    ],
)
def test_what_is_wrong_is_said(file, content: str, reason: str):
    """Name, source and remedy are in the message."""
    file.write_text(content)

    with pytest.raises(SettingsError, match=f"{file}.*{reason}"):
        loaded(file=file)


def test_a_byte_order_mark_is_no_part_of_a_file(file):
    """A file that Windows' editor saved is read as any other."""
    file.write_text("port = 8081", encoding="utf-8-sig")

    assert 8081 == loaded(file=file).settings.port


@pytest.mark.parametrize("value", [301, 7200])
def test_the_least_and_the_most_are_allowed(value: int):
    """A value at either limit is taken."""
    assert value == loaded({"BANKCARD_OCR_TOKEN_LIFETIME_S": str(value)}).settings.token_lifetime_s


@pytest.mark.parametrize("value", [300, 7201])
def test_beyond_a_limit_nothing_is_allowed(value: int):
    """A value one beyond either limit is refused."""
    with pytest.raises(SettingsError, match="must be from 301 to 7200"):
        loaded({"BANKCARD_OCR_TOKEN_LIFETIME_S": str(value)})


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"k" * 32 + b"\n", b"k" * 32),
        (b"\xff" * 31 + b"\n", b"\xff" * 31 + b"\n"),
        (b"k" * 65_536, b"k" * 65_536),
        (None, b""),
    ],
)
def test_a_key_is_read_from_its_file(tmp_path, content: bytes | None, found: bytes):
    """White space around a text is dropped, random bytes stay as they are; without a file there is none."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)

    assert found == key(file if content else "", "fingerprint_key_file", "the settings")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"k" * 31 + b"\n", "must hold 32 bytes or more"),
        (b"k" * 65_537, "must hold no more than 65536 bytes"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_key_that_cannot_be_used_is_said(tmp_path, content: bytes | None, reason: str):
    """A short key, or a file that is not there, stops the start with its name."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match=f"fingerprint_key_file.*{reason}"):
        key(file, "fingerprint_key_file", "the settings")


def test_a_mistyped_variable_is_said():
    """A variable of ours that is no setting changes nothing, and the operator is told."""
    found = loaded({"BANKCARD_OCR_PROT": "1"})

    assert ({}, ["BANKCARD_OCR_PROT is no setting and is ignored"]) == (dict(found.origins), found.lines())


def test_a_missing_file_is_said(file):
    """A file that is not there is an error that names it."""
    with pytest.raises(SettingsError, match=r"cannot be read: No such file"):
        loaded(file=file)


def test_secrets_are_not_shown():
    """The lines for the operator, and the repr, have no password."""
    found = loaded({"BANKCARD_OCR_PROXY": "http://me:hunter2@proxy:3128", "BANKCARD_OCR_PORT": "1"})

    assert (["port = 1  (BANKCARD_OCR_PORT)", "proxy = 'http://***@proxy:3128'  (BANKCARD_OCR_PROXY)"], False) == (
        found.lines(),
        "hunter2" in repr(found.settings),
    )


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        ("state_url", "redis://host/1?password=hunter2&prefix=a:", "redis://host/1?password=***&prefix=a:"),
        ("state_url", "rediss://me:hunter2@host?username=me&records=9", "rediss://***@host?username=***&records=9"),
        ("state_url", "redis://:hun/ter2@host:6379/0", "redis://***@host:6379/0"),
        ("state_url", "redis://:hun@hunter2@host", "redis://***@host"),
        ("state_url", "redis://host?hunter2", "redis://host?***"),
        ("state_url", "sqlite:////home/me@x/s?synchronous=FULL", "sqlite:////home/me@x/s?synchronous=FULL"),
        ("otlp_endpoint", "https://me:hunter2@traces/v1?key=hunter2", "https://***@traces/v1?key=***"),
        ("proxy", "me:hunter2@proxy:3128", "***@proxy:3128"),
        ("proxy", "http://proxy:3128", "http://proxy:3128"),
    ],
)
def test_a_url_is_shown_without_its_credentials(name: str, url: str, said: str):
    """Neither before the host nor in the query a password is shown; what is no secret stays."""
    settings = Settings(**{name: url})

    assert (repr(said), False) == (shown(settings, name), "hunter2" in repr(settings))


@given(st.text(max_size=30))
def test_no_secret_survives_being_shown(password: str):
    """Whatever the password, what is shown of a URL has it not."""
    from urllib.parse import quote

    word = "pw" + quote(password, safe="")

    assert word not in shown(Settings(proxy=f"http://me:{word}@proxy:1?key={word}"), "proxy")


@given(
    st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Settings)]), st.text(max_size=10), max_size=4)
)
def test_no_variable_is_too_strange(values):
    """Whatever the variables say: settings, or a SettingsError."""
    with suppress(SettingsError):
        assert isinstance(loaded({PREFIX + name.upper(): value for name, value in values.items()}).settings, Settings)


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_documented(field):
    """docs/settings.md has name, default and sentence of each setting."""
    default = f"`{json.dumps(field.default)}`".replace('`""`', "empty")

    assert f"| `{field.name}` | {default} | {field.metadata['help']} |" in DOCS.read_text()


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_every_choice_is_documented(field):
    """A setting that takes a few words alone names each of them."""
    assert [] == [word for word in field.metadata["choices"] if word not in field.metadata["help"]]
