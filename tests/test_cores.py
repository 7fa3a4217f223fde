"""How many cores there are for this program, and who asks."""

from __future__ import annotations

import pytest

from bankcard_ocr import bulk, cores
from bankcard_ocr.bulk.worker import Job
from bankcard_ocr.errors import BulkError
from bankcard_ocr.server import build
from bankcard_ocr.settings import Settings


@pytest.mark.parametrize(
    ("name", "quota", "expected"),
    [
        ("cpu.max", "max 100000\n", 8),
        ("cpu.max", "100000 100000\n", 1),
        ("cpu.max", "250000 100000\n", 3),
        ("cpu.max", "1600000 100000\n", 8),
        ("cpu.max", "strange\n", 8),
        ("cpu/cpu.cfs_quota_us", "200000\n", 2),
        ("cpu/cpu.cfs_quota_us", "-1\n", 8),
        ("system.slice/ocr.service/cpu.max", "200000 100000\n", 2),
        ("system.slice/cpu.max", "100000 100000\n", 1),
        ("other.slice/cpu.max", "100000 100000\n", 8),
        ("cpu/docker/abc/cpu.cfs_quota_us", "300000\n", 3),
    ],
)
def test_a_process_has_no_more_cores_than_its_quota(monkeypatch, tmp_path, name: str, quota: str, expected: int):
    """On a machine of eight cores: what its cgroup of version 2 or 1, or one above it, gets of them."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(quota)
    (tmp_path / name).with_name("cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "mine").write_text("4:memory:/docker/abc\n3:cpuacct,cpu:/docker/abc\n0::/system.slice/ocr.service\n")
    monkeypatch.setattr(cores, "CGROUPS", tmp_path)
    monkeypatch.setattr(cores, "MINE", tmp_path / "mine")
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)

    assert expected == cores.cores()


def test_server_and_bulk_heed_the_quota(monkeypatch, tmp_path):
    """Left to themselves, both start what three of eight cores can do, and not eight of it."""
    (tmp_path / "cpu.max").write_text("300000 100000\n")
    monkeypatch.setattr(cores, "CGROUPS", tmp_path)
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    (tmp_path / "in").mkdir()
    for n in range(8):
        (tmp_path / "in" / f"{n}.jpg").touch()
    begun = []
    monkeypatch.setattr(bulk, "_work", lambda _todo, _job, _parts, workers, _done: begun.append(workers))
    with pytest.raises(BulkError, match="cannot be read: No such file"):  # no part was written
        bulk.run(str(tmp_path / "in"), tmp_path / "out.jsonl", Job())

    assert (3, [3]) == (build.threads(Settings(port=0)), begun)
