"""Tests that are skipped for what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOOKS = Path(__file__).with_name("conftest.py")
SKIPPED = 'import pytest\n\n\n@pytest.mark.skipif(True, reason="{}")\ndef test_it():\n    pass\n'
WITHOUT = "import pytest\n\n\ndef test_it():\n    pytest.importorskip('no_such_module')\n"
NOWHERE = "import pytest\n\npytest.importorskip('no_such_module')\n"


@pytest.mark.parametrize(
    ("test", "variables", "status"),
    [
        (SKIPPED.format("redis-server is not installed"), {"COMPLETE": "1"}, 1),
        (SKIPPED.format("redis-server is not installed"), {}, 0),
        (SKIPPED.format("no JDK is installed"), {"COMPLETE": "1"}, 0),
        (WITHOUT, {"COMPLETE": "1"}, 1),
        (NOWHERE, {"COMPLETE": "1"}, 2),
    ],
    ids=["Redis", "Redis at home", "JDK", "a module", "a module of all tests of a file"],
)
def test_what_is_missing_fails_a_run_that_shall_be_complete(
    tmp_path, test: str, variables: dict[str, str], status: int
):
    """But for what is installed nowhere: such a run is not green for want of what it tests."""
    shutil.copy(HOOKS, tmp_path)
    (tmp_path / "test_one.py").write_text(test)
    inherited = {name: value for name, value in os.environ.items() if name != "COMPLETE"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", tmp_path, tmp_path],
        check=False,
        cwd=tmp_path,
        env={**inherited, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
        capture_output=True,
        text=True,
    )

    assert status == ran.returncode, ran.stdout + ran.stderr
