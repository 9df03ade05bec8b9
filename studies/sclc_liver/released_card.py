"""The model card of the classifiers that the study's pipeline fits to a released table.

They belong to no network: images and masks behind the table are not public. Every number comes from the
models, the table and the test predictions. Sections as in `stages.classification.card`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from stages.classification import applicability, apply, card, data
from stages.classification.parameters import read_bootstrap
from stages.common import canonical, cli
from stages.common.columns import SPACING
from stages.common.errors import InputError

SOURCE = "released"
MAKE = "run 'make reproduce' again"
# How SciPy and scikit-learn warn of a fit that stopped before its optimum.
STOPPED = re.compile(r"did not converge|failed to converge|ConvergenceWarning")


def caveats(summary: Mapping, names) -> list[str]:
    """Return what the training itself says against the classifiers.

    Parameters
    ----------
    summary : mapping
        ``configurations`` of the training's summary.
    names : iterable of str
    """
    stopped = [name for name in names
               if any(STOPPED.search(text) for text in summary[name]["warnings"]["refit"])]
    found = [f"The fits of {', '.join(stopped)} stopped before it converged: another library, or data "
             "rounded otherwise, gives other coefficients."] if stopped else []
    return [*found, "Features are not scaled: probabilities lie near 0 or 1.",
            "Features hang on how lesions are outlined; the outlines behind the table cannot be seen.",
            "Validated on no cohort but the test patients of the same study."]


def make(used: dict, options, settings) -> dict:
    """Put the card together.

    Parameters
    ----------
    used : dict
        Configuration to model, weight of the positive class, number of fitted models and features.
    options : Namespace
        Files: ``models``, ``table``, ``predictions``, ``summary``.
    settings : Bootstrap
        Samples, seed and level: patients are drawn anew.
    """
    summary, table = canonical.read_json(options.summary), data.read_table(options.table, (SPACING,))
    held_out = card.read_predictions(options.predictions, used)
    together = list(dict.fromkeys(name for one in used.values() for name in one["features"]))
    training = data.split(table, table["Group"] != "test", together)
    one = held_out[held_out["configuration"] == next(iter(used))]
    test = card.counts(one["series"], one["study"], one["patient"], one["NE_Class"].to_numpy())
    values = applicability.quantities(table[table["Group"] != "test"], together, options.table)
    scores = card.performance(held_out, settings)
    words = card.texts(SOURCE, SOURCE, 0, test)
    words["ethical_considerations"]["data"] = ("Features of patients' CT, which the authors released; "
                                               "this package does not pass them on.")
    words["caveats_and_recommendations"] += caveats(summary["configurations"], sorted(used))
    return {
        "model_details": {
            "classifiers": {"run": summary["run"], "features": together, "configurations": used},
            "network": None,
            "digests": {"classifiers": applicability.digest(options.models), "network": ""}},
        **words,
        "factors": {"relevant": ["voxel spacing", "tumour volume", "contrast", "scanner", "outlines"],
                    "evaluated": [],
                    "spacing_of_training_series_mm": applicability.ranges(
                        values[list(applicability.ACQUISITION)])},
        "metrics": {"measures": list(next(iter(scores.values()))),
                    "decision_threshold": apply.THRESHOLD,
                    "interval": {"kind": "percentile bootstrap", "unit": "patient",
                                 "samples": settings.samples, "level": settings.level}},
        "training_data": {"classifiers": {"source": SOURCE, **card.counts(
            training.series, training.studies, training.patients, training.label)}},
        "evaluation_data": {"classifiers": {"source": SOURCE, **test, "patients_also_in_training": len(
            set(one["patient"]) & set(training.patients))}},
        "quantitative_analyses": {
            "test": scores,
            "cross_validation": {name: summary["configurations"][name]["cross_validation"]
                                 for name in sorted(used)}},
        "ranges": applicability.ranges(values)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.released_card", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="folder of the classifiers")
    parser.add_argument("--table", type=Path, required=True, help="their training table (CSV)")
    parser.add_argument("--predictions", type=Path, required=True, help="of the test series (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="scores of the training (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="the card (JSON)")
    options = parser.parse_args()
    used = card.configurations(options.models, options.params)
    try:
        content = canonical.json_bytes(make(used, options, read_bootstrap(options.params)))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"no card can be made with this summary ({type(error).__name__}: {error})",
                         options.summary, MAKE) from None
    canonical.write_bytes(options.out, content)


if __name__ == "__main__":
    cli.main(stage)
