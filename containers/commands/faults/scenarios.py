"""What is killed, or run in other surroundings: every scenario, those with models and pipelines here.

``make predict`` gets three scans of nobody, a tiny nnU-Net of random weights and small classifiers with
their card; ``make demo`` the small house with another study's synthetic pipeline, cut to the stages
that take seconds.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import yaml

from containers.commands.faults import house
from containers.commands.faults.house import HOUSE, OWN, PARTS, RELEASE, Scenario
from containers.launcher import ROOT

# Classifiers of random features, as the fuzzer has them; a network and scans, as the tests do.
CLASSIFIERS = "import sys; from pathlib import Path; from tests.fuzz import classification; " \
              "classification.cases(Path(sys.argv[1]))"
NETWORK = """
import sys
from pathlib import Path
import numpy as np
from stages.common import nifti
from stages.common.nifti import Volume
from tests.segmentation import given_nnunet
home = Path(sys.argv[1])
given_nnunet.write(home / "network", given_nnunet.plans(), given_nnunet.dataset())
(home / "ct").mkdir()
for number, name in enumerate("abc"):
    image = np.random.default_rng(number).normal(80, 60, (16, 14, 10)).astype(np.int16)
    nifti.write(home / "ct" / f"{name}.nii.gz", Volume(image, np.diag([3.0, 3.0, 4.0, 1.0])))
"""
# A study's synthetic pipeline, and its stages that take seconds: scans are drawn, contours of them
# measured, survival simulated.
STUDY = "sclc_recurrence"
QUICK = ("cohort", "scans", "contours", "counted")
# Scans, of which the study has more.
FEW = 4


def models(folder: Path) -> None:
    """Write scans, a network and classifiers with their card."""
    for room, script, name in (("classification-paper", CLASSIFIERS, "trained"),
                               ("segmentation", NETWORK, "group")):
        (folder / name).mkdir()
        house.call(ROOT, sys.executable, str(ROOT / "containers" / "run"), "--write", str(folder),
                   "--tests", room, "--", "python", "-c", script, str(folder / name),
                   MSCLC_ENGINE="venv")


def predict(folder: Path) -> list[str]:
    """Return the command that predicts, in two parts."""
    given = {"ct": "group/ct", "nnunet": "group/network", "classifiers": "trained/models",
             "card": "trained/card.json", "out": "out"}
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "containers.commands.predict",
            *(f"--{name}={folder}/{path}" for name, path in given.items()), "--shards=2"]


def synthetic(folder: Path) -> None:
    """Write the small house with a synthetic pipeline."""
    shutil.copytree(ROOT / "studies" / STUDY, folder / "studies" / STUDY,
                    ignore=shutil.ignore_patterns("__pycache__"))
    house.house(folder)
    for name in ("dvc.yaml", "dvc.lock"):
        (folder / "studies" / STUDY / name).unlink()
        # Without the lock that git holds, stages that ran side by side would be in it as they ended.
        path = folder / "studies" / STUDY / "synthetic" / name
        content = yaml.safe_load(path.read_text())
        content["stages"] = {one: stage for one, stage in content["stages"].items()
                             if one.partition("@")[0] in QUICK}
        path.write_text(yaml.safe_dump({key: content[key] for key in ("schema", "stages")
                                        if key in content}, sort_keys=False))
    path = folder / "studies" / STUDY / "params" / "images.yaml"
    content = yaml.safe_load(path.read_text())
    content["images"]["patients"] = FEW
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    house.commit(folder)


def demo(folder: Path) -> list[str]:
    """Return the command that runs it."""
    python = str(ROOT / ".venv" / "bin" / "python")
    return [python, "-m", "containers.commands.demo", f"--study={STUDY}"]


# It keeps where the scans are, and when they changed.
PREDICT = Scenario("make predict, in two parts", models, predict, ("out/.done.json",))
DEMO = Scenario("make demo, the quick stages of a study", synthetic, demo)
SCENARIOS = {"reproduce": HOUSE, "own": OWN, "parts": PARTS, "release": RELEASE, "predict": PREDICT,
             "demo": DEMO}
