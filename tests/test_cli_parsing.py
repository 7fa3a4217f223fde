"""What operators type and the files they name: taken for what it is, or refused with what it should be."""

from __future__ import annotations

import ipaddress
import zipfile
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.cli import apps, inputs
from bankcard_ocr.errors import NotAPicture


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
            read = [source.read(9) for source in sources]
    except (typer.BadParameter, NotAPicture) as error:
        assert str(error)
    else:
        assert 1 == len(read)
