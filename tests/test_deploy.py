"""The deployment files hold together with the program: names of settings, metrics, ports. They are linted, not run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from bankcard_ocr.server.metrics import Metrics
from bankcard_ocr.settings import PREFIX, Settings

DEPLOY = Path(__file__).parent.parent / "deploy"
FILES = sorted(file for file in DEPLOY.rglob("*") if file.is_file())
NAMES = [str(file.relative_to(DEPLOY)) for file in FILES]
OPERATIONS = DEPLOY.parent / "docs" / "operations.md"
ASKED = {"bankcard_ocr_quota_used", "bankcard_ocr_quota_limit", "bankcard_ocr_state_up"}


def metrics() -> set[str]:
    """The names of all metrics there are, as a scrape shows them."""
    found = set(ASKED)
    for family in Metrics().registry.collect():
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        found |= {family.name + end for end in ends}
    return found


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_variables_are_settings(file: Path):
    """Every variable of ours in a deployment file is a setting."""
    known = {PREFIX + field.name.upper() for field in fields(Settings)}

    assert set() == set(re.findall(rf"{PREFIX}[A-Z_]+", file.read_text())) - known


@pytest.mark.parametrize("name", ["alerts.yaml", "grafana.json"])
def test_metrics_exist(name: str):
    """Alerts and dashboard ask for metrics that there are."""
    asked = set(re.findall(r"\bbankcard_ocr_[a-z_]+", (DEPLOY / name).read_text()))

    assert set() == asked - metrics()


def test_every_metric_is_documented():
    """The operators' guide names each metric."""
    told = set(re.findall(r"`(bankcard_ocr_[a-z_]+)", OPERATIONS.read_text()))
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in metrics()}

    assert families == told


@pytest.mark.parametrize("file", [file for file in FILES if file.suffix == ".yaml"], ids=lambda file: file.name)
def test_yaml_is_clean(file: Path):
    """There is no complaint of yamllint."""
    rules = (
        "{extends: default, rules: {line-length: {max: 120}, document-start: disable, braces: {max-spaces-inside: 1}}}"
    )
    linted = subprocess.run(
        [sys.executable, "-m", "yamllint", "-s", "-d", rules, str(file)], check=False, capture_output=True, text=True
    )

    assert ("", 0) == (linted.stdout, linted.returncode)


def test_the_image_is_linted():
    """There is no complaint of hadolint."""
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        pytest.skip("hadolint has a wheel for Linux on x86-64 alone")
    linted = subprocess.run([program, DEPLOY / "Dockerfile"], check=False, capture_output=True, text=True)

    assert ("", 0) == (linted.stdout, linted.returncode)


@pytest.mark.parametrize("name", ["bankcard-ocr.yaml", "redis.yaml"])
@pytest.mark.parametrize("version", ["1.31", "1.34"])
def test_manifests_are_what_kubernetes_accepts(name: str, version: str):
    """Every resource fits its schema, and has no field that the schema does not know."""
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", version, "--quiet"]
    checked = subprocess.run([*command, str(DEPLOY / "kubernetes" / name)], check=False, capture_output=True, text=True)

    assert 0 == checked.returncode, checked.stdout + checked.stderr


def test_the_unit_is_verified():
    """Systemd finds nothing wrong in the unit but that the program is not installed here."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    command = [program, "verify", str(DEPLOY / "bankcard-ocr.service")]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stderr.splitlines()

    assert [] == [line for line in said if "bankcard-ocr" in line and "is not executable" not in line]


@pytest.mark.parametrize(
    ("name", "grace", "before_s"),
    [
        ("bankcard-ocr.service", "TimeoutStopSec=([0-9]+)", 0),
        ("compose.yaml", "stop_grace_period: ([0-9]+)s", 0),
        ("kubernetes/bankcard-ocr.yaml", "terminationGracePeriodSeconds: ([0-9]+)", 5),
    ],
)
def test_a_server_is_not_killed_while_calls_at_work_have_time(name: str, grace: str, before_s: int):
    """With some seconds to spare, and in Kubernetes after the sleep of preStop."""
    grace_s = int(re.search(grace, (DEPLOY / name).read_text())[1])

    assert grace_s >= Settings().drain_s + before_s + 5


def test_every_panel_of_the_dashboard_asks_something():
    """Panels have queries, and numbers of their own."""
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]

    assert (len(panels), True) == (len({panel["id"] for panel in panels}), all(panel["targets"] for panel in panels))


def test_pods_run_as_nobody_with_nothing():
    """No root, no capability, a root file system that cannot be written."""
    pods = [
        each["spec"]["template"]["spec"]
        for file in (DEPLOY / "kubernetes").glob("*.yaml")
        for each in yaml.safe_load_all(file.read_text())
        if "template" in each["spec"]
    ]
    held = [
        (pod["securityContext"]["runAsNonRoot"], box["securityContext"]["readOnlyRootFilesystem"],
         box["securityContext"]["allowPrivilegeEscalation"], box["securityContext"]["capabilities"])
        for pod in pods
        for box in pod["containers"]
    ]  # fmt: skip

    assert [(True, True, False, {"drop": ["ALL"]})] * 2 == held
