"""What a server says when its settings cannot be used."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from bankcard_ocr.errors import SettingsError
from bankcard_ocr.server import run
from bankcard_ocr.server.source import Source
from bankcard_ocr.settings import Settings


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("fingerprint_key_file", None, "{file} cannot be read: No such file or directory"),
        ("fingerprint_key_file", "short", "must hold 32 bytes or more"),
        ("iin_file", None, "{file} cannot be read: No such file or directory"),
        ("iin_file", "no issuer", "{file} cannot be used: "),
        ("ca_file", None, "{file} cannot be read: No such file or directory"),
        ("ca_file", "no certificate", "{file} is no readable PEM file of certificates: "),
        ("ca_file", "", "{file} is no readable PEM file of certificates: "),
        ("iin_file", "", "{file} cannot be used: "),
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


@pytest.mark.parametrize("is_taken_by_calls", [False, True])
def test_a_metrics_port_that_is_taken_is_said_before_anything_is_announced(tmp_path, is_taken_by_calls):
    """By another program, or as the port for calls, which is open by then; setting and address are named."""
    config, said = tmp_path / "bankcard-ocr.toml", []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(f'metrics_port = {port}\nstate_url = "sqlite:///{tmp_path}/state.sqlite3"\n')
        if is_taken_by_calls:
            taken.close()
        with pytest.raises(SettingsError, match=f"metrics_port from {config}: cannot listen at 127.0.0.1:{port}"):
            run.serve(Source(file=config, arguments={"port": port if is_taken_by_calls else 0}), said.append)

    assert [] == said


def test_a_port_that_is_taken_is_said_with_the_option_it_comes_from(monkeypatch, tmp_path):
    """And not as if it stood in settings that nobody wrote."""
    monkeypatch.setenv("BANKCARD_OCR_STATE_URL", f"sqlite:///{tmp_path}/state.sqlite3")
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(SettingsError, match=r"^setting port from --port: cannot listen .* choose another with --port"),
    ):
        run.serve(Source(file=None, arguments={"port": taken.getsockname()[1]}), print)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "x" * 64 + ".invalid"])
def test_a_host_that_is_not_this_machine_is_blamed_itself(host):
    """Another port would not help there (192.0.2.0/24 is for documents, RFC 5737)."""
    with pytest.raises(SettingsError, match=f"^setting host .*cannot listen at {host}:0.*choose another with --host"):
        run.listen(Settings(host=host, port=0))


def test_an_empty_host_is_every_address():
    """As it is for the socket."""
    with run.listen(Settings(host="", port=0)) as listener:
        assert "0.0.0.0" == listener.getsockname()[0]
