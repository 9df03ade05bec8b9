"""What a synthetic cohort has planted: the right answer that later stages should come near to.

Writes, for the series that are classified, the correlation of burden and texture with the NE score
as designed and as drawn, and how well burden, texture and both divide the test series (AUC). A
cohort of another source has nothing planted: the answer is empty.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from stages.cohort.parameters import PHANTOM, SOURCES
from stages.cohort.phantom import plan, settings
from stages.common import canonical, cli
from stages.common.columns import GROUP, LABEL, SCORE, STUDY
from stages.common.parameters import choose, section

BURDEN, TEXTURE = "planted_ml", "planted_texture_hu"


def rank_correlation(correlation: float) -> float:
    """Return Spearman's rho of two normal variables with this Pearson correlation.

    Source: Pearson 1907, rho = 6 / pi * arcsin(r / 2).

    Examples
    --------
    >>> rank_correlation(0.0), round(rank_correlation(0.7), 3)
    (0.0, 0.683)
    """
    return 6 / math.pi * math.asin(correlation / 2)


def spearman(first: pd.Series, second: pd.Series) -> float:
    """Return Spearman's rho of two columns."""
    return float(np.corrcoef(first.rank(), second.rank())[0, 1])


def area(label: np.ndarray, values: pd.Series) -> float | None:
    """Return the AUC of ``values`` for the labels 1 against 0; None where a group is empty.

    Examples
    --------
    >>> area(np.array([0, 1, 1]), pd.Series([1.0, 1.0, 2.0]))
    0.75
    """
    ranks, positive = values.rank().to_numpy(), label == 1
    count = int(positive.sum()), int((~positive).sum())
    if not all(count):
        return None
    return float((ranks[positive].sum() - count[0] * (count[0] + 1) / 2) / (count[0] * count[1]))


def designed(preset: settings.Preset) -> dict:
    """Return the rank correlations that the twin of the preset plants between score and lesions."""
    planted = preset.twin == settings.PLANTED
    return {f"{name}_spearman": rank_correlation(correlation if planted else 0.0)
            for name, correlation in (("burden", preset.effect.burden_correlation),
                                      ("texture", preset.effect.texture_correlation))}


def summarise(series: pd.DataFrame, preset: settings.Preset) -> dict:
    """Return designed and drawn correlations and the planted separation of the test series."""
    studies = series.drop_duplicates(STUDY)
    test = series[series[GROUP] == plan.TEST]
    label = test[LABEL].to_numpy(dtype=int)
    logs = np.log(series[[BURDEN, TEXTURE]])
    both = ((logs - logs.mean()) / logs.std()).sum(axis=1)
    return {"series": len(series), "studies": len(studies), "test_series": len(test),
            "twin": preset.twin, "designed": designed(preset),
            "drawn": {"burden_spearman": spearman(studies[BURDEN], studies[SCORE]),
                      "texture_spearman": spearman(studies[TEXTURE], studies[SCORE])},
            "test_auc": {"burden": area(label, test[BURDEN]), "texture": area(label, test[TEXTURE]),
                         "both": area(label, both.loc[test.index])}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.planted", __doc__)
    parser.add_argument("--source", choices=SOURCES, required=True, help="where the cohort is from")
    parser.add_argument("--scored", type=Path, required=True, help="list of the stage scored (CSV)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the right answer (JSON)")
    options = parser.parse_args()
    found = {}
    if options.source == PHANTOM:
        phantom = section(options.params, "phantom", settings.Phantom)
        preset = choose(phantom.presets, phantom.preset, "phantom preset")
        series = canonical.read_csv(options.scored, (STUDY, GROUP, SCORE, LABEL, BURDEN, TEXTURE))
        found = summarise(series, preset)
    canonical.write_json(options.out, found)


if __name__ == "__main__":
    cli.main(stage)
