"""Measure what the faults of the released table do to the released models (`variants` fits them)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.classification import converged, data
from stages.classification.bootstrap import summarise
from stages.classification.parameters import Bootstrap, read_bootstrap, read_converged
from stages.common import canonical, cli
from studies.sclc_liver import fits
from studies.sclc_liver.variants import CONVERGED, RELEASED

PARTS = ("cross_validation", "test", "bootstrap")


def measure(scored: dict[str, dict], predicted: pd.DataFrame, bootstrap: Bootstrap,
            digits: int) -> dict[str, dict]:
    """Return by model cross-validation means, test scores, confusion matrix and bootstrap means.

    Parameters
    ----------
    scored : dict
        Model to its scores.
    predicted : DataFrame
        Predictions of the test series.
    bootstrap : Bootstrap
    digits : int
        Of the converged logistic regression.
    """
    drawn, found = summarise(predicted, bootstrap), {}
    for model, scores in scored.items():
        entry = {"cross_validation": _means(scores["cross_validation"]), "test": scores["test"],
                 "confusion": scores["confusion"], "bootstrap": _means(drawn[model])}
        found[model] = converged.rounded(entry, digits) if model == CONVERGED else entry
    return found


def _means(values: dict) -> dict:
    return {name: value["mean"] for name, value in values.items()}


def change(models: dict[str, dict], base: dict[str, dict]) -> dict:
    """Return by model the scores less those of the table as released; None where one is undefined."""
    return {model: {part: {name: _less(value, base[model][part][name])
                           for name, value in scores[part].items()} for part in PARTS}
            for model, scores in models.items()}


def _less(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.ablation", __doc__, protocol=False, table=False)
    parser.add_argument("--fits", type=Path, required=True, help="fits of the variants (folder)")
    parser.add_argument("--trained", type=Path, required=True, help="scores of the train stage (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="scores by variant (JSON)")
    options = parser.parse_args()
    bootstrap, digits = read_bootstrap(options.params), read_converged(options.params).digits
    kept, tables = fits.read(options.fits, [RELEASED])
    scored, predicted = fits.trained(options.predictions, options.trained)
    kept["variants"][RELEASED]["models"] |= scored
    tables[RELEASED] = pd.concat([predicted, tables[RELEASED]])
    found = kept["variants"]
    for name, entry in found.items():
        entry["models"] = measure(entry["models"], tables[name], bootstrap, digits)
    for entry in found.values():
        entry["change"] = change(entry["models"], found[RELEASED]["models"])
    canonical.write_json(options.out, {"run": data.run_of(options, RELEASED)} | kept)


if __name__ == "__main__":
    cli.main(stage)
