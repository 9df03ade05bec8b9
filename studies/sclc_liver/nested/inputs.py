"""What the nested procedure works on: the released table by examinations, and its feature sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.classification.volume import volume_mm3
from stages.common.columns import (
    FEATURES,
    IMAGE_MINIMUM,
    LABEL,
    PATIENT,
    SCORE,
    STUDY,
    spacing_mm,
)
from stages.common.errors import InputError
from studies.sclc_liver.nested.linear import Cohort
from studies.sclc_liver.retest import icc, pairs

SETS = ("radiomics", "volume", "both", "stable")
# Slices of a thin reconstruction, in mm: all others are 5 mm.
THIN_MM = 3.0


@dataclass(frozen=True)
class Examinations:
    """n series of s examinations.

    Attributes
    ----------
    cohorts : dict of Cohort
        By feature set.
    label, score : ndarray, shape (s,)
        Of each examination.
    series_label : ndarray of int, shape (n,)
    series_patient : ndarray of str, shape (n,)
    groups : dict of (dict of ndarray of bool, shape (n,))
        Subgroups of series, by what divides them.
    stable : int
        Features in the set ``stable``.
    """

    cohorts: dict[str, Cohort]
    label: np.ndarray
    score: np.ndarray
    series_label: np.ndarray
    series_patient: np.ndarray
    groups: dict[str, dict[str, np.ndarray]]
    stable: int

    @property
    def patient(self) -> np.ndarray:
        """Number of the patient of each examination, shape (s,)."""
        return self.cohorts["radiomics"].patient


def examinations(table: pd.DataFrame, source, stable: float) -> Examinations:
    """Return the arrays of the analysis.

    Parameters
    ----------
    table : DataFrame
        Canonical cohort table with voxels, spacing and the images' lowest value.
    source : path
        For error messages.
    stable : float
        ICC of thick and thin series from which a feature is kept in the set ``stable``. It uses no
        label, so that it may be learnt from all series without telling the folds anything.

    Raises
    ------
    InputError
        If an examination has two labels or there is one class only.
    """
    _, first, study = np.unique(table[STUDY].to_numpy(), return_index=True, return_inverse=True)
    series_label = table[LABEL].to_numpy(dtype=int)
    if (series_label != series_label[first][study]).any():
        raise InputError(f"an examination has series of two '{LABEL}'", source,
                         "give the series of an examination the same outcome")
    if len(np.unique(series_label)) < 2:
        raise InputError("holds fewer than two classes", source, "use a table with both")
    patient = np.unique(table[PATIENT].to_numpy()[first], return_inverse=True)[1]
    features = table[list(FEATURES)].to_numpy(dtype=float)
    volume = np.log10(volume_mm3(table, source))[:, None]
    kept = icc(features[pairs(table, source)]) >= stable
    # Copies of the volume share the ridge penalty: together they weigh as much as all features.
    weighed = np.repeat(volume, features.shape[1], axis=1)
    sets = {"radiomics": features, "volume": volume, "both": np.hstack([features, weighed]),
            "stable": features[:, kept]}
    thin = spacing_mm(table, source)[:, 2] < THIN_MM
    padding = table[IMAGE_MINIMUM].to_numpy(dtype=float)
    low, high = np.quantile(volume, [1 / 3, 2 / 3])
    groups = {"thickness": {"thin": thin, "thick": ~thin},
              "lowest_value": {"-1024 HU": padding >= -1024, "below": padding < -1024},
              "volume": {"small": volume[:, 0] <= low,
                         "middle": (volume[:, 0] > low) & (volume[:, 0] <= high),
                         "large": volume[:, 0] > high}}
    return Examinations({name: Cohort(values, study, patient) for name, values in sets.items()},
                        series_label[first], table[SCORE].to_numpy(dtype=float)[first], series_label,
                        table[PATIENT].to_numpy(dtype=str), groups, int(kept.sum()))
