"""The cross-check with R 4.4.1: agreement where it can run, one line where it cannot."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from stages.common.errors import InputError
from stages.statistics import rbridge
from studies.sclc_liver import crosscheck


@pytest.fixture
def outputs(table, write, stage, tmp_path):
    """Outputs of the burden stage, as options of the cross-check."""
    points, metrics = tmp_path / "points.csv", tmp_path / "out.json"
    done = stage("burden", "--table", write(table), "--out", metrics, "--points", points)
    assert done.returncode == 0, done.stderr
    return ["--points", points, "--metrics", metrics]


@pytest.fixture
def webr():
    """Path of Node."""
    try:
        return crosscheck.locate_node("node", crosscheck.FOLDER)
    except crosscheck.Unavailable as error:
        pytest.skip(str(error))


def test_agrees(webr, outputs, stage):
    done = stage("crosscheck", *outputs)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (f"R 4.4.1 agrees with R {rbridge.version()}: "
                           "4 of 4 values to 1e-12\n")


def test_agrees_with_ties(webr):
    positive, negative = np.array([1.0, 2.0, 2.5, 7.0]), np.array([2.0, 0.5, 0.5])
    release, values = crosscheck.in_webr(webr, crosscheck.FOLDER, positive, negative, False)
    here = rbridge.rank_sum(positive, negative, False)
    assert release == "4.4.1" and values["p_exact"] is None
    assert crosscheck.agreeing(values, here) == list(rbridge.NAMES)


def test_a_changed_metric_is_found(webr, outputs, stage):
    metrics = outputs[3]
    content = json.loads(metrics.read_text())
    content["rank_sum"]["p_asymptotic"] *= 1 + 1e-11
    metrics.write_text(json.dumps(content))
    done = stage("crosscheck", *outputs)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "disagrees with the metrics file" in done.stderr and "p_asymptotic " in done.stderr


def test_comparison_is_relative():
    values = dict.fromkeys(rbridge.NAMES, 1e-20)
    other = dict(values, p_exact=1.0001e-20, W=None)
    assert crosscheck.agreeing(values, other) == ["p_asymptotic", "p_asymptotic_corrected"]
    with pytest.raises(InputError, match="disagrees with this machine's R"):
        crosscheck.compare(("4.4.1", values), ("4.2.2", other), values)


@pytest.mark.parametrize("optional, status", [(True, 0), (False, 2)])
def test_no_node(optional, status, outputs, stage, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    extra = ["--if-available"] if optional else []
    done = stage("crosscheck", *outputs, *extra, path=str(empty))
    assert done.returncode == status
    said = done.stdout + done.stderr
    assert said.count("\n") == 1 and "Traceback" not in said
    for words in ("R 4.4.1 cross-check skipped", "Node", "not installed", "npm ci"):
        assert words in said


def test_node_without_webr(outputs, stage, tmp_path):
    node = shutil.which("true")
    done = stage("crosscheck", *outputs, "--node", node, "--webr", tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "webR is not installed" in done.stderr and "npm ci" in done.stderr


def test_node_that_fails(outputs, stage, tmp_path):
    marker = tmp_path / "node_modules" / "webr" / "package.json"
    marker.parent.mkdir(parents=True)
    marker.write_text("{}")
    done = stage("crosscheck", *outputs, "--node", shutil.which("false"), "--webr", tmp_path,
                 "--if-available")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "webR failed" in done.stderr


def test_metrics_of_another_kind(outputs, stage, tmp_path):
    marker = tmp_path / "node_modules" / "webr" / "package.json"
    marker.parent.mkdir(parents=True)
    marker.write_text("{}")
    outputs[3].write_text("[]")
    done = stage("crosscheck", *outputs, "--node", shutil.which("true"), "--webr", tmp_path)
    assert done.returncode == 2 and "holds no rank-sum test" in done.stderr


def test_the_lock_names_no_registry():
    lock = json.loads((crosscheck.FOLDER / "package-lock.json").read_text())
    packages = {name: item for name, item in lock["packages"].items() if name}
    assert packages["node_modules/webr"]["version"] == "0.4.0"
    assert all("resolved" not in item and item["integrity"].startswith("sha512-")
               for item in packages.values())


def test_node_modules_are_not_in_git():
    git = shutil.which("git")
    inside = git and subprocess.run([git, "rev-parse"], cwd=crosscheck.FOLDER,
                                    capture_output=True).returncode == 0
    if not inside:
        pytest.skip("not in a git checkout")
    listed = subprocess.run([git, "ls-files", "node_modules"], cwd=crosscheck.FOLDER,
                            capture_output=True, text=True)
    assert listed.stdout == ""
    ignored = subprocess.run([git, "check-ignore", "-q", "node_modules/webr"],
                             cwd=crosscheck.FOLDER)
    assert ignored.returncode == 0
