"""The patients of the control: primary tumour, radiomics, measured shape and acquisition.

Brain metastases with their primary tumour and measurements: Ocana-Tienda et al. 2023, Sci Data
10:208. Radiomics of one lesion of each patient: radMLBench (Demircioglu 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError
from studies.brain_metastases.control import spreadsheet

PATIENT, PRIMARY, TIME, MAKER = "PATIENT", "Primary Tumor", "TIME POINT", "STATION NAME"
VOLUMES, SURFACE = ("TOTALVOLUME", "CEVOLUME", "NECVOLUME", "RENDVOLUME"), "TOTALSURFACE"
SHAPE = (*VOLUMES, SURFACE, "CERIMWIDTH", "MAXDIAMETER3D", "SURFACEREGULARITY")
SCANNER = ("PIXELSPACING", "SBS", "STH", "REPTIME", "ECHOTIME", "MAGNETIC FIELD")
ID, TARGET = "ID", "Target"
AGAIN = "remove it and fetch it again (stages.cohort.fetch_pinned)"


@dataclass(frozen=True)
class Patients:
    """n patients with p features.

    Attributes
    ----------
    features : ndarray of float, shape (n, p)
    label : ndarray of int, shape (n,)
        1 is the positive class.
    """

    features: np.ndarray
    label: np.ndarray


def read(files: Path, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read radiomics and measurements, both checked against what they are pinned by.

    Raises
    ------
    InputError
        If a file is missing, has another content or lacks a column.
    """
    pinned = canonical.read_csv(files, ("name", "file", "sha256")).set_index("name")
    paths = {name: folder / row["file"] for name, row in pinned.iterrows()}
    for name in ("radiomics", "measurements"):
        if name not in paths:
            raise InputError(f"names no {name}", files, "restore the file from the repository")
        if not paths[name].is_file():
            raise InputError("no such file", paths[name],
                             "fetch it (stages.cohort.fetch_pinned)")
        if canonical.sha256(paths[name]) != pinned.loc[name, "sha256"]:
            raise InputError("has another SHA-256 than the one it is pinned by", paths[name], AGAIN)
    radiomics = canonical.read_csv(paths["radiomics"], (ID, TARGET), dtype={ID: str})
    # The one numbers patients from 010005, the other from 10005.
    radiomics[ID] = radiomics[ID].str.lstrip("0")
    return radiomics, spreadsheet.read(paths["measurements"])


def lesions(measured: pd.DataFrame, classes: tuple[str, str], source: Path) -> pd.DataFrame:
    """Return the largest lesion at the first time point of each patient of two classes, by patient.

    Raises
    ------
    InputError
        If a column is missing, a patient has two primary tumours, a value is no number, or a class
        has fewer than two patients.
    """
    missing = [name for name in (PATIENT, PRIMARY, TIME, MAKER, *SHAPE, *SCANNER)
               if name not in measured]
    if missing:
        raise InputError(f"lacks the column {missing[0]}", source, AGAIN)
    own = measured[measured[PRIMARY].isin(classes)]
    several = own.groupby(PATIENT)[PRIMARY].nunique()
    if (several > 1).any():
        raise InputError(f"patient {several.idxmax()} has two primary tumours", source,
                         "keep one for each patient")
    numbers = own[[TIME, *SHAPE, *SCANNER]].apply(pd.to_numeric, errors="coerce")
    if numbers.isna().any(axis=None):
        raise InputError(f"holds something else than a number in {numbers.isna().any().idxmax()}",
                         source, AGAIN)
    own = pd.concat([own[[PATIENT, PRIMARY, MAKER]], numbers], axis=1)
    first = own[own[TIME] == own.groupby(PATIENT)[TIME].transform("min")]
    found = first.sort_values([PATIENT, VOLUMES[0]], kind="stable").groupby(PATIENT).last()
    counts = found[PRIMARY].value_counts()
    for name in classes:
        if counts.get(name, 0) < 2:
            raise InputError(f"has {counts.get(name, 0)} patients with {name}", source,
                             "name a class of at least two")
    return found


def sets(radiomics: pd.DataFrame, found: pd.DataFrame, positive: str,
         source: Path) -> dict[str, Patients]:
    """Return the patients with each kind of features.

    Parameters
    ----------
    radiomics : DataFrame
        One row for each patient; its own target is left out.
    found : DataFrame
        `lesions`.
    positive : str
    source : path
        Of the radiomics, for messages.

    Returns
    -------
    dict
        ``radiomics`` (those patients who have them); ``shape``, volumes and surface as lengths;
        ``scanner``, maker and acquisition, which say nothing of the tumour.

    Raises
    ------
    InputError
        If a patient is there twice, or none is in both tables.
    """
    if radiomics[ID].duplicated().any():
        raise InputError(f"patient {radiomics[ID][radiomics[ID].duplicated()].iloc[0]} is there twice",
                         source, "keep one row")
    table = radiomics.drop(columns=TARGET).set_index(ID)
    table = table.loc[[name for name in found.index if name in table.index]]
    if table.empty:
        raise InputError("has no patient of the measurements", source, AGAIN)
    shape = found[list(SHAPE)].copy()
    shape[list(VOLUMES)] = np.cbrt(shape[list(VOLUMES)])
    shape[SURFACE] = np.sqrt(shape[SURFACE])
    scanner = pd.concat([found[list(SCANNER)], pd.get_dummies(found[MAKER])], axis=1)
    return {name: Patients(part.to_numpy(dtype=float),
                           (found.loc[part.index, PRIMARY] == positive).to_numpy(dtype=int))
            for name, part in (("radiomics", table), ("shape", shape), ("scanner", scanner))}
