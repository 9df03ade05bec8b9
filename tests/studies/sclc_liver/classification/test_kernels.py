"""The converged optimum is the same on every kernel."""

import subprocess
import sys
from pathlib import Path

import pandas as pd

from stages.common import canonical
from studies.sclc_liver import kernels

ROOT = Path(__file__).resolve().parents[4]
KERNELS = ("Haswell", "Sandybridge", "Nehalem")


def test_every_kernel_writes_the_same_bytes(table, tmp_path):
    # Unlike scales and almost dependent columns, as in radiomics.
    names = list(table.columns[:6])
    table = table.copy()
    table[names[1]] = table[names[0]] * 1e6 + table[names[1]]
    table[names[2]] *= 1e9
    canonical.write_csv(tmp_path / "table.csv", table)
    canonical.write_csv(tmp_path / "selected.csv", pd.DataFrame({"feature": names}))
    run, not_run = kernels.probe(KERNELS)
    assert run == list(KERNELS), not_run
    written = set()
    for kernel in KERNELS:
        out = tmp_path / f"{kernel}.json"
        result = subprocess.run(
            [sys.executable, "-m", "stages.classification.converged", "--params",
             str(ROOT / "studies/sclc_liver/params"), "--release", "r", "--environment", "e",
             "--table", str(tmp_path / "table.csv"), "--selected",
             str(tmp_path / "selected.csv"), "--out", str(out)], cwd=ROOT, text=True,
            capture_output=True, env=kernels.environment(kernel, 1) | {"PYTHONPATH": str(ROOT)})
        assert result.returncode == 0, result.stderr
        written.add(out.read_bytes())
    assert len(written) == 1
