"""From contours to tables: the 110 parameters and the stations of each patient, from masks.

A folder for each patient holds NIfTI masks on one grid: ``stations.nii.gz`` (1 to 16 in the order of
`partition.STATIONS`), ``primary.nii.gz``, ``nodes.nii.gz`` and ``ctv.nii.gz``. The GTV is primary
tumour and nodes together; nodes may be missing. A folder without them holds a CT series and its
structure set (see `structures`). A table names each patient, the lobe of the primary tumour
(``location``, 1 to 4) and the largest diameter (``size``, cm).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli, nifti
from stages.common.errors import InputError
from stages.common.manifest import require_names
from stages.common.parameters import section
from studies.sclc_recurrence import partition, structures
from studies.sclc_recurrence.partition import STATIONS

NAMES = ("stations", "primary", "nodes", "ctv")
OPTIONAL = "nodes"
COLUMNS = ("patient", "location", "size")


def stored(folder: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Read a patient's NIfTI masks: arrays in the order of `NAMES`, and the spacing (mm).

    Raises
    ------
    InputError
        If one is missing or on another grid.
    """
    found = {}
    for name in NAMES:
        path = folder / f"{name}.nii.gz"
        if path.is_file() or name != OPTIONAL:
            found[name] = nifti.read(path)
    first = found["stations"]
    for name, volume in found.items():
        if not nifti.same_grid(volume, first):
            raise InputError("lies on another grid than the stations", folder / f"{name}.nii.gz",
                             "resample it")
    whole = first.data if first.data.dtype.kind in "iu" else np.rint(first.data)
    # A byte for each voxel; what needs more is no station, and is refused by its number.
    labels = whole.astype(np.uint8) if 0 <= whole.min() and whole.max() <= 255 else whole
    return [labels, *(found[name].data > 0 if name in found else np.zeros(labels.shape, bool)
                      for name in NAMES[1:])], np.asarray(first.spacing, float)


def masks(folder: Path, settings: structures.Contours) -> tuple[list[np.ndarray], np.ndarray]:
    """Read a patient's contours of either kind.

    Returns
    -------
    list of 4 arrays
        In the order of `NAMES`: labels of the stations, and three arrays of bool.
    (3,) array of float
        Spacing, mm.

    Raises
    ------
    InputError
        If they cannot be read, a station has no voxel, there is no tumour or no CTV, a label is
        unknown or pixels are not square.
    """
    if not folder.is_dir():
        raise InputError("no such folder", folder, "give every patient of the table a folder")
    own = (folder / f"{NAMES[0]}.nii.gz").is_file()
    parts, spacing = stored(folder) if own else structures.read(folder, settings)
    labels, primary, nodes, ctv = parts
    unknown = sorted(set(np.unique(labels).tolist()) - set(range(len(STATIONS) + 1)))
    if unknown:
        raise InputError(f"holds the label {unknown[0]:.15g} as a station", folder,
                         f"use 1 to {len(STATIONS)} for {', '.join(STATIONS)}")
    absent = [name for place, name in enumerate(STATIONS, 1) if not (labels == place).any()]
    for missing, what in ((absent, f"voxel of station {absent[0]}" if absent else ""),
                          (not (primary | nodes).any(), "GTV"), (not ctv.any(), "CTV")):
        if missing:
            raise InputError(f"has no {what}", folder, "draw it, or leave the patient out")
    if not np.isclose(spacing[0], spacing[1], rtol=1e-3):
        raise InputError("has pixels that are not square", folder, "resample it")
    return parts, spacing


def tables(patients: pd.DataFrame, folder: Path, settings: structures.Contours
           ) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return parameters (a row each) and stations (16 rows each; add ``relapse`` to analyse them)."""
    rows, regions = [], []
    for row in patients.itertuples():
        (labels, primary, nodes, ctv), spacing = masks(folder / row.patient, settings)
        volumes = partition.counted(labels, primary, nodes, ctv)
        values = partition.parameters(volumes, round(float(spacing[0]), 4), row.location, row.size)
        voxel = float(np.prod(spacing)) / 1000
        rows.append([*values, volumes.ctv * voxel, volumes.gtvnd * voxel, row.patient])
        share = volumes.inside[0] / volumes.station
        regions += [(row.patient, name, int(volumes.inside[1][place] > 0), share[place])
                    for place, name in enumerate(STATIONS)]
    return (pd.DataFrame(rows, columns=[*partition.NAMES, "ctv_ml", "gtvnd_ml", "patient"]),
            pd.DataFrame(regions, columns=["patient", "region", "affected", "share"]))


def read(path: Path) -> pd.DataFrame:
    """Read the table of patients.

    Raises
    ------
    InputError
        If a patient has no name that can be that of a folder or stands twice, a lobe is not 1 to 4 or
        a size not above zero.
    """
    table = canonical.read_csv(path, COLUMNS, dtype={"patient": str})
    table["patient"] = table["patient"].fillna("")
    require_names(table["patient"], path, unique=True)
    for name, valid, right in (("location", "1, 2, 3 or 4", table["location"].isin((1, 2, 3, 4))),
                               ("size", "above zero", pd.to_numeric(table["size"], "coerce") > 0)):
        if not right.all():
            row = table[~right].iloc[0]
            raise InputError(f"patient {row['patient']}: '{name}' is {row[name]}, not {valid}", path,
                             "correct it")
    return table


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.contours", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--patients", type=Path, required=True, help="patients (CSV)")
    parser.add_argument("--masks", type=Path, required=True, help="a folder for each patient")
    parser.add_argument("--out", type=Path, required=True, help="parameters.csv, stations.csv (folder)")
    options = parser.parse_args()
    parameters, regions = tables(
        read(options.patients), options.masks, section(options.params, "contours", structures.Contours))
    canonical.write_csv(options.out / "parameters.csv", parameters)
    canonical.write_csv(options.out / "stations.csv", regions)


if __name__ == "__main__":
    cli.main(stage)
