"""How many pictures a process reads at once."""

from __future__ import annotations

import pytest

from bankcard_ocr.server import run


@pytest.mark.parametrize(
    ("name", "quota", "expected"),
    [
        ("cpu.max", "max 100000\n", 8),
        ("cpu.max", "100000 100000\n", 1),
        ("cpu.max", "250000 100000\n", 3),
        ("cpu.max", "1600000 100000\n", 8),
        ("cpu.max", "strange\n", 8),
        ("cpu.cfs_quota_us", "200000\n", 2),
        ("cpu.cfs_quota_us", "-1\n", 8),
    ],
)
def test_a_container_has_no_more_cores_than_its_quota(monkeypatch, tmp_path, name: str, quota: str, expected: int):
    """On a machine of eight cores: what a cgroup of version 2 or 1 gets of them."""
    (tmp_path / name).write_text(quota)
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    monkeypatch.setattr(run, "CGROUP_QUOTAS", (str(tmp_path / "none"), str(tmp_path / name)))
    monkeypatch.setattr(run.os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)

    assert expected == run.cores()
