"""How lesions are distributed: burden of the liver, numbers and mean HU, by patient and by class.

The tumour burden is the share of the liver's volume that lesions take up. The manifest (CSV) is that of
`stages.common.lesions`; masks must show the liver. Masks of the same image are looked at together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from stages.common import canonical, cli
from stages.common import lesions as listed_lesions
from stages.common.errors import InputError
from stages.common.lesions import IMAGE, LABEL, LESION, MASK, PATIENT
from stages.common.parameters import section
from stages.common.strict import check_range
from stages.radiomics import lesions, volumes
from stages.radiomics.lesions import Lesions

COLUMNS = (PATIENT, LABEL, "lesions", "burden", "lesion_hu", "liver_hu")


@dataclass(frozen=True)
class Burden:
    """Section ``burden``.

    Attributes
    ----------
    liver_labels : tuple of int
        What makes up the liver of which a share is taken; with the label of lesions, the whole liver.
    small_too : bool
        Lesions count that are too small for features.
    """

    liver_labels: tuple[int, ...]
    small_too: bool


@dataclass(frozen=True)
class Seen:
    """What one image shows.

    Attributes
    ----------
    lesion_mm3, liver_mm3 : float
        Volume of lesions, and of what they are a share of.
    lesion_hu : list of float
        Mean of each lesion that is not too small.
    tissue : ndarray, shape (n,)
        HU of the liver's voxels outside of all lesions.
    """

    lesion_mm3: float
    liver_mm3: float
    lesion_hu: list[float]
    tissue: np.ndarray


def read(path: str | Path, settings: Lesions) -> Burden:
    """Read and check the section; ``settings`` name the labels of the masks."""
    found = section(path, "burden", Burden)
    known = {settings.label, *settings.other_labels}
    check_range(set(found.liver_labels) <= known, "burden.liver_labels",
                "labels that the section lesions names", path)
    check_range(bool(set(found.liver_labels) - {settings.label}), "burden.liver_labels",
                "at least one label that is not a lesion's", path)
    return found


def share(lesion: float, liver: float) -> float:
    """Return the tumour burden, a share of 1, from two volumes in mm3.

    Where the liver is counted without its lesions the burden may be above 1.

    Raises
    ------
    ValueError
        If there is no liver, or a volume is below zero.

    Examples
    --------
    >>> share(98.0, 1000.0)
    0.098
    """
    if liver <= 0 or lesion < 0:
        raise ValueError(f"no share of {liver} mm3 can be taken by {lesion} mm3")
    return lesion / liver


def seen(rows: pd.DataFrame, home: Path, settings: Lesions, burden: Burden) -> Seen:
    """Measure one image by all of its masks.

    Parameters
    ----------
    rows : DataFrame
        Of the manifest, with the same image.
    home : Path
        The manifest's folder.
    settings, burden

    Raises
    ------
    InputError
        If a file cannot be used (see `volumes.read_pair`).
    """
    inside = counted = liver = False
    means = []
    for _, row in rows.iterrows():
        series, labels = volumes.read_labels(home / row[IMAGE], home / row[MASK], settings,
                                             settings.label)
        mask = volumes.marked(labels, series, home / row[MASK], settings)
        values, every = sitk.GetArrayViewFromImage(series), labels == settings.label
        large = np.zeros(every.shape, bool)
        for lesion in lesions.split(mask, settings, row[LESION] != ""):
            if lesions.large(lesion, settings):
                place = sitk.GetArrayViewFromImage(lesion) > 0
                means.append(float(values[place].mean()))
                large |= place
        inside, counted = inside | every, counted | (every if burden.small_too else large)
        liver = liver | np.isin(labels, burden.liver_labels)
    # A voxel that one mask calls lesion and another one liver is both.
    tissue = liver & ~inside
    whole = liver | inside if settings.label in burden.liver_labels else tissue
    voxel = float(np.prod(series.GetSpacing()))
    return Seen(voxel * int(counted.sum()), voxel * int(whole.sum()), means, values[tissue])


def table(listed: pd.DataFrame, home: Path, settings: Lesions, burden: Burden) -> pd.DataFrame:
    """Return `COLUMNS`, one row for each patient in the order of the manifest.

    ``lesions`` counts those that are large enough, ``burden`` is a share of 1, ``lesion_hu`` the mean
    of the lesions' means (NaN where there are none), ``liver_hu`` that of the liver outside of them.

    Raises
    ------
    InputError
        If a file cannot be used, or a patient's masks show no liver.
    """
    found = []
    with cli.progress("patient", listed[PATIENT].nunique()) as step:
        for number, (patient, rows) in enumerate(listed.groupby(PATIENT, sort=False), 1):
            step(number)
            images = [seen(one, home, settings, burden) for _, one in rows.groupby(IMAGE, sort=False)]
            tissue = np.concatenate([one.tissue for one in images])
            if not tissue.size:
                raise InputError(f"patient {patient} has no liver in the masks, of which lesions could "
                                 "be a share", home / rows[MASK].iloc[0],
                                 "outline the liver beside its lesions (burden.liver_labels)")
            means = [mean for one in images for mean in one.lesion_hu]
            found.append((patient, rows[LABEL].iloc[0], len(means),
                          share(sum(one.lesion_mm3 for one in images),
                                sum(one.liver_mm3 for one in images)),
                          np.mean(means) if means else np.nan, tissue.mean(dtype=float)))
    return pd.DataFrame(found, columns=list(COLUMNS))


def summary(rows: pd.DataFrame) -> dict[str, dict]:
    """Return by class what a table of patients' characteristics has of their livers.

    Returns
    -------
    dict
        ``patients``, ``lesions`` and those ``per_patient``; ``burden_percent`` and ``liver_hu``, means
        of patients; ``lesion_hu``, the mean of lesions.
    """
    found = {}
    for label, part in rows.groupby(LABEL):
        count = int(part["lesions"].sum())
        found[str(label)] = {
            "patients": len(part), "lesions": count, "per_patient": count / len(part),
            "burden_percent": 100 * part["burden"].mean(),
            "lesion_hu": (part["lesion_hu"] * part["lesions"]).sum() / count if count else None,
            "liver_hu": part["liver_hu"].mean()}
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.radiomics.burden", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="each patient (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="each class (JSON)")
    options = parser.parse_args()
    settings, listed = lesions.read(options.params), listed_lesions.read(options.manifest)
    burden = read(options.params, settings)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    rows = table(listed, options.manifest.parent, settings, burden)
    canonical.write_csv(options.table, rows)
    canonical.write_json(options.out, summary(rows))


if __name__ == "__main__":
    cli.main(stage)
