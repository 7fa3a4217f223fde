"""A cloud function's config.json."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.platform import permission
from bankcard_ocr.platform.endpoints import APIS, ENDPOINTS


def test_the_listed_apis_are_the_permissions():
    """The documented file gives its list, each name once."""
    config = {"permissions": {"openapi": ["ocr.bankcard", "ocr.idcard", "ocr.bankcard"]}, "triggers": []}

    assert ("ocr.bankcard", "ocr.idcard") == permission.listed(json.dumps(config))


@pytest.mark.parametrize("api", APIS)
def test_an_app_is_refused_what_it_is_denied_and_nothing_else(platform, api: str):
    """Whatever names may be denied: every path of the API is 48001 then, and no other path is."""
    platform.change(denied=(api,))
    by = {"access_token": "TOKEN", "appid": "wx1", "appsecret": "a secret of the tests"}
    refused = [path for path in ENDPOINTS if platform.call("POST", path, {}, **by).get("errcode") == 48001]

    assert [path for path, endpoint in ENDPOINTS.items() if endpoint.api == api] == refused


def test_who_is_denied_to_clear_quotas_is_so_by_secret_too(platform):
    """The path that takes the secret in place of a token is the same API."""
    platform.change(denied=("clear_quota",))
    reply = platform.call("POST", "/cgi-bin/clear_quota/v2", {}, appid="wx1", appsecret="a secret of the tests")

    assert 48001 == reply["errcode"]


@pytest.mark.parametrize("config", ["{}", '{"permissions": {}}', '{"permissions": {"openapi": []}}'])
def test_nothing_listed_permits_nothing(config):
    """A config.json without permissions is one, and permits nothing."""
    assert () == permission.listed(config)


@pytest.mark.parametrize(
    "config",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '{"permissions": []}',
        '{"permissions": {"openapi": "ocr.bankcard"}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_config_is_refused(config):
    """A wrong file says how it must read."""
    with pytest.raises(ValueError, match=r"config\.json"):
        permission.listed(config)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
)


@given(st.text() | st.binary() | JSON.map(json.dumps) | JSON.map(lambda openapi: json.dumps(config_of(openapi))))
def test_any_file_is_a_config_or_refused(config):
    """No file does anything but give names or a ValueError."""
    assert all(isinstance(name, str) for name in listed_or_none(config))


@given(st.lists(st.text(), unique=True))
def test_names_are_as_they_were_listed(names: list[str]):
    """Whatever they are, in their order."""
    assert tuple(names) == permission.listed(json.dumps(config_of(names)))


def config_of(openapi: object) -> dict[str, object]:
    return {"permissions": {"openapi": openapi}}


def listed_or_none(config: str | bytes) -> tuple[str, ...]:
    try:
        return permission.listed(config)
    except ValueError:
        return ()
