"""Patients' pictures, numbers and file names stay out of git, whatever a user adds."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from containers.commands import cohorts
from containers.launcher import LauncherError
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE, PARAMS = "studies/sclc_liver/imaging/dvc.yaml", "studies/sclc_liver/params"
# Series of patients who do not exist: liver and lesions in noise; NE score, group, part.
WRITE = """
from pathlib import Path
import numpy as np
from stages.common import nifti
home = Path("studies/sclc_liver/imaging/inputs/own")
rows = ["series,study,patient,path,mask,NE_Score,Group,Segmentation"]
for number in range(4):
    name = f"quokka{number}"
    mask = np.zeros((48, 48, 16), np.uint8)
    mask[8:40, 8:40, 3:13] = 1
    mask[14:22, 14:22, 5:10] = 2
    noise = np.random.default_rng(number).normal(0, 8, mask.shape)
    image = (np.array([40, 110, 60])[mask] + noise).astype(np.int16)
    affine = np.diag([3.0, 3.0, 4.0, 1.0])
    nifti.write(home / f"{name}.nii.gz", nifti.Volume(image, affine))
    nifti.write(home / f"{name}-mask.nii.gz", nifti.Volume(mask, affine))
    rows.append(f"{name},s{number},p{number},{name}.nii.gz,{name}-mask.nii.gz,"
                f"{0.5 if number % 2 else -0.5},{'test' if number < 2 else 'train'},"
                f"{'test' if number < 2 else 'train'}")
(home / "cohort.csv").write_text("\\n".join(rows) + "\\n")
"""
# Classifiers as the pipeline of the published numbers leaves them, on features of nobody.
PUBLISHED = """
import numpy as np, pandas as pd
from stages.common import canonical
from stages.common.columns import FEATURES, SPACING
run = "as-released/2025-08/classification-notebook"
names = ["original_shape_MeshVolume", "original_firstorder_Mean"]
random = np.random.default_rng(0)
table = pd.DataFrame(random.normal(50, 9, (12, len(FEATURES))), columns=FEATURES)
people = [f"p{number // 2}" for number in range(12)]
table = table.assign(File=[f"s{number}" for number in range(12)], study=people, patient=people,
                     NE_Score=0.5, NE_Class=[number % 2 for number in range(12)],
                     Group=["train"] * 6 + ["val"] * 2 + ["test"] * 4, **{SPACING: "(0.8, 0.8, 5.0)"})
canonical.write_csv("data/sclc_liver/cohort/2025-08.csv", table)
tested = table[table["Group"] == "test"]
canonical.write_csv(f"data/sclc_liver/predictions/{run}/predictions.csv", pd.DataFrame({
    "configuration": "LR", "series": tested["File"], "study": tested["study"],
    "patient": tested["patient"], "NE_Class": tested["NE_Class"], "predicted": 1, "probability": 0.7}))
folder = f"models/sclc_liver/{run}/LR"
canonical.write_json(f"{folder}/features.json", names)
canonical.write_json(f"{folder}/refit.json", {
    "coefficients": dict.fromkeys(names, 0.0), "intercept": 1.0})
"""
# What needs no trained network, from the files to pictures, numbers and features.
STAGES = ("cohort", "unseen", "baseline", "detect@baseline", "comparison", "pictures", "scored",
          "planted", "extract@reference")
RUN = """
import sys
from containers.commands import cohorts
from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, entry
def run():
    project = cohorts.project("own")
    house = Pipeline()
    (ROOT / "logs").mkdir(exist_ok=True)
    house.run(house.named(f"{project.file}:{name}" for name in sys.argv[1:]),
              log=ROOT / "logs" / "own.log")
entry(run)
"""


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


@pytest.fixture(scope="module")
def used(clone, committed):
    """A clone, committed, in which an own cohort has run."""
    params = clone / PARAMS / "imaging.yaml"
    content = yaml.safe_load(params.read_text())
    content["imaging"]["methods"] = ["baseline"]
    params.write_text(yaml.safe_dump(content, sort_keys=False))
    committed()
    variables = {**os.environ, "MSCLC_ENGINE": "venv", "PYTHONPATH": str(clone)}
    for line in ([clone / "containers" / "run", "cohort", "--", "python", "-c", WRITE],
                 ["-c", RUN, *STAGES]):
        done = subprocess.run([sys.executable, *line], cwd=clone, env=variables,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return clone


def test_all_of_an_own_cohort_is_there_and_nothing_of_it_in_git(used):
    own = used / "data" / "own"
    for path in ("dvc.yaml", "dvc.lock", "pictures/quokka0.png", "pictures/quokka1.png",
                 "metrics/detection/baseline.json", "metrics/comparison.csv", "metrics/planted.json",
                 "features/rows/reference/quokka3.json", "cohort/manifest.csv"):
        assert (own / path).is_file(), path
    assert json.loads((own / "metrics/detection/baseline.json").read_text())["lesions"] == 2
    git(used, "add", "-A")
    assert git(used, "status", "--porcelain") == ""
    # Nor does git know a name of it, in any file.
    assert subprocess.run(["git", "grep", "-q", "quokka0", "--", ":!tests"], cwd=used).returncode == 1
    assert git(used, "for-each-ref", "refs/exps") == ""


def test_features_of_own_masks_stay_out_of_git_wherever_they_are_written(used):
    table = used / "studies/sclc_liver/imaging/inputs/own/cohort.csv"
    few = table.with_name("few.csv")
    few.write_text("".join(table.read_text().splitlines(keepends=True)[:2]))
    out = used / "reports" / "mine"
    done = subprocess.run(
        [sys.executable, "-m", "containers.commands.features", "--table", few, "--out", out,
         "--regions", "each"], cwd=used, capture_output=True, text=True,
        env={**os.environ, "MSCLC_ENGINE": "venv", "PYTHONPATH": str(used)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("features.csv: 1 rows\n")
    assert {item.name for item in out.iterdir()} == {".done.json", ".gitignore", "features.csv",
                                                    "excluded.csv", "series.csv"}
    assert (out / "features.csv").read_text().splitlines()[1].startswith("quokka0,s0,p0,each,1,")
    git(used, "add", "-A")
    assert git(used, "status", "--porcelain") == ""
    # No record of the run names a file of the user's.
    records = [path.read_text() for path in (used / "logs" / "provenance").glob("*measure*.json")]
    assert len(records) >= 2 and not any("few.csv" in text or "mine" in text for text in records)


def test_predictions_from_own_masks_stay_out_of_git_wherever_they_are_written(used):
    """Masks in, published classifiers, NE probability out: no network anywhere on the way."""
    home, out = used / "studies/sclc_liver/imaging/inputs/own", used / "reports" / "predicted"
    variables = {**os.environ, "MSCLC_ENGINE": "venv", "PYTHONPATH": str(used)}
    launched = used / "containers" / "run", "classification-notebook", "--", "python", "-c"
    for line in ([*launched, PUBLISHED],
                 ["-m", "containers.commands.predict", "--ct", home / "quokka0.nii.gz", "--masks",
                  home / "quokka0-mask.nii.gz", "--classifiers", "published", "--out", out]):
        done = subprocess.run([sys.executable, *line], cwd=used, capture_output=True, text=True,
                              env=variables)
        assert done.returncode == 0, done.stderr
    assert "trained on 8 series of 4 patients (4 with NE-negative series); tested on 4" in done.stderr
    assert "quokka0: 1 lesion, 11.5 mL, NE probability 0.73 (LR: NE-positive)" in done.stdout
    # What lies outside of the training series is said beside it: these voxels are 3 x 3 x 4 mm.
    assert "spacing_x_mm" in done.stdout and "extrapolation" in done.stdout
    assert {item.name for item in out.iterdir()} == {
        ".done.json", ".gitignore", "model_card.json", "model_card.md", "masks", "features.csv",
        "excluded.csv", "predictions.csv", "overlays"}
    # In parts, of a table: the same bytes for the same series.
    table, parts = home / "some.csv", out.with_name("parts")
    rows = (home / "cohort.csv").read_text().splitlines(keepends=True)
    table.write_text("".join([rows[0], rows[2], rows[1]]))
    line = ["-m", "containers.commands.predict", "--masks", table, "--classifiers", "published",
            "--shards", "2", "--out", parts]
    done = subprocess.run([sys.executable, *line], cwd=used, capture_output=True, text=True,
                          env=variables)
    assert done.returncode == 0 and "parts 2 of 2" in done.stderr, done.stderr
    for name in ("masks/quokka0.nii.gz", "overlays/quokka0.png", "model_card.json"):
        assert (parts / name).read_bytes() == (out / name).read_bytes()
    whole, both = ((folder / "features.csv").read_text().splitlines() for folder in (out, parts))
    assert both[:2] == whole and both[2].startswith("quokka1,")
    both = (parts / "predictions.csv").read_text()
    assert "quokka0,LR,0.73" in both and "quokka1,LR," in both
    card = (out / "model_card.md").read_text()
    assert "the table that the paper's authors released; 8 series" in card and "they were given" in card
    git(used, "add", "-A")
    assert git(used, "status", "--porcelain") == ""
    records = [path.read_text() for path in (used / "logs" / "provenance").glob("*paired*.json")]
    assert len(records) == 1 and "quokka" not in records[0]


def test_the_way_of_a_group_step_by_step(used):
    done = subprocess.run(
        [sys.executable, "-m", "containers.commands.cohort", "--until", "training"], cwd=used,
        capture_output=True, text=True,
        env={**os.environ, "MSCLC_ENGINE": "venv", "PYTHONPATH": str(used)})
    assert done.returncode == 0, done.stderr
    plan, check, measured, detected = done.stdout.split("\n\n")[:4]
    # Each step says what it needs and does before anything runs, and again when it starts.
    assert plan.count("Needs: ") == 4 and "4. training: " in plan and "Left out: TRAIN=1" in plan
    assert check.startswith("1. check: reads every image and mask")
    assert measured.endswith("data/own/measured/features.csv: 4 series with masks")
    assert detected.startswith("3. detection: ") and "baseline" in detected
    rows = (used / "data/own/measured/features.csv").read_text().splitlines()
    assert len(rows) == 5 and rows[4].startswith("quokka3,s3,p3,lesions,")
    git(used, "add", "-A")
    assert git(used, "status", "--porcelain") == ""


@pytest.mark.parametrize("cohort", ["own", "lits"])
def test_git_ignores_every_place_of_such_a_cohort(clone, cohort):
    template = (clone / TEMPLATE).read_text()
    params = whole(clone / PARAMS)["imaging"]
    project = cohorts.PRIVATE[cohort]
    text = cohorts.pipeline(project, template, params)
    places = [str(Path(project.file).with_name("dvc.lock")), project.page, project.file]
    commands = []
    for stage in yaml.safe_load(text)["stages"].values():
        body = stage.get("do", stage)
        commands.append(body["cmd"])
        listed = [*body.get("outs", []), *body.get("metrics", [])]
        places += [next(iter(one)) if isinstance(one, dict) else one for one in listed]
    written = re.findall(r"--(?:out|record|state|checksums|metrics|summary|page|pictures|points|"
                         r"excluded|lesions|scans|rules|curves|models|selected) (\S+)",
                         " ".join(commands))
    assert len(written) > 40 and len(places) > 30
    for place in {*places, *written}:
        assert place.startswith((f"data/{cohort}/", f".cache/{cohort}/"))
        ignored = subprocess.run(["git", "check-ignore", "-q", place.replace("$", "")], cwd=clone)
        assert ignored.returncode == 0, f"{place} would go to git"
    assert not re.search(r"(data|masks|features|models|metrics)/(sclc_liver/)?imaging|reports/|"
                         r"phantom[ -]", " ".join(commands))


def test_the_same_stages_run_on_it(clone):
    template = (clone / TEMPLATE).read_text()
    params = whole(clone / PARAMS)["imaging"]
    params["methods"] = ["baseline", "unet", "segresnet", "nnunet", "nnunet-both"]
    stages = yaml.safe_load(cohorts.pipeline(cohorts.PRIVATE["own"], template, params))["stages"]
    wanted = yaml.safe_load(template)["stages"]
    # All but what needs a second cohort.
    assert list(stages) == [*(name for name in wanted if name not in ("finetune-nnunet", "bootstrap")),
                            "corrected"]
    assert stages["train"]["matrix"] == wanted["train"]["matrix"]
    assert stages["prepare-nnunet"]["foreach"] == {"nnunet": "own"}
    assert stages["infer"]["foreach"] == dict.fromkeys(["unet", "segresnet", "nnunet"], "own")
    assert list(stages["detect"]["foreach"]) == ["baseline", "unet", "segresnet", "nnunet"]
    assert "--training-set own --record" in stages["prepare"]["cmd"]
    assert "--training-set own --out" in stages["unseen"]["cmd"]
    assert "unseen/own.csv" in stages["baseline"]["cmd"]
    assert stages["choose"]["cmd"].endswith("--networks nnunet unet segresnet")
    for name in ("pictures", "comparison", "summary"):
        assert " --methods baseline unet segresnet nnunet" in f"{stages[name]['cmd']} "
        assert "nnunet-" not in stages[name]["cmd"]
    assert not re.search(r"\b(both|lits)\b", " ".join(str(stages[name]) for name in (
        "unseen", "prepare", "prepare-nnunet", "baseline", "detect", "pictures", "choose")))
    assert "--release own-${key}" in stages["classify"]["do"]["cmd"]
    fewer = cohorts.pipeline(cohorts.PRIVATE["own"], template,
                             params | {"masks": ["predicted"], "networks": ["unet"]})
    stages = yaml.safe_load(fewer)["stages"]
    assert stages["extract"]["foreach"] == {"predicted": "data/own/masks/chosen"}
    assert stages["train"]["matrix"] == {"network": ["unet"]}
    assert "train-nnunet" not in stages and list(stages["infer"]["foreach"]) == ["unet"]


def test_the_protocol_without_leakage_is_shown_unless_the_other_is_asked_for(clone):
    template, params = (clone / TEMPLATE).read_text(), whole(clone / PARAMS)["imaging"]
    params |= {"methods": ["baseline"]}
    assert params["protocol"] == "corrected"
    stages = yaml.safe_load(cohorts.pipeline(cohorts.PRIVATE["own"], template, params))["stages"]
    study = yaml.safe_load((clone / cohorts.STUDY).read_text())["stages"]["corrected"]
    body = stages["corrected"]["do"]
    assert list(stages["corrected"]["foreach"]) == params["masks"]
    assert "--table data/own/features/${key}.csv" in body["cmd"]
    assert "--summary data/own/metrics/corrected/${key}.json" in body["cmd"]
    # Its code is what it is in the study: a change there makes the results older here too.
    code = [path for path in study["deps"] if path.startswith("stages/")]
    assert len(code) > 10 and set(code) <= set(body["deps"])
    assert body["params"] == [{f"{PARAMS}/classification.yaml": ["classification.corrected"]}]
    assert "item." not in str(body) and "data/own/metrics/corrected" in stages["summary"]["deps"]
    assert stages["summary"]["cmd"].endswith("--protocol corrected")
    released = cohorts.pipeline(cohorts.PRIVATE["own"], template, params | {"protocol": "as-released"})
    stages = yaml.safe_load(released)["stages"]
    assert "corrected" not in stages and "data/own/metrics/bootstrap" in stages["summary"]["deps"]


@pytest.mark.parametrize("choices, said", [
    ({"protocol": "as-described"}, "imaging.protocol"), ({"protocol": None}, "imaging.protocol"),
    ({"masks": ["predicted", "x; touch y"]}, "imaging.masks"), ({"methods": "baseline"}, "methods"),
    ({"networks": []}, "networks"), ({"networks": None}, "networks")])
def test_choices_that_the_pipeline_does_not_know(clone, choices, said):
    template = (clone / TEMPLATE).read_text()
    params = whole(clone / PARAMS)["imaging"]
    with pytest.raises(LauncherError, match=said):
        cohorts.pipeline(cohorts.PRIVATE["own"], template, params | choices)


@pytest.mark.parametrize("name", ["x; touch executed", "../own", "", 5, None])
def test_an_unknown_cohort_is_refused_in_one_line(name):
    with pytest.raises(LauncherError) as caught:
        cohorts.project(name)
    assert "valid: phantom, lits, own" in str(caught.value) and "\n" not in str(caught.value)
