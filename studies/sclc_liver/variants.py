"""Repeat the released analysis on variants of the table, each with one of its faults mended.

The faults are those that `studies.sclc_liver.faults` found. Each variant corrects or removes one of
them and repeats selection, cross-validation and test as released; the converged logistic regression
is solved for it too, because the released fit also moves with rounding. As a measure for comparison,
the converged model is also fitted without each training study, and without each training patient.
`studies.sclc_liver.ablation` scores it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from stages.classification import converged, data
from stages.classification.parameters import (
    Converged,
    Protocol,
    read_converged,
    read_protocol,
)
from stages.classification.select import select
from stages.classification.train import predictions, summary
from stages.common import canonical, cli
from stages.common.columns import FEATURES, GROUP, PATIENT, SERIES, STUDY
from stages.common.errors import InputError
from studies.sclc_liver import fits
from studies.sclc_liver.fits import UNWEIGHTED
from studies.sclc_liver.fitting import fit

RELEASED, CONVERGED = "as-released", "LR converged"
# Equal by definition where voxels measure 1 mm3. Source: documentation of PyRadiomics 3.0.1.
ENERGY, TOTAL = "original_firstorder_Energy", "original_firstorder_TotalEnergy"


@dataclass(frozen=True)
class Settings:
    """The released protocol and how the regression is solved."""

    released: Protocol
    converged: Converged

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read them from a parameters file."""
        return cls(read_protocol(path, RELEASED), read_converged(path))


def faulty(faults: dict, release: str, source: str) -> tuple[list[str], list[str]]:
    """Return the series that were resampled otherwise, and the studies whose score is in doubt.

    Raises
    ------
    InputError
        If the file does not hold the release.
    """
    if release not in faults.get("releases", {}):
        raise InputError(f"holds no findings on release {release}", source, "run the faults stage")
    found = faults["releases"][release]
    studies = [name for group in found["labels"]["beyond_window"] for name in group["studies"]]
    return [row["series"] for row in found["resampling"]], studies


def variants(table: pd.DataFrame, series: list[str], studies: list[str]) -> dict[str, pd.DataFrame]:
    """Return the table as released and with one fault removed or corrected at a time.

    Parameters
    ----------
    table : DataFrame
        Canonical table, n rows.
    series : list of str
        Series that were resampled otherwise.
    studies : list of str
        Studies that share a score though they lie too far apart.

    Returns
    -------
    dict
        ``as-released``; ``without-series``; ``energy`` (Energy set to TotalEnergy, which it equals
        at 1 mm3); ``sibling`` (features of another series of the same study); ``without-studies``.
    """
    odd = table[SERIES].isin(series)
    energy = table.copy()
    energy[ENERGY] = energy[ENERGY].where(~odd, energy[TOTAL])
    sibling = table.copy()
    for row in np.flatnonzero(odd):
        others = table[(table[STUDY] == table[STUDY].iloc[row]) & ~odd]
        if len(others):
            sibling.loc[sibling.index[row], list(FEATURES)] = others.iloc[0][list(FEATURES)]
    return {RELEASED: table, "without-series": table[~odd], "energy": energy, "sibling": sibling,
            "without-studies": table[~table[STUDY].isin(studies)]}


def measure(table: pd.DataFrame, settings: Settings, models: bool) -> tuple[dict, pd.DataFrame]:
    """Select, train and test as released on one variant of the table.

    Without ``models`` only the converged logistic regression is fitted.

    Returns
    -------
    dict
        ``selected`` and, by model (``LR converged`` beside the three), scores (`train.summary`).
    DataFrame
        Predictions of the test series by all of them.
    """
    released, digits = settings.released, settings.converged.digits
    chosen = list(select(*data.train_and_test(table), released.selection).coefficients)
    sets = data.train_and_test(table, chosen)
    scored, predicted = fit(*sets, released) if models else ({}, None)
    trained, solution = converged.train(*sets, released, UNWEIGHTED["LR"], settings.converged)
    scored[CONVERGED] = summary(trained, sets[1])
    slopes = dict(zip(chosen, solution.coefficients.tolist()))
    return {"selected": chosen, "models": scored,
            "converged_slopes": converged.rounded(
                {name: slopes[name] for name in (ENERGY, TOTAL) if name in slopes}, digits)
            }, pd.concat([predicted, predictions(CONVERGED, trained, sets[1])])


def indicator(table: pd.DataFrame, series: list[str], slopes: dict[str, float]) -> dict:
    """Return what the two energies together add to the log-odds of each faulty series.

    Where both energies are equal, their slopes act as their sum. In a faulty series they differ:
    the difference is a term of that series alone.

    Returns
    -------
    dict
        Series to ``alone`` (the term that no other series has) and ``shared``, in log-odds.
    """
    if len(slopes) < 2:
        return {}
    rows = table[table[SERIES].isin(series)]
    return {name: {"alone": slopes[TOTAL] * (total - energy),
                   "shared": (slopes[ENERGY] + slopes[TOTAL]) * energy}
            for name, energy, total in zip(rows[SERIES], rows[ENERGY], rows[TOTAL])}


def influence(table: pd.DataFrame, settings: Settings, unit: str) -> dict:
    """Leave out each study, or patient, of the training set; select and solve again.

    Parameters
    ----------
    table : DataFrame
    settings : Settings
    unit : str
        Column of the study or the patient.

    Returns
    -------
    dict
        How many there are; least, median and largest test AUC of the converged logistic regression,
        and what was left out for the least and the largest.
    """
    released, digits = settings.released, settings.converged.digits
    names = np.unique(table.loc[table[GROUP] != "test", unit])
    areas = []
    for name in tqdm(names, unit=unit):
        train_set, test_set = data.train_and_test(table[table[unit] != name])
        chosen = list(select(train_set, test_set, released.selection).coefficients)
        train_set, test_set = data.train_and_test(table[table[unit] != name], chosen)
        solution = converged.fit(train_set, np.arange(len(train_set.label)), UNWEIGHTED["LR"],
                                 released.models["LR"]["C"], settings.converged)
        positive = converged.rounded(
            solution.probability(test_set.features.to_numpy(float))[:, 1].tolist(), digits)
        areas.append(roc_auc_score(test_set.label, positive))
    areas = np.array(areas)
    return converged.rounded({
        "left_out": len(names), "min": areas.min(), "median": float(np.median(areas)),
        "max": areas.max(), "min_without": str(names[areas.argmin()]),
        "max_without": str(names[areas.argmax()])}, digits)


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.variants", __doc__, protocol=False)
    parser.add_argument("--faults", type=Path, required=True, help="findings (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the fits")
    options = parser.parse_args()
    settings = Settings.read(options.params)
    table = data.read_table(options.table)
    series, studies = faulty(canonical.read_json(options.faults), options.release,
                             str(options.faults))
    found, tables = {}, {}
    for name, changed in tqdm(variants(table, series, studies).items(), unit="variant"):
        # The train stage fits the table as released.
        found[name], tables[name] = measure(changed, settings, name != RELEASED)
    fits.write(options.out, {
        "series": series, "studies": studies, "variants": found,
        "indicator": converged.rounded(
            indicator(table, series, found[RELEASED]["converged_slopes"]), settings.converged.digits),
        "influence": {unit: influence(table, settings, unit) for unit in (STUDY, PATIENT)}}, tables)


if __name__ == "__main__":
    cli.main(stage)
