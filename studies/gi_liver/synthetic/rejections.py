"""How often the corrected protocol says that there is something, over many cohorts of an arm.

Where there is nothing (null twin) that should be in 5 % of cohorts; where something is planted it is
the test's power.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import beta

from stages.common import canonical, cli
from stages.prediction import judge
from stages.prediction.parameters import as_tuned, read_corrected, read_models
from studies.gi_liver.synthetic import plan
from studies.gi_liver.synthetic.parameters import read_synthetic

LEVEL = 0.05


def exact(count: int, of: int, level: float) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404).

    Examples
    --------
    >>> [round(bound, 3) for bound in exact(5, 100, 0.95)]
    [0.016, 0.113]
    """
    tail = (1 - level) / 2
    return (float(beta.ppf(tail, count, of - count + 1)) if count else 0.0,
            float(beta.ppf(1 - tail, count + 1, of - count)) if count < of else 1.0)


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.rejections", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True)
    parser.add_argument("--out", type=Path, required=True, help="share of rejections (JSON)")
    options = parser.parse_args()
    cohort, settings = read_synthetic(options.params, options.arm), read_corrected(options.params)
    preset = cohort.preset
    settings = replace(settings, permutations=preset.rejection_permutations,
                       seeds=preset.rejection_seeds)
    model = as_tuned(read_models(options.params), settings)[settings.named]
    found = [judge.test(plan.draw(cohort, number), replace(settings, seed=settings.seed + number),
                        model) for number in range(preset.rejection_cohorts[options.arm])]
    values, areas = (np.array([one[key] for one in found]) for key in ("P", "AUC"))
    rejected = int((values <= LEVEL).sum())
    low, high = exact(rejected, len(found), settings.level)
    canonical.write_json(options.out, {
        "arm": options.arm, "cohorts": len(found), "permutations": preset.rejection_permutations,
        "seeds": preset.rejection_seeds, "level": LEVEL, "rejected": rejected,
        "share": rejected / len(found), "low": low, "high": high, "P": values,
        "AUC": {"mean": areas.mean(), "sd": areas.std()}})


if __name__ == "__main__":
    cli.main(stage)
