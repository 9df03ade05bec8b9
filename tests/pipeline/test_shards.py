"""``make features`` in parts: the tables of the whole, whatever is bad, killed or in another order."""

import os
import re
import subprocess
import sys
import threading

import pytest

from containers.commands.shards import job, slurm
from containers.launcher import ROOT
from tests.slurm import cluster, lacking, wait

# Six series of patients who do not exist, and a mask that has no lesion.
WRITE = """
import sys
from pathlib import Path
import numpy as np
from stages.common import nifti
from stages.common.nifti import Volume
home, mask = Path(sys.argv[1]), np.ones((12, 10, 8), np.uint8)
nifti.write(home / "none.nii.gz", Volume(mask, np.eye(4)))
mask[3:8, 3:7, 2:6] = 2
nifti.write(home / "mask.nii.gz", Volume(mask, np.eye(4)))
for number in range(6):
    image = np.random.default_rng(number).normal(80, 20, mask.shape).astype(np.int16)
    nifti.write(home / f"s{number}.nii.gz", Volume(image, np.eye(4)))
"""


def features(table, out, *more, **variables):
    done = subprocess.run(
        [sys.executable, "-m", "containers.commands.features", "--table", table, "--out", out,
         "--regions", "lesions,each", *map(str, more)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "MSCLC_ENGINE": "venv", **variables})
    return done.returncode, done.stdout, done.stderr


def tables(out):
    return [(out / name).read_bytes() for name in job.TABLES]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    home = tmp_path_factory.mktemp("own")
    subprocess.run([sys.executable, ROOT / "containers" / "run", "--write", home, "cohort", "--",
                    "python", "-c", WRITE, home], cwd=ROOT, check=True,
                   env={**os.environ, "MSCLC_ENGINE": "venv"})
    rows = [f"s{number},s{number}.nii.gz,{'none' if number == 1 else 'mask'}.nii.gz\n"
            for number in range(6)]
    for name, listed in (("cohort", rows), ("reversed", rows[::-1])):
        (home / f"{name}.csv").write_text("series,path,mask\n" + "".join(listed))
    return home


@pytest.fixture(scope="module")
def whole(cohort, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    code, said, error = features(cohort / "cohort.csv", out)
    assert code == 0 and "features.csv: 10 rows; 1 without features" in said, error
    return tables(out)


def test_a_bad_series_fails_alone_and_the_next_run_makes_what_is_missing(cohort, whole, tmp_path):
    table, out, bad = cohort / "reversed.csv", tmp_path / "out", cohort / "s5.nii.gz"
    good = bad.read_bytes()
    try:
        bad.write_bytes(good[:200])
        code, _, error = features(table, out, "--shards", 2)
        assert code == 2 and error.splitlines()[-1].startswith(f"error: {bad}: is a damaged gzip file")
        assert (out / "failed.csv").read_text().startswith(f"File,reason\ns5,{bad}: is a damaged gzip")
        # The others are there.
        assert all(a.startswith(b) and len(a) > len(b) for a, b in list(zip(whole, tables(out)))[::2])
    finally:
        bad.write_bytes(good)
    first, second = (out / ".incomplete" / "parts" / name for name in ("00000", "00001"))
    assert not (first / "cohort").exists() and (second / "cohort" / "images").is_dir()
    code, _, error = features(table, out, "--shards", 3)
    assert code == 0 and "notice: 2 parts, as the run before" in error, error
    # The part of the bad series alone.
    assert "parts 0 of" not in error and "own: series 3 of 3" in error
    assert tables(out) == whole and sorted(item.name for item in out.iterdir()) == [
        ".done.json", ".gitignore", *sorted(job.TABLES)]
    assert "made before: nothing to do" in features(table, out)[1]


@pytest.mark.skipif(bool(lacking()), reason=lacking() or "a cluster can be started")
def test_a_job_array_gives_the_same_and_a_killed_task_is_made_again(cohort, whole, tmp_path):
    out = tmp_path / "out"
    with cluster(tmp_path / "slurm") as running:
        options = ("--shards", 2, "--scheduler", "slurm")

        def kill():
            # As soon as it has done something.
            wait((out / ".incomplete/parts/00001/cohort.jsonl").exists, "the second part",
                 running.home / "slurmctld.log", 120)
            array = job.read(out / ".incomplete" / slurm.ARRAY)["array"]
            running.call("scancel", "--full", "--signal=KILL", f"{array}_1")
        killer = threading.Thread(target=kill)
        killer.start()
        code, _, error = features(cohort / "reversed.csv", out, *options, **running.variables)
        killer.join()
        assert code == 2, error
        assert re.search(r"part 1 did not end \(SLURM: (FAILED|CANCELLED)\)", error), error
        assert (out / "failed.csv").read_text().count("part 1 did not end") == 3
        code, _, error = features(cohort / "reversed.csv", out, *options, **running.variables)
        assert code == 0 and "parts 0 of 1" in error, error
    assert tables(out) == whole
