"""Select features by LASSO on the training set."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Lasso

from stages.classification import data
from stages.classification.messages import recorded
from stages.classification.parameters import Selection, read_protocol
from stages.common import canonical, cli


@dataclass(frozen=True)
class Selected:
    """Outcome of a selection.

    Attributes
    ----------
    coefficients : dict
        Feature to coefficient, non-zero only, in the order of the table.
    iterations : int
        Coordinate-descent passes.
    dual_gap : float
        How far from the optimum it stopped.
    messages : list of str
        Convergence warnings.
    correlation : float
        Pearson correlation of the prediction with the test target (NaN if constant).
    """

    coefficients: dict[str, float]
    iterations: int
    dual_gap: float
    messages: list[str]
    correlation: float


def select(train: data.Split, test: data.Split, parameters: Selection) -> Selected:
    """Fit scikit-learn's Lasso on unscaled features.

    Parameters
    ----------
    train, test : Split
        n and m series with p features.
    parameters : Selection
        Penalty and target (NE score or NE class).

    Returns
    -------
    Selected
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = Lasso(alpha=parameters.alpha)
        model.fit(train.features, train.target(parameters.target))
    names = train.features.columns
    kept = {name: float(value) for name, value in zip(names, model.coef_) if value != 0}
    predicted, actual = model.predict(test.features), test.target(parameters.target)
    varies = np.ptp(predicted) > 0 and np.ptp(actual) > 0
    correlation = float(np.corrcoef(predicted, actual)[0, 1]) if varies else float("nan")
    return Selected(kept, int(model.n_iter_), float(model.dual_gap_), recorded(caught), correlation)


def family(feature: str) -> str:
    """Return the feature class: ``shape``, ``firstorder``, ``glcm``, …

    Examples
    --------
    >>> family("original_glszm_ZoneVariance"), family("Num_Lesions")
    ('glszm', 'lesions')
    """
    parts = feature.split("_")
    return parts[1] if parts[0] == "original" else "lesions"


def summary(selected: Selected, candidates: int) -> dict:
    """Return counts, shares by feature class (percent) and the order by absolute coefficient."""
    names = list(selected.coefficients)
    families = Counter(family(name) for name in names)
    ranked = sorted(names, key=lambda name: (-abs(selected.coefficients[name]), name))
    return {
        "candidates": candidates,
        "selected": len(names),
        "families": {key: {"count": count, "percent": 100 * count / len(names)}
                     for key, count in families.items()},
        "rank": {name: position for position, name in enumerate(ranked, start=1)},
        "converged": not selected.messages,
        "iterations": selected.iterations,
        "dual_gap": selected.dual_gap,
        "test_correlation": selected.correlation,
        "warnings": selected.messages,
    }


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.select", __doc__)
    parser.add_argument("--selected", type=Path, required=True, help="features kept (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="shares and convergence (JSON)")
    options = parser.parse_args()
    settings = read_protocol(options.params, options.protocol).selection
    train, test = data.train_and_test(data.read_table(options.table))
    selected = select(train, test, settings)
    canonical.write_csv(options.selected, pd.DataFrame(
        {"feature": list(selected.coefficients),
         "coefficient": list(selected.coefficients.values())}))
    canonical.write_json(options.summary, {"run": data.run_of(options)}
                         | summary(selected, train.features.shape[1]))


if __name__ == "__main__":
    cli.main(stage)
