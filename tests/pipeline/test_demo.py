"""``make demo STUDY=…``: which pipeline it runs, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from containers.commands import demo
from containers.launcher import LauncherError

ROOT = Path(__file__).resolve().parents[2]


def test_a_study_without_a_synthetic_cohort_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    (tmp_path / "studies" / "one" / "synthetic").mkdir(parents=True)
    (tmp_path / "studies" / "one" / "synthetic" / "dvc.yaml").write_text("")
    assert demo.synthetic("one") == "studies/one/synthetic/dvc.yaml"
    for name in ("two", "../one", "*"):
        with pytest.raises(LauncherError, match="valid: sclc_liver, one$"):
            demo.synthetic(name)


@pytest.mark.parametrize("arguments, said", [
    (["--study", "none"], "there is no demonstration of a study 'none'; valid: sclc_liver"),
    (["--study", "gi_liver", "--cohort", "own"], "COHORT is about sclc_liver")])
def test_what_cannot_run_is_one_line(arguments, said):
    done = subprocess.run([sys.executable, "-m", "containers.commands.demo", *arguments], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith(f"error: {said}")
    assert len(done.stderr.splitlines()) == 1
