"""Apply stored ensembles to series whose NE status is not known.

Writes one row per series and configuration: the probability of being NE-positive, the status that the
ensemble calls, and how many of the values that it rests on lie outside of those of the training series
(`stages.classification.applicability`). Series without features, or without a number among those that
are used, have a row that says why and no probability.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import applicability, sound
from stages.classification import models as classifiers
from stages.common import canonical, cli
from stages.common.columns import SERIES
from stages.common.errors import InputError

COLUMNS = (SERIES, "configuration", "probability", "NE_Status", "reason", "trained_on",
           *applicability.COLUMNS)
# From above which probability a series is called positive, as scikit-learn's predict does.
THRESHOLD = 0.5


def features(folder: Path) -> list[str]:
    """Return the names of the features that a configuration uses.

    Raises
    ------
    InputError
        If its file is missing or holds something else.
    """
    names = canonical.read_json(folder / classifiers.FEATURES)
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise InputError("is no list of features", folder / classifiers.FEATURES,
                         "train the classifiers again")
    return names


def configurations(models: Path) -> list[Path]:
    """Return the folders of the configurations, by name.

    Raises
    ------
    InputError
        If there is none.
    """
    folders = sorted(path for path in models.glob("*/") if path.is_dir())
    if not folders:
        raise InputError("holds no trained classifiers", models, "run 'make demo', or name others")
    return folders


def ensemble(folder: Path, table: pd.DataFrame, source) -> np.ndarray:
    """Return the mean probability of the members of one configuration, shape (n,).

    Raises
    ------
    InputError
        If the folder holds no models, or the table lacks a feature.
    """
    names = features(folder)
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise InputError(f"lacks the column(s) {', '.join(missing)}", source,
                         "make it with stages.radiomics.unlabelled")
    paths = classifiers.stored(folder)
    if not paths:
        raise InputError("holds no model", folder, "train the classifiers again")
    for path in paths:
        sound.require(path)
    found = np.mean([classifiers.stored_probability(path, table[names]) for path in paths], axis=0)
    if not np.isfinite(found).all():
        raise InputError("holds a model that gives no number", folder,
                         "train the classifiers again")
    return found


def predictions(models: Path, table: pd.DataFrame, excluded: pd.DataFrame, source,
                trained_on: str, card: Path) -> pd.DataFrame:
    """Apply every configuration.

    Parameters
    ----------
    models : Path
        One folder per configuration.
    table : DataFrame
        n series: File and the features.
    excluded : DataFrame
        m series without features: File and reason.
    source : path
        The table's file, for error messages.
    trained_on : str
        What network and classifiers have learnt from.
    card : Path
        The classifiers' model card (JSON).

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, (n + m) x configurations rows, by series.
    """
    folders, rows = configurations(models), []
    used = {folder.name: features(folder) for folder in folders}
    together = list(dict.fromkeys(name for names in used.values() for name in names))
    # Before any model is read: of a damaged one XGBoost may end the process without a word.
    trained = applicability.read(card, models, together)["ranges"]
    table, excluded = _divided(table, excluded, together)
    for name in used:
        rows += [[series, name, None, "", reason, trained_on, None, None, ""]
                 for series, reason in zip(excluded[SERIES], excluded["reason"])]
    # Without a series that has any, the table names no features.
    if len(table):
        found = {folder.name: ensemble(folder, table, source) for folder in folders}
        values = applicability.quantities(table, together, source)
        for name, names in used.items():
            compared = applicability.outside(values, trained, [*names, *applicability.ACQUISITION])
            rows += [[series, name, float(value), "positive" if value > THRESHOLD else "negative", "",
                      trained_on, *left] for series, value, left in
                     zip(table[SERIES], found[name], compared.itertuples(index=False))]
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object).sort_values(
        [SERIES, "configuration"], kind="stable")


def _divided(table, excluded, names):
    """Move series that lack a number among ``names`` from the table to those without features."""
    known = [name for name in names if name in table.columns]
    # A column with a word in it was read as words.
    table = table.assign(**table[known].apply(pd.to_numeric, errors="coerce").astype(float))
    there = np.isfinite(table[known])
    whole = there.all(axis=1)
    reasons = [f"no number as {row.index[~row][0]}" for _, row in there[~whole].iterrows()]
    lacking = pd.DataFrame({SERIES: table[SERIES][~whole], "reason": reasons})
    return table[whole].reset_index(drop=True), pd.concat([excluded, lacking])


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.classification.apply", __doc__)
    parser.add_argument("--features", type=Path, required=True, help="feature table (CSV)")
    parser.add_argument("--excluded", type=Path, required=True,
                        help="series without features (CSV)")
    parser.add_argument("--models", type=Path, required=True,
                        help="folder of one folder per configuration")
    parser.add_argument("--trained-on", required=True,
                        help="text for every row: what network and classifiers have learnt from")
    parser.add_argument("--card", type=Path, required=True, help="model card (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="predictions (CSV)")
    options = parser.parse_args()
    table = canonical.read_csv(options.features, (SERIES,), dtype={SERIES: str})
    excluded = canonical.read_csv(options.excluded, (SERIES, "reason"), dtype=str)
    series = pd.concat([table[SERIES], excluded[SERIES]])
    if series.duplicated().any():
        raise InputError(f"series {series[series.duplicated()].iloc[0]} is there twice",
                         options.features, "make it with stages.radiomics.unlabelled")
    canonical.write_csv(options.out, predictions(options.models, table, excluded, options.features,
                                                 options.trained_on, options.card))


if __name__ == "__main__":
    cli.main(stage)
