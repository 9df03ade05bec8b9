"""Compare rows of the stage ``extract`` with plain PyRadiomics on the files as a user stored them.

``python -m tests.radiomics.as_stored --table cohort.csv --rows FOLDER`` prints JSON: for each series
how many features are equal to the bit, and the largest relative difference with the feature's name.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
from pathlib import Path

import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

LESION = 2


def read(path: Path) -> sitk.Image:
    """Read a file or a DICOM series as SimpleITK's documentation shows."""
    if path.is_dir():
        return sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(path)))
    return sitk.ReadImage(str(path))


def compare(image: Path, mask: Path, row: dict) -> dict:
    """Return how the features of a row differ from PyRadiomics'."""
    series, lesions = read(image), read(mask)
    if image.is_dir():
        # A NIfTI mask has its place in single precision.
        lesions.CopyInformation(series)
    tool = RadiomicsFeatureExtractor(resampledPixelSpacing=[1, 1, 1], additionalInfo=False)
    theirs = tool.execute(series, lesions, label=LESION)
    ours = row["values"]
    apart = {name: abs(ours[name] - float(value)) / max(abs(float(value)), 1e-300)
             for name, value in theirs.items() if name.startswith("original_")}
    worst = max(apart, key=apart.get)
    return {"features": len(apart), "equal": sum(value == 0.0 for value in apart.values()),
            "other": sorted(name for name, value in apart.items() if value),
            "largest": apart[worst], "type": series.GetPixelIDTypeAsString(),
            "voxels": row["voxels"]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    options = parser.parse_args()
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    sitk.ProcessObject.GlobalWarningDisplayOff()
    home, found = options.table.parent, {}
    for line in csv.DictReader(options.table.open(encoding="utf-8")):
        row = json.loads((options.rows / f"{line['series']}.json").read_text())
        found[line["series"]] = compare(home / line["path"], home / line["mask"], row)
    print(json.dumps(found))
