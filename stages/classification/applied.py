"""Apply stored ensembles as `stages.classification.apply`, also where no series has features at all.

A CT without any lesion leaves an empty table: its predictions are reasons, one for each configuration.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.classification import apply
from stages.common import canonical, cli
from stages.common.columns import SERIES


def reasons(models: Path, excluded: pd.DataFrame, trained_on: str) -> pd.DataFrame:
    """Return the predictions of m series without features.

    Parameters
    ----------
    models : Path
        One folder per configuration.
    excluded : DataFrame
        File and reason of each series.
    trained_on : str
        What network and classifiers have learnt from.

    Returns
    -------
    DataFrame
        Columns `apply.COLUMNS`, m x configurations rows, by series.
    """
    rows = [[name, folder.name, None, "", reason, trained_on, None, None, ""]
            for name, reason in sorted(zip(excluded[SERIES], excluded["reason"]))
            for folder in apply.configurations(models)]
    return pd.DataFrame(rows, columns=apply.COLUMNS, dtype=object)


def stage() -> None:
    """Command line: that of `stages.classification.apply`."""
    parser = cli.parser("stages.classification.applied", __doc__)
    parser.add_argument("--features", type=Path, required=True, help="feature table (CSV)")
    parser.add_argument("--excluded", type=Path, required=True, help="series without features (CSV)")
    parser.add_argument("--models", type=Path, required=True, help="one folder per configuration")
    parser.add_argument("--trained-on", required=True, help="text for every row")
    parser.add_argument("--card", type=Path, required=True, help="model card (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="predictions (CSV)")
    options = parser.parse_args()
    if len(canonical.read_csv(options.features, (SERIES,), dtype={SERIES: str})):
        apply.stage()
        return
    excluded = canonical.read_csv(options.excluded, (SERIES, "reason"), dtype=str)
    canonical.write_csv(options.out, reasons(options.models, excluded, options.trained_on))


if __name__ == "__main__":
    cli.main(stage)
