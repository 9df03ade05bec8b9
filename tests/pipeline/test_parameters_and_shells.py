"""No value of a parameter reaches a shell: what DVC pastes into a command stands in dvc.yaml."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from containers.commands import deps
from containers.commands.schedule import Pipeline
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]
STUDY, IMAGING = "studies/sclc_liver/models/dvc.yaml", "studies/sclc_liver/imaging/dvc.yaml"
# How many stages DVC would run, at least; it runs no frozen one, and sweeps are.
FILES = {"dvc.yaml": 60, "studies/sclc_liver/dvc.yaml": 55, STUDY: 30, IMAGING: 30,
         "studies/sclc_liver/sweeps/dvc.yaml": 0, "studies/brain_metastases/dvc.yaml": 3,
         "studies/brain_metastases/synthetic/dvc.yaml": 10,
         "studies/gi_liver/dvc.yaml": 3, "studies/gi_liver/synthetic/dvc.yaml": 20,
         "studies/sclc_recurrence/dvc.yaml": 3,
         "studies/sclc_recurrence/synthetic/dvc.yaml": 20}
PARAMS = "studies/sclc_liver/params"
HOSTILE = "x; touch executed; echo $(touch executed) `touch executed` '"
# Of a stage's own matrix or foreach.
ITEM = re.compile(r"\$\{(item(\.\w+)?|key)\}")


def stages(file):
    return yaml.safe_load((ROOT / file).read_text())["stages"]


def test_no_pipeline_is_left_out():
    assert set(FILES) == {str(file) for file in deps.files()} - {"studies/template/dvc.yaml"}


@pytest.mark.parametrize("file", [*FILES, "studies/template/dvc.yaml"])
def test_commands_and_paths_hold_no_parameter(file):
    for name, stage in stages(file).items():
        lists = {key: stage[key] for key in ("matrix", "foreach") if key in stage}
        assert "${" not in yaml.safe_dump(lists), f"{name}: write its names into {file}"
        assert not re.search(r"[^\w.: {}\[\]/,'\"\n-]", yaml.safe_dump(lists)), f"{name}: plain names"
        body = stage.get("do", stage)
        # Names of parameters may be made of parameters: DVC looks them up and runs nothing.
        shown = yaml.safe_dump({key: value for key, value in body.items() if key != "params"})
        assert "${" not in ITEM.sub("", shown), f"{name}: let the stage read it"


@pytest.mark.parametrize("file", [*FILES, "studies/template/dvc.yaml"])
def test_a_stage_with_parameters_is_told_their_file(file):
    for name, stage in stages(file).items():
        body = stage.get("do", stage)
        for entry in body.get("params", []):
            for source in entry if isinstance(entry, dict) else ["params.yaml"]:
                source = source if source == "params.yaml" else str(Path(source).parent)
                words = [*body["cmd"].split(), ""]
                assert f"--params {source} " in " ".join(words), f"{name}: {source}"


def test_the_names_in_the_pipelines_are_those_of_the_parameters():
    params = whole()
    imaging = stages(IMAGING)
    assert list(imaging["infer"]["foreach"]) == params["imaging"]["networks"]
    assert list(imaging["detect"]["foreach"]) == params["imaging"]["methods"]
    assert list(imaging["extract"]["foreach"]) == params["imaging"]["masks"]
    runs = stages(STUDY)["train"]["matrix"]
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
    """Sets a parameter of the clone's study, by its dotted name; puts the file back."""
    before = {path: path.read_text() for path in (clone / PARAMS).glob("*.yaml")}

    def set_to(name, value):
        *parents, last = name.split("/")
        path = clone / PARAMS / f"{parents[0]}.yaml"
        content = yaml.safe_load(before[path])
        place = content
        for parent in parents:
            place = place[parent]
        assert last in place
        place[last] = value
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    yield set_to
    for path, text in before.items():
        path.write_text(text)


@pytest.mark.parametrize("file", FILES)
def test_hostile_text_in_every_parameter_is_in_no_command(clone, file):
    clean = dvc(clone, "repro", "--dry", "--force", file)
    before = {path: path.read_text()
              for path in (clone / "params.yaml", *(clone / PARAMS).glob("*.yaml"))}
    assert len(before) > 10
    for path, text in before.items():
        path.write_text(yaml.safe_dump(spoil(yaml.safe_load(text)), sort_keys=False))
    shown = dvc(clone, "repro", "--dry", "--force", file)
    for path, text in before.items():
        path.write_text(text)
    commands = [line for line in shown.stdout.splitlines() if line.startswith(">")]
    wanted = [line for line in clean.stdout.splitlines() if line.startswith(">")]
    assert sorted(commands) == sorted(wanted)
    assert len(commands) >= FILES[file] and not (clone / "executed").exists()


@pytest.mark.parametrize("name, value, stage, said", [
    ("cohort/source", HOSTILE, f"{IMAGING}:cohort", "cohort.source"),
    ("cohort/releases/2025-06/file", "../executed", f"{STUDY}:fetch@2025-06", "2025-06.file"),
    ("segmentation/training_sets", {HOSTILE: ["lits"]}, f"{IMAGING}:prepare", "unknown training set"),
    ("imaging/device", HOSTILE, f"{IMAGING}:infer@unet", "valid: auto, cpu, cuda"),
    ("imaging/methods", [f"../{HOSTILE}"], f"{IMAGING}:pictures", "imaging.methods"),
    ("imaging/networks", [HOSTILE], f"{IMAGING}:choose", "imaging.networks"),
    ("imaging/jobs", HOSTILE, f"{IMAGING}:extract@reference", "imaging.jobs"),
    ("segmentation/preset", HOSTILE, f"{IMAGING}:prepare", "unknown segmentation preset"),
    ("cohort/source", "own", f"{IMAGING}:cohort", "what this pipeline makes goes to git")])
def test_a_hostile_parameter_is_refused_in_one_line(clone, params, name, value, stage, said):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(clone)
        needed, = Pipeline(clone).named([stage])
    for dependency in needed.deps:
        if not dependency.exists and hasattr(dependency, "fs_path"):
            Path(dependency.fs_path).mkdir(parents=True)
    params(name, value)
    done = dvc(clone, "repro", "--force", "--single-item", stage)
    assert done.returncode and not (clone / "executed").exists(), done.stdout
    # The stage's own line; or DVC's, which finds no such parameter and starts nothing.
    lines = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    lines = lines or [line for line in done.stdout.splitlines() if line.startswith("ERROR: ")]
    assert len(lines) == 1 and said in lines[0], done.stdout
