"""The API held against its own description by schemathesis: hundreds of calls as it says, and as it does not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("schemathesis")

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize("token", ["TRUE", "WRONG"])
def test_every_call_is_answered_as_described(start, tmp_path, token: str):
    """No 5xx, no hang, and each reply is one of those that the document describes, with a true token and without."""
    server = start(REQUEST_TIMEOUT_S="60", MINUTE_LIMIT="1000000")
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'[parameters]\naccess_token = "{server.token if token == "TRUE" else token}"\n')
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config)),
        *("run", f"{server.base}/openapi.json", "--phases", "examples,coverage,fuzzing", "--checks", CHECKS),
        *("--max-examples", "15", "--seed", "1", "--request-timeout", "60", "--warnings", "off", "--no-shrink"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    cases = re.search(r"(\d+) generated, (\d+) passed", ran.stdout)

    assert ran.returncode == 0, ran.stdout
    assert (True, True) == (int(cases[1]) == int(cases[2]) > 300, server.lives())
