"""Numbers that the paper does not print and that its printed numbers imply.

How many tumours of each class the volumes allow, which test sets the test accuracy allows, and how
far a test set of that size tells anything. `derivations` finds the same by other code.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts.consistency import declarations, folds, pooled
from stages.verdicts.consistency.declarations import Place
from stages.verdicts.consistency.distributions import t_two_sided
from stages.verdicts.consistency.tables import p_values

CLASSES = {"SCLC": "SCC", "NSCLC": "NSCC"}
ALL, INPUTS = "T1WI+c+T2WI+FLAIR", ("T1WI+c", "T2WI", "FLAIR")
TEST = "Abstract | test/T1WI+c+FLAIR+T2WI | Accuracy_mean_sd"
LEVEL = 0.95
# Halvings of an interval of length 1: below the last bit of a double.
HALVINGS = 60

Printed = Callable[[str], str]


def reader(folder: Path) -> Printed:
    """Return what gives the text of a printed number by its address."""
    numbers = declarations.numbers(folder)

    def printed(address: str) -> str:
        place = Place(*(part.strip() for part in address.split("|")))
        if place not in numbers:
            raise InputError(f"'{address}' is not printed", folder, "restore it from the repository")
        return numbers[place]
    return printed


def volumes(printed: Printed) -> dict:
    """Return how many of the tumours may be SCLC, by the mean volumes and by their SDs.

    Returns
    -------
    dict
        ``means``, ``sds``: least and most; ``both``: how many numbers fit both, and ``any_number``
        of tumours from one for each patient on; ``means_exchanged`` and ``sds_exchanged``: least and
        most with those two exchanged between the classes.
    """
    row = "Methods | tumor volume (cc)/{} | mean_sd"
    means = [printed(row.format(name)) for name in CLASSES.values()]
    sds = [printed(f"{row.format(name)} | low") for name in CLASSES.values()]
    mean, sd = printed(row.format("all")), printed(f"{row.format('all')} | low")
    size, patients = (int(printed(f"Methods | dataset | {name}")) for name in ("tumors", "patients"))
    # The mean of all lies between those of the classes, whatever is printed.
    anything = [min(map(float, means)) - 0.1, max(map(float, means)) + 0.1]

    def fitting(n, means, mean, sds, sd):
        return [first for first in range(1, n) if pooled.pooled.possible(
            [first, n - first], means, n, mean, sds, sd)]

    return {"means": _ends(fitting(size, means, mean, (), None)),
            "sds": _ends(fitting(size, means, anything, sds, sd)),
            "both": len(fitting(size, means, mean, sds, sd)),
            "any_number": sum(len(fitting(n, means, mean, sds, sd)) for n in range(patients, size + 1)),
            "means_exchanged": _ends(fitting(size, means[::-1], mean, sds, sd)),
            "sds_exchanged": _ends(fitting(size, means, mean, sds[::-1], sd))}


def _ends(found):
    return [min(found), max(found)] if found else []


def test_set(printed: Printed) -> dict:
    """Return what a test set with the printed share of the patients can say.

    Returns
    -------
    dict
        ``patients``, rounded; ``sizes``: least and most, each class rounded either way; ``fitting``:
        which of these sizes have whole right answers that give accuracy and SD; ``right``: of
        ``patients``, by the accuracy; ``low``, ``high``: exact 95 % interval of that share;
        ``constant``: least and most share of the larger class in such a set.
    """
    share = float(printed("Methods | split | testing %")) / 100
    accuracy, sd = printed(TEST), printed(f"{TEST} | low")
    classes = [int(printed(f"Abstract | {name} | patients")) for name in CLASSES]
    sizes = [sum(way(share * number) for number in classes) for way in (math.floor, math.ceil)]
    models = int(printed("Methods | split | cross-validation folds"))
    size = round(share * sum(classes))
    right = round(float(accuracy) * size)
    ways = itertools.product(*((math.floor(share * n), math.ceil(share * n)) for n in classes))
    constant = [max(counts) / sum(counts) for counts in ways]
    tail = (1 - LEVEL) / 2
    return {"patients": size, "sizes": sizes, "right": right,
            "fitting": [n for n in range(sizes[0], sizes[1] + 1)
                        if folds.counted.possible(accuracy, sd, n, models)],
            "low": _solve(lambda p: _at_least(right, size, p) > tail) if right else 0.0,
            "high": _solve(lambda p: 1 - _at_least(right + 1, size, p) < tail) if right < size else 1.0,
            "constant": [min(constant), max(constant)]}


def _at_least(k, n, p):
    """P of at least k successes in n."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def _solve(beyond):
    """Return where a condition that holds for large values begins to hold, between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high


def areas(printed: Printed) -> dict:
    """Return P of the three sequences' area against each single one's (Welch, unpaired)."""
    n, found = int(printed("Methods | split | cross-validation folds")), {}
    mean, sd = _area(printed, ALL)
    for name in INPUTS:
        other, spread = _area(printed, name)
        parts = sd**2 / n, spread**2 / n
        freedom = sum(parts) ** 2 / sum(part**2 / (n - 1) for part in parts)
        found[name] = t_two_sided((mean - other) / math.sqrt(sum(parts)), freedom)
    return found


def _area(printed, name):
    row = f"Results | ROC area/{name} | AUC_mean_sd"
    return float(printed(row)), float(printed(f"{row} | low"))


def sexes(printed: Printed) -> float:
    """Return Fisher's P of sex by class."""
    counts = [[int(printed(f"Results | {name} | {what}")) for what in ("males", "patients")]
              for name in CLASSES]
    return p_values([[males, patients - males] for males, patients in counts], ["fisher"])[0]


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.implied", __doc__)
    parser.add_argument("--published", type=Path, required=True, help="folder of printed numbers")
    parser.add_argument("--out", type=Path, required=True, help="what they imply (JSON)")
    options = parser.parse_args()
    printed = reader(options.published)
    canonical.write_json(options.out, {
        "volumes": volumes(printed), "test_set": test_set(printed), "areas": areas(printed),
        "sexes": sexes(printed)})


if __name__ == "__main__":
    cli.main(stage)
