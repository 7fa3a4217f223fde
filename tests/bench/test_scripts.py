"""The scripts that make committed results."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "bench").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_what_a_script_takes_from_the_package_is_there(script: Path, monkeypatch):
    """Renamed or moved since: the result could not be made again."""
    monkeypatch.syspath_prepend(script.parent)
    runpy.run_path(str(script), run_name="imported")
