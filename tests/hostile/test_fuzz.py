"""Coverage-guided fuzzing of the edges, for seconds here; ``fuzz/fuzz.py`` does it for hours."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent.parent.parent / "fuzz" / "fuzz.py"


@pytest.mark.parametrize("target", ["form", "cloudcall", "image"])
def test_nothing_is_found_in_seconds(target: str, tmp_path):
    """No input makes an edge fail, hang or swell."""
    pytest.importorskip("atheris", reason="atheris has wheels for Linux alone")
    command = [sys.executable, str(FUZZ), target, "--seconds", "8", "--folder", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    runs = re.search(r"Done (\d+) runs", ran.stderr)

    assert (0, [], True) == (ran.returncode, list(tmp_path.glob("*-*")), runs is not None), ran.stderr[-4000:]
