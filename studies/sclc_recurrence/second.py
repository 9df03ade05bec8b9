"""Derive once more, with other code, what the claims rest on: no accusation without that.

The printed numbers are read line by line; P values come from SciPy, bounds of a mean from a linear
program, the highest local control from the product of its steps, tables of true and false answers from
a search with exact fractions.
"""

from __future__ import annotations

import csv
import itertools
import math
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import optimize, stats

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from studies.sclc_recurrence.parameters import Implied

RESTORE = "restore it from the repository"


def read(folder: Path) -> dict[tuple[str, ...], str]:
    """Read the printed numbers: (item, row, metric) and which of value, low, high to the text.

    Raises
    ------
    InputError
        If a file cannot be read, lacks a column or there is none.
    """
    found = {}
    for path in sorted(folder.glob("*.csv")):
        try:
            with path.open(encoding="utf-8", newline="") as file:
                for line in csv.DictReader(file):
                    for bound in ("value", "low", "high"):
                        if line[bound]:
                            found[line["item"], line["row"], line["metric"], bound] = line[bound]
        except (OSError, UnicodeDecodeError, KeyError) as error:
            raise InputError(f"cannot be read ({error})", path, RESTORE) from None
    if not found:
        raise InputError("holds no printed number", folder, RESTORE)
    return found


def span(text: str) -> tuple[Fraction, Fraction]:
    """Return the ends of what is rounded or cut off to a text, which is not negative."""
    step = Fraction(1, 10 ** len(text.partition(".")[2]))
    return max(Fraction(text) - step / 2, Fraction(0)), Fraction(text) + step


def counts(found: dict, name: str) -> np.ndarray:
    """Return patients without and with relapse of one characteristic of Table 4, (rows, 2)."""
    rows = [key[1] for key in found if key[0] == "Table4" and key[2] == "relapse"
            and key[1].startswith(f"{name}/")]
    return np.array([[int(found["Table4", row, metric, "value"]) for metric in
                      ("no relapse", "relapse")] for row in rows])


def tests(table: np.ndarray) -> list[float]:
    """Return the P values of a table by the usual tests."""
    values = [stats.chi2_contingency(table, correction=False).pvalue,
              stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").pvalue]
    if len(table) == 2:
        values += [stats.chi2_contingency(table, correction=True).pvalue,
                   stats.fisher_exact(table).pvalue]
    else:
        score, event = np.array([(index, event) for index, row in enumerate(table)
                                 for event in (0, 1) for _ in range(row[event])]).T
        slope = stats.linregress(score, event).rvalue
        values.append(stats.chi2.sf((score.size - 1) * slope**2, 1))
    return values


def given(found: dict) -> dict[str, bool]:
    """Tell of each characteristic whether a test of its counts gives the printed P value."""
    names = [key[1] for key in found if key[2] == "univariate P"]
    return {name: any(float(low) - 1e-12 <= value <= float(high) + 1e-12
                      for low, high in [span(found["Table4", name, "univariate P", "value"])]
                      for value in tests(counts(found, name))) for name in names}


def most_controlled(n: int, events: int) -> float:
    """Return the highest Kaplan-Meier estimate (percent): nobody is censored before the last event."""
    left = Fraction(1)
    for at_risk in range(n, n - events, -1):
        left *= Fraction(at_risk - 1, at_risk)
    return float(100 * left)


def mean_bounds(low: str, high: str, n: int) -> list[float]:
    """Return the least and the largest mean of n values of which one is the low, one the high end."""
    bounds = [((float(text),) * 2 if text in ("0", "1") else tuple(map(float, span(text))))
              for text in (low, high)] + [(0.0, 1.0)] * (n - 2)
    # No value lies below the first nor above the second.
    order = np.array([[1, 0] + [-1 if k == j else 0 for k in range(n - 2)] for j in range(n - 2)]
                     + [[0, -1] + [1 if k == j else 0 for k in range(n - 2)] for j in range(n - 2)]
                     + [[1, -1] + [0] * (n - 2)])
    return [sign * optimize.linprog([sign / n] * n, A_ub=order, b_ub=np.zeros(len(order)),
                                    bounds=bounds).fun for sign in (1, -1)]


def answers(n: int, wanted: dict[str, tuple[Fraction, Fraction]], both: bool) -> set[int]:
    """Return how many of n cases can be positive, trying every table; rates of one class, or means."""
    fitting = set()
    for p in range(n + 1):
        for tp, tn in itertools.product(range(p + 1), range(n - p + 1)):
            if not wanted["Accuracy %"][0] * n <= 100 * (tp + tn) <= wanted["Accuracy %"][1] * n:
                continue
            classes = [_rates(tp, p - tp, n - p - tn)] + [_rates(tn, n - p - tn, p - tp)] * both
            if None not in classes and all(
                    wanted[name][0] <= sum(one[name] for one in classes) / len(classes)
                    <= wanted[name][1] for name in ("Precision", "Recall", "F1")):
                fitting.add(p)
    return fitting


def _rates(right, missed, false):
    if right + missed == 0 or right + false == 0:
        return None
    return {"Precision": Fraction(right, right + false), "Recall": Fraction(right, right + missed),
            "F1": Fraction(2 * right, 2 * right + missed + false)}


def model(found: dict, settings: Implied) -> dict:
    """Return which tables can stand behind Table 7, as `implied.model` does."""
    wanted = {part: {name: span(found["Table7", f"{part} set", name, "value"]) for name in
                     ("Accuracy %", "Precision", "Recall", "F1")}
              for part in ("training", "validation")}
    small = answers(settings.validation, wanted["validation"], both=True)
    large = answers(settings.training, wanted["training"], both=True)
    relapsed = int(found["Results", "recurrence", "yes", "value"])
    return {"one_class_sizes": [n for n in range(settings.least, settings.most + 1)
                                if answers(n, wanted["validation"], both=False)],
            "one_class": sorted(answers(settings.validation, wanted["validation"], both=False)),
            "both_classes": sorted(small), "both_classes_training": sorted(large),
            "both_parts": [[p, q] for p in sorted(small) for q in sorted(large) if p + q == relapsed]}


def sums(stations: int, patients: int, seed: int) -> int:
    """Count the ratios of the CTV that are the sum of that of the GTV and that of the rest, exactly.

    In every one of some random patients: sets of voxels, the GTV inside the CTV.
    """
    draw, always = random.Random(seed), set(itertools.product(range(stations), ("station", "all")))
    for _ in range(patients):
        ctv = set(draw.sample(range(40 * stations), draw.randrange(1, 30 * stations)))
        gtv = set(draw.sample(sorted(ctv), draw.randrange(len(ctv) + 1)))
        areas = [set(range(40 * index, 40 * index + 40)) for index in range(stations)]
        whole = set().union(*(area for area in areas if area & ctv))
        for index, kind in sorted(always):
            size = len(areas[index]) if kind == "station" else len(whole)
            parts = [Fraction(len(part & areas[index]), size) for part in (ctv, gtv, ctv - gtv)]
            if parts[0] != parts[1] + parts[2]:
                always.discard((index, kind))
    return len(always)


def derive(found: dict, settings: Implied) -> dict:
    """Return all second derivations by name."""
    said = given(found)
    column = {name: counts(found, name).sum(axis=0).tolist() for name in
              {key[1].split("/")[0]: None for key in found
               if key[0] == "Table4" and key[2] == "relapse"}}
    size = counts(found, "Tumor diameter size")
    station = {row: mean_bounds(found["Table5", row, metric, "low"],
                                found["Table5", row, metric, "high"],
                                int(found["Table5", row, "regional recurrences", "value"]))
               for _, row, metric, bound in found
               if metric == "delineated share, range" and bound == "low"}
    control = [float(found["Results", "LCRF", f"{place} value %", "value"]) / 100
               for place in ("first", "second")]
    return {"given": sum(said.values()), "of": len(said),
            "P": {name: min(tests(counts(found, name))) for name in said},
            "columns": {name: {"no_relapse": both[0], "relapse": both[1]}
                        for name, both in column.items()},
            "local_control": {
                "most": {name: most_controlled(int(row.sum()), int(row[1]))
                         for name, row in zip(("below", "above"), size)},
                "cumulative_hazard_ratio": math.log(control[1], control[0])},
            "shares": {row: {"least": ends[0], "most": ends[1]} for row, ends in station.items()},
            "model": model(found, settings),
            "partition": {"sums": sums(int(found["Table1", "LN", "index range", "high"]),
                                       settings.patients, settings.seed)}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.second", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--published", type=Path, required=True, help="printed numbers (folder)")
    parser.add_argument("--out", type=Path, required=True, help="values (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "implied", Implied)
    try:
        values = derive(read(options.published), settings)
    except (KeyError, ValueError) as error:
        raise InputError(f"lacks a number that is needed ({error})", options.published,
                         RESTORE) from None
    canonical.write_json(options.out, values)


if __name__ == "__main__":
    cli.main(stage)
