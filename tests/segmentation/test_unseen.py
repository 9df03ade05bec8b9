"""What a network is tested on: nothing of a patient it was trained on, and all that it may be."""

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical, nifti
from stages.segmentation import unseen
from tests.segmentation.volumes import AFFINE, PARAMS, box

SHAPE = (8, 8, 4)
# File, patient, cohort, part, lesions.
ROWS = [("l-train", "l1", "lits", "train", 1), ("l-test", "l2", "lits", "test", 1),
        ("s-train", "p1", "sclc", "train", 1), ("s-test", "p2", "sclc", "test", 1),
        ("s-plain", "p3", "sclc", "", 1), ("s-free", "p3", "sclc", "", 0),
        ("s-free-known", "p1", "sclc", "", 0), ("s-unmasked", "p4", "sclc", "", None),
        ("l-again", "l1", "lits", "test", 1)]


@pytest.fixture
def listed(tmp_path):
    rows = []
    for name, patient, cohort, part, lesions in ROWS:
        mask = "" if lesions is None else f"{name}.nii.gz"
        if mask:
            data = box(SHAPE, ((2, 2, 1), (4, 4, 3))) if lesions else np.ones(SHAPE, np.uint8)
            nifti.write(tmp_path / mask, nifti.Volume(data, AFFINE))
        rows.append([name, patient, cohort, part, f"{name}_ct.nii.gz", mask])
    columns = ["File", "patient", "Cohort", "Segmentation", "image", "mask"]
    canonical.write_bytes(tmp_path / "manifest.csv", canonical.csv_bytes(columns, rows))
    return tmp_path / "manifest.csv"


def lists(manifest, call, *sets):
    out = manifest.parent / "far" / "lists"
    code, said = call(unseen.stage, "--manifest", manifest, "--params", PARAMS, "--training-set", *sets,
                      "--out", out)
    return code, said, {path.stem: pd.read_csv(path) for path in sorted(out.glob("*.csv"))}


def test_a_network_of_one_cohort_is_tested_on_all_of_the_other(listed, call):
    code, said, found = lists(listed, call, "lits", "both")
    assert code == 0, said
    assert found["lits"]["File"].tolist() == ["l-test", "s-train", "s-test", "s-free", "s-free-known"]
    assert found["both"]["File"].tolist() == ["l-test", "s-test", "s-free"]
    for name in found["lits"]["mask"]:
        assert (listed.parent / "far" / "lists" / name).resolve().is_file()


def test_no_series_without_lesions_is_said_in_one_line(listed, call):
    table = pd.read_csv(listed)
    canonical.write_csv(listed, table[~table["File"].str.contains("free")])
    code, said, found = lists(listed, call, "both")
    assert code == 0 and "free of lesions" in said.splitlines()[-1]
    assert found["both"]["File"].tolist() == ["l-test", "s-test"]


def test_nothing_to_test_on_is_refused(listed, call):
    table = pd.read_csv(listed)
    canonical.write_csv(listed, table[table["Segmentation"] == "train"])
    code, said, found = lists(listed, call, "both")
    assert code == 2 and "hold patients out" in said and not found
