"""``make predict`` with a group's nnU-Net, interrupted at every place: the bytes of an undisturbed run.

Intake, network, features and pictures are the real ones; the classifiers, which come last and see all
series at once, are stood in for by a count of rows.
"""

import os
import re
import subprocess
import sys
from argparse import Namespace

import pytest

from containers.commands.predict_stages import PARAMETERS, PREDICTIONS
from containers.commands.shards import job, part, results, stages, way
from containers.launcher import ROOT, LauncherError

# A tiny nnU-Net of random weights, and CT of patients who do not exist.
WRITE = """
import sys
from pathlib import Path
import numpy as np
from stages.common import nifti
from stages.common.nifti import Volume
from tests.segmentation import given_nnunet
home = Path(sys.argv[1])
given_nnunet.write(home / "network", given_nnunet.plans(), given_nnunet.dataset())
for number, name in enumerate("abc"):
    image = np.random.default_rng(number).normal(80, 60, (16, 14, 10)).astype(np.int16)
    nifti.write(home / f"{name}.nii.gz", Volume(image, np.diag([3.0, 3.0, 4.0, 1.0])))
"""
NETWORK = "network/Dataset007_Tiny/nnUNetTrainer__nnUNetPlans__3d_fullres"
RESULTS = [*results.names(job.PREDICT), PREDICTIONS]


class Killed(BaseException):
    """What ends a run at once: nothing is written after it."""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    home = tmp_path_factory.mktemp("group")
    subprocess.run([sys.executable, ROOT / "containers" / "run", "--write", home, "segmentation", "--",
                    "python", "-c", WRITE, home], cwd=ROOT, check=True,
                   env={**os.environ, "MSCLC_ENGINE": "venv"})
    (home / "cohort.csv").write_text("series,path\n" + "".join(f"{n},{n}.nii.gz\n" for n in "abc"))
    return home


@pytest.fixture
def run(cohort, monkeypatch):
    """Return a function that makes predictions; stages end as ``ends`` says, by module."""
    launch = stages.launch

    def launched(line, ends):
        module = line[line.index("-m") + 1].rpartition(".")[2]
        end = ends.get(module)
        status = end if isinstance(end, int) else launch(line)
        if isinstance(end, type):
            raise end
        return status

    def work_on(self, parts):
        for number in range(len(parts)):
            if not parts.done(number):
                part.run(parts, number)
        return {}

    def last(work, new):
        (new / PREDICTIONS).write_bytes(b"of " + (new / "features.csv").read_bytes())
        return [PREDICTIONS]

    def made(out, **ends):
        monkeypatch.setenv("MSCLC_ENGINE", "venv")
        monkeypatch.setattr(stages, "launch", lambda line: launched(line, ends))
        monkeypatch.setattr(way.Way, "work_on", work_on)
        job._stamp.cache_clear()
        whole = job.Job(job.PREDICT, str(cohort / "cohort.csv"), PARAMETERS, {
            "network": "nnunet", "lesion": "", "liver": "", "device": "cpu",
            "model": str(cohort / NETWORK)}, [], False, ["a", "b", "c"])
        options = Namespace(shards=1, scheduler=way.LOCAL, jobs=None)
        with way.begun(out) as work:
            failed = way.Way(options, lambda work: whole, lambda work, _: [], RESULTS, last).made(
                out, work)
            way.ended(failed, work)
    return made


@pytest.fixture(scope="module")
def undisturbed():
    return {}


def everything(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*")
            # When a file was changed stands in what they were made of.
            if path.is_file() and way.WORK not in path.parts and path.name != results.DONE}


@pytest.fixture
def whole(run, undisturbed, tmp_path):
    if not undisturbed:
        run(tmp_path / "whole")
        undisturbed.update(everything(tmp_path / "whole"))
    assert {"masks/a.nii.gz", "overlays/c.png", "features.csv", "predictions.csv"} <= set(undisturbed)
    return undisturbed


def test_what_was_killed_after_the_network_goes_on(run, whole, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Killed):
        run(out, predict=Killed)
    run(out)
    assert everything(out) == whole


def test_a_mended_ct_replaces_the_results_without_it_when_it_is_there(run, whole, cohort, tmp_path):
    out, bad = tmp_path / "out", cohort / "b.nii.gz"
    good = bad.read_bytes()
    try:
        bad.write_bytes(good[:200])
        with pytest.raises(LauncherError, match="b.nii.gz: is a damaged gzip file"):
            run(out)
    finally:
        bad.write_bytes(good)
    first = everything(out)
    assert re.findall(r"^[abc],", first["failed.csv"].decode(), re.MULTILINE) == ["b,"]
    assert {"masks/a.nii.gz", "masks/c.nii.gz", "predictions.csv"} <= set(first)
    # The first results stay whatever happens to the next run.
    with pytest.raises(SystemExit):
        run(out, unlabelled=2)
    assert everything(out) == first
    with pytest.raises(Killed):
        run(out, preview=Killed)
    assert everything(out) == first
    with pytest.raises(LauncherError, match="part 0 did not end"):
        run(out, predict=1)
    assert everything(out) == first
    run(out)
    assert everything(out) == whole
