"""What operators type and the files they name: taken for what it is, or refused with what it should be."""

from __future__ import annotations

import ipaddress
import json
import zipfile
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.cli import apps, inputs
from bankcard_ocr.errors import BankcardError, NotAPicture

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A file that each example writes anew."""
    return tmp_path_factory.mktemp("typed") / "file.zip"


@given(st.text() | st.ip_addresses().map(str) | st.from_regex(r"\A[0-9.:a-f]{1,20}/[0-9]{1,3}\Z"))
def test_a_network_is_a_network_or_wrong_usage(text: str):
    """What a whitelist takes, it finds again as the same network; everything else is wrong usage."""
    try:
        network = apps._network(text)
    except typer.BadParameter as error:
        assert "is no address or network" in str(error)
    else:
        assert network == apps._network(network)
        assert ipaddress.ip_network(network).version in {4, 6}


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_config_json_has_permissions_or_is_refused(file, content: bytes):
    """Of any file come texts, or the message that says what it must hold."""
    file.write_bytes(content)
    with pytest.raises(BankcardError, match="it must hold"):
        apps._openapi_permissions(file)


@given(names=st.lists(st.text()))
def test_permissions_come_as_they_stand(file, names: list[str]):
    """The names of a config.json are those of the app, in order."""
    file.write_text(json.dumps({"permissions": {"openapi": names}}), encoding="utf-8")

    assert tuple(names) == apps._openapi_permissions(file)


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@given(content=st.binary(), place=st.integers(0, 200), damage=st.binary(min_size=1, max_size=4))
def test_a_damaged_archive_is_told(file, packed: int, content: bytes, place: int, damage: bytes):
    """Whatever is wrong with an archive: it is no archive, has no pictures, or a picture in it cannot be opened."""
    with zipfile.ZipFile(file, "w", packed) as archive:
        archive.writestr("a.jpg", content)
    data = file.read_bytes()
    file.write_bytes(data[:place] + damage + data[place + len(damage) :])
    try:
        with inputs.opened([str(file)]) as sources:
            read = [source.read() for source in sources]
    except (typer.BadParameter, NotAPicture) as error:
        assert str(error)
    else:
        assert 1 == len(read)
