"""What is installed is what is tested: the wheel and the source archive are built, and the wheel runs on its own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with both, built without a network, while a file of somebody's lies in the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    with tempfile.NamedTemporaryFile(dir=ROOT, prefix="stray-", suffix=".pem"):
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    return folder


def test_the_wheel_has_all_data(built):
    """Models, issuers, the sample card and the marker of types travel with the code."""
    (wheel,) = built.glob("*.whl")
    data = {
        "bankcard_ocr/numbers/iin.dat",
        "bankcard_ocr/numbers/world.zip",
        "bankcard_ocr/py.typed",
        "bankcard_ocr/server/sample.jpg",
        "bankcard_ocr/vision/weights/locate.onnx",
        "bankcard_ocr/vision/weights/recognize.onnx",
    }

    assert set() == data - set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_nothing_else(built):
    """Tests, bench scripts and deployments stay at home."""
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()

    assert {"bankcard_ocr"} == {name.split("/")[0] for name in names if ".dist-info/" not in name}


def test_the_source_archive_can_be_built_from(built):
    """What the build needs is in it."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}

    assert {"pyproject.toml", "README.md", "README.zh-CN.md", "LICENSE", "NOTICE", "src/bankcard_ocr/py.typed"} <= names


def test_the_source_archive_has_nothing_that_lies_about(built):
    """What git has of the checkout, and what the build adds; no key, no picture, no state that somebody left there."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        tops = {name.split("/")[1] for name in opened.getnames() if "/" in name}
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]

    assert {*told["sdist"]["only-include"], "PKG-INFO", ".gitignore"} == tops


def test_the_source_archive_gives_the_same_wheel(built, tmp_path):
    """Unpacked anywhere, it builds a wheel of the same files, byte for byte."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "again")]
    subprocess.run(command, cwd=folder, check=True)
    wheels = [zipfile.ZipFile(next(place.glob("*.whl"))) for place in (built, tmp_path / "again")]
    one, other = ({info.filename: info.CRC for info in wheel.infolist()} for wheel in wheels)

    assert one == other


def test_the_wheel_runs_from_a_bare_environment(built, tmp_path):
    """Put into an environment that has the dependencies alone, the command answers from there."""
    (wheel,) = built.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    code = "import bankcard_ocr.cli as c; print(c.__file__); c.main()"
    command = [str(tmp_path / "venv/bin/python"), "-I", "-c", code, "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.splitlines()

    assert (str(packages / "bankcard_ocr/cli/__init__.py"), wheel.name.split("-")[1]) == (said[0], said[1])
