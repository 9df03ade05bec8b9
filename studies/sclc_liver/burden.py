"""Compare tumour burden with the NE score: Spearman, and the rank-sum test between NE groups.

One row per study, the first in table order. Burden (mm³) is the voxel count of the mask times the
volume of a voxel.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from stages.common import canonical, cli
from stages.common.columns import LABEL, SCORE
from stages.common.parameters import section
from stages.statistics import ranks, rbridge, volumes

# R's last digits depend on the mathematical library it was built with; 13 digits do not.
R_DIGITS = 13


def spearman(volume: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Return Spearman's rho between volume and score (shape (n,) each) and its P value.

    Source: paper, Methods, Statistical analysis (SciPy 1.11.1).
    """
    result = stats.spearmanr(volume, score)
    return {"rho": float(result.statistic), "p": float(result.pvalue)}


def why_not_exact(positive: np.ndarray, negative: np.ndarray, exact_pairs: int) -> str | None:
    """Say why R gives no exact P value, or None when it does."""
    if ranks.tie_sum(np.concatenate([positive, negative])):
        return "ties"
    if len(positive) * len(negative) > exact_pairs:
        return f"more than {exact_pairs} pairs"
    return None


def rank_sum(positive: np.ndarray, negative: np.ndarray, exact_pairs: int) -> dict:
    """Run the rank-sum test in R and add its normal approximation.

    Parameters
    ----------
    positive, negative : array of shape (m,), (n,)
        Volumes (mm³) of the NE-positive and NE-negative studies.
    exact_pairs : int
        Largest ``m * n`` for which R computes the exact distribution.

    Returns
    -------
    dict
        W and P values of R; ``z`` ignoring ties (as ``scipy.stats.ranksums``) and
        ``z_tie_corrected``, each with its P, positive when NE-positive volumes are larger.
    """
    reason = why_not_exact(positive, negative, exact_pairs)
    in_r = rbridge.rank_sum(positive, negative, exact=reason is None)
    sizes = len(positive), len(negative)
    w = ranks.rank_sum_w(positive, negative)
    z = float(stats.ranksums(positive, negative).statistic)
    tied = ranks.normal_z(w, *sizes, ranks.tie_sum(np.concatenate([positive, negative])))
    rounded = {name: None if value is None else float(f"{value:.{R_DIGITS}g}")
               for name, value in in_r.items()}
    return {**rounded, "p_exact_missing_because": reason,
            "z": z, "p_z": ranks.two_sided(z),
            "z_tie_corrected": tied, "p_z_tie_corrected": ranks.two_sided(tied),
            "larger": "NE-positive" if z > 0 else "NE-negative" if z < 0 else "neither"}


def summarise(studies: pd.DataFrame, exact_pairs: int) -> dict:
    """Return every statistic of tumour burden against NE score (``studies``: one row each)."""
    volume, label = studies[volumes.BURDEN].to_numpy(), studies[LABEL].to_numpy()
    groups = {"NE-positive": volume[label == 1], "NE-negative": volume[label == 0]}
    return {
        "n": len(studies),
        "spearman": spearman(volume, studies[SCORE].to_numpy()),
        "rank_sum": rank_sum(*groups.values(), exact_pairs),
        "groups": {name: {"n": len(values), "median_mm3": float(np.median(values))}
                   for name, values in groups.items()},
    }


def stage() -> None:
    """Read the table, compute, write the metrics and the points."""
    arguments = cli.parser("studies.sclc_liver.burden", __doc__)
    arguments.add_argument("--table", required=True, help="canonical cohort table (CSV)")
    arguments.add_argument("--params", type=Path, required=True)
    arguments.add_argument("--out", required=True, help="statistics to write (JSON)")
    arguments.add_argument("--points", required=True,
                           help="volume, score and label of each study to write (CSV)")
    given = arguments.parse_args()
    exact_pairs = section(given.params, "statistics.exact_pairs", int)
    series = volumes.read(given.table)
    volumes.check_groups(series, given.table)
    studies = volumes.first_of_study(series)
    rbridge.announce()
    result = summarise(studies, exact_pairs)
    canonical.write_csv(given.points, studies)
    canonical.write_json(given.out, result)


if __name__ == "__main__":
    cli.main(stage)
