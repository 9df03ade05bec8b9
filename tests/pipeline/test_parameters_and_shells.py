"""No value of a parameter reaches a shell: what DVC pastes into a command stands in dvc.yaml."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = ("dvc.yaml", "studies/sclc_liver/imaging/dvc.yaml")
HOSTILE = "x; touch executed; echo $(touch executed) `touch executed` '"
# Of a stage's own matrix or foreach.
ITEM = re.compile(r"\$\{(item(\.\w+)?|key)\}")


def stages(file):
    return yaml.safe_load((ROOT / file).read_text())["stages"]


@pytest.mark.parametrize("file", FILES)
def test_commands_and_paths_hold_no_parameter(file):
    for name, stage in stages(file).items():
        lists = {key: stage[key] for key in ("matrix", "foreach") if key in stage}
        assert "${" not in yaml.safe_dump(lists), f"{name}: write its names into {file}"
        body = stage.get("do", stage)
        # Names of parameters may be made of parameters: DVC looks them up and runs nothing.
        shown = yaml.safe_dump({key: value for key, value in body.items() if key != "params"})
        assert "${" not in ITEM.sub("", shown), f"{name}: let the stage read it from params.yaml"


def test_the_names_in_the_pipelines_are_those_of_the_parameters():
    params = yaml.safe_load((ROOT / "studies/sclc_liver/params.yaml").read_text())
    imaging = stages("studies/sclc_liver/imaging/dvc.yaml")
    assert imaging["train"]["matrix"]["network"] == params["imaging"]["networks"]
    assert imaging["detect"]["matrix"]["method"] == params["imaging"]["methods"]
    assert list(imaging["extract"]["foreach"]) == params["imaging"]["masks"]
    runs = stages("dvc.yaml")["train"]["matrix"]
    assert runs["release"] == list(params["cohort"]["releases"])
    assert runs["protocol"] == list(params["classification"]["protocols"])


def spoil(value):
    """Put hostile text wherever a parameter is text."""
    if isinstance(value, dict):
        return {key: spoil(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spoil(item) for item in value]
    return HOSTILE if isinstance(value, str) else value


def dvc(clone, *arguments):
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run([ROOT / ".venv" / "bin" / "dvc", *arguments], cwd=clone, text=True,
                          env={**os.environ, "PATH": path, "MSCLC_ENGINE": "venv"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture
def params(clone):
    """Sets a parameter of the clone, by its dotted name; puts the file back."""
    path = clone / "params.yaml"
    before = path.read_text()

    def set_to(name, value):
        content = yaml.safe_load(before)
        *parents, last = name.split("/")
        place = content
        for parent in parents:
            place = place[parent]
        assert last in place
        place[last] = value
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    yield set_to
    path.write_text(before)


@pytest.mark.parametrize("file", FILES)
def test_hostile_text_in_every_parameter_is_in_no_command(clone, params, file):
    clean = dvc(clone, "repro", "--dry", "--force", file)
    path = clone / "params.yaml"
    path.write_text(yaml.safe_dump(spoil(yaml.safe_load(path.read_text())), sort_keys=False))
    shown = dvc(clone, "repro", "--dry", "--force", file)
    commands = [line for line in shown.stdout.splitlines() if line.startswith(">")]
    wanted = [line for line in clean.stdout.splitlines() if line.startswith(">")]
    assert sorted(commands) == sorted(wanted)
    assert len(commands) > 20 and not (clone / "executed").exists()


@pytest.mark.parametrize("name, value, stage, said", [
    ("cohort/source", HOSTILE, "studies/sclc_liver/imaging/dvc.yaml:cohort", "cohort.source"),
    ("cohort/releases/2025-06/file", "../executed", "dvc.yaml:fetch@2025-06", "2025-06.file"),
    ("imaging/training_set", HOSTILE, "studies/sclc_liver/imaging/dvc.yaml:prepare-nnunet", "unknown training set"),
    ("imaging/device", HOSTILE, "studies/sclc_liver/imaging/dvc.yaml:infer@unet", "valid: auto, cpu, cuda"),
    ("imaging/methods", [f"../{HOSTILE}"], "studies/sclc_liver/imaging/dvc.yaml:pictures", "imaging.methods"),
    ("imaging/networks", [HOSTILE], "studies/sclc_liver/imaging/dvc.yaml:choose", "imaging.networks"),
    ("imaging/jobs", HOSTILE, "studies/sclc_liver/imaging/dvc.yaml:extract@reference", "imaging.jobs"),
    ("segmentation/preset", HOSTILE, "studies/sclc_liver/imaging/dvc.yaml:prepare", "unknown segmentation preset"),
    ("cohort/source", "own", "studies/sclc_liver/imaging/dvc.yaml:cohort", "what this pipeline makes goes to git")])
def test_a_hostile_parameter_is_refused_in_one_line(clone, params, name, value, stage, said):
    file, _, short = stage.rpartition(":")
    lock = yaml.safe_load((clone / file).with_suffix(".lock").read_text())["stages"][short]
    for dependency in lock.get("deps", []):
        if not (clone / dependency["path"]).exists():
            (clone / dependency["path"]).mkdir(parents=True)
    params(name, value)
    done = dvc(clone, "repro", "--force", "--single-item", stage.removeprefix("dvc.yaml:"))
    assert done.returncode and not (clone / "executed").exists(), done.stdout
    # The stage's own line; or DVC's, which finds no such parameter and starts nothing.
    lines = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    lines = lines or [line for line in done.stdout.splitlines() if line.startswith("ERROR: ")]
    assert len(lines) == 1 and said in lines[0], done.stdout
