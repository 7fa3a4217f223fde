"""What a result tells of the machine."""

from __future__ import annotations

import pytest

from bankcard_ocr.bench import machine
from bankcard_ocr.bench.machine import OtherWork

CPUINFO = """processor\t: 0
model name\t: Made Up 9000
flags\t\t: fpu avx avx2 fma avx512_vnni
"""


def test_cpu() -> None:
    """The processor's name and its instruction sets come from Linux's own text."""
    assert ("Made Up 9000", ["avx", "avx2", "fma", "avx512_vnni"]) == (
        machine.cpu_model(CPUINFO),
        machine.cpu_flags(CPUINFO),
    )


def test_arm() -> None:
    """ARM calls its instruction sets features."""
    assert machine.cpu_flags("Features\t: fp asimd asimddp sve\n") == ["asimddp", "sve"]


def test_memory() -> None:
    """Memory is in GB of a thousand million bytes."""
    assert machine.memory_gb("MemTotal:       16000000 kB\nMemFree: 1 kB\n") == pytest.approx(16.4)


def test_elsewhere() -> None:
    """Where a system tells nothing, nothing is claimed."""
    assert ("", [], None, None) == (
        machine.cpu_model(""),
        machine.cpu_flags(""),
        machine.memory_gb(""),
        machine.busy_seconds("", 100),
    )


def test_busy_seconds() -> None:
    """Stolen and interrupt time is work, idle and waiting for disks is not."""
    assert machine.busy_seconds("cpu  100 10 50 9999 9999 5 5 30 0 0\ncpu0 1", 100) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("own_after", "cores"),
    [(10.0, 0.0), (5.0, 0.5), (12.0, 0.0)],
)
def test_others(own_after, cores) -> None:
    """The work of others is all work less our own, never less than none."""
    before = OtherWork(machine_s=100.0, own_s=0.0, at_s=0.0)
    after = OtherWork(machine_s=110.0, own_s=own_after, at_s=10.0)
    assert cores == pytest.approx(machine.others(before, after))


@pytest.mark.parametrize("pair", [(None, None), (OtherWork(machine_s=1, own_s=0, at_s=1),) * 2])
def test_others_unknown(pair) -> None:
    """Without two readings apart in time the work of others is unknown, and unknown is not quiet."""
    assert (None, False) == (machine.others(*pair), machine.is_quiet(machine.others(*pair)))


def test_models(tmp_path) -> None:
    """Each model is named with its hash and size; other files are none."""
    (tmp_path / "a.onnx").write_bytes(b"abc")
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert {
        "a.onnx": {"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "bytes": 3}
    } == machine.models(tmp_path)


def test_facts_name_no_host() -> None:
    """The facts tell processor, cores and versions, and nothing else."""
    assert {"cpu", "cores", "flags", "memory_gb", "system", "python", "packages"} == set(machine.facts())
