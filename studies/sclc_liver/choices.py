"""Can any choice of one series per study give the published rank-sum statistic?

The answer is exact and needs no enumeration. With R's W counting the pairs (positive, negative) in
which the positive study is larger, ties half, raising the volume of a positive study never lowers
W and lowering that of a negative study never lowers it. A study's series all have its label, and
studies are chosen independently. So W is largest with the largest series of each positive study
and the smallest of each negative one, and smallest the other way round. Group sizes do not change,
so the z that ignores ties is an increasing function of W and has the same extremes. A correction
for ties divides z by a factor below 1, bounded from the values that any two studies could share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import LABEL, SCORE
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.statistics import ranks, volumes

# Row and metric of the published statistic in the table of Figure 3.
ROW, METRIC = "all", "Wilcoxon_z"


@dataclass(frozen=True)
class Printed:
    """A printed number: it stands for every value that rounds to it."""

    statistic: float
    decimals: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest value that round to the printed one.

        Examples
        --------
        >>> Printed(2.19, 2).interval
        (2.185, 2.195)
        """
        half = 0.5 * 10.0 ** -self.decimals
        return (round(self.statistic - half, self.decimals + 1),
                round(self.statistic + half, self.decimals + 1))


def published(path: Path) -> Printed:
    """Read the rank-sum statistic that Figure 3 prints.

    Raises
    ------
    InputError
        If the table does not have it, or it is no number.
    """
    table = canonical.read_csv(path, ("row", "metric", "value"), dtype=str, keep_default_na=False)
    found = table[(table["row"] == ROW) & (table["metric"] == METRIC)]["value"]
    try:
        (text,) = found
        exponent = Decimal(text).as_tuple().exponent
    except (ValueError, InvalidOperation):
        exponent = None
    if not isinstance(exponent, int):
        raise InputError(f"has no number {ROW} / {METRIC}", path, "restore it from the repository")
    return Printed(float(text), max(0, -exponent))


def extremes(volume: np.ndarray, study: np.ndarray, label: np.ndarray) -> dict:
    """Return the exact range of W and z over all choices of one series per study.

    Parameters
    ----------
    volume : array of shape (series,)
        Volume of each series (mm³).
    study : array of shape (series,)
        Study of each series.
    label : array of shape (series,)
        1 for NE-positive, 0 for NE-negative; the same for all series of a study.

    Returns
    -------
    dict
        ``W_min``, ``W_max``, ``z_min``, ``z_max`` (ties ignored; all four are attained) and
        ``z_tie_corrected_from``, ``z_tie_corrected_to``: bounds for the z corrected for ties,
        equal to the range of z when no choice can have ties, NaN when nothing can be said.
    """
    table = pd.DataFrame({"study": study, "volume": volume, "label": label})
    options = table.groupby("study", sort=False).agg(
        low=("volume", "min"), high=("volume", "max"), label=("label", "first"))
    positive, negative = options[options["label"] == 1], options[options["label"] == 0]
    sizes = len(positive), len(negative)
    w_min = ranks.rank_sum_w(positive["low"].to_numpy(), negative["high"].to_numpy())
    w_max = ranks.rank_sum_w(positive["high"].to_numpy(), negative["low"].to_numpy())
    z_min, z_max = ranks.normal_z(w_min, *sizes), ranks.normal_z(w_max, *sizes)
    shrink = math.sqrt(smallest_tie_factor(table))
    return {"W_min": w_min, "W_max": w_max, "z_min": z_min, "z_max": z_max,
            "z_tie_corrected_from": _widen(z_min, shrink, lower=True),
            "z_tie_corrected_to": _widen(z_max, shrink, lower=False)}


def smallest_tie_factor(table: pd.DataFrame) -> float:
    """Bound from below, over all choices, the factor by which ties shrink the variance of W.

    Each value is taken to be chosen by every study that has it: more ties than any choice has.
    The factor is 1 when no two studies share a value, and 0 when the bound says nothing.
    """
    studies = table["study"].nunique()
    sharing = table.drop_duplicates(["study", "volume"])["volume"].to_numpy()
    return max(0.0, 1 - ranks.tie_sum(sharing) / (studies ** 3 - studies))


def _widen(z: float, shrink: float, lower: bool) -> float:
    if shrink == 0:
        return math.nan
    outward = z < 0 if lower else z > 0
    return z / shrink if outward else z


def excluded(found: dict, interval: tuple[float, float]) -> bool:
    """Tell whether no choice, with or without tie correction, gives a |z| in ``interval``."""
    low = min(found["z_min"], found["z_tie_corrected_from"])
    high = max(found["z_max"], found["z_tie_corrected_to"])
    if math.isnan(found["z_tie_corrected_from"]) or math.isnan(found["z_tie_corrected_to"]):
        return False
    return all(high < first or low > last
               for first, last in (interval, (-interval[1], -interval[0])))


def nearest_threshold(volume: np.ndarray, score: np.ndarray, target: float) -> dict:
    """Return the threshold of the score that brings |z| nearest to ``target``.

    Parameters
    ----------
    volume, score : array of shape (studies,)
        One series per study.
    target : float
        The published z.

    Returns
    -------
    dict
        ``threshold`` (a study counts as positive from this score on), ``z`` and ``positives``.
    """
    best = None
    for threshold in np.unique(score)[1:]:
        chosen = score >= threshold
        w = ranks.rank_sum_w(volume[chosen], volume[~chosen])
        z = ranks.normal_z(w, int(chosen.sum()), int((~chosen).sum()))
        if best is None or abs(abs(z) - target) < abs(abs(best["z"]) - target):
            best = {"threshold": float(threshold), "z": z, "positives": int(chosen.sum())}
    return best or {"threshold": None, "z": None, "positives": None}


def examine(series: pd.DataFrame, measure: str, printed: Printed) -> dict:
    """Answer the question for one measure of volume (``series``: one row per series)."""
    label = series[LABEL].to_numpy()
    volume = series[measure].to_numpy()
    found = extremes(volume, series["study"].to_numpy(), label)
    w = ranks.rank_sum_w(volume[label == 1], volume[label == 0])
    first = volumes.first_of_study(series)
    return {**found, "excludes_published": excluded(found, printed.interval),
            "z_all_series": ranks.normal_z(w, int((label == 1).sum()), int((label == 0).sum())),
            "nearest_threshold_first_series": nearest_threshold(
                first[measure].to_numpy(), first[SCORE].to_numpy(), printed.statistic)}


def summarise(series: pd.DataFrame, others: tuple[str, ...], printed: Printed) -> dict:
    """Answer the question for the burden and ``others``, columns that measure the same volume."""
    counts = series.groupby("study", sort=False).size()
    measures = (volumes.BURDEN, *others)
    return {
        "published_interval": list(printed.interval),
        "studies": len(counts),
        "studies_with_several_series": int((counts > 1).sum()),
        # As text: most readers of JSON keep 53 bits of a number.
        "choices": str(math.prod(int(count) for count in counts)),
        "volumes": {measure: examine(series, measure, printed) for measure in measures},
    }


def stage() -> None:
    """Read the table, compute, write the answer."""
    arguments = cli.parser("studies.sclc_liver.choices", __doc__)
    arguments.add_argument("--table", required=True, help="canonical cohort table (CSV)")
    arguments.add_argument("--params", type=Path, required=True)
    arguments.add_argument("--published", type=Path, required=True, help="Figure 3 (CSV)")
    arguments.add_argument("--out", required=True, help="answer to write (JSON)")
    given = arguments.parse_args()
    others = section(given.params, "statistics.other_volumes", tuple[str, ...])
    printed = published(given.published)
    series = volumes.read(given.table, others)
    volumes.check_groups(series, given.table)
    canonical.write_json(given.out, summarise(series, others, printed))


if __name__ == "__main__":
    cli.main(stage)
