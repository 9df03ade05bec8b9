"""Set the methods side by side: Dice by station with intervals over patients, and their differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.errors import InputError
from studies.sclc_recurrence.diunet import settings
from studies.sclc_recurrence.partition import STATIONS

PLACES = ("whole", "near")
# What each difference is: of the second method from the first, on the same patients.
DIFFERENCES = {"gtv": ("both", "blank"), "network": ("both", "atlas")}


def interval(values: np.ndarray, drawn: np.ndarray) -> dict:
    """Return the mean over patients with its 95 % percentile interval.

    Parameters
    ----------
    values : (patients,) array of float
        NaN where a patient has none.
    drawn : (samples, patients) array of int
        How often each patient is drawn.
    """
    known = ~np.isnan(values)
    if not known.any():
        return {"mean": None, "low": None, "high": None, "patients": 0}
    counts = drawn[:, known].sum(axis=1)
    means = (drawn[:, known] @ values[known])[counts > 0] / counts[counts > 0]
    low, high = np.quantile(means, [0.025, 0.975])
    return {"mean": values[known].mean(), "low": low, "high": high, "patients": int(known.sum())}


def average(values: np.ndarray) -> np.ndarray:
    """Return each patient's mean over the stations that the patient has there, (patients,)."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.divide(np.where(known, values, 0).sum(axis=1), count,
                     out=np.full(len(values), np.nan), where=count > 0)


def derive(found: dict[str, dict], scoring: settings.Scoring) -> dict:
    """Return means, intervals and differences; of several trainings a patient's mean counts.

    Parameters
    ----------
    found : dict
        What `segment` wrote, by method; of the same patients.
    scoring : Scoring
    """
    first = next(iter(found.values()))
    count = len(first["trainings"][0])
    drawn = np.random.default_rng(scoring.seed).multinomial(count, np.full(count, 1 / count),
                                                            scoring.samples)
    # (trainings, patients, stations) by method and place.
    values = {method: {place: np.array([[[patient[place][station] for station in STATIONS]
                                         for patient in one.values()] for one in made["trainings"]],
                                       float) for place in PLACES} for method, made in found.items()}

    def gained(one: str, other: str, place: str) -> dict:
        pairs = [average(a) - average(b) for a, b in
                 zip(*np.broadcast_arrays(values[one][place], values[other][place]))]
        return interval(np.mean(pairs, axis=0), drawn) | {"trainings": [np.nanmean(pair)
                                                                        for pair in pairs]}

    def told(table: np.ndarray) -> dict:
        mean = table.mean(axis=0)
        return {"mean": interval(average(mean), drawn), "trainings": [np.nanmean(average(one))
                                                                      for one in table],
                "stations": {name: interval(mean[:, at], drawn) for at, name in enumerate(STATIONS)}}

    return {"trained": first["trained"], "held_out": count, "near_mm": scoring.near_mm,
            "methods": {method: {place: told(table) for place, table in places.items()}
                        for method, places in values.items()},
            "differences": {name: {place: gained(*pair, place) for place in PLACES}
                            for name, pair in DIFFERENCES.items()}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.diunet.compare", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    for method in dict.fromkeys(name for pair in DIFFERENCES.values() for name in pair):
        parser.add_argument(f"--{method}", type=Path, required=True, help="Dice of this method (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="the comparison (JSON)")
    options = parser.parse_args()
    paths = {name: getattr(options, name) for name in
             dict.fromkeys(name for pair in DIFFERENCES.values() for name in pair)}
    found = {name: canonical.read_json(path) for name, path in paths.items()}
    for name, path in paths.items():
        if found[name].get("method") != name:
            raise InputError(f"is not of the method {name}", path, "make it again")
        if list(found[name]["trainings"][0]) != list(found["both"]["trainings"][0]):
            raise InputError("is of other patients than the first", path, "make both of one cohort")
    canonical.write_json(options.out, derive(found, settings.scoring(options.params)))


if __name__ == "__main__":
    cli.main(stage)
