"""The scripts that make committed results, tables and pictures, and those that attack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [script for room in ("bench", "fuzz", "scripts", "update") for script in sorted((ROOT / room).glob("*.py"))]
SCRIPTS.remove(ROOT / "fuzz" / "fuzz.py")  # instruments what it imports, and tells that
SCRIPTS.remove(ROOT / "fuzz" / "wx_server_sdk.py")  # no script: fuzz.py and the tests import it


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_asked_for_help_does_nothing(script: Path, tmp_path: Path):
    """It says what it takes; what it imports of the package is there, and the word is no result's name."""
    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )

    assert (0, "", True) == (done.returncode, done.stderr, done.stdout.startswith("usage: "))
    assert [] == list(tmp_path.iterdir())
