"""What DVC's own commands show of the house fits a terminal, and costs little."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import networkx
import pytest
import yaml
from dvc.dependency import ParamsDependency

from containers.commands.schedule import Pipeline

ROOT = Path(__file__).resolve().parents[2]
STUDIES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["headline"]["matrix"]["study"]


def dvc(folder, *arguments):
    done = subprocess.run([ROOT / ".venv" / "bin" / "dvc", *arguments], cwd=folder, text=True,
                          env={**os.environ, "COLUMNS": "300"}, capture_output=True)
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines() if line.strip()]


def test_the_metrics_are_a_row_for_each_study_and_fit_a_terminal():
    head, *rows = dvc(ROOT, "metrics", "show")
    assert sorted(row.split()[0] for row in rows) == [f"metrics/{name}/headline.json" for name in
                                                      sorted(STUDIES)]
    assert len(head.split()) <= 15 and max(map(len, [head, *rows])) <= 140


def test_the_difference_of_metrics_fits_a_page(clone, committed):
    """At worst, when every number of every study has changed."""
    for name in STUDIES:
        path = clone / "metrics" / name / "headline.json"
        path.write_text(json.dumps({key: (value or 0) + 1 / 3
                                    for key, value in json.loads(path.read_text()).items()}))
    lines = dvc(clone, "metrics", "diff")
    assert len(lines) > 1 and max(map(len, lines)) <= 140
    assert len(lines) <= 1 + 15 * len(STUDIES)


@pytest.mark.parametrize("path", sorted(ROOT.glob("studies/*/params/*.yaml")),
                         ids=lambda path: path.stem)
def test_a_file_of_parameters_is_short(path):
    """DVC parses it anew for every stage that reads one of its values."""
    assert len(path.read_text().splitlines()) <= 150


def test_other_bootstrap_samples_fit_no_model_again():
    """README's experiment: what is drawn anew, and what rests on it; no fit does."""
    house = Pipeline(ROOT)
    asked = {stage for stage in house.order if not stage.frozen for given in stage.deps
             if isinstance(given, ParamsDependency)
             and {"classification.bootstrap", "classification.bootstrap.samples"} & {*given.params}}
    after = asked.union(*(networkx.ancestors(house.graph, stage) for stage in asked))
    study = {stage.name.partition("@")[0] for stage in after if not stage.frozen
             and Path(stage.path_in_repo).parent in (Path("studies/sclc_liver"),
                                                    Path("studies/sclc_liver/models"))}
    assert study == {"bootstrap", "differences", "converged", "chance", "trivial", "ablation",
                     "audit", "sections"}


def test_what_a_killed_stage_had_half_written_is_no_input(tmp_path):
    """Results are written under another name in their folder first, which another stage may read."""
    (tmp_path / ".dvcignore").write_text((ROOT / ".dvcignore").read_text())
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.json").write_text("1")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  sum:\n    cmd: cp results/a.json b\n    deps: [results]\n    outs: [b]\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    dvc(tmp_path, "init", "-q")
    dvc(tmp_path, "repro", "-q")
    handle, _ = tempfile.mkstemp(dir=tmp_path / "results", prefix=".a.json.")
    os.close(handle)
    assert dvc(tmp_path, "status") == ["Data and pipelines are up to date."]
    (tmp_path / "results" / "b.json").write_text("2")
    assert len(dvc(tmp_path, "status")) > 1
