"""List the series that networks are tested on: those that their training set has nothing of.

Writes OUT/SET.csv for each training set, with the manifest's columns:

- the annotated series held out for the test (column Segmentation: test);
- those annotated for training in cohorts outside of the set: a network that was trained on LiTS alone
  has seen no annotated series of another cohort;
- series without annotation that have no lesion, for the false positives on them.

A patient of whom the set has a training series is left out, whatever the series.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.common import canonical, cli
from stages.common import manifest as cohort_manifest
from stages.common.columns import PATIENT, SERIES
from stages.common.errors import InputError
from stages.common.manifest import COHORT, IMAGE, LESION, MASK, PART
from stages.segmentation import cases, settings


def lesion_free(table: pd.DataFrame, home: Path) -> pd.Series:
    """Tell of each series (a row with a mask below ``home``) whether its mask is without lesions."""
    return pd.Series([not np.any(cases.read_mask(home / name).data == LESION)
                      for name in tqdm(table[MASK], "lesion-free series")], table.index, dtype=bool)


def tested(table: pd.DataFrame, free: pd.Series, cohorts: tuple[str, ...]) -> pd.DataFrame:
    """Return the series that a network which was trained on these cohorts is tested on.

    Parameters
    ----------
    table : DataFrame
        A cohort manifest as text, one row per series.
    free : Series of bool, index of ``table``
        Series without annotation that have no lesion.
    cohorts : tuple of str
        Of the training set.
    """
    trained = (table[PART] == "train") & table[COHORT].isin(cohorts)
    owners = table[PATIENT].where(table[PATIENT] != "", table[SERIES])
    known = owners.isin(set(owners[trained]))
    return table[(table[PART].isin(cohort_manifest.PARTS) | free) & ~known]


def moved(rows: pd.DataFrame, home: Path, out: Path) -> pd.DataFrame:
    """Return rows whose paths are relative to the folder ``out``, not ``home``."""
    return rows.assign(**{kind: [name and os.path.relpath(home / name, out) for name in rows[kind]]
                          for kind in (IMAGE, MASK)})


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.unseen", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--training-set", nargs="+", required=True,
                        help="sets of segmentation.training_sets")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the lists")
    options = parser.parse_args()
    sets = {name: settings.training_cohorts(options.params, name) for name in options.training_set}
    table = cohort_manifest.read(options.manifest, cohort_manifest.UNKNOWN)
    if PATIENT not in table.columns:
        table[PATIENT] = ""
    home = options.manifest.parent
    apart = table[(table[PART] == "") & (table[MASK] != "")]
    free = lesion_free(apart, home).reindex(table.index, fill_value=False)
    lists = {name: tested(table, free, cohorts) for name, cohorts in sets.items()}
    for name, rows in lists.items():
        if rows.empty:
            raise InputError(f"leaves no series to test the training set '{name}' on",
                             options.manifest, "hold patients out (Segmentation: test)")
    if not free.any():
        print(f"{options.manifest}: no series without annotation is free of lesions: their false "
              "positives are counted on annotated series alone", file=sys.stderr)
    for name, rows in lists.items():
        canonical.write_csv(options.out / f"{name}.csv", moved(rows, home, options.out))


if __name__ == "__main__":
    cli.main(stage)
