"""What is equal to the originals: features to PyRadiomics', to the standard's, labels to nnU-Net's.

Called as ``.venv/bin/python -m benchmarks.equality orientations``, ``standard`` or ``nnunet``; with
``--write`` the table goes to docs/imaging.md. ``standard``, and the real CT of ``orientations``, need
the mirror of real data (DATA_MIRROR). What is measured is what the tests require
(tests/own_features.py, tests/radiomics/standard_ct.py, tests/segmentation/given_equal.py).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

from containers.commands.reliability import table, write
from containers.launcher import ROOT
from tests.own_features import differences, launch

DOCUMENT = ROOT / "docs" / "imaging.md"
MIRROR = Path(os.environ.get("DATA_MIRROR", ROOT.parent / "shared" / "data"))
REAL, PHANTOM = MIRROR / "crlm_ct_nomask" / "CRLM-CT-1004.nii.gz", MIRROR / "ibsi_ct_phantom"
# Series' names by format, in the words of the table.
FORMATS = {"nifti": "NIfTI", "nrrd": "NRRD", "dicom": "DICOM", "ct-whole": "a real CT, NIfTI",
           "ct": "a part of it, NIfTI"}
PROCESSING = {
    "C": "linear, -1000 to 400 HU, bins of 25 HU",
    "D": "linear, outliers (3 SD) left out, 32 grey levels",
    "E": "cubic spline, -1000 to 400 HU, outliers (3 SD) left out, 32 grey levels"}


def orientations() -> str:
    """Return the table of features of files that are stored in many ways."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="equality-") as scratch:
        found |= differences(Path(scratch, "phantom"))
        if REAL.is_file():
            found |= differences(Path(scratch, "real"), "--ct", REAL)
        else:
            print(f"no real CT: {REAL}", file=sys.stderr)
    rows = []
    for kind, words in FORMATS.items():
        series = [one for name, one in found.items() if re.fullmatch(rf"{kind}-?\d*", name)]
        if series:
            others = sorted({name.removeprefix("original_") for one in series for name in one["other"]})
            equal = sorted({one["equal"] for one in series})
            rows.append([words, len(series), " to ".join(map(str, {equal[0]: 0, equal[-1]: 0})),
                         series[0]["features"], f"{max(one['largest'] for one in series):.1g}",
                         ", ".join(others)])
    return table(["stored as", "orientations", "features equal to the bit", "of",
                  "largest relative difference of the rest", "the rest"], rows)


def standard() -> str:
    """Return the table of the standard's CT phantom."""
    found = json.loads(launch("radiomics", "tests.radiomics.standard_ct", "--phantom", PHANTOM))
    rows = []
    for name, parts in found.items():
        within = {part: f"{sum(share <= 1 for share in shares.values())} of {len(shares)}"
                  for part, shares in parts.items()}
        worst = max(parts["features"], key=parts["features"].get)
        rows.append([name, PROCESSING[name], within["processed"], within["features"],
                     f"{parts['features'][worst]:.2f} (`{worst.removeprefix('original_')}`)"])
    return table(["configuration", "image processing", "values of the processed image within tolerance",
                  "features of equal definition within tolerance", "largest share of a tolerance"],
                 rows)


def nnunet() -> str:
    """Return the table of labels of imported nnU-Nets."""
    found = json.loads(launch("segmentation", "tests.segmentation.given_equal"))
    rows = [[one["release"], one["what"], one["folds"], one["voxels"],
             f"{1e4 * one['differing'] / one['voxels']:g}"] for one in found]
    return table(["plans and labels by nnU-Net", "case", "folds", "voxels",
                  "other labels in 10,000 voxels"], rows)


def main() -> None:
    """Measure one of them."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["orientations", "standard", "nnunet"])
    parser.add_argument("--write", action="store_true", help="into docs/imaging.md")
    options = parser.parse_args()
    text = {"orientations": orientations, "standard": standard, "nnunet": nnunet}[options.what]()
    print(text)
    if options.write:
        write(f"{options.what} equal", text, DOCUMENT)


if __name__ == "__main__":
    main()
