"""Cohort tables for the statistics: a small synthetic one and the released ones."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from stages.common import cli
from stages.common.columns import LABEL, SCORE
from stages.common.parameters import section
from stages.statistics import volumes

ROOT = Path(__file__).resolve().parents[4]
PARAMS = ROOT / "studies/sclc_liver/params"
# Columns that measure the same volume.
OTHERS = section(PARAMS, "statistics.other_volumes", tuple[str, ...])


@pytest.fixture
def table() -> pd.DataFrame:
    """Twelve studies, every other one with two series; seeded."""
    generator = np.random.default_rng(20)
    rows = []
    for study in range(12):
        score = float(generator.uniform(-1, 1)) if study > 1 else (0.5, -0.5)[study]
        for series in range(1 + study % 2):
            voxels = int(generator.integers(100, 100_000))
            rows.append({
                "File": f"S{study:02d}_{series}.nii.gz", "study": f"S{study:02d}",
                "patient": f"P{study // 2}", volumes.VOXELS: voxels,
                volumes.SPACING: f"(0.75, 0.75, {1.0 + series})", SCORE: score,
                LABEL: int(score > 0),
                **{name: voxels * 0.9 for name in OTHERS}})
    return pd.DataFrame(rows)


@pytest.fixture
def write(tmp_path):
    """Write a table; return its path."""
    def write_table(frame: pd.DataFrame) -> Path:
        path = tmp_path / "cohort.csv"
        frame.to_csv(path, index=False)
        return path
    return write_table


@pytest.fixture
def stage(monkeypatch, capsys):
    """Run a stage of the study; return its exit status and what it said.

    In this process (the imports take seconds); with ``path``, in a new one with that ``PATH``.
    """
    def run(name: str, *arguments, path: str | None = None):
        command = [f"studies.sclc_liver.{name}", "--params", str(PARAMS), *map(str, arguments)]
        if path is not None:
            return in_new_process(command, path)
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", command)
        capsys.readouterr()
        status = 0
        try:
            cli.main(importlib.import_module(command[0]).stage)
        except SystemExit as stopped:
            status = stopped.code
        said = capsys.readouterr()
        return SimpleNamespace(returncode=status, stdout=said.out, stderr=said.err)
    return run


def in_new_process(command: list[str], path: str):
    """Run a stage as a user does."""
    variables = dict(os.environ, PYTHONPATH=os.environ.get("PYTHONPATH", str(ROOT)), PATH=path)
    variables.pop("R_HOME", None)
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=variables,
                          capture_output=True, text=True)


@pytest.fixture(params=["2025-06", "2025-08"])
def released(request, tmp_path) -> Path:
    """A released table with the study and patient columns of a canonical cohort table."""
    mirror = Path(os.environ.get("DATA_MIRROR", ROOT.parent / "shared" / "data"))
    source = mirror / "released" / f"features_{request.param}.csv"
    if not source.is_file():
        pytest.skip(f"the released table {request.param} is not in the mirror (DATA_MIRROR)")
    frame = pd.read_csv(source, dtype=str)
    parts = frame["File"].str.split("_")
    frame["study"], frame["patient"] = parts.str[:2].str.join("_"), parts.str[0]
    path = tmp_path / f"{request.param}.csv"
    frame.to_csv(path, index=False)
    return path
