"""Fits that one stage keeps in a folder, so that those that only score them fit nothing again.

``fits.json`` says by variant of the analysis what its fits gave, ``predictions.csv`` how they predict
the test series. The folder is kept in git, which holds no list of the released names and labels:
series, studies and patients are numbered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification.parameters import PARTS, Configuration
from stages.common import canonical
from stages.common.errors import InputError

UNWEIGHTED = {model: Configuration(model) for model in ("LR", "RF", "XGB")}
# The released protocol with one part as the text describes it.
BETWEEN = tuple(f"released+described-{part}" for part in PARTS)
FITS, PREDICTIONS, VARIANT = "fits.json", "predictions.csv", "variant"
TEXTS = {VARIANT: str, "configuration": str, "series": str, "study": str, "patient": str}
COLUMNS = ("configuration", "series", "study", "NE_Class", "predicted", "probability")
MAKE_AGAIN = "name it in classification.configurations, or run the stage again that makes this"


def trained(file: Path, scores: Path) -> tuple[dict[str, dict], pd.DataFrame]:
    """Return what `fitting.fit` returns, as the train stage wrote it.

    Parameters
    ----------
    file : Path
        Predictions (CSV).
    scores : Path
        What `train.summary` returns, by configuration (JSON).

    Raises
    ------
    InputError
        If an unweighted model is missing.
    """
    found = canonical.read_json(scores).get("configurations", {})
    table = canonical.read_csv(file, COLUMNS, dtype=TEXTS)
    for model in UNWEIGHTED:
        for path, there in ((scores, found), (file, set(table["configuration"]))):
            if model not in there:
                raise InputError(f"holds no configuration {model}", path, MAKE_AGAIN)
    return ({model: {name: value for name, value in found[model].items() if name != "test_of_folds"}
             for model in UNWEIGHTED}, numbered(table[table["configuration"].isin(UNWEIGHTED)]))


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with numbers for names, in the names' order, and without the score.

    Examples
    --------
    >>> names = {"series": ["s2", "s1"], "study": ["a", "a"], "patient": ["p", "p"], "NE_Class": [1, 0]}
    >>> numbered(pd.DataFrame(names))[["series", "study"]].values.tolist()
    [['002', '001'], ['001', '001']]
    """
    numbers = {name: [f"{number + 1:03d}" for number in np.unique(table[name], return_inverse=True)[1]]
               for name in ("series", "study", "patient")}
    return table.drop(columns="NE_Score", errors="ignore").assign(**numbers)


def write(folder: Path, found: Mapping[str, object], tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the fits by variant, and the predictions of each variant."""
    named = [numbered(table).assign(**{VARIANT: variant}) for variant, table in tables.items()]
    canonical.write_csv(folder / PREDICTIONS, pd.concat(named))
    canonical.write_json(folder / FITS, found)


def read(folder: Path, variants: Collection[str]) -> tuple[dict, dict[str, pd.DataFrame]]:
    """Read what `write` wrote.

    Raises
    ------
    InputError
        If a variant is missing.
    """
    found = canonical.read_json(folder / FITS)
    table = canonical.read_csv(folder / PREDICTIONS, (VARIANT, *COLUMNS), dtype=TEXTS)
    tables = {str(name): part for name, part in table.groupby(VARIANT, sort=False)}
    for name in variants:
        if name not in tables:
            raise InputError(f"holds no fits of {name}", folder, "run the stage again that makes it")
    return found, tables
