"""Derive once more, with other code, what the printed numbers imply (`studies.gi_liver.implied`).

The share of pancreatic lesions is bounded by a linear program over the rates (a wider bound than the
search over whole lesions: it leaves the areas out), chances by SciPy's distributions, ranks by sorting,
common denominators by whole numbers alone.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from scipy.optimize import linprog
from scipy.special import comb
from scipy.stats import hypergeom

from stages.common import canonical, cli
from stages.common.errors import InputError

MODELS = ("XG Boost", "Gaussian Naive Bayes")
SAMPLINGS = {"undersampling": ("undersampling",), "SMOTE": ("SMOTE",),
             "both": ("undersampling", "SMOTE")}
Key = tuple[str, str, str]


def read(folder: Path) -> dict[Key, str]:
    """Read the printed values by item, row and metric.

    Raises
    ------
    InputError
        If a file cannot be read, or there is none.
    """
    found = {}
    try:
        for path in sorted(folder.glob("*.csv")):
            with path.open(newline="", encoding="utf-8") as stream:
                found |= {(row["item"], row["row"], row["metric"]): row["value"]
                          for row in csv.DictReader(stream)}
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"is not readable ({error})", path, "restore it from the repository") from None
    if not found:
        raise InputError("holds no published table", folder, "restore it from the repository")
    return found


def ends(text: str) -> tuple[float, float]:
    """Return the least and the greatest value that is rounded or cut off to a text.

    Examples
    --------
    >>> ends("0.82"), ends("0")
    ((0.815, 0.83), (0.0, 1.0))
    """
    value = Decimal(text)
    unit = Decimal(1).scaleb(value.as_tuple().exponent)
    return float(max(value - unit / 2, Decimal(0))), float(value + unit)


def least_share(numbers: dict[Key, str], samplings: tuple[str, ...]) -> float:
    """Return the least share of pancreatic lesions by linear programming.

    The unknowns are shares of all lesions: the pancreatic ones, and for each model those that it gets
    right in either class.
    """
    rate = ends(numbers["Results", "XG Boost and Gaussian NB", "colorectal accuracy %"])[1] / 100
    rows = [f"{model}/{sampling}" for model in MODELS for sampling in samplings]
    size, above, limits = 1 + 2 * len(rows), [], []
    for index, row in enumerate(rows):
        low, high = ends(numbers["Table3", row, "Accuracy"])
        pancreatic, colorectal = 1 + 2 * index, 2 + 2 * index
        for weights, limit in (({pancreatic: 1, 0: -1}, 0), ({colorectal: 1, 0: rate}, rate),
                               ({pancreatic: 1, colorectal: 1}, high),
                               ({pancreatic: -1, colorectal: -1}, -low)):
            above.append([weights.get(column, 0) for column in range(size)])
            limits.append(limit)
    solved = linprog([1, *[0] * (size - 1)], A_ub=above, b_ub=limits, bounds=[(0, 1)] * size)
    if not solved.success:
        raise InputError(f"no share goes with the printed scores ({solved.message})",
                         fix="restore studies/gi_liver/published")
    return float(solved.fun)


def standing(numbers: dict[Key, str], metric: str) -> dict[str, int]:
    """Return how many radiomics classifiers stand before the network and the named best one."""
    column = {row: Decimal(value) for (item, row, name), value in numbers.items()
              if item == "Table3" and name == metric}
    network = column.pop("DenseNet-121/SMOTE")
    column.pop("DenseNet-121/undersampling")
    falling = sorted(column.values(), reverse=True)
    return {"above_network": sorted([*falling, network], reverse=True).index(network),
            "above_best": falling.index(column["K-nearest neighbour/SMOTE"])}


def denominators(texts: list[str], largest: int) -> int:
    """Return how many common denominators there are up to ``largest``, by whole numbers."""
    digits = max(len(text.partition(".")[2]) for text in texts)
    grain = 2 * 10**digits
    # Twice the units of the last digit: a half below, a whole one above.
    spans = [(2 * units - 1, 2 * units + 2) for units in
             (int(Decimal(text).scaleb(digits)) for text in texts)]
    return sum(all(-(-low * size // grain) <= high * size // grain for low, high in spans)
               for size in range(1, largest + 1))


def shares(texts: list[str], selected: int) -> float:
    """Return the largest sum that the importances of all selected features can have."""
    falling = sorted(map(Decimal, texts), reverse=True)
    unit = Decimal(1).scaleb(falling[0].as_tuple().exponent)
    return float(sum(falling) + (selected - len(falling)) * falling[-1] + selected * unit)


def derive(numbers: dict[Key, str], rows: int, repeats: int) -> dict:
    """Return everything that is derived a second time, by the names of the first derivation."""
    each, size, colorectal, pancreatic = (int(numbers["Methods", row, metric]) for row, metric in (
        ("test set", "patients of each group"), ("test set", "patients"), ("mCRC", "patients"),
        ("mPA", "patients")))
    selected = int(numbers["Results", "selection", "selected"])
    importances = [text for (item, _, metric), text in numbers.items()
                   if item == "Table2" and metric == "permutation importance"]
    return {
        "test_set": {name: {"least_share": least_share(numbers, samplings)}
                     for name, samplings in SAMPLINGS.items()},
        "standing": {metric: standing(numbers, metric) for metric in ("AUC", "Accuracy")},
        "draw": {"chance": float(hypergeom(colorectal + pancreatic, colorectal, size).pmf(each)),
                 "least_P": 1 / float(comb(size, each, exact=True))},
        "importances": {"denominators": denominators(importances, rows * repeats),
                        "shares": shares(importances, selected)}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.second", __doc__)
    parser.add_argument("--published", type=Path, required=True, help="folder of printed numbers")
    parser.add_argument("--implied", type=Path, required=True, help="the first derivation (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="the second one (JSON)")
    options = parser.parse_args()
    first = canonical.read_json(options.implied)
    try:
        limits = first["importances"]["rows"], first["importances"]["repeats"]
    except (KeyError, TypeError):
        raise InputError("lacks the rows and repeats of the importances", options.implied,
                         "make it again (dvc repro)") from None
    canonical.write_json(options.out, derive(read(options.published), *limits))


if __name__ == "__main__":
    cli.main(stage)
