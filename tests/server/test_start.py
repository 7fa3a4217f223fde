"""What a server says when its settings cannot be used."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from bankcard_ocr.errors import SettingsError
from bankcard_ocr.server import run
from bankcard_ocr.server.reload import Source


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("fingerprint_key_file", None, "{file} cannot be read: No such file or directory"),
        ("fingerprint_key_file", "short", "must hold 32 bytes or more"),
        ("iin_file", None, "{file} cannot be read: No such file or directory"),
        ("iin_file", "no issuer", "{file} cannot be used: "),
        ("ca_file", None, "{file} is no readable PEM file of certificates: No such file or directory"),
        ("ca_file", "no certificate", "{file} is no readable PEM file of certificates: "),
    ],
)
def test_a_file_that_cannot_be_used_is_said_before_anything_listens(tmp_path, name, content, reason, workers):
    """The error names the setting, where it comes from, the file and what is wrong; no line says "listening"."""
    file, config, said = tmp_path / "file", tmp_path / "bankcard-ocr.toml", []
    with suppress(TypeError):
        file.write_text(content)
    config.write_text(f'{name} = "{file}"\nstate_url = "sqlite:///{tmp_path}/state.sqlite3"\n')

    with pytest.raises(SettingsError) as refused:
        run.serve(Source(file=config, arguments={"port": 0, "workers": workers}), said.append)
    assert [] == said
    assert str(refused.value).startswith(f"setting {name} from {config}: " + reason.format(file=file))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_state_that_cannot_be_opened_is_said_before_anything_listens(tmp_path, workers):
    """The error names the setting and where it comes from."""
    config, said = tmp_path / "bankcard-ocr.toml", []
    config.write_text('state_url = "sqlite:////proc/nope/state.sqlite3"\n')

    with pytest.raises(SettingsError, match=f"state_url from {config}: .*cannot be opened"):
        run.serve(Source(file=config, arguments={"port": 0, "workers": workers}), said.append)
    assert [] == said


def test_a_metrics_port_that_is_taken_is_said_before_anything_listens(tmp_path):
    """The error names the setting and the address."""
    config, said = tmp_path / "bankcard-ocr.toml", []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(f'metrics_port = {port}\nstate_url = "sqlite:///{tmp_path}/state.sqlite3"\n')
        with pytest.raises(SettingsError, match=f"metrics_port .*cannot listen at 127.0.0.1:{port}"):
            run.serve(Source(file=config, arguments={"port": 0}), said.append)

    assert [] == said
