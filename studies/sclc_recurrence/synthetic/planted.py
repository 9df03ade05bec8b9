"""What was planted in a drawn cohort: the curves and ratios that an analysis should come near to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.survival.analyse import Settings
from studies.sclc_recurrence.synthetic import cohort, settings, truth

# Months of a curve, so many apart.
STEP, LAST = 3, 120


def control(hazard: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Return the share free of relapse of patients with constant hazards, nobody dying: (months,).

    Examples
    --------
    >>> control(np.array([0.1, 0.1]), np.array([0.0, 10.0])).round(3)
    array([1.   , 0.368])
    """
    return np.exp(-np.outer(months, hazard)).mean(axis=1)


def derive(config: settings.Cohort, name: str, survival: Settings) -> dict:
    """Return the planted ratios, the right scores, and local control by group of the curves."""
    arm, people = cohort.drawn(config, name)
    hazard = cohort.hazard(config, arm, people.table)
    months = np.arange(0, LAST + 1, STEP, dtype=float)
    group = people.table[survival.group]
    return {"arm": name, "truth": truth.answers(config, arm, name, survival.months), "months": months,
            "control": {f"{value:g}": control(hazard[group == value], months)
                        for value in sorted(group.unique())}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.planted", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True, help="null, shortcut or planted")
    parser.add_argument("--out", type=Path, required=True, help="the right answers (JSON)")
    options = parser.parse_args()
    config = section(options.params, "synthetic.cohort", settings.Cohort)
    survival = section(options.params, "survival", Settings)
    canonical.write_json(options.out, derive(config, options.arm, survival))


if __name__ == "__main__":
    cli.main(stage)
