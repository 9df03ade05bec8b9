"""What holds for the repository as a whole: rooms, fingerprints, nothing foreign in git."""

import ast
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from containers.commands import deps
from containers.commands.schedule import Pipeline
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]
IMPORT_NAMES = {"scikit-learn": "sklearn", "PyYAML": "yaml", "xgboost-cpu": "xgboost",
                "pandera[pandas]": "pandera", "connected-components-3d": "cc3d",
                "pynrrd": "nrrd", "pyradiomics": "radiomics", "imbalanced-learn": "imblearn"}
ROOMS = {"cohort": ["cohort"], "expression": ["expression"],
         "classification": ["classification-paper", "classification-notebook"],
         "patches": ["segmentation"], "prediction": ["classification-companion"],
         "radiomics": ["radiomics"], "segmentation": ["segmentation"], "statistics": ["statistics"],
         "survival": ["classification-companion"],
         "verdicts": ["reporting"], "report": ["reporting"]}
# Pipelines whose results are in git: all but that of the folder that a new study starts from, which
# DVC ignores (tests/studies runs it).
TEMPLATE = "studies/template/dvc.yaml"
PIPELINES = sorted({str(file) for file in deps.files()} - {TEMPLATE})
# Acquisition runs in the orchestrator.
ORCHESTRATED = {"stages/cohort/fetch.py": {"pooch", "requests", "yaml"},
                "stages/cohort/fetch_case.py": set(), "stages/cohort/fetch_package.py": set()}


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).exists()]


def provided(image):
    lines = (ROOT / "containers" / image / "requirements.in").read_text().splitlines()
    names = [re.split(r"[=<>; ]", line)[0] for line in lines if line and not line.startswith("#")]
    return {IMPORT_NAMES.get(name, name).replace("-", "_") for name in names}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


@pytest.mark.parametrize("room", [*ROOMS, "common"])
def test_a_room_imports_only_what_its_image_installs(room):
    images = ROOMS.get(room, ["cohort"])
    allowed = set.intersection(*(provided(image) for image in images))
    if room == "common":
        allowed.add("threadpoolctl")  # asked for only where it is installed
    for path in sorted((ROOT / "stages" / room).glob("**/*.py")):
        here = ORCHESTRATED.get(str(path.relative_to(ROOT)), allowed)
        for module in imported(path):
            top = module.split(".")[0]
            # Which room may import which: tests/pipeline/test_deps.py.
            assert top == "stages" or top in sys.stdlib_module_names or top in here, \
                f"{path} imports {module}"


@pytest.fixture(scope="module")
def house():
    return Pipeline()


def test_a_stage_of_a_study_imports_only_what_its_image_installs(house):
    code, seen = deps.Code(), set()
    commands = [(image, module) for stage in house.order
                for image, module in deps.COMMAND.findall(str(stage.cmd))]
    # The template's own, which DVC does not read.
    commands += [("reporting", f"studies.template.{name}") for name in ("describe", "second")]
    for image, module in sorted(set(commands)):
        for name in code.closure(module) if module.startswith("studies.") else ():
            if name.startswith("studies."):
                for other in imported(ROOT / code.path(name)):
                    top = other.split(".")[0]
                    assert top in (*deps.PACKAGES, *sys.stdlib_module_names, *provided(image)), \
                        f"{name}, which runs in the image {image}, imports {other}"
                seen.add(name)
    assert len(seen) > 20


def test_every_room_is_listed():
    present = {path.parent.name for path in (ROOT / "stages").glob("*/__init__.py")} - {"common"}
    assert present == set(ROOMS)


def test_the_launcher_needs_nothing_installed():
    for path in (ROOT / "containers" / "launcher").glob("*.py"):
        for module in imported(path):
            top = module.split(".")[0]
            assert top == "containers" or top in sys.stdlib_module_names, f"{path}: {module}"


def locked(file):
    """What the lock file of a pipeline holds; all stages run in the repository's root."""
    return yaml.safe_load((ROOT / file).with_suffix(".lock").read_text())["stages"]


def test_every_pipeline_has_a_lock_file_and_every_lock_file_its_pipeline():
    locks = {name for name in tracked() if Path(name).name == "dvc.lock"}
    assert locks == {str(Path(file).with_suffix(".lock")) for file in PIPELINES}
    assert len(PIPELINES) >= 3 and (ROOT / TEMPLATE).is_file()
    assert str(Path(TEMPLATE).parent) in (ROOT / ".dvcignore").read_text().split()


@pytest.mark.parametrize("file", PIPELINES)
def test_every_stage_has_its_fingerprint(house, file):
    assert sorted(stage.name for stage in house.stages(file)) == sorted(locked(file))


@pytest.mark.parametrize("file", PIPELINES)
def test_results_in_git_are_those_of_the_fingerprints(file):
    known, checked = set(tracked()), 0
    for name, stage in locked(file).items():
        for out in stage.get("outs", []):
            if out["path"] in known:
                digest = hashlib.md5((ROOT / out["path"]).read_bytes()).hexdigest()
                assert digest == out["md5"], f"{out['path']} is not what stage {name} wrote"
                checked += 1
    assert checked


def repeated(house, file):
    """What the lock file holds of the stages that `dvc repro` repeats.

    A sweep, which is frozen, may be older than its inputs: `make reproduce` names it then.
    """
    frozen = {stage.name for stage in house.stages(file) if stage.frozen}
    return {name: stage for name, stage in locked(file).items() if name not in frozen}


@pytest.mark.parametrize("file", PIPELINES)
def test_code_and_pins_are_those_of_the_fingerprints(house, file):
    known, checked, stages = set(tracked()), 0, repeated(house, file)
    for name, stage in stages.items():
        for dependency in stage.get("deps", []):
            if dependency["path"] in known:
                path = ROOT / dependency["path"]
                digest = hashlib.md5(path.read_bytes()).hexdigest()
                assert digest == dependency["md5"], (
                    f"run 'dvc repro {file}:{name}': {dependency['path']} changed")
                checked += 1
    for stage in house.stages(file):
        for dependency in () if stage.frozen else stage.deps:
            name = str(dependency)
            if name.startswith(("containers/", "stages/")) and (ROOT / name).is_dir():
                status = dependency.workspace_status()
                assert not status, f"run 'dvc repro {stage.addressing}': {status}"
                checked += 1
    # A pipeline of sweeps has none that is repeated.
    assert checked > 20 or not stages


def plain(value):
    """Return a value with its numbers read: DVC writes 1e-09, which YAML 1.1 takes for a text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    try:
        return float(value) if isinstance(value, str) and "e" in value else value
    except ValueError:
        return value


@pytest.mark.parametrize("file", PIPELINES)
def test_parameters_are_those_of_the_fingerprints(house, file):
    checked, stages = 0, repeated(house, file)
    for name, stage in stages.items():
        for source, values in stage.get("params", {}).items():
            content = yaml.safe_load((ROOT / source).read_text())
            for key, value in values.items():
                found = content
                for part in key.split("."):
                    found = found[part]
                assert plain(found) == plain(value), (
                    f"run 'dvc repro {file}:{name}': {source}: {key} changed")
                checked += 1
    # A companion's parameters may all be those of frozen stages.
    assert checked > 5 or not stages or "sclc_liver" not in file


@pytest.mark.parametrize("file", PIPELINES)
def test_plots_show_what_stages_make(house, file):
    """Their paths are relative to the file, where stages' are relative to where they run."""
    made = [Path(out.fs_path) for stage in house.order for out in stage.outs]
    for plot in yaml.safe_load((ROOT / file).read_text()).get("plots", []):
        (name, shown), = plot.items()
        axis = shown["y"]
        for source in axis if isinstance(axis, dict) else [name]:
            path = Path(os.path.normpath((ROOT / file).parent / source))
            assert any(path.is_relative_to(out) for out in made), f"{file}: plot {source}"


def test_requirements_are_locked_with_hashes():
    for lock in (ROOT / "containers").glob("*/*.lock"):
        if lock.suffix != ".lock" or lock.name == "images.lock":
            continue
        text = lock.read_text()
        pins = re.findall(r"^[A-Za-z0-9_.\[\]-]+==\S+", text, flags=re.M)
        assert pins and text.count("--hash=sha256:") >= len(pins), lock


def test_no_released_data_in_git():
    params = whole()
    pinned = {release["sha256"] for release in params["cohort"]["releases"].values()}
    assert len(pinned) == 2
    for name in tracked():
        assert not name.startswith(("data/", "models/", "features/", "masks/")), name
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() not in pinned, name


def test_no_machine_paths_or_registry_hosts():
    # Written so that it does not find itself: no file is left out.
    foreign = re.compile(r"/(work|root|mnt|media|(home|Users)/\w+)/|"
                         r"://[a-z.]*(pypi|pythonhosted|npmjs|debian)\.")
    for name in tracked():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        found = foreign.search(text)
        assert not found, f"{name}: {found[0]}"


def test_small_modules():
    for name in tracked():
        if name.endswith(".py"):
            assert len((ROOT / name).read_text().splitlines()) <= 310, name


def test_the_headline_verdicts():
    """Table 4: the forest and the regression rows follow exactly from data and code."""
    with open(ROOT / "reports" / "sclc_liver" / "ledger.csv", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["item"] == "Table4"]
    for model, environment in (("RF", None), ("LR", "classification-notebook")):
        cells = [row for row in rows if row["row"] == model]
        assert len(cells) == 21
        assert {row["verdict"] for row in cells} <= {"exact", "exact-unstable"}
        assert environment is None or {row["environment"] for row in cells} == {environment}
    summary = json.loads((ROOT / "reports" / "sclc_liver" / "verdicts.json").read_text())["verdicts"]
    assert summary["Fig4"]["exact"] + summary["Fig4"]["exact-unstable"] == summary["Fig4"]["numbers"]
