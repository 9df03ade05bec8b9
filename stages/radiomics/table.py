"""Join the rows of all series into a feature table with the columns of the released one.

Series without features (no lesion found, or lesions too small for PyRadiomics) are listed in a
table of their own.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import GROUP, GROUPS, LABEL, SCORE, SERIES, STATUS
from stages.common.errors import InputError
from stages.common.manifest import IMAGE, MASK
from stages.common.parameters import section
from stages.radiomics import series
from stages.radiomics.parameters import read_lesion_count

CLASSES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
COUNT = "Num_Lesions"
TRAILING = (SCORE, STATUS, LABEL, GROUP)
BACKGROUND = {"components": 0, "components-and-background": 1}
EXCLUDED = (SERIES, "status", "reason", "components", "voxels")


def read_labels(path: str | Path) -> pd.DataFrame:
    """Read a manifest with NE scores and groups.

    Raises
    ------
    InputError
        Naming the first series whose score is no number or whose group is missing.
    """
    listed = series.read(path, (SCORE, GROUP))
    scores = pd.to_numeric(listed[SCORE], errors="coerce")
    checks = ((scores.isna(), "no number as NE_Score"), (listed[GROUP].isna(), "no Group"))
    infinite = [(np.isinf(listed[name]), f"an infinite {name}")
                for name in listed.select_dtypes("number")]
    unknown = (~listed[GROUP].isin(GROUPS), f"a Group other than {', '.join(GROUPS)}")
    for wrong, what in (*checks, *infinite, unknown):
        if wrong.any():
            raise InputError(f"series {listed[SERIES][wrong].iloc[0]} has {what}", path,
                             "fill it in, or take the series out")
    return listed.assign(**{SCORE: scores})


def read_rows(folder: str | Path, names: list[str]) -> list[dict]:
    """Read the row of every series.

    Raises
    ------
    InputError
        If one is missing, or is not a row.
    """
    found = []
    for name in names:
        path = Path(folder) / f"{name}.json"
        row = canonical.read_json(path)
        if not isinstance(row, dict) or not {*EXCLUDED} <= set(row):
            raise InputError("is no row of features", path, "run the stage extract again")
        complete = isinstance(row["components"], int) and (
            row["status"] != "features" or isinstance(row.get("values"), dict) and row["values"])
        complete = complete and all(_sound(*item) for item in (row.get("values") or {}).items())
        if not complete or row[SERIES] != name:
            raise InputError(f"is no whole row of series {name}", path,
                             "run the stage extract again")
        found.append(row)
    return found


def _sound(name: str, value) -> bool:
    """Tell whether a value can be a row's: what cannot be computed is null, NaN comes from damage."""
    number = isinstance(value, (int, float)) and math.isfinite(value)
    return number or value is None or isinstance(value, str) and not name.startswith("original_")


def join(rows: list[dict], listed: pd.DataFrame, rule: str,
         boundary: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the feature table and the list of series without features.

    Parameters
    ----------
    rows : list of dict
        n rows of the stage ``extract``, in the order of the manifest.
    listed : DataFrame
        The manifest, n rows.
    rule : str
        How lesions are counted: ``components`` or ``components-and-background``.
    boundary : float
        NE score above which a series is NE-positive, where the manifest has no NE_Class.

    Returns
    -------
    table : DataFrame
        File, 37 diagnostics, 107 features, Num_Lesions, NE_Score, NE_Status, NE_Class, Group, then
        every further column of the manifest.
    excluded : DataFrame
        File, status, reason, components, voxels.
    """
    computed = [row["status"] == "features" for row in rows]
    excluded = pd.DataFrame([{name: row[name] for name in EXCLUDED}
                             for row, there in zip(rows, computed) if not there], columns=EXCLUDED)
    kept = [row for row, there in zip(rows, computed) if there]
    values = pd.DataFrame([row["values"] for row in kept], columns=columns(kept))
    values.insert(0, SERIES, [row[SERIES] for row in kept])
    values[COUNT] = [row["components"] + BACKGROUND[rule] for row in kept]
    labels = _labels(listed, boundary)[np.array(computed, bool)].reset_index(drop=True)
    return pd.concat([values, labels], axis=1), excluded


def columns(rows: list[dict]) -> list[str]:
    """Return diagnostics and features of rows in the order of the released table."""
    if not rows:
        return []
    names = list(rows[0]["values"])
    # PyRadiomics sorts by the names of its methods, such as getMeanFeatureValue.
    ordered = sorted(names, key="{}FeatureValue".format)
    features = [name for kind in CLASSES
                for name in ordered if name.startswith(f"original_{kind}_")]
    return [name for name in DIAGNOSTICS if name in names] + features


def _labels(listed: pd.DataFrame, boundary: float) -> pd.DataFrame:
    labels = listed.copy()
    if LABEL not in labels:
        labels[LABEL] = (labels[SCORE] > boundary).astype(int)
    if STATUS not in labels:
        labels[STATUS] = labels[LABEL].map({1: "positive", 0: "negative"})
    paths = (SERIES, IMAGE, MASK)
    others = [name for name in labels.columns if name not in (*TRAILING, *paths)]
    return labels[[*TRAILING, *others]]


def _diagnostics() -> tuple[str, ...]:
    """Names of the 37 diagnostics, in the order of the released table."""
    image = ("Spacing", "Size", "Mean", "Minimum", "Maximum")
    mask = ("Spacing", "Size", "BoundingBox", "VoxelNum", "VolumeNum", "CenterOfMassIndex",
            "CenterOfMass")
    versions = ("PyRadiomics", "Numpy", "SimpleITK", "PyWavelet", "Python")
    return tuple(f"diagnostics_{name}" for name in (
        *(f"Versions_{name}" for name in versions),
        "Configuration_Settings", "Configuration_EnabledImageTypes",
        "Image-original_Hash", "Image-original_Dimensionality",
        *(f"Image-original_{name}" for name in image),
        "Mask-original_Hash", *(f"Mask-original_{name}" for name in mask),
        *(f"Image-interpolated_{name}" for name in image),
        *(f"Mask-interpolated_{name}" for name in (*mask, "Mean", "Minimum", "Maximum"))))


DIAGNOSTICS = _diagnostics()


def arguments(module: str, description: str | None, columns: str):
    """Parse the command line of a stage that joins rows; ``columns`` are the manifest's."""
    parser = cli.parser(module, description)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--manifest", required=True, help=f"CSV: {columns}")
    parser.add_argument("--rows", required=True, help="folder of the stage extract")
    parser.add_argument("--protocol", default="as-released",
                        help="decides how lesions are counted (default as-released)")
    parser.add_argument("--out", required=True, help="the feature table, CSV")
    parser.add_argument("--excluded", required=True, help="series without features, CSV")
    return parser.parse_args()


def main() -> None:
    """Run the stage."""
    options = arguments("stages.radiomics.table", __doc__,
                        "File, NE_Score, Group (NE_Class, NE_Status, study, patient …)")
    rule = read_lesion_count(options.params, options.protocol)
    boundary = section(options.params, "classification.boundary", float)
    listed = read_labels(options.manifest)
    rows = read_rows(options.rows, listed[SERIES].tolist())
    table, excluded = join(rows, listed, rule, boundary)
    if table.empty:
        raise InputError("no series has features", options.rows, "check the masks")
    canonical.write_csv(options.out, table)
    canonical.write_csv(options.excluded, excluded)


if __name__ == "__main__":
    cli.main(main)
