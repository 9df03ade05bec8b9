"""Numbers that the paper does not print and that its printed numbers imply.

P values of the counts of Table 4, its sums by characteristic, the highest local control and the mean
shares that the counts leave room for, and the tables of true and false answers behind Table 7: every
one that fits, rounded or cut off. An empty list says that none does, under the reading that is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.verdicts.consistency import declarations, tables, two_by_two
from stages.verdicts.consistency.declarations import Place
from stages.verdicts.consistency.distributions import chi_squared_above
from stages.verdicts.consistency.printed import KINDS, Number, read
from studies.sclc_recurrence import partition
from studies.sclc_recurrence.parameters import Implied

RATES = {"accuracy": "Accuracy %", "ppv": "Precision", "sensitivity": "Recall", "f1": "F1"}


def relapses(found: Mapping[Place, str]) -> dict[str, list[list[int]]]:
    """Return patients without and with relapse, row by row, for each characteristic of Table 4."""
    counted: dict[str, list[list[int]]] = {}
    for place, text in found.items():
        if place.item == "Table4" and place.metric == "relapse":
            without = found[Place("Table4", place.row, "no relapse")]
            counted.setdefault(place.row.split("/")[0], []).append([int(without), int(text)])
    return counted


def tests(found: Mapping[Place, str]) -> dict:
    """Return the P values that the counts of each characteristic have.

    Returns
    -------
    dict
        By characteristic: P by each test that such a table allows (`tables.METHODS`; for an ordered
        one the linear-by-linear association as well), and whether one is what is printed (``given``).
    """
    made = {}
    for name, rows in relapses(found).items():
        text = found.get(Place("Table4", name, "univariate P"))
        if text is None:
            continue
        methods = tables.METHODS if len(rows) == 2 else tables.METHODS[::2]
        values = dict(zip(methods, tables.p_values(rows, methods), strict=True))
        if len(rows) > 2:
            values["trend"] = trend(rows)
        printed = read(text, KINDS["Rate"])
        made[name] = values | {"given": any(map(printed.holds, values.values()))}
    return made


def trend(rows: list[list[int]]) -> float:
    """Return P of the linear-by-linear association of the rows, numbered in their order."""
    score = np.repeat(np.arange(len(rows)), [sum(row) for row in rows])
    event = np.concatenate([np.repeat([0, 1], row) for row in rows])
    return chi_squared_above((score.size - 1) * np.corrcoef(score, event)[0, 1] ** 2, 1)


def columns(found: Mapping[Place, str]) -> dict:
    """Return the sums of Table 4's two columns by characteristic."""
    return {name: {"no_relapse": sum(row[0] for row in rows), "relapse": sum(row[1] for row in rows)}
            for name, rows in relapses(found).items()}


def local_control(found: Mapping[Place, str]) -> dict:
    """Return the highest local control (percent) that the relapses by size leave room for.

    ``cumulative_hazard_ratio`` is what the two printed values of local control imply.
    """
    names = ("below", "above")
    most = {name: 100 * row[0] / sum(row)
            for name, row in zip(names, relapses(found)["Tumor diameter size"], strict=True)}
    printed = [float(found[Place("Results", "LCRF", f"{order} value %")]) / 100
               for order in ("first", "second")]
    return {"most": most, "cumulative_hazard_ratio": math.log(printed[1]) / math.log(printed[0])}


def shares(found: Mapping[Place, str]) -> dict:
    """Return the least and the largest mean that range and number of recurrences leave room for."""
    made = {}
    for place, text in found.items():
        if (place.item, place.metric, place.bound) == ("Table5", "delineated share, range", "low"):
            low, high = (_end(end) for end in (text, found[Place(*_three(place), "high")]))
            n = int(found[Place("Table5", place.row, "regional recurrences")])
            made[place.row] = {"least": ((n - 1) * low.low + high.low) / n,
                               "most": (low.high + (n - 1) * high.high) / n}
    return made


def _three(place):
    return place.item, place.row, place.metric


def _end(text: str) -> Number:
    return read(float(text) if text in ("0", "1") else text, KINDS["Rate"])


def affected(found: Mapping[Place, str]) -> dict:
    """Return the share of each station's recurrences where the tumour was there before (percent)."""
    return {place.row: 100 * int(text) / n for place, text in found.items()
            if (place.item, place.metric) == ("Table5", "GTV affected")
            and (n := int(found[Place("Table5", place.row, "regional recurrences")]))}


def printed_rates(found: Mapping[Place, str], part: str) -> dict[str, Number]:
    """Return the rates of one part in Table 7, 0 to 1, each with what it may stand for."""
    made = {}
    for name, metric in RATES.items():
        one = read(found[Place("Table7", f"{part} set", metric)], KINDS["Percent"])
        scale = 100 if "%" in metric else 1
        made[name] = Number(one.low / scale, one.high / scale, KINDS["Rate"])
    return made


def one_class(n: int, rates: Mapping[str, Number]) -> list[int]:
    """Return how many of n cases can be positive if the rates are those of one class."""
    return sorted({p for p, _ in two_by_two.splits(Number(0, n, KINDS["Count"]),
                                                   Number(0, n, KINDS["Count"]),
                                                   Number(n, n, KINDS["Count"]),
                                                   _all(rates))})


def _all(rates):
    return {name: rates.get(name) for name in ("accuracy", "sensitivity", "specificity", "ppv", "npv",
                                               "f1", "balanced_accuracy")}


def both_classes(n: int, rates: Mapping[str, Number]) -> list[int]:
    """Return how many of n cases can be positive if the rates are plain means over both classes."""
    possible = []
    for p in range(1, n):
        # The other class's rates are those of the table turned round.
        tp, tn = np.arange(p + 1)[:, None], np.arange(n - p + 1)[None, :]
        own, other = two_by_two.fractions(tp, tn, p, n - p), two_by_two.fractions(tn, tp, n - p, p)
        fits = np.ones((p + 1, n - p + 1), bool)
        for name, number in rates.items():
            with np.errstate(invalid="ignore"):
                mean = (own[name][0] / own[name][1] + other[name][0] / other[name][1]) / 2
            fits &= number.holds(mean)
        if fits.any():
            possible.append(p)
    return possible


def model(found: Mapping[Place, str], settings: Implied) -> dict:
    """Return which tables of true and false answers can stand behind Table 7.

    Returns
    -------
    dict
        ``one_class_sizes``: sizes of the validation set for which rates of one class exist;
        ``one_class``, ``both_classes``: of as many patients as the Methods say, the possible numbers of
        positive ones in the validation set; ``both_parts``: pairs of those in both parts, rates being
        means over both classes, that make up all patients with relapse.
    """
    rates = {part: printed_rates(found, part) for part in ("training", "validation")}
    small = both_classes(settings.validation, rates["validation"])
    large = both_classes(settings.training, rates["training"])
    relapsed = int(found[Place("Results", "recurrence", "yes")])
    return {"patients": settings.validation,
            "one_class_sizes": [n for n in range(settings.least, settings.most + 1)
                                if one_class(n, rates["validation"])],
            "one_class": one_class(settings.validation, rates["validation"]),
            "both_classes": small, "both_classes_training": large,
            "both_parts": [[p, relapsed - p] for p in small if relapsed - p in large]}


def derive(found: Mapping[Place, str], settings: Implied) -> dict:
    """Return all that is implied, by name."""
    made, stations = tests(found), int(found[Place("Table1", "LN", "index range", "high")])
    return {"tests": made, "given": sum(one["given"] for one in made.values()), "of": len(made),
            "columns": columns(found), "local_control": local_control(found),
            "shares": shares(found), "affected": affected(found), "model": model(found, settings),
            "partition": {"ratios": 6 * stations, "rank": partition.rank(
                settings.seed, stations, settings.patients, settings.voxels)}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.implied", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--published", type=Path, required=True, help="printed numbers (folder)")
    parser.add_argument("--out", type=Path, required=True, help="what they imply (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "implied", Implied)
    canonical.write_json(options.out, derive(declarations.numbers(options.published), settings))


if __name__ == "__main__":
    cli.main(stage)
