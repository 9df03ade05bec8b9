"""What is read of a group's own nnU-Net: plans, labels, checkpoint, and the zip of an export."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.common import canonical, nifti
from stages.segmentation import predict
from tests.fuzz import archives  # noqa: F401 (what it does to files is found by its kind)
from tests.fuzz.cases import Case
from tests.segmentation import nnunet_later
from tests.segmentation.given_nnunet import NAME, dataset, plans, write

COLUMNS = ["File", "Cohort", "Segmentation", "image", "mask"]


def cases(root: Path) -> list[Case]:
    """Write two models, one of them as later releases do, and an export below ``root``."""
    os.chdir(root)
    (root / "kept").mkdir()
    first = write(root / "first", plans(), dataset())
    # nnU-Net 2.2 trains, and the plans of later releases name the same network.
    later = write(root / "later", plans(), dataset())
    (later / "plans.json").write_text(json.dumps(plans(architecture=True)))
    with zipfile.ZipFile(root / "export.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(item for item in first.rglob("*") if item.is_file()):
            out.writestr(zipfile.ZipInfo(path.relative_to(root / "first").as_posix()),
                         path.read_bytes())
    nifti.write(root / "s1.nii.gz", nifti.Volume(nnunet_later.image(), np.diag([2.9, 3.1, 4.2, 1.0])))
    canonical.write_bytes(root / "manifest.csv", canonical.csv_bytes(
        COLUMNS, [["s1", "own", "", "s1.nii.gz", "masks/s1.nii.gz"]]))

    def used(model):
        return Case("", "", "json", predict.stage, [
            "--nnunet", model, "--manifest", "manifest.csv", "--record", "kept/record.jsonl",
            "--failed", "failed.json", "--kept", "kept.csv"],
            # Not the record: it names the bytes of the model.
            ["masks", "failed.json", "kept.csv"])

    found = []
    for model in ("first", "later"):
        found += [
            replace(used(model), format="nnU-Net's plans (JSON)", path=f"{model}/{NAME}/plans.json"),
            replace(used(model), format="nnU-Net's labels (JSON)", path=f"{model}/{NAME}/dataset.json"),
            replace(used(model), format="nnU-Net's checkpoint", kind="checkpoint", counted=True,
                    path=f"{model}/{NAME}/fold_0/checkpoint_final.pth")]
    return [*found, replace(used("export.zip"), format="nnU-Net's export (zip)", path="export.zip",
                            kind="zip", counted=True, pipe=True)]
