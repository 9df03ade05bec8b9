"""Ranges of the series that classifiers were trained on, and which new series lie outside of them.

What is compared: the features that a configuration uses, and the voxel spacing of the CT, since
features depend on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.columns import SPACING, spacing_mm
from stages.common.errors import InputError

ACQUISITION = ("spacing_x_mm", "spacing_y_mm", "spacing_z_mm")
# Lowest, 5 %, 95 % and highest of the training series.
BOUNDS = ("min", "q05", "q95", "max")
COLUMNS = ("outside_training", "beyond_5_95", "values_outside")
MAKE = "make it again (stages.classification.card)"


def quantities(table: pd.DataFrame, names: Sequence[str], source) -> pd.DataFrame:
    """Return the features and the voxel spacing of n series, as floats.

    Raises
    ------
    InputError
        If the table lacks a column, or a value is no finite number.
    """
    missing = [name for name in (*names, SPACING) if name not in table.columns]
    if missing:
        raise InputError(f"lacks the column(s) {', '.join(missing)}", source,
                         "make it with stages.radiomics.unlabelled")
    found = table[list(names)].apply(pd.to_numeric, errors="coerce").astype(float)
    if not np.isfinite(found).all(axis=None):
        raise InputError("has an empty cell or a text among its features", source,
                         "make it with stages.radiomics.unlabelled")
    return found.assign(**dict(zip(ACQUISITION, spacing_mm(table, source).T)))


def ranges(values: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return lowest, 5 %, 95 % and highest value of each column (quantiles by linear interpolation)."""
    bounds = np.quantile(values.to_numpy(), (0, 0.05, 0.95, 1), axis=0)
    return {name: dict(zip(BOUNDS, column)) for name, column in zip(values.columns, bounds.T)}


def outside(values: pd.DataFrame, trained: Mapping[str, Mapping[str, float]],
            names: Sequence[str]) -> pd.DataFrame:
    """Compare series with the ranges of the training series.

    Parameters
    ----------
    values : DataFrame, shape (n, quantities)
    trained : mapping
        `ranges` of the training series.
    names : sequence of str
        The columns to compare.

    Returns
    -------
    DataFrame, shape (n, 3)
        `COLUMNS`: how many values lie below the lowest or above the highest of the training series, how
        many below 5 % or above 95 % (the former among them), and the names of the former.
    """
    found = values[list(names)].to_numpy()
    low, near, far, high = (np.array([trained[name][bound] for name in names]) for bound in BOUNDS)
    out = (found < low) | (found > high)
    listed = ["; ".join(np.array(names)[row]) for row in out]
    return pd.DataFrame({COLUMNS[0]: out.sum(axis=1),
                         COLUMNS[1]: ((found < near) | (found > far)).sum(axis=1),
                         COLUMNS[2]: listed}, index=values.index)


def fingerprints(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder of models, by its path inside."""
    return {path.relative_to(folder).as_posix(): canonical.sha256(path)
            for path in sorted(folder.rglob("*")) if path.is_file()}


def digest(folder: Path) -> str:
    """Return one SHA-256 for all files of a folder: which ones, and what they hold."""
    text = "".join(f"{name} {value}\n" for name, value in fingerprints(folder).items())
    return hashlib.sha256(text.encode()).hexdigest()


def read(path: Path, models: Path, names: Sequence[str]) -> dict:
    """Read a model card and check that it is the one of these classifiers.

    Raises
    ------
    InputError
        If it is missing, is of other classifiers, or gives no range for a feature.
    """
    card = canonical.read_json(path)
    try:
        described, trained = card["model_details"]["digests"]["classifiers"], card["ranges"]
        card["model_details"]["digests"]["network"]
        for name in (*names, *ACQUISITION):
            bounds = [float(trained[name][bound]) for bound in BOUNDS]
            if not np.isfinite(bounds).all() or sorted(bounds) != bounds:
                raise ValueError(f"the range of {name} is {bounds}")
    except KeyError as error:
        raise InputError(f"gives no {error}", path, MAKE) from None
    except (TypeError, ValueError) as error:
        raise InputError(f"is no model card ({error})", path, MAKE) from None
    if described != digest(models):
        raise InputError(f"is the card of other classifiers than those in {models}", path,
                         "name the card that was made for them, or make it again "
                         "(stages.classification.card)")
    return card
