"""What the extraction of features reads: images and masks in two formats, a manifest, its own rows."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk
import yaml

from stages.radiomics import extract, measure, table
from tests.fuzz.cases import Case, run
from tests.parameters import whole
from tests.radiomics.conftest import phantom, write


def cases(root: Path) -> list[Case]:
    """Write two small series below ``root``, extract their features, and return what is read."""
    os.chdir(root)
    image, lesions = phantom(1, shape=(6, 14, 15))
    mask = sitk.GetImageFromArray(sitk.GetArrayFromImage(lesions).astype(np.uint8))
    mask.CopyInformation(image)
    for name in ("images", "masks"):
        (root / name).mkdir()
    write(root, (image, mask), "images/a.nii.gz", "masks/a.nii.gz")
    for kind, volume in (("images", image), ("masks", mask)):
        sitk.WriteImage(volume, f"{kind}/b.nrrd", False)
    for name, files in (("a", ["a.nii.gz"]), ("b", ["b.nrrd"])):
        pd.DataFrame({"File": files, "image": [f"images/{name}" for name in files],
                      "mask": [f"masks/{name}" for name in files], "NE_Score": 0.3, "Group": "train",
                      "patient": "p1"}).to_csv(f"{name}.csv", index=False)
    content = whole()
    content["radiomics"]["spacing"] = [2.0, 2.0, 3.0]
    (root / "params.yaml").write_text(yaml.safe_dump(
        {key: content[key] for key in ("radiomics", "imaging", "classification", "standard")}))

    def extracted(name, *more):
        return Case("", "", "gzip", extract.main, [
            "--params", "params.yaml", "--manifest", f"{name}.csv", "--out", "rows", "--jobs", "1",
            *more], ["rows"])

    run(extract.main, [*extracted("a").arguments[:5], "done", "--jobs", "1"])
    (root / "rows").mkdir(exist_ok=True)
    joined = Case("", "", "csv", table.main, [
        "--params", "params.yaml", "--manifest", "a.csv", "--rows", "done", "--out", "table.csv",
        "--excluded", "excluded.csv"], ["table.csv", "excluded.csv"])
    pd.read_csv("a.csv").assign(study="x").to_csv("own.csv", index=False)
    Path("own.yaml").write_text("featureClass: {firstorder: [Mean, Entropy]}\n"
                                "setting: {binWidth: 25, resampledPixelSpacing: [2, 2, 2]}\n")
    measured = Case("PyRadiomics' settings (YAML)", "own.yaml", "yaml", measure.stage, [
        "--params", "params.yaml", "--manifest", "own.csv", "--settings", "own.yaml", "--jobs", "1",
        "--out", "measured"], ["measured"])
    return [
        replace(extracted("a"), format="NIfTI", path="images/a.nii.gz"),
        replace(extracted("a"), format="NIfTI", path="masks/a.nii.gz"),
        replace(extracted("b"), format="NRRD", path="images/b.nrrd", kind="nrrd"),
        replace(extracted("b"), format="NRRD", path="masks/b.nrrd", kind="nrrd"),
        replace(extracted("a"), format="parameters (YAML)", path="params.yaml", kind="yaml"),
        replace(extracted("a"), format="cohort's manifest", path="a.csv", kind="csv"),
        replace(joined, format="cohort's manifest", path="a.csv"),
        replace(joined, format="rows of features (JSON)", path="done/a.nii.gz.json", kind="json"),
        measured,
    ]
