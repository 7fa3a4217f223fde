"""Measures the default install on disk, in an empty environment, and writes bench/results/install.json::

    python3 scripts/install_size.py

Disk blocks are counted, each file once, packages by their folder; the interpreter is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".tools" / "bin" / "uv"
LIMIT_MB = 380


def megabytes(folder: Path) -> float:
    """Disk blocks of the files below, in MB of 10^6 bytes, every file once however often it is linked."""
    facts = {(s.st_dev, s.st_ino): s.st_blocks for s in (p.lstat() for p in folder.rglob("*"))}
    return round(512 * sum(facts.values()) / 1e6, 1)


def main() -> None:
    """Installs, measures, writes, prints."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as place:
        environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": place, "UV_LINK_MODE": "copy"}
        line = [str(UV), "sync", "--frozen", "--no-dev", "--no-editable", "--quiet", "--project", str(ROOT)]
        subprocess.run(line, env=environment, cwd=ROOT, check=True)  # noqa: S603 (uv, of this checkout)
        [packages] = Path(place).glob("lib/python*/site-packages")
        sizes = {folder.name: megabytes(folder) for folder in packages.iterdir() if folder.is_dir()}
        found = {
            "command": "python3 scripts/install_size.py",
            "what": "uv sync --frozen --no-dev --no-editable, disk blocks of the environment",
            "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            "limit_mb": LIMIT_MB,
            "total_mb": megabytes(Path(place)),
            "largest_mb": dict(sorted(sizes.items(), key=lambda item: -item[1])[:10]),
        }
    target = ROOT / "bench" / "results" / "install.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(f"{found['total_mb']} MB of {LIMIT_MB} MB")


if __name__ == "__main__":
    main()
