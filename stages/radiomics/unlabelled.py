"""Join the rows of series without NE scores into a table of features, for prediction.

Series without features (no lesion found, or lesions too small for PyRadiomics) are listed apart.
"""

from __future__ import annotations

import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import SERIES
from stages.radiomics import series, table
from stages.radiomics.parameters import read_lesion_count


def join(rows: list[dict], rule: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the feature table and the list of series without features.

    Parameters
    ----------
    rows : list of dict
        Rows of the stage ``extract``.
    rule : str
        How lesions are counted: ``components`` or ``components-and-background``.

    Returns
    -------
    table : DataFrame
        File, 37 diagnostics, 107 features, Num_Lesions.
    excluded : DataFrame
        File, status, reason, components, voxels.
    """
    listed = pd.DataFrame({SERIES: [row[SERIES] for row in rows],
                           table.SCORE: float("nan"), table.GROUP: ""})
    joined, excluded = table.join(rows, listed, rule, 0.0)
    return joined.drop(columns=list(table.TRAILING)), excluded


def main() -> None:
    """Run the stage."""
    options = table.arguments("stages.radiomics.unlabelled", __doc__, "File of each series")
    rule = read_lesion_count(options.params, options.protocol)
    names = series.read(options.manifest)[SERIES].tolist()
    features, excluded = join(table.read_rows(options.rows, names), rule)
    canonical.write_csv(options.out, features)
    canonical.write_csv(options.excluded, excluded)


if __name__ == "__main__":
    cli.main(main)
