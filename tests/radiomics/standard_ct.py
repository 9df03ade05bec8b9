"""The CT phantom of the standard (IBSI 1): configurations C, D and E against the reference values.

``python -m tests.radiomics.standard_ct --phantom FOLDER`` prints JSON: for each configuration how many
features are within the standard's tolerance, which are not, and the largest share of a tolerance. C's
reference values lie beside the phantom, D's and E's here: those of PyRadiomics' features, of
the IBSI reference manual (arXiv:1612.07003v11, CC BY 4.0), as two public repositories hold them (D:
oncoray/mirp @ ba820737, E: medical-physics-usz/z-rad @ 778d4b92); not compared with the manual itself.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import SimpleITK as sitk

from stages.radiomics import standard
from stages.radiomics.extract import _prepare
from stages.radiomics.standard import Standard
from tests.radiomics.standard_tags import TAGS

C = Standard((2.0, 2.0, 2.0), (-1000.0, 400.0), 25.0)
E = replace(C, bins=32, outliers=3.0, interpolation="spline")
CONFIGURATIONS = {"C": C, "D": replace(E, bounds=(), interpolation="linear"), "E": E}
# By the standard's image processing: voxels, their mean and extremes.
PROCESSED = {"int_mask_vox_count_interp_roi": "VoxelNum", "int_mask_mean_int_interp_roi": "Mean",
             "int_mask_min_int_interp_roi": "Minimum", "int_mask_max_int_interp_roi": "Maximum"}


def read(folder: Path) -> list[sitk.Image]:
    """Read the phantom and its region."""
    return [sitk.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("image", "mask")]


def reference(folder: Path, name: str) -> dict[str, tuple[float, float]]:
    """Return reference value and tolerance by tag."""
    beside = folder / "ibsi_1_ct_config_c.csv"
    path = beside if name == "C" else Path(__file__).with_name(f"ibsi_ct_{name.lower()}.csv")
    with open(path, encoding="utf-8-sig") as stream:
        return {row["tag"]: (float(row["reference value"]), float(row["tolerance"]))
                for row in csv.DictReader(stream, delimiter=";") if row["reference value"]}


def shares(values: dict, known: dict[str, tuple[float, float]], names: dict[str, str]) -> dict:
    """Return how far each value (by PyRadiomics' name) is from its reference, in tolerances."""
    voxels = values["diagnostics_Mask-interpolated_VoxelNum"]
    found = {}
    for name, tag in names.items():
        # As in the digital phantom's test: the excess kurtosis, axes by the voxels' number.
        value = float(values[name]) - 3 * name.endswith("Kurtosis")
        value *= (voxels / (voxels - 1)) ** 0.5 if name.endswith("AxisLength") else 1
        expected, tolerance = known[tag]
        away = abs(value - expected)
        found[name] = away / tolerance if tolerance else (float("inf") if away else 0.0)
    return found


def compared(values: dict, known: dict[str, tuple[float, float]]) -> dict[str, dict]:
    """Return `shares` of the processed image and of the features."""
    processed = {f"diagnostics_Mask-interpolated_{name}": tag for tag, name in PROCESSED.items()}
    return {"processed": shares(values, known, processed), "features": shares(values, known, TAGS)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantom", type=Path, required=True)
    options = parser.parse_args()
    _prepare()
    pair = read(options.phantom)
    print(json.dumps({name: compared(standard.extract(pair, how), reference(options.phantom, name))
                      for name, how in CONFIGURATIONS.items()}))
