"""What the intake reads of masks: structure sets, segmentations, the slices of a DICOM mask."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from stages.cohort import masked
from tests.cohort.mask_files import COMPLETE, FRAME, outlines, segmentation, structures
from tests.cohort.slices import series, table, values
from tests.fuzz import dicom_damage  # noqa: F401 (what it does to files is found by its kind)
from tests.fuzz.cases import Case
from tests.parameters import whole

SHAPE = (12, 10, 6)
COLUMNS = ("series", "study", "patient", "path", "mask", "lesion", "liver")
# Where `tests.cohort.slices` puts the first voxel, and its distances; LPS mm.
ORIGIN, SPACING = np.array([-10.0, 20.0, -300.0]), np.array([0.8, 0.7, 2.5])


def cases(root: Path) -> list[Case]:
    """Write a series and its masks of three kinds below ``root`` and return them."""
    os.chdir(root)
    home = root / "home"
    liver, first, second = (np.zeros(SHAPE, bool) for _ in range(3))
    liver[1:9, 2:9, 1:5] = True
    first[2:5, 3:6, 2:4] = True
    second[6:8, 4:8, 1] = True
    parts = {"Tumour 1": first, "Liver": liver, "TUMOUR 2": second}
    # Tissue: a lesion in padding is refused.
    series(home / "ct", np.abs(values(SHAPE)), **COMPLETE)
    structures(home / "rs.dcm", {name: outlines(mask, lambda index: ORIGIN + index * SPACING)
                                 for name, mask in parts.items()})
    segmentation(home / "seg.dcm", home / "ct", parts)
    series(home / "mask", np.where(first | second, 2, liver).astype(np.uint8), RescaleIntercept=0,
           series="1.2.826.0.1.42.9", Modality="OT", FrameOfReferenceUID=FRAME)
    named = ("Tumour*", "Liver")
    for name, mask, labels in (("rs", "rs.dcm", named), ("seg", "seg.dcm", named),
                               ("slices", "mask", ("", ""))):
        table(home / f"{name}.csv", [["a", "b", "c", "ct", mask, *labels]], COLUMNS)
    (root / "params.yaml").write_text(yaml.safe_dump({key: whole()[key] for key in
                                                      ("own", "radiomics")}))

    def taken(name):
        return Case("", "", "", masked.stage, ["--table", f"home/{name}.csv", "--params", "params.yaml",
                                               "--out", "out"], ["out"])

    slice_ = sorted((home / "mask").iterdir())[1].relative_to(root).as_posix()
    drawn = replace(taken("rs"), format="structure set (RTSTRUCT)", path="home/rs.dcm",
                    kind="dicom structures", counted=True)
    stored = replace(taken("seg"), format="segmentation (DICOM SEG)", path="home/seg.dcm",
                     kind="dicom segments", counted=True)
    return [
        replace(drawn, pipe=True), stored,
        # Once more: their headers say more than those of any other file.
        drawn, stored,
        replace(taken("slices"), format="mask's slices (DICOM)", path=slice_, kind="dicom slice"),
    ]
