"""Count the cohort: what Tables 1 and 2 and Suppl. Table 1 say and a feature table can show."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import (
    COMPONENTS,
    GROUP,
    IMAGE_MINIMUM,
    LABEL,
    PATIENT,
    RESAMPLED,
    SCORE,
    SERIES,
    STUDY,
    spacing_mm,
)
from stages.common.errors import InputError

LESIONS = "Num_Lesions"
# What PyRadiomics computed; further columns are its diagnostics and the labels.
RADIOMIC = "original_"
BODY = "_Body_"
SETTINGS = "diagnostics_Configuration_Settings"


def counts(table: pd.DataFrame) -> dict:
    """Count series, studies and patients of a table with one row per series."""
    return {"series": len(table), "studies": table[STUDY].nunique(),
            "patients": table[PATIENT].nunique()}


def summary(values) -> dict:
    """Return n, minimum, median, mean and maximum."""
    values = np.asarray(values, dtype=float)
    if not len(values):
        return {"n": 0}
    return {"n": len(values), "min": values.min(), "median": np.median(values),
            "mean": values.mean(), "max": values.max()}


def _ratio(table):
    positive = int((table[LABEL] == 1).sum())
    return (len(table) - positive) / positive


def _common(column: pd.Series) -> str:
    """Return the versions that the rows record, without a leading ``v``."""
    return " ".join(sorted({str(value).removeprefix("v") for value in column}))


def requested_mm(table: pd.DataFrame, source: str) -> np.ndarray:
    """Return the voxel spacing (mm) that the recorded settings ask for.

    Parameters
    ----------
    table : DataFrame
        n rows.
    source : str
        The file, for error messages.

    Returns
    -------
    (n, 3) array of float

    Raises
    ------
    InputError
        If a row records no such setting.
    """
    found = []
    for series, text in zip(table[SERIES], table[SETTINGS]):
        try:
            x, y, z = ast.literal_eval(str(text))["resampledPixelSpacing"]
            found.append([float(x), float(y), float(z)])
        except (ValueError, SyntaxError, KeyError, TypeError):
            raise InputError(f"{series}: {SETTINGS} names no resampledPixelSpacing of three numbers",
                             source, "fetch the table again") from None
    return np.array(found)


def acquisition(table: pd.DataFrame, spacing: np.ndarray) -> dict:
    """Summarise in-plane resolution (mm) and slice spacing (mm) of n series.

    Parameters
    ----------
    table : DataFrame
        n rows.
    spacing : ndarray, shape (n, 3)
        Voxel spacing in mm.
    """
    thickness = spacing[:, 2]
    between = (thickness > 1) & (thickness < 5)
    return counts(table) | {
        "in_plane_mm": summary(spacing[:, 0]),
        "slice_mm": {"1": int((thickness == 1).sum()), "1-5": int(between.sum()),
                     "5": int((thickness == 5).sum())},
    }


def describe(table: pd.DataFrame, source: str) -> dict:
    """Describe a cohort table.

    Parameters
    ----------
    table : DataFrame
        Canonical table, n rows (series).
    source : str
        The file, for error messages.

    Returns
    -------
    dict
        Counts by group and label, lesions, series per study, studies per patient, acquisition.

    Notes
    -----
    The scanner is not released. The padding value of the images divides the series into one group
    padded with -1024 and one padded with -2048 (or one unit beside it); ``padding`` describes both.
    ``other_with_body_kernel`` and ``other_without`` divide the second, less the series whose slices lie
    between 1 and 5 mm apart, by the kernel that the series' names state: TOSHIBA's for the body, or
    another one (most name AiCE, a reconstruction by Canon).
    """
    spacing = spacing_mm(table, source)
    padded = (table[IMAGE_MINIMUM] == -1024).to_numpy()
    between = (spacing[:, 2] > 1) & (spacing[:, 2] < 5)
    named = table[SERIES].astype(str).str.contains(BODY, regex=False).to_numpy()
    with_body, without = ~padded & ~between & named, ~padded & ~between & ~named
    groups = {"train+val": table[GROUP] != "test"}
    groups |= {name: table[GROUP] == name for name in ("train", "val", "test")}
    labels = {"positive": table[LABEL] == 1, "negative": table[LABEL] == 0}
    radiomic = sum(name.startswith(RADIOMIC) for name in table)
    series_per_study = table.groupby(STUDY)[SERIES].size()
    return {
        "all": counts(table),
        "features": radiomic + int(LESIONS in table),
        "features_pyradiomics": radiomic,
        "negative_per_positive_train": _ratio(table[table[GROUP] != "test"]),
        "versions": {name: _common(table[f"diagnostics_Versions_{name}"])
                     for name in ("PyRadiomics", "Numpy", "SimpleITK", "PyWavelet", "Python")},
        "resampled_mm": {axis: summary(values) for axis, values in
                         zip("xyz", spacing_mm(table, source, RESAMPLED).T)},
        "requested_mm": {axis: summary(values) for axis, values in
                         zip("xyz", requested_mm(table, source).T)},
        "group": {name: counts(table[rows]) for name, rows in groups.items()},
        "label": {name: counts(table[rows]) for name, rows in labels.items()},
        "group_label": {f"{group} {label}": counts(table[in_group & in_label])
                        for group, in_group in groups.items()
                        for label, in_label in labels.items()},
        "patients_with_both_labels": int((table.groupby(PATIENT)[LABEL].nunique() > 1).sum()),
        "score": summary(table[SCORE]),
        "components": summary(table[COMPONENTS]),
        "num_lesions": summary(table[LESIONS]),
        "num_lesions_minus_components": sorted(set((table[LESIONS] - table[COMPONENTS]).astype(int))),
        "series_per_study": {str(k): int(v) for k, v in
                             series_per_study.value_counts().sort_index().items()},
        "studies_per_patient": summary(table.groupby(PATIENT)[STUDY].nunique()),
        "acquisition": acquisition(table, spacing),
        "padding": {"-1024": acquisition(table[padded], spacing[padded]),
                    "other": acquisition(table[~padded], spacing[~padded])},
        "other_with_body_kernel": acquisition(table[with_body], spacing[with_body]),
        "other_without": acquisition(table[without], spacing[without]),
        "slice_between_1_and_5": sorted(
            ({"series": name, "in_plane_mm": float(xyz[0]), "slice_mm": float(xyz[2])}
             for name, xyz in zip(table.loc[between, SERIES], spacing[between])),
            key=lambda item: item["series"]),
    }


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.describe", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="canonical table (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="counts (JSON)")
    options = parser.parse_args()
    table = canonical.read_csv(options.table)
    canonical.write_json(options.out, describe(table, str(options.table)))


if __name__ == "__main__":
    cli.main(stage)
