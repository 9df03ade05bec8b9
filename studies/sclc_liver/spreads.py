"""The numbers of a sweep: the spread of each, and what each single run gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import pandas as pd

from studies.sclc_liver.perturb import NEUTRAL, Variation, kind_of, model_of

VARIATION = tuple(field.name for field in fields(Variation))
NUMBER = ("release", "source", "path")
# What names a run: one variation of one model, whose numbers belong together.
RUN = (*VARIATION, "model", "kind")
UNDEFINED = "nan"


def label(rows: pd.DataFrame, configurations: Mapping) -> pd.DataFrame:
    """Add ``model`` and ``kind`` (see `perturb`) to the rows of a sweep.

    Parameters
    ----------
    rows : DataFrame
        Columns `VARIATION`, ``source``, ``path`` and ``value``.
    configurations : mapping
        Name to `Configuration`.
    """
    models = {key: model_of(*key, configurations)
              for key in rows[["source", "path"]].drop_duplicates().itertuples(index=False, name=None)}
    found = rows.assign(model=[models[key] for key in zip(rows["source"], rows["path"])])
    variations = {key: Variation(*key) for key in
                  found[list(VARIATION)].drop_duplicates().itertuples(index=False, name=None)}
    kinds = [kind_of(variations[key[:-1]], key[-1]) for key in
             found[[*VARIATION, "model"]].itertuples(index=False, name=None)]
    return found.assign(kind=kinds)


def counted(values: np.ndarray) -> dict[str, int]:
    """Count equal values: enough to compare any printed number later; NaN counts for nothing."""
    distinct, times = np.unique(values[~np.isnan(values)], return_counts=True)
    return {repr(float(value)): int(count) for value, count in zip(distinct, times)}


def spread(values: np.ndarray, other: np.ndarray, prefix: str) -> dict:
    """Summarise the values of one number (NaN where it is not defined).

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        All variations.
    other : ndarray of bool, shape (n,)
        Those that are not neutral: counted by themselves, under keys that begin with ``prefix``.
    """
    defined = values[~np.isnan(values)]
    found = {"variations": len(values), "defined": len(defined),
             "distinct": len(np.unique(defined))}
    if len(defined):
        low, median, high = np.quantile(defined, [0.05, 0.5, 0.95])
        found |= {"min": defined.min(), "q05": low, "median": median, "q95": high,
                  "max": defined.max()}
    if not other.all():
        found["counts"] = counted(values[~other])
    if other.any():
        found |= {f"{prefix}variations": int(other.sum()), f"{prefix}counts": counted(values[other])}
    return found


def summarise(rows: pd.DataFrame, prefix: str = "seed_") -> dict:
    """Return the spread of every number, by release, source and path (rows of `label`)."""
    found = {}
    for (release, source, path), part in rows.groupby(list(NUMBER), sort=True):
        found.setdefault(release, {}).setdefault(source, {})[path] = spread(
            part["value"].to_numpy(dtype=float), (part["kind"] != NEUTRAL).to_numpy(), prefix)
    return found


def runs(rows: pd.DataFrame, run: tuple[str, ...] = RUN) -> pd.DataFrame:
    """Say which of its values each single run gives every number.

    Parameters
    ----------
    rows : DataFrame
        Rows of `label`.
    run : tuple of str
        Columns that name a run.

    Returns
    -------
    DataFrame
        One row per run, in the order of ``rows``, and one column per number, named
        ``SOURCE/PATH``. A cell is the place, from 0, of the run's value among the sorted distinct
        values of all kinds that the number's spread counts; ``nan`` where it is not defined, empty
        where the run does not give the number.
    """
    rank = rows.groupby(list(NUMBER))["value"].rank(method="dense")
    cells = rank.map(lambda place: UNDEFINED if np.isnan(place) else str(int(place) - 1))
    named = rows.assign(number=rows["source"] + "/" + rows["path"], cell=cells)
    wide = named.pivot(index=list(run), columns="number", values="cell")
    order = rows[list(run)].drop_duplicates()
    return wide.reindex(pd.MultiIndex.from_frame(order)).reset_index()
