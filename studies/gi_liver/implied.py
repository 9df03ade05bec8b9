"""Numbers that the paper does not print and that its printed numbers imply.

Which test sets go with a rate of 0 % in the colorectal lesions, how the classifiers stand to each
other and to an answer that is the same for every lesion, what a draw of eight patients can give, which
common denominators the importances have. All without data, rounded or cut off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.verdicts.consistency import declarations, features
from stages.verdicts.consistency.composition import fitting
from stages.verdicts.consistency.declarations import Place
from stages.verdicts.consistency.printed import KINDS, ROUND_OFF, Number, read

# The two models of which the text gives the rate in colorectal lesions, without saying for which of the
# samplings: every reading is looked at.
MISSING = ("XG Boost", "Gaussian Naive Bayes")
READINGS = {"undersampling": ("undersampling",), "SMOTE": ("SMOTE",),
            "both": ("undersampling", "SMOTE")}
NETWORK, BEST = "DenseNet-121", "K-nearest neighbour/SMOTE"
PATIENT = "Results | K-nearest neighbour, colorectal patient no. 20"
LIBRARY = ("pyradiomics", "3.0.1")
SCORES = ("AUC", "Accuracy")


@dataclass(frozen=True)
class Implied:
    """Section ``implied`` of the study's parameters.

    Attributes
    ----------
    most_repeats : int
        Repeats of a permutation importance up to which a common denominator is looked for.
    """

    most_repeats: int


class Printed:
    """The printed numbers by address ``ITEM | ROW | METRIC``."""

    def __init__(self, numbers: Mapping[Place, str]):
        self.numbers = numbers

    def text(self, address: str) -> str:
        """Return a number as printed; InputError if it is not."""
        place = Place(*(part.strip() for part in address.split("|")))
        if place not in self.numbers:
            raise InputError(f"'{address}' is not printed", fix="restore studies/gi_liver/published")
        return self.numbers[place]

    def __call__(self, address: str, kind: str) -> Number:
        """Read one number as every value that it may stand for."""
        return read(self.text(address), KINDS[kind], address)

    def count(self, address: str) -> int:
        """Read a count."""
        return int(self(address, "Count").one())

    def table3(self, metric: str) -> dict[str, str]:
        """Return a column of Table 3 by row; the network, printed under both samplings, once."""
        found = {place.row: text for place, text in self.numbers.items()
                 if place.item == "Table3" and place.metric == metric}
        return {row: text for row, text in found.items() if row != f"{NETWORK}/SMOTE"}


def compositions(printed: Printed) -> tuple[np.ndarray, np.ndarray]:
    """Return every number of pancreatic and of colorectal lesions that a test set may hold.

    Each patient has a lesion at least, in the test set and outside it; the colorectal patient of whom
    the text counts the lesions has as many as that.

    Returns
    -------
    (m,) array of int, (n,) array of int
    """
    drawn = printed.count("Methods | test set | patients of each group")
    least = {"mPA": drawn, "mCRC": drawn - 1 + printed.count(f"{PATIENT} | lesions")}
    ranges = []
    for group, lowest in least.items():
        others = printed.count(f"Methods | {group} | patients") - drawn
        ranges.append(np.arange(lowest, printed.count(f"Results | {group} | lesions") - others + 1))
    return tuple(ranges)


def possible_sets(printed: Printed) -> dict:
    """Return by reading what the test sets are like that go with the printed scores.

    Returns
    -------
    dict
        By sampling that the printed rate is of: the ``least_share`` and ``most_share`` of pancreatic
        lesions, the ``least_lesions`` of the test set, how many of Table 3's ``accuracies`` are
        certainly ``below`` an answer that calls every lesion pancreatic, and the best ``balanced``
        accuracy that such a model can have.
    """
    pancreatic, colorectal = compositions(printed)
    p, q = pancreatic[:, None], colorectal
    rate = printed("Results | XG Boost and Gaussian NB | colorectal accuracy %", "Percent")
    share, found = p / (p + q), {}
    for name, samplings in READINGS.items():
        fits = np.ones(share.shape, bool)
        for row in (f"Table3 | {model}/{sampling}" for model in MISSING for sampling in samplings):
            scores = (printed(f"{row} | {metric}", "Rate") for metric in ("Accuracy", "AUC"))
            fits &= fitting(colorectal, pancreatic, *scores, rate).T
        if not fits.any():
            raise InputError(f"no test set goes with the scores under the reading '{name}'",
                             fix="restore studies/gi_liver/published")
        least = float(share[fits].min())
        accuracies = [read(text, KINDS["Rate"]) for text in printed.table3("Accuracy").values()]
        found[name] = {
            "least_share": least, "most_share": float(share[fits].max()),
            "least_lesions": int((p + q)[fits].min()), "accuracies": len(accuracies),
            "below": sum(one.high < least for one in accuracies),
            "balanced": round((1 + rate.high / 100) / 2, 6)}
    return found


def standing(printed: Printed) -> dict:
    """Return how many radiomics classifiers stand above the network and above the named best one.

    Two columns count as two classifiers; numbers are compared as printed.
    """
    found = {}
    for metric in SCORES:
        column = {row: float(text) for row, text in printed.table3(metric).items()}
        network = column.pop(f"{NETWORK}/undersampling")
        best = column[BEST]
        found[metric] = {
            "classifiers": len(column), "above_network": sum(one > network for one in column.values()),
            "above_best": sum(one > best for one in column.values()),
            "network_above_best": network > best, "least": min(column.values()),
            "most": max(column.values())}
    return found


def draw(printed: Printed) -> dict:
    """Return what eight patients, four of each group, can give.

    Returns
    -------
    dict
        How many ``patients`` they are; the ``chance`` of four and four where eight of all patients are
        drawn blindly; ``labellings`` of the eight by four and four, and the ``least_P`` of a test that
        exchanges the labels of patients, one-sided.
    """
    each = printed.count("Methods | test set | patients of each group")
    groups = [printed.count(f"Methods | {name} | patients") for name in ("mCRC", "mPA")]
    size = printed.count("Methods | test set | patients")
    ways = [math.comb(groups[0], k) * math.comb(groups[1], size - k) for k in range(size + 1)]
    labellings = math.comb(size, each)
    return {"patients": size, "chance": ways[each] / sum(ways), "labellings": labellings,
            "least_P": 1 / labellings}


def denominators(texts: list[str], largest: int) -> list[int]:
    """Return the whole numbers up to ``largest`` over which every text is a whole number.

    Examples
    --------
    >>> denominators(["0.25", "0.50"], 10), denominators(["0.1234"], 10)
    ([4, 8], [])
    """
    sizes = np.arange(1, largest + 1, dtype=float)
    fits = np.ones(sizes.size, bool)
    for one in (read(text, KINDS["Value"]) for text in texts):
        fits &= np.ceil(one.low * sizes - ROUND_OFF) <= np.floor(one.high * sizes + ROUND_OFF)
    return [int(size) for size in sizes[fits]]


def importances(printed: Printed, settings: Implied) -> dict:
    """Return what Table 2 can be a table of.

    Returns
    -------
    dict
        ``rows``: the most training lesions, the smaller class filled up; ``denominators``: how many
        common ones there are up to as many rows and repeats, for means of accuracies; ``shares``: the
        largest sum that importances of all selected features can have, which is 1 for impurity.
    """
    texts = [text for place, text in printed.numbers.items()
             if place.item == "Table2" and place.metric == "permutation importance"]
    rows = 2 * max(printed.count(f"Results | {group} | lesions") for group in ("mPA", "mCRC"))
    selected = printed.count("Results | selection | selected")
    highs = sorted(read(text, KINDS["Value"]).high for text in texts)
    return {"rows": rows, "repeats": settings.most_repeats,
            "denominators": len(denominators(texts, rows * settings.most_repeats)),
            "shares": sum(highs) + (selected - len(highs)) * highs[0]}


def feature_counts(printed: Printed) -> dict:
    """Return how many features whole classes of the library give: all named ones, without 2D shape.

    ``below`` and ``above`` are the numbers next to the printed one, or it, that some classes give.
    """
    sizes = features.COUNTS[LIBRARY]
    sums = {0}
    for size in sizes.values():
        sums |= {one + size for one in sums}
    count = printed.count("Results | selection | candidates")
    nearest = [max(one for one in sums if one <= count), min(one for one in sums if one >= count)]
    return {"named": sum(sizes.values()), "without_2D": sum(sizes.values()) - sizes["shape2D"],
            "below": nearest[0], "above": nearest[1]}


PARTS: dict[str, Callable[[Printed], dict]] = {
    "test_set": possible_sets, "standing": standing, "draw": draw, "features": feature_counts}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.implied", __doc__)
    parser.add_argument("--published", type=Path, required=True, help="folder of printed numbers")
    parser.add_argument("--params", type=Path, required=True, help="the study's parameters")
    parser.add_argument("--out", type=Path, required=True, help="what they imply (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "implied", Implied)
    printed = Printed(declarations.numbers(options.published))
    canonical.write_json(options.out, {
        **{name: part(printed) for name, part in PARTS.items()},
        "importances": importances(printed, settings)})


if __name__ == "__main__":
    cli.main(stage)
