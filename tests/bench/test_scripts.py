"""The scripts that make committed results."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "bench").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_what_a_script_takes_from_the_package_is_there(script: Path, monkeypatch):
    """Renamed or moved since: the result could not be made again."""
    monkeypatch.syspath_prepend(script.parent)
    runpy.run_path(str(script), run_name="imported")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_asked_for_help_measures_nothing(script: Path, tmp_path: Path):
    """It says what it takes; the word is no result's name."""
    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )

    assert (0, "", True) == (done.returncode, done.stderr, done.stdout.startswith("usage: "))
    assert [] == list(tmp_path.iterdir())
