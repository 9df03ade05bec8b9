"""Small runs on emulated CPUs, and the table of what was shown."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from containers.launcher import ROOT, LauncherError, environment
from containers.verifier import cpus, record, variations
from containers.verifier.record import Row

from .conftest import stub

IMAGE = "classification-notebook"


def verify(*arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess:
    line = [sys.executable, str(ROOT / "containers" / "verify"), "--engine", "venv", *arguments]
    return subprocess.run(line, capture_output=True, text=True, env={**os.environ, "PATH": path})


def emulator(folder, variables: str, said: str = "version 10.0.13") -> str:
    """A PATH on which the emulator is this machine's own CPU with other numerical routines."""
    script = (f'case $1 in --version) echo {said}; exit 0;; esac; '
              f'shift 2; case $1 in */true) exit 0;; esac; exec env {variables} "$@"')
    return f"{stub(folder, cpus.EMULATOR, script)}{os.pathsep}{os.environ['PATH']}"


def test_other_routines_give_other_bytes(tmp_path, monkeypatch):
    """The comparison can fail: a kernel without fused multiply-add rounds otherwise."""
    monkeypatch.setenv("PATH", emulator(tmp_path / "bin", "OPENBLAS_CORETYPE=Prescott"))
    monkeypatch.setattr(cpus, "EMULATOR", str(tmp_path / "bin" / cpus.EMULATOR))
    own, other = next(cpus.runs([IMAGE], ["old"], "venv", tmp_path))
    assert own.differing(own) == [] and len(own.outputs) > 30
    assert "as-released/LR/models/refit.json" in own.differing(other)
    # Trees see 32-bit features and no kernel.
    assert "as-released/RF/models/refit.safetensors" not in own.differing(other)


def test_an_emulated_cpu_gives_the_same_bytes(tmp_path):
    if not shutil.which(cpus.EMULATOR):
        pytest.skip(f"{cpus.EMULATOR} is not installed (apt-get install qemu-user)")
    own, *others = next(cpus.runs([IMAGE], list(cpus.CPUS), "venv", tmp_path))
    assert {other.cpu: own.differing(other) for other in others} == dict.fromkeys(cpus.CPUS, [])


def test_without_the_emulator_one_line_says_so(tmp_path):
    # Everything that the launcher needs, and no emulator.
    result = verify("--cpus", path=str(tmp_path))
    assert result.returncode == 2
    assert "install it (apt-get install qemu-user)" in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2


def test_what_does_not_go_together_is_refused(tmp_path):
    path = emulator(tmp_path / "bin", "X=1")
    for arguments, words in ((("--cpus", "--only", "kohort"), "there are: segmentation"),
                             (("--record", "--skip", "x"), "leave out"),
                             (("--record", "--engine", "auto"), "name it with --engine")):
        result = verify(*arguments, path=path)
        assert result.returncode == 2 and words in result.stderr, result.stderr
    unknown = stub(tmp_path / "none", cpus.EMULATOR, "exit 1")
    result = verify("--cpus", "Pentium9", path=f"{unknown}{os.pathsep}{os.environ['PATH']}")
    assert result.returncode == 2 and "no CPU 'Pentium9'" in result.stderr


def test_an_emulator_with_a_fault_is_not_used_for_what_meets_it(tmp_path):
    path = emulator(tmp_path / "bin", "X=1", "version 7.2.22")
    result = verify("--cpus", "old", "--only", "patches", path=path)
    assert result.returncode == 2 and "patches needs QEMU 10 or newer" in result.stderr
    nameless = emulator(tmp_path / "other", "X=1", "hello")
    result = verify("--cpus", "old", "--only", "patches", path=nameless)
    assert result.returncode == 2 and "names no version" in result.stderr


def row(cpu: str, sha256: str, identical: str = "3", how: str = record.NATIVE) -> Row:
    return Row("segmentation", "venv", cpu, how, "3", identical, sha256)


def test_rows_of_earlier_bytes_go(tmp_path):
    path = tmp_path / "verified.csv"
    assert record.add([row("A", "1"), row("B", "1", how=record.EMULATED)], path) == []
    # Another machine with the same bytes, and one whose bytes differ: both stay.
    assert record.add([row("C", "1")], path) == []
    assert record.add([row("D", "9", "2")], path) == []
    assert record.add([row("A", "1")], path) == []
    assert [one.cpu for one in record.read(path)] == ["A", "B", "C", "D"]
    assert [one.cpu for one in record.add([row("A", "2")], path)] == ["B", "C", "D"]
    assert record.read(path) == [row("A", "2")]


def test_a_damaged_table_is_one_line(tmp_path):
    path = tmp_path / "verified.csv"
    path.write_text("run,engine\n")
    with pytest.raises(LauncherError, match="git checkout"):
        record.read(path)


def test_the_committed_table_holds_one_state_of_the_bytes(tmp_path):
    rows, bytes_of = record.read(), {}
    known = {record.NATIVE, record.EMULATED, *(one.name for one in variations.every(tmp_path, "venv"))}
    pipelines = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("**/dvc.yaml")}
    assert rows and {one.run for one in rows} <= {*cpus.PROBES, *pipelines}
    for one in rows:
        assert one.how in known
        if one.identical == one.outputs:
            assert bytes_of.setdefault(one.run, one.sha256) == one.sha256


def test_what_the_guide_says_of_the_variations_is_recorded(tmp_path):
    names = {one.name for one in variations.every(tmp_path, "venv")}
    shown = [one for one in record.read() if one.run == "studies/sclc_liver/dvc.yaml"
             and one.how in names and one.identical == one.outputs]
    guide = " ".join((ROOT / "containers" / "README.md").read_text(encoding="utf-8").split())
    assert {one.how for one in shown} == names
    assert (f"it has all {len(names)}, each with {shown[0].identical} of {shown[0].outputs} outputs "
            "identical") in guide


def test_a_cpu_is_named_by_its_number_too(tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    path.write_text("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n"
                    "model name\t: AMD EPYC\nflags\t\t: fma avx2\n")
    monkeypatch.setenv(environment.CPUINFO_VARIABLE, str(path))
    assert record.native_cpu() == "AMD EPYC (AuthenticAMD 25 1)"
