"""A study that the root's dvc.yaml names is there, and the reverse; told before anything is set up."""

import os
import subprocess
from pathlib import Path

import pytest

from containers.commands import named
from containers.launcher import LauncherError

ROOT = Path(__file__).resolve().parents[2]
LIST = "study: [sclc_liver, "


@pytest.fixture
def changed(clone):
    """The clone, whose list of studies is put back."""
    file = clone / "dvc.yaml"
    before = file.read_text()
    assert before.count(LIST) == 1
    yield lambda new: file.write_text(before.replace(LIST, new))
    file.write_text(before)


@pytest.mark.parametrize("command", ["deps", "reproduce"])
@pytest.mark.parametrize("new, said", [
    ("study: [sclc_liver, stranger, ", "names 'stranger', but there is no studies/stranger/study.yaml"),
    ("study: [", "does not name 'sclc_liver', but there is studies/sclc_liver/study.yaml")])
def test_a_wrong_list_is_one_line(clone, changed, command, new, said):
    changed(new)
    logs = clone / "logs"
    before = sorted(logs.rglob("*")) if logs.exists() else []
    done = subprocess.run([ROOT / ".venv" / "bin" / "python", "-m", f"containers.commands.{command}"],
                          cwd=clone, env={**os.environ, "MSCLC_ENGINE": "venv"}, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: dvc.yaml: 'study:' " + said), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (sorted(logs.rglob("*")) if logs.exists() else []) == before


def test_the_template_is_no_study_of_the_house():
    assert (ROOT / "studies" / named.TEMPLATE / named.MARK).is_file()
    assert named.TEMPLATE not in named.named()
    named.check()


@pytest.mark.parametrize("text, said", [
    ("stages: {a: {matrix: {study: one}}}", "is no list"), ("stages: [", "not a pipeline"),
    ("stages: {a: {matrix: 3}}", "not a pipeline")])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, text, said):
    (tmp_path / "dvc.yaml").write_text(text)
    with pytest.raises(LauncherError, match=said) as caught:
        named.check(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_pipeline_without_studies_is_left_alone(tmp_path):
    named.check(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: 'true'}, b: {matrix: {item: [1]}}}")
    named.check(tmp_path)
