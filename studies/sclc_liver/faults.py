"""Look for faults in the released tables: series that differ from all the others.

Every finding names its series. What the dates, scores and volumes of several series say together
(one score for several studies, two series of one study that disagree) stands under ``labels`` and
``pairs``.
"""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import (
    FEATURES,
    GROUP,
    PATIENT,
    RESAMPLED,
    SCORE,
    SERIES,
    SPACING,
    STUDY,
    VOXELS,
    spacing_mm,
)
from stages.common.errors import InputError
from studies.sclc_liver import cells, relations
from studies.sclc_liver.parameters import Faults, read_faults

SETTINGS = "diagnostics_Configuration_Settings"
CONSTANT = (SETTINGS, "diagnostics_Configuration_EnabledImageTypes",
            "diagnostics_Image-original_Dimensionality", "diagnostics_Versions_PyRadiomics",
            "diagnostics_Versions_Numpy", "diagnostics_Versions_SimpleITK",
            "diagnostics_Versions_PyWavelet", "diagnostics_Versions_Python")
IDENTITIES = ("diagnostics_Image-original_Hash", "diagnostics_Mask-original_Hash")
SAME_GRID = (("diagnostics_Image-original_Spacing", SPACING),
             ("diagnostics_Image-original_Size", "diagnostics_Mask-original_Size"),
             ("diagnostics_Image-interpolated_Spacing", RESAMPLED))
NEEDED = (SERIES, STUDY, PATIENT, GROUP, SCORE, VOXELS, SPACING, RESAMPLED, relations.VOXELS,
          *CONSTANT, *IDENTITIES, *(name for pair in SAME_GRID for name in pair))

# Slice thickness in the name of a series: the number behind the reconstruction's name.
# Source: names of the series in the released table.
NAMED_MM = re.compile(r"_(?:STD|STND|5X5STND|Body|AiCE)_(\d+(?:\.\d+)?)")


def odd(table: pd.DataFrame, column: str) -> list[str]:
    """Return the series whose cell differs from the most frequent one of the column."""
    return sorted(table.loc[table[column] != table[column].mode()[0], SERIES])


def disobeyed(table: pd.DataFrame, source: str) -> list[dict]:
    """Return the series whose resampled spacing is not the one that their settings ask for."""
    found = []
    for series, text, spacing in zip(table[SERIES], table[SETTINGS],
                                     spacing_mm(table, source, RESAMPLED)):
        asked = ast.literal_eval(text)["resampledPixelSpacing"]
        if list(spacing) != [float(value) for value in asked]:
            found.append({"series": series, "asked_mm": asked, "spacing_mm": list(spacing)})
    return found


def twins(table: pd.DataFrame, columns) -> list[list[str]]:
    """Return groups of series that share the values of ``columns``."""
    groups = table.groupby(list(columns), sort=True)[SERIES].apply(sorted)
    return [group for group in groups if len(group) > 1]


def volumes(table: pd.DataFrame, source: str) -> dict:
    """Compare the volume of each mask before and after resampling, and with its mesh."""
    before = table[VOXELS].to_numpy(float) * spacing_mm(table, source).prod(axis=1)
    after = (table[relations.VOXELS].to_numpy(float)
             * spacing_mm(table, source, RESAMPLED).prod(axis=1))
    mesh = table["original_shape_MeshVolume"].to_numpy(float) / after
    return {"resampled_per_original": _extremes(table, after / before),
            "mesh_per_voxels": _extremes(table, mesh)}


def _extremes(table, values):
    low, high = int(values.argmin()), int(values.argmax())
    return {"min": float(values[low]), "min_series": table[SERIES].iloc[low],
            "median": float(np.median(values)), "max": float(values[high]),
            "max_series": table[SERIES].iloc[high]}


def pairs(table: pd.DataFrame, source: str, factor: float) -> dict:
    """Compare the tumour volumes (mm3) of the series of each study.

    Returns
    -------
    dict
        Number of studies with several series, median and largest ratio of the larger to the
        smaller volume, and the studies above ``factor``.
    """
    volume = table[VOXELS].to_numpy(float) * spacing_mm(table, source).prod(axis=1)
    groups = pd.Series(volume).groupby(table[STUDY].to_numpy())
    ratio = (groups.max() / groups.min())[groups.size() > 1]
    beyond = ratio[ratio > factor].sort_index()
    return {"studies": len(ratio), "median_ratio": float(ratio.median()),
            "largest_ratio": float(ratio.max()), "largest_study": str(ratio.idxmax()),
            "factor": factor, "beyond_factor": len(beyond),
            "studies_beyond_factor": {str(name): float(value) for name, value in beyond.items()}}


def intensities(table: pd.DataFrame, low: float, high: float) -> dict:
    """Count masks that hold voxels which cannot be liver lesion (HU, after resampling).

    Returns
    -------
    dict
        The limits, the number of series beyond each, and the extremes.
    """
    least = table["original_firstorder_Minimum"].to_numpy(float)
    most = table["original_firstorder_Maximum"].to_numpy(float)
    return {"low_hu": low, "high_hu": high, "below_low": int((least < low).sum()),
            "above_high": int((most > high).sum()), "least_hu": float(least.min()),
            "most_hu": float(most.max())}


def study_date(study: str) -> date:
    """Return the date in the name of a study.

    Examples
    --------
    >>> study_date("AIR-SCLC-001_20180131").isoformat()
    '2018-01-31'
    """
    text = study.rsplit("_", 1)[-1]
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise InputError(f"study {study} does not end in a date", "cohort table",
                         "name studies PATIENT_YYYYMMDD") from None


def labels(table: pd.DataFrame, window_days: int) -> dict:
    """Find scores that several studies share.

    Parameters
    ----------
    table : DataFrame
    window_days : int
        A sample may lie this many days before or after its CT study.

    Returns
    -------
    dict
        Distinct scores, studies, studies that share their score, and the groups of one score whose
        studies lie further apart than one sample within the window of each could.
    """
    studies = table.drop_duplicates(STUDY)
    shared, apart, most = 0, [], 0
    patients = int((studies.groupby(SCORE)[PATIENT].nunique() > 1).sum())
    for score, group in studies.groupby(SCORE, sort=True):
        if len(group) == 1:
            continue
        shared += len(group)
        dates = sorted(study_date(name) for name in group[STUDY])
        days = (dates[-1] - dates[0]).days
        most = max(most, days)
        if days > 2 * window_days:
            apart.append({"score": float(score), "days": days, "studies": sorted(group[STUDY])})
    return {"studies": len(studies), "distinct_scores": int(studies[SCORE].nunique()),
            "studies_sharing_a_score": shared, "scores_of_two_patients": patients,
            "window_days": window_days, "most_days_between": most, "beyond_window": apart}


def named_slices(table: pd.DataFrame, source: str) -> dict:
    """Compare the slice thickness that a series' name states with its slice spacing (mm)."""
    spacing = spacing_mm(table, source)[:, 2]
    named = {name: (float(found[1]), float(mm)) for name, mm in zip(table[SERIES], spacing)
             if (found := NAMED_MM.search(name))}
    differ = {name: {"named_mm": said, "spacing_mm": mm}
              for name, (said, mm) in sorted(named.items()) if said != mm}
    return {"named": len(named), "differ": len(differ), "series": differ}


def search(table: pd.DataFrame, source: str, settings: Faults) -> dict:
    """Return every finding on one canonical table, n rows (series).

    Parameters
    ----------
    table : DataFrame
    source : str
        The file, for error messages.
    settings : Faults
    """
    in_groups = table.assign(**{GROUP: table[GROUP].replace({"val": "train"})})
    return {
        "series": len(table),
        "constant": {name: odd(table, name) for name in CONSTANT},
        "resampling": disobeyed(table, source),
        "relations": relations.broken(table, source, settings.relation_tolerance),
        "other_grid_than_mask": {f"{image} = {mask}": sorted(
            table.loc[table[image] != table[mask], SERIES]) for image, mask in SAME_GRID},
        "duplicates": {name: twins(table, [name]) for name in IDENTITIES}
        | {"features": twins(table, FEATURES)},
        "patients_in_two_groups": {
            "train-val": int((table[table[GROUP] != "test"].groupby(PATIENT)[GROUP].nunique()
                              > 1).sum()),
            "training-test": int((in_groups.groupby(PATIENT)[GROUP].nunique() > 1).sum())},
        "volumes": volumes(table, source),
        "pairs": pairs(table, source, settings.pair_volume_factor),
        "labels": labels(table, settings.sampling_window_days),
        "intensities": intensities(table, settings.lowest_lesion_hu,
                                   settings.highest_lesion_hu),
        "slice_names": named_slices(table, source),
    }


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.faults", __doc__)
    parser.add_argument("--release", action="append", required=True, metavar="NAME=TABLE=RELEASED",
                        help="canonical table and released table (CSV) of a release; repeatable")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="findings (JSON)")
    options = parser.parse_args()
    settings, found, tables = read_faults(options.params), {}, {}
    for text in options.release:
        name, *paths = text.split("=")
        if len(paths) != 2:
            parser.error(f"--release {text}: write NAME=TABLE=RELEASED")
        tables[name] = canonical.read_csv(paths[0], NEEDED)
        found[name] = search(tables[name], paths[0], settings) | {"cells": cells.written(paths[1])}
    first, *others = tables
    compared = {f"{first} to {name}": cells.between(tables[first], tables[name]) for name in others}
    canonical.write_json(options.out, {"releases": found, "between": compared})


if __name__ == "__main__":
    cli.main(stage)
