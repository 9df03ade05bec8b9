"""Smallest sample for a model such as the paper's, beside what there was."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.classification import data
from stages.classification.sample_size import largest_r2, r2_of_auc, smallest
from stages.common import canonical, cli
from stages.common.columns import FEATURES, LABEL, STUDY
from studies.sclc_liver.parameters import read_anticipated


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.sample_size", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="sample sizes (JSON)")
    options = parser.parse_args()
    anticipated = read_anticipated(options.params)
    table = data.read_table(options.table)
    studies = table.drop_duplicates(STUDY)
    share = float(studies[LABEL].mean())
    # Every feature that the selection looks at is a candidate; the selected ones alone are too few.
    predictors = {"candidates": len(FEATURES), "selected": len(data.read_selected(options.selected)),
                  "one": 1}
    rows = []
    for name, r2 in ([(f"AUC {area:g}", r2_of_auc(area, share)) for area in anticipated.areas]
                     + [(f"R2 {part:g} of its maximum", part * largest_r2(share))
                        for part in anticipated.shares_of_largest_r2]):
        rows += [{"anticipated": name, "r2": r2, "of": which, "predictors": count,
                  **smallest(count, share, r2)} for which, count in predictors.items()]
    canonical.write_json(options.out, {
        "run": data.run_of(options, "as-released"), "prevalence": share,
        "examinations": len(studies), "negatives": int(np.sum(studies[LABEL] == 0)),
        "largest_r2": largest_r2(share), "sizes": rows})


if __name__ == "__main__":
    cli.main(stage)
