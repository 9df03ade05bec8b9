"""Compare methods cohort by cohort, with intervals over patients (--table, CSV).

Rows of the kind ``value`` are about one method on all series that it is tested on; those of the
kind ``difference`` about ``method`` minus ``against`` on the series of both, in the same samples of
patients.

Measures, of annotated series: ``lesion_dice`` and ``scan_dice`` (medians over reference lesions and
over scans with lesions), ``sensitivity``, ``ppv``, ``false_positives_per_scan`` (mean). Of series
without lesions, annotated or not: ``free_false_positives`` and ``free_false_ml`` (means over series,
with the standard deviation). ``lesions`` names a class of reference lesions by their diameter, ``rule``
another rule of matching than that of the section ``detection``.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common import manifest as cohort_manifest
from stages.common.columns import PATIENT, SERIES
from stages.common.errors import InputError
from stages.common.manifest import COHORT, PART
from stages.segmentation import compared, resampled, settings
from stages.segmentation.resampled import Items

COLUMNS = ("kind", "method", "against", "cohort", "rule", "lesions", "measure", "series", "patients",
           "n", "value", "low", "high", "lowest", "highest", "sd")
ALL, MAIN = "all", "main"
# What differences are taken of.
COMPARED = ("lesion_dice", "scan_dice", "sensitivity", "ppv", "false_positives_per_scan")


def diameter(ml: pd.Series) -> pd.Series:
    """Return the diameter (mm) of a ball of this volume (mL).

    Examples
    --------
    >>> round(float(diameter(pd.Series([4.18879]))[0]), 3)
    20.0
    """
    return (6000 * ml / np.pi) ** (1 / 3)


def classes(limits: tuple[float, ...]) -> dict[str, tuple[float, float]]:
    """Return names and limits (mm) of the classes of lesions.

    Examples
    --------
    >>> classes((10, 20))
    {'below 10 mm': (0, 10), '10 to 20 mm': (10, 20), 'from 20 mm': (20, inf)}
    """
    between = [f"{low:g} to {high:g} mm" for low, high in zip(limits, limits[1:])]
    names = [f"below {limits[0]:g} mm", *between, f"from {limits[-1]:g} mm"]
    return dict(zip(names, zip((0, *limits), (*limits, np.inf))))


class Method:
    """What the stage ``detect`` found for one method: tables ``lesions``, ``scans`` and ``rules``.

    Each has the columns of the manifest that are needed: cohort, patient, whether it is annotated.

    Raises
    ------
    InputError
        If a table is missing or has a series that the manifest lacks.
    """

    def __init__(self, folder: Path, series: pd.DataFrame):
        needed = {"lesions": ("mask", "ml", "dice", "result"),
                  "scans": ("lesions", "found", "predicted", "false_positives", "dice", "false_ml"),
                  "rules": ("rule", "lesions", "found", "predicted", "false_positives")}
        for name, columns in needed.items():
            path = folder / f"{name}.csv"
            table = canonical.read_csv(path, (SERIES, *columns), dtype={SERIES: str})
            unknown = set(table[SERIES]) - set(series.index)
            if unknown:
                raise InputError(f"has the series {min(unknown)}, which the manifest lacks", path,
                                 "detect again")
            setattr(self, name, table.join(series, on=SERIES))

    def items(self, names: set[str], limits: tuple[float, ...]) -> dict[tuple[str, str, str], tuple]:
        """Return what each measure is made of, for some of the series.

        Returns
        -------
        dict
            (rule, lesions, measure) to the patients of the items, ``part``, ``whole`` and whether it is
            a median.
        """
        lesions, scans, rules = (table[table[SERIES].isin(names)] for table in (
            self.lesions, self.scans, self.rules))
        free = scans[scans["lesions"] == 0]
        scans, lesions, rules = (table[table["annotated"]] for table in (scans, lesions, rules))
        truth = lesions[lesions["mask"] == "reference"]
        bearing = scans[scans["lesions"] > 0]
        found = {(MAIN, ALL, "scan_dice"): (bearing, bearing["dice"], None, True),
                 (MAIN, ALL, "free_false_positives"): (free, free["false_positives"], None, False),
                 (MAIN, ALL, "free_false_ml"): (free, free["false_ml"], None, False)}
        size = diameter(truth["ml"].astype(float))
        for name, (low, high) in {ALL: (0, np.inf), **classes(limits)}.items():
            part = truth[(size >= low) & (size < high)]
            found[MAIN, name, "lesion_dice"] = (part, part["dice"], None, True)
            found[MAIN, name, "sensitivity"] = (part, part["result"] == "found", None, False)
        for rule, table in ((MAIN, scans), *rules.groupby("rule", sort=False)):
            hits, false = table["found"], table["false_positives"]
            if rule != MAIN:
                found[rule, ALL, "sensitivity"] = (table, hits, table["lesions"], False)
            found[rule, ALL, "ppv"] = (table, hits, hits + false, False)
            found[rule, ALL, "false_positives_per_scan"] = (table, false, None, False)
        return found


def items(entry: tuple, place: dict[str, int]) -> Items:
    """Return an entry of `Method.items` with patients as indices."""
    table, part, whole, median = entry
    part = part.to_numpy(dtype=float)
    whole = np.ones(len(part)) if whole is None else whole.to_numpy(dtype=float)
    return Items(table["patient"].map(place).to_numpy(dtype=int), part, whole, median)


def spread(one: Items, measure: str) -> dict:
    """Return number, extremes and standard deviation of the single items; none of a ratio of sums.

    Where all items are one patient's, no interval either: there is nobody to draw beside him.
    """
    if len(set(one.patient.tolist())) < 2:
        return {"low": None, "high": None} | _spread(one, measure)
    return _spread(one, measure)


def _spread(one, measure):
    if measure in ("sensitivity", "ppv"):
        return {"n": int(one.whole.sum())}
    if not len(one.part):
        return {"n": 0}
    sd = float(one.part.std(ddof=1)) if measure.startswith("free") and len(one.part) > 1 else None
    return {"n": len(one.part), "lowest": one.part.min(), "highest": one.part.max(), "sd": sd}


def measured(method: Method, series: pd.DataFrame, how: compared.Comparison):
    """Measure a method on some series of one cohort.

    Returns
    -------
    dict
        The keys of `Method.items` to the items and `resampled.values` of them.
    dict
        The columns of the table that say what this is about.
    """
    patients = sorted(set(series["patient"]))
    drawn = resampled.draws(len(patients), how.samples, how.seed)
    place = {patient: number for number, patient in enumerate(patients)}
    made = {key: items(entry, place)
            for key, entry in method.items(set(series.index), how.sizes_mm).items()}
    return {key: (one, resampled.values(one, drawn)) for key, one in made.items()}, {
        "cohort": series["cohort"].iloc[0], "series": len(series), "patients": len(patients)}


def compare(found: dict[str, Method], series: pd.DataFrame, how: compared.Comparison) -> list[dict]:
    """Return the rows of the table.

    Parameters
    ----------
    found : dict
        Methods by name.
    series : DataFrame
        Cohort, patient and annotation, one row per series.
    how : Comparison
    """
    rows = []
    for cohort in sorted(set(series["cohort"])):
        here = series[series["cohort"] == cohort]
        tested = {name: set(method.scans[SERIES]) & set(here.index) for name, method in found.items()}

        for name, method in found.items():
            if not tested[name]:
                continue
            measures, about = measured(method, here.loc[sorted(tested[name])], how)
            rows += [{"kind": "value", "method": name, **about, "rule": rule, "lesions": lesions,
                      "measure": measure, **resampled.interval(sample, how.level),
                      **spread(one, measure)}
                     for (rule, lesions, measure), (one, sample) in measures.items()]
        for first, second in combinations(found, 2):
            common = here.loc[sorted(tested[first] & tested[second])]
            if common.empty:
                continue
            (one, about), (other, _) = (measured(found[name], common, how) for name in (second, first))
            rows += [{"kind": "difference", "method": second, "against": first, **about, "rule": MAIN,
                      "lesions": ALL, "measure": measure, **resampled.interval(
                          one[MAIN, ALL, measure][1] - other[MAIN, ALL, measure][1], how.level)}
                     for measure in COMPARED]
    return rows


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.comparison", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="all tested series (CSV)")
    parser.add_argument("--detection", type=Path, required=True,
                        help="folder of one folder of the stage detect's tables for each method")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", help="instead of imaging.methods")
    parser.add_argument("--table", type=Path, required=True, help="the comparison (CSV)")
    options = parser.parse_args()
    how = compared.comparison(options.params)
    table = cohort_manifest.read(options.manifest, cohort_manifest.UNKNOWN)
    owners = table[PATIENT] if PATIENT in table.columns else table[SERIES]
    series = pd.DataFrame({
        SERIES: table[SERIES], "cohort": table[COHORT], "annotated": table[PART] != "",
        "patient": owners.where(owners != "", table[SERIES])}).set_index(SERIES)
    found = {name: Method(options.detection / name, series)
             for name in options.methods or settings.methods(options.params)}
    canonical.write_csv(options.table, pd.DataFrame(compare(found, series, how), columns=COLUMNS,
                                                    dtype=object))


if __name__ == "__main__":
    cli.main(stage)
