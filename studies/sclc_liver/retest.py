"""What the released table holds beside the models: agreement of two series, and independent units.

The 109 examinations with two series (a thick and a thin reconstruction, segmented each by itself)
are a test and a retest of every feature. Tumour burden and NE score are correlated once more with
patients, not examinations, as what varies independently.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from stages.classification import data
from stages.classification.corrected.scores import draw_patients, interval
from stages.classification.select import family
from stages.classification.volume import volume_mm3
from stages.common import canonical, cli
from stages.common.columns import FEATURES, LABEL, PATIENT, SCORE, SPACING, STUDY, VOXELS, spacing_mm
from stages.common.errors import InputError
from studies.sclc_liver.parameters import Retest, read_retest
from studies.sclc_liver.power import NORMAL


def pairs(table: pd.DataFrame, source) -> np.ndarray:
    """Return the rows of the thinner and the thicker series of each examination that has two.

    Returns
    -------
    ndarray of int, shape (k, 2)

    Raises
    ------
    InputError
        If there are fewer than three.
    """
    thickness = spacing_mm(table, source)[:, 2]
    found = []
    for rows in table.groupby(STUDY, sort=True).indices.values():
        if len(rows) == 2:
            found.append(sorted(rows, key=lambda row: (thickness[row], row)))
    if len(found) < 3:
        raise InputError(f"{len(found)} examination(s) with two series: agreement cannot be told",
                         source, "use a table with at least three")
    return np.array(found)


def icc(values: np.ndarray) -> np.ndarray:
    """Return the intraclass correlation of single measurements, absolute agreement, two-way random.

    ICC(2,1) of Shrout and Fleiss 1979 (Psychol Bull 86:420), by the mean squares.

    Parameters
    ----------
    values : ndarray of float, shape (k, 2, p)
        k pairs of measurements of p features.

    Returns
    -------
    ndarray of float, shape (p,)
        NaN where a feature never varies.

    Examples
    --------
    >>> icc(np.array([[[1.0], [1.0]], [[2.0], [2.0]], [[4.0], [4.0]]])).tolist()
    [1.0]
    """
    count, raters, _ = values.shape
    whole = values.mean(axis=(0, 1))
    subjects = raters * ((values.mean(axis=1) - whole) ** 2).sum(axis=0) / (count - 1)
    series = count * ((values.mean(axis=0) - whole) ** 2).sum(axis=0) / (raters - 1)
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0, keepdims=True) + whole
    error = (rest ** 2).sum(axis=(0, 1)) / ((count - 1) * (raters - 1))
    bottom = subjects + (raters - 1) * error + raters * (series - error) / count
    return np.divide(subjects - error, bottom, out=np.full(len(bottom), np.nan), where=bottom > 0)


def agreement(table: pd.DataFrame, rows: np.ndarray, settings: Retest) -> pd.DataFrame:
    """Return the ICC of each feature with its interval, and that of its ranks.

    Parameters
    ----------
    table : DataFrame
    rows : ndarray of int, shape (k, 2)
    settings : Retest
        Whole patients are drawn for the interval.
    """
    values = table[list(FEATURES)].to_numpy(dtype=float)[rows]
    names, patient = np.unique(table[PATIENT].to_numpy()[rows[:, 0]], return_inverse=True)
    own = [np.flatnonzero(patient == number) for number in range(len(names))]
    generator = np.random.default_rng(settings.seed)
    sampled = np.array([icc(values[np.concatenate([own[number] for number in drawn])])
                        for drawn in generator.integers(len(names),
                                                        size=(settings.samples, len(names)))])
    low, high = np.nanquantile(sampled, [(1 - settings.level) / 2, (1 + settings.level) / 2], axis=0)
    ranks = rankdata(values.reshape(-1, len(FEATURES)), axis=0).reshape(values.shape)
    return pd.DataFrame({"feature": FEATURES, "family": [family(name) for name in FEATURES],
                         "ICC": icc(values), "low": low, "high": high, "rank_ICC": icc(ranks)})


def clustered(volume: np.ndarray, score: np.ndarray, patients: np.ndarray,
              settings: Retest) -> dict:
    """Return Spearman's rho of n units with an interval over patients and what could be found.

    Returns
    -------
    dict
        ``smallest_detectable``: with 80 % power at a two-sided 5 %, from the spread over samples of
        patients.
    """
    weight = draw_patients(patients, settings.samples, settings.seed).astype(int)
    rows = np.arange(len(patients))
    sampled = np.array([spearmanr(volume[drawn], score[drawn]).statistic
                        for drawn in (np.repeat(rows, times) for times in weight)])
    found = spearmanr(volume, score)
    wanted = NORMAL.inv_cdf(0.975) + NORMAL.inv_cdf(0.8)
    return {"units": len(rows), "patients": len(np.unique(patients)), "rho": found.statistic,
            "p_of_independent_units": found.pvalue, "patients_interval": interval(
                sampled, settings.level), "smallest_detectable": wanted * np.nanstd(sampled)}


def burden(table: pd.DataFrame, source, settings: Retest) -> dict:
    """Return burden against score on the units that one may take for independent.

    First series of each examination (as published), and of each patient: the first examination, and
    the mean of logarithmic volume and score over all of them.
    """
    table = table.assign(volume=volume_mm3(table, source))
    first = table.drop_duplicates(STUDY)
    one = first.drop_duplicates(PATIENT)
    mean = first.assign(volume=np.log(first["volume"])).groupby(PATIENT, sort=True)[
        ["volume", SCORE]].mean().reset_index()
    # One sample holds several examinations of one label date: those of the same score.
    distinct = first.drop_duplicates([PATIENT, SCORE])
    return {name: clustered(*(part[column].to_numpy() for column in ("volume", SCORE, PATIENT)),
                            settings)
            for name, part in (("examinations", first), ("distinct_scores", distinct),
                               ("first_of_patient", one), ("mean_of_patient", mean))}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.retest", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--features", type=Path, required=True, help="agreement by feature (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="summary (JSON)")
    options = parser.parse_args()
    settings = read_retest(options.params)
    table = data.read_table(options.table, (VOXELS, SPACING))
    rows = pairs(table, options.table)
    found = agreement(table, rows, settings)
    thickness = spacing_mm(table, options.table)[:, 2][rows]
    selected = found[found["feature"].isin(data.read_selected(options.selected))]
    canonical.write_csv(options.features, found)
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "as-released"), "pairs": len(rows),
        "of_different_thickness": int((thickness[:, 0] != thickness[:, 1]).sum()),
        "patients": int(table[PATIENT].iloc[rows[:, 0]].nunique()), "stable": settings.stable,
        "features": {name: {"features": len(part),
                            "stable": int((part["ICC"] >= settings.stable).sum()),
                            "stable_for_sure": int((part["low"] >= settings.stable).sum()),
                            "stable_by_rank": int((part["rank_ICC"] >= settings.stable).sum()),
                            "below_half": int((part["ICC"] < 0.5).sum()),
                            "median": part["ICC"].median()}
                     for name, part in (("all", found), ("selected", selected),
                                        *found.groupby("family", sort=True))},
        "burden": burden(table, options.table, settings),
        "positive_examinations": int(table.drop_duplicates(STUDY)[LABEL].sum())})


if __name__ == "__main__":
    cli.main(stage)
