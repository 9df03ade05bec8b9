"""How the numbers of a released table are written, and what a reader makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.columns import FEATURES, SCORE, SERIES

# Decimals to which the second release is rounded. Source: released table 2025-08.
DECIMALS = 9


def decimals(text: str) -> int:
    """Return the digits written behind the point.

    Examples
    --------
    >>> decimals("0.299825"), decimals("12"), decimals("1.5e-07")
    (6, 0, 8)
    """
    mantissa, _, exponent = text.lower().partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))


def written(path: str | Path) -> dict:
    """Describe the cells of a released table.

    Returns
    -------
    dict
        ``cells`` (fractional numbers), ``misread`` (those that the default parser of pandas turns
        into another float than the nearest one), ``misread_columns``, ``scores`` and
        ``scores_rounded`` (NE scores with at most `DECIMALS` decimals).
    """
    nearest = canonical.read_csv(path, (SERIES, SCORE))
    default = canonical.read_csv(path, float_precision="high")
    texts = canonical.read_csv(path, dtype=str, keep_default_na=False)
    numbers = [name for name in nearest if nearest[name].dtype == float]
    differs = {name: int((nearest[name] != default[name]).sum()) for name in numbers}
    return {"cells": len(nearest) * len(numbers), "misread": sum(differs.values()),
            "misread_columns": sum(count > 0 for count in differs.values()),
            "scores": len(texts),
            "scores_rounded": int((texts[SCORE].map(decimals) <= DECIMALS).sum())}


def between(first: pd.DataFrame, second: pd.DataFrame) -> dict:
    """Compare the features of two releases of the same series.

    Parameters
    ----------
    first, second : DataFrame
        Canonical tables, n rows each.

    Returns
    -------
    dict
        ``same_series`` (in the same order), ``changed`` (feature values that differ), ``values``,
        and the largest relative change with its feature.
    """
    same = first[SERIES].tolist() == second[SERIES].tolist()
    if not same:
        return {"same_series": False}
    names = list(FEATURES)
    one, other = first[names].to_numpy(float), second[names].to_numpy(float)
    scale = np.maximum(np.maximum(np.abs(one), np.abs(other)), np.finfo(float).tiny)
    change = np.abs(one - other) / scale
    by_feature = change.max(axis=0)
    worst = int(by_feature.argmax())
    return {"same_series": True, "values": one.size, "changed": int((one != other).sum()),
            "largest_relative_change": float(by_feature[worst]), "largest_in": names[worst]}
