"""What the selection does with features of one scale: LASSO on standardised features.

The penalty weighs all coefficients alike, so it means another thing for every unit of a feature. The
released code leaves the features unscaled; here they have mean 0 and SD 1 on the training series.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.linear_model import Lasso, lasso_path
from sklearn.preprocessing import StandardScaler

from stages.classification import data
from stages.classification.parameters import Selection, read_protocol
from stages.classification.select import select
from stages.common import canonical, cli
from studies.sclc_liver.penalty import largest_penalty

# Penalties that are tried for as many features as the released selection has, from the largest
# useful one down to this share of it.
PENALTIES, SMALLEST = 100, 0.05
# Results that are no counts: further digits carry a machine's rounding.
DIGITS = 6


def standardised(train: data.Split, test: data.Split, parameters: Selection) -> dict:
    """Compare the released selection with one on standardised features.

    Parameters
    ----------
    train, test : Split
        n and m series with p features.
    parameters : Selection
        Penalty and target.

    Returns
    -------
    dict
        ``released``: number of features selected as released. ``at_the_same_alpha``: number with
        standardised features. ``largest_useful_alpha``: the penalty at and above which every
        coefficient is 0: the same answer without a fit. ``as_many``: the
        first penalty, going down, that selects at least as many features as released; how many it
        selects, and how many of those the released selection has too.
    """
    released = select(train, test, parameters)
    columns = train.features.columns
    x = StandardScaler().fit_transform(train.features)
    y = train.target(parameters.target).astype(float)
    same = Lasso(alpha=parameters.alpha).fit(x, y)
    largest = largest_penalty(x, y)
    alphas = largest * np.geomspace(1, SMALLEST, PENALTIES)
    _, path, _ = lasso_path(x, y - y.mean(), alphas=alphas, max_iter=100_000, tol=1e-8)
    counts = (path != 0).sum(axis=0)
    reached = np.flatnonzero(counts >= len(released.coefficients))
    as_many = {}
    if reached.size:
        kept = set(columns[path[:, reached[0]] != 0])
        as_many = {"alpha": round(float(alphas[reached[0]]), DIGITS), "selected": len(kept),
                   "shared": len(kept & set(released.coefficients))}
    return {"alpha": parameters.alpha, "released": len(released.coefficients),
            "at_the_same_alpha": int((same.coef_ != 0).sum()),
            "largest_useful_alpha": round(largest, DIGITS), "as_many": as_many}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.scaling", __doc__)
    parser.add_argument("--out", type=Path, required=True, help="counts (JSON)")
    options = parser.parse_args()
    train, test = data.train_and_test(data.read_table(options.table))
    found = standardised(train, test, read_protocol(options.params, options.protocol).selection)
    canonical.write_json(options.out, {"run": data.run_of(options)} | found)


if __name__ == "__main__":
    cli.main(stage)
