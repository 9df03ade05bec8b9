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


def interval(values: np.ndarray, again: np.ndarray, drawn: np.ndarray) -> dict:
    """Return the mean over patients with its 95 % percentile interval.

    Parameters
    ----------
    values : (patients,) array of float
        Of each patient the mean over trainings; NaN where a patient has none.
    again : (samples, patients) array of float
        The same with the trainings drawn anew.
    drawn : (samples, patients) array of int
        How often each patient is drawn.
    """
    known = ~np.isnan(values)
    if not known.any():
        return {"mean": None, "low": None, "high": None, "patients": 0}
    counts = drawn[:, known].sum(axis=1)
    means = (drawn * again)[:, known].sum(axis=1)[counts > 0] / counts[counts > 0]
    low, high = np.quantile(means, [0.025, 0.975])
    return {"mean": values[known].mean(), "low": low, "high": high, "patients": int(known.sum())}


def average(values: np.ndarray) -> np.ndarray:
    """Return each patient's mean over the stations that the patient has there (the last axis)."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    return np.divide(np.where(known, values, 0).sum(axis=-1), count,
                     out=np.full(count.shape, np.nan), where=count > 0)


def derive(found: dict[str, dict], scoring: settings.Scoring) -> dict:
    """Return means, differences, and intervals that hold both patients and trainings.

    Parameters
    ----------
    found : dict
        What `segment` wrote, by method; of the same patients.
    scoring : Scoring
    """
    first = next(iter(found.values()))
    count = len(first["trainings"][0])
    random = np.random.default_rng(scoring.seed)
    drawn = random.multinomial(count, np.full(count, 1 / count), scoring.samples)
    # Trainings of two methods share nothing: each method's are drawn by themselves.
    shares = {method: random.multinomial(n, np.full(n, 1 / n), scoring.samples) / n
              for method, made in found.items() for n in [len(made["trainings"])]}
    # (trainings, patients, stations) by method and place.
    values = {method: {place: np.array([[[patient[place][station] for station in STATIONS]
                                         for patient in one.values()] for one in made["trainings"]],
                                       float) for place in PLACES} for method, made in found.items()}

    def pooled(method: str, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean over trainings by patient, and that of trainings drawn anew."""
        return table.mean(axis=0), shares[method] @ table

    def gained(one: str, other: str, place: str) -> dict:
        tables = [average(values[method][place]) for method in (one, other)]
        pairs = [a - b for a, b in zip(*map(pooled, (one, other), tables))]
        return interval(*pairs, drawn) | {"spread": spread(*(np.nanmean(table, axis=1)
                                                             for table in tables))}

    def told(method: str, table: np.ndarray) -> dict:
        means = average(table)
        return {"mean": interval(*pooled(method, means), drawn),
                "trainings": np.nanmean(means, axis=1).tolist(),
                "stations": {name: interval(*pooled(method, table[..., at]), drawn)
                             for at, name in enumerate(STATIONS)}}

    return {"trained": first["trained"], "held_out": count, "near_mm": scoring.near_mm,
            "methods": {method: {place: told(method, table) for place, table in places.items()}
                        for method, places in values.items()},
            "differences": {name: {place: gained(*pair, place) for place in PLACES}
                            for name, pair in DIFFERENCES.items()}}


def spread(*trainings: np.ndarray) -> float | None:
    """Return the standard deviation of a difference of one training each; None if all are single.

    Parameters
    ----------
    trainings : (trainings,) array of float
        The mean of each training, by method.
    """
    several = [values.var(ddof=1) for values in trainings if len(values) > 1]
    return float(np.sqrt(sum(several))) if several else None


def joined(paths: list[Path], name: str) -> dict:
    """Return what `segment` wrote of a method in one or more files, as of one.

    Raises
    ------
    InputError
        If a file is of another method, of other patients or of another number of them.
    """
    found = [canonical.read_json(path) for path in paths]
    for path, one in zip(paths, found):
        if one.get("method") != name:
            raise InputError(f"is not of the method {name}", path, "make it again")
        if list(one["trainings"][0]) != list(found[0]["trainings"][0]) or (
                one["trained"] != found[0]["trained"]):
            raise InputError(f"is of other patients than {paths[0]}", path, "make both of one cohort")
        if one["preset"] != found[0]["preset"]:
            raise InputError(f"is not of the preset of {paths[0]}", path,
                             "train anew with it (make sweep)")
    return found[0] | {"trainings": [run for one in found for run in one["trainings"]]}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.diunet.compare", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    for method in dict.fromkeys(name for pair in DIFFERENCES.values() for name in pair):
        parser.add_argument(f"--{method}", type=Path, nargs="+", required=True,
                            help="Dice of this method's trainings (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="the comparison (JSON)")
    options = parser.parse_args()
    paths = {name: getattr(options, name) for name in
             dict.fromkeys(name for pair in DIFFERENCES.values() for name in pair)}
    found = {name: joined(files, name) for name, files in paths.items()}
    for name, files in paths.items():
        if list(found[name]["trainings"][0]) != list(found["both"]["trainings"][0]):
            raise InputError("is of other patients than the first", files[0], "make both of one cohort")
    canonical.write_json(options.out, derive(found, settings.scoring(options.params)))


if __name__ == "__main__":
    cli.main(stage)
