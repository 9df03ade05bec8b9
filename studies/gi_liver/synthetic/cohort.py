"""Draw the first cohort of an arm: a table of lesions, and what its plan says."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.prediction import lesions
from studies.gi_liver.synthetic import plan
from studies.gi_liver.synthetic.parameters import read_synthetic


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.cohort", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True)
    parser.add_argument("--table", type=Path, required=True, help="lesions (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="the right answer (JSON)")
    options = parser.parse_args()
    cohort = read_synthetic(options.params, options.arm)
    found = plan.draw(cohort, 0)
    patients = [f"P{number:03d}" for number in range(1, len(found.outcome) + 1)]
    canonical.write_csv(options.table, lesions.table(found, patients))
    canonical.write_json(options.out, {
        "arm": options.arm, "shifts": cohort.shifts, "patients": len(found.outcome),
        "lesions": len(found.patient), "best": plan.best(cohort, found),
        "best_of_texture": plan.best(cohort, found, plan.texture(cohort.plan))})


if __name__ == "__main__":
    cli.main(stage)
